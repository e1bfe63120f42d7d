//! The node's own time: from a fragment of the log to the offer of the first answer, without a cluster. The service of a leader, with
//! market data, gets the messages of the synthetic flow one at a time; egress is copied into a buffer, as Aeron copies it.
//!
//! `cargo run --release -p lugus-node --example node_cost` prints quantiles. With the name of a mode (`off`, `gauges`, `idle`,
//! `on`) it only applies the flow: with neither a recorder of stages nor gauges, with gauges, with a recorder that gets nothing to record,
//! and with all commands recorded. Then `perf stat -e instructions:u` tells what the switch costs.

#![allow(clippy::unwrap_used, reason = "an example that fails panics")]

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{
    ClientSession, Cluster, ClusteredService, Header, MessageTimes, OfferError, Role, ServiceCounter, ServiceError,
    TimeUnit,
};
use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, encode_command};
use lugus_engine::EngineLimits;
use lugus_node::gauges::MemberGauges;
use lugus_node::market_data::{Audience, MarketDataWriter};
use lugus_node::service::{DropCopyPolicy, MatchingService};
use lugus_node::stages::StageRecorder;
use lugus_replay::flow::Flow;
use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
use lugus_stages::{StageFile, StageRecord, StageSource, StageWriter};
use lugus_vocabulary::{
    Action, ClientSequence, ClusterId, Command, InstrumentId, InstrumentState, MemberId, ParticipantId,
};

const COMMANDS: u64 = 200_000;
/// Commands before the measurement, which fill the books.
const WARM_UP: usize = 50_000;
const INCREMENTS: usize = 1 << 16;
/// Number of commands that are measured with other work between them.
const AFTER_OTHER_WORK: usize = 20_000;
/// Memory that other work touches between two commands, in bytes: more than a core's own caches have.
const OTHER_WORK: usize = 4 << 20;
const CACHE_LINE: usize = 64;
const EGRESS_LENGTH: usize = 4 << 20;
/// Room for the last message in the buffer, in bytes.
const LONGEST_MESSAGE: usize = 64 << 10;
const SESSION_HEADER_LENGTH: usize = 32;
const FIRST_SESSION: i64 = 100;
/// Pause of an idle publisher in the profile `shared`.
const PAUSE: Duration = Duration::from_micros(50);

/// A leader whose egress goes into a buffer.
struct Leader {
    others: RecordingCluster,
    log_position: i64,
    time: i64,
    egress: Vec<u8>,
    next: usize,
}

impl Cluster for Leader {
    fn member_id(&self) -> i32 {
        0
    }

    fn role(&self) -> Role {
        Role::Leader
    }

    fn log_position(&self) -> i64 {
        self.log_position
    }

    fn leadership_term_id(&self) -> i64 {
        0
    }

    fn time(&self) -> i64 {
        self.time
    }

    fn time_unit(&self) -> TimeUnit {
        TimeUnit::Nanos
    }

    fn client_session(&self, id: i64) -> Option<&ClientSession> {
        self.others.client_session(id)
    }

    fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession)) {
        self.others.for_each_client_session(f);
    }

    fn close_client_session(&mut self, _id: i64) -> bool {
        true
    }

    fn offer_to_parts(&mut self, _session_id: i64, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let mut at = self.next + SESSION_HEADER_LENGTH;
        for part in parts {
            self.egress[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let end = at.next_multiple_of(SESSION_HEADER_LENGTH);
        self.next = if end < EGRESS_LENGTH { end } else { 0 };
        Ok(end as i64)
    }

    fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.offer_to_parts(0, parts)
    }

    fn schedule_timer(&mut self, _correlation_id: i64, _deadline: i64) -> bool {
        true
    }

    fn cancel_timer(&mut self, _correlation_id: i64) -> bool {
        true
    }

    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError> {
        self.others.add_counter(type_id, key, label)
    }

    fn idle(&mut self, _work: usize) {}
}

/// A message of a session, as it is in the log.
struct Message {
    session: i64,
    payload: Vec<u8>,
}

/// The messages that open the instruments, and those of the flow.
fn messages() -> (Vec<ParticipantId>, Vec<Message>, Vec<Message>) {
    let mut flow = SyntheticFlow::new(SyntheticOptions { steps: COMMANDS, ..SyntheticOptions::default() });
    let participants: Vec<_> = std::iter::once(ParticipantId::OPERATOR).chain(flow.participants().to_vec()).collect();
    let mut sequences = std::collections::HashMap::new();
    let mut message = |participant: ParticipantId, instrument: InstrumentId, action| {
        let sequence = sequences.entry((participant, instrument)).or_insert(0);
        *sequence += 1;
        let command = Command { participant, instrument, client_sequence: ClientSequence(*sequence), action };
        let payload = encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec();
        Message { session: FIRST_SESSION + i64::from(participant.0), payload }
    };
    let mut opening = Vec::new();
    for definition in flow.instruments() {
        let open = Action::SetInstrumentState { state: InstrumentState::Open, reference_price: None };
        opening.push(message(ParticipantId::OPERATOR, InstrumentId::NONE, Action::DefineInstrument(*definition)));
        opening.push(message(ParticipantId::OPERATOR, definition.instrument, open));
    }
    let steps = flow.by_ref().map(|step| step.unwrap());
    let commands = steps.map(|step| message(step.participant, step.instrument, step.action)).collect();
    (participants, opening, commands)
}

/// A leader's service with open instruments and sessions.
struct Node {
    service: MatchingService,
    leader: Leader,
}

impl Node {
    fn new(
        participants: &[ParticipantId],
        opening: &[Message],
        increments: MarketDataWriter,
        stages: Option<StageRecorder>,
        gauges: Option<MemberGauges>,
    ) -> Self {
        let mut service =
            MatchingService::new(EngineLimits::default(), DropCopyPolicy::Everybody).with_market_data(increments);
        if let Some(stages) = stages {
            service = service.with_stages(stages);
        }
        if let Some(gauges) = gauges {
            service = service.with_gauges(gauges);
        }
        let mut others = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos);
        others.start(&mut service, None).unwrap();
        for participant in participants {
            let session = FIRST_SESSION + i64::from(participant.0);
            others.session_open(&mut service, session, participant.0.to_string().as_bytes());
        }
        others.role_change(&mut service, Role::Leader);
        let leader =
            Leader { others, log_position: 1_024, time: 1, egress: vec![0; EGRESS_LENGTH + LONGEST_MESSAGE], next: 0 };
        let mut node = Self { service, leader };
        opening.iter().for_each(|message| node.apply(message, None));
        node
    }

    /// What the container does with a message, and with the duty cycle after it.
    fn apply(&mut self, message: &Message, times: Option<MessageTimes>) {
        self.leader.log_position += (64 + message.payload.len()).next_multiple_of(32) as i64;
        self.leader.time += 10_000;
        let header = Header::new(self.leader.log_position).with_times(times);
        let time = self.leader.time;
        self.service.on_session_message(&mut self.leader, message.session, time, &message.payload, &header);
    }

    fn background_work(&mut self) {
        let now = self.leader.time;
        black_box(self.service.do_background_work(&mut self.leader, now));
    }
}

/// Whether commands are stamped, or counted in gauges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// No recorder and no gauges.
    Off,
    /// No recorder, and gauges as a member has them.
    Gauges,
    /// A recorder, and no command is sampled.
    Idle,
    /// Every command is recorded.
    On,
}

impl Mode {
    fn recorder(self, file: &Path) -> Option<StageRecorder> {
        let source = StageSource { cluster: ClusterId(0), member: MemberId(0), every: 1 };
        let writer = || StageWriter::create(file, source, (COMMANDS as u32).next_power_of_two()).unwrap();
        matches!(self, Self::Idle | Self::On).then(|| StageRecorder::new(writer()))
    }

    fn gauges(self, file: &Path) -> Option<MemberGauges> {
        (self == Self::Gauges).then(|| MemberGauges::create(&file.with_extension("gauges")).unwrap())
    }

    fn times(self) -> Option<MessageTimes> {
        (self == Self::On).then(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
            MessageTimes { committed_ns: now, polled_ns: now }
        })
    }
}

/// Runs `work` with a ring of increments that another thread drains.
fn with_market_data<T>(work: impl FnOnce(MarketDataWriter) -> T) -> T {
    let (writer, mut reader) = lugus_ring::ring(INCREMENTS);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Acquire) {
                if reader.drain(1_024, |item| _ = black_box(item)) == 0 {
                    std::thread::sleep(PAUSE);
                }
            }
        });
        work(MarketDataWriter::new(writer, Audience::new(true)))
    })
}

/// Stops a thread at the end, also that by a panic.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Nanoseconds of each callback, after the warm-up.
fn run(mode: Mode, file: &Path, other_work: &mut [u8]) -> Vec<u64> {
    let (participants, opening, commands) = messages();
    with_market_data(|increments| {
        let mut node = Node::new(&participants, &opening, increments, mode.recorder(file), mode.gauges(file));
        let mut nanos = Vec::with_capacity(commands.len());
        let count = if other_work.is_empty() { commands.len() } else { WARM_UP + AFTER_OTHER_WORK };
        for (number, message) in commands[..count].iter().enumerate() {
            let other_work = if number < WARM_UP { &mut [] } else { &mut *other_work };
            for line in other_work.iter_mut().step_by(CACHE_LINE) {
                *line = line.wrapping_add(1);
            }
            let begun = Instant::now();
            node.apply(message, mode.times());
            nanos.push(begun.elapsed().as_nanos() as u64);
            node.background_work();
        }
        black_box(&node.leader.egress);
        nanos.split_off(WARM_UP)
    })
}

fn print(name: &str, mut nanos: Vec<u64>) {
    nanos.sort_unstable();
    let quantile = |quantile: f64| nanos[((nanos.len() - 1) as f64 * quantile) as usize];
    let [median, p99, p999, maximum] = [0.5, 0.99, 0.999, 1.0].map(quantile);
    println!("{name:24} {median:>8} {p99:>8} {p999:>8} {maximum:>10}");
}

fn stage(records: &[StageRecord], name: &str, times: impl Fn(&StageRecord) -> Option<(i64, i64)>) {
    let nanos = records.iter().filter_map(times).map(|(from, to)| (to - from).max(0) as u64).collect();
    print(name, nanos);
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let file = folder.path().join("stages");
    let mode = match std::env::args().nth(1).as_deref() {
        None => None,
        Some("off") => Some(Mode::Off),
        Some("gauges") => Some(Mode::Gauges),
        Some("idle") => Some(Mode::Idle),
        Some("on") => Some(Mode::On),
        Some(other) => {
            eprintln!("{other}: not one of off, gauges, idle and on");
            return ExitCode::FAILURE;
        }
    };
    if let Some(mode) = mode {
        black_box(run(mode, &file, &mut []));
        return ExitCode::SUCCESS;
    }
    println!("{:24} {:>8} {:>8} {:>8} {:>10}  ns", "", "median", "p99", "p99.9", "maximum");
    for (name, length) in [("one after the other", 0), ("after other work", OTHER_WORK)] {
        let mut other_work = vec![0; length];
        println!("{name}");
        print("  callback, not stamped", run(Mode::Off, &file, &mut other_work));
        print("  callback, with gauges", run(Mode::Gauges, &file, &mut other_work));
        print("  callback, stamped", run(Mode::On, &file, &mut other_work));
        let records = StageFile::read(&file).unwrap().records.split_off(WARM_UP);
        stage(&records, "  decode", |record| Some((record.polled.0, record.engine_begun.0)));
        stage(&records, "  engine", |record| Some((record.engine_begun.0, record.answered?.0)));
        stage(&records, "  egress", |record| Some((record.answered?.0, record.offered?.0)));
        stage(&records, "  fragment to offer", |record| Some((record.polled.0, record.offered?.0)));
    }
    ExitCode::SUCCESS
}

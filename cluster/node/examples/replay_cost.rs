//! What a replay costs without files: the messages of the synthetic flow as entries of a log, through a service as `lugus replay log`
//! applies them, and through the engine alone; and a snapshot of many resting orders, taken and loaded.
//!
//! `cargo run --release -p lugus-node --example replay_cost` prints all of them, each of several rounds. With the name of a
//! part (`log`, `engine`, `snapshot`) it measures only that, for a profiler.

#![allow(clippy::unwrap_used, reason = "an example that fails panics")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use aeron_cluster_service::testing::log_messages::{first_leadership_term, session_message, session_open};
use aeron_cluster_service::{
    ClientSession, DEFAULT_APP_VERSION, Fragment, FragmentSource, LogPlace, LogReplay, ServiceError,
};
use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, encode_command};
use lugus_engine::{Engine, EngineLimits, EventSink};
use lugus_node::service::{DropCopyPolicy, MatchingService};
use lugus_replay::flow::Flow;
use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
use lugus_testing::instruments::btc_usdt;
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, InstrumentId, InstrumentState, NewOrder, ParticipantId,
    Price, Quantity, Reply, Report, Side,
};

const COMMANDS: u64 = 1_000_000;
const ORDERS: u64 = 1_000_000;
/// Prices on each side of the book of the snapshot, and participants that own its orders.
const LEVELS: u64 = 256;
const OWNERS: u64 = 8;
const ROUNDS: usize = 5;
const FIRST_SESSION: i64 = 100;
const WHOLE: u8 = 0xc0;

struct Nobody;

impl EventSink for Nobody {
    fn report(&mut self, _report: &Report) {}
    fn reply(&mut self, _reply: &Reply) {}
}

/// Commands with their numbers.
#[derive(Default)]
struct Commands {
    sequences: HashMap<(ParticipantId, InstrumentId), u64>,
    commands: Vec<Command>,
}

impl Commands {
    fn push(&mut self, participant: ParticipantId, instrument: InstrumentId, action: Action) {
        let sequence = self.sequences.entry((participant, instrument)).or_insert(0);
        *sequence += 1;
        let client_sequence = ClientSequence(*sequence);
        self.commands.push(Command { participant, instrument, client_sequence, action });
    }

    /// The commands of the synthetic flow, after those that open its instruments.
    fn synthetic() -> Self {
        let mut commands = Self::default();
        let mut flow = SyntheticFlow::new(SyntheticOptions { steps: COMMANDS, ..SyntheticOptions::default() });
        for definition in flow.instruments() {
            let open = Action::SetInstrumentState { state: InstrumentState::Open, reference_price: None };
            commands.push(ParticipantId::OPERATOR, InstrumentId::NONE, Action::DefineInstrument(*definition));
            commands.push(ParticipantId::OPERATOR, definition.instrument, open);
        }
        for step in flow.by_ref() {
            let step = step.unwrap();
            commands.push(step.participant, step.instrument, step.action);
        }
        commands
    }

    /// Orders that rest, as `lugus bench snapshot` places them.
    fn resting() -> Self {
        let mut commands = Self::default();
        let instrument = InstrumentId(1);
        let definition = Action::DefineInstrument(btc_usdt(instrument));
        commands.push(ParticipantId::OPERATOR, InstrumentId::NONE, definition);
        for order in 0..ORDERS {
            let away = 1 + (order / 2 % LEVELS).cast_signed();
            let (side, price) = if order % 2 == 0 { (Side::Buy, 1_000 - away) } else { (Side::Sell, 1_000 + away) };
            let owner = ParticipantId((21 + order / 2 % OWNERS) as u32);
            let id = ClientOrderId(order / 2 / OWNERS * 2 + order % 2 + 1);
            commands.push(owner, instrument, Action::New(NewOrder::limit(id, side, Price(price), Quantity(1))));
        }
        commands
    }

    /// The log with them: sessions of all participants, and a message each.
    fn log(&self) -> Vec<Vec<u8>> {
        let mut log = vec![first_leadership_term(1)];
        let mut participants: Vec<_> = self.commands.iter().map(|command| command.participant).collect();
        participants.sort_unstable();
        participants.dedup();
        for participant in participants {
            let principal = participant.0.to_string();
            let session = FIRST_SESSION + i64::from(participant.0);
            let session = ClientSession::new(session, 102, "aeron:udp?endpoint=c:1", principal.as_bytes());
            log.push(session_open(0, 2, &session));
        }
        for (number, command) in self.commands.iter().enumerate() {
            let session = FIRST_SESSION + i64::from(command.participant.0);
            let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
            log.push(session_message(0, session, 1_000 + number as i64 * 1_000, encode_command(command, &mut buffer)));
        }
        log
    }

    /// Nanoseconds a command of the engine alone.
    fn through_engine(&self) -> f64 {
        let mut engine = Engine::new(EngineLimits::default());
        let begun = Instant::now();
        for (number, command) in self.commands.iter().enumerate() {
            engine.apply(EpochNanos(number as i64 + 1), command, &mut Nobody);
        }
        black_box(engine.state_hash());
        begun.elapsed().as_nanos() as f64 / self.commands.len() as f64
    }
}

fn fragment(payload: &[u8], position: i64) -> Fragment<'_> {
    Fragment { payload, flags: WHOLE, session_id: 0, term_offset: 0, position }
}

fn service() -> MatchingService {
    MatchingService::new(EngineLimits::default(), DropCopyPolicy::Everybody)
}

fn replay(log: &[Vec<u8>]) -> LogReplay<MatchingService> {
    let mut replay = LogReplay::start(service(), DEFAULT_APP_VERSION).unwrap();
    let mut position = 0;
    for entry in log {
        position += (32 + entry.len() as i64 + 31) & !31;
        replay.apply(&fragment(entry, position)).unwrap();
    }
    replay
}

/// The messages of a snapshot.
struct Messages<'a>(std::slice::Iter<'a, Vec<u8>>);

impl FragmentSource for Messages<'_> {
    fn next_fragment(&mut self) -> Result<Option<Fragment<'_>>, ServiceError> {
        Ok(self.0.next().map(|message| fragment(message, 0)))
    }
}

fn snapshots() {
    let mut member = replay(&Commands::resting().log());
    assert_eq!(member.service().engine().live_orders(), ORDERS as usize);
    for round in 1..=ROUNDS {
        let begun = Instant::now();
        let messages = member.take_snapshot(0).unwrap();
        let taken = begun.elapsed();
        let begun = Instant::now();
        let place = LogPlace { position: 0, leadership_term_id: 0, timestamp: 0 };
        let loaded =
            LogReplay::start_from_snapshot(service(), DEFAULT_APP_VERSION, place, &mut Messages(messages.iter()));
        let loaded = loaded.unwrap();
        let load = begun.elapsed();
        assert_eq!(loaded.service().engine().state_hash(), member.service().engine().state_hash());
        let bytes: usize = messages.iter().map(Vec::len).sum();
        println!(
            "snapshot {round}: taken in {:.0} ms, loaded in {:.0} ms, {bytes} bytes",
            taken.as_secs_f64() * 1e3,
            load.as_secs_f64() * 1e3
        );
        // From now on a snapshot of the one that was loaded, whose orders lie as a started member's do.
        member = loaded;
    }
}

fn main() {
    let part = std::env::args().nth(1);
    let wants = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if wants("log") || wants("engine") {
        let commands = Commands::synthetic();
        let log = commands.log();
        for round in 1..=ROUNDS {
            if wants("engine") {
                println!("engine {round}: {:.1} ns a command", commands.through_engine());
            }
            if wants("log") {
                let begun = Instant::now();
                black_box(replay(&log).service().engine().state_hash());
                println!("log {round}: {:.1} ns a command", begun.elapsed().as_nanos() as f64 / log.len() as f64);
            }
        }
    }
    if wants("snapshot") {
        snapshots();
    }
}

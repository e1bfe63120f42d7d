//! `lugus bench sdk`: what the SDK's own code costs on top of the raw cluster client, in nanoseconds for a command and
//! its answer.
//!
//! A command is encoded, recorded as unanswered, and offered to an ingress that copies it as a log buffer would; an
//! event is decoded, deduplicated and handed to the handler. Commands go out in bursts, whose length is the number of
//! unanswered commands. The measurement uses first a session with one cluster, then the router of an exchange with
//! instruments in four clusters, and this again with sessions that have keys and sign every message. The raw client is offered
//! encoded messages of the same length, and hands over events without decoding them. Each figure is the median or the 99th
//! percentile of the means of all bursts. Making and checking the tag of a message, which a member does, are measured alone, too.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use comfy_table::Table;
use lugus_client::sans_io::{Ingress, Offered, Purpose, Router, Session, SessionFactory};
use lugus_client::{
    ClientError, ClientOrderId, ClientSequence, CommandNumber, EpochNanos, EventHandler, EventSequence, Execution,
    InstrumentId, Limits, MemberId, NewOrder, OrderId, ParticipantId, Price, Quantity, Report, RetryPolicy, Side,
};
use lugus_codecs::order_entry::{
    MAXIMUM_COMMAND_LENGTH, MAXIMUM_REPORT_LENGTH, encode_new_order, encode_reply, encode_report,
};
use lugus_codecs::session_tag::{self, MessageSigner};
use lugus_partition_map::{ClusterEntry, DeploymentId, Partition, PartitionMap};
use lugus_results::{Measurement, Spread};
use lugus_topology::ClusterId;
use lugus_vocabulary::InstrumentSpecification;
use lugus_vocabulary::{Reply, SessionAuthentication, SessionKey};
use serde::Serialize;

use super::rounds::Rounds;
use crate::failure::Failure;
use crate::output::Output;

const BURSTS: usize = 20_000;
const WARM_UP: usize = 1_000;
const SESSION: i64 = 1;
const PARTICIPANT: u32 = 1;
const CLUSTERS: i32 = 4;
const KEY: SessionKey = SessionKey::new([7; SessionKey::LENGTH]);

/// Number of tags that are made, and then checked, between two readings of the clock.
const TAGS: usize = 16;

/// The loads: number of unanswered commands, and number of instruments in use.
const LOADS: [(u64, u32); 5] = [(1, 1), (16, 1), (256, 1), (16, 64), (16, 1024)];

/// The load that the summary figure is for: neither the best nor the worst one.
const TYPICAL: (u64, u32) = (16, 64);

/// The JSON document of `lugus bench sdk`.
#[derive(Serialize)]
struct Overheads {
    /// Cost of a command and its answer through an exchange's router under the [`TYPICAL`] load, less the raw client's
    /// cost.
    overhead_ns: f64,
    /// The same in a deployment with keys.
    signed_overhead_ns: f64,
    /// Cost of the trailer of a new order, with its tag.
    sign_ns: f64,
    /// Cost of the check of such a trailer in a member.
    check_ns: f64,
    lines: Vec<Line>,
}

/// Costs under one load of one venue, in nanoseconds.
#[derive(Serialize)]
struct Line {
    venue: &'static str,
    unanswered: u64,
    instruments: u32,
    command_ns: f64,
    command_p99_ns: f64,
    event_ns: f64,
    event_p99_ns: f64,
    /// The raw client's cost of a command and its answer.
    raw_ns: f64,
    overhead_ns: f64,
}

/// Measures all costs once, and prints the table.
pub fn run(output: Output) -> Result<(), Failure> {
    let overheads = overheads()?;
    let Overheads { overhead_ns, signed_overhead_ns, sign_ns, check_ns, lines } = &overheads;
    let text = format!(
        "{}\nSDK over the raw client: {overhead_ns:.0} ns a command, {signed_overhead_ns:.0} ns with keys\ntag of a new order: \
         {sign_ns:.0} ns to make, {check_ns:.0} ns to check",
        table(lines)
    );
    output.answer(&overheads, text)
}

/// The costs, measured once a round, as results.
pub fn measurements(rounds: &mut Rounds, output: Output) -> Result<Vec<Measurement>, Failure> {
    let mut measured = Vec::new();
    let wanted = rounds.wanted();
    for round in rounds {
        output.say(format!("round {round} of {wanted}"));
        measured.push(overheads()?);
    }
    let spread = |figure: &dyn Fn(&Overheads) -> f64| Spread::of(measured.iter().map(figure).collect());
    let lines = measured.first().map_or(&[][..], |first| &first.lines);
    let mut measurements: Vec<Measurement> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let of_line = |figure: fn(&Line) -> f64| spread(&|overheads| figure(&overheads.lines[index]));
            Measurement::new("sdk")
                .label("venue", line.venue)
                .label("unanswered", line.unanswered)
                .label("instruments", line.instruments)
                .figure("command_ns", of_line(|line| line.command_ns))
                .figure("event_ns", of_line(|line| line.event_ns))
                .figure("raw_ns", of_line(|line| line.raw_ns))
                .figure("overhead_ns", of_line(|line| line.overhead_ns))
        })
        .collect();
    measurements.push(
        Measurement::new("sdk")
            .label("venue", "tag of a message")
            .figure("sign_ns", spread(&|overheads| overheads.sign_ns))
            .figure("check_ns", spread(&|overheads| overheads.check_ns)),
    );
    Ok(measurements)
}

/// Measures all costs once.
fn overheads() -> Result<Overheads, Failure> {
    let mut lines = Vec::new();
    for (burst, instruments) in LOADS {
        let raw = measure(&mut Raw::new(), burst, instruments)?;
        let raw_ns = raw.command.0 + raw.event.0;
        let session = measure(&mut OneCluster(new_session()), burst, instruments)?;
        let exchange = measure(&mut ManyClusters(router(instruments)), burst, instruments)?;
        let signed = measure(&mut Signed(ManyClusters(router(instruments))), burst, instruments)?;
        for (venue, Cost { command, event }) in
            [("session", session), ("exchange", exchange), ("exchange, signed", signed)]
        {
            lines.push(Line {
                venue,
                unanswered: burst,
                instruments,
                command_ns: command.0,
                command_p99_ns: command.1,
                event_ns: event.0,
                event_p99_ns: event.1,
                raw_ns,
                overhead_ns: command.0 + event.0 - raw_ns,
            });
        }
    }
    let typical = |venue| {
        let is_typical = |line: &&Line| line.venue == venue && (line.unanswered, line.instruments) == TYPICAL;
        lines.iter().find(is_typical).map_or(f64::NAN, |line| line.overhead_ns)
    };
    let (overhead_ns, signed_overhead_ns) = (typical("exchange"), typical("exchange, signed"));
    let (sign_ns, check_ns) = tags();
    Ok(Overheads { overhead_ns, signed_overhead_ns, sign_ns, check_ns, lines })
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header([
        "venue",
        "unanswered",
        "instruments",
        "command, ns",
        "p99",
        "event, ns",
        "p99",
        "raw client, ns",
        "overhead, ns",
    ]);
    for line in lines {
        let figures =
            [line.command_ns, line.command_p99_ns, line.event_ns, line.event_p99_ns, line.raw_ns, line.overhead_ns];
        let names = [line.venue.to_owned(), line.unanswered.to_string(), line.instruments.to_string()];
        table.add_row(names.into_iter().chain(figures.map(|figure| format!("{figure:.1}"))));
    }
    table
}

/// An ingress that copies each message into a buffer, as an offer to a publication does.
struct LogBuffer {
    bytes: Vec<u8>,
    position: usize,
    signer: Option<MessageSigner>,
}

impl LogBuffer {
    fn new() -> Self {
        Self { bytes: vec![0; 1 << 20], position: 0, signer: None }
    }
}

impl Ingress for LogBuffer {
    #[inline]
    fn offer(&mut self, message: &[u8]) -> Offered {
        let trailer = self.signer.as_mut().map(|signer| signer.trailer(message));
        let trailer = trailer.as_ref().map_or(&[][..], |trailer| trailer.as_slice());
        if self.position + message.len() + trailer.len() > self.bytes.len() {
            self.position = 0;
        }
        for part in [message, trailer] {
            self.bytes[self.position..self.position + part.len()].copy_from_slice(part);
            self.position += part.len();
        }
        Offered::Sent
    }
}

/// Median costs of making and of checking the tag of a new order, in nanoseconds.
fn tags() -> (f64, f64) {
    let (mut signer, mut session) = (MessageSigner::new(KEY), SessionAuthentication::new(KEY));
    let order = Raw::new().order;
    let (mut made, mut checked) = (Vec::with_capacity(BURSTS), Vec::with_capacity(BURSTS));
    for _ in 0..BURSTS {
        let start = Instant::now();
        let trailers = std::array::from_fn::<_, TAGS, _>(|_| signer.trailer(black_box(&order)));
        made.push(start.elapsed().as_nanos() as f64 / TAGS as f64);
        let signed = trailers.map(|trailer| [order.as_slice(), &trailer].concat());
        let start = Instant::now();
        for message in &signed {
            let _ = black_box(session_tag::check(&mut session, black_box(message)));
        }
        checked.push(start.elapsed().as_nanos() as f64 / TAGS as f64);
    }
    (percentiles(made).0, percentiles(checked).0)
}

struct Sum(u64);

impl EventHandler for Sum {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        self.0 = self.0.wrapping_add(black_box(report).event_sequence.0);
    }
}

fn resume_complete(instrument: InstrumentId) -> Vec<u8> {
    let (last_client_sequence, last_event_sequence) = (ClientSequence(0), EventSequence(0));
    let reply = Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence };
    encode_reply(&reply, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

/// The report that the order with this number was accepted.
fn execution_report(instrument: InstrumentId, number: u64) -> Vec<u8> {
    let execution = Execution::accepted(OrderId(number), &new_order(number));
    let report = Report {
        participant: ParticipantId(PARTICIPANT),
        instrument,
        event_sequence: EventSequence(number),
        client_sequence: ClientSequence(number),
        time: EpochNanos(0),
        body: execution.into(),
    };
    encode_report(&report, &mut [0; MAXIMUM_REPORT_LENGTH]).to_vec()
}

/// The order with this number.
fn new_order(number: u64) -> NewOrder {
    NewOrder::limit(ClientOrderId(number), Side::Buy, Price(100), Quantity(1))
}

/// Costs in nanoseconds, each as median and 99th percentile of the bursts' means.
struct Cost {
    command: (f64, f64),
    event: (f64, f64),
}

fn percentiles(mut means: Vec<f64>) -> (f64, f64) {
    means.sort_by(f64::total_cmp);
    (means[means.len() / 2], means[means.len() * 99 / 100])
}

/// The client code under measurement: commands go in, events come out.
trait Venue {
    /// Prepares an instrument for commands.
    fn open(&mut self, instrument: InstrumentId, ingress: &mut LogBuffer, sum: &mut Sum);

    fn send(&mut self, instrument: InstrumentId, order: &NewOrder, ingress: &mut LogBuffer);

    fn hear(&mut self, instrument: InstrumentId, reports: &[Vec<u8>], sum: &mut Sum);

    fn do_work(&mut self, instrument: InstrumentId, now: u64, ingress: &mut LogBuffer, sum: &mut Sum);

    fn outstanding(&self) -> usize;
}

/// The raw client: it offers ready-made messages of the same length as the SDK's.
struct Raw {
    order: Vec<u8>,
}

impl Raw {
    fn new() -> Self {
        let mut order = vec![0; MAXIMUM_COMMAND_LENGTH];
        let length =
            order.first_chunk_mut().map_or(0, |buffer| encode_new_order(InstrumentId(1), &new_order(1), buffer));
        order.truncate(length);
        Self { order }
    }
}

impl Venue for Raw {
    fn open(&mut self, _instrument: InstrumentId, _ingress: &mut LogBuffer, _sum: &mut Sum) {}

    #[inline]
    fn send(&mut self, _instrument: InstrumentId, _order: &NewOrder, ingress: &mut LogBuffer) {
        let _sent = black_box(ingress.offer(black_box(&self.order)));
    }

    #[inline]
    fn hear(&mut self, _instrument: InstrumentId, reports: &[Vec<u8>], _sum: &mut Sum) {
        for report in reports {
            black_box(report);
        }
    }

    fn do_work(&mut self, _instrument: InstrumentId, _now: u64, _ingress: &mut LogBuffer, _sum: &mut Sum) {}

    fn outstanding(&self) -> usize {
        0
    }
}

/// The same with signed messages.
struct Signed<V>(V);

impl<V: Venue> Venue for Signed<V> {
    fn open(&mut self, instrument: InstrumentId, ingress: &mut LogBuffer, sum: &mut Sum) {
        ingress.signer.get_or_insert(MessageSigner::new(KEY));
        self.0.open(instrument, ingress, sum);
    }

    #[inline]
    fn send(&mut self, instrument: InstrumentId, order: &NewOrder, ingress: &mut LogBuffer) {
        self.0.send(instrument, order, ingress);
    }

    #[inline]
    fn hear(&mut self, instrument: InstrumentId, reports: &[Vec<u8>], sum: &mut Sum) {
        self.0.hear(instrument, reports, sum);
    }

    fn do_work(&mut self, instrument: InstrumentId, now: u64, ingress: &mut LogBuffer, sum: &mut Sum) {
        self.0.do_work(instrument, now, ingress, sum);
    }

    fn outstanding(&self) -> usize {
        self.0.outstanding()
    }
}

/// Sends all commands to one session.
struct OneCluster(Session);

/// Sends each command to the session of the cluster that owns its instrument.
struct ManyClusters(Router<Sessions>);

/// Finds the session for an instrument.
trait SessionOf {
    fn session(&mut self, instrument: InstrumentId) -> Option<&mut Session>;

    fn unanswered(&self) -> usize;
}

impl SessionOf for OneCluster {
    #[inline]
    fn session(&mut self, _instrument: InstrumentId) -> Option<&mut Session> {
        Some(&mut self.0)
    }

    fn unanswered(&self) -> usize {
        self.0.outstanding()
    }
}

impl SessionOf for ManyClusters {
    #[inline]
    fn session(&mut self, instrument: InstrumentId) -> Option<&mut Session> {
        self.0.session_for(instrument, Purpose::Order).ok()
    }

    fn unanswered(&self) -> usize {
        self.0.sessions().iter().map(|entry| entry.session.outstanding()).sum()
    }
}

impl<V: SessionOf> Venue for V {
    fn open(&mut self, instrument: InstrumentId, ingress: &mut LogBuffer, sum: &mut Sum) {
        let Some(session) = self.session(instrument) else { return };
        // A scope accepts commands only after the answer to its Resume request.
        let _ = session.resume(instrument);
        session.do_work(0, ingress, sum);
        session.on_message(SESSION, &resume_complete(instrument), sum);
    }

    #[inline]
    fn send(&mut self, instrument: InstrumentId, order: &NewOrder, ingress: &mut LogBuffer) {
        if let Some(session) = self.session(black_box(instrument)) {
            let _ = black_box(session.new_order(ingress, instrument, order));
        }
    }

    #[inline]
    fn hear(&mut self, instrument: InstrumentId, reports: &[Vec<u8>], sum: &mut Sum) {
        if let Some(session) = self.session(instrument) {
            for report in reports {
                session.on_message(SESSION, black_box(report), sum);
            }
        }
    }

    fn do_work(&mut self, instrument: InstrumentId, now: u64, ingress: &mut LogBuffer, sum: &mut Sum) {
        if let Some(session) = self.session(instrument) {
            session.do_work(now, ingress, sum);
        }
    }

    fn outstanding(&self) -> usize {
        self.unanswered()
    }
}

fn new_session() -> Session {
    let mut session = Session::new(ParticipantId(PARTICIPANT), Limits::default(), &RetryPolicy::default(), 1);
    session.on_connected(SESSION, MemberId(0), &mut ());
    session
}

/// Opens sessions that are connected from the beginning.
struct Sessions;

impl SessionFactory for Sessions {
    type Session = Session;

    fn open(&mut self, _cluster: &ClusterEntry) -> Result<Session, ClientError> {
        Ok(new_session())
    }
}

fn router(instruments: u32) -> Router<Sessions> {
    let mut map = PartitionMap::empty(DeploymentId(1));
    map.clusters.extend((0..CLUSTERS).map(|id| ClusterEntry {
        id: ClusterId(id),
        name: id.to_string(),
        members: Vec::new(),
        ingress_stream: 101,
        ingress_term_length: 64 * 1024,
    }));
    map.partitions.extend((1..=instruments).map(|id| {
        let mut instrument = InstrumentSpecification::spot(InstrumentId(id), &format!("I{id}/USD"), 2, 2);
        instrument.cluster = ClusterId(id.cast_signed() % CLUSTERS);
        Partition::new(instrument)
    }));
    let mut router = Router::new(Sessions);
    router.on_map(&Arc::new(map), &mut ());
    router
}

fn measure(venue: &mut impl Venue, burst: u64, instruments: u32) -> Result<Cost, Failure> {
    let (mut ingress, mut sum) = (LogBuffer::new(), Sum(0));
    for instrument in 1..=instruments {
        venue.open(InstrumentId(instrument), &mut ingress, &mut sum);
    }
    let (mut commands, mut events) = (Vec::with_capacity(BURSTS), Vec::with_capacity(BURSTS));
    let mut number = 0;
    for round in 0..WARM_UP + BURSTS {
        let instrument = InstrumentId(1 + round as u32 % instruments);
        if instrument == InstrumentId(1) {
            number += burst;
        }
        let numbers = number - burst + 1..=number;
        let reports: Vec<Vec<u8>> = numbers.clone().map(|number| execution_report(instrument, number)).collect();

        let start = Instant::now();
        for client_order_id in numbers {
            venue.send(instrument, black_box(&new_order(client_order_id)), &mut ingress);
        }
        let sent = Instant::now();
        venue.hear(instrument, &reports, &mut sum);
        let heard = Instant::now();
        venue.do_work(instrument, round as u64 * 1_000, &mut ingress, &mut sum);
        if round >= WARM_UP {
            commands.push((sent - start).as_nanos() as f64 / burst as f64);
            events.push((heard - sent).as_nanos() as f64 / burst as f64);
        }
    }
    match venue.outstanding() {
        0 => Ok(Cost { command: percentiles(commands), event: percentiles(events) }),
        unanswered => Err(Failure::new(format!("{unanswered} commands were not answered"))),
    }
}

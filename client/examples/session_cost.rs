//! What the SDK costs on top of the raw cluster client: nanoseconds a command and an event spend in the state machine.
//!
//! ```text
//! cargo run --release -p lugus-client --example session_cost
//! ```
//!
//! A command is encoded, remembered and offered to an ingress that copies it, as a log buffer would; an event is decoded,
//! deduplicated and handed over. Commands go out in bursts, so that as many are unanswered. First to a session with one
//! cluster, then through the router of an exchange, that has instruments in four clusters. Figures: the median and the 99th
//! percentile of the bursts' means.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use lugus_client::router::{Clusters, Purpose, Router};
use lugus_client::session::{Ingress, Offered, Session};
use lugus_client::{
    ClientError, ClientOrderId, EventHandler, InstrumentId, Limits, NewOrder, ParticipantId, Price, Quantity, Report,
    RetryPolicy, Side,
};
use lugus_codecs::order_entry::{
    self, WriteBuf, exec_type::ExecType, execution_report_codec, liquidity_indicator::LiquidityIndicator,
    order_status::OrderStatus, order_type::OrderType, reject_reason::RejectReason, resume_complete_codec, side,
    time_in_force::TimeInForce,
};
use lugus_codecs::{HEADER_LENGTH, write_header};
use lugus_partition_map::{ClusterEntry, DeploymentId, Partition, PartitionMap};
use lugus_topology::{ClusterId, Instrument};

const BURSTS: usize = 20_000;
const WARM_UP: usize = 1_000;
const SESSION: i64 = 1;
const PARTICIPANT: u32 = 1;
const CLUSTERS: i32 = 4;

/// Copies each message, as an offer does.
struct LogBuffer {
    bytes: Vec<u8>,
    position: usize,
}

impl Ingress for LogBuffer {
    #[inline]
    fn offer(&mut self, message: &[u8]) -> Offered {
        if self.position + message.len() > self.bytes.len() {
            self.position = 0;
        }
        self.bytes[self.position..self.position + message.len()].copy_from_slice(message);
        self.position += message.len();
        Offered::Sent
    }
}

struct Sum(u64);

impl EventHandler for Sum {
    fn on_report(&mut self, report: &Report) {
        self.0 = self.0.wrapping_add(black_box(report).event_sequence.0);
    }
}

fn message(block_length: u16, template_id: u16) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_LENGTH + usize::from(block_length)];
    write_header(&mut bytes, block_length, template_id, order_entry::SBE_SCHEMA_ID, order_entry::SBE_SCHEMA_VERSION);
    bytes
}

fn resume_complete(instrument: u32) -> Vec<u8> {
    let mut bytes = message(resume_complete_codec::SBE_BLOCK_LENGTH, resume_complete_codec::SBE_TEMPLATE_ID);
    resume_complete_codec::encoder::ResumeCompleteEncoder::default()
        .wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH)
        .instrument_id(instrument);
    bytes
}

fn execution_report(instrument: u32, number: u64) -> Vec<u8> {
    let mut bytes = message(execution_report_codec::SBE_BLOCK_LENGTH, execution_report_codec::SBE_TEMPLATE_ID);
    execution_report_codec::encoder::ExecutionReportEncoder::default()
        .wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH)
        .event_sequence(number)
        .client_sequence(number)
        .order_id(number)
        .client_order_id(number)
        .participant_id(PARTICIPANT)
        .instrument_id(instrument)
        .reason(RejectReason::NONE)
        .exec_type(ExecType::NEW)
        .order_status(OrderStatus::NEW)
        .side(side::Side::BUY)
        .order_type(OrderType::LIMIT)
        .time_in_force(TimeInForce::GTC)
        .liquidity_indicator(LiquidityIndicator::NONE);
    bytes
}

/// Nanoseconds each, median and 99th percentile, of means.
fn percentiles(mut means: Vec<f64>) -> (f64, f64) {
    means.sort_by(f64::total_cmp);
    (means[means.len() / 2], means[means.len() * 99 / 100])
}

/// Sends to one session, whatever the instrument.
struct OneCluster(Session);

/// Sends to the session of the instrument's cluster.
struct ManyClusters(Router<Sessions>);

trait Venue {
    fn session(&mut self, instrument: InstrumentId) -> Option<&mut Session>;
    fn outstanding(&self) -> usize;
}

impl Venue for OneCluster {
    #[inline]
    fn session(&mut self, _instrument: InstrumentId) -> Option<&mut Session> {
        Some(&mut self.0)
    }

    fn outstanding(&self) -> usize {
        self.0.outstanding()
    }
}

impl Venue for ManyClusters {
    #[inline]
    fn session(&mut self, instrument: InstrumentId) -> Option<&mut Session> {
        self.0.link_of(instrument, Purpose::Order).ok()
    }

    fn outstanding(&self) -> usize {
        self.0.links().iter().map(|link| link.link.outstanding()).sum()
    }
}

fn new_session() -> Session {
    let mut session = Session::new(ParticipantId(PARTICIPANT), Limits::default(), &RetryPolicy::default(), 1);
    session.on_connected(SESSION, 0, &mut ());
    session
}

/// Opens sessions that are connected.
struct Sessions;

impl Clusters for Sessions {
    type Link = Session;

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
        let mut instrument = Instrument::spot(id, &format!("I{id}/USD"), 2, 2);
        instrument.cluster = ClusterId(id as i32 % CLUSTERS);
        Partition::new(instrument)
    }));
    let mut router = Router::new(Sessions);
    router.on_map(&Arc::new(map), &mut ());
    router
}

fn measure(venue: &mut impl Venue, name: &str, burst: u64, instruments: u32) -> Option<()> {
    let (mut ingress, mut sum) = (LogBuffer { bytes: vec![0; 1 << 20], position: 0 }, Sum(0));
    for instrument in 1..=instruments {
        // A scope opens with the answer to its Resume.
        let session = venue.session(InstrumentId(instrument))?;
        let _ = session.resume(InstrumentId(instrument));
        session.do_work(0, &mut ingress, &mut sum);
        session.on_message(SESSION, &resume_complete(instrument), &mut sum);
    }
    let (mut commands, mut events) = (Vec::new(), Vec::new());
    let mut number = 0;
    for round in 0..WARM_UP + BURSTS {
        let instrument = 1 + round as u32 % instruments;
        if instrument == 1 {
            number += burst;
        }
        let numbers = number - burst + 1..=number;
        let reports: Vec<Vec<u8>> = numbers.clone().map(|number| execution_report(instrument, number)).collect();

        let start = Instant::now();
        for client_order_id in numbers {
            let order = NewOrder::limit(ClientOrderId(client_order_id), Side::Buy, Price(100), Quantity(1));
            let session = venue.session(InstrumentId(black_box(instrument)))?;
            let _ = black_box(session.new_order(&mut ingress, InstrumentId(instrument), black_box(&order)));
        }
        let sent = Instant::now();
        let session = venue.session(InstrumentId(instrument))?;
        for report in &reports {
            session.on_message(SESSION, black_box(report), &mut sum);
        }
        let heard = Instant::now();
        session.do_work(round as u64 * 1_000, &mut ingress, &mut sum);
        if round >= WARM_UP {
            commands.push((sent - start).as_nanos() as f64 / burst as f64);
            events.push((heard - sent).as_nanos() as f64 / burst as f64);
        }
    }
    assert_eq!(venue.outstanding(), 0, "all answered");
    let ((command, command_99), (event, event_99)) = (percentiles(commands), percentiles(events));
    println!(
        "{name:>10} {burst:>10} {instruments:>12} {command:>11.1} {command_99:>9.1} {event:>11.1} {event_99:>9.1}"
    );
    Some(())
}

fn main() {
    println!("           unanswered  instruments  ns/command       p99    ns/event       p99");
    for (burst, instruments) in [(1, 1), (16, 1), (256, 1), (16, 64), (16, 1024)] {
        measure(&mut OneCluster(new_session()), "session", burst, instruments);
        measure(&mut ManyClusters(router(instruments)), "exchange", burst, instruments);
    }
}

//! Memory of a member: what the engine's pools and rings take, what the other processes take, and the log buffers in shared memory.
//!
//! The engine allocates by rules that depend on nothing but its limits and what it holds, and this page repeats them (`engine/src/book`,
//! `numbered_tail.rs`): `tests/engine_memory.rs` compares with a real engine. What the processes take besides is measured
//! (docs/capacity.md).

use lugus_topology::Deployment;
use serde::Serialize;

use crate::load::Load;

/// Number of live orders whose memory a member touches at its start (`PREFAULTED_ORDERS` of `lugus-node`).
const PREFAULTED_ORDERS: u64 = 1 << 16;
/// Pages of price levels that it touches: 262,144 neighbouring prices. A market that has more of them at a time takes a page for each 256.
const PREFAULTED_PAGES: u64 = 1_024;

/// Bytes of an order: its cell in the book, the engine's order, its links.
const ORDER: u64 = 32 + 64 + 8;
/// Bytes of an order with terms: terms and its entry of the expiry queue.
const TERMS: u64 = 40 + 32 + 4;
/// Bytes of a page of price levels.
const PAGE: u64 = 1_088;
/// Bytes of a kept event, and of a trade detail of one.
const REPORT_ROW: u64 = 64;
const TRADE_DETAIL: u64 = 56;
/// Trade details of the busiest stretch of a scope's events, as a multiple of the mean.
const BUSIEST_STRETCH: f64 = 1.1;
/// Bytes that a kept event of a firm takes besides: where it was told.
const TOLD_IN: u64 = 16;
/// Bytes of a kept trade.
const KEPT_TRADE: u64 = 80;
/// Items of a chunk of kept events, details and trades, and of the first chunk when it is first needed.
const CHUNK: u64 = 64;
const SMALLEST_CHUNK: u64 = 8;
/// Bytes of a scope besides its events, with its entry of the index and its owner's lists.
const SCOPE: u64 = 400;
/// Bytes of a participant: risk limits, indices.
const PARTICIPANT: u64 = 1_000;
/// Bytes of an instrument besides its orders and trades, with what both sides of a book keep at least.
const INSTRUMENT: u64 = 30_000;
/// Bytes of an item of the ring of market data.
const MARKET_DATA_ITEM: u64 = 64;

/// What the engine holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EngineContents {
    /// Greatest number of open orders so far.
    pub orders: u64,
    /// Of these, with terms.
    pub orders_with_terms: u64,
    /// Scopes.
    pub scopes: u64,
    /// Events that each scope has been told of.
    pub events_of_a_scope: u64,
    /// Share of the events with a trade detail.
    pub detail_share: f64,
    /// Instruments.
    pub instruments: u64,
    /// Trades of each instrument.
    pub trades_of_an_instrument: u64,
    /// Participants.
    pub participants: u64,
    /// Firms.
    pub firms: u64,
    /// Events that each firm has been told of.
    pub events_of_a_firm: u64,
}

/// Memory of the engine by what it is for, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EngineMemory {
    /// Pools of orders, with the table of client order ids and the price levels: what is touched.
    pub orders: u64,
    /// Kept events of all scopes.
    pub retained_events: u64,
    /// Kept events of all firms.
    pub retained_firm_events: u64,
    /// Kept trades of all instruments.
    pub retained_trades: u64,
    /// Participants, scopes, instruments.
    pub other: u64,
}

impl EngineMemory {
    /// Everything.
    pub fn total(&self) -> u64 {
        self.orders + self.retained_events + self.retained_firm_events + self.retained_trades + self.other
    }
}

/// Memory of an engine with these limits that holds this.
pub fn engine_memory(limits: &lugus_topology::Engine, contents: &EngineContents) -> EngineMemory {
    let most = u64::from(limits.maximum_open_orders);
    let touched = contents.orders.max(PREFAULTED_ORDERS).min(most);
    // An eighth of the orders have levels of their own; more share a level of their neighbours, or are alone.
    let levels = touched / 8 * 32;
    // Numbers that follow each other lie side by side, so that of a large table about half of the entries in use are touched.
    let table = (client_order_table(touched) * 4).min((client_order_table(PREFAULTED_ORDERS) * 4).max(touched * 8));
    EngineMemory {
        orders: touched * ORDER
            + contents.orders_with_terms.min(most) * TERMS
            + levels
            + PREFAULTED_PAGES * PAGE
            + table,
        retained_events: contents.scopes
            * retained_events(limits.retained_events.into(), contents.events_of_a_scope, contents.detail_share),
        retained_firm_events: contents.firms
            * retained_firm_events(
                limits.retained_firm_events.into(),
                contents.events_of_a_firm,
                contents.detail_share,
            ),
        retained_trades: contents.instruments
            * tail(limits.retained_trades.into(), contents.trades_of_an_instrument)
            * KEPT_TRADE,
        other: contents.scopes * SCOPE + contents.participants * PARTICIPANT + contents.instruments * INSTRUMENT,
    }
}

/// Bytes of the kept events of one scope that was told of so many: rows and trade details lie in chunks, which are used again when nothing in
/// them is kept any more.
pub fn retained_events(limit: u64, events: u64, detail_share: f64) -> u64 {
    // A scope's busiest stretch decides, as little is given back.
    let busiest = (detail_share * BUSIEST_STRETCH).min(1.0);
    let [kept, all] = [events.min(limit), events].map(|events| (events as f64 * busiest).ceil() as u64);
    tail(limit + 1, events.saturating_add(1)) * REPORT_ROW + tail(kept, all) * TRADE_DETAIL
}

/// Bytes of the kept events of one firm that was told of so many: those of a scope, and where each was told, in a ring that doubles.
fn retained_firm_events(limit: u64, events: u64, detail_share: f64) -> u64 {
    let told_in = match limit.min(events) {
        0 => 0,
        kept => kept.next_power_of_two() * TOLD_IN,
    };
    retained_events(limit, events, detail_share) + told_in
}

/// Items that there is room for, of so many that have come, of which the newest are kept (`numbered_tail.rs`).
fn tail(kept: u64, come: u64) -> u64 {
    if come <= CHUNK {
        return if come == 0 { 0 } else { come.next_power_of_two().max(SMALLEST_CHUNK) };
    }
    let all = come.div_ceil(CHUNK);
    // The newest chunk and the oldest one are full in part.
    all.min(kept.div_ceil(CHUNK) + 1) * CHUNK
}

/// Entries of the table of client order ids for so many orders: a small one is a sixteenth or a quarter full at most, a large one three
/// eighths.
fn client_order_table(orders: u64) -> u64 {
    let mut entries: u64 = 4_096;
    let fill = |entries: u64| match entries {
        ..=16_384 => entries / 16,
        16_385..=262_144 => entries / 4,
        _ => entries / 8 * 3,
    };
    while fill(entries) < orders {
        entries *= 2;
    }
    entries
}

/// Memory of a member by what it is for, in bytes: resident memory of its processes without what is read from files, and its files in shared
/// memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberMemory {
    /// The engine's.
    pub engine: EngineMemory,
    /// The ring of market data, once it has gone round.
    pub market_data_ring: u64,
    /// The process of the service besides.
    pub service: u64,
    /// The media driver's process.
    pub driver: u64,
    /// The JVM of archive and consensus module.
    pub java: u64,
    /// Log buffers and other files in the driver's directory.
    pub log_buffers: u64,
}

/// Private memory of the processes that does not depend on the load, in bytes, as measured (docs/capacity.md). That of the service has the
/// allocator's large pages, of which the pools touch the first ones.
const SERVICE: u64 = 36_000_000;
const DRIVER: u64 = 1_000_000;
const JAVA_BESIDE_HEAP: u64 = 33_000_000;
/// Share of the initial heap that the serial collector gives to new objects, and that is touched before it first collects: four fifths of a
/// third. The consensus module and the archive keep hardly anything.
const NEW_OBJECTS: f64 = 0.8 / 3.0;
/// What a start takes of it, in bytes, and each second after, whatever the load: commands leave no objects.
const NEW_OBJECTS_OF_A_START: f64 = 3_200_000.0;
const NEW_OBJECTS_PER_SECOND: f64 = 13_000.0;

impl MemberMemory {
    /// Everything.
    pub fn total(&self) -> u64 {
        self.engine.total() + self.market_data_ring + self.service + self.driver + self.java + self.log_buffers
    }

    /// Memory of a leading member of a cluster with this load, once it has run so long.
    pub fn of_leader(deployment: &Deployment, load: &Load, run: Run) -> Self {
        let contents = contents(deployment, load);
        let ring = u64::from(deployment.market_data.ring_capacity).next_power_of_two() * MARKET_DATA_ITEM;
        Self {
            engine: engine_memory(&deployment.engine, &contents),
            market_data_ring: if deployment.market_data.enabled { ring } else { 0 },
            service: SERVICE,
            driver: DRIVER,
            java: JAVA_BESIDE_HEAP + new_objects(deployment, run) as u64,
            log_buffers: log_buffers(deployment, load, run),
        }
    }
}

/// Bytes of a JVM's heap that new objects have touched. What was once touched stays.
fn new_objects(deployment: &Deployment, run: Run) -> f64 {
    let room = deployment.java.initial_heap.as_bytes() as f64 * NEW_OBJECTS;
    room.min(NEW_OBJECTS_OF_A_START + run.seconds * NEW_OBJECTS_PER_SECOND)
}

/// What the engine of a cluster with this load holds, after a while.
pub fn contents(deployment: &Deployment, load: &Load) -> EngineContents {
    let pairs = load.pairs.len() as u64;
    let firms = u64::from(load.firms);
    // All events of participants, if each belongs to a firm.
    let of_firms = load.events_of_a_scope.map(|events| events * load.scopes() / firms.max(1));
    EngineContents {
        orders: load.open_orders.into(),
        orders_with_terms: (f64::from(load.open_orders) * load.terms_share).ceil() as u64,
        scopes: load.scopes(),
        events_of_a_scope: load.events_of_a_scope.unwrap_or(u64::from(deployment.engine.retained_events) + 1),
        detail_share: load.traffic.detail_share,
        instruments: pairs,
        trades_of_an_instrument: if load.traffic.trades > 0.0 { deployment.engine.retained_trades.into() } else { 0 },
        participants: load.participants.into(),
        firms,
        events_of_a_firm: of_firms.unwrap_or(u64::from(deployment.engine.retained_firm_events) + 1),
    }
}

/// What a member has done since its start: how much of its log buffers and of its JVM's heap it has touched goes by it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Commands.
    pub commands: f64,
    /// Seconds.
    pub seconds: f64,
}

impl Run {
    /// A day at the mean of the load.
    pub fn of_a_day(load: &Load) -> Self {
        const DAY: f64 = 86_400.0;
        Self { commands: load.mean_per_second * DAY, seconds: DAY }
    }
}

/// Bytes of the files of a leader's media driver in shared memory: `cnc.dat`, the log of losses, and the log buffers. These are sparse, and
/// have three terms and a page of metadata each; what was once written stays.
fn log_buffers(deployment: &Deployment, load: &Load, run: Run) -> u64 {
    let touched = |term: lugus_topology::Size, bytes: f64| {
        (bytes.min(3.0 * term.as_bytes() as f64) as u64).next_multiple_of(4_096) + LOG_META_DATA
    };
    let (terms, traffic) = (&deployment.term_length, &load.traffic);
    let (clients, others) = (f64::from(load.clients), u64::from(load.members) - 1);
    let of_client = |bytes: f64| run.commands * bytes / clients;
    // A message in the ingress has no time stamp yet, and is otherwise as long as in the log.
    let ingress = touched(terms.ingress, of_client(traffic.log_bytes));
    let egress = touched(terms.udp, of_client(traffic.egress_bytes));
    let log = touched(terms.log, run.commands * traffic.log_bytes + run.seconds * LOG_HEARTBEATS);
    let consensus = touched(terms.udp, run.seconds * CONSENSUS) * 2 * others;
    let control = touched(terms.control, f64::INFINITY) * 2;
    let market_data = if load.listeners > 0 { touched(terms.udp, run.commands * traffic.market_data_bytes) } else { 0 };
    // A stream to the archive, the archive's answers and requests to it, and the index (`recorded_index.rs` of `lugus-node`).
    let recording = if deployment.market_data.is_recorded() {
        let index = deployment.market_data.recorded_length.as_bytes() / RECORDED_STEP * RECORDED_ENTRY;
        touched(terms.ipc, run.commands * traffic.market_data_bytes) + touched(terms.control, f64::INFINITY) * 2 + index
    } else {
        0
    };
    let stages = if deployment.stages.every > 0 { u64::from(deployment.stages.capacity) * 96 } else { 0 };
    DRIVER_FILES
        + u64::from(load.clients) * (ingress + egress)
        + log
        + consensus
        + control
        + market_data
        + recording
        + stages
}

/// Bytes of recorded market data between two entries of its index, and of an entry.
const RECORDED_STEP: u64 = 32 << 10;
const RECORDED_ENTRY: u64 = 16;
/// Bytes of `cnc.dat` and the log of losses of a driver with its default sizes, and of the metadata of a log buffer.
const DRIVER_FILES: u64 = 48_238_592 + 1_048_576;
const LOG_META_DATA: u64 = 4_096;
/// Bytes a second of a log without commands, and of the messages between two members' consensus modules in one direction.
const LOG_HEARTBEATS: f64 = 50.0 * 32.0;
const CONSENSUS: f64 = 200.0 * 96.0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn retained_events_are_the_trap() {
        // 4,097 rows of 64 bytes, and as many details of 56 if every event has one, in chunks of 64.
        assert_eq!(retained_events(4_096, 10_000, 0.0), 66 * 64 * 64);
        assert_eq!(retained_events(4_096, 10_000, 1.0), 66 * 64 * 64 + 65 * 64 * 56);
        assert_eq!(retained_events(4_096, 10_000, 0.5), 66 * 64 * 64 + 37 * 64 * 56);
        assert_eq!(retained_events(4_096, 0, 1.0), 8 * 64);
        assert_eq!(retained_events(4_096, 7, 0.0), 8 * 64);
        assert_eq!(retained_events(4_096, 8, 0.0), 16 * 64);
    }

    #[test]
    fn the_table_of_client_order_ids_is_as_in_the_engine() {
        assert_eq!(
            [0, 256, 257, 1_025, 65_536, 65_537].map(client_order_table),
            [4_096, 4_096, 8_192, 32_768, 262_144, 524_288]
        );
    }

    proptest! {
        #[test]
        fn more_load_never_takes_less_memory(
            orders in 0..200_000_u32, more_orders in 0..200_000_u32,
            participants in 1..500_u32, more_participants in 0..500_u32,
            events in 0..10_000_u64, more_events in 0..10_000_u64,
            clients in 1..4_u32, more_clients in 0..4_u32,
        ) {
            let mut deployment = Deployment::default();
            deployment.engine.maximum_open_orders = 1 << 20;
            let load = |orders, participants, events, clients| {
                let load = Load { open_orders: orders, participants, events_of_a_scope: Some(events), clients, ..Load::of_peak(1_000.0) };
                MemberMemory::of_leader(&deployment, &load, Run::of_a_day(&load)).total()
            };
            let less = load(orders, participants, events, clients);
            let more = load(orders + more_orders, participants + more_participants, events + more_events, clients + more_clients);
            prop_assert!(less <= more);
        }
    }
}

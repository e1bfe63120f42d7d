//! What the tests need to trade: an engine with its clock and command numbers, a sink that records, short forms of
//! orders, and snapshots in memory.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::convert::Infallible;

use lugus_engine::{Engine, EngineLimits, EventSink, Restore, SnapshotError};
use lugus_testing::instruments::{self, btc_usdt};
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, EpochNanos, EventSequence, FirmEvent, FirmReply, GraceTime,
    InstrumentDefinition, InstrumentId, NewOrder, ParticipantId, Price, PriceLevel, Quantity, Replace, Reply, Report,
    Side, SnapshotRecord,
};

/// One thing that a sink was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Report(Report),
    Reply(Reply),
    FirmEvent(FirmEvent),
    FirmReply(FirmReply),
}

/// A sink that records what it is told, in order.
#[derive(Debug, Default)]
pub struct Recorder(pub Vec<Told>);

impl EventSink for Recorder {
    fn report(&mut self, report: &Report) {
        self.0.push(Told::Report(*report));
    }

    fn reply(&mut self, reply: &Reply) {
        self.0.push(Told::Reply(*reply));
    }

    fn firm_event(&mut self, event: &FirmEvent) {
        self.0.push(Told::FirmEvent(*event));
    }

    fn firm_reply(&mut self, reply: &FirmReply) {
        self.0.push(Told::FirmReply(*reply));
    }
}

/// Applies a command at log time `now`, and returns what was told.
pub fn told(engine: &mut Engine, now: i64, command: &Command) -> Vec<Told> {
    let mut recorder = Recorder::default();
    engine.apply(EpochNanos(now), command, &mut recorder);
    recorder.0
}

/// Lets a timer fire at log time `now`, and returns what was told.
pub fn fired(engine: &mut Engine, now: i64) -> Vec<Told> {
    let mut recorder = Recorder::default();
    engine.on_timer(EpochNanos(now), &mut recorder);
    recorder.0
}

/// Tells the engine that a participant is disconnected, and returns what was told.
pub fn disconnected(engine: &mut Engine, now: i64, participant: u32, grace: GraceTime) -> Vec<Told> {
    let mut recorder = Recorder::default();
    engine.disconnect(EpochNanos(now), ParticipantId(participant), grace, &mut recorder);
    recorder.0
}

/// Tells the engine that a participant is connected again; returns what was told, and the grace time if it still ran.
pub fn connected(engine: &mut Engine, now: i64, participant: u32) -> (Vec<Told>, Option<GraceTime>) {
    let mut recorder = Recorder::default();
    let grace = engine.connect(EpochNanos(now), ParticipantId(participant), &mut recorder);
    (recorder.0, grace)
}

/// Resumes a scope after the event `last_seen`, and returns what was told.
pub fn told_again(engine: &Engine, participant: u32, instrument: u32, last_seen: Option<u64>) -> Vec<Told> {
    let mut recorder = Recorder::default();
    let last_seen = last_seen.map(EventSequence);
    engine.resume(ParticipantId(participant), InstrumentId(instrument), last_seen, &mut recorder);
    recorder.0
}

/// Asks for the events of a firm after the event `last_seen`. Returns what was told, and whether that was all; `None` if there
/// is no such firm.
pub fn told_of_firm(engine: &Engine, firm: u32, last_seen: Option<u64>) -> (Vec<Told>, Option<bool>) {
    let mut recorder = Recorder::default();
    let is_all = engine.resume_firm(ParticipantId(firm), last_seen.map(EventSequence), &mut recorder);
    (recorder.0, is_all)
}

pub const LIMITS: EngineLimits = EngineLimits {
    instruments: 2,
    participants: 3,
    orders: 12,
    retained_events: 10,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};

/// An open instrument with prices from 90 to 110 ticks, a price band from 95 to 105, and quantities up to 20 lots.
pub fn definition(instrument: u32) -> InstrumentDefinition {
    InstrumentDefinition {
        minimum_price: Price(90),
        maximum_price: Price(110),
        reference_price: Price(100),
        price_band: Quantity(5),
        maximum_quantity: Quantity(20),
        ..btc_usdt(InstrumentId(instrument))
    }
}

/// An open instrument that takes any price and quantity.
pub fn boundless(instrument: u32) -> InstrumentDefinition {
    instruments::boundless(InstrumentId(instrument))
}

pub fn limit(client_order_id: u64, side: Side, price: i64, quantity: u64) -> NewOrder {
    NewOrder::limit(ClientOrderId(client_order_id), side, Price(price), Quantity(quantity))
}

pub fn market(client_order_id: u64, side: Side, quantity: u64) -> NewOrder {
    NewOrder::market(ClientOrderId(client_order_id), side, Quantity(quantity))
}

pub fn replace(orig_client_order_id: u64, client_order_id: u64, price: i64, quantity: u64) -> Replace {
    Replace {
        orig_client_order_id: ClientOrderId(orig_client_order_id),
        client_order_id: ClientOrderId(client_order_id),
        price: Some(Price(price)),
        stop_price: None,
        quantity: Quantity(quantity),
        display_quantity: Quantity(0),
    }
}

pub fn cancel(orig_client_order_id: u64) -> Action {
    Action::Cancel { orig_client_order_id: ClientOrderId(orig_client_order_id) }
}

/// An engine, with the log time and the last command number of each scope. The invariants are checked after every
/// command.
pub struct Venue {
    pub engine: Engine,
    pub now: i64,
    sent: std::collections::BTreeMap<(u32, u32), u64>,
}

impl Venue {
    pub fn new(limits: EngineLimits) -> Self {
        Self { engine: Engine::new(limits), now: 1_000, sent: Default::default() }
    }

    /// A venue with one instrument.
    pub fn open(limits: EngineLimits, definition: InstrumentDefinition) -> Self {
        let mut venue = Self::new(limits);
        venue.send(0, 0, Action::DefineInstrument(definition));
        venue
    }

    /// Sends a command with its scope's next number.
    pub fn send(&mut self, participant: u32, instrument: u32, action: Action) -> Vec<Told> {
        let number = self.sent.entry((participant, instrument)).or_default();
        *number += 1;
        let number = *number;
        self.send_as(participant, instrument, number, action)
    }

    /// Sends a command with any number.
    pub fn send_as(&mut self, participant: u32, instrument: u32, number: u64, action: Action) -> Vec<Told> {
        self.now += 1;
        let told = told(&mut self.engine, self.now, &command(participant, instrument, number, action));
        self.engine.verify().unwrap();
        told
    }

    /// Sends a new order of instrument 1.
    pub fn order(&mut self, participant: u32, order: NewOrder) -> Vec<Told> {
        self.send(participant, 1, Action::New(order))
    }
}

pub fn command(participant: u32, instrument: u32, number: u64, action: Action) -> Command {
    Command {
        participant: ParticipantId(participant),
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(number),
        action,
    }
}

/// Price levels as (price, quantity, orders), best first.
pub fn levels(engine: &Engine, instrument: u32, side: Side) -> Option<Vec<(i64, u64, u32)>> {
    let triple = |level: PriceLevel| (level.price.0, level.quantity.0, level.orders);
    engine.levels(InstrumentId(instrument), side).map(|levels| levels.map(triple).collect())
}

pub fn snapshot(engine: &Engine) -> Vec<SnapshotRecord> {
    let mut records = Vec::new();
    let Ok(()) = engine.snapshot(&mut |record| {
        records.push(*record);
        Ok::<(), Infallible>(())
    });
    records
}

pub fn restore(limits: EngineLimits, records: &[SnapshotRecord]) -> Result<Engine, SnapshotError> {
    let mut restore = Restore::new(limits);
    for record in records {
        restore.record(record)?;
    }
    restore.finish()
}

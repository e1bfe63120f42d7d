//! All of the state as a stream of records, for whoever writes them somewhere.
//!
//! The order is fixed, so that equal engines give equal streams: the header; the participants by id; how instruments stand
//! that were ever moved, by id; the participants' own scopes by id, each with its kept events; then, by id, each instrument whole: its record, its scopes by
//! participant, each with its kept events, its orders (bids, asks, buy stops, sell stops, each by priority); the end. Counts and a
//! checksum tell a stream that is not whole. What comes of loading it is in `restore`.

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentDefinition, InstrumentId, KillSwitch, MapEpoch,
    MarketDataSequence, MigrationId, OrderId, OrderType, ParticipantId, PostOnly, Price, Quantity, Report, RiskLimits,
    SelfTradePrevention, Side, StateHash, Statistics, TimeInForce, TradeId,
};

use crate::book::{Instructions, OrderPool, Slot};
use crate::engine::{Engine, Listed};
use crate::instrument::Instrument;
use crate::migration::{Extent, Importing, Standing};
use crate::risk::Risk;
use crate::sequences::Scope;
use crate::state_hash::{self, WORDS};

/// Version of the records below.
pub const SNAPSHOT_VERSION: u32 = 3;

/// One piece of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotRecord {
    /// The first one.
    Header(SnapshotHeader),
    /// A participant that has ever sent a command or got limits, or the operator.
    Participant(ParticipantRecord),
    /// How an instrument stands that was ever moved from or to another engine.
    Standing(StandingRecord),
    /// An instrument, before its scopes and orders.
    Instrument(InstrumentRecord),
    /// A scope, before its kept events.
    Scope(ScopeRecord),
    /// A kept event of the scope before.
    Report(RetainedReport),
    /// A live order of the instrument before.
    Order(OrderRecord),
    /// The last one.
    End {
        /// Records before it.
        records: u64,
        /// Over all records before it.
        checksum: u64,
    },
}

impl SnapshotRecord {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Participant(_) => "participant",
            Self::Standing(_) => "standing",
            Self::Instrument(_) => "instrument",
            Self::Scope(_) => "scope",
            Self::Report(_) => "kept event",
            Self::Order(_) => "order",
            Self::End { .. } => "end",
        }
    }
}

/// What is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// [`SNAPSHOT_VERSION`] of the engine that wrote it.
    pub version: u32,
    /// Participants, the operator among them.
    pub participants: u32,
    /// Instruments.
    pub instruments: u32,
    /// Scopes, those of participants as such among them.
    pub scopes: u32,
    /// Live orders.
    pub orders: u32,
    /// Instruments that were ever moved.
    pub standings: u32,
    /// Kept events.
    pub reports: u64,
    /// Hash of the reports of participants' own scopes.
    pub participants_hash: StateHash,
    /// [`Engine::state_hash`].
    pub state_hash: StateHash,
}

/// A participant, and how far it is within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParticipantRecord {
    /// Its number.
    pub participant: ParticipantId,
    /// Its limits; none is 0.
    pub limits: RiskLimits,
    /// Its kill switch.
    pub kill_switch: KillSwitch,
    /// Second of log time in which it last sent a command that counts for its rate.
    pub rate_second: i64,
    /// How many in that second.
    pub rate_commands: u32,
}

/// An instrument without its scopes and orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstrumentRecord {
    /// With the state and the reference price of now.
    pub definition: InstrumentDefinition,
    /// Number of the last order taken.
    pub last_order_id: OrderId,
    /// Number of the last trade.
    pub last_trade_id: TradeId,
    /// Number of the last market-data increment.
    pub market_data_sequence: MarketDataSequence,
    /// Its statistics; the last price is what stop orders trigger by.
    pub statistics: Statistics,
    /// [`Engine::instrument_state_hash`].
    pub state_hash: StateHash,
}

/// How an instrument stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingRecord {
    /// Which.
    pub instrument: InstrumentId,
    /// How.
    pub kind: StandingKind,
    /// The migration under way, or the last one that is over.
    pub migration: MigrationId,
    /// The map that says where the instrument has moved to; before an import, where it had moved to.
    pub epoch: Option<MapEpoch>,
    /// With [`StandingKind::Importing`] and [`StandingKind::Imported`].
    pub import: Option<ImportRecord>,
}

/// How an instrument stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingKind {
    /// It is traded here.
    Trading = 1,
    /// It is here, and on its way out.
    Fenced = 2,
    /// It is on its way in.
    Importing = 3,
    /// It is here whole, and not active.
    Imported = 4,
    /// It has moved away, and is being cleared.
    Dropping = 5,
    /// Its import is given up, and is being cleared.
    DroppingImport = 6,
    /// It is not here.
    Elsewhere = 7,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportRecord {
    /// All of it.
    pub extent: Extent,
    /// Records that have come.
    pub records: u64,
    /// Over them.
    pub checksum: u64,
    /// Scopes still to come.
    pub scopes_left: u32,
    /// Orders still to come.
    pub orders_left: u32,
    /// Kept events still to come.
    pub reports_left: u64,
    /// The scope that came last, and how many of its kept events are still to come.
    pub scope: Option<(ParticipantId, u64)>,
}

/// A scope without its kept events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeRecord {
    /// Whose.
    pub participant: ParticipantId,
    /// In which instrument; [`InstrumentId::NONE`] for the participant as such.
    pub instrument: InstrumentId,
    /// Last command applied.
    pub last_client_sequence: ClientSequence,
    /// Last event told.
    pub last_event_sequence: EventSequence,
    /// How many events follow.
    pub retained: u32,
    /// Of the newest event no longer kept: the scope's last command applied when it was told; 0 if all are kept.
    pub lost_client_sequence: ClientSequence,
    /// Of the newest event no longer kept: its log time; 0 if all are kept.
    pub lost_through: EpochNanos,
}

/// An event that is kept for repeated commands and for participants that reconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedReport {
    /// The scope's last command applied when it was told.
    pub applied: ClientSequence,
    /// The event.
    pub report: Report,
}

/// A live order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRecord {
    /// The engine's number of it.
    pub order_id: OrderId,
    /// Whose.
    pub participant: ParticipantId,
    /// The participant's number of it.
    pub client_order_id: ClientOrderId,
    /// Buy or sell.
    pub side: Side,
    /// Its kind.
    pub order_type: OrderType,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// Whether a replacement of it may trade at once.
    pub post_only: PostOnly,
    /// What it does when it would trade with its own participant.
    pub self_trade_prevention: SelfTradePrevention,
    /// Its limit, ticks; 0 if it has none.
    pub price: Price,
    /// Its trigger, ticks, while it waits for it.
    pub stop_price: Option<Price>,
    /// When it ends by itself.
    pub expire_time: Option<EpochNanos>,
    /// Its quantity, what is filled included, lots.
    pub quantity: Quantity,
    /// Still to be filled, lots.
    pub leaves_quantity: Quantity,
    /// Of these, what it shows now, lots.
    pub shown_quantity: Quantity,
    /// Iceberg: lots shown at a time; 0 shows all.
    pub display_quantity: Quantity,
}

impl Engine {
    /// Visits all of the state, record by record, in an order that depends on nothing but the state.
    ///
    /// # Errors
    ///
    /// Whatever `visit` returns ends it.
    pub fn snapshot<E>(&self, visit: &mut impl FnMut(&SnapshotRecord) -> Result<(), E>) -> Result<(), E> {
        let scopes = self.scopes.sorted();
        let mut stream = Stream { visit, records: 0, checksum: 0 };
        stream.put(SnapshotRecord::Header(self.header(&scopes)))?;
        for (participant, risk) in self.participants.sorted() {
            stream.put(SnapshotRecord::Participant(participant_record(participant, &risk)))?;
        }
        for (instrument, standing) in self.standings.iter() {
            stream.put(SnapshotRecord::Standing(standing_record(instrument, standing)))?;
        }
        let own = scopes.partition_point(|scope| scope.instrument == InstrumentId::NONE);
        let (own, mut rest) = scopes.split_at(own);
        stream.put_scopes(own)?;
        for &place in &self.listing {
            let listed = &self.instruments[place as usize];
            let id = listed.instrument.definition.instrument;
            let (scopes, later) = rest.split_at(rest.partition_point(|scope| scope.instrument == id));
            rest = later;
            stream.put(SnapshotRecord::Instrument(instrument_record(listed)))?;
            stream.put_scopes(scopes)?;
            let Instrument { book, stops, .. } = &listed.instrument;
            let resting = &self.pool.resting;
            for slot in book.orders(resting).chain(stops.orders(resting)) {
                let participant = self.scopes.get(self.pool.get(slot).owner).participant;
                stream.put(SnapshotRecord::Order(order_record(slot, &self.pool, participant)))?;
            }
        }
        let Stream { records, checksum, .. } = stream;
        visit(&SnapshotRecord::End { records, checksum })
    }

    fn header(&self, scopes: &[&Scope]) -> SnapshotHeader {
        SnapshotHeader {
            version: SNAPSHOT_VERSION,
            participants: self.participants.len() as u32,
            instruments: self.instruments.len() as u32,
            scopes: scopes.len() as u32,
            orders: self.pool.live() as u32,
            standings: self.standings.len() as u32,
            reports: scopes.iter().map(|scope| scope.retained.len() as u64).sum(),
            participants_hash: self.participants_hash,
            state_hash: self.state_hash(),
        }
    }
}

/// Counts and sums up the records on their way.
struct Stream<'a, V> {
    visit: &'a mut V,
    records: u64,
    checksum: u64,
}

impl<E, V: FnMut(&SnapshotRecord) -> Result<(), E>> Stream<'_, V> {
    fn put(&mut self, record: SnapshotRecord) -> Result<(), E> {
        self.records += 1;
        self.checksum = checksum(self.checksum, &record);
        (self.visit)(&record)
    }

    fn put_scopes(&mut self, scopes: &[&Scope]) -> Result<(), E> {
        for scope in scopes {
            self.put(SnapshotRecord::Scope(scope_record(scope)))?;
            for kept in scope.kept() {
                self.put(SnapshotRecord::Report(kept))?;
            }
        }
        Ok(())
    }
}

fn participant_record(participant: ParticipantId, risk: &Risk) -> ParticipantRecord {
    let Risk { limits, kill_switch, second: rate_second, commands: rate_commands } = *risk;
    ParticipantRecord { participant, limits, kill_switch, rate_second, rate_commands }
}

fn standing_record(instrument: InstrumentId, standing: &Standing) -> StandingRecord {
    let (kind, migration, epoch, import) = match *standing {
        Standing::Trading { last } => (StandingKind::Trading, last, None, None),
        Standing::Fenced { migration } => (StandingKind::Fenced, migration, None, None),
        Standing::Importing(ref importing) => {
            let Importing { migration, before, .. } = **importing;
            (StandingKind::Importing, migration, before, Some(import_record(importing)))
        }
        Standing::Imported { extent, checksum, before, migration } => {
            let records = extent.records();
            let import = ImportRecord {
                extent,
                records,
                checksum,
                scopes_left: 0,
                orders_left: 0,
                reports_left: 0,
                scope: None,
            };
            (StandingKind::Imported, migration, before, Some(import))
        }
        Standing::Dropping { migration, epoch } => (StandingKind::Dropping, migration, Some(epoch), None),
        Standing::DroppingImport { migration, before } => (StandingKind::DroppingImport, migration, before, None),
        Standing::Elsewhere { last, away } => (StandingKind::Elsewhere, last, away, None),
    };
    StandingRecord { instrument, kind, migration, epoch, import }
}

fn import_record(importing: &Importing) -> ImportRecord {
    let awaited = importing.loading.awaited;
    ImportRecord {
        extent: importing.extent,
        records: importing.records,
        checksum: importing.checksum,
        scopes_left: awaited.scopes as u32,
        orders_left: awaited.orders as u32,
        reports_left: awaited.reports,
        scope: importing.loading.current_scope(),
    }
}

pub(crate) fn instrument_record(listed: &Listed) -> InstrumentRecord {
    InstrumentRecord {
        definition: listed.instrument.definition,
        last_order_id: listed.instrument.last_order_id,
        last_trade_id: listed.instrument.last_trade_id,
        market_data_sequence: listed.instrument.feed.sequence,
        statistics: listed.instrument.feed.statistics,
        state_hash: listed.hash,
    }
}

pub(crate) fn scope_record(scope: &Scope) -> ScopeRecord {
    ScopeRecord {
        participant: scope.participant,
        instrument: scope.instrument,
        last_client_sequence: scope.last_client_sequence,
        last_event_sequence: scope.last_event_sequence,
        retained: scope.retained.len() as u32,
        lost_client_sequence: scope.retained.lost().applied,
        lost_through: scope.retained.lost().through,
    }
}

pub(crate) fn order_record(slot: Slot, pool: &OrderPool, participant: ParticipantId) -> OrderRecord {
    let (kept, order, terms) = (pool.get(slot), pool.whole(slot), pool.terms(slot));
    let has = |bit| order.instructions.has(bit);
    OrderRecord {
        order_id: order.order_id,
        participant,
        client_order_id: order.client_order_id,
        side: order.side,
        order_type: order.order_type,
        time_in_force: order.time_in_force,
        post_only: if order.instructions.is_post_only() { PostOnly::Yes } else { PostOnly::No },
        self_trade_prevention: order.instructions.self_trade_prevention(),
        price: order.price,
        stop_price: has(Instructions::WAITING).then_some(kept.price),
        expire_time: has(Instructions::EXPIRES).then_some(terms.expire_time),
        quantity: order.quantity,
        leaves_quantity: order.leaves,
        shown_quantity: kept.leaves,
        display_quantity: if has(Instructions::ICEBERG) { terms.display } else { Quantity(0) },
    }
}

/// The checksum `before`, and then this record: all its fields.
pub(crate) fn checksum(before: u64, record: &SnapshotRecord) -> u64 {
    let mut words = [0; WORDS];
    match record {
        SnapshotRecord::Header(header) => {
            words[0] = 1;
            words[1] = u64::from(header.version);
            words[2] = u64::from(header.participants) << 32 | u64::from(header.instruments);
            words[3] = u64::from(header.scopes) << 32 | u64::from(header.orders);
            words[4] = header.reports;
            words[5] = header.participants_hash.0;
            words[6] = header.state_hash.0;
            words[7] = u64::from(header.standings);
        }
        SnapshotRecord::Participant(record) => {
            words[0] = 2;
            words[1] = u64::from(record.participant.0) << 32 | u64::from(record.rate_commands);
            words[2] = record.rate_second.cast_unsigned();
            state_hash::risk_words(&mut words, record.limits, record.kill_switch);
        }
        SnapshotRecord::Standing(record) => {
            words[0] = 8;
            words[1] = u64::from(record.instrument.0) << 32
                | u64::from(record.epoch.is_some()) << 10
                | u64::from(record.import.is_some()) << 9
                | record.kind as u64;
            words[2] = record.migration.0;
            words[3] = record.epoch.unwrap_or_default().0;
            if let Some(import) = record.import {
                let (participant, left) = import.scope.unwrap_or_default();
                words[4] = import.extent.state_hash.0;
                words[5] = u64::from(import.extent.scopes) << 32 | u64::from(import.extent.orders);
                words[6] = import.extent.reports;
                words[7] = import.records;
                words[8] = import.checksum;
                words[9] = u64::from(import.scopes_left) << 32 | u64::from(import.orders_left);
                words[10] = import.reports_left;
                words[11] = u64::from(import.scope.is_some()) << 32 | u64::from(participant.0);
                words[12] = left;
            }
        }
        SnapshotRecord::Instrument(record) => {
            words = statistics_words(&record.statistics);
            words[0] = record.market_data_sequence.0;
            let before = state_hash::fold(before, &words);
            words = state_hash::definition_words(&record.definition);
            words[0] = 3;
            words[1] = record.last_order_id.0;
            words[2] = record.last_trade_id.0;
            words[3] = record.state_hash.0;
            return state_hash::fold(before, &words);
        }
        SnapshotRecord::Scope(record) => {
            words[0] = 4;
            words[1] = u64::from(record.participant.0) << 32 | u64::from(record.instrument.0);
            words[2] = record.last_client_sequence.0;
            words[3] = record.last_event_sequence.0;
            words[4] = u64::from(record.retained);
            words[5] = record.lost_client_sequence.0;
            words[6] = record.lost_through.0.cast_unsigned();
        }
        SnapshotRecord::Report(kept) => {
            words[0] = 5;
            words[1] = kept.applied.0;
            words[2] = state_hash::fold_report(0, &kept.report);
        }
        SnapshotRecord::Order(record) => {
            words[0] = 6;
            words[1] = record.order_id.0;
            words[2] = u64::from(record.participant.0) << 32
                | (record.side as u64) << 24
                | (record.order_type as u64) << 16
                | (record.time_in_force as u64) << 8
                | (record.self_trade_prevention as u64) << 4
                | u64::from(record.stop_price.is_some()) << 2
                | u64::from(record.expire_time.is_some()) << 1
                | record.post_only as u64;
            words[3] = record.client_order_id.0;
            words[4] = record.price.0.cast_unsigned();
            words[5] = record.quantity.0;
            words[6] = record.leaves_quantity.0;
            words[7] = record.shown_quantity.0;
            words[8] = record.display_quantity.0;
            words[9] = record.stop_price.unwrap_or_default().0.cast_unsigned();
            words[10] = record.expire_time.unwrap_or_default().0.cast_unsigned();
        }
        SnapshotRecord::End { records, .. } => {
            words[0] = 7;
            words[1] = *records;
        }
    }
    state_hash::fold(before, &words)
}

fn statistics_words(statistics: &Statistics) -> [u64; WORDS] {
    let Statistics { open, high, low, last, volume } = *statistics;
    let mut words = [0; WORDS];
    for (place, price) in [open, high, low, last].into_iter().enumerate() {
        words[1] |= u64::from(price.is_some()) << place;
        words[2 + place] = price.unwrap_or_default().0.cast_unsigned();
    }
    words[6] = volume.0;
    words
}

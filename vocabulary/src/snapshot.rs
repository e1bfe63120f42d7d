//! All of an engine's state as a stream of records, for snapshots and for the move of an instrument.
//!
//! The order of the records is fixed, so that equal engines give equal streams: the header; the participants by id, each
//! followed by what it has used of its rates, new orders before cancels and the oldest first, and by its quote sets, each with the trades that its
//! protection counts; the firms, each followed by what it has used of its
//! rates, and by its kept events; the migration states by instrument; the participant scopes by participant, each followed by its kept events;
//! then, by id, each instrument whole: its record, its kept trades by their numbers, its scopes by participant, each followed by its kept events, and its
//! orders (bids, asks, buy stops, sell stops, each by priority, and elected orders by their turns); the end. Counts in the header and a checksum in the end
//! reveal a stream that is not whole.
//!
//! The export of one instrument ([`crate::migration`]) is the same stream without header, participants, migration
//! states and end.

use crate::auction::{AuctionOrders, AuctionType};
use crate::connection::GraceTime;
use crate::firm::SelfTradeScope;
use crate::firm_event::FirmEvent;
use crate::instrument::InstrumentDefinition;
use crate::market_data::Statistics;
use crate::message_rate::MessageRate;
use crate::migration::ExportManifest;
use crate::order::{NewOrder, Side};
use crate::participant_role::ParticipantRole;
use crate::quote::{MarketMakerProtection, ProtectionTrigger, QuoteSetId};
use crate::reason::RejectReason;
use crate::report::Report;
use crate::risk::{KillSwitchLevels, RiskLimits};
use crate::session_key::SessionAuthentication;
use crate::trade::TradeParty;
use crate::units::{
    ClientSequence, EpochNanos, EventSequence, InstrumentId, MapEpoch, MarketDataSequence, MigrationId, OrderId,
    ParticipantId, Price, Quantity, StateHash, TradeId,
};
use crate::word::word;

/// Version of the records and of their order, which an engine writes.
pub const SNAPSHOT_VERSION: u32 = 11;

/// The first version that an engine still loads. What the records of versions since then lack is absent or 0.
pub const OLDEST_SNAPSHOT_VERSION: u32 = 8;

/// One record of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotRecord {
    /// What is to come; the first record.
    Header(SnapshotHeader),
    /// A participant that has ever sent a command or was given limits, or the operator.
    Participant(ParticipantRecord),
    /// What the participant or the firm before it has used of a rate limit.
    Rate(RateRecord),
    /// A quote set of the participant before it, after the participant's rates.
    QuoteSet(QuoteSetRecord),
    /// Trades that the protection of the quote set before it counts.
    QuoteTrades(QuoteTradesRecord),
    /// A firm. Firms come after the participants.
    Firm(FirmRecord),
    /// A kept event of the firm before it.
    FirmEvent(FirmEvent),
    /// How far an instrument's last migration is; only of instruments that were ever moved.
    MigrationState(MigrationStateRecord),
    /// An instrument; its kept trades, scopes and orders follow.
    Instrument(InstrumentRecord),
    /// A kept trade of the instrument before it.
    Trade(TradeRecord),
    /// A scope; its kept events follow.
    Scope(ScopeRecord),
    /// A kept event of the scope before it.
    Report(RetainedReport),
    /// A live order of the instrument before it.
    Order(OrderRecord),
    /// The last record.
    End {
        /// Number of records before this one.
        records: u64,
        /// Checksum over all records before this one.
        checksum: u64,
    },
}

impl SnapshotRecord {
    /// What the record is of, for error texts.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Participant(_) => "participant",
            Self::Rate(_) => "rate",
            Self::QuoteSet(_) => "quote set",
            Self::QuoteTrades(_) => "trades of a quote set",
            Self::Firm(_) => "firm",
            Self::FirmEvent(_) => "kept event of a firm",
            Self::MigrationState(_) => "migration state",
            Self::Instrument(_) => "instrument",
            Self::Trade(_) => "kept trade",
            Self::Scope(_) => "scope",
            Self::Report(_) => "kept event",
            Self::Order(_) => "order",
            Self::End { .. } => "end",
        }
    }
}

/// Numbers of records of each kind that follow, and the hashes that they must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// [`SNAPSHOT_VERSION`] of the engine that wrote the snapshot.
    pub version: u32,
    /// Number of participants, the operator among them.
    pub participants: u32,
    /// Number of instruments.
    pub instruments: u32,
    /// Number of scopes, including participant scopes.
    pub scopes: u32,
    /// Number of live orders.
    pub orders: u32,
    /// Number of instruments with a migration state.
    pub migration_states: u32,
    /// Number of kept events and kept trades.
    pub reports: u64,
    /// Hash over the reports in participant scopes.
    pub participants_hash: StateHash,
    /// Hash over all instruments, participants and migration states.
    pub state_hash: StateHash,
}

/// A participant, its limits, and what of them it has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParticipantRecord {
    /// The participant.
    pub participant: ParticipantId,
    /// Its limits; none of them is 0.
    pub limits: RiskLimits,
    /// The levels at which its kill switch is engaged.
    pub kill_switch: KillSwitchLevels,
    /// Those of them that let its orders stay.
    pub kill_switch_keeps: KillSwitchLevels,
    /// Number of rate records, which follow this record.
    pub rates: u32,
    /// Present while the participant is disconnected and had asked for cancel on disconnect.
    pub disconnection: Option<DisconnectionRecord>,
    /// The participant's firm, by the number of the firm's own participant.
    pub firm: Option<ParticipantId>,
}

/// A firm: what holds for all of its participants, and where its events stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FirmRecord {
    /// The firm, by the number of its own participant.
    pub firm: ParticipantId,
    /// Its limits; none of them is 0.
    pub limits: RiskLimits,
    /// The levels at which its kill switch is engaged.
    pub kill_switch: KillSwitchLevels,
    /// Those of them that let orders stay.
    pub kill_switch_keeps: KillSwitchLevels,
    /// Whose orders the participants' orders do not trade with.
    pub self_trade_scope: SelfTradeScope,
    /// Number of rate records, which follow this record.
    pub rates: u32,
    /// Number of the last event of the firm.
    pub last_event_sequence: EventSequence,
    /// Number of kept events, which follow the rate records.
    pub retained: u32,
    /// Log time of the newest event that is no longer kept; 0 if all are kept.
    pub lost_through: EpochNanos,
}

/// A participant that is disconnected and had asked for cancel on disconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisconnectionRecord {
    /// The grace time that it had asked for.
    pub grace: GraceTime,
    /// Log time at which the grace time ends.
    pub deadline: EpochNanos,
    /// Whether its orders have been canceled, as far as they can be.
    pub is_done: bool,
}

/// Commands of a participant that count for one of its rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRecord {
    /// The rate limit that they count for.
    pub kind: RateKind,
    /// Log time of the last one of them.
    pub time: EpochNanos,
    /// Number of commands; not 0.
    pub commands: u32,
}

word! {
    /// Rate limits of a participant.
    RateKind: u8 {
        /// [`RiskLimits::maximum_commands_per_second`].
        Orders = 1,
        /// [`RiskLimits::maximum_cancels_per_second`].
        Cancels = 2,
    }
}

/// A quote set with market-maker protection, or whose quotes are being canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuoteSetRecord {
    /// The quote set.
    pub quote_set: QuoteSetId,
    /// Its limits.
    pub protection: MarketMakerProtection,
    /// The limit that has pulled the quotes.
    pub trigger: ProtectionTrigger,
    /// Log time from which on quotes are taken again, if a limit has pulled them; `None` if that needs a reset.
    pub frozen_until: Option<EpochNanos>,
    /// Whether quotes are being canceled, and for which reason they end.
    pub canceling: Option<RejectReason>,
    /// Number of records of trades, which follow this record.
    pub trades: u32,
}

/// Trades of quotes that share one time in the window of market-maker protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuoteTradesRecord {
    /// Log time of the last one of them.
    pub time: EpochNanos,
    /// Number of trades; not 0.
    pub trades: u32,
    /// Lots bought.
    pub bought: Quantity,
    /// Lots sold.
    pub sold: Quantity,
}

impl QuoteTradesRecord {
    /// The lots that quotes of a side have traded.
    pub fn lots(&mut self, side: Side) -> &mut Quantity {
        match side {
            Side::Buy => &mut self.bought,
            Side::Sell => &mut self.sold,
        }
    }
}

/// A session that has a participant. Sessions are part of a partition's snapshot, but not of the engine's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParticipantSession {
    /// Aeron's number of the session.
    pub cluster_session_id: i64,
    /// The participant that authenticated.
    pub participant: ParticipantId,
    /// What the participant may do.
    pub role: ParticipantRole,
    /// The instrument whose events of all participants the session gets; [`InstrumentId::NONE`] for all instruments.
    pub drop_copy: Option<InstrumentId>,
    /// What the session's messages are checked with; `None` in a deployment without keys.
    pub authentication: Option<SessionAuthentication>,
    /// How many messages the session may send; `None` without a limit.
    pub message_rate: Option<MessageRate>,
    /// What happens to the participant's orders when it is disconnected: they are canceled after this time; `None` lets them
    /// stay.
    pub cancel_on_disconnect: Option<GraceTime>,
    /// Whether that is the choice of the session before, which holds until this session has sent its first message.
    pub inherits_choice: bool,
    /// The firm whose events the session is told.
    pub followed_firm: Option<ParticipantId>,
}

/// The timer of the cluster that a partition's service has scheduled last. It is part of a partition's snapshot, but not of
/// the engine's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScheduledTimer {
    /// Number of the timer: each one scheduled has the next.
    pub last_correlation_id: i64,
    /// Cluster time for which it is scheduled; `None` once it has fired.
    pub deadline: Option<i64>,
}

/// An instrument without its scopes and orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstrumentRecord {
    /// The definition, with today's state and reference price.
    pub definition: InstrumentDefinition,
    /// Number of the last order taken; 0 before the first.
    pub last_order_id: OrderId,
    /// Number of the last trade; 0 before the first.
    pub last_trade_id: TradeId,
    /// Number of the last market-data increment; 0 before the first.
    pub market_data_sequence: MarketDataSequence,
    /// Number of stop orders that ever began to wait.
    pub last_arrival: u64,
    /// Orders with numbers up to this one, of whomever, are canceled by a mass cancel of everybody that has not come to this
    /// instrument; 0 if there is none.
    pub canceled_through: OrderId,
    /// Lowest and highest price of trades that have more stop orders to elect.
    pub electing: Option<(Price, Price)>,
    /// Statistics of the trades; stop orders are triggered by the last price among them.
    pub statistics: Statistics,
    /// Log time at which a timer ends the auction that interrupts trading; `None` if there is none.
    pub auction_end: Option<EpochNanos>,
    /// Log time at which what the auction would give is published next; `None` if it is not.
    pub indicative_due: Option<EpochNanos>,
    /// Log time of the next change of the instrument's schedule; `None` without one.
    pub phase_due: Option<EpochNanos>,
    /// The auction that gathers orders, or that a halt has interrupted; `None` if there is none.
    pub auction_type: Option<AuctionType>,
    /// The orders that only auctions take, and whose auction is over: they are expiring.
    pub expiring: AuctionOrders,
    /// With a window of the dynamic reference price: the window that an order last met the book in, and the price before it.
    pub reference_window: Option<ReferenceWindow>,
    /// Hash over all that happened to the instrument.
    pub state_hash: StateHash,
}

/// A window of log time, and the last price before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceWindow {
    /// Number of the window: log time divided by the length of a window.
    pub number: i64,
    /// Price of the last trade before the window, in ticks; `None` if there was none.
    pub price: Option<Price>,
}

/// A trade that the operator can still cancel or correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRecord {
    /// Number of the trade: one more than that of the trade before it.
    pub trade_id: TradeId,
    /// Price of the trade in ticks, as it was corrected last.
    pub price: Price,
    /// Quantity of the trade in lots, as it was corrected last; 0 if the trade is canceled.
    pub quantity: Quantity,
    /// The side that bought.
    pub buyer: TradeParty,
    /// The side that sold.
    pub seller: TradeParty,
}

/// How far an instrument's last migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationStateRecord {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The state.
    pub kind: MigrationStateKind,
    /// The migration that is under way, or the last one that has ended.
    pub migration: MigrationId,
    /// Epoch of the partition map that says where the instrument has moved to; while an import is under way, where it
    /// had moved to before. `None` if the instrument has never moved away.
    pub epoch: Option<MapEpoch>,
    /// Present with [`MigrationStateKind::Importing`] and [`MigrationStateKind::Imported`] only.
    pub import: Option<ImportRecord>,
}

word! {
    /// State of an instrument that was ever moved between engines.
    MigrationStateKind: u8 {
        /// The instrument is traded by this engine.
        Trading = 1,
        /// This engine has the instrument, takes no commands for it, and is about to give it away.
        Fenced = 2,
        /// The instrument's records are coming in.
        Importing = 3,
        /// All records have come in; the instrument is not active yet.
        Imported = 4,
        /// The instrument has moved away; what is left of it is being removed.
        Dropping = 5,
        /// The import was given up; what has come in is being removed.
        DroppingImport = 6,
        /// This engine does not have the instrument.
        Elsewhere = 7,
    }
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportRecord {
    /// What the import consists of.
    pub manifest: ExportManifest,
    /// Number of records that have come in.
    pub records: u64,
    /// Checksum over the records that have come in.
    pub checksum: u64,
    /// Number of scopes still to come.
    pub scopes_left: u32,
    /// Number of orders still to come.
    pub orders_left: u32,
    /// Number of kept events and kept trades still to come.
    pub reports_left: u64,
    /// Participant of the scope that came last, and the number of its kept events still to come.
    pub scope: Option<(ParticipantId, u64)>,
}

/// A scope without its kept events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeRecord {
    /// The participant.
    pub participant: ParticipantId,
    /// The instrument; [`InstrumentId::NONE`] for the participant scope.
    pub instrument: InstrumentId,
    /// Number of the last command applied.
    pub last_client_sequence: ClientSequence,
    /// Number of the last event.
    pub last_event_sequence: EventSequence,
    /// Number of kept events, which follow this record.
    pub retained: u32,
    /// The scope's last applied command at the time of the newest event that is no longer kept; 0 if all are kept.
    pub lost_client_sequence: ClientSequence,
    /// Log time of the newest event that is no longer kept; 0 if all are kept.
    pub lost_through: EpochNanos,
    /// Buys with numbers up to this one are canceled by a mass cancel that is under way; 0 if there is none.
    pub canceled_buys: OrderId,
    /// The same of sells.
    pub canceled_sells: OrderId,
    /// Orders with numbers up to this one that do not stay on disconnect are being canceled for that; 0 if there is nothing
    /// of the kind under way.
    pub canceled_on_disconnect: OrderId,
}

/// An event that is kept, to answer a repeated command or a participant that reconnects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedReport {
    /// The scope's last applied command at the time of the event.
    pub applied: ClientSequence,
    /// The event.
    pub report: Report,
}

/// A live order: it rests in the book, waits for its trigger, or is elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRecord {
    /// The engine's number of the order.
    pub order_id: OrderId,
    /// The participant whose order it is.
    pub participant: ParticipantId,
    /// Open quantity in lots.
    pub leaves_quantity: Quantity,
    /// The part of the open quantity that the book shows now, in lots.
    pub shown_quantity: Quantity,
    /// Number of a stop order that waits among those of its instrument, in the order in which they began to wait. Of an order that
    /// only auctions take, the last order id when it took its place. 0 for other orders.
    pub arrival: u64,
    /// Whether the order is to meet the book and has not had its turn: it is in the queue of elected orders.
    pub is_elected: bool,
    /// The order as it would be entered now: with the client order id, prices and quantities of its last replacement, an
    /// expire time also if it is good for the day, and no trigger price once it is triggered.
    pub order: NewOrder,
}

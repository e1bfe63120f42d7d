//! Progress of loading records. `loading` takes the records in.

use lugus_vocabulary::{InstrumentId, OrderRecord, ParticipantId, Side};

use crate::book::Unlisted;
use crate::queues::{Queue, queue_price};
use crate::scopes::ScopeIndex;

/// Number of records still to come, and the last record of each kind.
#[derive(Debug)]
pub(crate) struct LoadState {
    pub(super) source: RecordSource,
    /// Number of records announced minus number received.
    pub(crate) awaited: AwaitedRecords,
    pub(super) instrument: Option<CurrentInstrument>,
    pub(super) scope: Option<CurrentScope>,
}

/// Where the records come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordSource {
    /// The snapshot of a whole engine, loaded into an empty one.
    Snapshot,
    /// The export of one instrument, loaded into an engine that trades others: participants may be new to it, and it may
    /// lack room.
    Export,
    /// The export of an instrument that is traded meanwhile. Its records are of different times and do not quite fit together
    /// until all have come in.
    Ahead,
}

/// Number of records of each kind still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AwaitedRecords {
    pub(crate) participants: u64,
    pub(crate) migration_states: u64,
    pub(crate) instruments: u64,
    pub(crate) scopes: u64,
    pub(crate) orders: u64,
    pub(crate) reports: u64,
}

/// The instrument whose scopes and orders are coming in.
#[derive(Debug)]
pub(super) struct CurrentInstrument {
    pub(super) id: InstrumentId,
    /// Place of the order that came last.
    pub(super) last_order: Option<PriorityPlace>,
    /// Orders of a snapshot: when all are there, they are sorted by their ids once, to find ids that are there twice and to put
    /// the orders into the lists of their owners. Empty for an export, whose checksum shows that it is sound, and whose orders
    /// are put into the lists as they come.
    pub(super) unlisted: Vec<Unlisted>,
}

/// The scope whose kept events are coming in.
#[derive(Debug, Clone, Copy)]
pub(super) struct CurrentScope {
    pub(super) participant: ParticipantId,
    pub(super) instrument: InstrumentId,
    pub(super) index: ScopeIndex,
    /// Number of kept events still to come.
    pub(super) awaited: u64,
}

/// Place of an order's queue in the order of records: bids, asks, buy stops, sell stops, buys and sells at the opening, at the close
/// and for the next auction, each with the best price first, and last the elected orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PriorityPlace {
    is_elected: bool,
    queue: Queue,
    side: Side,
    /// Ascending from the best price to the worst.
    rank: i64,
}

impl PriorityPlace {
    pub(super) fn of(record: &OrderRecord) -> Self {
        if record.is_elected {
            return Self { is_elected: true, queue: Queue::Book, side: Side::Buy, rank: 0 };
        }
        let (queue, side, price) = (Queue::of_entered(&record.order), record.order.side, queue_price(&record.order).0);
        // Bids and sell stops begin with the highest price.
        let rank = if (side == Side::Buy) == (queue == Queue::Stops) { price } else { !price };
        Self { is_elected: false, queue, side, rank }
    }
}

impl LoadState {
    pub(crate) fn new(source: RecordSource, awaited: AwaitedRecords) -> Self {
        Self { source, awaited, instrument: None, scope: None }
    }

    /// An import that was under way when a snapshot was taken, at this scope of the instrument. It can continue once its
    /// instrument is loaded, too.
    pub(super) fn of_import(
        awaited: AwaitedRecords,
        instrument: InstrumentId,
        scope: Option<(ParticipantId, u64)>,
    ) -> Self {
        let index = ScopeIndex::MAX;
        let scope = scope.map(|(participant, awaited)| CurrentScope { participant, instrument, index, awaited });
        Self { source: RecordSource::Export, awaited, instrument: None, scope }
    }

    /// Participant of the scope that came last, and the number of its kept events still to come.
    pub(crate) fn current_scope(&self) -> Option<(ParticipantId, u64)> {
        self.scope.map(|scope| (scope.participant, scope.awaited))
    }
}

//! How far an instrument is copied ahead of its fence.

use std::collections::BTreeMap;

use lugus_vocabulary::{EventSequence, InstrumentId, MigrationId, ParticipantId, Price, TradeId};

use crate::book::Slot;
use crate::scopes::ScopeIndex;

/// How far an instrument is copied ahead.
#[derive(Debug)]
pub(crate) struct CopyAhead {
    pub(crate) instrument: InstrumentId,
    pub(crate) migration: MigrationId,
    /// Number of records, and their checksum.
    pub(crate) records: u64,
    pub(crate) checksum: u64,
    /// Last trade copied, with the revision of the trades as they were copied.
    pub(crate) trades: (TradeId, u32),
    /// By scope, the last event that was copied or was no longer kept when the scope was copied.
    pub(crate) scopes: BTreeMap<ScopeIndex, EventSequence>,
    pub(super) next: Next,
}

/// What is copied next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    Instrument,
    Trades,
    /// The scope of this participant, or of the next one that has one, from its record on.
    Scope(ParticipantId),
    /// The order after this place in the queue.
    Order(usize, Place),
    End,
}

/// A place in a queue that is traded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    First,
    /// The last order copied: its number, its slot, and the price of its level, from which its place is found if it has ended.
    After {
        number: u32,
        slot: Slot,
        price: Price,
    },
}

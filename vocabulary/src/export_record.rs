//! The records of an export: those of a snapshot, and those of a rest, which tell what has become of records that were copied ahead
//! of the fence.

use crate::snapshot::{OrderRecord, SnapshotRecord};
use crate::units::TradeId;

/// A record of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportRecord {
    /// A record as in a snapshot.
    Snapshot(SnapshotRecord),
    /// In a rest: how the kept trades that were copied ahead go on.
    Trades {
        /// The next kept trade is the one after this. If it is not the one after the last that was copied, all trades come
        /// again.
        after: TradeId,
        /// Trades up to this one are no longer kept.
        forgotten: TradeId,
    },
    /// In a rest: an order that was copied ahead has ended, or has lost its place in its queue.
    Ended {
        /// Number of the order among those copied ahead, counted from 0.
        number: u32,
    },
    /// In a rest: an order that was copied ahead has changed, and has kept its place.
    Changed {
        /// Number of the order among those copied ahead, counted from 0.
        number: u32,
        /// The order as it is now.
        order: OrderRecord,
    },
}

impl From<SnapshotRecord> for ExportRecord {
    fn from(record: SnapshotRecord) -> Self {
        Self::Snapshot(record)
    }
}

impl ExportRecord {
    /// What the record is of, for error texts.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Snapshot(record) => record.kind(),
            Self::Trades { .. } => "trades that were copied ahead",
            Self::Ended { .. } => "end of an order",
            Self::Changed { .. } => "change of an order",
        }
    }
}

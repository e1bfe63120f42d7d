//! What a mover sends and hears; `schemas/order-entry.xml` has the messages of clusters, templates 13 to 17, 38 and 39.

use std::fmt;
use std::sync::Arc;

use lugus_partition_map::{Epoch, MigrationId, Request};

/// Messages that an export request asks for: so that the old cluster, the new one and the way between have something to do
/// all the time, and none holds up what else it has to do for long.
pub const MAXIMUM_MESSAGES: u16 = 16;

/// Who takes part in a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// The coordinator.
    Coordinator,
    /// The cluster that has the instrument.
    From,
    /// The cluster that is to have it.
    To,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coordinator => "the coordinator",
            Self::From => "the old cluster",
            Self::To => "the new cluster",
        })
    }
}

/// What a mover wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Tell it the newest map ([`super::Mover::on_map`]).
    LookAtMap {
        /// Older ones are of no use.
        least_epoch: Epoch,
    },
    /// Send a request to the coordinator.
    Coordinator {
        /// The answer has it too.
        correlation_id: u64,
        /// What is asked.
        request: Request,
        /// The map that it is asked for: to begin a move, so that a request that comes late begins none.
        expected: Option<Epoch>,
    },
    /// Send a request to a cluster.
    Cluster {
        /// Which.
        party: Party,
        /// What is asked.
        request: ClusterRequest,
    },
}

/// A request of the operator to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRequest {
    /// The answer has it too.
    pub correlation_id: u64,
    /// Which instrument.
    pub instrument: u32,
    /// In which migration.
    pub migration: MigrationId,
    /// What is asked.
    pub step: Step,
}

/// What a cluster is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Step {
    Fence,
    Unfence,
    Export { cursor: Cursor },
    ImportBegin { extent: Extent },
    ImportRecords { first: u64, records: Arc<[u8]> },
    ImportEnd { checksum: u64 },
    Activate,
    Drop { epoch: u64 },
    DropImport,
}

/// How much an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Extent {
    pub state_hash: u64,
    pub scopes: u32,
    pub orders: u32,
    pub reports: u64,
}

impl Extent {
    /// Records that it is exported in.
    pub fn records(&self) -> u64 {
        (1 + u64::from(self.scopes) + u64::from(self.orders)).saturating_add(self.reports)
    }
}

/// Where an export has got to; what it means is the cluster's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Records before it.
    pub records: u64,
    /// Over them.
    pub checksum: u64,
    /// With `place`.
    pub number: u64,
    /// With `place`.
    pub participant: u32,
    /// What came last.
    pub place: CursorPlace,
}

/// What came last in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CursorPlace {
    Start,
    Instrument,
    Scope,
    Order,
    End,
}

impl Cursor {
    /// Before the first record.
    pub const START: Self = Self { records: 0, checksum: 0, number: 0, participant: 0, place: CursorPlace::Start };
}

/// Part of an export, and where it has got to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Of the request.
    pub correlation_id: u64,
    /// Of the request.
    pub migration: MigrationId,
    /// Records before the first of these.
    pub first: u64,
    /// After these.
    pub cursor: Cursor,
    /// As the old cluster wrote them for the new one.
    pub records: Arc<[u8]>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Of the request.
    pub correlation_id: u64,
    /// Of the request.
    pub migration: MigrationId,
    /// What became of it.
    pub outcome: StepOutcome,
    /// As the outcome has it; of an import how many records have come.
    pub detail: u64,
    /// After a fence, and at the begin and end of an import.
    pub extent: Extent,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StepOutcome {
    Done,
    More,
    UnknownInstrument,
    AlreadyHere,
    Over,
    OtherMigration,
    OutOfOrder,
    OtherExtent,
    Gap,
    UnknownCursor,
    Checksum,
    Record,
    Limit,
}

impl StepOutcome {
    /// Whether nothing was done.
    pub fn is_refusal(self) -> bool {
        !matches!(self, Self::Done | Self::More)
    }
}

impl fmt::Display for StepOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::More => "done in part",
            Self::UnknownInstrument => "it does not have the instrument",
            Self::AlreadyHere => "it trades the instrument itself",
            Self::Over => "that move, or a later one, is over there",
            Self::OtherMigration => "another move of the instrument is under way there",
            Self::OutOfOrder => "not in this state of the move",
            Self::OtherExtent => "another import of that move began there",
            Self::Gap => "records are missing",
            Self::UnknownCursor => "it does not know how to go on with the export",
            Self::Checksum => "other records came than were exported",
            Self::Record => "a record that can't be",
            Self::Limit => "there is no room (raise [engine] limits of its members)",
        })
    }
}

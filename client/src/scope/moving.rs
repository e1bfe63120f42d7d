//! An instrument that moves to another cluster: how its scope waits, and what the scope records of the sessions that it
//! left.

use lugus_vocabulary::{InstrumentId, MapEpoch};

/// An instrument on its way to another cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    pub(super) stage: MoveStage,
    /// Lowest epoch of a partition map that can name the instrument's new owner.
    pub(super) epoch: MapEpoch,
    /// When the oldest command began to wait, in listening time.
    pub(super) since: u64,
    /// Number of times that the scope has tried whether the instrument has arrived.
    pub(super) tries: u32,
}

/// Which of the waiting messages may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MoveStage {
    /// Nothing.
    Held,
    /// `Resume` and the oldest command, to find out whether the cluster has the instrument.
    Trying,
    /// Everything: the cluster has the instrument. An answer to a command ends the move.
    Arrived,
}

/// Record of a scope that left a cluster session, for the case that the instrument comes back within the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) instrument: InstrumentId,
    /// The scope's numbering when it left. `None` if the scope was still opening: the numbers of its commands were not
    /// known.
    pub(super) numbering: Option<u32>,
}

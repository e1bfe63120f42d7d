//! An instrument that moves to another cluster: how its scope waits, and what it remembers of the sessions that it
//! left.

use lugus_vocabulary::{InstrumentId, MapEpoch};

/// An instrument on its way to another cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    pub(super) stage: MoveStage,
    /// The partition map that will tell where the instrument is, if not a later one.
    pub(super) epoch: MapEpoch,
    /// When the oldest command began to wait, in listening time.
    pub(super) since: u64,
    /// How often the scope has tried until now whether the instrument has arrived.
    pub(super) tries: u32,
}

/// How much of what waits may be sent.
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

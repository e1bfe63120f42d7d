//! The state of a member's election, as its consensus module's counter tells it, for whoever measures a fail-over on its host.

use std::path::Path;

use aeron_support::open_counters;
use rusteron_archive::{AeronCnc, AeronCountersReader};

use crate::status::{ELECTION_CLOSED, ELECTION_STATE_TYPE_ID, StatusError, find};

/// How far a member's election is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ElectionPhase {
    /// There is none: the member leads, follows, or has not begun.
    None,
    /// The member waits for the others' positions, or for votes.
    Vote,
    /// The member is to follow.
    Follow,
    /// The member is to lead, and completes its log and its service.
    Complete,
    /// The member is to lead, and waits for a majority to follow it.
    Ready,
}

impl ElectionPhase {
    /// The phase of a value of the counter, a code of `io.aeron.cluster.ElectionState`.
    pub const fn of_state(code: i64) -> Self {
        match code {
            0..=4 => Self::Vote,
            5..=7 => Self::Complete,
            8 => Self::Ready,
            9..=16 => Self::Follow,
            _ => Self::None,
        }
    }
}

/// A running member's counter. Reading it asks nobody.
pub struct ElectionCounter {
    // Before the mapping that it reads.
    counters: AeronCountersReader,
    _cnc: AeronCnc,
    id: i32,
}

impl ElectionCounter {
    /// Finds the counter of the member of cluster `cluster_id` whose media driver's files are in `aeron_dir`.
    ///
    /// # Errors
    /// [`StatusError`]; the member must have begun its first election.
    pub fn open(aeron_dir: &Path, cluster_id: i32) -> Result<Self, StatusError> {
        let cnc = open_counters(aeron_dir)?;
        let counters = cnc.counters_reader();
        let id = find(&counters, ELECTION_STATE_TYPE_ID, Some(cluster_id))
            .ok_or_else(|| StatusError::NotRunning { aeron_dir: aeron_dir.to_path_buf() })?;
        Ok(Self { counters, _cnc: cnc, id })
    }

    /// How far the member's election is now.
    pub fn phase(&self) -> ElectionPhase {
        ElectionPhase::of_state(self.counters.get_counter_value(self.id).unwrap_or(ELECTION_CLOSED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_to_be_comes_through_all_phases_in_order() {
        let phases: Vec<_> = (0..=8).map(ElectionPhase::of_state).collect();
        assert!(phases.is_sorted());
        assert_eq!(
            (phases[0], phases[5], phases[8]),
            (ElectionPhase::Vote, ElectionPhase::Complete, ElectionPhase::Ready)
        );
        assert_eq!(ElectionPhase::of_state(ELECTION_CLOSED), ElectionPhase::None);
    }
}

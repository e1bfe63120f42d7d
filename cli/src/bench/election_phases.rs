//! When the members of a cluster whose leader was killed came from one phase of their election to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lugus_node::election::{ElectionCounter, ElectionPhase};
use lugus_topology::ClusterSpec;

use crate::failure::Failure;
use crate::leader_killer::KilledLeader;

/// Time between two looks at the counters: the precision of what is measured.
const INTERVAL: Duration = Duration::from_micros(250);

/// Largest number of changes that are kept.
const MAX_CHANGES: usize = 4_096;

/// A thread that looks at the counters of all members until it is asked for what it has seen.
pub struct ElectionWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Change>>,
}

/// A member has come to another phase.
#[derive(Debug, Clone, Copy)]
struct Change {
    member: i32,
    phase: ElectionPhase,
    at: Instant,
}

/// When an election came to what.
#[derive(Debug, Clone, Copy)]
pub struct Election {
    /// A survivor missed the leader.
    pub missed: Instant,
    /// One of them was elected.
    pub elected: Instant,
    /// It had completed its log, and its service had applied it.
    pub completed: Instant,
    /// It led: another member followed it.
    pub leads: Instant,
}

impl ElectionWatch {
    /// Watches the members of `cluster`, all of which must run.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(cluster: ClusterSpec) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name(String::from("elections")).spawn(move || watch(&cluster, &is_stopped));
        Ok(Self { stop, thread: thread.map_err(Failure::new)? })
    }

    /// The election after the end of this leader.
    ///
    /// # Errors
    /// When it was not seen.
    pub fn election(self, killed: KilledLeader) -> Result<Election, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let changes = self.thread.join().map_err(|_| Failure::new("the thread that watched the election failed"))?;
        let after: Vec<_> =
            changes.into_iter().filter(|change| change.member != killed.member && change.at >= killed.at).collect();
        election(&after).ok_or_else(|| Failure::new("no election was seen after the kill"))
    }
}

fn watch(cluster: &ClusterSpec, is_stopped: &AtomicBool) -> Vec<Change> {
    let counters: Vec<_> = cluster
        .members
        .iter()
        .filter_map(|member| Some((member.id.0, ElectionCounter::open(&member.aeron_dir, cluster.id.0).ok()?)))
        .collect();
    let mut phases = vec![ElectionPhase::None; counters.len()];
    let mut changes = Vec::with_capacity(MAX_CHANGES);
    while !is_stopped.load(Ordering::Relaxed) {
        for ((member, counter), last) in counters.iter().zip(&mut phases) {
            let phase = counter.phase();
            if phase != *last && changes.len() < MAX_CHANGES {
                changes.push(Change { member: *member, phase, at: Instant::now() });
                *last = phase;
            }
        }
        thread::sleep(INTERVAL);
    }
    changes
}

/// The first election in these changes of survivors that one of them has won. A phase that was too short to be seen has the time at
/// which it was over.
fn election(changes: &[Change]) -> Option<Election> {
    let missed = changes.iter().find(|change| change.phase == ElectionPhase::Vote)?.at;
    let winner = changes.iter().find(|change| change.phase >= ElectionPhase::Complete)?.member;
    let of_winner: Vec<_> = changes.iter().filter(|change| change.member == winner).collect();
    let elected = of_winner.iter().position(|change| change.phase >= ElectionPhase::Complete)?;
    let of_winner = &of_winner[elected..];
    let leads = of_winner.iter().find(|change| change.phase == ElectionPhase::None)?.at;
    let completed =
        of_winner.iter().find(|change| change.phase == ElectionPhase::Ready).map_or(leads, |change| change.at);
    Some(Election { missed, elected: of_winner.first()?.at, completed, leads })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_election_is_the_winners() {
        use ElectionPhase::{Complete, Follow, None as Closed, Ready, Vote};
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let change = |member, phase, millis| Change { member, phase, at: at(millis) };
        let mut changes = vec![change(1, Vote, 150), change(2, Vote, 160), change(2, Complete, 190)];
        assert!(election(&changes).is_none());
        changes.extend([change(1, Follow, 195), change(2, Ready, 210), change(1, Closed, 215)]);
        assert!(election(&changes).is_none());
        changes.push(change(2, Closed, 220));
        let Election { missed, elected, completed, leads } = election(&changes).expect("an election");
        assert_eq!([missed, elected, completed, leads], [at(150), at(190), at(210), at(220)]);
    }

    #[test]
    fn a_phase_that_was_not_seen_ends_with_the_next() {
        use ElectionPhase::{Complete, None as Closed, Vote};
        let now = Instant::now();
        let change = |phase| Change { member: 1, phase, at: now };
        let election = election(&[change(Vote), change(Complete), change(Closed)]).expect("an election");
        assert_eq!(election.completed, now);
    }
}

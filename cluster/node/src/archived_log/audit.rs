//! The audit of a member: its whole archived log through a new engine, compared with each snapshot on the way, and with what
//! others know.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::ClusterSpec;
use lugus_vocabulary::{LogPosition, StateAt};

use super::recorded::{ArchivedLog, ArchivedLogError, Start, StartFrom};
use super::run::{Difference, LogRun, Paused, Stopped, Until};

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What an audit is to do.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Position at which the audit ends, although the log may go on; `None` for the end of the log.
    pub until: Option<i64>,
    /// Longest wait for the log to reach `until`: a running member's archive may write later than its service applies.
    pub patience: Duration,
    /// Hashes that others have found.
    pub expected: Vec<Expected>,
    /// Positions whose hash the report shall have, if the log begins before them.
    pub wanted: Vec<i64>,
}

/// A state hash that somebody else has found at a position of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The hash and the position.
    pub state: StateAt,
    /// Who has found it, such as `the running member`.
    pub source: String,
}

/// What an audit has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// Where the engine started.
    pub start: Start,
    /// Position after the last event that was applied.
    pub end_position: i64,
    /// State hash there.
    pub state_hash: u64,
    /// Number of commands that were applied.
    pub commands: u64,
    /// Number of snapshots that were compared with the state at their positions.
    pub snapshots_compared: u64,
    /// What differs, in the order in which it was found; at most the first hundred.
    pub differences: Vec<Difference>,
    /// The hashes at the positions that were wanted and are not before the start.
    pub hashes: Vec<StateAt>,
}

/// Audits a member of `cluster`.
///
/// # Errors
/// The log can't be found, or no engine can start from what there is. Damage within the log is a difference.
pub fn audit(cluster: &ClusterSpec, log: &ArchivedLog, audit: &Audit) -> Result<AuditReport, ArchivedLogError> {
    let mut run = LogRun::start(cluster, log, &StartFrom::Oldest)?;
    for snapshot in log.consensus_module_snapshots() {
        if let Err(error) = log.fragments(snapshot).map_err(Into::into).and_then(|mut fragments| fragments.messages()) {
            run.differ(snapshot.log_position, format!("the consensus module's snapshot can't be read: {error}"));
        }
    }
    let mut marks: Vec<Mark> = audit.expected.iter().cloned().map(Mark::Expected).collect();
    // Of a position before the start there is no state.
    let wanted = audit.wanted.iter().copied().filter(|position| *position >= run.started().position());
    marks.extend(wanted.map(Mark::Wanted));
    marks.sort_by_key(Mark::position);
    let mut marks: VecDeque<Mark> = marks.into();
    let mut hashes = Vec::new();
    let deadline = Instant::now() + audit.patience;
    loop {
        let until = audit.until.unwrap_or(i64::MAX);
        let next = marks.front().map_or(until, |mark| mark.position().min(until));
        let paused = run.advance(Until::position(next), u64::MAX);
        while let Some(mark) = marks.pop_front_if(|mark| mark.position() <= run.position()) {
            look(&mut run, mark, &mut hashes);
        }
        let is_awaited = audit.until.is_some_and(|until| run.position() < until);
        match paused {
            Ok(Paused::AtPosition) if next < until => {
                // A mark that is no border of two events is passed where the first event behind it begins.
                while let Some(mark) = marks.pop_front_if(|mark| mark.position() <= next) {
                    look(&mut run, mark, &mut hashes);
                }
            }
            Ok(Paused::AtEnd) | Err(Stopped::Unreadable { .. }) if is_awaited && Instant::now() < deadline => {
                thread::sleep(POLL_INTERVAL);
            }
            Ok(_) => break,
            Err(stopped) => {
                let what = match &stopped {
                    Stopped::Unreadable { what, .. } | Stopped::Unacceptable { what, .. } => what.clone(),
                };
                run.differ(run.position(), what);
                break;
            }
        }
    }
    for mark in marks {
        if let Mark::Expected(Expected { state, source }) = mark {
            let what = format!("{source} has a state of position {}, where the log has ended", state.position.0);
            run.differ(run.position(), what);
        }
    }
    run.check_snapshots_passed();
    Ok(AuditReport {
        start: run.started(),
        end_position: run.position(),
        state_hash: run.engine().state_hash().0,
        commands: run.commands(),
        snapshots_compared: run.snapshots_compared(),
        differences: run.differences().to_vec(),
        hashes,
    })
}

/// A position at which the state is looked at.
#[derive(Debug)]
enum Mark {
    Expected(Expected),
    Wanted(i64),
}

impl Mark {
    fn position(&self) -> i64 {
        match self {
            Self::Expected(expected) => expected.state.position.0,
            Self::Wanted(position) => *position,
        }
    }
}

fn look(run: &mut LogRun<'_>, mark: Mark, hashes: &mut Vec<StateAt>) {
    let hash = run.engine().state_hash();
    match mark {
        Mark::Wanted(position) => hashes.push(StateAt { position: LogPosition(position), hash }),
        Mark::Expected(Expected { state, source }) if state.hash != hash => run.differ(
            state.position.0,
            format!("{source} has state {:016x}, but the log leads to state {:016x}", state.hash.0, hash.0),
        ),
        Mark::Expected(_) => {}
    }
}

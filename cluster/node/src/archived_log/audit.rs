//! The audit of a member: its whole archived log through a new engine, compared with each snapshot on the way.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use aeron_archive_files::{ArchiveFileError, FrameReader, Snapshot};
use aeron_cluster_service::{Applied, LogReplay};
use lugus_topology::ClusterSpec;
use lugus_vocabulary::{LogPosition, StateAt};

use super::fragments::fragment;
use super::recorded::{ArchivedLog, ArchivedLogError, Start};
use super::snapshot_check;
use crate::member::empty_service;
use crate::service::{Change, MatchingService};

/// Greatest number of differences that are told. The audit goes on after a difference; what follows from it is told too.
const MAX_DIFFERENCES: usize = 100;

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
    /// Positions whose hash the report shall have.
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

/// Where the log leads to something else than was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Position in the log, in bytes.
    pub position: i64,
    /// What differs.
    pub what: String,
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
    /// The hashes at the positions that were wanted.
    pub hashes: Vec<StateAt>,
}

/// Audits a member of `cluster`.
///
/// # Errors
/// The log can't be found, or no engine can start from what there is. Damage within the log is a difference.
pub fn audit(cluster: &ClusterSpec, log: &ArchivedLog, audit: &Audit) -> Result<AuditReport, ArchivedLogError> {
    let commands = Rc::new(Cell::new(0));
    let mut differences = Differences::default();
    let make = || {
        let commands = Rc::clone(&commands);
        empty_service(cluster.deployment()).with_change_listener(Box::new(move |_, change| {
            if let Change::Command(_) = change {
                commands.set(commands.get() + 1);
            }
        }))
    };
    for snapshot in log.consensus_module_snapshots() {
        if let Err(error) = log.fragments(snapshot).map_err(Into::into).and_then(|mut fragments| fragments.messages()) {
            differences.add(snapshot.log_position, format!("the consensus module's snapshot can't be read: {error}"));
        }
    }
    let (replay, start) = log.start(make, |position, what| differences.add(position, what))?;
    let mut expected: Vec<Mark> = audit.expected.iter().cloned().map(Mark::Expected).collect();
    expected.extend(audit.wanted.iter().copied().map(Mark::Wanted));
    expected.sort_by_key(Mark::position);
    let snapshots = log.snapshots().filter(|snapshot| snapshot.log_position > start.position());
    let mut run = Run {
        log,
        replay,
        marks: expected.into(),
        snapshots: snapshots.copied().collect(),
        snapshots_compared: 0,
        hashes: Vec::new(),
        differences,
        make: &|| empty_service(cluster.deployment()),
    };
    let mut reader = log.frames(start.position());
    let deadline = Instant::now() + audit.patience;
    loop {
        let applied = run.apply_all(&mut reader, audit.until.unwrap_or(i64::MAX));
        let is_awaited = audit.until.is_some_and(|until| reader.position() < until);
        match applied {
            Ok(()) | Err(Stopped::Unreadable(_)) if is_awaited && Instant::now() < deadline => {
                thread::sleep(POLL_INTERVAL)
            }
            Ok(()) => break,
            Err(Stopped::Unreadable(what) | Stopped::Unacceptable(what)) => {
                run.differences.add(reader.position(), what);
                break;
            }
        }
    }
    Ok(run.report(start, reader.position(), commands.get()))
}

/// Why a log can't be applied further.
enum Stopped {
    /// It can't be read.
    Unreadable(String),
    /// It would end a member.
    Unacceptable(String),
}

/// The differences so far.
#[derive(Debug, Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, position: i64, what: String) {
        if self.0.len() < MAX_DIFFERENCES {
            self.0.push(Difference { position, what });
        }
    }
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

/// An audit under way.
struct Run<'a> {
    log: &'a ArchivedLog,
    replay: LogReplay<MatchingService>,
    /// Marks that have not been reached, in the order of their positions.
    marks: VecDeque<Mark>,
    /// Snapshots that have not been reached, in the order of their positions.
    snapshots: VecDeque<Snapshot>,
    snapshots_compared: u64,
    hashes: Vec<StateAt>,
    differences: Differences,
    make: &'a dyn Fn() -> MatchingService,
}

impl Run<'_> {
    /// Applies the log up to the position `until`; the error says why the log can't be applied further.
    fn apply_all(&mut self, reader: &mut FrameReader, until: i64) -> Result<(), Stopped> {
        while reader.position() < until {
            let Some(frame) = reader.next_frame().map_err(|error| Stopped::Unreadable(damaged(&error)))? else {
                return Ok(());
            };
            let position = frame.position;
            self.pass(position);
            let errors = self.replay.errors().len();
            let applied =
                self.replay.apply(&fragment(frame)).map_err(|error| Stopped::Unacceptable(error.to_string()))?;
            for error in self.replay.errors().iter().skip(errors) {
                self.differences.add(position, error.clone());
            }
            if let Applied::SnapshotRequest { log_position, .. } = applied {
                self.compare_snapshots(log_position);
            }
        }
        Ok(())
    }

    /// Looks at the state before the frame that ends at `position`, if a mark is before it.
    #[inline]
    fn pass(&mut self, position: i64) {
        while let Some(mark) = self.marks.pop_front_if(|mark| mark.position() < position) {
            self.look(mark);
        }
    }

    #[cold]
    fn look(&mut self, mark: Mark) {
        let hash = self.replay.service().engine().state_hash();
        match mark {
            Mark::Wanted(position) => self.hashes.push(StateAt { position: LogPosition(position), hash }),
            Mark::Expected(Expected { state, source }) if state.hash != hash => self.differences.add(
                state.position.0,
                format!("{source} has state {:016x}, but the log leads to state {:016x}", state.hash.0, hash.0),
            ),
            Mark::Expected(_) => {}
        }
    }

    fn compare_snapshots(&mut self, log_position: i64) {
        while let Some(snapshot) = self.snapshots.pop_front_if(|snapshot| snapshot.log_position <= log_position) {
            if snapshot.log_position < log_position {
                self.differences.add(snapshot.log_position, String::from(NOT_ASKED_FOR));
                continue;
            }
            self.snapshots_compared += 1;
            if let Some(what) = snapshot_check::difference(self.log, &snapshot, &mut self.replay, self.make) {
                self.differences.add(log_position, what);
            }
        }
    }

    fn report(mut self, start: Start, end_position: i64, commands: u64) -> AuditReport {
        self.pass(end_position.saturating_add(1));
        for mark in std::mem::take(&mut self.marks) {
            if let Mark::Expected(Expected { state, source }) = mark {
                let what = format!("{source} has a state of position {}, where the log has ended", state.position.0);
                self.differences.add(end_position, what);
            }
        }
        for snapshot in self.snapshots.iter().filter(|snapshot| snapshot.log_position <= end_position) {
            self.differences.add(snapshot.log_position, String::from(NOT_ASKED_FOR));
        }
        AuditReport {
            start,
            end_position,
            state_hash: self.replay.service().engine().state_hash().0,
            commands,
            snapshots_compared: self.snapshots_compared,
            differences: self.differences.0,
            hashes: self.hashes,
        }
    }
}

const NOT_ASKED_FOR: &str = "there is a snapshot of this position, but the log asks for none there";

fn damaged(error: &ArchiveFileError) -> String {
    match error {
        ArchiveFileError::Damage(damage) => format!("the log is damaged at {damage}"),
        error => error.to_string(),
    }
}

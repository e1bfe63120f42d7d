//! Audits of logs that are written by hand, sound and bent.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use aeron_archive_files::testing::{
    End, TERM_LENGTH, WrittenRecording, segment_path, write_archive, write_recording_log,
};
use aeron_archive_files::{CONSENSUS_MODULE, FrameChecksum, Snapshot, Term};
use aeron_cluster_service::testing::log_messages::{
    first_leadership_term, session_message, session_open, snapshot_action,
};
use aeron_cluster_service::{Applied, ClientSession, DEFAULT_APP_VERSION, Fragment, LogReplay};
use lugus_topology::{ClusterId, ClusterSpec, Deployment};
use lugus_vocabulary::{EpochNanos, ExecType, LogPosition, MarketData, Report, ReportBody, Side, StateAt, StateHash};
use tempfile::TempDir;

use super::audit::{Audit, AuditReport, Expected, audit};
use super::recorded::{ArchivedLog, ArchivedLogError, MemberFiles, Start, StartFrom};
use super::run::{Difference, LogRun, Paused, Until};
use crate::listener::{Change, ServiceListener};
use crate::member::empty_service;
use crate::test_messages::{cancel_message, define_message, new_order_message};

const LOG: i64 = 0;
const OPERATOR: i64 = 1;
const ALICE: i64 = 2;
const BOB: i64 = 3;

/// A member with the log of some orders, and what its service recorded of them.
struct Member {
    dir: TempDir,
    log: WrittenRecording,
    replay: LogReplay<crate::service::MatchingService>,
    snapshots: Vec<Snapshot>,
    recordings: Vec<WrittenRecording>,
    orders: u64,
}

impl Member {
    /// An open instrument, and sessions of the operator and of two participants.
    fn new() -> Self {
        let mut member = Self {
            dir: tempfile::tempdir().unwrap(),
            log: WrittenRecording::new(LOG),
            replay: LogReplay::start(empty_service(cluster().deployment()), DEFAULT_APP_VERSION).unwrap(),
            snapshots: Vec::new(),
            recordings: Vec::new(),
            orders: 0,
        };
        member.append(&first_leadership_term(1));
        for (session, principal) in [(OPERATOR, b"0"), (ALICE, b"1"), (BOB, b"2")] {
            member.append(&session_open(0, 2, &ClientSession::new(session, 102, "aeron:udp?endpoint=c:1", principal)));
        }
        member.says(OPERATOR, &define_message(1, 1));
        member
    }

    fn append(&mut self, event: &[u8]) -> Applied {
        let position = self.log.append(event);
        self.replay.apply(&Fragment { payload: event, flags: 0xc0, session_id: 0, term_offset: 0, position }).unwrap()
    }

    fn says(&mut self, session: i64, payload: &[u8]) {
        let time = 1_000 + self.log.position();
        self.append(&session_message(0, session, time, payload));
    }

    /// Orders that trade, and some that rest.
    fn trade(&mut self, count: u64) {
        for _ in 0..count {
            self.orders += 1;
            let i = self.orders;
            self.says(ALICE, &new_order_message(1, 2 * i - 1, i, Side::Sell, 1_000 + (i % 7) as i64, 3));
            self.says(ALICE, &cancel_message(1, 2 * i, i.saturating_sub(3)));
            self.says(BOB, &new_order_message(1, i, i, Side::Buy, 1_001, 2));
        }
    }

    /// Records a snapshot of the service and one of the consensus module.
    fn snapshot(&mut self) -> i64 {
        let applied = self.append(&snapshot_action(0, 0, 5, 0));
        let Applied::SnapshotRequest { log_position, leadership_term_id } = applied else { panic!("{applied:?}") };
        let mut recording = WrittenRecording::new(self.recordings.len() as i64 + 1);
        for message in self.replay.take_snapshot(leadership_term_id).unwrap() {
            recording.append(&message);
        }
        let mut of_consensus_module = WrittenRecording::new(recording_id(&self.recordings) + 1);
        of_consensus_module.append(b"timers and sessions");
        for (i, service_id) in [(0, 0), (1, CONSENSUS_MODULE)] {
            let recording_id = recording_id(&self.recordings) + i;
            self.snapshots.push(Snapshot { recording_id, leadership_term_id, log_position, timestamp: 5, service_id });
        }
        self.recordings.extend([recording, of_consensus_module]);
        log_position
    }

    fn state(&self) -> StateAt {
        state(self.replay.service().engine().state_hash().0, self.log.position())
    }

    fn write(&self) {
        let recordings: Vec<&WrittenRecording> = std::iter::once(&self.log).chain(&self.recordings).collect();
        write_archive(self.dir.path(), &recordings, End::Killed).unwrap();
        let term = Term { recording_id: LOG, leadership_term_id: 0, base_log_position: 0 };
        write_recording_log(self.dir.path(), &[term], &self.snapshots).unwrap();
    }

    fn audit(&self, what: &Audit) -> AuditReport {
        audit(&cluster(), &open(self.dir.path()).unwrap(), what).unwrap()
    }
}

fn state(hash: u64, position: i64) -> StateAt {
    StateAt { position: LogPosition(position), hash: StateHash(hash) }
}

fn recording_id(recordings: &[WrittenRecording]) -> i64 {
    recordings.len() as i64 + 1
}

fn open(dir: &Path) -> Result<ArchivedLog, ArchivedLogError> {
    let files = MemberFiles { archive_dir: dir.into(), cluster_dir: dir.into(), checksum: FrameChecksum::Crc32c };
    ArchivedLog::open(files)
}

fn cluster() -> ClusterSpec {
    Deployment::default_local(1, 20_100).cluster(ClusterId(0)).unwrap()
}

/// A member with snapshots after 200 and after 1,100 rounds, and 10 rounds after them. The first is in the second term.
fn traded() -> (Member, i64, i64) {
    let mut member = Member::new();
    member.trade(200);
    let first = member.snapshot();
    member.trade(900);
    let second = member.snapshot();
    member.trade(10);
    assert!(first > TERM_LENGTH as i64 && second > 3 * TERM_LENGTH as i64, "{first} {second}");
    (member, first, second)
}

fn positions(report: &AuditReport) -> Vec<i64> {
    report.differences.iter().map(|difference| difference.position).collect()
}

#[test]
fn the_log_of_a_sound_member_leads_to_its_snapshots_and_to_its_state() {
    let (member, first, _) = traded();
    member.write();
    let expected = Expected { state: member.state(), source: String::from("the running member") };
    let report = member.audit(&Audit { expected: vec![expected], wanted: vec![first], ..Audit::default() });
    assert_eq!(report.differences, []);
    assert_eq!((report.start, report.commands, report.snapshots_compared), (Start::Beginning, 1 + 3 * 1_110, 2));
    assert_eq!(state(report.state_hash, report.end_position), member.state());
    let early = member.audit(&Audit { until: Some(first), ..Audit::default() });
    assert_eq!((early.commands, early.end_position, early.snapshots_compared), (1 + 3 * 200, first, 1));
    assert_eq!(report.hashes, [state(early.state_hash, first)]);
}

#[test]
fn a_bent_snapshot_is_a_difference_at_its_position() {
    let (mut member, _, second) = traded();
    let mut bent = WrittenRecording::new(member.recordings.len() as i64 - 1);
    let messages = member.replay.take_snapshot(0).unwrap();
    for (i, message) in messages.iter().enumerate() {
        let mut message = message.clone();
        if i + 1 == messages.len() {
            let middle = message.len() / 2;
            message[middle] ^= 1;
        }
        bent.append(&message);
    }
    let index = member.recordings.len() - 2;
    member.recordings[index] = bent;
    member.write();
    let report = member.audit(&Audit::default());
    assert_eq!((positions(&report), report.snapshots_compared), (vec![second], 2), "{report:?}");
}

#[test]
fn the_snapshot_of_another_state_is_a_difference() {
    let (mut member, first, second) = traded();
    let count = member.recordings.len();
    member.snapshots[count - 2].recording_id = member.snapshots[0].recording_id;
    member.write();
    let report = member.audit(&Audit::default());
    assert_eq!(positions(&report), [second], "{report:?}");
    assert!(report.differences[0].what.contains("but the log leads to state"), "{report:?}");
    member.snapshots[count - 2].log_position = first + 96;
    member.write();
    let what = String::from("there is a snapshot of this position, but the log asks for none there");
    assert_eq!(member.audit(&Audit::default()).differences, [Difference { position: first + 96, what }]);
}

#[test]
fn a_changed_order_leads_to_another_state_than_was_recorded() {
    let (mut member, first, second) = traded();
    let mut changed = Member::new();
    changed.trade(200);
    changed.append(&snapshot_action(0, 0, 5, 0));
    changed.says(ALICE, &new_order_message(1, 1, 1, Side::Sell, 999, 3));
    changed.says(BOB, &new_order_message(1, 201, 999, Side::Buy, 1_001, 1));
    std::mem::swap(&mut member.log, &mut changed.log);
    let expected = Expected { state: state(1, first + 96), source: String::from("member 2") };
    member.snapshots.retain(|snapshot| snapshot.log_position < second);
    member.write();
    let report = member.audit(&Audit { expected: vec![expected], ..Audit::default() });
    assert_eq!((positions(&report), report.snapshots_compared), (vec![first + 96], 1), "{report:?}");
    assert!(report.differences[0].what.starts_with("member 2 has state 0000000000000001, but"), "{report:?}");
}

#[test]
fn damage_ends_the_audit_where_it_is() {
    let (member, first, _) = traded();
    member.write();
    let path = segment_path(member.dir.path(), LOG, 2);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let report = member.audit(&Audit { wanted: vec![first], ..Audit::default() });
    assert_eq!((report.differences.len(), report.snapshots_compared, report.hashes.len()), (1, 1, 1), "{report:?}");
    assert!(report.differences[0].what.starts_with("the log is damaged at position 13"), "{report:?}");
    assert!((2 * TERM_LENGTH as i64..2 * TERM_LENGTH as i64 + 1_000).contains(&report.differences[0].position));
}

#[test]
fn a_log_whose_beginning_was_purged_is_audited_from_its_oldest_good_snapshot() {
    let (mut member, first, second) = traded();
    member.log.purge(first);
    member.write();
    let report = member.audit(&Audit { wanted: vec![first - 96, first], ..Audit::default() });
    assert_eq!((report.start, report.snapshots_compared), (Start::Snapshot { position: first }, 1), "{report:?}");
    let told: Vec<i64> = report.hashes.iter().map(|state| state.position.0).collect();
    assert_eq!(told, [first], "there is no state of a position before the start");
    assert_eq!((report.commands, report.differences.len(), report.state_hash), (3 * 910, 0, member.state().hash.0));

    let bent = segment_path(member.dir.path(), member.snapshots[0].recording_id, 0);
    let mut bytes = std::fs::read(&bent).unwrap();
    bytes[400] ^= 1;
    std::fs::write(&bent, bytes).unwrap();
    let report = member.audit(&Audit::default());
    assert_eq!((report.start, positions(&report)), (Start::Snapshot { position: second }, vec![first]), "{report:?}");
}

#[test]
fn a_log_that_ends_before_a_known_state_is_a_difference() {
    let (member, ..) = traded();
    member.write();
    let StateAt { hash, position: LogPosition(position) } = member.state();
    let expected = Expected { state: state(hash.0, position + 96), source: String::from("member 1") };
    let (until, patience) = (Some(position + 96), Duration::from_millis(20));
    let report = member.audit(&Audit { until, patience, expected: vec![expected], ..Audit::default() });
    assert_eq!(positions(&report), [position], "{report:?}");
}

#[test]
fn a_member_without_a_log_says_so() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(dir.path()), Err(ArchivedLogError::Files(_))));
    write_recording_log(dir.path(), &[], &[]).unwrap();
    assert!(matches!(open(dir.path()), Err(ArchivedLogError::NoLog { .. })));
}

/// What a log does to the engine.
#[derive(Default)]
struct Heard {
    commands: u64,
    fills: u64,
    increments: u64,
    last: i64,
}

impl ServiceListener for Heard {
    fn change(&mut self, position: LogPosition, _: EpochNanos, change: Change<'_>) {
        self.commands += u64::from(matches!(change, Change::Command(_)));
        self.last = position.0;
    }

    fn report(&mut self, report: &Report) {
        if let ReportBody::Execution(execution) = &report.body {
            self.fills += u64::from(execution.exec_type == ExecType::Trade);
        }
    }

    fn market_data(&mut self, _: &MarketData) {
        self.increments += 1;
    }

    fn wants_market_data(&self) -> bool {
        true
    }
}

#[test]
fn a_listener_hears_what_the_log_does() {
    let (member, ..) = traded();
    member.write();
    let (cluster, log) = (cluster(), open(member.dir.path()).unwrap());
    let heard = Rc::new(RefCell::new(Heard::default()));
    let mut run = LogRun::start(&cluster, &log, &StartFrom::Oldest).unwrap();
    run.listen(Rc::clone(&heard));
    assert_eq!(run.advance(Until::END, u64::MAX).unwrap(), Paused::AtEnd);
    let heard = heard.borrow();
    assert_eq!((heard.commands, heard.last), (1 + 3 * 1_110, member.log.position()));
    // Both sides of each trade are told, and each order changes the book.
    assert!(heard.fills > 1_000 && heard.fills.is_multiple_of(2) && heard.increments > 3_000, "{}", heard.fills);
}

#[test]
fn a_run_starts_from_the_state_that_is_nearest() {
    let (member, first, second) = traded();
    member.write();
    let (cluster, log) = (cluster(), open(member.dir.path()).unwrap());
    let snapshot = |position| Start::Snapshot { position };
    for (from, start) in [
        (StartFrom::Oldest, Start::Beginning),
        (StartFrom::NewestSnapshot, snapshot(second)),
        (StartFrom::Position(i64::MAX), snapshot(second)),
        (StartFrom::Position(second - 1), snapshot(first)),
        (StartFrom::Position(first - 1), Start::Beginning),
        // Both snapshots are of time 5.
        (StartFrom::Time(EpochNanos(5)), snapshot(second)),
        (StartFrom::Time(EpochNanos(4)), Start::Beginning),
    ] {
        let mut run = LogRun::start(&cluster, &log, &from).unwrap();
        assert_eq!(run.started(), start, "{from:?}");
        assert_eq!(run.advance(Until::END, u64::MAX).unwrap(), Paused::AtEnd);
        assert_eq!((run.engine().state_hash(), run.differences()), (member.state().hash, [].as_slice()), "{from:?}");
    }
}

#[test]
fn a_run_ends_at_a_position_or_a_time_and_goes_on_from_what_it_has_saved() {
    let (member, first, second) = traded();
    member.write();
    let (cluster, log) = (cluster(), open(member.dir.path()).unwrap());
    let mut run = LogRun::start(&cluster, &log, &StartFrom::Oldest).unwrap();
    let time = EpochNanos(1_000 + first);
    assert_eq!(run.advance(Until::END.not_after(time), u64::MAX).unwrap(), Paused::AtTime);
    assert_eq!((run.time(), run.snapshots_compared()), (time, 1));
    // The event of that time is the first one after the snapshot.
    assert!(run.position() > first && run.position() < first + 300, "{}", run.position());
    assert_eq!(run.advance(Until::END, 5).unwrap(), Paused::Between);
    assert_eq!(run.advance(Until::position(second - 1), u64::MAX).unwrap(), Paused::AtPosition);
    assert!(run.position() < second);
    let saved = run.save().unwrap();
    assert_eq!(saved.place.position, run.position());
    let mut run = LogRun::start(&cluster, &log, &StartFrom::Saved(saved.clone())).unwrap();
    assert_eq!(run.started(), Start::Saved { position: saved.place.position });
    assert_eq!(run.advance(Until::END, u64::MAX).unwrap(), Paused::AtEnd);
    assert_eq!((run.snapshots_compared(), run.differences()), (1, [].as_slice()));
    assert_eq!(run.engine().state_hash(), member.state().hash);

    let mut bent = saved;
    bent.messages.pop();
    let error = LogRun::start(&cluster, &log, &StartFrom::Saved(bent)).map(|_| ()).unwrap_err();
    assert!(matches!(error, ArchivedLogError::Saved { .. }), "{error}");
}

//! Stamps of commands, with the real recorder, a recording cluster and a clock that counts its readings.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{MessageTimes, Role, TimeUnit};
use lugus_engine::EngineLimits;
use lugus_stages::{StageFile, StageRecord, StageSource, StageWriter};
use lugus_vocabulary::{ClientSequence, ClusterId, EpochNanos, InstrumentId, MemberId, ParticipantId, Side};

use super::StageRecorder;
use crate::service::{DropCopyPolicy, MatchingService};
use crate::test_messages::{
    book_message, cancel_message, define_message, drop_copy_message, new_order_message, resume_message,
};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const BOB: i64 = 102;
const LOG_TIME: i64 = 1_000;

/// A service that stamps, with an open instrument 1. Nothing is stamped yet.
struct Market {
    service: MatchingService,
    cluster: RecordingCluster,
    /// Time of the clock's last reading; each reading is 1 ns later than the one before.
    now: Rc<Cell<i64>>,
    folder: tempfile::TempDir,
}

impl Market {
    fn new(capacity: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = StageSource { cluster: ClusterId(0), member: MemberId(0), every: 2 };
        let writer = StageWriter::create(&file(folder.path()), source, capacity).unwrap();
        let now = Rc::new(Cell::new(LOG_TIME));
        let clock = Rc::clone(&now);
        let recorder = StageRecorder::with_clock(
            writer,
            Box::new(move || {
                clock.set(clock.get() + 1);
                EpochNanos(clock.get())
            }),
        );
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Everybody).with_stages(recorder);
        let mut cluster = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(LOG_TIME);
        let mut market = Self { service, cluster, now, folder };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1"), (BOB, "2")] {
            market.cluster.session_open(&mut market.service, session, principal.as_bytes());
        }
        market.says(OPERATOR, &define_message(1, 1));
        market
    }

    /// A message that is not stamped.
    fn says(&mut self, session: i64, message: &[u8]) {
        self.cluster.session_message(&mut self.service, session, message);
    }

    /// A message that the container has timed: committed and polled 10 and 5 ns before the service gets it.
    fn says_timed(&mut self, session: i64, message: &[u8]) {
        let now = self.now.get() + 100;
        self.now.set(now);
        self.cluster.set_message_times(Some(MessageTimes { committed_ns: now - 10, polled_ns: now - 5 }));
        self.says(session, message);
        self.cluster.set_message_times(None);
    }

    fn records(&self) -> Vec<StageRecord> {
        StageFile::read(&file(self.folder.path())).unwrap().records
    }
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("stages")
}

fn stamps(record: &StageRecord) -> Vec<i64> {
    let times = [record.logged, record.committed, record.polled, record.engine_begun];
    let answer = [record.answered, record.offered].into_iter().flatten();
    times.into_iter().chain(answer).chain([record.applied]).map(|time| time.0).collect()
}

#[test]
fn each_sampled_command_is_stamped_once_in_the_order_of_its_way() {
    let mut market = Market::new(64);
    let mut sampled = Vec::new();
    for number in 1..=30 {
        let message = match number % 3 {
            0 => cancel_message(1, number, number - 1),
            side => {
                let side = if side == 1 { Side::Buy } else { Side::Sell };
                new_order_message(1, number, number, side, 1_000, 5)
            }
        };
        if number % 2 == 0 {
            market.says_timed(ALICE, &message);
            sampled.push(number);
        } else {
            market.says(ALICE, &message);
        }
    }
    let records = market.records();
    assert_eq!(records.iter().map(|record| record.client_sequence.0).collect::<Vec<_>>(), sampled);
    assert!(records.is_sorted_by_key(|record| record.log_position));
    for record in &records {
        assert_eq!((record.participant, record.instrument), (ParticipantId(1), InstrumentId(1)));
        let stamps = stamps(record);
        assert_eq!(stamps.len(), 7, "each was answered: {record:?}");
        assert!(stamps.is_sorted(), "{record:?}");
    }
}

#[test]
fn the_answer_is_the_first_report_for_the_sender_and_the_clock_is_read_once_a_stage() {
    let mut market = Market::new(64);
    market.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
    let before = market.now.get() + 100;
    // Three reports: new, and the trade of each side.
    market.says_timed(BOB, &new_order_message(1, 1, 21, Side::Buy, 1_000, 5));
    let [record] = market.records()[..] else { panic!("one record") };
    assert_eq!((record.participant, record.client_sequence), (ParticipantId(2), ClientSequence(1)));
    assert_eq!(stamps(&record), [LOG_TIME, before - 10, before - 5, before + 1, before + 2, before + 3, before + 4]);
}

#[test]
fn only_commands_are_stamped_and_a_stamp_is_of_its_own_message() {
    let mut market = Market::new(64);
    for (number, message) in
        [book_message(1, 5), drop_copy_message(1), resume_message(1, None), vec![0xff; 40]].iter().enumerate()
    {
        market.says_timed(ALICE, message);
        // Not sampled: it must not get the stamps of the message before.
        market.says(ALICE, &new_order_message(1, number as u64 + 1, number as u64, Side::Buy, 1_000, 5));
    }
    assert_eq!(market.records(), []);
}

#[test]
fn a_follower_stamps_the_same_commands_without_an_answer() {
    let mut market = Market::new(64);
    market.cluster.set_role(Role::Follower);
    market.says_timed(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
    let [record] = market.records()[..] else { panic!("one record") };
    assert_eq!((record.answered, record.offered), (None, None));
    assert!(stamps(&record).is_sorted());
}

#[test]
fn a_repeated_command_is_stamped_again_with_its_reply() {
    let mut market = Market::new(64);
    let order = new_order_message(1, 1, 11, Side::Sell, 1_000, 5);
    market.says_timed(ALICE, &order);
    market.says_timed(ALICE, &order);
    let [first, second] = market.records()[..] else { panic!("two records") };
    assert_eq!(first.client_sequence, second.client_sequence);
    assert!(second.offered.is_some() && first.log_position < second.log_position);
}

#[test]
fn a_full_file_keeps_the_newest_commands() {
    let mut market = Market::new(4);
    for number in 1..=10 {
        market.says_timed(ALICE, &new_order_message(1, number, number, Side::Buy, 1_000, 5));
    }
    let numbers: Vec<u64> = market.records().iter().map(|record| record.client_sequence.0).collect();
    assert_eq!(numbers, [7, 8, 9, 10]);
}

#[test]
fn nothing_is_stamped_when_the_container_times_nothing() {
    let mut market = Market::new(64);
    let before = market.now.get();
    for number in 1..=10 {
        market.says(ALICE, &new_order_message(1, number, number, Side::Buy, 1_000, 5));
    }
    assert_eq!(market.records(), []);
    assert_eq!(market.now.get(), before, "the clock is not read");
}

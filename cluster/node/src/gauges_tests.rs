//! What a service counts while it is told things, read as an exporter reads it.

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{Role, TimeUnit};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{MessageRejectReason, RejectReason, Side};

use super::{Gauge, LOOK_INTERVAL_NS, MemberGauges, MemberReading, TIMED_COMMANDS};
use crate::service::{DropCopyPolicy, MatchingService};
use crate::test_messages::{cancel_message, define_message, new_order_message};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const BOB: i64 = 102;

struct Market {
    service: MatchingService,
    cluster: RecordingCluster,
    folder: tempfile::TempDir,
    looked: i64,
}

impl Market {
    /// A leader's service with an open instrument 1, whose define is its first command and has two events.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gauges = MemberGauges::create(&folder.path().join("gauges")).unwrap();
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator).with_gauges(gauges);
        let mut cluster = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(1_000);
        let mut market = Self { service, cluster, folder, looked: 0 };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1"), (BOB, "2")] {
            market.cluster.session_open(&mut market.service, session, principal.as_bytes());
        }
        market.says(OPERATOR, &define_message(1, 1));
        market
    }

    fn says(&mut self, session: i64, message: &[u8]) {
        self.cluster.session_message(&mut self.service, session, message);
    }

    /// The file after enough looks for two rounds through all scopes.
    fn reading(&mut self) -> MemberReading {
        for _ in 0..10 {
            self.looked += LOOK_INTERVAL_NS;
            self.cluster.background_work(&mut self.service, self.looked);
        }
        MemberReading::read(&self.folder.path().join("gauges")).unwrap()
    }
}

#[test]
fn events_rejects_and_usage_are_as_the_engine_told_them() {
    let mut market = Market::new();
    let before = market.reading();
    assert_eq!((before.rejects().count(), before.refused_messages().count()), (0, 0));
    market.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
    market.says(BOB, &new_order_message(1, 1, 21, Side::Buy, 1_000, 3));
    market.says(BOB, &cancel_message(1, 2, 99));
    market.says(BOB, &cancel_message(1, 3, 98));
    market.says(BOB, &new_order_message(1, 4, 22, Side::Buy, 0, 3));
    // A repeated command and garbage are no events.
    market.says(BOB, &cancel_message(1, 2, 99));
    market.says(BOB, &[0xff; 40]);
    market.says(BOB, b"");
    let after = market.reading();
    // Two orders are new, each side has the trade, and three commands are rejected.
    assert_eq!(after.get(Gauge::Events) - before.get(Gauge::Events), 2 + 2 + 3);
    assert_eq!(
        after.rejects().collect::<Vec<_>>(),
        [(RejectReason::UnknownOrder, 2), (RejectReason::InvalidPrice, 1)],
        "by reason, in the order of their numbers"
    );
    assert_eq!(
        after.refused_messages().collect::<Vec<_>>(),
        [(MessageRejectReason::Truncated, 1), (MessageRejectReason::WrongSchema, 1)]
    );
    assert_eq!(after.ended_orders().count(), 0, "the maker's order rests, the taker's is filled");
    assert_eq!((after.get(Gauge::Orders), after.get(Gauge::Instruments), after.get(Gauge::Participants)), (1, 1, 3));
    assert_eq!(after.get(Gauge::OrdersLimit), EngineLimits::default().orders as u64);
    assert_eq!(after.get(Gauge::Scopes), 3 + before.get(Gauge::Scopes) - 1, "of the operator, and of both in 1");
    assert_eq!(after.get(Gauge::RetainedEvents), after.get(Gauge::Events), "all are kept, as there are few");
}

#[test]
fn the_engines_time_and_a_leaders_answers_are_sampled() {
    const COMMANDS: u64 = 100 * TIMED_COMMANDS;
    let mut market = Market::new();
    let cancel_from = |market: &mut Market, first: u64| {
        (first..first + COMMANDS).for_each(|sequence| market.says(ALICE, &cancel_message(1, sequence, 99)));
        market.reading()
    };
    let led = cancel_from(&mut market, 1);
    let sampled = led.engine_time().counts.iter().sum::<u64>();
    assert!((50..200).contains(&sampled), "about one in {TIMED_COMMANDS} of {COMMANDS}: {sampled}");
    assert_eq!(led.answer_time().counts.iter().sum::<u64>(), sampled);
    assert_eq!(led.answer_time().counts.last(), Some(&sampled), "the log's time is long ago: all are above 5 s");
    assert!(led.engine_time().sum_ns > 0);
    market.cluster.set_role(Role::Follower);
    let followed = cancel_from(&mut market, 1 + COMMANDS);
    assert!(followed.engine_time().counts.iter().sum::<u64>() > sampled);
    assert_eq!(followed.answer_time(), led.answer_time(), "a follower answers nobody");
}

#[test]
fn a_snapshot_is_counted_with_its_length() {
    let mut market = Market::new();
    let snapshot = market.cluster.take_snapshot(&mut market.service).unwrap();
    let reading = market.reading();
    let length: usize = snapshot.messages.iter().map(Vec::len).sum();
    assert_eq!((reading.get(Gauge::Snapshots), reading.get(Gauge::SnapshotBytes)), (1, length as u64));
    assert!(length > 0);
}

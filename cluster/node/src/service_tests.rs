//! The service in a recording cluster: who gets which message, and what is refused.

use std::time::Duration;

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{CloseReason, Cluster, Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::{self, BookProgress, decode_book};
use lugus_codecs::order_entry::{decode_message_reject, template_id};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{
    Book, ClusterId, EpochNanos, HeardMember, MemberId, MemberReport, MemberStatus, MessageRejectReason, PriceLevel,
    SNAPSHOT_VERSION, Side, StateAt,
};

use super::{DropCopyPolicy, MatchingService};
use crate::test_messages::{
    BOOK_REQUEST_ID, book_message, cancel_message, define_message, drop_copy_message, gtd_order_message,
    new_order_message, resume_message,
};
use crate::watch::{StateComparison, StateSampler};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const BOB: i64 = 102;

/// A leader's service with an open instrument 1, and sessions of the operator and two participants.
struct Market {
    service: MatchingService,
    cluster: RecordingCluster,
}

impl Market {
    fn new(policy: DropCopyPolicy) -> Self {
        Self::of(MatchingService::new(EngineLimits::default(), policy))
    }

    fn of(service: MatchingService) -> Self {
        let mut cluster = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(1_000);
        let mut market = Self { service, cluster };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1"), (BOB, "2")] {
            market.open(session, principal);
        }
        market.says(OPERATOR, &define_message(1, 1));
        market.cluster.take_sent();
        market
    }

    fn open(&mut self, session: i64, principal: &str) {
        self.cluster.session_open(&mut self.service, session, principal.as_bytes());
    }

    /// What is sent for a message: session and template of each.
    fn says(&mut self, session: i64, message: &[u8]) -> Vec<(i64, u16)> {
        let before = self.cluster.sent().len();
        self.cluster.session_message(&mut self.service, session, message);
        self.sent_since(before)
    }

    fn sent_since(&self, before: usize) -> Vec<(i64, u16)> {
        let template = |message: &[u8]| Envelope::open(message).unwrap().template_id;
        self.cluster.sent()[before..].iter().map(|sent| (sent.session_id, template(&sent.message))).collect()
    }
}

const EXECUTION: u16 = template_id::EXECUTION_REPORT;

#[test]
fn each_side_of_a_trade_is_reported_in_its_own_session() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    assert_eq!(market.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5)), [(ALICE, EXECUTION)]);
    assert_eq!(
        market.says(BOB, &new_order_message(1, 1, 21, Side::Buy, 1_000, 5)),
        [(BOB, EXECUTION), (BOB, EXECUTION), (ALICE, EXECUTION)],
        "new, then the trade of taker and maker"
    );
}

#[test]
fn garbage_is_rejected_and_changes_nothing() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    market.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
    let hash = market.service.engine().state_hash();
    let order = new_order_message(1, 2, 12, Side::Buy, 1_000, 5);
    for bad in [&b""[..], &[0xff; 40], &order[..order.len() - 3], &[0; 5_000]] {
        assert_eq!(market.says(ALICE, bad), [(ALICE, template_id::MESSAGE_REJECT)]);
    }
    assert_eq!(market.service.engine().state_hash(), hash);
}

#[test]
fn a_follower_applies_and_says_nothing() {
    let mut leader = Market::new(DropCopyPolicy::Operator);
    let mut follower = Market::new(DropCopyPolicy::Operator);
    follower.cluster.set_role(Role::Follower);
    for market in [&mut leader, &mut follower] {
        market.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
        market.says(BOB, &new_order_message(1, 1, 21, Side::Buy, 1_000, 3));
        market.says(BOB, &cancel_message(1, 2, 99));
    }
    assert_eq!((follower.cluster.sent().len(), follower.cluster.mocked().len()), (0, 0));
    assert_eq!(follower.service.engine().state_hash(), leader.service.engine().state_hash());
}

#[test]
fn the_older_session_is_notified_and_closed_and_no_longer_trades() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    market.open(200, "1");
    assert_eq!(market.sent_since(0), [(ALICE, template_id::SESSION_REPLACED)]);
    assert_eq!(market.cluster.closes(), [ALICE]);
    let order = new_order_message(1, 1, 11, Side::Sell, 1_000, 5);
    assert_eq!(market.says(ALICE, &order), [(ALICE, template_id::MESSAGE_REJECT)]);
    assert_eq!(market.says(200, &order), [(200, EXECUTION)], "the number was not used by the older");
}

#[test]
fn a_session_that_keeps_an_older_one_is_rejected_and_closed() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    market.open(200, "1:keep");
    assert_eq!(market.sent_since(0), [(200, template_id::MESSAGE_REJECT)]);
    let reject = decode_message_reject(Envelope::open(&market.cluster.sent()[0].message).unwrap()).unwrap();
    assert_eq!(reject.map(|reject| reject.reason), Some(MessageRejectReason::ParticipantConnected));
    assert_eq!(market.cluster.closes(), [200]);
    let order = new_order_message(1, 1, 11, Side::Sell, 1_000, 5);
    assert_eq!(market.says(200, &order), [(200, template_id::MESSAGE_REJECT)], "it trades for nobody");
    market.cluster.session_close(&mut market.service, 200, CloseReason::ServiceAction);
    assert_eq!(market.says(ALICE, &order), [(ALICE, EXECUTION)], "the older session goes on");

    market.cluster.session_close(&mut market.service, ALICE, CloseReason::ClientAction);
    market.open(201, "1:keep");
    let order = new_order_message(1, 2, 12, Side::Sell, 1_000, 5);
    assert_eq!(market.says(201, &order), [(201, EXECUTION)], "nobody is connected any more");
    market.open(202, "1");
    assert_eq!(market.cluster.closes(), [200, 201], "who does not ask takes over");
}

#[test]
fn a_session_without_a_participant_is_closed() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    market.open(300, "nobody");
    assert_eq!(market.cluster.closes(), [300]);
}

#[test]
fn a_reconnected_participant_gets_what_it_missed() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    market.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
    market.cluster.session_close(&mut market.service, ALICE, CloseReason::Timeout);
    let for_alice_now = market.says(BOB, &new_order_message(1, 1, 21, Side::Buy, 1_000, 5));
    assert!(for_alice_now.iter().all(|(session, _)| *session == BOB));
    market.open(200, "1");
    let complete = template_id::RESUME_COMPLETE;
    assert_eq!(market.says(200, &resume_message(1, Some(1))), [(200, EXECUTION), (200, complete)]);
    assert_eq!(market.says(200, &resume_message(1, None)), [(200, complete)]);
    assert_eq!(market.says(200, &resume_message(1, Some(9))).len(), 1, "an event that was never sent is not repeated");
}

#[test]
fn drop_copies_go_only_to_authorised_sessions() {
    let reject = template_id::MESSAGE_REJECT;
    let mut keys = Market::new(DropCopyPolicy::Operator);
    assert_eq!(keys.says(BOB, &drop_copy_message(0)), [(BOB, reject)]);
    assert_eq!(keys.says(OPERATOR, &drop_copy_message(0)), []);
    assert_eq!(
        keys.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5)),
        [(ALICE, EXECUTION), (OPERATOR, EXECUTION)]
    );
    let own = keys.says(OPERATOR, &define_message(2, 2));
    assert_eq!(own, [(OPERATOR, template_id::INSTRUMENT_REPORT)], "own events come once");
    let mut open = Market::new(DropCopyPolicy::Everybody);
    assert_eq!(open.says(BOB, &drop_copy_message(2)), []);
    let order = new_order_message(1, 1, 11, Side::Sell, 1_000, 5);
    assert_eq!(open.says(ALICE, &order), [(ALICE, EXECUTION)], "another instrument's events are not asked for");
}

#[test]
fn the_book_has_the_best_levels_first_and_the_requested_depth() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    for (number, (side, price)) in
        [(Side::Buy, 990), (Side::Buy, 995), (Side::Buy, 995), (Side::Sell, 1_010), (Side::Sell, 1_005)]
            .into_iter()
            .enumerate()
    {
        let number = number as u64 + 1;
        market.says(ALICE, &new_order_message(1, number, number, side, price, 2));
    }
    market.cluster.take_sent();
    market.says(BOB, &book_message(1, 1));
    market.says(BOB, &book_message(1, u16::MAX));
    assert_eq!(levels(&market.cluster.sent()[0].message), (vec![(995, 4, 2)], vec![(1_005, 2, 1)]));
    assert_eq!(
        levels(&market.cluster.sent()[1].message),
        (vec![(995, 4, 2), (990, 2, 1)], vec![(1_005, 2, 1), (1_010, 2, 1)])
    );
    let reject = market_data::template_id::MARKET_DATA_REQUEST_REJECT;
    assert_eq!(market.says(BOB, &book_message(9, 1)), [(BOB, reject)]);
}

/// As of a client that did not keep up: what it has asked for more is in the log still, and commands are commands.
#[test]
fn nobody_works_for_answers_to_a_session_that_is_being_closed() {
    let mut market = Market::new(DropCopyPolicy::Operator);
    assert_eq!(market.says(BOB, &book_message(1, 1)).len(), 1);
    assert!(market.cluster.close_client_session(BOB));
    assert_eq!(market.says(BOB, &book_message(1, 1)), []);
    assert_eq!(market.says(BOB, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5)), [(BOB, EXECUTION)]);
    assert_eq!(market.says(ALICE, &book_message(1, 1)).len(), 1);
}

/// A quiet market: no command comes, and orders expire at their time. All members schedule the same timer, also one that
/// starts from a snapshot.
#[test]
fn a_timer_of_the_cluster_lets_orders_expire_where_no_command_comes() {
    let mut leader = Market::new(DropCopyPolicy::Operator);
    let mut follower = Market::new(DropCopyPolicy::Operator);
    follower.cluster.set_role(Role::Follower);
    for market in [&mut leader, &mut follower] {
        market.says(ALICE, &gtd_order_message(1, 1, 11, 990, 50_000));
        assert_eq!(market.cluster.timers().iter().collect::<Vec<_>>(), [(&1, &50_000)]);
        market.says(ALICE, &gtd_order_message(1, 2, 12, 990, 40_000));
        assert_eq!(market.cluster.timers().iter().collect::<Vec<_>>(), [(&2, &40_000)]);
    }
    let snapshot = follower.cluster.take_snapshot(&mut follower.service).unwrap();
    let mut restarted = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
    let mut cluster = follower.cluster.restarted();
    cluster.start(&mut restarted, Some(&snapshot)).unwrap();
    let before = leader.cluster.sent().len();
    leader.cluster.advance_time(&mut leader.service, 45_000);
    assert_eq!(leader.sent_since(before), [(ALICE, EXECUTION)]);
    assert_eq!(leader.cluster.timers().iter().collect::<Vec<_>>(), [(&3, &50_000)]);
    follower.cluster.advance_time(&mut follower.service, 45_000);
    // Its consensus module has the timer in a snapshot of its own.
    cluster.set_time(40_000);
    cluster.timer_event(&mut restarted, 2);
    assert_eq!(cluster.timers(), leader.cluster.timers(), "with the same numbers");
    assert_eq!(restarted.engine().state_hash(), leader.service.engine().state_hash());
    leader.cluster.advance_time(&mut leader.service, 60_000);
    assert_eq!((leader.service.engine().live_orders(), leader.cluster.timers().len()), (0, 0));
}

type Levels = Vec<(i64, u64, u32)>;

fn levels(message: &[u8]) -> (Levels, Levels) {
    let mut book = Book::default();
    let progress = decode_book(Envelope::open(message).unwrap(), &mut book);
    assert_eq!((progress, book.request_id), (Ok(Some(BookProgress::Complete)), BOOK_REQUEST_ID));
    let numbers =
        |levels: &[PriceLevel]| levels.iter().map(|level| (level.price.0, level.quantity.0, level.orders)).collect();
    (numbers(&book.bids), numbers(&book.offers))
}

/// Three members apply the same messages, but for one order whose price is another on one of them.
#[test]
fn a_member_that_applied_another_order_is_contradicted_by_the_others() {
    let apply = |price| {
        let (writer, mut reader) = lugus_ring::ring(64);
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut market = Market::of(service.with_state_sampler(StateSampler::new(writer)));
        for (second, price) in [(1, 1_000), (2, price), (3, 1_002)] {
            market.cluster.set_time(second * 1_000_000_000);
            let sequence = second.unsigned_abs();
            market.says(ALICE, &new_order_message(1, sequence, 10 + sequence, Side::Sell, price, 5));
        }
        let mut states = Vec::new();
        reader.drain(64, |state| states.push(*state));
        states
    };
    let (right, wrong) = (apply(1_001), apply(1_003));
    assert_eq!(right.len(), 4, "the first message, and the first of each second: {right:?}");
    assert_eq!((&right[..2], right.len()), (&wrong[..2], wrong.len()));

    let members = [0, 1, 2].map(MemberId);
    let report = |member, states: &[StateAt]| MemberReport {
        cluster: ClusterId(0),
        member,
        started: EpochNanos(1),
        engine_version: SNAPSHOT_VERSION,
        status: MemberStatus::default(),
        states: states.to_vec(),
        heard: members.map(|member| HeardMember { member, started: EpochNanos(1) }).to_vec(),
    };
    let mut of_the_wrong = StateComparison::new(members[2], EpochNanos(1), &members);
    wrong.iter().for_each(|state| of_the_wrong.own(*state));
    let mut of_a_right = StateComparison::new(members[0], EpochNanos(1), &members);
    right.iter().for_each(|state| of_a_right.own(*state));
    of_the_wrong.heard(&report(members[0], &right));
    of_the_wrong.heard(&report(members[1], &right));
    of_a_right.heard(&report(members[1], &right));
    of_a_right.heard(&report(members[2], &wrong));

    let found = of_the_wrong.contradiction(Duration::ZERO).expect("a majority against it");
    assert_eq!((found.position, found.last_agreed), (right[2].position, Some(right[1].position)));
    assert_eq!(of_a_right.contradiction(Duration::ZERO), None);
    let differing: Vec<MemberId> = of_a_right.differing().map(|other| other.member).collect();
    assert_eq!(differing, [members[2]]);
}

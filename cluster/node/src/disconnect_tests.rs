//! The service and lost connections: whose orders are canceled when, on every member alike.

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{CloseReason, Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{decode_report, template_id};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{
    ClientOrderId, Execution, NewOrder, OnDisconnect, Price, Quantity, RejectReason, Report, ReportBody, Side,
};

use super::{DropCopyPolicy, MatchingService};
use crate::test_messages::{
    cancel_on_disconnect_message, command_message, define_message, new_order_message, resume_message,
};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const BOB: i64 = 102;

/// A millisecond of the cluster's time.
const MS: i64 = 1_000_000;

/// A service with an open instrument 1, and sessions of the operator and two participants.
struct Market {
    service: MatchingService,
    cluster: RecordingCluster,
}

impl Market {
    fn new(role: Role) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let cluster = RecordingCluster::new(role).with_time_unit(TimeUnit::Nanos);
        let mut market = Self { service, cluster };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1"), (BOB, "2")] {
            market.open(session, principal);
        }
        market.says(OPERATOR, &define_message(1, 1));
        market
    }

    fn open(&mut self, session: i64, principal: &str) {
        self.cluster.session_open(&mut self.service, session, principal.as_bytes());
    }

    fn times_out(&mut self, session: i64) {
        self.cluster.session_close(&mut self.service, session, CloseReason::Timeout);
    }

    /// What is sent for a message: session and template of each.
    fn says(&mut self, session: i64, message: &[u8]) -> Vec<(i64, u16)> {
        let before = self.cluster.sent().len();
        self.cluster.session_message(&mut self.service, session, message);
        let template = |message: &[u8]| Envelope::open(message).unwrap().template_id;
        self.cluster.sent()[before..].iter().map(|sent| (sent.session_id, template(&sent.message))).collect()
    }

    /// Alice's order 11, which is canceled on disconnect, and 12, which stays.
    fn alice_places_two(&mut self) {
        self.says(ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
        let stays = NewOrder {
            on_disconnect: OnDisconnect::Stay,
            ..NewOrder::limit(ClientOrderId(12), Side::Sell, Price(1_001), Quantity(5))
        };
        self.says(ALICE, &command_message(1, 2, lugus_vocabulary::Action::New(stays)));
    }

    /// Orders that are canceled on disconnect until this log time.
    fn canceled_until(&mut self, time: i64) -> Vec<ClientOrderId> {
        let before = self.service.engine().live_orders();
        self.cluster.advance_time(&mut self.service, time);
        let gone = before - self.service.engine().live_orders();
        // Their participant has no session: the next one asks for what it has missed.
        self.open(900, "1");
        let sent = self.cluster.sent().len();
        self.cluster.session_message(&mut self.service, 900, &resume_message(1, Some(0)));
        let reports = self.cluster.sent()[sent..].iter();
        let canceled: Vec<_> = reports.filter_map(|sent| canceled(&sent.message)).collect();
        assert_eq!(canceled.len(), gone);
        canceled
    }
}

fn canceled(message: &[u8]) -> Option<ClientOrderId> {
    match decode_report(Envelope::open(message).unwrap()).unwrap() {
        Some(Report {
            body: ReportBody::Execution(Execution { reason: RejectReason::CancelOnDisconnect, client_order_id, .. }),
            ..
        }) => Some(client_order_id),
        _ => None,
    }
}

const HALF_A_SECOND: Option<u32> = Some(500);

#[test]
fn a_choice_is_confirmed_and_orders_end_with_the_grace_time() {
    let mut market = Market::new(Role::Leader);
    let confirmed = market.says(ALICE, &cancel_on_disconnect_message(HALF_A_SECOND));
    assert_eq!(confirmed, [(ALICE, template_id::CANCEL_ON_DISCONNECT_REPORT)]);
    market.alice_places_two();
    market.cluster.advance_time(&mut market.service, 7 * MS);
    market.times_out(ALICE);
    assert_eq!(market.cluster.timers().values().collect::<Vec<_>>(), [&(507 * MS)]);
    market.cluster.advance_time(&mut market.service, 506 * MS);
    assert_eq!(market.service.engine().live_orders(), 2);
    assert_eq!(market.canceled_until(507 * MS), [ClientOrderId(11)]);
    assert_eq!(market.service.engine().live_orders(), 1);
}

#[test]
fn orders_end_at_once_without_a_grace_time() {
    let mut market = Market::new(Role::Leader);
    market.says(ALICE, &cancel_on_disconnect_message(Some(0)));
    market.alice_places_two();
    market.times_out(ALICE);
    assert_eq!(market.service.engine().live_orders(), 1);
}

#[test]
fn orders_stay_without_the_choice() {
    for choice in [None, Some(None)] {
        let mut market = Market::new(Role::Leader);
        if let Some(choice) = choice {
            market.says(ALICE, &cancel_on_disconnect_message(HALF_A_SECOND));
            market.says(ALICE, &cancel_on_disconnect_message(choice));
        }
        market.alice_places_two();
        market.times_out(ALICE);
        assert_eq!(market.canceled_until(3_600_000 * MS), []);
    }
}

#[test]
fn another_session_within_the_grace_time_keeps_the_orders() {
    let mut market = Market::new(Role::Leader);
    market.says(ALICE, &cancel_on_disconnect_message(HALF_A_SECOND));
    market.alice_places_two();
    market.times_out(ALICE);
    market.cluster.advance_time(&mut market.service, 499 * MS);
    market.open(200, "1");
    market.says(200, &cancel_on_disconnect_message(HALF_A_SECOND));
    assert_eq!(market.canceled_until(10_000 * MS), []);
    assert!(!market.service.engine().is_disconnected(lugus_vocabulary::ParticipantId(1)));
}

#[test]
fn a_session_that_takes_over_is_no_disconnect() {
    let mut market = Market::new(Role::Leader);
    market.says(ALICE, &cancel_on_disconnect_message(Some(0)));
    market.alice_places_two();
    market.open(200, "1");
    market.times_out(ALICE);
    assert_eq!(market.service.engine().live_orders(), 2);
}

/// A client that is connected again but whose answers are lost never makes its choice: it is protected all the same.
#[test]
fn a_session_has_the_choice_of_the_one_before_until_its_first_message() {
    for is_open in [true, false] {
        let mut market = Market::new(Role::Leader);
        market.says(ALICE, &cancel_on_disconnect_message(HALF_A_SECOND));
        market.alice_places_two();
        if !is_open {
            market.times_out(ALICE);
        }
        market.open(200, "1");
        market.open(201, "1");
        market.times_out(201);
        assert_eq!(market.canceled_until(500 * MS), [ClientOrderId(11)]);
    }
    let mut market = Market::new(Role::Leader);
    market.says(ALICE, &cancel_on_disconnect_message(HALF_A_SECOND));
    market.alice_places_two();
    market.times_out(ALICE);
    market.open(200, "1");
    market.says(200, &resume_message(1, None));
    market.times_out(200);
    assert_eq!(market.canceled_until(500 * MS), [], "the session began with something else than a choice");
}

/// All members decide alike, also one that starts from a snapshot within the grace time.
#[test]
fn a_member_that_starts_from_a_snapshot_cancels_with_the_others() {
    let (mut leader, mut follower) = (Market::new(Role::Leader), Market::new(Role::Follower));
    for market in [&mut leader, &mut follower] {
        for (session, grace) in [(ALICE, HALF_A_SECOND), (BOB, Some(300_000))] {
            market.says(session, &cancel_on_disconnect_message(grace));
        }
        market.alice_places_two();
        market.says(BOB, &new_order_message(1, 1, 21, Side::Buy, 990, 5));
        market.times_out(ALICE);
        market.open(300, "2");
    }
    assert_eq!(leader.service.engine().state_hash(), follower.service.engine().state_hash());
    let snapshot = follower.cluster.take_snapshot(&mut follower.service).unwrap();
    let mut restarted = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
    let mut cluster = follower.cluster.restarted();
    cluster.start(&mut restarted, Some(&snapshot)).unwrap();
    let mut restarted = Market { service: restarted, cluster };
    leader.cluster.advance_time(&mut leader.service, 500 * MS);
    // The consensus module has the timer in a snapshot of its own.
    restarted.cluster.set_time(500 * MS);
    restarted.cluster.timer_event(&mut restarted.service, 1);
    assert_eq!(restarted.service.engine().state_hash(), leader.service.engine().state_hash());
    assert_eq!(leader.service.engine().live_orders(), 2);
    for market in [&mut leader, &mut restarted] {
        // The choice that Bob's second session has from the first one is in the snapshot.
        market.times_out(300);
    }
    assert_eq!(restarted.service.engine().state_hash(), leader.service.engine().state_hash());
    assert!(restarted.service.engine().is_disconnected(lugus_vocabulary::ParticipantId(2)));
}

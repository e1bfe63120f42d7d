//! Requests for own orders in a recording cluster: who is told what, and that no state changes.

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{decode_order_status_report, template_id};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{
    EventSequence, LastReport, OrderStatus, OrderStatusReport, RejectReason, Side, StatusCursor, WorkingState,
};

use super::{DropCopyPolicy, MatchingService};
use crate::test_messages::{
    BOOK_REQUEST_ID, define_message, gtd_order_message, new_order_message, open_orders_message, order_status_message,
};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const BOB: i64 = 102;

/// A service with two instruments, in which Alice has orders and Bob has one.
struct Market {
    service: MatchingService,
    cluster: RecordingCluster,
}

impl Market {
    fn new(role: Role) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut cluster = RecordingCluster::new(role).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(1_000);
        let mut market = Self { service, cluster };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1"), (BOB, "2")] {
            market.cluster.session_open(&mut market.service, session, principal.as_bytes());
        }
        for (session, message) in [
            (OPERATOR, define_message(1, 1)),
            (OPERATOR, define_message(2, 2)),
            (ALICE, new_order_message(1, 1, 11, Side::Sell, 1_010, 5)),
            (ALICE, gtd_order_message(1, 2, 12, 990, 90_000)),
            (ALICE, new_order_message(2, 1, 11, Side::Buy, 990, 7)),
            (BOB, new_order_message(1, 1, 11, Side::Buy, 980, 9)),
        ] {
            market.cluster.session_message(&mut market.service, session, &message);
        }
        market.cluster.take_sent();
        market
    }

    /// The reports that a request is answered with, which all go to its session.
    fn asks(&mut self, session: i64, message: &[u8]) -> Vec<OrderStatusReport> {
        self.cluster.session_message(&mut self.service, session, message);
        let sent = self.cluster.take_sent();
        let read = |message: &[u8]| {
            let envelope = Envelope::open(message).unwrap();
            assert_eq!(envelope.template_id, template_id::ORDER_STATUS_REPORT);
            let mut report = OrderStatusReport::default();
            assert!(decode_order_status_report(envelope, &mut report).unwrap());
            report
        };
        assert!(sent.iter().all(|sent| sent.session_id == session));
        sent.iter().map(|sent| read(&sent.message)).collect()
    }
}

#[test]
fn a_participant_is_told_its_own_orders_whole_and_no_others() {
    let mut market = Market::new(Role::Leader);
    let hash = market.service.engine().state_hash();
    let reports = market.asks(ALICE, &open_orders_message(StatusCursor::default()));
    let [report] = &reports[..] else { panic!("one message for one request: {reports:?}") };
    assert_eq!((report.request_id, report.last_report), (BOOK_REQUEST_ID, LastReport::Yes));
    let scopes = report.scopes.iter().map(|scope| (scope.instrument.0, scope.event_sequence.0, scope.orders));
    assert_eq!(scopes.collect::<Vec<_>>(), [(1, 2, 2), (2, 1, 1)]);
    let orders: Vec<_> = report
        .orders
        .iter()
        .map(|order| {
            (order.order.client_order_id.0, order.leaves_quantity.0, order.order.expire_time.map(|time| time.0))
        })
        .collect();
    assert_eq!(orders, [(11, 5, None), (12, 1, Some(90_000)), (11, 7, None)]);
    assert!(report.orders.iter().all(|order| order.working_state == WorkingState::Working));
    assert!(market.asks(ALICE, &open_orders_message(report.next))[0].orders.is_empty());
    assert_eq!(market.service.engine().state_hash(), hash);
}

#[test]
fn one_order_is_told_and_an_unknown_one_is_said_to_be_unknown() {
    let mut market = Market::new(Role::Leader);
    let known = market.asks(ALICE, &order_status_message(1, 11)).remove(0);
    assert_eq!((known.order_status, known.orders.len()), (Some(OrderStatus::New), 1));
    assert_eq!(known.scopes[0].event_sequence, EventSequence(2));
    // Bob's order with the same number is another one, and he has no order 12.
    let other = market.asks(BOB, &order_status_message(1, 11)).remove(0);
    assert_eq!(other.orders[0].order_id.0, 3);
    let unknown = market.asks(BOB, &order_status_message(1, 12)).remove(0);
    assert_eq!((unknown.reason, unknown.order_status), (RejectReason::UnknownOrder, Some(OrderStatus::Rejected)));
    let nowhere = market.asks(BOB, &order_status_message(9, 12)).remove(0);
    assert_eq!((nowhere.reason, nowhere.order_status), (RejectReason::UnknownInstrument, None));
}

#[test]
fn a_follower_says_nothing() {
    let mut market = Market::new(Role::Follower);
    assert!(market.asks(ALICE, &open_orders_message(StatusCursor::default())).is_empty());
    assert!(market.asks(ALICE, &order_status_message(1, 11)).is_empty());
    assert!(market.cluster.mocked().is_empty());
}

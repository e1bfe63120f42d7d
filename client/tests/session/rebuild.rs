//! The participant's own open orders: when a session asks for them, and where in the stream of events it tells them.

use lugus_client::{ClientSequence, vocabulary::ScopeOrders};
use lugus_client::{
    EpochNanos, ExecType, Execution, LastReport, OpenOrder, OpenOrders, OrderId, OrderMassStatusRequest, OrderStatus,
    OrderStatusRequest, RebuildPolicy, RejectReason, ReportBody, StatusCursor, WorkingState,
};

use super::*;

const OWN: u64 = 1 << 63;
const ALL: InstrumentId = InstrumentId::NONE;
const FIVE: InstrumentId = InstrumentId(5);

fn asked(request_id: u64, instrument: InstrumentId, after: StatusCursor) -> Sent {
    Sent::OpenOrders(OrderMassStatusRequest { request_id: OWN + request_id, instrument, after })
}

fn open_order(order_id: u64) -> OpenOrder {
    OpenOrder {
        order_id: OrderId(order_id),
        leaves_quantity: Quantity(9),
        shown_quantity: Quantity(4),
        working_state: WorkingState::Working,
        order: NewOrder {
            display_quantity: Quantity(4),
            ..NewOrder::limit(ClientOrderId(100 + order_id), Side::Buy, Price(1), Quantity(10))
        },
    }
}

fn after(instrument: u32, order_id: u64) -> StatusCursor {
    StatusCursor {
        instrument: InstrumentId(instrument),
        order_id: OrderId(order_id),
        buy: ClientOrderId(100 + order_id),
        ..StatusCursor::default()
    }
}

/// A part: instrument, last event and orders of each scope. Without `next` it is the last one.
fn part(request_id: u64, scopes: &[(u32, u64, &[u64])], next: Option<StatusCursor>) -> Vec<u8> {
    let last = scopes.last().map_or(ALL, |scope| InstrumentId(scope.0));
    let mut report = OrderStatusReport {
        request_id: OWN + request_id,
        next: next.unwrap_or(StatusCursor::after_all_of(last)),
        last_report: if next.is_some() { LastReport::No } else { LastReport::Yes },
        ..OrderStatusReport::default()
    };
    for (instrument, event, orders) in scopes {
        report.scopes.push(ScopeOrders {
            instrument: InstrumentId(*instrument),
            event_sequence: EventSequence(*event),
            orders: orders.len() as u16,
        });
        report.orders.extend(orders.iter().map(|order_id| open_order(*order_id)));
    }
    cluster_messages::order_status(&report)
}

fn rebuilding() -> Bench {
    let mut bench = Bench::new();
    bench.session.set_rebuild_policy(RebuildPolicy::AtStartAndAfterGaps);
    bench
}

/// A session that has been told at its start that it has no orders; instrument 5 is open.
fn rebuilt() -> Bench {
    let mut bench = rebuilding();
    bench.connect();
    bench.hear(&part(0, &[(5, 0, &[])], None));
    bench.hear(&cluster_messages::resume_complete(5, 0, 0));
    bench.sent();
    bench.statuses();
    bench.heard.parts.clear();
    bench
}

#[test]
fn at_its_start_a_session_asks_for_all_orders_and_tells_them_before_the_events_that_follow() {
    let mut bench = rebuilding();
    bench.connect();
    assert_eq!(bench.sent(), [asked(0, ALL, StatusCursor::default())]);
    bench.hear(&part(0, &[(5, 20, &[3, 4]), (6, 8, &[1])], Some(after(6, 1))));
    assert_eq!(
        bench.sent(),
        [resume(20), Sent::Resume { instrument: 6, last_event: Some(8) }, asked(1, ALL, after(6, 1)),]
    );
    // The events after the parts are told, and those before are not asked for.
    bench.event(21, 0);
    bench.hear(&part(1, &[(6, 8, &[2])], None));
    assert_eq!(bench.reports(), [(5, 21, 0)]);
    assert_eq!(
        bench.heard.parts,
        [(0, 5, 20, vec![3, 4], true, true), (0, 6, 8, vec![1], true, false), (1, 6, 8, vec![2], false, true),]
    );
    let statuses = bench.statuses();
    assert_eq!(statuses[1..], [Status::RebuildBegun { instrument: ALL }, Status::StateRebuilt { instrument: ALL }]);
    assert!(!bench.session.is_rebuilding());
    // In the next session the events are resumed, and nothing is asked again.
    bench.disconnect();
    bench.connect();
    assert!(!bench.sent().iter().any(|sent| matches!(sent, Sent::OpenOrders(_))));
}

#[test]
fn a_session_asks_for_nothing_unless_it_is_told_to() {
    let mut bench = Bench::open();
    bench.hear(&cluster_messages::event_gap(5, 0, 10, 12));
    bench.pass(SECOND);
    assert!(!bench.sent().iter().any(|sent| matches!(sent, Sent::OpenOrders(_))));
    bench.session.rebuild(FIVE).unwrap();
    bench.work();
    assert_eq!(bench.sent(), [asked(0, FIVE, StatusCursor::default())]);
}

#[test]
fn after_a_gap_the_orders_of_its_instrument_are_told_again() {
    let mut bench = rebuilt();
    bench.hear(&cluster_messages::event_gap(5, 0, 10, 12));
    let gap = bench.statuses();
    assert!(matches!(gap[0], Status::EventGap { .. }), "{gap:?}");
    assert_eq!(bench.sent(), [resume(9), asked(1, FIVE, StatusCursor::default())]);
    for event in 10..=12 {
        bench.event(event, 0);
    }
    bench.hear(&cluster_messages::resume_complete(5, 0, 12));
    bench.hear(&part(1, &[(5, 12, &[7])], None));
    assert_eq!(bench.heard.parts, [(3, 5, 12, vec![7], true, true)], "after the events that are kept");
    assert_eq!(bench.statuses(), [Status::StateRebuilt { instrument: FIVE }]);
}

/// Egress is not stored: a part may come although the events before it did not.
#[test]
fn a_part_is_not_told_before_the_events_that_it_follows() {
    let mut bench = rebuilt();
    bench.session.rebuild(FIVE).unwrap();
    bench.work();
    assert_eq!(bench.sent(), [asked(1, FIVE, StatusCursor::default())]);
    bench.hear(&part(1, &[(5, 2, &[7])], None));
    assert_eq!((bench.heard.parts.len(), bench.sent()), (0, vec![resume(0)]));
    bench.event(1, 0);
    bench.event(2, 0);
    bench.hear(&cluster_messages::resume_complete(5, 0, 2));
    bench.pass(SECOND / 10);
    assert_eq!(bench.sent(), [asked(2, FIVE, StatusCursor::default())]);
    bench.hear(&part(1, &[(5, 2, &[7])], None));
    assert_eq!(bench.heard.parts.len(), 0, "an answer to a request that was given up");
    bench.hear(&part(2, &[(5, 2, &[7])], None));
    assert_eq!(bench.heard.parts, [(2, 5, 2, vec![7], true, true)]);
}

#[test]
fn a_gap_between_two_parts_begins_the_instrument_again() {
    let mut bench = rebuilt();
    bench.session.rebuild(FIVE).unwrap();
    bench.work();
    bench.hear(&part(1, &[(5, 0, &[7])], Some(after(5, 7))));
    bench.sent();
    bench.hear(&cluster_messages::event_gap(5, 0, 10, 9));
    assert_eq!(bench.sent().last(), Some(&asked(3, FIVE, StatusCursor::default())));
    bench.hear(&part(3, &[(5, 9, &[8])], None));
    let told: Vec<_> = bench.heard.parts.iter().map(|part| (part.3.clone(), part.4, part.5)).collect();
    assert_eq!(told, [(vec![7], true, false), (vec![8], true, true)]);
}

#[test]
fn an_unanswered_request_is_made_again_after_a_time_and_with_a_new_leader_and_session() {
    let mut bench = rebuilding();
    bench.connect();
    bench.hear(&part(0, &[(5, 0, &[7])], Some(after(5, 7))));
    bench.hear(&cluster_messages::resume_complete(5, 0, 0));
    bench.sent();
    bench.pass(SECOND + SECOND / 10);
    assert_eq!(bench.sent(), [asked(2, ALL, after(5, 7))]);
    bench.session.on_new_leader(MemberId(1), &mut bench.heard);
    bench.work();
    assert_eq!(bench.sent(), [resume(0), asked(3, ALL, after(5, 7))]);
    bench.disconnect();
    bench.connect();
    assert_eq!(bench.sent(), [resume(0), asked(4, ALL, after(5, 7))], "it goes on where it was");
    bench.wire.answer = Offered::BackPressured;
    bench.pass(SECOND * 2);
    bench.wire.answer = Offered::Sent;
    bench.work();
    assert!(bench.sent().contains(&asked(5, ALL, after(5, 7))), "a request that is not taken is kept");
}

#[test]
fn a_refusal_ends_it() {
    let refused =
        |reason| [Status::RebuildBegun { instrument: FIVE }, Status::RebuildRefused { instrument: FIVE, reason }];
    let mut bench = rebuilt();
    bench.session.rebuild(FIVE).unwrap();
    bench.work();
    let reason = RejectReason::UnknownInstrument;
    let report = OrderStatusReport { request_id: OWN + 1, reason, ..OrderStatusReport::default() };
    bench.hear(&cluster_messages::order_status(&report));
    assert_eq!((bench.statuses(), bench.session.is_rebuilding()), (refused(reason).to_vec(), false));

    // A member of an earlier version does not know the request.
    bench.session.rebuild(FIVE).unwrap();
    bench.work();
    bench.hear(&cluster_messages::message_reject(19, MessageRejectReason::UnknownTemplate));
    let statuses: Vec<_> =
        bench.statuses().into_iter().filter(|status| !matches!(status, Status::MessageRejected { .. })).collect();
    assert_eq!((statuses, bench.session.is_rebuilding()), (refused(RejectReason::Unsupported).to_vec(), false));
}

#[test]
fn one_order_is_asked_for_once() {
    let mut bench = Bench::open();
    let request = OrderStatusRequest { request_id: 8, instrument: FIVE, client_order_id: ClientOrderId(11) };
    bench.session.request_order_status(&mut bench.wire, &request).unwrap();
    assert_eq!(bench.sent(), [Sent::OrderStatus { instrument: 5, client_order_id: 11, request_id: 8 }]);
    let (reason, order_status) = (RejectReason::UnknownOrder, Some(OrderStatus::Rejected));
    let report = OrderStatusReport { request_id: 8, reason, order_status, ..OrderStatusReport::default() };
    bench.hear(&cluster_messages::order_status(&report));
    assert_eq!(bench.heard.order_statuses, [report]);
}

/// A list of open orders that parts and reports keep.
#[derive(Default)]
struct List(OpenOrders);

impl EventHandler for List {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        self.0.on_report(report);
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        self.0.on_open_orders(part);
    }
}

fn report_of(event: u64, exec_type: ExecType, order_id: u64, leaves: u64, last: u64) -> Report {
    let order = NewOrder::limit(ClientOrderId(100 + order_id), Side::Buy, Price(1), Quantity(10));
    let execution = Execution {
        exec_type,
        leaves_quantity: Quantity(leaves),
        cum_quantity: Quantity(10 - leaves),
        last_quantity: Quantity(last),
        ..Execution::accepted(OrderId(order_id), &order)
    };
    Report {
        participant: ParticipantId(1),
        instrument: FIVE,
        event_sequence: EventSequence(event),
        client_sequence: ClientSequence(0),
        time: EpochNanos(0),
        body: ReportBody::Execution(execution),
    }
}

#[test]
fn parts_and_events_make_a_list_that_is_true() {
    let mut list = List::default();
    let ids = |list: &List| list.0.iter().map(|(_, order)| order.order_id.0).collect::<Vec<_>>();
    let mut wire = Wire { sent: Vec::new(), answer: Offered::Sent };
    let mut session = Session::new(ParticipantId(1), LIMITS, &RetryPolicy::default(), 1);
    session.on_connected(SESSION, MemberId(0), &mut list);
    session.rebuild(FIVE).unwrap();
    session.do_work(0, &mut wire, &mut list);
    // The list of an earlier time.
    for order_id in [1, 2, 3] {
        list.0.on_report(&report_of(order_id, ExecType::New, order_id, 10, 0));
    }
    session.on_message(SESSION, &part(0, &[(5, 0, &[2, 4])], Some(after(5, 4))), &mut list);
    session.do_work(0, &mut wire, &mut list);
    assert_eq!(ids(&list), [1, 2, 3, 4], "those that are not told may be in a later part");
    // An order is entered, one trades, and one ends, between two parts.
    list.0.on_report(&report_of(4, ExecType::New, 9, 10, 0));
    list.0.on_report(&report_of(5, ExecType::Trade, 2, 6, 3));
    list.0.on_report(&report_of(6, ExecType::Canceled, 4, 0, 0));
    assert_eq!(ids(&list), [1, 2, 3, 9]);
    let traded = list.0.get(FIVE, OrderId(2)).unwrap();
    let quantities = (traded.leaves_quantity, traded.shown_quantity, traded.hidden_quantity());
    assert_eq!(quantities, (Quantity(6), Quantity(1), Quantity(5)));
    assert_eq!(traded.order.display_quantity, Quantity(4), "only a part tells it");
    session.on_message(SESSION, &part(1, &[(5, 0, &[6])], None), &mut list);
    assert_eq!(ids(&list), [2, 6, 9], "what no part has told, and no event since, is not open");
}

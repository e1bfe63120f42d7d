//! Golden bytes of the requests for own orders, and of their report.

use lugus_codecs::order_entry::*;
use lugus_vocabulary::*;

use crate::golden::Golden;
use crate::{INSTRUMENT, TIME, new_order, open};

const CURSOR: StatusCursor = StatusCursor {
    instrument: INSTRUMENT,
    order_id: OrderId(17),
    buy: ClientOrderId(18),
    sell: ClientOrderId(19),
    staying_buy: ClientOrderId(20),
    staying_sell: ClientOrderId(21),
};

#[test]
fn requests_and_reports() {
    let golden = Golden::of("own_orders.");
    let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
    let one = OrderStatusRequest { request_id: 5, instrument: INSTRUMENT, client_order_id: ClientOrderId(11) };
    let written = encode_order_status_request(&one, &mut buffer);
    golden.check("own_orders.request_status", &Some(Request::OrderStatus(one)), written, |message| {
        decode_request(open(message)).expect("a request")
    });
    let all = OrderMassStatusRequest { request_id: 5, instrument: InstrumentId::NONE, after: CURSOR };
    let written = encode_order_mass_status_request(&all, &mut buffer);
    golden.check("own_orders.request_mass_status", &Some(Request::OrderMassStatus(all)), written, |message| {
        decode_request(open(message)).expect("a request")
    });
    let order = OpenOrder {
        order_id: OrderId(17),
        leaves_quantity: Quantity(690),
        shown_quantity: Quantity(60),
        working_state: WorkingState::Untriggered,
        order: NewOrder { client_tag: ClientTag(13), on_disconnect: OnDisconnect::Stay, ..new_order() },
    };
    let part = OrderStatusReport {
        request_id: 5,
        time: TIME,
        reason: RejectReason::None,
        order_status: None,
        scopes: vec![
            ScopeOrders { instrument: InstrumentId(2), event_sequence: EventSequence(31), orders: 0 },
            ScopeOrders { instrument: INSTRUMENT, event_sequence: EventSequence(32), orders: 1 },
        ],
        orders: vec![order],
        next: CURSOR,
        last_report: LastReport::No,
    };
    let unknown = OrderStatusReport {
        request_id: 6,
        reason: RejectReason::UnknownOrder,
        order_status: Some(OrderStatus::Rejected),
        next: StatusCursor::after_all_of(INSTRUMENT),
        ..OrderStatusReport::default()
    };
    for (name, report) in [("own_orders.part", part), ("own_orders.unknown", unknown)] {
        let mut buffer = [0; MAXIMUM_ORDER_STATUS_LENGTH];
        golden.check(name, &(true, report.clone()), encode_order_status_report(&report, &mut buffer), |message| {
            let mut read = OrderStatusReport::default();
            (decode_order_status_report(open(message), &mut read).expect("a report"), read)
        });
    }
    golden.finish();
}

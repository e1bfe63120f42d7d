//! Requests for own orders and their report: field by field with the generated codec, and what must hold of every message.

use lugus_vocabulary::*;
use proptest::prelude::*;
use proptest::sample::select;
use sbe_message::{Envelope, HEADER_LENGTH};

use super::*;
use crate::error::MessageError;
use crate::order_entry::{MAXIMUM_COMMAND_LENGTH, decode_request};
use crate::testing::{self, Codec, damage};

fn open_order() -> impl Strategy<Value = OpenOrder> {
    let numbers = (any::<u64>(), testing::quantity(), testing::quantity());
    (numbers, select(WorkingState::ALL), testing::new_order()).prop_map(
        |((order_id, leaves_quantity, shown_quantity), working_state, order)| OpenOrder {
            order_id: OrderId(order_id),
            leaves_quantity,
            shown_quantity,
            working_state,
            order,
        },
    )
}

fn cursor() -> impl Strategy<Value = StatusCursor> {
    (testing::instrument(), any::<u64>(), any::<[u64; 4]>()).prop_map(|(instrument, order_id, last)| {
        let [buy, sell, staying_buy, staying_sell] = last.map(ClientOrderId);
        StatusCursor { instrument, order_id: OrderId(order_id), buy, sell, staying_buy, staying_sell }
    })
}

fn report() -> impl Strategy<Value = OrderStatusReport> {
    let scope = (testing::instrument(), testing::event_sequence(), proptest::collection::vec(open_order(), 0..4));
    let words = (select(RejectReason::ALL), testing::optional(select(OrderStatus::ALL)), select(LastReport::ALL));
    (any::<u64>(), testing::time(), words, cursor(), proptest::collection::vec(scope, 0..5)).prop_map(
        |(request_id, time, (reason, order_status, last_report), next, told)| {
            let mut report =
                OrderStatusReport { request_id, time, reason, order_status, next, last_report, ..Default::default() };
            for (instrument, event_sequence, orders) in told {
                report.scopes.push(ScopeOrders { instrument, event_sequence, orders: orders.len() as u16 });
                report.orders.extend(orders);
            }
            report
        },
    )
}

fn encoded(report: &OrderStatusReport) -> Vec<u8> {
    encode_order_status_report(report, &mut [0xaa; MAXIMUM_ORDER_STATUS_LENGTH]).to_vec()
}

fn decoded(bytes: &[u8]) -> Result<Option<OrderStatusReport>, MessageError> {
    let mut report = OrderStatusReport::default();
    Ok(decode_order_status_report(Envelope::open(bytes)?, &mut report)?.then_some(report))
}

const REPORTS: Codec<OrderStatusReport> = Codec { encode: encoded, decode: decoded };

const REQUESTS: Codec<Request> = Codec {
    encode: |request| {
        let buffer = &mut [0xaa; MAXIMUM_COMMAND_LENGTH];
        match request {
            Request::OrderStatus(request) => encode_order_status_request(request, buffer).to_vec(),
            Request::OrderMassStatus(request) => encode_order_mass_status_request(request, buffer).to_vec(),
            other => unreachable!("{other:?}"),
        }
    },
    decode: |bytes| {
        let request = decode_request(Envelope::open(bytes)?)?;
        Ok(request.filter(|request| matches!(request, Request::OrderStatus(_) | Request::OrderMassStatus(_))))
    },
};

#[test]
fn a_report_of_the_largest_size_is_written_and_read() {
    let order = OpenOrder {
        order_id: OrderId(1),
        leaves_quantity: Quantity(2),
        shown_quantity: Quantity(1),
        working_state: WorkingState::Ending,
        order: NewOrder::limit(ClientOrderId(3), Side::Sell, Price(4), Quantity(5)),
    };
    let scope = ScopeOrders { instrument: InstrumentId(6), event_sequence: EventSequence(7), orders: 1 };
    let mut largest = OrderStatusReport {
        scopes: vec![scope; MAXIMUM_STATUS_SCOPES],
        orders: vec![order; MAXIMUM_STATUS_ORDERS],
        ..OrderStatusReport::default()
    };
    let bytes = encoded(&largest);
    assert_eq!((bytes.len(), decoded(&bytes)), (MAXIMUM_ORDER_STATUS_LENGTH, Ok(Some(largest.clone()))));
    // Its orders must be those that the scopes count.
    largest.scopes[0].orders = 2;
    let template_id = order_status_report_codec::SBE_TEMPLATE_ID;
    assert_eq!(decoded(&encoded(&largest)), Err(MessageError::Value { template_id, field: "numberOfOrders" }));
}

proptest! {
    #[test]
    fn reports_survive_encoding_and_decoding(report in report(), damage in damage()) {
        REPORTS.check(&report, &damage);
    }

    #[test]
    fn requests_survive_encoding_and_decoding(
        request_id in any::<u64>(), instrument in testing::instrument(), client_order_id in testing::client_order_id(),
        after in cursor(), damage in damage()
    ) {
        let one = OrderStatusRequest { request_id, instrument, client_order_id };
        REQUESTS.check(&Request::OrderStatus(one), &damage);
        REQUESTS.check(&Request::OrderMassStatus(OrderMassStatusRequest { request_id, instrument, after }), &damage);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), HEADER_LENGTH..600), nearly in testing::nearly_a_message(SBE_SCHEMA_ID)
    ) {
        for bytes in [bytes, nearly] {
            let _ = decoded(&bytes);
        }
    }
}

//! Every reason that this engine gives, reached once at least, in the right kind of report; and what is rejected
//! changes nothing but the scope's numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod desk;

use desk::*;
use lugus_engine::EngineLimits;
use lugus_engine::command::*;
use lugus_engine::event::*;
use lugus_engine::units::*;

/// The one reason in what was told, and the kind of report that has it.
fn reason(told: &[Told]) -> (&'static str, RejectReason) {
    let reasons: Vec<_> = told
        .iter()
        .filter_map(|told| match told {
            Told::Report(report) => match report.body {
                ReportBody::Execution(execution) if execution.reason != RejectReason::None => {
                    let kind = match execution.exec_type {
                        ExecType::Rejected => "rejected",
                        ExecType::Canceled => "canceled",
                        _ => "other",
                    };
                    Some((kind, execution.reason))
                }
                ReportBody::CancelReject { reason, .. } => Some(("cancel reject", reason)),
                ReportBody::Reject { reason, .. } => Some(("reject", reason)),
                _ => None,
            },
            Told::Reply(Reply::Refused { reason, .. }) => Some(("refused", *reason)),
            Told::Reply(_) => None,
        })
        .collect();
    assert_eq!(reasons.len(), 1, "{told:?}");
    reasons[0]
}

/// Participant 1 has a bid 1 for 10 at 99, a post-only ask 2 for 10 at 101, of which 4 are filled, and an ask 3 at 102.
fn traded() -> Desk {
    let mut desk = Desk::open(LIMITS, definition(1));
    desk.order(1, limit(1, Side::Buy, 99, 10));
    desk.order(1, NewOrder { post_only: PostOnly::Yes, ..limit(2, Side::Sell, 101, 10) });
    desk.order(1, limit(3, Side::Sell, 102, 1));
    desk.order(2, market(1, Side::Buy, 4));
    desk
}

fn books(desk: &Desk) -> [Option<Vec<(i64, u64, u32)>>; 2] {
    [Side::Buy, Side::Sell].map(|side| levels(&desk.engine, 1, side))
}

#[test]
fn new_orders() {
    use RejectReason as R;
    let order = limit(9, Side::Buy, 100, 5);
    let post_only = NewOrder { post_only: PostOnly::Yes, ..order };
    let table = [
        (NewOrder { order_type: OrderType::Stop, price: None, stop_price: Some(Price(102)), ..order }, R::Unsupported),
        (NewOrder { order_type: OrderType::StopLimit, stop_price: Some(Price(102)), ..order }, R::Unsupported),
        (NewOrder { time_in_force: TimeInForce::Day, ..order }, R::Unsupported),
        (NewOrder { time_in_force: TimeInForce::Fok, ..order }, R::Unsupported),
        (NewOrder { time_in_force: TimeInForce::Gtd, expire_time: Some(EpochNanos(9_999)), ..order }, R::Unsupported),
        (NewOrder { display_quantity: Quantity(1), ..order }, R::Unsupported),
        (NewOrder { self_trade_prevention: SelfTradePrevention::CancelNewest, ..order }, R::Unsupported),
        (NewOrder { self_trade_prevention: SelfTradePrevention::CancelOldest, ..order }, R::Unsupported),
        (NewOrder { self_trade_prevention: SelfTradePrevention::CancelBoth, ..order }, R::Unsupported),
        (NewOrder { self_trade_prevention: SelfTradePrevention::Decrement, ..order }, R::Unsupported),
        (NewOrder { client_order_id: ClientOrderId(0), ..order }, R::InvalidClientOrderId),
        (NewOrder { client_order_id: ClientOrderId(1), ..order }, R::DuplicateClientOrderId),
        (NewOrder { client_order_id: ClientOrderId(2), ..order }, R::DuplicateClientOrderId),
        (NewOrder { quantity: Quantity(0), ..order }, R::InvalidQuantity),
        (NewOrder { quantity: Quantity(21), ..order }, R::InvalidQuantity),
        (NewOrder { time_in_force: TimeInForce::Gtc, ..market(9, Side::Buy, 5) }, R::InvalidTimeInForce),
        (NewOrder { time_in_force: TimeInForce::Ioc, ..post_only }, R::InvalidTimeInForce),
        (NewOrder { post_only: PostOnly::Yes, ..market(9, Side::Buy, 5) }, R::InvalidTimeInForce),
        (NewOrder { expire_time: Some(EpochNanos(9_999)), ..order }, R::InvalidExpireTime),
        (NewOrder { price: None, ..order }, R::InvalidPrice),
        (NewOrder { price: Some(Price(100)), ..market(9, Side::Buy, 5) }, R::InvalidPrice),
        (limit(9, Side::Buy, 89, 5), R::InvalidPrice),
        (limit(9, Side::Buy, 111, 5), R::InvalidPrice),
        (limit(9, Side::Buy, i64::MIN, 5), R::InvalidPrice),
        (limit(9, Side::Buy, 94, 5), R::PriceOutsideBand),
        (limit(9, Side::Sell, 106, 5), R::PriceOutsideBand),
        (NewOrder { stop_price: Some(Price(101)), ..order }, R::InvalidStopPrice),
        (NewOrder { price: Some(Price(101)), ..post_only }, R::PostOnlyWouldTrade),
    ];
    let mut desk = traded();
    let before = books(&desk);
    for (order, expected) in table {
        assert_eq!(reason(&desk.order(1, order)), ("rejected", expected), "{order:?}");
        assert_eq!(books(&desk), before);
    }
    // What is on the edge is taken.
    assert_eq!(desk.order(1, limit(9, Side::Buy, 95, 20)).len(), 1);
    assert_eq!(desk.order(1, limit(10, Side::Sell, 105, 20)).len(), 1);
    assert_eq!(desk.order(1, NewOrder { client_order_id: ClientOrderId(11), ..post_only }).len(), 1);
}

#[test]
fn a_rejected_order_tells_what_was_asked() {
    let mut desk = traded();
    let told = desk.order(1, NewOrder { stop_price: Some(Price(3)), ..limit(9, Side::Sell, 103, 5) });
    let expected = Execution {
        exec_type: ExecType::Rejected,
        order_status: OrderStatus::Rejected,
        order_id: OrderId(0),
        client_order_id: ClientOrderId(9),
        orig_client_order_id: ClientOrderId(0),
        trade_id: TradeId(0),
        side: Side::Sell,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        price: Some(Price(103)),
        quantity: Quantity(5),
        last_price: None,
        last_quantity: Quantity(0),
        leaves_quantity: Quantity(0),
        cum_quantity: Quantity(0),
        liquidity: Liquidity::None,
        reason: RejectReason::InvalidStopPrice,
    };
    assert!(matches!(&told[..], [Told::Report(report)] if report.body == ReportBody::Execution(expected)));
}

#[test]
fn cancels_and_replacements() {
    use RejectReason as R;
    let table = [
        (cancel(0), R::UnknownOrder),
        (cancel(4), R::UnknownOrder),
        (Action::Replace(Replace { display_quantity: Quantity(1), ..replace(1, 1, 99, 10) }), R::Unsupported),
        (Action::Replace(replace(4, 4, 99, 10)), R::UnknownOrder),
        (Action::Replace(replace(1, 0, 99, 10)), R::InvalidClientOrderId),
        (Action::Replace(replace(1, 2, 99, 10)), R::DuplicateClientOrderId),
        (Action::Replace(replace(1, 1, 99, 0)), R::InvalidQuantity),
        (Action::Replace(replace(1, 1, 99, 21)), R::InvalidQuantity),
        (Action::Replace(replace(2, 2, 101, 4)), R::QuantityBelowFilled),
        (Action::Replace(replace(2, 2, 101, 1)), R::QuantityBelowFilled),
        (Action::Replace(Replace { price: None, ..replace(1, 1, 99, 10) }), R::InvalidPrice),
        (Action::Replace(replace(1, 1, 111, 10)), R::InvalidPrice),
        (Action::Replace(replace(1, 1, 94, 10)), R::PriceOutsideBand),
        (Action::Replace(Replace { stop_price: Some(Price(99)), ..replace(1, 1, 99, 10) }), R::InvalidStopPrice),
        (Action::Replace(replace(2, 2, 99, 10)), R::PostOnlyWouldTrade),
    ];
    let mut desk = traded();
    let before = books(&desk);
    for (action, expected) in table {
        assert_eq!(reason(&desk.send(1, 1, action)), ("cancel reject", expected), "{action:?}");
        assert_eq!(books(&desk), before);
    }
}

#[test]
fn another_participants_order_is_unknown() {
    let mut desk = traded();
    assert_eq!(reason(&desk.send(2, 1, cancel(2))), ("cancel reject", RejectReason::UnknownOrder));
    assert_eq!(desk.order(2, limit(2, Side::Buy, 98, 1)).len(), 1);
}

#[test]
fn ends_without_the_owners_wish() {
    let mut desk = traded();
    let ioc = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(9, Side::Buy, 101, 9) };
    assert_eq!(reason(&desk.order(2, ioc)), ("canceled", RejectReason::NoLiquidity));
    assert_eq!(reason(&desk.order(2, market(9, Side::Sell, 11))), ("canceled", RejectReason::NoLiquidity));
    let mass_cancel = Action::MassCancel { target: ParticipantId(1), side: Some(Side::Sell) };
    assert_eq!(reason(&desk.send(0, 1, mass_cancel)), ("canceled", RejectReason::MassCancel));
    desk.order(1, limit(1, Side::Buy, 99, 10));
    let close = Action::SetInstrumentState { state: InstrumentState::Closed, reference_price: None };
    assert_eq!(reason(&desk.send(0, 1, close)), ("canceled", RejectReason::InstrumentClosed));
    assert_eq!(desk.engine.live_orders(), 0);
}

#[test]
fn states() {
    for state in [InstrumentState::Halted, InstrumentState::Closed] {
        let mut desk = traded();
        desk.send(0, 1, Action::SetInstrumentState { state, reference_price: None });
        let new = desk.order(1, limit(9, Side::Buy, 100, 5));
        assert_eq!(reason(&new), ("rejected", RejectReason::InstrumentState));
        let replaced = desk.send(1, 1, Action::Replace(replace(1, 1, 98, 5)));
        assert_eq!(reason(&replaced), ("cancel reject", RejectReason::InstrumentState));
        let canceled = desk.send(1, 1, cancel(1));
        if state == InstrumentState::Halted {
            assert!(matches!(canceled[..], [Told::Report(_)]));
        } else {
            assert_eq!(reason(&canceled), ("cancel reject", RejectReason::UnknownOrder));
        }
        desk.send(0, 1, Action::SetInstrumentState { state: InstrumentState::Open, reference_price: Some(Price(97)) });
        let beyond = desk.order(1, limit(9, Side::Buy, 103, 5));
        assert_eq!(reason(&beyond), ("rejected", RejectReason::PriceOutsideBand));
    }
}

#[test]
fn operations() {
    use RejectReason as R;
    let set_state = |state, price: Option<i64>| Action::SetInstrumentState { state, reference_price: price.map(Price) };
    let set_limits = Action::SetRiskLimits { target: ParticipantId(1), limits: RiskLimits::default() };
    let kill = |target| Action::SetKillSwitch { target: ParticipantId(target), kill_switch: KillSwitch::Engaged };
    let define = |definition| Action::DefineInstrument(definition);
    let two = definition(2);
    let table = [
        (1, 0, define(two), R::NotAuthorised),
        (0, 0, define(definition(1)), R::DuplicateInstrument),
        (0, 0, define(definition(0)), R::InvalidDefinition),
        (0, 0, define(Definition { minimum_price: Price(101), ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { maximum_price: Price(80), ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { maximum_quantity: Quantity(0), ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { base: [0; 8], ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { quote: *b"A\0B\0\0\0\0\0", ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { tick_size: Decimal { mantissa: 0, exponent: 0 }, ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { lot_size: Decimal { mantissa: -1, exponent: 0 }, ..two }), R::InvalidDefinition),
        (0, 0, define(Definition { state: InstrumentState::Auction, ..two }), R::Unsupported),
        (1, 1, set_state(InstrumentState::Halted, None), R::NotAuthorised),
        (0, 1, set_state(InstrumentState::Auction, None), R::Unsupported),
        (0, 1, set_state(InstrumentState::Open, Some(111)), R::InvalidPrice),
        (1, 1, Action::MassCancel { target: ParticipantId(2), side: None }, R::NotAuthorised),
        (1, 0, set_limits, R::NotAuthorised),
        (0, 0, set_limits, R::Unsupported),
        (1, 0, kill(2), R::NotAuthorised),
        (1, 0, kill(1), R::Unsupported),
        (0, 0, kill(1), R::Unsupported),
    ];
    let mut desk = traded();
    let before = (books(&desk), *desk.engine.definition(InstrumentId(1)).unwrap());
    for (participant, instrument, action, expected) in table {
        let told = desk.send(participant, instrument, action);
        assert_eq!(reason(&told), ("reject", expected), "{action:?}");
        assert_eq!((books(&desk), *desk.engine.definition(InstrumentId(1)).unwrap()), before);
    }
    assert_eq!(desk.engine.instruments().collect::<Vec<_>>(), [InstrumentId(1)]);
}

#[test]
fn no_scope() {
    let mut desk = traded();
    let order = Action::New(limit(1, Side::Buy, 99, 1));
    let before = snapshot(&desk.engine);
    for (instrument, action) in [(2, order), (0, order), (0, cancel(1)), (1, Action::DefineInstrument(definition(2)))] {
        assert_eq!(reason(&desk.send_as(1, instrument, 1, action)), ("refused", RejectReason::UnknownInstrument));
    }
    assert_eq!(snapshot(&desk.engine), before);
}

#[test]
fn limits() {
    let limits = EngineLimits { instruments: 1, participants: 2, orders: 2, retained_events: 4 };
    let mut desk = Desk::open(limits, boundless(1));
    let second = desk.send(0, 0, Action::DefineInstrument(definition(2)));
    assert_eq!(reason(&second), ("reject", RejectReason::LimitInstruments));

    desk.order(1, limit(1, Side::Buy, 99, u64::MAX - 5));
    let too_much = desk.order(1, limit(2, Side::Buy, 99, 6));
    assert_eq!(reason(&too_much), ("rejected", RejectReason::LimitOrders));
    desk.order(1, limit(2, Side::Buy, 99, 5));
    let full = desk.order(2, limit(1, Side::Sell, 101, 1));
    assert_eq!(reason(&full), ("rejected", RejectReason::LimitOrders));
    // One that rests nowhere needs no room.
    assert_eq!(desk.order(2, market(1, Side::Sell, 1)).len(), 3);
    let grown = desk.send(1, 1, Action::Replace(replace(2, 2, 99, 7)));
    assert_eq!(reason(&grown), ("cancel reject", RejectReason::LimitOrders));

    desk.order(0, market(1, Side::Sell, 1));
    let third = desk.order(3, market(1, Side::Sell, 1));
    assert_eq!(reason(&third), ("refused", RejectReason::LimitParticipants));
}

//! Every reason that the engine gives comes up once at least, in the right kind of report; and a command that is
//! rejected changes nothing but its scope's numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use venue::*;

/// The only reason in what was told, and the kind of report or reply that has it.
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
            Told::Reply(_) | Told::FirmEvent(_) | Told::FirmReply(_) => None,
        })
        .collect();
    assert_eq!(reasons.len(), 1, "{told:?}");
    reasons[0]
}

/// Participant 1 has a bid 1 for 10 at 99, a post-only ask 2 for 10 at 101, of which 4 are filled, and an ask 3 at 102.
fn traded() -> Venue {
    let mut venue = Venue::open(LIMITS, definition(1));
    venue.order(1, limit(1, Side::Buy, 99, 10));
    venue.order(1, NewOrder { post_only: PostOnly::Yes, ..limit(2, Side::Sell, 101, 10) });
    venue.order(1, limit(3, Side::Sell, 102, 1));
    venue.order(2, market(1, Side::Buy, 4));
    venue
}

fn books(venue: &Venue) -> [Option<Vec<(i64, u64, u32)>>; 2] {
    [Side::Buy, Side::Sell].map(|side| levels(&venue.engine, 1, side))
}

#[test]
fn new_orders() {
    use RejectReason as R;
    let order = limit(9, Side::Buy, 100, 5);
    let post_only = NewOrder { post_only: PostOnly::Yes, ..order };
    let iceberg = |display| NewOrder { display_quantity: Quantity(display), ..order };
    let stop_limit = NewOrder { order_type: OrderType::StopLimit, stop_price: Some(Price(102)), ..order };
    let stop = NewOrder { order_type: OrderType::Stop, price: None, ..stop_limit };
    let gtd = NewOrder { time_in_force: TimeInForce::Gtd, expire_time: Some(EpochNanos(9_999)), ..order };
    let fok = NewOrder { time_in_force: TimeInForce::Fok, ..order };
    let table = [
        (NewOrder { client_order_id: ClientOrderId(0), ..order }, R::InvalidClientOrderId),
        (NewOrder { client_order_id: ClientOrderId(1), ..order }, R::DuplicateClientOrderId),
        (NewOrder { client_order_id: ClientOrderId(2), ..order }, R::DuplicateClientOrderId),
        (NewOrder { quantity: Quantity(0), ..order }, R::InvalidQuantity),
        (NewOrder { quantity: Quantity(21), ..order }, R::InvalidQuantity),
        (NewOrder { time_in_force: TimeInForce::Gtc, ..market(9, Side::Buy, 5) }, R::InvalidTimeInForce),
        (NewOrder { time_in_force: TimeInForce::Ioc, ..post_only }, R::InvalidPostOnly),
        (NewOrder { post_only: PostOnly::Yes, ..market(9, Side::Buy, 5) }, R::InvalidPostOnly),
        (NewOrder { post_only: PostOnly::Yes, ..fok }, R::InvalidPostOnly),
        (NewOrder { post_only: PostOnly::Yes, ..stop }, R::InvalidPostOnly),
        (NewOrder { time_in_force: TimeInForce::Day, ..market(9, Side::Buy, 5) }, R::InvalidTimeInForce),
        (NewOrder { expire_time: None, ..gtd }, R::InvalidExpireTime),
        (NewOrder { expire_time: Some(EpochNanos(1_000)), ..gtd }, R::InvalidExpireTime),
        (NewOrder { time_in_force: TimeInForce::Day, ..gtd }, R::InvalidExpireTime),
        (iceberg(6), R::InvalidDisplayQuantity),
        (NewOrder { time_in_force: TimeInForce::Ioc, ..iceberg(1) }, R::InvalidDisplayQuantity),
        (NewOrder { display_quantity: Quantity(1), ..fok }, R::InvalidDisplayQuantity),
        (NewOrder { display_quantity: Quantity(1), ..market(9, Side::Buy, 5) }, R::InvalidDisplayQuantity),
        (NewOrder { display_quantity: Quantity(1), ..stop }, R::InvalidDisplayQuantity),
        (NewOrder { expire_time: Some(EpochNanos(9_999)), ..order }, R::InvalidExpireTime),
        (NewOrder { price: None, ..order }, R::InvalidPrice),
        (NewOrder { price: Some(Price(100)), ..market(9, Side::Buy, 5) }, R::InvalidPrice),
        (limit(9, Side::Buy, 89, 5), R::InvalidPrice),
        (limit(9, Side::Buy, 111, 5), R::InvalidPrice),
        (limit(9, Side::Buy, i64::MIN, 5), R::InvalidPrice),
        (limit(9, Side::Buy, 94, 5), R::PriceOutsideBand),
        (limit(9, Side::Sell, 106, 5), R::PriceOutsideBand),
        (NewOrder { stop_price: Some(Price(101)), ..order }, R::InvalidStopPrice),
        (NewOrder { stop_price: Some(Price(101)), ..market(9, Side::Buy, 5) }, R::InvalidStopPrice),
        (NewOrder { stop_price: None, ..stop }, R::InvalidStopPrice),
        (NewOrder { stop_price: Some(Price(111)), ..stop }, R::InvalidStopPrice),
        (NewOrder { stop_price: None, ..stop_limit }, R::InvalidStopPrice),
        (NewOrder { price: Some(Price(100)), ..stop }, R::InvalidPrice),
        (NewOrder { price: None, ..stop_limit }, R::InvalidPrice),
        (NewOrder { price: Some(Price(94)), ..stop_limit }, R::PriceOutsideBand),
        (fok, R::FillOrKill),
        (NewOrder { price: Some(Price(101)), quantity: Quantity(7), ..fok }, R::FillOrKill),
        (NewOrder { time_in_force: TimeInForce::Fok, ..market(9, Side::Buy, 8) }, R::FillOrKill),
        (NewOrder { price: Some(Price(101)), ..post_only }, R::PostOnlyWouldTrade),
    ];
    let mut venue = traded();
    let before = books(&venue);
    for (order, expected) in table {
        assert_eq!(reason(&venue.order(1, order)), ("rejected", expected), "{order:?}");
        assert_eq!(books(&venue), before);
    }
    // Orders at the limits are taken.
    assert_eq!(venue.order(1, limit(9, Side::Buy, 95, 20)).len(), 1);
    assert_eq!(venue.order(1, limit(10, Side::Sell, 105, 20)).len(), 1);
    assert_eq!(venue.order(1, NewOrder { client_order_id: ClientOrderId(11), ..post_only }).len(), 1);
}

#[test]
fn the_report_of_a_rejected_order_repeats_the_order() {
    let mut venue = traded();
    let order = NewOrder { stop_price: Some(Price(3)), ..limit(9, Side::Sell, 103, 5) };
    let told = venue.order(1, order);
    let expected = Execution {
        exec_type: ExecType::Rejected,
        order_status: OrderStatus::Rejected,
        leaves_quantity: Quantity(0),
        reason: RejectReason::InvalidStopPrice,
        ..Execution::accepted(OrderId(0), &order)
    };
    assert!(matches!(&told[..], [Told::Report(report)] if report.body == ReportBody::Execution(expected)));
}

#[test]
fn cancels_and_replacements() {
    use RejectReason as R;
    let table = [
        (cancel(0), R::UnknownOrder),
        (cancel(4), R::UnknownOrder),
        (cancel(5), R::TooLateToCancel),
        (Action::Replace(replace(6, 6, 99, 10)), R::TooLateToCancel),
        (
            Action::Replace(Replace { display_quantity: Quantity(11), ..replace(1, 1, 99, 10) }),
            R::InvalidDisplayQuantity,
        ),
        (Action::Replace(replace(4, 4, 99, 10)), R::UnknownOrder),
        (Action::Replace(replace(1, 0, 99, 10)), R::InvalidClientOrderId),
        (Action::Replace(replace(1, 2, 99, 10)), R::DuplicateClientOrderId),
        (Action::Replace(replace(1, 1, 99, 0)), R::InvalidQuantity),
        (Action::Replace(replace(1, 1, 99, 21)), R::InvalidQuantity),
        (Action::Replace(replace(2, 2, 101, 3)), R::QuantityBelowFilled),
        (Action::Replace(replace(2, 2, 101, 1)), R::QuantityBelowFilled),
        (Action::Replace(Replace { price: None, ..replace(1, 1, 99, 10) }), R::InvalidPrice),
        (Action::Replace(replace(1, 1, 111, 10)), R::InvalidPrice),
        (Action::Replace(replace(1, 1, 94, 10)), R::PriceOutsideBand),
        (Action::Replace(Replace { stop_price: Some(Price(99)), ..replace(1, 1, 99, 10) }), R::InvalidStopPrice),
        (Action::Replace(replace(2, 2, 99, 10)), R::PostOnlyWouldTrade),
    ];
    let mut venue = traded();
    venue.order(1, limit(5, Side::Sell, 104, 1));
    venue.send(1, 1, cancel(5));
    venue.order(1, market(6, Side::Sell, 0));
    venue.order(1, NewOrder { time_in_force: TimeInForce::Ioc, ..limit(6, Side::Buy, 100, 1) });
    let before = books(&venue);
    for (action, expected) in table {
        let told = venue.send(1, 1, action);
        assert_eq!(reason(&told), ("cancel reject", expected), "{action:?}");
        assert_eq!(books(&venue), before);
        let order = match action {
            Action::Cancel { orig_client_order_id } | Action::Replace(Replace { orig_client_order_id, .. }) => {
                orig_client_order_id.0
            }
            _ => unreachable!(),
        };
        let expected_status = match order {
            1 => OrderStatus::New,
            2 => OrderStatus::PartiallyFilled,
            5 | 6 => OrderStatus::Canceled,
            _ => OrderStatus::Rejected,
        };
        assert_eq!(status(&told), Some(expected_status), "{action:?}");
    }
}

/// The order's status in the rejection of a cancel or a replacement.
fn status(told: &[Told]) -> Option<OrderStatus> {
    match told {
        [Told::Report(Report { body: ReportBody::CancelReject { order_status, .. }, .. })] => *order_status,
        _ => panic!("no cancel reject: {told:?}"),
    }
}

#[test]
fn a_cancel_that_comes_too_late_is_told_how_the_order_ended() {
    let limits = EngineLimits { retained_events: 20, ..LIMITS };
    let mut venue = Venue::open(limits, boundless(1));
    let ends_in = |venue: &mut Venue, id, expected| {
        let told = venue.send(1, 1, cancel(id));
        assert_eq!((reason(&told).1, status(&told)), (RejectReason::TooLateToCancel, Some(expected)));
    };
    venue.order(1, limit(1, Side::Sell, 101, 3));
    venue.order(2, market(1, Side::Buy, 3));
    ends_in(&mut venue, 1, OrderStatus::Filled);
    let expire_time = Some(EpochNanos(venue.now + 2));
    venue.order(1, NewOrder { time_in_force: TimeInForce::Gtd, expire_time, ..limit(2, Side::Sell, 101, 3) });
    venue.now += 5;
    venue.send(2, 1, cancel(2));
    ends_in(&mut venue, 2, OrderStatus::Expired);
    venue.order(1, limit(3, Side::Sell, 101, 3));
    venue.send(0, 1, Action::MassCancel { target: ParticipantId(1), side: None });
    // A rejected order with the same number changes nothing.
    venue.order(1, limit(3, Side::Sell, 101, 0));
    ends_in(&mut venue, 3, OrderStatus::Canceled);
    // An order that has another number now is not known by the old one, neither while it lives nor afterwards.
    venue.order(1, limit(4, Side::Sell, 101, 3));
    venue.send(1, 1, Action::Replace(replace(4, 5, 102, 3)));
    venue.send(1, 1, cancel(5));
    let told = venue.send(1, 1, cancel(4));
    assert_eq!((reason(&told).1, status(&told)), (RejectReason::UnknownOrder, Some(OrderStatus::Rejected)));
    // A number that is used again is that of the newest order, and what is no longer kept is unknown.
    venue.order(1, limit(1, Side::Sell, 105, 3));
    assert_eq!(venue.send(1, 1, cancel(1)).len(), 1);
    ends_in(&mut venue, 1, OrderStatus::Canceled);
    for _ in 0..20 {
        venue.send(1, 1, cancel(9));
    }
    assert_eq!(reason(&venue.send(1, 1, cancel(1))).1, RejectReason::UnknownOrder);
}

#[test]
fn another_participants_order_is_unknown() {
    let mut venue = traded();
    assert_eq!(reason(&venue.send(2, 1, cancel(2))), ("cancel reject", RejectReason::UnknownOrder));
    assert_eq!(venue.order(2, limit(2, Side::Buy, 98, 1)).len(), 1);
}

#[test]
fn orders_that_end_without_their_owners_request() {
    let mut venue = traded();
    let ioc = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(9, Side::Buy, 101, 9) };
    assert_eq!(reason(&venue.order(2, ioc)), ("canceled", RejectReason::NoLiquidity));
    assert_eq!(reason(&venue.order(2, market(9, Side::Sell, 11))), ("canceled", RejectReason::NoLiquidity));
    let mass_cancel = Action::MassCancel { target: ParticipantId(1), side: Some(Side::Sell) };
    assert_eq!(reason(&venue.send(0, 1, mass_cancel)), ("canceled", RejectReason::MassCancel));
    venue.order(1, limit(1, Side::Buy, 99, 10));
    let close = Action::SetInstrumentState { state: InstrumentState::Closed, reference_price: None };
    assert_eq!(reason(&venue.send(0, 1, close)), ("canceled", RejectReason::InstrumentClosed));
    assert_eq!(venue.engine.live_orders(), 0);
}

#[test]
fn states() {
    for state in [InstrumentState::Halted, InstrumentState::Closed] {
        let mut venue = traded();
        venue.send(0, 1, Action::SetInstrumentState { state, reference_price: None });
        let new = venue.order(1, limit(9, Side::Buy, 100, 5));
        assert_eq!(reason(&new), ("rejected", RejectReason::InstrumentState));
        let replaced = venue.send(1, 1, Action::Replace(replace(1, 1, 98, 5)));
        assert_eq!(reason(&replaced), ("cancel reject", RejectReason::InstrumentState));
        let canceled = venue.send(1, 1, cancel(1));
        if state == InstrumentState::Halted {
            assert!(matches!(canceled[..], [Told::Report(_)]));
        } else {
            assert_eq!(reason(&canceled), ("cancel reject", RejectReason::TooLateToCancel));
        }
        venue.send(0, 1, Action::SetInstrumentState { state: InstrumentState::Open, reference_price: Some(Price(97)) });
        let beyond = venue.order(1, limit(9, Side::Buy, 103, 5));
        assert_eq!(reason(&beyond), ("rejected", RejectReason::PriceOutsideBand));
    }
}

#[test]
fn operations() {
    use RejectReason as R;
    let set_state = |state, price: Option<i64>| Action::SetInstrumentState { state, reference_price: price.map(Price) };
    let set_limits = Action::SetRiskLimits { target: ParticipantId(1), limits: RiskLimits::default() };
    let kill = |target| Action::SetKillSwitch {
        target: ParticipantId(target),
        kill_switch: KillSwitch::Engaged,
        working_orders: WorkingOrders::Cancel,
    };
    let define = |definition| Action::DefineInstrument(definition);
    let two = definition(2);
    let table = [
        (1, 0, define(two), R::NotAuthorised),
        (0, 0, define(definition(1)), R::DuplicateInstrument),
        (0, 0, define(definition(0)), R::InvalidDefinition),
        (0, 0, define(InstrumentDefinition { minimum_price: Price(101), ..two }), R::InvalidDefinition),
        (0, 0, define(InstrumentDefinition { maximum_price: Price(80), ..two }), R::InvalidDefinition),
        (0, 0, define(InstrumentDefinition { maximum_quantity: Quantity(0), ..two }), R::InvalidDefinition),
        (0, 0, define(InstrumentDefinition { base: Symbol([0; 8]), ..two }), R::InvalidDefinition),
        (0, 0, define(InstrumentDefinition { quote: Symbol(*b"A\0B\0\0\0\0\0"), ..two }), R::InvalidDefinition),
        (
            0,
            0,
            define(InstrumentDefinition { tick_size: Decimal { mantissa: 0, exponent: 0 }, ..two }),
            R::InvalidDefinition,
        ),
        (
            0,
            0,
            define(InstrumentDefinition { lot_size: Decimal { mantissa: -1, exponent: 0 }, ..two }),
            R::InvalidDefinition,
        ),
        (1, 1, set_state(InstrumentState::Halted, None), R::NotAuthorised),
        (0, 1, set_state(InstrumentState::Open, Some(111)), R::InvalidPrice),
        (1, 1, Action::MassCancel { target: ParticipantId(2), side: None }, R::NotAuthorised),
        (1, 0, set_limits, R::NotAuthorised),
        (1, 0, kill(2), R::NotAuthorised),
    ];
    let mut venue = traded();
    let before = (books(&venue), *venue.engine.definition(InstrumentId(1)).unwrap());
    for (participant, instrument, action, expected) in table {
        let told = venue.send(participant, instrument, action);
        assert_eq!(reason(&told), ("reject", expected), "{action:?}");
        assert_eq!((books(&venue), *venue.engine.definition(InstrumentId(1)).unwrap()), before);
    }
    assert_eq!(venue.engine.instruments().collect::<Vec<_>>(), [InstrumentId(1)]);
}

#[test]
fn no_scope() {
    let mut venue = traded();
    let order = Action::New(limit(1, Side::Buy, 99, 1));
    let before = snapshot(&venue.engine);
    let kill = Action::SetKillSwitch {
        target: ParticipantId(1),
        kill_switch: KillSwitch::Engaged,
        working_orders: WorkingOrders::Cancel,
    };
    for (instrument, action, expected) in [
        (2, order, RejectReason::UnknownInstrument),
        (2, cancel(1), RejectReason::UnknownInstrument),
        (0, order, RejectReason::WrongScope),
        (0, cancel(1), RejectReason::WrongScope),
        (0, Action::MassCancel { target: ParticipantId(1), side: None }, RejectReason::WrongScope),
        (1, Action::DefineInstrument(definition(2)), RejectReason::WrongScope),
        (1, kill, RejectReason::WrongScope),
        (2, kill, RejectReason::WrongScope),
    ] {
        assert_eq!(reason(&venue.send_as(1, instrument, 1, action)), ("refused", expected), "{action:?}");
    }
    assert_eq!(snapshot(&venue.engine), before);
}

#[test]
fn limits() {
    let limits = EngineLimits {
        instruments: 1,
        participants: 2,
        orders: 2,
        retained_events: 4,
        retained_firm_events: 16_384,
        retained_trades: 4_096,
        steps: 4_096,
    };
    let mut venue = Venue::open(limits, boundless(1));
    let second = venue.send(0, 0, Action::DefineInstrument(definition(2)));
    assert_eq!(reason(&second), ("reject", RejectReason::LimitInstruments));

    venue.order(1, limit(1, Side::Buy, 99, u64::MAX - 5));
    let too_much = venue.order(1, limit(2, Side::Buy, 99, 6));
    assert_eq!(reason(&too_much), ("rejected", RejectReason::LimitLevel));
    venue.order(1, limit(2, Side::Buy, 99, 5));
    let full = venue.order(2, limit(1, Side::Sell, 101, 1));
    assert_eq!(reason(&full), ("rejected", RejectReason::LimitOrders));
    // An order that never rests needs no room.
    assert_eq!(venue.order(2, market(1, Side::Sell, 1)).len(), 3);
    let grown = venue.send(1, 1, Action::Replace(replace(2, 2, 99, 7)));
    assert_eq!(reason(&grown), ("cancel reject", RejectReason::LimitLevel));

    let limits_of = |target| Action::SetRiskLimits { target: ParticipantId(target), limits: RiskLimits::default() };
    assert_eq!(reason(&venue.send(0, 0, limits_of(3))), ("reject", RejectReason::LimitParticipants));

    venue.order(0, market(1, Side::Sell, 1));
    let third = venue.order(3, market(1, Side::Sell, 1));
    assert_eq!(reason(&third), ("refused", RejectReason::LimitParticipants));
}

#[test]
fn risk() {
    let mut venue = traded();
    let target = ParticipantId(1);
    let set = |venue: &mut Venue, limits| {
        let told = venue.send(0, 0, Action::SetRiskLimits { target, limits });
        // The operator is answered, and the participant is told.
        let [Told::Report(answer), Told::Report(notice)] = told[..] else { panic!("{told:?}") };
        assert!(matches!(answer.body, ReportBody::Risk { .. }) && answer.body == notice.body);
        assert_eq!((answer.participant, notice.participant), (ParticipantId(0), target));
        assert_eq!((notice.instrument, notice.client_sequence), (InstrumentId(0), ClientSequence(0)));
    };
    let of = |quantity, notional, open, rate| RiskLimits {
        maximum_quantity: Some(Quantity(quantity)),
        maximum_notional: Some(notional),
        maximum_open_orders: Some(open),
        maximum_commands_per_second: Some(rate),
        maximum_cancels_per_second: None,
    };
    let check = |venue: &mut Venue, quantity, expected| {
        let before = books(venue);
        assert_eq!(reason(&venue.order(1, limit(9, Side::Buy, 100, quantity))), ("rejected", expected));
        let replaced = venue.send(1, 1, Action::Replace(replace(1, 1, 98, quantity)));
        assert_eq!(reason(&replaced), ("cancel reject", expected));
        assert_eq!(books(venue), before);
    };
    set(&mut venue, of(4, 0, 0, 0));
    check(&mut venue, 5, RejectReason::RiskQuantity);
    set(&mut venue, of(0, 391, 0, 0));
    check(&mut venue, 4, RejectReason::RiskNotional);
    // A market order counts at the last price, which is 101.
    assert_eq!(reason(&venue.order(1, market(9, Side::Buy, 4))), ("rejected", RejectReason::RiskNotional));
    set(&mut venue, of(0, 0, 3, 0));
    assert_eq!(reason(&venue.order(1, limit(9, Side::Buy, 100, 1))), ("rejected", RejectReason::RiskOpenOrders));
    // An order that never rests is no open order, and a replacement adds none.
    assert_eq!(venue.order(1, market(9, Side::Buy, 1)).len(), 3);
    assert_eq!(venue.send(1, 1, Action::Replace(replace(1, 1, 98, 2))).len(), 1);
    set(&mut venue, of(0, 0, 0, 2));
    venue.now = 2_000_000_000;
    assert_eq!(reason(&venue.order(1, limit(9, Side::Buy, 500, 1))), ("rejected", RejectReason::InvalidPrice));
    assert_eq!(venue.send(1, 1, Action::Replace(replace(1, 1, 97, 2))).len(), 1);
    check(&mut venue, 1, RejectReason::RiskRate);
    // Cancels, and replacements that only decrease an order, do not count as orders.
    assert_eq!(venue.send(1, 1, Action::Replace(replace(1, 1, 97, 1))).len(), 1);
    assert_eq!(venue.send(1, 1, cancel(1)).len(), 1);
    venue.now = 3_000_000_000;
    assert_eq!(venue.order(1, limit(9, Side::Buy, 98, 1)).len(), 1);
    // The participant can engage its kill switch, and the operator can release it.
    let kill_switch = |kill_switch| Action::SetKillSwitch { target, kill_switch, working_orders: WorkingOrders::Keep };
    assert_eq!(venue.send(1, 0, kill_switch(KillSwitch::Engaged)).len(), 1);
    assert_eq!(reason(&venue.order(1, limit(8, Side::Buy, 98, 1))), ("rejected", RejectReason::RiskKillSwitch));
    let replaced = venue.send(1, 1, Action::Replace(replace(9, 9, 97, 1)));
    assert_eq!(reason(&replaced), ("cancel reject", RejectReason::RiskKillSwitch));
    assert_eq!(venue.send(1, 1, cancel(9)).len(), 1);
    venue.send(0, 0, kill_switch(KillSwitch::Released));
    assert_eq!(venue.order(1, limit(9, Side::Buy, 98, 1)).len(), 1);
}

#[test]
fn auctions_accept_only_orders_that_can_rest() {
    let mut venue = traded();
    let auction = Action::SetInstrumentState { state: InstrumentState::Auction, reference_price: None };
    venue.send(0, 1, auction);
    let order = limit(9, Side::Buy, 101, 5);
    for immediate in [
        NewOrder { time_in_force: TimeInForce::Ioc, ..order },
        NewOrder { time_in_force: TimeInForce::Fok, ..order },
        market(9, Side::Buy, 5),
    ] {
        assert_eq!(reason(&venue.order(2, immediate)), ("rejected", RejectReason::InstrumentState));
    }
    // Nothing trades at once, so post-only orders are taken, too; and a stop order whose trigger is reached waits.
    assert_eq!(venue.order(2, NewOrder { post_only: PostOnly::Yes, ..order }).len(), 1);
    let stop = NewOrder { order_type: OrderType::Stop, price: None, stop_price: Some(Price(101)), ..order };
    assert_eq!(venue.order(2, NewOrder { client_order_id: ClientOrderId(10), ..stop }).len(), 1);
}

/// An auction that a timer ends, all of which is a time without cancels: participant 1's ask 1 is in it.
fn without_cancels() -> Venue {
    let auction_milliseconds = 5;
    let mut venue = Venue::open(
        LIMITS,
        InstrumentDefinition {
            protection: PriceProtection {
                dynamic_band: Some(PriceWidth::Ticks(2)),
                on_breach: OnBreach::Halt,
                auction_milliseconds,
                ..PriceProtection::NONE
            },
            auctions: AuctionRules { no_cancel_milliseconds: auction_milliseconds, ..AuctionRules::NONE },
            ..definition(1)
        },
    );
    venue.order(1, limit(1, Side::Sell, 104, 5));
    venue.order(2, limit(1, Side::Buy, 104, 1));
    venue
}

#[test]
fn a_time_without_cancels() {
    use RejectReason as R;
    let mut venue = without_cancels();
    assert_eq!(reason(&venue.send(1, 1, cancel(1))), ("cancel reject", R::NoCancelPhase));
    let decrease = Action::Replace(replace(1, 1, 104, 4));
    assert_eq!(reason(&venue.send(1, 1, decrease)), ("cancel reject", R::NoCancelPhase));
    let of = |target| Action::MassCancel { target: ParticipantId(target), side: None };
    assert_eq!(reason(&venue.send(1, 1, of(1))), ("reject", R::NoCancelPhase));
    let all =
        |target| Action::MassCancelAll { target: MassCancelTarget::Participant(ParticipantId(target)), side: None };
    assert_eq!(reason(&venue.send(1, 1, all(1))), ("reject", R::NoCancelPhase));
    assert_eq!(books(&venue)[1], Some(vec![(104, 5, 1)]), "it is still there");
    // The operator may.
    venue.send(0, 1, of(1));
    assert_eq!(books(&venue)[1], Some(Vec::new()));
}

/// A mass quote of participant 1's first set, with an entry for each instrument and price of its bid, and an offer two ticks above.
fn quotes(entries: &[(u32, i64)]) -> Action {
    let entry = |&(instrument, bid): &(u32, i64)| QuoteEntry {
        instrument: InstrumentId(instrument),
        bid_price: Price(bid),
        bid_quantity: Quantity(2),
        offer_price: Price(bid + 2),
        offer_quantity: Quantity(2),
    };
    let entries: Vec<QuoteEntry> = entries.iter().map(entry).collect();
    Action::MassQuote(MassQuote {
        quote_id: QuoteId(1),
        quote_set: QuoteSetId::default(),
        post_only: PostOnly::Yes,
        self_trade_prevention: SelfTradePrevention::None,
        entries: ByEntry::of(&entries).unwrap(),
    })
}

/// The reasons of a mass quote's entries, with their instruments.
fn of_entries(told: &[Told]) -> Vec<(u32, RejectReason)> {
    let last = told.iter().rev().find_map(|told| match told {
        Told::Report(Report { body: ReportBody::MassQuote(answer), .. }) => Some(answer),
        _ => None,
    });
    last.unwrap().results.iter().map(|result| (result.instrument.0, result.reason)).collect()
}

#[test]
fn quotes_and_what_protects_them() {
    use RejectReason as R;
    let mut venue = Venue::open(EngineLimits { steps: 1, ..LIMITS }, definition(1));
    venue.send(0, 0, Action::DefineInstrument(definition(2)));
    let told = venue.send(1, 0, quotes(&[(1, 99), (3, 99), (1, 98), (2, 99)]));
    let expected = [(1, R::None), (3, R::UnknownInstrument), (1, R::DuplicateQuote), (2, R::None)];
    assert_eq!(of_entries(&told), expected);
    let crossed = QuoteEntry { bid_price: Price(101), offer_price: Price(101), ..QuoteEntry::default() };
    let Action::MassQuote(sound) = quotes(&[(1, 99)]) else { panic!() };
    let entry = QuoteEntry { bid_price: crossed.bid_price, offer_price: crossed.offer_price, ..sound.entries[0] };
    let told = venue.send(1, 0, Action::MassQuote(MassQuote { entries: ByEntry::of(&[entry]).unwrap(), ..sound }));
    assert_eq!(of_entries(&told), [(1, R::InvalidSpread)]);

    // With one step a command, two of four sides are left when the next one begins.
    venue.send(1, 0, Action::QuoteCancel(QuoteCancel::default()));
    let told = venue.send(1, 0, quotes(&[(1, 99)]));
    assert_eq!(of_entries(&told), [(1, R::QuotesBeingCanceled)]);

    let protect = |maximum_trades| Action::SetMarketMakerProtection {
        quote_set: QuoteSetId::default(),
        protection: MarketMakerProtection { window_milliseconds: 1, maximum_trades, ..MarketMakerProtection::NONE },
    };
    assert_eq!(reason(&venue.send(1, 0, protect(None))), ("reject", R::InvalidProtection));
    venue.send(1, 0, protect(Some(1)));
    while venue.engine.next_deadline() == Some(lugus_engine::Deadline::Now) {
        fired(&mut venue.engine, venue.now);
    }
    assert_eq!(of_entries(&venue.send(1, 0, quotes(&[(1, 99)]))), [(1, R::None)]);
    venue.order(2, limit(1, Side::Buy, 101, 1));
    while venue.engine.next_deadline() == Some(lugus_engine::Deadline::Now) {
        fired(&mut venue.engine, venue.now);
    }
    assert_eq!(of_entries(&venue.send(1, 0, quotes(&[(1, 99)]))), [(1, R::MarketMakerProtection)]);
    assert_eq!(books(&venue), [Some(Vec::new()), Some(Vec::new())]);
}

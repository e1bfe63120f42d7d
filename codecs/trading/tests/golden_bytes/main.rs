//! Golden bytes: each message of the protocols, byte for byte, in both directions.
//!
//! `golden/version-1.txt` has a line for each message: a name, and the bytes in hexadecimal digits; the files of later
//! versions have those that are written otherwise since. A message is written as in the newest file that has it, and read
//! from the bytes of all versions. `docs/protocol.md` says what may change. A line that is missing is printed by the test
//! that wants it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod connections;
mod firms;
mod golden;
mod member_status;
mod migration;
mod own_orders;
mod partition_map;
mod quotes;
mod snapshots;

use golden::Golden;
use lugus_codecs::Envelope;
use lugus_codecs::market_data::*;
use lugus_codecs::order_entry::*;
use lugus_vocabulary::*;

fn open(message: &[u8]) -> Envelope<'_> {
    Envelope::open(message).expect("a header")
}

const PARTICIPANT: ParticipantId = ParticipantId(7);
const INSTRUMENT: InstrumentId = InstrumentId(3);
const TIME: EpochNanos = EpochNanos(1_700_000_000_123_456_789);

fn new_order() -> NewOrder {
    NewOrder {
        client_order_id: ClientOrderId(11),
        side: Side::Sell,
        order_type: OrderType::StopLimit,
        time_in_force: TimeInForce::Gtd,
        price: Some(Price(-5)),
        stop_price: Some(Price(6)),
        quantity: Quantity(700),
        display_quantity: Quantity(70),
        expire_time: Some(TIME),
        post_only: PostOnly::Yes,
        self_trade_prevention: SelfTradePrevention::Decrement,
        client_tag: ClientTag(0),
        on_disconnect: OnDisconnect::Cancel,
    }
}

fn definition() -> InstrumentDefinition {
    InstrumentDefinition {
        instrument: INSTRUMENT,
        base: Symbol(*b"BTC\0\0\0\0\0"),
        quote: Symbol(*b"USDT\0\0\0\0"),
        instrument_type: InstrumentType::Futures,
        minimum_price: Price(-1_000),
        maximum_price: Price(1_000_000),
        reference_price: Price(64_000),
        price_band: Quantity(500),
        maximum_quantity: Quantity(10_000),
        tick_size: Decimal { mantissa: 25, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -6 },
        state: InstrumentState::Auction,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    }
}

const AUCTIONS: AuctionRules = AuctionRules {
    indicative_milliseconds: 1_000,
    no_cancel_milliseconds: 30_000,
    schedule: DailySchedule {
        opening_auction: TimeOfDay::from_milliseconds(190),
        continuous: TimeOfDay::from_milliseconds(191),
        closing_auction: None,
        closed: TimeOfDay::from_milliseconds(192),
        at_day_end: AtDayEnd::Close,
    },
};

fn price_protection() -> PriceProtection {
    PriceProtection {
        dynamic_band: Some(PriceWidth::BasisPoints(250)),
        reference_window_milliseconds: 10_000,
        on_breach: OnBreach::Halt,
        auction_milliseconds: 300_000,
        auction_collar: Some(PriceWidth::Ticks(182)),
        protection_points: Quantity(183),
        beyond_points: BeyondPoints::Rest,
    }
}

const LIMITS: RiskLimits = RiskLimits {
    maximum_quantity: Some(Quantity(100)),
    maximum_notional: Some(1_000_000),
    maximum_open_orders: Some(50),
    maximum_commands_per_second: None,
    maximum_cancels_per_second: None,
};

#[test]
fn commands() {
    let golden = Golden::of("command.");
    let side = Some(Side::Buy);
    let replace = Replace {
        orig_client_order_id: ClientOrderId(11),
        client_order_id: ClientOrderId(12),
        price: None,
        stop_price: Some(Price(8)),
        quantity: Quantity(900),
        display_quantity: Quantity(0),
    };
    let state = InstrumentState::Halted;
    let kill_switch = KillSwitch::Engaged;
    let target = ParticipantId(9);
    for (name, instrument, action) in [
        ("command.new_order", INSTRUMENT, Action::New(new_order())),
        ("command.new_market_order", INSTRUMENT, {
            Action::New(NewOrder::market(ClientOrderId(1), Side::Buy, Quantity(2)))
        }),
        ("command.new_order_at_the_close", INSTRUMENT, {
            let order = NewOrder::market(ClientOrderId(11), Side::Sell, Quantity(2));
            Action::New(NewOrder { time_in_force: TimeInForce::AtTheClose, ..order })
        }),
        ("command.new_tagged_order", INSTRUMENT, Action::New(NewOrder { client_tag: ClientTag(13), ..new_order() })),
        ("command.cancel", INSTRUMENT, Action::Cancel { orig_client_order_id: ClientOrderId(11) }),
        ("command.replace", INSTRUMENT, Action::Replace(replace)),
        ("command.mass_cancel", INSTRUMENT, Action::MassCancel { target, side }),
        ("command.mass_cancel_all", InstrumentId::NONE, {
            Action::MassCancelAll { target: MassCancelTarget::Participant(target), side }
        }),
        ("command.mass_cancel_of_everybody", INSTRUMENT, {
            Action::MassCancelAll { target: MassCancelTarget::Everybody, side: None }
        }),
        ("command.define_instrument", InstrumentId::NONE, Action::DefineInstrument(definition())),
        ("command.define_protected_instrument", InstrumentId::NONE, {
            Action::DefineInstrument(InstrumentDefinition { protection: price_protection(), ..definition() })
        }),
        ("command.define_instrument_with_auctions", InstrumentId::NONE, {
            Action::DefineInstrument(InstrumentDefinition { auctions: AUCTIONS, ..definition() })
        }),
        ("command.set_auction_rules", INSTRUMENT, Action::SetAuctionRules(AUCTIONS)),
        ("command.set_price_protection", INSTRUMENT, Action::SetPriceProtection(price_protection())),
        ("command.set_no_price_protection", INSTRUMENT, Action::SetPriceProtection(PriceProtection::NONE)),
        ("command.set_instrument_state", INSTRUMENT, Action::SetInstrumentState { state, reference_price: None }),
        ("command.set_risk_limits", InstrumentId::NONE, {
            // Before version 3 all limits were set, and 0 took one away.
            Action::SetRiskLimits { target, limits: RiskLimits { maximum_commands_per_second: Some(0), ..LIMITS } }
        }),
        ("command.set_one_risk_limit", InstrumentId::NONE, {
            let limits = RiskLimits { maximum_cancels_per_second: Some(14), ..RiskLimits::default() };
            Action::SetRiskLimits { target, limits }
        }),
        (
            "command.set_kill_switch",
            InstrumentId::NONE,
            Action::SetKillSwitch { target, kill_switch, working_orders: WorkingOrders::Cancel },
        ),
        (
            "command.set_kill_switch_keeping",
            InstrumentId::NONE,
            Action::SetKillSwitch { target, kill_switch, working_orders: WorkingOrders::Keep },
        ),
        ("command.cancel_trade", INSTRUMENT, {
            Action::AmendTrade { trade_id: TradeId(160), amendment: TradeAmendment::Cancel }
        }),
        ("command.correct_trade", INSTRUMENT, {
            let (price, quantity) = (Some(Price(-161)), Some(Quantity(162)));
            Action::AmendTrade { trade_id: TradeId(160), amendment: TradeAmendment::Correct { price, quantity } }
        }),
    ] {
        let command = Command { participant: PARTICIPANT, instrument, client_sequence: ClientSequence(42), action };
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        golden.check(name, &Some(command), encode_command(&command, &mut buffer), |message| {
            decode_command(PARTICIPANT, open(message)).expect("a command")
        });
    }
    golden.finish();
}

#[test]
fn requests() {
    let golden = Golden::of("request.");
    let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
    let seen = Some(EventSequence(8));
    let resume = Request::Resume { instrument: INSTRUMENT, last_event_sequence: seen };
    golden.check("request.resume", &Some(resume), encode_resume(INSTRUMENT, seen, &mut buffer), |message| {
        decode_request(open(message)).expect("a request")
    });
    let drop_copy = Request::DropCopy { instrument: INSTRUMENT };
    golden.check("request.drop_copy", &Some(drop_copy), encode_drop_copy(INSTRUMENT, &mut buffer), |message| {
        decode_request(open(message)).expect("a request")
    });
    let version = ProtocolVersion(4);
    let written = encode_activate_protocol_version(version, &mut buffer);
    golden.check("request.activate", &Some(Request::ActivateProtocolVersion(version)), written, |message| {
        decode_request(open(message)).expect("a request")
    });
    let book = BookRequest {
        request_id: 5,
        instrument: INSTRUMENT,
        depth: 20,
        bids_after: Some(Price(-1)),
        offers_after: None,
        book_type: BookType::Orders,
    };
    golden.check("request.book", &book, encode_book_request(&book, &mut buffer), |message| {
        decode_book_request(open(message)).expect("a request")
    });
    golden.finish();
}

fn execution() -> Execution {
    Execution {
        exec_type: ExecType::Trade,
        order_status: OrderStatus::PartiallyFilled,
        order_id: OrderId(21),
        client_order_id: ClientOrderId(22),
        orig_client_order_id: ClientOrderId(23),
        trade_id: TradeId(24),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Day,
        price: Some(Price(25)),
        quantity: Quantity(26),
        last_price: Some(Price(-27)),
        last_quantity: Quantity(6),
        leaves_quantity: Quantity(20),
        cum_quantity: Quantity(6),
        liquidity: Liquidity::Auction,
        reason: RejectReason::None,
        client_tag: ClientTag(0),
        on_disconnect: OnDisconnect::Cancel,
    }
}

fn report(body: ReportBody) -> Report {
    Report {
        participant: PARTICIPANT,
        instrument: INSTRUMENT,
        event_sequence: EventSequence(31),
        client_sequence: ClientSequence(32),
        time: TIME,
        body,
    }
}

#[test]
fn reports() {
    let golden = Golden::of("report.");
    let triggered = Execution {
        exec_type: ExecType::Triggered,
        order_status: OrderStatus::New,
        price: None,
        last_price: None,
        reason: RejectReason::InstrumentClosed,
        ..execution()
    };
    let reason = RejectReason::RiskKillSwitch;
    for (name, body) in [
        ("report.execution", ReportBody::Execution(execution())),
        ("report.triggered", ReportBody::Execution(triggered)),
        ("report.tagged", ReportBody::Execution(Execution { client_tag: ClientTag(28), ..execution() })),
        ("report.cancel_reject", {
            let (orig_client_order_id, client_order_id) = (ClientOrderId(41), ClientOrderId(42));
            ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status: None }
        }),
        ("report.cancel_reject_with_status", {
            let (orig_client_order_id, client_order_id) = (ClientOrderId(41), ClientOrderId(42));
            let (reason, order_status) = (RejectReason::TooLateToCancel, Some(OrderStatus::Filled));
            ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status }
        }),
        ("report.mass_cancel", ReportBody::MassCancel { target: ParticipantId(9), affected: 3 }),
        ("report.mass_cancel_all", {
            let target = MassCancelTarget::Participant(ParticipantId(9));
            ReportBody::MassCancelAll { target, affected: 3, instruments: 2, moving: 1 }
        }),
        ("report.mass_cancel_of_everybody", {
            let target = MassCancelTarget::Everybody;
            ReportBody::MassCancelAll { target, affected: 4, instruments: 3, moving: 0 }
        }),
        ("report.instrument", {
            let (state, reference_price) = (InstrumentState::Open, Price(64_000));
            ReportBody::Instrument { instrument: InstrumentId(4), state, reference_price }
        }),
        ("report.risk", {
            ReportBody::Risk {
                target: ParticipantId(9),
                limits: LIMITS,
                kill_switch: KillSwitch::Engaged,
                kill_switch_levels: KillSwitchLevels::NONE,
            }
        }),
        ("report.risk_levels", {
            ReportBody::Risk {
                target: ParticipantId(9),
                limits: LIMITS,
                kill_switch: KillSwitch::Engaged,
                kill_switch_levels: KillSwitchLevels::NONE.with(KillSwitchLevel::Firm),
            }
        }),
        ("report.risk_of_cancels", {
            let limits = RiskLimits { maximum_cancels_per_second: Some(29), ..LIMITS };
            ReportBody::Risk {
                target: ParticipantId(9),
                limits,
                kill_switch: KillSwitch::Released,
                kill_switch_levels: KillSwitchLevels::NONE,
            }
        }),
        ("report.trade_addendum", {
            ReportBody::TradeAddendum(TradeAddendum {
                exec_type: ExecType::TradeCorrect,
                trade_id: TradeId(163),
                side: Some(Side::Sell),
                order_id: OrderId(164),
                client_order_id: ClientOrderId(165),
                last_price: Price(-166),
                last_quantity: Quantity(167),
                exec_ref: EventSequence(168),
            })
        }),
        ("report.reject", ReportBody::Reject { command: CommandKind::SetRiskLimits, reason }),
    ] {
        let report = report(body);
        let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
        golden.check(name, &Some(report), encode_report(&report, &mut buffer), |message| {
            decode_report(open(message)).expect("a report")
        });
    }
    golden.finish();
}

#[test]
fn replies() {
    let golden = Golden::of("reply.");
    let (instrument, client_sequence) = (INSTRUMENT, ClientSequence(51));
    let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
    for (name, reply) in [
        ("reply.sequence_reject", {
            Reply::SequenceReject { instrument, received: ClientSequence(0), expected: ClientSequence(52) }
        }),
        ("reply.resume_complete", {
            let last_event_sequence = EventSequence(53);
            Reply::ResumeComplete { instrument, last_client_sequence: client_sequence, last_event_sequence }
        }),
        ("reply.event_gap", {
            let (first_retained, last_event_sequence) = (EventSequence(54), EventSequence(55));
            Reply::EventGap { instrument, client_sequence, first_retained, last_event_sequence, lost_through: TIME }
        }),
        ("reply.refused", { Reply::Refused { instrument, client_sequence, reason: RejectReason::UnknownInstrument } }),
        ("reply.moved", Reply::Moved { instrument, client_sequence, epoch: MapEpoch(56) }),
    ] {
        golden.check(name, &Some(reply), encode_reply(&reply, &mut buffer), |message| {
            decode_reply(open(message)).expect("a reply")
        });
    }
    let reject = MessageReject { template_id: 999, reason: MessageRejectReason::UnknownTemplate };
    golden.check("reply.message_reject", &Some(reject), encode_message_reject(reject, &mut buffer), |message| {
        decode_message_reject(open(message)).expect("a reject")
    });
    let replaced = SessionReplaced { participant: PARTICIPANT };
    golden.check(
        "reply.session_replaced",
        &Some(replaced),
        encode_session_replaced(replaced, &mut buffer),
        |message| decode_session_replaced(open(message)).expect("a notice"),
    );
    golden.finish();
}

fn statistics() -> Statistics {
    Statistics { open: Some(Price(1)), high: Some(Price(2)), low: None, last: Some(Price(-3)), volume: Quantity(4) }
}

#[test]
fn market_data() {
    let golden = Golden::of("market_data.");
    let level = |price, quantity, orders| PriceLevel { price: Price(price), quantity: Quantity(quantity), orders };
    let mut book = Book {
        request_id: 5,
        time: TIME,
        market: MarketDataSnapshot {
            instrument: INSTRUMENT,
            sequence: MarketDataSequence(61),
            state: InstrumentState::Halted,
            reference_price: Price(62),
            statistics: statistics(),
        },
        bids: vec![level(100, 5, 1), level(99, 6, 2)],
        offers: vec![level(101, 7, 1)],
        ..Book::default()
    };
    book.is_end_of = [true, false];
    let mut buffer = [0; MAXIMUM_BOOK_LENGTH];
    golden.check("market_data.book", &book, encode_book(&book, BookType::Levels, &mut buffer), |message| {
        let mut book = Book::default();
        assert_eq!(decode_book(open(message), &mut book), Ok(Some(BookProgress::Complete)));
        book
    });
    book.after = [Some(Price(-101)), None];
    golden.check("market_data.part_of_book", &book, encode_book(&book, BookType::Levels, &mut buffer), |message| {
        let mut book = Book::default();
        assert_eq!(decode_book(open(message), &mut book), Ok(Some(BookProgress::Complete)));
        book
    });
    let order = |order_id| DisplayedOrder {
        order_id: OrderId(order_id),
        side: Side::Buy,
        price: Price(100),
        quantity: Quantity(order_id * 2),
    };
    let orders = vec![order(63), order(64)];
    let written = encode_book_orders(5, INSTRUMENT, &orders, &mut buffer);
    golden.check("market_data.book_orders", &orders, written, |message| {
        let mut book = Book { request_id: 5, bids: vec![level(100, 254, 2)], ..Book::default() };
        assert_eq!(decode_book(open(message), &mut book), Ok(Some(BookProgress::Complete)));
        book.orders
    });
    let reject = BookReject { request_id: 5, instrument: INSTRUMENT };
    golden.check("market_data.book_reject", &Some(reject), encode_book_reject(reject, &mut buffer), |message| {
        decode_book_reject(open(message)).expect("a reject")
    });

    let order = DisplayedOrder { order_id: OrderId(71), side: Side::Sell, price: Price(72), quantity: Quantity(73) };
    let bodies = [
        MarketDataBody::OrderAdded(order),
        MarketDataBody::OrderChanged(order),
        MarketDataBody::OrderRemoved { order_id: OrderId(71), side: Side::Sell, price: Price(72) },
        MarketDataBody::Level { side: Side::Buy, price: Price(74), quantity: Quantity(75), orders: 76 },
        {
            let (trade_id, price, quantity) = (TradeId(77), Price(78), Quantity(79));
            MarketDataBody::Trade { trade_id, price, quantity, aggressor: Some(Side::Buy) }
        },
        MarketDataBody::State { state: InstrumentState::Auction, reference_price: Price(80) },
        MarketDataBody::Statistics(statistics()),
    ];
    let increments: Vec<MarketData> = (81..)
        .zip(bodies)
        .map(|(sequence, body)| MarketData {
            instrument: INSTRUMENT,
            sequence: MarketDataSequence(sequence),
            time: TIME,
            body,
        })
        .collect();
    let mut buffer = [0; MAXIMUM_STREAM_LENGTH];
    let written = encode_increments(&increments, EndOfEvent::Yes, &mut buffer);
    golden.check("market_data.increments", &increments, written, |message| {
        let mut increments = Vec::new();
        assert_eq!(decode_increments(open(message), &mut increments), Ok(Some(EndOfEvent::Yes)));
        increments
    });
    let amended = vec![MarketData {
        instrument: INSTRUMENT,
        sequence: MarketDataSequence(180),
        time: TIME,
        body: MarketDataBody::TradeAddendum { trade_id: TradeId(181), price: Price(-182), quantity: Quantity(183) },
    }];
    let written = encode_increments(&amended, EndOfEvent::No, &mut buffer);
    golden.check("market_data.trade_addendum", &amended, written, |message| {
        let mut increments = Vec::new();
        assert_eq!(decode_increments(open(message), &mut increments), Ok(Some(EndOfEvent::No)));
        increments
    });
    let auctions = [
        ("market_data.auction", {
            let (price, imbalance_side) = (Some(Price(-185)), Some(Side::Sell));
            AuctionIndicative { price, volume: Quantity(186), imbalance: Quantity(187), imbalance_side }
        }),
        ("market_data.auction_without_price", AuctionIndicative::default()),
    ];
    for (name, auction) in auctions {
        let body = MarketDataBody::Auction(auction);
        let told = vec![MarketData { instrument: INSTRUMENT, sequence: MarketDataSequence(188), time: TIME, body }];
        golden.check(name, &told, encode_increments(&told, EndOfEvent::Yes, &mut buffer), |message| {
            let mut increments = Vec::new();
            assert_eq!(decode_increments(open(message), &mut increments), Ok(Some(EndOfEvent::Yes)));
            increments
        });
    }
    let positions = vec![(INSTRUMENT, MarketDataSequence(91)), (InstrumentId(4), MarketDataSequence(92))];
    let leader = Some(MemberId(2));
    let heartbeat = Heartbeat { leader, sender: None, time: None };
    let read = |message: &[u8]| {
        let mut positions = Vec::new();
        let heartbeat = decode_heartbeat(open(message), &mut positions).expect("a message").expect("a heartbeat");
        (heartbeat, positions)
    };
    let written = encode_heartbeat(&heartbeat, &positions, &mut buffer);
    golden.check("market_data.heartbeat", &(heartbeat, positions.clone()), written, read);
    let heartbeat = Heartbeat { leader, sender: Some(MemberId(1)), time: Some(TIME) };
    let written = encode_heartbeat(&heartbeat, &positions, &mut buffer);
    golden.check("market_data.follower_heartbeat", &(heartbeat, positions), written, read);
    let request = ReplayRequest { begin: TIME, receiver: ([192, 0, 2, 7], 20_107).into() };
    let written = encode_replay_request(&request, &mut buffer);
    golden.check("market_data.replay_request", &Some(request), written, |message| {
        decode_replay_request(open(message)).expect("a request")
    });
    let written = encode_security_definition(&definition(), &mut buffer);
    golden.check("market_data.security_definition", &Some(definition()), written, |message| {
        decode_security_definition(open(message)).expect("a definition")
    });
    golden.finish();
}

const MANIFEST: ExportManifest = ExportManifest { state_hash: StateHash(101), scopes: 102, orders: 103, reports: 104 };

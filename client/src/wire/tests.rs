//! Commands encoded here and read by the generated decoders, events encoded by the generated encoders and read here, and
//! bytes that are neither.

use lugus_codecs::market_data::{
    self, Encoder, market_data_request_codec, market_data_request_reject_codec, market_data_snapshot_codec,
    market_data_snapshot_codec::encoder::{BidsEncoder, OffersEncoder},
};
use lugus_codecs::order_entry::{
    self, business_message_reject_codec, define_instrument_codec, drop_copy_request_codec,
    exec_type::ExecType as WireExecType, execution_report_codec, instrument_report_codec,
    instrument_state::InstrumentState as WireState, instrument_type::InstrumentType as WireInstrumentType,
    kill_switch::KillSwitch as WireKillSwitch, liquidity_indicator::LiquidityIndicator,
    mass_cancel_side::MassCancelSide, message_reject_reason::MessageRejectReason as WireMessageRejectReason,
    moved_codec, new_order_single_codec, order_cancel_reject_codec, order_cancel_replace_request_codec,
    order_cancel_request_codec, order_mass_cancel_report_codec, order_mass_cancel_request_codec,
    order_status::OrderStatus as WireOrderStatus, order_type::OrderType as WireOrderType,
    reject_reason::RejectReason as WireReason, resume_codec, risk_report_codec,
    self_trade_prevention::SelfTradePrevention as WirePrevention, set_instrument_state_codec, set_kill_switch_codec,
    set_risk_limits_codec, side::Side as WireSide, time_in_force::TimeInForce as WireTimeInForce,
};
use lugus_codecs::write_header;
use lugus_vocabulary::*;
use proptest::prelude::*;

use super::commands::{
    self, Buffer, Cancel, Command, MAXIMUM_LENGTH, MassCancel, SetInstrumentState, SetKillSwitch, SetRiskLimits,
};
use super::*;

/// Longest message of the tests.
const ROOM: usize = 16 * 1024;

/// The generated decoder of a command or request, from checked bytes.
macro_rules! read {
    ($protocol:ident, $bytes:expr, $codec:ident, $decoder:ident) => {{
        let envelope = Envelope::open($bytes).unwrap().of_schema($protocol::SBE_SCHEMA_ID).unwrap();
        assert_eq!(envelope.version, $protocol::SBE_SCHEMA_VERSION);
        let body = envelope.body($codec::SBE_TEMPLATE_ID, $codec::SBE_BLOCK_LENGTH).unwrap();
        assert_eq!(body.end_of_block(), $bytes.len(), "nothing after the block");
        $codec::decoder::$decoder::default().wrap(
            $protocol::ReadBuf::new(body.message),
            HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}

/// A message by a generated encoder.
macro_rules! write {
    ($protocol:ident, $codec:ident, $encoder:ident, |$message:ident| $fill:expr) => {{
        let mut bytes = vec![0; ROOM];
        let length = write_header(
            &mut bytes,
            $codec::SBE_BLOCK_LENGTH,
            $codec::SBE_TEMPLATE_ID,
            $protocol::SBE_SCHEMA_ID,
            $protocol::SBE_SCHEMA_VERSION,
        );
        let mut $message =
            $codec::encoder::$encoder::default().wrap($protocol::WriteBuf::new(&mut bytes), HEADER_LENGTH);
        $fill;
        bytes.truncate(length);
        bytes
    }};
}

fn encode(command: &impl Command, instrument: u32) -> Vec<u8> {
    let mut buffer: Buffer = [0xaa; MAXIMUM_LENGTH];
    let length = command.encode(InstrumentId(instrument), &mut buffer);
    commands::number(&mut buffer, 77);
    buffer[..length].to_vec()
}

fn decode_one(bytes: &[u8]) -> Result<Inbound, DecodeError> {
    decode(bytes, &mut Book::with_room())
}

#[test]
fn orders_are_read_by_the_generated_decoders() {
    let order = NewOrder {
        order_type: OrderType::StopLimit,
        time_in_force: TimeInForce::Gtd,
        stop_price: Some(Price(-3)),
        display_quantity: Quantity(4),
        expire_time: Some(EpochNanos(5)),
        post_only: PostOnly::Yes,
        self_trade_prevention: SelfTradePrevention::CancelBoth,
        ..NewOrder::limit(ClientOrderId(1), Side::Sell, Price(-2), Quantity(6))
    };
    let bytes = encode(&order, 9);
    let wire = read!(order_entry, &bytes, new_order_single_codec, NewOrderSingleDecoder);
    assert_eq!((wire.client_sequence(), wire.client_order_id(), wire.instrument_id()), (77, 1, 9));
    assert_eq!((wire.price(), wire.stop_price(), wire.expire_time()), (Some(-2), Some(-3), Some(5)));
    assert_eq!((wire.quantity(), wire.display_quantity()), (6, 4));
    assert_eq!((wire.side(), wire.order_type()), (WireSide::SELL, WireOrderType::STOP_LIMIT));
    assert_eq!((wire.time_in_force(), wire.exec_inst().0), (WireTimeInForce::GTD, 1));
    assert_eq!(wire.self_trade_prevention(), WirePrevention::CANCEL_BOTH);

    let bytes = encode(&NewOrder::market(ClientOrderId(2), Side::Buy, Quantity(3)), 9);
    let wire = read!(order_entry, &bytes, new_order_single_codec, NewOrderSingleDecoder);
    assert_eq!((wire.price(), wire.stop_price(), wire.expire_time()), (None, None, None));
    assert_eq!((wire.side(), wire.order_type()), (WireSide::BUY, WireOrderType::MARKET));
    assert_eq!((wire.time_in_force(), wire.exec_inst().0), (WireTimeInForce::IOC, 0));
}

#[test]
fn changes_of_orders_are_read_by_the_generated_decoders() {
    let bytes = encode(&Cancel { orig_client_order_id: ClientOrderId(5) }, 9);
    let wire = read!(order_entry, &bytes, order_cancel_request_codec, OrderCancelRequestDecoder);
    assert_eq!((wire.client_sequence(), wire.orig_client_order_id(), wire.instrument_id()), (77, 5, 9));

    let replace = Replace {
        orig_client_order_id: ClientOrderId(5),
        client_order_id: ClientOrderId(6),
        price: Some(Price(7)),
        stop_price: None,
        quantity: Quantity(8),
        display_quantity: Quantity(1),
    };
    let bytes = encode(&replace, 9);
    let wire = read!(order_entry, &bytes, order_cancel_replace_request_codec, OrderCancelReplaceRequestDecoder);
    assert_eq!((wire.client_sequence(), wire.instrument_id()), (77, 9));
    assert_eq!((wire.orig_client_order_id(), wire.client_order_id()), (5, 6));
    assert_eq!((wire.price(), wire.stop_price()), (Some(7), None));
    assert_eq!((wire.quantity(), wire.display_quantity()), (8, 1));

    for (side, expected) in
        [(None, MassCancelSide::BOTH), (Some(Side::Buy), MassCancelSide::BUY), (Some(Side::Sell), MassCancelSide::SELL)]
    {
        let bytes = encode(&MassCancel { target: ParticipantId(3), side }, 9);
        let wire = read!(order_entry, &bytes, order_mass_cancel_request_codec, OrderMassCancelRequestDecoder);
        assert_eq!((wire.client_sequence(), wire.instrument_id()), (77, 9));
        assert_eq!((wire.target_participant_id(), wire.side()), (3, expected));
    }
}

#[test]
fn an_operators_commands_are_read_by_the_generated_decoders() {
    let definition = InstrumentDefinition {
        instrument: InstrumentId(11),
        base: Symbol(*b"BTC\0\0\0\0\0"),
        quote: Symbol(*b"USDT\0\0\0\0"),
        instrument_type: InstrumentType::Futures,
        minimum_price: Price(1),
        maximum_price: Price(1_000),
        reference_price: Price(500),
        price_band: Quantity(50),
        maximum_quantity: Quantity(10_000),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 5, exponent: -3 },
        state: InstrumentState::Auction,
    };
    let bytes = encode(&definition, 0);
    let wire = read!(order_entry, &bytes, define_instrument_codec, DefineInstrumentDecoder);
    assert_eq!((wire.client_sequence(), wire.instrument_id()), (77, 11));
    assert_eq!((wire.minimum_price(), wire.maximum_price(), wire.reference_price()), (1, 1_000, 500));
    assert_eq!((wire.price_band(), wire.maximum_quantity()), (50, 10_000));
    assert_eq!((wire.tick_size_mantissa(), wire.tick_size_exponent()), (1, -2));
    assert_eq!((wire.lot_size_mantissa(), wire.lot_size_exponent()), (5, -3));
    assert_eq!((wire.instrument_type(), wire.state()), (WireInstrumentType::FUTURES, WireState::AUCTION));
    assert_eq!((&wire.base(), &wire.quote()), (b"BTC\0\0\0\0\0", b"USDT\0\0\0\0"));

    let bytes = encode(&SetInstrumentState { state: InstrumentState::Halted, reference_price: None }, 9);
    let wire = read!(order_entry, &bytes, set_instrument_state_codec, SetInstrumentStateDecoder);
    assert_eq!((wire.client_sequence(), wire.instrument_id()), (77, 9));
    assert_eq!((wire.reference_price(), wire.state()), (None, WireState::HALTED));

    let limits = RiskLimits { maximum_quantity: Some(Quantity(4)), maximum_open_orders: Some(5), ..Default::default() };
    let bytes = encode(&SetRiskLimits { target: ParticipantId(3), limits: &limits }, 0);
    let wire = read!(order_entry, &bytes, set_risk_limits_codec, SetRiskLimitsDecoder);
    assert_eq!((wire.client_sequence(), wire.target_participant_id()), (77, 3));
    assert_eq!((wire.maximum_quantity(), wire.maximum_notional()), (4, 0));
    assert_eq!((wire.maximum_open_orders(), wire.maximum_commands_per_second()), (5, 0));

    let bytes = encode(&SetKillSwitch { target: ParticipantId(3), kill_switch: KillSwitch::Engaged }, 0);
    let wire = read!(order_entry, &bytes, set_kill_switch_codec, SetKillSwitchDecoder);
    assert_eq!((wire.client_sequence(), wire.target_participant_id()), (77, 3));
    assert_eq!(wire.kill_switch(), WireKillSwitch::ENGAGED);
}

#[test]
fn requests_are_read_by_the_generated_decoders() {
    let mut buffer: Buffer = [0xaa; MAXIMUM_LENGTH];
    for last in [None, Some(0), Some(12)] {
        let bytes = commands::resume(InstrumentId(9), last, &mut buffer);
        let wire = read!(order_entry, bytes, resume_codec, ResumeDecoder);
        assert_eq!((wire.last_event_sequence(), wire.instrument_id()), (last, 9));
    }
    let bytes = commands::drop_copy(InstrumentId(9), &mut buffer);
    assert_eq!(read!(order_entry, bytes, drop_copy_request_codec, DropCopyRequestDecoder).instrument_id(), 9);
    let request = BookRequest {
        request_id: 6,
        instrument: InstrumentId(9),
        depth: 5,
        bids_after: None,
        offers_after: Some(Price(-7)),
        book_type: BookType::Orders,
    };
    let bytes = commands::book(&request, &mut buffer);
    let wire = read!(market_data, bytes, market_data_request_codec, MarketDataRequestDecoder);
    assert_eq!((wire.instrument_id(), wire.market_depth(), wire.request_id()), (9, 5, 6));
    assert_eq!((wire.bids_after(), wire.offers_after()), (None, Some(-7)));
    assert_eq!(wire.book_type(), market_data::book_type::BookType::ORDERS);
}

fn execution_report(reason: WireReason) -> Vec<u8> {
    write!(order_entry, execution_report_codec, ExecutionReportEncoder, |wire| {
        wire.event_sequence(1)
            .client_sequence(2)
            .transact_time(3)
            .order_id(4)
            .client_order_id(5)
            .orig_client_order_id(6)
            .trade_id(7)
            .price_opt(None)
            .last_price_opt(Some(-8))
            .quantity(9)
            .last_quantity(10)
            .leaves_quantity(11)
            .cum_quantity(12)
            .participant_id(13)
            .instrument_id(14)
            .reason(reason)
            .exec_type(WireExecType::TRADE)
            .order_status(WireOrderStatus::PARTIALLY_FILLED)
            .side(WireSide::BUY)
            .order_type(WireOrderType::MARKET)
            .time_in_force(WireTimeInForce::FOK)
            .liquidity_indicator(LiquidityIndicator::REMOVED)
    })
}

#[test]
fn an_execution_report_is_read_whole() {
    let expected = Report {
        participant: ParticipantId(13),
        instrument: InstrumentId(14),
        event_sequence: EventSequence(1),
        client_sequence: ClientSequence(2),
        time: EpochNanos(3),
        body: ReportBody::Execution(Execution {
            exec_type: ExecType::Trade,
            order_status: OrderStatus::PartiallyFilled,
            order_id: OrderId(4),
            client_order_id: ClientOrderId(5),
            orig_client_order_id: ClientOrderId(6),
            trade_id: TradeId(7),
            side: Side::Buy,
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Fok,
            price: None,
            quantity: Quantity(9),
            last_price: Some(Price(-8)),
            last_quantity: Quantity(10),
            leaves_quantity: Quantity(11),
            cum_quantity: Quantity(12),
            liquidity: Liquidity::Removed,
            reason: RejectReason::None,
        }),
    };
    assert_eq!(decode_one(&execution_report(WireReason::NONE)), Ok(Inbound::Report(expected)));
}

#[test]
fn a_reason_of_a_later_version_does_not_lose_the_event() {
    let Ok(Inbound::Report(report)) = decode_one(&execution_report(WireReason::NullVal)) else { panic!("a report") };
    assert!(matches!(report.body, ReportBody::Execution(Execution { reason: RejectReason::Unknown, .. })));
}

#[test]
fn the_other_events_are_read() {
    let report = |body, instrument| {
        Ok(Inbound::Report(Report {
            participant: ParticipantId(4),
            instrument: InstrumentId(instrument),
            event_sequence: EventSequence(1),
            client_sequence: ClientSequence(2),
            time: EpochNanos(3),
            body,
        }))
    };
    /// The fields that all events share.
    macro_rules! event {
        ($codec:ident, $encoder:ident, |$message:ident| $fill:expr) => {
            write!(order_entry, $codec, $encoder, |$message| {
                $message.event_sequence(1).client_sequence(2).transact_time(3).participant_id(4);
                $fill
            })
        };
    }
    let bytes = event!(order_cancel_reject_codec, OrderCancelRejectEncoder, |wire| wire
        .instrument_id(5)
        .orig_client_order_id(6)
        .client_order_id(7)
        .reason(WireReason::UNKNOWN_ORDER));
    let body = ReportBody::CancelReject {
        orig_client_order_id: ClientOrderId(6),
        client_order_id: ClientOrderId(7),
        reason: RejectReason::UnknownOrder,
    };
    assert_eq!(decode_one(&bytes), report(body, 5));

    let bytes = event!(order_mass_cancel_report_codec, OrderMassCancelReportEncoder, |wire| wire
        .instrument_id(5)
        .target_participant_id(6)
        .total_affected_orders(7));
    assert_eq!(decode_one(&bytes), report(ReportBody::MassCancel { target: ParticipantId(6), affected: 7 }, 5));

    let bytes = event!(instrument_report_codec, InstrumentReportEncoder, |wire| wire
        .instrument_id(0)
        .subject_instrument_id(6)
        .state(WireState::OPEN)
        .reference_price(-7));
    let body = ReportBody::Instrument {
        instrument: InstrumentId(6),
        state: InstrumentState::Open,
        reference_price: Price(-7),
    };
    assert_eq!(decode_one(&bytes), report(body, 0));

    let bytes = event!(risk_report_codec, RiskReportEncoder, |wire| wire
        .target_participant_id(6)
        .maximum_quantity(0)
        .maximum_notional(7)
        .maximum_open_orders(8)
        .maximum_commands_per_second(0)
        .kill_switch(WireKillSwitch::ENGAGED));
    let limits = RiskLimits { maximum_notional: Some(7), maximum_open_orders: Some(8), ..Default::default() };
    let body = ReportBody::Risk { target: ParticipantId(6), limits, kill_switch: KillSwitch::Engaged };
    assert_eq!(decode_one(&bytes), report(body, 0));

    let bytes = event!(business_message_reject_codec, BusinessMessageRejectEncoder, |wire| wire
        .instrument_id(5)
        .ref_template_id(6)
        .reason(WireReason::NOT_AUTHORISED));
    let body = ReportBody::Reject { command: CommandKind::SetInstrumentState, reason: RejectReason::NotAuthorised };
    assert_eq!(decode_one(&bytes), report(body, 5));
}

#[test]
fn answers_are_read() {
    let instrument = InstrumentId(5);
    let bytes = write!(order_entry, sequence_reject_codec, SequenceRejectEncoder, |wire| wire
        .client_sequence(9)
        .expected_client_sequence(8)
        .instrument_id(5));
    assert_eq!(
        decode_one(&bytes),
        Ok(Inbound::Reply(Reply::SequenceReject {
            instrument,
            received: ClientSequence(9),
            expected: ClientSequence(8)
        }))
    );

    let bytes = write!(order_entry, resume_complete_codec, ResumeCompleteEncoder, |wire| wire
        .last_client_sequence(9)
        .last_event_sequence(8)
        .instrument_id(5));
    let expected = Inbound::Reply(Reply::ResumeComplete {
        instrument,
        last_client_sequence: ClientSequence(9),
        last_event_sequence: EventSequence(8),
    });
    assert_eq!(decode_one(&bytes), Ok(expected));

    let bytes = write!(order_entry, event_gap_codec, EventGapEncoder, |wire| wire
        .client_sequence(1)
        .first_retained_event_sequence(2)
        .last_event_sequence(3)
        .lost_through_time(4)
        .instrument_id(5));
    let expected = Inbound::Reply(Reply::EventGap {
        instrument,
        client_sequence: ClientSequence(1),
        first_retained: EventSequence(2),
        last_event_sequence: EventSequence(3),
        lost_through: EpochNanos(4),
    });
    assert_eq!(decode_one(&bytes), Ok(expected));

    let bytes = write!(order_entry, command_refused_codec, CommandRefusedEncoder, |wire| wire
        .client_sequence(1)
        .instrument_id(5)
        .reason(WireReason::UNKNOWN_INSTRUMENT));
    let expected = Inbound::Reply(Reply::Refused {
        instrument,
        client_sequence: ClientSequence(1),
        reason: RejectReason::UnknownInstrument,
    });
    assert_eq!(decode_one(&bytes), Ok(expected));

    let bytes =
        write!(order_entry, moved_codec, MovedEncoder, |wire| wire.client_sequence(1).epoch(6).instrument_id(5));
    assert_eq!(
        decode_one(&bytes),
        Ok(Inbound::Reply(Reply::Moved { instrument, client_sequence: ClientSequence(1), epoch: MapEpoch(6) }))
    );

    let bytes = write!(order_entry, message_reject_codec, MessageRejectEncoder, |wire| wire
        .ref_template_id(12)
        .reason(WireMessageRejectReason::NOT_AUTHORISED));
    let expected = Inbound::MessageReject { template_id: 12, reason: MessageRejectReason::NotAuthorised };
    assert_eq!(decode_one(&bytes), Ok(expected));

    let bytes = write!(order_entry, session_replaced_codec, SessionReplacedEncoder, |wire| wire.participant_id(1));
    assert_eq!(decode_one(&bytes), Ok(Inbound::SessionReplaced));

    let bytes = write!(market_data, market_data_request_reject_codec, MarketDataRequestRejectEncoder, |wire| wire
        .request_id(6)
        .instrument_id(5));
    assert_eq!(decode_one(&bytes), Ok(Inbound::BookReject { request_id: 6, instrument }));
}

/// A book by the generated encoders.
fn book(bids: &[PriceLevel], offers: &[PriceLevel]) -> Vec<u8> {
    let mut bytes = vec![0; ROOM];
    write_header(
        &mut bytes,
        market_data_snapshot_codec::SBE_BLOCK_LENGTH,
        market_data_snapshot_codec::SBE_TEMPLATE_ID,
        market_data::SBE_SCHEMA_ID,
        market_data::SBE_SCHEMA_VERSION,
    );
    let mut wire = market_data_snapshot_codec::encoder::MarketDataSnapshotEncoder::default()
        .wrap(market_data::WriteBuf::new(&mut bytes), HEADER_LENGTH);
    wire.request_id(1).transact_time(2).instrument_id(3);
    wire.opening_price_opt(None).high_price_opt(None).low_price_opt(None).last_price_opt(None);
    let mut group = wire.bids_encoder(bids.len() as u16, BidsEncoder::default());
    for level in bids {
        group.advance().unwrap();
        group.price(level.price.0).quantity(level.quantity.0).number_of_orders(level.orders);
    }
    let mut group = group.parent().unwrap().offers_encoder(offers.len() as u16, OffersEncoder::default());
    for level in offers {
        group.advance().unwrap();
        group.price(level.price.0).quantity(level.quantity.0).number_of_orders(level.orders);
    }
    let length = group.parent().unwrap().get_limit();
    bytes.truncate(length);
    bytes
}

fn level(price: i64) -> PriceLevel {
    PriceLevel {
        price: Price(price),
        quantity: Quantity(price.unsigned_abs() * 10),
        orders: price.unsigned_abs() as u32,
    }
}

#[test]
fn a_book_is_read_into_the_same_room_again_and_again() {
    let mut room = Book::with_room();
    let sides: [(Vec<PriceLevel>, Vec<PriceLevel>); 4] = [
        (vec![level(5), level(-4)], vec![level(6)]),
        (vec![], vec![]),
        (vec![], vec![level(7), level(8), level(9)]),
        ((0..256).map(level).collect(), (0..256).map(level).collect()),
    ];
    for (bids, offers) in sides {
        assert_eq!(decode(&book(&bids, &offers), &mut room), Ok(Inbound::Book));
        let market = MarketDataSnapshot { instrument: InstrumentId(3), ..MarketDataSnapshot::default() };
        let expected = Book { request_id: 1, time: EpochNanos(2), market, bids, offers, ..Book::default() };
        assert_eq!(room, expected);
    }
}

#[test]
fn a_book_that_is_not_whole_or_too_deep_is_refused() {
    let whole = book(&[level(5), level(4)], &[level(6)]);
    for length in 0..whole.len() {
        assert!(decode_one(&whole[..length]).is_err(), "{length} bytes");
    }
    let deep: Vec<PriceLevel> = (0..257).map(level).collect();
    let error = decode_one(&book(&deep, &[])).unwrap_err();
    assert_eq!(error, DecodeError::Group { template_id: 2, group: "bids", count: 257, block_length: 20 });
}

#[test]
fn each_fault_has_its_error() {
    let report = execution_report(WireReason::NONE);
    for length in 0..report.len() {
        assert!(matches!(decode_one(&report[..length]), Err(DecodeError::Envelope(_))), "{length} bytes");
    }
    let with_byte = |at: usize, value: u8| {
        let mut bytes = report.clone();
        bytes[at] = value;
        decode_one(&bytes).unwrap_err()
    };
    assert!(with_byte(4, 9).to_string().contains("schema id 9"));
    assert!(with_byte(2, 99).to_string().contains("unknown template id 99"));
    assert!(with_byte(0, 1).to_string().contains("block of 1 bytes"));
    let side_at = report.len() - 4;
    assert_eq!(with_byte(side_at, 9), DecodeError::Value { template_id: 21, field: "side" });
}

#[test]
fn later_versions_with_longer_blocks_are_read() {
    let mut report = execution_report(WireReason::NONE);
    let expected = decode_one(&report);
    let longer = u16::from_le_bytes([report[0], report[1]]) + 4;
    report[..2].copy_from_slice(&longer.to_le_bytes());
    report[6] = 1;
    report.extend_from_slice(&[1, 2, 3, 4]);
    assert_eq!(decode_one(&report), expected);
}

/// Bytes that look like messages: right headers, anything inside.
fn nearly_a_message() -> impl Strategy<Value = Vec<u8>> {
    (
        0u16..256,
        0u16..40,
        prop_oneof![Just(201u16), Just(202), any::<u16>()],
        proptest::collection::vec(any::<u8>(), 0..400),
    )
        .prop_map(|(block_length, template_id, schema_id, rest)| {
            let mut bytes = vec![0; HEADER_LENGTH];
            write_header(&mut bytes, block_length, template_id, schema_id, 0);
            bytes.extend_from_slice(&rest);
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), nearly in nearly_a_message()) {
        let mut room = Book::with_room();
        let _ = decode(&bytes, &mut room);
        let _ = decode(&nearly, &mut room);
    }

    #[test]
    fn books_survive_the_way(bids in proptest::collection::vec(any::<i32>(), 0..50), offers in proptest::collection::vec(any::<i32>(), 0..50)) {
        let levels = |prices: &[i32]| prices.iter().map(|price| level(i64::from(*price))).collect::<Vec<_>>();
        let mut room = Book::with_room();
        prop_assert_eq!(decode(&book(&levels(&bids), &levels(&offers)), &mut room), Ok(Inbound::Book));
        prop_assert_eq!(room.bids, levels(&bids));
        prop_assert_eq!(room.offers, levels(&offers));
    }
}

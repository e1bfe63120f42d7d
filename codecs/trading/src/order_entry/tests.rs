//! Messages of order entry: typed values against the generated codecs, field by field, and what must hold of every message.

use lugus_vocabulary::*;
use proptest::prelude::*;
use proptest::sample::select;
use sbe_message::{DecodeError, Envelope, HEADER_LENGTH};

use super::*;
use crate::error::MessageError;
use crate::sbe_order_entry::{
    self as wire, define_instrument_codec, drop_copy_request_codec, mass_cancel_side::MassCancelSide,
    new_order_single_codec, order_cancel_replace_request_codec, order_cancel_request_codec,
    order_mass_cancel_request_codec, resume_codec, set_instrument_state_codec, set_kill_switch_codec,
    set_risk_limits_codec,
};
use crate::testing::{self, Codec, damage};

const ME: ParticipantId = ParticipantId(7);

/// The generated decoder of a template, from checked bytes.
macro_rules! generated {
    ($bytes:expr, $codec:ident, $decoder:ident) => {{
        let envelope = Envelope::open($bytes).unwrap().of_schema(wire::SBE_SCHEMA_ID).unwrap();
        assert_eq!(envelope.version, wire::SBE_SCHEMA_VERSION);
        let body = envelope.body($codec::SBE_TEMPLATE_ID, $codec::SBE_BLOCK_LENGTH).unwrap();
        assert_eq!(body.end_of_block(), $bytes.len(), "nothing after the block");
        $codec::decoder::$decoder::default().wrap(
            wire::ReadBuf::new(body.message),
            HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}

/// A message by a generated encoder.
macro_rules! written {
    ($codec:ident, $encoder:ident, |$message:ident| $fill:expr) => {{
        let mut bytes = vec![0; MAXIMUM_REPORT_LENGTH];
        let length;
        let mut $message = crate::message!(&mut bytes, sbe_order_entry, $codec, $encoder, length);
        $fill;
        bytes.truncate(length);
        bytes
    }};
}

fn encoded(instrument: u32, action: Action) -> Vec<u8> {
    let mut buffer: CommandBuffer = [0xaa; MAXIMUM_COMMAND_LENGTH];
    let command =
        Command { participant: ME, instrument: InstrumentId(instrument), client_sequence: ClientSequence(77), action };
    encode_command(&command, &mut buffer).to_vec()
}

fn decoded(bytes: &[u8]) -> Result<Option<Report>, MessageError> {
    decode_report(Envelope::open(bytes)?)
}

fn decoded_reply(bytes: &[u8]) -> Result<Option<Reply>, MessageError> {
    decode_reply(Envelope::open(bytes)?)
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
        client_tag: ClientTag(u64::MAX),
        ..NewOrder::limit(ClientOrderId(1), Side::Sell, Price(-2), Quantity(6))
    };
    let bytes = encoded(9, Action::New(order));
    let read = generated!(&bytes, new_order_single_codec, NewOrderSingleDecoder);
    assert_eq!((read.client_sequence(), read.client_order_id(), read.instrument_id()), (77, 1, 9));
    assert_eq!((read.price(), read.stop_price(), read.expire_time()), (Some(-2), Some(-3), Some(5)));
    assert_eq!((read.quantity(), read.display_quantity(), read.client_tag()), (6, 4, Some(u64::MAX)));
    assert_eq!((read.side(), read.order_type()), (wire::side::Side::SELL, wire::order_type::OrderType::STOP_LIMIT));
    assert_eq!((read.time_in_force(), read.exec_inst().0), (wire::time_in_force::TimeInForce::GTD, 1));
    assert_eq!(read.self_trade_prevention(), wire::self_trade_prevention::SelfTradePrevention::CANCEL_BOTH);

    let bytes = encoded(9, Action::New(NewOrder::market(ClientOrderId(2), Side::Buy, Quantity(3))));
    let read = generated!(&bytes, new_order_single_codec, NewOrderSingleDecoder);
    assert_eq!((read.price(), read.stop_price(), read.expire_time(), read.client_tag()), (None, None, None, None));
    assert_eq!((read.side(), read.order_type()), (wire::side::Side::BUY, wire::order_type::OrderType::MARKET));
    assert_eq!((read.time_in_force(), read.exec_inst().0), (wire::time_in_force::TimeInForce::IOC, 0));
}

#[test]
fn changes_of_orders_are_read_by_the_generated_decoders() {
    let bytes = encoded(9, Action::Cancel { orig_client_order_id: ClientOrderId(5) });
    let read = generated!(&bytes, order_cancel_request_codec, OrderCancelRequestDecoder);
    assert_eq!((read.client_sequence(), read.orig_client_order_id(), read.instrument_id()), (77, 5, 9));

    let replace = Replace {
        orig_client_order_id: ClientOrderId(5),
        client_order_id: ClientOrderId(6),
        price: Some(Price(7)),
        stop_price: None,
        quantity: Quantity(8),
        display_quantity: Quantity(1),
    };
    let bytes = encoded(9, Action::Replace(replace));
    let read = generated!(&bytes, order_cancel_replace_request_codec, OrderCancelReplaceRequestDecoder);
    assert_eq!((read.client_sequence(), read.instrument_id()), (77, 9));
    assert_eq!((read.orig_client_order_id(), read.client_order_id()), (5, 6));
    assert_eq!((read.price(), read.stop_price()), (Some(7), None));
    assert_eq!((read.quantity(), read.display_quantity()), (8, 1));

    for (side, expected) in
        [(None, MassCancelSide::BOTH), (Some(Side::Buy), MassCancelSide::BUY), (Some(Side::Sell), MassCancelSide::SELL)]
    {
        let bytes = encoded(9, Action::MassCancel { target: ParticipantId(3), side });
        let read = generated!(&bytes, order_mass_cancel_request_codec, OrderMassCancelRequestDecoder);
        assert_eq!((read.client_sequence(), read.instrument_id()), (77, 9));
        assert_eq!((read.target_participant_id(), read.side()), (3, expected));
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
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    };
    let bytes = encoded(0, Action::DefineInstrument(definition));
    let read = generated!(&bytes, define_instrument_codec, DefineInstrumentDecoder);
    assert_eq!((read.client_sequence(), read.instrument_id()), (77, 11));
    assert_eq!((read.minimum_price(), read.maximum_price(), read.reference_price()), (1, 1_000, 500));
    assert_eq!((read.price_band(), read.maximum_quantity()), (50, 10_000));
    assert_eq!((read.tick_size_mantissa(), read.tick_size_exponent()), (1, -2));
    assert_eq!((read.lot_size_mantissa(), read.lot_size_exponent()), (5, -3));
    assert_eq!(read.instrument_type(), wire::instrument_type::InstrumentType::FUTURES);
    assert_eq!(read.state(), wire::instrument_state::InstrumentState::AUCTION);
    assert_eq!((&read.base(), &read.quote()), (b"BTC\0\0\0\0\0", b"USDT\0\0\0\0"));
    let action = Action::SetInstrumentState { state: InstrumentState::Halted, reference_price: None };
    let bytes = encoded(9, action);
    let read = generated!(&bytes, set_instrument_state_codec, SetInstrumentStateDecoder);
    assert_eq!((read.client_sequence(), read.instrument_id()), (77, 9));
    assert_eq!((read.reference_price(), read.state()), (None, wire::instrument_state::InstrumentState::HALTED));
    let limits = RiskLimits { maximum_quantity: Some(Quantity(4)), maximum_open_orders: Some(5), ..Default::default() };
    let bytes = encoded(0, Action::SetRiskLimits { target: ParticipantId(3), limits });
    let read = generated!(&bytes, set_risk_limits_codec, SetRiskLimitsDecoder);
    assert_eq!((read.client_sequence(), read.target_participant_id()), (77, 3));
    assert_eq!((read.maximum_quantity(), read.maximum_notional()), (4, 0));
    assert_eq!((read.maximum_open_orders(), read.maximum_commands_per_second()), (5, 0));
    // Bits 1 and 3: notional and commands stay as they are. So does the limit of cancels.
    assert_eq!((read.unchanged().0, read.maximum_cancels_per_second()), (0b1010, None));

    let (target, kill_switch) = (ParticipantId(3), KillSwitch::Engaged);
    let bytes = encoded(0, Action::SetKillSwitch { target, kill_switch, working_orders: WorkingOrders::Keep });
    let read = generated!(&bytes, set_kill_switch_codec, SetKillSwitchDecoder);
    assert_eq!((read.client_sequence(), read.target_participant_id()), (77, 3));
    assert_eq!(read.kill_switch(), wire::kill_switch::KillSwitch::ENGAGED);
    assert_eq!(read.working_orders(), wire::working_orders::WorkingOrders::KEEP);
}

#[test]
fn requests_are_read_by_the_generated_decoders() {
    let mut buffer: CommandBuffer = [0xaa; MAXIMUM_COMMAND_LENGTH];
    for last in [None, Some(0), Some(12)] {
        let bytes = encode_resume(InstrumentId(9), last.map(EventSequence), &mut buffer);
        let read = generated!(bytes, resume_codec, ResumeDecoder);
        assert_eq!((read.last_event_sequence(), read.instrument_id()), (last, 9));
    }
    let bytes = encode_drop_copy(InstrumentId(9), &mut buffer);
    assert_eq!(generated!(bytes, drop_copy_request_codec, DropCopyRequestDecoder).instrument_id(), 9);
}

fn execution_report(reason: wire::reject_reason::RejectReason) -> Vec<u8> {
    written!(execution_report_codec, ExecutionReportEncoder, |message| {
        message
            .event_sequence(1)
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
            .exec_type(wire::exec_type::ExecType::TRADE)
            .order_status(wire::order_status::OrderStatus::PARTIALLY_FILLED)
            .side(wire::side::Side::BUY)
            .order_type(wire::order_type::OrderType::MARKET)
            .time_in_force(wire::time_in_force::TimeInForce::FOK)
            .liquidity_indicator(wire::liquidity_indicator::LiquidityIndicator::REMOVED)
            .client_tag(15)
            .on_disconnect(wire::on_disconnect::OnDisconnect::STAY)
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
            client_tag: ClientTag(15),
            on_disconnect: OnDisconnect::Stay,
        }),
    };
    let bytes = execution_report(wire::reject_reason::RejectReason::NONE);
    assert_eq!(decoded(&bytes), Ok(Some(expected)));
    assert_eq!(encode_report(&expected, &mut [0xaa; MAXIMUM_REPORT_LENGTH]), bytes);
}

#[test]
fn a_reason_of_a_later_version_does_not_lose_the_event() {
    let mut bytes = execution_report(wire::reject_reason::RejectReason::NONE);
    let reason_at = HEADER_LENGTH + 112;
    for number in [38u16, 255, 256, u16::MAX] {
        bytes[reason_at..reason_at + 2].copy_from_slice(&number.to_le_bytes());
        let Ok(Some(report)) = decoded(&bytes) else { panic!("{number} loses the report") };
        assert!(matches!(report.body, ReportBody::Execution(Execution { reason: RejectReason::Unknown, .. })));
    }
}

#[test]
fn a_grace_time_that_is_too_long_is_refused() {
    let mut bytes = encode_cancel_on_disconnect(Some(GraceTime::MAXIMUM), &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec();
    let milliseconds = bytes.len() - 4;
    bytes[milliseconds..].copy_from_slice(&(GraceTime::MAXIMUM.milliseconds() + 1).to_le_bytes());
    let expected = MessageError::Value { template_id: 18, field: "graceMilliseconds" };
    assert_eq!(decode_request(Envelope::open(&bytes).unwrap()), Err(expected));
}

#[test]
fn executions_of_version_2_do_not_stay_on_disconnect() {
    let report = execution_report(wire::reject_reason::RejectReason::NONE);
    let read = decoded(&cut(&report, 2, 128));
    let Ok(Some(Report { body: ReportBody::Execution(read), .. })) = read else { panic!("version 2 is refused") };
    assert_eq!((read.client_tag, read.on_disconnect), (ClientTag(15), OnDisconnect::Cancel));
}

/// Cuts a message's block to this length, and makes its sender's version this one.
fn cut(bytes: &[u8], version: u8, block_length: u8) -> Vec<u8> {
    let mut cut = bytes[..HEADER_LENGTH + usize::from(block_length)].to_vec();
    (cut[0], cut[1], cut[6]) = (block_length, 0, version);
    cut
}

#[test]
fn blocks_of_version_1_have_no_client_tag() {
    let order =
        NewOrder { client_tag: ClientTag(5), ..NewOrder::limit(ClientOrderId(1), Side::Sell, Price(2), Quantity(3)) };
    let command = encoded(9, Action::New(order));
    let decoded_command = |bytes: &[u8]| decode_command(ParticipantId(1), Envelope::open(bytes)?);
    let Ok(Some(read)) = decoded_command(&cut(&command, 1, 65)) else { panic!("version 1 is refused") };
    assert_eq!(read.action, Action::New(NewOrder { client_tag: ClientTag(0), ..order }));
    let report = execution_report(wire::reject_reason::RejectReason::NONE);
    let Ok(Some(Report { body: ReportBody::Execution(read), .. })) = decoded(&cut(&report, 1, 120)) else {
        panic!("version 1 is refused")
    };
    assert_eq!((read.client_order_id, read.client_tag), (ClientOrderId(5), ClientTag(0)));
    let is_refused = |error| matches!(error, MessageError::Envelope(DecodeError::Version { .. }));
    for (version, length) in [(1, 64), (2, 65), (2, 72), (0, 64)] {
        assert!(is_refused(decoded_command(&cut(&command, version, length)).unwrap_err()), "{version} {length}");
    }
    for (version, length) in [(1, 119), (2, 120), (2, 127), (0, 119)] {
        assert!(is_refused(decoded(&cut(&report, version, length)).unwrap_err()), "{version} {length}");
    }
}

#[test]
fn limits_of_version_2_are_all_set() {
    let limits = RiskLimits {
        maximum_quantity: None,
        maximum_notional: Some(5),
        maximum_open_orders: Some(0),
        maximum_commands_per_second: None,
        maximum_cancels_per_second: Some(6),
    };
    let bytes = encoded(0, Action::SetRiskLimits { target: ParticipantId(3), limits });
    let read = |bytes: &[u8]| match decode_command(ME, Envelope::open(bytes)?)?.map(|command| command.action) {
        Some(Action::SetRiskLimits { limits, .. }) => Ok::<_, MessageError>(limits),
        _ => panic!("no limits"),
    };
    assert_eq!(read(&bytes), Ok(limits));
    let all = RiskLimits {
        maximum_quantity: Some(Quantity(0)),
        maximum_commands_per_second: Some(0),
        maximum_cancels_per_second: None,
        ..limits
    };
    assert_eq!(read(&cut(&bytes, 2, 36)), Ok(all));
    assert!(read(&cut(&bytes, 3, 36)).is_err() && read(&cut(&bytes, 2, 35)).is_err());
}

#[test]
fn the_other_events_are_read() {
    let report = |body, instrument| {
        Ok(Some(Report {
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
            written!($codec, $encoder, |$message| {
                $message.event_sequence(1).client_sequence(2).transact_time(3).participant_id(4);
                $fill
            })
        };
    }
    let bytes = event!(order_cancel_reject_codec, OrderCancelRejectEncoder, |message| message
        .instrument_id(5)
        .orig_client_order_id(6)
        .client_order_id(7)
        .reason(wire::reject_reason::RejectReason::TOO_LATE_TO_CANCEL)
        .order_status(wire::order_status::OrderStatus::FILLED));
    let cancel_reject = |order_status| ReportBody::CancelReject {
        orig_client_order_id: ClientOrderId(6),
        client_order_id: ClientOrderId(7),
        reason: RejectReason::TooLateToCancel,
        order_status,
    };
    assert_eq!(decoded(&bytes), report(cancel_reject(Some(OrderStatus::Filled)), 5));
    assert_eq!(decoded(&cut(&bytes, 2, 50)), report(cancel_reject(None), 5));

    let bytes = event!(order_mass_cancel_report_codec, OrderMassCancelReportEncoder, |message| message
        .instrument_id(5)
        .target_participant_id(6)
        .total_affected_orders(7));
    assert_eq!(decoded(&bytes), report(ReportBody::MassCancel { target: ParticipantId(6), affected: 7 }, 5));

    let bytes = event!(instrument_report_codec, InstrumentReportEncoder, |message| message
        .instrument_id(0)
        .subject_instrument_id(6)
        .state(wire::instrument_state::InstrumentState::OPEN)
        .reference_price(-7));
    let (instrument, state) = (InstrumentId(6), InstrumentState::Open);
    let body = ReportBody::Instrument { instrument, state, reference_price: Price(-7) };
    assert_eq!(decoded(&bytes), report(body, 0));

    let bytes = event!(risk_report_codec, RiskReportEncoder, |message| message
        .instrument_id(0)
        .target_participant_id(6)
        .maximum_quantity(0)
        .maximum_notional(7)
        .maximum_open_orders(8)
        .maximum_commands_per_second(0)
        .maximum_cancels_per_second(9)
        .kill_switch(wire::kill_switch::KillSwitch::ENGAGED)
        .kill_switch_levels(wire::kill_switch_levels::KillSwitchLevels(1)));
    let limits = RiskLimits {
        maximum_notional: Some(7),
        maximum_open_orders: Some(8),
        maximum_cancels_per_second: Some(9),
        ..Default::default()
    };
    let kill_switch_levels = KillSwitchLevels::NONE.with(KillSwitchLevel::Participant);
    let body =
        ReportBody::Risk { target: ParticipantId(6), limits, kill_switch: KillSwitch::Engaged, kill_switch_levels };
    assert_eq!(decoded(&bytes), report(body, 0));

    let bytes = event!(business_message_reject_codec, BusinessMessageRejectEncoder, |message| message
        .instrument_id(5)
        .ref_template_id(6)
        .reason(wire::reject_reason::RejectReason::NOT_AUTHORISED));
    let body = ReportBody::Reject { command: CommandKind::SetInstrumentState, reason: RejectReason::NotAuthorised };
    assert_eq!(decoded(&bytes), report(body, 5));
}

#[test]
fn answers_are_read() {
    let instrument = InstrumentId(5);
    let bytes = written!(sequence_reject_codec, SequenceRejectEncoder, |message| message
        .client_sequence(9)
        .expected_client_sequence(8)
        .instrument_id(5));
    let expected = Reply::SequenceReject { instrument, received: ClientSequence(9), expected: ClientSequence(8) };
    assert_eq!(decoded_reply(&bytes), Ok(Some(expected)));

    let bytes = written!(resume_complete_codec, ResumeCompleteEncoder, |message| message
        .last_client_sequence(9)
        .last_event_sequence(8)
        .instrument_id(5));
    let (last_client_sequence, last_event_sequence) = (ClientSequence(9), EventSequence(8));
    let expected = Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence };
    assert_eq!(decoded_reply(&bytes), Ok(Some(expected)));

    let bytes = written!(event_gap_codec, EventGapEncoder, |message| message
        .client_sequence(1)
        .first_retained_event_sequence(2)
        .last_event_sequence(3)
        .lost_through_time(4)
        .instrument_id(5));
    let expected = Reply::EventGap {
        instrument,
        client_sequence: ClientSequence(1),
        first_retained: EventSequence(2),
        last_event_sequence: EventSequence(3),
        lost_through: EpochNanos(4),
    };
    assert_eq!(decoded_reply(&bytes), Ok(Some(expected)));

    let bytes = written!(command_refused_codec, CommandRefusedEncoder, |message| message
        .client_sequence(1)
        .instrument_id(5)
        .reason(wire::reject_reason::RejectReason::UNKNOWN_INSTRUMENT));
    let reason = RejectReason::UnknownInstrument;
    assert_eq!(
        decoded_reply(&bytes),
        Ok(Some(Reply::Refused { instrument, client_sequence: ClientSequence(1), reason }))
    );

    let bytes = written!(moved_codec, MovedEncoder, |message| message.client_sequence(1).epoch(6).instrument_id(5));
    let expected = Reply::Moved { instrument, client_sequence: ClientSequence(1), epoch: MapEpoch(6) };
    assert_eq!(decoded_reply(&bytes), Ok(Some(expected)));

    let bytes = written!(message_reject_codec, MessageRejectEncoder, |message| message
        .ref_template_id(12)
        .reason(wire::message_reject_reason::MessageRejectReason::NOT_AUTHORISED));
    let expected = MessageReject { template_id: 12, reason: MessageRejectReason::NotAuthorised };
    assert_eq!(decode_message_reject(Envelope::open(&bytes).unwrap()), Ok(Some(expected)));

    let bytes = written!(session_replaced_codec, SessionReplacedEncoder, |message| message.participant_id(1));
    let expected = SessionReplaced { participant: ParticipantId(1) };
    assert_eq!(decode_session_replaced(Envelope::open(&bytes).unwrap()), Ok(Some(expected)));
}

#[test]
fn each_fault_has_its_error() {
    let report = execution_report(wire::reject_reason::RejectReason::NONE);
    for length in 0..report.len() {
        assert!(matches!(decoded(&report[..length]), Err(MessageError::Envelope(_))), "{length} bytes");
    }
    let with_byte = |at: usize, value: u8| {
        let mut bytes = report.clone();
        bytes[at] = value;
        decoded(&bytes)
    };
    let error = |at, value| with_byte(at, value).unwrap_err();
    let expected = wire::SBE_SCHEMA_ID;
    assert_eq!(error(4, 9), MessageError::Envelope(DecodeError::Schema { found: 9, expected }));
    assert_eq!(with_byte(2, 99), Ok(None), "another template");
    assert!(matches!(error(0, 1), MessageError::Envelope(DecodeError::Version { template: 21, block_length: 1, .. })));
    assert_eq!(error(HEADER_LENGTH + 116, 9), MessageError::Value { template_id: 21, field: "side" });
}

#[test]
fn no_unknown_value_is_taken_for_another() {
    let mut bytes = encoded(1, Action::MassCancel { target: ME, side: Some(Side::Buy) });
    let side = bytes.len() - 1;
    for value in 3..=255 {
        bytes[side] = value;
        let expected = MessageError::Value { template_id: 4, field: "side" };
        assert_eq!(decode_command(ME, Envelope::open(&bytes).unwrap()), Err(expected), "{value}");
    }
}

const COMMANDS: Codec<Command> = Codec {
    encode: |command| encode_command(command, &mut [0xaa; MAXIMUM_COMMAND_LENGTH]).to_vec(),
    decode: |bytes| decode_command(ME, Envelope::open(bytes)?),
};

const REQUESTS: Codec<Request> = Codec {
    encode: |request| {
        let buffer = &mut [0xaa; MAXIMUM_COMMAND_LENGTH];
        match *request {
            Request::Resume { instrument: of, last_event_sequence: last } => encode_resume(of, last, buffer).to_vec(),
            Request::DropCopy { instrument } => encode_drop_copy(instrument, buffer).to_vec(),
            Request::CancelOnDisconnect { grace } => encode_cancel_on_disconnect(grace, buffer).to_vec(),
            Request::ActivateProtocolVersion(version) => encode_activate_protocol_version(version, buffer).to_vec(),
            _ => unreachable!("not here"),
        }
    },
    decode: |bytes| {
        let request = decode_request(Envelope::open(bytes)?)?;
        Ok(request.filter(|request| {
            !matches!(request, Request::OrderStatus(_) | Request::OrderMassStatus(_) | Request::FollowFirm { .. })
        }))
    },
};

const REPORTS: Codec<Report> =
    Codec { encode: |report| encode_report(report, &mut [0xaa; MAXIMUM_REPORT_LENGTH]).to_vec(), decode: decoded };

const REPLIES: Codec<Reply> =
    Codec { encode: |reply| encode_reply(reply, &mut [0xaa; MAXIMUM_REPORT_LENGTH]).to_vec(), decode: decoded_reply };

const MESSAGE_REJECTS: Codec<MessageReject> = Codec {
    encode: |reject| encode_message_reject(*reject, &mut [0xaa; MAXIMUM_REPORT_LENGTH]).to_vec(),
    decode: |bytes| decode_message_reject(Envelope::open(bytes)?),
};

const CHOICES: Codec<CancelOnDisconnect> = Codec {
    encode: |choice| encode_cancel_on_disconnect_report(*choice, &mut [0xaa; MAXIMUM_REPORT_LENGTH]).to_vec(),
    decode: |bytes| decode_cancel_on_disconnect_report(Envelope::open(bytes)?),
};

const SESSIONS_REPLACED: Codec<SessionReplaced> = Codec {
    encode: |replaced| encode_session_replaced(*replaced, &mut [0xaa; MAXIMUM_REPORT_LENGTH]).to_vec(),
    decode: |bytes| decode_session_replaced(Envelope::open(bytes)?),
};

proptest! {
    #[test]
    fn commands_survive_encoding_and_decoding(command in testing::command(), damage in damage()) {
        COMMANDS.check(&Command { participant: ME, ..command }, &damage);
    }

    #[test]
    fn resume_survives_encoding_and_decoding(
        instrument in testing::instrument(), last in testing::optional(0..u64::MAX), damage in damage()
    ) {
        REQUESTS.check(&Request::Resume { instrument, last_event_sequence: last.map(EventSequence) }, &damage);
        REQUESTS.check(&Request::DropCopy { instrument }, &damage);
        REQUESTS.check(&Request::ActivateProtocolVersion(ProtocolVersion(instrument.0 as u16)), &damage);
    }

    #[test]
    fn choices_survive_encoding_and_decoding(
        grace in testing::optional(0..=GraceTime::MAXIMUM.milliseconds()), participant in testing::participant(),
        damage in damage()
    ) {
        let grace = grace.and_then(GraceTime::from_milliseconds);
        REQUESTS.check(&Request::CancelOnDisconnect { grace }, &damage);
        CHOICES.check(&CancelOnDisconnect { participant, grace }, &damage);
    }

    #[test]
    fn reports_survive_encoding_and_decoding(report in testing::report(), damage in damage()) {
        REPORTS.check(&report, &damage);
        prop_assert_eq!((REPLIES.encode)(&Reply::Again(report)), (REPORTS.encode)(&report));
    }

    #[test]
    fn replies_survive_encoding_and_decoding(reply in testing::reply(), damage in damage()) {
        REPLIES.check(&reply, &damage);
    }

    #[test]
    fn rejects_and_notices_survive_encoding_and_decoding(
        template_id in any::<u16>(), reason in select(MessageRejectReason::ALL), participant in testing::participant(),
        damage in damage()
    ) {
        MESSAGE_REJECTS.check(&MessageReject { template_id, reason }, &damage);
        SESSIONS_REPLACED.check(&SessionReplaced { participant }, &damage);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), nearly in testing::nearly_a_message(wire::SBE_SCHEMA_ID)
    ) {
        for bytes in [bytes, nearly] {
            let _ = ((COMMANDS.decode)(&bytes), (REQUESTS.decode)(&bytes), (REPORTS.decode)(&bytes));
            let _ = ((REPLIES.decode)(&bytes), (MESSAGE_REJECTS.decode)(&bytes), (SESSIONS_REPLACED.decode)(&bytes));
        }
    }
}

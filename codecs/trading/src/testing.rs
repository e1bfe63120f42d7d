//! For tests: any value of the vocabulary, and what must hold of every message.

mod market_data;
pub(crate) mod partition_map;
mod quotes;
pub(crate) mod records;

use std::fmt::Debug;

use lugus_vocabulary::{
    Action, AtDayEnd, AuctionRules, BeyondPoints, ClientOrderId, ClientSequence, ClientTag, Command, CommandKind,
    DailySchedule, Decimal, EpochNanos, EventSequence, ExecType, Execution, FirmEvent, FirmLimits, FirmReply,
    FirmReport, FirmRules, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType, KillSwitch,
    KillSwitchLevel, KillSwitchLevels, Liquidity, MapEpoch, MassCancelTarget, NewOrder, OnBreach, OnDisconnect,
    OrderId, OrderStatus, OrderType, ParticipantId, PostOnly, Price, PriceProtection, PriceWidth, Quantity,
    RejectReason, Replace, Reply, Report, ReportBody, RiskLimits, SelfTradePrevention, SelfTradeScope, Side, Symbol,
    TimeInForce, TimeOfDay, TradeAddendum, TradeAmendment, TradeId, WorkingOrders,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sbe_message::HEADER_LENGTH;

pub(crate) use self::market_data::{book, book_by_order, book_request, increments};
use crate::error::MessageError;

/// A value as a message, and back; `None` for a message of another template.
pub(crate) struct Codec<T> {
    pub(crate) encode: fn(&T) -> Vec<u8>,
    pub(crate) decode: fn(&[u8]) -> Result<Option<T>, MessageError>,
}

/// How a message is changed on its way.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    /// Places of bytes, each with the bits that are flipped there; some bit is.
    flips: Vec<(Index, u8)>,
    /// What a later version has after the root block that is known here.
    later_fields: Vec<u8>,
}

pub(crate) fn damage() -> impl Strategy<Value = Damage> {
    let flips = proptest::collection::vec((any::<Index>(), 1..=u8::MAX), 1..4);
    (flips, proptest::collection::vec(any::<u8>(), 1..40))
        .prop_map(|(flips, later_fields)| Damage { flips, later_fields })
}

impl<T: Debug + PartialEq> Codec<T> {
    /// Checks that a value survives the way, also in a message of a later version; that no part of its message is taken for
    /// a whole one; and that a damaged message is refused, or read as a value that survives the way itself.
    pub(crate) fn check(&self, value: &T, damage: &Damage) {
        self.check_in_own_version(value, damage);
        self.check_later_version(&(self.encode)(value), value, &damage.later_fields);
    }

    /// The same for a message that is not read in a later version.
    pub(crate) fn check_in_own_version(&self, value: &T, damage: &Damage) {
        let message = (self.encode)(value);
        self.check_read(&message, value);
        self.check_cut(&message);
        self.check_bent(message, &damage.flips);
    }

    fn check_read(&self, message: &[u8], value: &T) {
        let read = (self.decode)(message);
        assert!(matches!(&read, Ok(Some(read)) if read == value), "{read:?} instead of {value:?}");
    }

    fn check_cut(&self, message: &[u8]) {
        for length in 0..message.len() {
            let read = (self.decode)(&message[..length]);
            assert!(read.is_err(), "{length} of {} bytes are read as {read:?}", message.len());
        }
    }

    fn check_later_version(&self, message: &[u8], value: &T, later_fields: &[u8]) {
        let block_length = u16::from_le_bytes([message[0], message[1]]);
        let end_of_block = HEADER_LENGTH + usize::from(block_length);
        let mut later = message.to_vec();
        later[..2].copy_from_slice(&(block_length + later_fields.len() as u16).to_le_bytes());
        later[6] += 1;
        later.splice(end_of_block..end_of_block, later_fields.iter().copied());
        self.check_read(&later, value);
    }

    fn check_bent(&self, mut message: Vec<u8>, flips: &[(Index, u8)]) {
        for (at, bits) in flips {
            let at = at.index(message.len());
            message[at] ^= bits;
        }
        if let Ok(Some(read)) = (self.decode)(&message) {
            assert_eq!((self.decode)(&(self.encode)(&read)), Ok(Some(read)), "read from {message:?}");
        }
    }
}

/// Bytes that look like a message of schema `schema_id`: a header, and anything after it.
pub(crate) fn nearly_a_message(schema_id: u16) -> impl Strategy<Value = Vec<u8>> {
    (0u16..256, 0u16..40, proptest::collection::vec(any::<u8>(), 0..400)).prop_map(
        move |(block_length, template_id, rest)| {
            let mut bytes = vec![0; HEADER_LENGTH];
            sbe_message::write_header(&mut bytes, block_length, template_id, schema_id, 0);
            bytes.extend_from_slice(&rest);
            bytes
        },
    )
}

/// `i64::MIN` is no price on the wire.
pub(crate) fn price() -> impl Strategy<Value = Price> {
    (i64::MIN + 1..=i64::MAX).prop_map(Price)
}

pub(crate) fn quantity() -> impl Strategy<Value = Quantity> {
    any::<u64>().prop_map(Quantity)
}

pub(crate) fn instrument() -> impl Strategy<Value = InstrumentId> {
    any::<u32>().prop_map(InstrumentId)
}

pub(crate) fn participant() -> impl Strategy<Value = ParticipantId> {
    any::<u32>().prop_map(ParticipantId)
}

pub(crate) fn client_order_id() -> impl Strategy<Value = ClientOrderId> {
    any::<u64>().prop_map(ClientOrderId)
}

/// Any levels, or none.
pub(crate) fn kill_switch_levels() -> impl Strategy<Value = KillSwitchLevels> {
    proptest::collection::vec(select(KillSwitchLevel::ALL), 0..3).prop_map(|levels| levels.into_iter().collect())
}

/// Any tag, or none.
fn client_tag() -> impl Strategy<Value = ClientTag> {
    prop_oneof![Just(0), any::<u64>()].prop_map(ClientTag)
}

pub(crate) fn client_sequence() -> impl Strategy<Value = ClientSequence> {
    any::<u64>().prop_map(ClientSequence)
}

pub(crate) fn event_sequence() -> impl Strategy<Value = EventSequence> {
    any::<u64>().prop_map(EventSequence)
}

pub(crate) fn time() -> impl Strategy<Value = EpochNanos> {
    any::<i64>().prop_map(EpochNanos)
}

pub(crate) fn side() -> impl Strategy<Value = Side> {
    select(Side::ALL)
}

pub(crate) fn optional<T: Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(value)
}

/// A limit of 0 is no limit on the wire.
pub(crate) fn risk_limits() -> impl Strategy<Value = RiskLimits> {
    limits_from(1)
}

/// Limits that a command sets: 0 takes a limit away. SBE's null is no limit on the rate of cancels.
fn limits_to_set() -> impl Strategy<Value = RiskLimits> {
    limits_from(0)
}

fn limits_from(least: u32) -> impl Strategy<Value = RiskLimits> {
    let long = move || optional(prop_oneof![Just(u64::from(least)), u64::from(least)..=u64::MAX]);
    let short = move || optional(prop_oneof![Just(least), least..u32::MAX]);
    (long(), long(), short(), short(), short()).prop_map(|(quantity, maximum_notional, open, commands, cancels)| {
        RiskLimits {
            maximum_quantity: quantity.map(Quantity),
            maximum_notional,
            maximum_open_orders: open,
            maximum_commands_per_second: commands,
            maximum_cancels_per_second: cancels,
        }
    })
}

fn symbol() -> impl Strategy<Value = Symbol> {
    any::<[u8; 8]>().prop_map(Symbol)
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), any::<i8>()).prop_map(|(mantissa, exponent)| Decimal { mantissa, exponent })
}

fn auction_rules() -> impl Strategy<Value = AuctionRules> {
    let time = || optional((0..86_400_000_u32).prop_filter_map("of a day", TimeOfDay::from_milliseconds));
    (any::<[u32; 2]>(), (time(), time(), time(), time()), select(AtDayEnd::ALL)).prop_map(
        |([indicative_milliseconds, no_cancel_milliseconds], times, at_day_end)| {
            let (opening_auction, continuous, closing_auction, closed) = times;
            let schedule = DailySchedule { opening_auction, continuous, closing_auction, closed, at_day_end };
            AuctionRules { indicative_milliseconds, no_cancel_milliseconds, schedule }
        },
    )
}

/// Any price protection. A width of 0 is one on the wire, too.
fn price_protection() -> impl Strategy<Value = PriceProtection> {
    let width = || {
        optional(prop_oneof![any::<u64>().prop_map(PriceWidth::Ticks), any::<u64>().prop_map(PriceWidth::BasisPoints),])
    };
    let words = (select(OnBreach::ALL), select(BeyondPoints::ALL));
    (width(), width(), quantity(), words, any::<[u32; 2]>()).prop_map(
        |(dynamic_band, auction_collar, protection_points, (on_breach, beyond_points), times)| PriceProtection {
            dynamic_band,
            reference_window_milliseconds: times[0],
            on_breach,
            auction_milliseconds: times[1],
            auction_collar,
            protection_points,
            beyond_points,
        },
    )
}

pub(crate) fn definition() -> impl Strategy<Value = InstrumentDefinition> {
    let words = (select(InstrumentType::ALL), select(InstrumentState::ALL));
    let prices = (any::<i64>(), any::<i64>(), any::<i64>());
    let names = (instrument(), symbol(), symbol());
    let protection = (prop_oneof![Just(PriceProtection::NONE), price_protection()], auction_rules());
    (names, words, prices, (quantity(), quantity()), (decimal(), decimal(), protection)).prop_map(
        |((instrument, base, quote), (instrument_type, state), prices, (band, maximum_quantity), sizes)| {
            let (tick, lot, (protection, auctions)) = sizes;
            InstrumentDefinition {
                instrument,
                base,
                quote,
                instrument_type,
                minimum_price: Price(prices.0),
                maximum_price: Price(prices.1),
                reference_price: Price(prices.2),
                price_band: band,
                maximum_quantity,
                tick_size: tick,
                lot_size: lot,
                state,
                protection,
                auctions,
            }
        },
    )
}

pub(crate) fn new_order() -> impl Strategy<Value = NewOrder> {
    let words = (
        side(),
        select(OrderType::ALL),
        select(TimeInForce::ALL),
        select(PostOnly::ALL),
        (select(SelfTradePrevention::ALL), select(OnDisconnect::ALL)),
    );
    let prices = (optional(price()), optional(price()));
    // As a price: `i64::MIN` is no time.
    let expire_time = optional((i64::MIN + 1..=i64::MAX).prop_map(EpochNanos));
    (client_order_id(), words, prices, (quantity(), quantity()), (expire_time, client_tag())).prop_map(
        |(client_order_id, words, (price, stop_price), (quantity, display_quantity), (expire_time, client_tag))| {
            let (side, order_type, time_in_force, post_only, (self_trade_prevention, on_disconnect)) = words;
            NewOrder {
                client_order_id,
                side,
                order_type,
                time_in_force,
                price,
                stop_price,
                quantity,
                display_quantity,
                expire_time,
                post_only,
                self_trade_prevention,
                client_tag,
                on_disconnect,
            }
        },
    )
}

fn replace() -> impl Strategy<Value = Replace> {
    let ids = (client_order_id(), client_order_id());
    (ids, (optional(price()), optional(price())), (quantity(), quantity())).prop_map(
        |((orig_client_order_id, client_order_id), (price, stop_price), (quantity, display_quantity))| Replace {
            orig_client_order_id,
            client_order_id,
            price,
            stop_price,
            quantity,
            display_quantity,
        },
    )
}

fn amendment() -> impl Strategy<Value = TradeAmendment> {
    // A correction to 0 lots has no message, and all bits set is SBE's null.
    let quantity = optional((1..u64::MAX).prop_map(Quantity));
    prop_oneof![
        Just(TradeAmendment::Cancel),
        (optional(price()), quantity).prop_map(|(price, quantity)| TradeAmendment::Correct { price, quantity }),
    ]
}

fn trade_addendum() -> impl Strategy<Value = TradeAddendum> {
    let ids = (any::<u64>(), any::<u64>(), client_order_id(), event_sequence());
    (select(ExecType::ALL), optional(side()), ids, any::<i64>(), quantity()).prop_map(
        |(exec_type, side, (trade_id, order_id, client_order_id, exec_ref), last_price, last_quantity)| TradeAddendum {
            exec_type,
            trade_id: TradeId(trade_id),
            side,
            order_id: OrderId(order_id),
            client_order_id,
            last_price: Price(last_price),
            last_quantity,
            exec_ref,
        },
    )
}

pub(crate) fn firm() -> impl Strategy<Value = Option<ParticipantId>> {
    // 0 stands for none.
    optional(participant()).prop_map(|firm| firm.filter(|firm| firm.0 != 0))
}

fn firm_rules() -> impl Strategy<Value = FirmRules> {
    (optional(select(KillSwitch::ALL)), select(WorkingOrders::ALL), optional(select(SelfTradeScope::ALL))).prop_map(
        |(kill_switch, working_orders, self_trade_scope)| FirmRules { kill_switch, working_orders, self_trade_scope },
    )
}

fn firm_report() -> impl Strategy<Value = FirmReport> {
    let levels = any::<[bool; 3]>().prop_map(|levels| {
        KillSwitchLevel::ALL.iter().zip(levels).filter(|(_, is_in)| *is_in).map(|(&level, _)| level).collect()
    });
    (participant(), firm(), any::<u32>(), levels, select(SelfTradeScope::ALL)).prop_map(
        |(target, firm, participants, kill_switch_levels, self_trade_scope)| FirmReport {
            target,
            firm,
            participants,
            kill_switch_levels,
            self_trade_scope,
        },
    )
}

fn firm_limits() -> impl Strategy<Value = FirmLimits> {
    (participant(), risk_limits()).prop_map(|(firm, limits)| FirmLimits { firm, limits })
}

pub(crate) fn firm_event() -> impl Strategy<Value = FirmEvent> {
    (participant(), event_sequence(), report()).prop_map(|(firm, event_sequence, report)| FirmEvent {
        firm,
        event_sequence,
        report,
    })
}

pub(crate) fn firm_reply() -> impl Strategy<Value = FirmReply> {
    let numbers = (participant(), event_sequence(), event_sequence(), time());
    prop_oneof![
        2 => firm_event().prop_map(FirmReply::Again),
        1 => numbers.prop_flat_map(|(firm, one, other, lost_through)| select(vec![
            FirmReply::ResumeComplete { firm, through: one, last_event_sequence: other },
            FirmReply::EventGap { firm, first_retained: one, last_event_sequence: other, lost_through },
        ])),
    ]
}

fn mass_cancel_target() -> impl Strategy<Value = MassCancelTarget> {
    prop_oneof![
        participant().prop_map(MassCancelTarget::Participant),
        participant().prop_map(MassCancelTarget::Firm),
        Just(MassCancelTarget::Everybody),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => new_order().prop_map(Action::New),
        1 => client_order_id().prop_map(|orig_client_order_id| Action::Cancel { orig_client_order_id }),
        2 => replace().prop_map(Action::Replace),
        1 => (participant(), optional(side())).prop_map(|(target, side)| Action::MassCancel { target, side }),
        1 => (participant(), firm()).prop_map(|(target, firm)| Action::SetFirm { target, firm }),
        1 => (participant(), firm_rules()).prop_map(|(firm, rules)| Action::SetFirmRules { firm, rules }),
        1 => (participant(), limits_to_set()).prop_map(|(firm, limits)| Action::SetFirmLimits { firm, limits }),
        1 => (mass_cancel_target(), optional(side())).prop_map(|(target, side)| Action::MassCancelAll { target, side }),
        2 => definition().prop_map(Action::DefineInstrument),
        1 => (select(InstrumentState::ALL), optional(price()))
            .prop_map(|(state, reference_price)| Action::SetInstrumentState { state, reference_price }),
        1 => (participant(), limits_to_set()).prop_map(|(target, limits)| Action::SetRiskLimits { target, limits }),
        1 => (participant(), select(KillSwitch::ALL), select(WorkingOrders::ALL)).prop_map(
            |(target, kill_switch, working_orders)| Action::SetKillSwitch { target, kill_switch, working_orders }
        ),
        1 => (any::<u64>(), amendment())
            .prop_map(|(id, amendment)| Action::AmendTrade { trade_id: TradeId(id), amendment }),
        1 => price_protection().prop_map(Action::SetPriceProtection),
        1 => auction_rules().prop_map(Action::SetAuctionRules),
        3 => quotes::action(),
    ]
}

/// A command of any participant, in the scope that its kind has.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    (participant(), instrument(), client_sequence(), action()).prop_map(
        |(participant, instrument, client_sequence, action)| {
            let is_participants = matches!(
                action,
                Action::DefineInstrument(_)
                    | Action::SetRiskLimits { .. }
                    | Action::SetKillSwitch { .. }
                    | Action::SetFirm { .. }
                    | Action::SetFirmRules { .. }
                    | Action::SetFirmLimits { .. }
                    | Action::MassQuote(_)
                    | Action::QuoteCancel(_)
                    | Action::SetMarketMakerProtection { .. }
                    | Action::ResetMarketMakerProtection { .. }
            );
            let instrument = if is_participants { InstrumentId::NONE } else { instrument };
            Command { participant, instrument, client_sequence, action }
        },
    )
}

fn execution() -> impl Strategy<Value = Execution> {
    let words = (
        (select(ExecType::ALL), select(OrderStatus::ALL), side(), select(OnDisconnect::ALL)),
        (select(OrderType::ALL), select(TimeInForce::ALL), select(Liquidity::ALL), select(RejectReason::ALL)),
    );
    let ids = (any::<u64>(), client_order_id(), client_order_id(), any::<u64>());
    let quantities = (quantity(), quantity(), quantity(), quantity());
    (words, ids, (optional(price()), optional(price())), quantities, client_tag()).prop_map(
        |(words, ids, (price, last_price), quantities, client_tag)| {
            let ((exec_type, order_status, side, on_disconnect), (order_type, time_in_force, liquidity, reason)) =
                words;
            Execution {
                exec_type,
                order_status,
                order_id: OrderId(ids.0),
                client_order_id: ids.1,
                orig_client_order_id: ids.2,
                trade_id: TradeId(ids.3),
                side,
                order_type,
                time_in_force,
                price,
                quantity: quantities.0,
                last_price,
                last_quantity: quantities.1,
                leaves_quantity: quantities.2,
                cum_quantity: quantities.3,
                liquidity,
                reason,
                client_tag,
                on_disconnect,
            }
        },
    )
}

fn report_body() -> impl Strategy<Value = ReportBody> {
    let reason = || select(RejectReason::ALL);
    prop_oneof![
        4 => execution().prop_map(ReportBody::Execution),
        1 => (client_order_id(), client_order_id(), reason(), optional(select(OrderStatus::ALL))).prop_map(
            |(orig_client_order_id, client_order_id, reason, order_status)| {
                ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status }
            }
        ),
        1 => (participant(), any::<u32>()).prop_map(|(target, affected)| ReportBody::MassCancel { target, affected }),
        1 => firm_report().prop_map(ReportBody::Firm),
        1 => firm_limits().prop_map(ReportBody::FirmLimits),
        1 => (mass_cancel_target(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
            |(target, affected, instruments, moving)| ReportBody::MassCancelAll { target, affected, instruments, moving }
        ),
        1 => (instrument(), select(InstrumentState::ALL), any::<i64>()).prop_map(|(instrument, state, reference_price)| {
            ReportBody::Instrument { instrument, state, reference_price: Price(reference_price) }
        }),
        1 => (participant(), risk_limits(), select(KillSwitch::ALL), kill_switch_levels()).prop_map(
            |(target, limits, kill_switch, kill_switch_levels)| ReportBody::Risk {
                target,
                limits,
                kill_switch,
                kill_switch_levels,
            }
        ),
        1 => trade_addendum().prop_map(ReportBody::TradeAddendum),
        2 => quotes::report_body(),
        1 => (select(CommandKind::ALL), reason()).prop_map(|(command, reason)| ReportBody::Reject { command, reason }),
    ]
}

/// A report of any body, whether or not the engine would tell it.
pub(crate) fn report() -> impl Strategy<Value = Report> {
    (participant(), instrument(), event_sequence(), client_sequence(), time(), report_body()).prop_map(
        |(participant, instrument, event_sequence, client_sequence, time, body)| Report {
            participant,
            instrument,
            event_sequence,
            client_sequence,
            time,
            body,
        },
    )
}

/// A reply other than [`Reply::Again`].
pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    let scope = || (instrument(), client_sequence());
    prop_oneof![
        (scope(), client_sequence()).prop_map(|((instrument, received), expected)| Reply::SequenceReject {
            instrument,
            received,
            expected
        }),
        (scope(), event_sequence()).prop_map(|((instrument, last_client_sequence), last_event_sequence)| {
            Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence }
        }),
        (scope(), event_sequence(), event_sequence(), time()).prop_map(
            |((instrument, client_sequence), first_retained, last_event_sequence, lost_through)| Reply::EventGap {
                instrument,
                client_sequence,
                first_retained,
                last_event_sequence,
                lost_through,
            }
        ),
        (scope(), select(RejectReason::ALL)).prop_map(|((instrument, client_sequence), reason)| Reply::Refused {
            instrument,
            client_sequence,
            reason
        }),
        (scope(), any::<u64>()).prop_map(|((instrument, client_sequence), epoch)| Reply::Moved {
            instrument,
            client_sequence,
            epoch: MapEpoch(epoch)
        }),
    ]
}

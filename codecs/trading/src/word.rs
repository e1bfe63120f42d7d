//! Enumerations of the vocabulary beside the generated ones, each pair once.
//!
//! Both have equal numbers and names: the tests compare all values, in both directions.

use lugus_vocabulary::{
    AtDayEnd, BeyondPoints, BookType, CommandKind, EndOfEvent, ExecType, InstrumentState, InstrumentType, KillSwitch,
    LastReport, Liquidity, MemberRole, MessageRejectReason, MigrationEnding, MigrationOutcome, MigrationPhase,
    OnBreach, OnDisconnect, OrderStatus, OrderType, PostOnly, PriceWidthUnit, ProtectionTrigger, RejectReason,
    SelfTradePrevention, SelfTradeScope, Side, TimeInForce, WorkingOrders, WorkingState,
};

use crate::error::MessageError;
use crate::{sbe_market_data, sbe_member_status, sbe_order_entry, sbe_partition_map};

/// A value of the vocabulary that the generated type `Wire` can express.
pub(crate) trait ToWire<Wire>: Copy {
    /// The value as the generated type.
    fn to_wire(self) -> Wire;
}

/// A value of the vocabulary that can be made from the generated type `Wire`.
pub(crate) trait FromWire<Wire>: Sized {
    /// The value of the vocabulary; `None` if the vocabulary has no such value. A generated enumeration tells all numbers that
    /// it does not know as its null value.
    fn from_wire(wire: Wire) -> Option<Self>;
}

/// The vocabulary's value of a field that has been read.
///
/// # Errors
/// [`MessageError::Value`] if the vocabulary has no such value.
#[inline]
pub(crate) fn word<Word: FromWire<Wire>, Wire>(
    wire: Wire,
    template_id: u16,
    field: &'static str,
) -> Result<Word, MessageError> {
    Word::from_wire(wire).ok_or(MessageError::Value { template_id, field })
}

/// Compares all numbers and names of a pair of enumerations, in both directions.
#[cfg(test)]
macro_rules! compare {
    ($word:ident, $wire:path, $number:ty) => {
        for number in 0..=u8::MAX {
            let wire = <$wire>::from(<$number>::from(number));
            tests::compare(&wire, $word::from_number(number), number);
        }
        for &word in $word::ALL {
            let wire: $wire = word.to_wire();
            assert_eq!($word::from_wire(wire), Some(word));
        }
    };
}

/// Snapshots, and definitions for listeners, have enumerations as plain numbers.
macro_rules! plain_numbers {
    ($($word:ident),+) => {$(
        impl ToWire<u8> for $word {
            fn to_wire(self) -> u8 {
                self.number()
            }
        }

        impl FromWire<u8> for $word {
            fn from_wire(number: u8) -> Option<Self> {
                Self::from_number(number)
            }
        }
    )+};
}

plain_numbers!(InstrumentType, InstrumentState, OnBreach, BeyondPoints);

/// `listed! { Enumeration { ON_WIRE = InVocabulary, ... } as generated::Enumeration; ... }`: both traits, for the enumerations
/// of orders and executions. The compiler makes nothing of such a `match`. By number it would check each value, as the
/// numbers of these enumerations have gaps: an execution report would take two nanoseconds more to encode.
macro_rules! listed {
    ($($word:ident { $($on_wire:ident = $name:ident),+ $(,)? } as $wire:path;)+) => {
        $(
            impl ToWire<$wire> for $word {
                #[inline]
                fn to_wire(self) -> $wire {
                    match self {
                        $(Self::$name => <$wire>::$on_wire),+
                    }
                }
            }

            impl FromWire<$wire> for $word {
                #[inline]
                fn from_wire(wire: $wire) -> Option<Self> {
                    match wire {
                        $(<$wire>::$on_wire => Some(Self::$name),)+
                        <$wire>::NullVal => None,
                    }
                }
            }
        )+

        #[cfg(test)]
        fn compare_listed() {
            $(compare!($word, $wire, u8);)+
        }
    };
}

/// `by_number! { Enumeration as generated::Enumeration(u8); ... }`: both traits, for all other enumerations, which are
/// translated by their numbers; in brackets the type of the generated one's numbers. `or Unknown`: numbers that the
/// vocabulary lacks are read as that value.
macro_rules! by_number {
    ($($word:ident $(or $unknown:ident)? as $wire:ident::$module:ident::$name:ident($number:ty);)+) => {
        $(
            impl ToWire<$wire::$module::$name> for $word {
                #[inline]
                fn to_wire(self) -> $wire::$module::$name {
                    <$wire::$module::$name>::from(<$number>::from(self.number()))
                }
            }

            impl FromWire<$wire::$module::$name> for $word {
                #[inline]
                fn from_wire(wire: $wire::$module::$name) -> Option<Self> {
                    let word = u8::try_from(<$number>::from(wire)).ok().and_then(Self::from_number);
                    $(let word = Some(word.unwrap_or(Self::$unknown));)?
                    word
                }
            }
        )+

        #[cfg(test)]
        fn compare_by_number() {
            $(compare!($word, $wire::$module::$name, $number);)+
        }
    };
}

listed! {
    Side { BUY = Buy, SELL = Sell } as sbe_order_entry::side::Side;
    OrderType { MARKET = Market, LIMIT = Limit, STOP = Stop, STOP_LIMIT = StopLimit }
        as sbe_order_entry::order_type::OrderType;
    TimeInForce {
        DAY = Day, GTC = Gtc, AT_THE_OPENING = AtTheOpening, IOC = Ioc, FOK = Fok, GTD = Gtd, AT_THE_CLOSE = AtTheClose,
        GOOD_FOR_AUCTION = GoodForAuction,
    } as sbe_order_entry::time_in_force::TimeInForce;
    SelfTradePrevention {
        NONE = None, CANCEL_NEWEST = CancelNewest, CANCEL_OLDEST = CancelOldest, CANCEL_BOTH = CancelBoth,
        DECREMENT = Decrement,
    } as sbe_order_entry::self_trade_prevention::SelfTradePrevention;
    ExecType {
        NEW = New, CANCELED = Canceled, REPLACED = Replaced, REJECTED = Rejected, EXPIRED = Expired, RESTATED = Restated,
        TRADE = Trade, TRADE_CORRECT = TradeCorrect, TRADE_CANCEL = TradeCancel, TRIGGERED = Triggered,
    } as sbe_order_entry::exec_type::ExecType;
    OrderStatus {
        NEW = New, PARTIALLY_FILLED = PartiallyFilled, FILLED = Filled, CANCELED = Canceled, REJECTED = Rejected,
        EXPIRED = Expired,
    } as sbe_order_entry::order_status::OrderStatus;
    OnDisconnect { CANCEL = Cancel, STAY = Stay } as sbe_order_entry::on_disconnect::OnDisconnect;
    Liquidity { NONE = None, ADDED = Added, REMOVED = Removed, AUCTION = Auction }
        as sbe_order_entry::liquidity_indicator::LiquidityIndicator;
}

by_number! {
    InstrumentType as sbe_order_entry::instrument_type::InstrumentType(u8);
    InstrumentState as sbe_order_entry::instrument_state::InstrumentState(u8);
    KillSwitch as sbe_order_entry::kill_switch::KillSwitch(u8);
    AtDayEnd as sbe_order_entry::at_day_end::AtDayEnd(u8);
    OnBreach as sbe_order_entry::on_breach::OnBreach(u8);
    BeyondPoints as sbe_order_entry::beyond_points::BeyondPoints(u8);
    ProtectionTrigger as sbe_order_entry::protection_trigger::ProtectionTrigger(u8);
    WorkingOrders as sbe_order_entry::working_orders::WorkingOrders(u8);
    RejectReason or Unknown as sbe_order_entry::reject_reason::RejectReason(u16);
    MessageRejectReason or Unknown as sbe_order_entry::message_reject_reason::MessageRejectReason(u8);
    SelfTradeScope as sbe_order_entry::self_trade_scope::SelfTradeScope(u8);
    WorkingState as sbe_order_entry::working_state::WorkingState(u8);
    LastReport as sbe_order_entry::last_report_requested::LastReportRequested(u8);
    MigrationOutcome as sbe_order_entry::migration_outcome::MigrationOutcome(u8);
    InstrumentState as sbe_market_data::md_state::MDState(u8);
    BookType as sbe_market_data::book_type::BookType(u8);
    InstrumentType as sbe_market_data::instrument_type::InstrumentType(u8);
    MemberRole as sbe_member_status::member_role::MemberRole(u8);
    InstrumentType as sbe_partition_map::instrument_type::InstrumentType(u8);
    InstrumentState as sbe_partition_map::instrument_state::InstrumentState(u8);
}

/// Enumerations with the number 0 for no value: `NONE`, or `BOTH` of two sides.
macro_rules! optional_words {
    ($($wire:path = $word:ident),+ $(,)?) => {
        $(
            impl ToWire<$wire> for Option<$word> {
                #[inline]
                fn to_wire(self) -> $wire {
                    <$wire>::from(self.map_or(0, $word::number))
                }
            }

            impl FromWire<$wire> for Option<$word> {
                #[inline]
                fn from_wire(wire: $wire) -> Option<Self> {
                    match u8::from(wire) {
                        0 => Some(None),
                        number => $word::from_number(number).map(Some),
                    }
                }
            }
        )+
    };
}

optional_words! {
    sbe_order_entry::mass_cancel_side::MassCancelSide = Side,
    sbe_order_entry::price_width_unit::PriceWidthUnit = PriceWidthUnit,
    sbe_market_data::md_side::MDSide = Side,
    sbe_partition_map::migration_phase::MigrationPhase = MigrationPhase,
    sbe_partition_map::migration_outcome::MigrationOutcome = MigrationEnding,
}

/// The instructions of an order, a bit each.
impl ToWire<sbe_order_entry::exec_inst::ExecInst> for (PostOnly, OnDisconnect) {
    #[inline]
    fn to_wire(self) -> sbe_order_entry::exec_inst::ExecInst {
        sbe_order_entry::exec_inst::ExecInst(self.0.number() | self.1.number() << 1)
    }
}

/// An instruction of a later version can't be ignored: the order would not do what its sender wants.
impl FromWire<sbe_order_entry::exec_inst::ExecInst> for (PostOnly, OnDisconnect) {
    #[inline]
    fn from_wire(wire: sbe_order_entry::exec_inst::ExecInst) -> Option<Self> {
        Some((PostOnly::from_number(wire.0 & 1)?, OnDisconnect::from_number(wire.0 >> 1)?))
    }
}

impl ToWire<sbe_market_data::match_event_indicator::MatchEventIndicator> for EndOfEvent {
    #[inline]
    fn to_wire(self) -> sbe_market_data::match_event_indicator::MatchEventIndicator {
        let mut indicator = sbe_market_data::match_event_indicator::MatchEventIndicator::default();
        indicator.set_end_of_event(self == Self::Yes);
        indicator
    }
}

/// Other bits are a later version's, which says more of the event.
impl FromWire<sbe_market_data::match_event_indicator::MatchEventIndicator> for EndOfEvent {
    #[inline]
    fn from_wire(wire: sbe_market_data::match_event_indicator::MatchEventIndicator) -> Option<Self> {
        Some(if wire.get_end_of_event() { Self::Yes } else { Self::No })
    }
}

/// From the template id of a command.
impl FromWire<u16> for CommandKind {
    #[inline]
    fn from_wire(template_id: u16) -> Option<Self> {
        u8::try_from(template_id).ok().and_then(Self::from_number)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use sbe_order_entry::exec_inst::ExecInst;
    use sbe_order_entry::mass_cancel_side::MassCancelSide;

    use super::*;

    /// The generated value of a number against the vocabulary's: both have it by the same name, or neither has it. (The
    /// vocabulary's value for what it does not know is none of the protocol's.)
    pub(super) fn compare(wire: &impl Display, word: Option<impl Debug>, number: u8) {
        let name = word.map_or("NullVal".to_owned(), |word| in_capitals(&format!("{word:?}")));
        let name = if name == "UNKNOWN" { "NullVal".to_owned() } else { name };
        assert_eq!(wire.to_string(), name, "number {number}");
    }

    /// `StopLimit` as `STOP_LIMIT`.
    fn in_capitals(name: &str) -> String {
        let mut capitals = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !capitals.is_empty() {
                capitals.push('_');
            }
            capitals.push(letter.to_ascii_uppercase());
        }
        capitals
    }

    #[test]
    fn numbers_and_names_are_those_of_the_schemas() {
        assert_eq!(in_capitals("StopLimit"), "STOP_LIMIT");
        compare_listed();
        compare_by_number();
    }

    #[test]
    fn optional_sides_have_the_numbers_of_the_schemas() {
        use sbe_market_data::md_side::MDSide;
        for (side, both, none) in [
            (None, MassCancelSide::BOTH, MDSide::NONE),
            (Some(Side::Buy), MassCancelSide::BUY, MDSide::BUY),
            (Some(Side::Sell), MassCancelSide::SELL, MDSide::SELL),
        ] {
            assert_eq!((ToWire::<MassCancelSide>::to_wire(side), ToWire::<MDSide>::to_wire(side)), (both, none));
            assert_eq!((<Option<Side>>::from_wire(both), <Option<Side>>::from_wire(none)), (Some(side), Some(side)));
        }
        assert_eq!(<Option<Side>>::from_wire(MassCancelSide::NullVal), None);
        assert_eq!(<Option<Side>>::from_wire(MDSide::NullVal), None);
    }

    #[test]
    fn optional_phases_and_endings_have_the_numbers_of_the_schema() {
        use sbe_partition_map::migration_outcome::MigrationOutcome as WireEnding;
        use sbe_partition_map::migration_phase::MigrationPhase as WirePhase;
        for number in 0..=u8::MAX {
            let phase = <Option<MigrationPhase>>::from_wire(WirePhase::from(number));
            let ending = <Option<MigrationEnding>>::from_wire(WireEnding::from(number));
            let name = |word: Option<String>| in_capitals(&word.unwrap_or("None".to_owned()));
            if let Some(phase) = phase {
                assert_eq!(WirePhase::from(number).to_string(), name(phase.map(|word| format!("{word:?}"))));
                assert_eq!(phase.to_wire(), WirePhase::from(number));
            }
            if let Some(ending) = ending {
                assert_eq!(WireEnding::from(number).to_string(), name(ending.map(|word| format!("{word:?}"))));
                assert_eq!(ending.to_wire(), WireEnding::from(number));
            }
            assert_eq!((phase.is_some(), ending.is_some()), (number <= 3, number <= 2));
        }
    }

    #[test]
    fn each_instruction_is_a_bit_of_exec_inst_and_other_bits_are_refused() {
        let exec_inst = |post_only, stays| {
            let mut exec_inst = ExecInst::default();
            exec_inst.set_participate_do_not_initiate(post_only).set_reinstate_on_connection_loss(stays);
            exec_inst
        };
        for (instructions, wire) in [
            ((PostOnly::No, OnDisconnect::Cancel), exec_inst(false, false)),
            ((PostOnly::Yes, OnDisconnect::Cancel), exec_inst(true, false)),
            ((PostOnly::No, OnDisconnect::Stay), exec_inst(false, true)),
            ((PostOnly::Yes, OnDisconnect::Stay), exec_inst(true, true)),
        ] {
            assert_eq!((instructions.to_wire(), FromWire::from_wire(wire)), (wire, Some(instructions)));
        }
        for bits in 4..=u8::MAX {
            assert_eq!(<(PostOnly, OnDisconnect)>::from_wire(ExecInst(bits)), None);
        }
    }

    #[test]
    fn end_of_event_is_the_first_bit_of_its_set_and_other_bits_are_passed_over() {
        use sbe_market_data::match_event_indicator::MatchEventIndicator;
        let mut end = MatchEventIndicator::default();
        end.set_end_of_event(true);
        assert_eq!((EndOfEvent::Yes.to_wire(), EndOfEvent::No.to_wire()), (end, MatchEventIndicator::default()));
        for bits in 0..=u8::MAX {
            let expected = if bits & 128 != 0 { EndOfEvent::Yes } else { EndOfEvent::No };
            assert_eq!(EndOfEvent::from_wire(MatchEventIndicator(bits)), Some(expected));
        }
    }

    #[test]
    fn kinds_of_commands_have_the_numbers_of_their_templates() {
        use sbe_order_entry::*;
        for (kind, template_id) in [
            (CommandKind::New, new_order_single_codec::SBE_TEMPLATE_ID),
            (CommandKind::Cancel, order_cancel_request_codec::SBE_TEMPLATE_ID),
            (CommandKind::Replace, order_cancel_replace_request_codec::SBE_TEMPLATE_ID),
            (CommandKind::MassCancel, order_mass_cancel_request_codec::SBE_TEMPLATE_ID),
            (CommandKind::DefineInstrument, define_instrument_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetInstrumentState, set_instrument_state_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetRiskLimits, set_risk_limits_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetKillSwitch, set_kill_switch_codec::SBE_TEMPLATE_ID),
            (CommandKind::AmendTrade, amend_trade_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetAuctionRules, set_auction_rules_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetPriceProtection, set_price_protection_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetFirm, set_firm_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetFirmRules, set_firm_rules_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetFirmLimits, set_firm_limits_codec::SBE_TEMPLATE_ID),
            (CommandKind::MassCancelAll, order_mass_cancel_all_request_codec::SBE_TEMPLATE_ID),
            (CommandKind::MassQuote, mass_quote_codec::SBE_TEMPLATE_ID),
            (CommandKind::QuoteCancel, quote_cancel_codec::SBE_TEMPLATE_ID),
            (CommandKind::SetMarketMakerProtection, set_market_maker_protection_codec::SBE_TEMPLATE_ID),
            (CommandKind::ResetMarketMakerProtection, reset_market_maker_protection_codec::SBE_TEMPLATE_ID),
        ] {
            assert_eq!(CommandKind::from_wire(template_id), Some(kind));
        }
        assert_eq!((CommandKind::ALL.len(), CommandKind::from_wire(0x101)), (19, None));
    }
}

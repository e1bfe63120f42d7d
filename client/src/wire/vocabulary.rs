//! The words that the SDK and the wire share, translated in one place: each enumeration of `schemas/order-entry.xml`
//! beside the SDK's own.

use lugus_codecs::{heard, order_entry as wire, said, said_and_heard, vocabulary};

use crate::events::{CommandKind, ExecType, Liquidity, MessageRejectReason, OrderStatus, RejectReason};
use crate::orders::{
    InstrumentState, InstrumentType, KillSwitch, OrderType, PostOnly, SelfTradePrevention, Side, TimeInForce,
};

vocabulary!();

said_and_heard!(wire::side::Side, Side { BUY = Buy, SELL = Sell });
said_and_heard!(wire::order_type::OrderType, OrderType {
    MARKET = Market, LIMIT = Limit, STOP = Stop, STOP_LIMIT = StopLimit,
});
said_and_heard!(wire::time_in_force::TimeInForce, TimeInForce { DAY = Day, GTC = Gtc, IOC = Ioc, FOK = Fok, GTD = Gtd });
said_and_heard!(wire::instrument_state::InstrumentState, InstrumentState {
    CLOSED = Closed, OPEN = Open, HALTED = Halted, AUCTION = Auction,
});
said_and_heard!(wire::kill_switch::KillSwitch, KillSwitch { RELEASED = Released, ENGAGED = Engaged });
said!(wire::self_trade_prevention::SelfTradePrevention, SelfTradePrevention {
    NONE = None, CANCEL_NEWEST = CancelNewest, CANCEL_OLDEST = CancelOldest, CANCEL_BOTH = CancelBoth,
    DECREMENT = Decrement,
});
said!(wire::instrument_type::InstrumentType, InstrumentType { SPOT = Spot, FUTURES = Futures });
heard!(wire::exec_type::ExecType, ExecType {
    NEW = New, CANCELED = Canceled, REPLACED = Replaced, REJECTED = Rejected, EXPIRED = Expired, RESTATED = Restated,
    TRADE = Trade, TRIGGERED = Triggered,
});
heard!(wire::order_status::OrderStatus, OrderStatus {
    NEW = New, PARTIALLY_FILLED = PartiallyFilled, FILLED = Filled, CANCELED = Canceled, REJECTED = Rejected,
    EXPIRED = Expired,
});
heard!(wire::liquidity_indicator::LiquidityIndicator, Liquidity {
    NONE = None, ADDED = Added, REMOVED = Removed, AUCTION = Auction,
});
heard!(wire::reject_reason::RejectReason, RejectReason {
    NONE = None, UNSUPPORTED = Unsupported, UNKNOWN_INSTRUMENT = UnknownInstrument,
    INSTRUMENT_STATE = InstrumentState, UNKNOWN_ORDER = UnknownOrder,
    DUPLICATE_CLIENT_ORDER_ID = DuplicateClientOrderId, INVALID_CLIENT_ORDER_ID = InvalidClientOrderId,
    INVALID_QUANTITY = InvalidQuantity, INVALID_DISPLAY_QUANTITY = InvalidDisplayQuantity,
    INVALID_PRICE = InvalidPrice, PRICE_OUTSIDE_BAND = PriceOutsideBand, INVALID_STOP_PRICE = InvalidStopPrice,
    INVALID_TIME_IN_FORCE = InvalidTimeInForce, INVALID_EXPIRE_TIME = InvalidExpireTime,
    POST_ONLY_WOULD_TRADE = PostOnlyWouldTrade, NO_LIQUIDITY = NoLiquidity, FILL_OR_KILL = FillOrKill,
    SELF_TRADE = SelfTrade, QUANTITY_BELOW_FILLED = QuantityBelowFilled, RISK_QUANTITY = RiskQuantity,
    RISK_NOTIONAL = RiskNotional, RISK_OPEN_ORDERS = RiskOpenOrders, RISK_RATE = RiskRate,
    RISK_KILL_SWITCH = RiskKillSwitch, NOT_AUTHORISED = NotAuthorised, DUPLICATE_INSTRUMENT = DuplicateInstrument,
    INVALID_DEFINITION = InvalidDefinition, LIMIT_ORDERS = LimitOrders, LIMIT_INSTRUMENTS = LimitInstruments,
    LIMIT_PARTICIPANTS = LimitParticipants, LIMIT_CASCADE = LimitCascade, MASS_CANCEL = MassCancel,
    INSTRUMENT_CLOSED = InstrumentClosed,
});
heard!(wire::message_reject_reason::MessageRejectReason, MessageRejectReason {
    TRUNCATED = Truncated, WRONG_SCHEMA = WrongSchema, UNKNOWN_TEMPLATE = UnknownTemplate,
    WRONG_VERSION = WrongVersion, INVALID_VALUE = InvalidValue, OVERSIZED = Oversized,
    NO_PARTICIPANT = NoParticipant, NOT_AUTHORISED = NotAuthorised, LIMIT_DROP_COPIES = LimitDropCopies,
});

/// A reason, or that it is a later version's: an event must not be lost for that.
#[inline]
pub(crate) fn reject_reason(word: wire::reject_reason::RejectReason) -> RejectReason {
    RejectReason::from_wire(word).unwrap_or(RejectReason::Unknown)
}

/// As [`reject_reason`], of a message.
pub(crate) fn rejection_of_message(word: wire::message_reject_reason::MessageRejectReason) -> MessageRejectReason {
    MessageRejectReason::from_wire(word).unwrap_or(MessageRejectReason::Unknown)
}

/// FIX 18.
#[inline]
pub(crate) fn exec_inst(post_only: PostOnly) -> wire::exec_inst::ExecInst {
    let mut exec_inst = wire::exec_inst::ExecInst::default();
    exec_inst.set_participate_do_not_initiate(post_only == PostOnly::Yes);
    exec_inst
}

/// Of which sides; `None` is both.
pub(crate) fn mass_cancel_side(side: Option<Side>) -> wire::mass_cancel_side::MassCancelSide {
    use wire::mass_cancel_side::MassCancelSide;
    match side {
        None => MassCancelSide::BOTH,
        Some(Side::Buy) => MassCancelSide::BUY,
        Some(Side::Sell) => MassCancelSide::SELL,
    }
}

/// The kind of command that a template is.
pub(crate) fn command_kind(template_id: u16) -> Option<CommandKind> {
    Some(match template_id {
        wire::new_order_single_codec::SBE_TEMPLATE_ID => CommandKind::New,
        wire::order_cancel_request_codec::SBE_TEMPLATE_ID => CommandKind::Cancel,
        wire::order_cancel_replace_request_codec::SBE_TEMPLATE_ID => CommandKind::Replace,
        wire::order_mass_cancel_request_codec::SBE_TEMPLATE_ID => CommandKind::MassCancel,
        wire::define_instrument_codec::SBE_TEMPLATE_ID => CommandKind::DefineInstrument,
        wire::set_instrument_state_codec::SBE_TEMPLATE_ID => CommandKind::SetInstrumentState,
        wire::set_risk_limits_codec::SBE_TEMPLATE_ID => CommandKind::SetRiskLimits,
        wire::set_kill_switch_codec::SBE_TEMPLATE_ID => CommandKind::SetKillSwitch,
        _ => return None,
    })
}

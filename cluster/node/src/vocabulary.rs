//! The words that engine and wire share, translated in one place: each enumeration of `schemas/order-entry.xml` beside
//! the engine's own.

use lugus_codecs::{order_entry as wire, said_and_heard, vocabulary};
use lugus_vocabulary::{self as command, self as event};

vocabulary!();

said_and_heard!(wire::side::Side, command::Side { BUY = Buy, SELL = Sell });
said_and_heard!(wire::order_type::OrderType, command::OrderType {
    MARKET = Market, LIMIT = Limit, STOP = Stop, STOP_LIMIT = StopLimit,
});
said_and_heard!(wire::time_in_force::TimeInForce, command::TimeInForce {
    DAY = Day, GTC = Gtc, IOC = Ioc, FOK = Fok, GTD = Gtd,
});
said_and_heard!(wire::self_trade_prevention::SelfTradePrevention, command::SelfTradePrevention {
    NONE = None, CANCEL_NEWEST = CancelNewest, CANCEL_OLDEST = CancelOldest, CANCEL_BOTH = CancelBoth,
    DECREMENT = Decrement,
});
said_and_heard!(wire::instrument_type::InstrumentType, command::InstrumentType { SPOT = Spot, FUTURES = Futures });
said_and_heard!(wire::instrument_state::InstrumentState, command::InstrumentState {
    CLOSED = Closed, OPEN = Open, HALTED = Halted, AUCTION = Auction,
});
said_and_heard!(wire::kill_switch::KillSwitch, command::KillSwitch { RELEASED = Released, ENGAGED = Engaged });
said_and_heard!(wire::exec_type::ExecType, event::ExecType {
    NEW = New, CANCELED = Canceled, REPLACED = Replaced, REJECTED = Rejected, EXPIRED = Expired, RESTATED = Restated,
    TRADE = Trade, TRIGGERED = Triggered,
});
said_and_heard!(wire::order_status::OrderStatus, event::OrderStatus {
    NEW = New, PARTIALLY_FILLED = PartiallyFilled, FILLED = Filled, CANCELED = Canceled, REJECTED = Rejected,
    EXPIRED = Expired,
});
said_and_heard!(wire::liquidity_indicator::LiquidityIndicator, event::Liquidity {
    NONE = None, ADDED = Added, REMOVED = Removed, AUCTION = Auction,
});
said_and_heard!(wire::reject_reason::RejectReason, event::RejectReason {
    NONE = None, UNSUPPORTED = Unsupported, UNKNOWN_INSTRUMENT = UnknownInstrument, INSTRUMENT_STATE = InstrumentState,
    UNKNOWN_ORDER = UnknownOrder, DUPLICATE_CLIENT_ORDER_ID = DuplicateClientOrderId,
    INVALID_CLIENT_ORDER_ID = InvalidClientOrderId, INVALID_QUANTITY = InvalidQuantity,
    INVALID_DISPLAY_QUANTITY = InvalidDisplayQuantity, INVALID_PRICE = InvalidPrice,
    PRICE_OUTSIDE_BAND = PriceOutsideBand, INVALID_STOP_PRICE = InvalidStopPrice,
    INVALID_TIME_IN_FORCE = InvalidTimeInForce, INVALID_EXPIRE_TIME = InvalidExpireTime,
    POST_ONLY_WOULD_TRADE = PostOnlyWouldTrade, NO_LIQUIDITY = NoLiquidity, FILL_OR_KILL = FillOrKill,
    SELF_TRADE = SelfTrade, QUANTITY_BELOW_FILLED = QuantityBelowFilled, RISK_QUANTITY = RiskQuantity,
    RISK_NOTIONAL = RiskNotional, RISK_OPEN_ORDERS = RiskOpenOrders, RISK_RATE = RiskRate,
    RISK_KILL_SWITCH = RiskKillSwitch, NOT_AUTHORISED = NotAuthorised, DUPLICATE_INSTRUMENT = DuplicateInstrument,
    INVALID_DEFINITION = InvalidDefinition, LIMIT_ORDERS = LimitOrders, LIMIT_INSTRUMENTS = LimitInstruments,
    LIMIT_PARTICIPANTS = LimitParticipants, LIMIT_CASCADE = LimitCascade, MASS_CANCEL = MassCancel,
    INSTRUMENT_CLOSED = InstrumentClosed,
} or Unknown);

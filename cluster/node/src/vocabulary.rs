//! The words that engine and wire share, translated in one place: each enumeration of `schemas/order-entry.xml` beside
//! the engine's own.

use lugus_codecs::order_entry as wire;
use lugus_engine::{command, event};

/// An engine's word that the wire has too.
pub(crate) trait Word: Sized + Copy {
    /// The generated enumeration.
    type Wire;
    /// The word on the wire.
    fn to_wire(self) -> Self::Wire;
}

/// A word that comes from outside: the wire's null stands for all values that the enumeration lacks.
pub(crate) trait Heard: Word {
    /// The engine's word, or `None` for a value that the enumeration lacks.
    fn from_wire(word: Self::Wire) -> Option<Self>;
}

macro_rules! said {
    ($wire:path, $engine:path { $($on_wire:ident = $in_engine:ident),+ $(,)? }) => {
        impl Word for $engine {
            type Wire = $wire;
            #[inline]
            fn to_wire(self) -> $wire {
                match self {
                    $(Self::$in_engine => <$wire>::$on_wire),+
                }
            }
        }
    };
}

macro_rules! heard_and_said {
    ($wire:path, $engine:path { $($on_wire:ident = $in_engine:ident),+ $(,)? }) => {
        said!($wire, $engine { $($on_wire = $in_engine),+ });
        impl Heard for $engine {
            #[inline]
            fn from_wire(word: $wire) -> Option<Self> {
                match word {
                    $(<$wire>::$on_wire => Some(Self::$in_engine),)+
                    <$wire>::NullVal => None,
                }
            }
        }
    };
}

heard_and_said!(wire::side::Side, command::Side { BUY = Buy, SELL = Sell });
heard_and_said!(wire::order_type::OrderType, command::OrderType {
    MARKET = Market, LIMIT = Limit, STOP = Stop, STOP_LIMIT = StopLimit,
});
heard_and_said!(wire::time_in_force::TimeInForce, command::TimeInForce {
    DAY = Day, GTC = Gtc, IOC = Ioc, FOK = Fok, GTD = Gtd,
});
heard_and_said!(wire::self_trade_prevention::SelfTradePrevention, command::SelfTradePrevention {
    NONE = None, CANCEL_NEWEST = CancelNewest, CANCEL_OLDEST = CancelOldest, CANCEL_BOTH = CancelBoth,
    DECREMENT = Decrement,
});
heard_and_said!(wire::trade_type::TradeType, command::TradeType { SPOT = Spot, FUTURES = Futures });
heard_and_said!(wire::instrument_state::InstrumentState, command::InstrumentState {
    CLOSED = Closed, OPEN = Open, HALTED = Halted, AUCTION = Auction,
});
heard_and_said!(wire::kill_switch::KillSwitch, command::KillSwitch { RELEASED = Released, ENGAGED = Engaged });
heard_and_said!(wire::exec_type::ExecType, event::ExecType {
    NEW = New, CANCELED = Canceled, REPLACED = Replaced, REJECTED = Rejected, EXPIRED = Expired, RESTATED = Restated,
    TRADE = Trade, TRIGGERED = Triggered,
});
heard_and_said!(wire::order_status::OrderStatus, event::OrderStatus {
    NEW = New, PARTIALLY_FILLED = PartiallyFilled, FILLED = Filled, CANCELED = Canceled, REJECTED = Rejected,
    EXPIRED = Expired,
});
heard_and_said!(wire::liquidity_indicator::LiquidityIndicator, event::Liquidity {
    NONE = None, ADDED = Added, REMOVED = Removed, AUCTION = Auction,
});
heard_and_said!(wire::reject_reason::RejectReason, event::RejectReason {
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
    INSTRUMENT_CLOSED = InstrumentClosed, MOVED = Moved,
});

//! The enumerations of an execution in one word, as the state hash takes them (`state_hash`) and as a kept report has them
//! (`report_row`): made once for both, and laid out as the members of a cluster agree on it.

use lugus_vocabulary::{
    ExecType, Execution, Liquidity, OnDisconnect, OrderStatus, OrderType, RejectReason, Side, TimeInForce,
};

/// The enumerations of an execution, each at a place of its own: four bits or more that hold its number. Bits 0 to 7, 48 to 55, 58, 59
/// and 61 to 63 are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExecutionKinds(u64);

const EXEC_TYPE: u32 = 8;
const ORDER_STATUS: u32 = 16;
const SIDE: u32 = 24;
const ORDER_TYPE: u32 = 28;
const TIME_IN_FORCE: u32 = 32;
const LIQUIDITY: u32 = 36;
const REASON: u32 = 40;
const PRICE: u32 = 56;
const LAST_PRICE: u32 = 57;
const ON_DISCONNECT: u32 = 60;

impl ExecutionKinds {
    /// Of no execution.
    pub(crate) const NONE: Self = Self(0);

    /// Those of an execution.
    #[inline(always)]
    pub(crate) fn of(execution: &Execution) -> Self {
        Self(
            (execution.exec_type as u64) << EXEC_TYPE
                | (execution.order_status as u64) << ORDER_STATUS
                | (execution.side as u64) << SIDE
                | (execution.order_type as u64) << ORDER_TYPE
                | (execution.time_in_force as u64) << TIME_IN_FORCE
                | (execution.liquidity as u64) << LIQUIDITY
                | (execution.reason as u64) << REASON
                | u64::from(execution.price.is_some()) << PRICE
                | u64::from(execution.last_price.is_some()) << LAST_PRICE
                | (execution.on_disconnect as u64) << ON_DISCONNECT,
        )
    }

    /// A reason and a status without an execution: of the reject of a cancel.
    pub(crate) fn of_cancel_reject(reason: RejectReason, order_status: OrderStatus) -> Self {
        Self((reason as u64) << REASON | (order_status as u64) << ORDER_STATUS)
    }

    /// The word.
    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    // Only numbers of values are ever written, so that the words of `unwrap_or` are never used.

    pub(crate) fn exec_type(self) -> ExecType {
        ExecType::from_number(self.byte(EXEC_TYPE)).unwrap_or(ExecType::New)
    }

    pub(crate) fn order_status(self) -> OrderStatus {
        OrderStatus::from_number(self.byte(ORDER_STATUS)).unwrap_or(OrderStatus::New)
    }

    pub(crate) fn side(self) -> Side {
        Side::from_number(self.half(SIDE)).unwrap_or(Side::Buy)
    }

    pub(crate) fn order_type(self) -> OrderType {
        OrderType::from_number(self.half(ORDER_TYPE)).unwrap_or(OrderType::Limit)
    }

    pub(crate) fn time_in_force(self) -> TimeInForce {
        TimeInForce::from_number(self.half(TIME_IN_FORCE)).unwrap_or(TimeInForce::Gtc)
    }

    pub(crate) fn liquidity(self) -> Liquidity {
        Liquidity::from_number(self.half(LIQUIDITY)).unwrap_or(Liquidity::None)
    }

    pub(crate) fn reason(self) -> RejectReason {
        RejectReason::from_number(self.byte(REASON)).unwrap_or(RejectReason::None)
    }

    pub(crate) fn has_price(self) -> bool {
        self.0 >> PRICE & 1 != 0
    }

    pub(crate) fn has_last_price(self) -> bool {
        self.0 >> LAST_PRICE & 1 != 0
    }

    pub(crate) fn on_disconnect(self) -> OnDisconnect {
        OnDisconnect::from_number((self.0 >> ON_DISCONNECT & 1) as u8).unwrap_or(OnDisconnect::Cancel)
    }

    fn byte(self, place: u32) -> u8 {
        (self.0 >> place) as u8
    }

    fn half(self, place: u32) -> u8 {
        self.byte(place) & 0xF
    }
}

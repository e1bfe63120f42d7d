//! The limits by which an order is judged: those of its participant and of the participant's firm, of each the lower one.

use lugus_vocabulary::{RejectReason, RiskLimits};

/// The limits by which an order is judged, and which of them are those of the participant's firm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    pub(crate) limits: RiskLimits,
    pub(crate) is_firms_quantity: bool,
    pub(crate) is_firms_notional: bool,
    pub(crate) is_firms_open_orders: bool,
}

impl Allowed {
    /// A participant's own limits.
    pub(crate) fn of(limits: RiskLimits) -> Self {
        Self { limits, is_firms_quantity: false, is_firms_notional: false, is_firms_open_orders: false }
    }

    /// The reason for which an order was refused, which tells the participant's limits from those of its firm.
    pub(crate) fn reason(&self, reason: RejectReason) -> RejectReason {
        match reason {
            RejectReason::RiskQuantity if self.is_firms_quantity => RejectReason::FirmQuantity,
            RejectReason::RiskNotional if self.is_firms_notional => RejectReason::FirmNotional,
            RejectReason::RiskOpenOrders if self.is_firms_open_orders => RejectReason::FirmOpenOrders,
            reason => reason,
        }
    }
}

/// Changes the limits that `to` names: 0 removes a limit, and a limit that is not named stays.
pub(crate) fn change(limits: &mut RiskLimits, to: RiskLimits) {
    set(&mut limits.maximum_quantity, to.maximum_quantity);
    set(&mut limits.maximum_notional, to.maximum_notional);
    set(&mut limits.maximum_open_orders, to.maximum_open_orders);
    set(&mut limits.maximum_commands_per_second, to.maximum_commands_per_second);
    set(&mut limits.maximum_cancels_per_second, to.maximum_cancels_per_second);
}

/// Changes a limit that is named.
fn set<N: Copy + Default + PartialEq>(limit: &mut Option<N>, change: Option<N>) {
    if let Some(change) = change {
        *limit = (change != N::default()).then_some(change);
    }
}

/// The lower of two limits, and whether it is the firm's. Of equal ones it is the participant's own.
pub(crate) fn lower<N: Ord>(own: Option<N>, firms: Option<N>) -> (Option<N>, bool) {
    match (own, firms) {
        (None, Some(firms)) => (Some(firms), true),
        (Some(own), Some(firms)) if firms < own => (Some(firms), true),
        (own, _) => (own, false),
    }
}

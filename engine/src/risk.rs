//! Risk checks before the book: what a participant's limits and its kill switch allow. The notional is `notional`'s.

use lugus_vocabulary::{EpochNanos, Quantity, RejectReason, RiskLimits};

use crate::kill_switch::KillSwitches;
use crate::rate::RateWindow;

/// A participant's limits and kill switch, and what it has used of its rates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Risk {
    pub(crate) limits: RiskLimits,
    pub(crate) kill_switch: KillSwitches,
    /// New orders and replacements, counted while there is a limit.
    pub(crate) orders: RateWindow,
    /// Cancels, mass cancels and decreases, counted while there is a limit.
    pub(crate) cancels: RateWindow,
}

impl Risk {
    /// Changes the limits that `change` names: 0 removes a limit, and a limit that is not named stays.
    pub(crate) fn change_limits(&mut self, change: RiskLimits) {
        let limits = &mut self.limits;
        set(&mut limits.maximum_quantity, change.maximum_quantity);
        set(&mut limits.maximum_notional, change.maximum_notional);
        set(&mut limits.maximum_open_orders, change.maximum_open_orders);
        set(&mut limits.maximum_commands_per_second, change.maximum_commands_per_second);
        set(&mut limits.maximum_cancels_per_second, change.maximum_cancels_per_second);
        self.orders.prepare(limits.maximum_commands_per_second);
        self.cancels.prepare(limits.maximum_cancels_per_second);
    }

    /// Checks kill switch and rate before a new order or a replacement. The command counts for the rate also if it is
    /// rejected for another reason later.
    #[inline]
    pub(crate) fn admit(&mut self, now: EpochNanos) -> Result<(), RejectReason> {
        if self.kill_switch.is_engaged() {
            return Err(RejectReason::RiskKillSwitch);
        }
        match self.limits.maximum_commands_per_second {
            Some(limit) => self.orders.admit(now, limit),
            None => Ok(()),
        }
    }

    /// The same before a replacement: one that only decreases an order counts as a cancel.
    #[inline]
    pub(crate) fn admit_replacement(
        &mut self,
        now: EpochNanos,
        is_decrease: impl FnOnce() -> bool,
    ) -> Result<(), RejectReason> {
        let is_free = !self.kill_switch.is_engaged()
            && self.limits.maximum_commands_per_second.is_none()
            && self.limits.maximum_cancels_per_second.is_none();
        match is_free {
            true => Ok(()),
            false if is_decrease() => self.admit_cancel(now),
            false => self.admit(now),
        }
    }

    /// Checks the rate of cancels before a cancel or a mass cancel. No other command counts for it.
    #[inline]
    pub(crate) fn admit_cancel(&mut self, now: EpochNanos) -> Result<(), RejectReason> {
        match self.limits.maximum_cancels_per_second {
            Some(limit) => self.cancels.admit(now, limit),
            None => Ok(()),
        }
    }
}

/// Changes a limit that is named.
fn set<N: Copy + Default + PartialEq>(limit: &mut Option<N>, change: Option<N>) {
    if let Some(change) = change {
        *limit = (change != N::default()).then_some(change);
    }
}

/// Checks the open quantity of an order against the limits.
#[inline]
pub(crate) fn quantity(limits: &RiskLimits, open: Quantity) -> Result<(), RejectReason> {
    match limits.maximum_quantity {
        Some(most) if open > most => Err(RejectReason::RiskQuantity),
        _ => Ok(()),
    }
}

/// Checks whether the limits allow one more live order.
#[inline]
pub(crate) fn open_orders(limits: &RiskLimits, open: u32) -> Result<(), RejectReason> {
    match limits.maximum_open_orders {
        Some(most) if open >= most => Err(RejectReason::RiskOpenOrders),
        _ => Ok(()),
    }
}

//! Risk checks before the book: what the limits of a participant and its firm and its kill switch allow. The notional is `notional`'s.

use lugus_vocabulary::{EpochNanos, ParticipantId, Quantity, RejectReason, RiskLimits};

use crate::allowed::change;
use crate::firms::Firms;
use crate::kill_switch::KillSwitches;
use crate::rate::RateWindow;

/// A participant's limits and kill switch, and what it has used of its rates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Risk {
    pub(crate) limits: RiskLimits,
    pub(crate) kill_switch: KillSwitches,
    /// The participant's firm, if that has limits.
    pub(crate) firm: Option<ParticipantId>,
    /// New orders and replacements, counted while there is a limit.
    pub(crate) orders: RateWindow,
    /// Cancels, mass cancels and decreases, counted while there is a limit.
    pub(crate) cancels: RateWindow,
}

impl Risk {
    /// Changes the limits that `to` names: 0 removes a limit, and a limit that is not named stays.
    pub(crate) fn change_limits(&mut self, to: RiskLimits) {
        change(&mut self.limits, to);
        self.orders.prepare(self.limits.maximum_commands_per_second);
        self.cancels.prepare(self.limits.maximum_cancels_per_second);
    }

    /// Checks kill switch and rates before a new order or a replacement. The command counts for a rate also if it is
    /// rejected for another reason later.
    #[inline]
    pub(crate) fn admit(&mut self, now: EpochNanos, firms: &mut Firms) -> Result<(), RejectReason> {
        if self.kill_switch.is_engaged() {
            return Err(RejectReason::RiskKillSwitch);
        }
        if let Some(limit) = self.limits.maximum_commands_per_second {
            self.orders.admit(now, limit)?;
        }
        match self.firm {
            Some(firm) => firms.admit(firm, now),
            None => Ok(()),
        }
    }

    /// The same before a replacement: one that only decreases an order counts as a cancel.
    #[inline]
    pub(crate) fn admit_replacement(
        &mut self,
        now: EpochNanos,
        firms: &mut Firms,
        is_decrease: impl FnOnce() -> bool,
    ) -> Result<(), RejectReason> {
        let is_free = !self.kill_switch.is_engaged()
            && self.limits.maximum_commands_per_second.is_none()
            && self.limits.maximum_cancels_per_second.is_none()
            && self.firm.is_none();
        match is_free {
            true => Ok(()),
            false if is_decrease() => self.admit_cancel(now, firms),
            false => self.admit(now, firms),
        }
    }

    /// Checks the rates of cancels before a cancel or a mass cancel. No other command counts for them.
    #[inline]
    pub(crate) fn admit_cancel(&mut self, now: EpochNanos, firms: &mut Firms) -> Result<(), RejectReason> {
        if let Some(limit) = self.limits.maximum_cancels_per_second {
            self.cancels.admit(now, limit)?;
        }
        match self.firm {
            Some(firm) => firms.admit_cancel(firm, now),
            None => Ok(()),
        }
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

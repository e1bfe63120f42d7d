//! Risk checks before the book: what the limits of a participant and its firm and its kill switch allow. The notional is `notional`'s.

use lugus_vocabulary::{Action, EpochNanos, ParticipantId, Quantity, RejectReason, RiskLimits};

use crate::allowed::{Allowed, change};
use crate::amendment::Amendment;
use crate::book::OrderPool;
use crate::firms::Firms;
use crate::kill_switch::KillSwitches;
use crate::rate::RateWindow;
use crate::scopes::ScopeIndex;

/// A participant's limits and kill switch, and what it has used of its rates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Risk {
    pub(crate) limits: RiskLimits,
    pub(crate) kill_switch: KillSwitches,
    /// The participant's firm, if that has limits.
    pub(crate) firm: Option<ParticipantId>,
    /// As [`Risk::binds`] says. It is kept, so that a command of a participant that nothing binds pays one comparison.
    pub(crate) is_bound: bool,
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

    /// Whether there are limits of the participant or of its firm, or its kill switch is engaged.
    pub(crate) fn binds(&self) -> bool {
        self.limits != RiskLimits::default() || self.firm.is_some() || self.kill_switch.is_engaged()
    }

    /// Checks a command about an order of the participant with this dense index against kill switch and rates. Returns the limits by
    /// which the order is judged: those of the participant and of its firm.
    ///
    /// # Errors
    /// The reason why the command is not executed.
    #[inline(never)]
    pub(crate) fn judge(
        &mut self,
        action: &Action,
        now: EpochNanos,
        (scope, participant): (ScopeIndex, u32),
        firms: &mut Firms,
        pool: &OrderPool,
    ) -> Result<Allowed, RejectReason> {
        match action {
            Action::New(_) => self.admit(now, firms)?,
            Action::Cancel { .. } => self.admit_cancel(now, firms)?,
            // A replacement that only decreases an order counts as a cancel.
            Action::Replace(replace) => {
                let is_decrease = Amendment::is_decrease(replace, scope, pool);
                if is_decrease { self.admit_cancel(now, firms)? } else { self.admit(now, firms)? }
            }
            _ => {}
        }
        Ok(self.allowed(participant, firms, pool))
    }

    /// The limits by which an order of the participant with this dense index is judged now: its own and those of its firm.
    pub(crate) fn allowed(&self, participant: u32, firms: &Firms, pool: &OrderPool) -> Allowed {
        let of_firm = self.firm.map(|firm| firms.allowed(firm, &self.limits, participant, |place| pool.open_of(place)));
        of_firm.unwrap_or(Allowed::of(self.limits))
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

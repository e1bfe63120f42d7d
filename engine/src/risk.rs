//! Risk checks before the book: what a participant's limits and its kill switch allow.

use lugus_vocabulary::{
    EpochNanos, InstrumentDefinition, KillSwitch, NewOrder, Price, Quantity, RejectReason, RiskLimits,
};

const NANOS_A_SECOND: i64 = 1_000_000_000;

/// A participant's limits and kill switch, and what it has used of its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Risk {
    pub(crate) limits: RiskLimits,
    pub(crate) kill_switch: KillSwitch,
    /// The second of log time (since 1 January 1970 UTC) in which the participant last sent a command that counts for its
    /// rate.
    pub(crate) second: i64,
    /// Number of such commands in that second; counted only while there is a limit.
    pub(crate) commands: u32,
}

impl Risk {
    /// Sets the limits; a limit of 0 is none. The count for the rate restarts.
    pub(crate) fn set_limits(&mut self, limits: RiskLimits) {
        self.limits = RiskLimits {
            maximum_quantity: limits.maximum_quantity.filter(|most| most.0 > 0),
            maximum_notional: limits.maximum_notional.filter(|&most| most > 0),
            maximum_open_orders: limits.maximum_open_orders.filter(|&most| most > 0),
            maximum_commands_per_second: limits.maximum_commands_per_second.filter(|&most| most > 0),
        };
        (self.second, self.commands) = (0, 0);
    }

    /// Checks kill switch and rate before a new order or a replacement. The command counts for the rate also if it is
    /// rejected for another reason later. Cancels are not checked.
    #[inline]
    pub(crate) fn admit(&mut self, now: EpochNanos) -> Result<(), RejectReason> {
        if self.kill_switch == KillSwitch::Engaged {
            return Err(RejectReason::RiskKillSwitch);
        }
        let Some(most) = self.limits.maximum_commands_per_second else { return Ok(()) };
        let second = now.0.div_euclid(NANOS_A_SECOND);
        if self.second != second {
            (self.second, self.commands) = (second, 0);
        }
        if self.commands >= most {
            return Err(RejectReason::RiskRate);
        }
        self.commands += 1;
        Ok(())
    }
}

/// Checks the quantity and the notional of an order against the limits.
#[inline]
pub(crate) fn size(limits: &RiskLimits, quantity: Quantity, price: Price) -> Result<(), RejectReason> {
    if limits.maximum_quantity.is_some_and(|most| quantity > most) {
        return Err(RejectReason::RiskQuantity);
    }
    let notional = || u128::from(price.0.unsigned_abs()) * u128::from(quantity.0);
    if limits.maximum_notional.is_some_and(|most| notional() > u128::from(most)) {
        return Err(RejectReason::RiskNotional);
    }
    Ok(())
}

/// The price by which an order's notional counts: its limit, else its trigger, else the price of the last trade, else the
/// reference price.
#[inline]
pub(crate) fn price(order: &NewOrder, last: Option<Price>, definition: &InstrumentDefinition) -> Price {
    order.price.or(order.stop_price).or(last).unwrap_or(definition.reference_price)
}

/// Checks whether the limits allow one more live order.
#[inline]
pub(crate) fn open_orders(limits: &RiskLimits, open: u32) -> Result<(), RejectReason> {
    match limits.maximum_open_orders {
        Some(most) if open >= most => Err(RejectReason::RiskOpenOrders),
        _ => Ok(()),
    }
}

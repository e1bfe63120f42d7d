//! What protects a participant, and others from it: limits and kill switches.

use crate::units::Quantity;
use crate::word::word;

/// Limits of a participant. `None` means no limit; in a command that sets limits it means that the limit stays as it is,
/// and 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct RiskLimits {
    /// Largest open quantity of one order, in lots.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_quantity: Option<Quantity>,
    /// Largest notional of one order: its open lots times the worst price at which it can trade, in ticks, by absolute
    /// value.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_notional: Option<u64>,
    /// Largest number of live orders, over all instruments.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_open_orders: Option<u32>,
    /// Largest number of new orders and replacements in any second of log time, over all instruments. Replacements that
    /// only decrease an order count as cancels.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_commands_per_second: Option<u32>,
    /// Largest number of cancels, mass cancels and decreases in any second of log time, over all instruments.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_cancels_per_second: Option<u32>,
}

word! {
    /// Whether a participant's new orders are stopped.
    #[derive(Default)]
    KillSwitch: u8 {
        /// Orders are accepted.
        #[default]
        Released = 0,
        /// Only cancels are accepted.
        Engaged = 1,
    }
}

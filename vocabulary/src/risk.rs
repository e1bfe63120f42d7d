//! What protects a participant, and others from it: limits and kill switches.

use crate::units::Quantity;
use crate::word::word;

/// Limits of a participant. `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct RiskLimits {
    /// Largest quantity of one order, in lots.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_quantity: Option<Quantity>,
    /// Largest notional of one order: ticks times lots, by absolute value.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_notional: Option<u64>,
    /// Largest number of live orders, over all instruments.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_open_orders: Option<u32>,
    /// Largest number of commands in one second of log time, over all instruments. Cancels always pass.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_commands_per_second: Option<u32>,
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

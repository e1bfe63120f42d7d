//! Firms: participants that belong together.

use crate::risk::{KillSwitch, KillSwitchLevels, RiskLimits, WorkingOrders};
use crate::units::ParticipantId;
use crate::word::word;

/// Largest number of firms of a cluster.
pub const MAXIMUM_FIRMS: usize = 256;

/// Largest number of participants of a firm, its own participant included.
pub const MAXIMUM_FIRM_PARTICIPANTS: usize = 64;

word! {
    /// Whose orders an order with self-trade prevention does not trade with.
    #[derive(Default)]
    SelfTradeScope: u8 {
        /// Those of its participant.
        #[default]
        Participant = 0,
        /// Those of all participants of its firm.
        Firm = 1,
    }
}

/// What holds for all participants of a firm. In a command, what is `None` stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct FirmRules {
    /// The new position of the kill switches of all participants of the firm, at the sender's level.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub kill_switch: Option<KillSwitch>,
    /// What happens to live orders when the switches are engaged.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub working_orders: WorkingOrders,
    /// Whose orders the participants' orders do not trade with, where they ask for self-trade prevention.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub self_trade_scope: Option<SelfTradeScope>,
}

/// A participant's firm, and what holds for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct FirmReport {
    /// The participant whose firm was set; the firm's own participant if the firm's rules were.
    pub target: ParticipantId,
    /// The participant's firm, by the number of the firm's own participant; `None` for no firm.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub firm: Option<ParticipantId>,
    /// Number of participants of the firm, its own participant included; 0 for no firm.
    pub participants: u32,
    /// Levels at which the kill switch of the firm is engaged: a participant that joins it gets them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub kill_switch_levels: KillSwitchLevels,
    /// Whose orders the participants' orders do not trade with.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub self_trade_scope: SelfTradeScope,
}

/// The limits of a firm after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct FirmLimits {
    /// The firm, by the number of its own participant.
    pub firm: ParticipantId,
    /// The limits. Those of an order are of each order of each participant of the firm; all others are of the participants
    /// together.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub limits: RiskLimits,
}

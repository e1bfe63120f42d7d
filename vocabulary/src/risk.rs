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
    /// Whether a participant's trading is stopped.
    #[derive(Default)]
    KillSwitch: u8 {
        /// Orders are accepted.
        #[default]
        Released = 0,
        /// Only cancels are accepted, and no order of the participant trades.
        Engaged = 1,
    }
}

word! {
    /// What happens to a participant's live orders when its kill switch is engaged.
    #[derive(Default)]
    WorkingOrders: u8 {
        /// They are canceled, in all instruments.
        #[default]
        Cancel = 0,
        /// They stay, and neither trade nor trigger: an order that would is canceled instead.
        Keep = 1,
    }
}

word! {
    /// Who has engaged a kill switch, and may release it: a level releases itself and those below.
    KillSwitchLevel: u8 {
        /// The participant itself.
        Participant = 1,
        /// The participant's firm.
        Firm = 2,
        /// The operator.
        Operator = 4,
    }
}

/// The levels at which a kill switch is engaged: none if it is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KillSwitchLevels(u8);

impl KillSwitchLevels {
    /// No level.
    pub const NONE: Self = Self(0);

    /// The levels with these bits, which are the numbers of [`KillSwitchLevel`]; `None` if there are others.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 8 { Some(Self(bits)) } else { None }
    }

    /// One bit for each level.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether this level is one of them.
    pub const fn has(self, level: KillSwitchLevel) -> bool {
        self.0 & level.number() != 0
    }

    /// These levels and one more.
    #[must_use]
    pub const fn with(self, level: KillSwitchLevel) -> Self {
        Self(self.0 | level.number())
    }

    /// These levels without that one and those below it.
    #[must_use]
    pub const fn above(self, level: KillSwitchLevel) -> Self {
        // The numbers are bits in the order of the levels.
        Self(self.0 & !(level.number() | (level.number() - 1)))
    }

    /// The switch as a whole.
    pub const fn kill_switch(self) -> KillSwitch {
        if self.0 == 0 { KillSwitch::Released } else { KillSwitch::Engaged }
    }

    fn levels(self) -> impl Iterator<Item = KillSwitchLevel> {
        KillSwitchLevel::ALL.iter().copied().filter(move |&level| self.has(level))
    }
}

impl FromIterator<KillSwitchLevel> for KillSwitchLevels {
    fn from_iter<I: IntoIterator<Item = KillSwitchLevel>>(levels: I) -> Self {
        levels.into_iter().fold(Self::NONE, Self::with)
    }
}

/// In words, as in `PARTICIPANT, OPERATOR`.
impl std::fmt::Display for KillSwitchLevels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut before = "";
        for level in self.levels() {
            write!(f, "{before}{}", format!("{level:?}").to_uppercase())?;
            before = ", ";
        }
        Ok(())
    }
}

/// As a list of words.
#[cfg(feature = "serde")]
impl serde::Serialize for KillSwitchLevels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.levels())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for KillSwitchLevels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Vec<KillSwitchLevel> as serde::Deserialize>::deserialize(deserializer)
            .map(|levels| levels.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_above_itself_only_with_those_that_are_higher() {
        use KillSwitchLevel::{Firm, Operator, Participant};
        let all: KillSwitchLevels = [Participant, Firm, Operator].into_iter().collect();
        assert_eq!(all.above(Participant), [Firm, Operator].into_iter().collect());
        assert_eq!(all.above(Firm), [Operator].into_iter().collect());
        assert_eq!(all.above(Operator), KillSwitchLevels::NONE);
        assert_eq!((all.bits(), all.to_string()), (7, "PARTICIPANT, FIRM, OPERATOR".to_owned()));
        assert_eq!((KillSwitchLevels::from_bits(7), KillSwitchLevels::from_bits(8)), (Some(all), None));
    }
}

//! A participant's kill switch: one flag for each level, and whether the participant's orders stay.
//!
//! While a flag is set, the participant's new orders and replacements are refused, and none of its orders trades. A level
//! releases its own flag and those of the levels below; the flag of a level above stays.

use lugus_vocabulary::{KillSwitch, KillSwitchLevel, KillSwitchLevels, RejectReason, WorkingOrders};

use crate::book::Killed;

/// The kill switch of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KillSwitches {
    /// Levels at which it is engaged.
    pub(crate) engaged: KillSwitchLevels,
    /// Those of them that let the participant's orders stay.
    pub(crate) keeping: KillSwitchLevels,
}

impl KillSwitches {
    #[inline]
    pub(crate) fn is_engaged(self) -> bool {
        self.engaged != KillSwitchLevels::NONE
    }

    /// What it does with the participant's orders.
    pub(crate) fn killed(self) -> Killed {
        match (self.is_engaged(), self.cancels_orders()) {
            (false, _) => Killed::No,
            (true, false) => Killed::Keeps,
            (true, true) => Killed::Cancels,
        }
    }

    /// Whether the participant's live orders are to be canceled.
    pub(crate) fn cancels_orders(self) -> bool {
        self.engaged != self.keeping
    }

    /// Engages the switch at a level, or releases it at that level and below.
    ///
    /// # Errors
    /// [`RejectReason::NotAuthorised`]: there is nothing to release but what a level above has engaged.
    pub(crate) fn set(
        &mut self,
        level: KillSwitchLevel,
        kill_switch: KillSwitch,
        orders: WorkingOrders,
    ) -> Result<(), RejectReason> {
        match kill_switch {
            KillSwitch::Engaged => {
                let keeps = orders == WorkingOrders::Keep;
                // A switch that is engaged again may cancel what it has kept; orders that are being canceled are not saved.
                let was_canceling = self.engaged.has(level) && !self.keeping.has(level);
                self.engaged = self.engaged.with(level);
                let others = self.keeping.bits() & !level.number();
                let kept = if keeps && !was_canceling { level.number() } else { 0 };
                self.keeping = KillSwitchLevels::from_bits(others | kept).unwrap_or_default();
            }
            KillSwitch::Released => {
                let left = self.engaged.above(level);
                if left == self.engaged && left != KillSwitchLevels::NONE {
                    return Err(RejectReason::NotAuthorised);
                }
                (self.engaged, self.keeping) = (left, self.keeping.above(level));
            }
        }
        Ok(())
    }
}

//! Orders that are live although their end is decided: their time is over, or a mass cancel or a kill switch cancels them.

use lugus_vocabulary::{OrderId, RejectReason, Side};

use super::{Killed, Order, OrderPool, place, sides, slot_or_none};
use crate::book::cells::Slot;
use crate::book::terms::Instructions;

/// How an order ends that is live although its end is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its time is over.
    Expired,
    /// It is canceled, for this reason.
    Canceled(RejectReason),
}

impl OrderPool {
    /// Sets what a participant's kill switch does with its orders: if it is engaged, none of them trades.
    pub(crate) fn set_killed(&mut self, participant: u32, killed: Killed) {
        if self.killed.len() <= participant as usize {
            self.killed.resize(participant as usize + 1, Killed::No);
        }
        let before = std::mem::replace(&mut self.killed[participant as usize], killed);
        self.killed_participants += u32::from(killed != Killed::No);
        self.killed_participants -= u32::from(before != Killed::No);
    }

    /// Whether there may be live orders whose end is decided, so that [`OrderPool::over`] has to be asked.
    #[inline]
    pub(crate) fn is_doubtful(&self) -> bool {
        self.unfinished.is_overdue | (self.killed_participants > 0) | !self.unfinished.mass_cancels.is_empty()
    }

    /// How a live order ends that would trade and may not; `None` for one that may trade.
    #[cold]
    pub(crate) fn over(&self, slot: Slot) -> Option<Ending> {
        let participant = self.participant_of(self.get(slot).owner);
        let is_kept = self.killed[participant as usize] == Killed::Keeps;
        self.decided(slot).or(is_kept.then_some(Ending::Canceled(RejectReason::RiskKillSwitch)))
    }

    /// How a live order ends whose end is decided.
    #[cold]
    pub(crate) fn decided(&self, slot: Slot) -> Option<Ending> {
        let Order { order_id, owner, side, instructions, .. } = *self.get(slot);
        let list = &self.owners[owner as usize];
        if instructions.has(Instructions::EXPIRES)
            && self.terms[slot as usize].expire_time <= self.unfinished.now
            && !self.expiry.is_aside(slot)
        {
            Some(Ending::Expired)
        } else if order_id <= list.sides[place(side)].canceled {
            Some(Ending::Canceled(RejectReason::MassCancel))
        } else if self.killed[list.participant as usize] == Killed::Cancels {
            Some(Ending::Canceled(RejectReason::RiskKillSwitch))
        } else {
            None
        }
    }

    /// Cancels an owner's orders of a side, or of both, with numbers up to this one: they do not trade any more.
    pub(crate) fn set_canceled(&mut self, owner: u32, side: Option<Side>, through: OrderId) {
        for &side in sides(side) {
            self.owner_list(owner).sides[place(side)].canceled = through;
        }
    }

    /// The number up to which an owner's orders of a side are canceled; 0 if no mass cancel is under way.
    pub(crate) fn canceled(&self, owner: u32, side: Side) -> OrderId {
        self.owners[owner as usize].sides[place(side)].canceled
    }

    /// The first order that a mass cancel under way has still to end. The owner's lists are sorted.
    pub(crate) fn first_canceled(&self, owner: u32) -> Option<Slot> {
        let list = &self.owners[owner as usize];
        let firsts = list
            .sides
            .iter()
            .filter_map(|side| slot_or_none(side.first).filter(|&slot| self.get(slot).order_id <= side.canceled));
        firsts.min_by_key(|&slot| self.get(slot).order_id)
    }
}

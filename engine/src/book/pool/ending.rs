//! Orders that are live although their end is decided: their time is over, or a mass cancel, a kill switch or the loss of their
//! participant's connection cancels them.

use lugus_vocabulary::{EpochNanos, OrderId, RejectReason, Side};

use super::owners::{place_of, sides};
use super::{Killed, Order, OrderPool, slot_or_none};
use crate::book::cells::Slot;
use crate::book::terms::Instructions;
use crate::book::unfinished::ENDLESS;

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
        self.unfinished.stir();
        let before = std::mem::replace(&mut self.killed[participant as usize], killed);
        self.killed_participants += u32::from(killed != Killed::No);
        self.killed_participants -= u32::from(before != Killed::No);
    }

    /// Whether there may be live orders whose end is decided, so that [`OrderPool::over`] has to be asked.
    #[inline]
    pub(crate) fn is_doubtful(&self) -> bool {
        self.unfinished.is_overdue
            | self.unfinished.is_grace_over(self.unfinished.now)
            | (self.killed_participants > 0)
            | !self.unfinished.mass_cancels.is_empty()
            | self.unfinished.is_any_expiring()
            | self.unfinished.quotes.has_work()
    }

    /// Whether something may be to do without a command at log time `now`.
    pub(crate) fn may_go_on(&self, now: EpochNanos) -> bool {
        self.due(now).is_some() | self.unfinished.is_any() | self.unfinished.is_alarmed(now)
    }

    /// The same, or whether a live order's end may be decided.
    pub(super) fn is_busy(&self, now: EpochNanos) -> bool {
        self.may_go_on(now) | self.is_doubtful()
    }

    /// Looks whether there is anything to do or in doubt, which `Unfinished::is_quiet` tells from then on.
    pub(crate) fn settle(&mut self, now: EpochNanos) {
        let next_expiry = self.next_expiry().map(|next| next.time);
        self.unfinished.settle(self.is_busy(now), next_expiry);
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
        let Order { order_id, client_order_id, owner, side, instructions, time_in_force, .. } = *self.get(slot);
        let list = &self.owners[owner as usize];
        let is_late = instructions.has(Instructions::EXPIRES)
            && self.terms[slot as usize].expire_time <= self.unfinished.now
            && !self.expiry.is_aside(slot);
        let is_auction_over =
            instructions.has(Instructions::AUCTION) && self.unfinished.expiring(list.instrument).has(time_in_force);
        if is_late || is_auction_over {
            Some(Ending::Expired)
        } else if order_id <= list.canceled[place_of(side, false)]
            || order_id <= self.unfinished.canceled_of_everybody(list.instrument)
        {
            Some(Ending::Canceled(RejectReason::MassCancel))
        } else if !instructions.has(Instructions::STAYS)
            && (order_id <= list.disconnected || self.grace_through[list.participant as usize] < self.unfinished.now)
        {
            Some(Ending::Canceled(RejectReason::CancelOnDisconnect))
        } else if self.killed[list.participant as usize] == Killed::Cancels {
            Some(Ending::Canceled(RejectReason::RiskKillSwitch))
        } else {
            self.unfinished.quotes.canceling(list.participant, client_order_id).map(Ending::Canceled)
        }
    }

    /// Cancels an owner's orders of a side, or of both, with numbers up to this one: they do not trade any more.
    pub(crate) fn set_canceled(&mut self, owner: u32, side: Option<Side>, through: OrderId) {
        let list = &mut self.owners[owner as usize];
        for side in sides(side) {
            list.canceled[place_of(side, false)] = through;
        }
    }

    /// Cancels an owner's orders with numbers up to this one, beside those that are canceled already. Returns whether there are
    /// such orders. Sorts its lists if needed.
    pub(crate) fn cancel_through(&mut self, owner: u32, through: OrderId) -> bool {
        let first = self.first_of(owner, None);
        let is_any = first.is_some_and(|slot| self.get(slot).order_id <= through);
        if is_any {
            for canceled in &mut self.owners[owner as usize].canceled {
                *canceled = (*canceled).max(through);
            }
        }
        is_any
    }

    /// The number up to which an owner's orders of a side are canceled; 0 if no mass cancel is under way.
    pub(crate) fn canceled(&self, owner: u32, side: Side) -> OrderId {
        self.owners[owner as usize].canceled[place_of(side, false)]
    }

    /// The first order that a mass cancel under way, or a disconnect before the participant's last one, has still to end, and
    /// why it ends. The owner's lists are sorted.
    pub(crate) fn first_canceled(&self, owner: u32) -> Option<(Slot, RejectReason)> {
        let list = &self.owners[owner as usize];
        let firsts = list.sides.iter().enumerate().filter_map(|(place, of_list)| {
            let slot = slot_or_none(of_list.first)?;
            let order_id = self.get(slot).order_id;
            let stays = place >= place_of(Side::Buy, true);
            let reason = if order_id <= list.canceled[place % 2] {
                RejectReason::MassCancel
            } else if !stays && order_id <= list.disconnected {
                RejectReason::CancelOnDisconnect
            } else {
                return None;
            };
            Some((order_id, slot, reason))
        });
        firsts.min_by_key(|&(order_id, ..)| order_id).map(|(_, slot, reason)| (slot, reason))
    }

    /// Number of live orders of a participant that are canceled on disconnect, in all instruments.
    pub(crate) fn not_staying(&self, participant: u32) -> u32 {
        let at = participant as usize;
        self.open.get(at).copied().unwrap_or_default() - self.staying.get(at).copied().unwrap_or_default()
    }

    /// Sets the last nanosecond of a participant's grace time: after that, those of its orders do not trade that are canceled on
    /// disconnect. `None` if it is connected.
    pub(crate) fn set_grace_through(&mut self, participant: u32, through: Option<EpochNanos>) {
        let place = participant as usize;
        if self.grace_through.len() <= place {
            self.grace_through.resize(place + 1, ENDLESS);
        }
        self.grace_through[place] = through.unwrap_or(ENDLESS);
    }

    /// Cancels an owner's orders with numbers up to this one that do not stay on disconnect.
    pub(crate) fn set_disconnected(&mut self, owner: u32, through: OrderId) {
        self.owners[owner as usize].disconnected = through;
    }

    /// The number up to which an owner's orders are canceled because of a disconnect before the participant's last one; 0 if
    /// there is nothing of the kind under way.
    pub(crate) fn disconnected(&self, owner: u32) -> OrderId {
        self.owners[owner as usize].disconnected
    }
}

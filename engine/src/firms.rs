//! Firms: which participants belong together, and what holds for all of them.
//!
//! A firm is named by its own participant, whose sessions act for it, and which belongs to it. Its kill switch is that of each of
//! its participants at the level of the firm or of the operator: the firm keeps the levels only for participants that join it
//! later. Its limits stand beside those of each participant.

use std::collections::BTreeMap;

use lugus_vocabulary::{
    EpochNanos, FirmLimits, FirmReport, MAXIMUM_FIRM_PARTICIPANTS, MAXIMUM_FIRMS, ParticipantId, RejectReason,
    RiskLimits, SelfTradeScope,
};

use crate::allowed::{Allowed, change, lower};
use crate::kill_switch::KillSwitches;
use crate::rate::RateWindow;

/// All firms.
#[derive(Debug, Default)]
pub(crate) struct Firms {
    /// By the firm's own participant.
    firms: BTreeMap<ParticipantId, Firm>,
    /// The firm of each participant that has one.
    of: BTreeMap<ParticipantId, ParticipantId>,
}

/// A firm.
#[derive(Debug, Default)]
pub(crate) struct Firm {
    /// Its participants by id, its own among them.
    participants: Vec<FirmParticipant>,
    pub(crate) limits: RiskLimits,
    pub(crate) kill_switch: KillSwitches,
    pub(crate) self_trade_scope: SelfTradeScope,
    /// New orders and replacements of all participants, counted while there is a limit.
    pub(crate) orders: RateWindow,
    /// Their cancels, mass cancels and decreases, counted while there is a limit.
    pub(crate) cancels: RateWindow,
}

/// A participant of a firm, and its dense index among all participants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirmParticipant {
    pub(crate) id: ParticipantId,
    pub(crate) place: u32,
}

impl Firm {
    /// Its participants by id, its own among them.
    pub(crate) fn participants(&self) -> &[FirmParticipant] {
        &self.participants
    }

    /// Their ids, ascending.
    pub(crate) fn ids(&self) -> Vec<ParticipantId> {
        self.participants.iter().map(|participant| participant.id).collect()
    }

    /// Changes the limits that `to` names: 0 removes a limit, and a limit that is not named stays.
    pub(crate) fn change_limits(&mut self, to: RiskLimits) {
        change(&mut self.limits, to);
        self.orders.prepare(self.limits.maximum_commands_per_second);
        self.cancels.prepare(self.limits.maximum_cancels_per_second);
    }
}

impl Firms {
    /// The firm of a participant.
    pub(crate) fn of(&self, participant: ParticipantId) -> Option<ParticipantId> {
        self.of.get(&participant).copied()
    }

    /// A firm by its own participant.
    pub(crate) fn get(&self, firm: ParticipantId) -> Option<&Firm> {
        self.firms.get(&firm)
    }

    /// A firm by its own participant.
    pub(crate) fn get_mut(&mut self, firm: ParticipantId) -> Option<&mut Firm> {
        self.firms.get_mut(&firm)
    }

    /// Number of firms.
    pub(crate) fn len(&self) -> usize {
        self.firms.len()
    }

    /// Whether a participant acts for another one, as the own participant of its firm.
    pub(crate) fn is_head_of(&self, sender: ParticipantId, target: ParticipantId) -> bool {
        self.of(target) == Some(sender)
    }

    /// Whether a participant may be put into a firm, or be taken out of the one that it has.
    ///
    /// # Errors
    /// The reason why not.
    pub(crate) fn check(&self, target: ParticipantId, firm: Option<ParticipantId>) -> Result<(), RejectReason> {
        if target == ParticipantId::OPERATOR || firm == Some(ParticipantId::OPERATOR) {
            return Err(RejectReason::InvalidFirm);
        }
        let before = self.of(target);
        if before == firm {
            return Ok(());
        }
        let leaves_others = self.get(target).is_some_and(|own| own.participants.len() > 1);
        let is_of_another = |firm| self.of(firm).is_some_and(|of| of != firm);
        if leaves_others || firm.is_some_and(|firm| firm != target && is_of_another(firm)) {
            return Err(RejectReason::InvalidFirm);
        }
        let Some(firm) = firm else { return Ok(()) };
        // A firm that ends makes room for another one.
        let ends = usize::from(before == Some(target));
        match self.get(firm) {
            None if self.firms.len() - ends >= MAXIMUM_FIRMS => Err(RejectReason::LimitFirms),
            Some(firm) if firm.participants.len() >= MAXIMUM_FIRM_PARTICIPANTS => {
                Err(RejectReason::LimitFirmParticipants)
            }
            _ => Ok(()),
        }
    }

    /// Takes a participant out of its firm. Returns the firm if that has ended by it.
    pub(crate) fn take_out(&mut self, target: ParticipantId) -> Option<ParticipantId> {
        let firm = self.of.remove(&target)?;
        if firm == target {
            self.firms.remove(&firm);
            return Some(firm);
        }
        if let Some(firm) = self.firms.get_mut(&firm) {
            firm.participants.retain(|participant| participant.id != target);
        }
        None
    }

    /// Puts a participant that has no firm, or this one, into a firm, which begins with it.
    pub(crate) fn put_in(&mut self, target: FirmParticipant, firm: ParticipantId) {
        let participants = &mut self.firms.entry(firm).or_default().participants;
        if let Err(place) = participants.binary_search_by_key(&target.id, |participant| participant.id) {
            participants.insert(place, target);
            self.of.insert(target.id, firm);
        }
    }

    /// What is told of a participant's firm.
    pub(crate) fn report(&self, target: ParticipantId) -> FirmReport {
        let firm = self.of(target);
        let (participants, kill_switch_levels, self_trade_scope) =
            firm.and_then(|firm| self.get(firm)).map_or_else(Default::default, |firm| {
                (firm.participants.len() as u32, firm.kill_switch.engaged, firm.self_trade_scope)
            });
        FirmReport { target, firm, participants, kill_switch_levels, self_trade_scope }
    }

    /// What is told of the limits of a firm.
    pub(crate) fn limits_report(&self, firm: ParticipantId) -> FirmLimits {
        FirmLimits { firm, limits: self.get(firm).map(|firm| firm.limits).unwrap_or_default() }
    }

    /// Counts a new order or a replacement of a firm's participant for the rate of the firm.
    ///
    /// # Errors
    /// [`RejectReason::FirmRate`].
    #[cold]
    pub(crate) fn admit(&mut self, firm: ParticipantId, now: EpochNanos) -> Result<(), RejectReason> {
        let Some(Firm { limits, orders, .. }) = self.get_mut(firm) else { return Ok(()) };
        admit(orders, limits.maximum_commands_per_second, now)
    }

    /// The same of a cancel, a mass cancel or a decrease.
    #[cold]
    pub(crate) fn admit_cancel(&mut self, firm: ParticipantId, now: EpochNanos) -> Result<(), RejectReason> {
        let Some(Firm { limits, cancels, .. }) = self.get_mut(firm) else { return Ok(()) };
        admit(cancels, limits.maximum_cancels_per_second, now)
    }

    /// The limits by which an order of a participant with `own` limits is judged in its firm: the lower one of each. `open` tells
    /// the number of live orders of a participant by its dense index; the limit of live orders is as many more as the firm has room
    /// for, so the work is that of a look at each participant of the firm.
    #[cold]
    pub(crate) fn allowed(
        &self,
        firm: ParticipantId,
        own: &RiskLimits,
        participant: u32,
        open: impl Fn(u32) -> u32,
    ) -> Allowed {
        let Some(Firm { limits, participants, .. }) = self.get(firm) else { return Allowed::of(*own) };
        let room = limits.maximum_open_orders.map(|most| {
            let all: u64 = participants.iter().map(|participant| u64::from(open(participant.place))).sum();
            let room = u64::from(most).saturating_sub(all);
            u32::try_from(u64::from(open(participant)) + room).unwrap_or(u32::MAX)
        });
        let (quantity, is_firms_quantity) = lower(own.maximum_quantity, limits.maximum_quantity);
        let (notional, is_firms_notional) = lower(own.maximum_notional, limits.maximum_notional);
        let (open_orders, is_firms_open_orders) = lower(own.maximum_open_orders, room);
        Allowed {
            limits: RiskLimits {
                maximum_quantity: quantity,
                maximum_notional: notional,
                maximum_open_orders: open_orders,
                ..*own
            },
            is_firms_quantity,
            is_firms_notional,
            is_firms_open_orders,
        }
    }

    /// The largest notional of an order of a participant with `own` limits, and the reason for which an order above it is refused.
    pub(crate) fn notional(&self, firm: Option<ParticipantId>, own: &RiskLimits) -> Option<(u64, RejectReason)> {
        let limits = firm.and_then(|firm| self.get(firm)).map(|firm| firm.limits).unwrap_or_default();
        let (notional, is_firms) = lower(own.maximum_notional, limits.maximum_notional);
        notional.map(|most| (most, if is_firms { RejectReason::FirmNotional } else { RejectReason::RiskNotional }))
    }

    /// All firms, by their own participants.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantId, &Firm)> {
        self.firms.iter().map(|(&own, firm)| (own, firm))
    }
}

fn admit(window: &mut RateWindow, limit: Option<u32>, now: EpochNanos) -> Result<(), RejectReason> {
    match limit {
        Some(limit) => window.admit(now, limit).map_err(|_| RejectReason::FirmRate),
        None => Ok(()),
    }
}

/// Who is told of a command about a firm, beside its sender, and whose kill switch has changed by it.
#[derive(Debug, Default)]
pub(crate) struct Affected {
    /// Participants that are told of the firm.
    pub(crate) told: Vec<ParticipantId>,
    /// Participants whose kill switch was set, by id.
    pub(crate) kill_switches: Vec<ParticipantId>,
}

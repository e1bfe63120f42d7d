//! Firms: which participants belong together, and what holds for all of them.
//!
//! A firm is named by its own participant, whose sessions act for it, and which belongs to it. Its kill switch is that of each of
//! its participants at the level of the firm or of the operator: the firm keeps the levels only for participants that join it
//! later.

use std::collections::BTreeMap;

use lugus_vocabulary::{
    FirmRecord, FirmReport, MAXIMUM_FIRM_PARTICIPANTS, MAXIMUM_FIRMS, ParticipantId, RejectReason, SelfTradeScope,
};

use crate::kill_switch::KillSwitches;

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
    pub(crate) participants: Vec<ParticipantId>,
    pub(crate) kill_switch: KillSwitches,
    pub(crate) self_trade_scope: SelfTradeScope,
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

    /// Whether a participant acts for another one, as the own participant of its firm.
    pub(crate) fn is_head_of(&self, sender: ParticipantId, target: ParticipantId) -> bool {
        self.of(target) == Some(sender)
    }

    /// Puts a participant into a firm, or takes it out of the one that it has.
    ///
    /// # Errors
    /// The reason why nothing was done.
    pub(crate) fn set(&mut self, target: ParticipantId, firm: Option<ParticipantId>) -> Result<(), RejectReason> {
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
        if let Some(firm) = firm {
            // A firm that ends makes room for another one.
            let ends = usize::from(before == Some(target));
            match self.get(firm) {
                None if self.firms.len() - ends >= MAXIMUM_FIRMS => return Err(RejectReason::LimitFirms),
                Some(firm) if firm.participants.len() >= MAXIMUM_FIRM_PARTICIPANTS => {
                    return Err(RejectReason::LimitFirmParticipants);
                }
                _ => {}
            }
        }
        self.take_out(target);
        if let Some(firm) = firm {
            self.put_in(firm, firm);
            self.put_in(target, firm);
        }
        Ok(())
    }

    fn take_out(&mut self, target: ParticipantId) {
        let Some(firm) = self.of.remove(&target) else { return };
        if firm == target {
            self.firms.remove(&firm);
        } else if let Some(firm) = self.firms.get_mut(&firm) {
            firm.participants.retain(|&participant| participant != target);
        }
    }

    /// Puts a participant that has no firm, or this one, into a firm, which begins with it.
    pub(crate) fn put_in(&mut self, target: ParticipantId, firm: ParticipantId) {
        let participants = &mut self.firms.entry(firm).or_default().participants;
        if let Err(place) = participants.binary_search(&target) {
            participants.insert(place, target);
            self.of.insert(target, firm);
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

    /// The record of a firm, for its own participant.
    pub(crate) fn record(&self, own: ParticipantId) -> Option<FirmRecord> {
        let Firm { kill_switch: KillSwitches { engaged, keeping }, self_trade_scope, .. } = *self.get(own)?;
        Some(FirmRecord { kill_switch: engaged, kill_switch_keeps: keeping, self_trade_scope })
    }

    /// All firms, by their own participants.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantId, &Firm)> {
        self.firms.iter().map(|(&own, firm)| (own, firm))
    }
}

//! Firms in the oracle.

use std::collections::BTreeSet;

use lugus_vocabulary::*;

use super::state::{Oracle, Participant};

/// A firm.
#[derive(Default)]
pub(super) struct Firm {
    pub(super) participants: BTreeSet<u32>,
    killed: BTreeSet<KillSwitchLevel>,
    keeping: BTreeSet<KillSwitchLevel>,
    scope: SelfTradeScope,
}

impl Oracle {
    pub(super) fn firm_of(&self, participant: u32) -> Option<u32> {
        self.firms.iter().find(|(_, firm)| firm.participants.contains(&participant)).map(|(&own, _)| own)
    }

    /// Whether an order with self-trade prevention does not trade with another one.
    pub(super) fn is_own(&self, one: u32, other: u32) -> bool {
        let firm = self.firm_of(one);
        one == other
            || (firm.is_some()
                && firm == self.firm_of(other)
                && self.firms[&firm.unwrap()].scope == SelfTradeScope::Firm)
    }

    pub(super) fn set_firm(
        &mut self,
        me: u32,
        number: u64,
        target: u32,
        firm: Option<ParticipantId>,
    ) -> Result<(), RejectReason> {
        let firm = firm.map(|firm| firm.0);
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        let new: BTreeSet<u32> =
            [Some(target), firm].into_iter().flatten().filter(|of| !self.participants.contains_key(of)).collect();
        if self.participants.len() + new.len() > self.limits.participants + 1 {
            return Err(RejectReason::LimitParticipants);
        }
        if target == 0 || firm == Some(0) {
            return Err(RejectReason::InvalidFirm);
        }
        let before = self.firm_of(target);
        if before != firm {
            let leads_others = self.firms.get(&target).is_some_and(|own| own.participants.len() > 1);
            let belongs_elsewhere =
                firm.is_some_and(|firm| firm != target && self.firm_of(firm).is_some_and(|of| of != firm));
            if leads_others || belongs_elsewhere {
                return Err(RejectReason::InvalidFirm);
            }
            if let Some(before) = before {
                self.firms.get_mut(&before).unwrap().participants.remove(&target);
                if before == target {
                    self.firms.remove(&target);
                }
            }
            if let Some(firm) = firm {
                self.firms.entry(firm).or_default().participants.extend([firm, target]);
            }
        }
        for participant in [Some(target), firm].into_iter().flatten() {
            self.participants.entry(participant).or_default();
        }
        let mut switched = false;
        if let Some(firm) = firm.filter(|_| before != Some(firm.unwrap_or(0))).and_then(|firm| self.firms.get(&firm)) {
            for level in [KillSwitchLevel::Firm, KillSwitchLevel::Operator] {
                if firm.killed.contains(&level) {
                    let participant = self.participants.get_mut(&target).unwrap();
                    engage(participant, level, firm.keeping.contains(&level));
                    switched = true;
                }
            }
        }
        let body = self.firm_report(target);
        self.tell(me, 0, number, body);
        let mut told = Vec::new();
        for participant in [Some(target), firm, before].into_iter().flatten() {
            if !told.contains(&participant) {
                told.push(participant);
                self.scopes.entry((participant, 0)).or_default();
                self.tell(participant, 0, 0, body);
            }
        }
        if switched {
            self.follow_kill_switches(&[target]);
        }
        Ok(())
    }

    pub(super) fn set_firm_rules(
        &mut self,
        me: u32,
        number: u64,
        own: u32,
        rules: FirmRules,
    ) -> Result<(), RejectReason> {
        if me != 0 && me != own {
            return Err(RejectReason::NotAuthorised);
        }
        let level = if me == 0 { KillSwitchLevel::Operator } else { KillSwitchLevel::Firm };
        let firm = self.firms.get_mut(&own).ok_or(RejectReason::InvalidFirm)?;
        let mut kept = Participant { killed: firm.killed.clone(), keeping: firm.keeping.clone(), ..Default::default() };
        match rules.kill_switch {
            Some(KillSwitch::Engaged) => engage(&mut kept, level, rules.working_orders == WorkingOrders::Keep),
            Some(KillSwitch::Released) => {
                let before = kept.killed.len();
                release(&mut kept, level);
                if before > 0 && kept.killed.len() == before {
                    return Err(RejectReason::NotAuthorised);
                }
            }
            None => {}
        }
        (firm.killed, firm.keeping) = (kept.killed, kept.keeping);
        firm.scope = rules.self_trade_scope.unwrap_or(firm.scope);
        let participants: Vec<u32> = firm.participants.iter().copied().collect();
        for participant in &participants {
            let participant = self.participants.get_mut(participant).unwrap();
            match rules.kill_switch {
                Some(KillSwitch::Engaged) => engage(participant, level, rules.working_orders == WorkingOrders::Keep),
                Some(KillSwitch::Released) => release(participant, level),
                None => {}
            }
        }
        let body = self.firm_report(own);
        self.tell(me, 0, number, body);
        if me != own {
            self.scopes.entry((own, 0)).or_default();
            self.tell(own, 0, 0, body);
        }
        if rules.kill_switch.is_some() {
            self.follow_kill_switches(&participants);
        }
        Ok(())
    }

    /// Tells participants their kill switches, and does what these ask for. What was canceled before and no longer is, is
    /// left to mass cancels.
    fn follow_kill_switches(&mut self, participants: &[u32]) {
        for &participant in participants {
            self.scopes.entry((participant, 0)).or_default();
            self.tell_risk_to(participant, 0, participant);
        }
        for &target in participants {
            let of = &self.participants[&target];
            if of.killed == of.keeping && self.cancels.contains(&target) {
                self.leave_to_mass_cancels(target);
            }
        }
        self.note_cancels();
        self.cancel_of_killed();
    }

    /// Notes whose kill switches cancel their orders.
    pub(super) fn note_cancels(&mut self) {
        let cancels = self.participants.iter().filter(|(_, of)| of.killed != of.keeping);
        self.cancels = cancels.map(|(&participant, _)| participant).collect();
    }

    fn firm_report(&self, target: u32) -> ReportBody {
        let own = self.firm_of(target);
        let firm = own.map(|own| &self.firms[&own]);
        ReportBody::Firm(FirmReport {
            target: ParticipantId(target),
            firm: own.map(ParticipantId),
            participants: firm.map_or(0, |firm| firm.participants.len() as u32),
            kill_switch_levels: firm.map(|firm| firm.killed.iter().copied().collect()).unwrap_or_default(),
            self_trade_scope: firm.map(|firm| firm.scope).unwrap_or_default(),
        })
    }
}

pub(super) fn engage(participant: &mut Participant, level: KillSwitchLevel, keeps: bool) {
    let cancels_already = participant.killed.contains(&level) && !participant.keeping.contains(&level);
    participant.killed.insert(level);
    participant.keeping.remove(&level);
    if keeps && !cancels_already {
        participant.keeping.insert(level);
    }
}

pub(super) fn release(participant: &mut Participant, level: KillSwitchLevel) {
    participant.killed.retain(|&engaged| engaged > level);
    participant.keeping.retain(|&engaged| engaged > level);
}

//! Firms in the oracle.

use std::collections::BTreeSet;

use lugus_vocabulary::*;

use super::limits::{set_one_by_one, within_rate};
use super::state::{Firm, Oracle, Participant, engage, release};
use crate::venue::Told;

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
        if before == firm {
            self.participants.entry(target).or_default();
            let body = self.firm_report(target);
            self.tell(me, 0, number, body);
            return Ok(());
        }
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
        for participant in [Some(target), firm].into_iter().flatten() {
            self.participants.entry(participant).or_default();
        }
        let mut switched = false;
        if let Some(firm) = firm.and_then(|firm| self.firms.get(&firm)) {
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
        let changes = rules.kill_switch.is_some() || rules.self_trade_scope.is_some_and(|scope| scope != firm.scope);
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
        if me != own && changes {
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

    pub(super) fn set_firm_limits(
        &mut self,
        me: u32,
        number: u64,
        own: u32,
        set: RiskLimits,
    ) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        let firm = self.firms.get_mut(&own).ok_or(RejectReason::InvalidFirm)?;
        let before = firm.limits;
        set_one_by_one(&mut firm.limits, set);
        let changes = firm.limits != before;
        if firm.limits.maximum_commands_per_second.is_none() {
            firm.sent.clear();
        }
        if firm.limits.maximum_cancels_per_second.is_none() {
            firm.canceled.clear();
        }
        let body = ReportBody::FirmLimits(FirmLimits { firm: ParticipantId(own), limits: firm.limits });
        self.tell(me, 0, number, body);
        if changes {
            self.scopes.entry((own, 0)).or_default();
            self.tell(own, 0, 0, body);
        }
        Ok(())
    }

    pub(super) fn limits_of_firm(&self, participant: u32) -> RiskLimits {
        self.firm_of(participant).map(|own| self.firms[&own].limits).unwrap_or_default()
    }

    pub(super) fn check_open_orders_of_firm(&self, participant: u32) -> Result<(), RejectReason> {
        let Some(own) = self.firm_of(participant) else { return Ok(()) };
        let Firm { limits, participants, .. } = &self.firms[&own];
        let open: u32 = participants.iter().map(|&participant| self.live(Some(participant))).sum();
        match limits.maximum_open_orders {
            Some(most) if open >= most => Err(RejectReason::FirmOpenOrders),
            _ => Ok(()),
        }
    }

    pub(super) fn gate_of_firm(&mut self, participant: u32) -> Result<(), RejectReason> {
        let Some(own) = self.firm_of(participant) else { return Ok(()) };
        let Firm { limits, sent, .. } = self.firms.get_mut(&own).unwrap();
        within_rate(self.now, limits.maximum_commands_per_second, sent).map_err(|_| RejectReason::FirmRate)
    }

    pub(super) fn gate_of_firms_cancels(&mut self, participant: u32) -> Result<(), RejectReason> {
        let Some(own) = self.firm_of(participant) else { return Ok(()) };
        let Firm { limits, canceled, .. } = self.firms.get_mut(&own).unwrap();
        within_rate(self.now, limits.maximum_cancels_per_second, canceled).map_err(|_| RejectReason::FirmRate)
    }

    /// An event of a participant is an event of its firm.
    pub(super) fn tell_firm(&mut self, report: Report) {
        let Some(own) = self.firm_of(report.participant.0) else { return };
        let events = &mut self.firms.get_mut(&own).unwrap().events;
        events.push(report);
        let event_sequence = EventSequence(events.len() as u64);
        self.told.push(Told::FirmEvent(FirmEvent { firm: ParticipantId(own), event_sequence, report }));
    }

    pub fn last_firm_event(&self, own: u32) -> u64 {
        self.firms.get(&own).map_or(0, |firm| firm.events.len() as u64)
    }

    /// What is told of a firm's events after `last_seen`, and whether that is all.
    pub fn resume_firm(&self, own: u32, last_seen: Option<u64>) -> (Vec<Told>, Option<bool>) {
        let Some(Firm { events, .. }) = self.firms.get(&own) else { return (Vec::new(), None) };
        let (firm, last) = (ParticipantId(own), events.len() as u64);
        let last_event_sequence = EventSequence(last);
        let kept_from = events.len().saturating_sub(self.limits.retained_firm_events);
        let seen = last_seen.unwrap_or(last).min(last) as usize;
        if seen < kept_from {
            let (first_retained, lost_through) = (EventSequence(kept_from as u64 + 1), events[kept_from - 1].time);
            let gap = FirmReply::EventGap { firm, first_retained, last_event_sequence, lost_through };
            return (vec![Told::FirmReply(gap)], Some(false));
        }
        let again = events.iter().zip(1..).skip(seen).take(MAXIMUM_FIRM_EVENTS).map(|(report, number)| {
            FirmReply::Again(FirmEvent { firm, event_sequence: EventSequence(number), report: *report })
        });
        let mut told: Vec<_> = again.map(Told::FirmReply).collect();
        let through = EventSequence((seen + told.len()) as u64);
        told.push(Told::FirmReply(FirmReply::ResumeComplete { firm, through, last_event_sequence }));
        (told, Some(through == last_event_sequence))
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

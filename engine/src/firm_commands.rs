//! Commands about firms, and what follows from them for each participant.

use std::iter;

use lugus_vocabulary::{
    EventSequence, FirmRules, InstrumentId, KillSwitch, KillSwitchLevel, ParticipantId, RejectReason, ReportBody,
    RiskLimits, SelfTradeScope, WorkingOrders,
};

use crate::engine::Engine;
use crate::event_sink::EventSink;
use crate::firms::{Affected, Firm, FirmParticipant};
use crate::kill_switch::KillSwitches;
use crate::participants::Participants;
use crate::risk::Risk;

impl Engine {
    /// The level at which a participant sets the kill switch of another, or its own; `None` if it may not.
    pub(crate) fn kill_level(&self, sender: ParticipantId, target: ParticipantId) -> Option<KillSwitchLevel> {
        if sender == ParticipantId::OPERATOR {
            Some(KillSwitchLevel::Operator)
        } else if self.participants.firms.is_head_of(sender, target) {
            Some(KillSwitchLevel::Firm)
        } else {
            (sender == target).then_some(KillSwitchLevel::Participant)
        }
    }

    /// Puts a participant into a firm, or takes it out of its firm. It gets the levels at which the firm's kill switch is
    /// engaged; levels at which its own is engaged stay.
    pub(crate) fn set_firm(
        &mut self,
        target: ParticipantId,
        firm: Option<ParticipantId>,
        affected: &mut Affected,
    ) -> Result<ReportBody, RejectReason> {
        let is_new = |participant: ParticipantId| !self.participants.contains(participant);
        let other = firm.filter(|&firm| firm != target);
        let new = usize::from(is_new(target)) + usize::from(other.is_some_and(is_new));
        if self.participants.len() + new > self.limits.participants + 1 {
            return Err(RejectReason::LimitParticipants);
        }
        let before = self.participants.firms.of(target);
        self.participants.firms.check(target, firm)?;
        if before == firm {
            // Nothing changes, and nobody but the operator is told.
            self.participants.take_in(target);
            return Ok(ReportBody::Firm(self.participants.firms.report(target)));
        }
        let has_ended = self.participants.firms.take_out(target);
        if let Some(firm) = firm {
            for id in [firm, target] {
                let place = self.participants.take_in(id);
                self.participants.firms.put_in(FirmParticipant { id, place }, firm);
            }
        }
        for participant in [Some(target), firm].into_iter().flatten() {
            let place = self.participants.take_in(participant);
            self.set_self_trade_group(participant);
            self.set_judged_limits(place, participant);
            self.set_firm_of_scopes(participant);
        }
        if let Some(ended) = has_ended {
            self.scopes.firms.end(ended);
        }
        for participant in [Some(target), firm, before].into_iter().flatten() {
            if !affected.told.contains(&participant) {
                affected.told.push(participant);
            }
        }
        if let Some(&Firm { kill_switch: KillSwitches { engaged, keeping }, .. }) =
            firm.and_then(|firm| self.participants.firms.get(firm))
        {
            for level in [KillSwitchLevel::Firm, KillSwitchLevel::Operator] {
                if engaged.has(level) {
                    let orders = if keeping.has(level) { WorkingOrders::Keep } else { WorkingOrders::Cancel };
                    self.set_own_kill_switch(target, level, KillSwitch::Engaged, orders);
                    affected.kill_switches = vec![target];
                }
            }
        }
        Ok(ReportBody::Firm(self.participants.firms.report(target)))
    }

    /// Sets what holds for all participants of a firm.
    pub(crate) fn set_firm_rules(
        &mut self,
        sender: ParticipantId,
        firm: ParticipantId,
        rules: FirmRules,
        affected: &mut Affected,
    ) -> Result<ReportBody, RejectReason> {
        let level = match sender {
            ParticipantId::OPERATOR => KillSwitchLevel::Operator,
            sender if sender == firm => KillSwitchLevel::Firm,
            _ => return Err(RejectReason::NotAuthorised),
        };
        let FirmRules { kill_switch, working_orders, self_trade_scope } = rules;
        let of = self.participants.firms.get_mut(firm).ok_or(RejectReason::InvalidFirm)?;
        let participants = of.ids();
        let changes = kill_switch.is_some() || self_trade_scope.is_some_and(|scope| scope != of.self_trade_scope);
        if let Some(kill_switch) = kill_switch {
            of.kill_switch.set(level, kill_switch, working_orders)?;
        }
        if let Some(scope) = self_trade_scope {
            of.self_trade_scope = scope;
            participants.iter().for_each(|&participant| self.set_self_trade_group(participant));
        }
        if let Some(kill_switch) = kill_switch {
            for &participant in &participants {
                self.set_own_kill_switch(participant, level, kill_switch, working_orders);
            }
            affected.kill_switches = participants;
        }
        if changes {
            affected.told = vec![firm];
        }
        Ok(ReportBody::Firm(self.participants.firms.report(firm)))
    }

    /// Changes the limits of a firm that `limits` names. Orders that are live already stay, whatever the limits are.
    pub(crate) fn set_firm_limits(
        &mut self,
        firm: ParticipantId,
        limits: RiskLimits,
        affected: &mut Affected,
    ) -> Result<ReportBody, RejectReason> {
        let of = self.participants.firms.get_mut(firm).ok_or(RejectReason::InvalidFirm)?;
        let before = of.limits;
        of.change_limits(limits);
        if of.limits != before {
            for FirmParticipant { id, place } in of.participants().to_vec() {
                self.set_judged_limits(place, id);
            }
            affected.told = vec![firm];
        }
        Ok(ReportBody::FirmLimits(self.participants.firms.limits_report(firm)))
    }

    /// Lets a participant's orders be judged by the limits of its firm, too, if that has some. Must be called after each change of
    /// limits, firm or kill switch.
    pub(crate) fn set_judged_limits(&mut self, place: u32, participant: ParticipantId) {
        let Participants { risk, firms, .. } = &mut self.participants;
        let Some(risk) = risk.get_mut(place as usize) else { return };
        let has_limits =
            |firm: &ParticipantId| firms.get(*firm).is_some_and(|firm| firm.limits != RiskLimits::default());
        risk.firm = firms.of(participant).filter(has_limits);
        risk.is_bound = risk.binds();
        self.pool.set_maximum_notional(place, firms.notional(risk.firm, &risk.limits));
    }

    /// Lets all events of a participant, in each of its scopes, be events of its firm from now on, or of none.
    fn set_firm_of_scopes(&mut self, participant: ParticipantId) {
        let firm = self.scopes.firms.place_of(self.participants.firms.of(participant));
        let instruments = self.instruments.iter().map(|listed| listed.instrument.definition.instrument);
        for instrument in iter::once(InstrumentId::NONE).chain(instruments) {
            if let Some(scope) = self.scopes.find(participant, instrument) {
                self.scopes.get_mut(scope).firm = firm;
            }
        }
    }

    /// Tells who follows a firm the events after `last_seen`, as [`FirmReply::Again`], and then
    /// [`FirmReply::ResumeComplete`]; or only [`FirmReply::EventGap`] if some of them are no longer kept. It changes nothing.
    /// Returns whether all events have been told, so that those which follow can be told as they come; `None` if there is no such
    /// firm.
    ///
    /// [`FirmReply::Again`]: lugus_vocabulary::FirmReply::Again
    /// [`FirmReply::ResumeComplete`]: lugus_vocabulary::FirmReply::ResumeComplete
    /// [`FirmReply::EventGap`]: lugus_vocabulary::FirmReply::EventGap
    pub fn resume_firm(
        &self,
        firm: ParticipantId,
        last_seen: Option<EventSequence>,
        sink: &mut impl EventSink,
    ) -> Option<bool> {
        self.scopes.firms.get(firm).map(|stream| stream.resume(last_seen, sink))
    }

    /// The firm of a participant, by the firm's own participant.
    #[must_use]
    pub fn firm_of(&self, participant: ParticipantId) -> Option<ParticipantId> {
        self.participants.firms.of(participant)
    }

    /// Sets the kill switch of a participant as that of its firm is set. A level above keeps what is its own.
    fn set_own_kill_switch(
        &mut self,
        participant: ParticipantId,
        level: KillSwitchLevel,
        kill_switch: KillSwitch,
        orders: WorkingOrders,
    ) {
        let place = self.participants.take_in(participant);
        let _nothing_to_release = self.participants.risk[place as usize].kill_switch.set(level, kill_switch, orders);
        self.set_judged_limits(place, participant);
    }

    /// Sets whose orders a participant's orders do not trade with, as its firm says.
    pub(crate) fn set_self_trade_group(&mut self, participant: ParticipantId) {
        let firms = &self.participants.firms;
        let firm = firms
            .of(participant)
            .filter(|&firm| firms.get(firm).is_some_and(|firm| firm.self_trade_scope == SelfTradeScope::Firm));
        let group = firm.and_then(|firm| self.participants.place(firm));
        if let Some(place) = self.participants.place(participant) {
            self.pool.set_self_trade_group(place, group);
        }
    }

    /// What is told of a participant's limits and kill switch.
    pub(crate) fn risk_report(&self, target: ParticipantId) -> Option<ReportBody> {
        let place = self.participants.place(target)?;
        let Risk { limits, kill_switch: KillSwitches { engaged: kill_switch_levels, .. }, .. } =
            *self.participants.risk.get(place as usize)?;
        let kill_switch = kill_switch_levels.kill_switch();
        Some(ReportBody::Risk { target, limits, kill_switch, kill_switch_levels })
    }

    /// Lets the pool know what a participant's kill switch does with its orders, and notes them if they are canceled.
    pub(crate) fn note_kill_switch(&mut self, target: ParticipantId) {
        let place = self.participants.take_in(target);
        let kill_switch = self.participants.risk[place as usize].kill_switch;
        self.pool.set_killed(place, kill_switch.killed());
        if kill_switch.cancels_orders() {
            self.pool.unfinished.note_killed(target, InstrumentId::NONE);
        } else {
            self.leave_kill_to_mass_cancels(target);
        }
    }
}

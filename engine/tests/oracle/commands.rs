//! The way of a command through the oracle: its number, its scope, and what the operator may do.

use std::collections::BTreeMap;

use lugus_vocabulary::*;

use super::auction_rules::are_possible;
use super::book::{Book, find};
use super::limits::{set_one_by_one, within_rate};
use super::orders;
use super::protection::is_possible;
use super::state::{Oracle, Participant, engage, gap, release};
use crate::venue::Told;

impl Oracle {
    /// Applies a command at log time `now`, and returns what is told.
    pub fn apply(&mut self, now: i64, command: &Command) -> Vec<Told> {
        self.now = now;
        self.told.clear();
        self.go_on(command.instrument.0);
        (self.steps, self.elections) = (self.limits.steps, self.limits.steps);
        let (participant, instrument, number) =
            (command.participant.0, command.instrument.0, command.client_sequence.0);
        if let Some(reason) = self.refusal(participant, instrument, &command.action) {
            self.told.push(Told::Reply(Reply::Refused {
                instrument: command.instrument,
                client_sequence: command.client_sequence,
                reason,
            }));
            self.continue_quote_cancels();
            return self.told.clone();
        }
        let last = self.last_command(participant, instrument);
        if number == 0 || number > last + 1 {
            self.told.push(Told::Reply(Reply::SequenceReject {
                instrument: command.instrument,
                received: command.client_sequence,
                expected: ClientSequence(last + 1),
            }));
        } else if number <= last {
            self.answer_again(participant, instrument, number);
        } else {
            self.participants.entry(participant).or_default();
            self.scopes.entry((participant, instrument)).or_default().last_command = number;
            self.execute(participant, instrument, number, &command.action);
        }
        self.continue_quote_cancels();
        self.told.clone()
    }

    fn refusal(&self, participant: u32, instrument: u32, action: &Action) -> Option<RejectReason> {
        let without_instrument = match action {
            // It may have an instrument, or none.
            Action::MassCancelAll { .. } => instrument == 0,
            Action::DefineInstrument(_) | Action::SetRiskLimits { .. } | Action::SetKillSwitch { .. } => true,
            Action::SetFirm { .. } | Action::SetFirmRules { .. } | Action::SetFirmLimits { .. } => true,
            Action::New(_) | Action::Cancel { .. } | Action::Replace(_) => false,
            Action::MassCancel { .. } | Action::SetInstrumentState { .. } => false,
            Action::AmendTrade { .. } | Action::SetPriceProtection(_) | Action::SetAuctionRules(_) => false,
            Action::MassQuote(_) | Action::QuoteCancel(_) => true,
            Action::SetMarketMakerProtection { .. } | Action::ResetMarketMakerProtection { .. } => true,
        };
        if without_instrument != (instrument == 0) {
            return Some(RejectReason::WrongScope);
        }
        if !without_instrument && !self.instruments.contains_key(&instrument) {
            return Some(RejectReason::UnknownInstrument);
        }
        self.has_no_place_for(participant).then_some(RejectReason::LimitParticipants)
    }

    pub(super) fn has_no_place_for(&self, participant: u32) -> bool {
        // The operator is a participant, but does not count for the limit.
        self.participants.len() == self.limits.participants + 1 && !self.participants.contains_key(&participant)
    }

    fn answer_again(&mut self, participant: u32, instrument: u32, number: u64) {
        let scope = &self.scopes[&(participant, instrument)];
        let kept_from = scope.events.len().saturating_sub(self.limits.retained_events);
        let answers = (0..scope.events.len()).filter(|&at| scope.events[at].client_sequence.0 == number);
        // Of an event that is lost it is only known after which command it was told: it may have been an answer.
        if scope.last_commands[..kept_from].last().is_some_and(|&last| last >= number) {
            self.told.push(Told::Reply(gap(InstrumentId(instrument), number, scope, kept_from)));
        } else {
            self.told.extend(answers.map(|at| Told::Reply(Reply::Again(scope.events[at]))));
        }
    }

    fn execute(&mut self, me: u32, instrument: u32, number: u64, action: &Action) {
        // A mass cancel of many books meets nothing: it only marks.
        if instrument != 0 && !matches!(action, Action::MassCancelAll { .. }) {
            self.end_what_it_meets(me, instrument, action);
        }
        let reject = |command| move |reason| ReportBody::Reject { command, reason };
        let cancel_reject = |oracle: &Self, orig: ClientOrderId, client_order_id, reason| {
            let (reason, status) = oracle.how_it_stands(me, instrument, orig, reason);
            let order_status = Some(status);
            ReportBody::CancelReject { orig_client_order_id: orig, client_order_id, reason, order_status }
        };
        let rejected = match action {
            Action::New(order) => self
                .gate(me)
                .and_then(|()| self.new_order(me, instrument, number, order))
                .map_err(|reason| orders::rejection(me, order, reason)),
            Action::Cancel { orig_client_order_id: orig } => self
                .gate_of_cancels(me)
                .and_then(|()| self.check_cancels(instrument))
                .and_then(|()| self.cancel(me, instrument, number, *orig))
                .map_err(|reason| cancel_reject(self, *orig, ClientOrderId(0), reason)),
            Action::Replace(replace) => {
                let gate =
                    if self.is_decrease(me, instrument, replace) { self.gate_of_cancels(me) } else { self.gate(me) };
                gate.and_then(|()| self.replace(me, instrument, number, replace)).map_err(|reason| {
                    cancel_reject(self, replace.orig_client_order_id, replace.client_order_id, reason)
                })
            }
            Action::MassCancel { target, side } => self
                .gate_of_cancels(me)
                .and_then(|()| self.mass_cancel(me, instrument, number, target.0, *side))
                .map_err(reject(CommandKind::MassCancel)),
            Action::MassCancelAll { target, side } => self
                .gate_of_cancels(me)
                .and_then(|()| self.mass_cancel_all(me, instrument, number, *target, *side))
                .map_err(reject(CommandKind::MassCancelAll)),
            Action::DefineInstrument(definition) => {
                self.define(me, number, definition).map_err(reject(CommandKind::DefineInstrument))
            }
            Action::SetInstrumentState { state, reference_price } => self
                .set_state(me, instrument, number, *state, *reference_price)
                .map_err(reject(CommandKind::SetInstrumentState)),
            Action::AmendTrade { trade_id, amendment } => {
                self.amend_trade(me, instrument, number, *trade_id, *amendment).map_err(reject(CommandKind::AmendTrade))
            }
            Action::SetAuctionRules(to) => {
                self.set_auction_rules(me, instrument, number, to).map_err(reject(CommandKind::SetAuctionRules))
            }
            Action::SetPriceProtection(to) => {
                self.set_protection(me, instrument, number, to).map_err(reject(CommandKind::SetPriceProtection))
            }
            Action::MassQuote(quote) => {
                self.mass_quote(me, number, quote);
                Ok(())
            }
            Action::QuoteCancel(cancel) => self
                .gate_of_cancels(me)
                .and_then(|()| self.quote_cancel(me, number, *cancel))
                .map_err(reject(CommandKind::QuoteCancel)),
            Action::SetMarketMakerProtection { quote_set, protection } => self
                .set_market_maker_protection(me, number, *quote_set, *protection)
                .map_err(reject(CommandKind::SetMarketMakerProtection)),
            Action::ResetMarketMakerProtection { quote_set } => {
                self.reset_market_maker_protection(me, number, *quote_set);
                Ok(())
            }
            Action::SetFirm { target, firm } => {
                self.set_firm(me, number, target.0, *firm).map_err(reject(CommandKind::SetFirm))
            }
            Action::SetFirmRules { firm, rules } => {
                self.set_firm_rules(me, number, firm.0, *rules).map_err(reject(CommandKind::SetFirmRules))
            }
            Action::SetFirmLimits { firm, limits } => {
                self.set_firm_limits(me, number, firm.0, *limits).map_err(reject(CommandKind::SetFirmLimits))
            }
            Action::SetRiskLimits { target, limits } => {
                self.set_limits(me, number, target.0, *limits).map_err(reject(CommandKind::SetRiskLimits))
            }
            Action::SetKillSwitch { target, kill_switch, working_orders } => self
                .set_kill_switch(me, number, target.0, *kill_switch, *working_orders)
                .map_err(reject(CommandKind::SetKillSwitch)),
        };
        if let Err(body) = rejected {
            self.tell(me, instrument, number, body);
        }
    }

    /// Checks kill switch and rate.
    pub(super) fn gate(&mut self, me: u32) -> Result<(), RejectReason> {
        let participant = self.participants.get_mut(&me).unwrap();
        if !participant.killed.is_empty() {
            return Err(RejectReason::RiskKillSwitch);
        }
        within_rate(self.now, participant.limits.maximum_commands_per_second, &mut participant.sent)?;
        self.gate_of_firm(me)
    }

    /// Checks the rate of cancels.
    pub(super) fn gate_of_cancels(&mut self, me: u32) -> Result<(), RejectReason> {
        let participant = self.participants.get_mut(&me).unwrap();
        within_rate(self.now, participant.limits.maximum_cancels_per_second, &mut participant.canceled)?;
        self.gate_of_firms_cancels(me)
    }

    /// The reason and the order's status that the rejection of a cancel or a replacement tells.
    pub(super) fn how_it_stands(
        &self,
        me: u32,
        instrument: u32,
        id: ClientOrderId,
        reason: RejectReason,
    ) -> (RejectReason, OrderStatus) {
        let book = &self.instruments[&instrument];
        if let Some(at) = find(book, me, id) {
            return (reason, book.orders[at].execution(ExecType::New).order_status);
        }
        let events = &self.scopes[&(me, instrument)].events;
        let kept = &events[events.len().saturating_sub(self.limits.retained_events)..];
        let mut last = OrderStatus::Rejected;
        for report in kept {
            if let ReportBody::Execution(execution) = report.body
                && execution.client_order_id == id
                && execution.exec_type != ExecType::Rejected
            {
                last = execution.order_status;
            }
        }
        match last {
            OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::Rejected => (reason, OrderStatus::Rejected),
            ended if reason == RejectReason::UnknownOrder => (RejectReason::TooLateToCancel, ended),
            ended => (reason, ended),
        }
    }

    fn set_limits(&mut self, me: u32, number: u64, target: u32, set: RiskLimits) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        if self.has_no_place_for(target) {
            return Err(RejectReason::LimitParticipants);
        }
        let participant = self.participants.entry(target).or_default();
        set_one_by_one(&mut participant.limits, set);
        let limits = participant.limits;
        if limits.maximum_commands_per_second.is_none() {
            participant.sent.clear();
        }
        if limits.maximum_cancels_per_second.is_none() {
            participant.canceled.clear();
        }
        self.tell_risk(me, number, target);
        Ok(())
    }

    fn set_kill_switch(
        &mut self,
        me: u32,
        number: u64,
        target: u32,
        to: KillSwitch,
        orders: WorkingOrders,
    ) -> Result<(), RejectReason> {
        let level = if me == 0 {
            KillSwitchLevel::Operator
        } else if self.firm_of(target) == Some(me) {
            KillSwitchLevel::Firm
        } else if me == target {
            KillSwitchLevel::Participant
        } else {
            return Err(RejectReason::NotAuthorised);
        };
        if self.has_no_place_for(target) {
            return Err(RejectReason::LimitParticipants);
        }
        let participant = self.participants.entry(target).or_default();
        let was_canceling = participant.killed != participant.keeping;
        if to == KillSwitch::Engaged {
            engage(participant, level, orders == WorkingOrders::Keep);
        } else {
            let before = participant.killed.len();
            release(participant, level);
            if before > 0 && participant.killed.len() == before {
                return Err(RejectReason::NotAuthorised);
            }
        }
        let cancels = participant.killed != participant.keeping;
        self.tell_risk(me, number, target);
        if cancels {
            self.cancel_of_killed();
        } else if was_canceling {
            self.leave_to_mass_cancels(target);
        }
        self.note_cancels();
        Ok(())
    }

    fn tell_risk(&mut self, me: u32, number: u64, target: u32) {
        self.tell_risk_to(me, number, target);
        if target != me {
            self.scopes.entry((target, 0)).or_default();
            self.tell_risk_to(target, 0, target);
        }
    }

    pub(super) fn tell_risk_to(&mut self, to: u32, number: u64, target: u32) {
        let Participant { limits, ref killed, .. } = self.participants[&target];
        let kill_switch = if killed.is_empty() { KillSwitch::Released } else { KillSwitch::Engaged };
        let kill_switch_levels = killed.iter().copied().collect();
        let target = ParticipantId(target);
        self.tell(to, 0, number, ReportBody::Risk { target, limits, kill_switch, kill_switch_levels });
    }

    fn define(&mut self, me: u32, number: u64, definition: &InstrumentDefinition) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        let id = definition.instrument.0;
        if self.instruments.contains_key(&id) {
            return Err(RejectReason::DuplicateInstrument);
        }
        if id == 0
            || definition.maximum_quantity.0 == 0
            || definition.reference_price < definition.minimum_price
            || definition.reference_price > definition.maximum_price
            || !is_possible(&definition.protection)
            || !are_possible(&definition.auctions)
        {
            return Err(RejectReason::InvalidDefinition);
        }
        if self.instruments.len() >= self.limits.instruments {
            return Err(RejectReason::LimitInstruments);
        }
        let book = Book {
            definition: *definition,
            orders: Vec::new(),
            order_ids: 0,
            trade_ids: 0,
            last_price: None,
            arrivals: 0,
            due: None,
            trades: Vec::new(),
            trades_of_earlier_sessions: 0,
            auction_type: (definition.state == InstrumentState::Auction).then_some(AuctionType::Opening),
            expiring: AuctionOrders::NONE,
            auction_end: None,
            indicative_due: None,
            phase_due: None,
            windows: BTreeMap::new(),
        };
        self.instruments.insert(id, book);
        self.start_schedule(id);
        self.begin_phase(id);
        self.tell_instrument(0, number, definition);
        Ok(())
    }

    fn set_state(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        state: InstrumentState,
        reference_price: Option<Price>,
    ) -> Result<(), RejectReason> {
        let book = self.instruments.get_mut(&instrument).unwrap();
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        let closed = book.definition.state == InstrumentState::Closed;
        if closed && state != InstrumentState::Closed && !book.orders.is_empty() {
            return Err(RejectReason::InstrumentState);
        }
        let price = reference_price.unwrap_or(book.definition.reference_price);
        if price < book.definition.minimum_price || price > book.definition.maximum_price {
            return Err(RejectReason::InvalidPrice);
        }
        if state == InstrumentState::Open && self.is_outside_collar(instrument, reference_price) {
            return Err(RejectReason::PriceOutsideCollar);
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.definition.reference_price = price;
        book.definition.state = state;
        book.auction_end = None;
        if state == InstrumentState::Auction {
            let begun = if closed { AuctionType::Opening } else { AuctionType::Intraday };
            book.auction_type = Some(book.auction_type.unwrap_or(begun));
        } else if state == InstrumentState::Closed {
            book.auction_type = None;
        }
        self.begin_phase(instrument);
        let book = self.instruments.get_mut(&instrument).unwrap();
        if closed && state != InstrumentState::Closed {
            book.trades_of_earlier_sessions = book.trades.len();
        }
        let definition = book.definition;
        if state == InstrumentState::Closed {
            book.due = None;
            self.cancel_of_closed(instrument, me, number);
        }
        self.tell_instrument(instrument, number, &definition);
        if state == InstrumentState::Open {
            self.open(instrument);
        }
        Ok(())
    }

    /// Trading begins: what is crossed trades.
    pub(super) fn open(&mut self, instrument: u32) {
        self.begin_trading(instrument);
        self.uncross(instrument);
        self.end_auction(instrument);
        if let Some(last) = self.instruments[&instrument].last_price {
            self.elect(instrument, last);
        }
        self.take_turns(instrument);
    }

    pub(super) fn tell_instrument(&mut self, scope: u32, number: u64, definition: &InstrumentDefinition) {
        let InstrumentDefinition { instrument, state, reference_price, .. } = *definition;
        self.tell(0, scope, number, ReportBody::Instrument { instrument, state, reference_price });
    }
}

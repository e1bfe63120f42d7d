//! What the oracle does in parts: expiry, mass cancels, kill switches, closing; and what that means for the orders that
//! are left meanwhile.

use std::collections::BTreeMap;

use lugus_vocabulary::*;

use super::book::{Book, Resting, best_maker, by_priority, find};
use super::state::Oracle;
use crate::venue::Told;

/// How an order ends that is live although its end is decided.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    Expired,
    Canceled(RejectReason),
}

impl Oracle {
    /// A timer fires at log time `now`.
    pub fn on_timer(&mut self, now: i64) -> Vec<Told> {
        self.now = now;
        self.told.clear();
        self.go_on(0);
        self.told.clone()
    }

    /// When a timer has something to do: `None` if nothing is left, else `Some(None)` for at once, or the time.
    pub fn deadline(&self) -> Option<Option<i64>> {
        let has_work = self.instruments.iter().any(|(&id, book)| {
            let elected = book.due.is_some() || book.orders.iter().any(|order| order.turn.is_some());
            let of_state = match book.definition.state {
                InstrumentState::Open => elected,
                InstrumentState::Closed => !book.orders.is_empty(),
                _ => false,
            };
            of_state
                || !book.expiring.is_empty()
                || book.orders.iter().any(|order| self.is_canceled(id, order) || self.cancels_of(order.participant))
        });
        if has_work || !self.quote_cancels.is_empty() || self.has_orders_left() || !self.canceled_of_all.is_empty() {
            return Some(None);
        }
        let times = self.instruments.values().flat_map(|book| &book.orders).filter_map(|order| order.expires);
        let away = self.away.values().filter(|away| !away.is_done);
        let auctions = self
            .instruments
            .values()
            .flat_map(|book| [book.auction_end, book.indicative_due, book.phase_due])
            .flatten();
        times.chain(away.map(|away| away.deadline)).chain(auctions).min().map(Some)
    }

    /// Times after `now` at which something changes by time alone, ascending: what timers do, and what only the next command
    /// notices, as the phases without cancels, tokens of rates, and the windows of reference prices and of quotes.
    pub fn moments(&self, now: i64) -> Vec<i64> {
        const SECOND: i64 = 1_000_000_000;
        let nanos = |milliseconds: u32| i64::from(milliseconds) * 1_000_000;
        let mut moments: Vec<i64> = self.away.values().map(|away| away.deadline).collect();
        for book in self.instruments.values() {
            let InstrumentDefinition { auctions, protection, .. } = &book.definition;
            let no_cancels = book.auction_end.map(|end| end - nanos(auctions.no_cancel_milliseconds));
            moments.extend([book.auction_end, no_cancels, book.indicative_due, book.phase_due].into_iter().flatten());
            moments.extend(book.orders.iter().filter_map(|order| order.expires));
            let window = nanos(protection.reference_window_milliseconds);
            moments.extend((window > 0).then(|| (now.div_euclid(window) + 1) * window));
        }
        let rates = self.participants.values().flat_map(|participant| [&participant.sent, &participant.canceled]);
        for sent in rates.chain(self.firms.values().flat_map(|firm| [&firm.sent, &firm.canceled])) {
            moments.extend(sent.iter().rev().take(9).map(|time| time + SECOND));
        }
        for set in self.quote_sets.values() {
            moments.extend(set.frozen_until);
            let window = nanos(set.protection.window_milliseconds);
            moments.extend(set.trades.iter().map(|trade| trade.0 + window));
        }
        moments.retain(|&moment| moment > now);
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    pub(super) fn is_canceled(&self, instrument: u32, order: &Resting) -> bool {
        let of_scope = self.canceled.get(&(instrument, order.participant, order.request.side));
        [of_scope, self.canceled_of_all.get(&instrument)].into_iter().flatten().any(|&last| order.order_id <= last)
    }

    /// Whether a kill switch cancels the participant's orders.
    fn cancels_of(&self, participant: u32) -> bool {
        self.participants.get(&participant).is_some_and(|participant| participant.killed != participant.keeping)
    }

    /// How an order ends that would trade and may not.
    pub(super) fn over(&self, instrument: u32, order: &Resting) -> Option<Ending> {
        let killed =
            self.participants.get(&order.participant).is_some_and(|participant| !participant.killed.is_empty());
        self.decided(instrument, order).or(killed.then_some(Ending::Canceled(RejectReason::RiskKillSwitch)))
    }

    /// How an order ends whose end is decided.
    pub(super) fn decided(&self, instrument: u32, order: &Resting) -> Option<Ending> {
        let is_auction_over = order.for_auction().is_some_and(|of| self.instruments[&instrument].expiring.has(of));
        if is_auction_over || order.expires.is_some_and(|time| time <= self.now) {
            Some(Ending::Expired)
        } else if self.is_canceled(instrument, order) {
            Some(Ending::Canceled(RejectReason::MassCancel))
        } else if self.is_disconnected(instrument, order) {
            Some(Ending::Canceled(RejectReason::CancelOnDisconnect))
        } else if self.cancels_of(order.participant) {
            Some(Ending::Canceled(RejectReason::RiskKillSwitch))
        } else {
            self.quotes_canceled(order).map(Ending::Canceled)
        }
    }

    /// The book as it trades.
    pub(super) fn without_those_over(&self, instrument: u32, book: &Book) -> Book {
        let orders = book.orders.iter().filter(|order| self.over(instrument, order).is_none()).cloned().collect();
        Book { orders, trades: Vec::new(), windows: BTreeMap::new(), ..*book }
    }

    /// Takes an order out of its book.
    pub(super) fn take_out(&mut self, instrument: u32, order_id: u64) -> Resting {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let at = book.orders.iter().position(|order| order.order_id == order_id).unwrap();
        book.orders.remove(at)
    }

    pub(super) fn end(&mut self, instrument: u32, order_id: u64, ending: Ending) {
        let order = self.take_out(instrument, order_id);
        match ending {
            Ending::Canceled(reason) => self.tell_canceled(&order, instrument, 0, reason),
            Ending::Expired => {
                let body = ReportBody::Execution(Execution {
                    order_status: OrderStatus::Expired,
                    leaves_quantity: Quantity(0),
                    ..order.execution(ExecType::Expired)
                });
                self.tell(order.participant, instrument, 0, body);
            }
        }
    }

    pub(super) fn step(&mut self) -> bool {
        let left = self.steps > 0;
        self.steps = self.steps.saturating_sub(1);
        left
    }

    /// Does some of what is left, that of the instrument `first` before that of others.
    pub(super) fn go_on(&mut self, first: u32) {
        (self.steps, self.elections) = (self.limits.steps, self.limits.steps);
        self.expire();
        self.sound_alarms();
        self.go_on_in(first);
        self.continue_mass_cancels();
        self.cancel_of_killed();
        self.continue_quote_cancels();
        self.cancel_of_away();
        for id in self.instruments.keys().copied().collect::<Vec<_>>() {
            self.go_on_in(id);
        }
        self.continue_quote_cancels();
    }

    fn go_on_in(&mut self, instrument: u32) {
        if self.instruments.contains_key(&instrument) {
            self.expire_of_auctions(instrument);
        }
        match self.instruments.get(&instrument).map(|book| book.definition.state) {
            Some(InstrumentState::Open) => self.take_turns(instrument),
            Some(InstrumentState::Closed) => self.cancel_of_closed(instrument, 0, 0),
            _ => {}
        }
    }

    fn expire(&mut self) {
        let mut due: Vec<(i64, u32, u64)> = Vec::new();
        for (&instrument, book) in &self.instruments {
            for order in &book.orders {
                if let Some(time) = order.expires.filter(|&time| time <= self.now) {
                    due.push((time, instrument, order.order_id));
                }
            }
        }
        due.sort_unstable();
        for (_, instrument, order_id) in due {
            if !self.step() {
                return;
            }
            self.end(instrument, order_id, Ending::Expired);
        }
    }

    /// Cancels orders of participants whose kill switch says so: by participant, instrument, order.
    pub(super) fn cancel_of_killed(&mut self) {
        let mut all: Vec<(u32, u32, u64)> = Vec::new();
        for (&id, book) in &self.instruments {
            let hit = book.orders.iter().filter(|order| self.cancels_of(order.participant));
            all.extend(hit.map(|order| (order.participant, id, order.order_id)));
        }
        all.sort_unstable();
        // Each participant but the first costs a walk through the instruments.
        let mut last = all.first().map(|&(participant, ..)| participant);
        for (participant, instrument, order_id) in all {
            if last.replace(participant) != Some(participant) {
                self.steps = self.steps.saturating_sub(self.limits.steps / 64);
            }
            if !self.step() {
                return;
            }
            self.end(instrument, order_id, Ending::Canceled(RejectReason::RiskKillSwitch));
        }
    }

    /// What a kill switch has not canceled yet when it is released is canceled like by a mass cancel.
    pub(super) fn leave_to_mass_cancels(&mut self, participant: u32) {
        for (&id, book) in &self.instruments {
            if book.orders.iter().any(|order| order.participant == participant) {
                for side in [Side::Buy, Side::Sell] {
                    self.canceled.insert((id, participant, side), book.order_ids);
                }
            }
        }
    }

    /// Cancels orders of an instrument that is closed; those of `me` in answer to its command.
    pub(super) fn cancel_of_closed(&mut self, instrument: u32, me: u32, number: u64) {
        self.expire_of_auctions(instrument);
        let orders = by_priority(&self.instruments[&instrument].orders);
        let orders: Vec<u64> = orders.iter().map(|order| order.order_id).collect();
        for order_id in orders {
            if !self.step() {
                return;
            }
            let order = self.take_out(instrument, order_id);
            let answers = if order.participant == me { number } else { 0 };
            self.tell_canceled(&order, instrument, answers, RejectReason::InstrumentClosed);
        }
    }

    /// Ends what a command would meet and is over: orders that it names, and the best of either side.
    pub(super) fn end_what_it_meets(&mut self, me: u32, instrument: u32, action: &Action) {
        let named = match action {
            Action::New(order) => vec![order.client_order_id],
            Action::Cancel { orig_client_order_id } => vec![*orig_client_order_id],
            Action::Replace(replace) => vec![replace.orig_client_order_id, replace.client_order_id],
            _ => Vec::new(),
        };
        self.end_named_and_best(me, instrument, &named);
    }

    pub(super) fn end_named_and_best(&mut self, me: u32, instrument: u32, named: &[ClientOrderId]) {
        for &id in named {
            let book = &self.instruments[&instrument];
            let order = find(book, me, id).map(|at| book.orders[at].clone());
            if let Some((order, ending)) =
                order.and_then(|order| Some((order.clone(), self.decided(instrument, &order)?)))
            {
                self.end(instrument, order.order_id, ending);
            }
        }
        self.clear_best(instrument, Side::Buy);
        self.clear_best(instrument, Side::Sell);
    }

    /// Ends the orders of a side that are over and come before all others.
    pub(super) fn clear_best(&mut self, instrument: u32, side: Side) {
        let other = if side == Side::Buy { Side::Sell } else { Side::Buy };
        let any = NewOrder::market(ClientOrderId(1), other, Quantity(1));
        loop {
            let book = &self.instruments[&instrument];
            let best = best_maker(book, &any).map(|at| book.orders[at].clone());
            let Some(ending) = best.as_ref().and_then(|best| self.decided(instrument, best)) else { return };
            if !self.step() {
                return;
            }
            self.end(instrument, best.unwrap().order_id, ending);
        }
    }
}

//! An engine without any cleverness: all orders of an instrument in one `Vec`, all events ever told kept, everything
//! found by looking at everything. Shares no code with the engine but the types of commands and events.
//!
//! - here: scopes, numbers, and the way of a command; what participants and operators may do.
//! - `orders`: new, cancel, replace, mass cancel, and matching.
//! - `special`: expiry, stop orders, auctions.

#![allow(unreachable_pub, reason = "one test takes it")]

mod orders;
mod special;

use std::collections::BTreeMap;

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;

use crate::desk::Told;

pub struct Oracle {
    limits: EngineLimits,
    participants: BTreeMap<u32, Participant>,
    instruments: BTreeMap<u32, Book>,
    scopes: BTreeMap<(u32, u32), Scope>,
    now: i64,
    told: Vec<Told>,
}

#[derive(Default)]
struct Participant {
    limits: RiskLimits,
    killed: bool,
    /// Log times of all commands that count for the rate since the limits were set.
    sent: Vec<i64>,
}

#[derive(Default)]
struct Scope {
    last_command: u64,
    events: Vec<Report>,
}

struct Book {
    definition: InstrumentDefinition,
    /// By time of priority; stop orders that wait among them.
    orders: Vec<Resting>,
    order_ids: u64,
    trade_ids: u64,
    last_price: Option<i64>,
    /// Prices of the trades of the command at hand.
    traded: Vec<i64>,
}

#[derive(Clone)]
struct Resting {
    order_id: u64,
    participant: u32,
    request: NewOrder,
    filled: u64,
    /// Lots shown.
    shown: u64,
    waits: bool,
    expires: Option<i64>,
}

impl Resting {
    fn leaves(&self) -> u64 {
        self.request.quantity.0 - self.filled
    }

    fn execution(&self, exec_type: ExecType) -> Execution {
        Execution {
            exec_type,
            order_status: match (self.filled, self.leaves()) {
                (0, _) => OrderStatus::New,
                (_, 0) => OrderStatus::Filled,
                _ => OrderStatus::PartiallyFilled,
            },
            order_id: OrderId(self.order_id),
            client_order_id: self.request.client_order_id,
            orig_client_order_id: ClientOrderId(0),
            trade_id: TradeId(0),
            side: self.request.side,
            order_type: self.request.order_type,
            time_in_force: self.request.time_in_force,
            price: self.request.price,
            quantity: self.request.quantity,
            last_price: None,
            last_quantity: Quantity(0),
            leaves_quantity: Quantity(self.leaves()),
            cum_quantity: Quantity(self.filled),
            liquidity: Liquidity::None,
            reason: RejectReason::None,
        }
    }
}

impl Oracle {
    pub fn new(limits: EngineLimits) -> Self {
        Self {
            limits,
            participants: BTreeMap::from([(0, Participant::default())]),
            instruments: BTreeMap::new(),
            scopes: BTreeMap::new(),
            now: 0,
            told: Vec::new(),
        }
    }

    pub fn last_command(&self, participant: u32, instrument: u32) -> u64 {
        self.scopes.get(&(participant, instrument)).map_or(0, |scope| scope.last_command)
    }

    pub fn last_event(&self, participant: u32, instrument: u32) -> u64 {
        self.scopes.get(&(participant, instrument)).map_or(0, |scope| scope.events.len() as u64)
    }

    pub fn levels(&self, instrument: u32, side: Side) -> Option<Vec<(i64, u64, u32)>> {
        let book = self.instruments.get(&instrument)?;
        let mut levels: BTreeMap<i64, (u64, u32)> = BTreeMap::new();
        for order in book.orders.iter().filter(|order| order.request.side == side && !order.waits) {
            let level = levels.entry(order.request.price.unwrap().0).or_default();
            level.0 += order.shown;
            level.1 += 1;
        }
        let mut levels: Vec<_> =
            levels.into_iter().map(|(price, (quantity, orders))| (price, quantity, orders)).collect();
        if side == Side::Buy {
            levels.reverse();
        }
        Some(levels)
    }

    /// What a replacement that changes nothing would say of a live order.
    pub fn order(&self, participant: u32, instrument: u32, id: ClientOrderId) -> Option<Replace> {
        let book = self.instruments.get(&instrument)?;
        let order = &book.orders[orders::find(book, participant, id)?];
        Some(Replace {
            orig_client_order_id: id,
            client_order_id: id,
            price: order.request.price,
            stop_price: order.request.stop_price.filter(|_| order.waits),
            quantity: order.request.quantity,
            display_quantity: order.request.display_quantity,
        })
    }

    /// Order ids of an instrument, bids, asks, buy stops, sell stops, each by priority.
    pub fn priority(&self, instrument: u32) -> Vec<u64> {
        let Some(book) = self.instruments.get(&instrument) else { return Vec::new() };
        orders::by_priority(&book.orders).iter().map(|order| order.order_id).collect()
    }

    /// Price of an auction that ended now.
    pub fn indicative(&self, instrument: u32) -> Option<i64> {
        self.instruments.get(&instrument).and_then(special::auction_price)
    }

    pub fn resume(&self, participant: u32, instrument: u32, last_seen: Option<u64>) -> Vec<Told> {
        let mut told = Vec::new();
        let instrument_id = InstrumentId(instrument);
        let nothing = Scope::default();
        let scope = self.scopes.get(&(participant, instrument)).unwrap_or(&nothing);
        let kept_from = scope.events.len().saturating_sub(self.limits.retained_events);
        if let Some(seen) = last_seen {
            if (seen as u128) < kept_from as u128 {
                return vec![Told::Reply(gap(instrument_id, 0, scope, kept_from))];
            }
            let unseen = scope.events.iter().filter(|report| report.event_sequence.0 > seen);
            told.extend(unseen.map(|report| Told::Reply(Reply::Again(*report))));
        }
        told.push(Told::Reply(Reply::ResumeComplete {
            instrument: instrument_id,
            last_client_sequence: ClientSequence(scope.last_command),
            last_event_sequence: EventSequence(scope.events.len() as u64),
        }));
        told
    }

    pub fn apply(&mut self, now: i64, command: &Command) -> Vec<Told> {
        self.now = now;
        self.told.clear();
        self.expire();
        let (participant, instrument, number) =
            (command.participant.0, command.instrument.0, command.client_sequence.0);
        if let Some(reason) = self.refusal(participant, instrument, &command.action) {
            self.told.push(Told::Reply(Reply::Refused {
                instrument: command.instrument,
                client_sequence: command.client_sequence,
                reason,
            }));
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
        self.told.clone()
    }

    fn refusal(&self, participant: u32, instrument: u32, action: &Action) -> Option<RejectReason> {
        let without_instrument = match action {
            Action::DefineInstrument(_) | Action::SetRiskLimits { .. } | Action::SetKillSwitch { .. } => true,
            Action::New(_) | Action::Cancel { .. } | Action::Replace(_) => false,
            Action::MassCancel { .. } | Action::SetInstrumentState { .. } => false,
        };
        let there = if without_instrument { instrument == 0 } else { self.instruments.contains_key(&instrument) };
        if !there {
            return Some(RejectReason::UnknownInstrument);
        }
        self.has_no_place_for(participant).then_some(RejectReason::LimitParticipants)
    }

    fn has_no_place_for(&self, participant: u32) -> bool {
        // The operator is counted, but has no need of the room.
        self.participants.len() == self.limits.participants + 1 && !self.participants.contains_key(&participant)
    }

    fn answer_again(&mut self, participant: u32, instrument: u32, number: u64) {
        let scope = &self.scopes[&(participant, instrument)];
        let kept_from = scope.events.len().saturating_sub(self.limits.retained_events);
        let answers: Vec<usize> =
            (0..scope.events.len()).filter(|&at| scope.events[at].client_sequence.0 == number).collect();
        if answers.iter().any(|&at| at < kept_from) {
            self.told.push(Told::Reply(gap(InstrumentId(instrument), number, scope, kept_from)));
        } else {
            self.told.extend(answers.iter().map(|&at| Told::Reply(Reply::Again(scope.events[at]))));
        }
    }

    fn tell(&mut self, participant: u32, instrument: u32, answers: u64, body: ReportBody) {
        let scope = self.scopes.get_mut(&(participant, instrument)).unwrap();
        let report = Report {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            event_sequence: EventSequence(scope.events.len() as u64 + 1),
            client_sequence: ClientSequence(answers),
            time: EpochNanos(self.now),
            body,
        };
        scope.events.push(report);
        self.told.push(Told::Report(report));
    }

    fn execute(&mut self, me: u32, instrument: u32, number: u64, action: &Action) {
        let reject = |command| move |reason| ReportBody::Reject { command, reason };
        let rejected = match action {
            Action::New(order) => self
                .gate(me)
                .and_then(|()| self.new_order(me, instrument, number, order))
                .map_err(|reason| orders::rejection(me, order, reason)),
            Action::Cancel { orig_client_order_id } => {
                self.cancel(me, instrument, number, *orig_client_order_id).map_err(|reason| ReportBody::CancelReject {
                    orig_client_order_id: *orig_client_order_id,
                    client_order_id: ClientOrderId(0),
                    reason,
                })
            }
            Action::Replace(replace) => self
                .gate(me)
                .and_then(|()| self.replace(me, instrument, number, replace))
                .map_err(|reason| ReportBody::CancelReject {
                    orig_client_order_id: replace.orig_client_order_id,
                    client_order_id: replace.client_order_id,
                    reason,
                }),
            Action::MassCancel { target, side } => {
                self.mass_cancel(me, instrument, number, target.0, *side).map_err(reject(CommandKind::MassCancel))
            }
            Action::DefineInstrument(definition) => {
                self.define(me, number, definition).map_err(reject(CommandKind::DefineInstrument))
            }
            Action::SetInstrumentState { state, reference_price } => self
                .set_state(me, instrument, number, *state, *reference_price)
                .map_err(reject(CommandKind::SetInstrumentState)),
            Action::SetRiskLimits { target, limits } => {
                self.set_limits(me, number, target.0, *limits).map_err(reject(CommandKind::SetRiskLimits))
            }
            Action::SetKillSwitch { target, kill_switch } => {
                self.set_kill_switch(me, number, target.0, *kill_switch).map_err(reject(CommandKind::SetKillSwitch))
            }
        };
        if let Err(body) = rejected {
            self.tell(me, instrument, number, body);
        }
    }

    /// Kill switch and rate.
    fn gate(&mut self, me: u32) -> Result<(), RejectReason> {
        let now = self.now;
        let participant = self.participants.get_mut(&me).unwrap();
        if participant.killed {
            return Err(RejectReason::RiskKillSwitch);
        }
        let Some(most) = participant.limits.maximum_commands_per_second else { return Ok(()) };
        let second = now.div_euclid(1_000_000_000);
        let same = participant.sent.iter().filter(|&&sent| sent.div_euclid(1_000_000_000) == second);
        if same.count() >= most as usize {
            return Err(RejectReason::RiskRate);
        }
        participant.sent.push(now);
        Ok(())
    }

    fn set_limits(&mut self, me: u32, number: u64, target: u32, limits: RiskLimits) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        if self.has_no_place_for(target) {
            return Err(RejectReason::LimitParticipants);
        }
        let participant = self.participants.entry(target).or_default();
        participant.sent.clear();
        let RiskLimits { maximum_quantity, maximum_notional, maximum_open_orders, maximum_commands_per_second } =
            limits;
        participant.limits = RiskLimits {
            maximum_quantity: if maximum_quantity == Some(Quantity(0)) { None } else { maximum_quantity },
            maximum_notional: if maximum_notional == Some(0) { None } else { maximum_notional },
            maximum_open_orders: if maximum_open_orders == Some(0) { None } else { maximum_open_orders },
            maximum_commands_per_second: if maximum_commands_per_second == Some(0) {
                None
            } else {
                maximum_commands_per_second
            },
        };
        self.tell_risk(me, number, target);
        Ok(())
    }

    fn set_kill_switch(&mut self, me: u32, number: u64, target: u32, to: KillSwitch) -> Result<(), RejectReason> {
        if me != 0 && me != target {
            return Err(RejectReason::NotAuthorised);
        }
        if self.has_no_place_for(target) {
            return Err(RejectReason::LimitParticipants);
        }
        self.participants.entry(target).or_default().killed = to == KillSwitch::Engaged;
        self.tell_risk(me, number, target);
        Ok(())
    }

    fn tell_risk(&mut self, me: u32, number: u64, target: u32) {
        let Participant { limits, killed, .. } = self.participants[&target];
        let kill_switch = if killed { KillSwitch::Engaged } else { KillSwitch::Released };
        self.tell(me, 0, number, ReportBody::Risk { target: ParticipantId(target), limits, kill_switch });
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
            traded: Vec::new(),
        };
        self.instruments.insert(id, book);
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
        let price = reference_price.unwrap_or(book.definition.reference_price);
        if price < book.definition.minimum_price || price > book.definition.maximum_price {
            return Err(RejectReason::InvalidPrice);
        }
        book.definition.reference_price = price;
        book.definition.state = state;
        let definition = book.definition;
        if state == InstrumentState::Closed {
            let orders = std::mem::take(&mut book.orders);
            for order in orders::by_priority(&orders) {
                let answers = if order.participant == me { number } else { 0 };
                self.tell_canceled(order, instrument, answers, RejectReason::InstrumentClosed);
            }
        }
        self.tell_instrument(instrument, number, &definition);
        if state == InstrumentState::Open {
            self.uncross(instrument);
            let book = self.instruments.get_mut(&instrument).unwrap();
            book.traded.extend(book.last_price);
            self.cascade(instrument);
        }
        Ok(())
    }

    fn tell_instrument(&mut self, scope: u32, number: u64, definition: &InstrumentDefinition) {
        let InstrumentDefinition { instrument, state, reference_price, .. } = *definition;
        self.tell(0, scope, number, ReportBody::Instrument { instrument, state, reference_price });
    }

    fn tell_canceled(&mut self, order: &Resting, instrument: u32, answers: u64, reason: RejectReason) {
        let body = ReportBody::Execution(Execution {
            order_status: OrderStatus::Canceled,
            leaves_quantity: Quantity(0),
            reason,
            ..order.execution(ExecType::Canceled)
        });
        self.tell(order.participant, instrument, answers, body);
    }
}

fn gap(instrument: InstrumentId, repeated: u64, scope: &Scope, kept_from: usize) -> Reply {
    Reply::EventGap {
        instrument,
        client_sequence: ClientSequence(repeated),
        first_retained: EventSequence(kept_from as u64 + 1),
        last_event_sequence: EventSequence(scope.events.len() as u64),
        lost_through: scope.events[kept_from - 1].time,
    }
}

//! An engine without any cleverness: all orders of an instrument in one `Vec`, all events ever told kept, everything
//! found by looking at everything. Shares no code with the engine but the types of commands and events.

#![allow(unreachable_pub, reason = "one test takes it")]

use std::collections::{BTreeMap, BTreeSet};

use lugus_engine::EngineLimits;
use lugus_engine::command::*;
use lugus_engine::event::*;
use lugus_engine::units::*;

use crate::desk::Told;

pub struct Oracle {
    limits: EngineLimits,
    participants: BTreeSet<u32>,
    instruments: BTreeMap<u32, Book>,
    scopes: BTreeMap<(u32, u32), Scope>,
    now: i64,
    told: Vec<Told>,
}

#[derive(Default)]
struct Scope {
    last_command: u64,
    events: Vec<Report>,
}

struct Book {
    definition: Definition,
    /// By time of priority.
    orders: Vec<Resting>,
    order_ids: u64,
    trade_ids: u64,
}

#[derive(Clone)]
struct Resting {
    order_id: u64,
    participant: u32,
    request: NewOrder,
    filled: u64,
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
            participants: BTreeSet::from([0]),
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
        for order in book.orders.iter().filter(|order| order.request.side == side) {
            let level = levels.entry(order.request.price.unwrap().0).or_default();
            level.0 += order.leaves();
            level.1 += 1;
        }
        let mut levels: Vec<_> =
            levels.into_iter().map(|(price, (quantity, orders))| (price, quantity, orders)).collect();
        if side == Side::Buy {
            levels.reverse();
        }
        Some(levels)
    }

    /// Price and quantity of a live order.
    pub fn order(&self, participant: u32, instrument: u32, id: ClientOrderId) -> Option<(Price, Quantity)> {
        let book = self.instruments.get(&instrument)?;
        let order = &book.orders[find(book, participant, id)?];
        Some((order.request.price?, order.request.quantity))
    }

    /// Order ids of an instrument, bids before asks, each by priority.
    pub fn priority(&self, instrument: u32) -> Vec<u64> {
        let Some(book) = self.instruments.get(&instrument) else { return Vec::new() };
        by_priority(&book.orders).iter().map(|order| order.order_id).collect()
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
            self.participants.insert(participant);
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
        // The operator is counted, but has no need of the room.
        let full = self.participants.len() == self.limits.participants + 1;
        (full && !self.participants.contains(&participant)).then_some(RejectReason::LimitParticipants)
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
        let rejected = match action {
            Action::New(order) => self.new_order(me, instrument, number, order).map_err(|reason| {
                ReportBody::Execution(Execution {
                    order_status: OrderStatus::Rejected,
                    leaves_quantity: Quantity(0),
                    reason,
                    ..Resting { order_id: 0, participant: me, request: *order, filled: 0 }.execution(ExecType::Rejected)
                })
            }),
            Action::Cancel { orig_client_order_id } => {
                self.cancel(me, instrument, number, *orig_client_order_id).map_err(|reason| ReportBody::CancelReject {
                    orig_client_order_id: *orig_client_order_id,
                    client_order_id: ClientOrderId(0),
                    reason,
                })
            }
            Action::Replace(replace) => {
                self.replace(me, instrument, number, replace).map_err(|reason| ReportBody::CancelReject {
                    orig_client_order_id: replace.orig_client_order_id,
                    client_order_id: replace.client_order_id,
                    reason,
                })
            }
            Action::MassCancel { target, side } => self
                .mass_cancel(me, instrument, number, target.0, *side)
                .map_err(|reason| ReportBody::Reject { command: CommandKind::MassCancel, reason }),
            Action::DefineInstrument(definition) => self
                .define(me, number, definition)
                .map_err(|reason| ReportBody::Reject { command: CommandKind::DefineInstrument, reason }),
            Action::SetInstrumentState { state, reference_price } => self
                .set_state(me, instrument, number, *state, *reference_price)
                .map_err(|reason| ReportBody::Reject { command: CommandKind::SetInstrumentState, reason }),
            Action::SetRiskLimits { .. } => Err(ReportBody::Reject {
                command: CommandKind::SetRiskLimits,
                reason: if me == 0 { RejectReason::Unsupported } else { RejectReason::NotAuthorised },
            }),
            Action::SetKillSwitch { target, .. } => Err(ReportBody::Reject {
                command: CommandKind::SetKillSwitch,
                reason: if me == 0 || me == target.0 { RejectReason::Unsupported } else { RejectReason::NotAuthorised },
            }),
        };
        if let Err(body) = rejected {
            self.tell(me, instrument, number, body);
        }
    }

    fn new_order(&mut self, me: u32, instrument: u32, number: u64, order: &NewOrder) -> Result<(), RejectReason> {
        let all_orders: usize = self.instruments.values().map(|book| book.orders.len()).sum();
        let book = &self.instruments[&instrument];
        let definition = &book.definition;
        if definition.state != InstrumentState::Open {
            return Err(RejectReason::InstrumentState);
        }
        if matches!(order.order_type, OrderType::Stop | OrderType::StopLimit)
            || matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Fok | TimeInForce::Gtd)
            || order.display_quantity != Quantity(0)
            || order.self_trade_prevention != SelfTradePrevention::None
        {
            return Err(RejectReason::Unsupported);
        }
        if order.client_order_id == ClientOrderId(0) {
            return Err(RejectReason::InvalidClientOrderId);
        }
        if book.orders.iter().any(|o| o.participant == me && o.request.client_order_id == order.client_order_id) {
            return Err(RejectReason::DuplicateClientOrderId);
        }
        if order.quantity < Quantity(1) || order.quantity > definition.maximum_quantity {
            return Err(RejectReason::InvalidQuantity);
        }
        let ioc = order.time_in_force == TimeInForce::Ioc;
        if order.order_type == OrderType::Market && !ioc || order.post_only == PostOnly::Yes && ioc {
            return Err(RejectReason::InvalidTimeInForce);
        }
        if order.expire_time.is_some() {
            return Err(RejectReason::InvalidExpireTime);
        }
        if order.order_type == OrderType::Limit {
            check_price(definition, order.price)?;
        } else if order.price.is_some() {
            return Err(RejectReason::InvalidPrice);
        }
        if order.stop_price.is_some() {
            return Err(RejectReason::InvalidStopPrice);
        }
        if order.post_only == PostOnly::Yes && best_maker(book, order).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if !ioc && (all_orders >= self.limits.orders || overflows(book, order, order.quantity.0, 0)) {
            return Err(RejectReason::LimitOrders);
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.order_ids += 1;
        let mut taker = Resting { order_id: book.order_ids, participant: me, request: *order, filled: 0 };
        self.tell(me, instrument, number, ReportBody::Execution(taker.execution(ExecType::New)));
        self.trade(instrument, number, &mut taker);
        if taker.leaves() == 0 {
            return Ok(());
        }
        if ioc {
            self.tell_canceled(&taker, instrument, number, RejectReason::NoLiquidity);
        } else {
            self.instruments.get_mut(&instrument).unwrap().orders.push(taker);
        }
        Ok(())
    }

    fn trade(&mut self, instrument: u32, number: u64, taker: &mut Resting) {
        while taker.leaves() > 0 {
            let book = self.instruments.get_mut(&instrument).unwrap();
            let Some(at) = best_maker(book, &taker.request) else { return };
            book.trade_ids += 1;
            let quantity = taker.leaves().min(book.orders[at].leaves());
            taker.filled += quantity;
            book.orders[at].filled += quantity;
            let maker = book.orders[at].clone();
            if maker.leaves() == 0 {
                book.orders.remove(at);
            }
            let fill = |order: &Resting, liquidity, trade_id| {
                ReportBody::Execution(Execution {
                    trade_id: TradeId(trade_id),
                    last_price: maker.request.price,
                    last_quantity: Quantity(quantity),
                    liquidity,
                    ..order.execution(ExecType::Trade)
                })
            };
            let trade_id = book.trade_ids;
            self.tell(taker.participant, instrument, number, fill(taker, Liquidity::Removed, trade_id));
            self.tell(maker.participant, instrument, 0, fill(&maker, Liquidity::Added, trade_id));
        }
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

    fn cancel(&mut self, me: u32, instrument: u32, number: u64, id: ClientOrderId) -> Result<(), RejectReason> {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let at = find(book, me, id).ok_or(RejectReason::UnknownOrder)?;
        let order = book.orders.remove(at);
        self.tell_canceled(&order, instrument, number, RejectReason::None);
        Ok(())
    }

    fn replace(&mut self, me: u32, instrument: u32, number: u64, replace: &Replace) -> Result<(), RejectReason> {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let definition = &book.definition;
        if definition.state != InstrumentState::Open {
            return Err(RejectReason::InstrumentState);
        }
        if replace.display_quantity.0 != 0 {
            return Err(RejectReason::Unsupported);
        }
        let at = find(book, me, replace.orig_client_order_id).ok_or(RejectReason::UnknownOrder)?;
        let before = book.orders[at].clone();
        if replace.client_order_id.0 == 0 {
            return Err(RejectReason::InvalidClientOrderId);
        }
        if find(book, me, replace.client_order_id).is_some_and(|other| other != at) {
            return Err(RejectReason::DuplicateClientOrderId);
        }
        if replace.quantity.0 == 0 || replace.quantity > definition.maximum_quantity {
            return Err(RejectReason::InvalidQuantity);
        }
        if replace.quantity.0 <= before.filled {
            return Err(RejectReason::QuantityBelowFilled);
        }
        check_price(definition, replace.price)?;
        if replace.stop_price.is_some() {
            return Err(RejectReason::InvalidStopPrice);
        }
        let mut after = before.clone();
        after.request.client_order_id = replace.client_order_id;
        after.request.price = replace.price;
        after.request.quantity = replace.quantity;
        if before.request.post_only == PostOnly::Yes && best_maker(book, &after.request).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        let own = if before.request.price == replace.price { before.leaves() } else { 0 };
        if overflows(book, &after.request, after.leaves(), own) {
            return Err(RejectReason::LimitOrders);
        }
        let keeps_priority =
            before.request.price == after.request.price && after.request.quantity <= before.request.quantity;
        let told = ReportBody::Execution(Execution {
            orig_client_order_id: replace.orig_client_order_id,
            ..after.execution(ExecType::Replaced)
        });
        if keeps_priority {
            book.orders[at] = after;
            self.tell(me, instrument, number, told);
            return Ok(());
        }
        book.orders.remove(at);
        self.tell(me, instrument, number, told);
        self.trade(instrument, number, &mut after);
        if after.leaves() > 0 {
            self.instruments.get_mut(&instrument).unwrap().orders.push(after);
        }
        Ok(())
    }

    fn mass_cancel(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        target: u32,
        side: Option<Side>,
    ) -> Result<(), RejectReason> {
        if me != 0 && me != target {
            return Err(RejectReason::NotAuthorised);
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        let hit = |order: &Resting| order.participant == target && (side.is_none() || side == Some(order.request.side));
        let mut gone: Vec<Resting> = book.orders.iter().filter(|order| hit(order)).cloned().collect();
        book.orders.retain(|order| !hit(order));
        gone.sort_by_key(|order| order.order_id);
        for order in &gone {
            let answers = if order.participant == me { number } else { 0 };
            self.tell_canceled(order, instrument, answers, RejectReason::MassCancel);
        }
        let affected = gone.len() as u32;
        self.tell(me, instrument, number, ReportBody::MassCancel { target: ParticipantId(target), affected });
        Ok(())
    }

    fn define(&mut self, me: u32, number: u64, definition: &Definition) -> Result<(), RejectReason> {
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
        if definition.state == InstrumentState::Auction {
            return Err(RejectReason::Unsupported);
        }
        if self.instruments.len() >= self.limits.instruments {
            return Err(RejectReason::LimitInstruments);
        }
        let book = Book { definition: *definition, orders: Vec::new(), order_ids: 0, trade_ids: 0 };
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
        if state == InstrumentState::Auction {
            return Err(RejectReason::Unsupported);
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
            for order in by_priority(&orders) {
                let answers = if order.participant == me { number } else { 0 };
                self.tell_canceled(order, instrument, answers, RejectReason::InstrumentClosed);
            }
        }
        self.tell_instrument(instrument, number, &definition);
        Ok(())
    }

    fn tell_instrument(&mut self, scope: u32, number: u64, definition: &Definition) {
        let Definition { instrument, state, reference_price, .. } = *definition;
        self.tell(0, scope, number, ReportBody::Instrument { instrument, state, reference_price });
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

fn find(book: &Book, participant: u32, id: ClientOrderId) -> Option<usize> {
    book.orders.iter().position(|order| order.participant == participant && order.request.client_order_id == id)
}

fn check_price(definition: &Definition, price: Option<Price>) -> Result<(), RejectReason> {
    let Some(price) = price else { return Err(RejectReason::InvalidPrice) };
    if price < definition.minimum_price || price > definition.maximum_price {
        return Err(RejectReason::InvalidPrice);
    }
    let distance = (i128::from(price.0) - i128::from(definition.reference_price.0)).abs();
    if definition.price_band.0 != 0 && distance > i128::from(definition.price_band.0) {
        return Err(RejectReason::PriceOutsideBand);
    }
    Ok(())
}

/// Bids before asks, best first, at one price the older first.
fn by_priority(orders: &[Resting]) -> Vec<&Resting> {
    let (mut bids, mut asks): (Vec<_>, Vec<_>) = orders.iter().partition(|order| order.request.side == Side::Buy);
    bids.sort_by_key(|order| std::cmp::Reverse(order.request.price));
    asks.sort_by_key(|order| order.request.price);
    bids.extend(asks);
    bids
}

/// Who would trade with it first.
fn best_maker(book: &Book, taker: &NewOrder) -> Option<usize> {
    let mut best: Option<(usize, Price)> = None;
    for (at, maker) in book.orders.iter().enumerate() {
        let price = maker.request.price.unwrap();
        let trades = match (taker.side, maker.request.side) {
            (Side::Buy, Side::Sell) => taker.price.is_none_or(|limit| price <= limit),
            (Side::Sell, Side::Buy) => taker.price.is_none_or(|limit| price >= limit),
            _ => false,
        };
        let better = match (best, taker.side) {
            (None, _) => true,
            (Some((_, than)), Side::Buy) => price < than,
            (Some((_, than)), Side::Sell) => price > than,
        };
        if trades && better {
            best = Some((at, price));
        }
    }
    best.map(|(at, _)| at)
}

/// Whether the sum of a level would no longer be a `u64`.
fn overflows(book: &Book, order: &NewOrder, more: u64, less: u64) -> bool {
    let level = book.orders.iter().filter(|o| o.request.side == order.side && o.request.price == order.price);
    let sum: u128 = level.map(|o| u128::from(o.leaves())).sum();
    sum + u128::from(more) - u128::from(less) > u128::from(u64::MAX)
}

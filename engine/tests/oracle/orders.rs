//! What participants do with orders in the oracle: new orders, cancels, replacements, mass cancels.

use lugus_vocabulary::*;

use super::book::{Book, Resting, best_maker, find, is_immediate, overflows};
use super::state::Oracle;

const DAY: i64 = 86_400_000_000_000;

impl Oracle {
    pub(super) fn new_order(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        order: &NewOrder,
    ) -> Result<(), RejectReason> {
        let resting = self.as_taken(me, instrument, order);
        self.check_new(me, instrument, order, &resting)?;
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.order_ids += 1;
        self.tell(me, instrument, number, ReportBody::Execution(resting.execution(ExecType::New)));
        if order.stop_price.is_some() {
            self.place_stop(instrument, number, resting);
        } else {
            self.enter(instrument, number, resting);
        }
        self.cascade(instrument);
        Ok(())
    }

    fn as_taken(&self, me: u32, instrument: u32, order: &NewOrder) -> Resting {
        let midnight = self.now.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
        Resting {
            order_id: self.instruments[&instrument].order_ids + 1,
            participant: me,
            request: *order,
            filled: 0,
            shown: 0,
            waits: false,
            expires: match order.time_in_force {
                TimeInForce::Day => Some(midnight),
                TimeInForce::Gtd => order.expire_time.map(|time| time.0),
                _ => None,
            },
        }
    }

    fn check_new(&self, me: u32, instrument: u32, order: &NewOrder, resting: &Resting) -> Result<(), RejectReason> {
        let book = &self.instruments[&instrument];
        let definition = &book.definition;
        let stop = matches!(order.order_type, OrderType::Stop | OrderType::StopLimit);
        let immediate = is_immediate(order);
        let state = definition.state;
        let open = state == InstrumentState::Open;
        let gathers = state == InstrumentState::Auction && (stop || !immediate);
        if !open && !gathers {
            return Err(RejectReason::InstrumentState);
        }
        if order.client_order_id == ClientOrderId(0) {
            return Err(RejectReason::InvalidClientOrderId);
        }
        if find(book, me, order.client_order_id).is_some() {
            return Err(RejectReason::DuplicateClientOrderId);
        }
        if order.quantity < Quantity(1) || order.quantity > definition.maximum_quantity {
            return Err(RejectReason::InvalidQuantity);
        }
        let at_once = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        if order.order_type == OrderType::Market && !at_once || order.post_only == PostOnly::Yes && immediate {
            return Err(RejectReason::InvalidTimeInForce);
        }
        let timely = order.expire_time.is_some_and(|time| time.0 > self.now);
        if (order.time_in_force == TimeInForce::Gtd && !timely)
            || (order.time_in_force != TimeInForce::Gtd && order.expire_time.is_some())
        {
            return Err(RejectReason::InvalidExpireTime);
        }
        check_display(order.display_quantity.0, order.quantity.0, immediate)?;
        if matches!(order.order_type, OrderType::Limit | OrderType::StopLimit) {
            check_price(definition, order.price)?;
        } else if order.price.is_some() {
            return Err(RejectReason::InvalidPrice);
        }
        check_stop_price(definition, order.stop_price, stop)?;
        let at = match (order.price, order.stop_price, book.last_price) {
            (Some(price), _, _) | (None, Some(price), _) => price.0,
            (None, None, Some(last)) => last,
            (None, None, None) => definition.reference_price.0,
        };
        self.check_size(me, order.quantity.0, at)?;
        let lives = stop || !immediate;
        if lives && self.participants[&me].limits.maximum_open_orders.is_some_and(|most| self.live(Some(me)) >= most) {
            return Err(RejectReason::RiskOpenOrders);
        }
        if open && !stop && order.post_only == PostOnly::Yes && best_maker(book, order).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if open && !stop && order.time_in_force == TimeInForce::Fok && !self.fills_whole(book, resting) {
            return Err(RejectReason::FillOrKill);
        }
        let full = self.live(None) as usize >= self.limits.orders;
        if lives && (full || overflows(book, resting, stop, None)) {
            return Err(RejectReason::LimitOrders);
        }
        Ok(())
    }

    fn live(&self, of: Option<u32>) -> u32 {
        let all = self.instruments.values().flat_map(|book| &book.orders);
        all.filter(|order| of.is_none_or(|of| order.participant == of)).count() as u32
    }

    fn check_size(&self, me: u32, quantity: u64, price: i64) -> Result<(), RejectReason> {
        let limits = &self.participants[&me].limits;
        if limits.maximum_quantity.is_some_and(|most| quantity > most.0) {
            return Err(RejectReason::RiskQuantity);
        }
        let notional = i128::from(quantity) * i128::from(price).abs();
        if limits.maximum_notional.is_some_and(|most| notional > i128::from(most)) {
            return Err(RejectReason::RiskNotional);
        }
        Ok(())
    }

    pub(super) fn cancel(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        id: ClientOrderId,
    ) -> Result<(), RejectReason> {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let at = find(book, me, id).ok_or(RejectReason::UnknownOrder)?;
        let order = book.orders.remove(at);
        self.tell_canceled(&order, instrument, number, RejectReason::None);
        Ok(())
    }

    pub(super) fn replace(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        replace: &Replace,
    ) -> Result<(), RejectReason> {
        let book = &self.instruments[&instrument];
        if !matches!(book.definition.state, InstrumentState::Open | InstrumentState::Auction) {
            return Err(RejectReason::InstrumentState);
        }
        let at = find(book, me, replace.orig_client_order_id).ok_or(RejectReason::UnknownOrder)?;
        let before = book.orders[at].clone();
        let mut after = before.clone();
        after.request.client_order_id = replace.client_order_id;
        after.request.price = replace.price;
        after.request.quantity = replace.quantity;
        after.request.display_quantity = replace.display_quantity;
        if before.waits {
            after.request.stop_price = replace.stop_price;
        }
        self.check_replacement(book, at, &after, replace)?;
        let (was, is) = (&before.request, &after.request);
        let keeps_priority = was.price == is.price
            && was.stop_price == is.stop_price
            && was.display_quantity == is.display_quantity
            && is.quantity <= was.quantity;
        let told = ReportBody::Execution(Execution {
            orig_client_order_id: replace.orig_client_order_id,
            ..after.execution(ExecType::Replaced)
        });
        let book = self.instruments.get_mut(&instrument).unwrap();
        if keeps_priority {
            after.shown = before.shown.min(after.leaves());
            book.orders[at] = after;
            self.tell(me, instrument, number, told);
            return Ok(());
        }
        book.orders.remove(at);
        self.tell(me, instrument, number, told);
        if after.waits {
            self.place_stop(instrument, number, after);
        } else {
            self.enter(instrument, number, after);
        }
        self.cascade(instrument);
        Ok(())
    }

    fn check_replacement(
        &self,
        book: &Book,
        at: usize,
        after: &Resting,
        replace: &Replace,
    ) -> Result<(), RejectReason> {
        let definition = &book.definition;
        let before = &book.orders[at];
        let me = before.participant;
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
        check_display(replace.display_quantity.0, replace.quantity.0, is_immediate(&before.request))?;
        if before.request.order_type == OrderType::Stop {
            if replace.price.is_some() {
                return Err(RejectReason::InvalidPrice);
            }
        } else {
            check_price(definition, replace.price)?;
        }
        check_stop_price(definition, replace.stop_price, before.waits)?;
        let at_price = replace.price.or(replace.stop_price).unwrap().0;
        self.check_size(me, replace.quantity.0, at_price)?;
        let open = definition.state == InstrumentState::Open;
        let post_only = before.request.post_only == PostOnly::Yes;
        if open && !before.waits && post_only && best_maker(book, &after.request).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if overflows(book, after, before.waits, Some(before)) { Err(RejectReason::LimitOrders) } else { Ok(()) }
    }

    pub(super) fn mass_cancel(
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
}

pub(super) fn rejection(me: u32, order: &NewOrder, reason: RejectReason) -> ReportBody {
    let nothing =
        Resting { order_id: 0, participant: me, request: *order, filled: 0, shown: 0, waits: false, expires: None };
    ReportBody::Execution(Execution {
        order_status: OrderStatus::Rejected,
        leaves_quantity: Quantity(0),
        reason,
        ..nothing.execution(ExecType::Rejected)
    })
}

fn check_display(display: u64, quantity: u64, immediate: bool) -> Result<(), RejectReason> {
    let parts = if display == 0 { 1 } else { u128::from(quantity).div_ceil(u128::from(display)) };
    if display > 0 && (immediate || display > quantity || parts > 100) {
        return Err(RejectReason::InvalidDisplayQuantity);
    }
    Ok(())
}

fn check_price(definition: &InstrumentDefinition, price: Option<Price>) -> Result<(), RejectReason> {
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

fn check_stop_price(definition: &InstrumentDefinition, price: Option<Price>, stop: bool) -> Result<(), RejectReason> {
    let within = price.is_some_and(|price| price >= definition.minimum_price && price <= definition.maximum_price);
    if (stop && !within) || (!stop && price.is_some()) { Err(RejectReason::InvalidStopPrice) } else { Ok(()) }
}

//! New, cancel, replace, mass cancel, and matching.

use lugus_vocabulary::*;

use super::{Book, Oracle, Resting};

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

    /// Trades, and rests or is canceled.
    pub(super) fn enter(&mut self, instrument: u32, number: u64, mut order: Resting) {
        let open = self.instruments[&instrument].definition.state == InstrumentState::Open;
        if open && self.trade(instrument, number, &mut order) {
            return;
        }
        if order.leaves() == 0 {
            return;
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        if is_immediate(&order.request) {
            self.tell_canceled(&order, instrument, number, RejectReason::NoLiquidity);
        } else if order.request.order_type == OrderType::StopLimit && overflows(book, &order, false, None) {
            self.tell_canceled(&order, instrument, number, RejectReason::LimitOrders);
        } else {
            order.shown = shown(&order);
            book.orders.push(order);
        }
    }

    /// Whether it was canceled on the way.
    fn trade(&mut self, instrument: u32, number: u64, taker: &mut Resting) -> bool {
        while taker.leaves() > 0 {
            let book = self.instruments.get_mut(&instrument).unwrap();
            let Some(at) = best_maker(book, &taker.request) else { return false };
            let prevents = taker.request.self_trade_prevention != SelfTradePrevention::None;
            if prevents && book.orders[at].participant == taker.participant {
                if self.prevent(instrument, number, taker, at) {
                    return true;
                }
                continue;
            }
            book.trade_ids += 1;
            let quantity = taker.leaves().min(book.orders[at].shown);
            taker.filled += quantity;
            book.orders[at].filled += quantity;
            book.orders[at].shown -= quantity;
            let maker = book.orders[at].clone();
            book.last_price = maker.request.price.map(|price| price.0);
            book.traded.extend(book.last_price);
            refresh(book, at);
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
        false
    }

    /// Whether the taker has ended.
    fn prevent(&mut self, instrument: u32, number: u64, taker: &mut Resting, at: usize) -> bool {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let me = taker.participant;
        let mut maker = book.orders[at].clone();
        let by = taker.leaves().min(maker.leaves());
        let (ends_taker, ends_maker) = match taker.request.self_trade_prevention {
            SelfTradePrevention::None => unreachable!(),
            SelfTradePrevention::CancelNewest => (true, false),
            SelfTradePrevention::CancelOldest => (false, true),
            SelfTradePrevention::CancelBoth => (true, true),
            SelfTradePrevention::Decrement => (by == taker.leaves(), by == maker.leaves()),
        };
        let decrement = taker.request.self_trade_prevention == SelfTradePrevention::Decrement;
        let restated = |order: &Resting| {
            ReportBody::Execution(Execution { reason: RejectReason::SelfTrade, ..order.execution(ExecType::Restated) })
        };
        if ends_maker {
            book.orders.remove(at);
        } else if decrement {
            maker.request.quantity.0 -= by;
            maker.shown = maker.shown.min(maker.leaves());
            book.orders[at] = maker.clone();
        }
        if ends_taker {
            self.tell_canceled(taker, instrument, number, RejectReason::SelfTrade);
        } else if decrement {
            taker.request.quantity.0 -= by;
            self.tell(me, instrument, number, restated(taker));
        }
        if ends_maker {
            self.tell_canceled(&maker, instrument, 0, RejectReason::SelfTrade);
        } else if decrement {
            self.tell(me, instrument, 0, restated(&maker));
        }
        ends_taker
    }

    /// Plays it through on a copy.
    pub(super) fn fills_whole(&self, book: &Book, order: &Resting) -> bool {
        let mut copy = Oracle::new(self.limits);
        let me = order.participant;
        let scope = || super::Scope::default();
        copy.scopes.extend(book.orders.iter().map(|order| ((order.participant, 1), scope())));
        copy.scopes.insert((me, 1), scope());
        let copied = Book { orders: book.orders.clone(), traded: Vec::new(), ..*book };
        copy.instruments.insert(1, copied);
        let (mut taker, wanted) = (order.clone(), order.leaves());
        copy.trade(1, 0, &mut taker);
        taker.filled - order.filled == wanted
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

/// Whether nothing of it rests once it has met the book.
fn is_immediate(order: &NewOrder) -> bool {
    matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
        || matches!(order.order_type, OrderType::Market | OrderType::Stop)
}

fn shown(order: &Resting) -> u64 {
    match order.request.display_quantity.0 {
        0 => order.leaves(),
        display => order.leaves().min(display),
    }
}

/// After a trade: an order whose part shown is gone leaves, or shows its next part as the last of the book.
pub(super) fn refresh(book: &mut Book, at: usize) {
    if book.orders[at].shown > 0 {
        return;
    }
    let mut order = book.orders.remove(at);
    if order.leaves() == 0 {
        return;
    }
    let (side, price) = (order.request.side, order.request.price);
    let there = book.orders.iter().filter(|o| !o.waits && o.request.side == side && o.request.price == price);
    let room = u64::MAX - there.map(|o| o.shown).sum::<u64>();
    order.shown = shown(&order).min(room);
    book.orders.push(order);
}

pub(super) fn find(book: &Book, participant: u32, id: ClientOrderId) -> Option<usize> {
    book.orders.iter().position(|order| order.participant == participant && order.request.client_order_id == id)
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

/// Bids, asks, buy stops, sell stops; of each the first one first, at one price the one that is there longest.
pub(super) fn by_priority(orders: &[Resting]) -> Vec<&Resting> {
    let mut all = Vec::new();
    for (waits, side) in [(false, Side::Buy), (false, Side::Sell), (true, Side::Buy), (true, Side::Sell)] {
        let mut some: Vec<_> = orders.iter().filter(|o| o.waits == waits && o.request.side == side).collect();
        some.sort_by_key(|order| {
            let price = if waits { order.request.stop_price } else { order.request.price };
            let price = i128::from(price.unwrap().0);
            if (side == Side::Buy) == waits { price } else { -price }
        });
        all.extend(some);
    }
    all
}

/// Who would trade with it first.
pub(super) fn best_maker(book: &Book, taker: &NewOrder) -> Option<usize> {
    let mut best: Option<(usize, Price)> = None;
    for (at, maker) in book.orders.iter().enumerate().filter(|(_, maker)| !maker.waits) {
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

/// Whether the sum of a level, or of what waits for a trigger, would no longer be a `u64`.
fn overflows(book: &Book, order: &Resting, waits: bool, before: Option<&Resting>) -> bool {
    let price = |o: &Resting| if waits { o.request.stop_price } else { o.request.price };
    let same = |o: &&Resting| o.waits == waits && o.request.side == order.request.side && price(o) == price(order);
    let sum: u128 = book.orders.iter().filter(same).map(|o| u128::from(o.shown)).sum();
    let own = before.filter(|before| price(before) == price(order)).map_or(0, |before| before.shown);
    sum + u128::from(shown(order).saturating_sub(own)) > u128::from(u64::MAX)
}

//! How orders trade in the oracle: continuous trading, self-trade prevention, stop orders, auctions, expiry.

use std::collections::BTreeMap;

use lugus_vocabulary::*;

use super::book::{
    Book, Resting, auction_price, best_maker, by_priority, is_reached, next_in_auction, overflows, refresh, shown,
};
use super::state::Oracle;

impl Oracle {
    /// An incoming order trades; what is left of it rests or is canceled.
    /// `is_live` tells whether it was live before it came here.
    pub(super) fn enter(&mut self, instrument: u32, number: u64, mut order: Resting, is_live: bool) {
        let open = self.instruments[&instrument].definition.state == InstrumentState::Open;
        let mut within = order.request;
        if open {
            self.begin_trading(instrument);
            within = self.within_band(instrument, &order).request;
        }
        if open && self.trade(instrument, number, &mut order, within.price) {
            return;
        }
        if order.leaves() == 0 {
            return;
        }
        // What it would still trade with, it trades with in its next turn.
        if open && best_maker(&self.instruments[&instrument], &within).is_some() {
            if !is_live && (self.live(None) + self.held) as usize >= self.limits.orders {
                return self.tell_canceled(&order, instrument, number, RejectReason::LimitOrders);
            }
            let book = self.instruments.get_mut(&instrument).unwrap();
            let first = book.orders.iter().filter_map(|order| order.turn).min().unwrap_or(0);
            order.turn = Some(first - 1);
            order.shown = shown(&order);
            return book.orders.push(order);
        }
        if open && self.breaches(instrument, &order) {
            let halts = self.instruments[&instrument].definition.protection.on_breach == OnBreach::Halt;
            if halts {
                self.halt(instrument);
            }
            if !halts || self.canceled_rest(instrument, &order).is_some() {
                return self.tell_canceled(&order, instrument, number, RejectReason::PriceOutsideDynamicBand);
            }
        }
        if let Some(reason) = self.canceled_rest(instrument, &order) {
            return self.tell_canceled(&order, instrument, number, reason);
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        if overflows(book, &order, false, None) {
            self.tell_canceled(&order, instrument, number, RejectReason::LimitLevel);
        } else {
            order.shown = shown(&order);
            book.orders.push(order);
        }
    }

    /// Trades an order up to a price. Returns whether it was canceled meanwhile. A fill-or-kill order trades whole before quotes are
    /// pulled by it.
    fn trade(&mut self, instrument: u32, number: u64, taker: &mut Resting, limit: Option<Price>) -> bool {
        let has_ended = self.trade_on(instrument, number, taker, limit);
        self.pull();
        has_ended
    }

    fn trade_on(&mut self, instrument: u32, number: u64, taker: &mut Resting, limit: Option<Price>) -> bool {
        let whole = taker.request.time_in_force == TimeInForce::Fok;
        let mut most = if whole { usize::MAX } else { self.steps.max(1) };
        while taker.leaves() > 0 && most > 0 {
            let book = self.instruments.get_mut(&instrument).unwrap();
            let Some(at) = best_maker(book, &NewOrder { price: limit, ..taker.request }) else { return false };
            most -= 1;
            self.steps = self.steps.saturating_sub(1);
            let maker = book.orders[at].clone();
            if let Some(ending) = self.over(instrument, &maker) {
                self.end(instrument, maker.order_id, ending);
                continue;
            }
            let book = &self.instruments[&instrument];
            let prevents = taker.request.self_trade_prevention != SelfTradePrevention::None;
            let maker = book.orders[at].participant;
            if prevents && self.is_own(maker, taker.participant) {
                if self.prevent(instrument, number, taker, at) {
                    return true;
                }
                continue;
            }
            let book = self.instruments.get_mut(&instrument).unwrap();
            book.trade_ids += 1;
            let quantity = taker.leaves().min(book.orders[at].shown);
            taker.filled += quantity;
            book.orders[at].filled += quantity;
            book.orders[at].shown -= quantity;
            let maker = book.orders[at].clone();
            let price = maker.request.price.unwrap().0;
            book.last_price = Some(price);
            refresh(book, at);
            let trade_id = TradeId(book.trade_ids);
            let fill = |order: &Resting, liquidity| Execution {
                trade_id,
                last_price: maker.request.price,
                last_quantity: Quantity(quantity),
                liquidity,
                ..order.execution(ExecType::Trade)
            };
            let sides = [
                (taker.participant, number, fill(taker, Liquidity::Removed)),
                (maker.participant, 0, fill(&maker, Liquidity::Added)),
            ];
            self.tell_trade(instrument, price, quantity, sides);
            self.elect(instrument, price);
            self.count_quote(taker, quantity);
            self.count_quote(&maker, quantity);
            if !whole {
                self.pull();
            }
            // What is left of a quote that was pulled trades no more.
            if self.quotes_canceled(taker).is_some() {
                return false;
            }
        }
        false
    }

    /// Prevents a trade with the order at `at`. Returns whether the taker has ended.
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
            self.tell(maker.participant, instrument, 0, restated(&maker));
        }
        ends_taker
    }

    /// Whether an order would be filled at once, with as many trades as a command has steps: looks at one order after the
    /// other, and counts the parts of an iceberg that it does not show.
    pub(super) fn fills_whole(&self, instrument: u32, book: &Book, order: &Resting) -> bool {
        let (mut wanted, mut steps) = (order.leaves(), self.limits.steps as u64);
        let makers: Vec<&Resting> = by_priority(&book.orders)
            .into_iter()
            .filter(|maker| maker.in_book() && maker.request.side != order.request.side)
            .filter(|maker| {
                let (price, limit) = (maker.request.price.unwrap(), order.request.price);
                limit.is_none_or(|limit| if order.request.side == Side::Buy { price <= limit } else { price >= limit })
            })
            .collect();
        for level in makers.chunk_by(|one, other| one.request.price == other.request.price) {
            let (mut reserve, mut parts) = (0, 0);
            for maker in level {
                if steps == 0 {
                    return false;
                }
                steps -= 1;
                if self.over(instrument, maker).is_some() {
                    continue;
                }
                if self.is_own(maker.participant, order.participant) {
                    match order.request.self_trade_prevention {
                        SelfTradePrevention::None => {}
                        SelfTradePrevention::CancelOldest => continue,
                        _ => return false,
                    }
                }
                if wanted <= maker.shown {
                    return true;
                }
                wanted -= maker.shown;
                let hidden = maker.leaves() - maker.shown;
                reserve += u128::from(hidden);
                if hidden > 0 {
                    parts += hidden.div_ceil(maker.request.display_quantity.0);
                }
            }
            if u128::from(wanted) <= reserve {
                return parts <= steps;
            }
            wanted -= reserve as u64;
            steps = steps.saturating_sub(parts);
        }
        false
    }

    /// A stop order that has been told of triggers at once, or waits for its trigger or its turn.
    pub(super) fn place_stop(&mut self, instrument: u32, answers: u64, mut order: Resting, is_live: bool) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let open = book.definition.state == InstrumentState::Open;
        let mut prices: Vec<i64> = book.last_price.into_iter().collect();
        if let Some((low, high)) = book.due {
            prices.extend([low, high]);
        }
        let due = open && prices.iter().any(|&price| is_reached(&order, price));
        if due && !has_elected(book) {
            return self.trigger(instrument, answers, order, is_live);
        }
        book.arrivals += 1;
        order.arrival = book.arrivals;
        order.waits = true;
        order.shown = shown(&order);
        order.turn = due.then(|| last_turn(book) + 1);
        book.orders.push(order);
    }

    fn trigger(&mut self, instrument: u32, answers: u64, mut order: Resting, is_live: bool) {
        order.waits = false;
        self.protect_stop(instrument, &mut order.request);
        self.tell(order.participant, instrument, answers, ReportBody::Execution(order.execution(ExecType::Triggered)));
        let book = &self.instruments[&instrument];
        if let Err(reason) = self.check_notional(book, order.participant, order.leaves(), &order, false) {
            return self.tell_canceled(&order, instrument, answers, reason);
        }
        let fok = order.request.time_in_force == TimeInForce::Fok;
        if fok {
            self.steps = self.steps.saturating_sub(self.limits.steps / 64);
        }
        let within = self.within_band(instrument, &order);
        if fok && !self.fills_whole(instrument, &self.instruments[&instrument], &within) {
            return self.tell_canceled(&order, instrument, answers, RejectReason::FillOrKill);
        }
        if order.request.post_only == PostOnly::Yes {
            let other = if order.request.side == Side::Buy { Side::Sell } else { Side::Buy };
            self.clear_best(instrument, other);
            if best_maker(&self.instruments[&instrument], &order.request).is_some() {
                return self.tell_canceled(&order, instrument, answers, RejectReason::PostOnlyWouldTrade);
            }
        }
        self.enter(instrument, answers, order, is_live);
    }

    /// A trade at this price elects stop orders.
    pub(super) fn elect(&mut self, instrument: u32, price: i64) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        if !book.orders.iter().any(|order| order.waits && order.turn.is_none() && is_reached(order, price)) {
            return;
        }
        match &mut book.due {
            Some((low, high)) => (*low, *high) = ((*low).min(price), (*high).max(price)),
            None => {
                book.due = Some((price, price));
                self.elect_part(instrument);
            }
        }
    }

    fn elect_part(&mut self, instrument: u32) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let Some((low, high)) = book.due else { return };
        let reached: Vec<(u64, u64)> = by_priority(&book.orders)
            .into_iter()
            .filter(|order| order.waits && order.turn.is_none() && (is_reached(order, low) || is_reached(order, high)))
            .map(|order| (order.arrival, order.order_id))
            .collect();
        if reached.len() <= self.elections {
            book.due = None;
        }
        let mut elected: Vec<_> = reached.into_iter().take(self.elections).collect();
        self.elections -= elected.len();
        elected.sort_unstable();
        for (_, order_id) in elected {
            let turn = last_turn(book) + 1;
            book.orders.iter_mut().find(|order| order.order_id == order_id).unwrap().turn = Some(turn);
        }
    }

    /// Elected orders come to the book, one after the other, as long as steps are left.
    pub(super) fn take_turns(&mut self, instrument: u32) {
        loop {
            let book = &self.instruments[&instrument];
            if book.definition.state != InstrumentState::Open || !has_elected(book) {
                return;
            }
            let first = book.orders.iter().filter(|order| order.turn.is_some()).min_by_key(|order| order.turn);
            let Some(first) = first.cloned() else {
                self.elect_part(instrument);
                if self.instruments[&instrument].orders.iter().all(|order| order.turn.is_none()) {
                    return;
                }
                continue;
            };
            if self.steps == 0 {
                return;
            }
            self.steps -= 1;
            if let Some(ending) = self.over(instrument, &first) {
                self.end(instrument, first.order_id, ending);
                continue;
            }
            let mut order = self.take_out(instrument, first.order_id);
            order.turn = None;
            if order.waits {
                self.trigger(instrument, 0, order, true);
            } else {
                self.enter(instrument, 0, order, true);
            }
        }
    }

    pub(super) fn uncross(&mut self, instrument: u32) {
        let book = &self.instruments[&instrument];
        if let Some(price) = auction_price(&self.without_those_over(instrument, book)) {
            self.trade_at(price, instrument);
        }
        // Those that are over and would trade are ended.
        loop {
            let book = by_priority(&self.instruments[&instrument].orders);
            let first = |side| book.iter().find(|order| order.in_book() && order.request.side == side);
            let (Some(bid), Some(ask)) = (first(Side::Buy), first(Side::Sell)) else { break };
            if bid.request.price < ask.request.price {
                break;
            }
            let over = [bid, ask].into_iter().find_map(|order| Some((order.order_id, self.over(instrument, order)?)));
            let (order_id, ending) = over.unwrap();
            self.end(instrument, order_id, ending);
        }
    }

    fn trade_at(&mut self, price: i64, instrument: u32) {
        let (mut buys, mut sells) = (BTreeMap::new(), BTreeMap::new());
        loop {
            let book = self.instruments.get_mut(&instrument).unwrap();
            let first = |side, times: &BTreeMap<i64, u64>| {
                let first = next_in_auction(book, side, price, times)?;
                book.orders.iter().position(|order| order.order_id == first)
            };
            let (Some(bid), Some(ask)) = (first(Side::Buy, &buys), first(Side::Sell, &sells)) else { break };
            let pair = [bid, ask].map(|at| book.orders[at].clone());
            if let Some((over, ending)) = pair.iter().find_map(|order| Some((order, self.over(instrument, order)?))) {
                self.end(instrument, over.order_id, ending);
                continue;
            }
            for (order, times) in pair.iter().zip([&mut buys, &mut sells]).filter(|(order, _)| order.in_book()) {
                let last: &mut u64 = times.entry(order.limit()).or_default();
                *last = order.order_id.max(*last);
            }
            let book = self.instruments.get_mut(&instrument).unwrap();
            let quantity = book.orders[bid].leaves().min(book.orders[ask].leaves());
            book.trade_ids += 1;
            book.last_price = Some(price);
            let trade_id = TradeId(book.trade_ids);
            let mut both = Vec::new();
            for at in [bid, ask] {
                let order = &mut book.orders[at];
                order.filled += quantity;
                order.shown = order.shown.saturating_sub(quantity);
                both.push(order.clone());
            }
            book.orders.retain(|order| order.leaves() > 0);
            let sides = [&both[0], &both[1]].map(|order| {
                let execution = Execution {
                    trade_id,
                    last_price: Some(Price(price)),
                    last_quantity: Quantity(quantity),
                    liquidity: Liquidity::Auction,
                    ..order.execution(ExecType::Trade)
                };
                (order.participant, 0, execution)
            });
            self.tell_trade(instrument, price, quantity, sides);
            for order in &both {
                self.count_quote(order, quantity);
            }
        }
        self.pull();
        // An iceberg keeps its place until all is over.
        let book = self.instruments.get_mut(&instrument).unwrap();
        while let Some(at) = book.orders.iter().position(|order| order.shown == 0) {
            refresh(book, at);
        }
    }
}

fn has_elected(book: &Book) -> bool {
    book.due.is_some() || book.orders.iter().any(|order| order.turn.is_some())
}

fn last_turn(book: &Book) -> i64 {
    book.orders.iter().filter_map(|order| order.turn).max().unwrap_or(0)
}

//! How orders trade in the oracle: continuous trading, self-trade prevention, stop orders, auctions, expiry.

use lugus_vocabulary::*;

use super::book::{
    Book, Resting, auction_price, best_maker, by_priority, is_immediate, is_reached, overflows, refresh, shown,
};
use super::state::{Oracle, Scope};

impl Oracle {
    /// An incoming order trades; what is left of it rests or is canceled.
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
            self.tell_canceled(&order, instrument, number, RejectReason::LimitLevel);
        } else {
            order.shown = shown(&order);
            book.orders.push(order);
        }
    }

    /// Trades an order. Returns whether it was canceled meanwhile.
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
            self.tell(me, instrument, 0, restated(&maker));
        }
        ends_taker
    }

    /// Whether an order would be filled at once: trades it in a copy of the book.
    pub(super) fn fills_whole(&self, book: &Book, order: &Resting) -> bool {
        let mut copy = Oracle::new(self.limits);
        let me = order.participant;
        let scope = || Scope::default();
        copy.scopes.extend(book.orders.iter().map(|order| ((order.participant, 1), scope())));
        copy.scopes.insert((me, 1), scope());
        let copied = Book { orders: book.orders.clone(), traded: Vec::new(), ..*book };
        copy.instruments.insert(1, copied);
        let (mut taker, wanted) = (order.clone(), order.leaves());
        copy.trade(1, 0, &mut taker);
        taker.filled - order.filled == wanted
    }

    /// Orders expire. The tests have fewer orders than the 1,024 that expire before one command at most.
    pub(super) fn expire(&mut self) {
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
            let book = self.instruments.get_mut(&instrument).unwrap();
            let at = book.orders.iter().position(|order| order.order_id == order_id).unwrap();
            let order = book.orders.remove(at);
            let body = ReportBody::Execution(Execution {
                order_status: OrderStatus::Expired,
                leaves_quantity: Quantity(0),
                ..order.execution(ExecType::Expired)
            });
            self.tell(order.participant, instrument, 0, body);
        }
    }

    /// A stop order that has been told of triggers at once, or waits.
    pub(super) fn place_stop(&mut self, instrument: u32, answers: u64, mut order: Resting) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let open = book.definition.state == InstrumentState::Open;
        if open && book.last_price.is_some_and(|last| is_reached(&order, last)) {
            self.trigger(instrument, answers, order);
        } else {
            order.waits = true;
            order.shown = order.leaves();
            if order.request.display_quantity.0 > 0 {
                order.shown = order.shown.min(order.request.display_quantity.0);
            }
            book.orders.push(order);
        }
    }

    fn trigger(&mut self, instrument: u32, answers: u64, mut order: Resting) {
        order.waits = false;
        self.tell(order.participant, instrument, answers, ReportBody::Execution(order.execution(ExecType::Triggered)));
        let book = &self.instruments[&instrument];
        if let Err(reason) = self.check_notional(book, order.participant, order.leaves(), &order, false) {
            self.tell_canceled(&order, instrument, answers, reason);
        } else if order.request.time_in_force == TimeInForce::Fok && !self.fills_whole(book, &order) {
            self.tell_canceled(&order, instrument, answers, RejectReason::FillOrKill);
        } else if order.request.post_only == PostOnly::Yes && best_maker(book, &order.request).is_some() {
            self.tell_canceled(&order, instrument, answers, RejectReason::PostOnlyWouldTrade);
        } else {
            self.enter(instrument, answers, order);
        }
    }

    pub(super) fn cascade(&mut self, instrument: u32) {
        loop {
            let book = self.instruments.get_mut(&instrument).unwrap();
            let by_priority = by_priority(&book.orders);
            let due = by_priority
                .iter()
                .find(|order| order.waits && book.traded.iter().any(|&price| is_reached(order, price)))
                .map(|order| order.order_id);
            let Some(due) = due else { break };
            let at = book.orders.iter().position(|order| order.order_id == due).unwrap();
            let order = book.orders.remove(at);
            self.trigger(instrument, 0, order);
        }
        self.instruments.get_mut(&instrument).unwrap().traded.clear();
    }

    pub(super) fn uncross(&mut self, instrument: u32) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        let Some(price) = auction_price(book) else { return };
        loop {
            let book = self.instruments.get_mut(&instrument).unwrap();
            let first = |side, trades: &dyn Fn(i64) -> bool| {
                let first = by_priority(&book.orders).into_iter().find(|order| {
                    !order.waits && order.request.side == side && trades(order.request.price.unwrap().0)
                })?;
                book.orders.iter().position(|order| order.order_id == first.order_id)
            };
            let (bid, ask) = (first(Side::Buy, &|of| of >= price), first(Side::Sell, &|of| of <= price));
            let (Some(bid), Some(ask)) = (bid, ask) else { break };
            let quantity = book.orders[bid].leaves().min(book.orders[ask].leaves());
            book.trade_ids += 1;
            book.last_price = Some(price);
            book.traded.push(price);
            let trade_id = TradeId(book.trade_ids);
            let mut both = Vec::new();
            for at in [bid, ask] {
                let order = &mut book.orders[at];
                order.filled += quantity;
                order.shown = order.shown.saturating_sub(quantity);
                both.push(order.clone());
            }
            book.orders.retain(|order| order.leaves() > 0);
            for order in &both {
                let body = ReportBody::Execution(Execution {
                    trade_id,
                    last_price: Some(Price(price)),
                    last_quantity: Quantity(quantity),
                    liquidity: Liquidity::Auction,
                    ..order.execution(ExecType::Trade)
                });
                self.tell(order.participant, instrument, 0, body);
            }
        }
        // An iceberg keeps its place until all is over.
        let book = self.instruments.get_mut(&instrument).unwrap();
        while let Some(at) = book.orders.iter().position(|order| order.shown == 0) {
            refresh(book, at);
        }
    }
}

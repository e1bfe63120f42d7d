//! Expiry, stop orders, auctions.

use lugus_vocabulary::*;

use super::orders::{by_priority, refresh};
use super::{Book, Oracle, Resting};

impl Oracle {
    /// At most 1,024 orders expire before a command; these tests have fewer.
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

    /// A stop order that is told of already triggers at once, or waits.
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
        if order.request.time_in_force == TimeInForce::Fok && !self.fills_whole(book, &order) {
            self.tell_canceled(&order, instrument, answers, RejectReason::FillOrKill);
        } else if order.request.post_only == PostOnly::Yes && super::orders::best_maker(book, &order.request).is_some()
        {
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
            let (Some(bid), Some(ask)) = (bid, ask) else { return };
            let quantity = book.orders[bid].shown.min(book.orders[ask].shown);
            book.trade_ids += 1;
            book.last_price = Some(price);
            book.traded.push(price);
            let trade_id = TradeId(book.trade_ids);
            let mut both = Vec::new();
            for at in [bid, ask] {
                let order = &mut book.orders[at];
                order.filled += quantity;
                order.shown -= quantity;
                both.push(order.clone());
            }
            for order in &both {
                let at = book.orders.iter().position(|other| other.order_id == order.order_id).unwrap();
                refresh(book, at);
            }
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
    }
}

fn is_reached(order: &Resting, price: i64) -> bool {
    let stop = order.request.stop_price.unwrap().0;
    match order.request.side {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    }
}

/// Tries every price that can matter: those of orders, their neighbours, and the reference.
pub(super) fn auction_price(book: &Book) -> Option<i64> {
    let reference = book.definition.reference_price.0;
    let resting = || book.orders.iter().filter(|order| !order.waits);
    let mut prices = vec![reference];
    for order in resting() {
        let price = order.request.price.unwrap().0;
        prices.extend([price.saturating_sub(1), price, price.saturating_add(1)]);
    }
    prices.sort_unstable();
    let mut best = None;
    for price in prices {
        let sum = |side, trades: &dyn Fn(i64) -> bool| -> u128 {
            let of = resting().filter(|order| order.request.side == side && trades(order.request.price.unwrap().0));
            of.map(|order| u128::from(order.leaves())).sum()
        };
        let (buys, sells) = (sum(Side::Buy, &|of| of >= price), sum(Side::Sell, &|of| of <= price));
        let rank = (u128::MAX - buys.min(sells), buys.abs_diff(sells), price.abs_diff(reference));
        if buys.min(sells) > 0 && best.is_none_or(|(than, _)| rank < than) {
            best = Some((rank, price));
        }
    }
    best.map(|(_, price)| price)
}

//! What protects prices in the oracle: the dynamic band, protection points, collars, and auctions that a timer ends.

use lugus_vocabulary::*;

use super::book::{Resting, auction_price_at, best_maker, is_immediate};
use super::state::Oracle;

/// Whether the values of a price protection fit.
pub(super) fn is_possible(protection: &PriceProtection) -> bool {
    let day = 86_400_000;
    let empty = |width| matches!(width, Some(PriceWidth::Ticks(0) | PriceWidth::BasisPoints(0)));
    !empty(protection.dynamic_band)
        && !empty(protection.auction_collar)
        && protection.reference_window_milliseconds <= day
        && protection.auction_milliseconds <= day
        && (protection.on_breach != OnBreach::Halt || protection.auction_milliseconds != 0)
}

/// The lowest and the highest price that are no further than this from another.
fn around(width: PriceWidth, from: i64) -> (i128, i128) {
    let from = i128::from(from);
    let ticks = match width {
        PriceWidth::Ticks(ticks) => i128::from(ticks),
        PriceWidth::BasisPoints(points) => (from.abs() * i128::from(points) / 10_000).max(1),
    };
    (from - ticks, from + ticks)
}

fn as_price(price: i128) -> Price {
    Price(price.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
}

impl Oracle {
    pub(super) fn set_protection(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        to: &PriceProtection,
    ) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        if !is_possible(to) {
            return Err(RejectReason::InvalidDefinition);
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.definition.protection = *to;
        book.windows.clear();
        let definition = book.definition;
        self.tell_instrument(instrument, number, &definition);
        Ok(())
    }

    fn window(&self, instrument: u32) -> Option<i64> {
        let length = self.instruments[&instrument].definition.protection.reference_window_milliseconds;
        if length == 0 { None } else { Some(self.now.div_euclid(i64::from(length) * 1_000_000)) }
    }

    /// The last price before the window, as orders begin to meet the book in it.
    pub(super) fn begin_trading(&mut self, instrument: u32) {
        let Some(window) = self.window(instrument) else { return };
        let book = self.instruments.get_mut(&instrument).unwrap();
        let is_first = book.windows.keys().all(|&before| before < window);
        if is_first {
            book.windows.insert(window, book.last_price);
        }
    }

    /// The middle of the dynamic band: time that goes back stays in the latest window.
    fn reference(&self, instrument: u32) -> i64 {
        let book = &self.instruments[&instrument];
        let latest = book.windows.last_key_value();
        let price = match (self.window(instrument), latest) {
            (Some(window), Some((&latest, &price))) if window <= latest => price,
            _ => book.last_price,
        };
        price.unwrap_or(book.definition.reference_price.0)
    }

    fn band(&self, instrument: u32) -> Option<(i128, i128)> {
        let band = self.instruments[&instrument].definition.protection.dynamic_band?;
        Some(around(band, self.reference(instrument)))
    }

    /// The order with no other limit than the band allows.
    pub(super) fn within_band(&self, instrument: u32, order: &Resting) -> Resting {
        let mut order = order.clone();
        if let Some((low, high)) = self.band(instrument) {
            let request = &mut order.request;
            request.price = Some(match (request.side, request.price) {
                (Side::Buy, None) => as_price(high),
                (Side::Sell, None) => as_price(low),
                (Side::Buy, Some(limit)) => as_price(high.min(i128::from(limit.0))),
                (Side::Sell, Some(limit)) => as_price(low.max(i128::from(limit.0))),
            });
        }
        order
    }

    /// Checks a limit of an order that is entered or replaced while trading is on.
    pub(super) fn check_band(&self, instrument: u32, side: Side, limit: Option<Price>) -> Result<(), RejectReason> {
        let protection = &self.instruments[&instrument].definition.protection;
        let (Some((low, high)), Some(limit)) = (self.band(instrument), limit) else { return Ok(()) };
        let beyond = match side {
            Side::Buy => i128::from(limit.0) > high,
            Side::Sell => i128::from(limit.0) < low,
        };
        if beyond && protection.on_breach == OnBreach::Reject {
            return Err(RejectReason::PriceOutsideDynamicBand);
        }
        Ok(())
    }

    /// Whether what is left of an order could still trade, but only beyond the band.
    pub(super) fn breaches(&mut self, instrument: u32, order: &Resting) -> bool {
        if self.band(instrument).is_none() {
            return false;
        }
        self.clear_best(instrument, order.request.side.opposite());
        best_maker(&self.instruments[&instrument], &order.request).is_some()
    }

    /// Why what is left of an order is canceled that has nothing to trade with.
    pub(super) fn canceled_rest(&self, instrument: u32, order: &Resting) -> Option<RejectReason> {
        let book = &self.instruments[&instrument];
        let has_own_limit = matches!(order.request.order_type, OrderType::Limit | OrderType::StopLimit);
        let is_protected = !has_own_limit && order.request.price.is_some();
        let rests = !is_protected || book.definition.protection.beyond_points == BeyondPoints::Rest;
        if !is_immediate(&order.request) && rests {
            return None;
        }
        let others = book.levels(order.request.side.opposite());
        Some(if is_protected && !others.is_empty() {
            RejectReason::ProtectionPoints
        } else {
            RejectReason::NoLiquidity
        })
    }

    /// Gives a market order the limit of its protection points.
    pub(super) fn protect_market(&self, instrument: u32, order: &mut NewOrder) {
        let book = &self.instruments[&instrument];
        let is_open = book.definition.state == InstrumentState::Open;
        if order.order_type == OrderType::Market && is_open && !order.time_in_force.is_for_auction() {
            let best = book.levels(order.side.opposite()).first().map(|level| level.0);
            let from = best.or(book.last_price).unwrap_or(book.definition.reference_price.0);
            self.protect(instrument, order, from);
        }
    }

    /// Gives a stop order without a limit the limit of its protection points.
    pub(super) fn protect_stop(&self, instrument: u32, order: &mut NewOrder) {
        if order.order_type == OrderType::Stop {
            let from = order.stop_price.unwrap().0;
            self.protect(instrument, order, from);
        }
    }

    fn protect(&self, instrument: u32, order: &mut NewOrder, from: i64) {
        let definition = &self.instruments[&instrument].definition;
        let points = i128::from(definition.protection.protection_points.0);
        if points > 0 {
            let limit = i128::from(from) + if order.side == Side::Buy { points } else { -points };
            order.price = Some(as_price(limit).clamp(definition.minimum_price, definition.maximum_price));
        }
    }

    /// Trading is interrupted by an auction.
    pub(super) fn halt(&mut self, instrument: u32) {
        self.has_changed_phase = true;
        let now = self.now;
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.definition.state = InstrumentState::Auction;
        book.auction_type = Some(book.auction_type.unwrap_or(AuctionType::Intraday));
        let length = i64::from(book.definition.protection.auction_milliseconds) * 1_000_000;
        book.auction_end = if length > 0 { Some(now.saturating_add(length)) } else { None };
        self.begin_phase(instrument);
    }

    /// Whether the price of an auction that ended now would be outside its collar.
    pub(super) fn is_outside_collar(&self, instrument: u32, named: Option<Price>) -> bool {
        let book = &self.instruments[&instrument];
        let Some(collar) = book.definition.protection.auction_collar else { return false };
        let reference = named.unwrap_or(book.definition.reference_price).0;
        let Some(price) = auction_price_at(&self.without_those_over(instrument, book), reference) else { return false };
        let middle = match (named, book.last_price) {
            (Some(named), _) => named.0,
            (None, Some(last)) => last,
            (None, None) => reference,
        };
        let (low, high) = around(collar, middle);
        i128::from(price) < low || i128::from(price) > high
    }
}

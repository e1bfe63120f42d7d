//! What participants do with orders in the oracle: new orders, cancels, replacements, mass cancels.

use lugus_vocabulary::*;

use super::book::{Book, Resting, best_maker, find, is_immediate, is_reached, overflows, shown};
use super::limits::lower;
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
            self.place_stop(instrument, number, resting, false);
        } else if resting.for_auction().is_some() {
            self.place_for_auction(instrument, resting);
        } else {
            self.enter(instrument, number, resting, false);
        }
        self.take_turns(instrument);
        Ok(())
    }

    /// An order that only auctions take comes into its queue.
    fn place_for_auction(&mut self, instrument: u32, mut order: Resting) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        order.arrival = book.order_ids;
        order.shown = order.leaves();
        book.orders.push(order);
    }

    fn as_taken(&self, me: u32, instrument: u32, order: &NewOrder) -> Resting {
        let midnight = self.now.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
        let mut request = *order;
        if !has_own_limit(order) {
            request.price = None;
        }
        self.protect_market(instrument, &mut request);
        Resting {
            order_id: self.instruments[&instrument].order_ids + 1,
            participant: me,
            request,
            filled: 0,
            shown: 0,
            waits: false,
            arrival: 0,
            turn: None,
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
        let immediate = is_immediate(&resting.request);
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
        let rests = definition.protection.beyond_points == BeyondPoints::Rest && resting.request.price.is_some();
        let for_auction = resting.for_auction();
        if order.order_type == OrderType::Market && !at_once && !rests && for_auction.is_none() {
            return Err(RejectReason::InvalidTimeInForce);
        }
        if stop && for_auction.is_some() {
            return Err(RejectReason::InvalidTimeInForce);
        }
        if order.post_only == PostOnly::Yes && (immediate || for_auction.is_some() || !has_own_limit(order)) {
            return Err(RejectReason::InvalidPostOnly);
        }
        let timely = order.expire_time.is_some_and(|time| time.0 > self.now);
        if (order.time_in_force == TimeInForce::Gtd && !timely)
            || (order.time_in_force != TimeInForce::Gtd && order.expire_time.is_some())
        {
            return Err(RejectReason::InvalidExpireTime);
        }
        let closes = definition.auctions.schedule.closing_auction.is_some();
        if for_auction == Some(TimeInForce::AtTheClose) && !closes {
            return Err(RejectReason::InvalidTimeInForce);
        }
        if for_auction.is_some_and(|time_in_force| book.expiring.has(time_in_force)) {
            return Err(RejectReason::InstrumentState);
        }
        let shows_all = immediate || for_auction.is_some();
        check_display(order.display_quantity.0, order.quantity.0, order.quantity.0, shows_all)?;
        if matches!(order.order_type, OrderType::Limit | OrderType::StopLimit) {
            check_price(definition, order.price)?;
        } else if order.price.is_some() {
            return Err(RejectReason::InvalidPrice);
        }
        if open && order.order_type == OrderType::Limit && for_auction.is_none() {
            self.check_band(instrument, order.side, order.price)?;
        }
        check_stop_price(definition, order.stop_price, stop)?;
        self.check_size(book, me, order.quantity.0, resting, stop)?;
        let lives = stop || !immediate;
        if lives && self.participants[&me].limits.maximum_open_orders.is_some_and(|most| self.live(Some(me)) >= most) {
            return Err(RejectReason::RiskOpenOrders);
        }
        if lives {
            self.check_open_orders_of_firm(me)?;
        }
        if open && !stop && order.post_only == PostOnly::Yes && best_maker(book, order).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if open
            && !stop
            && order.time_in_force == TimeInForce::Fok
            && !self.fills_whole(instrument, book, &self.within_band(instrument, resting))
        {
            return Err(RejectReason::FillOrKill);
        }
        if lives && self.live(None) as usize >= self.limits.orders {
            return Err(RejectReason::LimitOrders);
        }
        if lives && overflows(book, resting, stop, None) {
            return Err(RejectReason::LimitLevel);
        }
        Ok(())
    }

    pub(super) fn live(&self, of: Option<u32>) -> u32 {
        let all = self.instruments.values().flat_map(|book| &book.orders);
        all.filter(|order| of.is_none_or(|of| order.participant == of)).count() as u32
    }

    /// Checks quantity and notional of an order that will have `open` lots.
    pub(super) fn check_size(
        &self,
        book: &Book,
        me: u32,
        open: u64,
        order: &Resting,
        waits: bool,
    ) -> Result<(), RejectReason> {
        let own = self.participants[&me].limits.maximum_quantity;
        let firms = self.limits_of_firm(me).maximum_quantity;
        match lower((own, RejectReason::RiskQuantity), (firms, RejectReason::FirmQuantity)) {
            Some((most, reason)) if open > most.0 => return Err(reason),
            _ => {}
        }
        self.check_notional(book, me, open, order, waits)
    }

    /// Checks the notional: of all prices at which the order might trade, as far as they are known, the one furthest from 0.
    pub(super) fn check_notional(
        &self,
        book: &Book,
        me: u32,
        open: u64,
        order: &Resting,
        waits: bool,
    ) -> Result<(), RejectReason> {
        let own = self.participants[&me].limits.maximum_notional;
        let firms = self.limits_of_firm(me).maximum_notional;
        let limit = lower((own, RejectReason::RiskNotional), (firms, RejectReason::FirmNotional));
        let Some((most, reason)) = limit else { return Ok(()) };
        let NewOrder { side, price: limit, stop_price, .. } = order.request;
        let mut prices = vec![book.last_price.unwrap_or(book.definition.reference_price.0)];
        prices.extend(limit.map(|limit| limit.0));
        if waits {
            prices.extend(stop_price.map(|price| price.0));
        }
        let others = book.levels(side.opposite());
        prices.extend(others.first().map(|level| level.0));
        let comes_in = !waits || book.last_price.is_some_and(|last| is_reached(order, last));
        let for_auction = order.for_auction().is_some();
        if for_auction || book.definition.state == InstrumentState::Auction {
            let of_auctions = book.orders.iter().filter(|other| {
                other.request.side != side && other.for_auction().is_some() && !other.takes_any_price()
            });
            let limits: Vec<i64> = of_auctions.map(Resting::limit).collect();
            prices.extend(if side == Side::Buy { limits.iter().min() } else { limits.iter().max() });
        }
        if limit.is_none() && (for_auction || (comes_in && book.definition.state == InstrumentState::Open)) {
            let mut needed = i128::from(open);
            for (price, quantity, _) in others {
                if needed > 0 {
                    prices.push(price);
                }
                needed -= i128::from(quantity);
            }
        }
        if let Some(limit) = limit {
            prices.retain(|&price| if side == Side::Buy { price <= limit.0 } else { price >= limit.0 });
        }
        let worst = prices.iter().map(|&price| i128::from(price).abs()).max().unwrap();
        if worst * i128::from(open) > i128::from(most) { Err(reason) } else { Ok(()) }
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
        self.check_cancels(instrument)?;
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
        if replace.display_quantity == before.request.display_quantity {
            after.request.display_quantity = replace.display_quantity.min(replace.quantity);
        }
        self.check_replacement(instrument, at, &after, replace)?;
        let keeps_priority = lowers(&before, replace) && shows_as_before(&before, &after, replace);
        let told = ReportBody::Execution(Execution {
            orig_client_order_id: replace.orig_client_order_id,
            ..after.execution(ExecType::Replaced)
        });
        let book = self.instruments.get_mut(&instrument).unwrap();
        if keeps_priority && after.leaves() > 0 {
            after.shown = before.shown.min(shown(&after));
            book.orders[at] = after;
            self.tell(me, instrument, number, told);
            return Ok(());
        }
        book.orders.remove(at);
        self.tell(me, instrument, number, told);
        if after.leaves() == 0 {
            return Ok(());
        }
        after.turn = None;
        if after.waits {
            self.place_stop(instrument, number, after, true);
        } else if after.for_auction().is_some() {
            self.place_for_auction(instrument, after);
        } else {
            self.enter(instrument, number, after, true);
        }
        self.take_turns(instrument);
        Ok(())
    }

    fn check_replacement(
        &self,
        instrument: u32,
        at: usize,
        after: &Resting,
        replace: &Replace,
    ) -> Result<(), RejectReason> {
        let book = &self.instruments[&instrument];
        let definition = &book.definition;
        let before = &book.orders[at];
        let me = before.participant;
        if replace.client_order_id.0 == 0 {
            return Err(RejectReason::InvalidClientOrderId);
        }
        if find(book, me, replace.client_order_id).is_some_and(|other| other != at) {
            return Err(RejectReason::DuplicateClientOrderId);
        }
        let lowers = lowers(before, replace);
        if replace.quantity.0 == 0 || (!lowers && replace.quantity > definition.maximum_quantity) {
            return Err(RejectReason::InvalidQuantity);
        }
        if replace.quantity.0 < before.filled {
            return Err(RejectReason::QuantityBelowFilled);
        }
        let display = after.request.display_quantity.0;
        if !lowers || replace.display_quantity != before.request.display_quantity {
            let shows_all = is_immediate(&before.request) || before.for_auction().is_some();
            check_display(display, replace.quantity.0, after.leaves(), shows_all)?;
        }
        if lowers {
            let stays = shows_as_before(before, after, replace) || after.leaves() == 0;
            let full = !stays && overflows(book, after, before.waits, Some(before));
            return if full { Err(RejectReason::LimitLevel) } else { Ok(()) };
        }
        // An elected stop order is a market order that waits for its turn.
        if before.request.price.is_none() {
            if replace.price.is_some() {
                return Err(RejectReason::InvalidPrice);
            }
        } else {
            check_price(definition, replace.price)?;
        }
        if definition.state == InstrumentState::Open && !before.waits && before.for_auction().is_none() {
            self.check_band(instrument, before.request.side, replace.price)?;
        }
        check_stop_price(definition, replace.stop_price, before.waits)?;
        self.check_size(book, me, after.leaves(), after, before.waits)?;
        if after.leaves() == 0 {
            return Ok(());
        }
        let open = definition.state == InstrumentState::Open;
        let post_only = before.request.post_only == PostOnly::Yes;
        if open && !before.waits && post_only && best_maker(book, &after.request).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if overflows(book, after, before.waits, Some(before)) { Err(RejectReason::LimitLevel) } else { Ok(()) }
    }

    /// Whether a replacement only takes lots off an order.
    pub(super) fn is_decrease(&self, me: u32, instrument: u32, replace: &Replace) -> bool {
        let book = &self.instruments[&instrument];
        find(book, me, replace.orig_client_order_id).is_some_and(|at| {
            let order = &book.orders[at];
            lowers(order, replace) && replace.quantity < order.request.quantity
        })
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
        if me != 0 {
            self.check_cancels(instrument)?;
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        let hit = |order: &Resting| order.participant == target && (side.is_none() || side == Some(order.request.side));
        let mut gone: Vec<u64> = book.orders.iter().filter(|order| hit(order)).map(|order| order.order_id).collect();
        gone.sort_unstable();
        let last = book.order_ids;
        for &order_id in &gone {
            if self.steps == 0 {
                for side in [Side::Buy, Side::Sell].into_iter().filter(|&of| side.is_none_or(|side| side == of)) {
                    self.canceled.insert((instrument, target, side), last);
                }
                break;
            }
            self.steps -= 1;
            let order = self.take_out(instrument, order_id);
            let answers = if order.participant == me { number } else { 0 };
            self.tell_canceled(&order, instrument, answers, RejectReason::MassCancel);
        }
        let affected = gone.len() as u32;
        self.tell(me, instrument, number, ReportBody::MassCancel { target: ParticipantId(target), affected });
        Ok(())
    }
}

pub(super) fn rejection(me: u32, order: &NewOrder, reason: RejectReason) -> ReportBody {
    let nothing = Resting {
        order_id: 0,
        participant: me,
        request: *order,
        filled: 0,
        shown: 0,
        waits: false,
        arrival: 0,
        turn: None,
        expires: None,
    };
    ReportBody::Execution(Execution {
        order_status: OrderStatus::Rejected,
        leaves_quantity: Quantity(0),
        reason,
        ..nothing.execution(ExecType::Rejected)
    })
}

/// Whether a replacement asks for nothing new but a quantity that is not larger.
fn lowers(before: &Resting, replace: &Replace) -> bool {
    let trigger = if before.waits { before.request.stop_price } else { None };
    replace.price == before.request.price
        && replace.stop_price == trigger
        && replace.quantity <= before.request.quantity
}

/// Whether the order may stay where it is: its display quantity is that of before, or a smaller one of an iceberg, or all
/// that it has left is shown already and goes on being shown.
fn shows_as_before(before: &Resting, after: &Resting, replace: &Replace) -> bool {
    let (from, to) = (before.request.display_quantity.0, replace.display_quantity.0);
    let hides = after.request.display_quantity.0 != 0 && after.request.display_quantity.0 < after.leaves();
    from == to || (to != 0 && to < from) || (!hides && after.leaves() <= before.shown)
}

fn check_display(display: u64, quantity: u64, open: u64, immediate: bool) -> Result<(), RejectReason> {
    let parts = if display == 0 { 1 } else { u128::from(open).div_ceil(u128::from(display)) };
    if display > 0 && (immediate || display > quantity || parts > 100) {
        return Err(RejectReason::InvalidDisplayQuantity);
    }
    Ok(())
}

pub(super) fn check_price(definition: &InstrumentDefinition, price: Option<Price>) -> Result<(), RejectReason> {
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

/// Whether an order of this type has a limit of its own.
fn has_own_limit(order: &NewOrder) -> bool {
    matches!(order.order_type, OrderType::Limit | OrderType::StopLimit)
}

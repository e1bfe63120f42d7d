//! One instrument of a synthetic flow: how its price moves, and which command comes next.

use std::collections::VecDeque;

use lugus_vocabulary::{
    Action, AuctionRules, ClientOrderId, Decimal, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType,
    NewOrder, OrderType, ParticipantId, PostOnly, Price, PriceProtection, Quantity, Replace, Side, Symbol, TimeInForce,
};

use super::living::{LivingOrder, LivingOrders};
use super::mix::{Mix, Weights};
use super::size;
use crate::flow::{PRICE_LIMITS, limit_order};
use crate::price_time_book::{PriceTimeBook, RestingOrder};
use crate::prng::SplitMix64;

/// Number of ended orders that are remembered, for commands that come too late.
const REMEMBERED_ENDED: usize = 64;

/// Largest distance of the middle from the reference price, in ticks.
const WANDERING: i64 = 100_000;

const PAIRS: [(&[u8; 8], &[u8; 8], i64); 8] = [
    (b"BTC\0\0\0\0\0", b"USDT\0\0\0\0", 650_000),
    (b"ETH\0\0\0\0\0", b"USDT\0\0\0\0", 350_000),
    (b"SOL\0\0\0\0\0", b"USDT\0\0\0\0", 180_000),
    (b"EUR\0\0\0\0\0", b"USD\0\0\0\0\0", 108_500),
    (b"USD\0\0\0\0\0", b"JPY\0\0\0\0\0", 155_000),
    (b"GBP\0\0\0\0\0", b"USD\0\0\0\0\0", 127_000),
    (b"XRP\0\0\0\0\0", b"USDT\0\0\0\0", 150_000),
    (b"ADA\0\0\0\0\0", b"USDT\0\0\0\0", 120_000),
];

/// The definition of the flow's `nth` instrument, counted from 0.
pub(super) fn definition(nth: usize, instrument: InstrumentId) -> InstrumentDefinition {
    let (base, quote, reference) = PAIRS[nth % PAIRS.len()];
    // A later instrument of the same pair is a future on it.
    let instrument_type = if nth < PAIRS.len() { InstrumentType::Spot } else { InstrumentType::Futures };
    InstrumentDefinition {
        instrument,
        base: Symbol(*base),
        quote: Symbol(*quote),
        instrument_type,
        minimum_price: PRICE_LIMITS[0],
        maximum_price: PRICE_LIMITS[1],
        reference_price: Price(reference),
        price_band: Quantity(0),
        maximum_quantity: Quantity(1_000_000),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -3 },
        state: InstrumentState::Open,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    }
}

/// State of the market.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Calm,
    /// The price moves often, and more often in this side's direction.
    Busy(Side),
}

pub(super) struct Market {
    reference: i64,
    participants: Vec<ParticipantId>,
    resting_orders: u64,
    weights: Weights,
    book: PriceTimeBook,
    living: LivingOrders,
    ended: VecDeque<(ParticipantId, ClientOrderId)>,
    middle: i64,
    mood: Mood,
    last_order_id: u64,
}

impl Market {
    pub(super) fn new(
        definition: &InstrumentDefinition,
        participants: Vec<ParticipantId>,
        resting_orders: u64,
        mix: Mix,
    ) -> Self {
        Self {
            reference: definition.reference_price.0,
            participants,
            resting_orders,
            weights: mix.weights(),
            book: PriceTimeBook::default(),
            living: LivingOrders::default(),
            ended: VecDeque::with_capacity(REMEMBERED_ENDED),
            middle: definition.reference_price.0,
            mood: Mood::Calm,
            last_order_id: 0,
        }
    }

    /// The next command, and the participant that sends it.
    pub(super) fn next(&mut self, prng: &mut SplitMix64) -> (ParticipantId, Action) {
        self.move_price(prng);
        let (living, aim) = (self.living.len(), self.resting_orders);
        let more = 2 * aim * 1_000 / (aim + living);
        let fewer = 2 * living * 1_000 / (aim + living);
        let busy = if matches!(self.mood, Mood::Busy(_)) { 2_000 } else { 1_000 };
        let Weights { new, cancel, replace, immediate, market, too_late } = self.weights;
        let weights = [new * more, cancel * fewer, replace * fewer, immediate * busy, market * busy, too_late * 1_000];
        match prng.weighted(&weights) {
            0 => self.new_order(prng),
            1 => self.cancel(prng),
            2 => self.replace(prng),
            3 => self.immediate(OrderType::Limit, prng),
            4 => self.immediate(OrderType::Market, prng),
            _ => self.too_late(prng),
        }
    }

    fn move_price(&mut self, prng: &mut SplitMix64) {
        if prng.one_in(1_000) {
            self.mood = match self.mood {
                Mood::Busy(_) => Mood::Calm,
                Mood::Calm if prng.one_in(3) => Mood::Busy(any_side(prng)),
                Mood::Calm => Mood::Calm,
            };
        }
        let (moves_once_in, side) = match self.mood {
            Mood::Calm => (40, any_side(prng)),
            Mood::Busy(trend) if prng.one_in(3) => (8, trend.opposite()),
            Mood::Busy(trend) => (8, trend),
        };
        if prng.one_in(moves_once_in) {
            let moved = self.middle + if side == Side::Buy { 1 } else { -1 };
            self.middle = moved.clamp(self.reference - WANDERING, self.reference + WANDERING);
        }
    }

    fn new_order(&mut self, prng: &mut SplitMix64) -> (ParticipantId, Action) {
        let participant = self.any_participant(prng);
        let id = self.next_order_id();
        let side = any_side(prng);
        let price = self.passive_price(side, prng);
        let leaves = Quantity(size::lots(prng));
        let post_only = if prng.one_in(4) { PostOnly::Yes } else { PostOnly::No };
        if !self.is_refused(post_only, side, price) {
            let owned = LivingOrder { owner: participant, id, post_only };
            self.enter(owned, RestingOrder { side, price, leaves, filled: Quantity(0) });
        }
        let order = NewOrder { post_only, ..limit_order(id, side, price, leaves, TimeInForce::Gtc) };
        (participant, Action::New(order))
    }

    fn cancel(&mut self, prng: &mut SplitMix64) -> (ParticipantId, Action) {
        let Some(LivingOrder { owner, id, .. }) = self.any_living(prng) else { return self.new_order(prng) };
        self.book.remove(id);
        self.end(id);
        (owner, Action::Cancel { orig_client_order_id: id })
    }

    /// Replaces an order: a smaller quantity at the same price, or another price; with the same client order id, or a
    /// new one.
    fn replace(&mut self, prng: &mut SplitMix64) -> (ParticipantId, Action) {
        let drawn = self.any_living(prng).and_then(|living| Some((living, self.book.get(living.id)?)));
        let Some((living, order)) = drawn else { return self.new_order(prng) };
        let client_order_id = if prng.one_in(2) { living.id } else { self.next_order_id() };
        let (price, leaves) = if order.leaves.0 > 1 && prng.one_in(3) {
            (order.price, Quantity(order.leaves.0 - 1))
        } else {
            (self.passive_price(order.side, prng), order.leaves)
        };
        let LivingOrder { owner, id, post_only } = living;
        if !self.is_refused(post_only, order.side, price) {
            self.living.remove(id);
            let living = LivingOrder { id: client_order_id, ..living };
            if price == order.price {
                self.book.rename(id, client_order_id);
                self.book.reduce(client_order_id, leaves);
                self.living.insert(living);
            } else {
                self.book.remove(id);
                self.enter(living, RestingOrder { price, ..order });
            }
        }
        let replace = Replace {
            orig_client_order_id: id,
            client_order_id,
            price: Some(price),
            stop_price: None,
            quantity: Quantity(order.filled.0 + leaves.0),
            display_quantity: Quantity(0),
        };
        (owner, Action::Replace(replace))
    }

    /// A resting order: mostly one that the price has moved past, if there is one, as its owner is in a hurry.
    fn any_living(&self, prng: &mut SplitMix64) -> Option<LivingOrder> {
        let (bid, ask) = (self.book.first(Side::Buy), self.book.first(Side::Sell));
        let run_over = bid.filter(|bid| bid.1.0 >= self.middle).or(ask.filter(|ask| ask.1.0 <= self.middle));
        match run_over {
            Some((id, _)) if !prng.one_in(4) => self.living.get(id),
            _ => self.living.any(prng),
        }
    }

    fn is_refused(&self, post_only: PostOnly, side: Side, price: Price) -> bool {
        post_only == PostOnly::Yes && self.book.would_trade(side, Some(price))
    }

    /// An order that takes resting quantity, with a limit near the best price or without one.
    fn immediate(&mut self, order_type: OrderType, prng: &mut SplitMix64) -> (ParticipantId, Action) {
        let participant = self.any_participant(prng);
        let id = self.next_order_id();
        let side = match self.mood {
            Mood::Busy(trend) if !prng.one_in(3) => trend,
            _ => any_side(prng),
        };
        let quantity = Quantity(size::lots(prng));
        let best = self.book.best(side.opposite()).map_or(self.middle, |price| price.0);
        let beyond = prng.below(3) as i64;
        let limit = Price(if side == Side::Buy { best + beyond } else { best - beyond });
        let price = (order_type == OrderType::Limit).then_some(limit);
        self.take(side, price, quantity);
        self.remember(participant, id);
        let order = NewOrder { order_type, price, ..limit_order(id, side, limit, quantity, TimeInForce::Ioc) };
        (participant, Action::New(order))
    }

    /// A cancel of an order that has ended already.
    fn too_late(&mut self, prng: &mut SplitMix64) -> (ParticipantId, Action) {
        let index = prng.below(self.ended.len() as u64) as usize;
        match self.ended.get(index) {
            Some(&(participant, id)) => (participant, Action::Cancel { orig_client_order_id: id }),
            None => self.new_order(prng),
        }
    }

    /// Enters an order into the flow's own book: it trades what it can, and the remainder rests.
    fn enter(&mut self, living: LivingOrder, mut order: RestingOrder) {
        let leaves = self.take(order.side, Some(order.price), order.leaves);
        order.filled.0 += order.leaves.0 - leaves.0;
        order.leaves = leaves;
        if leaves.0 > 0 {
            self.book.rest(living.id, order);
            self.living.insert(living);
        } else {
            self.remember(living.owner, living.id);
        }
    }

    fn take(&mut self, side: Side, limit: Option<Price>, quantity: Quantity) -> Quantity {
        let mut fills = Vec::new();
        let leaves = self.book.take(side, limit, quantity, &mut fills);
        for fill in fills {
            if self.book.get(fill.order).is_none() {
                self.end(fill.order);
            }
        }
        leaves
    }

    fn end(&mut self, id: ClientOrderId) {
        if let Some(living) = self.living.remove(id) {
            self.remember(living.owner, id);
        }
    }

    fn remember(&mut self, owner: ParticipantId, id: ClientOrderId) {
        if self.ended.len() == REMEMBERED_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((owner, id));
    }

    /// A price on the order's own side of the middle; a few prices are on the other side.
    fn passive_price(&self, side: Side, prng: &mut SplitMix64) -> Price {
        let distance = if prng.one_in(25) { -1 - prng.below(2) as i64 } else { size::distance(prng) };
        Price(if side == Side::Buy { self.middle - 1 - distance } else { self.middle + 1 + distance })
    }

    fn any_participant(&self, prng: &mut SplitMix64) -> ParticipantId {
        self.participants[prng.below(self.participants.len() as u64) as usize]
    }

    fn next_order_id(&mut self) -> ClientOrderId {
        self.last_order_id += 1;
        ClientOrderId(self.last_order_id)
    }
}

fn any_side(prng: &mut SplitMix64) -> Side {
    if prng.one_in(2) { Side::Buy } else { Side::Sell }
}

//! An increment as a cache line, for the ring between the engine's thread and the publishing one.

use lugus_vocabulary::{
    AuctionIndicative, DisplayedOrder, EndOfEvent, EpochNanos, InstrumentId, InstrumentState, MarketData,
    MarketDataBody, MarketDataSequence, MemberId, OrderId, Price, Quantity, Side, Statistics, TradeId,
};

/// Value of a price that is absent.
const NO_PRICE: i64 = i64::MIN;

/// Kind of an [`Item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Words: order id, price, quantity.
    OrderAdded,
    /// Words: order id, price, quantity.
    OrderChanged,
    /// Words: order id, price.
    OrderRemoved,
    /// Words: none, price, quantity, number of orders.
    Level,
    /// Words: trade id, price, quantity.
    Trade,
    /// Words: trade id, price, quantity.
    TradeAddendum,
    /// Words: none, reference price.
    State,
    /// Words: none, price, volume, imbalance.
    Auction,
    /// Words: open, high, low and last price, volume.
    Statistics,
    /// No increment: the number of the instrument's last increment.
    Position,
    /// No increment: the member leads from here on, or (with sequence 0) does not. Words: number of the leader, whether it is
    /// known.
    Role,
}

/// An increment of the market, or what the publisher must know between two increments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Item {
    /// What the item is.
    pub kind: Kind,
    /// Number of the side; 0 for none.
    side: u8,
    /// Number of the instrument's state.
    state: u8,
    /// Whether the increment is the last of its command.
    pub end_of_event: EndOfEvent,
    /// The instrument concerned.
    pub instrument: InstrumentId,
    /// Number of the increment in its instrument.
    pub sequence: MarketDataSequence,
    /// Log time of the increment.
    pub time: EpochNanos,
    /// What they mean depends on `kind`.
    words: [u64; 5],
}

const _: () = assert!(size_of::<Item>() == 64);

impl Item {
    /// An increment of the engine.
    #[inline]
    pub fn increment(data: &MarketData) -> Self {
        let mut item = Self::position(data.instrument, data.sequence);
        item.time = data.time;
        match data.body {
            MarketDataBody::OrderAdded(order) => item.order(Kind::OrderAdded, &order),
            MarketDataBody::OrderChanged(order) => item.order(Kind::OrderChanged, &order),
            MarketDataBody::OrderRemoved { order_id, side, price } => {
                (item.kind, item.side) = (Kind::OrderRemoved, side.number());
                item.words = [order_id.0, price.0.cast_unsigned(), 0, 0, 0];
            }
            MarketDataBody::Level { side, price, quantity, orders } => {
                (item.kind, item.side) = (Kind::Level, side.number());
                item.words = [0, price.0.cast_unsigned(), quantity.0, u64::from(orders), 0];
            }
            MarketDataBody::Trade { trade_id, price, quantity, aggressor } => {
                (item.kind, item.side) = (Kind::Trade, aggressor.map_or(0, Side::number));
                item.words = [trade_id.0, price.0.cast_unsigned(), quantity.0, 0, 0];
            }
            MarketDataBody::TradeAddendum { trade_id, price, quantity } => {
                item.kind = Kind::TradeAddendum;
                item.words = [trade_id.0, price.0.cast_unsigned(), quantity.0, 0, 0];
            }
            MarketDataBody::State { state, reference_price } => {
                (item.kind, item.state) = (Kind::State, state.number());
                item.words = [0, reference_price.0.cast_unsigned(), 0, 0, 0];
            }
            MarketDataBody::Auction(AuctionIndicative { price, volume, imbalance, imbalance_side }) => {
                (item.kind, item.side) = (Kind::Auction, imbalance_side.map_or(0, Side::number));
                let price = price.map_or(NO_PRICE, |price| price.0).cast_unsigned();
                item.words = [0, price, volume.0, imbalance.0, 0];
            }
            MarketDataBody::Statistics(Statistics { open, high, low, last, volume }) => {
                let word = |price: Option<Price>| price.map_or(NO_PRICE, |price| price.0).cast_unsigned();
                item.kind = Kind::Statistics;
                item.words = [word(open), word(high), word(low), word(last), volume.0];
            }
        }
        item
    }

    fn order(&mut self, kind: Kind, order: &DisplayedOrder) {
        (self.kind, self.side) = (kind, order.side.number());
        self.words = [order.order_id.0, order.price.0.cast_unsigned(), order.quantity.0, 0, 0];
    }

    /// The number of an instrument's last increment.
    #[inline]
    pub fn position(instrument: InstrumentId, sequence: MarketDataSequence) -> Self {
        Self {
            kind: Kind::Position,
            side: 0,
            state: 0,
            end_of_event: EndOfEvent::No,
            instrument,
            sequence,
            time: EpochNanos(0),
            words: [0; 5],
        }
    }

    /// Whether the member leads, and who does, if that is known.
    pub fn role(leads: bool, leader: Option<MemberId>) -> Self {
        let number = leader.map_or(0, |leader| u64::from(leader.0.cast_unsigned()));
        Self {
            kind: Kind::Role,
            words: [number, u64::from(leader.is_some()), 0, 0, 0],
            ..Self::position(InstrumentId::NONE, MarketDataSequence(u64::from(leads)))
        }
    }

    /// Whether the member leads, and the leader; `None` if the item is none of a role.
    pub fn leadership(&self) -> Option<(bool, Option<MemberId>)> {
        let [number, is_known, ..] = self.words;
        let leader = (is_known != 0).then_some(MemberId((number as u32).cast_signed()));
        (self.kind == Kind::Role).then_some((self.sequence != MarketDataSequence(0), leader))
    }

    /// The engine's increment that the item was made of; `None` if the item is no increment.
    #[inline]
    pub fn market_data(&self) -> Option<MarketData> {
        let [id, price, quantity, orders, _] = self.words;
        let (price, quantity) = (Price(price.cast_signed()), Quantity(quantity));
        let side = Side::from_number(self.side);
        let displayed = |side| DisplayedOrder { order_id: OrderId(id), side, price, quantity };
        let body = match self.kind {
            Kind::OrderAdded => MarketDataBody::OrderAdded(displayed(side?)),
            Kind::OrderChanged => MarketDataBody::OrderChanged(displayed(side?)),
            Kind::OrderRemoved => MarketDataBody::OrderRemoved { order_id: OrderId(id), side: side?, price },
            Kind::Level => MarketDataBody::Level { side: side?, price, quantity, orders: orders as u32 },
            Kind::Trade => MarketDataBody::Trade { trade_id: TradeId(id), price, quantity, aggressor: side },
            Kind::TradeAddendum => MarketDataBody::TradeAddendum { trade_id: TradeId(id), price, quantity },
            Kind::State => {
                MarketDataBody::State { state: InstrumentState::from_number(self.state)?, reference_price: price }
            }
            Kind::Auction => MarketDataBody::Auction(AuctionIndicative {
                price: Some(price).filter(|price| price.0 != NO_PRICE),
                volume: quantity,
                imbalance: Quantity(orders),
                imbalance_side: side,
            }),
            Kind::Statistics => {
                let [open, high, low, last, volume] = self.words;
                let price = |word: u64| Some(word.cast_signed()).filter(|price| *price != NO_PRICE).map(Price);
                let volume = Quantity(volume);
                let (open, high, low, last) = (price(open), price(high), price(low), price(last));
                MarketDataBody::Statistics(Statistics { open, high, low, last, volume })
            }
            Kind::Position | Kind::Role => return None,
        };
        Some(MarketData { instrument: self.instrument, sequence: self.sequence, time: self.time, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_increment_survives_the_ring() {
        let order = DisplayedOrder { order_id: OrderId(4), side: Side::Sell, price: Price(-5), quantity: Quantity(6) };
        let (side, price, quantity) = (Side::Buy, Price(7), Quantity(8));
        let trade = |aggressor| MarketDataBody::Trade { trade_id: TradeId(16), price, quantity, aggressor };
        let statistics =
            Statistics { open: Some(Price(0)), low: Some(Price(-7)), volume: Quantity(9), ..Default::default() };
        let states = InstrumentState::ALL.iter();
        let bodies = [
            MarketDataBody::OrderAdded(order),
            MarketDataBody::OrderChanged(order),
            MarketDataBody::OrderRemoved { order_id: OrderId(4), side, price },
            MarketDataBody::Level { side, price, quantity, orders: u32::MAX },
            trade(None),
            trade(Some(Side::Buy)),
            trade(Some(Side::Sell)),
            MarketDataBody::TradeAddendum { trade_id: TradeId(17), price, quantity: Quantity(0) },
            MarketDataBody::Auction(AuctionIndicative {
                price: Some(price),
                volume: quantity,
                imbalance: Quantity(18),
                imbalance_side: Some(side),
            }),
            MarketDataBody::Auction(AuctionIndicative::default()),
            MarketDataBody::Statistics(statistics),
        ]
        .into_iter()
        .chain(states.map(|&state| MarketDataBody::State { state, reference_price: Price(i64::MIN) }));
        for body in bodies {
            let (instrument, sequence, time) = (InstrumentId(3), MarketDataSequence(2), EpochNanos(1));
            let increment = MarketData { instrument, sequence, time, body };
            assert_eq!(Item::increment(&increment).market_data(), Some(increment));
        }
    }

    #[test]
    fn positions_and_roles_are_not_increments() {
        assert_eq!(Item::position(InstrumentId(1), MarketDataSequence(2)).market_data(), None);
        let role = Item::role(true, Some(MemberId(7)));
        assert_eq!((role.market_data(), role.leadership()), (None, Some((true, Some(MemberId(7))))));
        assert_eq!(Item::role(false, None).leadership(), Some((false, None)));
    }
}

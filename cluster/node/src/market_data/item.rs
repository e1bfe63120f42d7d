//! An increment as a cache line, for the ring.

use lugus_vocabulary::{
    DisplayedOrder, InstrumentId, InstrumentState, MarketData, MarketDataBody, MarketDataSequence, Price, Side,
    Statistics,
};

/// On the wire and here: no price.
pub(crate) const NO_PRICE: i64 = i64::MIN;

/// What an [`Item`] is; increments have the numbers of `MDUpdateType` in `schemas/market-data.xml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Words: order id, price, quantity.
    OrderAdded = 1,
    /// Words: order id, price, quantity.
    OrderChanged = 2,
    /// Words: order id, price.
    OrderRemoved = 3,
    /// Words: none, price, quantity, number of orders.
    Level = 4,
    /// Words: trade id, price, quantity.
    Trade = 5,
    /// Words: none, reference price.
    State = 6,
    /// Words: open, high, low and last price, volume.
    Statistics = 7,
    /// No increment: the number of the instrument's last.
    Position = 8,
    /// No increment: from here on the member leads, or (sequence 0) does not.
    Role = 9,
}

/// Whether a command's increments end with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum End {
    /// More of them follow.
    More = 0,
    /// It is the command's last.
    OfCommand = 1,
}

/// An increment, or what the publisher must know between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Code of `MDSide`: 0 none, 1 buy, 2 sell.
    pub side: u8,
    /// Code of `MDState`.
    pub state: u8,
    /// Whether the command's increments end with it.
    pub end: End,
    /// Of which instrument.
    pub instrument: u32,
    /// Its number there.
    pub sequence: u64,
    /// Log time, nanoseconds since 1970.
    pub time: i64,
    /// By `kind`.
    pub words: [u64; 5],
}

impl Item {
    /// An increment of the engine.
    #[inline]
    pub fn increment(data: &MarketData) -> Self {
        let mut item = Self::position(data.instrument, data.sequence);
        item.time = data.time.0;
        match data.body {
            MarketDataBody::OrderAdded(order) => item.order(Kind::OrderAdded, &order),
            MarketDataBody::OrderChanged(order) => item.order(Kind::OrderChanged, &order),
            MarketDataBody::OrderRemoved { order_id, side, price } => {
                (item.kind, item.side) = (Kind::OrderRemoved, side_code(Some(side)));
                item.words = [order_id.0, price.0.cast_unsigned(), 0, 0, 0];
            }
            MarketDataBody::Level { side, price, quantity, orders } => {
                (item.kind, item.side) = (Kind::Level, side_code(Some(side)));
                item.words = [0, price.0.cast_unsigned(), quantity.0, u64::from(orders), 0];
            }
            MarketDataBody::Trade { trade_id, price, quantity, aggressor } => {
                (item.kind, item.side) = (Kind::Trade, side_code(aggressor));
                item.words = [trade_id.0, price.0.cast_unsigned(), quantity.0, 0, 0];
            }
            MarketDataBody::State { state, reference_price } => {
                (item.kind, item.state) = (Kind::State, state_code(state));
                item.words = [0, reference_price.0.cast_unsigned(), 0, 0, 0];
            }
            MarketDataBody::Statistics(Statistics { open, high, low, last, volume }) => {
                let word = |price: Option<Price>| price.map_or(NO_PRICE, |price| price.0).cast_unsigned();
                item.kind = Kind::Statistics;
                item.words = [word(open), word(high), word(low), word(last), volume.0];
            }
        }
        item
    }

    /// Where an instrument stands.
    #[inline]
    pub fn position(instrument: InstrumentId, sequence: MarketDataSequence) -> Self {
        Self {
            kind: Kind::Position,
            side: 0,
            state: 0,
            end: End::More,
            instrument: instrument.0,
            sequence: sequence.0,
            time: 0,
            words: [0; 5],
        }
    }

    /// Whether the member leads.
    pub fn role(leads: bool) -> Self {
        Self { kind: Kind::Role, ..Self::position(InstrumentId::NONE, MarketDataSequence(u64::from(leads))) }
    }

    fn order(&mut self, kind: Kind, order: &DisplayedOrder) {
        (self.kind, self.side) = (kind, side_code(Some(order.side)));
        self.words = [order.order_id.0, order.price.0.cast_unsigned(), order.quantity.0, 0, 0];
    }
}

#[inline]
fn side_code(side: Option<Side>) -> u8 {
    match side {
        None => 0,
        Some(Side::Buy) => 1,
        Some(Side::Sell) => 2,
    }
}

/// Code of `MDState`, which is that of order entry.
#[inline]
pub(crate) fn state_code(state: InstrumentState) -> u8 {
    match state {
        InstrumentState::Closed => 0,
        InstrumentState::Open => 1,
        InstrumentState::Halted => 2,
        InstrumentState::Auction => 3,
    }
}

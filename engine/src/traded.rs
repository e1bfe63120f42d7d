//! What trades leave behind: for the statistics, and for the stop orders that they elect.

use lugus_vocabulary::{Price, Quantity};

/// What one order traded without a break, or what an auction traded.
///
/// An order trades from the best price on, so its first and its last price are its best and its worst.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traded {
    /// First and last price, in ticks; `None` if nothing traded.
    pub(crate) prices: Option<(Price, Price)>,
    /// Lots traded.
    pub(crate) volume: Quantity,
}

impl Traded {
    /// Adds a trade, which comes after all that were added before.
    #[inline]
    pub(crate) fn add(&mut self, price: Price, quantity: Quantity) {
        self.prices = Some((self.prices.map_or(price, |(first, _)| first), price));
        self.volume.0 = self.volume.0.saturating_add(quantity.0);
    }
}

/// Lowest and highest price of trades, in ticks: stop orders with a trigger within this range are to be elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TradedRange {
    pub(crate) low: Price,
    pub(crate) high: Price,
}

impl TradedRange {
    /// Trades at one price.
    #[inline]
    pub(crate) fn at(price: Price) -> Self {
        Self { low: price, high: price }
    }

    /// Adds other trades.
    pub(crate) fn include(&mut self, other: Self) {
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
    }
}

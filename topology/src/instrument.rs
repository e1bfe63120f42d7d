//! `[[instrument]]`: what is traded, and by which cluster.

use serde::{Deserialize, Serialize};

use crate::{ClusterId, Decimal};

/// `[[instrument]]`. Prices are in ticks, quantities in lots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Its number; not 0, and its own in the whole deployment.
    pub id: u32,
    /// `BASE/QUOTE`, each at most 8 ASCII characters.
    pub symbol: String,
    /// Spot or futures.
    #[serde(rename = "type", default)]
    pub instrument_type: InstrumentType,
    /// The cluster that trades it.
    #[serde(default)]
    pub cluster: ClusterId,
    /// One tick, in the quote currency.
    #[serde(default = "default_size")]
    pub tick_size: Decimal,
    /// One lot, in the base currency.
    #[serde(default = "default_size")]
    pub lot_size: Decimal,
    /// Lowest price taken.
    #[serde(default = "default_price")]
    pub minimum_price: i64,
    /// Highest price taken.
    #[serde(default = "default_limit")]
    pub maximum_price: i64,
    /// Middle of the price band, and what an auction falls back on.
    #[serde(default = "default_price")]
    pub reference_price: i64,
    /// Ticks on either side of the reference price; 0 is no band.
    #[serde(default)]
    pub price_band: u64,
    /// Most lots of one order.
    #[serde(default = "default_quantity")]
    pub maximum_quantity: u64,
    /// State to begin in.
    #[serde(default)]
    pub state: InstrumentState,
}

const fn default_size() -> Decimal {
    Decimal::ONE
}

const fn default_price() -> i64 {
    1
}

const fn default_limit() -> i64 {
    1_000_000_000
}

const fn default_quantity() -> u64 {
    1_000_000_000
}

/// Spot or futures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstrumentType {
    /// Settled at once.
    #[default]
    Spot,
    /// Settled later.
    Futures,
}

/// State of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstrumentState {
    /// Trades.
    #[default]
    Open,
    /// Takes cancels only.
    Halted,
    /// Collects orders for a call auction.
    Auction,
    /// Takes nothing.
    Closed,
}

impl Instrument {
    /// An instrument of cluster 0 that is open, with limits that hardly limit, one tick and one lot being `10^-places`.
    pub fn spot(id: u32, symbol: &str, tick_places: i8, lot_places: i8) -> Self {
        Self {
            id,
            symbol: symbol.to_owned(),
            instrument_type: InstrumentType::Spot,
            cluster: ClusterId::default(),
            tick_size: Decimal::places(tick_places),
            lot_size: Decimal::places(lot_places),
            minimum_price: default_price(),
            maximum_price: default_limit(),
            reference_price: default_price(),
            price_band: 0,
            maximum_quantity: default_quantity(),
            state: InstrumentState::Open,
        }
    }

    /// Base and quote, when the symbol is `BASE/QUOTE` with 1 to 8 printable ASCII characters each.
    pub fn currencies(&self) -> Option<(&str, &str)> {
        let (base, quote) = self.symbol.split_once('/')?;
        let plain = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
        };
        (plain(base) && plain(quote)).then_some((base, quote))
    }
}

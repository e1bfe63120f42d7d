//! Instruments for tests. A test that needs another value changes that field:
//!
//! ```
//! use lugus_testing::instruments::btc_usdt;
//! use lugus_vocabulary::{InstrumentDefinition, InstrumentId, Quantity};
//!
//! let banded = InstrumentDefinition { price_band: Quantity(5), ..btc_usdt(InstrumentId(1)) };
//! assert_eq!(banded.reference_price, btc_usdt(InstrumentId(2)).reference_price);
//! ```
//!
//! Orders have their builders in the vocabulary: `NewOrder::limit` and `NewOrder::market`.

use lugus_vocabulary::{
    AuctionRules, Decimal, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType, Price, PriceProtection,
    Quantity, Symbol,
};

/// An open spot instrument with prices from 1 to 1,000,000 ticks around 1,000, no price band, and orders of up to 1,000,000
/// lots.
#[must_use]
pub const fn btc_usdt(instrument: InstrumentId) -> InstrumentDefinition {
    InstrumentDefinition {
        instrument,
        base: Symbol(*b"BTC\0\0\0\0\0"),
        quote: Symbol(*b"USDT\0\0\0\0"),
        instrument_type: InstrumentType::Spot,
        minimum_price: Price(1),
        maximum_price: Price(1_000_000),
        reference_price: Price(1_000),
        price_band: Quantity(0),
        maximum_quantity: Quantity(1_000_000),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -6 },
        state: InstrumentState::Open,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    }
}

/// The same instrument with any price and quantity allowed, around a price of 0.
#[must_use]
pub const fn boundless(instrument: InstrumentId) -> InstrumentDefinition {
    InstrumentDefinition {
        minimum_price: Price(i64::MIN),
        maximum_price: Price(i64::MAX),
        reference_price: Price(0),
        maximum_quantity: Quantity(u64::MAX),
        ..btc_usdt(instrument)
    }
}

//! The specification of an instrument in a deployment: what the operator writes, and what the partition map tells.

use crate::auction::AuctionRules;
use crate::decimal::StepSize;
use crate::instrument::{InstrumentDefinition, InstrumentState, InstrumentType, Symbol};
use crate::protection::PriceProtection;
use crate::units::{ClusterId, InstrumentId, Price, Quantity};

/// An instrument of a deployment, with the cluster that trades it. Prices are in ticks, quantities in lots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct InstrumentSpecification {
    /// Number of the instrument; not 0, and unique in the deployment.
    pub id: InstrumentId,
    /// The pair, `BASE/QUOTE`, each with 1 to 8 printable ASCII characters.
    pub symbol: String,
    /// Spot or futures.
    #[cfg_attr(feature = "serde", serde(rename = "type", default = "default_type"))]
    pub instrument_type: InstrumentType,
    /// The cluster that trades the instrument.
    #[cfg_attr(feature = "serde", serde(default))]
    pub cluster: ClusterId,
    /// Size of a tick, in the quote currency.
    #[cfg_attr(feature = "serde", serde(default = "default_size"))]
    pub tick_size: StepSize,
    /// Size of a lot, in the base currency.
    #[cfg_attr(feature = "serde", serde(default = "default_size"))]
    pub lot_size: StepSize,
    /// Lowest price of an order.
    #[cfg_attr(feature = "serde", serde(default = "default_price"))]
    pub minimum_price: Price,
    /// Highest price of an order.
    #[cfg_attr(feature = "serde", serde(default = "default_maximum_price"))]
    pub maximum_price: Price,
    /// Middle of the price band, and the price that an auction falls back on.
    #[cfg_attr(feature = "serde", serde(default = "default_price"))]
    pub reference_price: Price,
    /// Distance in ticks from the reference price that an order's price may have; 0 for no band.
    #[cfg_attr(feature = "serde", serde(default))]
    pub price_band: Quantity,
    /// Largest quantity of an order.
    #[cfg_attr(feature = "serde", serde(default = "default_quantity"))]
    pub maximum_quantity: Quantity,
    /// State that the instrument begins in.
    #[cfg_attr(feature = "serde", serde(default = "default_state"))]
    pub state: InstrumentState,
    /// What protects its prices beside the price band. The partition map does not have it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub protection: PriceProtection,
    /// The rules of its auctions. The partition map does not have them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub auctions: AuctionRules,
}

const fn default_type() -> InstrumentType {
    InstrumentType::Spot
}

#[cfg(feature = "serde")]
const fn default_size() -> StepSize {
    StepSize::ONE
}

const fn default_price() -> Price {
    Price(1)
}

const fn default_maximum_price() -> Price {
    Price(1_000_000_000)
}

const fn default_quantity() -> Quantity {
    Quantity(1_000_000_000)
}

const fn default_state() -> InstrumentState {
    InstrumentState::Open
}

impl InstrumentSpecification {
    /// An open spot instrument of cluster 0 with limits that hardly limit; a tick is `10^-tick_places`, a lot
    /// `10^-lot_places`.
    pub fn spot(id: InstrumentId, symbol: &str, tick_places: i8, lot_places: i8) -> Self {
        Self {
            id,
            symbol: symbol.to_owned(),
            instrument_type: default_type(),
            cluster: ClusterId::default(),
            tick_size: StepSize::places(tick_places),
            lot_size: StepSize::places(lot_places),
            minimum_price: default_price(),
            maximum_price: default_maximum_price(),
            reference_price: default_price(),
            price_band: Quantity(0),
            maximum_quantity: default_quantity(),
            state: default_state(),
            protection: PriceProtection::NONE,
            auctions: AuctionRules::NONE,
        }
    }

    /// Base and quote currency, if the symbol is `BASE/QUOTE` with 1 to 8 printable ASCII characters each.
    pub fn currencies(&self) -> Option<(&str, &str)> {
        let (base, quote) = self.symbol.split_once('/')?;
        let is_currency = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
        };
        (is_currency(base) && is_currency(quote)).then_some((base, quote))
    }

    /// The definition that the cluster's engine is told; `None` if the symbol is not [`currencies`](Self::currencies).
    pub fn definition(&self) -> Option<InstrumentDefinition> {
        let (base, quote) = self.currencies()?;
        Some(InstrumentDefinition {
            instrument: self.id,
            base: Symbol::new(base)?,
            quote: Symbol::new(quote)?,
            instrument_type: self.instrument_type,
            minimum_price: self.minimum_price,
            maximum_price: self.maximum_price,
            reference_price: self.reference_price,
            price_band: self.price_band,
            maximum_quantity: self.maximum_quantity,
            tick_size: self.tick_size.into(),
            lot_size: self.lot_size.into(),
            state: self.state,
            protection: self.protection,
            auctions: self.auctions,
        })
    }
}

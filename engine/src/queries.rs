//! What can be asked of an engine. Nothing changes by it.

use lugus_vocabulary::{
    DisplayedOrder, InstrumentDefinition, InstrumentId, MarketDataSnapshot, Price, PriceLevel, Side, StateHash,
};

use crate::auction::{self, Indicative};
use crate::book::{Order, Slot};
use crate::engine::Engine;
use crate::instrument::Instrument;
use crate::instruments::Listed;
use crate::migration::migration_states::Availability;

impl Engine {
    /// The price levels of a side of an instrument's book, best first; `None` for an unknown instrument.
    pub fn levels(&self, instrument: InstrumentId, side: Side) -> Option<impl Iterator<Item = PriceLevel>> {
        self.shown(instrument).map(|listed| listed.instrument.book.side(side).levels(&self.pool.resting))
    }

    /// The price levels of a side behind a price, best first; `None` for an unknown instrument.
    pub fn levels_after(
        &self,
        instrument: InstrumentId,
        side: Side,
        price: Price,
    ) -> Option<impl Iterator<Item = PriceLevel>> {
        let listed = self.shown(instrument)?;
        Some(listed.instrument.book.side(side).levels_after(price, &self.pool.resting))
    }

    /// The resting orders of an instrument as others see them: bids, then asks, each by priority; `None` for an unknown
    /// instrument.
    pub fn displayed_orders(&self, instrument: InstrumentId) -> Option<impl Iterator<Item = DisplayedOrder>> {
        let orders = self.shown(instrument)?.instrument.book.orders(&self.pool.resting);
        Some(orders.map(|slot| self.displayed(slot)))
    }

    /// The resting orders at a price as others see them, by priority; no order for an unknown instrument.
    pub fn displayed_orders_at(
        &self,
        instrument: InstrumentId,
        side: Side,
        price: Price,
    ) -> impl Iterator<Item = DisplayedOrder> {
        let book = self.shown(instrument).map(|listed| listed.instrument.book.side(side));
        book.into_iter()
            .flat_map(move |side| side.orders_at(price, &self.pool.resting))
            .map(|slot| self.displayed(slot))
    }

    fn displayed(&self, slot: Slot) -> DisplayedOrder {
        let Order { order_id, side, price, leaves: quantity, .. } = *self.pool.get(slot);
        DisplayedOrder { order_id, side, price, quantity }
    }

    /// What a late joiner of an instrument's market data begins with, beside [`Engine::displayed_orders`]; `None` for an
    /// unknown instrument.
    #[must_use]
    pub fn market_data_snapshot(&self, instrument: InstrumentId) -> Option<MarketDataSnapshot> {
        self.shown(instrument).map(|listed| {
            let Instrument { definition, feed, .. } = &listed.instrument;
            MarketDataSnapshot {
                instrument,
                sequence: feed.sequence,
                state: definition.state,
                reference_price: definition.reference_price,
                statistics: feed.statistics,
            }
        })
    }

    /// What would trade, and at which price, if the instrument went to OPEN now; `None` if its book is not crossed, and
    /// for an unknown instrument. Walks through the crossed part of the book.
    #[must_use]
    pub fn indicative(&self, instrument: InstrumentId) -> Option<Indicative> {
        self.shown(instrument).and_then(|listed| auction::indicative(&listed.instrument, &self.pool))
    }

    /// All instruments by id, without those that are not active yet and those that have moved away.
    pub fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        let shown = self.instruments.iter().filter(|listed| listed.availability != Availability::Unavailable);
        shown.map(|listed| listed.instrument.definition.instrument)
    }

    /// The instruments with this id and higher ones, by id, as [`Engine::instruments`] has them.
    pub fn instruments_from(&self, first: InstrumentId) -> impl Iterator<Item = InstrumentId> {
        let shown = self.instruments.iter_from(first).filter(|listed| listed.availability != Availability::Unavailable);
        shown.map(|listed| listed.instrument.definition.instrument)
    }

    /// An instrument whose state is whole here, and this engine's to tell.
    fn shown(&self, instrument: InstrumentId) -> Option<&Listed> {
        self.instruments.find(instrument).filter(|listed| listed.availability != Availability::Unavailable)
    }

    /// An instrument's definition, with the state and the reference price that it has now.
    #[must_use]
    pub fn definition(&self, instrument: InstrumentId) -> Option<&InstrumentDefinition> {
        self.shown(instrument).map(|listed| &listed.instrument.definition)
    }

    /// Number of live orders of all instruments, stop orders included.
    #[must_use]
    pub fn live_orders(&self) -> usize {
        self.pool.live()
    }

    /// Hash over all events and migration states. It is kept with every command, so reading it costs nothing.
    #[must_use]
    pub fn state_hash(&self) -> StateHash {
        self.kept_hash()
    }

    /// Hash of an instrument's definition and of all that was ever told in its scopes; `None` if its state is not here.
    #[must_use]
    pub fn instrument_state_hash(&self, instrument: InstrumentId) -> Option<StateHash> {
        self.instruments.find(instrument).map(|listed| listed.hash)
    }
}

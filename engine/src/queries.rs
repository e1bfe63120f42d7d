//! What one may ask of an engine; nothing changes by it.

use lugus_vocabulary::PriceLevel;
use lugus_vocabulary::{
    DisplayedOrder, InstrumentDefinition, InstrumentId, MarketDataSnapshot, Price, Side, StateHash,
};

use crate::auction::{self, Indicative};
use crate::book::{Order, Slot};
use crate::engine::{Engine, Listed};
use crate::instrument::Instrument;
use crate::migration::migration_states::Availability;

impl Engine {
    /// Levels of a side of an instrument's book, best first; `None` for an unknown instrument.
    pub fn levels(&self, instrument: InstrumentId, side: Side) -> Option<impl Iterator<Item = PriceLevel>> {
        self.shown(instrument).map(|listed| listed.instrument.book.side(side).levels(&self.pool.resting))
    }

    /// Orders of an instrument as others see them: bids, then asks, each by priority; `None` for an unknown instrument.
    pub fn displayed_orders(&self, instrument: InstrumentId) -> Option<impl Iterator<Item = DisplayedOrder>> {
        let orders = self.shown(instrument)?.instrument.book.orders(&self.pool.resting);
        Some(orders.map(|slot| self.displayed(slot)))
    }

    /// Orders at a price of an instrument as others see them, by priority; none for an unknown instrument.
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

    /// What a late joiner of an instrument's market data begins with, beside [`Engine::displayed_orders`].
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

    /// What would trade, and at which price, if the instrument went to OPEN now; `None` if its book is not crossed, or
    /// there is no such instrument. Walks through the crossed part of the book.
    #[must_use]
    pub fn indicative(&self, instrument: InstrumentId) -> Option<Indicative> {
        self.shown(instrument).and_then(|listed| auction::indicative(&listed.instrument, &self.pool))
    }

    /// All instruments, by id; not those that are on their way in, or have moved away.
    pub fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        let listed = self.listing.iter().map(|&place| &self.instruments[place as usize]);
        listed
            .filter(|listed| listed.availability != Availability::Unavailable)
            .map(|listed| listed.instrument.definition.instrument)
    }

    /// An instrument whose state is here, and this engine's to tell.
    fn shown(&self, instrument: InstrumentId) -> Option<&Listed> {
        self.listed(instrument).filter(|listed| listed.availability != Availability::Unavailable)
    }

    /// An instrument's definition, with its state and reference price of now.
    #[must_use]
    pub fn definition(&self, instrument: InstrumentId) -> Option<&InstrumentDefinition> {
        self.shown(instrument).map(|listed| &listed.instrument.definition)
    }

    /// Live orders, of all instruments.
    #[must_use]
    pub fn live_orders(&self) -> usize {
        self.pool.live()
    }

    /// Hash over all events and migration states. It is kept with every command: reading it costs nothing.
    #[must_use]
    pub fn state_hash(&self) -> StateHash {
        self.kept_hash()
    }

    /// Hash of an instrument's definition and of all that was ever told in its scopes.
    #[must_use]
    pub fn instrument_state_hash(&self, instrument: InstrumentId) -> Option<StateHash> {
        self.listed(instrument).map(|listed| listed.hash)
    }
}

//! An instrument's specification: the same fields in a map and in a request.

use lugus_codecs::partition_map::instrument_state::InstrumentState as WireState;
use lugus_codecs::partition_map::instrument_type::InstrumentType as WireInstrumentType;
use lugus_topology::{InstrumentState, InstrumentType};

/// Writes an [`Instrument`](lugus_topology::Instrument) with an encoder that has its fields.
macro_rules! write_instrument {
    ($encoder:expr, $instrument:expr) => {{
        let lugus_topology::Instrument {
            id,
            symbol,
            instrument_type,
            cluster,
            tick_size,
            lot_size,
            minimum_price,
            maximum_price,
            reference_price,
            price_band,
            maximum_quantity,
            state,
        } = $instrument;
        $encoder
            .minimum_price(*minimum_price)
            .maximum_price(*maximum_price)
            .reference_price(*reference_price)
            .price_band(*price_band)
            .maximum_quantity(*maximum_quantity)
            .tick_size_mantissa(tick_size.mantissa())
            .lot_size_mantissa(lot_size.mantissa())
            .instrument_id(*id)
            .cluster_id(cluster.0)
            .symbol_zero_padded(symbol.as_bytes())
            .tick_size_exponent(tick_size.exponent())
            .lot_size_exponent(lot_size.exponent())
            .instrument_type($crate::wire::instrument::trade_type_to_wire(*instrument_type))
            .initial_state($crate::wire::instrument::state_to_wire(*state));
    }};
}

/// Reads an [`Instrument`](lugus_topology::Instrument) from a decoder that has its fields; `?` on what is wrong.
macro_rules! read_instrument {
    ($decoder:expr) => {
        lugus_topology::Instrument {
            id: $decoder.instrument_id(),
            symbol: $crate::wire::fields::text("symbol", &$decoder.symbol())?,
            instrument_type: $crate::wire::instrument::trade_type_from_wire($decoder.instrument_type())
                .ok_or($crate::WireError::Value { field: "instrumentType" })?,
            cluster: lugus_topology::ClusterId($decoder.cluster_id()),
            tick_size: lugus_topology::Decimal::new($decoder.tick_size_mantissa(), $decoder.tick_size_exponent())
                .ok_or($crate::WireError::Value { field: "tickSize" })?,
            lot_size: lugus_topology::Decimal::new($decoder.lot_size_mantissa(), $decoder.lot_size_exponent())
                .ok_or($crate::WireError::Value { field: "lotSize" })?,
            minimum_price: $decoder.minimum_price(),
            maximum_price: $decoder.maximum_price(),
            reference_price: $decoder.reference_price(),
            price_band: $decoder.price_band(),
            maximum_quantity: $decoder.maximum_quantity(),
            state: $crate::wire::instrument::state_from_wire($decoder.initial_state())
                .ok_or($crate::WireError::Value { field: "initialState" })?,
        }
    };
}

pub(super) use {read_instrument, write_instrument};

pub(super) fn trade_type_to_wire(instrument_type: InstrumentType) -> WireInstrumentType {
    match instrument_type {
        InstrumentType::Spot => WireInstrumentType::SPOT,
        InstrumentType::Futures => WireInstrumentType::FUTURES,
    }
}

pub(super) fn trade_type_from_wire(instrument_type: WireInstrumentType) -> Option<InstrumentType> {
    match instrument_type {
        WireInstrumentType::SPOT => Some(InstrumentType::Spot),
        WireInstrumentType::FUTURES => Some(InstrumentType::Futures),
        WireInstrumentType::NullVal => None,
    }
}

pub(super) fn state_to_wire(state: InstrumentState) -> WireState {
    match state {
        InstrumentState::Closed => WireState::CLOSED,
        InstrumentState::Open => WireState::OPEN,
        InstrumentState::Halted => WireState::HALTED,
        InstrumentState::Auction => WireState::AUCTION,
    }
}

pub(super) fn state_from_wire(state: WireState) -> Option<InstrumentState> {
    match state {
        WireState::CLOSED => Some(InstrumentState::Closed),
        WireState::OPEN => Some(InstrumentState::Open),
        WireState::HALTED => Some(InstrumentState::Halted),
        WireState::AUCTION => Some(InstrumentState::Auction),
        WireState::NullVal => None,
    }
}

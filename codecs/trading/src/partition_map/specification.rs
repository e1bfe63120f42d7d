//! The specification of an instrument: the same fields in a map and in a request.

use lugus_vocabulary::StepSize;

use crate::error::MessageError;

/// Writes an [`InstrumentSpecification`](lugus_vocabulary::InstrumentSpecification) into any generated encoder that has its
/// fields.
macro_rules! write_specification {
    ($encoder:expr, $specification:expr) => {{
        let lugus_vocabulary::InstrumentSpecification {
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
            // The map does not have these.
            protection: _,
            auctions: _,
        } = $specification;
        $encoder
            .minimum_price(minimum_price.0)
            .maximum_price(maximum_price.0)
            .reference_price(reference_price.0)
            .price_band(price_band.0)
            .maximum_quantity(maximum_quantity.0)
            .tick_size_mantissa(tick_size.mantissa())
            .lot_size_mantissa(lot_size.mantissa())
            .instrument_id(id.0)
            .cluster_id(cluster.0)
            .symbol_zero_padded(symbol.as_bytes())
            .tick_size_exponent(tick_size.exponent())
            .lot_size_exponent(lot_size.exponent())
            .instrument_type($crate::word::ToWire::to_wire(*instrument_type))
            .initial_state($crate::word::ToWire::to_wire(*state));
    }};
}

/// Reads an [`InstrumentSpecification`](lugus_vocabulary::InstrumentSpecification) from any generated decoder that has its
/// fields; `?` on what is wrong.
macro_rules! read_specification {
    ($decoder:expr, $template_id:expr) => {
        lugus_vocabulary::InstrumentSpecification {
            id: lugus_vocabulary::InstrumentId($decoder.instrument_id()),
            symbol: $crate::partition_map::text::padded_text(&$decoder.symbol(), $template_id, "symbol")?,
            instrument_type: $crate::word::word($decoder.instrument_type(), $template_id, "instrumentType")?,
            cluster: lugus_vocabulary::ClusterId($decoder.cluster_id()),
            tick_size: $crate::partition_map::specification::step_size(
                $decoder.tick_size_mantissa(),
                $decoder.tick_size_exponent(),
                $template_id,
                "tickSize",
            )?,
            lot_size: $crate::partition_map::specification::step_size(
                $decoder.lot_size_mantissa(),
                $decoder.lot_size_exponent(),
                $template_id,
                "lotSize",
            )?,
            minimum_price: lugus_vocabulary::Price($decoder.minimum_price()),
            maximum_price: lugus_vocabulary::Price($decoder.maximum_price()),
            reference_price: lugus_vocabulary::Price($decoder.reference_price()),
            price_band: lugus_vocabulary::Quantity($decoder.price_band()),
            maximum_quantity: lugus_vocabulary::Quantity($decoder.maximum_quantity()),
            state: $crate::word::word($decoder.initial_state(), $template_id, "initialState")?,
            protection: lugus_vocabulary::PriceProtection::NONE,
            auctions: lugus_vocabulary::AuctionRules::NONE,
        }
    };
}

pub(super) use {read_specification, write_specification};

pub(super) fn step_size(
    mantissa: i64,
    exponent: i8,
    template_id: u16,
    field: &'static str,
) -> Result<StepSize, MessageError> {
    StepSize::new(mantissa, exponent).ok_or(MessageError::Value { template_id, field })
}

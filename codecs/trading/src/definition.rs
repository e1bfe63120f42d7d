//! An instrument's definition on the wire: the same fields in the command that defines the instrument, and in a snapshot.

/// Writes an [`InstrumentDefinition`](lugus_vocabulary::InstrumentDefinition) into any generated encoder that has its fields.
macro_rules! write_definition {
    ($encoder:expr, $definition:expr) => {{
        let lugus_vocabulary::InstrumentDefinition {
            instrument,
            base,
            quote,
            instrument_type,
            minimum_price,
            maximum_price,
            reference_price,
            price_band,
            maximum_quantity,
            tick_size,
            lot_size,
            state,
            protection,
            auctions,
        } = $definition;
        $encoder
            .minimum_price(minimum_price.0)
            .maximum_price(maximum_price.0)
            .reference_price(reference_price.0)
            .price_band(price_band.0)
            .maximum_quantity(maximum_quantity.0)
            .tick_size_mantissa(tick_size.mantissa)
            .lot_size_mantissa(lot_size.mantissa)
            .instrument_id(instrument.0)
            .tick_size_exponent(tick_size.exponent)
            .lot_size_exponent(lot_size.exponent)
            .instrument_type($crate::word::ToWire::to_wire(*instrument_type))
            .state($crate::word::ToWire::to_wire(*state))
            .base(&base.0)
            .quote(&quote.0);
        $crate::protection::write_protection!($encoder, protection);
        $crate::auction_rules::write_auction_rules!($encoder, auctions)
    }};
}

/// Reads an [`InstrumentDefinition`](lugus_vocabulary::InstrumentDefinition) from any generated decoder that has its fields;
/// `?` on what is wrong. Messages of versions before these do not have the price protection, or the rules of auctions.
macro_rules! read_definition {
    ($decoder:expr, $template_id:expr, protected since $protected:literal, auctions since $auctions:literal, in $envelope:expr) => {
        lugus_vocabulary::InstrumentDefinition {
            instrument: lugus_vocabulary::InstrumentId($decoder.instrument_id()),
            base: lugus_vocabulary::Symbol($decoder.base()),
            quote: lugus_vocabulary::Symbol($decoder.quote()),
            instrument_type: $crate::word::word($decoder.instrument_type(), $template_id, "instrumentType")?,
            minimum_price: lugus_vocabulary::Price($decoder.minimum_price()),
            maximum_price: lugus_vocabulary::Price($decoder.maximum_price()),
            reference_price: lugus_vocabulary::Price($decoder.reference_price()),
            price_band: lugus_vocabulary::Quantity($decoder.price_band()),
            maximum_quantity: lugus_vocabulary::Quantity($decoder.maximum_quantity()),
            tick_size: lugus_vocabulary::Decimal {
                mantissa: $decoder.tick_size_mantissa(),
                exponent: $decoder.tick_size_exponent(),
            },
            lot_size: lugus_vocabulary::Decimal {
                mantissa: $decoder.lot_size_mantissa(),
                exponent: $decoder.lot_size_exponent(),
            },
            state: $crate::word::word($decoder.state(), $template_id, "state")?,
            protection: if $envelope.version < $protected {
                lugus_vocabulary::PriceProtection::NONE
            } else {
                $crate::protection::read_protection!($decoder, $template_id)
            },
            auctions: if $envelope.version < $auctions {
                lugus_vocabulary::AuctionRules::NONE
            } else {
                $crate::auction_rules::read_auction_rules!($decoder, $template_id)
            },
        }
    };
}

pub(crate) use {read_definition, write_definition};

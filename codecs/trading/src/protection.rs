//! What protects an instrument's prices, on the wire: the same fields in its definition, in the command that changes them, and in a
//! snapshot.

use lugus_vocabulary::{PriceWidth, PriceWidthUnit};

use crate::word::{FromWire, ToWire};

/// Writes [`PriceProtection`](lugus_vocabulary::PriceProtection) into any generated encoder that has its fields.
macro_rules! write_protection {
    ($encoder:expr, $protection:expr) => {{
        let lugus_vocabulary::PriceProtection {
            dynamic_band,
            reference_window_milliseconds,
            on_breach,
            auction_milliseconds,
            auction_collar,
            protection_points,
            beyond_points,
        } = $protection;
        $encoder
            .dynamic_band(dynamic_band.map_or(0, lugus_vocabulary::PriceWidth::number))
            .auction_collar(auction_collar.map_or(0, lugus_vocabulary::PriceWidth::number))
            .protection_points(protection_points.0)
            .reference_window(*reference_window_milliseconds)
            .auction_duration(*auction_milliseconds)
            .dynamic_band_unit($crate::word::ToWire::to_wire($crate::protection::unit(*dynamic_band)))
            .auction_collar_unit($crate::word::ToWire::to_wire($crate::protection::unit(*auction_collar)))
            .on_breach($crate::word::ToWire::to_wire(*on_breach))
            .beyond_points($crate::word::ToWire::to_wire(*beyond_points))
    }};
}

/// Reads [`PriceProtection`](lugus_vocabulary::PriceProtection) from any generated decoder that has its fields; `?` on what is
/// wrong.
macro_rules! read_protection {
    ($decoder:expr, $template_id:expr) => {
        lugus_vocabulary::PriceProtection {
            dynamic_band: $crate::protection::width(
                $crate::word::word($decoder.dynamic_band_unit(), $template_id, "dynamicBandUnit")?,
                $decoder.dynamic_band(),
            )
            .ok_or($crate::error::MessageError::Value { template_id: $template_id, field: "dynamicBand" })?,
            reference_window_milliseconds: $decoder.reference_window(),
            on_breach: $crate::word::word($decoder.on_breach(), $template_id, "onBreach")?,
            auction_milliseconds: $decoder.auction_duration(),
            auction_collar: $crate::protection::width(
                $crate::word::word($decoder.auction_collar_unit(), $template_id, "auctionCollarUnit")?,
                $decoder.auction_collar(),
            )
            .ok_or($crate::error::MessageError::Value { template_id: $template_id, field: "auctionCollar" })?,
            protection_points: lugus_vocabulary::Quantity($decoder.protection_points()),
            beyond_points: $crate::word::word($decoder.beyond_points(), $template_id, "beyondPoints")?,
        }
    };
}

pub(crate) use {read_protection, write_protection};

/// Unit of a width, if there is one.
pub(crate) fn unit(width: Option<PriceWidth>) -> Option<PriceWidthUnit> {
    width.map(PriceWidth::unit)
}

/// A width from its unit and its number; `None` if there is a number without a unit, since only one message may stand for a
/// value.
pub(crate) fn width(unit: Option<PriceWidthUnit>, number: u64) -> Option<Option<PriceWidth>> {
    match unit {
        Some(unit) => Some(Some(unit.width(number))),
        None => (number == 0).then_some(None),
    }
}

impl ToWire<u8> for Option<PriceWidthUnit> {
    fn to_wire(self) -> u8 {
        self.map_or(0, PriceWidthUnit::number)
    }
}

impl FromWire<u8> for Option<PriceWidthUnit> {
    fn from_wire(number: u8) -> Option<Self> {
        match number {
            0 => Some(None),
            number => PriceWidthUnit::from_number(number).map(Some),
        }
    }
}

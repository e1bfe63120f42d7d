//! Fields that requests and answers share: the manifest of an export, and a position in it.

use lugus_vocabulary::{ClientOrderId, ExportKind, ExportPlace, ParticipantId, TradeId};

use crate::error::MessageError;
use crate::sbe_order_entry::export_place::ExportPlace as WirePlace;

/// Writes an [`ExportManifest`](lugus_vocabulary::ExportManifest) into any generated encoder that has its fields.
macro_rules! write_manifest {
    ($encoder:expr, $manifest:expr) => {
        $encoder
            .state_hash($manifest.state_hash.0)
            .reports($manifest.reports)
            .scopes($manifest.scopes)
            .orders($manifest.orders)
    };
}

/// Reads an [`ExportManifest`](lugus_vocabulary::ExportManifest) from any generated decoder that has its fields.
macro_rules! read_manifest {
    ($decoder:expr) => {
        lugus_vocabulary::ExportManifest {
            state_hash: lugus_vocabulary::StateHash($decoder.state_hash()),
            scopes: $decoder.scopes(),
            orders: $decoder.orders(),
            reports: $decoder.reports(),
        }
    };
}

/// Writes an [`ExportCursor`](lugus_vocabulary::ExportCursor) into any generated encoder that has its fields.
macro_rules! write_cursor {
    ($encoder:expr, $cursor:expr) => {{
        let (place, participant, number) = $crate::migration::manifest::place_to_wire($cursor.kind, $cursor.place);
        $encoder
            .records($cursor.records)
            .checksum($cursor.checksum)
            .number(number)
            .participant_id(participant)
            .place(place)
    }};
}

/// Reads an [`ExportCursor`](lugus_vocabulary::ExportCursor) from any generated decoder that has its fields.
macro_rules! read_cursor {
    ($decoder:expr, $template_id:expr) => {{
        let (kind, place) = $crate::migration::manifest::place_from_wire(
            $decoder.place(),
            $decoder.participant_id(),
            $decoder.number(),
            $template_id,
        )?;
        lugus_vocabulary::ExportCursor { kind, records: $decoder.records(), checksum: $decoder.checksum(), place }
    }};
}

pub(super) use {read_cursor, read_manifest, write_cursor, write_manifest};

/// The kind of place, with its participant and its number, which are 0 where the place has none.
pub(super) fn place_to_wire(kind: ExportKind, place: ExportPlace) -> (WirePlace, u32, u64) {
    let (whole, rest, participant, number) = match place {
        ExportPlace::Start => (WirePlace::START, WirePlace::REST_START, 0, 0),
        ExportPlace::Instrument => (WirePlace::INSTRUMENT, WirePlace::REST_INSTRUMENT, 0, 0),
        ExportPlace::Trade { trade_id } => (WirePlace::TRADE, WirePlace::REST_TRADE, 0, trade_id.0),
        ExportPlace::Scope { participant, events } => {
            (WirePlace::SCOPE, WirePlace::REST_SCOPE, participant.0, events.into())
        }
        ExportPlace::Order { participant, client_order_id } => {
            (WirePlace::ORDER, WirePlace::REST_ORDER, participant.0, client_order_id.0)
        }
        // Only a rest has these.
        ExportPlace::Ended { number } => (WirePlace::REST_ENDED, WirePlace::REST_ENDED, 0, number.into()),
        ExportPlace::Changed { number } => (WirePlace::REST_CHANGED, WirePlace::REST_CHANGED, 0, number.into()),
        ExportPlace::End => (WirePlace::END, WirePlace::REST_END, 0, 0),
    };
    match kind {
        ExportKind::Whole => (whole, participant, number),
        ExportKind::Ahead => (WirePlace::AHEAD, 0, 0),
        ExportKind::Rest => (rest, participant, number),
    }
}

pub(super) fn place_from_wire(
    place: WirePlace,
    participant: u32,
    number: u64,
    template_id: u16,
) -> Result<(ExportKind, ExportPlace), MessageError> {
    let participant = ParticipantId(participant);
    let fault = |field| MessageError::Value { template_id, field };
    let count = || u32::try_from(number).map_err(|_| fault("number"));
    let kind = match place {
        WirePlace::START
        | WirePlace::INSTRUMENT
        | WirePlace::TRADE
        | WirePlace::SCOPE
        | WirePlace::ORDER
        | WirePlace::END => ExportKind::Whole,
        WirePlace::AHEAD => ExportKind::Ahead,
        _ => ExportKind::Rest,
    };
    let place = match place {
        WirePlace::START | WirePlace::REST_START | WirePlace::AHEAD => ExportPlace::Start,
        WirePlace::INSTRUMENT | WirePlace::REST_INSTRUMENT => ExportPlace::Instrument,
        WirePlace::TRADE | WirePlace::REST_TRADE => ExportPlace::Trade { trade_id: TradeId(number) },
        WirePlace::SCOPE | WirePlace::REST_SCOPE => ExportPlace::Scope { participant, events: count()? },
        WirePlace::ORDER | WirePlace::REST_ORDER => {
            ExportPlace::Order { participant, client_order_id: ClientOrderId(number) }
        }
        WirePlace::REST_ENDED => ExportPlace::Ended { number: count()? },
        WirePlace::REST_CHANGED => ExportPlace::Changed { number: count()? },
        WirePlace::END | WirePlace::REST_END => ExportPlace::End,
        WirePlace::NullVal => return Err(fault("place")),
    };
    Ok((kind, place))
}

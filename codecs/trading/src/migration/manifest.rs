//! Fields that requests and answers share: the manifest of an export, and a position in it.

use lugus_vocabulary::{ClientOrderId, ExportPlace, ParticipantId, TradeId};

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
        let (place, participant, number) = $crate::migration::manifest::place_to_wire($cursor.place);
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
    ($decoder:expr, $template_id:expr) => {
        lugus_vocabulary::ExportCursor {
            records: $decoder.records(),
            checksum: $decoder.checksum(),
            place: $crate::migration::manifest::place_from_wire(
                $decoder.place(),
                $decoder.participant_id(),
                $decoder.number(),
                $template_id,
            )?,
        }
    };
}

pub(super) use {read_cursor, read_manifest, write_cursor, write_manifest};

/// The kind of place, with its participant and its number, which are 0 where the place has none.
pub(super) fn place_to_wire(place: ExportPlace) -> (WirePlace, u32, u64) {
    match place {
        ExportPlace::Start => (WirePlace::START, 0, 0),
        ExportPlace::Instrument => (WirePlace::INSTRUMENT, 0, 0),
        ExportPlace::Trade { trade_id } => (WirePlace::TRADE, 0, trade_id.0),
        ExportPlace::Scope { participant, events } => (WirePlace::SCOPE, participant.0, events.into()),
        ExportPlace::Order { participant, client_order_id } => (WirePlace::ORDER, participant.0, client_order_id.0),
        ExportPlace::End => (WirePlace::END, 0, 0),
    }
}

pub(super) fn place_from_wire(
    place: WirePlace,
    participant: u32,
    number: u64,
    template_id: u16,
) -> Result<ExportPlace, MessageError> {
    let participant = ParticipantId(participant);
    let fault = |field| MessageError::Value { template_id, field };
    Ok(match place {
        WirePlace::START => ExportPlace::Start,
        WirePlace::INSTRUMENT => ExportPlace::Instrument,
        WirePlace::TRADE => ExportPlace::Trade { trade_id: TradeId(number) },
        WirePlace::SCOPE => {
            ExportPlace::Scope { participant, events: u32::try_from(number).map_err(|_| fault("number"))? }
        }
        WirePlace::ORDER => ExportPlace::Order { participant, client_order_id: ClientOrderId(number) },
        WirePlace::END => ExportPlace::End,
        WirePlace::NullVal => return Err(fault("place")),
    })
}

//! An operator's message of a migration, decoded.

use lugus_codecs::order_entry::{
    export_place::ExportPlace as Place, export_request_codec, import_begin_codec, import_end_codec,
    import_records_codec, migration_request_codec, migration_step::MigrationStep,
};
use lugus_codecs::{Envelope, block};
use lugus_vocabulary::{
    ClientOrderId, ExportCursor, ExportManifest, ExportPlace, InstrumentId, MapEpoch, MigrationId, ParticipantId,
    StateHash,
};

use super::{MigrationRequest, Step};
use crate::decode::Fault;

/// Whether it is one of the messages that [`decode`] reads.
pub(crate) fn is_of_migration(template_id: u16) -> bool {
    (migration_request_codec::SBE_TEMPLATE_ID..=import_end_codec::SBE_TEMPLATE_ID).contains(&template_id)
}

pub(crate) fn decode(envelope: Envelope<'_>) -> Result<MigrationRequest<'_>, Fault> {
    match envelope.template_id {
        export_request_codec::SBE_TEMPLATE_ID => export(envelope),
        import_begin_codec::SBE_TEMPLATE_ID => import_begin(envelope),
        import_records_codec::SBE_TEMPLATE_ID => import_records(envelope),
        import_end_codec::SBE_TEMPLATE_ID => import_end(envelope),
        _ => step(envelope),
    }
}

/// What all of them say, out of any of their decoders.
macro_rules! request {
    ($decoder:ident, $step:expr) => {
        Ok(MigrationRequest {
            correlation_id: $decoder.correlation_id(),
            instrument: InstrumentId($decoder.instrument_id()),
            migration: MigrationId($decoder.migration_id()),
            step: $step,
        })
    };
}

fn step(envelope: Envelope<'_>) -> Result<MigrationRequest<'_>, Fault> {
    let request = block!(envelope, order_entry, migration_request_codec, MigrationRequestDecoder);
    let step = match request.step() {
        MigrationStep::FENCE => Step::Fence,
        MigrationStep::UNFENCE => Step::Unfence,
        MigrationStep::ACTIVATE => Step::Activate,
        MigrationStep::DROP => Step::Drop { epoch: MapEpoch(request.epoch()) },
        MigrationStep::DROP_IMPORT => Step::DropImport,
        MigrationStep::NullVal => return Err(Fault::Value),
    };
    request!(request, step)
}

fn export(envelope: Envelope<'_>) -> Result<MigrationRequest<'_>, Fault> {
    let request = block!(envelope, order_entry, export_request_codec, ExportRequestDecoder);
    let participant = ParticipantId(request.participant_id());
    let place = match request.place() {
        Place::START => ExportPlace::Start,
        Place::INSTRUMENT => ExportPlace::Instrument,
        Place::SCOPE => {
            let events = u32::try_from(request.number()).map_err(|_| Fault::Value)?;
            ExportPlace::Scope { participant, events }
        }
        Place::ORDER => ExportPlace::Order { participant, client_order_id: ClientOrderId(request.number()) },
        Place::END => ExportPlace::End,
        Place::NullVal => return Err(Fault::Value),
    };
    let cursor = ExportCursor { records: request.records(), checksum: request.checksum(), place };
    request!(request, Step::Export { cursor, messages: request.messages() })
}

fn import_begin(envelope: Envelope<'_>) -> Result<MigrationRequest<'_>, Fault> {
    let request = block!(envelope, order_entry, import_begin_codec, ImportBeginDecoder);
    let manifest = ExportManifest {
        state_hash: StateHash(request.state_hash()),
        scopes: request.scopes(),
        orders: request.orders(),
        reports: request.reports(),
    };
    request!(request, Step::ImportBegin { manifest })
}

fn import_records(envelope: Envelope<'_>) -> Result<MigrationRequest<'_>, Fault> {
    let request = block!(envelope, order_entry, import_records_codec, ImportRecordsDecoder);
    let body = envelope.body(import_records_codec::SBE_TEMPLATE_ID, import_records_codec::SBE_BLOCK_LENGTH)?;
    let (exported, _) = body.var_data(body.end_of_block())?;
    request!(request, Step::ImportRecords { first: request.first_record(), exported })
}

fn import_end(envelope: Envelope<'_>) -> Result<MigrationRequest<'_>, Fault> {
    let request = block!(envelope, order_entry, import_end_codec, ImportEndDecoder);
    request!(request, Step::ImportEnd { checksum: request.checksum() })
}

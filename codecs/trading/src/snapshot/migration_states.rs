//! How far migrations are, to and from bytes.

use lugus_vocabulary::{
    ExportManifest, ImportRecord, InstrumentId, MapEpoch, MigrationId, MigrationStateKind, MigrationStateRecord,
    ParticipantId, StateHash,
};
use sbe_message::Envelope;

use super::records::known;
use crate::error::MessageError;
use crate::flags::{flags, if_flagged};
use crate::sbe_snapshot::migration_state_codec;
use crate::{block, message};

const TEMPLATE_ID: u16 = migration_state_codec::SBE_TEMPLATE_ID;

/// Without an import, all its fields are 0.
pub(super) fn encode_migration_state(record: &MigrationStateRecord, buffer: &mut [u8]) -> usize {
    let length;
    let import = record.import.unwrap_or_default();
    let (participant, scope_reports_left) = import.scope.unwrap_or_default();
    message!(buffer, sbe_snapshot, migration_state_codec, MigrationStateEncoder, length)
        .migration_id(record.migration.0)
        .epoch(record.epoch.unwrap_or_default().0)
        .state_hash(import.manifest.state_hash.0)
        .reports(import.manifest.reports)
        .records(import.records)
        .checksum(import.checksum)
        .reports_left(import.reports_left)
        .scope_reports_left(scope_reports_left)
        .instrument_id(record.instrument.0)
        .scopes(import.manifest.scopes)
        .orders(import.manifest.orders)
        .scopes_left(import.scopes_left)
        .orders_left(import.orders_left)
        .participant_id(participant.0)
        .kind(record.kind.number())
        .parts(flags([record.epoch.is_some(), record.import.is_some(), import.scope.is_some()]));
    length
}

pub(super) fn decode_migration_state(envelope: Envelope<'_>) -> Result<MigrationStateRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, migration_state_codec, MigrationStateDecoder);
    let parts = wire.parts();
    let scope = (ParticipantId(wire.participant_id()), wire.scope_reports_left());
    let import = ImportRecord {
        manifest: ExportManifest {
            state_hash: StateHash(wire.state_hash()),
            scopes: wire.scopes(),
            orders: wire.orders(),
            reports: wire.reports(),
        },
        records: wire.records(),
        checksum: wire.checksum(),
        scopes_left: wire.scopes_left(),
        orders_left: wire.orders_left(),
        reports_left: wire.reports_left(),
        scope: if_flagged(parts, 2, scope, TEMPLATE_ID, "parts")?,
    };
    let import = match parts {
        0..=1 if import == ImportRecord::default() => None,
        2..=3 | 6..=7 => Some(import),
        _ => return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "parts" }),
    };
    Ok(MigrationStateRecord {
        instrument: InstrumentId(wire.instrument_id()),
        kind: known(MigrationStateKind::from_number(wire.kind()), TEMPLATE_ID, "kind")?,
        migration: MigrationId(wire.migration_id()),
        epoch: if_flagged(parts, 0, MapEpoch(wire.epoch()), TEMPLATE_ID, "epoch")?,
        import,
    })
}

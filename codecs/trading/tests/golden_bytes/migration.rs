//! Golden bytes of the move of an instrument between clusters.

use lugus_codecs::migration::*;
use lugus_vocabulary::*;

use crate::golden::Golden;
use crate::{INSTRUMENT, MANIFEST, PARTICIPANT, open};

const CURSOR: ExportCursor = ExportCursor {
    kind: ExportKind::Whole,
    records: 105,
    checksum: 106,
    place: ExportPlace::Scope { participant: PARTICIPANT, events: 107 },
};

#[test]
fn requests_and_answers() {
    let golden = Golden::of("migration.");
    let records: &[u8] = &[1, 2, 3];
    for (name, step) in [
        ("migration.fence", MigrationStep::Fence),
        ("migration.unfence", MigrationStep::Unfence),
        ("migration.export", MigrationStep::Export { cursor: CURSOR, messages: 16 }),
        ("migration.import_begin", MigrationStep::ImportBegin { manifest: MANIFEST }),
        ("migration.import_records", MigrationStep::ImportRecords { first_record: 108, records }),
        ("migration.import_end", MigrationStep::ImportEnd { checksum: 109 }),
        ("migration.activate", MigrationStep::Activate),
        ("migration.drop", MigrationStep::Drop { epoch: MapEpoch(110) }),
        ("migration.drop_import", MigrationStep::DropImport),
        ("migration.import_ahead", MigrationStep::ImportAhead),
        (
            "migration.export_rest",
            MigrationStep::Export { cursor: ExportCursor { kind: ExportKind::Rest, ..CURSOR }, messages: 16 },
        ),
        (
            "migration.import_complete",
            MigrationStep::ImportComplete { manifest: MANIFEST, records: 119, checksum: 120 },
        ),
    ] {
        let request =
            MigrationRequest { correlation_id: 111, instrument: INSTRUMENT, migration: MigrationId(112), step };
        // Read as owned bytes, as the message ends with the closure.
        let told = format!("{:?}", Some(request));
        golden.check(name, &told, &encode_migration_request(&request), |message| {
            format!("{:?}", decode_migration_request(open(message)).expect("a request"))
        });
    }
    let mut buffer = Vec::new();
    let report = MigrationReport {
        correlation_id: 113,
        instrument: INSTRUMENT,
        migration: MigrationId(114),
        outcome: MigrationOutcome::Gap,
        detail: 115,
        manifest: MANIFEST,
    };
    let told = format!("{:?}", Some(MigrationAnswer::<&[u8]>::Report(report)));
    golden.check("migration.report", &told, encode_migration_report(&report, &mut buffer), |message| {
        format!("{:?}", decode_migration_answer(open(message)).expect("an answer"))
    });
    let exported = ExportedRecords {
        correlation_id: 116,
        instrument: INSTRUMENT,
        migration: MigrationId(117),
        first_record: 118,
        cursor: CURSOR,
        records,
    };
    let told = format!("{:?}", Some(MigrationAnswer::Exported(exported)));
    golden.check("migration.exported_records", &told, encode_exported_records(&exported, &mut buffer), |message| {
        format!("{:?}", decode_migration_answer(open(message)).expect("an answer"))
    });
    golden.finish();
}

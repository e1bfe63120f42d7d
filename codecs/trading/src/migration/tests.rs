//! What must hold of every message of a migration, and of runs of records.

use lugus_vocabulary::{
    ExportRecord, ExportedRecords, InstrumentId, MigrationOutcome, MigrationReport, MigrationRequest, MigrationStep,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sbe_message::Envelope;

use super::records::MAXIMUM_RUN_LENGTH;
use super::records::reader::RecordReader;
use super::records::writer::RecordWriter;
use super::*;
use crate::sbe_order_entry::SBE_SCHEMA_ID;
use crate::testing::records::{cursor, epoch, exported_record, manifest, migration};
use crate::testing::{Codec, damage, instrument, nearly_a_message};

const REQUESTS: Codec<MigrationRequest<Vec<u8>>> = Codec {
    encode: encode_migration_request,
    decode: |message| {
        let envelope = Envelope::open(message)?;
        let request = decode_migration_request(envelope)?.map(owned);
        assert_eq!(request.is_some(), is_migration_request(envelope.template_id));
        Ok(request)
    },
};

fn owned(request: MigrationRequest<&[u8]>) -> MigrationRequest<Vec<u8>> {
    let MigrationRequest { correlation_id, instrument, migration, step } = request;
    let step = match step {
        MigrationStep::Fence => MigrationStep::Fence,
        MigrationStep::Unfence => MigrationStep::Unfence,
        MigrationStep::Export { cursor, messages } => MigrationStep::Export { cursor, messages },
        MigrationStep::ImportBegin { manifest } => MigrationStep::ImportBegin { manifest },
        MigrationStep::ImportRecords { first_record, records } => {
            MigrationStep::ImportRecords { first_record, records: records.to_vec() }
        }
        MigrationStep::ImportEnd { checksum } => MigrationStep::ImportEnd { checksum },
        MigrationStep::Activate => MigrationStep::Activate,
        MigrationStep::Drop { epoch } => MigrationStep::Drop { epoch },
        MigrationStep::DropImport => MigrationStep::DropImport,
        MigrationStep::ImportAhead => MigrationStep::ImportAhead,
        MigrationStep::ImportComplete { manifest, records, checksum } => {
            MigrationStep::ImportComplete { manifest, records, checksum }
        }
    };
    MigrationRequest { correlation_id, instrument, migration, step }
}

const ANSWERS: Codec<MigrationAnswer<Vec<u8>>> = Codec {
    encode: |answer| {
        let mut buffer = vec![0xaa; 9];
        match answer {
            MigrationAnswer::Report(report) => encode_migration_report(report, &mut buffer).to_vec(),
            MigrationAnswer::Exported(exported) => encode_exported_records(exported, &mut buffer).to_vec(),
        }
    },
    decode: |message| {
        Ok(decode_migration_answer(Envelope::open(message)?)?.map(|answer| match answer {
            MigrationAnswer::Report(report) => MigrationAnswer::Report(report),
            MigrationAnswer::Exported(exported) => MigrationAnswer::Exported(exported.map_records(<[u8]>::to_vec)),
        }))
    },
};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..100)
}

fn request() -> impl Strategy<Value = MigrationRequest<Vec<u8>>> {
    let step = prop_oneof![
        Just(MigrationStep::Fence),
        Just(MigrationStep::Unfence),
        (cursor(), any::<u16>()).prop_map(|(cursor, messages)| MigrationStep::Export { cursor, messages }),
        manifest().prop_map(|manifest| MigrationStep::ImportBegin { manifest }),
        (any::<u64>(), bytes())
            .prop_map(|(first_record, records)| MigrationStep::ImportRecords { first_record, records }),
        any::<u64>().prop_map(|checksum| MigrationStep::ImportEnd { checksum }),
        Just(MigrationStep::Activate),
        epoch().prop_map(|epoch| MigrationStep::Drop { epoch }),
        Just(MigrationStep::DropImport),
        Just(MigrationStep::ImportAhead),
        (manifest(), any::<u64>(), any::<u64>()).prop_map(|(manifest, records, checksum)| {
            MigrationStep::ImportComplete { manifest, records, checksum }
        }),
    ];
    (any::<u64>(), instrument(), migration(), step).prop_map(|(correlation_id, instrument, migration, step)| {
        MigrationRequest { correlation_id, instrument, migration, step }
    })
}

fn answer() -> impl Strategy<Value = MigrationAnswer<Vec<u8>>> {
    let asked = || (any::<u64>(), instrument(), migration());
    prop_oneof![
        (asked(), select(MigrationOutcome::ALL), any::<u64>(), manifest()).prop_map(
            |((correlation_id, instrument, migration), outcome, detail, manifest)| {
                let report = MigrationReport { correlation_id, instrument, migration, outcome, detail, manifest };
                MigrationAnswer::Report(report)
            }
        ),
        (asked(), any::<u64>(), cursor(), bytes()).prop_map(
            |((correlation_id, instrument, migration), first_record, cursor, records)| {
                let exported = ExportedRecords { correlation_id, instrument, migration, first_record, cursor, records };
                MigrationAnswer::Exported(exported)
            }
        ),
    ]
}

const INSTRUMENT: InstrumentId = InstrumentId(7);

fn written(records: &[ExportRecord]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = RecordWriter::new(&mut bytes);
    records.iter().for_each(|record| writer.put(record));
    bytes
}

fn records() -> impl Strategy<Value = Vec<ExportRecord>> {
    vec(exported_record(INSTRUMENT), 0..30)
}

proptest! {
    #[test]
    fn requests_survive_encoding_and_decoding(request in request(), damage in damage()) {
        REQUESTS.check(&request, &damage);
    }

    #[test]
    fn answers_survive_encoding_and_decoding(answer in answer(), damage in damage()) {
        ANSWERS.check(&answer, &damage);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(message in nearly_a_message(SBE_SCHEMA_ID)) {
        let _ = (REQUESTS.decode)(&message);
        let _ = (ANSWERS.decode)(&message);
    }

    #[test]
    fn runs_are_read_as_they_were_written(records in records()) {
        let bytes = written(&records);
        let mut reader = RecordReader::new(INSTRUMENT, &bytes);
        prop_assert!(reader.by_ref().eq(records.iter().copied()));
        prop_assert!(!reader.is_damaged());
    }

    #[test]
    fn a_cut_run_has_fewer_records(records in records(), at: prop::sample::Index) {
        let bytes = written(&records);
        let length = at.index(bytes.len().max(1));
        let read: Vec<_> = RecordReader::new(INSTRUMENT, &bytes[..length]).collect();
        prop_assert_eq!(&read[..], &records[..read.len()]);
        prop_assert!(read.len() < records.len() || bytes.is_empty());
    }

    #[test]
    fn no_altered_run_makes_a_reader_panic(
        records in records(), flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), more in bytes()
    ) {
        let mut bytes = written(&records);
        bytes.extend(more);
        for (at, bits) in flips {
            let at = at.index(bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bits;
            }
        }
        // What is read is written and read again as the same.
        let read: Vec<_> = RecordReader::new(INSTRUMENT, &bytes).collect();
        prop_assert!(RecordReader::new(INSTRUMENT, &written(&read)).eq(read));
    }

    #[test]
    fn a_writer_with_room_stays_within_the_longest_run(records in vec(exported_record(INSTRUMENT), 1..30)) {
        let mut bytes = vec![1, 2, 3];
        let mut writer = RecordWriter::new(&mut bytes);
        let mut written = 0;
        for record in records.iter().cycle().take(2_000) {
            if !writer.has_room() {
                break;
            }
            writer.put(record);
            written += 1;
        }
        prop_assert!(written < 2_000 || bytes.len() < MAXIMUM_RUN_LENGTH);
        prop_assert!(bytes.len() <= 3 + MAXIMUM_RUN_LENGTH);
        prop_assert_eq!(RecordReader::new(INSTRUMENT, &bytes[3..]).count(), written);
    }
}

//! Snapshots: bytes are refused, or are those of a state whose invariants hold. Checksums and hashes are set right first: they tell
//! damage, and a program of another version, or a disk, may have made any state.

use lugus_codecs::snapshot::{FragmentPacker, RecordDecoder, SnapshotMessage};
use lugus_engine::{Engine, EngineLimits, Restore, SnapshotFault};
use lugus_vocabulary::SnapshotRecord;

use crate::arbitrary_commands::{self, LIMITS};
use crate::golden;

/// Greatest number of records that are read from an input.
const RECORDS: usize = 4_096;

pub(crate) fn run(bytes: &[u8]) {
    let mut records = records(bytes);
    if let Some(engine) = load(&mut records) {
        engine.verify().unwrap_or_else(|error| panic!("{error} after a snapshot was loaded: {records:?}"));
        let again = load(&mut records_of(&engine)).expect("a snapshot of what was loaded");
        assert_eq!(again.state_hash(), engine.state_hash());
    }
}

/// The records at the beginning of the bytes, as far as they can be read.
fn records(mut bytes: &[u8]) -> Vec<SnapshotRecord> {
    let (mut decoder, mut records) = (RecordDecoder::default(), Vec::new());
    while !bytes.is_empty() && records.len() < RECORDS {
        let Ok((message, rest)) = decoder.decode(bytes) else { break };
        bytes = rest;
        if let Some(SnapshotMessage::Record(record)) = message {
            records.push(record);
        }
    }
    records
}

/// Loads records whose checksum and hash are set right.
fn load(records: &mut [SnapshotRecord]) -> Option<Engine> {
    for _ in 0..4 {
        match loaded(records) {
            Ok(engine) => return Some(engine),
            Err(SnapshotFault::Checksum { calculated, .. }) => {
                let Some(SnapshotRecord::End { checksum, .. }) = records.last_mut() else { return None };
                *checksum = calculated;
            }
            Err(SnapshotFault::StateHash { calculated, .. }) => {
                let Some(SnapshotRecord::Header(header)) = records.first_mut() else { return None };
                header.state_hash = calculated;
            }
            Err(_) => return None,
        }
    }
    None
}

fn loaded(records: &[SnapshotRecord]) -> Result<Engine, SnapshotFault> {
    let mut restore = Restore::new(EngineLimits { participants: 16, ..LIMITS });
    for record in records {
        restore.record(record).map_err(|error| error.fault)?;
    }
    restore.finish().map_err(|error| error.fault)
}

fn records_of(engine: &Engine) -> Vec<SnapshotRecord> {
    let mut records = Vec::new();
    let Ok(()) = engine.snapshot(&mut |record| {
        records.push(*record);
        Ok::<(), std::convert::Infallible>(())
    });
    records
}

/// Single messages of all versions, and whole snapshots of engines that were traded on.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = golden::messages(&["snapshot.", "on_disconnect.snapshot"]);
    for seed in 1..=24_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let commands: Vec<u8> = [0, 1, 1, 3, 5, 3, 3, 7, 7].into_iter().chain((0..60 * seed).map(next)).collect();
        let engine = arbitrary_commands::apply(&commands);
        let mut bytes = Vec::new();
        let mut packer = FragmentPacker::new(32 * 1024);
        let collect = &mut |fragment: &[u8]| {
            bytes.extend_from_slice(fragment);
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(()) = engine.snapshot(&mut |record| packer.record(record, collect));
        let Ok(()) = packer.finish(collect);
        seeds.push(bytes);
    }
    seeds
}

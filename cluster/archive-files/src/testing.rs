//! Writes the files of an archive and a recording log, as Aeron does, for the tests of what reads them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::{DESCRIPTOR_LENGTH, HEADER_LENGTH as CATALOG_HEADER_LENGTH, NULL_POSITION, VALID};
use crate::frame_header::{ALIGNMENT, HEADER_LENGTH};
use crate::recording_log::{ENTRY_ALIGNMENT, ENTRY_LENGTH, RECORDING_LOG, SNAPSHOT, Snapshot, TERM, Term};

/// Length of a term and of a segment file in the recordings of a test, in bytes.
pub const TERM_LENGTH: usize = 64 * 1024;
/// Longest payload of a frame in the recordings of a test, in bytes. A longer message takes several frames.
pub const MAX_PAYLOAD_LENGTH: usize = 1376;

/// Channel of the recordings of a test.
pub const CHANNEL: &str = "aeron:ipc?alias=log";
/// Address from which their source sends.
pub const SOURCE_IDENTITY: &str = "127.0.0.1:40001";
/// When they began, in milliseconds since 1970.
pub const START_TIMESTAMP: i64 = 1_000;
/// When they ended, in milliseconds since 1970, if the archive has noted it.
pub const STOP_TIMESTAMP: i64 = 2_000;

const STREAM_ID: i32 = 100;
const INITIAL_TERM_ID: i32 = 17;

/// A recording that a test appends messages to.
#[derive(Debug)]
pub struct WrittenRecording {
    id: i64,
    start: usize,
    bytes: Vec<u8>,
}

impl WrittenRecording {
    /// An empty recording with this number.
    pub fn new(id: i64) -> Self {
        Self { id, start: 0, bytes: Vec::new() }
    }

    /// Appends a message; returns the position after it.
    pub fn append(&mut self, message: &[u8]) -> i64 {
        let parts: Vec<&[u8]> = message.chunks(MAX_PAYLOAD_LENGTH).collect();
        // All frames of a message are in one term, as Aeron appends them.
        let aligned = |part: &&[u8]| (HEADER_LENGTH + part.len()).next_multiple_of(ALIGNMENT);
        self.pad_unless_room_for(parts.iter().map(aligned).sum());
        for (i, part) in parts.iter().enumerate() {
            let begin = if i == 0 { 0x80 } else { 0 };
            let end = if i + 1 == parts.len() { 0x40 } else { 0 };
            self.frame(part, begin | end);
        }
        self.bytes.len() as i64
    }

    /// Position after the last message, in bytes.
    pub fn position(&self) -> i64 {
        self.bytes.len() as i64
    }

    /// Purges the segment files before the one that has this position.
    pub fn purge(&mut self, position: i64) {
        self.start = position as usize & !(TERM_LENGTH - 1);
    }

    /// Ends the term with padding unless it has room for this number of bytes.
    fn pad_unless_room_for(&mut self, length: usize) {
        let rest = TERM_LENGTH - self.bytes.len() % TERM_LENGTH;
        if length > rest {
            self.header(rest, 0xc0, 0, 0);
            self.bytes.resize(self.bytes.len() + rest - HEADER_LENGTH, 0);
        }
    }

    fn frame(&mut self, payload: &[u8], flags: u8) {
        let length = HEADER_LENGTH + payload.len();
        let mut padded = payload.to_vec();
        padded.resize(length.next_multiple_of(ALIGNMENT) - HEADER_LENGTH, 0);
        self.header(length, flags, 1, crc32c::crc32c(&padded).cast_signed());
        self.bytes.extend(padded);
    }

    fn header(&mut self, length: usize, flags: u8, kind: u16, session_id: i32) {
        let position = self.bytes.len();
        let fields = [
            (length as i32).to_le_bytes(),
            [0, flags, kind.to_le_bytes()[0], kind.to_le_bytes()[1]],
            ((position % TERM_LENGTH) as i32).to_le_bytes(),
            session_id.to_le_bytes(),
            STREAM_ID.to_le_bytes(),
            (INITIAL_TERM_ID + (position / TERM_LENGTH) as i32).to_le_bytes(),
        ];
        self.bytes.extend(fields.concat());
        self.bytes.extend([0; 8]);
    }

    fn descriptor(&self, stop_position: i64) -> Vec<u8> {
        let mut descriptor = vec![0; DESCRIPTOR_LENGTH];
        let mut put = |offset: usize, bytes: &[u8]| descriptor[offset..offset + bytes.len()].copy_from_slice(bytes);
        put(16, &self.id.to_le_bytes());
        put(40, &(self.start as i64).to_le_bytes());
        put(48, &stop_position.to_le_bytes());
        put(56, &INITIAL_TERM_ID.to_le_bytes());
        put(60, &(TERM_LENGTH as i32).to_le_bytes());
        put(64, &(TERM_LENGTH as i32).to_le_bytes());
        put(24, &START_TIMESTAMP.to_le_bytes());
        put(32, &STOP_TIMESTAMP.to_le_bytes());
        put(68, &((HEADER_LENGTH + MAX_PAYLOAD_LENGTH) as i32).to_le_bytes());
        put(76, &STREAM_ID.to_le_bytes());
        for text in [CHANNEL, CHANNEL, SOURCE_IDENTITY] {
            descriptor.extend((text.len() as i32).to_le_bytes());
            descriptor.extend(text.bytes());
        }
        let mut entry = vec![0; CATALOG_HEADER_LENGTH];
        entry[..4].copy_from_slice(&(descriptor.len() as i32).to_le_bytes());
        entry[4..8].copy_from_slice(&VALID.to_le_bytes());
        entry.extend(descriptor);
        entry.resize(entry.len().next_multiple_of(ENTRY_ALIGNMENT), 0);
        entry
    }
}

/// How an archive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has noted where its recordings end.
    Ordered,
    /// It was killed.
    Killed,
}

/// Writes the catalog and the segment files of `recordings` into `dir`.
///
/// # Errors
/// The file system's.
pub fn write_archive(dir: &Path, recordings: &[&WrittenRecording], end: End) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut catalog = vec![0; CATALOG_HEADER_LENGTH];
    catalog[16..20].copy_from_slice(&(ENTRY_ALIGNMENT as i32).to_le_bytes());
    for recording in recordings {
        let stop = if end == End::Killed { NULL_POSITION } else { recording.position() };
        catalog.extend(recording.descriptor(stop));
        for (i, part) in recording.bytes.chunks(TERM_LENGTH).enumerate().skip(recording.start / TERM_LENGTH) {
            let mut part = part.to_vec();
            part.resize(TERM_LENGTH, 0);
            fs::write(segment_path(dir, recording.id, i), part)?;
        }
    }
    // The archive makes its catalog longer than what it holds.
    catalog.resize(catalog.len() + 1024, 0);
    fs::write(dir.join("archive.catalog"), catalog)
}

/// The segment file with this number, from 0, of a recording of `write_archive`.
pub fn segment_path(dir: &Path, recording_id: i64, segment: usize) -> PathBuf {
    dir.join(format!("{recording_id}-{}.rec", segment * TERM_LENGTH))
}

/// Writes a recording log into the folder `dir` of a consensus module.
///
/// # Errors
/// The file system's.
pub fn write_recording_log(dir: &Path, terms: &[Term], snapshots: &[Snapshot]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut bytes = Vec::new();
    let mut entry = |numbers: [i64; 5], service_id: i32, kind: i32| {
        let begin = bytes.len();
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.extend(service_id.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        debug_assert_eq!(bytes.len() - begin, ENTRY_LENGTH);
        bytes.resize(begin + ENTRY_ALIGNMENT, 0);
    };
    for term in terms {
        entry([term.recording_id, term.leadership_term_id, term.base_log_position, -1, 0], -1, TERM);
    }
    for snapshot in snapshots {
        let Snapshot { recording_id, leadership_term_id, log_position, timestamp, service_id } = *snapshot;
        entry([recording_id, leadership_term_id, 0, log_position, timestamp], service_id, SNAPSHOT);
    }
    fs::write(dir.join(RECORDING_LOG), bytes)
}

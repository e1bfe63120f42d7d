//! The newest snapshot of a member's service in its archive, written anew as another version of the program would have written it.

use std::fs;

use aeron_archive_files::{Recording, RecordingLog};
use lugus_codecs::snapshot::{RecordDecoder, SnapshotMessage, encode_record, encode_session, encode_timer};
use lugus_codecs::{Envelope, HEADER_LENGTH};
use lugus_topology::MemberSpec;

use super::altered_log::{FRAME_CHECKSUM, FRAME_HEADER, aligned, checksum, number};

/// Schemas of the messages of a service's snapshot, and the version of the first before records came in runs.
const SNAPSHOT_SCHEMA: u16 = 204;
const WITHOUT_RUNS: u16 = 2;
/// Schema of Aeron's own messages at the beginning, and template of the marks at which they begin and end.
const CLUSTER_SCHEMA: u16 = 111;
const SNAPSHOT_MARKER: u16 = 100;
/// Largest payload of a frame, in bytes.
const MAXIMUM_PAYLOAD: usize = 1_376;
/// Offsets of fields in a frame's header, and what they may be (`DataHeaderFlyweight`).
const FLAGS: usize = 5;
const TYPE: usize = 6;
const TERM_OFFSET: usize = 8;
const TERM_ID: usize = 20;
const DATA: u16 = 1;
const PADDING: u16 = 0;
const BEGINS: u8 = 0x80;
const ENDS: u8 = 0x40;

/// The newest snapshot of a member that does not run.
pub struct ArchivedSnapshot {
    recording: Recording,
    segment: Vec<u8>,
    /// Aeron's own messages, then those of the service.
    messages: [Vec<Vec<u8>>; 2],
}

impl ArchivedSnapshot {
    /// Reads the newest snapshot.
    pub fn read(member: &MemberSpec) -> Self {
        let log = RecordingLog::read(&member.cluster_dir).expect("a recording log");
        let newest = log.snapshots_of(0).next_back().expect("a snapshot of the service");
        let recording = Recording::find(&member.archive_dir, newest.recording_id).expect("its recording");
        let stop = recording.stop_position.expect("it has ended");
        assert!(recording.start_position == 0 && stop < recording.segment_length, "it has one segment");
        let segment = fs::read(recording.segment_path(0)).expect("its segment");
        let mut messages: Vec<Vec<u8>> = Vec::new();
        let mut at = 0;
        while at < stop as usize {
            let length = number(&segment, at).expect("a frame");
            let frame = &segment[at..at + length as usize];
            if frame[TYPE] == DATA as u8 {
                if frame[FLAGS] & BEGINS != 0 {
                    messages.push(Vec::new());
                }
                messages.last_mut().expect("a message has begun").extend_from_slice(&frame[FRAME_HEADER..]);
            }
            at += aligned(length);
        }
        let is_marker = |message: &Vec<u8>| {
            let envelope = Envelope::open(message).expect("a message");
            (envelope.schema_id, envelope.template_id) == (CLUSTER_SCHEMA, SNAPSHOT_MARKER)
        };
        let end = messages.iter().rposition(is_marker).expect("the end of Aeron's own part");
        let of_service = messages.split_off(end + 1);
        Self { recording, segment, messages: [messages, of_service] }
    }

    /// Versions of the messages of the snapshot's own schema that begin its fragments.
    pub fn versions(&self) -> Vec<u16> {
        let envelopes = self.messages[1].iter().filter_map(|fragment| Envelope::open(fragment).ok());
        let mut versions: Vec<u16> =
            envelopes.filter(|message| message.schema_id == SNAPSHOT_SCHEMA).map(|message| message.version).collect();
        versions.dedup();
        versions
    }

    /// Writes it as the version before wrote it: each record in its own message, and no active version of order entry.
    pub fn write_without_runs(mut self) {
        let mut decoder = RecordDecoder::default();
        let mut fragments = Vec::new();
        for fragment in std::mem::take(&mut self.messages[1]) {
            let (mut rest, mut written) = (&fragment[..], Vec::new());
            while !rest.is_empty() {
                let (message, left) = decoder.decode(rest).expect("a message of a snapshot");
                rest = left;
                let buffer = &mut [0; lugus_codecs::snapshot::MAXIMUM_RECORD_LENGTH];
                let bytes = match message {
                    Some(SnapshotMessage::Session(session)) => encode_session(&session, buffer),
                    Some(SnapshotMessage::Timer(timer)) => encode_timer(&timer, buffer),
                    Some(SnapshotMessage::Record(record)) => encode_record(&record, buffer),
                    Some(SnapshotMessage::ProtocolVersion(_)) | None => continue,
                };
                written.extend_from_slice(bytes);
                if written.len() > 30_000 {
                    fragments.push(of_version(std::mem::take(&mut written), WITHOUT_RUNS));
                }
            }
            fragments.push(of_version(written, WITHOUT_RUNS));
        }
        fragments.retain(|fragment| !fragment.is_empty());
        self.messages[1] = fragments;
        self.write();
    }

    /// Writes it with a later version in its first message.
    pub fn write_as_of_version(mut self, version: u16) {
        self.messages[1][0][6..8].copy_from_slice(&version.to_le_bytes());
        self.write();
    }

    fn write(self) {
        let Self { recording, segment, messages } = self;
        let term_length = recording.term_length as usize;
        let first = &segment[..FRAME_HEADER];
        let mut bytes = Vec::new();
        for message in messages.concat() {
            let count = message.len().div_ceil(MAXIMUM_PAYLOAD);
            for (index, payload) in message.chunks(MAXIMUM_PAYLOAD).enumerate() {
                let room = term_length - bytes.len() % term_length;
                if aligned((FRAME_HEADER + payload.len()) as u32) > room {
                    put_frame(&mut bytes, &recording, first, (PADDING, BEGINS | ENDS), &vec![0; room - FRAME_HEADER]);
                }
                let begins = if index == 0 { BEGINS } else { 0 };
                let ends = if index + 1 == count { ENDS } else { 0 };
                put_frame(&mut bytes, &recording, first, (DATA, begins | ends), payload);
            }
        }
        let stop = bytes.len();
        assert!(stop <= segment.len(), "it needs more than one segment: {stop} bytes");
        bytes.resize(segment.len(), 0);
        fs::write(recording.segment_path(0), bytes).expect("written");
        set_stop_position(&recording, stop as i64);
    }
}

/// A run of messages, of which those of a snapshot's own schema get this version.
fn of_version(mut run: Vec<u8>, version: u16) -> Vec<u8> {
    let mut at = 0;
    while at < run.len() {
        let envelope = Envelope::open(&run[at..]).expect("a message");
        let (schema, length) = (envelope.schema_id, HEADER_LENGTH + usize::from(envelope.block_length));
        if schema == SNAPSHOT_SCHEMA {
            run[at + 6..at + 8].copy_from_slice(&version.to_le_bytes());
        }
        at += length;
    }
    run
}

fn put_frame(bytes: &mut Vec<u8>, recording: &Recording, like: &[u8], (kind, flags): (u16, u8), payload: &[u8]) {
    let (at, term_length) = (bytes.len(), recording.term_length as usize);
    let length = (FRAME_HEADER + payload.len()) as u32;
    bytes.extend_from_slice(&like[..FRAME_HEADER]);
    bytes.extend_from_slice(payload);
    bytes.resize(at + aligned(length), 0);
    let frame = &mut bytes[at..];
    frame[..4].copy_from_slice(&length.to_le_bytes());
    frame[FLAGS] = flags;
    frame[TYPE..TYPE + 2].copy_from_slice(&kind.to_le_bytes());
    frame[TERM_OFFSET..TERM_OFFSET + 4].copy_from_slice(&((at % term_length) as u32).to_le_bytes());
    let term_id = recording.initial_term_id.wrapping_add((at / term_length) as i32);
    frame[TERM_ID..TERM_ID + 4].copy_from_slice(&term_id.to_le_bytes());
    let sum = checksum(frame);
    frame[FRAME_CHECKSUM..FRAME_CHECKSUM + 4].copy_from_slice(&sum.to_le_bytes());
}

/// Sets where a recording ends in the catalog (`Catalog`, `RecordingDescriptor`): a descriptor begins with lengths and ids, and each
/// field has kept its place through all versions.
fn set_stop_position(recording: &Recording, stop: i64) {
    const HEADER: usize = 32;
    const ALIGNMENT: usize = 16;
    const RECORDING_ID: usize = HEADER + 16;
    const STOP_POSITION: usize = HEADER + 48;
    let path = recording.dir.join("archive.catalog");
    let mut catalog = fs::read(&path).expect("a catalog");
    let alignment = number(&catalog, ALIGNMENT).expect("an alignment") as usize;
    let mut at = HEADER;
    while let Some(length) = number(&catalog, at).filter(|length| *length > 0) {
        let id = i64::from_le_bytes(catalog[at + RECORDING_ID..][..8].try_into().expect("eight bytes"));
        if id == recording.id {
            catalog[at + STOP_POSITION..][..8].copy_from_slice(&stop.to_le_bytes());
            fs::write(&path, catalog).expect("written");
            return;
        }
        at += (HEADER + length as usize).next_multiple_of(alignment);
    }
    panic!("{} has no recording {}", path.display(), recording.id);
}

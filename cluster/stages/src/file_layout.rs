//! Bytes of the ring file: a header, then slots for records. All numbers are little-endian.
//!
//! Header of 64 bytes: magic (8), version (u32), length of a record (u32), number of slots (u64), one command in how many (u32),
//! cluster (i32), member (i32), zeros.
//!
//! A record is twelve words of 8 bytes: its number from 1 on; log position; log time; the times of commit, poll, engine's begin,
//! answer, offer and end, 0 for none; participant (low half) and instrument (high half); client sequence; a check word of the
//! eleven words before. Record number n is in slot (n - 1) modulo the number of slots. A record whose check word does not match is
//! no record: its slot is empty, or was being written when the process was killed or the file was read.

use lugus_vocabulary::{ClientSequence, ClusterId, EpochNanos, InstrumentId, LogPosition, MemberId, ParticipantId};

use crate::record::{StageRecord, StageSource};

/// Length of a record in the file, in bytes.
pub const RECORD_LENGTH: usize = WORDS * WORD;

/// Greatest number of records that a file has room for: 96 MiB.
pub const MAXIMUM_CAPACITY: u32 = 1 << 20;

/// Length of the header, in bytes.
pub(crate) const HEADER_LENGTH: usize = 64;

const MAGIC: [u8; 8] = *b"LugStage";
const VERSION: u32 = 1;
const WORD: usize = 8;
const WORDS: usize = 12;
/// Multiplier of the check word: 2^64 divided by the golden ratio, which is odd.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Number of slots and source of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) capacity: u64,
    pub(crate) source: StageSource,
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; HEADER_LENGTH] {
        let StageSource { cluster, member, every } = self.source;
        let mut bytes = [0; HEADER_LENGTH];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(RECORD_LENGTH as u32).to_le_bytes());
        bytes[16..24].copy_from_slice(&self.capacity.to_le_bytes());
        bytes[24..28].copy_from_slice(&every.to_le_bytes());
        bytes[28..32].copy_from_slice(&cluster.0.to_le_bytes());
        bytes[32..36].copy_from_slice(&member.0.to_le_bytes());
        bytes
    }

    /// The header at the beginning of a file of this version; `None` for another file.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (record_length, rest) = rest.split_first_chunk::<4>()?;
        let (capacity, rest) = rest.split_first_chunk::<8>()?;
        let (every, rest) = rest.split_first_chunk::<4>()?;
        let (cluster, rest) = rest.split_first_chunk::<4>()?;
        let (member, _) = rest.split_first_chunk::<4>()?;
        let is_ours = *magic == MAGIC
            && u32::from_le_bytes(*version) == VERSION
            && u32::from_le_bytes(*record_length) as usize == RECORD_LENGTH;
        is_ours.then(|| Self {
            capacity: u64::from_le_bytes(*capacity),
            source: StageSource {
                cluster: ClusterId(i32::from_le_bytes(*cluster)),
                member: MemberId(i32::from_le_bytes(*member)),
                every: u32::from_le_bytes(*every),
            },
        })
    }
}

/// The bytes of record number `number`.
#[inline]
pub(crate) fn encode(number: u64, record: &StageRecord) -> [u8; RECORD_LENGTH] {
    let mut words = [
        number,
        record.log_position.0.cast_unsigned(),
        record.logged.0.cast_unsigned(),
        record.committed.0.cast_unsigned(),
        record.polled.0.cast_unsigned(),
        record.engine_begun.0.cast_unsigned(),
        optional_word(record.answered),
        optional_word(record.offered),
        record.applied.0.cast_unsigned(),
        u64::from(record.participant.0) | u64::from(record.instrument.0) << 32,
        record.client_sequence.0,
        0,
    ];
    words[WORDS - 1] = check(&words);
    let mut bytes = [0; RECORD_LENGTH];
    for (slot, word) in bytes.chunks_exact_mut(WORD).zip(words) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The record in a slot, and its number; `None` if its check word does not match.
pub(crate) fn decode(bytes: &[u8; RECORD_LENGTH]) -> Option<(u64, StageRecord)> {
    let mut words = [0; WORDS];
    for (word, slot) in words.iter_mut().zip(bytes.as_chunks::<WORD>().0) {
        *word = u64::from_le_bytes(*slot);
    }
    let time = |word: usize| EpochNanos(words[word].cast_signed());
    let optional_time = |word: usize| (words[word] != 0).then(|| time(word));
    let record = StageRecord {
        log_position: LogPosition(words[1].cast_signed()),
        logged: time(2),
        committed: time(3),
        polled: time(4),
        engine_begun: time(5),
        answered: optional_time(6),
        offered: optional_time(7),
        applied: time(8),
        participant: ParticipantId(words[9] as u32),
        instrument: InstrumentId((words[9] >> 32) as u32),
        client_sequence: ClientSequence(words[10]),
    };
    (words[WORDS - 1] == check(&words)).then_some((words[0], record))
}

fn optional_word(time: Option<EpochNanos>) -> u64 {
    time.map_or(0, |time| time.0.cast_unsigned())
}

/// Depends on each bit of the words but the last. It is not 0 for a slot of zeros.
fn check(words: &[u64; WORDS]) -> u64 {
    words[..WORDS - 1].iter().fold(MULTIPLIER, |check, word| (check ^ word).wrapping_mul(MULTIPLIER).rotate_left(29))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn record(position: i64) -> StageRecord {
        StageRecord {
            log_position: LogPosition(position),
            participant: ParticipantId(7),
            instrument: InstrumentId(u32::MAX),
            client_sequence: ClientSequence(u64::MAX - 1),
            logged: EpochNanos(1),
            committed: EpochNanos(2),
            polled: EpochNanos(3),
            engine_begun: EpochNanos(4),
            answered: Some(EpochNanos(5)),
            offered: None,
            applied: EpochNanos(i64::MAX),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_not_when_a_bit_differs() {
        let bytes = encode(9, &record(-64));
        assert_eq!(decode(&bytes), Some((9, record(-64))));
        for bit in 0..RECORD_LENGTH * 8 {
            let mut altered = bytes;
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&altered), None, "bit {bit}");
        }
        assert_eq!(decode(&[0; RECORD_LENGTH]), None, "an empty slot");
    }

    #[test]
    fn a_header_is_read_as_it_was_written_and_no_other_file_is() {
        let source = StageSource { cluster: ClusterId(3), member: MemberId(-1), every: 100 };
        let header = FileHeader { capacity: 5, source };
        let bytes = header.encode();
        assert_eq!(FileHeader::decode(&bytes), Some(header));
        assert_eq!(FileHeader::decode(&bytes[..35]), None, "cut");
        for byte in 0..16 {
            let mut altered = bytes;
            altered[byte] ^= 1;
            assert_eq!(FileHeader::decode(&altered), None, "byte {byte} of magic, version or record length");
        }
    }
}

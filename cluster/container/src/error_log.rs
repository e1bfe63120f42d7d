//! Agrona's distinct error log, which holds each different error once, with the number and the times of its
//! observations.
//!
//! A record is, at an offset that is a multiple of 8: length `i32`, number of observations `i32`, time of the last
//! observation `i64`, time of the first `i64` (milliseconds since the epoch), then the text. Length, count and last
//! time are written last and in order, because other processes read meanwhile. Source: `DistinctErrorLog` and
//! `ErrorLogReader` of Agrona, which `ClusterTool errors` uses.

use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

use memmap2::MmapMut;

const OBSERVATION_COUNT_OFFSET: usize = 4;
const LAST_OBSERVATION_OFFSET: usize = 8;
const FIRST_OBSERVATION_OFFSET: usize = 16;
const TEXT_OFFSET: usize = 24;
const RECORD_ALIGNMENT: usize = 8;

/// The errors in one region of a mapped file.
#[derive(Debug)]
pub(crate) struct ErrorLog {
    region: Range<usize>,
    /// Offset of the next record in the file, in bytes.
    next: usize,
    /// Texts in the log, and the offsets of their records in the file.
    known: Vec<(Box<str>, usize)>,
}

impl ErrorLog {
    /// An empty log in `region` of a file. The bytes of the region must be zero, and its start a multiple of 8.
    pub(crate) fn new(region: Range<usize>) -> Self {
        Self { next: region.start, region, known: Vec::new() }
    }

    /// Records an observation of `text`, which is cut when it is too long. Returns false when the region is full.
    pub(crate) fn record(&mut self, file: &mut MmapMut, text: &str, now_ms: i64) -> bool {
        let offset = match self.known.iter().find(|(known, _)| known.as_ref() == text) {
            Some((_, offset)) => *offset,
            None => match self.append(file, text, now_ms) {
                Some(offset) => {
                    self.known.push((text.into(), offset));
                    offset
                }
                None => return false,
            },
        };
        atomic_i32(file, offset + OBSERVATION_COUNT_OFFSET).fetch_add(1, Ordering::AcqRel);
        atomic_i64(file, offset + LAST_OBSERVATION_OFFSET).store(now_ms, Ordering::Release);
        true
    }

    fn append(&mut self, file: &mut MmapMut, text: &str, now_ms: i64) -> Option<usize> {
        let offset = self.next;
        let text_start = offset + TEXT_OFFSET;
        let room = self.region.end.checked_sub(text_start)?;
        let text = text.as_bytes().get(..text.len().min(room))?;
        let length = TEXT_OFFSET + text.len();
        file.get_mut(text_start..text_start + text.len())?.copy_from_slice(text);
        file.get_mut(offset + FIRST_OBSERVATION_OFFSET..text_start)?.copy_from_slice(&now_ms.to_le_bytes());
        atomic_i32(file, offset).store(length as i32, Ordering::Release);
        self.next = (offset + length).next_multiple_of(RECORD_ALIGNMENT);
        Some(offset)
    }
}

/// Texts and numbers of observations in the region of an earlier process.
pub(crate) fn read(region: &[u8]) -> Vec<(String, i32)> {
    let mut records = Vec::new();
    let mut offset = 0;
    let field = |at: usize| region.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>()).copied();
    while let (Some(length), Some(count)) = (field(offset), field(offset + OBSERVATION_COUNT_OFFSET)) {
        let length = i32::from_le_bytes(length) as usize;
        // An unused record has length 0, which ends the reading: the range of its text would end before it begins.
        let Some(text) = region.get(offset + TEXT_OFFSET..offset.saturating_add(length)) else { break };
        records.push((String::from_utf8_lossy(text).into_owned(), i32::from_le_bytes(count)));
        offset = (offset + length).next_multiple_of(RECORD_ALIGNMENT);
    }
    records
}

/// The aligned `i32` at `offset` of a mapped file, which other processes may read at any time.
pub(crate) fn atomic_i32(file: &mut MmapMut, offset: usize) -> &AtomicI32 {
    assert!(offset.is_multiple_of(4) && offset + 4 <= file.len(), "offset {offset} of {} bytes", file.len());
    // SAFETY: the value is in bounds and aligned, because a map begins at a page and by the assertion above. The borrow
    // of `file` is exclusive in this process, and other processes access the value atomically by the same protocol.
    unsafe { AtomicI32::from_ptr(file.as_mut_ptr().add(offset).cast()) }
}

/// The aligned `i64` at `offset` of a mapped file, which other processes may read at any time.
pub(crate) fn atomic_i64(file: &mut MmapMut, offset: usize) -> &AtomicI64 {
    assert!(offset.is_multiple_of(8) && offset + 8 <= file.len(), "offset {offset} of {} bytes", file.len());
    // SAFETY: as in `atomic_i32`.
    unsafe { AtomicI64::from_ptr(file.as_mut_ptr().add(offset).cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(length: usize) -> MmapMut {
        MmapMut::map_anon(length).unwrap()
    }

    #[test]
    fn an_error_seen_again_is_counted_not_repeated() {
        let mut file = map(4096);
        let mut log = ErrorLog::new(64..4096);
        assert!(log.record(&mut file, "first", 1000));
        assert!(log.record(&mut file, "second", 2000));
        assert!(log.record(&mut file, "first", 3000));
        assert_eq!(read(&file[64..]), [("first".to_owned(), 2), ("second".to_owned(), 1)]);

        assert_eq!(file[64..68], 29_i32.to_le_bytes(), "length: 24 and the text");
        assert_eq!(file[68..72], 2_i32.to_le_bytes(), "observations");
        assert_eq!(file[72..80], 3000_i64.to_le_bytes(), "last observation");
        assert_eq!(file[80..88], 1000_i64.to_le_bytes(), "first observation");
        assert_eq!(&file[88..93], b"first");
        assert_eq!(file[96..100], 30_i32.to_le_bytes(), "the next record is aligned to 8");
    }

    #[test]
    fn a_full_log_cuts_what_still_fits_and_then_refuses() {
        let mut file = map(4096);
        let mut log = ErrorLog::new(0..64);
        assert!(log.record(&mut file, "x", 1));
        assert!(log.record(&mut file, "0123456789", 1), "8 bytes of room are left");
        assert!(!log.record(&mut file, "no room", 1));
        assert!(log.record(&mut file, "x", 2), "known errors are still counted");
        assert_eq!(read(&file[..64]), [("x".to_owned(), 2), ("01234567".to_owned(), 1)]);
        assert!(file[64..].iter().all(|byte| *byte == 0), "nothing outside the region");
    }

    #[test]
    fn garbage_ends_the_reading() {
        let mut region = [0xff; 64];
        assert!(read(&region).is_empty());
        region[..4].copy_from_slice(&1_000_i32.to_le_bytes());
        assert!(read(&region).is_empty());
    }
}

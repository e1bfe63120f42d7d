//! Reads a ring file.

use std::io;
use std::path::{Path, PathBuf};

use crate::file_layout::{FileHeader, HEADER_LENGTH, RECORD_LENGTH, decode};
use crate::record::{StageRecord, StageSource};

/// What a ring file had when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFile {
    /// The member that wrote it.
    pub source: StageSource,
    /// The records, oldest first, which is the order of the log.
    pub records: Vec<StageRecord>,
    /// Number of older records that were overwritten.
    pub overwritten: u64,
    /// Number of slots with neither a whole record nor nothing: what was being written when the member was killed, or while the
    /// file was read.
    pub torn: usize,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read: a member makes one only with `[stages] every` in `cluster.toml`.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The file is not a file of stages, or is of another version.
    #[error("{}: not a file of stages that this version can read", path.display())]
    NotStages {
        /// The file.
        path: PathBuf,
    },
}

impl StageFile {
    /// Reads a file, also one that a member is writing.
    ///
    /// # Errors
    /// The file can't be read, or is of another kind.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let bytes = std::fs::read(path).map_err(|source| ReadError::Io { path: path.to_path_buf(), source })?;
        Self::decode(&bytes).ok_or_else(|| ReadError::NotStages { path: path.to_path_buf() })
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let FileHeader { capacity, source } = FileHeader::decode(bytes)?;
        let slots = bytes.get(HEADER_LENGTH..)?.as_chunks::<RECORD_LENGTH>().0;
        if slots.is_empty() || slots.len() as u64 != capacity {
            return None;
        }
        let (mut numbered, mut torn) = (Vec::with_capacity(slots.len()), 0);
        for (slot, bytes) in slots.iter().enumerate() {
            match decode(bytes) {
                Some((number, record)) if number > 0 && (number - 1) % capacity == slot as u64 => {
                    numbered.push((number, record));
                }
                _ => torn += usize::from(bytes.iter().any(|byte| *byte != 0)),
            }
        }
        numbered.sort_unstable_by_key(|(number, _)| *number);
        let written = numbered.last().map_or(0, |(number, _)| *number);
        let records = numbered.into_iter().map(|(_, record)| record).collect();
        Some(Self { source, records, overwritten: written.saturating_sub(capacity), torn })
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{ClusterId, MemberId};

    use super::*;
    use crate::file_layout::tests::record;
    use crate::writer::StageWriter;

    const SOURCE: StageSource = StageSource { cluster: ClusterId(2), member: MemberId(1), every: 10 };

    /// A folder with a file of `capacity` records, to which `count` were written, and the path of that file.
    fn written(capacity: u32, count: i64) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("member").join("stages");
        let mut writer = StageWriter::create(&path, SOURCE, capacity).expect("a file");
        (0..count).for_each(|position| writer.write(&record(position)));
        (folder, path)
    }

    fn positions(file: &StageFile) -> Vec<i64> {
        file.records.iter().map(|record| record.log_position.0).collect()
    }

    #[test]
    fn a_ring_that_is_not_full_has_all_records_and_a_full_one_the_newest() {
        for (count, expected, overwritten) in
            [(0, 0..0, 0), (3, 0..3, 0), (4, 0..4, 0), (5, 1..5, 1), (8, 4..8, 4), (11, 7..11, 7)]
        {
            let (_folder, path) = written(4, count);
            let file = StageFile::read(&path).expect("a file of stages");
            assert_eq!(positions(&file), expected.collect::<Vec<i64>>(), "{count} records");
            assert_eq!((file.source, file.overwritten, file.torn), (SOURCE, overwritten, 0), "{count} records");
        }
    }

    #[test]
    fn a_torn_record_is_not_read() {
        // The member was killed when it had written half of its sixth record over the second.
        let (_folder, path) = written(4, 5);
        let mut bytes = std::fs::read(&path).expect("bytes");
        let sixth = crate::file_layout::encode(6, &record(5));
        let slot = HEADER_LENGTH + RECORD_LENGTH;
        bytes[slot..slot + RECORD_LENGTH / 2].copy_from_slice(&sixth[..RECORD_LENGTH / 2]);
        let file = StageFile::decode(&bytes).expect("a file of stages");
        assert_eq!((positions(&file), file.torn), (vec![2, 3, 4], 1));
    }

    #[test]
    fn the_records_of_the_run_before_are_kept_once() {
        let (_folder, path) = written(4, 2);
        let previous = path.with_file_name("stages.old");
        for expected in [2, 0] {
            drop(StageWriter::create(&path, SOURCE, 4).expect("a file"));
            assert_eq!(StageFile::read(&path).expect("empty").records, []);
            assert_eq!(StageFile::read(&previous).expect("the run before").records.len(), expected);
        }
    }

    #[test]
    fn a_cut_file_and_another_file_are_refused() {
        let (_folder, path) = written(4, 4);
        let bytes = std::fs::read(&path).expect("bytes");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("cut");
        assert!(matches!(StageFile::read(&path), Err(ReadError::NotStages { .. })));
        std::fs::write(&path, b"").expect("empty");
        assert!(matches!(StageFile::read(&path), Err(ReadError::NotStages { .. })));
        assert!(matches!(StageFile::read(&path.with_file_name("none")), Err(ReadError::Io { .. })));
    }
}

//! The catalog of an archive: what there is of each recording.
//!
//! Source: `Catalog` and `aeron-archive-codecs.xml` of Aeron (`CatalogHeader`, `RecordingDescriptorHeader`,
//! `RecordingDescriptor`). The fields have kept their places through all versions.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::error::ArchiveFileError;
use crate::little_endian::{i32_at, i64_at};

const CATALOG: &str = "archive.catalog";
/// Length of the catalog's header and of the header of a descriptor, in bytes.
pub(crate) const HEADER_LENGTH: usize = 32;
const ALIGNMENT_OFFSET: usize = 16;
/// Alignment in catalogs that do not say theirs. Source: `Catalog.DEFAULT_RECORD_LENGTH`.
const OLD_ALIGNMENT: usize = 1024;
const STATE_OFFSET: usize = 4;
/// Source: `RecordingState.VALID`.
pub(crate) const VALID: i32 = 1;
/// Length of a descriptor's fixed fields, in bytes.
pub(crate) const DESCRIPTOR_LENGTH: usize = 80;
/// Source: `AeronArchive.NULL_POSITION`.
pub(crate) const NULL_POSITION: i64 = -1;

/// Gives each valid recording of the archive in `dir` to `take`, with the bytes of its descriptor, until it breaks; returns the
/// catalog's path.
pub(crate) fn each_descriptor(
    dir: &Path,
    mut take: impl FnMut(Recording, &[u8]) -> ControlFlow<()>,
) -> Result<PathBuf, ArchiveFileError> {
    let path = dir.join(CATALOG);
    let catalog = fs::read(&path).map_err(ArchiveFileError::file(&path))?;
    let content = |offset: usize, what| ArchiveFileError::Content { path: path.clone(), offset: offset as u64, what };
    let alignment = i32_at(&catalog, ALIGNMENT_OFFSET).ok_or_else(|| content(0, "it has no header"))?;
    let (alignment, mut offset) = match usize::try_from(alignment) {
        Ok(0) => (OLD_ALIGNMENT, OLD_ALIGNMENT),
        Ok(alignment) if alignment.is_power_of_two() => (alignment, HEADER_LENGTH),
        _ => return Err(content(ALIGNMENT_OFFSET, "this can't be an alignment")),
    };
    while let Some(length) = i32_at(&catalog, offset).filter(|length| *length != 0) {
        let whole = usize::try_from(length).ok().map(|length| HEADER_LENGTH + length);
        let entry = whole.and_then(|whole| catalog.get(offset..offset.checked_add(whole)?));
        let entry = entry.ok_or_else(|| content(offset, "a descriptor can't have this length"))?;
        if i32_at(entry, STATE_OFFSET) == Some(VALID) {
            let descriptor = &entry[HEADER_LENGTH..];
            let recording =
                Recording::of(dir, descriptor).ok_or_else(|| content(offset, "a descriptor has impossible values"))?;
            if take(recording, descriptor).is_break() {
                break;
            }
        }
        offset += entry.len().next_multiple_of(alignment);
    }
    Ok(path)
}

/// A recording as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Folder of the archive.
    pub dir: PathBuf,
    /// Number of the recording.
    pub id: i64,
    /// Position of its first frame, in bytes.
    pub start_position: i64,
    /// Position after its last frame, in bytes; `None` while it is being recorded, and after the archive was killed.
    pub stop_position: Option<i64>,
    /// Number of the term that begins at position 0.
    pub initial_term_id: i32,
    /// Length of a segment file, in bytes.
    pub segment_length: i64,
    /// Length of a term, in bytes.
    pub term_length: i64,
    /// Stream that was recorded.
    pub stream_id: i32,
}

impl Recording {
    /// The recording with this number in the archive whose folder is `dir`.
    ///
    /// # Errors
    /// The catalog can't be read, is damaged, or has no such recording.
    pub fn find(dir: &Path, id: i64) -> Result<Self, ArchiveFileError> {
        let mut found = None;
        let catalog = each_descriptor(dir, |recording, _| {
            if recording.id != id {
                return ControlFlow::Continue(());
            }
            found = Some(recording);
            ControlFlow::Break(())
        })?;
        found.ok_or(ArchiveFileError::NoRecording { catalog, id })
    }

    fn of(dir: &Path, descriptor: &[u8]) -> Option<Self> {
        let descriptor = descriptor.get(..DESCRIPTOR_LENGTH)?;
        let stop_position = i64_at(descriptor, 48)?;
        let recording = Self {
            dir: dir.to_path_buf(),
            id: i64_at(descriptor, 16)?,
            start_position: i64_at(descriptor, 40)?,
            stop_position: (stop_position != NULL_POSITION).then_some(stop_position),
            initial_term_id: i32_at(descriptor, 56)?,
            segment_length: i64::from(i32_at(descriptor, 60)?),
            term_length: i64::from(i32_at(descriptor, 64)?),
            stream_id: i32_at(descriptor, 76)?,
        };
        let is_length = |length: i64| length > 0 && length.count_ones() == 1;
        let is_possible = recording.start_position >= 0
            && recording.stop_position.is_none_or(|stop| stop >= recording.start_position)
            && is_length(recording.term_length)
            && is_length(recording.segment_length)
            && recording.segment_length >= recording.term_length;
        is_possible.then_some(recording)
    }

    /// Position of the first byte of the segment file that has this position. Source:
    /// `AeronArchive.segmentFileBasePosition`.
    pub fn segment_base(&self, position: i64) -> i64 {
        let first = self.start_position & !(self.term_length - 1);
        first + ((position - first) & !(self.segment_length - 1))
    }

    /// The segment file whose first byte has this position. Source: `Archive.segmentFileName`.
    pub fn segment_path(&self, base: i64) -> PathBuf {
        self.dir.join(format!("{}-{base}.rec", self.id))
    }

    /// Position of the first byte of the last segment file. When nobody knows where the recording ends, the last one is the
    /// last that there is.
    pub(crate) fn last_segment_base(&self) -> i64 {
        match self.stop_position {
            Some(stop) => self.segment_base(stop),
            None => self.segment_bases().into_iter().max().unwrap_or_else(|| self.segment_base(self.start_position)),
        }
    }

    /// Positions of the first bytes of the segment files that are there.
    pub(crate) fn segment_bases(&self) -> Vec<i64> {
        let prefix = format!("{}-", self.id);
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let bases = entries.filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix(&prefix)?.strip_suffix(".rec")?.parse().ok()
        });
        bases.collect()
    }
}

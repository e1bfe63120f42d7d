//! All recordings of an archive, with what the catalog tells of their sources.
//!
//! Source: `RecordingDescriptor` of `aeron-archive-codecs.xml`.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use crate::catalog::{DESCRIPTOR_LENGTH, Recording, each_descriptor};
use crate::error::ArchiveFileError;
use crate::little_endian::{i32_at, i64_at};

/// A recording, and what the catalog tells of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedRecording {
    /// The recording.
    pub recording: Recording,
    /// Wall clock when the recording began, in milliseconds since 1970.
    pub start_timestamp: i64,
    /// Wall clock when it ended; `None` while it is being recorded, and after the archive was killed.
    pub stop_timestamp: Option<i64>,
    /// Greatest length of a frame, in bytes.
    pub mtu_length: i32,
    /// Session of the publication that was recorded.
    pub session_id: i32,
    /// Channel as the recording was asked for.
    pub channel: String,
    /// Address that the source sends from.
    pub source_identity: String,
}

/// The segment files of a recording that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentFiles {
    /// Number of files.
    pub count: usize,
    /// Sum of their lengths in bytes. The archive makes each file in its full length.
    pub bytes: u64,
}

impl DescribedRecording {
    /// All valid recordings of the archive whose folder is `dir`, in the order of the catalog.
    ///
    /// # Errors
    /// The catalog can't be read, or is damaged.
    pub fn all(dir: &Path) -> Result<Vec<Self>, ArchiveFileError> {
        let mut all = Vec::new();
        each_descriptor(dir, |recording, descriptor| {
            all.push(Self::of(recording, descriptor));
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    fn of(recording: Recording, descriptor: &[u8]) -> Self {
        let number = |offset| i64_at(descriptor, offset).unwrap_or_default();
        let small = |offset| i32_at(descriptor, offset).unwrap_or_default();
        // The channel without its session-specific parts comes first.
        let after_stripped = next_text(descriptor, DESCRIPTOR_LENGTH).1;
        let (channel, after_channel) = next_text(descriptor, after_stripped);
        let (source_identity, _) = next_text(descriptor, after_channel);
        Self {
            start_timestamp: number(24),
            stop_timestamp: recording.stop_position.map(|_| number(32)),
            mtu_length: small(68),
            session_id: small(72),
            channel,
            source_identity,
            recording,
        }
    }
}

impl Recording {
    /// The segment files that are there.
    pub fn segment_files(&self) -> SegmentFiles {
        let bases = self.segment_bases();
        let length = |base: &i64| fs::metadata(self.segment_path(*base)).map_or(0, |file| file.len());
        SegmentFiles { count: bases.len(), bytes: bases.iter().map(length).sum() }
    }
}

/// The text whose length is at `offset`, and the offset after it; empty where the descriptor has none.
fn next_text(descriptor: &[u8], offset: usize) -> (String, usize) {
    let begin = offset.saturating_add(size_of::<i32>());
    let length = i32_at(descriptor, offset).and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let end = begin.saturating_add(length);
    match descriptor.get(begin..end) {
        Some(text) => (String::from_utf8_lossy(text).into_owned(), end),
        None => (String::new(), descriptor.len()),
    }
}

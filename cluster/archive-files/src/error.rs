//! Why an archive's files can't be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why an archive's files can't be read.
#[derive(Debug, Error)]
pub enum ArchiveFileError {
    /// The file system's answer.
    #[error("can't read {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
    /// The catalog or the recording log is not what Aeron writes.
    #[error("{path} is damaged at byte {offset}: {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The catalog has no valid recording with this number.
    #[error("{catalog} has no recording {id}")]
    NoRecording {
        /// The catalog.
        catalog: PathBuf,
        /// Number of the recording.
        id: i64,
    },
    /// A frame of a recording is not as it was recorded.
    #[error(transparent)]
    Damage(#[from] Damage),
}

impl ArchiveFileError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::File { path, error }
    }
}

/// Where a recording is damaged, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("position {position} (byte {offset} of {path}): {fault}")]
pub struct Damage {
    /// Position in the recording, in bytes.
    pub position: i64,
    /// The segment file.
    pub path: PathBuf,
    /// The same place in that file.
    pub offset: i64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The segment file does not exist.
    NoFile,
    /// The file ends before the frame does.
    FileEnds,
    /// No frame has this length.
    Length(i32),
    /// The header is one of another place: term, offset, stream or version differ.
    Header,
    /// A frame of a recording has data or is padding, and no other type.
    Type(u16),
    /// The bytes differ from those that the archive recorded.
    Checksum,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("the segment file is missing"),
            Self::FileEnds => f.write_str("the file ends"),
            Self::Length(length) => write!(f, "a frame can't have a length of {length}"),
            Self::Header => f.write_str("this is not the header of the frame that belongs here"),
            Self::Type(kind) => write!(f, "a frame can't have the type {kind}"),
            Self::Checksum => f.write_str("the checksum of a frame is wrong"),
        }
    }
}

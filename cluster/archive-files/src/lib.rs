//! Reads what an Aeron archive has recorded, and which of it is a cluster's log and snapshots, from the files alone: neither
//! archive nor media driver need run.
//!
//! - [`Recording`] is a recording as the archive's catalog describes it, [`DescribedRecording`] also has its source.
//! - [`FrameReader`] reads a recording's frames in their order, and finds damage.
//! - [`RecordingLog`] tells which recordings are the log and the snapshots of a member.
//!
//! The module `testing`, behind the feature of that name, writes such files.

mod catalog;
mod described;
mod error;
mod frame_header;
mod frame_reader;
mod little_endian;
mod recording_log;
#[cfg(feature = "testing")]
pub mod testing;

pub use catalog::Recording;
pub use described::{DescribedRecording, SegmentFiles};
pub use error::{ArchiveFileError, Damage, Fault};
pub use frame_reader::{Frame, FrameChecksum, FrameReader};
pub use recording_log::{CONSENSUS_MODULE, RecordingLog, Snapshot, Term};

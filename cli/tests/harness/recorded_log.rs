//! A member's log as its archive has recorded it, read from the file.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::LocalCluster;

/// Length of a frame's header, in bytes.
const HEADER_LENGTH: usize = 32;

/// A frame of the log.
pub struct Frame {
    /// Position of the frame in the log and in the file, in bytes.
    pub position: u64,
    /// The frame with its header, without padding.
    pub bytes: Vec<u8>,
}

/// The first segment file of a member's log. The archive's other recordings are snapshots, and what an election that came to
/// nothing has left: it has the log's stream, too, but is shorter.
#[track_caller]
pub fn log_file(cluster: &LocalCluster, member: i32) -> PathBuf {
    let files =
        fs::read_dir(cluster.member(member).archive_dir).expect("the archive").map(|entry| entry.expect("an entry"));
    let logs = files.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with("-0.rec"));
    let logs = logs.filter_map(|path| {
        let file = File::open(&path).expect("a recording");
        let first = frames(&file).next()?;
        let is_log = first.bytes[16..20] == cluster.deployment.streams.log.to_le_bytes();
        is_log.then(|| (frames(&file).last().map(|frame| frame.position), path))
    });
    logs.max().expect("the log").1
}

/// The frames of a file that begins at position 0.
pub fn frames(log: &File) -> impl Iterator<Item = Frame> + '_ {
    let mut position = 0;
    std::iter::from_fn(move || {
        let mut length = [0; 4];
        log.read_exact_at(&mut length, position).ok()?;
        let length = u32::from_le_bytes(length);
        if length < HEADER_LENGTH as u32 {
            return None;
        }
        let mut bytes = vec![0; length as usize];
        log.read_exact_at(&mut bytes, position).ok()?;
        let frame = Frame { position, bytes };
        position += u64::from(length.next_multiple_of(32));
        Some(frame)
    })
}

//! What a mark file tells of the container that had it before, and whether that container may still run.

use std::fs;
use std::io;
use std::path::Path;

use aeron_cluster_codecs::HEADER_LENGTH as MESSAGE_HEADER_LENGTH;
use aeron_cluster_codecs::mark_file::{
    ReadBuf, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION, cluster_component_type::ClusterComponentType,
    mark_file_header_codec as codec,
};
use tracing::warn;

use super::error::MarkFileError;
use super::header::{LIVENESS_TIMEOUT_MS, VERSION_FAILED};
use crate::error_log;

/// Fields of a mark file as its previous container left them; all zero when there was no such file.
#[derive(Debug, Default)]
pub(super) struct PreviousContainer {
    exists: bool,
    version: i32,
    component: i32,
    /// Time of the last activity, in milliseconds since the epoch; not positive when the file was released.
    activity_ms: i64,
    pid: i64,
    /// Start and length of the error log in the file, in bytes.
    error_log: (usize, usize),
}

impl PreviousContainer {
    /// Reads the header in the bytes of a mark file, in the layout of any version of Aeron.
    pub(super) fn read(file: &[u8]) -> Self {
        let block_length = codec::SBE_BLOCK_LENGTH;
        let header =
            |at: usize| file.get(at..at + 2).and_then(|b| b.first_chunk::<2>()).map(|b| u16::from_le_bytes(*b));
        let is_current = header(2) == Some(codec::SBE_TEMPLATE_ID) && header(4) == Some(SBE_SCHEMA_ID);
        // before Aeron 1.47 the fields were at the start of the file
        let offset = if is_current { MESSAGE_HEADER_LENGTH } else { 0 };
        if file.len() < offset + usize::from(block_length) {
            return Self::default();
        }
        let decoder =
            codec::MarkFileHeaderDecoder::default().wrap(ReadBuf::new(file), offset, block_length, SBE_SCHEMA_VERSION);
        Self {
            exists: true,
            version: decoder.version(),
            component: decoder.component_type() as i32,
            activity_ms: decoder.activity_timestamp(),
            pid: decoder.pid(),
            error_log: (decoder.header_length() as usize, decoder.error_buffer_length() as usize),
        }
    }

    /// Refuses a file that belongs to another component or to a container that may still run. The caller holds the
    /// lock.
    pub(super) fn check(&self, path: &Path, now_ms: i64) -> Result<(), MarkFileError> {
        let known = [ClusterComponentType::UNKNOWN as i32, ClusterComponentType::CONTAINER as i32];
        let major = self.version >> 16;
        if self.exists && (!known.contains(&self.component) || (major != 0 && self.version != VERSION_FAILED)) {
            let (component, version) = (self.component, self.version);
            return Err(MarkFileError::NotAContainer { path: path.to_owned(), component, version });
        }
        if self.activity_ms > 0 && now_ms - self.activity_ms < LIVENESS_TIMEOUT_MS {
            if !is_dead(self.pid) {
                return Err(self.active(path, now_ms));
            }
            warn!(mark_file = %path.display(), pid = self.pid, "took over the mark file of a dead process");
        }
        Ok(())
    }

    /// The error that tells of a running container.
    pub(super) fn active(&self, path: &Path, now_ms: i64) -> MarkFileError {
        MarkFileError::Active { path: path.to_owned(), pid: self.pid, age_ms: now_ms - self.activity_ms }
    }

    /// Texts and numbers of observations in the error log of `file`.
    pub(super) fn errors(&self, file: &[u8]) -> Vec<(String, i32)> {
        let (start, length) = self.error_log;
        file.get(start..start.saturating_add(length)).map(error_log::read).unwrap_or_default()
    }
}

/// Whether the process is verifiably dead: it does not exist, or is a zombie that nobody has waited for yet. The pid of
/// this process in a file whose lock was free belongs to an earlier process, as when each is the first of its PID
/// namespace.
fn is_dead(pid: i64) -> bool {
    if pid <= 0 {
        return false;
    }
    if pid == i64::from(std::process::id()) {
        return true;
    }
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // the state follows the name, which is in brackets and may hold any character
        Ok(stat) => stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])),
        Err(error) => error.kind() == io::ErrorKind::NotFound && Path::new("/proc/self/stat").exists(),
    }
}

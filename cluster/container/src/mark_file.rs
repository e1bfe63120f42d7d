//! The mark file: it tells that a container runs and with what settings, and holds the container's error log.
//!
//! The layout is that of Aeron 1.47 and later: a header of [`HEADER_LENGTH`] bytes, then the error log. `ClusterTool`
//! reads both. Source: `ClusterMarkFile`, and Agrona's `MarkFile`.
//!
//! # Two containers on one mark file
//! [`MarkFile::open`] refuses a file that belongs to a running container: another process that uses this library holds
//! the lock of the file (`flock`), or the last activity in the file is younger than [`LIVENESS_TIMEOUT_MS`], which is
//! Aeron's own rule. There is one exception, so that a supervised restart need not wait: a recently active file is
//! taken over at once when its process is verifiably dead (there is no such process, or it is a zombie). A process of
//! another PID namespace looks dead from here. So operating-system containers that hide their processes from each other
//! must not share a cluster directory, unless all of them use this library, whose lock holds across PID namespaces.

mod error;
mod header;
mod previous_container;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use memmap2::MmapMut;
use tracing::warn;

use crate::error_log::{ErrorLog, atomic_i32, atomic_i64};

pub use error::MarkFileError;
pub use header::LIVENESS_TIMEOUT_MS;
pub(crate) use header::MarkFileFields;
use header::{
    ACTIVITY_TIMESTAMP_OFFSET, HEADER_LENGTH, MEMBER_ID_OFFSET, NULL_VALUE, SEMANTIC_VERSION, VERSION_FAILED,
    VERSION_OFFSET,
};
use previous_container::PreviousContainer;

/// Shortest error log, in bytes.
pub(crate) const ERROR_BUFFER_MIN_LENGTH: usize = 1024 * 1024;
/// Longest error log, in bytes.
pub(crate) const ERROR_BUFFER_MAX_LENGTH: usize = 1024 * 1024 * 1024;
const PAGE_SIZE: usize = 4096;

/// The mark file of this container. Dropping it releases the file.
#[derive(Debug)]
pub(crate) struct MarkFile {
    path: PathBuf,
    map: MmapMut,
    errors: ErrorLog,
    /// Handle that holds the lock.
    file: File,
}

impl MarkFile {
    /// Takes the mark file of the service `fields.service_id` in `directory`, which must exist. Readers do not count
    /// the file as ready until [`MarkFile::signal_ready`].
    pub(crate) fn open(directory: &Path, fields: &MarkFileFields<'_>, now_ms: i64) -> Result<Self, MarkFileError> {
        let needed = fields.encoded_length();
        if needed > HEADER_LENGTH {
            return Err(MarkFileError::HeaderTooLong { needed });
        }

        let path = directory.join(file_name(fields.service_id));
        let failed = |source| MarkFileError::Io { path: path.clone(), source };
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let existing = fs::read(&path).map_err(failed)?;
        let previous = PreviousContainer::read(&existing);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(previous.active(&path, now_ms)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        previous.check(&path, now_ms)?;
        for (text, count) in previous.errors(&existing) {
            warn!(mark_file = %path.display(), count, "the previous container left an error: {text}");
        }

        let length = (HEADER_LENGTH + fields.error_buffer_length).next_multiple_of(PAGE_SIZE);
        file.set_len(length as u64).and_then(|()| reserve(&file, length)).map_err(failed)?;
        // SAFETY: this process holds the lock of the file and has set its length, nobody shortens the file while its
        // container lives, and other processes only read it, by the same protocol of atomic fields.
        let mut map = unsafe { MmapMut::map_mut(&file) }.map_err(failed)?;
        map.fill(0);
        fields.encode(&mut map, now_ms);
        let errors = ErrorLog::new(HEADER_LENGTH..HEADER_LENGTH + fields.error_buffer_length);
        Ok(Self { path, map, errors, file })
    }

    /// Tells readers that the container has its settings and is about to run.
    pub(crate) fn signal_ready(&mut self, now_ms: i64) {
        self.signal(SEMANTIC_VERSION, now_ms);
    }

    /// Tells readers that the container failed to start.
    pub(crate) fn signal_failed_start(&mut self) {
        self.signal(VERSION_FAILED, i64::from(NULL_VALUE));
    }

    /// Tells readers that the container was alive at `now_ms`, in milliseconds since the epoch.
    pub(crate) fn update_activity(&mut self, now_ms: i64) {
        atomic_i64(&mut self.map, ACTIVITY_TIMESTAMP_OFFSET).store(now_ms, Ordering::Release);
    }

    /// Stores the id of the member.
    pub(crate) fn set_member_id(&mut self, member_id: i32) {
        atomic_i32(&mut self.map, MEMBER_ID_OFFSET).store(member_id, Ordering::Release);
    }

    /// Adds an observation of an error to the error log. A new error is not kept when the log is full.
    pub(crate) fn record_error(&mut self, text: &str, now_ms: i64) {
        if !self.errors.record(&mut self.map, text, now_ms) {
            warn!(mark_file = %self.path.display(), "the error log of the mark file is full");
        }
    }

    fn signal(&mut self, version: i32, activity_ms: i64) {
        self.update_activity(activity_ms);
        atomic_i32(&mut self.map, VERSION_OFFSET).store(version, Ordering::Release);
        self.flush();
    }

    fn flush(&self) {
        if let Err(error) = self.map.flush() {
            warn!(mark_file = %self.path.display(), "can't flush the mark file: {error}");
        }
    }
}

impl Drop for MarkFile {
    fn drop(&mut self) {
        self.update_activity(i64::from(NULL_VALUE));
        self.flush();
        // Closing the file is not enough: a child process that is just being made shares the handle until it runs its
        // program.
        if let Err(error) = self.file.unlock() {
            warn!(mark_file = %self.path.display(), %error, "can't unlock the mark file");
        }
    }
}

/// Name of the mark file of a service.
pub(crate) fn file_name(service_id: i32) -> String {
    format!("cluster-mark-service-{service_id}.dat")
}

/// Lets tools find the mark file from the cluster directory when it is in another directory, whose path a link file
/// holds. Both paths must be canonical. Source: Agrona's `MarkFile.ensureMarkFileLink`.
pub(crate) fn write_link(cluster_dir: &Path, mark_file_dir: &Path, service_id: i32) -> Result<(), MarkFileError> {
    let link = cluster_dir.join(format!("cluster-mark-service-{service_id}.lnk"));
    let result = if cluster_dir == mark_file_dir {
        match fs::remove_file(&link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    } else {
        fs::write(&link, mark_file_dir.as_os_str().as_encoded_bytes())
    };
    result.map_err(|source| MarkFileError::Io { path: link, source })
}

/// Reserves the space on the file system, so that a full file system is an error here and not a fault at a later write.
fn reserve(file: &File, length: usize) -> io::Result<()> {
    let length = libc::off_t::try_from(length).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open as long as `file` lives, and the call touches no memory of this process.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

#[cfg(test)]
mod tests;

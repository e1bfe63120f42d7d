//! Whether a media driver runs in a directory, whether it is still the same one, and its counters.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusteron_archive::{Aeron, AeronCError, AeronCnc};
use thiserror::Error;

use crate::error::path_to_c;

/// Name of the media driver's command and control file. Source: `CncFileDescriptor.CNC_FILE`.
const CNC_FILE: &str = "cnc.dat";

/// Error code of Aeron's client for a `cnc.dat` that its driver has not finished (`AERON_CLIENT_ERROR_DRIVER_TIMEOUT`).
const CNC_NOT_READY: i32 = -1000;

/// A media driver that has not changed its heartbeat for this long is dead, for whoever reads its counters.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(2);

/// Why the counters of a media driver can't be read.
#[derive(Debug, Error)]
pub enum CountersError {
    /// There is no media driver, it has died and left its files, or it is still starting.
    #[error("not running: there is no running media driver in {aeron_dir}")]
    NotRunning {
        /// Directory where the driver's files should be.
        aeron_dir: PathBuf,
    },
    /// The counters can't be read.
    #[error("can't read the counters in {aeron_dir}: {reason}")]
    Unreadable {
        /// Directory of the driver's files.
        aeron_dir: PathBuf,
        /// Aeron's error text.
        reason: String,
    },
}

/// Opens the command file of the media driver that runs in `aeron_dir`, for its counters. Nobody is asked, and no Aeron client
/// is made.
///
/// # Errors
/// [`CountersError`].
pub fn open_counters(aeron_dir: &Path) -> Result<AeronCnc, CountersError> {
    let not_running = || CountersError::NotRunning { aeron_dir: aeron_dir.to_path_buf() };
    let unreadable = |reason: String| CountersError::Unreadable { aeron_dir: aeron_dir.to_path_buf(), reason };
    if !aeron_dir.join(CNC_FILE).is_file() {
        return Err(not_running());
    }
    let path = path_to_c(aeron_dir).map_err(|_| not_running())?;
    let cnc = AeronCnc::open(&path).map_err(|error| {
        // The file exists, but the driver that writes it has only just begun.
        if Aeron::errcode() == Err(AeronCError::from_code(CNC_NOT_READY)) {
            not_running()
        } else {
            unreadable(error.to_string())
        }
    })?;
    if heartbeat_age(cnc.get_to_driver_heartbeat_ms().unwrap_or(0)) > HEARTBEAT_LIMIT {
        return Err(not_running());
    }
    Ok(cnc)
}

fn heartbeat_age(heartbeat_ms: i64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(u64::try_from(heartbeat_ms).unwrap_or(0)))
}

/// Tells one run of a media driver from the next: a driver that starts makes a new command file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriverIdentity {
    device: u64,
    inode: u64,
}

impl DriverIdentity {
    /// The media driver that has its files in `aeron_dir`, alive or dead; `None` when there are no files.
    pub fn of(aeron_dir: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(aeron_dir.join(CNC_FILE)).ok()?;
        Some(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// Whether a media driver runs in `aeron_dir`: its heartbeat is younger than `driver_timeout`. Does not wait, unlike the
/// connect of an Aeron client, which waits for a heartbeat.
pub fn is_driver_alive(aeron_dir: &Path, driver_timeout: Duration) -> bool {
    let Ok(directory) = path_to_c(aeron_dir) else { return false };
    let mut heartbeat_ms = None;
    let read = AeronCnc::read(&directory, |cnc| heartbeat_ms = cnc.get_to_driver_heartbeat_ms().ok());
    match (read, heartbeat_ms.filter(|ms| *ms >= 0)) {
        (Ok(()), Some(ms)) => heartbeat_age(ms) < driver_timeout,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_known_by_its_command_file() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(DriverIdentity::of(directory.path()), None);
        let file = directory.path().join(CNC_FILE);
        std::fs::write(&file, "first").unwrap();
        let first = DriverIdentity::of(directory.path());
        assert!(first.is_some());
        assert_eq!(DriverIdentity::of(directory.path()), first);
        let next = directory.path().join("next");
        std::fs::write(&next, "second").unwrap();
        std::fs::rename(&next, &file).unwrap();
        assert_ne!(DriverIdentity::of(directory.path()), first);
    }

    #[test]
    fn there_is_no_driver_in_an_empty_directory() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_driver_alive(directory.path(), Duration::from_secs(10)));
    }
}

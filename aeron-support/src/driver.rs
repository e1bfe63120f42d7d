//! Whether a media driver runs in a directory, and whether it is still the same one.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusteron_archive::AeronCnc;

use crate::error::path_to_c;

/// Name of the media driver's command and control file. Source: `CncFileDescriptor.CNC_FILE`.
const CNC_FILE: &str = "cnc.dat";

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
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match (read, heartbeat_ms.and_then(|ms| u64::try_from(ms).ok())) {
        (Ok(()), Some(ms)) => now.saturating_sub(Duration::from_millis(ms)) < driver_timeout,
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

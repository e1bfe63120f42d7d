//! A media driver's directory: which process lives in it, and clearing what a dead driver left.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::linux::fs::MetadataExt;
use std::path::Path;

use crate::ProcessError;

/// Name of the driver's command file, by which clients find it (`aeron_cnc_metadata_t`).
pub(crate) const CNC_FILE: &str = "cnc.dat";

/// Offset of the driver's process id in that file, in bytes: after version, five lengths, liveness time-out and start time.
const PID_OFFSET: usize = 40;
const PID_LENGTH: usize = 8;

/// Process id of the driver that lives in `dir`.
///
/// The driver lives if the process whose id is in `cnc.dat` has that very file mapped. Aeron itself looks at the time of the
/// last activity in the file, and so takes a driver for alive for 10 s after it was killed.
pub fn living_driver(dir: &Path) -> Option<i32> {
    let cnc = dir.join(CNC_FILE);
    let pid = recorded_pid(&cnc).ok().flatten()?;
    let inode = fs::metadata(&cnc).ok()?.st_ino();
    match fs::read_to_string(format!("/proc/{pid}/maps")) {
        Ok(maps) => maps.lines().any(|line| maps_inode(line) == Some(inode)).then_some(pid),
        // Another user's process can't be inspected, so it may be the driver.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Some(pid),
        Err(_) => None,
    }
}

/// Deletes the directory of a driver that is dead.
///
/// # Errors
///
/// The driver lives, or the directory can't be deleted.
pub fn clear_driver_directory(dir: &Path) -> Result<(), ProcessError> {
    if let Some(pid) = living_driver(dir) {
        return Err(ProcessError::DriverDirectoryInUse { dir: dir.to_path_buf(), pid });
    }
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ProcessError::file("delete", dir)(error)),
        _ => Ok(()),
    }
}

fn recorded_pid(cnc: &Path) -> io::Result<Option<i32>> {
    let mut start = [0; PID_OFFSET + PID_LENGTH];
    File::open(cnc)?.read_exact(&mut start)?;
    let pid = start.last_chunk::<PID_LENGTH>().map(|bytes| i64::from_ne_bytes(*bytes));
    Ok(pid.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 0))
}

/// Inode in a line of `/proc/PID/maps`: `address permissions offset device inode path`.
fn maps_inode(line: &str) -> Option<u64> {
    line.split_ascii_whitespace().nth(4)?.parse().ok().filter(|inode| *inode != 0)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn write_cnc(dir: &Path, pid: u32) {
        let mut bytes = vec![0; 4_096];
        bytes[PID_OFFSET..PID_OFFSET + PID_LENGTH].copy_from_slice(&i64::from(pid).to_ne_bytes());
        fs::write(dir.join(CNC_FILE), bytes).expect("written");
    }

    #[test]
    fn what_a_dead_driver_left_is_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("driver");
        clear_driver_directory(&dir).expect("nothing there is no error");
        fs::create_dir(&dir).expect("made");
        // This process runs, but has not mapped the file: its number belonged to another process before.
        for pid in [std::process::id(), 0, u32::MAX] {
            write_cnc(&dir, pid);
            assert_eq!(living_driver(&dir), None);
        }
        clear_driver_directory(&dir).expect("cleared");
        assert!(!dir.exists());
    }

    #[test]
    fn a_short_file_does_not_count_as_a_driver() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(CNC_FILE), b"short").expect("written");
        assert_eq!(living_driver(folder.path()), None);
    }

    #[test]
    fn a_process_that_has_the_file_mapped_lives() {
        let folder = tempfile::tempdir().expect("a folder");
        write_cnc(folder.path(), std::process::id());
        let file = File::open(folder.path().join(CNC_FILE)).expect("opened");
        // SAFETY: a new private mapping that nothing refers to; it is not read.
        let mapping = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                4_096,
                rustix::mm::ProtFlags::READ,
                rustix::mm::MapFlags::PRIVATE,
                file.as_fd(),
                0,
            )
        }
        .expect("mapped");
        let pid = i32::try_from(std::process::id()).expect("a process id");
        assert_eq!(living_driver(folder.path()), Some(pid));
        assert!(clear_driver_directory(folder.path()).is_err());
        // SAFETY: the mapping made above, which nothing refers to.
        unsafe { rustix::mm::munmap(mapping, 4_096) }.expect("unmapped");
    }
}

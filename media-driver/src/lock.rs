//! The lock of a folder, which has one living owner.
//!
//! The lock is Linux's `flock` on a file in the folder. Child processes inherit it, and the kernel releases it when the last
//! process that holds it is gone. So a process that gets the lock knows that no process of a killed predecessor is alive.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::ProcessError;

/// Name of the file in the folder.
const LOCK_FILE: &str = "lock";

/// Time to wait for the children of a killed process: they are killed with it, but take a while to give back their memory.
const WAIT_FOR_THE_DYING: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Ownership of a folder, until this is dropped and all child processes that inherited the lock have ended.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Makes the folder and locks it. Waits up to 2 s for a predecessor's processes that are dying.
    ///
    /// # Errors
    ///
    /// Another process holds the lock, or the folder can't be written.
    pub fn take(folder: &Path) -> Result<Self, ProcessError> {
        let deadline = Instant::now() + WAIT_FOR_THE_DYING;
        loop {
            if let Some(lock) = Self::try_take(folder)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                return Err(ProcessError::FolderInUse { folder: folder.to_path_buf(), owner: owner(folder) });
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Makes the folder and locks it, unless another process holds the lock.
    ///
    /// # Errors
    ///
    /// The folder can't be written.
    pub fn try_take(folder: &Path) -> Result<Option<Self>, ProcessError> {
        std::fs::create_dir_all(folder).map_err(ProcessError::file("make", folder))?;
        let path = folder.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(ProcessError::file("open", &path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(ProcessError::file("lock", &path)(error.into())),
        }
        // Text for people, and for the error of the next process that wants the folder. The lock itself needs no content.
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(ProcessError::file("write", &path))?;
        Ok(Some(Self { file }))
    }

    /// Id of the process that holds the lock of the folder now.
    pub fn living_owner(folder: &Path) -> Option<u32> {
        let file = File::open(folder.join(LOCK_FILE)).ok()?;
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(Errno::WOULDBLOCK) => owner(folder).parse().ok(),
            _ => None,
        }
    }

    /// The file descriptor that a child process inherits.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn owner(folder: &Path) -> String {
    let mut text = String::new();
    let file = File::open(folder.join(LOCK_FILE));
    let read = file.and_then(|file| file.take(32).read_to_string(&mut text));
    match read {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => String::from("unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_until_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("member");
        let first = FolderLock::take(&folder).expect("taken");
        assert!(FolderLock::try_take(&folder).expect("tried").is_none());
        assert_eq!(FolderLock::living_owner(&folder), Some(std::process::id()));
        let message = FolderLock::take(&folder).expect_err("in use").to_string();
        assert!(message.contains(&format!("in use by process {}", std::process::id())), "{message}");
        drop(first);
        assert_eq!(FolderLock::living_owner(&folder), None);
        assert!(FolderLock::try_take(&folder).expect("tried").is_some());
    }
}

//! What a member's directories take of their disks.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::statvfs;

/// Greatest number of files of a directory that are looked at; above it the space is unknown. An archive of a terabyte has some
/// ten thousand.
const MAXIMUM_FILES: usize = 100_000;

/// Unit of a file's number of blocks, in bytes. Source: `stat(2)`.
const BLOCK: u64 = 512;

/// The disk on which a directory lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that are free for a process without privileges.
    pub free: u64,
    /// Size in bytes.
    pub size: u64,
}

/// The disk of a directory, if that can be read.
pub fn disk(directory: &Path) -> Option<Disk> {
    let disk = statvfs(directory).ok()?;
    Some(Disk { free: disk.f_bavail.saturating_mul(disk.f_frsize), size: disk.f_blocks.saturating_mul(disk.f_frsize) })
}

/// Disk space of the files in a directory, not of those in folders below, in bytes. A file that is purged meanwhile does not count.
/// `None` if the directory can't be read or has too many files.
pub fn space(directory: &Path) -> Option<u64> {
    let mut space = 0;
    for (number, entry) in fs::read_dir(directory).ok()?.enumerate() {
        if number == MAXIMUM_FILES {
            return None;
        }
        let Ok(metadata) = entry.and_then(|entry| entry.metadata()) else { continue };
        space += metadata.blocks().saturating_mul(BLOCK);
    }
    Some(space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_that_of_blocks_and_not_of_holes() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(space(directory.path()), Some(0));
        fs::write(directory.path().join("written"), vec![1; 100_000]).unwrap();
        fs::File::create(directory.path().join("hole")).unwrap().set_len(1 << 30).unwrap();
        let space = space(directory.path()).unwrap();
        assert!((100_000..1_000_000).contains(&space), "{space}");
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        let nowhere = Path::new("/nowhere/at/all");
        assert_eq!((space(nowhere), disk(nowhere)), (None, None));
        let root = disk(Path::new("/")).unwrap();
        assert!(root.free <= root.size && root.size > 0, "{root:?}");
    }
}

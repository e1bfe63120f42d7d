//! A small separate disk, which a test can fill.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use lugus_topology::Size;

/// A RAM disk of 96 MiB. Drop unmounts it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts a disk, if this user may.
    pub fn mount(folder: &Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=96m", "lugus-test"]).arg(folder);
        let output = command.output().ok()?;
        if output.status.success() {
            return Some(Self(folder.to_path_buf()));
        }
        eprintln!("no small disk: {}", String::from_utf8_lossy(&output.stderr));
        None
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Uses up space, more than before if it was called before, until at most this much is left.
    pub fn fill(&self, left: Size) {
        let mut file = File::options().create(true).append(true).open(self.filler()).expect("a file");
        while self.free().as_bytes() > left.as_bytes() {
            file.write_all(&[7; 1 << 16]).expect("written");
        }
    }

    /// Space that is free.
    pub fn free(&self) -> Size {
        let disk = rustix::fs::statvfs(&self.0).expect("a disk");
        Size::bytes(disk.f_bavail * disk.f_frsize)
    }

    /// Gives back the space that [`Self::fill`] has used up.
    pub fn empty(&self) {
        fs::remove_file(self.filler()).expect("deleted");
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Processes that still have a file open there are killed later; the lazily unmounted disk goes with them.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

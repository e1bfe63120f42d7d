//! Directories of the state and of the media drivers.

use std::path::{Path, PathBuf};

use crate::{Deployment, Size};

/// Folder of Linux's RAM disk.
pub const SHARED_MEMORY: &str = "/dev/shm";

/// Least size of [`SHARED_MEMORY`] for drivers' directories to be put there by default. The RAM disk of a (Docker) container
/// has 64 MiB by default, which is too small.
pub const MINIMUM_SHARED_MEMORY: Size = Size::mib(1_024);

/// File of what a process counts, beside the directory of its media driver, which removes what is in it when it starts.
pub(crate) fn gauges_beside(aeron_dir: &Path) -> PathBuf {
    let mut path = aeron_dir.to_path_buf().into_os_string();
    path.push(".gauges");
    path.into()
}

impl Deployment {
    /// Folder of all state: `dir`, as an absolute path.
    pub fn state_dir(&self) -> PathBuf {
        self.absolute(&self.dir)
    }

    /// Folder of the drivers' directories: `aeron_dir`, or by default this deployment's own folder in [`SHARED_MEMORY`], or
    /// `aeron` in the state folder when the RAM disk is missing or too small.
    pub fn aeron_root(&self) -> PathBuf {
        match &self.aeron_dir {
            Some(dir) => self.absolute(dir),
            None => default_aeron_root(&self.state_dir(), Path::new(SHARED_MEMORY)),
        }
    }

    /// Folder in which each client program makes one for its own driver.
    pub fn client_root(&self) -> PathBuf {
        self.aeron_root().join("clients")
    }

    /// `path` as an absolute path: a relative one starts from the folder of the file.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        let path = self.base.join(path);
        std::path::absolute(&path).unwrap_or(path)
    }
}

fn default_aeron_root(state_dir: &Path, shared_memory: &Path) -> PathBuf {
    let size = rustix::fs::statvfs(shared_memory).map_or(0, |disk| disk.f_blocks.saturating_mul(disk.f_frsize));
    if size < MINIMUM_SHARED_MEMORY.as_bytes() {
        return state_dir.join("aeron");
    }
    shared_memory.join(format!("lugus-{:016x}", fnv_1a(state_dir.as_os_str().as_encoded_bytes())))
}

/// The FNV-1a hash. It tells deployments apart in a shared folder, so it must be the same in every build.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_fnv_1a() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn without_shared_memory_drivers_live_with_the_state() {
        assert_eq!(default_aeron_root(Path::new("/s"), Path::new("/no/such/folder")), Path::new("/s/aeron"));
    }

    #[test]
    fn two_deployments_do_not_share_drivers() {
        let shared_memory = Path::new("/");
        let roots = ["/a", "/b"].map(|state| default_aeron_root(Path::new(state), shared_memory));
        assert_ne!(roots[0], roots[1]);
    }
}

//! The media driver of a program that trades: one that the program starts, or one that already runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use lugus_topology::Deployment;

use crate::driver_options::DriverOptions;
use crate::{ChildProcess, FolderLock, ProcessError, READY_LINE, living_driver, media_driver};

/// Number of the next driver that this process starts.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Name of the driver's directory within the folder of a client program's driver.
const DRIVER: &str = "driver";

/// A media driver for clients. If this process started it, dropping this kills the driver and deletes its directory.
#[derive(Debug)]
pub struct ClientDriver {
    aeron_dir: PathBuf,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    process: ChildProcess,
    folder: PathBuf,
    _lock: FolderLock,
}

impl ClientDriver {
    /// Starts a driver and waits until it answers. When `client.aeron_dir` is set, checks instead that a driver lives there.
    ///
    /// # Errors
    ///
    /// The program is missing, the driver ends or does not answer in time, or no driver lives in `client.aeron_dir`.
    pub fn start(deployment: &Deployment) -> Result<Self, ProcessError> {
        if let Some(dir) = &deployment.client.aeron_dir {
            let aeron_dir = deployment.absolute(dir);
            return match living_driver(&aeron_dir) {
                Some(_) => Ok(Self { aeron_dir, own: None }),
                None => Err(ProcessError::NoDriver { dir: aeron_dir }),
            };
        }
        let (folder, lock) = take_folder(&deployment.client_root())?;
        let aeron_dir = folder.join(DRIVER);
        let client = &deployment.client;
        let options = DriverOptions::new(aeron_dir.clone(), deployment, client.profile, client.cores);
        let process = media_driver::start(deployment, &options, &folder, &lock)?;
        let mut own = Own { process, folder, _lock: lock };
        own.process.await_ready(READY_LINE, deployment.timeouts.start_timeout)?;
        Ok(Self { aeron_dir, own: Some(own) })
    }

    /// Directory of the driver, to which Aeron clients connect.
    pub fn aeron_dir(&self) -> &Path {
        &self.aeron_dir
    }

    /// Process id of a driver that this process started.
    pub fn pid(&self) -> Option<u32> {
        self.own.as_ref().map(|own| own.process.pid())
    }

    /// Checks that a driver that this process started still runs. Does not block.
    ///
    /// # Errors
    ///
    /// The driver has ended.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.own.as_mut().map_or(Ok(()), |own| own.process.check())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.process.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes and locks a folder for a driver of this program in `root`, and deletes the folders of programs that are gone.
fn take_folder(root: &Path) -> Result<(PathBuf, FolderLock), ProcessError> {
    // One program at a time: another would take a folder that is made but not locked yet for a dead program's.
    let _one = FolderLock::take(root)?;
    for entry in fs::read_dir(root).map_err(ProcessError::file("read", root))?.flatten() {
        let folder = entry.path();
        if folder.is_dir() && FolderLock::try_take(&folder)?.is_some() {
            fs::remove_dir_all(&folder).map_err(ProcessError::file("delete", folder))?;
        }
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = root.join(format!("{}-{number}", std::process::id()));
    let lock = FolderLock::take(&folder)?;
    Ok((folder, lock))
}

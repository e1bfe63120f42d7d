//! The media driver of a program that trades: its own, or one that runs already.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use lugus_topology::Deployment;

use crate::driver_options::DriverOptions;
use crate::{ChildProcess, FolderLock, ProcessError, READY_LINE, living_driver, media_driver};

/// Numbers the drivers of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Name of the driver's directory in the folder of one client program.
const DRIVER: &str = "driver";

/// A media driver for clients. One of our own is killed, and its directory deleted, when this is dropped.
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
    /// Starts a driver and waits until it answers; or, when `client.aeron_dir` is set, looks whether one lives there.
    ///
    /// # Errors
    ///
    /// The program is missing, the driver ends or does not answer in time, or none lives where it should.
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

    /// What an Aeron client connects to.
    pub fn aeron_dir(&self) -> &Path {
        &self.aeron_dir
    }

    /// Process id of a driver of our own.
    pub fn pid(&self) -> Option<u32> {
        self.own.as_ref().map(|own| own.process.pid())
    }

    /// Whether a driver of our own still runs. Does not block.
    ///
    /// # Errors
    ///
    /// It has ended.
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

/// A folder for this program in `root`. Deletes those of programs that are gone.
fn take_folder(root: &Path) -> Result<(PathBuf, FolderLock), ProcessError> {
    // One program at a time: between making a folder and locking it another would take it for a dead program's.
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

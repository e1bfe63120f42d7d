//! The media driver's process: where its program is, and starting it.

use std::path::{Path, PathBuf};

use lugus_topology::Deployment;

use crate::driver_options::DriverOptions;
use crate::{ChildProcess, FolderLock, Launch, ProcessError};

/// What a process of ours writes when it answers: the media driver, the consensus module.
pub const READY_LINE: &str = "ready";

const PROGRAM: &str = "lugus-media-driver";
const LOG: &str = "media-driver.log";

/// Starts a driver that lives as long as this process, and does not wait for it.
pub(crate) fn start(
    deployment: &Deployment,
    options: &DriverOptions,
    folder: &Path,
    lock: &FolderLock,
) -> Result<ChildProcess, ProcessError> {
    ChildProcess::start(Launch {
        name: "media driver",
        program: program(deployment)?,
        arguments: options.arguments(),
        log: folder.join(LOG),
        lock: Some(lock),
        cores: &[],
    })
}

/// The driver's program: as configured, or beside ours. Tests and examples are one folder below.
pub(crate) fn program(deployment: &Deployment) -> Result<PathBuf, ProcessError> {
    let looked = match &deployment.driver.binary {
        Some(binary) => vec![deployment.absolute(binary)],
        None => {
            let ours = std::env::current_exe().map_err(ProcessError::file("find", PROGRAM))?;
            ours.ancestors().skip(1).take(2).map(|folder| folder.join(PROGRAM)).collect()
        }
    };
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(ProcessError::NoDriverProgram { looked }),
    }
}

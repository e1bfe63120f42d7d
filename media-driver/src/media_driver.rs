//! The media driver's process: finding its program, and starting it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lugus_topology::Deployment;

use crate::driver_options::DriverOptions;
use crate::{ChildProcess, FolderLock, Launch, ProcessError};

/// The line that the media driver, the archive and the consensus module write when they answer.
pub const READY_LINE: &str = "ready";

/// The variable that names the driver's program, for programs of a workspace other than Lugus' own.
pub const DRIVER_VARIABLE: &str = "LUGUS_MEDIA_DRIVER";

const PROGRAM: &str = "lugus-media-driver";
const LOG: &str = "media-driver.log";

/// Starts a driver that lives as long as this process, and does not wait until it answers.
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
        log_limit: deployment.log,
        lock: Some(lock),
        cores: &[],
    })
}

/// The driver's program: `driver.binary` of the deployment, or else the first that is there of: what [`DRIVER_VARIABLE`]
/// names, the one beside the running program, and the one in `PATH`.
pub(crate) fn program(deployment: &Deployment) -> Result<PathBuf, ProcessError> {
    if let Some(binary) = &deployment.driver.binary {
        let configured = deployment.absolute(binary);
        return if configured.is_file() {
            Ok(configured)
        } else {
            Err(ProcessError::NoConfiguredDriver { binary: configured })
        };
    }
    let surroundings = Surroundings {
        variable: env::var_os(DRIVER_VARIABLE),
        program: env::current_exe().map_err(ProcessError::file("find", PROGRAM))?,
        path: env::var_os("PATH").unwrap_or_default(),
    };
    surroundings.driver()
}

/// What a running program knows of the places where the driver's program may be.
struct Surroundings {
    /// Value of [`DRIVER_VARIABLE`].
    variable: Option<OsString>,
    /// The running program itself.
    program: PathBuf,
    /// Value of `PATH`.
    path: OsString,
}

impl Surroundings {
    fn driver(&self) -> Result<PathBuf, ProcessError> {
        if let Some(named) = self.variable.as_ref().filter(|value| !value.is_empty()) {
            let named = PathBuf::from(named);
            return if named.is_file() { Ok(named) } else { Err(ProcessError::NoDriverOfVariable { named }) };
        }
        // Tests and examples are one folder below the programs of a build.
        let beside = self.program.ancestors().skip(1).take(2).map(|folder| folder.join(PROGRAM));
        let in_path = env::split_paths(&self.path).map(|folder| folder.join(PROGRAM));
        let found = beside.chain(in_path).find(|candidate| candidate.is_file());
        found.ok_or_else(|| ProcessError::NoDriverProgram { beside: self.program.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with the driver's program in `variable`, `build`, and `path`.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["variable", "build", "path"] {
            fs::create_dir(folder.path().join(name)).expect("made");
            fs::write(folder.path().join(name).join(PROGRAM), "").expect("written");
        }
        folder
    }

    fn surroundings(folder: &Path) -> Surroundings {
        Surroundings {
            variable: Some(folder.join("variable").join(PROGRAM).into_os_string()),
            program: folder.join("build/examples/taker"),
            path: env::join_paths([Path::new("/no/such/folder"), &folder.join("path")]).expect("a PATH"),
        }
    }

    #[test]
    fn the_variable_comes_before_the_folder_of_the_program_and_that_before_path() {
        let folder = folder();
        let mut surroundings = surroundings(folder.path());
        let found = |surroundings: &Surroundings| surroundings.driver().expect("found");
        assert_eq!(found(&surroundings), folder.path().join("variable").join(PROGRAM));
        surroundings.variable = Some(OsString::new());
        assert_eq!(found(&surroundings), folder.path().join("build").join(PROGRAM));
        surroundings.program = folder.path().join("build/lugus");
        assert_eq!(found(&surroundings), folder.path().join("build").join(PROGRAM));
        fs::remove_file(folder.path().join("build").join(PROGRAM)).expect("deleted");
        assert_eq!(found(&surroundings), folder.path().join("path").join(PROGRAM));
    }

    #[test]
    fn an_error_names_all_three_places() {
        let folder = folder();
        let mut surroundings = surroundings(folder.path());
        surroundings.variable = None;
        surroundings.program = PathBuf::from("/no/such/folder/taker");
        surroundings.path = OsString::from("/no/such/folder");
        let message = surroundings.driver().expect_err("nowhere").to_string();
        for part in ["beside /no/such/folder/taker", DRIVER_VARIABLE, "PATH"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_variable_that_names_no_program_is_an_error_although_others_are_there() {
        let folder = folder();
        let mut surroundings = surroundings(folder.path());
        surroundings.variable = Some(OsString::from("/no/such/driver"));
        let message = surroundings.driver().expect_err("no such driver").to_string();
        assert!(message.contains("LUGUS_MEDIA_DRIVER names /no/such/driver"), "{message}");
    }
}

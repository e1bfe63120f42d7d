//! A file beside the archive that names the deployment whose map is recorded there. It is written once, when the first
//! map is recorded. If the archive has no map, the file tells the coordinator why. Without the file, the first start
//! was interrupted, and the coordinator makes the first map. With the file, a recording was lost, and the coordinator
//! refuses to start, since a new map would be that of another deployment.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use lugus_partition_map::DeploymentId;

use crate::CoordinatorError;

const FILE: &str = "deployment";

/// The marker in the folder of a coordinator.
pub(crate) struct RecordingMarker {
    path: PathBuf,
}

impl RecordingMarker {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { path: dir.join(FILE) }
    }

    /// The deployment whose map was recorded; `None` if no map was recorded yet.
    ///
    /// # Errors
    /// The file cannot be read, or does not contain an identity.
    pub(crate) fn read(&self) -> Result<Option<DeploymentId>, CoordinatorError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.fault(source)),
        };
        let identity = u64::from_str_radix(text.trim(), 16);
        identity.map(|identity| Some(DeploymentId(identity))).map_err(|error| self.fault(io::Error::other(error)))
    }

    /// Writes down that a map of this deployment is recorded.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, identity: DeploymentId) -> Result<(), CoordinatorError> {
        let unfinished = self.path.with_extension("new");
        let written = File::create(&unfinished).and_then(|mut file| {
            writeln!(file, "{identity}")?;
            file.sync_all()?;
            fs::rename(&unfinished, &self.path)
        });
        written.map_err(|source| self.fault(source))
    }

    fn fault(&self, source: io::Error) -> CoordinatorError {
        CoordinatorError::RecordingMarker { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_survives_and_an_invalid_file_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let marker = RecordingMarker::of(folder.path());
        assert_eq!(marker.read().expect("readable"), None);
        for identity in [DeploymentId(0), DeploymentId(u64::MAX)] {
            marker.write(identity).expect("written");
            assert_eq!(marker.read().expect("readable"), Some(identity));
        }
        for rubbish in ["", "xyz", "12345678901234567"] {
            fs::write(folder.path().join(FILE), rubbish).expect("written");
            assert!(matches!(marker.read(), Err(CoordinatorError::RecordingMarker { .. })), "{rubbish:?}");
        }
    }
}

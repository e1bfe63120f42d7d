//! A file beside the archive that names the deployment whose map is recorded there. It is written once, when the first map
//! is recorded. By this file, a coordinator tells a first start that was cut short from a recording that was lost: after the
//! one it may begin again, after the other it must not, since a new map would be of another deployment.

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

    /// The deployment whose map was recorded; `None` if none was.
    ///
    /// # Errors
    /// The file cannot be read, or has no identity in it.
    pub(crate) fn read(&self) -> Result<Option<DeploymentId>, CoordinatorError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.fault(source)),
        };
        let identity = u64::from_str_radix(text.trim(), 16);
        identity.map(|identity| Some(DeploymentId(identity))).map_err(|error| self.fault(io::Error::other(error)))
    }

    /// Records that a map of this deployment is recorded.
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
    fn what_is_written_is_read_and_rubbish_is_told() {
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

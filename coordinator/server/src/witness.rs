//! A file beside the archive that says whose map has been recorded there, written once, when the first map is recorded. It
//! tells a first start that was cut short (no map yet, so begin again) from a recording that was lost (begin nothing: a new
//! map in its place would be another deployment's).

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use lugus_partition_map::DeploymentId;

use crate::CoordinatorError;

const FILE: &str = "deployment";

/// The file of one coordinator's folder.
pub(crate) struct Witness {
    path: PathBuf,
}

impl Witness {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { path: dir.join(FILE) }
    }

    /// Whose map was recorded; `None` when none was.
    ///
    /// # Errors
    /// The file can't be read, or says nothing.
    pub(crate) fn read(&self) -> Result<Option<DeploymentId>, CoordinatorError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.fault(source)),
        };
        let identity = u64::from_str_radix(text.trim(), 16);
        identity.map(|identity| Some(DeploymentId(identity))).map_err(|error| self.fault(io::Error::other(error)))
    }

    /// Notes whose map is recorded.
    ///
    /// # Errors
    /// The file can't be written.
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
        CoordinatorError::Witness { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_rubbish_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let witness = Witness::of(folder.path());
        assert_eq!(witness.read().expect("readable"), None);
        for identity in [DeploymentId(0), DeploymentId(u64::MAX)] {
            witness.write(identity).expect("written");
            assert_eq!(witness.read().expect("readable"), Some(identity));
        }
        for rubbish in ["", "xyz", "12345678901234567"] {
            fs::write(folder.path().join(FILE), rubbish).expect("written");
            assert!(matches!(witness.read(), Err(CoordinatorError::Witness { .. })), "{rubbish:?}");
        }
    }
}

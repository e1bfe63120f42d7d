//! A deployment as a file: reading, checking, writing; what is wrong is told with its line and key.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::authentication::{members_key_of, read_key_file};
use crate::error::Fault;
use crate::source::Source;
use crate::{Authentication, AuthenticationMode, Deployment, DeploymentError, Invalid, Key, Place, Problem};

/// Length of the longest `cluster.toml`, in bytes.
pub const MAXIMUM_FILE_LENGTH: u64 = 1 << 20;

impl Deployment {
    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// The file can't be read, or a value is wrong.
    pub fn load(path: &Path) -> Result<Self, DeploymentError> {
        let read = |source| DeploymentError::Read { path: path.to_path_buf(), source };
        let file = fs::File::open(path).map_err(read)?;
        let mut text = String::new();
        let length = file.take(MAXIMUM_FILE_LENGTH + 1).read_to_string(&mut text).map_err(read)? as u64;
        if length > MAXIMUM_FILE_LENGTH {
            let place = Place { file: Some(path.to_path_buf()), line: None, key: String::new() };
            return Err(Invalid { place, problem: Problem::TooLong { length, maximum: MAXIMUM_FILE_LENGTH } }.into());
        }
        Self::from_text(&text, Some(path), &folder_of(path))
    }

    /// Reads and checks text. Relative paths in it start from `base`.
    ///
    /// # Errors
    ///
    /// A value is wrong.
    pub fn parse(text: &str, base: &Path) -> Result<Self, DeploymentError> {
        Self::from_text(text, None, base)
    }

    /// Checks all values, also against each other.
    ///
    /// # Errors
    ///
    /// The first value that is wrong.
    pub fn validate(&self) -> Result<(), DeploymentError> {
        crate::validation::check(self).map_err(|fault| invalid(fault, None, None))
    }

    /// Checks the deployment, and writes it to a file with every key. From then on relative paths start from the folder of
    /// that file. A file with a participant's key may be read by its owner only.
    ///
    /// # Errors
    ///
    /// A value is wrong, or the file can't be written.
    pub fn save(&mut self, path: &Path) -> Result<(), DeploymentError> {
        let write = |source| DeploymentError::Write { path: path.to_path_buf(), source };
        self.base = folder_of(path);
        self.validate()?;
        let mode = if self.participants.iter().any(|participant| participant.key.is_some()) { 0o600 } else { 0o644 };
        let unfinished = path.with_extension("toml.new");
        fs::create_dir_all(&self.base).map_err(write)?;
        let _ = fs::remove_file(&unfinished);
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished).map_err(write)?;
        file.write_all(self.to_toml()?.as_bytes()).map_err(write)?;
        fs::rename(&unfinished, path).map_err(write)
    }

    /// Text of a file from which this deployment would be read.
    ///
    /// # Errors
    ///
    /// A path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, DeploymentError> {
        toml::to_string(self).map_err(|error| {
            invalid(Fault::new("", Problem::Text(error.to_string().trim_end().to_owned())), None, None)
        })
    }

    /// All participants with their keys, which are read from their files if need be.
    ///
    /// # Errors
    ///
    /// A key is missing or wrong.
    pub fn participant_keys(&self) -> Result<Vec<(u32, Key)>, DeploymentError> {
        crate::validation::participant_keys(self).map_err(|fault| invalid(fault, None, None))
    }

    /// Whether the members and the coordinator share a key: in mode `keys`, and when the file names one.
    pub fn has_members_key(&self) -> bool {
        let Authentication { mode, members_key_file } = &self.authentication;
        *mode == AuthenticationMode::Keys || members_key_file.is_some()
    }

    /// The key that the members and the coordinator share, read from its file if need be; `None` when they share none.
    ///
    /// # Errors
    ///
    /// The file of the key, or of a participant's key, can't be used.
    pub fn members_key(&self) -> Result<Option<Key>, DeploymentError> {
        let Authentication { mode, members_key_file } = &self.authentication;
        match (mode, members_key_file) {
            (_, Some(file)) => {
                let read = read_key_file("authentication.members_key_file", self.base.join(file));
                read.map(Some).map_err(|fault| invalid(fault, None, None))
            }
            (AuthenticationMode::Keys, None) => Ok(Some(members_key_of(self.participant_keys()?))),
            (AuthenticationMode::Open, None) => Ok(None),
        }
    }

    /// The operator's key, by which the coordinator knows who may change the partition map, and members who copies their log; `None`
    /// in mode `open`, in which everybody may.
    ///
    /// # Errors
    ///
    /// The operator is not among the participants, or its key can't be used.
    pub fn operator_key(&self) -> Result<Option<Key>, DeploymentError> {
        match self.authentication.mode {
            AuthenticationMode::Open => Ok(None),
            AuthenticationMode::Keys => {
                let key = crate::validation::operator_key(self);
                key.map(Some).map_err(|fault| invalid(fault, None, None))
            }
        }
    }

    fn from_text(text: &str, file: Option<&Path>, base: &Path) -> Result<Self, DeploymentError> {
        let source = Source::new(text);
        let mut deployment: Self = toml::from_str(text).map_err(|error| malformed(&error, file, &source))?;
        deployment.base = std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf());
        crate::validation::check(&deployment).map_err(|fault| invalid(fault, file, Some(&source)))?;
        Ok(deployment)
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn invalid(fault: Fault, file: Option<&Path>, source: Option<&Source<'_>>) -> DeploymentError {
    let line = source.and_then(|source| source.line_of(&fault.key));
    let place = Place { file: file.map(Path::to_path_buf), line, key: fault.key };
    Invalid { place, problem: fault.problem }.into()
}

fn malformed(error: &toml::de::Error, file: Option<&Path>, source: &Source<'_>) -> DeploymentError {
    let span = error.span();
    let place = Place {
        file: file.map(Path::to_path_buf),
        line: span.as_ref().map(|span| source.line(span.start)),
        key: span.map(|span| source.key_at(&span)).unwrap_or_default(),
    };
    Invalid { place, problem: Problem::Text(error.message().replace('\n', " ")) }.into()
}

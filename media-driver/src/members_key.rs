//! Files by which a process gives keys to the JVM that it starts, as everybody can read a command line; and the members' key.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use lugus_topology::Deployment;

use crate::ProcessError;
use crate::file_system::{delete, text};
use crate::java::Property;

/// Name of the file with the members' key.
const MEMBERS_KEY_FILE: &str = "members-key";

/// Writes a file anew that only this user may read.
pub(crate) fn write_secret(path: &Path, content: &str) -> Result<(), ProcessError> {
    delete(path)?;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(content.as_bytes())).map_err(ProcessError::file("write", path))
}

/// Writes the members' key, if there is one, into the folder of a member or of the coordinator.
pub(crate) fn write_members_key(deployment: &Deployment, dir: &Path) -> Result<(), ProcessError> {
    match deployment.members_key()? {
        Some(key) => write_secret(&members_key_file(dir), &format!("{}\n", key.to_hex())),
        None => Ok(()),
    }
}

/// The property that names the file of the members' key, if there is one.
pub(crate) fn members_key_property(deployment: &Deployment, dir: &Path) -> Option<Property> {
    deployment.has_members_key().then(|| ("lugus.archive.key", text(&members_key_file(dir))))
}

fn members_key_file(dir: &Path) -> PathBuf {
    dir.join(MEMBERS_KEY_FILE)
}

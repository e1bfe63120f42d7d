//! Deleting what may not be there, and a path as the text of a property.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::ProcessError;

/// Deletes a file. A missing file is no error.
pub(crate) fn delete(file: &Path) -> Result<(), ProcessError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ProcessError::file("delete", file)(error)),
        _ => Ok(()),
    }
}

/// A path as the value of a property. A validated deployment has only paths that are UTF-8.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

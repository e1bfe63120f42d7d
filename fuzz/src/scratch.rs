//! A folder for targets that read files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

/// This process' folder. libFuzzer ends without removing it; `scripts/fuzz` does, and has it in memory.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().map(TempDir::keep).expect("a folder"))
}

/// Writes a file of the folder; returns its path.
pub(crate) fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("written");
    path
}

//! Folders that are moved out of the way and kept, since they may be the only copy.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// `path` with `suffix` at the end of its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(suffix);
    path.with_file_name(name)
}

/// Renames a folder to the first free of `NAME.aside-1`, `NAME.aside-2`, ...; returns its new path, or `None` if there is no
/// such folder.
///
/// # Errors
/// The file system's.
fn set_aside(path: &Path) -> Result<Option<PathBuf>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let numbered = |number: u32| beside(path, &format!(".aside-{number}"));
    let free = (1..).map(numbered).find(|aside| !aside.exists()).unwrap_or_else(|| numbered(u32::MAX));
    rename(path, &free)?;
    Ok(Some(free))
}

/// Path of the folder that is made anew to take the place of this one.
pub fn new_of(place: &Path) -> PathBuf {
    beside(place, ".new")
}

/// Sets a folder aside, and puts the one that was made anew in its place. Returns where the old one is, if there was one.
///
/// # Errors
/// The file system's.
pub fn replace_by_new(place: &Path) -> Result<Option<PathBuf>, Failure> {
    let aside = set_aside(place)?;
    rename(&new_of(place), place)?;
    Ok(aside)
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to)
        .map_err(|error| Failure::new(format!("can't rename {} to {}: {error}", from.display(), to.display())))
}

/// Deletes a folder that this program has made.
///
/// # Errors
/// The file system's.
pub fn delete(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    fs::remove_dir_all(path).map_err(|error| Failure::new(format!("can't delete {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_set_aside_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = folder.path().join("archive");
        assert_eq!(set_aside(&archive).expect("nothing to do"), None);
        for number in 1..=3 {
            fs::create_dir(&archive).expect("made");
            fs::write(archive.join("0-0.rec"), number.to_string()).expect("written");
            let aside = set_aside(&archive).expect("set aside").expect("a path");
            assert_eq!(aside, folder.path().join(format!("archive.aside-{number}")));
            assert_eq!(fs::read_to_string(aside.join("0-0.rec")).expect("read"), number.to_string());
        }
    }
}

//! The files of the repository, or of a made-up one that a check is tested on.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// Paths from the root of the repository, with `/`, and the text of each file. A file that is not text (a fuzzer's input)
/// has no text.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// A made-up tree.
    #[cfg(test)]
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }

    /// The files that Git tracks below `root`, and new ones that it does not ignore. Where there is no Git, all files but
    /// those in the folders that `.gitignore` names.
    pub fn read(root: &Path) -> io::Result<Self> {
        let paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut files = BTreeMap::new();
        for path in paths {
            // A file that is deleted, but not yet for Git, is gone.
            let Ok(bytes) = fs::read(root.join(&path)) else { continue };
            files.insert(path, String::from_utf8(bytes).unwrap_or_default());
        }
        Ok(Self { files })
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// All files whose names end so, such as `.rs`.
    pub fn with_ending(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(ending))
    }

    /// The text of a file, if the file exists.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Is it a file?
    pub fn has_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Is it a folder with a file in it? The root is the folder with the empty path.
    pub fn has_folder(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        path.is_empty() || self.files.range(prefix.clone()..).next().is_some_and(|(file, _)| file.starts_with(&prefix))
    }
}

/// Folders that builds and set-up make, here or in a workspace that uses this one; Git ignores them.
const BUILT: &[&str] = &["target", ".tools", ".lugus", ".cargo/aeron-c-build", "media-driver/java/target"];

/// Is it a folder that a build makes, or in one?
pub fn is_built(path: &str) -> bool {
    BUILT.iter().any(|built| path.strip_prefix(built).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The folder that a file or folder is in; the root is empty.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// `path`, seen from `folder`, as a path from the root: `.` and `..` resolved. `None` when it leaves the repository.
pub fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(root: &Path) -> io::Result<Vec<String>> {
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(path) = name.to_str().and_then(|name| joined(&folder, name)) else { continue };
            if path == ".git" || ignored.contains(&path.as_str()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_within_the_repository_only() {
        assert_eq!(joined("a/b", "../c/./d.rs").as_deref(), Some("a/c/d.rs"));
        assert_eq!(joined("a/b", "../..").as_deref(), Some(""));
        assert_eq!(joined("a/b", "../../../c"), None);
    }

    #[test]
    fn folders_are_those_with_files() {
        let tree = Tree::of([("a/b/c.rs", ""), ("a-b.rs", "")]);
        assert!(tree.has_folder("") && tree.has_folder("a") && tree.has_folder("a/b"));
        assert!(!tree.has_folder("a/b/c.rs") && !tree.has_folder("a/c") && !tree.has_folder("b"));
    }

    #[test]
    fn without_git_the_same_files_are_found() {
        let root = crate::repository();
        let mut walked = walked(&root).unwrap();
        walked.sort();
        let listed = Tree::read(&root).unwrap();
        for path in walked.iter().filter(|path| path.ends_with(".rs")) {
            assert!(listed.has_file(path), "{path}");
        }
        assert!(walked.iter().any(|path| path == "testing/tests/tidy/tree.rs"));
    }
}

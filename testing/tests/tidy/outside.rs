//! No reference to what is outside the repository, as a clone has nothing else.
//!
//! A path with `..` must lead, from the file, from its crate or Maven module, or from the root, to something in the
//! repository or to what a build puts there. Absolute paths of somebody's machine are refused.

use crate::finding::Finding;
use crate::tree::{Tree, folder_of, is_built, joined};

/// A folder with one of these is where tests run, so paths may count from there.
const MANIFESTS: &[&str] = &["Cargo.toml", "pom.xml"];

/// Beginnings of paths that exist on one machine only, and folders that are beside a work tree.
const FOREIGN: &[&str] = &["/work/", "/home/", "/root/", "/Users/", "shared/"];

/// References that leave the repository.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for (index, line) in text.lines().enumerate() {
            for reference in paths(line).filter(|reference| is_outside(tree, path, reference)) {
                let message =
                    format!("`{reference}` leads out of the repository; take it in, or let a variable name it");
                findings.push(Finding::new(path, index + 1, message));
            }
        }
    }
    findings
}

fn is_outside(tree: &Tree, file: &str, reference: &str) -> bool {
    if FOREIGN.iter().any(|foreign| reference.starts_with(foreign)) {
        return true;
    }
    if !reference.split('/').any(|part| part == "..") || reference.starts_with('/') {
        return false;
    }
    let exists = |path: &str| tree.has_file(path) || tree.has_folder(path) || is_built(path);
    let is_start = |folder: &&str| {
        *folder == folder_of(file)
            || MANIFESTS.iter().any(|name| joined(folder, name).is_some_and(|path| tree.has_file(&path)))
    };
    let mut folders =
        std::iter::successors(Some(folder_of(file)), |folder| (!folder.is_empty()).then(|| folder_of(folder)));
    !folders.any(|folder| is_start(&folder) && joined(folder, reference).is_some_and(|path| exists(&path)))
}

/// The parts of a line that look like paths. What a script or Maven puts before the first `/` (`$root/`, `${basedir}/`) is
/// left out.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let in_path = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + line[from..].find(in_path)?;
        let end = line[start..].find(|character| !in_path(character)).map_or(line.len(), |length| start + length);
        from = end;
        let path = line[start..end].trim_end_matches('.');
        let path = if path.is_empty() || line[start..end].ends_with("/..") { &line[start..end] } else { path };
        // After a variable or another crate's part of an address (`https:`), a leading `/` does not mean the root.
        let continued = line[..start].ends_with(['}', ')', ':', '*', '~', '@']);
        Some(if continued { path.trim_start_matches('/') } else { path })
    })
    .filter(|path| path.contains('/') || *path == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, line: &str) -> usize {
        let tree = Tree::of([
            ("x/y/Cargo.toml", "[package]\nname = \"y\"\n"),
            ("x/y/tests/deep/a.rs", ""),
            ("docs/page.md", ""),
            ("Cargo.toml", ""),
            (file, line),
        ]);
        check(&tree).len()
    }

    #[test]
    fn paths_that_stay_are_fine() {
        for line in [
            "#[path = \"../deep/a.rs\"]",
            "join(\"../../docs/page.md\")",
            "join(\"../../target/release/x\")",
            "join(\"../..\")",
            "see docs/page.md, and so on... 0..n, a/b",
            "\"https://example.com/home/x\" and https://x.y/work/z",
            "${project.basedir}/../..",
        ] {
            assert_eq!(found("x/y/tests/deep/b.rs", line), 0, "{line}");
        }
    }

    #[test]
    fn paths_that_leave_are_found() {
        for line in [
            "join(\"../../shared/data\")",
            "include_str!(\"../../../../../page.md\")",
            "join(\"../../docs/gone.md\")",
            "cd /work/main",
            "\"/home/somebody/x\"",
            "`/root/.cargo`",
            "see `shared/DESIGN.md`",
        ] {
            assert_eq!(found("x/y/tests/deep/b.rs", line), 1, "{line}");
        }
        assert_eq!(found("docs/other.md", "../../beside"), 1);
        assert_eq!(found("docs/other.md", "`../x/y/tests`"), 0);
    }
}

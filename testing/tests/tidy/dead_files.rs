//! No file that nothing leads to.
//!
//! - A Rust file is reached from a library, program, test or example by `mod`.
//! - A page of documentation is reached from `README.md` by links.
//! - Any other file is named by another one, or lies in a folder that another one names (recorded inputs of a test), or
//!   is one of those that a tool looks for by its name.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::links::links;
use crate::manifests::packages;
use crate::modules::Modules;
use crate::tree::{Tree, folder_of, joined, name_of};

/// The page that a reader begins with.
const FIRST_PAGE: &str = "README.md";

/// Names that Cargo, Git, rustup, Maven, JUnit, Javadoc or a reader of a foreign repository looks for.
const LOOKED_FOR: &[&str] = &[
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "clippy.toml",
    "config.toml",
    "deny.toml",
    "junit-platform.properties",
    "package-info.java",
    "pom.xml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// What starts a continuous integration, which no file of the repository does.
const ENTRANCES: &[&str] = &[".ci/run"];

/// Rust files that no target reaches, and modules without a file.
pub fn check_rust(tree: &Tree) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    let mut findings = Vec::new();
    for package in packages(tree) {
        for target in &package.targets {
            let modules = Modules::of(tree, target);
            reached.extend(modules.files().into_iter().map(str::to_owned));
            for (file, name) in &modules.missing {
                findings.push(Finding::of_file(
                    file,
                    format!("`mod {name};` has no file in the repository; add it to Git"),
                ));
            }
        }
    }
    let dead = tree.with_ending(".rs").filter(|(path, _)| !reached.contains(*path));
    findings.extend(
        dead.map(|(path, _)| Finding::of_file(path, "no `mod` and no target reaches it; delete or declare it")),
    );
    findings.sort();
    findings.dedup();
    findings
}

/// Pages that cannot be reached from the first one.
pub fn check_pages(tree: &Tree) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![FIRST_PAGE.to_owned()];
    while let Some(page) = waiting.pop() {
        let Some(text) = tree.text(&page) else { continue };
        if reached.insert(page.clone()) {
            let targets = links(text).into_iter().filter_map(|link| joined(folder_of(&page), &link.path));
            waiting.extend(targets.filter(|target| target.ends_with(".md")));
        }
    }
    let dead = tree.with_ending(".md").filter(|(path, _)| !reached.contains(*path));
    dead.map(|(path, _)| {
        Finding::of_file(path, format!("no page links to it, beginning with {FIRST_PAGE}; link or delete it"))
    })
    .collect()
}

/// Files of other kinds that no file names.
pub fn check_others(tree: &Tree) -> Vec<Finding> {
    let other = |path: &str| !path.ends_with(".rs") && !path.ends_with(".md");
    let dead = tree.files().filter(|(path, _)| other(path) && !is_looked_for(path) && !is_named(tree, path));
    dead.map(|(path, _)| Finding::of_file(path, "no other file names it; delete it, or say where it is used")).collect()
}

fn is_looked_for(path: &str) -> bool {
    let name = name_of(path);
    // Maven runs these by their names.
    let test = path.ends_with("Test.java") || path.ends_with("IT.java");
    LOOKED_FOR.contains(&name) || ENTRANCES.contains(&path) || test
}

/// Does another file contain its name? Of a Java class, the name of the class; of a file among many, that of the folder
/// with the one above.
fn is_named(tree: &Tree, path: &str) -> bool {
    let name = name_of(path).trim_end_matches(".java");
    let named = |name: &str| tree.files().any(|(other, text)| other != path && contains_name(text, name));
    if named(name) {
        return true;
    }
    let mut folder = folder_of(path);
    while !folder_of(folder).is_empty() {
        let with_parent = format!("{}/{}", name_of(folder_of(folder)), name_of(folder));
        if !with_parent.starts_with("src/") && named(&with_parent) {
            return true;
        }
        folder = folder_of(folder);
    }
    false
}

/// Is the name in the text, and not as a part of a longer one?
fn contains_name(text: &str, name: &str) -> bool {
    let part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || "_-".contains(character))
    };
    text.match_indices(name)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn rust_files_are_reached_by_modules() {
        let tree = Tree::of([
            ("x/Cargo.toml", "[package]\nname = \"x\"\n"),
            ("x/src/lib.rs", "mod a; #[cfg(test)] mod tests; mod gone;"),
            ("x/src/a.rs", ""),
            ("x/src/tests.rs", ""),
            ("x/src/dead.rs", "mod deader;"),
            ("x/src/dead/deader.rs", ""),
            ("x/tests/one.rs", "#[path = \"shared/mod.rs\"] mod shared;"),
            ("x/tests/shared/mod.rs", ""),
            ("x/tests/unused/mod.rs", ""),
            ("x/examples/two.rs", ""),
            ("nowhere.rs", ""),
        ]);
        let expected = ["nowhere.rs", "x/src/dead.rs", "x/src/dead/deader.rs", "x/src/lib.rs", "x/tests/unused/mod.rs"];
        assert_eq!(paths(check_rust(&tree)), expected);
    }

    #[test]
    fn pages_are_reached_by_links() {
        let tree = Tree::of([
            ("README.md", "[a](docs/a.md#x) [far](https://example.com/dead.md)"),
            ("docs/a.md", "[b](b.md)"),
            ("docs/b.md", ""),
            ("docs/dead.md", "[a](a.md)"),
        ]);
        assert_eq!(paths(check_pages(&tree)), ["docs/dead.md"]);
    }

    #[test]
    fn other_files_are_named_somewhere() {
        let tree = Tree::of([
            ("Cargo.toml", ""),
            ("scripts/test", "#!/bin/sh\n./scripts/setup; ./scripts/test"),
            ("scripts/setup", ""),
            ("scripts/set", ""),
            ("x/tests/golden.rs", "join(\"tests/golden\")"),
            ("x/tests/golden/one.jsonl", ""),
            ("x/tests/other/two.jsonl", ""),
            ("java/UsedTest.java", "class UsedTest { Used used; }"),
            ("java/Used.java", ""),
            ("java/Unused.java", "class Unused {}"),
        ]);
        assert_eq!(
            paths(check_others(&tree)),
            ["java/Unused.java", "scripts/set", "scripts/test", "x/tests/other/two.jsonl"]
        );
    }
}

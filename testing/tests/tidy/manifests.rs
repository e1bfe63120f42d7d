//! The crates of the workspace: their names, what they depend on, and the files that the compiler starts from.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::tree::{Tree, folder_of, joined, name_of};

/// A crate of the workspace.
#[derive(Debug)]
pub struct Package {
    /// The name in its manifest.
    pub name: String,
    /// Its folder, from the root of the repository.
    pub folder: String,
    /// All that its manifest names, of ours and of others.
    pub dependencies: Vec<Dependency>,
    /// The files that the compiler starts from: library, programs, tests, examples, benchmarks, build script.
    pub targets: Vec<String>,
}

/// A line of a manifest that names another crate.
#[derive(Debug)]
pub struct Dependency {
    /// The name of the other crate.
    pub name: String,
    /// What it is needed for.
    pub purpose: Purpose,
    /// The line of the manifest.
    pub line: usize,
}

/// What a dependency is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `[dependencies]`: it is part of what is built.
    Library,
    /// `[build-dependencies]`.
    Build,
    /// `[dev-dependencies]`: tests and examples.
    Tests,
}

impl Package {
    /// Its manifest, from the root of the repository.
    pub fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

/// All crates of the tree, by their folders.
pub fn packages(tree: &Tree) -> Vec<Package> {
    let manifests = tree.files().filter(|(path, _)| name_of(path) == "Cargo.toml");
    manifests.filter_map(|(path, text)| package(tree, folder_of(path), text)).collect()
}

/// The crate that a file belongs to: that of the nearest folder with a manifest.
pub fn package_of<'a>(packages: &'a [Package], path: &str) -> Option<&'a Package> {
    let holds = |package: &&Package| path.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/'));
    packages.iter().filter(holds).max_by_key(|package| package.folder.len())
}

fn package(tree: &Tree, folder: &str, text: &str) -> Option<Package> {
    let manifest: Table = text.parse().ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
    let mut dependencies = Vec::new();
    dependencies_of(Some(&manifest), text, &mut dependencies);
    for platform in manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        dependencies_of(platform.as_table(), text, &mut dependencies);
    }
    let targets = targets(tree, folder, &manifest);
    Some(Package { name, folder: folder.to_owned(), dependencies, targets })
}

fn dependencies_of(table: Option<&Table>, text: &str, found: &mut Vec<Dependency>) {
    let sections = [
        ("dependencies", Purpose::Library),
        ("build-dependencies", Purpose::Build),
        ("dev-dependencies", Purpose::Tests),
    ];
    for (section, purpose) in sections {
        let Some(named) = table.and_then(|table| table.get(section)).and_then(Value::as_table) else { continue };
        for (key, value) in named {
            let name = value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned();
            found.push(Dependency { name, purpose, line: line_of(text, section, key) });
        }
    }
}

/// The line in which a section names a key.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let (header, of_platform) = (format!("[{section}]"), format!(".{section}]"));
    let is_header = |line: &str| line.trim_end() == header || line.trim_end().ends_with(&of_platform);
    let within = text.lines().enumerate().skip_while(|(_, line)| !is_header(line));
    let names_key =
        |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    within.skip(1).find(|(_, line)| names_key(line)).map_or(0, |(index, _)| index + 1)
}

fn targets(tree: &Tree, folder: &str, manifest: &Table) -> Vec<String> {
    let at = |path: &str| joined(folder, path);
    let mut targets = BTreeSet::new();
    let mut add = |path: Option<String>| {
        if let Some(path) = path.filter(|path| tree.has_file(path)) {
            targets.insert(path);
        }
    };
    for usual in ["src/lib.rs", "src/main.rs", "build.rs"] {
        add(at(usual));
    }
    add(manifest.get("lib").and_then(|lib| lib.get("path")).and_then(Value::as_str).and_then(at));
    for kind in ["bin", "test", "example", "bench"] {
        for target in manifest.get(kind).and_then(Value::as_array).into_iter().flatten() {
            add(target.get("path").and_then(Value::as_str).and_then(at));
        }
    }
    for kind in ["src/bin", "tests", "examples", "benches"] {
        let Some(kind) = at(kind) else { continue };
        for (path, _) in tree.with_ending(".rs") {
            let parent = folder_of(path);
            if parent == kind || (name_of(path) == "main.rs" && folder_of(parent) == kind) {
                add(Some(path.to_owned()));
            }
        }
    }
    targets.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_say_what_a_crate_needs_and_starts_from() {
        let manifest = "[package]\nname = \"a\"\n[[bin]]\nname = \"x\"\npath = \"odd/x.rs\"\n\n[dependencies]\nb.workspace = true\n\
                        [dev-dependencies]\nb-c = { workspace = true }\n[target.'cfg(unix)'.dependencies]\nd = \"1\"\n";
        let tree = Tree::of([
            ("Cargo.toml", "[workspace]\n"),
            ("a/Cargo.toml", manifest),
            ("a/build.rs", ""),
            ("a/odd/x.rs", ""),
            ("a/src/bin/y.rs", ""),
            ("a/src/lib.rs", ""),
            ("a/src/part.rs", ""),
            ("a/tests/one.rs", ""),
            ("a/tests/two/main.rs", ""),
            ("a/tests/two/part.rs", ""),
        ]);
        let packages = packages(&tree);
        assert_eq!(packages.len(), 1);
        let package = &packages[0];
        assert_eq!((package.name.as_str(), package.folder.as_str()), ("a", "a"));
        let named: Vec<_> =
            package.dependencies.iter().map(|needed| (needed.name.as_str(), needed.purpose, needed.line)).collect();
        assert_eq!(named, [("b", Purpose::Library, 8), ("b-c", Purpose::Tests, 10), ("d", Purpose::Library, 12)]);
        let expected =
            ["a/build.rs", "a/odd/x.rs", "a/src/bin/y.rs", "a/src/lib.rs", "a/tests/one.rs", "a/tests/two/main.rs"];
        assert_eq!(package.targets, expected);
    }

    #[test]
    fn a_file_belongs_to_the_innermost_crate() {
        let manifest = |name: &str| format!("[package]\nname = \"{name}\"\n");
        let (outer, inner) = (manifest("outer"), manifest("inner"));
        let tree = Tree::of([("a/Cargo.toml", outer.as_str()), ("a/b/Cargo.toml", inner.as_str())]);
        let packages = packages(&tree);
        let name = |path| package_of(&packages, path).map(|package| package.name.as_str());
        assert_eq!(name("a/src/lib.rs"), Some("outer"));
        assert_eq!(name("a/b/src/lib.rs"), Some("inner"));
        assert_eq!(name("ab/src/lib.rs"), None);
    }
}

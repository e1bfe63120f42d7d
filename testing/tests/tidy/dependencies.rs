//! No dependency that nothing uses: each crate that a manifest names is named in the crate's source, too.

use crate::finding::Finding;
use crate::manifests::{Dependency, Package, Purpose, package_of, packages};
use crate::tokens::{Kind, tokens};
use crate::tree::Tree;

/// Crates whose library has another name than the package.
const LIBRARIES: &[(&str, &str)] = &[("lugus-perf", "lugus_benchmark")];

/// Dependencies without a use.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let packages = packages(tree);
    let mut findings = Vec::new();
    for package in &packages {
        for needed in package.dependencies.iter().filter(|needed| !is_used(tree, &packages, package, needed)) {
            let message = format!("depends on {}, which no source of it names; remove it", needed.name);
            findings.push(Finding::new(&package.manifest(), needed.line, message));
        }
    }
    findings
}

fn is_used(tree: &Tree, packages: &[Package], package: &Package, needed: &Dependency) -> bool {
    if needed.name == package.name {
        // A crate that its own tests want with other features.
        return true;
    }
    let renamed = LIBRARIES.iter().find(|(name, _)| *name == needed.name).map(|(_, library)| (*library).to_owned());
    let library = renamed.unwrap_or_else(|| needed.name.replace('-', "_"));
    let of_package = |path: &str| package_of(packages, path).is_some_and(|owner| owner.folder == package.folder);
    let is_place = |path: &str| {
        let rest = path.strip_prefix(&package.folder).unwrap_or(path);
        (needed.purpose == Purpose::Build) == (rest == "/build.rs")
    };
    let names = |text: &str| tokens(text).iter().any(|token| token.kind == Kind::Word && token.text == library);
    tree.with_ending(".rs")
        .any(|(path, text)| of_package(path) && is_place(path) && text.contains(&library) && names(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_dependencies_are_found() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nused-here = \"1\"\nunused = \"1\"\nonly-told-of = \"1\"\n\
                        [build-dependencies]\nused-here-only = \"1\"\n[dev-dependencies]\nin-tests = \"1\"\nx = { path = \".\" }\n";
        let tree = Tree::of([
            ("x/Cargo.toml", manifest),
            ("x/src/lib.rs", "use used_here::y; // only_told_of\n use used_here_only as z;"),
            ("x/build.rs", "fn main() {}"),
            ("x/tests/a.rs", "fn f() { in_tests::g() }"),
        ]);
        let lines: Vec<usize> = check(&tree).into_iter().map(|finding| finding.line).collect();
        assert_eq!(lines.len(), 3);
        assert!([5, 6, 8].iter().all(|line| lines.contains(line)), "{lines:?}");
    }
}

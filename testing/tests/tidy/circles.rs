//! No circle between the files of a crate: of two files, at most one builds on the other.
//!
//! A file builds on another when its code names an item that the other defines: in a `use`, in a path, or by calling a
//! macro. Names are followed through re-exports to the file of the definition, so a re-export (`pub use`) does not count as
//! a use, unless the file itself uses the name. Not counted either: `mod name;`, and all that is for tests only. Methods are
//! not seen: an `impl` in one file may call those of an `impl` of the same type in another file.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::items::Import;
use crate::manifests::packages;
use crate::modules::{Modules, Place};
use crate::tree::Tree;

/// Where a file names something of another: the line, and the name.
type Uses = BTreeMap<(String, String), BTreeSet<(usize, String)>>;

/// Files that import each other.
#[derive(Debug, PartialEq, Eq)]
pub struct Circle {
    /// The files, by their paths.
    pub files: BTreeSet<String>,
    /// Each arrow of the circle: file, line, and what is used of which file.
    pub arrows: Vec<String>,
}

/// All circles of all crates; each is named once, though several targets may contain it.
pub fn circles(tree: &Tree) -> Vec<Circle> {
    let mut found: Vec<Circle> = Vec::new();
    for package in packages(tree) {
        for target in &package.targets {
            for circle in circles_of(&uses(&Modules::of(tree, target))) {
                if !found.iter().any(|known| known.files == circle.files) {
                    found.push(circle);
                }
            }
        }
    }
    found
}

/// A finding for each circle, at its first file.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let circles = circles(tree);
    let findings = circles.iter().filter_map(|circle| {
        let message = format!(
            "is in a circle of {} files; move what they share to a file of its own, or to the file that needs it:\n    {}",
            circle.files.len(),
            circle.arrows.join("\n    ")
        );
        Some(Finding::of_file(circle.files.first()?, message))
    });
    findings.collect()
}

fn uses(modules: &Modules) -> Uses {
    let mut uses = Uses::new();
    for (index, module) in modules.modules.iter().enumerate().filter(|(_, module)| !module.only_for_tests) {
        let mut add = |place: Option<Place>, line: usize, name: &str, even_a_module: bool| {
            let ((Some(Place::ItemOf(other)), _) | (Some(Place::Module(other)), true)) = (place, even_a_module) else {
                return;
            };
            let other = &modules.modules[other];
            if other.file != module.file && !other.only_for_tests {
                let arrow = (module.file.clone(), other.file.clone());
                uses.entry(arrow).or_default().insert((line, name.to_owned()));
            }
        };
        let used_here = |import: &&Import| !import.is_public || module.items.words.contains(&import.name);
        for import in module.items.imports.iter().filter(used_here) {
            let name = import.from.parts.last().map_or("", String::as_str);
            let all = import.name == "*";
            add(modules.resolve(index, &import.from), import.from.line, if all { "*" } else { name }, all);
        }
        for path in &module.items.paths {
            add(modules.resolve(index, path), path.line, &path.parts.join("::"), false);
        }
        for called in &module.items.macros {
            let name = called.parts.join("::");
            add(modules.macro_place(index, &name), called.line, &format!("{name}!"), false);
        }
    }
    uses
}

/// The strongly connected parts of the graph that have more than one file.
fn circles_of(uses: &Uses) -> Vec<Circle> {
    let mut onward: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in uses.keys() {
        onward.entry(from).or_default().insert(to);
    }
    let reach: BTreeMap<&str, BTreeSet<&str>> = onward.keys().map(|file| (*file, reached(&onward, file))).collect();
    let mut done = BTreeSet::new();
    let mut circles = Vec::new();
    for (file, reached) in &reach {
        if !reached.contains(file) || done.contains(file) {
            continue;
        }
        let back = |other: &&&str| reach.get(**other).is_some_and(|onward| onward.contains(file));
        let files: BTreeSet<&str> = reached.iter().filter(back).copied().collect();
        done.extend(files.iter().copied());
        let within = |(from, to): &(String, String)| files.contains(from.as_str()) && files.contains(to.as_str());
        let arrows = uses.iter().filter(|(arrow, _)| within(arrow));
        let arrows = arrows.map(|((from, to), places)| format!("{from} uses of {to}: {}", names(places)));
        circles.push(Circle { arrows: arrows.collect(), files: files.iter().map(|file| (*file).to_owned()).collect() });
    }
    circles
}

/// The first names that are used, each once, with its line.
fn names(places: &BTreeSet<(usize, String)>) -> String {
    const MOST: usize = 5;
    let mut told: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for (line, name) in places {
        // `Type` is in the import already when `Type::new` is met.
        if !told.iter().any(|told| *told == name || name.starts_with(&format!("{told}::"))) {
            told.push(name);
            names.push(format!("{name} (line {line})"));
        }
    }
    if names.len() > MOST {
        names.truncate(MOST);
        names.push("...".to_owned());
    }
    names.join(", ")
}

/// All that can be reached from a file by one arrow or more.
fn reached<'a>(onward: &BTreeMap<&'a str, BTreeSet<&'a str>>, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = vec![file];
    while let Some(file) = waiting.pop() {
        for next in onward.get(file).into_iter().flatten() {
            if reached.insert(*next) {
                waiting.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n";

    fn files_in_circles<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        let mut all = vec![("x/Cargo.toml", MANIFEST)];
        let paths: Vec<String> = files.iter().map(|(path, _)| format!("x/src/{path}")).collect();
        all.extend(paths.iter().map(String::as_str).zip(files.iter().map(|(_, text)| *text)));
        let tree = Tree::of(all);
        circles(&tree).into_iter().flat_map(|circle| circle.files).map(|file| file.replace("x/src/", "")).collect()
    }

    #[test]
    fn a_circle_of_two_is_found_however_it_is_written() {
        let lib = "mod a; mod b;";
        let b = "pub struct B; use crate::a::A;";
        for a in [
            "pub struct A; use crate::b::B;",
            "pub struct A; use super::b::{self, B};",
            "pub struct A; use super::{b};\nfn f() { b::g() }",
            "pub struct A(super::b::B);",
            "pub struct A; use crate::b::*;",
            "pub struct A; fn f() { use crate::b as c; c::g(); }",
            "pub struct A; mod inner { use super::super::b::B; }",
            "pub struct A; #[serde(with = \"crate::b::json\")] struct C;",
        ] {
            assert_eq!(files_in_circles([("lib.rs", lib), ("a.rs", a), ("b.rs", b)]), ["a.rs", "b.rs"], "{a}");
        }
    }

    #[test]
    fn what_is_no_use_makes_no_circle() {
        let lib = "mod a; mod b; pub use a::A; pub use b::B;";
        let b = "pub struct B; use crate::A;";
        for a in [
            "pub struct A;",
            "pub struct A; // crate::b::B\n/// [`crate::b::B`]\nfn f() -> &'static str { \"crate::b::B\" }",
            "pub struct A; #[cfg(test)] mod tests { use super::*; use crate::b::B; }",
            "pub struct A; #[cfg(test)] use crate::b::B;",
            "pub(in crate::b) struct A;",
            "pub struct A; use b::B;",
        ] {
            assert!(files_in_circles([("lib.rs", lib), ("a.rs", a), ("b.rs", b)]).is_empty(), "{a}");
        }
    }

    #[test]
    fn names_are_followed_to_their_definition() {
        let files = |b| {
            [
                ("lib.rs", "mod a; mod b; mod c; pub use b::*;"),
                ("a.rs", "pub use crate::c::C;"),
                ("b.rs", b),
                ("c.rs", "pub struct C;"),
            ]
        };
        assert!(files_in_circles(files("use crate::a::C; pub struct B;")).is_empty());
        let through_root = [
            ("lib.rs", "mod a; mod b; pub use b::*;"),
            ("a.rs", "pub struct A(crate::B);"),
            ("b.rs", "pub struct B; use crate::a::A;"),
        ];
        assert_eq!(files_in_circles(through_root), ["a.rs", "b.rs"]);
    }

    #[test]
    fn a_parent_and_its_child_make_a_circle_too() {
        for a in ["mod b; pub struct A; use b::B;", "mod b; pub struct A; pub use b::B; fn f(_: B) {}"] {
            let circle = [("lib.rs", "mod a;"), ("a.rs", a), ("a/b.rs", "pub struct B(super::A);")];
            assert_eq!(files_in_circles(circle), ["a.rs", "a/b.rs"], "{a}");
        }
        let table_of_contents = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; pub struct A; pub use b::B;"),
            ("a/b.rs", "pub struct B(super::A);"),
        ];
        assert!(files_in_circles(table_of_contents).is_empty());
        let child_uses_parent =
            [("lib.rs", "mod a;"), ("a.rs", "mod b; pub struct A;"), ("a/b.rs", "pub struct B(super::A);")];
        assert!(files_in_circles(child_uses_parent).is_empty());
        let root = [("main.rs", "mod a; struct R; fn main() { a::f() }"), ("a.rs", "pub fn f() { crate::R; }")];
        assert_eq!(files_in_circles(root), ["a.rs", "main.rs"]);
        let test_only = [
            ("lib.rs", "mod a;"),
            ("a.rs", "#[cfg(test)] mod b; pub struct A; fn f() { b::B; }"),
            ("a/b.rs", "use super::A; pub struct B;"),
        ];
        assert!(files_in_circles(test_only).is_empty());
    }

    #[test]
    fn macros_make_circles_too() {
        let lib = "#[macro_use] mod a; mod b;";
        let a = ("a.rs", "macro_rules! m { () => { $crate::b::B } }");
        assert_eq!(
            files_in_circles([("lib.rs", lib), a, ("b.rs", "pub struct B; fn f() { m!(); }")]),
            ["a.rs", "b.rs"]
        );
        assert!(files_in_circles([("lib.rs", lib), a, ("b.rs", "pub struct B; fn f() { n!(); }")]).is_empty());
    }

    #[test]
    fn longer_circles_are_told_with_their_lines() {
        let tree = Tree::of([
            ("x/Cargo.toml", MANIFEST),
            ("x/src/lib.rs", "mod a;\nmod b;\nmod c;\nmod d;"),
            ("x/src/a.rs", "\nuse crate::b::B;\npub struct A;"),
            ("x/src/b.rs", "\n\npub struct B(crate::c::C);"),
            ("x/src/c.rs", "use super::a::A;\npub struct C;"),
            ("x/src/d.rs", "use crate::a::A;"),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "x/src/a.rs");
        for arrow in [
            "a.rs uses of x/src/b.rs: B (line 2)",
            "b.rs uses of x/src/c.rs: crate::c::C (line 3)",
            "c.rs uses of x/src/a.rs: A (line 1)",
        ] {
            assert!(found[0].message.contains(arrow), "{}", found[0]);
        }
    }
}

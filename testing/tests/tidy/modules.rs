//! The modules of a library, program or test: which file each of them is in, and where a path that they write leads.

use std::collections::BTreeSet;

use crate::items::{Declared, Items, Path, items};
use crate::tree::{Tree, folder_of, joined, name_of};

/// All modules that the compiler finds when it starts from one file.
#[derive(Debug)]
pub struct Modules {
    /// The first is the root.
    pub modules: Vec<Module>,
    /// Declared modules without a file: (file, name).
    pub missing: Vec<(String, String)>,
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// The file it is in.
    pub file: String,
    /// What it says.
    pub items: Items,
    /// It, or a module around it, is for tests only.
    pub only_for_tests: bool,
    parent: Option<usize>,
    children: Vec<Child>,
}

#[derive(Debug)]
struct Child {
    name: String,
    index: usize,
    macro_use: bool,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To a module itself.
    Module(usize),
    /// To an item that the module defines.
    ItemOf(usize),
}

/// Names that are being looked up, each in a module, or were not found: what leads back to one of them leads nowhere.
type Seen = BTreeSet<(usize, String)>;

impl Modules {
    /// Starts from `root`.
    pub fn of(tree: &Tree, root: &str) -> Self {
        let mut modules = Self { modules: Vec::new(), missing: Vec::new() };
        modules.add_file(tree, root, None, true, false);
        modules
    }

    /// The files that these modules are in.
    pub fn files(&self) -> BTreeSet<&str> {
        self.modules.iter().map(|module| module.file.as_str()).collect()
    }

    /// Where a path leads that stands in a module; `None` when it leaves the crate.
    pub fn resolve(&self, module: usize, path: &Path) -> Option<Place> {
        self.resolve_parts(module, &path.parts, &mut Seen::new())
    }

    /// Where a macro comes from that a module calls by its name only: the module itself, what it imports, those
    /// around it, and their `#[macro_use]` modules.
    pub fn macro_place(&self, module: usize, name: &str) -> Option<Place> {
        let defines = |index: &usize| self.modules[*index].items.defined.iter().any(|defined| defined == name);
        if let Some(place) = self.named(module, name, &mut Seen::new()) {
            return Some(place);
        }
        let mut around = self.modules[module].parent;
        while let Some(index) = around {
            let lent = self.modules[index].children.iter().filter(|child| child.macro_use).map(|child| child.index);
            if let Some(found) = std::iter::once(index).chain(lent).find(defines) {
                return Some(Place::ItemOf(found));
            }
            around = self.modules[index].parent;
        }
        None
    }

    fn resolve_parts(&self, module: usize, parts: &[String], seen: &mut Seen) -> Option<Place> {
        let (first, mut rest) = parts.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Place::Module(0),
            "self" => Place::Module(module),
            "super" => Place::Module(self.modules[module].parent?),
            name => self.named(module, name, seen)?,
        };
        while let (Place::Module(current), Some((name, further))) = (place, rest.split_first()) {
            place = match name.as_str() {
                "super" => Place::Module(self.modules[current].parent?),
                "self" => place,
                name => match self.named(current, name, seen) {
                    Some(place) => place,
                    // An import from another crate, or something that a macro defines here.
                    None if self.imports(current, name) => return None,
                    None => Place::ItemOf(current),
                },
            };
            rest = further;
        }
        Some(place)
    }

    /// What a name means in a module: a child, an item, or an import, even by `*`.
    fn named(&self, module: usize, name: &str, seen: &mut Seen) -> Option<Place> {
        let inside = &self.modules[module];
        if let Some(child) = inside.children.iter().find(|child| child.name == name) {
            return Some(Place::Module(child.index));
        }
        if inside.items.defined.iter().any(|defined| defined == name) {
            return Some(Place::ItemOf(module));
        }
        let key = (module, name.to_owned());
        if !seen.insert(key.clone()) {
            return None;
        }
        let imports = &inside.items.imports;
        let found = match imports.iter().find(|import| import.name == name) {
            Some(import) => self.resolve_parts(module, &import.from.parts, seen),
            None => imports.iter().filter(|import| import.name == "*").find_map(|import| {
                match self.resolve_parts(module, &import.from.parts, seen) {
                    Some(Place::Module(from)) => self.named(from, name, seen),
                    _ => None,
                }
            }),
        };
        if found.is_some() {
            seen.remove(&key);
        }
        found
    }

    fn imports(&self, module: usize, name: &str) -> bool {
        self.modules[module].items.imports.iter().any(|import| import.name == name)
    }

    /// `owns_folder`: the file's submodules are beside it (a root, a `mod.rs`), not in a folder of its name.
    fn add_file(
        &mut self,
        tree: &Tree,
        file: &str,
        parent: Option<usize>,
        owns_folder: bool,
        only_for_tests: bool,
    ) -> usize {
        let items = items(tree.text(file).unwrap_or_default());
        let folder = if owns_folder || name_of(file) == "mod.rs" {
            folder_of(file).to_owned()
        } else {
            file.trim_end_matches(".rs").to_owned()
        };
        self.add(tree, file, &folder, items, parent, only_for_tests)
    }

    /// `folder`: where the files of the module's submodules are.
    fn add(
        &mut self,
        tree: &Tree,
        file: &str,
        folder: &str,
        mut items: Items,
        parent: Option<usize>,
        only_for_tests: bool,
    ) -> usize {
        let index = self.modules.len();
        let only_for_tests = only_for_tests || items.only_for_tests;
        let declared = std::mem::take(&mut items.modules);
        self.modules.push(Module { file: file.to_owned(), items, only_for_tests, parent, children: Vec::new() });
        for declared in declared {
            self.add_declared(tree, index, folder, declared);
        }
        index
    }

    fn add_declared(&mut self, tree: &Tree, parent: usize, folder: &str, declared: Declared) {
        let Declared { name, items, path, only_for_tests, macro_use } = declared;
        let file = self.modules[parent].file.clone();
        let only_for_tests = only_for_tests || self.modules[parent].only_for_tests;
        let index = match (items, path) {
            (Some(items), _) => {
                let folder = joined(folder, &name).unwrap_or_default();
                self.add(tree, &file, &folder, items, Some(parent), only_for_tests)
            }
            (None, path) => {
                let candidates = match path {
                    Some(path) => vec![joined(folder_of(&file), &path)],
                    None => vec![joined(folder, &format!("{name}.rs")), joined(folder, &format!("{name}/mod.rs"))],
                };
                let with_path = candidates.len() == 1;
                let Some(found) = candidates.into_iter().flatten().find(|path| tree.has_file(path)) else {
                    self.missing.push((file, name));
                    return;
                };
                // A file that `#[path]` names has its submodules beside it, like a root.
                self.add_file(tree, &found, Some(parent), with_path, only_for_tests)
            }
        };
        self.modules[parent].children.push(Child { name, index, macro_use });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads_to(modules: &Modules, from: &str, path: &str) -> Option<(String, bool)> {
        let module = modules.modules.iter().position(|module| module.file == from).unwrap();
        let parts = path.split("::").map(str::to_owned).collect();
        modules.resolve(module, &Path { parts, line: 1 }).map(|place| match place {
            Place::Module(module) => (modules.modules[module].file.clone(), false),
            Place::ItemOf(module) => (modules.modules[module].file.clone(), true),
        })
    }

    #[test]
    fn files_are_found_as_the_compiler_finds_them() {
        let tree = Tree::of([
            (
                "src/lib.rs",
                "mod a; mod b; mod c { mod d; } #[path = \"odd/e.rs\"] mod e; #[cfg(test)] mod f; mod gone;",
            ),
            ("src/a.rs", "mod g;"),
            ("src/a/g.rs", ""),
            ("src/b/mod.rs", "mod h;"),
            ("src/b/h.rs", ""),
            ("src/c/d.rs", ""),
            ("src/odd/e.rs", "mod i;"),
            ("src/odd/i.rs", ""),
            ("src/f.rs", "mod j;"),
            ("src/f/j.rs", ""),
            ("src/dead.rs", ""),
        ]);
        let modules = Modules::of(&tree, "src/lib.rs");
        let files: Vec<&str> = modules.files().into_iter().collect();
        assert_eq!(
            files,
            [
                "src/a.rs",
                "src/a/g.rs",
                "src/b/h.rs",
                "src/b/mod.rs",
                "src/c/d.rs",
                "src/f.rs",
                "src/f/j.rs",
                "src/lib.rs",
                "src/odd/e.rs",
                "src/odd/i.rs"
            ]
        );
        assert_eq!(modules.missing, [("src/lib.rs".to_owned(), "gone".to_owned())]);
        let for_tests = modules.modules.iter().filter(|module| module.only_for_tests);
        assert_eq!(for_tests.map(|module| module.file.as_str()).collect::<Vec<_>>(), ["src/f.rs", "src/f/j.rs"]);
    }

    #[test]
    fn names_lead_to_where_they_are_defined() {
        let tree = Tree::of([
            ("lib.rs", "mod a; mod b; pub use a::{One, inner}; pub use other::Foreign; made!(Made);"),
            ("a.rs", "pub struct One; pub mod inner; pub use inner::*; use super::b as renamed;"),
            ("a/inner.rs", "pub struct Two; pub enum Three { Four }"),
            ("b.rs", "use crate::a; use crate::inner; use crate::a::*;"),
        ]);
        let modules = Modules::of(&tree, "lib.rs");
        let item = |file: &str| Some((file.to_owned(), true));
        assert_eq!(leads_to(&modules, "b.rs", "crate::One"), item("a.rs"), "through the root");
        assert_eq!(leads_to(&modules, "b.rs", "a::Two"), item("a/inner.rs"), "through `use` and `*`");
        assert_eq!(leads_to(&modules, "b.rs", "Three::Four"), item("a/inner.rs"), "through two `*`");
        assert_eq!(leads_to(&modules, "b.rs", "inner::Two"), item("a/inner.rs"));
        assert_eq!(leads_to(&modules, "b.rs", "super::a::inner"), Some(("a/inner.rs".to_owned(), false)));
        assert_eq!(leads_to(&modules, "b.rs", "crate::Foreign"), None);
        assert_eq!(leads_to(&modules, "b.rs", "crate::Made"), item("lib.rs"), "what a macro makes is of its module");
        assert_eq!(leads_to(&modules, "a/inner.rs", "super::super::b"), Some(("b.rs".to_owned(), false)));
        assert_eq!(leads_to(&modules, "a.rs", "renamed::x"), item("b.rs"));
        assert_eq!(leads_to(&modules, "a.rs", "std::mem::take"), None);
    }

    #[test]
    fn macros_come_from_the_modules_around() {
        let tree = Tree::of([
            ("lib.rs", "#[macro_use] mod words; macro_rules! up { () => {} } mod a; mod other;"),
            ("words.rs", "macro_rules! word { () => {} }"),
            ("other.rs", "macro_rules! hidden { () => {} } pub(crate) use hidden as shown;"),
            ("a.rs", "use crate::other::shown;"),
        ]);
        let modules = Modules::of(&tree, "lib.rs");
        let a = modules.modules.iter().position(|module| module.file == "a.rs").unwrap();
        let file = |name: &str| match modules.macro_place(a, name) {
            Some(Place::ItemOf(module)) => Some(modules.modules[module].file.as_str()),
            _ => None,
        };
        assert_eq!(
            (file("word"), file("up"), file("hidden"), file("println")),
            (Some("words.rs"), Some("lib.rs"), None, None)
        );
        assert_eq!(file("shown"), Some("other.rs"));
    }
}

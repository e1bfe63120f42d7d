//! What one file says to the compiler about other files: modules, imports, paths, macros, and the names it defines.

use std::collections::BTreeSet;

use crate::tokens::{Kind, Token, end_of_group, tokens};

/// A module's own text: a file, or the braces of a `mod name { ... }` within a file.
#[derive(Debug, Default)]
pub struct Items {
    /// `mod name;` and `mod name { ... }`.
    pub modules: Vec<Declared>,
    /// `use`, one for each name that it brings in.
    pub imports: Vec<Import>,
    /// Paths of more than one part anywhere in the code, such as `crate::units::Price`.
    pub paths: Vec<Path>,
    /// Macros that are called by name only.
    pub macros: Vec<Path>,
    /// Words of the code outside of `use`, but for names of fields, methods and further parts of paths.
    pub words: BTreeSet<String>,
    /// Names of the functions, types, constants, macros ... that are defined here, outside other items.
    pub defined: Vec<String>,
    /// `#![cfg(test)]` stands at the top.
    pub only_for_tests: bool,
}

/// A module that another one declares.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What is in its braces; `None` when the module has its own file.
    pub items: Option<Items>,
    /// `#[path = "..."]`, as written.
    pub path: Option<String>,
    /// `#[cfg(test)]` stands before it.
    pub only_for_tests: bool,
    /// `#[macro_use]` stands before it.
    pub macro_use: bool,
}

/// A path and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The parts between `::`.
    pub parts: Vec<String>,
    /// The line, counted from 1.
    pub line: usize,
}

/// A name that `use` brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// What it is called here; `*` for all names of a module.
    pub name: String,
    /// Where the name comes from; of a `*`, the module.
    pub from: Path,
    /// `pub use`, `pub(crate) use` ...: others may take the name from here.
    pub is_public: bool,
}

/// Reads the text of a file. What `#[cfg(test)]` stands before is left out, but for the modules it declares.
pub fn items(source: &str) -> Items {
    read(&tokens(source))
}

fn read(tokens: &[Token]) -> Items {
    let mut reader = Reader { tokens, at: 0, depth: 0, items: Items::default(), attributes: Attributes::default() };
    while reader.at < tokens.len() {
        reader.step();
    }
    reader.items
}

/// What the attributes before an item say.
#[derive(Default)]
struct Attributes {
    only_for_tests: bool,
    macro_use: bool,
    path: Option<String>,
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    items: Items,
    attributes: Attributes,
}

impl Reader<'_> {
    fn step(&mut self) {
        let token = &self.tokens[self.at];
        if token.is_sign("#") {
            return self.attribute();
        }
        let attributes = std::mem::take(&mut self.attributes);
        let start = self.after_visibility(self.at);
        if self.is_module(start) {
            self.module(start, attributes);
        } else if attributes.only_for_tests {
            self.at = self.end_of_item(start);
        } else if start > self.at {
            // `pub` or `pub(...)`, which is no import. What follows it is read next.
            let is_import = self.is_import(start);
            self.at = start;
            if is_import {
                self.import(true);
            }
        } else if self.is_import(start) {
            self.import(false);
        } else if token.kind == Kind::Word {
            self.word();
        } else {
            match token.text.as_str() {
                "{" | "(" | "[" if token.kind == Kind::Sign => self.depth += 1,
                "}" | ")" | "]" if token.kind == Kind::Sign => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// `#[...]` or `#![...]`.
    fn attribute(&mut self) {
        let of_file = self.sign(self.at + 1, "!");
        let open = self.at + 1 + usize::from(of_file);
        if !self.sign(open, "[") {
            self.at += 1;
            return;
        }
        let end = end_of_group(self.tokens, open);
        let content = &self.tokens[open + 1..end];
        let only_for_tests = content.first().is_some_and(|word| word.is_word("cfg")) && needs_test(&content[1..]);
        if of_file {
            self.items.only_for_tests |= only_for_tests;
        } else {
            self.attributes.only_for_tests |= only_for_tests;
            self.attributes.macro_use |= content.first().is_some_and(|word| word.is_word("macro_use"));
            if let [name, equals, path] = content
                && name.is_word("path")
                && equals.is_sign("=")
            {
                self.attributes.path = Some(path.text.clone());
            }
        }
        // `serde(default = "crate::json::none")`: a path in a string.
        for text in content.iter().filter(|token| token.kind == Kind::Text && token.text.starts_with("crate::")) {
            let parts = text.text.split("::").map(str::to_owned).collect();
            self.items.paths.push(Path { parts, line: text.line });
        }
        self.at = end + 1;
    }

    /// Where the item begins that has `pub`, `pub(crate)`, `pub(in path)` before it, or has not.
    fn after_visibility(&self, at: usize) -> usize {
        if !self.word_is(at, "pub") {
            return at;
        }
        let restricted = self.word_is(at + 2, "in")
            || ["crate", "super", "self"].iter().any(|word| self.word_is(at + 2, word)) && self.sign(at + 3, ")");
        if self.sign(at + 1, "(") && restricted { end_of_group(self.tokens, at + 1) + 1 } else { at + 1 }
    }

    fn is_import(&self, at: usize) -> bool {
        // `impl Trait + use<'a>` is no import.
        self.word_is(at, "use") && !self.sign(at + 1, "<")
    }

    fn is_module(&self, at: usize) -> bool {
        let named = self.tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Word);
        self.word_is(at, "mod") && named && (self.sign(at + 2, ";") || self.sign(at + 2, "{"))
    }

    fn module(&mut self, at: usize, attributes: Attributes) {
        let Attributes { only_for_tests, macro_use, path } = attributes;
        let name = self.tokens[at + 1].text.clone();
        let end = end_of_group(self.tokens, at + 2);
        let items = self.sign(at + 2, "{").then(|| read(&self.tokens[at + 3..end]));
        self.items.modules.push(Declared { name, items, path, only_for_tests, macro_use });
        self.at = end + 1;
    }

    fn import(&mut self, is_public: bool) {
        let end = (self.at..self.tokens.len()).find(|&at| self.sign(at, ";")).unwrap_or(self.tokens.len());
        let tree = &self.tokens[self.at + 1..end];
        use_tree(tree, &[], is_public, &mut self.items.imports);
        self.at = end + 1;
    }

    fn word(&mut self) {
        let token = &self.tokens[self.at];
        let after_path = self.at > 0 && (self.sign(self.at - 1, "::") || self.sign(self.at - 1, "."));
        if self.depth == 0 && !after_path {
            self.definition();
        }
        let mut parts = vec![token.text.clone()];
        let mut next = self.at + 1;
        while self.sign(next, "::") && self.tokens.get(next + 1).is_some_and(|token| token.kind == Kind::Word) {
            parts.push(self.tokens[next + 1].text.clone());
            next += 2;
        }
        // `$name::x` is whatever the macro is given; `$crate::x` is this crate's.
        let given = self.at > 0 && self.sign(self.at - 1, "$") && token.text != "crate";
        let path = Path { parts, line: token.line };
        if !after_path {
            self.items.words.insert(token.text.clone());
        }
        if !after_path && !given {
            let called = self.sign(next, "!") && ["(", "[", "{"].iter().any(|open| self.sign(next + 1, open));
            if path.parts.len() > 1 {
                self.items.paths.push(path);
            } else if called {
                self.items.macros.push(path);
            }
        }
        self.at = next;
    }

    /// Keeps the name of an item that is defined here.
    fn definition(&mut self) {
        let name =
            |at: usize| self.tokens.get(at).filter(|token| token.kind == Kind::Word).map(|token| token.text.clone());
        let keyword = self.tokens[self.at].text.as_str();
        let defined = match keyword {
            "macro_rules" if self.sign(self.at + 1, "!") => name(self.at + 2),
            "static" if self.word_is(self.at + 1, "mut") => name(self.at + 2),
            // `const fn`, `const unsafe fn`: the name comes after `fn`.
            "const" if ["fn", "unsafe", "extern"].iter().any(|word| self.word_is(self.at + 1, word)) => None,
            "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" => name(self.at + 1),
            _ => None,
        };
        self.items.defined.extend(defined);
    }

    /// The index after the item, field or statement that begins at `at`.
    fn end_of_item(&self, at: usize) -> usize {
        let ends_with_semicolon = ["use", "const", "static", "type", "let"].iter().any(|word| self.word_is(at, word));
        let items = ["fn", "struct", "enum", "union", "trait", "impl", "unsafe", "async", "extern", "macro_rules"];
        let is_item = ends_with_semicolon || items.iter().any(|word| self.word_is(at, word));
        // `const fn` ends as a function does.
        let ends_with_semicolon = ends_with_semicolon && !self.word_is(at + 1, "fn");
        let mut at = at;
        while let Some(token) = self.tokens.get(at) {
            if token.kind == Kind::Sign {
                match token.text.as_str() {
                    ";" => return at + 1,
                    "," if !is_item => return at + 1,
                    ")" | "]" | "}" => return at,
                    "{" if !ends_with_semicolon => return end_of_group(self.tokens, at) + 1,
                    "(" | "[" | "{" => at = end_of_group(self.tokens, at),
                    _ => {}
                }
            }
            at += 1;
        }
        at
    }

    fn word_is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word(word))
    }

    fn sign(&self, at: usize, sign: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_sign(sign))
    }
}

/// Is what `cfg(...)` says true in tests only? `tokens` begin with the bracket.
fn needs_test(tokens: &[Token]) -> bool {
    match tokens {
        [open, word, ..] if open.is_sign("(") && word.is_word("all") => {
            let inner = &tokens[2..end_of_group(tokens, 0)];
            let mut parts = vec![Vec::new()];
            let mut depth = 0_usize;
            for token in inner.iter().skip(1) {
                match token.text.as_str() {
                    "(" => depth += 1,
                    ")" => depth = depth.saturating_sub(1),
                    "," if depth == 0 => {
                        parts.push(Vec::new());
                        continue;
                    }
                    _ => {}
                }
                if let Some(part) = parts.last_mut() {
                    part.push(token.clone());
                }
            }
            parts.iter().any(|part| part.first().is_some_and(|word| word.is_word("test") || word.is_word("doctest")))
        }
        [open, word, close, ..] => {
            open.is_sign("(") && close.is_sign(")") && (word.is_word("test") || word.is_word("doctest"))
        }
        _ => false,
    }
}

/// Takes a use tree apart: `a::{b, c as d, e::*}` brings in `b`, `d` and all of `e`.
fn use_tree(tree: &[Token], prefix: &[String], is_public: bool, imports: &mut Vec<Import>) {
    let mut parts = prefix.to_vec();
    let mut renamed = None;
    let mut at = 0;
    while let Some(token) = tree.get(at) {
        if token.is_sign("{") {
            let end = end_of_group(tree, at);
            for branch in branches(&tree[at + 1..end]) {
                use_tree(branch, &parts, is_public, imports);
            }
            return;
        }
        if token.is_sign("*") {
            let from = Path { parts, line: token.line };
            imports.push(Import { name: "*".to_owned(), from, is_public });
            return;
        }
        if token.is_word("as") {
            renamed = tree.get(at + 1).map(|token| token.text.clone());
            break;
        }
        if token.kind == Kind::Word {
            parts.push(token.text.clone());
        }
        at += 1;
    }
    let Some(line) = tree.first().map(|token| token.line) else { return };
    // `a::{self}` brings in `a`.
    if parts.last().is_some_and(|last| last == "self") && parts.len() > 1 {
        parts.pop();
    }
    let Some(name) = renamed.or_else(|| parts.last().cloned()) else { return };
    imports.push(Import { name, from: Path { parts, line }, is_public });
}

/// The parts between the commas of a use tree's braces.
fn branches(tokens: &[Token]) -> Vec<&[Token]> {
    let mut branches = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < tokens.len() {
        if tokens[at].is_sign("{") {
            at = end_of_group(tokens, at);
        } else if tokens[at].is_sign(",") {
            branches.push(&tokens[start..at]);
            start = at + 1;
        }
        at += 1;
    }
    branches.push(&tokens[start..]);
    branches.retain(|branch| !branch.is_empty());
    branches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(source: &str) -> Vec<String> {
        let imports = items(source).imports;
        imports.iter().map(|import| format!("{} = {}", import.name, import.from.parts.join("::"))).collect()
    }

    fn paths(source: &str) -> Vec<String> {
        items(source).paths.iter().map(|path| path.parts.join("::")).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let source = "use a::{b, c::{self, d as e}, f::*};\npub(crate) use super::g;";
        assert_eq!(imports(source), ["b = a::b", "c = a::c", "e = a::c::d", "* = a::f", "g = super::g"]);
        let public: Vec<bool> = items(source).imports.iter().map(|import| import.is_public).collect();
        assert_eq!(public, [false, false, false, false, true]);
        assert_eq!(items(source).imports[4].from.line, 2);
    }

    #[test]
    fn paths_are_found_in_code_only() {
        let source =
            "fn f() -> crate::a::B { super::c::<D>(self::e.g); x.h::<crate::i::J>(); \"crate::k\"; // crate::l\n }";
        assert_eq!(paths(source), ["crate::a::B", "super::c", "self::e", "crate::i::J"]);
        assert!(paths("pub(in crate::a) struct B; pub(crate) fn c(); pub(super) use d as e;").is_empty());
        assert_eq!(paths("struct A(pub (crate::b::C, u8)); fn d() { ::std::e(); }"), ["crate::b::C"]);
        assert_eq!(paths("#[serde(skip_if = \"crate::json::is_none\")] a: B,"), ["crate::json::is_none"]);
        assert_eq!(paths("macro_rules! m { ($a:ident) => { $crate::x::y; $a::z::w } }"), ["crate::x::y"]);
    }

    #[test]
    fn what_is_for_tests_only_is_left_out() {
        assert!(
            imports("#[cfg(test)]\nuse a::b;\n#[cfg(all(test, unix))] #[allow(x)] fn f() { use c::d; }").is_empty()
        );
        assert_eq!(imports("#[cfg(any(test, fuzzing))] use a::b;\n#[cfg(not(test))] use c::d;").len(), 2);
        assert_eq!(paths("struct A { #[cfg(test)] b: c::D, e: f::G }"), ["f::G"]);
        assert_eq!(paths("#[cfg(test)] const A: B = B { c: d::E }; f::g();"), ["f::g"]);
        assert_eq!(paths("#[cfg(test)] const fn a() { b::c() } d::e();"), ["d::e"]);
        let items = items("#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\n#[macro_use]\npub mod a;\nmod b { mod c; }");
        let of = |at: usize| &items.modules[at];
        assert!(of(0).only_for_tests && of(0).items.is_none() && of(0).path.as_deref() == Some("x.rs"));
        assert!(of(1).macro_use && !of(1).only_for_tests && of(1).path.is_none());
        assert_eq!(of(2).items.as_ref().map(|items| items.modules.len()), Some(1));
        assert!(super::items("#![cfg(test)]").only_for_tests);
    }

    #[test]
    fn definitions_are_those_of_the_module_itself() {
        let source = "pub const fn a() { const B: u8 = 0; } struct C { d: E } impl C { fn f() {} } macro_rules! g { () => {} } \
                      static H: I = J; type K = L; enum M { N } unsafe extern \"C\" fn o() {}";
        assert_eq!(items(source).defined, ["a", "C", "g", "H", "K", "M", "o"]);
        let called: Vec<String> =
            items("a!(b); c::d![]; x != y").macros.iter().map(|path| path.parts.join("::")).collect();
        assert_eq!(called, ["a"]);
    }
}

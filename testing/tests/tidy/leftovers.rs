//! No leftovers of work in progress: notes of what is still to do, and macros that stand for missing or watched code.

use crate::finding::Finding;
use crate::tokens::tokens;
use crate::tree::Tree;

/// Notes that belong into the list of issues.
const NOTES: &[&str] = &["TODO", "FIXME", "XXX"];

/// Macros for code that is being written.
const MACROS: &[&str] = &["dbg", "todo", "unimplemented"];

/// Notes in any file, and macros in Rust.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
            if let Some(note) = words.find(|word| NOTES.contains(word)) {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("{note}: do it now, or write an issue, and remove the note"),
                ));
            }
        }
    }
    for (path, text) in tree.with_ending(".rs") {
        for pair in tokens(text).windows(2) {
            if let [name, sign] = pair
                && sign.is_sign("!")
                && let Some(name) = MACROS.iter().find(|word| name.is_word(word))
            {
                findings.push(Finding::new(path, sign.line, format!("`{name}!` is for code in progress; remove it")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_macros_are_found() {
        let source =
            "// TODO later\nfn f() { dbg!(x) }\n// dbg!(y)\nfn todo() { g(\"unimplemented!()\") }\nfn h() { todo!() }";
        let tree = Tree::of([("a.rs", source), ("b.md", "FIXME: x\nTODOS, MAX_XXX_MIN"), ("c.xml", "<!-- XXX -->")]);
        let mut found: Vec<(String, usize)> =
            check(&tree).into_iter().map(|finding| (finding.path, finding.line)).collect();
        found.sort();
        let expected = [("a.rs", 1), ("a.rs", 2), ("a.rs", 5), ("b.md", 1), ("c.xml", 1)];
        assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
    }
}

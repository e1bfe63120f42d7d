//! What each source file must be: short, and with a header that says what it is.

use crate::finding::Finding;
use crate::tree::Tree;

/// Most lines of a Rust or Java file, or of a script.
pub const MOST_LINES: usize = 600;

/// Files of too many lines.
pub fn check_length(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files().filter(|(path, text)| is_source(path, text));
    let lengths = sources.map(|(path, text)| (path, text.lines().count()));
    lengths
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| {
            let message = format!("{lines} lines, more than {MOST_LINES}; split it into files of one idea each");
            Finding::new(path, MOST_LINES + 1, message)
        })
        .collect()
}

/// Rust files that do not begin with a `//!` header.
pub fn check_headers(tree: &Tree) -> Vec<Finding> {
    let without = tree.with_ending(".rs").filter(|(_, text)| !begins_with_header(text));
    without.map(|(path, _)| Finding::new(path, 1, "begins without a `//!` header; say what the file is for")).collect()
}

fn begins_with_header(text: &str) -> bool {
    text.lines().next().and_then(|line| line.strip_prefix("//!")).is_some_and(|words| !words.trim().is_empty())
}

fn is_source(path: &str, text: &str) -> bool {
    path.ends_with(".rs") || path.ends_with(".java") || path.ends_with(".sh") || text.starts_with("#!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_found() {
        let (longest, too_long) = ("//\n".repeat(MOST_LINES), "//\n".repeat(MOST_LINES + 1));
        let script = format!("#!/bin/sh\n{longest}");
        let tree = Tree::of([
            ("a.rs", longest.as_str()),
            ("b.rs", &too_long),
            ("c.java", &too_long),
            ("scripts/d", &script),
            ("e.xml", &too_long),
        ]);
        let paths: Vec<String> = check_length(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["b.rs", "c.java", "scripts/d"]);
    }

    #[test]
    fn every_rust_file_begins_with_a_header() {
        let tree = Tree::of([
            ("a.rs", "//! What it is.\n"),
            ("b/mod.rs", "use x;\n//! Too late."),
            ("c.rs", "//!\n"),
            ("d.rs", ""),
            ("e.rs", "/// Of an item.\nstruct E;"),
            ("f.java", "class F {}"),
        ]);
        let paths: Vec<String> = check_headers(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["b/mod.rs", "c.rs", "d.rs", "e.rs"]);
    }
}

//! What the `main` of a program, an example or a build script returns: no `Result`, of which Rust prints the `Debug` text.

use crate::finding::Finding;
use crate::tokens::tokens;
use crate::tree::Tree;

/// `main` functions in Rust files that return a `Result`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.with_ending(".rs") {
        for window in tokens(text).windows(7) {
            let [keyword, name, open, close, dash, angle, returned] = window else { continue };
            let is_main = keyword.is_word("fn") && name.is_word("main") && open.is_sign("(") && close.is_sign(")");
            if is_main && dash.is_sign("-") && angle.is_sign(">") && !returned.is_word("ExitCode") {
                let message = "`main` returns a `Result`, of which Rust prints the Debug text; return an `ExitCode`, and \
                               print the error's message";
                findings.push(Finding::new(path, keyword.line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_that_returns_a_result_is_found() {
        let tree = Tree::of([
            ("a.rs", "//! A.\nfn main() -> Result<(), Error> {}"),
            ("b.rs", "fn main() -> ExitCode {}"),
            ("c.rs", "fn main() {\n    let f: fn() -> Result<(), Error> = g;\n}"),
            ("d.rs", "fn main() -> io::Result<()> {}"),
            ("e.rs", "// fn main() -> Result<(), Error> {}"),
        ]);
        let found: Vec<String> = check(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["a.rs", "d.rs"]);
    }
}

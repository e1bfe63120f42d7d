//! What a check has to say about one place of the repository.

use std::fmt;

/// A broken rule: where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, as a path from the root of the repository.
    pub path: String,
    /// The line, counted from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// A finding in one line of a file.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }

    /// A finding about a whole file.
    pub fn of_file(path: &str, message: impl Into<String>) -> Self {
        Self::new(path, 0, message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Findings without those of known files; a known file without a finding is one, so that the list of them only shrinks.
pub fn except(findings: Vec<Finding>, known: &[&str]) -> Vec<Finding> {
    let is_known = |finding: &Finding| known.contains(&finding.path.as_str());
    let right = known.iter().filter(|path| !findings.iter().any(|finding| finding.path == **path));
    let right: Vec<Finding> =
        right.map(|path| Finding::of_file(path, "is right now; remove it from the list in main.rs")).collect();
    findings.into_iter().filter(|finding| !is_known(finding)).chain(right).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_findings_are_left_out_and_must_go() {
        let findings = || vec![Finding::new("a", 1, "x"), Finding::new("a", 2, "x"), Finding::of_file("b", "y")];
        let left = |known: &[&str]| except(findings(), known).iter().map(Finding::to_string).collect::<Vec<_>>();
        assert_eq!(left(&["a"]), ["b: y"]);
        assert_eq!(left(&["a", "b"]), [""; 0]);
        assert_eq!(left(&["b", "c"]), ["a:1: x", "a:2: x", "c: is right now; remove it from the list in main.rs"]);
    }
}

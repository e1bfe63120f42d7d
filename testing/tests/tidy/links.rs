//! What the documentation points to is there: links between pages and their headings, and paths of the repository.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::tree::{Tree, folder_of, is_built, joined};

/// A link of a page to something else in the repository.
pub struct Link {
    /// The path as written, without the heading; empty for the page itself.
    pub path: String,
    /// The heading after `#`, as GitHub names it.
    pub heading: Option<String>,
    /// The line, counted from 1.
    pub line: usize,
}

/// The links of a page that do not lead to the web.
pub fn links(page: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (line, text) in outside_of_code(page) {
        for (at, _) in text.match_indices("](") {
            let Some((target, _)) = text[at + 2..].split_once(')') else { continue };
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) =
                target.split_once('#').map_or((target, None), |(path, heading)| (path, Some(heading)));
            links.push(Link { path: path.to_owned(), heading: heading.map(str::to_owned), line });
        }
    }
    links
}

/// Links that lead nowhere.
pub fn check_links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.with_ending(".md") {
        for link in links(text) {
            let target = if link.path.is_empty() { Some(path.to_owned()) } else { joined(folder_of(path), &link.path) };
            let Some(target) = target.filter(|target| tree.has_file(target) || tree.has_folder(target)) else {
                findings.push(Finding::new(
                    path,
                    link.line,
                    format!("links to `{}`, which is not a file here; correct it", link.path),
                ));
                continue;
            };
            let page = tree.text(&target).unwrap_or_default();
            if let Some(heading) = link.heading.filter(|heading| !headings(page).contains(heading)) {
                findings.push(Finding::new(
                    path,
                    link.line,
                    format!("links to `#{heading}`, which {target} does not have; correct it"),
                ));
            }
        }
    }
    findings
}

/// Paths in backticks, in pages and in comments of Rust files, that begin with a folder of the root and lead nowhere.
pub fn check_paths(tree: &Tree) -> Vec<Finding> {
    let roots: BTreeSet<&str> =
        tree.files().filter_map(|(path, _)| path.split_once('/')).map(|(root, _)| root).collect();
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md") || path.ends_with(".rs")) {
        for (line, text) in text.lines().enumerate() {
            let is_read = path.ends_with(".md") || text.trim_start().starts_with("//");
            let quoted = text.split('`').skip(1).step_by(2).filter(|_| is_read);
            for quoted in quoted.filter(|quoted| is_path(quoted, &roots)) {
                let named = quoted.trim_end_matches('/');
                if !tree.has_file(named) && !tree.has_folder(named) && !is_built(named) {
                    findings.push(Finding::new(
                        path,
                        line + 1,
                        format!("names `{quoted}`, which is not there; correct it"),
                    ));
                }
            }
        }
    }
    findings
}

fn is_path(text: &str, roots: &BTreeSet<&str>) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
    let root = text.split_once('/').map(|(root, _)| root);
    text.chars().all(plain) && root.is_some_and(|root| roots.contains(root))
}

/// The headings of a page as GitHub makes anchors of them.
fn headings(page: &str) -> BTreeSet<String> {
    let titles = outside_of_code(page).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.strip_prefix(' ')).flatten()
    });
    let anchor = |title: &str| {
        let kept = title.trim().to_lowercase();
        let kept = kept.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        kept.map(|character| if character == ' ' { '-' } else { character }).collect()
    };
    titles.map(anchor).collect()
}

/// The lines of a page that are not in a block of code, counted from 1.
fn outside_of_code(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    page.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        (!in_code && !fence).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: Vec<Finding>) -> Vec<(String, usize)> {
        findings.into_iter().map(|finding| (finding.path, finding.line)).collect()
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        let page = "# One page\n[a](b.md) [c](../src) [web](https://x.y/z)\n[here](#one-page)\n```\n[no](link)\n```\n\
                    [gone](gone.md)\n[no heading](b.md#two)\n[out](../../x.md)";
        let tree = Tree::of([("docs/a.md", page), ("docs/b.md", "## `Two` and 3!"), ("src/lib.rs", "")]);
        assert_eq!(lines(check_links(&tree)), [7, 8, 9].map(|line| ("docs/a.md".to_owned(), line)));
        assert!(headings("## `Two` and 3!").contains("two-and-3"));
    }

    #[test]
    fn paths_in_backticks_lead_to_files_and_folders() {
        let page =
            "`src/lib.rs` `src/` `src/gone.rs` `target/release`\n`lib.rs` `other/x` `src/{a,b}.rs` src/no.rs `src`";
        let source = "//! `docs/a.md`\n/// `docs/gone.md`\nfn f() { \"`docs/gone.md`\" }";
        let tree = Tree::of([("docs/a.md", page), ("src/lib.rs", source), ("target/x", "")]);
        assert_eq!(lines(check_paths(&tree)), [("docs/a.md".to_owned(), 1), ("src/lib.rs".to_owned(), 2)]);
    }
}

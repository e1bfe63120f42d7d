//! Which crate of the workspace may depend on which: the rooms of `docs/architecture.md`, "The house", from the ground up.
//!
//! A dependency that is not in the table is an arrow that runs back up, or a new decision: change the document first.

use crate::finding::Finding;
use crate::manifests::{Package, Purpose, packages};
use crate::tree::Tree;

/// A crate, and the crates of this workspace that it may depend on.
pub struct Room {
    /// The crate's name.
    pub name: &'static str,
    /// What the crate itself may be built on.
    pub may_import: &'static [&'static str],
    /// What its tests and examples may use besides.
    pub tests: Tests,
}

/// What tests and examples of a crate may use, besides what the crate itself may, itself, and [`TESTING`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// Nothing more: the crate stands on the ground, or must be usable without the rest.
    NothingMore,
    /// Everything but the programs on top.
    Everything,
}

/// What tests share. Only tests depend on it.
pub const TESTING: &str = "lugus-testing";

/// Nothing depends on these, not even tests.
const TOP: &[&str] = &["lugus", "lugus-fuzz"];

/// The house.
pub const ROOMS: &[Room] = &[
    ground("lugus-vocabulary", &[]),
    ground("sbe-message", &[]),
    ground("lugus-sbe-generate", &[]),
    ground("lugus-ring", &[]),
    ground("aeron-support", &[]),
    ground("aeron-cluster-codecs", &["sbe-message", "lugus-sbe-generate"]),
    ground("lugus-codecs", &["sbe-message", "lugus-sbe-generate", "lugus-vocabulary"]),
    ground("lugus-topology", &["lugus-vocabulary"]),
    ground("lugus-engine", &["lugus-vocabulary"]),
    ground("lugus-media-driver", &["lugus-topology"]),
    ground("aeron-archive-files", &[]),
    ground("aeron-cluster-service", &["aeron-cluster-codecs", "sbe-message", "aeron-support"]),
    ground("aeron-cluster-client", &["aeron-cluster-codecs", "sbe-message", "aeron-support"]),
    ground("aeron-metrics", &["aeron-support"]),
    ground("lugus-stages", &["lugus-vocabulary"]),
    ground("lugus-gauges", &[]),
    // A separate project, as somebody outside would have: it uses the packages.
    ground("counter", &["aeron-cluster-service", "aeron-cluster-client"]),
    room(
        "lugus-node",
        &[
            "aeron-archive-files",
            "aeron-cluster-service",
            "aeron-support",
            "lugus-codecs",
            "lugus-engine",
            "lugus-gauges",
            "lugus-media-driver",
            "lugus-ring",
            "lugus-stages",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    room("lugus-partition-map", &["aeron-support", "lugus-codecs", "lugus-topology", "lugus-vocabulary"]),
    room(
        "lugus-coordinator",
        &[
            "aeron-cluster-client",
            "aeron-support",
            "lugus-codecs",
            "lugus-gauges",
            "lugus-media-driver",
            "lugus-partition-map",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    room(
        "lugus-client",
        &[
            "aeron-cluster-client",
            "aeron-support",
            "lugus-codecs",
            "lugus-partition-map",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    ground("lugus-results", &[]),
    ground("lugus-report", &["lugus-results"]),
    room("lugus-plan", &["lugus-report", "lugus-results", "lugus-topology", "lugus-vocabulary"]),
    room("lugus-perf", &["lugus-engine", "lugus-ring", "lugus-vocabulary"]),
    room("lugus-replay", &["lugus-client", "lugus-engine", "lugus-stages", "lugus-vocabulary"]),
    room(
        "lugus-load",
        &[
            "aeron-cluster-client",
            "aeron-cluster-service",
            "aeron-support",
            "lugus-codecs",
            "lugus-replay",
            "lugus-vocabulary",
        ],
    ),
    room(
        "lugus-console",
        &[
            "aeron-archive-files",
            "lugus-client",
            "lugus-engine",
            "lugus-gauges",
            "lugus-media-driver",
            "lugus-node",
            "lugus-partition-map",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    room(
        "lugus-simulator",
        &[
            "aeron-cluster-service",
            "lugus-client",
            "lugus-codecs",
            "lugus-coordinator",
            "lugus-engine",
            "lugus-node",
            "lugus-partition-map",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    room(
        "lugus-torture",
        &[
            "aeron-archive-files",
            "aeron-metrics",
            "lugus-client",
            "lugus-codecs",
            "lugus-media-driver",
            "lugus-node",
            "lugus-simulator",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    room(
        "lugus",
        &[
            "aeron-archive-files",
            "aeron-metrics",
            "lugus-client",
            "lugus-codecs",
            "lugus-console",
            "lugus-coordinator",
            "lugus-engine",
            "lugus-gauges",
            "lugus-load",
            "lugus-media-driver",
            "lugus-node",
            "lugus-partition-map",
            "lugus-perf",
            "lugus-plan",
            "lugus-replay",
            "lugus-report",
            "lugus-results",
            "lugus-simulator",
            "lugus-stages",
            "lugus-topology",
            "lugus-torture",
            "lugus-vocabulary",
        ],
    ),
    room(
        "lugus-fuzz",
        &[
            "aeron-archive-files",
            "aeron-cluster-client",
            "aeron-cluster-service",
            "lugus-client",
            "lugus-codecs",
            "lugus-coordinator",
            "lugus-engine",
            "lugus-node",
            "lugus-partition-map",
            "lugus-plan",
            "lugus-replay",
            "lugus-results",
            "lugus-stages",
            "lugus-topology",
            "lugus-vocabulary",
        ],
    ),
    room(TESTING, &["lugus-vocabulary"]),
];

const fn ground(name: &'static str, may_import: &'static [&'static str]) -> Room {
    Room { name, may_import, tests: Tests::NothingMore }
}

const fn room(name: &'static str, may_import: &'static [&'static str]) -> Room {
    Room { name, may_import, tests: Tests::Everything }
}

/// Dependencies between crates of the workspace that `rooms` does not allow, and crates that it does not know.
pub fn check(tree: &Tree, rooms: &[Room]) -> Vec<Finding> {
    let packages = packages(tree);
    let ours: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let manifest = package.manifest();
        let Some(room) = rooms.iter().find(|room| room.name == package.name) else {
            let message = format!("{} has no place in the table of rooms.rs; give it one", package.name);
            findings.push(Finding::of_file(&manifest, message));
            continue;
        };
        for needed in &package.dependencies {
            if ours.contains(&needed.name.as_str()) && !room.allows(&needed.name, needed.purpose) {
                findings.push(Finding::new(
                    &manifest,
                    needed.line,
                    refusal(package, room, &needed.name, needed.purpose),
                ));
            }
        }
    }
    findings
}

/// Crates whose name is not in `docs/architecture.md`.
pub fn check_document(tree: &Tree) -> Vec<Finding> {
    const DOCUMENT: &str = "docs/architecture.md";
    let text = tree.text(DOCUMENT).unwrap_or_default();
    let packages = packages(tree);
    let missing = packages.iter().filter(|package| !text.contains(&format!("`{}`", package.name)));
    missing
        .map(|package| {
            Finding::of_file(DOCUMENT, format!("\"The house\" does not name `{}`; add its row", package.name))
        })
        .collect()
}

impl Room {
    fn allows(&self, name: &str, purpose: Purpose) -> bool {
        if self.may_import.contains(&name) {
            return true;
        }
        if purpose != Purpose::Tests {
            return false;
        }
        match self.tests {
            Tests::NothingMore => name == self.name || name == TESTING,
            Tests::Everything => name == self.name || !TOP.contains(&name),
        }
    }
}

fn refusal(package: &Package, room: &Room, needed: &str, purpose: Purpose) -> String {
    let who = match purpose {
        Purpose::Tests => format!("the tests of {}", package.name),
        Purpose::Library | Purpose::Build => package.name.clone(),
    };
    let allowed = if room.may_import.is_empty() { "none of ours".to_owned() } else { room.may_import.join(", ") };
    format!(
        "{who} may not depend on {needed} (allowed: {allowed}); remove it, or change docs/architecture.md and rooms.rs"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: &[Room] =
        &[ground("low", &[]), room("middle", &["low"]), room("lugus", &["middle"]), room(TESTING, &[])];

    fn findings(low: &str, middle: &str) -> Vec<String> {
        let manifest = |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n{rest}");
        let (low, middle) = (manifest("low", low), manifest("middle", middle));
        let (top, testing) = (manifest("lugus", ""), manifest(TESTING, ""));
        let tree = Tree::of([
            ("low/Cargo.toml", low.as_str()),
            ("middle/Cargo.toml", middle.as_str()),
            ("top/Cargo.toml", top.as_str()),
            ("testing/Cargo.toml", testing.as_str()),
        ]);
        check(&tree, HOUSE).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn arrows_run_down_only() {
        assert!(findings("", "[dependencies]\nlow = { path = \"../low\" }\nserde = \"1\"\n").is_empty());
        let found = findings("[dependencies]\nmiddle.workspace = true\n", "");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("low/Cargo.toml:4: low may not depend on middle (allowed: none of ours)"),
            "{found:?}"
        );
        assert_eq!(findings("[target.'cfg(unix)'.dependencies]\nmiddle.workspace = true\n", "").len(), 1);
        assert_eq!(findings("[dependencies]\nm = { package = \"middle\", path = \"../middle\" }\n", "").len(), 1);
        assert_eq!(findings("[build-dependencies]\nmiddle.workspace = true\n", "").len(), 1);
    }

    #[test]
    fn tests_may_use_more_but_not_everywhere() {
        let (testing, low) =
            ("[dev-dependencies]\nlugus-testing.workspace = true\n", "[dev-dependencies]\nlow.path = \".\"\n");
        assert!(findings(testing, testing).is_empty());
        assert!(findings(low, low).is_empty());
        assert_eq!(findings("[dev-dependencies]\nmiddle.workspace = true\n", "").len(), 1);
        assert_eq!(findings("", "[dev-dependencies]\nlugus.workspace = true\n").len(), 1);
        assert_eq!(findings("", "[dependencies]\nlugus-testing.workspace = true\n").len(), 1, "only tests use it");
    }

    #[test]
    fn every_crate_has_its_room_and_its_row() {
        let tree = Tree::of([
            ("new/Cargo.toml", "[package]\nname = \"new\"\n"),
            ("low/Cargo.toml", "[package]\nname = \"low\"\n"),
            ("docs/architecture.md", "| `low/` | `low` |"),
        ]);
        let found = check(&tree, HOUSE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "new/Cargo.toml");
        let found = check_document(&tree);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("`new`"));
    }
}

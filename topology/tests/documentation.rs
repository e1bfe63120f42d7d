//! `docs/configuration.md` names every key with the default that the code has, and no other.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::collections::BTreeMap;
use std::path::Path;

use lugus_topology::Deployment;
use toml::{Table, Value};

const PAGE: &str = include_str!("../../docs/configuration.md");
const EVERY_KEY: &str = include_str!("every-key.toml");

/// The smallest file that has each section: its required keys only.
const REQUIRED_KEYS: &str = "
    profile = 'pinned'
    [coordinator]
    [[cluster]]
    id = 0
    [[cluster.member]]
    id = 0
    port = 20100
    [cluster.member.cores]
    driver = [1, 2, 3]
    consensus = [4]
    service = 5
    [[participant]]
    id = 0
    [[firm]]
    id = 9
    [[instrument]]
    id = 1
    symbol = 'A/B'
";

/// Each key, with its sections, and its value.
fn values(text: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect("", &text.parse::<Table>().expect("TOML"), &mut found);
    found
}

fn collect(section: &str, table: &Table, found: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match value {
            Value::Table(inner) => collect(&key, inner, found),
            Value::Array(array) if array.iter().any(Value::is_table) => {
                array.iter().filter_map(Value::as_table).for_each(|inner| collect(&key, inner, found));
            }
            _ => {
                found.insert(key, value.clone());
            }
        }
    }
}

/// Each key that the page has, with its sections, and the default that it tells.
fn documented() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut section = String::new();
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.trim_matches(['`', '[', ']']).replace("Top", "");
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        if let [name, default, _] = cells.as_slice()
            && let Some(name) = name.strip_prefix("| `")
        {
            let name = name.trim_end_matches('`');
            let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            assert_eq!(found.insert(key, default.trim_matches('`').to_owned()), None, "{line} is there twice");
        }
    }
    found
}

#[test]
fn every_key_is_documented_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key-of-7"), "00".repeat(16)).expect("a key file");
    let written = Deployment::parse(EVERY_KEY, folder.path()).expect("good").to_toml().expect("text");
    let keys: Vec<String> = values(&written).into_keys().collect();
    let page: Vec<String> = documented().into_keys().collect();
    assert_eq!(keys, page);
    assert_eq!(keys, values(EVERY_KEY).into_keys().collect::<Vec<_>>(), "every-key.toml has every key");
}

#[test]
fn defaults_are_those_of_the_code() {
    let written = Deployment::parse(REQUIRED_KEYS, Path::new("/")).expect("good").to_toml().expect("text");
    let (code, required) = (values(&written), values(REQUIRED_KEYS));
    for (key, told) in documented() {
        let default = match code.get(&key) {
            None => String::from("none"),
            Some(_) if required.contains_key(&key) && key != "profile" => String::from("required"),
            Some(_) if key == "profile" => String::from("\"shared\""),
            Some(value) => value.to_string(),
        };
        assert_eq!(told, default, "{key}");
    }
    assert_eq!(
        Deployment::default().to_toml().expect("text").parse::<Table>().expect("TOML")["profile"].as_str(),
        Some("shared")
    );
}

#[test]
fn the_pages_example_is_valid() {
    let example = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    Deployment::parse(example, Path::new("/")).expect("good");
}

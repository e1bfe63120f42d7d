//! A copy of the rules with shorter durations.

use std::fs;
use std::path::{Path, PathBuf};

/// What the durations of `for:` are divided by.
const FOR_DIVISOR: u64 = 30;

/// What the ranges of queries are divided by.
const RANGE_DIVISOR: u64 = 60;

/// Least range, in seconds: some scrapes.
const LEAST_RANGE: u64 = 10;

/// Writes all files of `ops/alerts` into a folder, and returns their paths.
pub fn write(folder: &Path) -> Vec<PathBuf> {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/alerts");
    let files = fs::read_dir(rules).expect("rules").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "yml"));
    let copied = files.map(|path| {
        let copy = folder.join(path.file_name().expect("a name"));
        fs::write(&copy, scaled(&fs::read_to_string(&path).expect("rules"))).expect("written");
        copy
    });
    copied.collect()
}

/// The rules with each `for:` and each range in brackets divided.
fn scaled(rules: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("for: ") {
        Some(duration) => {
            let indent = &line[..line.len() - line.trim_start().len()];
            format!("{indent}for: {}s\n", (seconds(duration).expect("a duration") / FOR_DIVISOR).max(1))
        }
        None => ranges(line) + "\n",
    };
    rules.lines().map(line).collect()
}

fn ranges(line: &str) -> String {
    let mut parts = line.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let scaled = part
            .split_once(']')
            .and_then(|(range, rest)| Some(format!("{}s]{rest}", (seconds(range)? / RANGE_DIVISOR).max(LEAST_RANGE))));
        text.push('[');
        text += &scaled.unwrap_or_else(|| part.to_owned());
    }
    text
}

/// Seconds of a duration such as `15s` or `3d`.
fn seconds(duration: &str) -> Option<u64> {
    let duration = duration.trim();
    let unit = match duration.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    Some(duration[..duration.len() - 1].parse::<u64>().ok()? * unit)
}

#[test]
fn durations_are_divided_and_nothing_else_is() {
    let rules =
        "  for: 15s\n  for: 10m\n  expr: predict_linear(x[1h], 4 * 3600) < rate(y[30s]) # [is] not one: for: 3h";
    let expected =
        "  for: 1s\n  for: 20s\n  expr: predict_linear(x[60s], 4 * 3600) < rate(y[10s]) # [is] not one: for: 3h\n";
    assert_eq!(scaled(rules), expected);
}

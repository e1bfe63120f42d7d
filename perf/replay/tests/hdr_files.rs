//! HdrHistogram's own tool, which is in Aeron's jar, reads the log of intervals, and makes the same distribution of it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lugus_replay::round_trips::{RoundTrips, TAG};

/// The tool's class, as Aeron's jar has it.
const PROCESSOR: &str = "io.aeron.shadow.org.HdrHistogram.HistogramLogProcessor";

/// The lines of a distribution, but for the remarks on time before it, and the one that tells how a histogram is laid out in memory.
fn distribution(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines =
        text.lines().filter(|line| !["#[Overall", "#[StartTime", "#[Buckets"].iter().any(|it| line.starts_with(it)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_tool_of_hdr_histogram_makes_the_same_distribution_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut round_trips = RoundTrips::new().expect("memory");
    let begun = Instant::now();
    round_trips.begin(begun);
    // 20,000 round trips in six seconds, most of them about a millisecond, some of a second, one of an hour.
    let mut state = 1_u64;
    for number in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let spread = state >> 44;
        let nanos = if number % 997 == 0 { 1_000_000_000 + spread } else { 100_000 + spread };
        round_trips.record(begun + Duration::from_micros(number * 300), nanos);
    }
    round_trips.record(begun + Duration::from_secs(6), 3_599_000_000_000);
    round_trips.write(folder.path(), "ours").expect("written");

    let jars = std::env::var("LUGUS_JARS").expect("LUGUS_JARS, which .cargo/config.toml sets");
    let jar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(jars).join("aeron-all.jar");
    let output = Command::new("java")
        .arg("-cp")
        .arg(jar)
        .args([PROCESSOR, "-i", "ours.hlog", "-o", "theirs", "-outputValueUnitRatio", "1000", "-tag", TAG])
        .current_dir(folder.path())
        .output()
        .expect("Java runs");
    assert!(output.status.success(), "{output:?}");
    let [ours, theirs] = ["ours.hgrm", "theirs.hgrm"].map(|name| distribution(&folder.path().join(name)));
    assert!(ours.len() > 50, "{ours:?}");
    assert_eq!(ours, theirs);
    // Its own summary has a line for each interval.
    let intervals = fs::read_to_string(folder.path().join("theirs")).expect("its intervals");
    let intervals = intervals.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).count();
    assert_eq!(intervals, 7, "{intervals}");
}

//! HdrHistogram's own tool, which is in Aeron's jar, reads the logs of intervals, and makes the same distributions of them.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lugus_replay::round_trips::{RoundTrips, TAG};
use lugus_replay::stages::{ClientTimes, STAGES, StageTimes};
use lugus_stages::StageRecord;
use lugus_vocabulary::{ClientSequence, EpochNanos, InstrumentId, LogPosition, ParticipantId};

/// The tool's class, as Aeron's jar has it.
const PROCESSOR: &str = "io.aeron.shadow.org.HdrHistogram.HistogramLogProcessor";

/// The lines of a distribution, but for the remarks on time before it, and the one that tells how a histogram is laid out in memory.
fn distribution(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines =
        text.lines().filter(|line| !["#[Overall", "#[StartTime", "#[Buckets"].iter().any(|it| line.starts_with(it)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Makes `output.hgrm`, the distribution in microseconds of what has this tag, and `output`, a line for each interval.
fn process(folder: &Path, log: &str, output: &str, tag: &str) {
    let jars = std::env::var("LUGUS_JARS").expect("LUGUS_JARS, which .cargo/config.toml sets");
    let jar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(jars).join("aeron-all.jar");
    let output = Command::new("java")
        .arg("-cp")
        .arg(jar)
        .args([PROCESSOR, "-i", log, "-o", output, "-outputValueUnitRatio", "1000", "-tag", tag])
        .current_dir(folder)
        .output()
        .expect("Java runs");
    assert!(output.status.success(), "{output:?}");
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

    process(folder.path(), "ours.hlog", "theirs", TAG);
    let [ours, theirs] = ["ours.hgrm", "theirs.hgrm"].map(|name| distribution(&folder.path().join(name)));
    assert!(ours.len() > 50, "{ours:?}");
    assert_eq!(ours, theirs);
    // Its own summary has a line for each interval.
    let intervals = fs::read_to_string(folder.path().join("theirs")).expect("its intervals");
    let intervals = intervals.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).count();
    assert_eq!(intervals, 7, "{intervals}");
}

#[test]
fn the_tool_of_hdr_histogram_finds_each_stage_by_its_tag() {
    // A prime, so that no percentile falls between two commands: there the tool and the crate round differently.
    const COMMANDS: u64 = 5_003;
    let folder = tempfile::tempdir().expect("a folder");
    // A command each millisecond, so that there are five seconds. The stages of one differ, and a few take long.
    let due: Vec<u64> = (0..COMMANDS).map(|number| 1_700_000_000_000_000_000 + number * 1_000_000).collect();
    let sent: Vec<u64> = due.iter().map(|due| due + 700).collect();
    let heard: Vec<u64> = due.iter().map(|due| due + 900_000).collect();
    let record = |number: u64| {
        let after = |nanos: u64| EpochNanos((due[number as usize] + nanos).cast_signed());
        let varied = number * 31 % 1_009 + if number.is_multiple_of(499) { 20_000 } else { 0 };
        StageRecord {
            log_position: LogPosition(64 * number.cast_signed()),
            participant: ParticipantId(1),
            instrument: InstrumentId(1),
            client_sequence: ClientSequence(number + 1),
            logged: after(100_000 + varied),
            committed: after(300_000 + 3 * varied),
            polled: after(400_000 + 4 * varied),
            engine_begun: after(402_000 + 5 * varied),
            answered: Some(after(404_000 + 7 * varied)),
            offered: Some(after(407_000 + 8 * varied)),
            applied: after(412_000 + 9 * varied),
        }
    };
    let records: Vec<_> = (0..COMMANDS).map(record).collect();
    let number_of = |record: &StageRecord| Some(record.client_sequence.0 as usize - 1);
    let joined = StageTimes::join(&records, number_of, &ClientTimes { due: &due, sent: &sent, heard: &heard });
    joined.expect("memory").write(folder.path(), "ours").expect("written");
    let mut distributions = Vec::new();
    for stage in STAGES.map(|stage| stage.name()) {
        process(folder.path(), "ours-stages.hlog", &format!("theirs-{stage}"), stage);
        let [ours, theirs] =
            ["ours", "theirs"].map(|whose| distribution(&folder.path().join(format!("{whose}-{stage}.hgrm"))));
        assert!(ours.len() > 3, "{ours:?}");
        assert_eq!(ours, theirs, "{stage}");
        distributions.push(ours);
    }
    distributions.sort();
    distributions.dedup();
    assert_eq!(distributions.len(), STAGES.len(), "each stage has its own");
}

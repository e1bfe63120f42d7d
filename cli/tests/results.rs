//! The commands about results of benchmarks and about the machine, which need no cluster.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use harness::{folder, lugus};
use lugus_results::{Measurement, Results, Spread, write};
use serde_json::Value;

/// Writes results with these round trips into a folder of this name.
fn write_results(folder: &Path, name: &str, times: &[f64], setting: &str) {
    let measurement = Measurement::new("round-trip")
        .label("service", "lugus")
        .label("pace", "10,000 a second")
        .figure("p50_us", Spread::of(times.to_vec()))
        .figure("p99_us", Spread::of(times.iter().map(|time| time * 3.0).collect()))
        .figure("p999_us", Spread::of(vec![5_000.0; times.len()]));
    let settings = BTreeMap::from([("rounds".to_owned(), setting.to_owned())]);
    let results = Results { measurements: vec![measurement], ..Results::begin("0.1.0", settings) };
    write(&folder.join(name), &results).expect("written");
}

#[test]
fn compare_tells_what_is_slower_by_its_exit_code() {
    let folder = folder();
    write_results(folder.path(), "before", &[100.0, 101.0, 99.0, 102.0, 100.5], "5");
    write_results(folder.path(), "same", &[101.0, 100.0, 102.0, 99.0, 100.0], "5");
    write_results(folder.path(), "slower", &[130.0, 131.0, 129.0, 132.0, 130.5], "5");
    write_results(folder.path(), "other", &[100.0; 5], "6");
    let compare = |after: &str, options: &[&str]| {
        lugus(folder.path(), &[options, &["bench", "compare", "before", after]].concat())
    };

    let same = compare("same", &[]);
    assert!(same.code == Some(0) && same.stdout.starts_with("0 figures slower, 0 faster, 3 without"), "{same:?}");

    let slower = compare("slower", &[]);
    assert_eq!(slower.code, Some(3), "{slower:?}");
    assert!(slower.stdout.contains("p50_us") && slower.stdout.contains("+30 %"), "{slower:?}");
    assert!(slower.stderr.contains("2 figures are slower"), "{slower:?}");

    let faster = lugus(folder.path(), &["bench", "compare", "slower/results.json", "before/results.json"]);
    assert!(faster.code == Some(0) && faster.stdout.contains("0 figures slower, 2 faster"), "{faster:?}");

    let json = compare("slower", &["--json"]);
    let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let verdicts: Vec<_> =
        document["figures"].as_array().expect("figures").iter().map(|figure| &figure["verdict"]).collect();
    assert_eq!(verdicts, ["slower", "noise", "slower"]);

    let other = compare("other", &[]);
    assert!(other.message().starts_with("not comparable: setting rounds: 5 and 6"), "{other:?}");
    let missing = compare("nowhere", &[]);
    assert!(missing.message().contains("nowhere"), "{missing:?}");
}

#[test]
fn report_leaves_a_page_in_the_folder() {
    let folder = folder();
    write_results(folder.path(), "x", &[100.0, 101.0], "2");
    let report = lugus(folder.path(), &["report", "x"]);
    assert!(report.code == Some(0) && report.stdout == "x/report.html\n", "{report:?}");
    let page = fs::read_to_string(folder.path().join("x/report.html")).expect("a page");
    assert!(page.contains("10,000 a second") && page.contains("Left out."), "{page}");
    assert!(folder.path().join("x/pictures/baselines-1.svg").exists());
    let nothing = lugus(folder.path(), &["report", "."]);
    assert!(nothing.message().contains("lugus bench all --out"), "{nothing:?}");
}

#[test]
fn doctor_names_every_check_and_a_command_for_each_bad_one() {
    let folder = folder();
    let doctor = lugus(folder.path(), &["--json", "doctor"]);
    let document: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let checks = document["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), 15, "{document}");
    let bad: Vec<_> = checks.iter().filter(|check| check["state"] == "bad").collect();
    assert_eq!(document["bad"], bad.len());
    assert!(bad.iter().all(|check| check["mend"].is_string()), "{document}");
    assert_eq!(doctor.code, Some(if bad.is_empty() { 0 } else { 3 }), "{doctor:?}");
    let page = include_str!("../../docs/tuning.md");
    for check in checks {
        let name = check["name"].as_str().expect("a name");
        assert!(
            page.contains(&format!("| {name} |")) || page.contains(&format!("| `{name}` |")),
            "{name} is not in docs/tuning.md"
        );
    }
}

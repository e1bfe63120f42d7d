//! `lugus plan` on made-up results: what it prints, its exit codes, the files that it writes, and the moves that it names.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use harness::{folder, lugus};
use lugus_results::{Measurement, Results, Spread, write};
use lugus_topology::Deployment;
use serde_json::Value;

/// Results of a machine that takes 100,000 commands a second of three members, and has a p99 of ten times the p50.
fn write_results(folder: &Path) {
    let at = |pace: &str| {
        Measurement::new("round-trip")
            .label("service", "lugus")
            .label("transport", "UDP")
            .label("members", 3)
            .label("sessions", 1)
            .label("mix", "market")
            .label("pace", pace)
    };
    let rate =
        |pace: &str, p50: f64| at(pace).figure("p50_us", Spread::once(p50)).figure("p99_us", Spread::once(p50 * 10.0));
    let measurements = vec![
        rate("10,000 a second", 200.0),
        rate("50,000 a second", 400.0),
        at("maximum").figure("rate_per_second", Spread::once(100_000.0)),
    ];
    let results = Results { measurements, ..Results::begin("0.1.0", BTreeMap::new()) };
    write(folder, &results).expect("written");
}

fn plan(folder: &Path, options: &[&str]) -> harness::Outcome {
    lugus(folder, &[&["plan", "--from", "measured"], options].concat())
}

#[test]
fn a_plan_has_all_fields_and_its_file_can_be_read() {
    let folder = folder();
    write_results(&folder.path().join("measured"));
    let options = ["--rate", "30000", "--pairs", "3", "--write", "planned.toml", "--page", "plan.html", "--json"];
    let planned = plan(folder.path(), &options);
    assert_eq!(planned.code, Some(0), "{planned:?}");
    let json: Value = serde_json::from_str(&planned.stdout).expect("JSON");
    for field in [
        "stages",
        "binding",
        "p50_us",
        "p99_us",
        "memory_bytes",
        "disk_bytes_per_day",
        "recovery_seconds",
        "partitions",
    ] {
        assert!(!json[field].is_null(), "{field}: {json}");
    }
    let p50 = json["p50_us"].as_f64().expect("a number");
    assert!(p50 > 200.0 && p50 < 400.0, "between what was measured: {p50}");
    let file = Deployment::load(&folder.path().join("planned.toml")).expect("valid");
    assert_eq!((file.clusters.len(), file.instruments.len()), (1, 3));
    assert_eq!(fs::read_to_string(folder.path().join("planned.toml")).expect("text"), json["cluster_toml"]);
    assert!(fs::read_to_string(folder.path().join("plan.html")).expect("a page").contains("<svg"));
    let again = plan(folder.path(), &options);
    assert!(again.code == Some(1) && again.message().contains("planned.toml"), "it is not overwritten: {again:?}");
}

#[test]
fn what_can_not_be_has_its_exit_code_and_what_is_wrong_is_said() {
    let folder = folder();
    write_results(&folder.path().join("measured"));
    let too_much = plan(folder.path(), &["--rate", "150000"]);
    assert_eq!(too_much.code, Some(3), "{too_much:?}");
    assert!(too_much.stdout.contains("CANNOT") && too_much.stderr.contains("150000"), "{too_much:?}");
    let too_fast = plan(folder.path(), &["--rate", "1000", "--target-p99-us", "50"]);
    assert!(too_fast.code == Some(3) && too_fast.stderr.contains("without any load"), "{too_fast:?}");
    let in_time = plan(folder.path(), &["--rate", "1000", "--target-p99-us", "5000"]);
    assert_eq!(in_time.code, Some(0), "{in_time:?}");
    for (options, message) in [
        (&["--rate", "0"][..], "commands a second is 0"),
        (&["--rate", "10", "--mean", "11"], "never above its peak"),
        (&["--rate", "10", "--members", "0"], "number of members is 0"),
        (&[], "no rate to plan for"),
    ] {
        let failed = plan(folder.path(), options);
        assert!(failed.code == Some(1) && failed.message().contains(message), "{failed:?}");
    }
    let nothing = lugus(folder.path(), &["plan", "--rate", "10"]);
    assert!(nothing.code == Some(1) && nothing.message().contains("--calibrate"), "{nothing:?}");
    let other = lugus(folder.path(), &["plan", "--rate", "10", "--memory", "lots"]);
    assert_eq!(other.code, Some(2), "{other:?}");
}

#[test]
fn moves_are_printed_as_commands() {
    let folder = folder();
    let config = folder.path().join("two.toml");
    let cluster = |id: u16| {
        format!(
            "[[cluster]]\nid = {id}\nname = \"{}\"\n[[cluster.member]]\nid = 0\nport = {}\n",
            ["A", "B"][usize::from(id)],
            21_000 + 10 * id
        )
    };
    let pair = |id: u8, symbol: &str| format!("[[instrument]]\nid = {id}\nsymbol = \"{symbol}\"\ncluster = 0\n");
    let text = [cluster(0), cluster(1), pair(1, "BTC/USDT"), pair(2, "ETH/USDT"), pair(3, "SOL/USDT")].concat();
    fs::write(&config, text).expect("written");
    fs::write(folder.path().join("loads"), "BTC/USDT 500\nETH/USDT 300\nSOL/USDT 200 A\n").expect("written");
    let rebalance = |options: &[&str]| {
        let fixed = ["--config", "two.toml", "plan", "--rebalance", "--pair-loads", "loads"];
        lugus(folder.path(), &[&fixed[..], options].concat())
    };
    let moved = rebalance(&[]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    assert!(moved.stdout.ends_with("lugus migrate BTC/USDT --to B\n"), "{moved:?}");
    let json: Value = serde_json::from_str(&rebalance(&["--json"]).stdout).expect("JSON");
    assert_eq!(json["commands"], serde_json::json!(["lugus migrate BTC/USDT --to B"]));
    let never = rebalance(&["--bound", "400"]);
    assert!(never.code == Some(3) && never.stderr.contains("can't be divided"), "{never:?}");
    fs::write(folder.path().join("loads"), "BTC/USDT 500 C\n").expect("written");
    assert!(rebalance(&[]).message().contains("in cluster C, which the deployment has not"));
}

#[test]
fn metrics_tell_todays_load_and_when_a_limit_is_met() {
    let folder = folder();
    let text = |commands: u32, orders: u32| {
        let labels = "cluster=\"A\",member=\"0\"";
        format!(
            "lugus_commands_total{{{labels}}} {commands}\nlugus_resource_used{{{labels},resource=\"orders\"}} {orders}\n\
             lugus_resource_limit{{{labels},resource=\"orders\"}} 1000\nlugus_sessions{{{labels}}} 3\n"
        )
    };
    fs::write(folder.path().join("before"), text(1_000, 100)).expect("written");
    fs::write(folder.path().join("after"), text(865_000, 200)).expect("written");
    let metrics = ["plan", "--metrics", "before", "after", "--apart", "86400"];
    let today = lugus(folder.path(), &[&metrics[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&today.stdout).expect("JSON");
    assert_eq!((&json["clusters"]["A"]["per_second"], &json["limits"][0]["days_left"]), (&10.0.into(), &8.0.into()));
    write_results(&folder.path().join("measured"));
    let planned = plan(folder.path(), &[&metrics[1..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&planned.stdout).expect("JSON");
    assert_eq!((&json["load"]["peak_per_second"], &json["load"]["open_orders"]), (&10.0.into(), &200.into()));
    let nobody = lugus(folder.path(), &["plan", "--metrics", "http://127.0.0.1:9/metrics"]);
    assert!(nobody.code == Some(1) && nobody.message().contains("lugus exporter"), "{nobody:?}");
}

//! The commands that trade and watch, used on a running cluster as a person or a script uses them.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::thread;
use std::time::{Duration, Instant};

use harness::{LocalCluster, until};
use serde_json::{Value, json};

/// Runs a command and returns the reports in its answer.
#[track_caller]
fn reports(cluster: &LocalCluster, arguments: &[&str]) -> Vec<Value> {
    let outcome = cluster.lugus(&[&["--json"], arguments].concat()).json();
    outcome["reports"].as_array().expect("reports").clone()
}

#[track_caller]
fn book(cluster: &LocalCluster) -> [Value; 2] {
    let book = cluster.lugus(&["--json", "book", "--instrument", "BTC/USDT"]).json();
    [book["bids"].clone(), book["offers"].clone()]
}

/// Longest time that a session may stay open after its close request was sent: the request's way through the log. A
/// session without a close request would stay open for 10 s.
const CLOSED: Duration = Duration::from_secs(3);

/// Checks that a command leaves no open session behind.
#[track_caller]
fn no_session_lingers(cluster: &LocalCluster) {
    let begun = Instant::now();
    let status = cluster.await_status("no sessions", |status| status.member(0).sessions == Some(0));
    assert!(begun.elapsed() < CLOSED, "after {:?}: {status:?}", begun.elapsed());
}

#[test]
fn orders_books_and_events() {
    let cluster = LocalCluster::start(1, |_| {});
    no_session_lingers(&cluster);
    let buy = reports(&cluster, &["order", "--participant", "1", "-i", "BTC/USDT", "--id", "11", "buy", "5", "100"]);
    assert_eq!(buy.len(), 1, "{buy:?}");
    assert_eq!(buy[0]["body"]["execution"]["exec_type"], "NEW");
    no_session_lingers(&cluster);
    assert_eq!(book(&cluster), [json!([{ "price": 100, "quantity": 5, "orders": 1 }]), json!([])]);
    no_session_lingers(&cluster);

    let sell = reports(&cluster, &["order", "--participant", "2", "-i", "1", "--time-in-force", "ioc", "sell", "2"]);
    let types: Vec<&Value> = sell.iter().map(|report| &report["body"]["execution"]["exec_type"]).collect();
    assert_eq!(types, ["NEW", "TRADE"], "{sell:?}");
    assert_eq!(book(&cluster), [json!([{ "price": 100, "quantity": 3, "orders": 1 }]), json!([])]);
    let table = cluster.lugus(&["book", "-i", "btc/usdt"]);
    assert!(table.code == Some(0) && table.stdout.contains("buy") && table.stdout.contains("100"), "{table:?}");

    let canceled = reports(&cluster, &["cancel", "--participant", "1", "-i", "BTC/USDT", "11"]);
    assert_eq!(canceled[0]["body"]["execution"]["exec_type"], "CANCELED", "{canceled:?}");
    let gone = reports(&cluster, &["cancel", "--participant", "1", "-i", "BTC/USDT", "11"]);
    assert_eq!(gone[0]["body"]["cancel_reject"]["reason"], "TOO_LATE_TO_CANCEL", "a reject is an answer, no failure");
    assert_eq!(book(&cluster), [json!([]), json!([])]);

    let unknown = cluster.lugus(&["order", "-i", "99", "buy", "1", "1"]);
    assert!(unknown.message().contains("instrument 99"), "{unknown:?}");
    let misspelt = cluster.lugus(&["order", "-i", "1", "bye", "1", "1"]);
    assert!(misspelt.code == Some(2) && misspelt.stderr.contains("possible values: buy, sell"), "{misspelt:?}");
    watch(&cluster);
}

/// Runs `lugus watch` until it has printed two events. Orders are sent all the time, as the test can't see when the
/// watch has begun.
fn watch(cluster: &LocalCluster) {
    let told = thread::scope(|scope| {
        let watch = scope.spawn(|| cluster.lugus(&["--json", "watch", "-i", "ETH/USDT", "--count", "2"]));
        until("two events to be watched", || {
            reports(cluster, &["order", "--participant", "1", "-i", "ETH/USDT", "buy", "1", "50"]);
            watch.is_finished().then_some(())
        });
        watch.join().expect("watched")
    });
    assert_eq!(told.code, Some(0), "{told:?}");
    let events: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(events.len(), 2, "{told:?}");
    let number = |event: &Value| event["event_sequence"].as_u64().expect("a number");
    assert_eq!(number(&events[1]), number(&events[0]) + 1, "{told:?}");
    assert!(events.iter().all(|event| event["participant"] == 1 && event["instrument"] == 2), "{told:?}");
}

//! The commands that trade and watch, used on a running cluster as a person or a script uses them.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Answer, LocalCluster, RawSession, until};
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
    let buy =
        reports(&cluster, &["order", "--participant", "1", "-i", "BTC/USDT", "--id", "11", "buy", "0.00005", "1"]);
    assert_eq!(buy.len(), 1, "{buy:?}");
    let body = &buy[0]["body"]["execution"];
    assert_eq!((&body["exec_type"], &body["price"], &body["quantity"]), (&json!("NEW"), &json!(100), &json!(5)));
    let decimal = &buy[0]["decimal"];
    assert_eq!(
        (&decimal["symbol"], &decimal["price"], &decimal["quantity"]),
        (&json!("BTC/USDT"), &json!("1.00"), &json!("0.00005")),
        "{decimal}"
    );
    no_session_lingers(&cluster);
    assert_eq!(book(&cluster), [json!([{ "price": 100, "quantity": 5, "orders": 1 }]), json!([])]);
    no_session_lingers(&cluster);

    let sell =
        reports(&cluster, &["order", "--participant", "2", "-i", "1", "--time-in-force", "ioc", "--raw", "sell", "2"]);
    let types: Vec<&Value> = sell.iter().map(|report| &report["body"]["execution"]["exec_type"]).collect();
    assert_eq!(types, ["NEW", "TRADE"], "{sell:?}");
    assert_eq!(book(&cluster), [json!([{ "price": 100, "quantity": 3, "orders": 1 }]), json!([])]);
    let table = cluster.lugus(&["book", "-i", "btc/usdt"]);
    for part in ["buy", " 1.00 ", " 0.00003 "] {
        assert!(table.code == Some(0) && table.stdout.contains(part), "{part}: {table:?}");
    }
    let raw = cluster.lugus(&["book", "-i", "btc/usdt", "--raw"]);
    for part in ["price (ticks)", " 100 ", "quantity (lots)", " 3 "] {
        assert!(raw.code == Some(0) && raw.stdout.contains(part), "{part}: {raw:?}");
    }

    let canceled = reports(&cluster, &["cancel", "--participant", "1", "-i", "BTC/USDT", "11"]);
    assert_eq!(canceled[0]["body"]["execution"]["exec_type"], "CANCELED", "{canceled:?}");
    let gone = reports(&cluster, &["cancel", "--participant", "1", "-i", "BTC/USDT", "11"]);
    assert_eq!(gone[0]["body"]["cancel_reject"]["reason"], "TOO_LATE_TO_CANCEL", "a reject is an answer, no failure");
    assert_eq!(book(&cluster), [json!([]), json!([])]);

    let unknown = cluster.lugus(&["order", "-i", "99", "buy", "1", "1"]);
    assert!(unknown.message().contains("instrument 99"), "{unknown:?}");
    let misspelt = cluster.lugus(&["order", "-i", "1", "bye", "1", "1"]);
    assert!(misspelt.code == Some(2) && misspelt.stderr.contains("possible values: buy, sell"), "{misspelt:?}");
    between_two_ticks_or_lots(&cluster);
    nobody_is_disconnected(&cluster);
    watch(&cluster);
}

#[track_caller]
fn between_two_ticks_or_lots(cluster: &LocalCluster) {
    for (quantity, price, nearest) in [
        ("0.00001", "64000.005", "64000.00 and 64000.01"),
        ("0.000015", "64000", "0.00001 and 0.00002"),
        ("0.000001", "64000", "0.00001"),
    ] {
        let outcome = cluster.lugus(&["order", "-i", "BTC/USDT", "buy", quantity, price]);
        assert!(outcome.message().contains(nearest), "{outcome:?}");
    }
    assert_eq!(book(cluster), [json!([]), json!([])]);
}

/// Commands refuse while their participant is connected, and say how to take over; what was refused has changed nothing.
fn nobody_is_disconnected(cluster: &LocalCluster) {
    let mut held = RawSession::connect(cluster, 7);
    // Whatever is sent keeps the session alive, which nobody polls while a command runs.
    let is_held = |held: &mut RawSession| matches!(held.ask(&[0], 1)[0], Answer::MessageReject { .. });
    let order = ["order", "--participant", "7", "-i", "BTC/USDT", "--raw", "buy", "1", "10"];
    let cancel = ["cancel", "--participant", "7", "-i", "BTC/USDT", "1"];
    let book_of_7 = ["book", "--participant", "7", "-i", "BTC/USDT"];
    for command in [&order[..], &cancel, &book_of_7] {
        assert!(is_held(&mut held), "the session goes on");
        let outcome = cluster.lugus(command);
        let message = outcome.message();
        assert!(message.contains("participant 7 is connected already") && message.contains("--take-over"), "{message}");
    }
    assert_eq!(book(cluster), [json!([]), json!([])], "the order was not applied");
    assert!(is_held(&mut held), "the session goes on");

    let taken = reports(cluster, &[&order[..], &["--take-over"]].concat());
    assert_eq!(taken[0]["body"]["execution"]["exec_type"], "NEW", "{taken:?}");
    drop(held);
    no_session_lingers(cluster);
    assert_eq!(reports(cluster, &order).len(), 1, "nobody is connected any more");
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

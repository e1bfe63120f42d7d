//! A member's recordings are listed, described and replayed, while it runs and when it has stopped; an interrupted replay goes on;
//! and the log's commands are sent to a cluster.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{LocalCluster, Traders, ask_to_end, by_hand, define_instruments, until};
use serde_json::Value;

const COMMANDS: u32 = 300;

/// The only member's recordings, as `lugus recordings` lists them.
#[track_caller]
fn recordings(cluster: &LocalCluster) -> Vec<Value> {
    let listed = cluster.lugus(&["--json", "recordings"]).json();
    eprintln!("{listed}");
    let members = listed["members"].as_array().expect("a list");
    assert_eq!(members.len(), 1, "{listed}");
    members[0]["recordings"].as_array().expect("a list").clone()
}

#[track_caller]
fn one<'a>(recordings: &'a [Value], content: &str) -> &'a Value {
    let of_content: Vec<_> = recordings.iter().filter(|recording| recording["content"] == content).collect();
    assert_eq!(of_content.len(), 1, "{content}: {recordings:?}");
    of_content[0]
}

#[track_caller]
fn replayed(cluster: &LocalCluster, arguments: &[&str], code: i32) -> Value {
    let outcome = cluster.lugus(&[&["--json", "replay", "log"], arguments].concat());
    assert_eq!(outcome.code, Some(code), "{arguments:?}: {outcome:?}");
    eprintln!("replay log {arguments:?}: {}", outcome.stdout);
    serde_json::from_str(&outcome.stdout).expect("a document")
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("events").lines().map(str::to_owned).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn a_log_is_listed_replayed_resumed_and_sent_to_a_cluster() {
    let cluster = LocalCluster::start(1, by_hand);
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    traders.trade(COMMANDS);
    traders.settle();

    // While the member runs.
    let all = recordings(&cluster);
    assert_eq!(one(&all, "log")["state"], "active");
    assert_eq!(one(&all, "snapshot")["log_position"], one(&all, "consensus_module_snapshot")["log_position"]);
    let running = replayed(&cluster, &[], 0);
    assert_eq!((&running["differences"], &running["snapshots_compared"]), (&0.into(), &1.into()), "{running}");
    assert!(running["commands"].as_u64() >= Some(2 * u64::from(COMMANDS)), "{running}");

    let book = traders.book(crate::harness::INSTRUMENTS[0]);
    let (_, (hash, position)) = traders.close(&cluster);
    cluster.down();
    let all = recordings(&cluster);
    let log = one(&all, "log");
    assert!(log["end_position"].as_i64() >= Some(position) && log["channel"].as_str().is_some(), "{log}");
    let number = log["recording"].to_string();
    let described = cluster.lugus(&["--json", "recordings", "describe", &number]).json();
    assert_eq!(described["damage"], Value::Null, "{described}");
    assert!(described["messages"].as_u64() >= running["commands"].as_u64(), "{described}");
    assert!(described["terms"].as_array().is_some_and(|terms| !terms.is_empty()), "{described}");

    // The whole log, with its events and the book at the end.
    let (csv, jsonl) = (cluster.folder().join("events.csv"), cluster.folder().join("events.jsonl"));
    let (csv_name, jsonl_name) = (csv.to_str().expect("a path"), jsonl.to_str().expect("a path"));
    let whole = replayed(&cluster, &["--events", jsonl_name, "--book", "1", "--depth", "256"], 0);
    assert_eq!((&whole["state_hash"], &whole["differences"]), (&Value::from(hash.as_str()), &0.into()), "{whole}");
    assert!(whole["rate"].as_f64() > Some(0.0), "{whole}");
    let levels = |side: &str| {
        let levels = whole["book"][side].as_array().expect("levels");
        levels.iter().map(|level| (level["price"].as_i64(), level["quantity"].as_u64())).collect::<Vec<_>>()
    };
    let bids: Vec<_> = book.bids.iter().map(|level| (Some(level.price.0), Some(level.quantity.0))).collect();
    let offers: Vec<_> = book.offers.iter().map(|level| (Some(level.price.0), Some(level.quantity.0))).collect();
    assert_eq!((levels("bids"), levels("offers")), (bids, offers), "{whole}");
    let events = lines(&jsonl);
    assert_eq!(whole["events"].as_u64(), Some(events.len() as u64), "{whole}");
    let rows = replayed(&cluster, &["--events", csv_name, "--from", "snapshot"], 0);
    assert_eq!((&rows["start"], &rows["state_hash"]), (&"snapshot".into(), &whole["state_hash"]), "{rows}");
    assert!(rows["commands"].as_u64() < whole["commands"].as_u64(), "{rows}");
    let reports = lines(&csv).len() as u64 - 1;
    assert!(reports > 0 && reports < events.len() as u64, "{rows}");

    interrupted(&cluster, &whole, &events);
    market_data(&cluster);

    // The same commands for a cluster: this one, which has the same instruments.
    let folder = cluster.folder().join("copy");
    let member = cluster.member(0);
    copy(&member.archive_dir, &folder.join("archive"));
    copy(&member.cluster_dir, &folder.join("cluster"));
    cluster.up();
    let folder = folder.to_str().expect("a path");
    let to_cluster = ["--json", "replay", "log", "--dir", folder, "--to-cluster", "--window", "1"];
    let sent = cluster.lugus(&to_cluster).json();
    eprintln!("{sent}");
    assert!(sent["commands"].as_u64() >= Some(2 * u64::from(COMMANDS)), "{sent}");
    assert_eq!(sent["answered"], sent["commands"], "{sent}");
    assert_eq!(book_of(&cluster), (levels("bids"), levels("offers")), "the whole log");

    // A part of them begins with the orders that rested there, and so leads to the same book.
    let part = cluster.lugus(&[&to_cluster[..], &["--from", "snapshot"]].concat()).json();
    eprintln!("{part}");
    let (commands, without) = (part["commands"].as_u64(), rows["commands"].as_u64());
    assert!(commands > without && commands < sent["commands"].as_u64(), "{part}");
    assert_eq!(book_of(&cluster), (levels("bids"), levels("offers")), "from the snapshot on");

    // A damaged recording is described, and the exit code tells.
    let segment = Path::new(folder).join("archive").join(format!("{number}-0.rec"));
    let mut bytes = fs::read(&segment).expect("a segment file");
    bytes[4_096..4_128].iter_mut().for_each(|byte| *byte ^= 0x55);
    fs::write(&segment, bytes).expect("written");
    let described = cluster.lugus(&["--json", "recordings", "describe", &number, "--dir", folder]);
    assert_eq!(described.code, Some(3), "{described:?}");
    let document: Value = serde_json::from_str(&described.stdout).expect("a document");
    assert!(document["damage"].as_str().is_some(), "{described:?}");
}

/// The figures of the replay and the comparison of the books are one document.
#[test]
fn a_recording_of_lobster_through_an_engine_is_one_document() {
    let folder = crate::harness::folder();
    let folder = folder.path();
    let (messages, books) = (folder.join("XYZ_message_2.csv"), folder.join("XYZ_orderbook_2.csv"));
    fs::write(&messages, "34200.1,1,11,18,1000,1\n34200.2,4,7,50,1010,-1\n34200.3,2,11,8,1000,1\n").expect("written");
    fs::write(&books, "1010,100,1000,20\n1010,50,1000,20\n1010,50,1000,12\n").expect("written");
    let (messages, books) = (messages.to_str().expect("a path"), books.to_str().expect("a path"));
    let outcome = crate::harness::lugus(folder, &["--json", "replay", "lobster", messages, books, "--engine"]);
    let document = outcome.json();
    assert_eq!(document["books"]["rows"], 3, "{document}");
    assert_eq!(document["books"]["equal_rows"], 3, "{document}");
    assert_eq!((&document["answered"], &document["lost"]), (&document["commands"], &0.into()), "{document}");
}

/// Price and quantity of a level.
type Level = (Option<i64>, Option<u64>);

/// Bids and offers of the first instrument's book.
fn book_of(cluster: &LocalCluster) -> (Vec<Level>, Vec<Level>) {
    let book = cluster.lugus(&["--json", "book", "-i", "1", "--depth", "256"]).json();
    let levels = |side: &str| {
        let levels = book[side].as_array().expect("levels");
        levels.iter().map(|level| (level["price"].as_i64(), level["quantity"].as_u64())).collect()
    };
    (levels("bids"), levels("offers"))
}

/// A replay that is stopped on its way goes on to the same state and the same events.
fn interrupted(cluster: &LocalCluster, whole: &Value, events: &[String]) {
    let (state, resumed) = (cluster.folder().join("state"), cluster.folder().join("resumed.jsonl"));
    let (state, resumed_name) = (state.to_str().expect("a path"), resumed.to_str().expect("a path"));
    let arguments = ["--resume", state, "--events", resumed_name];

    // At the recorded pace it takes as long as the cluster has run.
    let config = cluster.config.to_str().expect("a path");
    let mut slow = Command::new(env!("CARGO_BIN_EXE_lugus"));
    slow.args(["--config", config, "--json", "replay", "log", "--pace", "recorded"]).args(arguments);
    let slow = slow.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // The file is made when signals are handled already.
    until("the file of the events", || resumed.exists().then_some(()));
    ask_to_end(slow.id());
    let output = slow.wait_with_output().expect("it ends");
    let first: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!((output.status.code(), &first["interrupted"]), (Some(130), &true.into()), "{first}");

    // To the snapshot, with the next event's position as the limit, and from there to the end.
    let snapshot = one(&recordings(cluster), "snapshot")["log_position"].to_string();
    let part = replayed(cluster, &[&arguments[..], &["--until", &snapshot]].concat(), 0);
    assert_eq!((&part["start"], &part["snapshots_compared"]), (&"saved".into(), &1.into()), "{part}");
    assert_eq!(part["end_position"].to_string(), snapshot, "{part}");
    let rest = replayed(cluster, &arguments, 0);
    assert_eq!(rest["start_position"].to_string(), snapshot, "{rest}");
    for key in ["state_hash", "commands", "events", "snapshots_compared", "end_position"] {
        assert_eq!(rest[key], whole[key], "{key}: {rest}");
    }
    assert!(lines(&resumed) == events, "the events of an interrupted replay differ");
}

/// Increments are numbered in each instrument without a gap.
fn market_data(cluster: &LocalCluster) {
    let outcome = cluster.lugus(&["replay", "market-data", "--instrument", "1"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let mut expected = 1;
    for line in outcome.stdout.lines() {
        let increment: Value = serde_json::from_str(line).expect("a JSON line");
        assert_eq!(increment["market_data"]["sequence"].as_u64(), Some(expected), "{line}");
        assert_eq!(increment["market_data"]["instrument"].as_u64(), Some(1), "{line}");
        expected += 1;
    }
    assert!(expected > u64::from(COMMANDS), "{expected} increments");
}

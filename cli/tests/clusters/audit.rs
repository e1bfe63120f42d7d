//! Members' archived logs through a new engine: nothing differs in a sound cluster, and what is bent is found. Members are rebuilt
//! from the others and from a backup, and come to the same state.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

use crate::harness::{LocalCluster, Traders, by_hand, define_instruments, log_file};
use aeron_archive_files::{Recording, RecordingLog, Snapshot};
use serde_json::Value;

const COMMANDS: u32 = 300;

/// Id of a member's service.
const SERVICE: i32 = 0;

/// The answer of `lugus audit` with these arguments, which must end with this exit code.
#[track_caller]
fn audit(cluster: &LocalCluster, arguments: &[&str], code: i32) -> Value {
    let outcome = cluster.lugus(&[&["--json", "audit"], arguments].concat());
    assert_eq!(outcome.code, Some(code), "{outcome:?}");
    eprintln!("audit {arguments:?}: {}", outcome.stdout);
    serde_json::from_str(&outcome.stdout).expect("a document")
}

/// Trades before and after a snapshot of all members.
fn trade_around_a_snapshot(cluster: &LocalCluster, traders: &mut Traders) {
    traders.trade(COMMANDS);
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    traders.trade(COMMANDS);
    traders.settle();
}

fn newest_snapshot(cluster: &LocalCluster, member: i32) -> (Snapshot, Recording) {
    let member = cluster.member(member);
    let log = RecordingLog::read(&member.cluster_dir).expect("a recording log");
    let snapshot = *log.snapshots_of(SERVICE).last().expect("a snapshot");
    (snapshot, Recording::find(&member.archive_dir, snapshot.recording_id).expect("its recording"))
}

#[test]
fn the_log_leads_to_what_members_recorded_and_publish_and_a_bent_snapshot_is_found() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    trade_around_a_snapshot(&cluster, &mut traders);

    let running = audit(&cluster, &[], 0);
    assert_eq!((&running["differences"], &running["snapshots_compared"]), (&Value::from(0), &Value::from(3)));
    assert_eq!(running["members"].as_array().map(Vec::len), Some(3));
    assert!(running["commands"].as_u64() >= Some(3 * 2 * u64::from(COMMANDS)), "{running}");

    let (_, (hash, _)) = traders.close(&cluster);
    cluster.down();
    let stopped = audit(&cluster, &[], 0);
    assert_eq!((&stopped["differences"], &stopped["snapshots_compared"]), (&Value::from(0), &Value::from(3)));
    for member in stopped["members"].as_array().expect("a list") {
        assert_eq!(member["state_hash"], Value::from(hash.as_str()), "{member}");
    }
    assert_eq!(hash_of_exported(&cluster), hash);

    let (snapshot, recording) = newest_snapshot(&cluster, 1);
    let file = File::options().read(true).write(true).open(recording.segment_path(0)).expect("the snapshot");
    let mut byte = [0];
    // Behind the sessions, so within the orders or what belongs to them.
    let middle = recording.stop_position.expect("its end").cast_unsigned() / 2;
    file.read_exact_at(&mut byte, middle).expect("read");
    file.write_all_at(&byte.map(|byte| byte ^ 1), middle).expect("written");
    let bent = audit(&cluster, &[], 3);
    assert!(bent["differences"].as_u64() >= Some(1), "{bent}");
    assert_eq!(bent["first_difference"]["member"], Value::from(1), "{bent}");
    assert_eq!(bent["first_difference"]["position"], Value::from(snapshot.log_position), "{bent}");
    audit(&cluster, &["--member", "2"], 0);
}

/// State hash that `lugus engine` comes to with the commands of an exported log.
fn hash_of_exported(cluster: &LocalCluster) -> String {
    let exported = cluster.lugus(&["export", "--member", "0"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let flags = exported.stdout.lines().next().and_then(|line| line.split("lugus engine ").nth(1)).expect("the limits");
    let mut engine = Command::new(env!("CARGO_BIN_EXE_lugus"));
    engine.arg("engine").args(flags.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut engine = engine.spawn().expect("an engine");
    let mut input = engine.stdin.take().expect("its input");
    let feeder = std::thread::spawn(move || input.write_all(exported.stdout.as_bytes()));
    let output = engine.wait_with_output().expect("its output");
    feeder.join().expect("no panic").expect("all commands are taken");
    let text = String::from_utf8(output.stdout).expect("text");
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("a document");
    last["state_hash"].as_str().expect("a hash").to_owned()
}

#[test]
fn a_member_with_bent_and_missing_files_is_rebuilt_while_the_others_trade() {
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = Traders::connect(&cluster);
    trade_around_a_snapshot(&cluster, &mut traders);
    let (_, before) = cluster.await_common_state();
    let victim = (cluster.await_leader() + 1) % 3;
    let number = victim.to_string();
    let refused = cluster.lugus(&["repair", "--member", &number]);
    assert!(refused.message().contains("a member that runs can't be repaired"), "{refused:?}");

    cluster.kill(victim);
    let member = cluster.member(victim);
    let log = File::options().write(true).open(log_file(&cluster, victim)).expect("the log");
    log.write_all_at(&[0x5a; 64], 4_096).expect("bent");
    fs::remove_file(member.cluster_dir.join("recording.log")).expect("removed");
    traders.trade(COMMANDS);
    let repaired = cluster.lugus(&["--json", "repair", "--member", &number]).json();
    eprintln!("{repaired}");
    assert!(repaired["position"].as_i64() >= Some(before), "{repaired}");
    assert!(repaired["snapshot_position"].as_i64().is_some_and(|position| position < before), "{repaired}");
    let aside = repaired["set_aside"].as_array().expect("a list");
    assert_eq!(aside.len(), 2, "{repaired}");
    for folder in aside {
        assert!(fs::read_dir(folder.as_str().expect("a path")).expect("kept").next().is_some(), "{folder}");
    }

    assert_eq!(cluster.up(), [i64::from(victim)]);
    traders.trade(COMMANDS);
    traders.settle();
    let (_, after) = cluster.await_common_state();
    assert!(after > before);
    traders.check();
    let sound = audit(&cluster, &["--member", &number], 0);
    assert_eq!(sound["snapshots_compared"], Value::from(1), "{sound}");
    // It can lead: nothing that a leader needs is missing.
    cluster.kill(cluster.await_leader());
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
}

#[test]
fn members_that_lost_everything_are_recovered_from_a_backup() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    trade_around_a_snapshot(&cluster, &mut traders);
    let folder = cluster.folder().join("backup");
    let path = folder.to_str().expect("a path");
    let first = cluster.lugus(&["--json", "backup", path]).json();
    assert!(first["snapshot_position"].as_i64().is_some(), "{first}");
    traders.trade(COMMANDS);
    traders.settle();
    let (past, (hash, position)) = traders.close(&cluster);
    // Continues the first.
    let second = cluster.lugus(&["--json", "backup", path]).json();
    eprintln!("{first}\n{second}");
    assert!(second["position"].as_i64() >= Some(position), "{second}");
    let audited = audit(&cluster, &["--dir", path], 0);
    assert_eq!(audited["members"][0]["state_hash"], Value::from(hash.as_str()), "{audited}");

    cluster.kill_all(&[0, 1, 2]);
    for id in 0..3 {
        let member = cluster.member(id);
        for dir in [&member.archive_dir, &member.cluster_dir] {
            fs::remove_dir_all(dir).expect("destroyed");
        }
    }
    let recovered = cluster.lugus(&["--json", "recover", path]).json();
    assert_eq!(recovered["members"], serde_json::json!([0, 1, 2]), "{recovered}");
    assert_eq!(cluster.up(), [0, 1, 2]);
    let status = cluster.await_status("the state of the backup", |status| {
        status.common_state().is_some_and(|(_, found)| found >= position)
    });
    assert_eq!(status.common_state(), Some((hash, position)));
    let mut traders = Traders::connect_again(&cluster, past);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
}

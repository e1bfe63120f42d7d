//! A member whose recorded log is damaged ends with the reason before it serves, and stays down; the other members continue
//! to trade. Emptied, it gets its log from them.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Instant;

use crate::harness::{LocalCluster, PATIENCE, Traders, frames, log_file};
use lugus_media_driver::DAMAGED_EXIT_CODE;

const COMMANDS: u32 = 300;

/// Length of the part of the log that is bent, in bytes.
const BENT: usize = 64;

#[test]
fn a_member_whose_log_is_bent_after_the_snapshot_stays_down() {
    a_damaged_member_stays_down(|log, after_snapshot| {
        let position = frame_after(log, after_snapshot);
        let mut bytes = [0; BENT];
        // From the middle of the frame's header on.
        log.read_exact_at(&mut bytes, position + 16).expect("read");
        log.write_all_at(&bytes.map(|byte| byte ^ 0x5a), position + 16).expect("written");
        position
    });
}

#[test]
fn a_member_whose_log_is_truncated_stays_down() {
    a_damaged_member_stays_down(|log, after_snapshot| {
        let position = frame_after(log, after_snapshot);
        log.set_len(position).expect("truncated");
        position
    });
}

/// `damage` gets the log's file and a position after the snapshot; it returns the position that it damages.
fn a_damaged_member_stays_down(damage: impl FnOnce(&File, u64) -> u64) {
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    let (_, snapshot) = cluster.await_common_state();
    traders.trade(COMMANDS);
    traders.settle();
    let (_, end) = cluster.await_common_state();
    let victim = (cluster.await_leader() + 1) % 3;
    cluster.kill(victim);
    let log = File::options().read(true).write(true).open(log_file(&cluster, victim)).expect("the log");
    let damaged = damage(&log, u64::try_from(i64::midpoint(snapshot, end)).expect("a position"));

    let began = Instant::now();
    let up = cluster.lugus(&["up"]);
    let reason = format!("the log is damaged at position {damaged} ");
    assert!(up.message().contains(&reason), "{up:?}");
    assert!(up.message().contains("lugus repair rebuilds the member from the others"), "it says what to do: {up:?}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!(cluster.pid(victim), None);
    let node = cluster.lugus(&["node", "--cluster", "0", "--member", &victim.to_string()]);
    assert_eq!(node.code, Some(i32::from(DAMAGED_EXIT_CODE)), "{node:?}");
    assert!(node.stderr.contains(&reason), "{node:?}");

    traders.trade(COMMANDS);
    traders.settle();
    traders.check();

    let member = cluster.member(victim);
    for dir in [&member.archive_dir, &member.cluster_dir] {
        fs::remove_dir_all(dir).expect("emptied");
    }
    assert_eq!(cluster.up(), [i64::from(victim)]);
    traders.trade(COMMANDS);
    traders.settle();
    let (_, position) = cluster.await_common_state();
    assert!(position > end);
    traders.check();
}

/// Position of the first frame at or after `position` that is longer than what is bent.
fn frame_after(log: &File, position: u64) -> u64 {
    let mut frames = frames(log).filter(|frame| frame.position >= position && frame.bytes.len() > BENT);
    frames.next().expect("a frame").position
}

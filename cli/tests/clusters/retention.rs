//! A member's log ends somewhere: snapshots on a schedule, purges that leave what restarts need, and disks that run full.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{
    LocalCluster, PATIENCE, SmallDisk, Traders, folder, is_alive, log_file, lugus, until, without_elections,
};
use lugus_media_driver::DAMAGED_EXIT_CODE;
use lugus_topology::{Deployment, Size};
use serde_json::Value;

/// Length of a term and of a segment file: about 1,900 commands.
const SEGMENT: Size = Size::kib(256);

/// Growth of the log after which a snapshot is due: two segments.
const SNAPSHOT_LOG_LENGTH: Size = Size::kib(512);

/// Number of commands that are sent at a time.
const COMMANDS: u32 = 1_000;

/// Snapshots by the length of the log alone, and short segment files, so that a test sends enough in seconds.
fn short_log(deployment: &mut Deployment) {
    without_elections(deployment);
    deployment.term_length.log = SEGMENT;
    deployment.term_length.ipc = SEGMENT;
    deployment.archive.segment_length = SEGMENT;
    deployment.retention.snapshot_interval = Duration::ZERO;
    deployment.retention.snapshot_log_length = SNAPSHOT_LOG_LENGTH;
}

/// Trades until all members have recorded the log up to at least this position.
fn trade_to(cluster: &LocalCluster, traders: &mut Traders, position: u64) {
    until("a longer log", || {
        traders.trade(COMMANDS);
        let status = cluster.status()?;
        let mut reached = status.members.iter().map(|member| member.state_hash_position.unwrap_or(0));
        reached.all(|reached| reached.unsigned_abs() >= position).then_some(())
    });
    traders.settle();
}

/// The segment files of a log that end at or before a position. A file's name has recording and position: `0-262144.rec`.
fn segments_before(first_segment: &Path, position: u64) -> Vec<PathBuf> {
    let recording_of = |path: &Path| Some(path.file_name()?.to_str()?.split_once('-')?.0.to_owned());
    let begin_of = |path: &Path| path.file_stem()?.to_str()?.split_once('-')?.1.parse::<u64>().ok();
    let folder = first_segment.parent().expect("a folder");
    let files = fs::read_dir(folder).expect("an archive").map(|entry| entry.expect("an entry").path());
    let of_log = files.filter(|file| recording_of(file) == recording_of(first_segment));
    of_log.filter(|file| begin_of(file).is_some_and(|begin| begin + SEGMENT.as_bytes() <= position)).collect()
}

fn number(answer: &Value, key: &str) -> u64 {
    answer[key].as_u64().unwrap_or_else(|| panic!("{key}: {answer}"))
}

fn prune(cluster: &LocalCluster) -> Value {
    let answer = cluster.lugus(&["--json", "prune"]).json();
    eprintln!("{answer}");
    answer
}

#[test]
fn audits_of_members_that_purge_meanwhile_find_nothing() {
    let cluster = LocalCluster::start(3, short_log);
    let mut traders = Traders::connect(&cluster);
    let (folder, config) = (cluster.folder(), cluster.config.to_str().expect("a path"));
    let begun = Instant::now();
    // Until the logs of three purges were audited, where each audit has to find that nothing differs.
    let audits = || {
        let mut starts = BTreeSet::new();
        while starts.len() < 4 {
            assert!(begun.elapsed() < PATIENCE, "audited from {starts:?}");
            let audited = lugus(folder, &["--config", config, "--json", "audit"]).json();
            let members = audited["members"].as_array().expect("members").iter();
            starts.extend(members.map(|member| member["start_position"].as_i64().expect("a position")));
        }
    };
    thread::scope(|scope| {
        let audits = scope.spawn(audits);
        while !audits.is_finished() {
            traders.trade(COMMANDS);
        }
    });
    traders.settle();
}

#[test]
fn what_is_pruned_is_not_needed_by_members_that_start() {
    let cluster = LocalCluster::start(3, |deployment| {
        short_log(deployment);
        deployment.retention.automatic_pruning = false;
    });
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    let nothing = prune(&cluster);
    assert_eq!((number(&nothing, "freed_bytes"), number(&nothing, "kept_from")), (0, 0), "there is no snapshot yet");
    let first_segments = [0, 1, 2].map(|member| log_file(&cluster, member));

    // Snapshots are taken although nobody asks for them.
    trade_to(&cluster, &mut traders, 6 * SNAPSHOT_LOG_LENGTH.as_bytes());
    let mut freed = [0; 3];
    let mut prune_all = || {
        let pruned = prune(&cluster);
        for (freed, one) in freed.iter_mut().zip(pruned["members"].as_array().expect("a list")) {
            *freed += number(one, "freed_bytes");
        }
        pruned
    };
    until("two snapshots behind the first segment file", || {
        traders.trade(COMMANDS);
        (number(&prune_all(), "kept_from") > 0).then_some(())
    });
    // All but the newest two go, with the log before them.
    for _ in 0..2 {
        traders.trade(COMMANDS);
        // One that is due may be under way.
        until("a snapshot", || (cluster.lugus(&["snapshot"]).code == Some(0)).then_some(()));
    }
    traders.settle();
    let (_, end) = cluster.await_common_state();
    let pruned = prune_all();
    for (member, first_segment) in first_segments.iter().enumerate() {
        let one = &pruned["members"][member];
        let (freed, kept_from) = (freed[member], number(one, "kept_from"));
        assert!(kept_from >= SNAPSHOT_LOG_LENGTH.as_bytes() && kept_from.is_multiple_of(SEGMENT.as_bytes()), "{one}");
        assert!(end.unsigned_abs() - kept_from <= 4 * SNAPSHOT_LOG_LENGTH.as_bytes(), "little is kept: {end} {one}");
        assert!(freed >= kept_from, "the log before that position, and snapshots: {one}");
        until("the files to be deleted", || segments_before(first_segment, kept_from).is_empty().then_some(()));
    }
    let again = prune(&cluster);
    assert_eq!(number(&again, "freed_bytes"), 0, "what may go has gone: {again}");

    // A follower starts from what is left, and so does the next leader.
    for victim in [(cluster.await_leader() + 1) % 3, cluster.await_leader()] {
        cluster.kill(victim);
        traders.trade(COMMANDS);
        assert_eq!(cluster.up(), [i64::from(victim)]);
        traders.trade(COMMANDS);
        traders.settle();
        traders.check();
        cluster.await_common_state();
    }

    // An emptied member gets a log that it has no state for: it must not come to another state than the others.
    let emptied = (cluster.await_leader() + 1) % 3;
    cluster.kill(emptied);
    let member = cluster.member(emptied);
    for dir in [&member.archive_dir, &member.cluster_dir] {
        fs::remove_dir_all(dir).expect("emptied");
    }
    let up = cluster.lugus(&["up"]);
    assert!(up.message().contains(&format!("member {emptied} of cluster-0 has ended")), "{up:?}");
    let node = cluster.lugus(&["node", "--cluster", "0", "--member", &emptied.to_string()]);
    assert_eq!(node.code, Some(i32::from(DAMAGED_EXIT_CODE)), "{node:?}");
    assert!(node.stderr.contains("the member has no snapshot from there on"), "{node:?}");
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
}

#[test]
fn members_purge_by_themselves_and_all_come_back() {
    let cluster = LocalCluster::start(3, short_log);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    let first_segments = [0, 1, 2].map(|member| log_file(&cluster, member));
    until("the begin of all logs to be purged", || {
        traders.trade(COMMANDS);
        first_segments.iter().all(|segment| !segment.exists()).then_some(())
    });
    traders.settle();
    traders.check();
    let (past, before) = traders.close(&cluster);
    cluster.kill_all(&[0, 1, 2]);
    assert_eq!(cluster.up(), [0, 1, 2]);
    let (_, position) = cluster.await_common_state();
    assert!(position >= before.1);
    let mut traders = Traders::connect_again(&cluster, past);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    cluster.await_common_state();
}

#[test]
fn a_leader_whose_disk_runs_full_hands_over() {
    let folders = [(); 3].map(|()| folder());
    let disks: Vec<SmallDisk> = folders.iter().filter_map(|folder| SmallDisk::mount(folder.path())).collect();
    if disks.len() < 3 {
        return;
    }
    let (minimum, reserve) = (Size::mib(8), Size::mib(24));
    let cluster = LocalCluster::start(3, |deployment| {
        without_elections(deployment);
        for (member, disk) in deployment.clusters[0].members.iter_mut().zip(&disks) {
            member.archive_dir = Some(disk.path().join("archive"));
        }
        deployment.term_length.log = Size::mib(1);
        deployment.archive.segment_length = Size::mib(4);
        deployment.archive.minimum_free_space = minimum;
        deployment.archive.disk_reserve = Some(reserve);
    });
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    let full = cluster.await_leader();
    let disk = &disks[full as usize];
    let processes = cluster.processes(full);
    disk.fill(Size::bytes(reserve.as_bytes() - (4 << 20)));
    until("the end of the leader", || {
        traders.poll();
        processes.iter().all(|process| !is_alive(process.pid)).then_some(())
    });
    let log = cluster.log(full);
    assert!(log.contains("/archive has ") && log.contains("this member no longer leads"), "{log}");
    assert_ne!(cluster.await_leader(), full);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();

    let node = cluster.lugus(&["node", "--cluster", "0", "--member", &full.to_string()]);
    assert_eq!(node.code, Some(1), "it can't start: {node:?}");
    assert!(node.stderr.contains(" free, and the archive needs 24m"), "{node:?}");
    disk.empty();
    assert_eq!(cluster.up(), [i64::from(full)]);
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    cluster.await_common_state();
}

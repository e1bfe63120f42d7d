//! A member whose state differs from that of the others fences itself, and they go on; `lugus status` tells, on every host.

use std::fs;

use crate::harness::{
    LocalCluster, Outcome, Status, Traders, alter_last_order, by_hand, define_instruments, folder, lugus, until,
};
use lugus_media_driver::DAMAGED_EXIT_CODE;
use lugus_topology::Size;

const COMMANDS: u32 = 200;

/// An order's price in the log of one follower is changed by a tick while the follower is down, and so is the frame's checksum.
#[test]
fn a_member_whose_log_was_altered_fences_itself_and_the_others_trade_on() {
    let cluster = LocalCluster::start(3, |deployment| {
        by_hand(deployment);
        deployment.supervision.restart = true;
        deployment.archive.segment_length = Size::mib(16);
    });
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    traders.trade(COMMANDS);
    traders.settle();
    let elsewhere = Elsewhere::new(&cluster);
    let seen = until("equal members, seen from another host", || {
        let outcome = elsewhere.status();
        let status = status(&outcome);
        (outcome.code == Some(0) && status.common_state().is_some()).then_some(status)
    });
    assert!(
        seen.leader().is_some() && seen.members.iter().all(|member| member.differing_members == Some(0)),
        "{seen:?}"
    );

    let altered = (cluster.await_leader() + 1) % 3;
    cluster.kill(altered);
    alter_last_order(&cluster.member(altered));
    // It may last long enough to join, or not.
    let _ = cluster.lugus(&["up"]);
    let has_ended = || cluster.pid(altered).is_none() && cluster.supervisor_pid(altered).is_none();
    until("the end of the altered member and of its supervisor", || has_ended().then_some(()));
    let log = cluster.log(altered);
    let number_after = |text: &str| -> i64 {
        let rest = log.split(text).nth(1).unwrap_or_else(|| panic!("no {text:?} in {log}"));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a position")
    };
    assert!(log.contains("a majority of the members has another state than this one"), "{log}");
    assert!(number_after("last equal at position ") < number_after("at log position "), "{log}");

    // The others tell it everywhere, and go on.
    for outcome in [cluster.lugus(&["--json", "status"]), elsewhere.status()] {
        assert_eq!(outcome.code, Some(3), "{outcome:?}");
        let differing = status(&outcome).members.iter().filter(|member| member.differing_members == Some(1)).count();
        assert_eq!(differing, 2, "{outcome:?}");
    }
    assert_eq!(status(&cluster.lugus(&["--json", "status"])).member(altered).role, "fenced");
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();

    let again = cluster.lugus(&["up"]);
    assert!(again.message().contains("the member is fenced"), "{again:?}");
    assert!(has_ended());
    let node = cluster.lugus(&["node", "--cluster", "0", "--member", &altered.to_string()]);
    assert_eq!(node.code, Some(i32::from(DAMAGED_EXIT_CODE)), "{node:?}");

    // The repair that the member names.
    let member = cluster.member(altered);
    for directory in [&member.archive_dir, &member.cluster_dir] {
        fs::rename(directory, directory.with_extension("altered")).expect("moved away");
    }
    assert_eq!(cluster.up(), [i64::from(altered)]);
    until("a status without a difference", || (elsewhere.status().code == Some(0)).then_some(()));
    cluster.await_common_state();
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
}

fn status(outcome: &Outcome) -> Status {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("no status: {error}: {outcome:?}"))
}

/// A host of the deployment on which no member runs: the same file, in a folder where nothing else is.
struct Elsewhere {
    folder: tempfile::TempDir,
    drivers: std::path::PathBuf,
}

impl Elsewhere {
    fn new(cluster: &LocalCluster) -> Self {
        let folder = folder();
        let mut deployment = cluster.deployment.clone();
        deployment.save(&folder.path().join("cluster.toml")).expect("a good deployment");
        Self { folder, drivers: deployment.aeron_root() }
    }

    fn status(&self) -> Outcome {
        lugus(self.folder.path(), &["--config", "cluster.toml", "--json", "status"])
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.drivers);
    }
}

//! Real faults of a real cluster call somebody: its exporter is scraped by a real Prometheus with the rules of `ops/alerts`, whose
//! alerts a real Alertmanager sends to this test, and takes back when the fault is mended. `scripts/test-operations` runs it.
//!
//! Durations of the rules are divided, so that the test takes minutes and not days: what is tested is that metrics, rules and
//! faults belong together. What the rules do over their full durations is tested by promtool.

#![allow(clippy::expect_used, clippy::panic, unreachable_pub, reason = "a test that fails panics, and is a program")]

mod dashboards;
#[path = "../harness/mod.rs"]
mod harness;
mod monitoring;
mod scaled_rules;
mod webhook;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use harness::{Exporter, LocalCluster, SmallDisk, Traders, alter_last_order, folder, until, without_elections};
use lugus_topology::{Deployment, Size};
use monitoring::Monitoring;
use webhook::Status::{Firing, Resolved};
use webhook::Webhook;

const COMMANDS: u32 = 200;

/// The member whose archive is on a disk of its own.
const MEMBER_OF_SMALL_DISK: i32 = 2;

/// The alerts of the faults below. Others, such as those of slow answers, may come on a machine that is busy.
const FAULTS: [&str; 7] = [
    "LugusMemberDown",
    "LugusQuorumAtEdge",
    "LugusNoLeader",
    "LugusAvailabilityBurn",
    "LugusCoordinatorDown",
    "LugusDiskFullSoon",
    "LugusStatesDiffer",
];

/// Time without a fault before the first one, in which none of these may come.
const QUIET: Duration = Duration::from_secs(5);

/// Space by which the small disk is filled at a time, and the number of times, half a second apart.
const STEP: Size = Size::mib(1);
const STEPS: u64 = 24;

fn small(deployment: &mut Deployment, disk: Option<&SmallDisk>) {
    without_elections(deployment);
    deployment.coordinator = Deployment::default_local(3, deployment.clusters[0].members[0].port).coordinator;
    deployment.term_length.log = Size::mib(1);
    deployment.archive.segment_length = Size::mib(4);
    if let Some(disk) = disk {
        let member = deployment.clusters[0].members.iter_mut().find(|member| member.id.0 == MEMBER_OF_SMALL_DISK);
        member.expect("a member").archive_dir = Some(disk.path().join("archive"));
        deployment.archive.minimum_free_space = Size::mib(4);
        deployment.archive.disk_reserve = Some(Size::mib(8));
    }
}

#[test]
#[ignore = "takes minutes: scripts/test-operations runs it"]
fn each_fault_calls_and_its_end_is_told() {
    let begun = Instant::now();
    let disks = folder();
    let disk = SmallDisk::mount(disks.path());
    let cluster = LocalCluster::start(3, |deployment| small(deployment, disk.as_ref()));
    let mut traders = Traders::connect(&cluster);
    let mut trade = move || {
        traders.trade(COMMANDS);
        traders.settle();
    };
    trade();
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    let name = cluster.spec().name;
    let told = |what: &str| eprintln!("{what}: {:?} after the begin", begun.elapsed());
    let exporter = Exporter::start(&cluster);
    let webhook = Webhook::start();
    let monitoring = Monitoring::start(exporter.address(), webhook.address());
    until("all members to be seen", || (monitoring.value("sum(lugus_member_ready)") == Some(3.0)).then_some(()));
    dashboards::check(&monitoring, || {
        trade();
        // An order that finds nothing to trade with, and a cancel of no order.
        let alone = ["order", "-i", "BTC/USDT", "--participant", "1", "buy", "0.00001", "1", "--time-in-force", "ioc"];
        let unknown = ["cancel", "-i", "BTC/USDT", "--participant", "1", "99"];
        for arguments in [&alone[..], &unknown] {
            assert_eq!(cluster.lugus(arguments).code, Some(0), "{arguments:?}");
        }
    });
    told("the panels have data");
    thread::sleep(QUIET);
    let early = webhook.received();
    assert!(!early.iter().any(|told| FAULTS.iter().any(|fault| told.labels["alertname"] == *fault)), "{early:?}");
    let of_member = |member: i32| vec![("cluster", name.clone()), ("member", member.to_string())];
    let of_cluster = vec![("cluster", name.clone())];

    thread::scope(|scope| {
        // A disk fills meanwhile, and is emptied below before it is full.
        if let Some(disk) = &disk {
            scope.spawn(|| fill(disk));
        }

        // A member is killed: two are left of three.
        let victim = (cluster.await_leader() + 1) % 3;
        cluster.kill(victim);
        webhook.wait("LugusMemberDown", &of_member(victim), Firing);
        webhook.wait("LugusQuorumAtEdge", &of_cluster, Firing);
        assert_eq!(cluster.up(), [i64::from(victim)]);
        webhook.wait("LugusMemberDown", &of_member(victim), Resolved);
        webhook.wait("LugusQuorumAtEdge", &of_cluster, Resolved);
        told("a member was down");

        // Two are killed, the leader among them: nobody can trade. The coordinator goes with them.
        let leader = cluster.await_leader();
        cluster.kill_all(&[leader, (leader + 1) % 3]);
        cluster.kill_coordinator();
        webhook.wait("LugusNoLeader", &of_cluster, Firing);
        webhook.wait("LugusAvailabilityBurn", &of_cluster, Firing);
        webhook.wait("LugusCoordinatorDown", &[], Firing);
        cluster.up();
        webhook.wait("LugusNoLeader", &of_cluster, Resolved);
        webhook.wait("LugusCoordinatorDown", &[], Resolved);
        trade();
        told("there was no leader, and no coordinator");
    });
    let of_disk = [of_member(MEMBER_OF_SMALL_DISK), vec![("directory", String::from("archive"))]].concat();
    if let Some(disk) = &disk {
        webhook.wait("LugusDiskFullSoon", &of_disk, Firing);
        disk.empty();
        told("a disk was filled");
    }

    // The log of a follower is altered while it is down, so that its state differs.
    let altered = (cluster.await_leader() + 1) % 3;
    cluster.kill(altered);
    let member = cluster.member(altered);
    alter_last_order(&member);
    let _ = cluster.lugus(&["up"]);
    webhook.wait("LugusStatesDiffer", &of_cluster, Firing);
    until("the end of the altered member", || cluster.pid(altered).is_none().then_some(()));
    for directory in [&member.archive_dir, &member.cluster_dir] {
        fs::rename(directory, directory.with_extension("altered")).expect("moved away");
    }
    assert_eq!(cluster.up(), [i64::from(altered)]);
    webhook.wait("LugusStatesDiffer", &of_cluster, Resolved);
    trade();
    told("a state differed");

    // All that was told has ended, and the rules have never failed.
    if disk.is_some() {
        webhook.wait("LugusDiskFullSoon", &of_disk, Resolved);
    }
    webhook.wait("LugusAvailabilityBurn", &of_cluster, Resolved);
    assert_eq!(monitoring.value("sum(prometheus_rule_evaluation_failures_total)"), Some(0.0));
    told("all is over");
}

fn fill(disk: &SmallDisk) {
    let free = disk.free().as_bytes();
    for step in 1..=STEPS {
        disk.fill(Size::bytes(free - step * STEP.as_bytes()));
        thread::sleep(Duration::from_millis(500));
    }
}

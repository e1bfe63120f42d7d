//! Invalid configurations and environments are reported in one message that says what is wrong, where, and what to do,
//! with exit code 1; no process stays behind.

use std::fs;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{LocalCluster, OneAtATime, SmallDisk, Traders, folder, free_base_port, lugus, mentioning, until};
use lugus_topology::{Deployment, MemberId, Size};

/// Longest time for a command that has nothing to wait for; waiting for a cluster takes 10 s.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Free space that a member must have on the small disk.
const MINIMUM_FREE_SPACE: Size = Size::mib(8);

/// Runs `lugus up`, with supervisors, for a deployment that `adjust` makes invalid; returns the error message. Checks that no
/// process stays behind.
#[track_caller]
fn refused(adjust: impl FnOnce(&mut Deployment)) -> String {
    let cluster = LocalCluster::prepare(3, |deployment| {
        deployment.supervision.restart = true;
        adjust(deployment);
    });
    let message = cluster.lugus(&["up"]).message().to_owned();
    nothing_is_left(&cluster);
    message
}

/// Killed processes take a moment to end.
#[track_caller]
fn nothing_is_left(cluster: &LocalCluster) {
    until("the end of all processes", || cluster.left().is_empty().then_some(()));
}

#[track_caller]
fn assert_tells(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn nothing_is_there() {
    let folder = folder();
    for command in [&["status"][..], &["down"], &["snapshot"], &["watch"], &["node", "--member", "0"]] {
        let outcome = lugus(folder.path(), command);
        assert_tells(
            outcome.message(),
            &["there is no deployment", ".lugus/cluster.toml does not exist", "`lugus up`", "--config"],
        );
    }
    let outcome = lugus(folder.path(), &["--config", "other.toml", "status"]);
    assert_tells(outcome.message(), &["other.toml does not exist"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "it made something");
}

#[test]
fn a_bad_configuration() {
    let folder = folder();
    let path = folder.path().join("cluster.toml");
    Deployment::default_local(3, 20_000).save(&path).expect("written");
    let good = fs::read_to_string(&path).expect("text");
    let spoilt = |from: &str, to: &str| {
        assert!(good.contains(from), "{from:?} is not in {good}");
        good.replacen(from, to, 1)
    };
    let cases = [
        (spoilt("[timeouts]", "[timeouts]\nhartbeat_timeout = \"1s\""), "hartbeat_timeout"),
        (spoilt("port = 20010", "port = 20000"), "port 20000"),
        (spoilt("heartbeat_timeout = \"150ms\"", "heartbeat_timeout = \"a while\""), "heartbeat_timeout"),
        (spoilt("heartbeat_timeout = \"150ms\"", "heartbeat_timeout = \"15h\""), "heartbeat_timeout"),
        (spoilt("sync_level = 0", "sync_level = 7"), "sync_level"),
        (spoilt("[[cluster]]", "[[cluster"), "cluster.toml:"),
        (String::new(), "add a [[cluster]]"),
    ];
    for (text, what) in cases {
        fs::write(&path, text).expect("written");
        for command in ["up", "status", "snapshot"] {
            let outcome = lugus(folder.path(), &[command]);
            let message = outcome.message();
            assert_tells(message, &["cluster.toml", what]);
            assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "it made something");
    assert!(mentioning(&[folder.path()]).is_empty());
}

#[test]
fn a_member_or_instrument_or_coordinator_that_is_not_there() {
    let cluster = LocalCluster::prepare(3, |_| {});
    let outcome = cluster.lugus(&["node", "--member", "7"]);
    assert_tells(outcome.message(), &["cluster 0 has no member 7"]);
    let outcome = cluster.lugus(&["node", "--cluster", "3", "--member", "0"]);
    assert_tells(outcome.message(), &["no [[cluster]] with id 3"]);
    let outcome = cluster.lugus(&["node", "--cluster", "C", "--member", "0"]);
    assert_tells(outcome.message(), &["no [[cluster]] with name C", "cluster-0"]);
    let outcome = cluster.lugus(&["order", "--instrument", "ABC/XYZ", "buy", "1"]);
    assert_tells(outcome.message(), &["no instrument ABC/XYZ", "BTC/USDT"]);
    for command in ["coordinator", "map"] {
        assert_tells(cluster.lugus(&[command]).message(), &["cluster.toml: no [coordinator]", "docs/configuration.md"]);
    }
    nothing_is_left(&cluster);
}

#[test]
fn a_port_in_use() {
    let cluster = LocalCluster::prepare(3, |_| {});
    let log = cluster.member(1).endpoints.log;
    let _taken = UdpSocket::bind((log.host.as_str(), log.port)).expect("a port");
    let message = cluster.lugus(&["up"]).message().to_owned();
    assert_tells(
        &message,
        &[&format!("port {log} (log of member 1) is in use"), "ss -ulpn", "member 1 of cluster-0 has ended"],
    );
    nothing_is_left(&cluster);
}

/// Files and folders in a folder.
fn names_in(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_failed_first_up_leaves_nothing_behind() {
    let _one = OneAtATime::take();
    let folder = folder();
    let base_port = free_base_port();
    let log = Deployment::default_local(1, base_port).cluster_specs()[0].members[0].endpoints.log.clone();
    let _taken = UdpSocket::bind((log.host.as_str(), log.port)).expect("a port");
    let up = ["up", "--members", "1", "--base-port", &base_port.to_string()];
    let outcome = lugus(folder.path(), &up);
    assert_tells(outcome.message(), &[&format!("port {log}"), "is in use", "nothing is left of this first start"]);
    until("the end of all processes", || mentioning(&[folder.path()]).is_empty().then_some(()));
    assert_eq!(names_in(folder.path()), [""; 0]);

    let outcome = lugus(folder.path(), &["up", "--members", "1", "--base-port", "65535"]);
    assert_tells(outcome.message(), &["65535"]);
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_first_up_that_fails_keeps_the_users_file() {
    let cluster = LocalCluster::prepare(3, |deployment| deployment.java.binary = "/nonexistent".into());
    assert_tells(cluster.lugus(&["up"]).message(), &["can't run", "nothing is left of this first start"]);
    nothing_is_left(&cluster);
    assert_eq!(names_in(cluster.config.parent().expect("a folder")), ["cluster.toml"]);
}

#[test]
fn arguments_of_up_that_contradict_the_deployment() {
    let cluster = LocalCluster::prepare(1, |_| {});
    let port = cluster.member(0).endpoints.ingress.port;
    for (arguments, expected) in
        [(["--members", "3"], "--members 3 contradicts"), (["--base-port", "31000"], "--base-port 31000 contradicts")]
    {
        let outcome = cluster.lugus(&[&["up"], &arguments[..]].concat());
        assert_tells(outcome.message(), &[expected, "cluster.toml", "--config"]);
    }
    nothing_is_left(&cluster);
    let folder = cluster.config.parent().expect("a folder");
    assert_eq!(names_in(folder), ["cluster.toml"], "nothing was started at port {port}");
}

#[test]
fn no_java() {
    let message = refused(|deployment| deployment.java.binary = "/nonexistent".into());
    assert_tells(&message, &["can't run \"/nonexistent\": there is no such program; install a JDK", "java.binary"]);
}

#[test]
fn no_media_driver() {
    let message = refused(|deployment| deployment.driver.binary = Some("/nonexistent".into()));
    assert_tells(&message, &["driver.binary names /nonexistent, which is not a program: build it"]);
}

#[test]
fn too_little_space() {
    let message = refused(|deployment| deployment.archive.minimum_free_space = Size::mib(1 << 30));
    assert_tells(&message, &["/archive has ", " free, and the archive needs ", "make room"]);
}

#[test]
fn a_folder_that_cannot_be_made() {
    let cluster = LocalCluster::prepare(3, |_| {});
    let dir = cluster.member(2).dir;
    fs::create_dir_all(dir.parent().expect("a folder")).expect("made");
    fs::write(&dir, "in the way").expect("written");
    assert_tells(cluster.lugus(&["up"]).message(), &["/member-2: ", "exists"]);
    nothing_is_left(&cluster);
}

#[test]
fn no_cluster_runs() {
    let cluster = LocalCluster::prepare(3, |_| {});
    let commands: [&[&str]; 5] = [
        &["order", "--instrument", "BTC/USDT", "buy", "1", "100"],
        &["cancel", "--instrument", "BTC/USDT", "1"],
        &["book", "--instrument", "BTC/USDT"],
        &["watch"],
        &["snapshot"],
    ];
    let begun = Instant::now();
    thread::scope(|scope| {
        let cluster = &cluster;
        for command in commands {
            scope.spawn(move || {
                let outcome = cluster.lugus(command);
                assert_tells(outcome.message(), &["`lugus status` shows", "`lugus up` starts it"]);
            });
        }
    });
    assert!(begun.elapsed() < AT_ONCE, "they waited for a cluster that can't be there: {:?}", begun.elapsed());
    let status = cluster.status().expect("a status");
    assert!(status.members.iter().all(|member| member.role == "down" && member.state_hash.is_none()), "{status:?}");
    assert_eq!(cluster.lugus(&["down"]).code, Some(0), "down succeeds when nothing runs");
    nothing_is_left(&cluster);
}

/// A second member in the same folder is refused, and the running one is not disturbed. One member keeps the test
/// cheap.
#[test]
fn a_second_member_in_the_same_folder() {
    let cluster = LocalCluster::start(1, |_| {});
    let before = cluster.processes(0);
    let outcome = cluster.lugus(&["node", "--member", "0"]);
    let owner = cluster.pid(0).expect("it runs");
    assert_tells(outcome.message(), &["member-0 is in use by process", &owner.to_string(), "stop that first"]);
    assert!(cluster.up().is_empty(), "up succeeds when everything runs already");
    let pids = |processes: &[crate::harness::Process]| processes.iter().map(|process| process.pid).collect::<Vec<_>>();
    assert_eq!(pids(&cluster.processes(0)), pids(&before));
    let mut traders = Traders::connect(&cluster);
    traders.trade(10);
    traders.settle();
    traders.check();
    traders.close(&cluster);
    cluster.down();
    nothing_is_left(&cluster);
}

#[test]
fn a_disk_that_runs_full() {
    let disk = folder();
    let Some(mounted) = SmallDisk::mount(disk.path()) else { return };
    let cluster = LocalCluster::start(3, |deployment| {
        let members = deployment.clusters.iter_mut().flat_map(|cluster| &mut cluster.members);
        let member = members.into_iter().find(|member| member.id == MemberId(2)).expect("a member");
        member.archive_dir = Some(disk.path().join("archive"));
        deployment.term_length.log = Size::mib(1);
        deployment.archive.segment_length = Size::mib(4);
        deployment.archive.minimum_free_space = MINIMUM_FREE_SPACE;
    });
    let mut traders = Traders::connect(&cluster);
    traders.trade(100);
    let processes = cluster.processes(2);
    mounted.fill(Size::bytes(MINIMUM_FREE_SPACE.as_bytes() / 2));
    until("the end of the member", || {
        processes.iter().all(|process| !crate::harness::is_alive(process.pid)).then_some(())
    });
    assert_tells(
        &cluster.log(2),
        &["member 2 of cluster-0 ends: ", "/archive has ", " free, and the archive needs 8m"],
    );

    traders.trade(100);
    traders.settle();
    let outcome = cluster.lugus(&["up"]);
    assert_tells(outcome.message(), &["member 2 of cluster-0 has ended", "/archive has ", "make room"]);
    assert_eq!(cluster.left().len(), 6 + 1, "two members and the traders' driver: {:?}", cluster.left());

    mounted.empty();
    assert_eq!(cluster.up(), [2]);
    traders.trade(100);
    traders.settle();
    traders.check();
    cluster.await_common_state();
}

//! A member's processes without its service: media driver, archive and consensus module.

use std::path::Path;
use std::time::{Duration, Instant};

use lugus_media_driver::{EchoService, MemberProcesses, ProcessError, cluster_tool};
use lugus_topology::MemberId;
use rustix::process::Signal;

use crate::support::{SecondProcess, cluster, deployment, folder, kill, lives, scene, until, wait_to_be_killed};

const MEMBER: MemberId = MemberId(0);

#[test]
fn answers_and_ends_in_order() {
    let folder = folder();
    let cluster = cluster(&deployment(folder.path(), 23_100));
    let started = Instant::now();
    let mut processes = MemberProcesses::start(&cluster, MEMBER).expect("started");
    eprintln!("member without a service answers after {:?}", started.elapsed());
    processes.check().expect("all well");

    let described =
        cluster_tool(&cluster, processes.member()).expect("a command").arg("describe").output().expect("run");
    let text = String::from_utf8_lossy(&described.stdout).into_owned();
    assert!(described.status.success() && text.contains("memberId=0"), "{text} {described:?}");

    let (pids, aeron_dir) = (processes.pids(), processes.member().aeron_dir.clone());
    let stopped = Instant::now();
    processes.stop();
    eprintln!("and ends after {:?}", stopped.elapsed());
    assert_eq!(pids.map(lives), [false, false]);
    assert!(!aeron_dir.exists());

    let started = Instant::now();
    let again = MemberProcesses::start(&cluster, MEMBER).expect("started again");
    eprintln!("answers again after {:?}", started.elapsed());
    let pids = again.pids();
    drop(again);
    assert_eq!(pids.map(lives), [false, false]);
}

/// The consensus module becomes a leader with a service, and ends by itself after an ordered shutdown.
#[test]
fn leads_with_a_service_and_tells_an_ordered_shutdown() {
    let folder = folder();
    let cluster = cluster(&deployment(folder.path(), 23_110));
    let mut processes = MemberProcesses::start(&cluster, MEMBER).expect("started");
    let mut service = EchoService::start(&cluster, &processes).expect("started");
    let tool = |command: &str| {
        cluster_tool(&cluster, processes.member()).expect("a command").arg(command).output().expect("run")
    };
    until("it to lead", || tool("is-leader").status.success());
    assert!(service.check().is_ok());
    assert!(tool("shutdown").status.success());
    let mut end = None;
    until("its end", || {
        end = processes.check().err();
        end.is_some()
    });
    let end = end.expect("an end");
    assert!(end.is_ordered_shutdown(), "{end}");
    until("the service's end", || service.check().is_err());
    assert!(service.check().expect_err("ended").is_ordered_shutdown());
}

/// A member that warms up leads afterwards as any other: nothing of its private cluster is taken for its own.
#[test]
fn leads_after_a_warm_up() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_140);
    deployment.java.warm_up = Duration::from_secs(2);
    let cluster = cluster(&deployment);
    let member = cluster.member(MEMBER).expect("member 0");
    for round in ["first start", "restart"] {
        let processes = MemberProcesses::start(&cluster, MEMBER).expect("started");
        let log = std::fs::read_to_string(member.dir.join("consensus-module.log")).expect("a log");
        let count = log.lines().find_map(|line| line.strip_prefix("warmed up with ")?.split(' ').next()?.parse().ok());
        assert!(count.is_some_and(|count: u32| count > 0), "{round}: {log}");
        assert!(!member.warm_up_dir().exists(), "{round}");
        let mut service = EchoService::start(&cluster, &processes).expect("started");
        let tool = || cluster_tool(&cluster, member).expect("a command").arg("is-leader").output().expect("run");
        until("it to lead", || tool().status.success());
        assert!(service.check().is_ok(), "{round}");
        let log = std::fs::read_to_string(member.dir.join("consensus-module.log")).expect("a log");
        assert_eq!(log.lines().count(), 2, "it says nothing else: {log}");
    }
}

#[test]
fn the_death_of_either_part_is_noticed() {
    let folder = folder();
    let cluster = cluster(&deployment(folder.path(), 23_120));
    for (part, name) in [(0, "media driver"), (1, "consensus module")] {
        let mut processes = MemberProcesses::start(&cluster, MEMBER).expect("started");
        let pids = processes.pids();
        kill(pids[part], Signal::KILL);
        let mut end = None;
        let killed = Instant::now();
        until("its end", || {
            end = processes.check().err();
            end.is_some()
        });
        eprintln!("the death of the {name} is noticed after {:?}", killed.elapsed());
        let message = end.expect("an end").to_string();
        assert!(message.starts_with(&format!("the {name} has ended (signal: 9 (SIGKILL))")), "{message}");
        drop(processes);
        assert_eq!(pids.map(lives), [false, false], "the other is killed with it");
    }
}

#[test]
fn scene_a_member() {
    let Some(folder) = scene() else { return };
    let cluster = cluster(&deployment(Path::new(&folder), 23_130));
    let processes = MemberProcesses::start(&cluster, MEMBER).expect("started");
    let [driver, consensus_module] = processes.pids();
    println!("\nprocesses {driver} {consensus_module}");
    wait_to_be_killed();
}

#[test]
fn starts_again_at_once_after_a_kill_and_never_beside_a_living_one() {
    let folder = folder();
    let mut owner = SecondProcess::play("member::scene_a_member", folder.path().to_str().expect("a path"));
    let pids = owner.numbers_after("processes");
    let cluster = cluster(&deployment(folder.path(), 23_130));
    let beside = MemberProcesses::start(&cluster, MEMBER).expect_err("in use");
    assert!(matches!(beside, ProcessError::FolderInUse { .. }), "{beside}");
    assert!(pids.iter().all(|pid| lives(*pid)), "the living one is left alone");

    let mark_file = cluster.member(MEMBER).expect("member 0").archive_dir.join("archive-mark.dat");
    owner.kill();
    assert!(mark_file.exists());
    let started = Instant::now();
    let mut processes = MemberProcesses::start(&cluster, MEMBER).expect("started again");
    eprintln!("answers after a kill -9 of its predecessor after {:?}", started.elapsed());
    assert!(pids.iter().all(|pid| !lives(*pid)), "none of the predecessor is alive");
    processes.check().expect("all well");
}

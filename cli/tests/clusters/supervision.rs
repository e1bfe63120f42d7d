//! Supervisors, under which `lugus up` runs members: what has ended by itself is started again, and nothing else is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{LocalCluster, Traders, ask_to_end, folder, is_alive, kill, nice_values, until};
use lugus_topology::Deployment;

/// Texts of the command lines of a member's three processes.
const PROCESSES: [&str; 3] = [" node --cluster 0 ", "lugus-media-driver", "io.lugus.ClusteredArchiveProcess"];

/// A running cluster of one supervised member.
fn supervised(adjust: impl FnOnce(&mut Deployment)) -> LocalCluster {
    LocalCluster::start(1, |deployment| {
        deployment.supervision.restart = true;
        adjust(deployment);
    })
}

/// Kills one of the member's processes, and waits until all of them have ended.
fn kill_process(cluster: &LocalCluster, text: &str) {
    let processes = cluster.processes(0);
    kill(processes.iter().find(|process| process.command.contains(text)).expect("one of its processes").pid);
    until("the end of the member", || processes.iter().all(|process| !is_alive(process.pid)).then_some(()));
}

fn await_nothing_left(cluster: &LocalCluster) {
    until("the end of all processes", || cluster.left().is_empty().then_some(()));
}

#[test]
fn a_member_that_ends_by_itself_is_started_again_and_one_that_is_asked_to_end_is_not() {
    let cluster = supervised(|_| {});
    let supervisor = cluster.supervisor_pid(0).expect("it runs");
    let mut traders = Traders::connect(&cluster);
    traders.trade(10);
    // The first is killed in the first seconds of the member's first run.
    for text in PROCESSES {
        kill_process(&cluster, text);
        cluster.await_leader();
    }
    traders.trade(10);
    traders.settle();
    traders.check();
    drop(traders);
    assert_eq!(cluster.supervisor_pid(0), Some(supervisor));
    ask_to_end(cluster.pid(0).expect("it runs"));
    await_nothing_left(&cluster);
}

/// Each thread, and also after a second start: the supervisor has the usual nice value.
#[test]
fn a_members_processes_have_the_deployments_nice_value() {
    let cluster = supervised(|deployment| deployment.nice = -7);
    let output = Command::new("nice").args(["-n", "-7", "nice"]).output().expect("run");
    // Not -7 where the system does not allow it.
    let allowed: i32 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a nice value");
    for _ in 0..2 {
        for process in cluster.processes(0) {
            let values = nice_values(process.pid);
            assert!(!values.is_empty() && values.iter().all(|value| *value == allowed), "{process:?}: {values:?}");
        }
        kill_process(&cluster, PROCESSES[0]);
        cluster.await_leader();
    }
}

#[test]
fn a_killed_supervisor_takes_its_member_with_it_and_up_starts_both_again() {
    let cluster = supervised(|_| {});
    kill(cluster.supervisor_pid(0).expect("it runs"));
    await_nothing_left(&cluster);
    let status = cluster.status().expect("a status");
    assert_eq!(status.member(0).role, "down");
    assert_eq!(cluster.up(), [0]);
    assert!(cluster.supervisor_pid(0).is_some());
    cluster.down();
    assert!(cluster.left().is_empty(), "{:?}", cluster.left());
}

#[test]
fn a_member_that_cannot_start_again_is_tried_at_longer_and_longer_intervals_until_it_can_or_is_stopped() {
    let folder = folder();
    let java = folder.path().join("java");
    let install = || symlink(program("java"), &java).expect("a link");
    install();
    let cluster = supervised(|deployment| deployment.java.binary.clone_from(&java));
    let log = cluster.member(0).dir.join("supervisor.log");
    let starts = || fs::read_to_string(&log).expect("a log").matches("starts again").count();
    fs::remove_file(&java).expect("removed");
    kill_process(&cluster, PROCESSES[0]);
    until("four starts that fail", || (starts() >= 5).then_some(()));
    let text = fs::read_to_string(&log).expect("a log");
    for delay in ["100ms", "200ms", "400ms", "800ms", "1.6s"] {
        assert_eq!(text.matches(&format!("delay={delay}\n")).count(), 1, "{delay}: {text}");
    }
    assert!(text.contains("there is no such program"), "{text}");
    install();
    cluster.await_leader();

    fs::remove_file(&java).expect("removed");
    let before = starts();
    kill_process(&cluster, PROCESSES[0]);
    until("a pause before the next start", || (starts() > before).then_some(()));
    cluster.down();
    assert!(cluster.left().is_empty(), "{:?}", cluster.left());
}

/// Path of a program that is found by its name.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a path");
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join(name));
    programs.find(|program| program.is_file()).expect("the program")
}

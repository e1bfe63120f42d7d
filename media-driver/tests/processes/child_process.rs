//! Child processes in general, whatever their program.

use std::os::unix::fs::MetadataExt;
use std::thread;

use lugus_media_driver::{ChildProcess, FolderLock, Launch, ProcessError};
use lugus_topology::{Log, Size};
use rustix::process::Signal;

use crate::support::{SecondProcess, folder, kill, lives, scene, until, wait_to_be_killed};

fn sleeper<'l>(folder: &std::path::Path, lock: Option<&'l FolderLock>) -> Launch<'l> {
    Launch {
        name: "sleeper",
        program: "sleep".into(),
        arguments: vec!["1000".into()],
        log: folder.join("log"),
        log_limit: Log::default(),
        lock,
        cores: &[],
    }
}

#[test]
fn scene_a_parent_with_a_lock() {
    let Some(folder) = scene() else { return };
    let folder = std::path::PathBuf::from(folder);
    let lock = FolderLock::take(&folder).expect("taken");
    // The thread that starts the child ends at once, which must not end the child.
    let start = move || ChildProcess::start(sleeper(&folder, Some(&lock))).map(|child| (child, lock));
    let (child, _lock) = thread::spawn(start).join().expect("joined").expect("started");
    println!("\nchild {}", child.pid());
    wait_to_be_killed();
}

#[test]
fn dies_with_its_parent_and_keeps_the_lock_until_then() {
    let folder = folder();
    let mut parent =
        SecondProcess::play("child_process::scene_a_parent_with_a_lock", folder.path().to_str().expect("a path"));
    let [child] = parent.numbers_after("child")[..] else { panic!("one child") };
    assert!(lives(child), "its starting thread has ended, and it lives");
    assert!(FolderLock::try_take(folder.path()).expect("tried").is_none());
    parent.kill();
    let _lock = FolderLock::take(folder.path()).expect("the lock is free soon");
    assert!(!lives(child), "who has the lock knows that the child is gone");
}

#[test]
fn a_stopped_child_keeps_the_lock_and_dies_too() {
    let folder = folder();
    let mut parent =
        SecondProcess::play("child_process::scene_a_parent_with_a_lock", folder.path().to_str().expect("a path"));
    let [child] = parent.numbers_after("child")[..] else { panic!("one child") };
    kill(child, Signal::STOP);
    parent.kill();
    until("the stopped child to die", || !lives(child));
}

#[test]
fn its_death_is_noticed_with_what_it_wrote() {
    let folder = folder();
    let log = folder.path().join("log");
    let launch = |script: &str| Launch {
        name: "script",
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        log: log.clone(),
        log_limit: Log::default(),
        lock: None,
        cores: &[],
    };
    let mut child = ChildProcess::start(launch("echo first; echo disk is on fire >&2; exit 7")).expect("started");
    until("its end", || child.check().is_err());
    let error = child.check().expect_err("ended");
    assert!(!error.is_ordered_shutdown());
    let message = error.to_string();
    assert!(message.starts_with("the script has ended (exit status: 7)"), "{message}");
    assert!(message.ends_with("first\ndisk is on fire"), "{message}");

    let mut killed = ChildProcess::start(launch("sleep 1000")).expect("started");
    assert!(killed.check().is_ok());
    kill(killed.pid(), Signal::KILL);
    until("its end", || killed.check().is_err());
    let message = killed.check().expect_err("killed").to_string();
    assert!(message.contains("signal: 9 (SIGKILL)") && message.contains("wrote nothing"), "{message}");
    let old = std::fs::read_to_string(folder.path().join("log.old")).expect("the first one's log");
    assert!(old.contains("disk is on fire"), "{old}");
}

#[test]
fn is_killed_when_dropped() {
    let folder = folder();
    let child = ChildProcess::start(sleeper(folder.path(), None)).expect("started");
    let pid = child.pid();
    drop(child);
    assert!(!lives(pid));
}

#[test]
fn is_killed_when_it_does_not_stop() {
    let folder = folder();
    let mut launch = sleeper(folder.path(), None);
    launch.program = "sh".into();
    launch.arguments = vec!["-c".into(), "trap '' TERM; echo ready; while :; do sleep 1; done".into()];
    let child = ChildProcess::start(launch).expect("started");
    let pid = child.pid();
    until("its trap", || std::fs::read_to_string(folder.path().join("log")).is_ok_and(|log| log.contains("ready")));
    child.stop(std::time::Duration::from_millis(50));
    assert!(!lives(pid));
}

#[test]
fn runs_only_on_its_cores() {
    let folder = folder();
    let mut launch = sleeper(folder.path(), None);
    launch.cores = &[0];
    let child = ChildProcess::start(launch).expect("started");
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.pid())).expect("its status");
    let cores = status.lines().find(|line| line.starts_with("Cpus_allowed_list")).expect("its cores");
    assert_eq!(cores.split_whitespace().last(), Some("0"));
}

#[test]
fn a_missing_program_is_an_error() {
    let folder = folder();
    let mut launch = sleeper(folder.path(), None);
    launch.program = "/no/such/program".into();
    let error = ChildProcess::start(launch).expect_err("missing");
    assert!(matches!(error, ProcessError::Start { name: "sleeper", .. }), "{error}");
}

#[test]
fn a_log_of_many_lines_is_set_aside_and_begun_anew() {
    let folder = folder();
    let mut child = ChildProcess::start(Launch {
        name: "talker",
        program: "sh".into(),
        arguments: vec!["-c".into(), "while sleep 0.001; do head -c 2000 /dev/zero | tr '\\0' x; echo; done".into()],
        log: folder.path().join("log"),
        log_limit: Log { maximum_size: Size::kib(64), kept: 2, ..Log::default() },
        lock: None,
        cores: &[],
    })
    .expect("started");
    let aside = |number: u32| folder.path().join(format!("log.{number}"));
    let mut checked = || child.check().expect("it runs");
    let mut second = None;
    until("three files to be set aside", || {
        checked();
        let newest = std::fs::metadata(aside(1)).map(|file| file.ino()).ok();
        if aside(2).exists() && second.is_none() {
            second = newest;
        }
        second.is_some() && newest != second
    });
    assert!(!aside(3).exists(), "two are kept");
    let text = std::fs::read_to_string(aside(1)).expect("a log");
    assert!(
        text.len() > 64 << 10
            && text.lines().all(|line| line.len() == 2_000 || line == text.lines().next().expect("a line"))
    );
}

//! A command that runs a temporary cluster is interrupted: nothing of it stays.

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::{OneAtATime, ask_to_end, folder, free_base_port, is_alive, mentioning, tree, until};

/// Exit code of a program that SIGTERM ended, as shells have it.
const TERMINATED: i32 = 128 + 15;

#[test]
fn an_interrupted_benchmark_leaves_nothing_behind() {
    let _alone = OneAtATime::take();
    let temporary = folder();
    let mut benchmark = Command::new(env!("CARGO_BIN_EXE_lugus"))
        .args(["bench", "fail-over", "--base-port", &free_base_port().to_string()])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("lugus starts");
    let members = until("three members with media driver and JVM", || {
        let nodes = mentioning(&[temporary.path()]).into_iter().filter(|process| process.command.contains("node"));
        let members: Vec<_> = nodes.map(|node| tree(node.pid)).filter(|tree| tree.len() == 3).collect();
        (members.len() == 3).then_some(members)
    });
    ask_to_end(benchmark.id());
    assert_eq!(benchmark.wait().expect("it ends").code(), Some(TERMINATED));
    for process in members.into_iter().flatten() {
        assert!(!is_alive(process.pid), "{}", process.command);
    }
    let left: Vec<_> = fs::read_dir(temporary.path()).expect("a folder").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

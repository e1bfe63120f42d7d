//! `lugus migrate` as a process that waits before a step.

#![allow(unreachable_pub, reason = "a part of a test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::Value;

use crate::harness::{LocalCluster, PATIENCE, is_alive, kill, tree, until};

/// A held `lugus migrate` process, killed on drop.
pub struct HeldMove {
    process: Child,
    input: ChildStdin,
    lines: Receiver<Value>,
}

impl HeldMove {
    /// Starts a move or its undoing, and waits until it is held before `step`.
    #[track_caller]
    pub fn start(cluster: &LocalCluster, arguments: &[&str], step: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
        command.arg("--config").arg(&cluster.config).args(["--json", "migrate"]).args(arguments);
        command.args(["--hold-before", step]).current_dir(cluster.folder()).env_remove("RUST_LOG");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("lugus starts");
        let (input, output) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = line.send(serde_json::from_str(&text).expect("JSON"));
            }
        });
        let mut held = Self { process, input, lines };
        let said = held.next();
        assert_eq!(said["held_before"], step, "{said}");
        held
    }

    /// Lets the process perform the step.
    pub fn go_on(&mut self) {
        writeln!(self.input).expect("it reads");
    }

    /// Waits for the end of the process; returns the last line of its output.
    #[track_caller]
    pub fn end(mut self) -> Value {
        let said = self.next();
        until("the end of lugus migrate", || self.process.try_wait().expect("a status"));
        said
    }

    /// Kills the process and its media driver with SIGKILL.
    #[track_caller]
    pub fn kill(self) {
        drop(self);
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        let Ok(said) = self.lines.recv_timeout(PATIENCE) else {
            let mut errors = String::new();
            self.kill_tree();
            let _ = self.process.stderr.take().expect("piped").read_to_string(&mut errors);
            panic!("lugus migrate says nothing more, but: {errors}");
        };
        said
    }

    fn kill_tree(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            let processes = tree(self.process.id());
            processes.iter().for_each(|process| kill(process.pid));
            let _ = self.process.wait();
            until("the end of what was killed", || processes.iter().all(|it| !is_alive(it.pid)).then_some(()));
        }
    }
}

impl Drop for HeldMove {
    fn drop(&mut self) {
        self.kill_tree();
    }
}

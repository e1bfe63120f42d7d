//! `lugus demo`: order flow through three members, the leader killed with -9 in the middle, and the account at the end.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lugus_perf::replay::{Progress, ReplayOptions, Replayed, Watch};
use lugus_topology::ClusterSpec;
use serde::Serialize;

use crate::arguments::{Demo, Members, Up};
use crate::deployment::Found;
use crate::failure::Failure;
use crate::output::Output;
use crate::replay::{mbo, synthetic, through_cluster};
use crate::status::Status;
use crate::{down, members, up};

/// The flow: long enough to watch, short enough to wait for.
const COMMANDS: u64 = 200_000;
const COMMANDS_PER_SECOND: u32 = 20_000;
const SEED: u64 = 1;
const WINDOW: u32 = 1_024;

/// How long the killed member may take to catch up once it is started again.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What the demo found.
#[derive(Debug, Serialize)]
struct Account {
    commands: u64,
    answered: u64,
    lost: u64,
    duplicated: u64,
    hashes_equal: bool,
    failover_ms: u128,
}

impl Account {
    fn is_ok(&self) -> bool {
        self.commands == self.answered && self.lost == 0 && self.duplicated == 0 && self.hashes_equal
    }

    /// The last line, for machines.
    fn line(&self) -> String {
        format!(
            "demo: {} commands={} answered={} lost={} duplicated={} hashes={} failover_ms={}",
            if self.is_ok() { "ok" } else { "FAILED" },
            self.commands,
            self.answered,
            self.lost,
            self.duplicated,
            if self.hashes_equal { "equal" } else { "different" },
            self.failover_ms,
        )
    }
}

/// Runs the demo on a cluster of its own, which is ended and deleted afterwards.
///
/// # Errors
/// When anything of it fails: the last line on standard output begins with `demo: FAILED`.
pub fn run(demo: &Demo, output: Output) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("lugus-demo-{}", std::process::id()));
    let account = trade_and_kill(demo, &folder, output);
    match account {
        Ok(account) => {
            let _ = std::fs::remove_dir_all(&folder);
            output.answer(&account, account.line())?;
            if account.is_ok() { Ok(()) } else { Err(Failure::new("the demo's account does not hold")) }
        }
        Err(failure) => {
            println!("demo: FAILED {failure}");
            Err(failure.hint(format!("the members' logs are in {}", folder.display())))
        }
    }
}

fn trade_and_kill(demo: &Demo, folder: &Path, output: Output) -> Result<Account, Failure> {
    let found = up::find_or_make(
        Some(&folder.join("cluster.toml")),
        &Up { members: Members::Three, base_port: demo.base_port },
    )?;
    let _ended = Ended { found: &found };
    output.say("starting three members");
    let started = up::start(&found)?;
    output.say(format!("member {} leads; state in {}", started.leader, folder.display()));

    let mut account = synthetic_with_a_kill(&found, output)?;
    output.say("starting the killed member again");
    up::start(&found)?;
    if let Some(file) = &demo.mbo {
        replay_recording(&found, file, &mut account, output)?;
    }
    account.hashes_equal = await_equal_hashes(&found, output)?;
    Ok(account)
}

fn synthetic_with_a_kill(found: &Found, output: Output) -> Result<Account, Failure> {
    output.say(format!(
        "sending {COMMANDS} commands at {COMMANDS_PER_SECOND} a second; the leader dies at the {}th",
        COMMANDS / 2
    ));
    let mut killer = Killer { cluster: found.cluster()?, output, killed: None };
    let options = ReplayOptions { window: WINDOW, rate: Some(COMMANDS_PER_SECOND), ..ReplayOptions::default() };
    let Replayed { report, timeline, .. } =
        through_cluster(found, &mut synthetic(COMMANDS, SEED, WINDOW), options, &mut killer)?;
    output.say(&report);
    let killed = killer.killed.unwrap_or_else(|| Err(Failure::new("the flow ended before the leader was killed")))?;
    let fail_over = timeline.fail_over(killed).ok_or_else(|| Failure::new("no new leader answered"))?;
    output.say(format!("from the kill to the new leader's first answer: {} ms", fail_over.first_answer.as_millis()));
    Ok(Account {
        commands: report.commands,
        answered: report.answered,
        lost: report.lost,
        duplicated: report.duplicated,
        hashes_equal: false,
        failover_ms: fail_over.first_answer.as_millis(),
    })
}

fn replay_recording(found: &Found, file: &Path, account: &mut Account, output: Output) -> Result<(), Failure> {
    output.say(format!("replaying {}", file.display()));
    let options = ReplayOptions { window: WINDOW, ..ReplayOptions::default() };
    let Replayed { report, .. } = through_cluster(found, &mut mbo(file)?, options, &mut ())?;
    output.say(&report);
    account.commands += report.commands;
    account.answered += report.answered;
    account.lost += report.lost;
    account.duplicated += report.duplicated;
    Ok(())
}

/// Waits until all three members have applied the same log, and compares.
fn await_equal_hashes(found: &Found, output: Output) -> Result<bool, Failure> {
    let clusters = found.deployment.cluster_specs();
    let deadline = Instant::now() + CATCH_UP_TIMEOUT;
    loop {
        let status = Status::read(&clusters)?;
        if let Some(equal) = status.hashes_equal
            && status.members.iter().all(|member| member.role != "down")
        {
            output.say(status.table());
            return Ok(equal);
        }
        if Instant::now() >= deadline {
            output.say(status.table());
            return Err(Failure::new(format!("not all members caught up within {CATCH_UP_TIMEOUT:?}")));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Kills the leader's whole process tree in the middle of the flow.
struct Killer {
    cluster: ClusterSpec,
    output: Output,
    /// When, or why not.
    killed: Option<Result<Instant, Failure>>,
}

impl Killer {
    fn kill(&self) -> Result<Instant, Failure> {
        let status = Status::read(std::slice::from_ref(&self.cluster))?;
        let leader = status.leader().ok_or_else(|| Failure::new("there is no leader to kill"))?;
        let member = self.cluster.members.iter().find(|member| member.id.0 == leader.id);
        let pid = member.and_then(members::pid).ok_or_else(|| Failure::new("the leader's process is not known"))?;
        let killed = Instant::now();
        members::kill_tree(pid)?;
        self.output.say(format!("killed member {}, the leader, with -9 (process {pid} and its children)", leader.id));
        Ok(killed)
    }
}

impl Watch for Killer {
    fn sent(&mut self, steps: u64) {
        if steps == COMMANDS / 2 {
            self.killed = Some(self.kill());
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.output.say(format!("  {:>7} of {} answered", progress.answered, progress.expected));
    }
}

/// Ends the demo's cluster, however the demo ends.
struct Ended<'a> {
    found: &'a Found,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if let Err(failure) = down::end(&self.found.deployment) {
            eprintln!("lugus: {failure}");
        }
        let aeron_root: PathBuf = self.found.deployment.aeron_root();
        let _ = std::fs::remove_dir_all(aeron_root);
    }
}

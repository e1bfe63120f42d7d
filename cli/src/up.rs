//! `lugus up`: a local cluster in the background.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::{ClusterSpec, Deployment, MemberSpec};
use serde::Serialize;

use crate::arguments::Up;
use crate::deployment::{self, Found};
use crate::failure::Failure;
use crate::instruments;
use crate::members;
use crate::output::Output;
use crate::status::Status;

/// What a member says goes here, in its folder.
const LOG: &str = "member.log";
/// What it said in its life before.
const OLD_LOG: &str = "member.log.old";

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Lines of a dead member's log that are shown.
const SHOWN_LINES: usize = 8;

/// What runs now.
#[derive(Debug, Serialize)]
pub struct Started {
    /// The deployment's file.
    config: PathBuf,
    /// Folder of all state.
    dir: PathBuf,
    /// Members that were started now.
    started: Vec<i32>,
    /// Who leads.
    pub leader: i32,
    /// From the first start to a leader that answers.
    elapsed_ms: u64,
}

/// A member that was started now.
struct Starting<'a> {
    member: &'a MemberSpec,
    process: Child,
    log: PathBuf,
}

/// Makes a deployment if there is none, and starts it.
///
/// # Errors
/// As [`start`].
pub fn run(config: Option<&Path>, up: &Up, output: Output) -> Result<(), Failure> {
    let found = find_or_make(config, up)?;
    let started = start(&found)?;
    let text = format!(
        "{} members started in {:.1} s, member {} leads\nstate in {}, configuration {}\n\
         next: `lugus status`, `lugus order --instrument BTC/USDT buy 1 100`, `lugus replay synthetic`, `lugus down`",
        started.started.len(),
        Duration::from_millis(started.elapsed_ms).as_secs_f64(),
        started.leader,
        started.dir.display(),
        started.config.display(),
    );
    output.answer(&started, text)
}

/// Starts the members that do not run, waits until all of them follow a leader, and defines the deployment's
/// instruments.
///
/// # Errors
/// When a member ends or the cluster has no leader in time: with the end of the member's log. What was started is ended
/// again then.
pub fn start(found: &Found) -> Result<Started, Failure> {
    let begin = Instant::now();
    let clusters = found.deployment.cluster_specs();
    let mut starting = Vec::new();
    let timeout = found.deployment.timeouts.start_timeout * 2;
    let leader = await_leader(found, &clusters, &mut starting, timeout).inspect_err(|_| {
        for one in &starting {
            let _ = members::kill_tree(one.process.id());
        }
    })?;
    instruments::define(found)?;
    Ok(Started {
        config: found.path.clone(),
        dir: found.deployment.state_dir(),
        started: starting.iter().map(|one| one.member.id.0).collect(),
        leader,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// The deployment that is there, or a new one for this machine.
///
/// # Errors
/// When it can't be written, or something is wrong with it.
pub fn find_or_make(config: Option<&Path>, up: &Up) -> Result<Found, Failure> {
    let path = deployment::path(config);
    if !path.is_file() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        let mut deployment = Deployment::default_local(up.members.count(), up.base_port);
        // The file lies in the folder of all state.
        deployment.dir = PathBuf::from(".");
        deployment.save(&path).map_err(Failure::new)?;
    }
    deployment::find(Some(&path))
}

/// Starts the members that do not run and are not starting.
fn start_members<'a>(
    found: &Found,
    clusters: &'a [ClusterSpec],
    starting: &mut Vec<Starting<'a>>,
) -> Result<(), Failure> {
    for cluster in clusters {
        for member in &cluster.members {
            let is_starting = starting.iter().any(|one| one.member.dir == member.dir);
            if !is_starting && members::pid(member).is_none() {
                starting.push(start_member(found, cluster, member)?);
            }
        }
    }
    Ok(())
}

fn start_member<'a>(found: &Found, cluster: &ClusterSpec, member: &'a MemberSpec) -> Result<Starting<'a>, Failure> {
    let failed = |what: &Path, error: std::io::Error| Failure::new(format!("{}: {error}", what.display()));
    fs::create_dir_all(&member.dir).map_err(|error| failed(&member.dir, error))?;
    let log = member.dir.join(LOG);
    // Why it ended may be the last that it said.
    let _ = fs::rename(&log, member.dir.join(OLD_LOG));
    let file = File::create(&log).map_err(|error| failed(&log, error))?;
    let program = std::env::current_exe().map_err(|error| failed(Path::new("lugus"), error))?;
    let config = fs::canonicalize(&found.path).map_err(|error| failed(&found.path, error))?;
    let process = Command::new(&program)
        .arg("--config")
        .arg(config)
        .args(["node", "--cluster", &cluster.id.to_string(), "--member", &member.id.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        // Not ours to take along when the terminal sends an interrupt.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(&program, error))?;
    Ok(Starting { member, process, log })
}

/// Starts members and waits until a leader answers and every member has its state; returns who leads the first cluster.
fn await_leader<'a>(
    found: &Found,
    clusters: &'a [ClusterSpec],
    starting: &mut Vec<Starting<'a>>,
    timeout: Duration,
) -> Result<i32, Failure> {
    let deadline = Instant::now() + timeout;
    loop {
        // Each time: one that was just killed has its folder for a moment more, and only then is seen not to run.
        start_members(found, clusters, starting)?;
        for one in starting.iter_mut() {
            if let Ok(Some(status)) = one.process.try_wait() {
                return Err(Failure::new(format!("member {} ended ({status}):\n{}", one.member.id, tail(&one.log)))
                    .hint(format!("its whole log: {}", one.log.display())));
            }
        }
        // A driver's files are there before all of them can be read.
        if let Ok(status) = Status::read(clusters)
            && status.members.iter().all(|member| member.term.is_some() && member.state_hash.is_some())
            && let Some(leader) = status.leader()
        {
            return Ok(leader.id);
        }
        if Instant::now() >= deadline {
            return Err(Failure::new(format!("no leader within {timeout:?}"))
                .hint("`lugus status` shows how each member stands; their logs are in the state folder"));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

//! `lugus up`: starts the members of this host and the coordinator, if it belongs here, in the background.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lugus_media_driver::CONSENSUS_MODULE_LOG;
use lugus_node::deployment_status::{Member, Status};
use lugus_topology::{ClusterId, ClusterSpec, DEFAULT_BASE_PORT, Deployment};
use serde::Serialize;

use crate::access::Access;
use crate::arguments::Up;
use crate::deployed_process::{self, DeployedProcess, ProcessRole};
use crate::deployment::{self, DeploymentFile};
use crate::failure::Failure;
use crate::firms;
use crate::first_start::FirstStart;
use crate::instruments;
use crate::local_deployment;
use crate::output::Output;
use crate::processes;
use crate::status;

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Number of log lines that are shown of a process that died.
const SHOWN_LINES: usize = 8;

/// The JSON document of `lugus up`: the running deployment.
#[derive(Debug, Serialize)]
pub struct Started {
    /// The deployment's file.
    config: PathBuf,
    /// Folder that holds all state.
    dir: PathBuf,
    /// Numbers of the members that this command started, over all clusters.
    started: Vec<i32>,
    /// The leader of the first cluster; `None` when members on other hosts do not run yet.
    pub leader: Option<i32>,
    /// The clusters.
    clusters: Vec<StartedCluster>,
    /// Whether this command started the coordinator; `None` when the deployment has none.
    coordinator_started: Option<bool>,
    /// What other hosts have still to start; `None` when all of the deployment answers, and its instruments are defined.
    awaited: Option<String>,
    /// Milliseconds from the start of the first process until everything answered.
    elapsed_ms: u64,
}

/// A running cluster.
#[derive(Debug, Serialize)]
struct StartedCluster {
    id: ClusterId,
    name: String,
    /// Numbers of the members that this command started.
    started: Vec<i32>,
    /// The leading member's number, if it is known.
    leader: Option<i32>,
}

/// A process that this command has started.
struct Starting {
    deployed: DeployedProcess,
    /// The process, or its supervisor.
    process: Child,
    /// File that the output of `process` goes to.
    log: PathBuf,
}

/// Makes a deployment if there is none, and starts it.
///
/// # Errors
/// As [`start`], and when arguments for a new deployment contradict the one that is there. A first start that fails leaves
/// nothing behind.
pub fn run(config: Option<&Path>, up: &Up, output: Output) -> Result<(), Failure> {
    let mut first = FirstStart::default();
    let found = find_or_make(config, up, &mut first).inspect_err(|_| first.undo())?;
    first.note_state(&found.deployment);
    let started = start(&found).map_err(|failure| {
        if first.is_empty() {
            return failure;
        }
        first.undo();
        failure.hint("nothing is left of this first start: correct what was wrong, and run `lugus up` again")
    })?;
    let warning = found.deployment.archive.durability_warning().map(|text| format!("{text}\n")).unwrap_or_default();
    let text = format!(
        "{started}\nstate in {}, configuration {}\n{warning}\
         next: `lugus status`, `lugus order --instrument BTC/USDT buy 0.25 64000.00`, `lugus replay synthetic`, `lugus down`",
        started.dir.display(),
        started.config.display(),
    );
    output.answer(&started, text)
}

/// Says what was started and which member leads each cluster.
impl std::fmt::Display for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let coordinator = if self.coordinator_started == Some(true) { " and the coordinator" } else { "" };
        let seconds = Duration::from_millis(self.elapsed_ms).as_secs_f64();
        write!(f, "started {} members{coordinator} in {seconds:.1} s", self.started.len())?;
        let is_only = self.clusters.len() == 1;
        for cluster in &self.clusters {
            let Some(leader) = cluster.leader else { continue };
            write!(f, ", member {leader} is leader")?;
            if !is_only {
                write!(f, " of {}", cluster.name)?;
            }
        }
        if let Some(awaited) = &self.awaited {
            write!(
                f,
                "\nnot everything answers yet: {awaited}\nrun `lugus up` on the other hosts, and then once more here"
            )?;
        }
        Ok(())
    }
}

/// Starts the processes of this host that do not run, waits until all members of every cluster follow a leader and the coordinator
/// answers, and defines the deployment's instruments. If others belong to other hosts, it waits for those of this host, and for the
/// others no longer than their start may take.
///
/// # Errors
/// When nothing of the deployment belongs to this host, a process ends, a cluster elects no leader in time, the coordinator does not
/// answer, or a cluster refuses an instrument; the error contains the end of the log of a process that has ended. Processes that
/// this call started are then stopped again.
pub fn start(found: &DeploymentFile) -> Result<Started, Failure> {
    let begin = Instant::now();
    let clusters = found.deployment.cluster_specs();
    let (deployed, elsewhere): (Vec<_>, Vec<_>) =
        deployed_process::of(&found.deployment).into_iter().partition(DeployedProcess::is_of_this_host);
    if deployed.is_empty() {
        return Err(Failure::new(format!("nothing in {} has an address of this host", found.path.display()))
            .hint("run `lugus up` on the hosts that it names, or correct `host` and `members_host`"));
    }
    let mut starting = Vec::new();
    let answering = if elsewhere.is_empty() {
        await_all(found, &clusters, &deployed, &mut starting)
    } else {
        await_here(found, &clusters, &deployed, &mut starting)
    };
    let Answering { leaders, awaited } =
        answering.inspect_err(|_| end(&mut starting, deployed_process::stop_timeout(&found.deployment)))?;
    let has_started = |kind: &ProcessRole| starting.iter().any(|one| one.deployed.kind == *kind);
    let clusters: Vec<StartedCluster> = clusters
        .iter()
        .zip(leaders)
        .map(|(cluster, leader)| StartedCluster {
            id: cluster.id,
            name: cluster.name.clone(),
            started: starting.iter().filter_map(|one| one.deployed.kind.member_of(cluster.id)).collect(),
            leader,
        })
        .collect();
    Ok(Started {
        config: found.path.clone(),
        dir: found.deployment.state_dir(),
        started: clusters.iter().flat_map(|cluster| cluster.started.iter().copied()).collect(),
        leader: clusters.first().and_then(|cluster| cluster.leader),
        clusters,
        coordinator_started: found.deployment.coordinator.as_ref().map(|_| has_started(&ProcessRole::Coordinator)),
        awaited,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Kills the processes that were started, with all below them, and waits for their end.
fn end(starting: &mut [Starting], timeout: Duration) {
    let trees: Vec<u32> = starting.iter().flat_map(|one| processes::tree(one.process.id())).collect();
    for one in starting.iter() {
        let _ = processes::kill_tree(one.process.id());
    }
    let _all_have_ended = processes::await_ends(&trees, timeout);
    for one in starting {
        // Takes the zombie away.
        let _ = one.process.try_wait();
    }
}

/// Reads the existing deployment, or makes a new one for this machine, and notes what it makes.
///
/// # Errors
/// When the file can't be written, its contents are invalid, or they contradict the arguments.
fn find_or_make(config: Option<&Path>, up: &Up, first: &mut FirstStart) -> Result<DeploymentFile, Failure> {
    let path = deployment::path(config);
    if path.is_file() {
        let found = deployment::find(Some(&path))?;
        check_agreement(&found, up)?;
        return Ok(found);
    }
    first.note(&path);
    write(local_deployment::deployment(up.members, up.base_port.unwrap_or(DEFAULT_BASE_PORT)), &path)?;
    deployment::find(Some(&path))
}

/// Checks that arguments which describe a new deployment describe the existing one as well.
fn check_agreement(found: &DeploymentFile, up: &Up) -> Result<(), Failure> {
    let contradicts = |argument: String, existing: String| {
        let file = found.path.display();
        Err(Failure::new(format!("{argument} contradicts the existing deployment of {file}, which {existing}"))
            .hint("leave the argument out to start that deployment, or name another file for a new one with --config"))
    };
    let clusters = &found.deployment.clusters;
    if let Some(members) = up.members {
        let sizes: Vec<usize> = clusters.iter().map(|cluster| cluster.members.len()).collect();
        if sizes != [usize::from(members.count())] {
            let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let what = if sizes.len() == 1 { "one cluster with" } else { "clusters with" };
            let existing = format!("has {what} {} members", sizes.join(" and "));
            return contradicts(format!("--members {}", members.count()), existing);
        }
    }
    let first_port = clusters.first().and_then(|cluster| cluster.members.first()).map(|member| member.port);
    match (up.base_port, first_port) {
        (Some(asked), Some(port)) if asked != port => {
            contradicts(format!("--base-port {asked}"), format!("begins at port {port}"))
        }
        _ => Ok(()),
    }
}

/// Writes the file of a deployment whose state lies in the same folder.
///
/// # Errors
/// When the file can't be written, or the deployment is invalid.
pub fn write(mut deployment: Deployment, path: &Path) -> Result<(), Failure> {
    deployment.dir = PathBuf::from(".");
    deployment.save(path).map_err(Failure::new)
}

/// What a started deployment answers.
struct Answering {
    /// The leader of each cluster, if it is known.
    leaders: Vec<Option<i32>>,
    /// What other hosts have still to start.
    awaited: Option<String>,
}

/// Starts processes, waits until all of them answer, and defines instruments and firms.
fn await_all(
    found: &DeploymentFile,
    clusters: &[ClusterSpec],
    deployed: &[DeployedProcess],
    starting: &mut Vec<Starting>,
) -> Result<Answering, Failure> {
    let timeout = found.deployment.timeouts.start_timeout * 2;
    let leaders_if_started = |status: &Status| {
        let leaders = clusters.iter().map(|cluster| status.leader(cluster.id).map(|leader| leader.id));
        leaders.collect::<Option<Vec<i32>>>().filter(|_| status.members.iter().all(Member::has_started))
    };
    let leaders = await_status(found, clusters, deployed, starting, timeout, leaders_if_started)?.ok_or_else(|| {
        Failure::new(format!("not every cluster has a leader within {timeout:?}"))
            .hint("`lugus status` shows the state of each member; their logs are in the state folder")
    })?;
    let access = Access::open_within(found, timeout, || check_alive(starting))?;
    define(found, &access)?;
    Ok(Answering { leaders: leaders.into_iter().map(Some).collect(), awaited: None })
}

/// Defines the deployment's instruments and firms.
fn define(found: &DeploymentFile, access: &Access<'_>) -> Result<(), Failure> {
    instruments::define(found, access)?;
    firms::define(found, access)
}

/// Starts the processes of this host, and waits until its members follow a leader. Then the instruments are defined, if the rest of the
/// deployment answers, too.
fn await_here(
    found: &DeploymentFile,
    clusters: &[ClusterSpec],
    deployed: &[DeployedProcess],
    starting: &mut Vec<Starting>,
) -> Result<Answering, Failure> {
    let timeout = found.deployment.timeouts.start_timeout;
    let is_here =
        |cluster: i32, id: i32| deployed.iter().any(|process| process.kind.member_of(ClusterId(cluster)) == Some(id));
    let have_started = |status: &Status| {
        let mut members = status.members.iter();
        members.all(|member| !is_here(member.cluster, member.id) || member.has_started()).then_some(())
    };
    if await_status(found, clusters, deployed, starting, timeout, have_started)?.is_none() {
        let awaited = format!("the members of this host follow no leader within {timeout:?}");
        return Ok(Answering { leaders: clusters.iter().map(|_| None).collect(), awaited: Some(awaited) });
    }
    let status = status::read_from_anywhere(found)?;
    let leaders: Vec<_> = clusters.iter().map(|one| status.leader(one.id).map(|leader| leader.id)).collect();
    let leaderless = clusters.iter().zip(&leaders).filter(|(_, leader)| leader.is_none());
    let leaderless: Vec<_> = leaderless.map(|(cluster, _)| cluster.name.as_str()).collect();
    let awaited = if leaderless.is_empty() {
        let defined =
            Access::open_within(found, timeout, || check_alive(starting)).and_then(|access| define(found, &access));
        // Whoever starts the last host defines them.
        defined.err().map(|failure| failure.to_string())
    } else {
        Some(format!("no leader is known of {}", leaderless.join(" and ")))
    };
    Ok(Answering { leaders, awaited })
}

/// Starts processes, and waits until all of them run and `answer` finds in the status of the clusters what the caller waits for: members
/// that have restored their state and joined the log. Returns that, or `None` if it is not there in time.
fn await_status<T>(
    found: &DeploymentFile,
    clusters: &[ClusterSpec],
    deployed: &[DeployedProcess],
    starting: &mut Vec<Starting>,
    timeout: Duration,
    answer: impl Fn(&Status) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let deadline = Instant::now() + timeout;
    loop {
        // Repeated in every round: a process that was just killed holds its lock a moment longer, and only then counts
        // as not running.
        start_processes(found, deployed, starting)?;
        check_alive(starting)?;
        // The media driver's files exist before all of them can be read, so an error here means "not yet".
        if let Ok(status) = Status::read(clusters)
            && let Some(answer) = answer(&status)
            && deployed.iter().all(|process| process.pid().is_some())
        {
            return Ok(Some(answer));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Starts the processes that neither run nor are starting.
fn start_processes(
    found: &DeploymentFile,
    deployed: &[DeployedProcess],
    starting: &mut Vec<Starting>,
) -> Result<(), Failure> {
    for process in deployed {
        let is_starting = starting.iter().any(|one| one.deployed.dir == process.dir);
        if !is_starting && process.pid().is_none() && process.supervisor_pid().is_none() {
            starting.push(start_process(found, process)?);
        }
    }
    Ok(())
}

fn start_process(found: &DeploymentFile, deployed: &DeployedProcess) -> Result<Starting, Failure> {
    let failed = |what: &Path, error: std::io::Error| Failure::new(format!("{}: {error}", what.display()));
    fs::create_dir_all(&deployed.dir).map_err(|error| failed(&deployed.dir, error))?;
    let (arguments, log) = if found.deployment.supervision.restart {
        (deployed.supervised_arguments(), deployed.supervisor_log())
    } else {
        (deployed.arguments(), deployed.log())
    };
    // The previous log is kept, as its end may say why the process ended.
    let _ = fs::rename(&log, log.with_extension("log.old"));
    let file = File::create(&log).map_err(|error| failed(&log, error))?;
    let program = std::env::current_exe().map_err(|error| failed(Path::new("lugus"), error))?;
    let config = fs::canonicalize(&found.path).map_err(|error| failed(&found.path, error))?;
    let process = Command::new(&program)
        .arg("--config")
        .arg(config)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        // The process gets its own process group, so that an interrupt from the terminal does not reach it.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(&program, error))?;
    Ok(Starting { deployed: deployed.clone(), process, log })
}

/// Checks that all started processes are alive.
fn check_alive(starting: &mut [Starting]) -> Result<(), Failure> {
    for Starting { deployed, process, log } in starting {
        if let Ok(Some(status)) = process.try_wait() {
            // A first start that fails leaves no file, so what the consensus module told is in the message, too.
            let consensus_module = match tail(&log.with_file_name(CONSENSUS_MODULE_LOG)) {
                lines if lines.is_empty() => lines,
                lines => format!("\nand its consensus module's log with:\n{lines}"),
            };
            return Err(Failure::new(format!(
                "{} has ended ({status}); its log ends with:\n{}{consensus_module}",
                deployed.kind,
                tail(log),
            ))
            .hint(format!("the whole log is {}", log.display())));
        }
    }
    Ok(())
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

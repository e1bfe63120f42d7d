//! `lugus snapshot`: all members of a cluster write their state to their archives, at the same log position.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use aeron_archive_files::{CONSENSUS_MODULE, RecordingLog, Snapshot};
use lugus_media_driver::cluster_tool;
use lugus_node::deployment_status::Status;
use lugus_node::status::{SnapshotTimes, read_snapshot_times};
use lugus_topology::{ClusterId, ClusterSpec, SPANS};
use serde::Serialize;
use tracing::Level;
use tracing::field::Empty;

use crate::access::Access;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::telemetry::in_span;

/// Longest wait for the snapshots of followers, which take theirs when they have applied the log up to the same position.
const FOLLOWERS_TIMEOUT: Duration = Duration::from_secs(30);

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The JSON document: all snapshots that were taken.
#[derive(Debug, Serialize)]
struct Snapshots {
    snapshots: Vec<Taken>,
}

/// A snapshot of one cluster.
#[derive(Debug, Serialize)]
struct Taken {
    /// The cluster's number.
    cluster: ClusterId,
    /// The cluster's name.
    cluster_name: String,
    /// The leading member's number.
    leader: i32,
    /// Log position of which the snapshot has the state.
    log_position: Option<i64>,
    /// Commit position after the snapshot.
    commit_position: Option<i64>,
}

/// The newest snapshot that the recording log in a consensus module's directory has. It has all parts: the consensus module's is
/// recorded after those of services.
fn newest(cluster_dir: &Path) -> Option<Snapshot> {
    let log = RecordingLog::read(cluster_dir).ok()?;
    log.snapshots_of(CONSENSUS_MODULE).next_back().copied()
}

/// Makes each cluster take a snapshot by Aeron's `ClusterTool`, and waits until the members that run on this host have recorded
/// theirs. With an instrument, only the cluster that owns the instrument takes one.
///
/// # Errors
/// When there is no such instrument or no leader, the tool fails (the message then contains the tool's output), or a follower does
/// not come to the position of the snapshot in time.
pub fn run(found: &DeploymentFile, arguments: &arguments::Snapshot, output: Output) -> Result<(), Failure> {
    let clusters = match &arguments.instrument {
        None => found.deployment.cluster_specs(),
        Some(name) => vec![owner(found, name)?],
    };
    let snapshots = clusters.iter().map(|cluster| take(found, cluster)).collect::<Result<Vec<_>, _>>()?;
    let line = |(cluster, taken): (&ClusterSpec, &Taken)| {
        format!("{} has taken a snapshot; member {} is the leader", cluster.name, taken.leader)
    };
    let lines: Vec<String> = clusters.iter().zip(&snapshots).map(line).collect();
    output.answer(&Snapshots { snapshots }, lines.join("\n"))
}

fn owner(found: &DeploymentFile, instrument: &str) -> Result<ClusterSpec, Failure> {
    let access = Access::open(found)?;
    let (_, cluster) = access.instrument(instrument)?;
    found.cluster_with_id(cluster.id.0)
}

/// Makes a cluster take a snapshot, as [`run`] does.
///
/// # Errors
/// As [`run`].
pub fn of_cluster(found: &DeploymentFile, cluster: &ClusterSpec) -> Result<(), Failure> {
    take(found, cluster).map(drop)
}

fn take(found: &DeploymentFile, cluster: &ClusterSpec) -> Result<Taken, Failure> {
    let span = tracing::info_span!(
        target: SPANS,
        "snapshot",
        lugus.cluster = cluster.id.0,
        lugus.cluster_name = cluster.name,
        lugus.leader = Empty,
        lugus.log_position = Empty,
        otel.status_code = Empty,
        otel.status_description = Empty,
    );
    let taken = in_span(&span, || take_untraced(found, cluster))?;
    span.record("lugus.leader", taken.leader);
    if let Some(position) = taken.log_position {
        span.record("lugus.log_position", position);
    }
    if !span.is_disabled() {
        span.in_scope(|| tell_of_members(cluster));
    }
    Ok(taken)
}

/// Adds to the current span how long the members on this host did not apply the log for their snapshots.
fn tell_of_members(cluster: &ClusterSpec) {
    for member in &cluster.members {
        if let Ok(SnapshotTimes { newest: Some(taken), .. }) = read_snapshot_times(&member.aeron_dir, cluster.id.0) {
            let (member, duration) = (member.id.0, taken.as_secs_f64());
            tracing::event!(
                target: SPANS,
                Level::INFO,
                lugus.member = member,
                lugus.duration_seconds = duration,
                "member's snapshot"
            );
        }
    }
}

fn take_untraced(found: &DeploymentFile, cluster: &ClusterSpec) -> Result<Taken, Failure> {
    let status = Status::read(std::slice::from_ref(cluster))?;
    let leader = status.leader(cluster.id).ok_or_else(|| {
        Failure::new(format!("{} has no leader", cluster.name))
            .hint("`lugus status` shows the state of its members; `lugus up` starts it")
    })?;
    let member = cluster.members.iter().find(|member| member.id.0 == leader.id).ok_or_else(|| {
        Failure::new(format!(
            "member {} is the leader, but {} does not have it: correct that file",
            leader.id,
            found.path.display()
        ))
    })?;
    let done = cluster_tool(cluster, member).map_err(Failure::new)?.arg("snapshot").output().map_err(|error| {
        Failure::new(format!("can't run Aeron's ClusterTool: {error}")).hint("install Java, or set java.binary")
    })?;
    if !done.status.success() {
        let printed = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        return Err(Failure::new(format!(
            "Aeron's ClusterTool took no snapshot ({}): {}",
            done.status,
            printed.trim()
        )));
    }
    let log_position = newest(&member.cluster_dir).map(|snapshot| snapshot.log_position);
    if let Some(log_position) = log_position {
        await_members(cluster, log_position)?;
    }
    let after = Status::read(std::slice::from_ref(cluster))?;
    let commit_position = after.leader(cluster.id).and_then(|leader| leader.commit_position);
    let (cluster, cluster_name, leader) = (cluster.id, cluster.name.clone(), leader.id);
    Ok(Taken { cluster, cluster_name, leader, log_position, commit_position })
}

/// Waits until each member that follows on this host has recorded a snapshot of this log position, or a newer one.
fn await_members(cluster: &ClusterSpec, log_position: i64) -> Result<(), Failure> {
    let deadline = Instant::now() + FOLLOWERS_TIMEOUT;
    loop {
        let status = Status::read(std::slice::from_ref(cluster))?;
        // One that still catches up comes to the position later, or never, if it starts from a newer snapshot.
        let follows =
            |id: i32| status.members.iter().any(|member| member.id == id && member.runs() && member.has_joined);
        let is_behind = |dir: &Path| newest(dir).is_none_or(|snapshot| snapshot.log_position < log_position);
        let here = cluster.members.iter().filter(|member| member.cluster_dir.is_dir());
        let behind = here.filter(|member| follows(member.id.0)).find(|member| is_behind(&member.cluster_dir));
        match behind {
            None => return Ok(()),
            Some(member) if Instant::now() > deadline => {
                return Err(Failure::new(format!(
                    "the leader of {} has taken a snapshot of log position {log_position}, but member {} has not",
                    cluster.name, member.id
                ))
                .hint("it takes its own when it has applied the log up to there: `lugus status` shows how far it is"));
            }
            Some(_) => thread::sleep(POLL_INTERVAL),
        }
    }
}

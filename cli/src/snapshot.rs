//! `lugus snapshot`: all members of a cluster write their state to their archives, at the same log position.

use lugus_media_driver::cluster_tool;
use lugus_topology::{ClusterId, ClusterSpec};
use serde::Serialize;

use crate::access::Access;
use crate::arguments::Snapshot;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::status::Status;

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
    /// Commit position after the snapshot.
    commit_position: Option<i64>,
}

/// Makes each cluster's leader take a snapshot by Aeron's `ClusterTool`, and waits until it is taken. With an
/// instrument, only the cluster that owns the instrument takes one.
///
/// # Errors
/// When there is no such instrument or no leader, or the tool fails; the message then contains the tool's output.
pub fn run(found: &DeploymentFile, arguments: &Snapshot, output: Output) -> Result<(), Failure> {
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

fn take(found: &DeploymentFile, cluster: &ClusterSpec) -> Result<Taken, Failure> {
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
    let after = Status::read(std::slice::from_ref(cluster))?;
    let commit_position = after.leader(cluster.id).and_then(|leader| leader.commit_position);
    Ok(Taken { cluster: cluster.id, cluster_name: cluster.name.clone(), leader: leader.id, commit_position })
}

//! `lugus activate`: lets the members of a cluster use what a new version of order entry brings, after all of them have been
//! upgraded.

use std::thread;
use std::time::{Duration, Instant};

use lugus_client::{OlderSession, SendError};
use lugus_node::deployment_status::Status;
use lugus_topology::ClusterSpec;
use lugus_vocabulary::ProtocolVersion;
use serde::Serialize;

use crate::access::Access;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::participant::TIMEOUT;
use crate::status;

/// The operator's participant number.
const OPERATOR: u32 = 0;

/// Time after which the request is made again, if the members do not tell that they have applied it.
const REPEAT_AFTER: Duration = Duration::from_secs(1);

/// Sleep between two looks while the request is sent.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The JSON document.
#[derive(Debug, Serialize)]
struct Activated {
    clusters: Vec<ActiveVersion>,
}

/// What is active in a cluster.
#[derive(Debug, Serialize)]
struct ActiveVersion {
    /// The cluster's number.
    cluster: i32,
    /// The cluster's name.
    cluster_name: String,
    /// The version of order entry that was active.
    before: u16,
    /// The version that is.
    active: u16,
}

/// Makes the latest version of order entry that all members know the active one, in one cluster or in all. Nothing is sent before
/// all members of these clusters have been heard.
///
/// # Errors
/// When a member is not heard or does not know the version, or the members do not tell in time that it is active.
pub fn run(found: &DeploymentFile, arguments: &arguments::Activate, output: Output) -> Result<(), Failure> {
    let clusters = match &arguments.cluster {
        Some(name) => vec![found.cluster_named(name)?],
        None => found.deployment.cluster_specs(),
    };
    let status = status::read_from_anywhere(found)?;
    let targets =
        clusters.iter().map(|cluster| target(&status, cluster, arguments.version)).collect::<Result<Vec<_>, _>>()?;
    let mut activated = Vec::new();
    for (cluster, (before, version)) in clusters.iter().zip(targets) {
        if version > before {
            activate(found, cluster, version)?;
        }
        let (active, cluster_name) = (version.max(before), cluster.name.clone());
        activated.push(ActiveVersion { cluster: cluster.id.0, cluster_name, before, active });
    }
    let line = |done: &ActiveVersion| {
        let ActiveVersion { cluster_name, before, active, .. } = done;
        if before == active {
            format!("{cluster_name}: version {active} of order entry is active already")
        } else {
            format!("{cluster_name}: version {active} of order entry is active, after {before}")
        }
    };
    let text = activated.iter().map(line).collect::<Vec<_>>().join("\n");
    output.answer(&Activated { clusters: activated }, text)
}

/// The active version of a cluster, and the one that is to be active.
fn target(status: &Status, cluster: &ClusterSpec, asked: Option<u16>) -> Result<(u16, u16), Failure> {
    let name = &cluster.name;
    let found = status.clusters.iter().find(|told| told.id == cluster.id.0);
    let versions = found.map(|told| status.versions(told));
    let known = versions.as_ref().and_then(|versions| Some((versions.active()?, versions.known_to_all()?)));
    let Some((active, known)) = known else {
        let silent = versions.map(|versions| versions.silent()).unwrap_or_default();
        let hint = "a member that is away could be of a version that does not know what is made active: start it first";
        return Err(Failure::new(format!("{name}: members {silent:?} do not tell their versions")).hint(hint));
    };
    let version = asked.unwrap_or(known);
    if version > known {
        let list = versions.map(|versions| versions.list()).unwrap_or_default();
        let hint = "install a version of Lugus that knows it on all members first";
        let what = format!("{name}: not all members know version {version} of order entry ({list})");
        return Err(Failure::new(what).hint(hint));
    }
    Ok((active, version))
}

fn activate(found: &DeploymentFile, cluster: &ClusterSpec, version: u16) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let entry = access.map().clusters.iter().find(|entry| entry.id == cluster.id);
    let entry = entry.ok_or_else(|| Failure::new(format!("the partition map has no cluster {}", cluster.name)))?;
    let mut operator = access.session(entry, OPERATOR, OlderSession::Replace, (), TIMEOUT)?;
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        match operator.session().activate_protocol_version(ProtocolVersion(version)) {
            Ok(()) | Err(SendError::NotConnected | SendError::BackPressured) => {}
            Err(error) => return Err(Failure::new(error)),
        }
        let repeat_at = Instant::now() + REPEAT_AFTER;
        while Instant::now() < repeat_at {
            operator.poll().map_err(Failure::new)?;
            thread::sleep(POLL_INTERVAL);
        }
        let status = status::read_from_anywhere(found)?;
        let told = status.clusters.iter().find(|told| told.id == cluster.id.0);
        if told.is_some_and(|told| status.versions(told).active() == Some(version)) {
            operator.close();
            return Ok(());
        }
    }
    let hint = "`lugus status` shows which version is active; to make it active again is harmless";
    Err(Failure::new(format!("{}: not all members told that version {version} is active", cluster.name)).hint(hint))
}

//! `lugus status`: the state of each member and cluster, as read from the counters of members on this host, and as the others
//! tell it.

mod overview;

use std::time::Duration;

use comfy_table::Table;
use lugus_media_driver::ClientDriver;
use lugus_node::deployment_status::{Cluster, Member, Status};
use lugus_node::watch::hear_members;
use lugus_topology::{ClusterId, MemberId};

use crate::deployment::DeploymentFile;
use crate::failure::Failure;

pub use overview::run;

/// How long members that do not run on this host are listened for. Each tells its status ten times a second.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads the counters of the members that run on this host, and listens to the others.
///
/// # Errors
/// As for [`Status::read`], and when there is no media driver to listen with, or no members' key to know members by.
pub fn read_from_anywhere(found: &DeploymentFile) -> Result<Status, Failure> {
    let clusters = found.deployment.cluster_specs();
    let here = Status::read(&clusters)?;
    let elsewhere = here.members.iter().filter(|member| !member.runs());
    let elsewhere: Vec<_> = elsewhere.map(|member| (ClusterId(member.cluster), MemberId(member.id))).collect();
    if elsewhere.is_empty() {
        return Ok(here);
    }
    let mut listened = clusters.clone();
    listened.retain(|cluster| elsewhere.iter().any(|(id, _)| *id == cluster.id));
    let members_key = found.deployment.members_key().map_err(|error| {
        let hint = "members that run elsewhere are believed only with the members' key: ask on a host that has it";
        Failure::new(error).hint(hint)
    })?;
    let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
    let heard = hear_members(driver.aeron_dir(), &listened, members_key, &elsewhere, PATIENCE);
    let reports = heard.map_err(Failure::new)?;
    let status_of = |cluster, member| {
        let report = reports.iter().find(|report| (report.cluster, report.member) == (cluster, member));
        report.map(|report| report.status)
    };
    Ok(Status::read_or(&clusters, status_of)?)
}

/// The state as a text table.
pub fn table(status: &Status) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header([
        "cluster",
        "member",
        "role",
        "term",
        "commit position",
        "state hash",
        "at position",
        "sessions",
        "refused",
        "unauthenticated",
        "above rate",
        "version",
    ]);
    let shown = |value: Option<i64>| value.map_or_else(|| String::from("-"), |value| value.to_string());
    for member in &status.members {
        table.add_row([
            member.cluster_name.clone(),
            member.id.to_string(),
            member.role.to_owned(),
            shown(member.term),
            shown(member.commit_position),
            member.state_hash.clone().unwrap_or_else(|| String::from("-")),
            shown(member.state_hash_position),
            shown(member.sessions),
            shown(member.refused_messages),
            shown(member.unauthenticated_messages),
            shown(member.messages_above_rate),
            member.program_version.clone().unwrap_or_else(|| String::from("-")),
        ]);
    }
    let hashes = status.clusters.iter().map(|cluster| hashes(cluster, status.clusters.len()));
    let clocks = status.members.iter().filter(|member| member.clock_differs).map(clock);
    let fenced = status.members.iter().filter_map(fence);
    let versions = status.version_notes();
    format!("{table}\n{}", hashes.chain(clocks).chain(fenced).chain(versions).collect::<Vec<_>>().join("\n"))
}

/// A text that says whether the members' state hashes are equal; it names the cluster if the deployment has
/// several.
fn hashes(cluster: &Cluster, clusters: usize) -> String {
    let hashes = match cluster.hashes_equal {
        Some(true) => "state hashes are equal",
        Some(false) => {
            "STATE HASHES DIFFER at the same log position: a member is broken. If a majority contradicts it, it has \
             fenced itself, and says what to do; otherwise `lugus audit` tells which member's log leads to its state"
        }
        None => "state hashes can't be compared: members are down or at different log positions",
    };
    if clusters == 1 { hashes.to_owned() } else { format!("{}: {hashes}", cluster.name) }
}

/// A text that says by how much the member's clock differs from the log's time.
fn clock(member: &Member) -> String {
    let ns = member.clock_difference_ns.unwrap_or(0);
    let side = if ns < 0 { "behind" } else { "ahead of" };
    let seconds = ns.unsigned_abs() as f64 / 1e9;
    format!(
        "member {} of {}: the log's time is {seconds:.3} s {side} this member's clock; check NTP or PTP on all members",
        member.id, member.cluster_name
    )
}

/// A text that says why the member has fenced itself, if it has.
fn fence(member: &Member) -> Option<String> {
    let reason = member.fenced.as_ref()?;
    Some(format!("member {} of {} is fenced: {reason}", member.id, member.cluster_name))
}

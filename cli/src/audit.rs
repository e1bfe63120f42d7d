//! `lugus audit`: members' archived logs through new engines, compared with all that was recorded and published of them.

use std::fmt;
use std::time::{Duration, Instant};

use comfy_table::Table;
use lugus_node::archived_log::{ArchivedLog, ArchivedLogError, Audit, AuditReport, Difference, Expected, audit};
use lugus_topology::ClusterSpec;
use lugus_vocabulary::StateAt;
use serde::Serialize;

use crate::archived_member::{self, ArchivedMember};
use crate::arguments::{self, ArchivedMembers};
use crate::deployment::DeploymentFile;
use crate::failure::{DIFFERENT_STATES_EXIT_CODE, Failure};
use crate::output::Output;

/// Longest wait for a running member's archive to have written what its service has applied.
const PATIENCE: Duration = Duration::from_secs(5);

/// Number of times that the log of a running member is audited which purges meanwhile what is being read.
const ATTEMPTS: usize = 10;

/// The JSON document.
#[derive(Debug, Default, Serialize)]
struct Audited {
    /// Number of commands that were applied, over all members.
    commands: u64,
    /// Number of snapshots that were compared, over all members.
    snapshots_compared: u64,
    /// Number of differences, over all members.
    differences: usize,
    /// The difference at the lowest log position.
    first_difference: Option<Different>,
    /// Milliseconds that it took.
    elapsed_ms: u64,
    /// What each member's log led to.
    members: Vec<AuditedMember>,
}

/// What one member's log led to.
#[derive(Debug, Serialize)]
struct AuditedMember {
    /// The cluster's number.
    cluster: i32,
    /// The cluster's name.
    cluster_name: String,
    /// The member's number; `None` for a copy.
    member: Option<i32>,
    /// Log position at which the engine started: 0, or that of the oldest snapshot.
    start_position: i64,
    /// Log position up to which the log was applied.
    end_position: i64,
    /// State hash there; `None` if the log can't be applied.
    state_hash: Option<String>,
    commands: u64,
    snapshots_compared: u64,
    differences: Vec<Different>,
}

/// A difference.
#[derive(Debug, Clone, Serialize)]
struct Different {
    /// The cluster's number.
    cluster: i32,
    /// The cluster's name.
    cluster_name: String,
    /// The member's number; `None` for a copy.
    member: Option<i32>,
    /// Log position.
    position: i64,
    /// What differs.
    what: String,
}

impl fmt::Display for Different {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster_name, member, position, what, .. } = self;
        match member {
            None => f.write_str("copy")?,
            Some(id) => write!(f, "member {id}")?,
        }
        write!(f, " of {cluster_name}, position {position}: {what}")
    }
}

/// Audits the chosen members, and prints what was found.
///
/// # Errors
/// No log is chosen, or a member is just starting; with [`DIFFERENT_STATES_EXIT_CODE`] if anything differs.
pub fn run(found: &DeploymentFile, arguments: &arguments::Audit, output: Output) -> Result<(), Failure> {
    let audited = audited(found, &arguments.members)?;
    output.answer(&audited, audited.text())?;
    match audited.differences {
        0 => Ok(()),
        count => Err(Failure::new(format!("the audit found {count} differences"))
            .hint("docs/audit-and-repair.md says what each of them means, and what to do")
            .with_exit_code(DIFFERENT_STATES_EXIT_CODE)),
    }
}

/// Audits all members on this host; returns the number of snapshots that were compared, and what differs first.
///
/// # Errors
/// There is no log, or a member is just starting.
pub fn first_difference(found: &DeploymentFile) -> Result<(u64, Option<String>), Failure> {
    let audited = audited(found, &ArchivedMembers::default())?;
    Ok((audited.snapshots_compared, audited.first_difference.as_ref().map(ToString::to_string)))
}

fn audited(found: &DeploymentFile, chosen: &ArchivedMembers) -> Result<Audited, Failure> {
    let begin = Instant::now();
    let mut audited = Audited::default();
    for (cluster, members) in archived_member::find(found, chosen)? {
        audited.members.extend(audit_cluster(&cluster, &members));
    }
    for member in &audited.members {
        audited.commands += member.commands;
        audited.snapshots_compared += member.snapshots_compared;
        audited.differences += member.differences.len();
    }
    let all = audited.members.iter().flat_map(|member| &member.differences);
    audited.first_difference = all.min_by_key(|difference| difference.position).cloned();
    audited.elapsed_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(audited)
}

fn audit_cluster(cluster: &ClusterSpec, members: &[ArchivedMember]) -> Vec<AuditedMember> {
    // The states of all members are compared where the shortest log ends.
    let end = |member: &ArchivedMember| match member.published {
        Some(published) => Some(published.position.0),
        None => member.log.as_ref().ok().map(ArchivedLog::end_position),
    };
    let common_end = members.iter().filter_map(end).min().unwrap_or_default();
    let mut audited = Vec::new();
    let mut at_common_end: Option<(String, StateAt)> = None;
    for member in members {
        let report = audit_member(cluster, member, common_end).map(|mut report| {
            if let Some(state) = report.hashes.first() {
                let (other, expected) = at_common_end.get_or_insert_with(|| (member.to_string(), *state));
                if expected.hash != state.hash {
                    let (own, others) = (state.hash.0, expected.hash.0);
                    let what = format!("the log leads to state {own:016x}, that of {other} to {others:016x}");
                    report.differences.push(Difference { position: state.position.0, what });
                }
            }
            report
        });
        audited.push(AuditedMember::of(cluster, member, report));
    }
    audited
}

/// Audits a member, and a running one again if it has purged meanwhile what was read of it: snapshots, and the log before them.
fn audit_member(cluster: &ClusterSpec, member: &ArchivedMember, common_end: i64) -> Result<AuditReport, String> {
    let mut later: Option<ArchivedMember> = None;
    for attempt in 1.. {
        let member = later.as_ref().unwrap_or(member);
        let report = member.log.as_ref().map_err(ToString::to_string).and_then(|log| {
            let report = audit_log(cluster, log, member.published, common_end);
            report.map_err(|error| error.to_string())
        });
        let is_clean = report.as_ref().is_ok_and(|report| report.differences.is_empty());
        let now = if is_clean || attempt == ATTEMPTS { None } else { archived_member::open_again(cluster, member) };
        match now {
            Some(now) if has_purged(member, &now) => later = Some(now),
            _ => return report,
        }
    }
    Err(String::from("it was not audited"))
}

/// Whether a log begins later than it did, or has other snapshots.
fn has_purged(before: &ArchivedMember, now: &ArchivedMember) -> bool {
    match (&before.log, &now.log) {
        (Ok(before), Ok(now)) => {
            before.start_position() != now.start_position() || before.newest_snapshot() != now.newest_snapshot()
        }
        _ => false,
    }
}

fn audit_log(
    cluster: &ClusterSpec,
    log: &ArchivedLog,
    published: Option<StateAt>,
    common_end: i64,
) -> Result<AuditReport, ArchivedLogError> {
    let expected = |state| Expected { state, source: String::from("the running member") };
    let what = Audit {
        until: published.map(|published| published.position.0),
        patience: PATIENCE,
        expected: published.map(expected).into_iter().collect(),
        wanted: vec![common_end],
    };
    audit(cluster, log, &what)
}

impl AuditedMember {
    /// What an audit has found; the error says why there is none, which is a difference too.
    fn of(cluster: &ClusterSpec, member: &ArchivedMember, report: Result<AuditReport, String>) -> Self {
        let (cluster, cluster_name, member) = (cluster.id.0, cluster.name.clone(), member.id);
        let different = |Difference { position, what }| Different {
            cluster,
            cluster_name: cluster_name.clone(),
            member,
            position,
            what,
        };
        match report {
            Ok(report) => Self {
                cluster,
                member,
                start_position: report.start.position(),
                end_position: report.end_position,
                state_hash: Some(format!("{:016x}", report.state_hash)),
                commands: report.commands,
                snapshots_compared: report.snapshots_compared,
                differences: report.differences.into_iter().map(different).collect(),
                cluster_name,
            },
            Err(what) => Self {
                cluster,
                member,
                start_position: 0,
                end_position: 0,
                state_hash: None,
                commands: 0,
                snapshots_compared: 0,
                differences: vec![different(Difference { position: 0, what })],
                cluster_name,
            },
        }
    }
}

impl Audited {
    fn text(&self) -> String {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header([
            "cluster",
            "member",
            "from position",
            "to position",
            "state hash",
            "commands",
            "snapshots compared",
            "differences",
        ]);
        for member in &self.members {
            table.add_row([
                member.cluster_name.clone(),
                member.member.map_or_else(|| String::from("copy"), |id| id.to_string()),
                member.start_position.to_string(),
                member.end_position.to_string(),
                member.state_hash.clone().unwrap_or_else(|| String::from("-")),
                member.commands.to_string(),
                member.snapshots_compared.to_string(),
                member.differences.len().to_string(),
            ]);
        }
        let differences = self.members.iter().flat_map(|member| &member.differences).map(ToString::to_string);
        let seconds = Duration::from_millis(self.elapsed_ms).as_secs_f64();
        let summary = format!(
            "{} commands and {} snapshots in {seconds:.1} s: {}",
            self.commands,
            self.snapshots_compared,
            if self.differences == 0 { "no difference" } else { "DIFFERENCES" }
        );
        std::iter::once(table.to_string()).chain(differences).chain([summary]).collect::<Vec<_>>().join("\n")
    }
}

//! The archived logs that a command works on: those of members on this host, or of a copy.

use std::fmt;

use lugus_node::archived_log::{ArchivedLog, ArchivedLogError, MemberFiles};
use lugus_node::status::{StatusError, read_status};
use lugus_topology::{ClusterSpec, MemberSpec};
use lugus_vocabulary::StateAt;

use crate::arguments::ArchivedMembers;
use crate::backup::files_in;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;

/// A member's log, or a copy.
pub struct ArchivedMember {
    /// The member's number; `None` for a copy.
    pub id: Option<i32>,
    /// Folders of archive and consensus module.
    pub files: MemberFiles,
    /// The log, or why it can't be read.
    pub log: Result<ArchivedLog, ArchivedLogError>,
    /// What the member publishes, if it runs.
    pub published: Option<StateAt>,
}

impl fmt::Display for ArchivedMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "member {id}"),
            None => f.write_str("the copy"),
        }
    }
}

/// The chosen logs on this host, by cluster. Members that have none here are left out.
///
/// # Errors
/// There is no such cluster or member, or no log at all.
pub fn find(
    found: &DeploymentFile,
    chosen: &ArchivedMembers,
) -> Result<Vec<(ClusterSpec, Vec<ArchivedMember>)>, Failure> {
    let clusters = match &chosen.cluster {
        Some(name) => vec![found.cluster_named(name)?],
        None => found.deployment.cluster_specs(),
    };
    if let Some(dir) = &chosen.dir {
        let [cluster] = clusters.as_slice() else {
            return Err(
                Failure::new("the deployment has several clusters").hint("say with --cluster of which the copy is")
            );
        };
        let member = cluster.members.first().ok_or_else(|| Failure::new(format!("{} has no member", cluster.name)))?;
        let files = files_in(dir, cluster, member);
        let log = ArchivedLog::open(files.clone());
        return Ok(vec![(cluster.clone(), vec![ArchivedMember { id: None, files, log, published: None }])]);
    }
    let mut all = Vec::new();
    for cluster in clusters {
        let wanted = |member: &&MemberSpec| chosen.member.is_none_or(|id| member.id.0 == i32::from(id));
        let members = cluster.members.iter().filter(wanted).filter(|member| member.cluster_dir.exists());
        let members = members.map(|member| open(&cluster, member)).collect::<Result<Vec<_>, _>>()?;
        if !members.is_empty() {
            all.push((cluster, members));
        }
    }
    if all.is_empty() {
        return Err(Failure::new("no such member has a log on this host").hint(
            "the command reads the folders of members on the host where it runs; see --cluster, --member and --dir",
        ));
    }
    Ok(all)
}

/// The log of one cluster: all of its members have the same, so that of the first chosen member on this host that can be read.
///
/// # Errors
/// As [`find`]; the logs of several clusters are chosen, or none can be read.
pub fn find_log(found: &DeploymentFile, chosen: &ArchivedMembers) -> Result<ClusterLog, Failure> {
    let mut all = find(found, chosen)?;
    if all.len() > 1 {
        return Err(Failure::new("the log of which cluster?").hint("say with --cluster"));
    }
    let (cluster, members) = all.pop().ok_or_else(|| Failure::new("there is no log"))?;
    let mut problem = Failure::new("there is no log");
    for member in members {
        let name = member.to_string();
        match member.log {
            Ok(log) => return Ok(ClusterLog { cluster, name, log, published: member.published }),
            Err(error) => problem = Failure::new(format!("{name} of {}: {error}", cluster.name)),
        }
    }
    Err(problem)
}

/// The log of a cluster.
pub struct ClusterLog {
    /// The cluster.
    pub cluster: ClusterSpec,
    /// Whose log it is, such as `member 0`.
    pub name: String,
    /// The log.
    pub log: ArchivedLog,
    /// What the member publishes, if it runs.
    pub published: Option<StateAt>,
}

impl ClusterLog {
    /// Position after which nothing is committed for sure: that of what a running member has applied, else the end of the log.
    pub fn end_position(&self) -> i64 {
        self.published.map_or_else(|| self.log.end_position(), |published| published.position.0)
    }
}

/// A running member's log as it is now; `None` if it is no running member's, or can't be read.
pub fn open_again(cluster: &ClusterSpec, member: &ArchivedMember) -> Option<ArchivedMember> {
    member.published?;
    let spec = cluster.members.iter().find(|spec| Some(spec.id.0) == member.id)?;
    open(cluster, spec).ok()
}

fn open(cluster: &ClusterSpec, member: &MemberSpec) -> Result<ArchivedMember, Failure> {
    let name = format!("member {} of {}", member.id, cluster.name);
    let published = match read_status(&member.aeron_dir, cluster.id.0) {
        Ok(status) => Some(status.state.ok_or_else(|| {
            Failure::new(format!("{name} is starting")).hint("try again when `lugus status` shows its state hash")
        })?),
        Err(StatusError::NotRunning { .. }) => None,
        Err(error) => return Err(Failure::new(format!("{name}: {error}"))),
    };
    let files = MemberFiles::of(cluster, member);
    let log = ArchivedLog::open(files.clone());
    Ok(ArchivedMember { id: Some(member.id.0), files, log, published })
}

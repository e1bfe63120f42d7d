//! `lugus repair`: a member whose files are bent or missing is rebuilt from the others, while they run.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use lugus_media_driver::FolderLock;
use lugus_topology::{ClusterId, MemberId, MemberSpec};
use serde::Serialize;

use crate::arguments;
use crate::cluster_copy::{Copied, Until, copy};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::set_aside::{delete, new_of, replace_by_new};

/// File in which a consensus module keeps the term of its last candidature. It must not be forgotten: a member that votes twice in a
/// term could make two leaders.
const NODE_STATE: &str = "node-state.dat";

/// The JSON document.
#[derive(Debug, Serialize)]
struct Repaired {
    cluster: ClusterId,
    cluster_name: String,
    member: MemberId,
    /// Log position up to which the member has the log. It gets the rest when it starts.
    position: i64,
    /// Log position of the snapshot from which it starts.
    snapshot_position: Option<i64>,
    /// Folders with what the member had before.
    set_aside: Vec<PathBuf>,
    elapsed_ms: u64,
}

/// Builds the member's archive and recording log anew from the other members, sets its old ones aside, and puts the new ones in
/// their places. A failure before that leaves the member as it was.
///
/// # Errors
/// The member runs, no other member answers, or a folder can't be written.
pub fn run(found: &DeploymentFile, arguments: &arguments::Repair, output: Output) -> Result<(), Failure> {
    let begin = Instant::now();
    let cluster = found.cluster_named(&arguments.cluster)?;
    let id = MemberId(i32::from(arguments.member));
    let member = cluster.member(id).ok_or_else(|| Failure::new(format!("{} has no member {id}", cluster.name)))?;
    let lock = FolderLock::take(&member.dir)
        .map_err(|error| Failure::new(error).hint("a member that runs can't be repaired: stop it first"))?;
    let sources: Vec<MemberSpec> = cluster.members.iter().filter(|other| other.id != id).cloned().collect();
    if sources.is_empty() {
        return Err(Failure::new(format!("{} has no other member from which {id} could be rebuilt", cluster.name))
            .hint("`lugus recover` restores it from a backup"));
    }
    let target = MemberSpec {
        archive_dir: new_of(&member.archive_dir),
        cluster_dir: new_of(&member.cluster_dir),
        ..member.clone()
    };
    // What an interrupted repair has left may be of any age.
    delete(&target.archive_dir)?;
    delete(&target.cluster_dir)?;
    let Copied { position, snapshot_position } = copy(found, &cluster, &target, &sources, Until::Committed, &lock)?;
    keep_node_state(member, &target)?;
    let mut aside = Vec::new();
    for place in [&member.archive_dir, &member.cluster_dir] {
        aside.extend(replace_by_new(place)?);
    }
    let kept: Vec<String> = aside.iter().map(|path| path.display().to_string()).collect();
    let text = format!(
        "member {id} of {} has the log up to position {position}{}\n\
         next: `lugus up` starts it, and it gets the rest; then `lugus audit --cluster {} --member {id}`",
        cluster.name,
        if kept.is_empty() { String::new() } else { format!("; what it had is in {}", kept.join(" and ")) },
        cluster.name,
    );
    let elapsed_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let repaired = Repaired {
        cluster: cluster.id,
        cluster_name: cluster.name.clone(),
        member: id,
        position,
        snapshot_position,
        set_aside: aside,
        elapsed_ms,
    };
    output.answer(&repaired, text)
}

fn keep_node_state(member: &MemberSpec, target: &MemberSpec) -> Result<(), Failure> {
    let old = member.cluster_dir.join(NODE_STATE);
    if !old.is_file() {
        return Ok(());
    }
    let copied = fs::copy(&old, target.cluster_dir.join(NODE_STATE));
    copied.map(drop).map_err(|error| Failure::new(format!("can't copy {}: {error}", old.display())))
}

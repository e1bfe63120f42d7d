//! `lugus snapshot`: all members write their state to their archives, at the same log position.

use lugus_media_driver::cluster_tool;
use serde::Serialize;

use crate::deployment::Found;
use crate::failure::Failure;
use crate::output::Output;
use crate::status::Status;

/// A snapshot that was taken.
#[derive(Debug, Serialize)]
struct Taken {
    /// The member that led.
    leader: i32,
    /// Commit position after it.
    commit_position: Option<i64>,
}

/// Has Aeron's `ClusterTool` ask the leader for a snapshot, and waits until it is taken.
///
/// # Errors
/// When there is no leader, or the tool fails: with what it prints.
pub fn run(found: &Found, output: Output) -> Result<(), Failure> {
    let cluster = found.cluster()?;
    let status = Status::read(std::slice::from_ref(&cluster))?;
    let leader = status.leader().ok_or_else(|| {
        Failure::new("the cluster has no leader")
            .hint("`lugus status` shows how its members stand; `lugus up` starts it")
    })?;
    let member =
        cluster.members.iter().find(|member| member.id.0 == leader.id).ok_or_else(|| {
            Failure::new(format!("member {} leads, but is not in {}", leader.id, found.path.display()))
        })?;
    let done = cluster_tool(&cluster, member)
        .map_err(Failure::new)?
        .arg("snapshot")
        .output()
        .map_err(|error| Failure::new(format!("ClusterTool: {error}")).hint("it needs java, as members do"))?;
    if !done.status.success() {
        let printed = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        return Err(Failure::new(format!("ClusterTool snapshot ({}): {}", done.status, printed.trim())));
    }
    let after = Status::read(std::slice::from_ref(&cluster))?;
    let commit_position = after.leader().and_then(|leader| leader.commit_position);
    let taken = Taken { leader: leader.id, commit_position };
    output.answer(&taken, format!("snapshot taken, member {} leads", leader.id))
}

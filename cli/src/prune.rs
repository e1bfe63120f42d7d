//! `lugus prune`: the members on this host purge what they need no longer of log and snapshots.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lugus_topology::{ClusterId, ClusterSpec, MemberSpec};
use serde::{Deserialize, Serialize};

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::processes;

/// Files in a member's folder of the consensus module, by which its JVM is asked and answers (`PruneRequests.java`).
const REQUEST_FILE: &str = "prune.request";
const ANSWER_FILE: &str = "prune.answer";

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The JSON document: what was purged.
#[derive(Debug, Serialize)]
struct Pruned {
    /// Bytes that were purged, on all members together.
    freed_bytes: u64,
    /// Lowest log position at which the log of a member begins.
    kept_from: i64,
    /// The members that run on this host.
    members: Vec<PrunedMember>,
}

/// What one member has purged.
#[derive(Debug, Serialize)]
struct PrunedMember {
    /// Number of the member's cluster.
    cluster: ClusterId,
    /// Name of the member's cluster.
    cluster_name: String,
    /// The member's number.
    member: i32,
    /// Bytes that were purged.
    freed_bytes: u64,
    /// Log position at which the member's log begins.
    kept_from: i64,
    /// Why no more was purged.
    reason: String,
}

/// A member's answer.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Done { request: u64, freed_bytes: u64, kept_from: i64, reason: String },
    Failed { request: u64, error: String },
}

impl Answer {
    fn request(&self) -> u64 {
        match self {
            Self::Done { request, .. } | Self::Failed { request, .. } => *request,
        }
    }
}

/// Asks all members that run on this host, and waits for their answers.
///
/// # Errors
/// When no member runs here, or one of them does not answer, or can't purge.
pub fn run(found: &DeploymentFile, output: Output) -> Result<(), Failure> {
    let request = request_number();
    let clusters = found.deployment.cluster_specs();
    let all = clusters.iter().flat_map(|cluster| cluster.members.iter().map(move |member| (cluster, member)));
    let running: Vec<_> = all.filter(|(_, member)| processes::pid(&member.dir).is_some()).collect();
    if running.is_empty() {
        return Err(Failure::new("no member runs on this host").hint("`lugus up` starts members"));
    }
    for (_, member) in &running {
        ask(member, request)?;
    }
    let deadline = Instant::now() + found.deployment.timeouts.start_timeout * 2;
    let answers = running.into_iter().map(|(cluster, member)| await_answer(cluster, member, request, deadline));
    let members = answers.collect::<Result<Vec<_>, _>>()?;
    let pruned = Pruned {
        freed_bytes: members.iter().map(|member| member.freed_bytes).sum(),
        kept_from: members.iter().map(|member| member.kept_from).min().unwrap_or_default(),
        members,
    };
    let text = text(&pruned);
    output.answer(&pruned, text)
}

fn text(pruned: &Pruned) -> String {
    let lines = pruned.members.iter().map(|member| {
        format!(
            "member {} of {} has purged {} bytes; its log begins at position {} ({})",
            member.member, member.cluster_name, member.freed_bytes, member.kept_from, member.reason,
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A number that no other request to a member has.
fn request_number() -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    nanos ^ (u64::from(process::id()) << 40)
}

fn ask(member: &MemberSpec, request: u64) -> Result<(), Failure> {
    let path = member.cluster_dir.join(REQUEST_FILE);
    let unfinished = path.with_extension("request.new");
    let written = fs::write(&unfinished, request.to_string()).and_then(|()| fs::rename(&unfinished, &path));
    written.map_err(|error| Failure::new(format!("can't write {}: {error}", path.display())))
}

fn await_answer(
    cluster: &ClusterSpec,
    member: &MemberSpec,
    request: u64,
    deadline: Instant,
) -> Result<PrunedMember, Failure> {
    let failed = |what: &str| Failure::new(format!("member {} of {} {what}", member.id, cluster.name));
    let path: PathBuf = member.cluster_dir.join(ANSWER_FILE);
    loop {
        if let Some(answer) = read(&path)?.filter(|answer| answer.request() == request) {
            let _ = fs::remove_file(&path);
            return match answer {
                Answer::Done { freed_bytes, kept_from, reason, .. } => Ok(PrunedMember {
                    cluster: cluster.id,
                    cluster_name: cluster.name.clone(),
                    member: member.id.0,
                    freed_bytes,
                    kept_from,
                    reason,
                }),
                Answer::Failed { error, .. } => Err(failed(&format!("can't purge: {error}"))
                    .hint("it may be taking a snapshot, or somebody replays what would go: try again")),
            };
        }
        if processes::pid(&member.dir).is_none() {
            return Err(failed("has ended"));
        }
        if Instant::now() >= deadline {
            return Err(failed("does not answer").hint(format!("see its log in {}", member.dir.display())));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn read(path: &Path) -> Result<Option<Answer>, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::new(format!("can't read {}: {error}", path.display()));
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| bad(&error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(bad(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_that_members_write() {
        let done = r#"{"request":18446744073709551615,"freed_bytes":10,"kept_from":131072,"reason":"r"}"#;
        let answer: Answer = serde_json::from_str(done).expect("an answer");
        assert!(matches!(answer, Answer::Done { request: u64::MAX, freed_bytes: 10, kept_from: 131_072, .. }));
        let failed: Answer = serde_json::from_str(r#"{"request":1,"error":"e"}"#).expect("an answer");
        assert!(matches!(failed, Answer::Failed { request: 1, .. }));
    }

    #[test]
    fn a_member_finds_the_request_where_it_looks() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut deployment = lugus_topology::Deployment::default_local(1, 20_100);
        deployment.dir = folder.path().to_path_buf();
        let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
        let member = &cluster.members[0];
        fs::create_dir_all(&member.cluster_dir).expect("made");
        ask(member, 17).expect("asked");
        let path = member.cluster_dir.join("prune.request");
        assert_eq!(fs::read_to_string(path).expect("read"), "17");
        assert!(read(&member.cluster_dir.join(ANSWER_FILE)).expect("read").is_none());
    }
}

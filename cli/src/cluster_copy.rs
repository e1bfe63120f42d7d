//! Copies a running cluster's newest snapshots and log into folders, for `lugus backup` and `lugus repair`.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lugus_media_driver::{Backup, FolderLock};
use lugus_node::archived_log::{ArchivedLog, MemberFiles};
use lugus_node::deployment_status::{Member, Status};
use lugus_topology::{ClusterSpec, MemberSpec, SPANS};
use tracing::field::Empty;

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::status;
use crate::stop_signal;
use crate::telemetry::in_span;

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// When a copy is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When it has all that was committed when it began.
    Committed,
    /// When somebody ends it, with SIGINT or SIGTERM.
    Stopped,
}

/// What a copy has.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// Log position up to which it has the log.
    pub position: i64,
    /// Log position of its newest snapshot.
    pub snapshot_position: Option<i64>,
}

/// Copies from `sources`, members of `cluster`, into the directories of `target`. What they have of an earlier copy is
/// continued.
///
/// # Errors
/// No member answers, or the copy makes no progress; with [`Until::Committed`] also when no member tells what is committed.
pub fn copy(
    found: &DeploymentFile,
    cluster: &ClusterSpec,
    target: &MemberSpec,
    sources: &[MemberSpec],
    until: Until,
    lock: &FolderLock,
) -> Result<Copied, Failure> {
    let span = tracing::info_span!(
        target: SPANS,
        "copy",
        lugus.cluster = cluster.id.0,
        lugus.cluster_name = cluster.name,
        lugus.folder = %target.dir.display(),
        lugus.log_position = Empty,
        lugus.snapshot_position = Empty,
        otel.status_code = Empty,
        otel.status_description = Empty,
    );
    let copied = in_span(&span, || copy_untraced(found, cluster, target, sources, until, lock))?;
    span.record("lugus.log_position", copied.position);
    if let Some(position) = copied.snapshot_position {
        span.record("lugus.snapshot_position", position);
    }
    Ok(copied)
}

fn copy_untraced(
    found: &DeploymentFile,
    cluster: &ClusterSpec,
    target: &MemberSpec,
    sources: &[MemberSpec],
    until: Until,
    lock: &FolderLock,
) -> Result<Copied, Failure> {
    let position = match until {
        Until::Committed => Some(commit_position(found, cluster, sources)?),
        Until::Stopped => None,
    };
    let stop = stop_signal::flag()?;
    let failed = |error| {
        Failure::new(format!("the copy of {} failed: {error}", cluster.name))
            .hint("`lugus status` shows whether its members run; what was copied stays, and is continued next time")
    };
    let mut backup = Backup::start(cluster, target, sources, position, lock).map_err(failed)?;
    while !backup.is_complete().map_err(failed)? {
        if stop.load(Ordering::Acquire) {
            backup.stop(cluster.deployment());
            if until == Until::Committed {
                return Err(Failure::new("interrupted before the copy was complete"));
            }
            break;
        }
        thread::sleep(POLL_INTERVAL);
    }
    let log = ArchivedLog::open(MemberFiles::of(cluster, target)).map_err(Failure::new)?;
    Ok(Copied { position: log.end_position(), snapshot_position: log.newest_snapshot() })
}

/// Log position up to which a majority has the log, as members on this host know it, or else those of other hosts tell.
fn commit_position(found: &DeploymentFile, cluster: &ClusterSpec, sources: &[MemberSpec]) -> Result<i64, Failure> {
    let newest = |status: Status| {
        let is_source = |member: &Member| {
            member.cluster == cluster.id.0 && sources.iter().any(|source| source.id.0 == member.id) && member.has_joined
        };
        status.members.into_iter().filter(is_source).filter_map(|member| member.commit_position).max()
    };
    if let Some(position) = Status::read(std::slice::from_ref(cluster)).ok().and_then(newest) {
        return Ok(position);
    }
    newest(status::read_from_anywhere(found)?).ok_or_else(|| {
        Failure::new(format!("no member of {} that follows or leads can be heard", cluster.name)).hint(
            "`lugus status` shows which members run; without one nobody knows what is committed, which `lugus backup --follow` need not know",
        )
    })
}

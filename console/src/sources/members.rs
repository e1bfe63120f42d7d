//! The members: those on this host by shared memory, the others by what they tell.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_media_driver::living_driver;
use lugus_node::deployment_status::Status;
use lugus_node::gauges::{Gauge, MemberReading};
use lugus_node::status::read_work;
use lugus_node::watch::MemberListener;
use lugus_topology::{ClusterId, ClusterSpec, Deployment, Key, MemberId, MemberSpec};
use lugus_vocabulary::MemberStatus;

use super::pace::{Pace, Stop};
use super::shared::Shared;
use crate::model::{Counted, MemberHere, MembersSeen, Moment, Used};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// A member elsewhere that has told nothing for this long counts as down. Each tells its status ten times a second.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two attempts to listen.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Looks until it is stopped.
pub(super) fn watch(deployment: &Deployment, aeron_dir: &Path, shared: &Arc<Shared>, stop: &Stop) {
    let clusters = deployment.cluster_specs();
    let mut elsewhere = Elsewhere::new(deployment, aeron_dir);
    let mut pace = Pace::new(INTERVAL);
    while pace.next(stop) {
        elsewhere.listen(&clusters);
        let seen = look(&clusters, &elsewhere);
        shared.model().see_members(Moment::now(shared.origin), seen);
    }
}

fn look(clusters: &[ClusterSpec], elsewhere: &Elsewhere) -> MembersSeen {
    let mut seen = MembersSeen { members: Vec::new(), here: Vec::new() };
    for cluster in clusters {
        let heard = |cluster: ClusterId, member: MemberId| elsewhere.status(cluster, member);
        let status = Status::read_or(std::slice::from_ref(cluster), heard).unwrap_or_else(|error| {
            tracing::warn!(%error, "counters can't be read; all members of the cluster count as down");
            Status::unknown(cluster)
        });
        seen.members.extend(status.members);
        seen.here.extend(cluster.members.iter().filter_map(|member| here(cluster, member)));
    }
    seen
}

/// What only the host of a running member knows of it.
fn here(cluster: &ClusterSpec, member: &MemberSpec) -> Option<MemberHere> {
    living_driver(&member.aeron_dir)?;
    let work = read_work(&member.aeron_dir, cluster.id.0).ok()?;
    // Before its service has begun, the file is that of the member's last run.
    let counted = work.commands.and_then(|_| MemberReading::read(&member.gauges_file()).ok());
    let counted = counted.as_ref().map(|reading| counted_of(reading, work.newest_snapshot));
    Some(MemberHere { cluster: cluster.id.0, member: member.id.0, work, counted })
}

fn counted_of(reading: &MemberReading, newest_snapshot: Option<Duration>) -> Counted {
    let used = |used, limit| Used { used: reading.get(used), limit: reading.get(limit) };
    Counted {
        events: reading.get(Gauge::Events),
        orders: used(Gauge::Orders, Gauge::OrdersLimit),
        instruments: used(Gauge::Instruments, Gauge::InstrumentsLimit),
        participants: used(Gauge::Participants, Gauge::ParticipantsLimit),
        engine_time: reading.engine_time(),
        answer_time: reading.answer_time(),
        snapshot: newest_snapshot.map(|stood_still| (reading.get(Gauge::SnapshotBytes), stood_still)),
    }
}

/// Members that have no folder on this host.
struct Elsewhere {
    aeron_dir: PathBuf,
    /// The members' key, if it can be read; inside, `None` means that they share none.
    key: Option<Option<Key>>,
    listener: Option<MemberListener>,
    retry_at: Instant,
}

impl Elsewhere {
    fn new(deployment: &Deployment, aeron_dir: &Path) -> Self {
        let key = deployment.members_key().inspect_err(|error| {
            tracing::warn!(%error, "members on other hosts are not heard, as only the members' key tells who they are");
        });
        Self { aeron_dir: aeron_dir.to_path_buf(), key: key.ok(), listener: None, retry_at: Instant::now() }
    }

    /// Takes what has come; begins to listen when there is a member on another host.
    fn listen(&mut self, clusters: &[ClusterSpec]) {
        if let Some(listener) = &mut self.listener {
            if let Err(error) = listener.poll() {
                tracing::warn!(%error, "members on other hosts are not heard; trying again");
                (self.listener, self.retry_at) = (None, Instant::now() + RETRY_INTERVAL);
            }
            return;
        }
        let Some(key) = self.key.as_ref().filter(|_| Instant::now() >= self.retry_at) else { return };
        let is_elsewhere = |cluster: &&ClusterSpec| cluster.members.iter().any(|member| !member.dir.is_dir());
        let listened: Vec<ClusterSpec> = clusters.iter().filter(is_elsewhere).cloned().collect();
        self.retry_at = Instant::now() + RETRY_INTERVAL;
        if !listened.is_empty() {
            let opened = MemberListener::open(&self.aeron_dir, &listened, key.clone());
            self.listener = opened.inspect_err(|error| tracing::warn!(%error, "members elsewhere are not heard")).ok();
        }
    }

    fn status(&self, cluster: ClusterId, member: MemberId) -> Option<MemberStatus> {
        let heard = self.listener.as_ref()?.heard().iter();
        let mut fresh = heard.filter(|heard| heard.at.elapsed() < PATIENCE).map(|heard| &heard.report);
        fresh.find(|report| (report.cluster, report.member) == (cluster, member)).map(|report| report.status)
    }
}

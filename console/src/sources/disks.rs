//! Disks and snapshots of members that have their folders on this host.

use std::sync::Arc;
use std::time::Duration;

use aeron_archive_files::{CONSENSUS_MODULE, RecordingLog};
use lugus_node::directories;
use lugus_topology::{ClusterSpec, Deployment, MemberSpec};

use super::pace::{Pace, Stop};
use super::shared::Shared;
use crate::model::{DiskOfMember, DisksSeen, Moment, SnapshotMark};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks until it is stopped.
pub(super) fn watch(deployment: &Deployment, shared: &Arc<Shared>, stop: &Stop) {
    let clusters = deployment.cluster_specs();
    let mut pace = Pace::new(INTERVAL);
    while pace.next(stop) {
        let members = clusters.iter().flat_map(|cluster| cluster.members.iter().map(move |member| (cluster, member)));
        let seen = members.filter(|(_, member)| member.dir.is_dir()).map(|(cluster, member)| look(cluster, member));
        let seen = DisksSeen { members: seen.collect() };
        shared.model().see_disks(Moment::now(shared.origin), seen);
    }
}

fn look(cluster: &ClusterSpec, member: &MemberSpec) -> DiskOfMember {
    let used = [&member.archive_dir, &member.cluster_dir].map(|directory| directories::space(directory));
    // The snapshot has all parts: the consensus module's is recorded after those of services.
    let log = RecordingLog::read(&member.cluster_dir).ok();
    let snapshot = log.as_ref().and_then(|log| log.snapshots_of(CONSENSUS_MODULE).next_back());
    DiskOfMember {
        cluster: cluster.id.0,
        member: member.id.0,
        used: used.into_iter().sum(),
        disk: directories::disk(&member.archive_dir),
        snapshot: snapshot
            .map(|snapshot| SnapshotMark { position: snapshot.log_position, at_ms: snapshot.timestamp / 1_000_000 }),
    }
}

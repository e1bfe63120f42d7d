//! What is known of a deployment: observations in, views out, without I/O.
//!
//! | file | what it is |
//! |---|---|
//! | `moment`, `observation` | what goes in: the time, and what the sources see |
//! | `cluster`, `partition_map` | what is known of each cluster, and of the map, and what has changed from one look to the next |
//! | `leadership`, `agreement`, `health` | who leads, and how long nobody did; whether states agree; how a cluster is, all in all |
//! | `window`, `percentiles` | rates and percentiles from counters |
//! | `events`, `history` | what has happened; the curves and their marks |
//! | `view` | what comes out, for the page and the terminal |

mod agreement;
mod cluster;
mod events;
mod health;
mod history;
mod leadership;
mod moment;
mod observation;
mod partition_map;
mod percentiles;
mod view;
mod window;

use std::sync::Arc;
use std::time::Duration;

use lugus_partition_map::PartitionMap;
use lugus_topology::Deployment;

pub use events::{Event, EventLog, Level, MAXIMUM_EVENTS, Topic};
pub use history::{History, MAXIMUM_MARKS, MAXIMUM_POINTS, Mark, MarkKind, Point};
pub use moment::Moment;
pub use observation::{
    CoordinatorState, Counted, DiskOfMember, DisksSeen, MapSeen, MemberHere, MembersSeen, SnapshotMark, Used,
};
pub use percentiles::Percentiles;
pub use view::{
    Agreement, ClusterView, HealthLevel, HealthView, LimitsView, MapView, MemberView, MoveView, PartitionView,
    RatesView,
};
pub use window::{PERCENTILE_SPAN, RATE_SPAN};

use cluster::ClusterModel;
use partition_map::SeenMap;

/// Time between two points of the curves.
const POINT_INTERVAL: Duration = Duration::from_secs(1);

/// All that is known of a deployment.
#[derive(Debug)]
pub struct Model {
    clusters: Vec<ClusterModel>,
    map: SeenMap,
    events: EventLog,
    point_at: Duration,
    now: Moment,
}

impl Model {
    /// The clusters of a deployment, of which nothing has been seen yet.
    pub fn new(deployment: &Deployment, now: Moment) -> Self {
        let interval = deployment.retention.snapshot_interval;
        let clusters = deployment.cluster_specs();
        let clusters = clusters.iter().map(|spec| ClusterModel::new(spec.id.0, &spec.name, interval)).collect();
        Self { clusters, map: SeenMap::default(), events: EventLog::default(), point_at: now.elapsed, now }
    }

    /// Takes the members of all clusters as they are now.
    pub fn see_members(&mut self, now: Moment, seen: MembersSeen) {
        self.now = now;
        let MembersSeen { mut members, mut here } = seen;
        for cluster in &mut self.clusters {
            let id = cluster.id();
            let of_cluster = members.extract_if(.., |member| member.cluster == id).collect();
            let here = here.extract_if(.., |here| here.cluster == id).collect();
            cluster.see(now, of_cluster, here, &mut self.events);
        }
        if now.elapsed >= self.point_at {
            self.clusters.iter_mut().for_each(|cluster| cluster.add_point(now));
            // Not later and later, and not several at once after a pause.
            self.point_at = (self.point_at + POINT_INTERVAL).max(now.elapsed);
        }
    }

    /// Takes disks and snapshots of members on this host.
    pub fn see_disks(&mut self, now: Moment, seen: DisksSeen) {
        let mut disks = seen.members;
        for cluster in &mut self.clusters {
            let id = cluster.id();
            let of_cluster = disks.extract_if(.., |disk| disk.cluster == id).collect();
            cluster.see_disks(now, of_cluster, &mut self.events);
        }
    }

    /// Takes the partition map.
    pub fn see_map(&mut self, now: Moment, seen: MapSeen) {
        self.map.see(now, seen, &mut self.events);
    }

    /// When the members were looked at last.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The clusters as they are shown.
    pub fn clusters(&self) -> Vec<ClusterView> {
        self.clusters.iter().map(|cluster| cluster.view(self.now)).collect()
    }

    /// The map as it is shown.
    pub fn map_view(&self) -> MapView {
        self.map.view()
    }

    /// The map itself.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.map.map()
    }

    /// The events.
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// Curves and marks of a cluster.
    pub fn history(&self, cluster: i32) -> Option<&History> {
        self.clusters.iter().find(|known| known.id() == cluster).map(ClusterModel::history)
    }

    /// Curves and marks of each cluster, with the cluster's number.
    pub fn histories(&self) -> impl Iterator<Item = (i32, &History)> {
        self.clusters.iter().map(|cluster| (cluster.id(), cluster.history()))
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;

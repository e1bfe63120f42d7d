//! The partition map: the coordinator's recorded stream, or that of `cluster.toml`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lugus_client::FixedMap;
use lugus_partition_map::{Connection, MapContext, MapSubscription, RecordedMap};
use lugus_topology::Deployment;

use super::pace::{Pace, Stop};
use super::shared::Shared;
use crate::model::{CoordinatorState, MapSeen, Moment};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Looks until it is stopped.
pub(super) fn watch(deployment: &Deployment, aeron_dir: &Path, shared: &Arc<Shared>, stop: &Stop) {
    if deployment.coordinator.is_none() {
        let map = FixedMap::of(deployment).poll().ok().flatten();
        return see(shared, MapSeen { coordinator: CoordinatorState::None, map });
    }
    let mut subscription = RecordedMap::new(MapContext::new(deployment, aeron_dir.to_path_buf()));
    let mut last = None;
    let mut pace = Pace::new(INTERVAL);
    while pace.next(stop) {
        if let Err(error) = subscription.poll() {
            tracing::debug!(%error, "the partition map");
        }
        let coordinator = match subscription.connection() {
            Connection::Away => CoordinatorState::Away,
            Connection::Replaying => CoordinatorState::Replaying,
            Connection::Live => CoordinatorState::Live,
        };
        let epoch = subscription.newest().map(|map| map.epoch);
        if last != Some((coordinator, epoch)) {
            last = Some((coordinator, epoch));
            see(shared, MapSeen { coordinator, map: subscription.newest().cloned() });
        }
    }
}

fn see(shared: &Shared, seen: MapSeen) {
    shared.model().see_map(Moment::now(shared.origin), seen);
}

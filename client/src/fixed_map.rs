//! The partition map of a deployment without a coordinator.

use std::sync::Arc;

use lugus_partition_map::{ClusterEntry, DeploymentId, MapEpoch, MapError, MapSubscription, Partition, PartitionMap};
use lugus_topology::Deployment;

/// The map that a deployment's `cluster.toml` describes: it never changes, and no coordinator is needed.
#[derive(Debug)]
pub struct FixedMap(Option<Arc<PartitionMap>>);

impl FixedMap {
    /// The clusters and instruments of a deployment.
    pub fn of(deployment: &Deployment) -> Self {
        let mut clusters: Vec<ClusterEntry> = deployment.cluster_specs().iter().map(ClusterEntry::from).collect();
        clusters.sort_by_key(|cluster| cluster.id);
        let mut partitions: Vec<Partition> = deployment.instruments.iter().cloned().map(Partition::new).collect();
        partitions.sort_by_key(|partition| partition.instrument.id);
        let mut map = PartitionMap::empty(DeploymentId(0));
        map.epoch = MapEpoch(0);
        map.clusters = clusters;
        map.partitions = partitions;
        Self(Some(Arc::new(map)))
    }
}

impl MapSubscription for FixedMap {
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError> {
        Ok(self.0.take())
    }
}

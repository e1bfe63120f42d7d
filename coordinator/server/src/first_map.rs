//! The map of a new deployment: its identity, and the clusters and instruments of its `cluster.toml`.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use lugus_partition_map::{ClusterEntry, DeploymentId, MapEpoch, MapRefusal, MapRequest, PartitionMap};
use lugus_topology::Deployment;

use crate::registry::apply;

/// Makes the map of epoch 1.
///
/// # Errors
/// [`MapRefusal`]: the deployment has something that a map cannot hold, such as too many clusters or a host of more than
/// 64 bytes.
pub(crate) fn first_map(deployment: &Deployment, identity: DeploymentId) -> Result<PartitionMap, MapRefusal> {
    let clusters = deployment.cluster_specs();
    let clusters = clusters.iter().map(|cluster| MapRequest::AddCluster(ClusterEntry::from(cluster)));
    let instruments = deployment.instruments.iter().cloned().map(MapRequest::AddInstrument);
    let mut map = PartitionMap::empty(identity);
    for request in clusters.chain(instruments) {
        if let Some(next) = apply(&map, &request, None)?.map {
            map = next;
        }
    }
    map.epoch = MapEpoch(1);
    Ok(map)
}

/// A new random identity, 64 bits long, so that two deployments practically never have the same.
pub(crate) fn new_identity() -> DeploymentId {
    let mut bytes = [0; 8];
    match File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)) {
        Ok(()) => DeploymentId(u64::from_le_bytes(bytes)),
        // The operating system seeds `RandomState`, too.
        Err(_) => DeploymentId(RandomState::new().hash_one(std::process::id())),
    }
}

#[cfg(test)]
mod tests {
    use lugus_partition_map::{check_map, ingress_channel, ingress_endpoints};
    use lugus_vocabulary::{ClusterId, InstrumentId};

    use super::*;

    #[test]
    fn the_first_map_has_the_deployments_clusters_and_instruments() {
        let map = first_map(&Deployment::default_local(3, 20_100), DeploymentId(7)).expect("good");
        check_map(&map).expect("valid");
        assert_eq!((map.epoch, map.deployment), (MapEpoch(1), DeploymentId(7)));
        assert_eq!(ingress_endpoints(&map.clusters[0])[2], (2, "127.0.0.1:20120".to_owned()));
        assert_eq!(ingress_channel(&map.clusters[0]), "aeron:udp?term-length=4194304");
        assert_eq!(map.owner_of(InstrumentId(2)).map(|cluster| cluster.id), Some(ClusterId(0)));
    }

    #[test]
    fn identities_differ() {
        assert_ne!(new_identity(), new_identity());
    }
}

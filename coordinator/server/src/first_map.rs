//! The map of a new deployment: its identity, and the clusters and instruments of its `cluster.toml`.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use lugus_partition_map::{ClusterEntry, DeploymentId, Epoch, PartitionMap, Refusal, Request};
use lugus_topology::Deployment;

use crate::registry::apply;

/// Makes the map of epoch 1.
///
/// # Errors
/// The deployment has more than a map holds, or what it can't hold, such as a host of more than 64 bytes.
pub(crate) fn first_map(deployment: &Deployment, identity: DeploymentId) -> Result<PartitionMap, Refusal> {
    let clusters = deployment.cluster_specs();
    let clusters = clusters.iter().map(|cluster| Request::AddCluster(ClusterEntry::from(cluster)));
    let instruments = deployment.instruments.iter().cloned().map(Request::AddInstrument);
    let mut map = PartitionMap::empty(identity);
    for request in clusters.chain(instruments) {
        if let Some(next) = apply(&map, &request, None)?.map {
            map = next;
        }
    }
    map.epoch = Epoch(1);
    Ok(map)
}

/// A number that no other deployment has.
pub(crate) fn new_identity() -> DeploymentId {
    let mut bytes = [0; 8];
    match File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)) {
        Ok(()) => DeploymentId(u64::from_le_bytes(bytes)),
        // Seeded by the system too.
        Err(_) => DeploymentId(RandomState::new().hash_one(std::process::id())),
    }
}

#[cfg(test)]
mod tests {
    use lugus_topology::ClusterId;

    use super::*;

    #[test]
    fn a_deployments_clusters_and_instruments_are_in_its_first_map() {
        let map = first_map(&Deployment::default_local(3, 20_100), DeploymentId(7)).expect("good");
        map.check().expect("sound");
        assert_eq!((map.epoch, map.deployment), (Epoch(1), DeploymentId(7)));
        assert_eq!(map.clusters[0].ingress_endpoints()[2], (2, "127.0.0.1:20120".to_owned()));
        assert_eq!(map.clusters[0].ingress_channel(), "aeron:udp?term-length=4194304");
        assert_eq!(map.owner_of(2).map(|cluster| cluster.id), Some(ClusterId(0)));
    }

    #[test]
    fn identities_differ() {
        assert_ne!(new_identity(), new_identity());
    }
}

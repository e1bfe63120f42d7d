//! The deployments that `lugus up` makes on one machine.

use lugus_topology::{Cluster, ClusterId, Deployment, LOCAL_PORT_STEP, Member, MemberId};
use lugus_vocabulary::{InstrumentId, InstrumentSpecification};

use crate::arguments::Members;

/// Number of members of cluster A, after whose ports those of cluster B begin.
const FIRST_CLUSTER: Members = Members::Three;

/// One cluster alone with this number of members; without a number, two clusters with a coordinator.
pub fn deployment(members: Option<Members>, base_port: u16) -> Deployment {
    match members {
        Some(members) => one_cluster(members, base_port),
        None => two_clusters(base_port),
    }
}

/// One cluster alone, trading BTC/USDT and ETH/USDT.
fn one_cluster(members: Members, base_port: u16) -> Deployment {
    let mut deployment = Deployment::default_local(members.count(), base_port);
    deployment.coordinator = None;
    deployment
}

/// Cluster A with three members, trading BTC/USDT and ETH/USDT; cluster B with one member, trading SOL/USDT; and the
/// coordinator.
pub fn two_clusters(base_port: u16) -> Deployment {
    let mut deployment = Deployment::default_local(FIRST_CLUSTER.count(), base_port);
    for cluster in &mut deployment.clusters {
        cluster.name = Some(String::from("A"));
    }
    let port = base_port.saturating_add(FIRST_CLUSTER.count() * LOCAL_PORT_STEP);
    let id = ClusterId(1);
    deployment.clusters.push(Cluster {
        id,
        name: Some(String::from("B")),
        members: vec![Member::local(MemberId(0), port)],
    });
    deployment.instruments.push(InstrumentSpecification {
        cluster: id,
        ..InstrumentSpecification::spot(InstrumentId(3), "SOL/USDT", 2, 3)
    });
    deployment
}

#[cfg(test)]
mod tests {
    use lugus_topology::DEFAULT_BASE_PORT;

    use super::*;

    #[test]
    fn the_local_deployments_are_valid() {
        for deployment in [
            one_cluster(Members::One, DEFAULT_BASE_PORT),
            one_cluster(Members::Three, DEFAULT_BASE_PORT),
            two_clusters(DEFAULT_BASE_PORT),
        ] {
            deployment.validate().expect("sound");
        }
        let two = two_clusters(DEFAULT_BASE_PORT);
        let traded: Vec<usize> = two.clusters.iter().map(|cluster| two.instruments_of(cluster.id).count()).collect();
        assert_eq!((traded, two.coordinator.is_some()), (vec![2, 1], true));
    }
}

//! The invariants of a map. The coordinator keeps them, and every reader of a map checks them.

use std::collections::{HashMap, HashSet};

use lugus_topology::{DeploymentError, MAXIMUM_CLUSTER_ID, check_specification};
use lugus_vocabulary::partition_map::{
    MAXIMUM_CLUSTERS, MAXIMUM_HOST_LENGTH, MAXIMUM_MEMBERS, MAXIMUM_NAME_LENGTH, MAXIMUM_PARTITIONS,
};
use lugus_vocabulary::{
    ClusterEntry, ClusterId, Endpoint, InstrumentId, InstrumentSpecification, MapEpoch, Migration, MigrationPhase,
    Partition, PartitionMap,
};
use thiserror::Error;

/// Lengths that a term of an Aeron buffer may have, in bytes.
const TERM_LENGTHS: std::ops::RangeInclusive<u32> = 65_536..=1_073_741_824;

/// Why a map is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidMap {
    /// A list has too many entries.
    #[error("{count} {what}, more than {maximum}")]
    TooMany {
        /// What the list has.
        what: &'static str,
        /// Number of entries.
        count: usize,
        /// Maximum number of entries.
        maximum: usize,
    },
    /// Entries of a list are not in the order of their numbers, or two have the same number.
    #[error("the {0} are not in the order of their numbers")]
    Order(&'static str),
    /// A cluster is not usable by clients.
    #[error("cluster {cluster}: {reason}")]
    Cluster {
        /// The cluster.
        cluster: ClusterId,
        /// What is wrong with the cluster.
        reason: &'static str,
    },
    /// Two members have the same endpoint.
    #[error("{endpoint} is an endpoint of cluster {first} and of cluster {second}")]
    EndpointTwice {
        /// The endpoint.
        endpoint: Endpoint,
        /// Cluster of one of the members.
        first: ClusterId,
        /// Cluster of the other member; it may be the same.
        second: ClusterId,
    },
    /// An instrument is not valid for an engine.
    #[error("instrument {instrument}: {reason}")]
    Instrument {
        /// The instrument.
        instrument: InstrumentId,
        /// What is wrong with the instrument.
        reason: String,
    },
    /// An instrument belongs to a cluster that the map does not have.
    #[error("instrument {instrument} belongs to cluster {cluster}, which is not in the map")]
    UnknownCluster {
        /// The instrument.
        instrument: InstrumentId,
        /// The missing cluster.
        cluster: ClusterId,
    },
    /// Two instruments have the same pair and type.
    #[error("instruments {first} and {second} have the same pair and type")]
    PairTwice {
        /// One instrument.
        first: InstrumentId,
        /// The other instrument.
        second: InstrumentId,
    },
    /// A migration contradicts the map.
    #[error("the migration of instrument {instrument} contradicts its owner or its epoch")]
    Migration {
        /// The instrument.
        instrument: InstrumentId,
    },
}

/// Checks that each list is sorted and within its limit, that each cluster and instrument is valid, that each pair is
/// owned by one cluster of the map, and that each migration matches the owner.
///
/// # Errors
/// [`InvalidMap`]: the first violation found.
pub fn check_map(map: &PartitionMap) -> Result<(), InvalidMap> {
    at_most("clusters", map.clusters.len(), MAXIMUM_CLUSTERS)?;
    in_order("clusters", &map.clusters, |cluster| cluster.id)?;
    map.clusters.iter().try_for_each(check_cluster)?;
    check_endpoints(map)?;
    at_most("instruments", map.partitions.len(), MAXIMUM_PARTITIONS)?;
    in_order("instruments", &map.partitions, |partition| partition.instrument.id)?;
    let mut pairs = HashMap::new();
    for partition in &map.partitions {
        check_partition(map, partition)?;
        let InstrumentSpecification { id, symbol, instrument_type, .. } = &partition.instrument;
        if let Some(first) = pairs.insert((symbol, instrument_type), *id) {
            return Err(InvalidMap::PairTwice { first, second: *id });
        }
    }
    Ok(())
}

fn check_endpoints(map: &PartitionMap) -> Result<(), InvalidMap> {
    let mut taken = HashMap::new();
    for cluster in &map.clusters {
        for member in &cluster.members {
            if let Some(first) = taken.insert(&member.ingress, cluster.id) {
                let endpoint = member.ingress.clone();
                return Err(InvalidMap::EndpointTwice { endpoint, first, second: cluster.id });
            }
        }
    }
    Ok(())
}

fn check_partition(map: &PartitionMap, partition: &Partition) -> Result<(), InvalidMap> {
    let instrument = partition.instrument.id;
    let fault = |error: DeploymentError| InvalidMap::Instrument { instrument, reason: error.to_string() };
    check_specification(&partition.instrument).map_err(fault)?;
    let migration = partition.migration.iter().flat_map(|migration| [migration.from, migration.to]);
    for cluster in [partition.owner()].into_iter().chain(migration) {
        if map.cluster(cluster).is_none() {
            return Err(InvalidMap::UnknownCluster { instrument, cluster });
        }
    }
    let fits = partition.migration.is_none_or(|migration| fits(&migration, partition.owner(), map.epoch));
    let has_ended = partition.ended_migration.is_none_or(|ended| (1..map.epoch.0).contains(&ended.id.0));
    if fits && has_ended { Ok(()) } else { Err(InvalidMap::Migration { instrument }) }
}

/// Whether a migration matches the owner of its instrument and the epoch of the map.
fn fits(migration: &Migration, owner: ClusterId, epoch: MapEpoch) -> bool {
    let keeper = match migration.phase {
        MigrationPhase::Begun | MigrationPhase::Undoing => migration.from,
        MigrationPhase::Committed => migration.to,
    };
    owner == keeper && migration.from != migration.to && (1..=epoch.0).contains(&migration.id.0)
}

/// Checks that a cluster's entry is complete, so that a client can connect to it.
///
/// # Errors
/// [`InvalidMap`]: the first violation found.
pub fn check_cluster(cluster: &ClusterEntry) -> Result<(), InvalidMap> {
    let members = &cluster.members;
    let reason = match cluster {
        _ if !(0..=MAXIMUM_CLUSTER_ID).contains(&cluster.id.0) => "its number is out of range",
        _ if cluster.name.is_empty() || cluster.name.len() > MAXIMUM_NAME_LENGTH => "its name must have 1 to 32 bytes",
        _ if cluster.name.chars().any(char::is_control) => "its name has a control character",
        _ if cluster.ingress_stream < 1 => "its ingress stream must be positive",
        _ if !has_good_term_length(cluster) => "its term length must be a power of two from 64 KiB to 1 GiB",
        _ if !(1..=MAXIMUM_MEMBERS).contains(&members.len()) => "it must have 1 to 9 members",
        _ if in_order("members", members, |member| member.id).is_err() => {
            "its members are not in the order of their numbers"
        }
        _ if !members.iter().all(|member| (0..=i32::from(i16::MAX)).contains(&member.id.0)) => {
            "a member's number is out of range"
        }
        _ if !members.iter().all(|member| is_usable(&member.ingress)) => {
            "a member's endpoint is invalid, or its host has more than 64 bytes"
        }
        _ => return check_own_endpoints(cluster),
    };
    Err(InvalidMap::Cluster { cluster: cluster.id, reason })
}

fn has_good_term_length(cluster: &ClusterEntry) -> bool {
    cluster.ingress_term_length.is_power_of_two() && TERM_LENGTHS.contains(&cluster.ingress_term_length)
}

fn check_own_endpoints(cluster: &ClusterEntry) -> Result<(), InvalidMap> {
    let mut taken = HashSet::new();
    match cluster.members.iter().find(|member| !taken.insert(&member.ingress)) {
        Some(member) => {
            let endpoint = member.ingress.clone();
            Err(InvalidMap::EndpointTwice { endpoint, first: cluster.id, second: cluster.id })
        }
        None => Ok(()),
    }
}

fn is_usable(endpoint: &Endpoint) -> bool {
    endpoint.is_sound() && endpoint.host.len() <= MAXIMUM_HOST_LENGTH
}

fn at_most(what: &'static str, count: usize, maximum: usize) -> Result<(), InvalidMap> {
    if count <= maximum { Ok(()) } else { Err(InvalidMap::TooMany { what, count, maximum }) }
}

fn in_order<T, K: Ord>(what: &'static str, entries: &[T], key: impl Fn(&T) -> K) -> Result<(), InvalidMap> {
    if entries.is_sorted_by(|one, next| key(one) < key(next)) { Ok(()) } else { Err(InvalidMap::Order(what)) }
}

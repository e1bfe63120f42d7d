//! What must hold in a map. The registry keeps it, and whoever reads a map checks it.

use std::collections::{HashMap, HashSet};

use lugus_topology::{ClusterId, Endpoint, Instrument, MAXIMUM_CLUSTER_ID};
use thiserror::Error;

use crate::{
    ClusterEntry, Epoch, MAXIMUM_CLUSTERS, MAXIMUM_HOST_LENGTH, MAXIMUM_MEMBERS, MAXIMUM_NAME_LENGTH,
    MAXIMUM_PARTITIONS, Migration, Partition, PartitionMap, Phase,
};

/// Shortest and longest term of an Aeron buffer, in bytes.
const TERM_LENGTHS: std::ops::RangeInclusive<u32> = 65_536..=1_073_741_824;

/// Why this is no map.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsound {
    /// More entries than can be.
    #[error("{count} {what}, more than {maximum}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// Most of them.
        maximum: usize,
    },
    /// Entries are not in the order of their numbers, or one is there twice.
    #[error("the {0} are not in the order of their numbers")]
    Order(&'static str),
    /// A cluster that no client could use.
    #[error("cluster {cluster}: {reason}")]
    Cluster {
        /// Its number.
        cluster: ClusterId,
        /// What is wrong.
        reason: &'static str,
    },
    /// An endpoint of two members.
    #[error("{endpoint} is an endpoint of cluster {first} and of cluster {second}")]
    EndpointTwice {
        /// The endpoint.
        endpoint: Endpoint,
        /// One cluster.
        first: ClusterId,
        /// The other, or the same.
        second: ClusterId,
    },
    /// An instrument that no engine would take.
    #[error("instrument {instrument}: {reason}")]
    Instrument {
        /// Its number.
        instrument: u32,
        /// What is wrong.
        reason: String,
    },
    /// An instrument of a cluster that is not there.
    #[error("instrument {instrument} is of cluster {cluster}, which is not in the map")]
    UnknownCluster {
        /// The instrument.
        instrument: u32,
        /// The missing cluster.
        cluster: ClusterId,
    },
    /// A pair that two instruments have.
    #[error("instruments {first} and {second} are the same pair and type")]
    PairTwice {
        /// One instrument.
        first: u32,
        /// The other.
        second: u32,
    },
    /// A migration that contradicts the map.
    #[error("the migration of instrument {instrument} contradicts its owner or its epoch")]
    Migration {
        /// The instrument.
        instrument: u32,
    },
}

impl PartitionMap {
    /// Checks that each list is in order and within its limit, each cluster and instrument usable, each pair owned by one
    /// cluster of the map, and each migration in keeping with the owner.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<(), Unsound> {
        at_most("clusters", self.clusters.len(), MAXIMUM_CLUSTERS)?;
        in_order("clusters", &self.clusters, |cluster| cluster.id)?;
        self.clusters.iter().try_for_each(ClusterEntry::check)?;
        self.check_endpoints()?;
        at_most("instruments", self.partitions.len(), MAXIMUM_PARTITIONS)?;
        in_order("instruments", &self.partitions, |partition| partition.instrument.id)?;
        let mut pairs = HashMap::new();
        for partition in &self.partitions {
            self.check_partition(partition)?;
            let Instrument { id, symbol, instrument_type, .. } = &partition.instrument;
            if let Some(first) = pairs.insert((symbol, instrument_type), *id) {
                return Err(Unsound::PairTwice { first, second: *id });
            }
        }
        Ok(())
    }

    fn check_endpoints(&self) -> Result<(), Unsound> {
        let mut taken = HashMap::new();
        for cluster in &self.clusters {
            for member in &cluster.members {
                if let Some(first) = taken.insert(&member.ingress, cluster.id) {
                    let endpoint = member.ingress.clone();
                    return Err(Unsound::EndpointTwice { endpoint, first, second: cluster.id });
                }
            }
        }
        Ok(())
    }

    fn check_partition(&self, partition: &Partition) -> Result<(), Unsound> {
        let instrument = partition.instrument.id;
        let fault =
            |error: lugus_topology::DeploymentError| Unsound::Instrument { instrument, reason: error.to_string() };
        partition.instrument.check().map_err(fault)?;
        let migration = partition.migration.iter().flat_map(|migration| [migration.from, migration.to]);
        for cluster in [partition.owner()].into_iter().chain(migration) {
            if self.cluster(cluster).is_none() {
                return Err(Unsound::UnknownCluster { instrument, cluster });
            }
        }
        let fits = partition.migration.is_none_or(|migration| migration.fits(partition.owner(), self.epoch));
        let has_ended = partition.ended_migration.is_none_or(|ended| (1..self.epoch.0).contains(&ended.id.0));
        if fits && has_ended { Ok(()) } else { Err(Unsound::Migration { instrument }) }
    }
}

impl Migration {
    fn fits(&self, owner: ClusterId, epoch: Epoch) -> bool {
        let keeper = match self.phase {
            Phase::Begun | Phase::Undoing => self.from,
            Phase::Committed => self.to,
        };
        owner == keeper && self.from != self.to && (1..=epoch.0).contains(&self.id.0)
    }
}

impl ClusterEntry {
    /// Checks that a client can connect with it.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<(), Unsound> {
        let fault = |reason| Unsound::Cluster { cluster: self.id, reason };
        let members_in_order = in_order("members", &self.members, |member| member.id).is_ok();
        let reason = match self {
            _ if !(0..=MAXIMUM_CLUSTER_ID).contains(&self.id.0) => "its number is out of range",
            _ if self.name.is_empty() || self.name.len() > MAXIMUM_NAME_LENGTH => "its name has not 1 to 32 bytes",
            _ if self.name.chars().any(char::is_control) => "its name has a control character",
            _ if self.ingress_stream < 1 => "its ingress stream is not positive",
            _ if !self.has_good_term_length() => "its term length is no power of two from 64 KiB to 1 GiB",
            _ if !(1..=MAXIMUM_MEMBERS).contains(&self.members.len()) => "it has not 1 to 9 members",
            _ if !members_in_order => "its members are not in the order of their numbers",
            _ if !self.members.iter().all(|member| (0..=i32::from(i16::MAX)).contains(&member.id.0)) => {
                "a member's number is out of range"
            }
            _ if !self.members.iter().all(|member| is_usable(&member.ingress)) => {
                "a member's endpoint is none, or its host has more than 64 bytes"
            }
            _ => return self.check_own_endpoints(),
        };
        Err(fault(reason))
    }

    fn has_good_term_length(&self) -> bool {
        self.ingress_term_length.is_power_of_two() && TERM_LENGTHS.contains(&self.ingress_term_length)
    }

    fn check_own_endpoints(&self) -> Result<(), Unsound> {
        let mut taken = HashSet::new();
        match self.members.iter().find(|member| !taken.insert(&member.ingress)) {
            Some(member) => {
                let endpoint = member.ingress.clone();
                Err(Unsound::EndpointTwice { endpoint, first: self.id, second: self.id })
            }
            None => Ok(()),
        }
    }
}

fn is_usable(endpoint: &Endpoint) -> bool {
    endpoint.is_sound() && endpoint.host.len() <= MAXIMUM_HOST_LENGTH
}

fn at_most(what: &'static str, count: usize, maximum: usize) -> Result<(), Unsound> {
    if count <= maximum { Ok(()) } else { Err(Unsound::TooMany { what, count, maximum }) }
}

fn in_order<T, K: Ord>(what: &'static str, entries: &[T], key: impl Fn(&T) -> K) -> Result<(), Unsound> {
    if entries.is_sorted_by(|one, next| key(one) < key(next)) { Ok(()) } else { Err(Unsound::Order(what)) }
}

//! Why a session is not open, as a text for a person.

use std::fmt;
use std::time::Duration;

use aeron_cluster_client::ConnectProblem;
use lugus_partition_map::MapError;
use lugus_topology::ClusterId;

/// Why a session is not open: what is missing, where, and what to do. Its text is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// No partition map has come, so it is not known which clusters there are.
    NoMap {
        /// Where the map is expected from.
        source: String,
        /// How long the session has waited for the map.
        waited: Duration,
        /// Last error of the subscription to the map, if there was one.
        reason: Option<MapError>,
    },
    /// A cluster session is not open.
    Cluster {
        /// The cluster; `None` for a session with one cluster, which is known by its address only.
        cluster: Option<ClusterId>,
        /// Why the session could not be opened at the last attempt.
        problem: ConnectProblem,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMap { source, waited, reason } => {
                write!(formatter, "no partition map has come from {source} for {:.1} s", waited.as_secs_f64())?;
                if let Some(reason) = reason {
                    write!(formatter, " ({reason})")?;
                }
                write!(
                    formatter,
                    ": start the coordinator (`lugus coordinator`, or `lugus up` for all of a deployment), check its \
                     address in cluster.toml, or trade without a coordinator (FixedMap)"
                )
            }
            Self::Cluster { cluster: Some(cluster), problem } => write!(formatter, "cluster {cluster}: {problem}"),
            Self::Cluster { cluster: None, problem } => problem.fmt(formatter),
        }
    }
}

//! The partition map, which says which cluster trades which instrument: everything that a client of the coordinator needs.
//!
//! The types are those of [`lugus_vocabulary::partition_map`] and [`lugus_vocabulary::map_request`], and
//! [`lugus_codecs::partition_map`] encodes them.
//!
//! | file | idea |
//! |---|---|
//! | `map_check` | the invariants of a map: [`check_map`] |
//! | `map_record` | a record of the coordinator's stream, decoded and checked: [`read_map`] |
//! | `ingress` | channel and endpoints by which a client connects to a cluster of the map |
//! | `subscription` | [`MapSubscription`]: a source of maps; [`MapFeed`]: accepts or refuses each map |
//! | `recorded_map` | [`RecordedMap`]: the coordinator's stream, replayed and then live, as a [`MapSubscription`] |
//! | `coordinator_client` | [`CoordinatorClient`]: sends requests and receives their answers |
//! | `request_proof` | the proof by which the operator's requests are known |

mod coordinator_client;
mod ingress;
mod map_check;
mod map_record;
mod recorded_map;
mod request_proof;
mod subscription;

pub use coordinator_client::{CoordinatorClient, RequestError};
pub use ingress::{ingress_channel, ingress_endpoints};
pub use lugus_codecs::partition_map::{MAXIMUM_MAP_LENGTH, digest_of_map, encode_map};
pub use lugus_vocabulary::partition_map::{MAXIMUM_CLUSTERS, MAXIMUM_PARTITIONS};
pub use lugus_vocabulary::{
    AcceptedRequest, ClusterEntry, DeploymentId, EndedMigration, MapAnswer, MapDigest, MapEpoch, MapRefusal,
    MapRequest, MapRequestHeader, MemberEntry, Migration, MigrationEnding, MigrationId, MigrationPhase, Partition,
    PartitionMap,
};
pub use map_check::{InvalidMap, check_cluster, check_map};
pub use map_record::{MapRecordError, read_map};
pub use recorded_map::{Connection, MAP_RECORDING, MapContext, RecordedMap};
pub use request_proof::{is_request_proven, prove_request};
pub use subscription::{MapError, MapFeed, MapSubscription};

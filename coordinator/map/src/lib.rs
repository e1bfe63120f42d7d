//! Which cluster trades which instrument: all that a client of the coordinator needs.
//!
//! The values are the vocabulary's ([`lugus_vocabulary::partition_map`], [`lugus_vocabulary::map_request`]), their bytes
//! are [`lugus_codecs::partition_map`]'s.
//!
//! | file | idea |
//! |---|---|
//! | `map_check` | what must hold in a map: [`check_map`] |
//! | `map_record` | a record of the coordinator's stream, decoded and checked: [`read_map`] |
//! | `ingress` | how a cluster of the map is connected to |
//! | `subscription` | [`MapSubscription`]: where a client gets maps from; [`MapFeed`]: which of them it takes |
//! | `recorded_map` | [`RecordedMap`]: the coordinator's stream, replayed and then live, as a [`MapSubscription`] |
//! | `coordinator_client` | [`CoordinatorClient`]: makes requests and gets their answers |

mod coordinator_client;
mod ingress;
mod map_check;
mod map_record;
mod recorded_map;
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
pub use subscription::{MapError, MapFeed, MapSubscription};

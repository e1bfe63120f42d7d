//! Which cluster trades which instrument: all that a client needs of the coordinator.
//!
//! | file | idea |
//! |---|---|
//! | `partition_map` | [`PartitionMap`] and its parts, as values |
//! | `soundness` | what must hold in a map: [`PartitionMap::check`] |
//! | `request` | [`Request`], [`Refusal`], [`Answer`]: how a map is changed |
//! | `subscription` | [`MapSubscription`]: where a client gets maps from; [`MapFeed`]: which of them it takes |
//! | `recorded_map` | [`RecordedMap`]: the coordinator's stream, replayed and then live, as a [`MapSubscription`] |
//! | `coordinator_client` | [`CoordinatorClient`]: makes requests and gets their answers |
//! | `wire` | SBE (`schemas/partition-map.xml`): the only place that encodes or decodes them; the digest |

mod coordinator_client;
mod partition_map;
mod recorded_map;
mod request;
mod soundness;
mod subscription;
mod wire;

pub use coordinator_client::{CoordinatorClient, RequestError};
pub use partition_map::{
    ClusterEntry, DeploymentId, Digest, EndedMigration, Epoch, MAXIMUM_CLUSTERS, MAXIMUM_HOST_LENGTH, MAXIMUM_MEMBERS,
    MAXIMUM_NAME_LENGTH, MAXIMUM_PARTITIONS, MemberEntry, Migration, MigrationId, Outcome, Partition, PartitionMap,
    Phase,
};
pub use recorded_map::{Connection, MAP_RECORDING, MapContext, RecordedMap};
pub use request::{Accepted, Answer, Refusal, Request, RequestHeader};
pub use soundness::Unsound;
pub use subscription::{MapError, MapFeed, MapSubscription};
pub use wire::{
    ANSWER_LENGTH, MAXIMUM_MAP_LENGTH, MAXIMUM_REQUEST_LENGTH, MAXIMUM_RESPONSE_CHANNEL_LENGTH, WireError,
    decode_answer, decode_request, encode_answer, encode_request,
};

//! The coordinator's answers.

use lugus_codecs::partition_map::answer_codec;
use lugus_codecs::partition_map::refusal_reason::RefusalReason as Reason;
use lugus_codecs::{Envelope, HEADER_LENGTH, block, message};
use lugus_topology::ClusterId;

use super::WireError;
use crate::{Accepted, Answer, DeploymentId, Digest, Epoch, MigrationId, Refusal};

/// Length of an answer, in bytes.
pub const ANSWER_LENGTH: usize = HEADER_LENGTH + answer_codec::SBE_BLOCK_LENGTH as usize;

/// What a refusal says besides its reason.
#[derive(Default)]
struct Details {
    cluster: i32,
    instrument: u32,
    first: u64,
    second: u64,
}

/// An answer's bytes.
pub fn encode_answer(answer: &Answer) -> [u8; ANSWER_LENGTH] {
    let mut buffer = [0; ANSWER_LENGTH];
    let _length;
    let mut wire = message!(&mut buffer, partition_map, answer_codec, AnswerEncoder, _length);
    wire.correlation_id(answer.correlation_id).deployment_id(answer.deployment.0);
    match answer.outcome {
        Ok(Accepted { epoch, digest, migration }) => {
            let migration = migration.map_or(0, |migration| migration.0);
            wire.epoch(epoch.0).digest(digest.0).migration_id(migration).reason(Reason::ACCEPTED);
        }
        Err(refusal) => {
            let (reason, details) = refusal.to_wire();
            wire.instrument_id(details.instrument).cluster_id(details.cluster);
            wire.number_1(details.first).number_2(details.second).reason(reason);
        }
    }
    buffer
}

/// Reads an answer.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_answer(bytes: &[u8]) -> Result<Answer, WireError> {
    let envelope = Envelope::open(bytes)?;
    let wire = block!(envelope, partition_map, answer_codec, AnswerDecoder);
    let details = Details {
        cluster: wire.cluster_id(),
        instrument: wire.instrument_id(),
        first: wire.number_1(),
        second: wire.number_2(),
    };
    let outcome = match wire.reason() {
        Reason::ACCEPTED => {
            let migration = Some(wire.migration_id()).filter(|migration| *migration != 0).map(MigrationId);
            Ok(Accepted { epoch: Epoch(wire.epoch()), digest: Digest(wire.digest()), migration })
        }
        reason => Err(Refusal::from_wire(reason, &details).ok_or(WireError::Value { field: "reason" })?),
    };
    Ok(Answer { correlation_id: wire.correlation_id(), deployment: DeploymentId(wire.deployment_id()), outcome })
}

impl Refusal {
    fn to_wire(self) -> (Reason, Details) {
        let nothing = Details::default();
        let cluster = |cluster: ClusterId| Details { cluster: cluster.0, ..Details::default() };
        let instrument = |instrument| Details { instrument, ..Details::default() };
        let migration = |instrument, id: MigrationId| Details { instrument, first: id.0, ..Details::default() };
        match self {
            Self::StaleEpoch { expected, current } => {
                (Reason::STALE_EPOCH, Details { first: expected.0, second: current.0, ..nothing })
            }
            Self::UnknownCluster(id) => (Reason::UNKNOWN_CLUSTER, cluster(id)),
            Self::UnknownInstrument(id) => (Reason::UNKNOWN_INSTRUMENT, instrument(id)),
            Self::ClusterExists(id) => (Reason::CLUSTER_EXISTS, cluster(id)),
            Self::InstrumentExists(id) => (Reason::INSTRUMENT_EXISTS, instrument(id)),
            Self::PairOwned { instrument, owner } => {
                (Reason::PAIR_OWNED, Details { instrument, cluster: owner.0, ..nothing })
            }
            Self::ClusterInUse { cluster, instrument } => {
                (Reason::CLUSTER_IN_USE, Details { instrument, cluster: cluster.0, ..nothing })
            }
            Self::EndpointInUse(id) => (Reason::ENDPOINT_IN_USE, cluster(id)),
            Self::Migrating { instrument, to, id } => {
                (Reason::MIGRATING, Details { instrument, cluster: to.0, first: id.0, ..nothing })
            }
            Self::NoMigration(id) => (Reason::NO_MIGRATION, instrument(id)),
            Self::OtherMigration { instrument, asked, current } => {
                (Reason::OTHER_MIGRATION, Details { instrument, first: asked.0, second: current.0, ..nothing })
            }
            Self::NotCommitted { instrument, id } => (Reason::NOT_COMMITTED, migration(instrument, id)),
            Self::AlreadyCommitted { instrument, id } => (Reason::ALREADY_COMMITTED, migration(instrument, id)),
            Self::BeingUndone { instrument, id } => (Reason::BEING_UNDONE, migration(instrument, id)),
            Self::AlreadyOwner { instrument, cluster } => {
                (Reason::ALREADY_OWNER, Details { instrument, cluster: cluster.0, ..nothing })
            }
            Self::InvalidCluster(id) => (Reason::INVALID_CLUSTER, cluster(id)),
            Self::InvalidInstrument(id) => (Reason::INVALID_INSTRUMENT, instrument(id)),
            Self::LimitClusters(limit) => (Reason::LIMIT_CLUSTERS, Details { first: limit, ..nothing }),
            Self::LimitPartitions(limit) => (Reason::LIMIT_PARTITIONS, Details { first: limit, ..nothing }),
            Self::MapTooLong { length, maximum } => {
                (Reason::MAP_TOO_LONG, Details { first: length, second: maximum, ..nothing })
            }
            Self::NotRecorded => (Reason::NOT_RECORDED, nothing),
            Self::Malformed => (Reason::MALFORMED, nothing),
        }
    }

    fn from_wire(reason: Reason, details: &Details) -> Option<Self> {
        let Details { cluster, instrument, first, second } = *details;
        let (cluster, id) = (ClusterId(cluster), MigrationId(first));
        Some(match reason {
            Reason::STALE_EPOCH => Self::StaleEpoch { expected: Epoch(first), current: Epoch(second) },
            Reason::UNKNOWN_CLUSTER => Self::UnknownCluster(cluster),
            Reason::UNKNOWN_INSTRUMENT => Self::UnknownInstrument(instrument),
            Reason::CLUSTER_EXISTS => Self::ClusterExists(cluster),
            Reason::INSTRUMENT_EXISTS => Self::InstrumentExists(instrument),
            Reason::PAIR_OWNED => Self::PairOwned { instrument, owner: cluster },
            Reason::CLUSTER_IN_USE => Self::ClusterInUse { cluster, instrument },
            Reason::ENDPOINT_IN_USE => Self::EndpointInUse(cluster),
            Reason::MIGRATING => Self::Migrating { instrument, to: cluster, id },
            Reason::NO_MIGRATION => Self::NoMigration(instrument),
            Reason::OTHER_MIGRATION => Self::OtherMigration { instrument, asked: id, current: MigrationId(second) },
            Reason::NOT_COMMITTED => Self::NotCommitted { instrument, id },
            Reason::ALREADY_COMMITTED => Self::AlreadyCommitted { instrument, id },
            Reason::BEING_UNDONE => Self::BeingUndone { instrument, id },
            Reason::ALREADY_OWNER => Self::AlreadyOwner { instrument, cluster },
            Reason::INVALID_CLUSTER => Self::InvalidCluster(cluster),
            Reason::INVALID_INSTRUMENT => Self::InvalidInstrument(instrument),
            Reason::LIMIT_CLUSTERS => Self::LimitClusters(first),
            Reason::LIMIT_PARTITIONS => Self::LimitPartitions(first),
            Reason::MAP_TOO_LONG => Self::MapTooLong { length: first, maximum: second },
            Reason::NOT_RECORDED => Self::NotRecorded,
            Reason::MALFORMED => Self::Malformed,
            Reason::ACCEPTED | Reason::NullVal => return None,
        })
    }
}

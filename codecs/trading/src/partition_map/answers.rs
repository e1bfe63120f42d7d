//! The coordinator's answers, to and from bytes.

use lugus_vocabulary::{
    AcceptedRequest, ClusterId, DeploymentId, InstrumentId, MapAnswer, MapDigest, MapEpoch, MapRefusal, MigrationId,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use crate::error::MessageError;
use crate::sbe_partition_map::answer_codec;
use crate::sbe_partition_map::refusal_reason::RefusalReason as Reason;
use crate::{block, message};

/// Length of an answer, in bytes.
pub const ANSWER_LENGTH: usize = HEADER_LENGTH + answer_codec::SBE_BLOCK_LENGTH as usize;

/// What a refusal tells beside its reason. What a reason does not tell is 0.
#[derive(Default)]
struct Details {
    cluster: ClusterId,
    instrument: InstrumentId,
    number_1: u64,
    number_2: u64,
}

/// Encodes an answer.
pub fn encode_map_answer(answer: &MapAnswer) -> [u8; ANSWER_LENGTH] {
    let mut buffer = [0; ANSWER_LENGTH];
    let _length;
    let mut wire = message!(&mut buffer, sbe_partition_map, answer_codec, AnswerEncoder, _length);
    wire.correlation_id(answer.correlation_id).deployment_id(answer.deployment.0);
    match answer.outcome {
        Ok(AcceptedRequest { epoch, digest, migration }) => {
            let migration = migration.map_or(0, |migration| migration.0);
            wire.epoch(epoch.0).digest(digest.0).migration_id(migration).reason(Reason::ACCEPTED);
        }
        Err(refusal) => {
            let (reason, details) = to_wire(refusal);
            wire.instrument_id(details.instrument.0).cluster_id(details.cluster.0);
            wire.number_1(details.number_1).number_2(details.number_2).reason(reason);
        }
    }
    buffer
}

/// Decodes an answer.
///
/// # Errors
/// [`MessageError`], if the message is no answer, is cut off, or has an impossible value.
pub fn decode_map_answer(message: &[u8]) -> Result<MapAnswer, MessageError> {
    let envelope = Envelope::open(message)?;
    let wire = block!(envelope, sbe_partition_map, answer_codec, AnswerDecoder);
    let details = Details {
        cluster: ClusterId(wire.cluster_id()),
        instrument: InstrumentId(wire.instrument_id()),
        number_1: wire.number_1(),
        number_2: wire.number_2(),
    };
    let outcome = match wire.reason() {
        Reason::ACCEPTED => {
            let migration = Some(wire.migration_id()).filter(|migration| *migration != 0).map(MigrationId);
            Ok(AcceptedRequest { epoch: MapEpoch(wire.epoch()), digest: MapDigest(wire.digest()), migration })
        }
        reason => {
            let template_id = answer_codec::SBE_TEMPLATE_ID;
            Err(from_wire(reason, &details).ok_or(MessageError::Value { template_id, field: "reason" })?)
        }
    };
    Ok(MapAnswer { correlation_id: wire.correlation_id(), deployment: DeploymentId(wire.deployment_id()), outcome })
}

fn to_wire(refusal: MapRefusal) -> (Reason, Details) {
    let nothing = Details::default();
    let of_cluster = |cluster| Details { cluster, ..Details::default() };
    let of_instrument = |instrument| Details { instrument, ..Details::default() };
    let of_migration = |instrument, id: MigrationId| Details { instrument, number_1: id.0, ..Details::default() };
    match refusal {
        MapRefusal::StaleEpoch { expected, current } => {
            (Reason::STALE_EPOCH, Details { number_1: expected.0, number_2: current.0, ..nothing })
        }
        MapRefusal::UnknownCluster(cluster) => (Reason::UNKNOWN_CLUSTER, of_cluster(cluster)),
        MapRefusal::UnknownInstrument(instrument) => (Reason::UNKNOWN_INSTRUMENT, of_instrument(instrument)),
        MapRefusal::ClusterExists(cluster) => (Reason::CLUSTER_EXISTS, of_cluster(cluster)),
        MapRefusal::InstrumentExists(instrument) => (Reason::INSTRUMENT_EXISTS, of_instrument(instrument)),
        MapRefusal::PairOwned { instrument, owner } => {
            (Reason::PAIR_OWNED, Details { instrument, cluster: owner, ..nothing })
        }
        MapRefusal::ClusterInUse { cluster, instrument } => {
            (Reason::CLUSTER_IN_USE, Details { instrument, cluster, ..nothing })
        }
        MapRefusal::EndpointInUse(cluster) => (Reason::ENDPOINT_IN_USE, of_cluster(cluster)),
        MapRefusal::Migrating { instrument, to, id } => {
            (Reason::MIGRATING, Details { instrument, cluster: to, number_1: id.0, ..nothing })
        }
        MapRefusal::NoMigration(instrument) => (Reason::NO_MIGRATION, of_instrument(instrument)),
        MapRefusal::OtherMigration { instrument, asked, current } => {
            (Reason::OTHER_MIGRATION, Details { instrument, number_1: asked.0, number_2: current.0, ..nothing })
        }
        MapRefusal::NotCommitted { instrument, id } => (Reason::NOT_COMMITTED, of_migration(instrument, id)),
        MapRefusal::AlreadyCommitted { instrument, id } => (Reason::ALREADY_COMMITTED, of_migration(instrument, id)),
        MapRefusal::BeingUndone { instrument, id } => (Reason::BEING_UNDONE, of_migration(instrument, id)),
        MapRefusal::AlreadyOwner { instrument, cluster } => {
            (Reason::ALREADY_OWNER, Details { instrument, cluster, ..nothing })
        }
        MapRefusal::InvalidCluster(cluster) => (Reason::INVALID_CLUSTER, of_cluster(cluster)),
        MapRefusal::InvalidInstrument(instrument) => (Reason::INVALID_INSTRUMENT, of_instrument(instrument)),
        MapRefusal::LimitClusters(limit) => (Reason::LIMIT_CLUSTERS, Details { number_1: limit, ..nothing }),
        MapRefusal::LimitPartitions(limit) => (Reason::LIMIT_PARTITIONS, Details { number_1: limit, ..nothing }),
        MapRefusal::MapTooLong { length, maximum } => {
            (Reason::MAP_TOO_LONG, Details { number_1: length, number_2: maximum, ..nothing })
        }
        MapRefusal::NotRecorded => (Reason::NOT_RECORDED, nothing),
        MapRefusal::Malformed => (Reason::MALFORMED, nothing),
    }
}

fn from_wire(reason: Reason, details: &Details) -> Option<MapRefusal> {
    let Details { cluster, instrument, number_1, number_2 } = *details;
    let id = MigrationId(number_1);
    Some(match reason {
        Reason::STALE_EPOCH => MapRefusal::StaleEpoch { expected: MapEpoch(number_1), current: MapEpoch(number_2) },
        Reason::UNKNOWN_CLUSTER => MapRefusal::UnknownCluster(cluster),
        Reason::UNKNOWN_INSTRUMENT => MapRefusal::UnknownInstrument(instrument),
        Reason::CLUSTER_EXISTS => MapRefusal::ClusterExists(cluster),
        Reason::INSTRUMENT_EXISTS => MapRefusal::InstrumentExists(instrument),
        Reason::PAIR_OWNED => MapRefusal::PairOwned { instrument, owner: cluster },
        Reason::CLUSTER_IN_USE => MapRefusal::ClusterInUse { cluster, instrument },
        Reason::ENDPOINT_IN_USE => MapRefusal::EndpointInUse(cluster),
        Reason::MIGRATING => MapRefusal::Migrating { instrument, to: cluster, id },
        Reason::NO_MIGRATION => MapRefusal::NoMigration(instrument),
        Reason::OTHER_MIGRATION => MapRefusal::OtherMigration { instrument, asked: id, current: MigrationId(number_2) },
        Reason::NOT_COMMITTED => MapRefusal::NotCommitted { instrument, id },
        Reason::ALREADY_COMMITTED => MapRefusal::AlreadyCommitted { instrument, id },
        Reason::BEING_UNDONE => MapRefusal::BeingUndone { instrument, id },
        Reason::ALREADY_OWNER => MapRefusal::AlreadyOwner { instrument, cluster },
        Reason::INVALID_CLUSTER => MapRefusal::InvalidCluster(cluster),
        Reason::INVALID_INSTRUMENT => MapRefusal::InvalidInstrument(instrument),
        Reason::LIMIT_CLUSTERS => MapRefusal::LimitClusters(number_1),
        Reason::LIMIT_PARTITIONS => MapRefusal::LimitPartitions(number_1),
        Reason::MAP_TOO_LONG => MapRefusal::MapTooLong { length: number_1, maximum: number_2 },
        Reason::NOT_RECORDED => MapRefusal::NotRecorded,
        Reason::MALFORMED => MapRefusal::Malformed,
        Reason::ACCEPTED | Reason::NullVal => return None,
    })
}

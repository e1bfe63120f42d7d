//! A record of the coordinator's stream, to and from bytes: one whole map, with the digest of its own bytes.

use lugus_vocabulary::partition_map::{MAXIMUM_CLUSTERS, MAXIMUM_MEMBERS, MAXIMUM_PARTITIONS};
use lugus_vocabulary::{
    ClusterEntry, ClusterId, DeploymentId, EndedMigration, Endpoint, MapDigest, MapEpoch, MemberEntry, MemberId,
    Migration, MigrationId, Partition, PartitionMap,
};
use sbe_message::{Envelope, HEADER_LENGTH};
use sha2::{Digest as _, Sha256};

use super::error::MapMessageError;
use super::specification::{read_specification, write_specification};
use super::text::padded_text;
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::sbe_partition_map::partition_map_codec::decoder::{
    ClustersDecoder, MembersDecoder, PartitionMapDecoder, PartitionsDecoder,
};
use crate::sbe_partition_map::partition_map_codec::encoder::{
    ClustersEncoder, MembersEncoder, PartitionMapEncoder, PartitionsEncoder,
};
use crate::sbe_partition_map::{SbeResult, boolean_type::BooleanType, partition_map_codec};
use crate::word::{ToWire, word};
use crate::{block, message};

const TEMPLATE_ID: u16 = partition_map_codec::SBE_TEMPLATE_ID;

const CLUSTERS: Group = Group {
    name: "clusters",
    block_length: ClustersEncoder::<PartitionMapEncoder<'_>>::block_length(),
    maximum: MAXIMUM_CLUSTERS as u16,
};
const MEMBERS: Group = Group {
    name: "members",
    block_length: MembersEncoder::<PartitionMapEncoder<'_>>::block_length(),
    maximum: (MAXIMUM_CLUSTERS * MAXIMUM_MEMBERS) as u16,
};
const PARTITIONS: Group = Group {
    name: "partitions",
    block_length: PartitionsEncoder::<PartitionMapEncoder<'_>>::block_length(),
    maximum: MAXIMUM_PARTITIONS as u16,
};

/// Place of the digest in the message: the first field of the root block.
const DIGEST: std::ops::Range<usize> = HEADER_LENGTH..HEADER_LENGTH + 8;

/// Maximum length of a map, in bytes.
pub const MAXIMUM_MAP_LENGTH: usize =
    length_of(MAXIMUM_CLUSTERS, MAXIMUM_CLUSTERS * MAXIMUM_MEMBERS, MAXIMUM_PARTITIONS);

const fn length_of(clusters: usize, members: usize, partitions: usize) -> usize {
    HEADER_LENGTH
        + partition_map_codec::SBE_BLOCK_LENGTH as usize
        + 3 * GROUP_HEADER_LENGTH
        + clusters * CLUSTERS.block_length as usize
        + members * MEMBERS.block_length as usize
        + partitions * PARTITIONS.block_length as usize
}

/// The record of a map: its one encoding, digest included. The map must be within its limits: what exceeds them is cut off.
pub fn encode_map(map: &PartitionMap) -> Vec<u8> {
    let members = map.clusters.iter().map(|cluster| cluster.members.len()).sum();
    let mut record = vec![0; length_of(map.clusters.len(), members, map.partitions.len())];
    // The generated group encoders fail only beyond their count, which is that of the list.
    let written = write(map, &mut record);
    debug_assert!(written.is_ok(), "{written:?}");
    let digest = digest_of(&record);
    record[DIGEST].copy_from_slice(&digest.0.to_le_bytes());
    record
}

/// The digest of a map: equal digests mean equal maps.
pub fn digest_of_map(map: &PartitionMap) -> MapDigest {
    digest_of(&encode_map(map))
}

/// Decodes a record, and checks its digest. Whether the map contradicts itself is not checked.
///
/// # Errors
/// [`MapMessageError`], if the bytes are not those of a whole record as it was written.
pub fn decode_map(record: &[u8]) -> Result<(PartitionMap, MapDigest), MapMessageError> {
    let envelope = Envelope::open(record)?;
    let wire = block!(envelope, sbe_partition_map, partition_map_codec, PartitionMapDecoder);
    let body = envelope.body(TEMPLATE_ID, partition_map_codec::SBE_BLOCK_LENGTH)?;
    let clusters = CLUSTERS.check(&body, TEMPLATE_ID, body.end_of_block())?;
    let members = MEMBERS.check(&body, TEMPLATE_ID, clusters)?;
    let end = PARTITIONS.check(&body, TEMPLATE_ID, members)?;
    if end < record.len() {
        return Err(MapMessageError::Surplus(record.len() - end));
    }
    let (written, computed) = (MapDigest(wire.digest()), digest_of(record));
    if written != computed {
        return Err(MapMessageError::Digest { written, computed });
    }
    Ok((read(wire)?, computed))
}

/// The digest of a record, whatever digest is written in it.
pub(super) fn digest_of(record: &[u8]) -> MapDigest {
    let hash = Sha256::new()
        .chain_update(&record[..DIGEST.start])
        .chain_update([0; 8])
        .chain_update(&record[DIGEST.end..])
        .finalize();
    MapDigest(u64::from_le_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]))
}

/// The length of a list as a group has it; the limits of maps are far below.
pub(super) fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn write(map: &PartitionMap, record: &mut [u8]) -> SbeResult<()> {
    let _length;
    let mut wire = message!(record, sbe_partition_map, partition_map_codec, PartitionMapEncoder, _length);
    wire.deployment_id(map.deployment.0).epoch(map.epoch.0);
    let mut clusters = wire.clusters_encoder(count(map.clusters.len()), ClustersEncoder::default());
    for cluster in &map.clusters {
        clusters.advance()?;
        clusters
            .cluster_id(cluster.id.0)
            .ingress_stream_id(cluster.ingress_stream)
            .ingress_term_length(cluster.ingress_term_length)
            .name_zero_padded(cluster.name.as_bytes());
    }
    let all = map.clusters.iter().map(|cluster| cluster.members.len()).sum();
    let mut members = clusters.parent()?.members_encoder(count(all), MembersEncoder::default());
    for cluster in &map.clusters {
        for member in &cluster.members {
            members.advance()?;
            members
                .cluster_id(cluster.id.0)
                .member_id(member.id.0)
                .ingress_port(member.ingress.port)
                .ingress_host_zero_padded(member.ingress.host.as_bytes());
        }
    }
    let partitions = count(map.partitions.len());
    let mut partitions = members.parent()?.partitions_encoder(partitions, PartitionsEncoder::default());
    for partition in &map.partitions {
        partitions.advance()?;
        write_specification!(partitions, &partition.instrument);
        write_migrations(&mut partitions, partition);
    }
    Ok(())
}

/// Whether the instrument is halted, its migration, and its last one that has ended; what is absent is 0.
fn write_migrations(wire: &mut PartitionsEncoder<PartitionMapEncoder<'_>>, partition: &Partition) {
    let migration = partition.migration;
    let ended = partition.ended_migration;
    wire.is_halted(if partition.is_halted { BooleanType::TRUE } else { BooleanType::FALSE })
        .migration_id(migration.map_or(0, |migration| migration.id.0))
        .migration_from(migration.map_or(0, |migration| migration.from.0))
        .migration_to(migration.map_or(0, |migration| migration.to.0))
        .migration_phase(migration.map(|migration| migration.phase).to_wire())
        .ended_migration_id(ended.map_or(0, |ended| ended.id.0))
        .ended_migration_outcome(ended.map(|ended| ended.outcome).to_wire());
}

/// Reads a map whose groups are known to be whole.
fn read(wire: PartitionMapDecoder<'_>) -> Result<PartitionMap, MessageError> {
    let lost = |_| MessageError::Value { template_id: TEMPLATE_ID, field: "group" };
    let (deployment, epoch) = (DeploymentId(wire.deployment_id()), MapEpoch(wire.epoch()));
    let mut entries = wire.clusters_decoder();
    let mut clusters = read_clusters(&mut entries)?;
    let mut entries = entries.parent().map_err(lost)?.members_decoder();
    read_members(&mut entries, &mut clusters)?;
    let mut entries = entries.parent().map_err(lost)?.partitions_decoder();
    let partitions = read_partitions(&mut entries)?;
    Ok(PartitionMap { deployment, epoch, clusters, partitions })
}

fn read_clusters(wire: &mut ClustersDecoder<PartitionMapDecoder<'_>>) -> Result<Vec<ClusterEntry>, MessageError> {
    let mut clusters = Vec::with_capacity(usize::from(wire.count()));
    while let Ok(Some(_)) = wire.advance() {
        clusters.push(ClusterEntry {
            id: ClusterId(wire.cluster_id()),
            name: padded_text(&wire.name(), TEMPLATE_ID, "name")?,
            members: Vec::new(),
            ingress_stream: wire.ingress_stream_id(),
            ingress_term_length: wire.ingress_term_length(),
        });
    }
    Ok(clusters)
}

/// Members are in the order of their clusters, so that a map has one encoding.
fn read_members(
    wire: &mut MembersDecoder<PartitionMapDecoder<'_>>,
    clusters: &mut [ClusterEntry],
) -> Result<(), MessageError> {
    let mut at = 0;
    while let Ok(Some(_)) = wire.advance() {
        let cluster = ClusterId(wire.cluster_id());
        while clusters.get(at).is_some_and(|entry| entry.id != cluster) {
            at += 1;
        }
        let fault = MessageError::Value { template_id: TEMPLATE_ID, field: "members.clusterId" };
        let entry = clusters.get_mut(at).ok_or(fault)?;
        let host = padded_text(&wire.ingress_host(), TEMPLATE_ID, "ingressHost")?;
        let ingress = Endpoint { host, port: wire.ingress_port() };
        entry.members.push(MemberEntry { id: MemberId(wire.member_id()), ingress });
    }
    Ok(())
}

fn read_partitions(wire: &mut PartitionsDecoder<PartitionMapDecoder<'_>>) -> Result<Vec<Partition>, MessageError> {
    let mut partitions = Vec::with_capacity(usize::from(wire.count()));
    while let Ok(Some(_)) = wire.advance() {
        let instrument = read_specification!(wire, TEMPLATE_ID);
        let is_halted = match wire.is_halted() {
            BooleanType::FALSE => false,
            BooleanType::TRUE => true,
            BooleanType::NullVal => {
                return Err(MessageError::Value { template_id: TEMPLATE_ID, field: "isHalted" });
            }
        };
        partitions.push(Partition {
            instrument,
            is_halted,
            migration: read_migration(wire)?,
            ended_migration: read_ended(wire)?,
        });
    }
    Ok(partitions)
}

fn read_migration(wire: &PartitionsDecoder<PartitionMapDecoder<'_>>) -> Result<Option<Migration>, MessageError> {
    let phase: Option<_> = word(wire.migration_phase(), TEMPLATE_ID, "migrationPhase")?;
    let (from, to) = (ClusterId(wire.migration_from()), ClusterId(wire.migration_to()));
    Ok(phase.map(|phase| Migration { id: MigrationId(wire.migration_id()), from, to, phase }))
}

fn read_ended(wire: &PartitionsDecoder<PartitionMapDecoder<'_>>) -> Result<Option<EndedMigration>, MessageError> {
    let outcome: Option<_> = word(wire.ended_migration_outcome(), TEMPLATE_ID, "endedMigrationOutcome")?;
    Ok(outcome.map(|outcome| EndedMigration { id: MigrationId(wire.ended_migration_id()), outcome }))
}

//! A record of the coordinator's stream: one whole map, with the digest of its own bytes.

use lugus_codecs::partition_map::partition_map_codec::decoder::{
    ClustersDecoder, MembersDecoder, PartitionMapDecoder, PartitionsDecoder,
};
use lugus_codecs::partition_map::partition_map_codec::encoder::{
    ClustersEncoder, MembersEncoder, PartitionMapEncoder, PartitionsEncoder,
};
use lugus_codecs::partition_map::{
    SbeResult, boolean_type::BooleanType, migration_outcome::MigrationOutcome, migration_phase::MigrationPhase,
    partition_map_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH, block, message};
use lugus_topology::{ClusterId, Endpoint, MemberId};
use sha2::{Digest as _, Sha256};

use super::WireError;
use super::fields::{GROUP_HEADER_LENGTH, check_group, text};
use super::instrument::{read_instrument, write_instrument};
use crate::{
    ClusterEntry, DeploymentId, Digest, EndedMigration, Epoch, MAXIMUM_CLUSTERS, MAXIMUM_MEMBERS, MAXIMUM_PARTITIONS,
    MemberEntry, Migration, MigrationId, Outcome, Partition, PartitionMap, Phase,
};

const CLUSTER_LENGTH: u16 = ClustersEncoder::<PartitionMapEncoder<'_>>::block_length();
const MEMBER_LENGTH: u16 = MembersEncoder::<PartitionMapEncoder<'_>>::block_length();
const PARTITION_LENGTH: u16 = PartitionsEncoder::<PartitionMapEncoder<'_>>::block_length();

/// Where the digest is: the first field of the root block.
const DIGEST: std::ops::Range<usize> = HEADER_LENGTH..HEADER_LENGTH + 8;

/// Length of the longest map, in bytes.
pub const MAXIMUM_MAP_LENGTH: usize =
    length_of(MAXIMUM_CLUSTERS, MAXIMUM_CLUSTERS * MAXIMUM_MEMBERS, MAXIMUM_PARTITIONS);

const fn length_of(clusters: usize, members: usize, partitions: usize) -> usize {
    HEADER_LENGTH
        + partition_map_codec::SBE_BLOCK_LENGTH as usize
        + 3 * GROUP_HEADER_LENGTH
        + clusters * CLUSTER_LENGTH as usize
        + members * MEMBER_LENGTH as usize
        + partitions * PARTITION_LENGTH as usize
}

impl PartitionMap {
    /// The record of this map: its canonical encoding, digest included. Meant for a map that passes
    /// [`check`](Self::check): what exceeds the limits is cut off.
    pub fn encode(&self) -> Vec<u8> {
        let members = self.clusters.iter().map(|cluster| cluster.members.len()).sum();
        let mut record = vec![0; length_of(self.clusters.len(), members, self.partitions.len())];
        // The generated group encoders fail only beyond their count, which is that of the list.
        let written = self.write(&mut record);
        debug_assert!(written.is_ok(), "{written:?}");
        let digest = digest_of(&record);
        record[DIGEST].copy_from_slice(&digest.0.to_le_bytes());
        record
    }

    /// Two parties with one digest have one map.
    pub fn digest(&self) -> Digest {
        digest_of(&self.encode())
    }

    /// Reads a record, and checks its digest and what must hold in a map.
    ///
    /// # Errors
    /// As [`WireError`] says.
    pub fn decode(record: &[u8]) -> Result<(Self, Digest), WireError> {
        let envelope = Envelope::open(record)?;
        let wire = block!(envelope, partition_map, partition_map_codec, PartitionMapDecoder);
        let root = HEADER_LENGTH + usize::from(envelope.block_length);
        let clusters = check_group(record, root, "clusters", CLUSTER_LENGTH, MAXIMUM_CLUSTERS)?;
        let members = check_group(record, clusters, "members", MEMBER_LENGTH, MAXIMUM_CLUSTERS * MAXIMUM_MEMBERS)?;
        let end = check_group(record, members, "partitions", PARTITION_LENGTH, MAXIMUM_PARTITIONS)?;
        if end < record.len() {
            return Err(WireError::Surplus(record.len() - end));
        }
        let (written, computed) = (Digest(wire.digest()), digest_of(record));
        if written != computed {
            return Err(WireError::Digest { written, computed });
        }
        let map = read(wire)?;
        if map.epoch == Epoch(0) {
            return Err(WireError::EpochZero);
        }
        map.check()?;
        Ok((map, computed))
    }

    fn write(&self, record: &mut [u8]) -> SbeResult<()> {
        let _length;
        let mut wire = message!(record, partition_map, partition_map_codec, PartitionMapEncoder, _length);
        wire.deployment_id(self.deployment.0).epoch(self.epoch.0);
        let mut clusters = wire.clusters_encoder(count(self.clusters.len()), ClustersEncoder::default());
        for cluster in &self.clusters {
            clusters.advance()?;
            clusters
                .cluster_id(cluster.id.0)
                .ingress_stream_id(cluster.ingress_stream)
                .ingress_term_length(cluster.ingress_term_length)
                .name_zero_padded(cluster.name.as_bytes());
        }
        let all = self.clusters.iter().map(|cluster| cluster.members.len()).sum();
        let mut members = clusters.parent()?.members_encoder(count(all), MembersEncoder::default());
        for cluster in &self.clusters {
            for member in &cluster.members {
                members.advance()?;
                members
                    .cluster_id(cluster.id.0)
                    .member_id(member.id.0)
                    .ingress_port(member.ingress.port)
                    .ingress_host_zero_padded(member.ingress.host.as_bytes());
            }
        }
        let partitions = count(self.partitions.len());
        let mut partitions = members.parent()?.partitions_encoder(partitions, PartitionsEncoder::default());
        for partition in &self.partitions {
            partitions.advance()?;
            write_instrument!(partitions, &partition.instrument);
            write_progress(&mut partitions, partition);
        }
        Ok(())
    }
}

fn write_progress(wire: &mut PartitionsEncoder<PartitionMapEncoder<'_>>, partition: &Partition) {
    wire.is_halted(if partition.is_halted { BooleanType::TRUE } else { BooleanType::FALSE });
    let (id, from, to, phase) = match partition.migration {
        None => (0, 0, 0, MigrationPhase::NONE),
        Some(Migration { id, from, to, phase: Phase::Begun }) => (id.0, from.0, to.0, MigrationPhase::BEGUN),
        Some(Migration { id, from, to, phase: Phase::Committed }) => (id.0, from.0, to.0, MigrationPhase::COMMITTED),
        Some(Migration { id, from, to, phase: Phase::Undoing }) => (id.0, from.0, to.0, MigrationPhase::UNDOING),
    };
    wire.migration_id(id).migration_from(from).migration_to(to).migration_phase(phase);
    let (id, outcome) = match partition.ended_migration {
        None => (0, MigrationOutcome::NONE),
        Some(EndedMigration { id, outcome: Outcome::Finished }) => (id.0, MigrationOutcome::FINISHED),
        Some(EndedMigration { id, outcome: Outcome::Aborted }) => (id.0, MigrationOutcome::ABORTED),
    };
    wire.ended_migration_id(id).ended_migration_outcome(outcome);
}

/// A list's length as a group has it; limits are far below.
pub(super) fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn digest_of(record: &[u8]) -> Digest {
    let hash = Sha256::new()
        .chain_update(&record[..DIGEST.start])
        .chain_update([0; 8])
        .chain_update(&record[DIGEST.end..])
        .finalize();
    Digest(u64::from_le_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]))
}

/// Reads a map whose groups are known to be whole.
fn read(wire: PartitionMapDecoder<'_>) -> Result<PartitionMap, WireError> {
    let lost = |_| WireError::Value { field: "group" };
    let (deployment, epoch) = (DeploymentId(wire.deployment_id()), Epoch(wire.epoch()));
    let mut entries = wire.clusters_decoder();
    let mut clusters = read_clusters(&mut entries)?;
    let mut entries = entries.parent().map_err(lost)?.members_decoder();
    read_members(&mut entries, &mut clusters)?;
    let mut entries = entries.parent().map_err(lost)?.partitions_decoder();
    let partitions = read_partitions(&mut entries)?;
    Ok(PartitionMap { deployment, epoch, clusters, partitions })
}

fn read_clusters(wire: &mut ClustersDecoder<PartitionMapDecoder<'_>>) -> Result<Vec<ClusterEntry>, WireError> {
    let mut clusters = Vec::with_capacity(usize::from(wire.count()));
    while let Ok(Some(_)) = wire.advance() {
        clusters.push(ClusterEntry {
            id: ClusterId(wire.cluster_id()),
            name: text("name", &wire.name())?,
            members: Vec::new(),
            ingress_stream: wire.ingress_stream_id(),
            ingress_term_length: wire.ingress_term_length(),
        });
    }
    Ok(clusters)
}

fn read_members(
    wire: &mut MembersDecoder<PartitionMapDecoder<'_>>,
    clusters: &mut [ClusterEntry],
) -> Result<(), WireError> {
    // Members stand in the order of their clusters, so that one map has one encoding.
    let mut at = 0;
    while let Ok(Some(_)) = wire.advance() {
        let cluster = ClusterId(wire.cluster_id());
        while clusters.get(at).is_some_and(|entry| entry.id != cluster) {
            at += 1;
        }
        let entry = clusters.get_mut(at).ok_or(WireError::Value { field: "members.clusterId" })?;
        let host = text("ingressHost", &wire.ingress_host())?;
        let ingress = Endpoint { host, port: wire.ingress_port() };
        entry.members.push(MemberEntry { id: MemberId(wire.member_id()), ingress });
    }
    Ok(())
}

fn read_partitions(wire: &mut PartitionsDecoder<PartitionMapDecoder<'_>>) -> Result<Vec<Partition>, WireError> {
    let mut partitions = Vec::with_capacity(usize::from(wire.count()));
    while let Ok(Some(_)) = wire.advance() {
        let instrument = read_instrument!(wire);
        let is_halted = match wire.is_halted() {
            BooleanType::FALSE => false,
            BooleanType::TRUE => true,
            BooleanType::NullVal => return Err(WireError::Value { field: "isHalted" }),
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

fn read_migration(wire: &PartitionsDecoder<PartitionMapDecoder<'_>>) -> Result<Option<Migration>, WireError> {
    let phase = match wire.migration_phase() {
        MigrationPhase::NONE => return Ok(None),
        MigrationPhase::BEGUN => Phase::Begun,
        MigrationPhase::COMMITTED => Phase::Committed,
        MigrationPhase::UNDOING => Phase::Undoing,
        MigrationPhase::NullVal => return Err(WireError::Value { field: "migrationPhase" }),
    };
    let (from, to) = (ClusterId(wire.migration_from()), ClusterId(wire.migration_to()));
    Ok(Some(Migration { id: MigrationId(wire.migration_id()), from, to, phase }))
}

fn read_ended(wire: &PartitionsDecoder<PartitionMapDecoder<'_>>) -> Result<Option<EndedMigration>, WireError> {
    let outcome = match wire.ended_migration_outcome() {
        MigrationOutcome::NONE => return Ok(None),
        MigrationOutcome::FINISHED => Outcome::Finished,
        MigrationOutcome::ABORTED => Outcome::Aborted,
        MigrationOutcome::NullVal => return Err(WireError::Value { field: "endedMigrationOutcome" }),
    };
    Ok(Some(EndedMigration { id: MigrationId(wire.ended_migration_id()), outcome }))
}

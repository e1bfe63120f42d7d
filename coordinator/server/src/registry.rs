//! The registry applies requests to a map. It is a pure function: the same requests applied to the same map always give the
//! same map.

use lugus_partition_map::{
    ClusterEntry, EndedMigration, MAXIMUM_CLUSTERS, MAXIMUM_PARTITIONS, MapEpoch, MapRefusal, MapRequest, Migration,
    MigrationEnding, MigrationId, MigrationPhase, Partition, PartitionMap, check_cluster,
};
use lugus_topology::check_specification;
use lugus_vocabulary::{ClusterId, InstrumentId, InstrumentSpecification};

/// Result of an accepted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The next map; `None` if the map already is as the request asks.
    pub map: Option<PartitionMap>,
    /// The migration that the request is about.
    pub migration: Option<MigrationId>,
}

/// Applies a request to a map. The next map has the next epoch, and is valid
/// ([`check_map`](lugus_partition_map::check_map)) if the first is.
///
/// If the map already is as the request asks, the request is accepted at any epoch, so that it may be repeated. Any
/// other request is refused as stale if it was made for another epoch than the map's, even if there is a second reason
/// to refuse it.
///
/// # Errors
/// [`MapRefusal`]: why the request changes nothing.
pub fn apply(map: &PartitionMap, request: &MapRequest, expected: Option<MapEpoch>) -> Result<Applied, MapRefusal> {
    let mut next = map.clone();
    next.epoch = MapEpoch(map.epoch.0 + 1);
    let change = change(&mut next, request);
    if let Ok(Change { kind: Kind::None, migration }) = change {
        return Ok(Applied { map: None, migration });
    }
    match expected {
        Some(expected) if expected != map.epoch => Err(MapRefusal::StaleEpoch { expected, current: map.epoch }),
        _ => change.map(|Change { migration, .. }| Applied { map: Some(next), migration }),
    }
}

/// What a request did to the next map.
struct Change {
    kind: Kind,
    migration: Option<MigrationId>,
}

enum Kind {
    /// Nothing, as the map already is as the request asks.
    None,
    /// A change.
    Some,
}

impl Change {
    const NONE: Self = Self { kind: Kind::None, migration: None };
    const SOME: Self = Self { kind: Kind::Some, migration: None };

    fn of(self, migration: MigrationId) -> Self {
        Self { migration: Some(migration), ..self }
    }
}

fn change(map: &mut PartitionMap, request: &MapRequest) -> Result<Change, MapRefusal> {
    match *request {
        MapRequest::AddCluster(ref cluster) => add_cluster(map, cluster),
        MapRequest::RemoveCluster(cluster) => remove_cluster(map, cluster),
        MapRequest::AddInstrument(ref instrument) => add_instrument(map, instrument),
        MapRequest::Halt { instrument } => set_halted(map, instrument, true),
        MapRequest::Resume { instrument } => set_halted(map, instrument, false),
        MapRequest::RemoveInstrument { instrument } => remove_instrument(map, instrument),
        MapRequest::BeginMigration { instrument, to } => begin(map, instrument, to),
        MapRequest::CommitMigration { instrument, id, state_hash: _ } => commit(map, instrument, id),
        MapRequest::FinishMigration { instrument, id } => finish(map, instrument, id),
        MapRequest::AbortMigration { instrument, id } => abort(map, instrument, id),
    }
}

fn add_cluster(map: &mut PartitionMap, cluster: &ClusterEntry) -> Result<Change, MapRefusal> {
    check_cluster(cluster).map_err(|_| MapRefusal::InvalidCluster(cluster.id))?;
    let at = match map.clusters.binary_search_by_key(&cluster.id, |entry| entry.id) {
        Ok(at) if map.clusters[at] == *cluster => return Ok(Change::NONE),
        Ok(_) => return Err(MapRefusal::ClusterExists(cluster.id)),
        Err(at) => at,
    };
    if map.clusters.len() >= MAXIMUM_CLUSTERS {
        return Err(MapRefusal::LimitClusters(MAXIMUM_CLUSTERS as u64));
    }
    let taken = |other: &&ClusterEntry| {
        other.members.iter().any(|theirs| cluster.members.iter().any(|ours| ours.ingress == theirs.ingress))
    };
    if let Some(other) = map.clusters.iter().find(taken) {
        return Err(MapRefusal::EndpointInUse(other.id));
    }
    map.clusters.insert(at, cluster.clone());
    Ok(Change::SOME)
}

fn remove_cluster(map: &mut PartitionMap, cluster: ClusterId) -> Result<Change, MapRefusal> {
    let Ok(at) = map.clusters.binary_search_by_key(&cluster, |entry| entry.id) else { return Ok(Change::NONE) };
    let uses = |partition: &&Partition| {
        let moves = partition.migration.is_some_and(|migration| [migration.from, migration.to].contains(&cluster));
        partition.owner() == cluster || moves
    };
    if let Some(partition) = map.partitions.iter().find(uses) {
        return Err(MapRefusal::ClusterInUse { cluster, instrument: partition.instrument.id });
    }
    map.clusters.remove(at);
    Ok(Change::SOME)
}

fn add_instrument(map: &mut PartitionMap, instrument: &InstrumentSpecification) -> Result<Change, MapRefusal> {
    check_specification(instrument).map_err(|_| MapRefusal::InvalidInstrument(instrument.id))?;
    let at = match map.partitions.binary_search_by_key(&instrument.id, |partition| partition.instrument.id) {
        Ok(at) if map.partitions[at].instrument == *instrument => return Ok(Change::NONE),
        Ok(_) => return Err(MapRefusal::InstrumentExists(instrument.id)),
        Err(at) => at,
    };
    if let Some(other) = map.partition_of(&instrument.symbol, instrument.instrument_type) {
        return Err(MapRefusal::PairOwned { instrument: other.instrument.id, owner: other.owner() });
    }
    known_cluster(map, instrument.cluster)?;
    if map.partitions.len() >= MAXIMUM_PARTITIONS {
        return Err(MapRefusal::LimitPartitions(MAXIMUM_PARTITIONS as u64));
    }
    map.partitions.insert(at, Partition::new(instrument.clone()));
    Ok(Change::SOME)
}

fn set_halted(map: &mut PartitionMap, instrument: InstrumentId, is_halted: bool) -> Result<Change, MapRefusal> {
    let partition = partition_mut(map, instrument)?;
    if partition.is_halted == is_halted {
        return Ok(Change::NONE);
    }
    partition.is_halted = is_halted;
    Ok(Change::SOME)
}

fn remove_instrument(map: &mut PartitionMap, instrument: InstrumentId) -> Result<Change, MapRefusal> {
    let Ok(at) = map.partitions.binary_search_by_key(&instrument, |partition| partition.instrument.id) else {
        return Ok(Change::NONE);
    };
    if let Some(Migration { id, to, .. }) = map.partitions[at].migration {
        return Err(MapRefusal::Migrating { instrument, to, id });
    }
    map.partitions.remove(at);
    Ok(Change::SOME)
}

fn begin(map: &mut PartitionMap, instrument: InstrumentId, to: ClusterId) -> Result<Change, MapRefusal> {
    let id = MigrationId(map.epoch.0);
    known_cluster(map, to)?;
    let partition = partition_mut(map, instrument)?;
    match partition.migration {
        Some(Migration { id, phase: MigrationPhase::Undoing, .. }) => Err(MapRefusal::BeingUndone { instrument, id }),
        Some(under_way) if under_way.to == to => Ok(Change::NONE.of(under_way.id)),
        Some(Migration { id, to, .. }) => Err(MapRefusal::Migrating { instrument, to, id }),
        None if partition.owner() == to => Err(MapRefusal::AlreadyOwner { instrument, cluster: to }),
        None => {
            let from = partition.owner();
            partition.migration = Some(Migration { id, from, to, phase: MigrationPhase::Begun });
            Ok(Change::SOME.of(id))
        }
    }
}

fn commit(map: &mut PartitionMap, instrument: InstrumentId, id: MigrationId) -> Result<Change, MapRefusal> {
    let partition = partition_mut(map, instrument)?;
    if ended(partition, id) == Some(MigrationEnding::Finished) {
        return Ok(Change::NONE.of(id));
    }
    let migration = under_way(partition, id)?;
    match migration.phase {
        MigrationPhase::Begun => {}
        MigrationPhase::Committed => return Ok(Change::NONE.of(id)),
        MigrationPhase::Undoing => return Err(MapRefusal::BeingUndone { instrument, id }),
    }
    partition.migration = Some(Migration { phase: MigrationPhase::Committed, ..migration });
    partition.instrument.cluster = migration.to;
    Ok(Change::SOME.of(id))
}

fn finish(map: &mut PartitionMap, instrument: InstrumentId, id: MigrationId) -> Result<Change, MapRefusal> {
    let partition = partition_mut(map, instrument)?;
    if ended(partition, id).is_some() {
        return Ok(Change::NONE.of(id));
    }
    match under_way(partition, id)?.phase {
        MigrationPhase::Undoing => Ok(end(partition, id, MigrationEnding::Aborted)),
        MigrationPhase::Begun => Err(MapRefusal::NotCommitted { instrument, id }),
        MigrationPhase::Committed => Ok(end(partition, id, MigrationEnding::Finished)),
    }
}

fn abort(map: &mut PartitionMap, instrument: InstrumentId, id: MigrationId) -> Result<Change, MapRefusal> {
    let partition = partition_mut(map, instrument)?;
    match ended(partition, id) {
        Some(MigrationEnding::Aborted) => return Ok(Change::NONE.of(id)),
        Some(MigrationEnding::Finished) => return Err(MapRefusal::AlreadyCommitted { instrument, id }),
        None => {}
    }
    let migration = under_way(partition, id)?;
    match migration.phase {
        MigrationPhase::Begun => {
            partition.migration = Some(Migration { phase: MigrationPhase::Undoing, ..migration });
            Ok(Change::SOME.of(id))
        }
        MigrationPhase::Undoing => Ok(Change::NONE.of(id)),
        MigrationPhase::Committed => Err(MapRefusal::AlreadyCommitted { instrument, id }),
    }
}

fn end(partition: &mut Partition, id: MigrationId, outcome: MigrationEnding) -> Change {
    partition.migration = None;
    partition.ended_migration = Some(EndedMigration { id, outcome });
    Change::SOME.of(id)
}

fn ended(partition: &Partition, id: MigrationId) -> Option<MigrationEnding> {
    partition.ended_migration.filter(|ended| ended.id == id).map(|ended| ended.outcome)
}

fn under_way(partition: &Partition, id: MigrationId) -> Result<Migration, MapRefusal> {
    let instrument = partition.instrument.id;
    match partition.migration {
        None => Err(MapRefusal::NoMigration(instrument)),
        Some(migration) if migration.id == id => Ok(migration),
        Some(migration) => Err(MapRefusal::OtherMigration { instrument, asked: id, current: migration.id }),
    }
}

fn known_cluster(map: &PartitionMap, cluster: ClusterId) -> Result<(), MapRefusal> {
    map.cluster(cluster).map(|_| ()).ok_or(MapRefusal::UnknownCluster(cluster))
}

fn partition_mut(map: &mut PartitionMap, instrument: InstrumentId) -> Result<&mut Partition, MapRefusal> {
    match map.partitions.binary_search_by_key(&instrument, |partition| partition.instrument.id) {
        Ok(at) => Ok(&mut map.partitions[at]),
        Err(_) => Err(MapRefusal::UnknownInstrument(instrument)),
    }
}

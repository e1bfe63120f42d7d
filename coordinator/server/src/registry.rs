//! The registry: what a request makes of a map. A pure function, so that any two who apply the same requests to the same
//! map have the same map.

use lugus_partition_map::{
    ClusterEntry, EndedMigration, Epoch, MAXIMUM_CLUSTERS, MAXIMUM_PARTITIONS, Migration, MigrationId, Outcome,
    Partition, PartitionMap, Phase, Refusal, Request,
};
use lugus_topology::{ClusterId, Instrument};

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The next map; `None` when what is asked for holds already.
    pub map: Option<PartitionMap>,
    /// The migration that the request is about.
    pub migration: Option<MigrationId>,
}

/// Applies a request to a map. The next map has the next epoch and passes [`PartitionMap::check`] when the first does.
///
/// What holds already is accepted at any epoch, so that a request may be repeated; what would change the map, or be refused,
/// is refused first when it was made for another epoch than the map's.
///
/// # Errors
/// The reason why nothing changes.
pub fn apply(map: &PartitionMap, request: &Request, expected: Option<Epoch>) -> Result<Applied, Refusal> {
    let mut next = map.clone();
    next.epoch = Epoch(map.epoch.0 + 1);
    let change = change(&mut next, request);
    if let Ok(Change { kind: Kind::None, migration }) = change {
        return Ok(Applied { map: None, migration });
    }
    match expected {
        Some(expected) if expected != map.epoch => Err(Refusal::StaleEpoch { expected, current: map.epoch }),
        _ => change.map(|Change { migration, .. }| Applied { map: Some(next), migration }),
    }
}

/// What was done to a map that is being made.
struct Change {
    kind: Kind,
    migration: Option<MigrationId>,
}

enum Kind {
    /// Nothing: it holds already.
    None,
    /// Something.
    Some,
}

impl Change {
    const NONE: Self = Self { kind: Kind::None, migration: None };
    const SOME: Self = Self { kind: Kind::Some, migration: None };

    fn of(self, migration: MigrationId) -> Self {
        Self { migration: Some(migration), ..self }
    }
}

fn change(map: &mut PartitionMap, request: &Request) -> Result<Change, Refusal> {
    match *request {
        Request::AddCluster(ref cluster) => add_cluster(map, cluster),
        Request::RemoveCluster(cluster) => remove_cluster(map, cluster),
        Request::AddInstrument(ref instrument) => add_instrument(map, instrument),
        Request::Halt { instrument } => set_halted(map, instrument, true),
        Request::Resume { instrument } => set_halted(map, instrument, false),
        Request::RemoveInstrument { instrument } => remove_instrument(map, instrument),
        Request::BeginMigration { instrument, to } => begin(map, instrument, to),
        Request::CommitMigration { instrument, id, state_hash: _ } => commit(map, instrument, id),
        Request::FinishMigration { instrument, id } => finish(map, instrument, id),
        Request::AbortMigration { instrument, id } => abort(map, instrument, id),
    }
}

fn add_cluster(map: &mut PartitionMap, cluster: &ClusterEntry) -> Result<Change, Refusal> {
    cluster.check().map_err(|_| Refusal::InvalidCluster(cluster.id))?;
    let at = match map.clusters.binary_search_by_key(&cluster.id, |entry| entry.id) {
        Ok(at) if map.clusters[at] == *cluster => return Ok(Change::NONE),
        Ok(_) => return Err(Refusal::ClusterExists(cluster.id)),
        Err(at) => at,
    };
    if map.clusters.len() >= MAXIMUM_CLUSTERS {
        return Err(Refusal::LimitClusters(MAXIMUM_CLUSTERS as u64));
    }
    let taken = |other: &&ClusterEntry| {
        other.members.iter().any(|theirs| cluster.members.iter().any(|ours| ours.ingress == theirs.ingress))
    };
    if let Some(other) = map.clusters.iter().find(taken) {
        return Err(Refusal::EndpointInUse(other.id));
    }
    map.clusters.insert(at, cluster.clone());
    Ok(Change::SOME)
}

fn remove_cluster(map: &mut PartitionMap, cluster: ClusterId) -> Result<Change, Refusal> {
    let Ok(at) = map.clusters.binary_search_by_key(&cluster, |entry| entry.id) else { return Ok(Change::NONE) };
    let uses = |partition: &&Partition| {
        let moves = partition.migration.is_some_and(|migration| [migration.from, migration.to].contains(&cluster));
        partition.owner() == cluster || moves
    };
    if let Some(partition) = map.partitions.iter().find(uses) {
        return Err(Refusal::ClusterInUse { cluster, instrument: partition.instrument.id });
    }
    map.clusters.remove(at);
    Ok(Change::SOME)
}

fn add_instrument(map: &mut PartitionMap, instrument: &Instrument) -> Result<Change, Refusal> {
    instrument.check().map_err(|_| Refusal::InvalidInstrument(instrument.id))?;
    let at = match map.partitions.binary_search_by_key(&instrument.id, |partition| partition.instrument.id) {
        Ok(at) if map.partitions[at].instrument == *instrument => return Ok(Change::NONE),
        Ok(_) => return Err(Refusal::InstrumentExists(instrument.id)),
        Err(at) => at,
    };
    if let Some(other) = map.partition_of(&instrument.symbol, instrument.instrument_type) {
        return Err(Refusal::PairOwned { instrument: other.instrument.id, owner: other.owner() });
    }
    known_cluster(map, instrument.cluster)?;
    if map.partitions.len() >= MAXIMUM_PARTITIONS {
        return Err(Refusal::LimitPartitions(MAXIMUM_PARTITIONS as u64));
    }
    map.partitions.insert(at, Partition::new(instrument.clone()));
    Ok(Change::SOME)
}

fn set_halted(map: &mut PartitionMap, instrument: u32, is_halted: bool) -> Result<Change, Refusal> {
    let partition = partition_mut(map, instrument)?;
    if partition.is_halted == is_halted {
        return Ok(Change::NONE);
    }
    partition.is_halted = is_halted;
    Ok(Change::SOME)
}

fn remove_instrument(map: &mut PartitionMap, instrument: u32) -> Result<Change, Refusal> {
    let Ok(at) = map.partitions.binary_search_by_key(&instrument, |partition| partition.instrument.id) else {
        return Ok(Change::NONE);
    };
    if let Some(Migration { id, to, .. }) = map.partitions[at].migration {
        return Err(Refusal::Migrating { instrument, to, id });
    }
    map.partitions.remove(at);
    Ok(Change::SOME)
}

fn begin(map: &mut PartitionMap, instrument: u32, to: ClusterId) -> Result<Change, Refusal> {
    let id = MigrationId(map.epoch.0);
    known_cluster(map, to)?;
    let partition = partition_mut(map, instrument)?;
    match partition.migration {
        Some(Migration { id, phase: Phase::Undoing, .. }) => Err(Refusal::BeingUndone { instrument, id }),
        Some(under_way) if under_way.to == to => Ok(Change::NONE.of(under_way.id)),
        Some(Migration { id, to, .. }) => Err(Refusal::Migrating { instrument, to, id }),
        None if partition.owner() == to => Err(Refusal::AlreadyOwner { instrument, cluster: to }),
        None => {
            let from = partition.owner();
            partition.migration = Some(Migration { id, from, to, phase: Phase::Begun });
            Ok(Change::SOME.of(id))
        }
    }
}

fn commit(map: &mut PartitionMap, instrument: u32, id: MigrationId) -> Result<Change, Refusal> {
    let partition = partition_mut(map, instrument)?;
    if ended(partition, id) == Some(Outcome::Finished) {
        return Ok(Change::NONE.of(id));
    }
    let migration = under_way(partition, id)?;
    match migration.phase {
        Phase::Begun => {}
        Phase::Committed => return Ok(Change::NONE.of(id)),
        Phase::Undoing => return Err(Refusal::BeingUndone { instrument, id }),
    }
    partition.migration = Some(Migration { phase: Phase::Committed, ..migration });
    partition.instrument.cluster = migration.to;
    Ok(Change::SOME.of(id))
}

fn finish(map: &mut PartitionMap, instrument: u32, id: MigrationId) -> Result<Change, Refusal> {
    let partition = partition_mut(map, instrument)?;
    if ended(partition, id).is_some() {
        return Ok(Change::NONE.of(id));
    }
    match under_way(partition, id)?.phase {
        Phase::Undoing => Ok(end(partition, id, Outcome::Aborted)),
        Phase::Begun => Err(Refusal::NotCommitted { instrument, id }),
        Phase::Committed => Ok(end(partition, id, Outcome::Finished)),
    }
}

fn abort(map: &mut PartitionMap, instrument: u32, id: MigrationId) -> Result<Change, Refusal> {
    let partition = partition_mut(map, instrument)?;
    match ended(partition, id) {
        Some(Outcome::Aborted) => return Ok(Change::NONE.of(id)),
        Some(Outcome::Finished) => return Err(Refusal::AlreadyCommitted { instrument, id }),
        None => {}
    }
    let migration = under_way(partition, id)?;
    match migration.phase {
        Phase::Begun => {
            partition.migration = Some(Migration { phase: Phase::Undoing, ..migration });
            Ok(Change::SOME.of(id))
        }
        Phase::Undoing => Ok(Change::NONE.of(id)),
        Phase::Committed => Err(Refusal::AlreadyCommitted { instrument, id }),
    }
}

fn end(partition: &mut Partition, id: MigrationId, outcome: Outcome) -> Change {
    partition.migration = None;
    partition.ended_migration = Some(EndedMigration { id, outcome });
    Change::SOME.of(id)
}

fn ended(partition: &Partition, id: MigrationId) -> Option<Outcome> {
    partition.ended_migration.filter(|ended| ended.id == id).map(|ended| ended.outcome)
}

fn under_way(partition: &Partition, id: MigrationId) -> Result<Migration, Refusal> {
    let instrument = partition.instrument.id;
    match partition.migration {
        None => Err(Refusal::NoMigration(instrument)),
        Some(migration) if migration.id == id => Ok(migration),
        Some(migration) => Err(Refusal::OtherMigration { instrument, asked: id, current: migration.id }),
    }
}

fn known_cluster(map: &PartitionMap, cluster: ClusterId) -> Result<(), Refusal> {
    map.cluster(cluster).map(|_| ()).ok_or(Refusal::UnknownCluster(cluster))
}

fn partition_mut(map: &mut PartitionMap, instrument: u32) -> Result<&mut Partition, Refusal> {
    match map.partitions.binary_search_by_key(&instrument, |partition| partition.instrument.id) {
        Ok(at) => Ok(&mut map.partitions[at]),
        Err(_) => Err(Refusal::UnknownInstrument(instrument)),
    }
}

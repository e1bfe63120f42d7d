//! The coordinator with its maps, and a migrator that moves instruments between clusters.

use std::sync::Arc;

use lugus_partition_map::{
    ClusterEntry, DeploymentId, MapEpoch, Migration, MigrationId, MigrationPhase, Partition, PartitionMap,
};
use lugus_topology::ClusterId;
use lugus_vocabulary::{InstrumentId, InstrumentSpecification};

use crate::cluster::Cluster;
use crate::engine::{Operation, Placement, Step};
use crate::network::{Channel, Chaos, Random, Time};

/// How long the migrator waits for an operation before it asks again.
const OPERATION_TIMEOUT: Time = 30;

pub(crate) struct Coordinator {
    pub(crate) map: Arc<PartitionMap>,
    feeds: Vec<Feed>,
    away_until: Time,
    migrators: Vec<Migrator>,
    pub(crate) finished: usize,
    pub(crate) undone: usize,
    /// How often a client did not hear that an instrument had left a cluster before it was back there.
    pub(crate) unheard_returns: usize,
}

/// The maps that a client has yet to hear of.
#[derive(Default)]
struct Feed {
    maps: Channel<Arc<PartitionMap>>,
    known: Option<Arc<PartitionMap>>,
    /// Until then the client receives no map.
    behind_until: Time,
}

/// Moves one instrument. It reads from the map and the clusters how far the move has come, so that a new migrator can
/// continue.
struct Migrator {
    instrument: u32,
    is_undone: bool,
    /// When the migrator acts next: it was killed, or waits for an operation.
    acts_at: Time,
}

impl Coordinator {
    pub(crate) fn new(clusters: i32, instruments: u32, clients: usize) -> Self {
        let cluster = |id| ClusterEntry {
            id: ClusterId(id),
            name: format!("cluster {id}"),
            members: Vec::new(),
            ingress_stream: 101,
            ingress_term_length: 64 * 1024,
        };
        let partition = |id: u32| {
            let mut instrument = InstrumentSpecification::spot(InstrumentId(id), &format!("I{id}/USD"), 2, 2);
            instrument.cluster = ClusterId(id as i32 % clusters);
            Partition::new(instrument)
        };
        let map = PartitionMap {
            deployment: DeploymentId(1),
            epoch: MapEpoch(1),
            clusters: (0..clusters).map(cluster).collect(),
            partitions: (1..=instruments).map(partition).collect(),
        };
        let feeds = (0..clients).map(|_| Feed::default()).collect();
        let map = Arc::new(map);
        Self { map, feeds, away_until: 0, migrators: Vec::new(), finished: 0, undone: 0, unheard_returns: 0 }
    }

    /// A client subscribes to maps: a replay, then live.
    pub(crate) fn subscribe(&mut self, client: usize, now: Time, random: &mut Random) {
        self.feeds[client] = Feed::default();
        self.feeds[client].maps.push(now + random.below(10), Arc::clone(&self.map));
    }

    /// The newest of the maps that have come to a client, which need not hear of those before.
    pub(crate) fn poll(&mut self, client: usize, now: Time) -> Option<Arc<PartitionMap>> {
        let feed = &mut self.feeds[client];
        if now < self.away_until.max(feed.behind_until) {
            return None;
        }
        let mut unheard = Vec::new();
        let mut newest = feed.maps.pop(now)?;
        while let Some(newer) = feed.maps.pop(now) {
            unheard.push(std::mem::replace(&mut newest, newer));
        }
        if let Some(known) = feed.known.replace(Arc::clone(&newest)) {
            let left = |at: usize, map: &PartitionMap| map.partitions[at].owner() != known.partitions[at].owner();
            let came_back = |at: &usize| !left(*at, &newest) && unheard.iter().any(|map| left(*at, map));
            self.unheard_returns += (0..newest.partitions.len()).filter(came_back).count();
        }
        Some(newest)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.migrators.is_empty() && self.feeds.iter().all(|feed| feed.maps.is_empty())
    }

    pub(crate) fn disturb(&mut self, now: Time, chaos: Chaos, random: &mut Random) {
        if random.happens(chaos.coordinator_away) {
            self.away_until = now + random.below(150);
        }
        if random.happens(chaos.other_epoch) {
            self.publish(now, random, |_| {});
        }
        if random.happens(chaos.migrate) && now >= self.away_until {
            self.begin(now, random);
        }
        for feed in &mut self.feeds {
            if random.happens(chaos.map_behind) {
                feed.behind_until = now + random.below(300);
            }
        }
        for migrator in &mut self.migrators {
            migrator.is_undone |= random.happens(chaos.undo_migration);
            if random.happens(chaos.kill_migrator) {
                migrator.acts_at = now + random.below(120);
            }
        }
    }

    fn publish(&mut self, now: Time, random: &mut Random, change: impl FnOnce(&mut PartitionMap)) {
        let mut map = PartitionMap::clone(&self.map);
        map.epoch.0 += 1;
        change(&mut map);
        self.map = Arc::new(map);
        for feed in &mut self.feeds {
            // Some clients hear at once, and some long after.
            let delay = if random.happens(2_000) { random.below(100) } else { random.below(4) };
            feed.maps.push(now + delay, Arc::clone(&self.map));
        }
    }

    fn begin(&mut self, now: Time, random: &mut Random) {
        let at = random.below(self.map.partitions.len() as u64) as usize;
        let clusters = self.map.clusters.len() as u64;
        let partition = &self.map.partitions[at];
        if partition.migration.is_some() || clusters < 2 {
            return;
        }
        let from = partition.owner();
        let to = ClusterId(((from.0 as u64 + 1 + random.below(clusters - 1)) % clusters) as i32);
        let id = MigrationId(self.map.epoch.0 + 1);
        self.migrators.push(Migrator { instrument: partition.instrument.id.0, is_undone: false, acts_at: now });
        self.publish(now, random, |map| {
            map.partitions[at].migration = Some(Migration { id, from, to, phase: MigrationPhase::Begun });
        });
    }

    /// Each migrator takes its next step.
    pub(crate) fn migrate(&mut self, clusters: &mut [Cluster], now: Time, random: &mut Random) {
        for mut migrator in std::mem::take(&mut self.migrators) {
            if now < migrator.acts_at || self.step(&mut migrator, clusters, now, random) {
                self.migrators.push(migrator);
            }
        }
    }

    /// Takes the next step of a move; returns whether there is more to do.
    fn step(&mut self, migrator: &mut Migrator, clusters: &mut [Cluster], now: Time, random: &mut Random) -> bool {
        let instrument = migrator.instrument;
        let at = instrument as usize - 1;
        let Some(migration) = self.map.partitions[at].migration else { return false };
        let (from, to) = (migration.from.0 as usize, migration.to.0 as usize);
        let epoch = self.map.epoch.0;
        let id = migration.id.0;
        let has_ended = |cluster: usize| clusters[cluster].engine.has_ended(instrument, id);
        let placement = |cluster: usize| clusters[cluster].engine.placements.get(&instrument).copied();
        let next = match migration.phase {
            MigrationPhase::Begun if migrator.is_undone => None,
            MigrationPhase::Begun if placement(from) == Some(Placement::Active) => Some((from, Step::Fence)),
            MigrationPhase::Begun if !matches!(placement(to), Some(Placement::Imported(_))) => {
                Some((to, Step::Import(clusters[from].engine.export(instrument))))
            }
            MigrationPhase::Begun => None,
            // The end of a migration is also told to a cluster where it has not begun: its first steps may be under
            // way.
            MigrationPhase::Undoing if !has_ended(to) => Some((to, Step::DropImport)),
            MigrationPhase::Undoing if !has_ended(from) => Some((from, Step::Unfence)),
            MigrationPhase::Undoing => None,
            MigrationPhase::Committed if !has_ended(to) => Some((to, Step::Activate)),
            MigrationPhase::Committed if !has_ended(from) => Some((from, Step::Drop { epoch })),
            MigrationPhase::Committed => None,
        };
        match next {
            Some((cluster, step)) => {
                clusters[cluster].operate(Operation { instrument, migration: id, step }, now);
                migrator.acts_at = now + if random.happens(5_000) { 2 } else { random.below(OPERATION_TIMEOUT) };
            }
            None if now >= self.away_until => return self.advance(at, migrator.is_undone, now, random),
            None => {}
        }
        true
    }

    /// Publishes the next phase of a move; returns whether there is another.
    fn advance(&mut self, at: usize, is_undone: bool, now: Time, random: &mut Random) -> bool {
        let Some(migration) = self.map.partitions[at].migration else { return false };
        let next = match (migration.phase, is_undone) {
            (MigrationPhase::Begun, false) => Some(MigrationPhase::Committed),
            (MigrationPhase::Begun, true) => Some(MigrationPhase::Undoing),
            (MigrationPhase::Committed | MigrationPhase::Undoing, _) => None,
        };
        match migration.phase {
            MigrationPhase::Committed => self.finished += 1,
            MigrationPhase::Undoing => self.undone += 1,
            MigrationPhase::Begun => {}
        }
        self.publish(now, random, |map| {
            let partition = &mut map.partitions[at];
            if next == Some(MigrationPhase::Committed) {
                partition.instrument.cluster = migration.to;
            }
            partition.migration = next.map(|phase| Migration { phase, ..migration });
        });
        next.is_some()
    }
}

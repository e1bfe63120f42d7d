//! The partition map and its changes: which cluster trades what, and moves as they run.

use std::collections::BTreeMap;
use std::sync::Arc;

use lugus_partition_map::{Migration, MigrationEnding, MigrationId, MigrationPhase, Partition, PartitionMap};
use lugus_vocabulary::{ClusterId, InstrumentId};

use super::events::{About, EventLog, Level, Topic};
use super::moment::Moment;
use super::observation::{CoordinatorState, MapSeen};
use super::view::{MapView, MoveView, PartitionView};

const ABOUT: About<'static> = About { topic: Topic::Map, cluster: None, member: None };

/// The map as seen last.
#[derive(Debug)]
pub(super) struct SeenMap {
    coordinator: CoordinatorState,
    /// Whether the coordinator was ever reached: until then it is no news that it is away.
    was_live: bool,
    map: Option<Arc<PartitionMap>>,
    /// When the phase of each running move was seen first.
    phases: BTreeMap<InstrumentId, (MigrationId, MigrationPhase, i64)>,
}

impl Default for SeenMap {
    fn default() -> Self {
        Self { coordinator: CoordinatorState::None, was_live: false, map: None, phases: BTreeMap::new() }
    }
}

impl SeenMap {
    /// Takes the map as it is now, and tells what has changed.
    pub(super) fn see(&mut self, now: Moment, seen: MapSeen, events: &mut EventLog) {
        self.see_coordinator(now, seen.coordinator, events);
        let Some(map) = seen.map else { return };
        if self.map.as_ref().is_some_and(|known| known.epoch == map.epoch) {
            return;
        }
        if let Some(known) = self.map.take() {
            for partition in &map.partitions {
                tell_changes(now, &map, known.partition(partition.instrument.id), partition, events);
            }
            for gone in known.partitions.iter().filter(|known| map.partition(known.instrument.id).is_none()) {
                events.add(now, Level::Warning, ABOUT, format!("{} is no longer on the map", gone.instrument.symbol));
            }
        }
        let phase_of = |partition: &Partition| {
            let Migration { id, phase, .. } = partition.migration?;
            let known = self.phases.get(&partition.instrument.id).filter(|known| (known.0, known.1) == (id, phase));
            Some((partition.instrument.id, (id, phase, known.map_or(now.epoch_ms, |known| known.2))))
        };
        self.phases = map.partitions.iter().filter_map(phase_of).collect();
        self.map = Some(map);
    }

    fn see_coordinator(&mut self, now: Moment, coordinator: CoordinatorState, events: &mut EventLog) {
        if coordinator == self.coordinator {
            return;
        }
        match coordinator {
            CoordinatorState::Away if self.was_live => {
                let text = "the coordinator can't be reached: the last map stays in use, and nothing can move";
                events.add(now, Level::Warning, ABOUT, text);
            }
            CoordinatorState::Live if self.coordinator == CoordinatorState::Away && self.was_live => {
                events.add(now, Level::Info, ABOUT, "the coordinator can be reached again");
            }
            _ => {}
        }
        self.was_live |= coordinator == CoordinatorState::Live;
        // While its maps are replayed it is not known whether it is back.
        if coordinator != CoordinatorState::Replaying || !self.was_live {
            self.coordinator = coordinator;
        }
    }

    /// The map for the page.
    pub(super) fn view(&self) -> MapView {
        let Some(map) = &self.map else {
            return MapView { coordinator: self.coordinator, epoch: None, partitions: Vec::new() };
        };
        let partition = |partition: &Partition| PartitionView {
            instrument: partition.instrument.id.0,
            symbol: partition.instrument.symbol.clone(),
            instrument_type: format!("{:?}", partition.instrument.instrument_type).to_uppercase(),
            cluster: name_of(map, partition.owner()),
            is_halted: partition.is_halted,
            moving: partition.migration.map(|migration| MoveView {
                id: migration.id.0,
                from: name_of(map, migration.from),
                to: name_of(map, migration.to),
                phase: phase_name(migration.phase),
                since_ms: self.phases.get(&partition.instrument.id).map_or(0, |known| known.2),
            }),
        };
        let partitions = map.partitions.iter().map(partition).collect();
        MapView { coordinator: self.coordinator, epoch: Some(map.epoch.0), partitions }
    }

    /// The map itself.
    pub(super) fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.map.as_ref()
    }
}

fn phase_name(phase: MigrationPhase) -> &'static str {
    match phase {
        MigrationPhase::Begun => "begun",
        MigrationPhase::Committed => "committed",
        MigrationPhase::Undoing => "undoing",
    }
}

fn name_of(map: &PartitionMap, id: ClusterId) -> String {
    map.cluster(id).map_or_else(|| id.to_string(), |cluster| cluster.name.clone())
}

fn tell_changes(now: Moment, map: &PartitionMap, before: Option<&Partition>, after: &Partition, events: &mut EventLog) {
    let symbol = &after.instrument.symbol;
    let mut tell = |level, text: String| events.add(now, level, ABOUT, text);
    let name = |id| name_of(map, id);
    let Some(before) = before else {
        return tell(Level::Info, format!("{symbol} is on the map, in cluster {}", name(after.owner())));
    };
    match (before.is_halted, after.is_halted) {
        (false, true) => tell(Level::Warning, format!("{symbol} is halted on the map")),
        (true, false) => tell(Level::Info, format!("{symbol} is no longer halted on the map")),
        _ => {}
    }
    match (before.migration, after.migration) {
        (before, Some(Migration { id, from, to, phase })) if before != after.migration => {
            let what = match phase {
                MigrationPhase::Begun => format!("{symbol} moves from {} to {} (move {id})", name(from), name(to)),
                MigrationPhase::Committed => format!("{symbol} belongs to {} now (move {id})", name(to)),
                MigrationPhase::Undoing => format!("the move of {symbol} to {} is being undone (move {id})", name(to)),
            };
            tell(if phase == MigrationPhase::Undoing { Level::Warning } else { Level::Info }, what);
        }
        (Some(Migration { id, to, .. }), None) => {
            let is_aborted =
                after.ended_migration.is_some_and(|ended| ended.id == id && ended.outcome == MigrationEnding::Aborted);
            if is_aborted {
                tell(
                    Level::Warning,
                    format!("{symbol} has stayed in {} (move {id} to {})", name(after.owner()), name(to)),
                );
            } else {
                tell(Level::Info, format!("{symbol} has moved to {} (move {id})", name(after.owner())));
            }
        }
        (None, None) if before.owner() != after.owner() => {
            tell(Level::Info, format!("{symbol} has moved from {} to {}", name(before.owner()), name(after.owner())));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lugus_partition_map::{ClusterEntry, DeploymentId, EndedMigration, MapEpoch};
    use lugus_vocabulary::InstrumentSpecification;

    use super::*;

    fn at(epoch_ms: i64) -> Moment {
        Moment { elapsed: Duration::ZERO, epoch_ms }
    }

    fn map(epoch: u64, change: impl FnOnce(&mut Partition)) -> MapSeen {
        let cluster = |id: i32, name: &str| ClusterEntry {
            id: ClusterId(id),
            name: name.to_owned(),
            members: Vec::new(),
            ingress_stream: 0,
            ingress_term_length: 0,
        };
        let mut partition = Partition::new(InstrumentSpecification::spot(InstrumentId(1), "BTC/USDT", 2, 5));
        change(&mut partition);
        let mut map = PartitionMap::empty(DeploymentId(1));
        map.epoch = MapEpoch(epoch);
        map.clusters = vec![cluster(0, "A"), cluster(1, "B")];
        map.partitions = vec![partition];
        MapSeen { coordinator: CoordinatorState::Live, map: Some(Arc::new(map)) }
    }

    fn moving(phase: MigrationPhase) -> Option<Migration> {
        Some(Migration { id: MigrationId(7), from: ClusterId(0), to: ClusterId(1), phase })
    }

    #[test]
    fn a_move_is_told_step_by_step() {
        let (mut seen, mut events) = (SeenMap::default(), EventLog::default());
        seen.see(at(1), map(1, |_| {}), &mut events);
        assert_eq!(events.next(), 0, "the first map is no news");
        seen.see(at(2), map(2, |partition| partition.migration = moving(MigrationPhase::Begun)), &mut events);
        let move_view = seen.view().partitions[0].moving.clone().unwrap();
        let expected = MoveView { id: 7, from: "A".into(), to: "B".into(), phase: "begun", since_ms: 2 };
        assert_eq!(move_view, expected);
        // Another change of the map does not begin the phase anew.
        let still = |partition: &mut Partition| {
            partition.migration = moving(MigrationPhase::Begun);
            partition.is_halted = true;
        };
        seen.see(at(3), map(3, still), &mut events);
        assert_eq!(seen.view().partitions[0].moving.as_ref().map(|moving| moving.since_ms), Some(2));
        let committed = |partition: &mut Partition| {
            partition.instrument.cluster = ClusterId(1);
            partition.migration = moving(MigrationPhase::Committed);
        };
        seen.see(at(4), map(4, committed), &mut events);
        let done = |partition: &mut Partition| {
            partition.instrument.cluster = ClusterId(1);
            partition.ended_migration = Some(EndedMigration { id: MigrationId(7), outcome: MigrationEnding::Finished });
        };
        seen.see(at(5), map(5, done), &mut events);
        let texts: Vec<_> = events.since(0).map(|event| event.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "BTC/USDT moves from A to B (move 7)",
                "BTC/USDT is halted on the map",
                "BTC/USDT is no longer halted on the map",
                "BTC/USDT belongs to B now (move 7)",
                "BTC/USDT has moved to B (move 7)",
            ]
        );
        assert_eq!((seen.view().partitions[0].cluster.as_str(), &seen.view().partitions[0].moving), ("B", &None));
    }

    #[test]
    fn a_move_that_is_undone_is_told_as_such() {
        let (mut seen, mut events) = (SeenMap::default(), EventLog::default());
        seen.see(at(1), map(1, |partition| partition.migration = moving(MigrationPhase::Undoing)), &mut events);
        let stayed = |partition: &mut Partition| {
            partition.ended_migration = Some(EndedMigration { id: MigrationId(7), outcome: MigrationEnding::Aborted });
        };
        seen.see(at(2), map(2, stayed), &mut events);
        let told: Vec<_> = events.since(0).map(|event| (event.level, event.text.as_str())).collect();
        assert_eq!(told, [(Level::Warning, "BTC/USDT has stayed in A (move 7 to B)")]);
    }

    #[test]
    fn a_coordinator_that_goes_and_comes_is_told_once_each() {
        let (mut seen, mut events) = (SeenMap::default(), EventLog::default());
        let coordinator = |coordinator| MapSeen { coordinator, map: None };
        for state in [
            CoordinatorState::Away,
            CoordinatorState::Replaying,
            CoordinatorState::Live,
            CoordinatorState::Away,
            CoordinatorState::Replaying,
            CoordinatorState::Away,
            CoordinatorState::Replaying,
            CoordinatorState::Live,
        ] {
            seen.see(at(0), coordinator(state), &mut events);
        }
        let levels: Vec<_> = events.since(0).map(|event| event.level).collect();
        assert_eq!(levels, [Level::Warning, Level::Info]);
    }
}

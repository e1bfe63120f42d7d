//! What the coordinator counts, in a file in shared memory for whoever serves metrics.

use std::path::Path;

use lugus_gauges::{Gauges, Kind, ReadError};
use lugus_partition_map::PartitionMap;

/// Layout of the cells below. Whoever changes one raises it.
const KIND: Kind = Kind(0x4c43_0001);

/// A number of the coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum CoordinatorGauge {
    /// Epoch of the newest recorded map.
    MapEpoch,
    /// Instruments in it.
    Instruments,
    /// Those of them that are halted.
    HaltedInstruments,
    /// Those of them whose move is under way.
    Moves,
    /// Requests that were done since the start. A counter.
    AcceptedRequests,
    /// Requests that were refused. A counter.
    RefusedRequests,
    /// Requests that were answered with a challenge, as they had no proof of the operator's key for the newest one. A counter.
    ChallengedRequests,
    /// Messages that were no requests. A counter.
    UnreadableMessages,
}

const CELLS: usize = CoordinatorGauge::UnreadableMessages as usize + 1;

/// The numbers of a running coordinator.
#[derive(Debug)]
pub(crate) struct CoordinatorGauges(Gauges);

impl CoordinatorGauges {
    /// Makes the file.
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        Gauges::create(path, KIND, CELLS).map(Self)
    }

    /// Counts a request or a message.
    pub(crate) fn count(&self, gauge: CoordinatorGauge) {
        self.0.add(gauge as usize, 1);
    }

    /// A map is the newest one.
    pub(crate) fn map(&self, map: &PartitionMap) {
        let set = |gauge: CoordinatorGauge, value: u64| self.0.set(gauge as usize, value);
        let partitions = || map.partitions.iter();
        set(CoordinatorGauge::MapEpoch, map.epoch.0);
        set(CoordinatorGauge::Instruments, partitions().count() as u64);
        set(CoordinatorGauge::HaltedInstruments, partitions().filter(|partition| partition.is_halted).count() as u64);
        set(CoordinatorGauge::Moves, partitions().filter(|partition| partition.migration.is_some()).count() as u64);
    }
}

/// What a coordinator has counted, as read from its file.
#[derive(Debug)]
pub struct CoordinatorReading(Vec<u64>);

impl CoordinatorReading {
    /// Reads the file of a coordinator, also while it runs.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        lugus_gauges::read(path, KIND, CELLS).map(Self)
    }

    /// A number.
    pub fn get(&self, gauge: CoordinatorGauge) -> u64 {
        self.0.get(gauge as usize).copied().unwrap_or(0)
    }
}

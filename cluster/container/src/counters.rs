//! Counters in the media driver: the container's own, and those that a service adds.
//!
//! Source: `ClusterCounters`, `DutyCycleStallTracker` and `SnapshotDurationTracker` of Aeron, and its `AeronCounters` for
//! the type ids. Keys are the cluster id and the service id, both `i32` little endian.

use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusteron_archive::AeronCounter;

/// Type id of the consensus module's commit position: bounds what a service may read of the log.
pub(crate) const COMMIT_POSITION_TYPE_ID: i32 = 203;
/// Type id of the consensus module's recovery state: what a service starts from.
pub(crate) const RECOVERY_STATE_TYPE_ID: i32 = 204;
/// Type id of the number of errors of a container.
pub(crate) const SERVICE_ERROR_COUNT_TYPE_ID: i32 = 215;
/// Type id of the longest time between two duty cycles, in nanoseconds.
pub(crate) const MAX_CYCLE_TIME_TYPE_ID: i32 = 218;
/// Type id of how often that time was above the threshold.
pub(crate) const CYCLE_TIME_THRESHOLD_EXCEEDED_TYPE_ID: i32 = 219;
/// Type id of the longest time that a snapshot took, in nanoseconds.
pub(crate) const MAX_SNAPSHOT_DURATION_TYPE_ID: i32 = 236;
/// Type id of how often that time was above the threshold.
pub(crate) const SNAPSHOT_DURATION_THRESHOLD_EXCEEDED_TYPE_ID: i32 = 237;
/// Type id of the number of sessions that were closed because their clients did not keep up. Not one of Aeron's.
pub(crate) const SLOW_SESSIONS_CLOSED_TYPE_ID: i32 = 10_215;

/// A counter that lives in the media driver for as long as this handle.
#[derive(Debug, Clone)]
pub struct ServiceCounter {
    value: NonNull<AtomicI64>,
    /// Keeps the memory behind `value`.
    _owner: Owner,
}

#[derive(Debug, Clone)]
enum Owner {
    Aeron(#[allow(dead_code, reason = "held for its drop")] AeronCounter),
    Memory(#[allow(dead_code, reason = "held for its drop")] Rc<AtomicI64>),
}

impl ServiceCounter {
    /// A counter in plain memory that no tool sees: for tests of a service.
    pub fn detached() -> Self {
        let cell = Rc::new(AtomicI64::new(0));
        Self { value: NonNull::from(cell.as_ref()), _owner: Owner::Memory(cell) }
    }

    pub(crate) fn of_driver(counter: AeronCounter) -> Self {
        Self { value: NonNull::from(counter.addr_atomic()), _owner: Owner::Aeron(counter) }
    }

    /// Its value.
    #[inline]
    pub fn get(&self) -> i64 {
        self.cell().load(Ordering::Acquire)
    }

    /// Sets its value, after all writes before this call (release).
    #[inline]
    pub fn set(&self, value: i64) {
        self.cell().store(value, Ordering::Release);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `delta`.
    #[inline]
    pub fn add(&self, delta: i64) {
        self.cell().fetch_add(delta, Ordering::Release);
    }

    /// Raises it to `value` when that is greater.
    #[inline]
    pub fn propose_max(&self, value: i64) {
        self.cell().fetch_max(value, Ordering::Release);
    }

    #[inline]
    fn cell(&self) -> &AtomicI64 {
        // SAFETY: `_owner` holds the memory: the boxed cell, or a counter of the Aeron client, whose counters stay mapped
        // while any handle of the client lives, and a counter's handle holds its client.
        unsafe { self.value.as_ref() }
    }
}

/// Follows how long something takes: the maximum, and how often it was above a threshold.
#[derive(Debug)]
pub(crate) struct DurationTracker {
    maximum: ServiceCounter,
    exceeded: ServiceCounter,
    threshold_ns: i64,
}

impl DurationTracker {
    pub(crate) fn new(maximum: ServiceCounter, exceeded: ServiceCounter, threshold_ns: i64) -> Self {
        Self { maximum, exceeded, threshold_ns }
    }

    #[inline]
    pub(crate) fn record(&self, duration_ns: i64) {
        if duration_ns > self.threshold_ns {
            self.exceeded.increment();
        }
        if duration_ns > self.maximum.get() {
            self.maximum.propose_max(duration_ns);
        }
    }
}

/// What a container counts.
#[derive(Debug)]
pub(crate) struct ContainerCounters {
    /// Time between two duty cycles.
    pub(crate) cycle: DurationTracker,
    /// Time that snapshots take.
    pub(crate) snapshot: DurationTracker,
    /// Sessions closed because their clients did not keep up.
    pub(crate) slow_sessions_closed: ServiceCounter,
}

/// Key of a container's counters.
pub(crate) fn service_key(cluster_id: i32, service_id: i32) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&cluster_id.to_le_bytes());
    key[4..].copy_from_slice(&service_id.to_le_bytes());
    key
}

/// Label of a container's counter.
pub(crate) fn service_label(name: &str, cluster_id: i32, service_id: i32) -> String {
    format!("{name} - clusterId={cluster_id} serviceId={service_id}")
}

/// A duration as Agrona's `SystemUtil.formatDuration` writes it: in the largest unit that divides it.
pub(crate) fn format_duration(duration_ns: i64) -> String {
    for (unit_ns, suffix) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")] {
        if duration_ns % unit_ns == 0 {
            return format!("{}{suffix}", duration_ns / unit_ns);
        }
    }
    format!("{duration_ns}ns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_keeps_the_maximum_and_counts_what_is_above_the_threshold() {
        let (maximum, exceeded) = (ServiceCounter::detached(), ServiceCounter::detached());
        let tracker = DurationTracker::new(maximum.clone(), exceeded.clone(), 100);
        for duration in [50, 100, 101, 70] {
            tracker.record(duration);
        }
        assert_eq!((maximum.get(), exceeded.get()), (101, 1));
    }

    #[test]
    fn durations_are_written_as_agrona_does() {
        let texts = [100_000_000, 1_000_000_000, 1_500_000, 7].map(format_duration);
        assert_eq!(texts, ["100ms", "1s", "1500us", "7ns"]);
    }

    #[test]
    fn the_key_holds_cluster_and_service() {
        assert_eq!(service_key(2, 1), [2, 0, 0, 0, 1, 0, 0, 0]);
    }
}

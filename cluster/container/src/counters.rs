//! Counters in the media driver: those of the container, and those that a service adds.
//!
//! Source: `ClusterCounters`, `DutyCycleStallTracker` and `SnapshotDurationTracker` of Aeron, and its `AeronCounters`
//! for the type ids. Keys are the cluster id and the service id, both `i32` little endian.

use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusteron_archive::AeronCounter;

/// Type id of the consensus module's commit position, up to which a service may consume the log.
pub(crate) const COMMIT_POSITION_TYPE_ID: i32 = 203;
/// Type id of the consensus module's recovery state, from which a service starts.
pub(crate) const RECOVERY_STATE_TYPE_ID: i32 = 204;
/// Type id of the number of errors of a container.
pub(crate) const SERVICE_ERROR_COUNT_TYPE_ID: i32 = 215;
/// Type id of the longest time between two duty cycles, in nanoseconds.
pub(crate) const MAX_CYCLE_TIME_TYPE_ID: i32 = 218;
/// Type id of the number of times that this time was above the threshold.
pub(crate) const CYCLE_TIME_THRESHOLD_EXCEEDED_TYPE_ID: i32 = 219;
/// Type id of the longest duration of a snapshot, in nanoseconds.
pub(crate) const MAX_SNAPSHOT_DURATION_TYPE_ID: i32 = 236;
/// Type id of the number of times that this duration was above the threshold.
pub(crate) const SNAPSHOT_DURATION_THRESHOLD_EXCEEDED_TYPE_ID: i32 = 237;
/// Type id of the number of sessions that were closed because their clients did not keep up. It is not one of Aeron's.
pub const SLOW_SESSIONS_CLOSED_TYPE_ID: i32 = 10_215;
/// Type id of the log position up to which the service has consumed the log. It is not one of Aeron's.
pub const LOG_POSITION_TYPE_ID: i32 = 10_216;
/// Type id of the time of the last entry of the log that the service has applied. It is not one of Aeron's.
pub const LOG_TIME_TYPE_ID: i32 = 10_218;
/// Type id of the duration of the newest snapshot, in nanoseconds. It is not one of Aeron's.
pub const SNAPSHOT_DURATION_TYPE_ID: i32 = 10_219;
/// Type id of the time that the start from a snapshot took, in nanoseconds; 0 without a snapshot. It is not one of Aeron's.
pub const SNAPSHOT_LOAD_TYPE_ID: i32 = 10_220;
/// Type id of the counters by which the container finds out whether its media driver works. Each lives for a moment.
pub const DRIVER_PROBE_TYPE_ID: i32 = 10_217;

/// A counter in the media driver, which lives as long as its handle and the clones of it.
#[derive(Debug, Clone)]
pub struct ServiceCounter {
    value: NonNull<AtomicI64>,
    /// Owner of the memory behind `value`.
    _owner: Owner,
}

#[derive(Debug, Clone)]
enum Owner {
    Aeron(#[allow(dead_code, reason = "held for its drop")] AeronCounter),
    Memory(#[allow(dead_code, reason = "held for its drop")] Rc<AtomicI64>),
}

impl ServiceCounter {
    /// A counter in plain memory, which no tool sees, for the tests of a service.
    pub fn detached() -> Self {
        let cell = Rc::new(AtomicI64::new(0));
        Self { value: NonNull::from(cell.as_ref()), _owner: Owner::Memory(cell) }
    }

    pub(crate) fn of_driver(counter: AeronCounter) -> Self {
        Self { value: NonNull::from(counter.addr_atomic()), _owner: Owner::Aeron(counter) }
    }

    /// Value of the counter.
    #[inline]
    pub fn get(&self) -> i64 {
        self.cell().load(Ordering::Acquire)
    }

    /// Sets the value, with release order: after all writes before this call.
    #[inline]
    pub fn set(&self, value: i64) {
        self.cell().store(value, Ordering::Release);
    }

    /// Adds one to the value.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `delta` to the value.
    #[inline]
    pub fn add(&self, delta: i64) {
        self.cell().fetch_add(delta, Ordering::Release);
    }

    /// Raises the value to `value` when that is greater.
    #[inline]
    pub fn propose_max(&self, value: i64) {
        self.cell().fetch_max(value, Ordering::Release);
    }

    #[inline]
    fn cell(&self) -> &AtomicI64 {
        // SAFETY: `_owner` keeps the memory valid. It is the shared cell, or a counter of the Aeron client; the
        // counters of a client stay mapped while any handle of the client lives, and a counter holds its client.
        unsafe { self.value.as_ref() }
    }
}

/// Tracks durations of one kind: the longest, and the number of those above a threshold.
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

/// Counters of a container, except that of its errors.
#[derive(Debug)]
pub(crate) struct ContainerCounters {
    /// Times between two duty cycles.
    pub(crate) cycle: DurationTracker,
    /// Durations of snapshots.
    pub(crate) snapshot: DurationTracker,
    /// Duration of the newest snapshot, in nanoseconds: from the request until the archive has all of it.
    pub(crate) newest_snapshot: ServiceCounter,
    /// Time that the start from a snapshot took, in nanoseconds: from the request to the archive until the service had all of it.
    pub(crate) snapshot_load: ServiceCounter,
    /// Log position after the last fragment that the service has done with, in bytes; -1 while it has joined no log. A
    /// watchdog outside of the process compares it with the commit position.
    pub(crate) log_position: ServiceCounter,
    /// Time of the last entry of the log that the service has applied, in the cluster's unit of time. It is set before the
    /// position, and before each ack leaves: when a consensus module is about to lead, its service has acked the whole log.
    pub(crate) log_time: ServiceCounter,
    /// Number of sessions closed because their clients did not keep up.
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

//! Disk of a member: log, snapshots and recorded market data, and what is kept of them.

use lugus_topology::{Deployment, Size};
use serde::Serialize;

use crate::load::Load;
use crate::memory::{EngineContents, contents};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Bytes of an open order, a kept event and a kept trade in a snapshot, as runs of records; `tests/snapshot_bytes.rs` measures them.
const ORDER: f64 = 9.0;
const EVENT: f64 = 21.0;
const TRADE: f64 = 28.0;
/// Bytes of a kept event of a firm, which is whole.
const FIRM_EVENT: f64 = 150.0;
/// Bytes of a scope, of a participant, of an instrument, and of all the rest.
const SCOPE: f64 = 90.0;
const PARTICIPANT: f64 = 120.0;
const INSTRUMENT: f64 = 300.0;
const REST: f64 = 4_096.0;

/// Bytes of the consensus module's own snapshot, without sessions, and for each of them.
const CONSENSUS_MODULE: f64 = 1_024.0;
const SESSION: f64 = 192.0;

/// Bytes on the disk of a member.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disk {
    /// Log that is written in a day.
    pub log_bytes_per_day: f64,
    /// Snapshots of a day.
    pub snapshots_per_day: f64,
    /// Length of one, of service and consensus module together.
    pub snapshot_bytes: f64,
    /// Snapshots that are written in a day.
    pub snapshot_bytes_per_day: f64,
    /// Market data that is recorded in a day.
    pub recorded_bytes_per_day: f64,
    /// Most that recorded market data takes at any time: what is kept, and up to two segments.
    pub recorded_bytes: f64,
    /// Seconds of market data at the peak that the recording keeps at least; `None` if nothing is recorded.
    pub recorded_peak_seconds: Option<f64>,
    /// Most that log, snapshots and recorded market data take at any time: what is kept, and what is being written.
    pub most_bytes: f64,
    /// Size of the disk below which a member hands over: `most_bytes` and the reserve.
    pub needed_bytes: f64,
}

impl Disk {
    /// All that is written in a day.
    pub fn bytes_per_day(&self) -> f64 {
        self.log_bytes_per_day + self.snapshot_bytes_per_day + self.recorded_bytes_per_day
    }

    /// The disk of a member of a cluster with this load.
    pub fn of(deployment: &Deployment, load: &Load) -> Self {
        let per_second = load.mean_per_second * load.traffic.log_bytes;
        let log_bytes_per_day = per_second * DAY;
        let snapshot_bytes = snapshot_bytes(deployment, load);
        let retention = &deployment.retention;
        let (between, snapshots_per_day) = between_snapshots(deployment, per_second);
        let kept = f64::from(retention.snapshots);
        let days = f64::from(retention.log_retention_days) * log_bytes_per_day;
        // The oldest kept snapshot needs the log from there on, and until the next one is complete another length of log is written. A segment
        // file goes only as a whole.
        let log = if snapshots_per_day > 0.0 { ((kept + 1.0) * between).max(days + between) } else { f64::INFINITY };
        let of_days = f64::from(retention.log_retention_days) * snapshots_per_day;
        let segment = deployment.archive.segment_length.as_bytes() as f64;
        let is_recorded = deployment.market_data.is_recorded();
        let recorded_length = deployment.market_data.recorded_length.as_bytes() as f64;
        let recorded_bytes = if is_recorded { recorded_length + 2.0 * segment } else { 0.0 };
        let most_bytes = log + segment + (kept + 1.0).max(of_days + 1.0) * snapshot_bytes + recorded_bytes;
        let market_data_bytes = load.traffic.market_data_bytes;
        Self {
            log_bytes_per_day,
            snapshots_per_day,
            snapshot_bytes,
            snapshot_bytes_per_day: snapshots_per_day * snapshot_bytes,
            recorded_bytes_per_day: if is_recorded { load.mean_per_second * market_data_bytes * DAY } else { 0.0 },
            recorded_bytes,
            recorded_peak_seconds: is_recorded.then(|| recorded_length / (load.peak_per_second * market_data_bytes)),
            most_bytes,
            needed_bytes: most_bytes + deployment.archive.reserve().as_bytes() as f64,
        }
    }
}

/// Bytes of log between two snapshots at this rate, and the number of snapshots of a day; infinite and 0 if there are none.
pub(crate) fn between_snapshots(deployment: &Deployment, bytes_per_second: f64) -> (f64, f64) {
    let retention = &deployment.retention;
    let by_length = if retention.snapshot_log_length == Size::bytes(0) {
        f64::INFINITY
    } else {
        retention.snapshot_log_length.as_bytes() as f64
    };
    let by_time = if retention.snapshot_interval.is_zero() {
        f64::INFINITY
    } else {
        retention.snapshot_interval.as_secs_f64() * bytes_per_second
    };
    let between = by_length.min(by_time);
    if between > 0.0 { (between, bytes_per_second * DAY / between) } else { (0.0, 0.0) }
}

/// Records in a snapshot: what its time goes by.
pub(crate) fn snapshot_records(deployment: &Deployment, load: &Load) -> f64 {
    let EngineContents { orders, scopes, instruments, participants, .. } = contents(deployment, load);
    let (events, of_firms, trades) = kept(deployment, load);
    orders as f64 + events + of_firms + trades + (scopes + instruments + participants) as f64
}

/// Bytes of a snapshot, of service and consensus module together.
pub fn snapshot_bytes(deployment: &Deployment, load: &Load) -> f64 {
    let EngineContents { orders, scopes, instruments, participants, .. } = contents(deployment, load);
    let (events, of_firms, trades) = kept(deployment, load);
    let service = orders as f64 * ORDER
        + events * EVENT
        + of_firms * FIRM_EVENT
        + trades * TRADE
        + scopes as f64 * SCOPE
        + participants as f64 * PARTICIPANT
        + instruments as f64 * INSTRUMENT
        + REST;
    service + CONSENSUS_MODULE + f64::from(load.sessions) * SESSION
}

/// Events of scopes, events of firms, and trades that are kept.
fn kept(deployment: &Deployment, load: &Load) -> (f64, f64, f64) {
    let EngineContents {
        scopes, events_of_a_scope, firms, events_of_a_firm, instruments, trades_of_an_instrument, ..
    } = contents(deployment, load);
    let of_firm = events_of_a_firm.min(deployment.engine.retained_firm_events.into());
    let events = events_of_a_scope.min(deployment.engine.retained_events.into());
    let trades = trades_of_an_instrument.min(deployment.engine.retained_trades.into());
    ((scopes * events) as f64, (firms * of_firm) as f64, (instruments * trades) as f64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lugus_topology::Retention;
    use proptest::prelude::*;

    use super::*;

    fn deployment(interval: u64, length: u64) -> Deployment {
        let retention = Retention {
            snapshot_interval: Duration::from_secs(interval),
            snapshot_log_length: Size::bytes(length),
            ..Retention::default()
        };
        let mut deployment = Deployment::default();
        deployment.retention = retention;
        deployment
    }

    #[test]
    fn snapshots_come_with_the_interval_or_with_the_length_of_the_log() {
        let load = Load { mean_per_second: 1_000.0, ..Load::of_peak(1_000.0) };
        let hourly = Disk::of(&deployment(3_600, 1 << 40), &load);
        assert!(
            (hourly.snapshots_per_day - 24.0).abs() < 1e-9 && (hourly.log_bytes_per_day - 138_900.0 * DAY).abs() < 1e6
        );
        let by_length = Disk::of(&deployment(3_600, 138_900 * 600), &load);
        assert!((by_length.snapshots_per_day - 144.0).abs() < 1e-9);
        assert!(
            by_length.most_bytes < hourly.most_bytes
                && by_length.snapshot_bytes_per_day > hourly.snapshot_bytes_per_day
        );
        let never = Disk::of(&deployment(0, 0), &load);
        assert!(never.most_bytes.is_infinite() && never.snapshots_per_day == 0.0);
    }

    #[test]
    fn recorded_market_data_takes_what_is_kept_and_two_segments() {
        let load = Load { mean_per_second: 1_000.0, ..Load::of_peak(10_000.0) };
        let mut deployment = Deployment::default();
        let without = Disk::of(&deployment, &load);
        assert_eq!((without.recorded_bytes, without.recorded_bytes_per_day), (0.0, 0.0));
        assert_eq!(without.recorded_peak_seconds, None);
        deployment.market_data.recorded_length = Size::mib(2_048);
        let with = Disk::of(&deployment, &load);
        let segment = deployment.archive.segment_length.as_bytes() as f64;
        assert_eq!(with.recorded_bytes, 2_048.0 * 1_048_576.0 + 2.0 * segment);
        assert!((with.needed_bytes - without.needed_bytes - with.recorded_bytes).abs() < 1.0);
        assert!((with.recorded_bytes_per_day - 175_900.0 * DAY).abs() < 1e6);
        assert!((with.recorded_peak_seconds.expect("recorded") - 1_220.9).abs() < 0.1);
        assert!((with.bytes_per_day() - without.bytes_per_day() - with.recorded_bytes_per_day).abs() < 1.0);
        deployment.market_data.enabled = false;
        assert_eq!(Disk::of(&deployment, &load).recorded_bytes, 0.0, "nothing is published, and nothing recorded");
    }

    proptest! {
        #[test]
        fn more_load_never_takes_less_disk(rate in 1.0..1e6_f64, more in 0.0..1e6_f64, orders in 0..1_000_000_u32, more_orders in 0..1_000_000_u32) {
            let of = |rate: f64, orders| {
                let load = Load { mean_per_second: rate, open_orders: orders, ..Load::of_peak(rate) };
                Disk::of(&Deployment::default(), &load)
            };
            let (less, greater) = (of(rate, orders), of(rate + more, orders + more_orders));
            prop_assert!(less.bytes_per_day() <= greater.bytes_per_day() * (1.0 + 1e-12));
            prop_assert!(less.most_bytes <= greater.most_bytes && less.needed_bytes <= greater.needed_bytes);
        }
    }
}

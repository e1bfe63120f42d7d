//! The plan as text for people.

use std::fmt::{self, Display, Formatter};

use lugus_report::number;

use crate::plan::Plan;

/// Number of stages that are told.
const STAGES: usize = 6;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let load = &self.load;
        writeln!(
            f,
            "load           {} commands a second at the peak, {} as a day's mean, in bursts of {}",
            number(load.peak_per_second),
            number(load.mean_per_second),
            load.burst
        )?;
        writeln!(
            f,
            "               {} pairs, {} participants, {} sessions, {} open orders, {} members a cluster",
            load.pairs.len(),
            load.participants,
            load.sessions,
            load.open_orders,
            load.members
        )?;
        writeln!(f, "service times  {} ({} members)", self.service_times, self.measured_members)?;
        writeln!(f, "binding        {} at {:.0} %", self.binding, self.utilisation * 100.0)?;
        for stage in self.stages.iter().take(STAGES) {
            let (utilisation, us, greatest) =
                (stage.utilisation * 100.0, number(stage.us_per_command), number(stage.greatest_per_second));
            writeln!(f, "  {utilisation:5.1} %      {}: {us} us a command, up to {greatest} a second", stage.name)?;
        }
        let error = self
            .p99_error_percent
            .map_or_else(|| "error not known".to_owned(), |error| format!("up to {error:.0} % off"));
        writeln!(f, "round trip     p50 {}, p99 {} ({error})", us(self.p50_us), us(self.p99_us))?;
        writeln!(
            f,
            "knee           {} commands a second a cluster (p99 twice that without load); {} at all",
            number(self.knee_per_second),
            number(self.greatest_per_second)
        )?;
        let headroom = &self.headroom;
        let lost = headroom
            .member_lost
            .map_or_else(|| "no majority is left".to_owned(), |times| format!("{times:.2} times the peak"));
        writeln!(f, "headroom       {:.2} times the peak; with a member lost: {lost}", headroom.usual)?;
        let over = headroom
            .snapshot_over_s
            .map_or_else(|| "it never ends".to_owned(), |s| format!("over after {} ms", number(s * 1e3)));
        writeln!(
            f,
            "  snapshot     longest wait {}, {over}; p99 with snapshots {}",
            us(Some(headroom.snapshot_longest_us)),
            us(headroom.p99_with_snapshots_us)
        )?;
        writeln!(f, "  move         longest wait {}", us(Some(headroom.move_longest_us)))?;
        let memory = &self.memory;
        writeln!(
            f,
            "memory         {} a leading member, {} a machine",
            bytes(self.memory_bytes as f64),
            bytes(self.machine_memory_bytes as f64)
        )?;
        writeln!(
            f,
            "  of that      {} retained events, {} of firms, {} orders, {} log buffers, {} JVM",
            bytes(memory.engine.retained_events as f64),
            bytes(memory.engine.retained_firm_events as f64),
            bytes(memory.engine.orders as f64),
            bytes(memory.log_buffers as f64),
            bytes(memory.java as f64)
        )?;
        let disk = &self.disk;
        writeln!(
            f,
            "disk           {} a day and member ({} log, {} snapshots of {} each)",
            bytes(self.disk_bytes_per_day),
            bytes(disk.log_bytes_per_day),
            number(disk.snapshots_per_day),
            bytes(disk.snapshot_bytes)
        )?;
        writeln!(
            f,
            "  of that      {} at most at a time; a disk of {}",
            bytes(disk.most_bytes),
            bytes(disk.needed_bytes)
        )?;
        if let Some(seconds) = disk.recorded_peak_seconds {
            writeln!(
                f,
                "  market data  {} recorded a day, {} at most at a time: replays go back by {seconds:.0} s of the peak",
                bytes(disk.recorded_bytes_per_day),
                bytes(disk.recorded_bytes)
            )?;
        }
        writeln!(
            f,
            "network        the leader sends {} a second at the peak, {} a day, and receives {} a second",
            bytes(self.network.sent_per_second()),
            bytes(self.network.sent_per_day),
            bytes(self.network.received_per_second)
        )?;
        if let Some(recovery) = &self.recovery {
            let fail_over = recovery.fail_over_s.map_or_else(|| "none".to_owned(), |s| format!("{s:.2} s"));
            writeln!(
                f,
                "recovery       {:.1} s a member at worst (start {:.1}, snapshot {:.1}, log {:.1}); fail-over {fail_over}",
                recovery.member_s, recovery.start_s, recovery.load_s, recovery.replay_s
            )?;
        }
        writeln!(f, "partitions     {}", self.partitions.len())?;
        for partition in &self.partitions {
            writeln!(
                f,
                "  {:<12} {} commands a second at {:.0} %, p99 {}: {}",
                partition.cluster,
                number(partition.per_second),
                partition.utilisation * 100.0,
                us(partition.p99_us),
                listed(&partition.pairs)
            )?;
        }
        for assumption in &self.assumptions {
            writeln!(f, "taken as given {assumption}")?;
        }
        for obstacle in &self.obstacles {
            writeln!(f, "CANNOT         {obstacle}")?;
        }
        Ok(())
    }
}

/// Number of pairs of a cluster that are told by name.
const NAMED: usize = 12;

fn listed(pairs: &[String]) -> String {
    let named = pairs.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if pairs.len() > NAMED { format!("{named} and {} more", pairs.len() - NAMED) } else { named }
}

/// Microseconds, or milliseconds from ten of them on.
fn us(time: Option<f64>) -> String {
    match time {
        None => "cannot be told: the queue has no end".to_owned(),
        Some(us) if us >= 10_000.0 => format!("{} ms", number(us / 1e3)),
        Some(us) => format!("{} us", number(us)),
    }
}

/// Bytes with a unit.
pub fn bytes(bytes: f64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.into_iter().find(|(_, size)| bytes >= *size);
    match unit {
        _ if bytes.is_infinite() => "without end".to_owned(),
        Some((unit, size)) => format!("{} {unit}", number(bytes / size)),
        None => format!("{} bytes", number(bytes)),
    }
}

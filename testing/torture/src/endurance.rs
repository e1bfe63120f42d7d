//! A long run in which nothing goes wrong: commands at a rate, snapshots and purges at an interval, members that are restarted one by one,
//! clients that come and go; and what the processes take meanwhile.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use lugus_topology::{Deployment, Size};
use serde::Serialize;

use crate::error::TortureError;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::samples::{Samples, Trend};
use crate::site::{self, MEMBERS};
use crate::torture::{Event, with_cluster};
use crate::wishes::Wish;

/// Number of samples of a run.
const SAMPLES: u32 = 400;

/// Shortest interval between two samples.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(500);

/// For how long a member that is restarted stays down.
const DOWN: Duration = Duration::from_secs(1);

/// What an endurance run does, besides what every torture does.
#[derive(Debug, Clone)]
pub struct Endurance {
    /// Interval between two snapshots, after each of which members purge their logs.
    pub snapshot_interval: Duration,
    /// Number of sessions that are opened in all.
    pub sessions: u64,
    /// File for the samples, as a table.
    pub csv: PathBuf,
}

/// What an endurance run has found.
#[derive(Debug, Clone, Serialize)]
pub struct Endured {
    /// What every torture finds.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How each measure of each member went.
    pub trends: Vec<Trend>,
    /// Whether all of them stayed the same.
    pub is_flat: bool,
    /// Number of sessions that were asked to end, each for another one.
    pub sessions: u64,
    /// File with the samples.
    pub csv: PathBuf,
}

/// Lets a cluster trade for a long time.
///
/// # Errors
/// As [`torture`](crate::torture()).
pub fn endure(
    endurance: &Endurance,
    options: &Options,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Endured, TortureError> {
    let deployment = deployment(endurance, options);
    let (mut samples, mut sessions) = (Samples::default(), 0);
    let outcome = with_cluster(deployment, options, stop, tell, |torture| {
        let (began, duration) = (Instant::now(), options.duration);
        let interval = (duration / SAMPLES).max(SHORTEST_INTERVAL);
        let (mut next_sample, mut next_member) = (Instant::now(), 0);
        while began.elapsed() < duration && !torture.is_over() {
            torture.tick()?;
            if Instant::now() >= next_sample {
                next_sample += interval;
                samples.take(began.elapsed().as_secs(), &torture.members, &torture.site);
            }
            // Every other client comes and goes, so that the rest trade all the time.
            let due = endurance.sessions as f64 * began.elapsed().as_secs_f64() / duration.as_secs_f64();
            while sessions < due as u64 {
                let visitors = (torture.load.clients() / 2).max(1);
                torture.load.ask(1 + 2 * (sessions as usize % visitors), Wish::Reconnect);
                sessions += 1;
            }
            // All members have been restarted when the samples that count begin.
            if next_member < MEMBERS && began.elapsed() > duration * (next_member as u32 + 1) / 8 {
                torture.remark(format!("member {next_member} is restarted"));
                torture.members.hold_down(next_member);
                torture.members.end(next_member);
                torture.go_on_for(DOWN)?;
                torture.members.release(next_member);
                torture.await_recovery()?;
                next_member += 1;
            }
        }
        Ok(None)
    })?;
    fs::write(&endurance.csv, samples.csv()).map_err(TortureError::file("write", &endurance.csv))?;
    let trends = samples.trends();
    let is_flat = trends.iter().all(|trend| trend.is_flat);
    Ok(Endured { outcome, trends, is_flat, sessions, csv: endurance.csv.clone() })
}

/// As in every torture, but for disks and recordings, which are large, and the intervals of snapshots.
fn deployment(endurance: &Endurance, options: &Options) -> Deployment {
    let mut deployment = site::deployment(options);
    let segment = Size::mib(16);
    deployment.term_length.log = segment;
    deployment.archive.segment_length = segment;
    deployment.archive.minimum_free_space = Size::mib(64);
    deployment.archive.disk_reserve = Some(Size::mib(192));
    deployment.retention.snapshot_interval = endurance.snapshot_interval;
    deployment.retention.snapshot_log_length = Size::bytes(0);
    deployment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespaces::Placement;

    #[test]
    fn members_start_with_the_deployment() {
        let endurance =
            Endurance { snapshot_interval: Duration::from_secs(300), sessions: 10, csv: PathBuf::from("samples.csv") };
        for (placement, moves) in [(Placement::Loopback, true), (Placement::Namespaces, false)] {
            let options = Options {
                seed: 1,
                duration: Duration::from_secs(3_600),
                rate: 5_000,
                clients: 8,
                java_clients: 1,
                only: Vec::new(),
                without: Vec::new(),
                plan: None,
                heartbeat_timeout: Duration::from_secs(1),
                moves,
                placement,
                base_port: 21_100,
                program: PathBuf::from("lugus"),
                folder: PathBuf::from("run"),
                keep: PathBuf::from("kept"),
            };
            assert_eq!(deployment(&endurance, &options).validate().map_err(|error| error.to_string()), Ok(()));
            assert_eq!(site::deployment(&options).validate().map_err(|error| error.to_string()), Ok(()));
        }
    }
}

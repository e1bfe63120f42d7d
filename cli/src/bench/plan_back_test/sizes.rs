//! Memory and disk of a leader, at loads of other shapes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Instant;

use aeron_archive_files::{CONSENSUS_MODULE as OF_CONSENSUS_MODULE, Recording, RecordingLog};
use lugus_node::member::SERVICE_ID;
use lugus_plan::disk::{Disk, snapshot_bytes};
use lugus_plan::load::{Load, even_pairs};
use lugus_plan::memory::{MemberMemory, Run};
use lugus_plan::traffic::Traffic;
use lugus_replay::synthetic::Mix;
use lugus_results::Spread;
use lugus_topology::MemberSpec;

use super::compared::Compared;
use crate::arguments::BackTest;
use crate::bench::round_trip::subjects::{CONSENSUS_MODULE, DRIVER, SERVICE};
use crate::failure::Failure;
use crate::output::Output;
use crate::plan::measured_load::{LoadedCluster, Shape};
use crate::snapshot;

const MB: f64 = 1e6;

/// The loads, each with its number of commands.
fn loads() -> Vec<(Shape, usize)> {
    let shape = |members, sessions, mix, instruments, resting_orders, retained_events| Shape {
        instruments,
        resting_orders,
        retained_events,
        ..Shape::new(members, sessions, mix)
    };
    vec![
        (shape(1, 2, Mix::Market, 4, 1_000, 4_096), 500_000),
        (shape(1, 4, Mix::Market, 4, 1_000, 4_096), 800_000),
        (shape(1, 16, Mix::Market, 16, 200, 4_096), 1_500_000),
        (shape(1, 32, Mix::Market, 8, 200, 1_024), 1_000_000),
        (shape(1, 4, Mix::Trades, 8, 500, 4_096), 600_000),
        (shape(1, 4, Mix::Quotes, 4, 20_000, 1_024), 1_000_000),
        (shape(1, 2, Mix::Market, 2, 30_000, 256), 1_000_000),
        (shape(3, 2, Mix::Market, 4, 1_000, 4_096), 500_000),
        (shape(3, 16, Mix::Market, 8, 500, 2_048), 1_000_000),
        (shape(3, 8, Mix::Trades, 4, 500, 4_096), 500_000),
    ]
}

pub(super) fn run(what: &BackTest, output: Output) -> Result<Vec<Compared>, Failure> {
    let mut compared = Vec::new();
    for (shape, commands) in loads() {
        let of_load = of(shape, commands, what.base_port, output)?;
        compared.extend(of_load);
    }
    Ok(compared)
}

fn of(shape: Shape, commands: usize, base_port: u16, output: Output) -> Result<Vec<Compared>, Failure> {
    let begun = Instant::now();
    let mut cluster = LoadedCluster::cold(shape, base_port)?;
    let deployment = cluster.subject.private().found().deployment.clone();
    let leader = cluster.leader();
    let spec = cluster.subject.cluster().members.iter().find(|member| member.id.0 == leader).cloned();
    let member = spec.ok_or_else(|| Failure::new("the leader is no member"))?;
    let log_before = disk_bytes(&member.archive_dir);
    cluster.send(commands)?;
    let processes: Vec<(&str, u32)> = cluster.subject.processes_of(leader).collect();
    let resident = |part: &str| -> u64 {
        processes.iter().filter(|(of, _)| *of == part).map(|(_, pid)| private_bytes(*pid)).sum()
    };
    let [service, driver, java] = [SERVICE, DRIVER, CONSENSUS_MODULE].map(resident);
    let shared =
        disk_bytes(&member.aeron_dir) + disk_bytes(&beside(&member, "gauges")) + disk_bytes(&beside(&member, "stages"));
    let log = disk_bytes(&member.archive_dir) - log_before;
    let seconds = begun.elapsed().as_secs_f64();
    let open = open_orders(&cluster)?;
    snapshot::of_cluster(cluster.subject.private().found(), cluster.subject.cluster())?;
    let found_snapshot = snapshot_length(&member)?;

    let traffic = Traffic::named(&shape.mix().to_string()).unwrap_or(Traffic::MARKET);
    let scopes = u64::from(shape.sessions * shape.instruments);
    let load = Load {
        traffic,
        mean_per_second: commands as f64 / seconds,
        participants: shape.sessions,
        sessions: shape.sessions,
        clients: 1,
        pairs: even_pairs(shape.instruments, 1e6),
        pairs_of_a_participant: f64::from(shape.instruments),
        open_orders: open,
        events_of_a_scope: Some(events_of_a_scope(&shape, commands, &traffic)),
        members: shape.members,
        ..Load::of_peak(1e6)
    };
    let memory = MemberMemory::of_leader(&deployment, &load, Run { commands: commands as f64, seconds });
    let told_log = Disk::of(&deployment, &load).log_bytes_per_day / 86_400.0 * seconds;
    let told_service = memory.engine.total() + memory.market_data_ring + memory.service;
    let title = format!(
        "{} members, {} sessions, {} pairs, {}, {} events kept; {commands} commands, {open} open orders",
        shape.members,
        shape.sessions,
        shape.instruments,
        shape.mix(),
        shape.retained_events
    );
    output.say(format!("{title}, {scopes} scopes, {seconds:.0} s, {:?}", memory.engine));
    let all = [
        ("service, MB", told_service as f64, service as f64),
        ("driver, MB", memory.driver as f64, driver as f64),
        ("JVM, MB", memory.java as f64, java as f64),
        ("shared memory, MB", memory.log_buffers as f64, shared as f64),
        ("memory, MB", memory.total() as f64, (service + driver + java + shared) as f64),
        ("log, MB", told_log, log as f64),
        ("snapshot, MB", snapshot_bytes(&deployment, &load), found_snapshot),
    ];
    for (figure, told, found) in all {
        output.say(format!(
            "  {figure}: told {:.2}, found {:.2} ({:+.0} %)",
            told / MB,
            found / MB,
            (told / found - 1.0) * 100.0
        ));
    }
    let is_total = |figure: &str| ["memory, MB", "log, MB", "snapshot, MB"].contains(&figure);
    let compared = all.into_iter().filter(|(figure, ..)| is_total(figure));
    Ok(compared
        .map(|(figure, told, found)| Compared {
            load: title.clone(),
            figure,
            told: told / MB,
            found: Spread::once(found / MB),
        })
        .collect())
}

/// Events that each scope was told, as the flow's pairs share its commands: the n-th has an n-th of the first one's. Of each no more than are
/// kept, the mean of all.
fn events_of_a_scope(shape: &Shape, commands: usize, traffic: &Traffic) -> u64 {
    let weights: f64 = (1..=shape.instruments).map(|nth| 1.0 / f64::from(nth)).sum();
    let each = |nth: u32| {
        let share = 1.0 / f64::from(nth) / weights;
        (commands as f64 * traffic.events * share / f64::from(shape.sessions)).min(f64::from(shape.retained_events))
    };
    let mean = (1..=shape.instruments).map(each).sum::<f64>() / f64::from(shape.instruments);
    // Rings that are full have one row more.
    if mean > f64::from(shape.retained_events) * 0.999 { u64::from(shape.retained_events) + 1 } else { mean as u64 }
}

/// Private resident memory of a process, in bytes: what is not of files and not shared.
fn private_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1_024
}

/// Bytes of disk or shared memory that a file or folder has.
fn disk_bytes(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    if !metadata.is_dir() {
        return metadata.blocks() * 512;
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| disk_bytes(&entry.path())).sum()
}

fn beside(member: &MemberSpec, ending: &str) -> std::path::PathBuf {
    let mut path = member.aeron_dir.clone().into_os_string();
    path.push(format!(".{ending}"));
    path.into()
}

/// Open orders, as the leader's gauges have them.
fn open_orders(cluster: &LoadedCluster) -> Result<u32, Failure> {
    let leader = cluster.leader();
    let member = cluster.subject.cluster().members.iter().find(|member| member.id.0 == leader);
    let member = member.ok_or_else(|| Failure::new("the leader is no member"))?;
    let reading = lugus_node::gauges::MemberReading::read(&member.gauges_file()).map_err(Failure::new)?;
    Ok(reading.get(lugus_node::gauges::Gauge::Orders) as u32)
}

/// Length of the newest snapshot, of service and consensus module together.
fn snapshot_length(member: &MemberSpec) -> Result<f64, Failure> {
    let none = || Failure::new(format!("member {} has no snapshot", member.id));
    let log = RecordingLog::read(&member.cluster_dir).map_err(Failure::new)?;
    let mut sum = 0;
    for part in [SERVICE_ID, OF_CONSENSUS_MODULE] {
        let snapshot = log.snapshots_of(part).next_back().ok_or_else(none)?;
        let recording = Recording::find(&member.archive_dir, snapshot.recording_id).map_err(Failure::new)?;
        sum += recording.stop_position.unwrap_or_default() - recording.start_position;
    }
    Ok(sum as f64)
}

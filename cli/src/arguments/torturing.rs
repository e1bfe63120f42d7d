//! Arguments of `lugus torture`.

use std::path::PathBuf;

use clap::Args;
use lugus_torture::{FaultKind, Scenario};

use super::BENCH_PORT;

/// `lugus torture`.
#[derive(Debug, Args)]
pub struct Torture {
    /// For how many minutes faults happen; the start before and the checks after take one or two more.
    #[arg(long, default_value_t = 3.0, value_parser = minutes)]
    pub minutes: f64,
    /// Seed of faults and commands.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Commands a second of all clients together.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// Number of clients with the SDK.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub clients: u32,
    /// Number of clients in Java, with Aeron's own client, each of which is a process.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=16))]
    pub java_clients: u32,
    /// Only these kinds of faults, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    pub only: Vec<FaultKind>,
    /// Kinds of faults that do not happen, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    pub without: Vec<FaultKind>,
    /// The faults of this file, which has one in each line as a run prints them, instead of drawn ones.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "without"])]
    pub plan: Option<PathBuf>,
    /// Also move instruments between the cluster and another one, and kill the coordinator, the other cluster and what moves instruments.
    #[arg(long, conflicts_with_all = ["scenario", "endurance"])]
    pub moves: bool,
    /// A sequence of faults that waits for what the cluster does, instead of drawn faults.
    #[arg(long, value_parser = scenario, conflicts_with_all = ["only", "without", "plan", "minutes"])]
    pub scenario: Option<Scenario>,
    /// How often the scenario is played.
    #[arg(long, default_value_t = 1, requires = "scenario", value_parser = clap::value_parser!(u64).range(1..))]
    pub times: u64,
    /// No faults: let the cluster trade, with snapshots, restarts of members one by one, and clients that come and go, and see whether
    /// memory, handles, shared memory and counters stay the same.
    #[arg(long, conflicts_with_all = ["only", "without", "plan", "scenario"])]
    pub endurance: bool,
    /// Seconds between two snapshots of an endurance run.
    #[arg(long, default_value_t = 300, requires = "endurance", value_parser = clap::value_parser!(u64).range(1..))]
    pub snapshot_every: u64,
    /// Sessions that are opened during an endurance run.
    #[arg(long, default_value_t = 10_000, requires = "endurance")]
    pub sessions: u64,
    /// File for the samples of an endurance run.
    #[arg(long, value_name = "FILE", default_value = "endurance.csv", requires = "endurance")]
    pub csv: PathBuf,
    /// Run all members on loopback addresses, also where each could have a network namespace of its own.
    #[arg(long)]
    pub loopback: bool,
    /// Time after which followers miss the leader, in milliseconds. That of cluster.toml (150) is too short for a machine that runs
    /// three members, clients and other programs on few processors.
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub heartbeat_timeout: u64,
    /// First UDP port of the members.
    #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: u16,
    /// Folder that all files are copied to when a promise was broken. Default: `lugus-torture-SEED` in the folder for temporary files.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if minutes > 0.0 && minutes <= 100_000.0 { Ok(minutes) } else { Err(String::from("must be above 0")) }
}

fn fault(name: &str) -> Result<FaultKind, String> {
    FaultKind::named(name).ok_or_else(|| {
        let names: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("there is no such fault; there are {}", names.join(", "))
    })
}

fn scenario(name: &str) -> Result<Scenario, String> {
    Scenario::named(name).ok_or_else(|| {
        let names: Vec<&str> = Scenario::ALL.iter().map(|scenario| scenario.name()).collect();
        format!("there is no such scenario; there are {}", names.join(", "))
    })
}

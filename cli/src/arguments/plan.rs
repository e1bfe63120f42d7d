//! `lugus plan`: its options.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lugus_replay::synthetic::Mix;
use lugus_topology::Size;

use super::clusters::BENCH_PORT;

/// Where members run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlannedLayout {
    /// All members, and the clients, on one machine.
    OneMachine,
    /// Each member on a machine of its own.
    MachineEach,
}

/// `lugus plan`. The load that it does not say is that of two pairs with four participants.
#[derive(Debug, Args)]
pub struct Plan {
    /// Measure what commands cost on this machine, in some three minutes, and leave results.json in this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["from", "rebalance", "metrics"])]
    pub calibrate: Option<PathBuf>,
    /// Results of `lugus plan --calibrate` or `lugus bench all`: a folder or its results.json.
    #[arg(long, value_name = "RESULTS")]
    pub from: Option<PathBuf>,
    /// Metrics of a running cluster: the address of an exporter (http://127.0.0.1:9464/metrics), which is asked twice, or two files with its
    /// answers, the earlier one first, or a file with an answer of Prometheus' query_range. With --from, today's load is the one that is
    /// planned, unless --rate is there.
    #[arg(long, value_name = "URL|FILE", num_args = 1..=2)]
    pub metrics: Vec<String>,
    /// Seconds between the two answers of --metrics.
    #[arg(long, default_value_t = 10.0)]
    pub apart: f64,
    /// Say which pairs to move so that the clusters carry about the same: of --pair-loads, whose third word is the cluster.
    #[arg(long, requires = "pair_loads")]
    pub rebalance: bool,
    /// Commands a second that a cluster may have after --rebalance [default: a tenth above the mean of all clusters].
    #[arg(long, requires = "rebalance")]
    pub bound: Option<f64>,

    /// Commands a second at the peak, of all pairs together.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Commands a second as the mean of a day [default: a tenth of the peak].
    #[arg(long)]
    pub mean: Option<f64>,
    /// Commands that arrive at once.
    #[arg(long, default_value_t = 1)]
    pub burst: u32,
    /// What kinds of commands: of a market, of market makers' quotes, or mostly trades.
    #[arg(long, default_value_t = Mix::Market)]
    pub mix: Mix,
    /// Participants [default: 4].
    #[arg(long)]
    pub participants: Option<u32>,
    /// Firms that the participants belong to [default: those of cluster.toml].
    #[arg(long)]
    pub firms: Option<u32>,
    /// Sessions at the same time [default: one for each participant].
    #[arg(long)]
    pub sessions: Option<u32>,
    /// Client processes; the sessions of one share its streams [default: one for each session].
    #[arg(long)]
    pub clients: Option<u32>,
    /// Pairs, of which the second gets half of the first one's commands, the third a third, and so on [default: 2].
    #[arg(long, conflicts_with = "pair_loads")]
    pub pairs: Option<u32>,
    /// File with a line for each pair: `BTC/USDT 1200`, in commands a second at the peak.
    #[arg(long, value_name = "FILE")]
    pub pair_loads: Option<PathBuf>,
    /// Pairs that a participant trades, on average [default: all].
    #[arg(long)]
    pub pairs_of_a_participant: Option<f64>,
    /// Open orders of all pairs together [default: 10000].
    #[arg(long)]
    pub orders: Option<u32>,
    /// Share of the open orders that are icebergs, stop orders or expire.
    #[arg(long, default_value_t = 0.0)]
    pub terms_share: f64,
    /// Programs that listen to market data over UDP.
    #[arg(long, default_value_t = 0)]
    pub listeners: u32,
    /// Events that a participant was told in a pair [default: as many as engine.retained_events keeps].
    #[arg(long)]
    pub events_of_a_scope: Option<u64>,
    /// Members of each cluster.
    #[arg(long, default_value_t = 3)]
    pub members: u16,
    /// Where they run.
    #[arg(long, value_enum, default_value = "one-machine")]
    pub layout: PlannedLayout,
    /// Round trip of the network between two machines, in microseconds.
    #[arg(long, default_value_t = 0.0)]
    pub network_us: f64,
    /// Cores of each machine [default: those of the machine that was measured].
    #[arg(long)]
    pub cores: Option<u32>,
    /// Memory of each machine, such as 16g, if it is to be checked.
    #[arg(long, value_parser = size)]
    pub memory: Option<Size>,
    /// Disk of each member, such as 100g, if it is to be checked.
    #[arg(long, value_parser = size)]
    pub disk: Option<Size>,
    /// Number of clusters [default: as few as carry the load].
    #[arg(long)]
    pub partitions: Option<usize>,
    /// Longest round trip that 99 of 100 commands may take, in microseconds.
    #[arg(long)]
    pub target_p99_us: Option<f64>,
    /// Write the plan as a page with the curve into this file.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Write the planned cluster.toml into this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// Number of times that --calibrate measures everything.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub rounds: u32,
    /// Seconds of each measurement of --calibrate.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub seconds: u32,
    /// First UDP port of the clusters of --calibrate.
    #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: u16,
}

/// What a back-test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackTested {
    /// Memory and disk.
    Sizes,
    /// Round trips, which need a quiet machine.
    Latency,
}

/// `lugus bench plan-back-test`.
#[derive(Debug, Args)]
pub struct BackTest {
    /// What to compare.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["sizes", "latency"])]
    pub only: Vec<BackTested>,
    /// Results of `lugus plan --calibrate` of this machine, for round trips; without it they are measured first.
    #[arg(long, value_name = "RESULTS")]
    pub from: Option<PathBuf>,
    /// Folder for results.json with all measurements.
    #[arg(long)]
    pub out: PathBuf,
    /// Number of measurements of each load, one after the other.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub windows: u32,
    /// Seconds of each of them.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub seconds: u32,
    /// First UDP port of the clusters.
    #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: u16,
}

pub(super) fn size(text: &str) -> Result<Size, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|error| error.to_string())
}

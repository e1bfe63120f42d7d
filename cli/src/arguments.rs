//! The command line: what there is, with its help.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use lugus_coordinator::migration::MoveStep;

/// Lugus: order matching, replicated by Aeron Cluster.
#[derive(Debug, Parser)]
#[command(name = "lugus", version, about, propagate_version = true)]
pub struct Arguments {
    /// The deployment's file. Without it: `cluster.toml` here if there is one, else the one that `lugus up` wrote.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answer with JSON, for machines.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the local clusters and the coordinator in the background, or what of them does not run.
    Up(Up),
    /// End the local clusters and the coordinator.
    Down,
    /// Role, term, commit position, state hash and sessions of each member; the coordinator, and the partition map.
    Status,
    /// Run one member of a cluster, in the foreground.
    Node(Node),
    /// Run the coordinator, in the foreground: it keeps the partition map of many clusters.
    Coordinator,
    /// Show the partition map, or change it.
    Map(Map),
    /// Move an instrument to another cluster while it is traded.
    Migrate(Migrate),
    /// Send an order.
    Order(Order),
    /// Cancel an order.
    Cancel(Cancel),
    /// Show an instrument's book.
    Book(Book),
    /// Show the events of all participants as they happen.
    Watch(Watch),
    /// Have all members of all clusters, or of one, take a snapshot of their state.
    Snapshot(Snapshot),
    /// Send recorded or made-up order flow through the cluster, and measure.
    #[command(subcommand)]
    Replay(Replay),
    /// The engine alone: commands as JSON lines on standard input, events as JSON lines on standard output.
    Engine(Engine),
    /// Measure, on clusters of its own where one is needed.
    #[command(subcommand)]
    Bench(Bench),
    /// Trade on three members, kill the leader with -9 in the middle, trade on two clusters while a pair moves from one to
    /// the other, and check that nothing is lost or done twice.
    Demo(Demo),
}

/// `lugus engine`.
#[derive(Debug, Args)]
pub struct Engine {
    /// After the events of each command, write a line that marks their end.
    #[arg(long)]
    pub end_of_command: bool,
    /// Largest number of instruments that may ever be defined.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().instruments)]
    pub instruments: usize,
    /// Largest number of participants that may ever send a command, beside the operator.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().participants)]
    pub participants: usize,
    /// Largest number of live orders.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().orders)]
    pub orders: usize,
    /// Newest events retained for each participant in an instrument.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().retained_events)]
    pub retained_events: usize,
}

/// `lugus up`.
#[derive(Debug, Args)]
pub struct Up {
    /// One cluster alone, of so many members. Without it: cluster A with three members, cluster B with one, and the
    /// coordinator. Like `--base-port`, for a deployment that has no file yet.
    #[arg(long, value_enum)]
    pub members: Option<Members>,
    /// First UDP port of the new deployment.
    #[arg(long, default_value_t = lugus_topology::DEFAULT_BASE_PORT)]
    pub base_port: u16,
}

/// How many members a new deployment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Members {
    /// No replica: for trying things.
    #[value(name = "1")]
    One,
    /// Survives the loss of one.
    #[value(name = "3")]
    Three,
}

impl Members {
    /// As a number.
    pub fn count(self) -> u16 {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// `lugus node`.
#[derive(Debug, Args)]
pub struct Node {
    /// The member's number.
    #[arg(long)]
    pub member: u8,
    /// The cluster's number.
    #[arg(long, default_value_t = 0)]
    pub cluster: u8,
}

/// `lugus migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The instrument: its symbol, or its number.
    pub instrument: String,
    /// The cluster that is to trade it: its name, or its number. Goes on with a move to there that was interrupted.
    #[arg(long, conflicts_with = "undo")]
    pub to: Option<String>,
    /// Undo a move that has begun, as long as it is not committed.
    #[arg(long)]
    pub undo: bool,
    /// Wait before these steps until there is a line on standard input, and say so (with --json one line each). Several are
    /// separated by commas; `each` is all of them. When standard input ends instead, the command does too, and the move
    /// stays where it is: `lugus migrate` again goes on with it, --undo undoes it.
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = hold_names())]
    pub hold_before: Vec<String>,
}

/// Instead of the names of all steps.
pub const EACH_STEP: &str = "each";

fn hold_names() -> PossibleValuesParser {
    MoveStep::ALL.map(MoveStep::name).into_iter().chain([EACH_STEP]).collect::<Vec<_>>().into()
}

/// `lugus map`.
#[derive(Debug, Args)]
pub struct Map {
    /// Change the map only if it is at this epoch.
    #[arg(long, global = true)]
    pub epoch: Option<u64>,
    /// What to change; without it the map is shown.
    #[command(subcommand)]
    pub command: Option<MapCommand>,
}

/// A change of the partition map. An instrument is its number, or its symbol in the deployment's file.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Add a cluster of the deployment's file.
    AddCluster {
        /// The cluster's number.
        cluster: i32,
    },
    /// Remove a cluster that owns nothing.
    RemoveCluster {
        /// The cluster's number.
        cluster: i32,
    },
    /// Add an instrument of the deployment's file.
    AddInstrument {
        /// The instrument.
        instrument: String,
        /// The cluster that is to own it. Without it: the one that the file has.
        #[arg(long)]
        cluster: Option<i32>,
    },
    /// Have clients send no orders for an instrument.
    Halt {
        /// The instrument.
        instrument: String,
    },
    /// Have clients send orders again.
    Resume {
        /// The instrument.
        instrument: String,
    },
    /// Remove an instrument.
    RemoveInstrument {
        /// The instrument.
        instrument: String,
    },
}

/// Who trades, and what.
#[derive(Debug, Args)]
pub struct Trader {
    /// The participant's number.
    #[arg(long, default_value_t = 1)]
    pub participant: u32,
    /// The instrument: its number, or its symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
}

/// `lugus order`.
#[derive(Debug, Args)]
pub struct Order {
    /// Who, and what.
    #[command(flatten)]
    pub trader: Trader,
    /// Buy or sell.
    #[arg(value_enum)]
    pub side: SideArgument,
    /// Lots.
    pub quantity: u64,
    /// Limit price in ticks; without it a market order.
    pub price: Option<i64>,
    /// The participant's number for the order; without it, one made from the clock.
    #[arg(long)]
    pub id: Option<u64>,
    /// How long it stands.
    #[arg(long, value_enum)]
    pub time_in_force: Option<TimeInForceArgument>,
    /// Reject it when it would trade at once.
    #[arg(long)]
    pub post_only: bool,
}

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SideArgument {
    Buy,
    Sell,
}

/// How long an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeInForceArgument {
    /// Until the end of the UTC day.
    Day,
    /// Until canceled.
    Gtc,
    /// What does not trade at once is canceled.
    Ioc,
    /// Whole at once, or not at all.
    Fok,
}

/// `lugus cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// Who, and what.
    #[command(flatten)]
    pub trader: Trader,
    /// The participant's number of the order.
    pub id: u64,
}

/// `lugus book`.
#[derive(Debug, Args)]
pub struct Book {
    /// Who, and what.
    #[command(flatten)]
    pub trader: Trader,
    /// Price levels of each side, at most 256.
    #[arg(long, default_value_t = 10)]
    pub depth: u16,
    /// Follow it: show it again whenever it has changed.
    #[arg(long)]
    pub follow: bool,
    /// With --follow: end after so many.
    #[arg(long, requires = "follow")]
    pub count: Option<u64>,
}

/// `lugus watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Who watches: with keys, only the operator may.
    #[arg(long, default_value_t = 0)]
    pub participant: u32,
    /// Only this instrument: its number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
    /// End after so many events.
    #[arg(long)]
    pub count: Option<u64>,
}

/// `lugus snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Only the cluster that trades this instrument: its number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
}

/// `lugus replay`.
#[derive(Debug, Subcommand)]
pub enum Replay {
    /// A Databento market-by-order file (.dbn, .dbn.zst).
    Mbo {
        /// The file.
        file: PathBuf,
        /// How.
        #[command(flatten)]
        pace: Pace,
    },
    /// Seeded, realistic flow.
    Synthetic {
        /// Commands to send.
        #[arg(long, default_value_t = 100_000)]
        commands: u64,
        /// Seed: the same seed makes the same flow.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Commands at the beginning whose round trips are not counted: the cluster warms up.
        #[arg(long, default_value_t = 0)]
        warm_up: u64,
        /// How.
        #[command(flatten)]
        pace: Pace,
    },
}

/// How fast a replay goes.
#[derive(Debug, Clone, Copy, Args)]
pub struct Pace {
    /// Commands a second, measured from the time each was due; without it, as fast as the window allows.
    #[arg(long)]
    pub rate: Option<u32>,
    /// Commands in flight, at most.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    pub window: u32,
}

/// `lugus bench`.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// The engine without a cluster: the book alone and all of it, on five made-up flows, and the memory of a large book.
    Engine {
        /// How often each flow is measured.
        #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Round trips with one and three members, with one command in flight and at 10,000 a second, beside the same
    /// cluster with Aeron's Java container and an echo service.
    RoundTrip {
        /// How often all of it is measured.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Only clusters of so many members.
        #[arg(long, value_enum, value_delimiter = ',', default_values = ["1", "3"])]
        members: Vec<Members>,
        /// First UDP port of the clusters.
        #[arg(long, default_value_t = BENCH_PORT)]
        base_port: u16,
    },
    /// What the SDK costs on top of the raw cluster client, in its own code: nanoseconds a command, without a cluster.
    Sdk,
    /// What a client that trades an instrument feels of its move to another cluster and back, with so many resting orders.
    Migrate {
        /// Resting orders.
        #[arg(long, default_value_t = 10_000)]
        orders: u32,
        /// How many moves.
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Members of cluster A; B has one.
        #[arg(long, value_enum, default_value = "3")]
        members: Members,
        /// First UDP port of the clusters.
        #[arg(long, default_value_t = BENCH_PORT)]
        base_port: u16,
    },
    /// From the kill -9 of a leader to the next one's first answer.
    FailOver {
        /// How many leaders.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        kills: u32,
        /// Commands a second meanwhile.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
        /// First UDP port of the cluster.
        #[arg(long, default_value_t = BENCH_PORT)]
        base_port: u16,
    },
}

/// Where benchmarks' and the demo's clusters have their ports: not where `lugus up` has its own.
const BENCH_PORT: u16 = lugus_topology::DEFAULT_BASE_PORT + 1_000;

/// `lugus demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Also replay this Databento market-by-order file.
    #[arg(long)]
    pub mbo: Option<PathBuf>,
    /// First UDP port of the demo's cluster.
    #[arg(long, default_value_t = BENCH_PORT)]
    pub base_port: u16,
}

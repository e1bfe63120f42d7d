//! The command line: commands, options and their help texts.

mod archived;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use lugus_coordinator::migration::MoveStep;

pub use archived::{ArchivedMembers, Audit, Backup, Export, Recover, Repair};

/// Lugus: order matching, replicated by Aeron Cluster.
#[derive(Debug, Parser)]
#[command(name = "lugus", version, about, propagate_version = true)]
pub struct Arguments {
    /// The deployment's file [default: `cluster.toml` in this folder if it exists, else the one that `lugus up` wrote].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the answer as one JSON document.
    #[arg(long, global = true)]
    pub json: bool,
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `lugus`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the local clusters and the coordinator in the background; processes that run already are left alone.
    Up(Up),
    /// Stop the local clusters and the coordinator.
    Down,
    /// Show role, term, commit position, state hash and sessions of each member, the coordinator and the partition map. The exit
    /// code is 3 if the states of members differ.
    Status,
    /// Run one member of a cluster in the foreground.
    Node(Node),
    /// Run the coordinator in the foreground: it keeps the partition map of a deployment with several clusters.
    Coordinator,
    /// Run a member or the coordinator in the foreground, and start it again when it has ended by itself. `lugus up` runs it in
    /// the background.
    #[command(subcommand)]
    Supervise(Supervised),
    /// Show or change the partition map.
    Map(Map),
    /// Move an instrument to another cluster while it is traded.
    Migrate(Migrate),
    /// Send an order.
    Order(Order),
    /// Cancel an order.
    Cancel(Cancel),
    /// Show an instrument's order book.
    Book(Book),
    /// Show the events of all participants as they happen.
    Watch(Watch),
    /// Make all members of all clusters, or of one cluster, take a snapshot of their state.
    Snapshot(Snapshot),
    /// Apply the archived log of members on this host, running or not, to a new engine, and compare its state with each
    /// snapshot, with what running members publish, and with the other members' logs. Exit code 3 tells of differences.
    Audit(Audit),
    /// Write the commands of an archived log as JSON lines, which `lugus engine` reads.
    Export(Export),
    /// Copy a running cluster's newest snapshots and log into a folder, or continue an earlier backup there.
    Backup(Backup),
    /// Put a backup into the places of members that have lost their files; what these had is set aside.
    Recover(Recover),
    /// Rebuild a stopped member with bent or missing files from the others, while they run; what it had is set aside.
    Repair(Repair),
    /// Make the members on this host purge the log and the snapshots that are no longer needed.
    Prune,
    /// Send recorded or synthetic order flow through the cluster and measure round trips.
    #[command(subcommand)]
    Replay(Replay),
    /// Run the engine alone: commands as JSON lines on standard input, events as JSON lines on standard output.
    Engine(Engine),
    /// Measure, on temporary clusters where one is needed.
    #[command(subcommand)]
    Bench(Bench),
    /// Trade on three members, kill the leader with SIGKILL, trade on two clusters while an instrument moves from one
    /// to the other, and check that no command is lost or executed twice.
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
    /// Largest number of participants that may ever send a command, not counting the operator.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().participants)]
    pub participants: usize,
    /// Largest number of live orders.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().orders)]
    pub orders: usize,
    /// Number of newest events retained for each participant in each instrument.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().retained_events)]
    pub retained_events: usize,
}

/// `lugus up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Deploy a single cluster of this many members instead of cluster A with three members, cluster B with one, and
    /// the coordinator. Like `--base-port`, only for a deployment that has no file yet.
    #[arg(long, value_enum)]
    pub members: Option<Members>,
    /// First UDP port of the new deployment.
    #[arg(long, default_value_t = lugus_topology::DEFAULT_BASE_PORT)]
    pub base_port: u16,
}

/// Number of members of a new deployment's only cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Members {
    /// No fault tolerance; for trying things out.
    #[value(name = "1")]
    One,
    /// Tolerates the loss of one member.
    #[value(name = "3")]
    Three,
}

impl Members {
    /// The number of members.
    pub fn count(self) -> u16 {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// `lugus supervise`.
#[derive(Debug, Subcommand)]
pub enum Supervised {
    /// One member of a cluster.
    Node(Node),
    /// The coordinator.
    Coordinator,
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
    /// The instrument, as symbol or number.
    pub instrument: String,
    /// The destination cluster, as name or number. An interrupted move to the same cluster is resumed.
    #[arg(long, conflicts_with = "undo")]
    pub to: Option<String>,
    /// Undo a move that has begun but is not committed yet.
    #[arg(long)]
    pub undo: bool,
    /// Before each of these steps (comma-separated, or `each` for all of them) print a message (with --json a JSON
    /// line) and wait for a line on standard input. If standard input ends, so does the command, and the move stays
    /// where it is: run `lugus migrate` again to resume it, or with --undo to undo it.
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = hold_names())]
    pub hold_before: Vec<String>,
}

/// Value of `--hold-before` that stands for all steps.
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
    /// The change to make; without one, the map is shown.
    #[command(subcommand)]
    pub command: Option<MapCommand>,
}

/// A change of the partition map. An instrument is named by its number, or by its symbol in the deployment's file.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Add a cluster that the deployment's file describes.
    AddCluster {
        /// The cluster's number.
        cluster: i32,
    },
    /// Remove a cluster that owns no instrument.
    RemoveCluster {
        /// The cluster's number.
        cluster: i32,
    },
    /// Add an instrument that the deployment's file describes.
    AddInstrument {
        /// The instrument, as number or symbol.
        instrument: String,
        /// The cluster that will own it [default: its cluster in the deployment's file].
        #[arg(long)]
        cluster: Option<i32>,
    },
    /// Make clients send no orders for an instrument.
    Halt {
        /// The instrument, as number or symbol.
        instrument: String,
    },
    /// Let clients send orders for an instrument again.
    Resume {
        /// The instrument, as number or symbol.
        instrument: String,
    },
    /// Remove an instrument.
    RemoveInstrument {
        /// The instrument, as number or symbol.
        instrument: String,
    },
}

/// The participant and the instrument of a command.
#[derive(Debug, Args)]
pub struct Trader {
    /// The participant's number.
    #[arg(long, default_value_t = 1)]
    pub participant: u32,
    /// The instrument, as number or symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
}

/// `lugus order`.
#[derive(Debug, Args)]
pub struct Order {
    /// The participant and the instrument.
    #[command(flatten)]
    pub trader: Trader,
    /// Side of the order.
    #[arg(value_enum)]
    pub side: SideArgument,
    /// Quantity in lots.
    pub quantity: u64,
    /// Limit price in ticks; without it, a market order.
    pub price: Option<i64>,
    /// The participant's id for the order [default: made from the clock].
    #[arg(long)]
    pub id: Option<u64>,
    /// How long the order stays in force.
    #[arg(long, value_enum)]
    pub time_in_force: Option<TimeInForceArgument>,
    /// Reject the order if it would trade at once.
    #[arg(long)]
    pub post_only: bool,
    /// A number of the participant's choice that all reports of the order carry; 0 for none.
    #[arg(long, default_value_t = 0)]
    pub tag: u64,
}

/// Side of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SideArgument {
    Buy,
    Sell,
}

/// How long an order stays in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeInForceArgument {
    /// Until the end of the UTC day.
    Day,
    /// Until it is canceled.
    Gtc,
    /// Trade at once; what is left is canceled.
    Ioc,
    /// Trade the whole quantity at once, or nothing.
    Fok,
}

/// `lugus cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The participant and the instrument.
    #[command(flatten)]
    pub trader: Trader,
    /// The participant's id of the order.
    pub id: u64,
}

/// `lugus book`.
#[derive(Debug, Args)]
pub struct Book {
    /// Number of the participant that asks [default: with keys, the first participant with the role "reader", else 1; without
    /// keys, a number that nobody trades with].
    #[arg(long)]
    pub participant: Option<u32>,
    /// The instrument, as number or symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
    /// Number of price levels to show of each side, at most 256.
    #[arg(long, default_value_t = 10)]
    pub depth: u16,
    /// Show the book again whenever it changes.
    #[arg(long)]
    pub follow: bool,
    /// With --follow: end after showing it this many times.
    #[arg(long, requires = "follow")]
    pub count: Option<u64>,
}

/// `lugus watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Participant to watch as; in a deployment with keys only the operator may watch.
    #[arg(long, default_value_t = 0)]
    pub participant: u32,
    /// Watch only this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
    /// End after this many events.
    #[arg(long)]
    pub count: Option<u64>,
}

/// `lugus snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Only the cluster that trades this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
}

/// `lugus replay`.
#[derive(Debug, Subcommand)]
pub enum Replay {
    /// Replay a Databento market-by-order file (.dbn, .dbn.zst).
    Mbo {
        /// The file.
        file: PathBuf,
        /// Rate and window.
        #[command(flatten)]
        pace: Pace,
    },
    /// Send synthetic but realistic order flow, made from a seed.
    Synthetic {
        /// Number of commands to send.
        #[arg(long, default_value_t = 100_000)]
        commands: u64,
        /// Seed; the same seed gives the same flow.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of commands at the beginning whose round trips are not counted, as the cluster warms up.
        #[arg(long, default_value_t = 0)]
        warm_up: u64,
        /// Rate and window.
        #[command(flatten)]
        pace: Pace,
    },
}

/// How fast a replay sends commands.
#[derive(Debug, Clone, Copy, Args)]
pub struct Pace {
    /// Commands a second; round trips then count from when each command was due. Without it, as fast as the window
    /// allows.
    #[arg(long)]
    pub rate: Option<u32>,
    /// Largest number of commands in flight.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    pub window: u32,
}

/// `lugus bench`.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Measure the engine without a cluster: the order book alone and the whole engine on five synthetic flows, and the
    /// memory of a large book.
    Engine {
        /// Number of measurements of each flow.
        #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Measure round trips of one and three members, with one command in flight and at 10,000 a second, and compare
    /// them with an echo service in Aeron's Java container on the same kind of cluster.
    RoundTrip {
        /// Number of times that everything is measured.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Sizes of cluster to measure.
        #[arg(long, value_enum, value_delimiter = ',', default_values = ["1", "3"])]
        members: Vec<Members>,
        /// First UDP port of the clusters.
        #[arg(long, default_value_t = BENCH_PORT)]
        base_port: u16,
    },
    /// Measure what the SDK's own code costs on top of the raw cluster client, in nanoseconds a command, without a
    /// cluster.
    Sdk,
    /// Measure how long clients wait while an instrument with many resting orders moves to another cluster and back.
    Migrate {
        /// Number of resting orders.
        #[arg(long, default_value_t = 10_000)]
        orders: u32,
        /// Number of moves.
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Number of members of cluster A; cluster B has one.
        #[arg(long, value_enum, default_value = "3")]
        members: Members,
        /// First UDP port of the clusters.
        #[arg(long, default_value_t = BENCH_PORT)]
        base_port: u16,
    },
    /// Measure the time from killing a leader with SIGKILL to the next leader's first answer.
    FailOver {
        /// Number of leaders to kill.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        kills: u32,
        /// Commands a second while leaders are killed.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
        /// Take the fast time-outs of docs/configuration.md instead of the defaults.
        #[arg(long)]
        fast: bool,
        /// First UDP port of the cluster.
        #[arg(long, default_value_t = BENCH_PORT)]
        base_port: u16,
    },
}

/// First UDP port of the clusters of benchmarks and demo; far enough from the ports of `lugus up` that both can run at
/// once.
const BENCH_PORT: u16 = lugus_topology::DEFAULT_BASE_PORT + 1_000;

/// `lugus demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Replay this Databento market-by-order file as well.
    #[arg(long)]
    pub mbo: Option<PathBuf>,
    /// First UDP port of the demo's cluster.
    #[arg(long, default_value_t = BENCH_PORT)]
    pub base_port: u16,
}

//! The command line: commands, options and their help texts.

mod archived;
mod clusters;
mod firms;
mod instrument;
mod measuring;
mod plan;
mod quoting;
mod recorded;
mod replay;
mod round_trip;
mod simulating;
mod torturing;
mod trading;
mod watching;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use lugus_coordinator::migration::MoveStep;

pub use archived::{ArchivedMembers, Audit, Backup, Export, Recover, Repair};
pub use clusters::{Activate, BENCH_PORT, Members};
pub use firms::{Firm, FollowFirm, OfFirm, SelfTradeScopeArgument};
pub use instrument::Instrument;
pub use measuring::BenchPart;
pub use plan::{BackTest, BackTested, Plan, PlannedLayout};
pub use quoting::{OfSet, Quote};
pub use recorded::{LogPace, LogPart, LogPlace, Recordings, RecordingsCommand, ReplayLog, ReplayMarketData};
pub use replay::{Replay, Sending};
pub use round_trip::{RoundTrip, Service, Transport};
pub use simulating::Simulate;
pub use torturing::Torture;
pub use trading::{
    AmendedTrade, Book, Cancel, Hdr, MassCancel, Order, Orders, Pace, SideArgument, TakeOver, TimeInForceArgument,
    Trade, Watch,
};
pub use watching::Console;

/// Lugus: order matching, replicated by Aeron Cluster.
#[derive(Debug, Parser)]
#[command(name = "lugus", version = version(), about, propagate_version = true)]
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

/// The version, followed by the commit if somebody asks: to find it may take a run of Git.
fn version() -> &'static str {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let is_asked = std::env::args().any(|argument| argument == "--version" || argument == "-V");
    match is_asked.then(lugus_results::commit_of_program).flatten() {
        Some(commit) => format!("{VERSION} ({commit})").leak(),
        None => VERSION,
    }
}

/// The commands of `lugus`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the local clusters and the coordinator in the background; processes that run already are left alone.
    Up(Up),
    /// Stop the local clusters and the coordinator.
    Down,
    /// Show each member, the coordinator and the partition map. The exit code is 3 if the states of members differ.
    Status,
    /// Run one member of a cluster in the foreground.
    Node(Node),
    /// Run a service that echoes, beside a member's other processes, for `bench round-trip`.
    #[command(hide = true)]
    EchoService(Node),
    /// Run the coordinator in the foreground: it keeps the partition map of a deployment with several clusters.
    Coordinator,
    /// Run a member or the coordinator in the foreground, and start it again when it has ended by itself.
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
    /// Cancel all orders of a participant, or of everybody, in all clusters, in one cluster, or in one instrument.
    MassCancel(MassCancel),
    /// Enter and cancel two-sided quotes of a market maker, and set what pulls them.
    #[command(subcommand)]
    Quote(Quote),
    /// Put participants into firms, and set what holds for all participants of a firm, in all clusters.
    #[command(subcommand)]
    Firm(Firm),
    /// Show a participant's own open orders.
    Orders(Orders),
    /// Cancel or correct a trade, as the operator. Both sides and the market are told; no order changes.
    #[command(subcommand)]
    Trade(Trade),
    /// Change the state of an instrument, what protects its prices, or the rules of its auctions, as the operator.
    #[command(subcommand)]
    Instrument(Instrument),
    /// Show an instrument's order book.
    Book(Book),
    /// Show the events of all participants as they happen.
    Watch(Watch),
    /// Make all members of all clusters, or of one cluster, take a snapshot of their state.
    Snapshot(Snapshot),
    /// After an upgrade of all members: let them use what the new version of order entry brings.
    Activate(Activate),
    /// Apply the archived log of members on this host to a new engine, and compare its states. Exit code 3 tells of differences.
    Audit(Audit),
    /// Write the commands of an archived log as JSON lines, which `lugus engine` reads.
    Export(Export),
    /// Serve the metrics and the health of the members on this host over HTTP, for Prometheus.
    Exporter(Exporter),
    /// Serve a page that shows clusters, curves, events, the partition map and books. It only reads, and needs a token.
    Console(Console),
    /// Show clusters, curves, events and the partition map in this terminal. With --json, print them once.
    Top,
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
    /// Say what a load needs of a machine, and the cluster.toml to write. Exit code 3 tells that it can't be carried.
    Plan(Box<Plan>),
    /// Make a page with pictures of the results of `lugus bench all`.
    Report {
        /// Folder with results.json; report.html and the pictures are written there.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Say what spoils a measurement on this machine, and the command that mends it. Exit code 3 tells of findings.
    Doctor,
    /// Run simulated deployments, whose members, network and clients fail at random, and check what docs/guarantees.md promises.
    /// Exit code 3 tells of a run that broke a promise, which is made short and printed with the command that repeats it.
    Simulate(Simulate),
    /// Run three members under load while processes are killed and stopped, the network is parted and slow, disks run full and recordings
    /// are damaged, at random and together; then heal everything, and check what docs/guarantees.md promises. Exit code 3 tells of a
    /// broken promise.
    Torture(Torture),
    /// Trade on three members, kill the leader with SIGKILL, trade on two clusters while an instrument moves from one
    /// to the other, and check that no command is lost or executed twice.
    Demo(Demo),
    /// List what the archives of members on this host, running or not, or of a backup have recorded, or describe one recording.
    Recordings(Recordings),
}

/// `lugus engine`.
#[derive(Debug, Args)]
pub struct Engine {
    /// After the events of each command, write a line that marks their end.
    #[arg(long)]
    pub end_of_command: bool,
    /// Largest number of instruments that may ever be defined.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().instruments, value_parser = at_least_one())]
    pub instruments: usize,
    /// Largest number of participants that may ever send a command, not counting the operator.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().participants, value_parser = at_least_one())]
    pub participants: usize,
    /// Largest number of live orders.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().orders, value_parser = at_least_one())]
    pub orders: usize,
    /// Number of newest events retained for each participant in each instrument.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().retained_events, value_parser = at_least_one())]
    pub retained_events: usize,
    /// Number of newest trades of each instrument that the operator can still cancel or correct.
    #[arg(long, default_value_t = lugus_engine::EngineLimits::default().retained_trades)]
    pub retained_trades: usize,
}

/// `lugus up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Deploy a single cluster of this many members instead of cluster A with three members, cluster B with one, and
    /// the coordinator. Like `--base-port`, only for a deployment that has no file yet.
    #[arg(long, value_enum)]
    pub members: Option<Members>,
    /// First UDP port of the new deployment [default: 20100]. Over an existing deployment it must be that
    /// deployment's.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: Option<u16>,
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
    /// The cluster, as name or number.
    #[arg(long, default_value = "0")]
    pub cluster: String,
    /// An address, such as 127.0.0.1:9464, at which the member's metrics and health are served, as by `lugus exporter`, but by
    /// the process of the member. Whoever reaches it may read: outside of loopback it belongs behind a firewall.
    #[arg(long)]
    pub metrics: Option<SocketAddr>,
}

/// `lugus exporter`.
#[derive(Debug, Args)]
pub struct Exporter {
    /// The address to serve at, such as 127.0.0.1:9464. Whoever reaches it may read: outside of loopback it belongs behind a
    /// firewall.
    #[arg(long)]
    pub address: SocketAddr,
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
        /// The cluster, as name or number.
        cluster: String,
    },
    /// Remove a cluster that owns no instrument.
    RemoveCluster {
        /// The cluster, as name or number.
        cluster: String,
    },
    /// Add an instrument that the deployment's file describes.
    AddInstrument {
        /// The instrument, as number or symbol.
        instrument: String,
        /// The cluster that will own it [default: its cluster in the deployment's file].
        #[arg(long)]
        cluster: Option<String>,
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

/// `lugus snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Only the cluster that trades this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
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
    /// Measure round trips and processor time of commands, one in flight, at fixed rates and as many as possible, beside the same
    /// messages through an echo service in this project's container, one in Aeron's Java container, and Aeron alone.
    RoundTrip(RoundTrip),
    /// Measure what the SDK's own code costs on top of the raw cluster client, in nanoseconds a command, without a
    /// cluster.
    Sdk,
    /// Measure how long clients wait while an instrument with many resting orders moves to another cluster and back.
    Migrate {
        /// Number of resting orders.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        orders: u32,
        /// Number of moves.
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Number of members of cluster A; cluster B has one.
        #[arg(long, value_enum, default_value = "3")]
        members: Members,
        /// First UDP port of the clusters.
        #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
        base_port: u16,
    },
    /// Measure how long trading stops while a cluster with many resting orders takes a snapshot, and how long a killed member
    /// takes to start from it.
    Snapshot {
        /// Number of resting orders.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
        orders: u32,
        /// Number of snapshots, each followed by the kill of a member.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Number of members of the cluster.
        #[arg(long, value_enum, default_value = "3")]
        members: Members,
        /// First UDP port of the cluster.
        #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
        base_port: u16,
    },
    /// Measure many sessions of as many participants on one cluster: logging on, round trips by session, processor time, and what
    /// happens at the limit.
    Sessions {
        /// Number of sessions, which is also the cluster's limit.
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
        sessions: u32,
        /// Commands a second of all sessions together.
        #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
        /// For how long commands are sent.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
        seconds: u32,
        /// Number of members.
        #[arg(long, value_enum, default_value = "3")]
        members: Members,
        /// First UDP port of the cluster.
        #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
        base_port: u16,
    },
    /// Compare what `lugus plan` says of some loads with what they are found to be, as tables in Markdown.
    PlanBackTest(BackTest),
    /// Run all benchmarks in less than twenty minutes, and leave results.json, the histograms and report.html in a folder.
    All {
        /// The folder.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Only these benchmarks.
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<BenchPart>,
        /// First UDP port of the clusters.
        #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
        base_port: u16,
    },
    /// Say which figures of `bench all` are slower than before, beyond the noise of their rounds. Exit code 3 tells of such figures.
    Compare {
        /// The earlier results: results.json or its folder.
        before: PathBuf,
        /// The later results.
        after: PathBuf,
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
        #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
        base_port: u16,
        /// Files of the round trips.
        #[command(flatten)]
        hdr: Hdr,
    },
}

/// A limit, of which 0 would leave nothing to do.
fn at_least_one() -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u64).range(1..).try_map(usize::try_from)
}

impl Arguments {
    /// Checks what the parser can't: arguments that contradict each other by their values.
    ///
    /// # Errors
    /// The contradiction.
    pub fn check(&self) -> Result<(), clap::Error> {
        let contradiction = match &self.command {
            Command::Map(Map { epoch: Some(_), command: None }) => {
                Some("--epoch is for a change of the map, and there is none")
            }
            Command::Export(export) => export.contradiction(),
            Command::MassCancel(cancel) => cancel.contradiction(),
            Command::Order(order) => order.contradiction(),
            Command::Replay(replay) => replay.contradiction(),
            _ => None,
        };
        contradiction.map_or(Ok(()), |what| Err(Self::command().error(ErrorKind::ArgumentConflict, what)))
    }
}

/// `lugus demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Replay this Databento market-by-order file as well.
    #[arg(long)]
    pub mbo: Option<PathBuf>,
    /// First UDP port of the demo's cluster.
    #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        let arguments = Arguments::try_parse_from(std::iter::once("lugus").chain(line.split(' ')))?;
        arguments.check().map(|()| arguments)
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn arguments_that_make_no_sense_are_errors() {
        for good in [
            "up --members 3 --base-port 1",
            "book -i 1 --depth 1",
            "book -i 1 --depth 256 --follow --count 1",
            "watch --count 1",
            "replay synthetic --commands 10 --warm-up 9 --rate 1 --window 1048576",
            "order -i BTC/USDT buy 0.25 64000.00 --post-only --time-in-force gtc",
            "order -i 1 --raw buy 1 --time-in-force ioc --take-over",
            "engine --instruments 1 --participants 1 --orders 1 --retained-events 1",
            "export --from 5 --to 5",
            "map --epoch 3 halt 1",
            "audit --cluster A --member 0",
            "demo --base-port 65535",
            "exporter --address 127.0.0.1:0",
            "console",
            "console --address [::1]:0 --token-file x --name a --name b --participant 7",
            "top",
            "recordings",
            "recordings --cluster A --member 0",
            "recordings list --dir x",
            "recordings describe 3 --member 1",
            "replay log",
            "replay log --member 0 --from snapshot --until 2026-11-29T20:15:00Z --events x.csv --book 1",
            "mass-cancel --firm 9",
            "firm set 1 9",
            "firm clear 1",
            "firm kill 9 --keep-orders",
            "firm release 9 --as-operator",
            "firm self-trade 9 firm",
            "firm limits 9 --maximum-open-orders 0 --maximum-quantity 5",
            "firm follow 9",
            "firm follow 9 --participant 1 --after 0 --cluster A -n 5",
            "mass-cancel --participant 1 --side buy",
            "mass-cancel --participant 1 --as-operator -i 1",
            "mass-cancel --everybody --cluster A",
            "mass-cancel --everybody -i BTC/USDT --side sell",
            "replay log --resume x --until 4096 --pace recorded",
            "replay log --dir x --to-cluster --rate 1000",
            "replay market-data --from 5ns -i 1 -o x",
            "bench all --out x --only engine,round-trip",
            "bench snapshot --orders 1 --members 1 --rounds 2",
            "bench compare a b",
            "report x",
            "doctor",
            "replay lobster x y --engine",
            "replay itch x --stock AAPL --stock MSFT --rate 5",
            "replay bitstamp x --trades y --engine --hdr z",
        ] {
            assert!(parse(good).is_ok(), "{good}: {:?}", parse(good).err());
        }
        for bad in [
            "up --base-port 0",
            "up --members 2",
            "book -i 1 --depth 0",
            "book -i 1 --depth 257",
            "book -i 1 --depth 1000",
            "book -i 1 --count 1",
            "book -i 1 --follow --count 0",
            "watch --count 0",
            "replay synthetic --rate 0",
            "replay synthetic --commands 0",
            "replay synthetic --commands 10 --warm-up 10",
            "replay synthetic --window 0",
            "replay synthetic --window 1048577",
            "replay mbo x.dbn --rate 0",
            "order -i 1 buy 1 --post-only",
            "order -i 1 buy 1 5 --post-only --time-in-force ioc",
            "order -i 1 buy 1 5 --post-only --time-in-force fok",
            "order -i 1 buy -1 5",
            "order -i 1 --id 0 buy 1 5",
            "cancel -i 1 0",
            "mass-cancel",
            "mass-cancel --participant 1 --everybody",
            "mass-cancel --participant 1 --firm 9",
            "firm set 0 9",
            "firm set 1 0",
            "firm self-trade 9 both",
            "firm limits 9",
            "firm follow 0",
            "mass-cancel --participant 1 --side both",
            "mass-cancel --everybody --side buy",
            "mass-cancel --everybody --cluster A -i 1",
            "engine --instruments 0",
            "engine --participants 0",
            "engine --orders 0",
            "engine --retained-events 0",
            "bench engine --rounds 0",
            "bench migrate --orders 0",
            "bench snapshot --orders 0",
            "bench fail-over --kills 0",
            "bench fail-over --rate 0",
            "bench round-trip --base-port 0",
            "bench all",
            "bench all --out x --only everything",
            "bench compare a",
            "report",
            "demo --base-port 0",
            "export --from 6 --to 5",
            "export --from -1",
            "map --epoch 3",
            "migrate 1 --to B --undo",
            "audit --member 0 --dir x",
            "exporter",
            "exporter --address localhost",
            "console --address localhost",
            "top 1",
            "recordings describe",
            "recordings describe x",
            "replay log --from -1",
            "replay log --until snapshot",
            "replay log --resume x --from 5",
            "replay log --depth 5",
            "replay log --rate 5",
            "replay log --to-cluster --events x",
            "replay lobster x",
            "replay mbo x --engine --take-over",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

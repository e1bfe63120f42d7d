//! `lugus`, the command line tool: thin commands over the other crates.

// A binary crate exports nothing; `pub` marks what a module offers to the other modules.
#![allow(unreachable_pub)]

mod access;
mod archived_member;
mod arguments;
mod audit;
mod backup;
mod bench;
mod book;
mod book_follow;
mod cluster_copy;
mod coordinator;
mod demo;
mod deployed_process;
mod deployment;
mod doctor;
mod down;
mod echo_service;
mod engine;
mod event_file;
mod events;
mod export;
mod exporter;
mod failure;
mod first_start;
mod instruments;
mod leader_killer;
mod local_deployment;
mod log_flow;
mod map;
mod migrate;
mod moving;
mod node;
mod notation;
mod order;
mod orders;
mod output;
mod participant;
mod private_cluster;
mod processes;
mod prune;
mod recorded_part;
mod recordings;
mod recover;
mod repair;
mod replay;
mod replay_log;
mod replay_market_data;
mod replay_state;
mod report;
mod restart_policy;
mod set_aside;
mod snapshot;
mod status;
mod stop_signal;
mod supervise;
mod trade;
mod traders;
mod up;
mod watch;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(contradiction) = arguments.check() {
        contradiction.exit();
    }
    log_to_standard_error(&arguments.command);
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lugus: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Configures logging: members, the coordinator, their supervisors and the exporter log at level info, all other commands log only errors. `RUST_LOG`
/// overrides both.
fn log_to_standard_error(command: &Command) {
    let is_deployed = matches!(
        command,
        Command::Node(_)
            | Command::EchoService(_)
            | Command::Coordinator
            | Command::Supervise(_)
            | Command::Exporter(_)
    );
    let level = if is_deployed { "info,rusteron_archive=warn" } else { "error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colours).init();
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.config.as_deref();
    let output = Output::new(arguments.json);
    match &arguments.command {
        Command::Up(up) => up::run(config, up, output),
        Command::Down => down::run(&deployment::find(config)?, output),
        Command::Status => status::run(&deployment::find(config)?, output),
        Command::Node(node) => node::run(&deployment::find(config)?, node),
        Command::EchoService(node) => echo_service::run(&deployment::find(config)?, node),
        Command::Coordinator => coordinator::run(&deployment::find(config)?),
        Command::Supervise(what) => supervise::run(&deployment::find(config)?, what),
        Command::Map(map) => map::run(&deployment::find(config)?, map, output),
        Command::Migrate(migrate) => migrate::run(&deployment::find(config)?, migrate, output),
        Command::Order(order) => order::send(&deployment::find(config)?, order, output),
        Command::Cancel(cancel) => order::cancel(&deployment::find(config)?, cancel, output),
        Command::Orders(orders) => orders::run(&deployment::find(config)?, orders, output),
        Command::Trade(what) => trade::amend(&deployment::find(config)?, what, output),
        Command::Book(book) if book.follow => book_follow::run(&deployment::find(config)?, book, output),
        Command::Book(book) => book::run(&deployment::find(config)?, book, output),
        Command::Watch(watch) => watch::run(&deployment::find(config)?, watch, output),
        Command::Snapshot(what) => snapshot::run(&deployment::find(config)?, what, output),
        Command::Audit(what) => audit::run(&deployment::find(config)?, what, output),
        Command::Backup(what) => backup::run(&deployment::find(config)?, what, output),
        Command::Recover(what) => recover::run(&deployment::find(config)?, what, output),
        Command::Repair(what) => repair::run(&deployment::find(config)?, what, output),
        Command::Export(what) => export::run(&deployment::find(config)?, what),
        Command::Exporter(exporter) => exporter::run(&deployment::find(config)?, exporter.address, output),
        Command::Prune => prune::run(&deployment::find(config)?, output),
        Command::Replay(what) => replay::run(config, what, output),
        Command::Bench(bench) => bench::run(bench, output),
        Command::Report { folder } => report::run(folder, output),
        Command::Doctor => doctor::run(output),
        Command::Demo(demo) => demo::run(demo, output),
        Command::Recordings(what) => recordings::run(&deployment::find(config)?, what, output),
        Command::Engine(engine) => engine::run(engine, io::stdin().lock(), io::stdout().lock()),
    }
}

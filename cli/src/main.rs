//! `lugus`, the command line tool: thin commands over the other crates.

// A binary crate exports nothing; `pub` marks what a module offers to the other modules.
#![allow(unreachable_pub)]

mod access;
mod activate;
mod archived_member;
mod arguments;
mod audit;
mod backup;
mod bench;
mod book;
mod book_follow;
mod book_listen;
mod cluster_copy;
mod console;
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
mod firm;
mod firm_follow;
mod firms;
mod first_start;
mod instrument;
mod instruments;
mod leader_killer;
mod local_deployment;
mod log;
mod log_flow;
mod map;
mod mass_cancel;
mod migrate;
mod moving;
mod node;
mod notation;
mod opening_book;
mod operator;
mod order;
mod orders;
mod output;
mod participant;
mod plan;
mod private_cluster;
mod processes;
mod prune;
mod quote;
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
mod simulate;
mod snapshot;
mod status;
mod stop_signal;
mod supervise;
mod telemetry;
mod torture;
mod trade;
mod traders;
mod up;
mod watch;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, Supervised};
use crate::failure::Failure;
use crate::log::Author;
use crate::output::Output;
use crate::telemetry::{Telemetry, traced};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(contradiction) = arguments.check() {
        contradiction.exit();
    }
    let telemetry = Telemetry::begin(&arguments);
    log::begin(author(&arguments), telemetry.as_ref().map(Telemetry::layer));
    let done = traced(&arguments.command, || run(&arguments));
    if let Some(telemetry) = telemetry {
        telemetry.end();
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lugus: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Who writes the log of this process. A deployment's file that can't be read is told of by the command itself.
fn author(arguments: &Arguments) -> Author {
    let (cluster, process) = match &arguments.command {
        Command::Node(node) | Command::EchoService(node) => (Some(&node.cluster), node.member.to_string()),
        Command::Supervise(Supervised::Node(node)) => (Some(&node.cluster), format!("{} supervisor", node.member)),
        Command::Supervise(Supervised::Coordinator) => (None, String::from("coordinator supervisor")),
        Command::Coordinator => (None, String::from("coordinator")),
        Command::Exporter(_) => (None, String::from("exporter")),
        Command::Console(_) => (None, String::from("console")),
        _ => return Author::Command,
    };
    let found = deployment::find(arguments.config.as_deref()).ok();
    let name = |name: &String| match &found {
        Some(found) => found.cluster_named(name).map_or_else(|_| name.clone(), |cluster| cluster.name),
        None => name.clone(),
    };
    let format = found.as_ref().map(|found| found.deployment.log.format).unwrap_or_default();
    Author::Deployed { cluster: cluster.map(name), process, format }
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
        Command::MassCancel(what) => mass_cancel::run(&deployment::find(config)?, what, output),
        Command::Quote(what) => quote::run(&deployment::find(config)?, what, output),
        Command::Firm(what) => firm::run(&deployment::find(config)?, what, output),
        Command::Orders(orders) => orders::run(&deployment::find(config)?, orders, output),
        Command::Trade(what) => trade::amend(&deployment::find(config)?, what, output),
        Command::Instrument(what) => instrument::operate(&deployment::find(config)?, what, output),
        Command::Book(book) if book.follow => book_follow::run(&deployment::find(config)?, book, output),
        Command::Book(book) => book::run(&deployment::find(config)?, book, output),
        Command::Watch(watch) => watch::run(&deployment::find(config)?, watch, output),
        Command::Activate(what) => activate::run(&deployment::find(config)?, what, output),
        Command::Snapshot(what) => snapshot::run(&deployment::find(config)?, what, output),
        Command::Audit(what) => audit::run(&deployment::find(config)?, what, output),
        Command::Backup(what) => backup::run(&deployment::find(config)?, what, output),
        Command::Recover(what) => recover::run(&deployment::find(config)?, what, output),
        Command::Repair(what) => repair::run(&deployment::find(config)?, what, output),
        Command::Export(what) => export::run(&deployment::find(config)?, what),
        Command::Exporter(exporter) => exporter::run(&deployment::find(config)?, exporter.address, output),
        Command::Console(what) => console::run(&deployment::find(config)?, what, output),
        Command::Top => console::run_top(&deployment::find(config)?, output),
        Command::Prune => prune::run(&deployment::find(config)?, output),
        Command::Replay(what) => replay::run(config, what, output),
        Command::Bench(bench) => bench::run(bench, output),
        Command::Plan(what) => plan::run(config, what, output),
        Command::Report { folder } => report::run(folder, output),
        Command::Doctor => doctor::run(output),
        Command::Simulate(what) => simulate::run(what, output),
        Command::Torture(what) => torture::run(what, output),
        Command::Demo(demo) => demo::run(demo, output),
        Command::Recordings(what) => recordings::run(&deployment::find(config)?, what, output),
        Command::Engine(engine) => engine::run(engine, io::stdin().lock(), io::stdout().lock()),
    }
}

//! Fuzz targets: one for each decoder that faces the network or a file, and what is behind it. `scripts/fuzz` runs them.
//!
//! libFuzzer has the `main` function, so the environment says what to do: `LUGUS_FUZZ_TARGET` is the target's name, or `list`; with
//! `LUGUS_FUZZ_SEEDS` the target's seeds are written into that folder, and nothing is fuzzed.
//!
//! | file | contents |
//! |---|---|
//! | `golden`, `steps`, `scratch` | seeds from golden bytes; an input as a sequence of steps; files for what reads files |
//! | `ingress`, `service`, `log` | what a member is sent: by clients, as a service, and in its log |
//! | `egress`, `cluster_egress`, `market_data` | what a client is sent: by a service, by Aeron's cluster, and by the market-data stream |
//! | `partition_map`, `member_reports` | what the coordinator, and members among each other, are sent |
//! | `snapshot`, `archive`, `member_files` | what members write and read again |
//! | `http` | what the console and the servers of metrics are asked |
//! | `recordings`, `documents` | files of exchanges; those of operators and of measurements |

#![no_main]
#![allow(clippy::panic, clippy::expect_used, reason = "that is how a fuzzer is told")]

#[path = "../../engine/tests/arbitrary_commands/mod.rs"]
mod arbitrary_commands;
mod archive;
mod cluster_egress;
mod documents;
mod egress;
mod golden;
mod http;
mod ingress;
mod log;
mod market_data;
mod member_files;
mod member_reports;
mod partition_map;
mod recordings;
mod scratch;
mod service;
mod snapshot;
mod steps;

use std::env;
use std::fs;
use std::path::Path;
use std::process::exit;
use std::sync::OnceLock;

/// Something that takes any bytes.
struct Target {
    name: &'static str,
    /// Takes an input. A fault is a panic, or takes too long or too much memory.
    run: fn(&[u8]),
    /// Inputs to begin with.
    seeds: fn() -> Vec<Vec<u8>>,
}

const TARGETS: &[Target] = &[
    // Any sequence of commands leaves the engine's invariants intact.
    Target { name: "apply", run: |bytes| drop(arbitrary_commands::apply(bytes)), seeds: Vec::new },
    Target { name: "decode", run: ingress::run, seeds: ingress::seeds },
    Target { name: "service", run: service::run, seeds: service::seeds },
    Target { name: "log", run: log::run, seeds: log::seeds },
    Target { name: "egress", run: egress::run, seeds: egress::seeds },
    Target { name: "cluster-egress", run: cluster_egress::run, seeds: cluster_egress::seeds },
    Target { name: "market-data", run: market_data::run, seeds: market_data::seeds },
    Target { name: "map", run: partition_map::read_record, seeds: partition_map::record_seeds },
    Target { name: "map-requests", run: partition_map::take_requests, seeds: partition_map::request_seeds },
    Target { name: "member-reports", run: member_reports::run, seeds: member_reports::seeds },
    Target { name: "snapshot", run: snapshot::run, seeds: snapshot::seeds },
    Target { name: "archive", run: archive::read, seeds: archive::seeds },
    Target { name: "recording-log", run: archive::read_recording_log, seeds: archive::recording_log_seeds },
    Target { name: "mark-file", run: member_files::take_mark_file, seeds: member_files::mark_file_seeds },
    Target { name: "stages", run: member_files::read_stages, seeds: member_files::stages_seeds },
    Target { name: "gauges", run: member_files::read_gauges, seeds: member_files::gauges_seeds },
    Target { name: "itch", run: recordings::read_itch, seeds: recordings::itch_seeds },
    Target { name: "dbn", run: recordings::read_dbn, seeds: recordings::dbn_seeds },
    Target { name: "lobster", run: recordings::read_lobster, seeds: recordings::lobster_seeds },
    Target { name: "bitstamp", run: recordings::read_bitstamp, seeds: recordings::bitstamp_seeds },
    Target { name: "console-requests", run: http::ask_console, seeds: http::console_seeds },
    Target { name: "metrics-requests", run: http::ask_metrics, seeds: http::metrics_seeds },
    Target { name: "deployment", run: documents::read_deployment, seeds: documents::deployment_seeds },
    Target { name: "plan", run: documents::read_plan_inputs, seeds: documents::plan_seeds },
    Target { name: "results", run: documents::read_results, seeds: documents::results_seeds },
];

static CHOSEN: OnceLock<&Target> = OnceLock::new();

/// Chooses the target, or does what else the environment says and ends.
fn choose() {
    let name = env::var("LUGUS_FUZZ_TARGET").unwrap_or_default();
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join("\n");
    if name == "list" {
        println!("{}", names());
        exit(0);
    }
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        eprintln!("LUGUS_FUZZ_TARGET must be one of:\n{}", names());
        exit(2);
    };
    if let Some(folder) = env::var_os("LUGUS_FUZZ_SEEDS") {
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(Path::new(&folder).join(format!("seed-{number}")), seed).expect("a seed is written");
        }
        exit(0);
    }
    let _ = CHOSEN.set(target);
}

libfuzzer_sys::fuzz_target!(init: choose(), |bytes: &[u8]| {
    if let Some(target) = CHOSEN.get() {
        (target.run)(bytes);
    }
});

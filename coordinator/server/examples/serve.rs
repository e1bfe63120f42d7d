//! A coordinator as a program of its own, which the tests start and kill.
//!
//! ```text
//! serve <cluster.toml>
//! ```
//! Prints `ready` once it serves. Ends at SIGTERM or at the first error.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lugus_coordinator::Coordinator;
use lugus_topology::Deployment;
use signal_hook::consts::SIGTERM;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("no cluster.toml given: serve <cluster.toml>")?);
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;
    let coordinator = Coordinator::start(&Deployment::load(&path)?)?;
    println!("ready");
    Ok(coordinator.run(&stop)?)
}

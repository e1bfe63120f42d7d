//! `lugus exporter`: serves the metrics and the health of the members on this host, and of the coordinator if it runs here.
//!
//! It is a process of its own, which reads shared memory and directories at each request: nothing of a member waits for it, and
//! a member that has died shows as down.

mod definitions;
mod directories;
mod watched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aeron_metrics::Server;
use serde::Serialize;

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::stop_signal;

use watched::Watched;

/// What the command prints when it has begun.
#[derive(Debug, Serialize)]
struct Serving {
    /// Address of the metrics.
    metrics: String,
    /// Address of the health.
    health: String,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the address can't be listened on.
pub fn run(found: &DeploymentFile, address: SocketAddr, output: Output) -> Result<(), Failure> {
    let stop = stop_signal::flag()?;
    let server = Server::bind(address).map_err(|error| {
        Failure::new(error).hint("name another address with --address; with port 0 the system chooses one")
    })?;
    let address = server.address();
    let serving = Serving { metrics: format!("http://{address}/metrics"), health: format!("http://{address}/health") };
    output.answer(&serving, format!("serving {} and {}", serving.metrics, serving.health))?;
    server.run(Arc::new(Watched::new(&found.deployment)), || stop.load(Ordering::Relaxed));
    Ok(())
}

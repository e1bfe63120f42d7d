//! `lugus exporter`: serves the metrics and the health of the members on this host, and of the coordinator if it runs here.
//!
//! It is a process of its own, which reads shared memory and directories at each request: nothing of a member waits for it, and
//! a member that has died shows as down. [`serve_member`] does the same for one member in the process of that member.

mod definitions;
mod gauges;
mod watched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use aeron_metrics::Server;
use lugus_topology::{ClusterId, Deployment, MemberId};
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

/// What is added to the nice value of the thread that serves a member's metrics in the member's process.
const MEMBERS_NICE: i32 = 10;

/// The metrics of a member, served by a thread of its own process until this is dropped.
pub struct MemberServer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Serves the metrics and the health of a member, from before it starts to after its end.
///
/// # Errors
/// When the address can't be listened on: before the member has started.
pub fn serve_member(
    deployment: &Deployment,
    cluster: ClusterId,
    member: MemberId,
    address: SocketAddr,
) -> Result<MemberServer, Failure> {
    let server = bind(address, "--metrics")?;
    tracing::info!(address = %server.address(), "serving metrics and health");
    let watched = Arc::new(Watched::member(deployment, cluster, member));
    let stop = Arc::new(AtomicBool::new(false));
    let is_stopped = Arc::clone(&stop);
    let serve = move || {
        // Threads that it starts inherit it. Whoever scrapes can wait, and the member can't.
        if let Err(error) = rustix::process::nice(MEMBERS_NICE) {
            tracing::info!(%error, "the nice value of the thread that serves metrics stays as it is");
        }
        server.run(watched, || is_stopped.load(Ordering::Relaxed));
    };
    let thread = thread::Builder::new().name(String::from("metrics")).spawn(serve).map_err(|error| {
        Failure::new(format!("can't start the thread that serves metrics: {error}"))
            .hint("raise the limit of threads, or leave out --metrics")
    })?;
    Ok(MemberServer { stop, thread: Some(thread) })
}

impl Drop for MemberServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has told its panic.
            let _ = thread.join();
        }
    }
}

fn bind(address: SocketAddr, option: &str) -> Result<Server, Failure> {
    Server::bind(address).map_err(|error| {
        Failure::new(error).hint(format!("name another address with {option}; with port 0 the system chooses one"))
    })
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the address can't be listened on.
pub fn run(found: &DeploymentFile, address: SocketAddr, output: Output) -> Result<(), Failure> {
    let stop = stop_signal::flag()?;
    let server = bind(address, "--address")?;
    let address = server.address();
    let serving = Serving { metrics: format!("http://{address}/metrics"), health: format!("http://{address}/health") };
    output.answer(&serving, format!("serving {} and {}", serving.metrics, serving.health))?;
    server.run(Arc::new(Watched::new(&found.deployment)), || stop.load(Ordering::Relaxed));
    Ok(())
}

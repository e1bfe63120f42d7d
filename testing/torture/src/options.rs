//! What a torture is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::fault::FaultKind;
use crate::namespaces::Placement;

/// What a torture does.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed of faults and commands.
    pub seed: u64,
    /// How long faults happen.
    pub duration: Duration,
    /// Commands a second of all clients together.
    pub rate: u32,
    /// Number of clients with the SDK.
    pub clients: u32,
    /// Number of clients in Java, with Aeron's own client.
    pub java_clients: u32,
    /// Only these kinds of faults; empty for all.
    pub only: Vec<FaultKind>,
    /// Not these kinds.
    pub without: Vec<FaultKind>,
    /// Text of a plan whose faults happen, instead of drawn ones.
    pub plan: Option<String>,
    /// Time after which followers miss the leader.
    pub heartbeat_timeout: Duration,
    /// Whether instruments move between the cluster and another one, with a coordinator.
    pub moves: bool,
    /// Where members run.
    pub placement: Placement,
    /// First port of the members, on loopback.
    pub base_port: u16,
    /// The program `lugus`.
    pub program: PathBuf,
    /// Folder of the run, which must not exist; it is deleted at the end.
    pub folder: PathBuf,
    /// Folder that all files are copied to when a promise was broken.
    pub keep: PathBuf,
}

//! `lugus node`: runs one member in the foreground.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lugus_media_driver::DAMAGED_EXIT_CODE;
use lugus_node::member;
use lugus_topology::MemberId;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::arguments::Node;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;

/// Runs until the cluster is shut down, or SIGTERM or SIGINT arrives.
///
/// # Errors
/// When the member can't start, or one of its parts dies. The exit code tells whether its log is damaged.
pub fn run(found: &DeploymentFile, node: &Node) -> Result<(), Failure> {
    let cluster = found.cluster_with_id(i32::from(node.cluster))?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::new)?;
    }
    let member = MemberId(i32::from(node.member));
    let termination = member::run(&cluster, member, &stop).map_err(|error| {
        let failure = Failure::new(format!("member {member} of {} ends: {error}", cluster.name));
        if error.is_damage() { failure.with_exit_code(DAMAGED_EXIT_CODE) } else { failure }
    })?;
    tracing::info!(%member, ?termination, "ended");
    Ok(())
}

//! `lugus node`: runs one member in the foreground.

use lugus_media_driver::DAMAGED_EXIT_CODE;
use lugus_node::member::{Member, MemberError};
use lugus_topology::MemberId;

use crate::arguments::Node;
use crate::deployment::DeploymentFile;
use crate::exporter;
use crate::failure::Failure;
use crate::stop_signal;

/// Runs until the cluster is shut down, or SIGTERM or SIGINT arrives.
///
/// # Errors
/// When the member can't start, or one of its parts dies. By the exit code a supervisor knows which it was.
pub fn run(found: &DeploymentFile, node: &Node) -> Result<(), Failure> {
    let cluster = found.cluster_named(&node.cluster)?;
    let stop = stop_signal::flag()?;
    let id = MemberId(i32::from(node.member));
    // From before the start on: whoever asks is told that the member is starting.
    let _server = match node.metrics {
        Some(address) => Some(exporter::serve_member(&found.deployment, cluster.id, id, address)?),
        None => None,
    };
    let ends = |error: MemberError| Failure::new(format!("member {id} of {} ends: {error}", cluster.name));
    let member = Member::start(&cluster, id).map_err(|error| {
        let is_damage = error.is_damage();
        if is_damage { ends(error).with_exit_code(DAMAGED_EXIT_CODE) } else { ends(error) }
    })?;
    let termination = member.run(&stop).map_err(|error| {
        let exit_code = error.exit_code();
        ends(error).with_exit_code(exit_code)
    })?;
    tracing::info!(member = %id, ?termination, "ended");
    Ok(())
}

//! `lugus echo-service`: a service that echoes, in this project's container, beside a member's processes that run already. Only
//! `lugus bench round-trip` starts it, to compare.

use lugus_load::echo_service;
use lugus_media_driver::READY_LINE;
use lugus_node::member::container_context;
use lugus_topology::MemberId;

use crate::arguments::Node;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::stop_signal;

/// Runs until the cluster is shut down, or SIGTERM or SIGINT arrives.
///
/// # Errors
/// When the cluster has no such member, or the container can't start or has to end.
pub fn run(found: &DeploymentFile, node: &Node) -> Result<(), Failure> {
    let cluster = found.cluster_named(&node.cluster)?;
    let stop = stop_signal::flag()?;
    let id = MemberId(i32::from(node.member));
    let no_such_member = || Failure::new(format!("{} has no member {id}", cluster.name));
    let member = cluster.member(id).ok_or_else(no_such_member)?;
    let context = container_context(&cluster, member);
    echo_service::run(context, &stop, || println!("{READY_LINE}")).map_err(Failure::new)?;
    Ok(())
}

//! `lugus coordinator`: runs the process that keeps the partition map, in the foreground.

use lugus_coordinator::Coordinator;
use lugus_node::member::FAILED_EXIT_CODE;

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::stop_signal;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the deployment has no coordinator, the coordinator can't start, or one of its parts dies.
pub fn run(found: &DeploymentFile) -> Result<(), Failure> {
    found.coordinator()?;
    let stop = stop_signal::flag()?;
    let coordinator = Coordinator::start(&found.deployment)
        .map_err(|error| Failure::new(format!("the coordinator can't start: {error}")))?;
    let (map, digest) = (coordinator.map(), coordinator.digest());
    tracing::info!(deployment = %map.deployment, epoch = %map.epoch, %digest, "serving the partition map");
    coordinator
        .run(&stop)
        .map_err(|error| Failure::new(format!("the coordinator has ended: {error}")).with_exit_code(FAILED_EXIT_CODE))
}

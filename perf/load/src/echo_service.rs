//! A clustered service that sends each message back to its session: what the cluster and this project's container cost, without
//! an engine.

use std::sync::atomic::AtomicBool;

use aeron_cluster_service::{
    Cluster, ClusteredService, ClusteredServiceContainer, ContainerError, Context, Header, ServiceError,
    SnapshotReader, SnapshotWriter, Termination,
};

/// Sends each message back. It keeps no state.
#[derive(Debug, Clone, Copy, Default)]
struct EchoService;

impl ClusteredService for EchoService {
    fn on_start(
        &mut self,
        _cluster: &mut dyn Cluster,
        _snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        Ok(())
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        _timestamp: i64,
        message: &[u8],
        _header: &Header,
    ) {
        // A session that does not keep up does not get its answer.
        let _ = cluster.offer_to(session_id, message);
    }

    fn on_take_snapshot(
        &mut self,
        _cluster: &dyn Cluster,
        _snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError> {
        Ok(())
    }
}

/// Runs the service in a container until the cluster is shut down or `stop` is set. `on_ready` is called when the container runs.
///
/// # Errors
/// When the container can't start, or has to end.
pub fn run(context: Context, stop: &AtomicBool, on_ready: impl FnOnce()) -> Result<Termination, ContainerError> {
    let mut container = ClusteredServiceContainer::launch(context, EchoService)?;
    on_ready();
    container.run(stop)
}

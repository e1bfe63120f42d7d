//! The state of a service with that of the cluster that it sees: started from a snapshot, and written to one.
//!
//! Source: `loadSnapshot` and `onTakeSnapshot` of `ClusteredServiceAgent`.

use std::rc::Rc;

use crate::agent_io::{AgentIo, SnapshotError, SnapshotReplay};
use crate::clustered_service::ClusteredService;
use crate::log_consumer::{SnapshotRequest, major, version_text};
use crate::read_only_cluster::ReadOnlyCluster;
use crate::service_cluster::{Callback, ClusterView, ServiceCluster};
use crate::service_error::ServiceError;
use crate::snapshot::SnapshotReader;
use crate::snapshot_loader::SnapshotLoader;
use crate::snapshot_taker::{SnapshotMarks, SnapshotTaker};

/// Starts the service, empty or with the service's part of a snapshot.
pub(crate) fn start<S: ClusteredService, I: AgentIo>(
    service: &mut S,
    cluster: &mut ServiceCluster<I>,
    snapshot: Option<&mut dyn SnapshotReader>,
) -> Result<(), ServiceError> {
    cluster.during(Callback::Start, |cluster| service.on_start(cluster, snapshot))
}

/// Loads sessions and time unit from a snapshot, and starts the service with the rest of it.
pub(crate) fn start_from_snapshot<S: ClusteredService, I: AgentIo, R: SnapshotReplay>(
    service: &mut S,
    cluster: &mut ServiceCluster<I>,
    mut loader: SnapshotLoader<R>,
    app_version: i32,
) -> Result<(), ServiceError> {
    let state = loader.load(&mut cluster.liveness)?;
    if major(state.app_version) != major(app_version) {
        let (own, snapshot) = (version_text(app_version), version_text(state.app_version));
        return Err(ServiceError::message(format!(
            "application version {own} is not compatible with the snapshot's {snapshot}"
        )));
    }
    cluster.view.time_unit = state.time_unit;
    for session in state.sessions {
        let id = session.id();
        if !cluster.view.sessions.add(Rc::new(session)) {
            return Err(ServiceError::message(format!("the snapshot has session {id} twice")));
        }
    }
    start(service, cluster, Some(&mut loader))
}

/// Writes a whole snapshot: marks, sessions, and the state of the service.
pub(crate) fn write<S: ClusteredService, I: AgentIo>(
    service: &mut S,
    view: &ClusterView<I::Egress>,
    taker: &mut SnapshotTaker<'_, I>,
    request: &SnapshotRequest,
    app_version: i32,
) -> Result<(), SnapshotError> {
    let marks = SnapshotMarks {
        log_position: request.log_position,
        leadership_term_id: request.leadership_term_id,
        time_unit: view.time_unit,
        app_version,
    };
    let written = taker
        .write_sessions(marks, &view.sessions)
        .and_then(|()| service.on_take_snapshot(&ReadOnlyCluster(view), taker));
    written.map_err(|error| taker.explain(error))
}

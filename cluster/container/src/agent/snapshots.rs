//! Snapshots, which a service takes when the log asks for one.
//!
//! Source: `ClusteredServiceAgent.executeAction` and `onTakeSnapshot`.

use super::{AfterAck, Agent, NULL_VALUE};
use crate::agent_io::{AgentIo, SnapshotError};
use crate::clustered_service::ClusteredService;
use crate::error::ContainerError;
use crate::log_consumer::SnapshotRequest;
use crate::service_state;
use crate::snapshot_taker::SnapshotTaker;

impl<S: ClusteredService, I: AgentIo> Agent<S, I> {
    /// Takes a snapshot and acks it. A failed snapshot is acked too, because the consensus module waits for the ack.
    pub(super) fn take_snapshot(&mut self, request: &SnapshotRequest) -> Result<(), ContainerError> {
        let started_ns = self.cluster.liveness.io.nano_time();
        let result = self.write_snapshot(request);
        let duration_ns = self.cluster.liveness.io.nano_time() - started_ns;
        self.counters.snapshot.record(duration_ns);
        self.counters.newest_snapshot.set(duration_ns);
        self.cluster.liveness.take_fatal()?;
        let (recording_id, then) = match result {
            Ok(recording_id) => (recording_id, AfterAck::Continue),
            Err(SnapshotError::StorageFull(text)) => {
                (NULL_VALUE, AfterAck::Fail(ContainerError::SnapshotStorageFull(text)))
            }
            Err(SnapshotError::Failed(error)) => {
                self.record_error(&format_args!("snapshot failed: {error}"));
                (NULL_VALUE, AfterAck::Continue)
            }
        };
        self.ack(request.log_position, recording_id, then);
        Ok(())
    }

    /// Records a snapshot; returns the id of the recording.
    fn write_snapshot(&mut self, request: &SnapshotRequest) -> Result<i64, SnapshotError> {
        let mut recording = self.cluster.liveness.io.record_snapshot()?;
        let cluster = &mut self.cluster;
        let mut taker =
            SnapshotTaker::new(&mut cluster.liveness, &mut recording, self.settings.snapshot_progress_timeout_ns);
        taker.await_recording()?;
        service_state::write(&mut self.service, &cluster.view, &mut taker, request, self.settings.app_version)?;
        taker.await_complete()
    }
}

//! Applies the events of the log to the cluster and to the service, in their order.
//!
//! Source: the `on...` methods of `ClusteredServiceAgent`.

use std::rc::Rc;

use crate::agent_io::{AgentIo, Flow};
use crate::cluster::{Cluster, Role};
use crate::clustered_service::{ClusteredService, Header};
use crate::error::ContainerError;
use crate::log_adapter::{self, Action, LogEvent, SessionOpen};
use crate::service_cluster::ServiceCluster;
use crate::sessions::ClientSession;

/// Flag of a snapshot that only standby members take. Source: `ConsensusModule.CLUSTER_ACTION_FLAGS_STANDBY_SNAPSHOT`.
const STANDBY_SNAPSHOT_FLAG: i32 = 1;

/// A snapshot that the log asks for: the position and term of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SnapshotRequest {
    pub(crate) log_position: i64,
    pub(crate) leadership_term_id: i64,
}

/// Applies events of the log to the cluster and the service.
pub(crate) struct LogConsumer<'a, S, I: AgentIo> {
    pub(crate) service: &'a mut S,
    pub(crate) cluster: &'a mut ServiceCluster<I>,
    /// Version of the application, composed as Agrona's `SemanticVersion`. Its major part must equal that of the log.
    pub(crate) app_version: i32,
    pub(crate) takes_standby_snapshots: bool,
    /// The snapshot that the log asks for. The poll of the log ends where it is set.
    pub(crate) snapshot_request: &'a mut Option<SnapshotRequest>,
}

impl<S: ClusteredService, I: AgentIo> LogConsumer<'_, S, I> {
    /// Applies a message.
    #[inline]
    pub(crate) fn on_message(&mut self, message: &[u8], header: Header) -> Flow {
        let position = header.position;
        match log_adapter::decode(message, position) {
            Ok(Some(LogEvent::SessionMessage { cluster_session_id, timestamp, payload })) => {
                self.advance_to(position, timestamp);
                self.service.on_session_message(self.cluster, cluster_session_id, timestamp, payload, &header);
            }
            Ok(Some(event)) => self.on_event(event, position),
            Ok(None) => {}
            Err(error) => {
                self.cluster.liveness.io.record_error(&format_args!("message of the log skipped: {error}"));
            }
        }
        if self.cluster.liveness.has_failed() || self.snapshot_request.is_some() { Flow::Break } else { Flow::Continue }
    }

    fn on_event(&mut self, event: LogEvent<'_>, position: i64) {
        match event {
            LogEvent::SessionMessage { .. } => {}
            LogEvent::Timer { correlation_id, timestamp } => {
                self.advance_to(position, timestamp);
                self.service.on_timer_event(self.cluster, correlation_id, timestamp);
            }
            LogEvent::SessionOpen(open) => self.on_session_open(&open, position),
            LogEvent::SessionClose { cluster_session_id, timestamp, reason } => {
                self.advance_to(position, timestamp);
                match self.cluster.view.sessions.remove(cluster_session_id) {
                    Some(entry) => {
                        drop(entry.egress);
                        self.service.on_session_close(self.cluster, &entry.session, timestamp, reason);
                    }
                    None => self.cluster.liveness.io.record_error(&format_args!(
                        "the log closes session {cluster_session_id}, which is not open ({reason:?})"
                    )),
                }
            }
            LogEvent::Action { leadership_term_id, timestamp, action, flags } => {
                self.advance_to(position, timestamp);
                if action != Action::Snapshot {
                    return;
                }
                self.service.on_snapshot_action(self.cluster);
                if flags == 0 || (self.takes_standby_snapshots && flags & STANDBY_SNAPSHOT_FLAG != 0) {
                    *self.snapshot_request = Some(SnapshotRequest { log_position: position, leadership_term_id });
                }
            }
            LogEvent::NewLeadershipTerm(term) => {
                let own = self.app_version;
                if major(term.app_version) != major(own) {
                    let (own, log) = (version_text(own), version_text(term.app_version));
                    return self.cluster.liveness.fail(ContainerError::AppVersion { own, log });
                }
                self.advance_to(position, term.timestamp);
                self.cluster.set_leadership_term_id(term.leadership_term_id);
                self.cluster.view.time_unit = term.time_unit;
                self.service.on_new_leadership_term_event(self.cluster, &term);
            }
        }
    }

    fn on_session_open(&mut self, open: &SessionOpen<'_>, position: i64) {
        self.advance_to(position, open.timestamp);
        let id = open.cluster_session_id;
        let channel = String::from_utf8_lossy(open.response_channel);
        let session = Rc::new(ClientSession::new(id, open.response_stream_id, &channel, open.encoded_principal));
        if !self.cluster.view.sessions.add(Rc::clone(&session)) {
            let error = ContainerError::SessionClash { cluster_session_id: id, log_position: position };
            return self.cluster.liveness.fail(error);
        }
        if self.cluster.role() == Role::Leader {
            self.cluster.connect_egress(id);
        }
        self.service.on_session_open(self.cluster, &session, open.timestamp);
    }

    #[inline]
    fn advance_to(&mut self, position: i64, timestamp: i64) {
        self.cluster.view.log_position = position;
        self.cluster.view.time = timestamp;
    }
}

/// Major part of a semantic version. Source: Agrona's `SemanticVersion`.
pub(crate) fn major(version: i32) -> i32 {
    (version >> 16) & 0xff
}

pub(crate) fn version_text(version: i32) -> String {
    format!("{}.{}.{}", major(version), (version >> 8) & 0xff, version & 0xff)
}

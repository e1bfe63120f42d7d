//! Recovery of a service from the state that the consensus module has, and joining of one log after the other.
//!
//! Source: `ClusteredServiceAgent.onStart`, `recoverState`, `loadSnapshot` and `joinActiveLog`.

use std::rc::Rc;

use aeron_support::channel;

use super::{ActiveLog, AfterAck, Agent, NULL_VALUE, Phase};
use crate::agent_io::{AgentIo, LogImage};
use crate::cluster::Role;
use crate::clustered_service::ClusteredService;
use crate::counters::{COMMIT_POSITION_TYPE_ID, RECOVERY_STATE_TYPE_ID};
use crate::error::ContainerError;
use crate::log_consumer::{major, version_text};
use crate::recovery_state::{RecoveryState, is_commit_position, is_recovery_state};
use crate::service_adapter::JoinLog;
use crate::service_cluster::Callback;
use crate::service_error::ServiceError;
use crate::snapshot::SnapshotReader;
use crate::snapshot_loader::SnapshotLoader;

impl<S: ClusteredService, I: AgentIo> Agent<S, I> {
    /// Continues a phase that waits. Returns 0 when what it waits for is not there.
    pub(super) fn advance(&mut self) -> Result<usize, ContainerError> {
        let cluster_id = self.settings.cluster_id;
        let io = &mut self.cluster.liveness.io;
        match &mut self.phase {
            Phase::AwaitCommitPosition => {
                let found = io.find_counter(COMMIT_POSITION_TYPE_ID, &|key| is_commit_position(key, cluster_id));
                let Some(counter) = found else { return Ok(0) };
                self.cluster.liveness.commit_position = Some(counter);
                self.phase = Phase::AwaitRecoveryState;
            }
            Phase::AwaitRecoveryState => {
                let found = io.find_counter(RECOVERY_STATE_TYPE_ID, &|key| is_recovery_state(key, cluster_id));
                let Some(counter) = found else { return Ok(0) };
                self.phase = Phase::Active;
                self.recover(&RecoveryState::of_key(counter.key))?;
            }
            Phase::AwaitLogImage(event, subscription) => {
                io.invoke_client()?;
                let Some(image) = io.log_image(subscription, event.log_session_id)? else { return Ok(0) };
                if let Phase::AwaitLogImage(event, _) = std::mem::replace(&mut self.phase, Phase::Active) {
                    self.join(event, image)?;
                }
            }
            Phase::Active => {}
        }
        Ok(1)
    }

    /// Starts the service from the recovery state, and acks the start.
    fn recover(&mut self, state: &RecoveryState) -> Result<(), ContainerError> {
        self.cluster.view.log_position = state.log_position;
        self.cluster.view.time = state.timestamp;
        self.cluster.set_leadership_term_id(state.leadership_term_id);
        let has_snapshot = state.leadership_term_id != NULL_VALUE;
        let recording_id = state.snapshot_recording_id(self.settings.service_id);
        let mut started = match recording_id {
            Some(recording_id) if has_snapshot => self.load_snapshot(recording_id),
            None if has_snapshot => Err(ServiceError::message("the consensus module has no snapshot for this service")),
            _ => self.start(None),
        };
        match self.cluster.liveness.take_fatal() {
            Ok(()) => {}
            Err(error @ ContainerError::NotAllowed { .. }) => started = Err(error.into()),
            Err(error) => return Err(error),
        }
        let log_position = state.log_position;
        match started {
            Ok(()) => {
                self.is_service_active = true;
                let client_id = self.cluster.liveness.io.client_id();
                self.ack(log_position, client_id, AfterAck::Continue);
            }
            Err(error) => {
                let error = ContainerError::Start {
                    service_id: self.settings.service_id,
                    leadership_term_id: state.leadership_term_id,
                    log_position,
                    recording_id: recording_id.filter(|_| has_snapshot).unwrap_or(NULL_VALUE),
                    error,
                };
                self.ack(log_position, NULL_VALUE, AfterAck::Fail(error));
            }
        }
        Ok(())
    }

    /// Loads sessions and time unit from a snapshot, and starts the service with the rest of it.
    fn load_snapshot(&mut self, recording_id: i64) -> Result<(), ServiceError> {
        let replay = self.cluster.liveness.io.replay_snapshot(recording_id)?;
        let mut loader = SnapshotLoader::new(replay, self.settings.snapshot_progress_timeout_ns);
        let state = loader.load(&mut self.cluster.liveness)?;
        if major(state.app_version) != major(self.settings.app_version) {
            let (own, snapshot) = (version_text(self.settings.app_version), version_text(state.app_version));
            return Err(ServiceError::message(format!(
                "application version {own} is not compatible with the snapshot's {snapshot}"
            )));
        }
        self.cluster.view.time_unit = state.time_unit;
        for session in state.sessions {
            let id = session.id();
            if !self.cluster.view.sessions.add(Rc::new(session)) {
                return Err(ServiceError::message(format!("the snapshot has session {id} twice")));
            }
        }
        self.start(Some(&mut loader))
    }

    fn start(&mut self, snapshot: Option<&mut dyn SnapshotReader>) -> Result<(), ServiceError> {
        let service = &mut self.service;
        self.cluster.during(Callback::Start, |cluster| service.on_start(cluster, snapshot))
    }

    /// Subscribes to the log of `event`, and waits for its image from now on.
    pub(super) fn begin_join(&mut self, event: JoinLog) -> Result<(), ContainerError> {
        if event.role != Role::Leader {
            self.cluster.disconnect_egress();
        }
        self.takes_standby_snapshots = event.is_standby;
        self.check_contiguous("event position", event.log_position)?;
        let alias = format!("log-sc-{}", self.settings.service_id);
        let channel = channel::with_parameter(&event.log_channel, "alias", &alias);
        let subscription = self.cluster.liveness.io.subscribe_log(&channel, event.log_stream_id)?;
        self.phase = Phase::AwaitLogImage(event, subscription);
        Ok(())
    }

    /// Begins to consume `image`, the log of `event`.
    fn join(&mut self, event: JoinLog, image: I::LogImage) -> Result<(), ContainerError> {
        self.check_contiguous("join position", image.join_position()?)?;
        self.assembler.clear();
        self.log = Some(ActiveLog { image, max_position: event.max_log_position });
        self.ack(event.log_position, NULL_VALUE, AfterAck::Continue);
        self.cluster.view.member_id = event.member_id;
        self.cluster.liveness.io.set_member_id(event.member_id);
        if event.role == Role::Leader {
            self.cluster.begin_leadership(event.is_startup);
        }
        self.set_role(event.role);
        Ok(())
    }

    fn check_contiguous(&self, what: &'static str, found: i64) -> Result<(), ContainerError> {
        let expected = self.cluster.view.log_position;
        if found == expected { Ok(()) } else { Err(ContainerError::LogNotContiguous { what, expected, found }) }
    }

    /// Sets the role, and calls the service when it has changed.
    pub(super) fn set_role(&mut self, role: Role) {
        if self.cluster.view.role != role {
            self.cluster.view.role = role;
            let service = &mut self.service;
            self.cluster.during(Callback::RoleChange, |cluster| service.on_role_change(cluster, role));
        }
    }
}

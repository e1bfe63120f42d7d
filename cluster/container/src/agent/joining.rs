//! Recovery of a service from the state that the consensus module has, and joining of one log after the other.
//!
//! Source: `ClusteredServiceAgent.onStart`, `recoverState`, `loadSnapshot` and `joinActiveLog`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aeron_support::channel;

use super::{ActiveLog, AfterAck, Agent, AwaitedLog, NULL_VALUE, Phase};
use crate::agent_io::{AgentIo, FoundCounter, LogImage};
use crate::cluster::Role;
use crate::clustered_service::ClusteredService;
use crate::counters::{COMMIT_POSITION_TYPE_ID, RECOVERY_STATE_TYPE_ID};
use crate::error::ContainerError;
use crate::recovery_state::{RecoveryState, is_commit_position, is_recovery_state};
use crate::service_adapter::JoinLog;
use crate::service_cluster::Callback;
use crate::service_error::ServiceError;
use crate::service_state;
use crate::snapshot_loader::SnapshotLoader;

impl<S: ClusteredService, I: AgentIo> Agent<S, I> {
    /// Continues a phase that waits. Returns 0 when what it waits for is not there.
    pub(super) fn advance(&mut self) -> Result<usize, ContainerError> {
        let io = &mut self.cluster.liveness.io;
        match &mut self.phase {
            Phase::AwaitConsensusModule => {
                let Some((commit_position, recovery_state)) = self.find_consensus_module() else { return Ok(0) };
                self.cluster.liveness.commit_position = Some(commit_position);
                self.phase = Phase::Active;
                self.recover(&RecoveryState::of_key(recovery_state.key))?;
            }
            Phase::AwaitLogImage(AwaitedLog { event, subscription, since_ns }) => {
                io.invoke_client()?;
                let Some(image) = io.log_image(subscription, event.log_session_id)? else {
                    if io.nano_time() - *since_ns < self.settings.log_image_timeout_ns {
                        return Ok(0);
                    }
                    return Err(ContainerError::LogImageTimeout {
                        log_session_id: event.log_session_id,
                        log_position: event.log_position,
                        waited_ms: self.settings.log_image_timeout_ns / 1_000_000,
                    });
                };
                if let Phase::AwaitLogImage(awaited) = std::mem::replace(&mut self.phase, Phase::Active) {
                    self.join(awaited.event, image)?;
                }
            }
            Phase::Active => {}
        }
        Ok(1)
    }

    /// The counters of the commit position and of the recovery state, of the same consensus module. A media driver keeps
    /// the counters of one that was killed for a while: the newest commit position counts, and a consensus module adds
    /// its recovery state after it.
    fn find_consensus_module(&self) -> Option<(FoundCounter, FoundCounter)> {
        let cluster_id = self.settings.cluster_id;
        let newest = |type_id, is_of_cluster: fn(&[u8], i32) -> bool| {
            let counters = self.cluster.liveness.io.find_counters(type_id);
            let of_cluster = counters.into_iter().filter(|counter| is_of_cluster(&counter.key, cluster_id));
            of_cluster.max_by_key(|counter| counter.registration_id)
        };
        let commit_position = newest(COMMIT_POSITION_TYPE_ID, is_commit_position)?;
        let recovery_state = newest(RECOVERY_STATE_TYPE_ID, is_recovery_state)?;
        (recovery_state.registration_id > commit_position.registration_id).then_some((commit_position, recovery_state))
    }

    /// Starts the service from the recovery state, and acks the start.
    fn recover(&mut self, state: &RecoveryState) -> Result<(), ContainerError> {
        self.cluster.view.log_position = state.log_position;
        self.cluster.view.time = state.timestamp;
        self.cluster.set_leadership_term_id(state.leadership_term_id);
        let has_snapshot = state.leadership_term_id != NULL_VALUE;
        let recording_id = state.snapshot_recording_id(self.settings.service_id);
        // The consensus module waits for the ack of the start, so a panic is answered as an error is.
        let starting = catch_unwind(AssertUnwindSafe(|| match recording_id {
            Some(recording_id) if has_snapshot => self.load_snapshot(recording_id),
            None if has_snapshot => Err(ServiceError::message("the consensus module has no snapshot for this service")),
            _ => service_state::start(&mut self.service, &mut self.cluster, None),
        }));
        let mut started = starting.unwrap_or_else(|panic| Err(ContainerError::of_panic(panic.as_ref()).into()));
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

    /// Starts the service from a snapshot.
    fn load_snapshot(&mut self, recording_id: i64) -> Result<(), ServiceError> {
        let started_ns = self.cluster.liveness.io.nano_time();
        let replay = self.cluster.liveness.io.replay_snapshot(recording_id)?;
        let loader = SnapshotLoader::new(replay, self.settings.snapshot_progress_timeout_ns);
        service_state::start_from_snapshot(&mut self.service, &mut self.cluster, loader, self.settings.app_version)?;
        self.counters.snapshot_load.set(self.cluster.liveness.io.nano_time() - started_ns);
        Ok(())
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
        let since_ns = self.cluster.liveness.io.nano_time();
        self.phase = Phase::AwaitLogImage(AwaitedLog { event, subscription, since_ns });
        Ok(())
    }

    /// Begins to consume `image`, the log of `event`. The ack leaves before the service is called with its new role: the
    /// election waits for the ack, and nothing of the log is consumed before the call.
    fn join(&mut self, event: JoinLog, image: I::LogImage) -> Result<(), ContainerError> {
        self.check_contiguous("join position", image.join_position()?)?;
        // The assembler keeps its unfinished message: the last log may have ended within it, and then this one has the rest.
        self.log = Some(ActiveLog { image, max_position: event.max_log_position });
        self.has_joined_log = true;
        self.ack(event.log_position, NULL_VALUE, AfterAck::Join(event));
        self.send_ack().map(drop)
    }

    /// Takes the role of `event` in the log that was joined and acked.
    pub(super) fn take_role(&mut self, event: &JoinLog) {
        self.counters.log_position.set(event.log_position);
        self.cluster.view.member_id = event.member_id;
        self.cluster.liveness.io.set_member_id(event.member_id);
        if event.role == Role::Leader {
            self.cluster.begin_leadership(event.is_startup);
        }
        self.set_role(event.role);
    }

    fn check_contiguous(&self, what: &'static str, found: i64) -> Result<(), ContainerError> {
        let expected = self.cluster.view.log_position;
        if found == expected {
            return Ok(());
        }
        if found > expected && self.has_joined_log {
            return Err(ContainerError::LogClosedUnread { log_position: expected, next_log_position: found });
        }
        Err(ContainerError::LogNotContiguous { what, expected, found })
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

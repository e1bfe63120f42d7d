//! The events of a log, which a test brings to a service.

use super::recorded_snapshot::RecordedSnapshot;
use super::recording_cluster::RecordingCluster;
use crate::cluster::Role;
use crate::clustered_service::{CloseReason, ClusteredService, Header, NewLeadershipTerm};
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;
use crate::snapshot::SnapshotReader;

/// Length of a frame's header, and its alignment, in bytes.
const FRAME_ALIGNMENT: i64 = 32;
/// Length that an event without a payload takes in the log of this double, in bytes.
const EVENT_LENGTH: i64 = 64;
/// The session id of the first message that a service sends into the log. Source: `PendingServiceMessageTracker`.
const FIRST_OWN_SESSION_ID: i64 = i64::MIN + 1;

/// Events of the log, and calls of the container.
impl RecordingCluster {
    /// Starts `service`, from a snapshot if there is one.
    ///
    /// # Errors
    /// The error of the service.
    pub fn start(
        &mut self,
        service: &mut dyn ClusteredService,
        snapshot: Option<&RecordedSnapshot>,
    ) -> Result<(), ServiceError> {
        let mut reader = snapshot.map(RecordedSnapshot::reader);
        let reader = reader.as_mut().map(|reader| reader as &mut dyn SnapshotReader);
        self.during("on_start", |cluster| service.on_start(cluster, reader))
    }

    /// Opens a session for a client that was authenticated as `encoded_principal`.
    pub fn session_open(&mut self, service: &mut dyn ClusteredService, id: i64, encoded_principal: &[u8]) {
        let session = ClientSession::new(id, 102, "aeron:udp?endpoint=127.0.0.1:0", encoded_principal);
        self.append(EVENT_LENGTH);
        self.sessions.insert(id, session.clone());
        let time = self.time;
        service.on_session_open(self, &session, time);
    }

    /// Closes an open session. Does nothing when no session with this id is open.
    pub fn session_close(&mut self, service: &mut dyn ClusteredService, id: i64, reason: CloseReason) {
        self.append(EVENT_LENGTH);
        if let Some(session) = self.sessions.remove(&id) {
            let time = self.time;
            service.on_session_close(self, &session, time, reason);
        }
    }

    /// Appends a message of a client.
    pub fn session_message(&mut self, service: &mut dyn ClusteredService, session_id: i64, message: &[u8]) {
        self.append(EVENT_LENGTH + message.len() as i64);
        let (time, header) = (self.time, Header::new(self.log_position).with_times(self.message_times));
        service.on_session_message(self, session_id, time, message, &header);
    }

    /// Brings the messages back that `service` sent into the log, and those that it sends meanwhile.
    pub fn deliver_own_messages(&mut self, service: &mut dyn ClusteredService) {
        while let Some(message) = self.own_messages.pop_front() {
            let session_id = FIRST_OWN_SESSION_ID + self.own_messages_delivered;
            self.own_messages_delivered += 1;
            self.session_message(service, session_id, &message);
        }
    }

    /// Fires a timer, scheduled or not, at the current time.
    pub fn timer_event(&mut self, service: &mut dyn ClusteredService, correlation_id: i64) {
        self.append(EVENT_LENGTH);
        self.timers.remove(&correlation_id);
        let time = self.time;
        service.on_timer_event(self, correlation_id, time);
    }

    /// Moves the time to `time`, and fires the timers that are due on the way, in the order of their deadlines. They
    /// may schedule others.
    pub fn advance_time(&mut self, service: &mut dyn ClusteredService, time: i64) {
        let first = |cluster: &Self| cluster.timers.iter().map(|(id, deadline)| (*deadline, *id)).min();
        while let Some((deadline, correlation_id)) = first(self).filter(|(deadline, _)| *deadline <= time) {
            self.time = self.time.max(deadline);
            self.timer_event(service, correlation_id);
        }
        self.time = self.time.max(time);
    }

    /// Begins the next leadership term.
    pub fn new_leadership_term_event(&mut self, service: &mut dyn ClusteredService) {
        let term_base_log_position = self.log_position;
        self.append(EVENT_LENGTH);
        self.leadership_term_id += 1;
        let event = NewLeadershipTerm {
            leadership_term_id: self.leadership_term_id,
            log_position: self.log_position,
            timestamp: self.time,
            term_base_log_position,
            leader_member_id: 0,
            log_session_id: 1,
            time_unit: self.time_unit,
            app_version: 1,
        };
        service.on_new_leadership_term_event(self, &event);
    }

    /// Lets `service` write a snapshot.
    ///
    /// # Errors
    /// The error of the service.
    pub fn take_snapshot(&mut self, service: &mut dyn ClusteredService) -> Result<RecordedSnapshot, ServiceError> {
        self.append(EVENT_LENGTH);
        service.on_snapshot_action(self);
        let mut snapshot = RecordedSnapshot::new();
        service.on_take_snapshot(self, &mut snapshot)?;
        Ok(snapshot)
    }

    /// A member that starts where this one is: with the same sessions, position, time and leadership term, but as a
    /// follower and without anything recorded. [`start`](Self::start) starts its service.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let mut cluster = Self::new(Role::Follower).with_time_unit(self.time_unit).with_member_id(self.member_id);
        cluster.log_position = self.log_position;
        cluster.leadership_term_id = self.leadership_term_id;
        cluster.time = self.time;
        cluster.sessions = self.sessions.clone();
        cluster.sessions.values().for_each(|session| session.set_closing(false));
        cluster
    }

    /// Changes the role, and tells `service` if it is another one.
    pub fn role_change(&mut self, service: &mut dyn ClusteredService, role: Role) {
        if self.role != role {
            self.role = role;
            self.during("on_role_change", |cluster| service.on_role_change(cluster, role));
        }
    }

    /// Lets `service` do its background work; returns the amount of work done.
    pub fn background_work(&mut self, service: &mut dyn ClusteredService, now_ns: i64) -> usize {
        self.during("do_background_work", |cluster| service.do_background_work(cluster, now_ns))
    }

    /// Ends `service`.
    pub fn terminate(&mut self, service: &mut dyn ClusteredService) {
        self.during("on_terminate", |cluster| service.on_terminate(cluster));
    }

    /// Runs a callback in which nothing may be sent.
    fn during<T>(&mut self, callback: &'static str, f: impl FnOnce(&mut Self) -> T) -> T {
        self.callback = Some(callback);
        let result = f(self);
        self.callback = None;
        result
    }

    /// Advances the log by an event of `length` bytes.
    fn append(&mut self, length: i64) {
        self.log_position += (FRAME_ALIGNMENT + length + FRAME_ALIGNMENT - 1) / FRAME_ALIGNMENT * FRAME_ALIGNMENT;
    }
}

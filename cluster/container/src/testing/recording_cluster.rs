//! A cluster that records what its service asks of it.

use std::collections::{BTreeMap, VecDeque};

use crate::cluster::{Cluster, MOCKED_OFFER, Role, TimeUnit};
use crate::counters::ServiceCounter;
use crate::message_parts::MessageParts;
use crate::message_times::MessageTimes;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;

/// A message to a client, as the service sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// Session of the client.
    pub session_id: i64,
    /// Bytes of the message, with its parts joined.
    pub message: Vec<u8>,
}

/// A counter that the service added.
#[derive(Debug, Clone)]
pub struct RecordedCounter {
    /// Type id of the counter.
    pub type_id: i32,
    /// Key of the counter.
    pub key: Vec<u8>,
    /// Label of the counter.
    pub label: String,
    /// The counter, which shares its value with that of the service.
    pub counter: ServiceCounter,
}

/// A [`Cluster`] without Aeron, for the tests of a service: it records what the service sends, schedules and closes,
/// and answers as a real cluster does.
///
/// Its methods with the name of a callback, such as [`session_message`](Self::session_message) for
/// `on_session_message`, append an event to the log: they advance position and time, change the sessions, and call the
/// service. A test may call the service itself as well.
///
/// ```
/// use aeron_cluster_service::testing::RecordingCluster;
/// use aeron_cluster_service::{
///     Cluster, ClusteredService, Header, OfferError, Role, ServiceError, SnapshotReader, SnapshotWriter,
/// };
///
/// struct Echo;
///
/// impl ClusteredService for Echo {
///     fn on_start(&mut self, _: &mut dyn Cluster, _: Option<&mut dyn SnapshotReader>) -> Result<(), ServiceError> {
///         Ok(())
///     }
///
///     fn on_session_message(&mut self, cluster: &mut dyn Cluster, session: i64, _: i64, message: &[u8], _: &Header) {
///         while cluster.offer_to(session, message).is_err_and(OfferError::is_retryable) {
///             cluster.idle(0);
///         }
///     }
///
///     fn on_take_snapshot(&mut self, _: &dyn Cluster, _: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
///         Ok(())
///     }
/// }
///
/// let mut cluster = RecordingCluster::new(Role::Leader);
/// cluster.session_open(&mut Echo, 7, b"alice");
/// cluster.refuse_next(3, OfferError::AdminAction);
/// cluster.session_message(&mut Echo, 7, b"hello");
/// assert_eq!(cluster.sent_to(7), [b"hello"]);
/// ```
#[derive(Debug)]
pub struct RecordingCluster {
    pub(super) member_id: i32,
    pub(super) role: Role,
    pub(super) log_position: i64,
    pub(super) leadership_term_id: i64,
    pub(super) time: i64,
    pub(super) time_unit: TimeUnit,
    pub(super) sessions: BTreeMap<i64, ClientSession>,
    /// Deadlines by correlation id.
    pub(super) timers: BTreeMap<i64, i64>,
    /// Messages that the service sent into the log and that have not come back.
    pub(super) own_messages: VecDeque<Vec<u8>>,
    /// Own messages that have come back.
    pub(super) own_messages_delivered: i64,
    /// Name of the callback under way, if it must not send.
    pub(super) callback: Option<&'static str>,
    sent: Vec<SentMessage>,
    mocked: Vec<SentMessage>,
    closes: Vec<i64>,
    cancelled: Vec<i64>,
    counters: Vec<RecordedCounter>,
    /// Errors that answer the next calls that send.
    refusals: VecDeque<OfferError>,
    idle_count: u64,
    /// Times in the headers of messages.
    pub(super) message_times: Option<MessageTimes>,
}

/// What the cluster is.
impl RecordingCluster {
    /// Member 0 in leadership term 0, at log position 0 and time 0, in milliseconds, without sessions.
    pub fn new(role: Role) -> Self {
        Self {
            member_id: 0,
            role,
            log_position: 0,
            leadership_term_id: 0,
            time: 0,
            time_unit: TimeUnit::Millis,
            sessions: BTreeMap::new(),
            timers: BTreeMap::new(),
            own_messages: VecDeque::new(),
            own_messages_delivered: 0,
            callback: None,
            sent: Vec::new(),
            mocked: Vec::new(),
            closes: Vec::new(),
            cancelled: Vec::new(),
            counters: Vec::new(),
            refusals: VecDeque::new(),
            idle_count: 0,
            message_times: None,
        }
    }

    /// The same cluster with another unit of time.
    #[must_use]
    pub fn with_time_unit(mut self, time_unit: TimeUnit) -> Self {
        self.time_unit = time_unit;
        self
    }

    /// The same cluster with another member id.
    #[must_use]
    pub fn with_member_id(mut self, member_id: i32) -> Self {
        self.member_id = member_id;
        self
    }

    /// Sets the role without telling the service. [`role_change`](Self::role_change) tells it.
    pub fn set_role(&mut self, role: Role) {
        self.role = role;
    }

    /// Sets the cluster time of the next events, without firing timers. [`advance_time`](Self::advance_time) fires
    /// them.
    pub fn set_time(&mut self, time: i64) {
        self.time = time;
    }

    /// Sets the times in the headers of the next messages, as a container has them for messages that it times.
    pub fn set_message_times(&mut self, times: Option<MessageTimes>) {
        self.message_times = times;
    }

    /// Answers the next `count` calls that send with `error`: offers fail with it, and `schedule_timer`, `cancel_timer`
    /// and `close_client_session` answer false. [`OfferError::BackPressured`] is back pressure of the receiver.
    ///
    /// Calls that send nothing do not count: offers to clients while this member is not the leader, offers to unknown
    /// sessions, and closes of sessions that are unknown or being closed.
    pub fn refuse_next(&mut self, count: usize, error: OfferError) {
        self.refusals.extend(std::iter::repeat_n(error, count));
    }
}

/// What was recorded.
impl RecordingCluster {
    /// Messages that were sent to clients, in their order.
    pub fn sent(&self) -> &[SentMessage] {
        &self.sent
    }

    /// Messages that were sent to the client of a session, in their order.
    pub fn sent_to(&self, session_id: i64) -> Vec<&[u8]> {
        self.sent.iter().filter(|sent| sent.session_id == session_id).map(|sent| sent.message.as_slice()).collect()
    }

    /// Takes the messages that were sent to clients, so that [`sent`](Self::sent) is empty again.
    pub fn take_sent(&mut self) -> Vec<SentMessage> {
        std::mem::take(&mut self.sent)
    }

    /// Messages to clients that were not sent, because this member was not the leader.
    pub fn mocked(&self) -> &[SentMessage] {
        &self.mocked
    }

    /// Messages that the service sent into the log, without those that came back to it.
    pub fn own_messages(&self) -> impl Iterator<Item = &[u8]> {
        self.own_messages.iter().map(Vec::as_slice)
    }

    /// Deadlines of the scheduled timers, by correlation id. Timers that fired or were cancelled are not among them.
    pub fn timers(&self) -> &BTreeMap<i64, i64> {
        &self.timers
    }

    /// Correlation ids of the timers that the service cancelled, in the order of the calls.
    pub fn cancelled_timers(&self) -> &[i64] {
        &self.cancelled
    }

    /// Ids of the sessions whose close the service requested, in the order of the calls. They stay open until
    /// [`session_close`](Self::session_close).
    pub fn closes(&self) -> &[i64] {
        &self.closes
    }

    /// Counters that the service added, in the order of the calls.
    pub fn counters(&self) -> &[RecordedCounter] {
        &self.counters
    }

    /// How often the service idled without work.
    pub fn idle_count(&self) -> u64 {
        self.idle_count
    }
}

impl RecordingCluster {
    #[allow(clippy::panic, reason = "a test of a service that is at fault must fail")]
    fn check_sending(&self, call: &str) {
        if let Some(callback) = self.callback {
            panic!("the service called {call} from {callback}, where nothing may be sent and no timer scheduled");
        }
    }

    fn next_refusal(&mut self) -> Result<(), OfferError> {
        self.refusals.pop_front().map_or(Ok(()), Err)
    }
}

impl Cluster for RecordingCluster {
    fn member_id(&self) -> i32 {
        self.member_id
    }

    fn role(&self) -> Role {
        self.role
    }

    fn log_position(&self) -> i64 {
        self.log_position
    }

    fn leadership_term_id(&self) -> i64 {
        self.leadership_term_id
    }

    fn time(&self) -> i64 {
        self.time
    }

    fn time_unit(&self) -> TimeUnit {
        self.time_unit
    }

    fn client_session(&self, id: i64) -> Option<&ClientSession> {
        self.sessions.get(&id)
    }

    fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession)) {
        self.sessions.values().for_each(f);
    }

    fn close_client_session(&mut self, id: i64) -> bool {
        self.check_sending("close_client_session");
        match self.sessions.get(&id) {
            None => return false,
            Some(session) if session.is_closing() => return true,
            Some(_) => {}
        }
        if self.next_refusal().is_err() {
            return false;
        }
        if let Some(session) = self.sessions.get(&id) {
            session.set_closing(true);
        }
        self.closes.push(id);
        true
    }

    fn offer_to_parts(&mut self, session_id: i64, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.check_sending("offer_to");
        MessageParts::check(parts)?;
        let message = parts.concat();
        if self.role != Role::Leader {
            self.mocked.push(SentMessage { session_id, message });
            return Ok(MOCKED_OFFER);
        }
        if !self.sessions.contains_key(&session_id) {
            return Err(OfferError::UnknownSession);
        }
        self.next_refusal()?;
        self.sent.push(SentMessage { session_id, message });
        Ok(self.sent.len() as i64)
    }

    fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        self.check_sending("offer");
        MessageParts::check(parts)?;
        let message = parts.concat();
        self.next_refusal()?;
        self.own_messages.push_back(message);
        Ok(self.own_messages.len() as i64)
    }

    fn schedule_timer(&mut self, correlation_id: i64, deadline: i64) -> bool {
        self.check_sending("schedule_timer");
        let is_scheduled = self.next_refusal().is_ok();
        if is_scheduled {
            self.timers.insert(correlation_id, deadline);
        }
        is_scheduled
    }

    fn cancel_timer(&mut self, correlation_id: i64) -> bool {
        self.check_sending("cancel_timer");
        let is_cancelled = self.next_refusal().is_ok();
        if is_cancelled {
            self.timers.remove(&correlation_id);
            self.cancelled.push(correlation_id);
        }
        is_cancelled
    }

    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError> {
        let counter = ServiceCounter::detached();
        let (key, label) = (key.to_vec(), label.to_owned());
        self.counters.push(RecordedCounter { type_id, key, label, counter: counter.clone() });
        Ok(counter)
    }

    fn idle(&mut self, work: usize) {
        self.idle_count += u64::from(work == 0);
    }
}

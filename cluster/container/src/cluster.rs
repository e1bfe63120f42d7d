//! What a service sees of the cluster, and what it asks of it.
//!
//! Names follow Aeron's Java API (`io.aeron.cluster.service.Cluster`).

use crate::counters::ServiceCounter;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;

/// Answer of [`Cluster::offer_to`] on a member that is not the leader: the service behaves as if the message had been
/// sent, and so does the same on every member. Source: `ClientSession.MOCKED_OFFER`.
pub const MOCKED_OFFER: i64 = 1;

/// Greatest number of parts of one message in [`Cluster::offer_to_parts`] and [`Cluster::offer_parts`].
pub const MAX_OFFER_PARTS: usize = 7;

/// The cluster as its service sees it. Source: `io.aeron.cluster.service.Cluster`.
///
/// The calls that send (`offer_to`, `offer`, the same in parts, `schedule_timer`, `cancel_timer` and
/// `close_client_session`) are not allowed in `on_start`, `on_role_change`, `on_terminate` and `do_background_work`.
/// The container ends with an error after such a call, because the service is at fault. Once an error has occurred that
/// ends the container, these calls do nothing.
pub trait Cluster {
    /// Id of this member; -1 before it joined a log.
    fn member_id(&self) -> i32;

    /// Role of this member.
    fn role(&self) -> Role;

    /// Position in the log after the last event, in bytes.
    fn log_position(&self) -> i64;

    /// Leadership term of the log that is being consumed; -1 before the first.
    fn leadership_term_id(&self) -> i64;

    /// Cluster time of the last event of the log, in units of [`Cluster::time_unit`].
    fn time(&self) -> i64;

    /// Unit of all cluster times and timer deadlines, which is that of the consensus module's clock. It is milliseconds
    /// until the log or a snapshot tells it.
    fn time_unit(&self) -> TimeUnit;

    /// The open session with this id.
    fn client_session(&self, id: i64) -> Option<&ClientSession>;

    /// Calls `f` with each open session, in ascending order of the ids.
    fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession));

    /// Asks the consensus module to close a session. The session stays open until its close event comes in the log.
    ///
    /// The answer is false under back pressure (try again after [`Cluster::idle`]), and when no session with this id is
    /// open.
    #[must_use = "false means that no close was requested: back pressure, or no such session"]
    fn close_client_session(&mut self, id: i64) -> bool;

    /// Sends `message` to a client. Only the leader sends; other members answer [`MOCKED_OFFER`].
    ///
    /// The call waits under back pressure. A client that makes the log wait must take 64 KiB within the context's
    /// [`egress_stall_limit`](crate::Context::egress_stall_limit) (100 ms by default); otherwise its session is closed,
    /// so that one slow client does not hold up the log. Egress is not replicated: messages that are lost with a leader
    /// are not sent again.
    ///
    /// # Errors
    /// [`OfferError`]. Nothing of the message was sent, and none of the errors needs an action by the service.
    fn offer_to(&mut self, session_id: i64, message: &[u8]) -> Result<i64, OfferError> {
        self.offer_to_parts(session_id, &[message])
    }

    /// Sends one message, whose bytes are those of `parts` in their order, to a client: as [`Cluster::offer_to`] does,
    /// without a copy that joins the parts. At most [`MAX_OFFER_PARTS`] are allowed.
    ///
    /// # Errors
    /// As [`Cluster::offer_to`].
    fn offer_to_parts(&mut self, session_id: i64, parts: &[&[u8]]) -> Result<i64, OfferError>;

    /// Sends `message` from this service into the cluster's log. Every member must make the same call; the message
    /// comes back once, with a negative session id. Aeron may lose such a message at a change of leader (its issues
    /// 1879 and 1903).
    ///
    /// # Errors
    /// [`OfferError`]. Try again after [`Cluster::idle`] when it is [retryable](OfferError::is_retryable).
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        self.offer_parts(&[message])
    }

    /// Sends one message, whose bytes are those of `parts` in their order, into the cluster's log: as
    /// [`Cluster::offer`] does, without a copy that joins the parts. At most [`MAX_OFFER_PARTS`] are allowed.
    ///
    /// # Errors
    /// As [`Cluster::offer`].
    fn offer_parts(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError>;

    /// Schedules the timer `correlation_id` for `deadline`, in cluster time, or moves it there. Every member must make
    /// the same calls in the same order. The answer is false under back pressure: try again after [`Cluster::idle`].
    #[must_use = "false is back pressure: the timer is not scheduled"]
    fn schedule_timer(&mut self, correlation_id: i64, deadline: i64) -> bool;

    /// Cancels the timer `correlation_id`. The answer is false under back pressure: try again after [`Cluster::idle`].
    #[must_use = "false is back pressure: the timer is not cancelled"]
    fn cancel_timer(&mut self, correlation_id: i64) -> bool;

    /// Adds a counter to the media driver of this member. `key` and `label` are cut to Aeron's limits, 112 and 380
    /// bytes.
    ///
    /// # Errors
    /// When the media driver refuses the counter or does not answer in time.
    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError>;

    /// Waits a little when `work` is 0, and keeps the container alive. Loops in the service must call it: a callback
    /// that takes longer than the media driver's client liveness time-out (10 s by default) without this call ends the
    /// container.
    fn idle(&mut self, work: usize);
}

/// Role of a member. Source: `Cluster.Role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The member follows the log of a leader, or replays its own.
    Follower,
    /// The member stands for election.
    Candidate,
    /// The member appends to the log, and is the only one whose egress is sent.
    Leader,
}

impl Role {
    /// The role with this code on the wire.
    pub(crate) fn from_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Follower),
            1 => Some(Self::Candidate),
            2 => Some(Self::Leader),
            _ => None,
        }
    }
}

/// Unit of cluster time. Source: `ClusterTimeUnit` of Aeron's cluster protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Milliseconds, the unit of the default clock.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl TimeUnit {
    /// Nanoseconds in one unit.
    pub fn as_nanos(self) -> i64 {
        match self {
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }
}

//! The I/O that an agent needs: media driver, archive, clocks and mark file.
//!
//! [`AeronIo`](crate::aeron_io::AeronIo) does it with Aeron; the tests of the agent have a fake.

use aeron_support::{AeronError, Fragment, MAX_COUNTER_KEY_LENGTH};

use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// I/O of an agent. No call waits without a bound.
pub(crate) trait AgentIo {
    type Egress: Egress;
    type LogSubscription;
    type LogImage: LogImage;
    type SnapshotReplay: SnapshotReplay;
    type SnapshotRecording: SnapshotRecording;

    /// A monotonic clock, in nanoseconds.
    fn nano_time(&self) -> i64;

    /// The time, in milliseconds since the epoch.
    fn epoch_ms(&self) -> i64;

    /// The time, in nanoseconds since the epoch.
    fn epoch_ns(&self) -> i64;

    /// Waits a little when `work` is 0.
    fn idle(&mut self, work: usize);

    /// Runs a duty cycle of the Aeron client. The error tells that the client is closed.
    fn invoke_client(&mut self) -> Result<(), ContainerError>;

    /// Id of the Aeron client, by which the consensus module watches this service.
    fn client_id(&self) -> i64;

    /// All counters of this type.
    fn find_counters(&self, type_id: i32) -> Vec<FoundCounter>;

    /// Value of a counter.
    fn counter_value(&self, counter_id: i32) -> i64;

    /// Whether the counter is still in use, and not freed or replaced by another with its id.
    fn is_counter_active(&self, counter: &FoundCounter) -> bool;

    /// Asks the media driver for a sign of life, unless it owes one. Returns whether one has come since the last call.
    fn probe_driver(&mut self) -> bool;

    /// Adds a counter to the media driver.
    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError>;

    /// Calls `handler` with at most one message of the consensus module. Returns the number of fragments read.
    fn poll_control(&mut self, handler: &mut dyn FnMut(&[u8])) -> Result<usize, ContainerError>;

    /// Makes one attempt to send a message, whose bytes are those of `parts`, to the consensus module.
    fn offer_control(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError>;

    /// Requests a publication to a client.
    fn add_egress(&mut self, channel: &str, stream_id: i32) -> Result<Self::Egress, ServiceError>;

    /// Requests a subscription to a log.
    fn subscribe_log(&mut self, channel: &str, stream_id: i32) -> Result<Self::LogSubscription, ContainerError>;

    /// The image of the log with this session id, once it is there.
    fn log_image(
        &mut self,
        subscription: &mut Self::LogSubscription,
        session_id: i32,
    ) -> Result<Option<Self::LogImage>, ContainerError>;

    /// Asks the archive to replay a recording.
    fn replay_snapshot(&mut self, recording_id: i64) -> Result<Self::SnapshotReplay, ServiceError>;

    /// Asks the archive to record a new snapshot.
    fn record_snapshot(&mut self) -> Result<Self::SnapshotRecording, SnapshotError>;

    /// Writes into the mark file that the container was alive at `now_ms`, in milliseconds since the epoch.
    fn keep_alive(&mut self, now_ms: i64);

    /// Writes the id of the member into the mark file.
    fn set_member_id(&mut self, member_id: i32);

    /// Counts an error and writes it to the error log.
    fn record_error(&mut self, error: &dyn std::fmt::Display);
}

/// A counter of the media driver, as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundCounter {
    pub(crate) id: i32,
    pub(crate) registration_id: i64,
    pub(crate) key: [u8; MAX_COUNTER_KEY_LENGTH],
}

/// Answer of a fragment handler: whether the poll goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The poll continues with the next fragment.
    Continue,
    /// The poll ends after this fragment, which counts as read.
    Break,
}

/// A publication to a client. Dropping it closes it.
pub(crate) trait Egress {
    /// Makes one attempt to send a message, whose bytes are those of `parts`. The answer is [`OfferError::AdminAction`]
    /// also while the publication is being added.
    fn offer(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError>;
}

/// A log that is being consumed. Dropping it closes its subscription.
pub(crate) trait LogImage {
    /// Position at which the image began, in bytes.
    fn join_position(&self) -> Result<i64, ContainerError>;

    /// Position up to which the log has been consumed, in bytes.
    fn position(&self) -> i64;

    /// Whether the log has ended: nothing comes after what has arrived.
    fn has_ended(&self) -> bool;

    /// Calls `handler` with at most `fragment_limit` fragments that begin before the position `limit`. Returns their
    /// number.
    fn poll(
        &mut self,
        limit: i64,
        fragment_limit: usize,
        handler: &mut dyn FnMut(&Fragment<'_>) -> Flow,
    ) -> Result<usize, ContainerError>;
}

/// A snapshot that the archive replays.
pub(crate) trait SnapshotReplay {
    /// Calls `handler` with the fragments that have arrived, up to a limit. Returns their number.
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError>;

    /// Whether the whole recording has been read. It is an error when the replay stopped before, or the archive failed.
    fn check_end(&mut self) -> Result<bool, ServiceError>;

    /// A monotonic clock, in nanoseconds.
    fn nano_time(&self) -> i64;
}

/// A snapshot that the archive records.
pub(crate) trait SnapshotRecording {
    /// Makes one attempt to send a message.
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError>;

    /// Longest message, in bytes.
    fn max_message_length(&self) -> usize;

    /// Position up to which messages were sent, in bytes.
    fn position(&self) -> i64;

    /// Position up to which messages have been recorded, in bytes; `None` until the recording began. It is an error
    /// when the recording stopped, or the archive failed.
    fn recorded_position(&mut self) -> Result<Option<i64>, SnapshotError>;

    /// Id of the recording; -1 until there is a recorded position.
    fn recording_id(&self) -> i64;
}

/// Why a snapshot failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// The archive has no room. The next snapshot would fail too.
    #[error("the archive has no room for a snapshot: {0}")]
    StorageFull(String),
    /// Another failure. The next snapshot may succeed.
    #[error("{0}")]
    Failed(ServiceError),
}

impl From<AeronError> for SnapshotError {
    fn from(error: AeronError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ServiceError> for SnapshotError {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

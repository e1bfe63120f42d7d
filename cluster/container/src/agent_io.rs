//! What the agent needs of the outside: media driver, archive, clocks, mark file.
//!
//! [`AeronIo`](crate::aeron_io::AeronIo) is the real one; the agent's tests have a fake.

use aeron_support::{AeronError, Fragment, MAX_COUNTER_KEY_LENGTH};

use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// The outside of an agent. Nothing here waits without bound.
pub(crate) trait AgentIo {
    type Egress: Egress;
    type LogSubscription;
    type LogImage: LogImage;
    type SnapshotReplay: SnapshotReplay;
    type SnapshotRecording: SnapshotRecording;

    /// A monotonic clock, in nanoseconds.
    fn nano_time(&self) -> i64;

    /// Milliseconds since the epoch.
    fn epoch_ms(&self) -> i64;

    /// Waits a little when `work` is 0.
    fn idle(&mut self, work: usize);

    /// Lets the Aeron client do its work; an error when it is closed.
    fn invoke_client(&mut self) -> Result<(), ContainerError>;

    /// Id of the Aeron client, by which the consensus module watches this service.
    fn client_id(&self) -> i64;

    /// The first counter of a type whose key matches.
    fn find_counter(&self, type_id: i32, matches: &dyn Fn(&[u8]) -> bool) -> Option<FoundCounter>;

    /// Value of a counter.
    fn counter_value(&self, counter_id: i32) -> i64;

    /// Whether the counter is still the one that was registered under that id.
    fn is_counter_active(&self, counter: &FoundCounter) -> bool;

    /// Adds a counter to the media driver.
    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError>;

    /// Takes at most one message of the consensus module; returns how many fragments were read.
    fn poll_control(&mut self, handler: &mut dyn FnMut(&[u8])) -> Result<usize, ContainerError>;

    /// Sends one message, whose bytes are those of `parts`, to the consensus module. One attempt.
    fn offer_control(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError>;

    /// Begins to add a publication to a client.
    fn add_egress(&mut self, channel: &str, stream_id: i32) -> Result<Self::Egress, ServiceError>;

    /// Begins to subscribe to a log.
    fn subscribe_log(&mut self, channel: &str, stream_id: i32) -> Result<Self::LogSubscription, ContainerError>;

    /// The image of a log's publication, once it is there.
    fn log_image(
        &mut self,
        subscription: &mut Self::LogSubscription,
        session_id: i32,
    ) -> Result<Option<Self::LogImage>, ContainerError>;

    /// Lets the archive replay a recording.
    fn replay_snapshot(&mut self, recording_id: i64) -> Result<Self::SnapshotReplay, ServiceError>;

    /// Lets the archive record a new snapshot.
    fn record_snapshot(&mut self) -> Result<Self::SnapshotRecording, SnapshotError>;

    /// Says in the mark file that the container is alive.
    fn keep_alive(&mut self, now_ms: i64);

    /// Says in the mark file which member this is.
    fn set_member_id(&mut self, member_id: i32);

    /// Counts an error and keeps it in the mark file.
    fn record_error(&mut self, error: &dyn std::fmt::Display);
}

/// A counter that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundCounter {
    pub(crate) id: i32,
    pub(crate) registration_id: i64,
    pub(crate) key: [u8; MAX_COUNTER_KEY_LENGTH],
}

/// Whether to take more fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    /// Stop after this fragment; it counts as read.
    Break,
}

/// A publication to a client; closed when dropped.
pub(crate) trait Egress {
    /// Sends one message, whose bytes are those of `parts`. One attempt, which answers [`OfferError::AdminAction`] also
    /// while the publication is being added.
    fn offer(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError>;
}

/// A log being consumed; its subscription is closed when it is dropped.
pub(crate) trait LogImage {
    /// Position at which the image began.
    fn join_position(&self) -> Result<i64, ContainerError>;

    /// Position up to which it has been consumed.
    fn position(&self) -> i64;

    /// Whether nothing more will come.
    fn has_ended(&self) -> bool;

    /// Takes at most `fragment_limit` fragments that begin before `limit`; returns how many.
    fn poll(
        &mut self,
        limit: i64,
        fragment_limit: usize,
        handler: &mut dyn FnMut(&Fragment<'_>) -> Flow,
    ) -> Result<usize, ContainerError>;
}

/// A snapshot being replayed.
pub(crate) trait SnapshotReplay {
    /// Takes some fragments; returns how many.
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError>;

    /// Whether all of the recording has been read; an error when it ended before its end, or the archive failed.
    fn check_end(&mut self) -> Result<bool, ServiceError>;

    /// A monotonic clock, in nanoseconds.
    fn nano_time(&self) -> i64;
}

/// A snapshot being recorded.
pub(crate) trait SnapshotRecording {
    /// Sends one message once.
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError>;

    /// Longest message, in bytes.
    fn max_message_length(&self) -> usize;

    /// Position up to which messages were sent.
    fn position(&self) -> i64;

    /// Position up to which they are recorded; `None` while the recording is being started. An error when it stopped or
    /// the archive failed.
    fn recorded_position(&mut self) -> Result<Option<i64>, SnapshotError>;

    /// Id of the recording; known once it has a recorded position.
    fn recording_id(&self) -> i64;
}

/// Why a snapshot failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// The archive has no room: there is no use in going on.
    #[error("the archive has no room for a snapshot: {0}")]
    StorageFull(String),
    /// Anything else: the next may succeed.
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

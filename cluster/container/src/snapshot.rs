//! What a service writes its state to, and reads it from.

use crate::cluster::Cluster;
use crate::service_error::ServiceError;

/// A snapshot that a service reads, one whole message at a time.
pub trait SnapshotReader {
    /// Calls `handler` with the next messages that have arrived, if any. Call [`Cluster::idle`] after each poll, as
    /// [`SnapshotReader::read_to_end`] does; otherwise a long snapshot ends the container.
    ///
    /// # Errors
    /// The error of the handler; also when the replay stopped before the end of the snapshot, or the archive failed.
    fn poll(
        &mut self,
        handler: &mut dyn FnMut(&[u8]) -> Result<(), ServiceError>,
    ) -> Result<SnapshotPoll, ServiceError>;

    /// Reads to the end, and idles on `cluster` while nothing has arrived.
    ///
    /// # Errors
    /// As [`SnapshotReader::poll`].
    fn read_to_end(
        &mut self,
        cluster: &mut dyn Cluster,
        handler: &mut dyn FnMut(&[u8]) -> Result<(), ServiceError>,
    ) -> Result<(), ServiceError> {
        loop {
            match self.poll(handler)? {
                SnapshotPoll::Messages(count) => cluster.idle(count),
                SnapshotPoll::Idle => cluster.idle(0),
                SnapshotPoll::End => return Ok(()),
            }
        }
    }
}

/// Outcome of a poll of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotPoll {
    /// The poll read this number of fragments, at least one.
    Messages(usize),
    /// Nothing has arrived, but the snapshot has not ended.
    Idle,
    /// The whole snapshot has been read.
    End,
}

/// A snapshot that a service writes.
pub trait SnapshotWriter {
    /// Appends one message. The call waits under back pressure, without progress for at most the context's
    /// [`snapshot_progress_timeout`](crate::Context::snapshot_progress_timeout).
    ///
    /// # Errors
    /// When the archive fails or makes no progress, or the message is longer than
    /// [`SnapshotWriter::max_message_length`].
    fn offer(&mut self, message: &[u8]) -> Result<(), ServiceError>;

    /// Keeps the container alive. A service that works on its state for seconds between two offers must call it meanwhile:
    /// without it and without an offer for the media driver's client liveness time-out (10 s by default), the container
    /// ends. Each call is cheap.
    ///
    /// # Errors
    /// The container is about to end: the consensus module or the media driver has gone.
    fn keep_alive(&mut self) -> Result<(), ServiceError>;

    /// Longest message that [`SnapshotWriter::offer`] accepts, in bytes.
    fn max_message_length(&self) -> usize;
}

//! Why a message was not sent.

use thiserror::Error;

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OfferError {
    /// Nobody receives the message: the client has gone, or its egress is not connected.
    #[error("not connected")]
    NotConnected,
    /// The receiver does not read fast enough.
    #[error("back pressured")]
    BackPressured,
    /// Aeron is busy: it rotates a log buffer, or adds the publication.
    #[error("an administrative action is under way")]
    AdminAction,
    /// The publication is closed, or the container is about to end.
    #[error("closed")]
    Closed,
    /// The stream reached its last position.
    #[error("the stream is at its maximum position")]
    MaxPositionExceeded,
    /// The message is longer than the publication accepts.
    #[error("message of {length} bytes is longer than {maximum}")]
    MessageTooLong {
        /// Length of the message with the session header, in bytes.
        length: usize,
        /// Longest message that the publication accepts, in bytes.
        maximum: usize,
    },
    /// The message has more parts than [`MAX_OFFER_PARTS`](crate::MAX_OFFER_PARTS).
    #[error("message of {parts} parts, at most {maximum} are allowed")]
    TooManyParts {
        /// Number of parts of the message.
        parts: usize,
        /// Greatest number of parts.
        maximum: usize,
    },
    /// No open session has this id.
    #[error("unknown session")]
    UnknownSession,
    /// The client did not keep up. Its session is being closed and gets nothing more.
    #[error("session is being closed because its client does not keep up")]
    SlowConsumer,
    /// The call is not allowed in this callback. The container ends.
    #[error("not allowed in this callback")]
    NotAllowed,
}

impl OfferError {
    /// Whether the very same call may succeed a little later without anything else being done. A service may therefore
    /// repeat the call, with [`Cluster::idle`](crate::Cluster::idle) between the attempts, for as long as this is true.
    ///
    /// It is false for [`OfferError::NotConnected`]: a client that has gone does not come back to its session, and
    /// whether it has gone is known only from a later event of the log, which waits while the service repeats the call.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::BackPressured | Self::AdminAction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_retryable() {
        assert!(OfferError::BackPressured.is_retryable() && OfferError::AdminAction.is_retryable());
        for error in [
            OfferError::NotConnected,
            OfferError::Closed,
            OfferError::MaxPositionExceeded,
            OfferError::MessageTooLong { length: 2, maximum: 1 },
            OfferError::TooManyParts { parts: 9, maximum: 7 },
            OfferError::UnknownSession,
            OfferError::SlowConsumer,
            OfferError::NotAllowed,
        ] {
            assert!(!error.is_retryable(), "{error}");
        }
    }
}

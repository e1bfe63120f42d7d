//! Why bytes are no message of the partition map's protocol.

use lugus_vocabulary::MapDigest;
use sbe_message::DecodeError;
use thiserror::Error;

use crate::error::MessageError;

/// Why bytes are no message of the partition map's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MapMessageError {
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The bytes of a map were changed since it was written.
    #[error("the map's digest is {written}, but its bytes give {computed}: the recording is damaged")]
    Digest {
        /// Digest in the message.
        written: MapDigest,
        /// Digest of the message.
        computed: MapDigest,
    },
    /// Bytes follow the end of the message.
    #[error("{0} bytes follow the end of the message")]
    Surplus(usize),
}

impl From<DecodeError> for MapMessageError {
    fn from(error: DecodeError) -> Self {
        Self::Message(error.into())
    }
}

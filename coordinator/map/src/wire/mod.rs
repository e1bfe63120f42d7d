//! SBE: maps, requests and answers to bytes and back.
//!
//! Source: `schemas/partition-map.xml` (schema 203).

mod answers;
mod fields;
mod instrument;
mod record;
mod requests;

use thiserror::Error;

pub use answers::{ANSWER_LENGTH, decode_answer, encode_answer};
pub use record::MAXIMUM_MAP_LENGTH;
pub use requests::{MAXIMUM_REQUEST_LENGTH, MAXIMUM_RESPONSE_CHANNEL_LENGTH, decode_request, encode_request};

use crate::{Digest, Unsound};

/// Why bytes are no message of the partition map's protocol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// Its header or length is not that of a message known here.
    #[error(transparent)]
    Envelope(#[from] lugus_codecs::DecodeError),
    /// A repeating group that does not fit into the message, or is longer than can be.
    #[error("group {group} with {count} entries of {block_length} bytes does not fit")]
    Group {
        /// Its name in the schema.
        group: &'static str,
        /// Entries that it announces.
        count: u16,
        /// Length of each, in bytes.
        block_length: u16,
    },
    /// A field has a value that it can't have.
    #[error("field {field} has a value that it can't have")]
    Value {
        /// Its name in the schema.
        field: &'static str,
    },
    /// Bytes were changed since they were written.
    #[error("the map's digest is {written}, and its bytes have {computed}: the recording is damaged")]
    Digest {
        /// In the message.
        written: Digest,
        /// Of the message.
        computed: Digest,
    },
    /// A map that contradicts itself.
    #[error("the map contradicts itself: {0}")]
    Unsound(#[from] Unsound),
    /// Bytes after the end.
    #[error("{0} bytes too many")]
    Surplus(usize),
    /// The epoch is 0, which no recorded map has.
    #[error("a map of epoch 0 is never recorded")]
    EpochZero,
}

//! Why a message cannot be read.

use sbe_message::DecodeError;
use thiserror::Error;

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// Header or length are not those of a message that is read here.
    #[error(transparent)]
    Envelope(#[from] DecodeError),
    /// A field has a value that the protocol does not have.
    #[error("template {template_id}: {field} has a value that is not in its enumeration")]
    Value {
        /// Template id of the message.
        template_id: u16,
        /// Name of the field in the schema.
        field: &'static str,
    },
    /// A repeating group does not fit into its message, has shorter entries than the oldest supported version, or more of
    /// them than are read.
    #[error("template {template_id}: group {group} with {count} entries of {block_length} bytes does not fit")]
    Group {
        /// Template id of the message.
        template_id: u16,
        /// Name of the group in the schema.
        group: &'static str,
        /// Number of entries that the group announces.
        count: u16,
        /// Length of each entry that the group announces, in bytes.
        block_length: u16,
    },
}

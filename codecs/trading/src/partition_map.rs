//! The partition map: which cluster trades which instrument, and requests to change it (schema 203).
//!
//! | file | messages |
//! |---|---|
//! | `map` | a whole map, with the digest of its own bytes |
//! | `requests` | requests to the coordinator |
//! | `answers` | the coordinator's answers |
//! | `specification` | an instrument's fields, which maps and requests have |
//! | `error` | why bytes are none of these |
//! | `text` | texts that are padded with zeros |

mod answers;
mod error;
mod map;
mod requests;
mod specification;
mod text;

#[cfg(test)]
mod tests;

pub use answers::{ANSWER_LENGTH, decode_map_answer, encode_map_answer};
pub use error::MapMessageError;
pub use map::{MAXIMUM_MAP_LENGTH, decode_map, digest_of_map, encode_map};
pub use requests::{MAXIMUM_REQUEST_LENGTH, MAXIMUM_RESPONSE_CHANNEL_LENGTH, decode_map_request, encode_map_request};

pub use crate::sbe_partition_map::{SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};

//! Lugus' protocols, generated at build time from `schemas/`, and typed: messages to and from values of the vocabulary.
//!
//! | module | protocol |
//! |---|---|
//! | [`order_entry`] | orders and executions: `schemas/order-entry.xml` (schema 201) |
//! | [`market_data`] | the book as anyone may see it: `schemas/market-data.xml` (schema 202) |
//! | [`migration`] | the move of an instrument between clusters: `schemas/order-entry.xml` (schema 201) |
//! | [`partition_map`] | which cluster trades which instrument: `schemas/partition-map.xml` (schema 203) |
//! | [`member_status`] | what a member tells of itself: `schemas/member-status.xml` (schema 206) |
//! | [`snapshot`] | the state of a partition's service: `schemas/snapshot.xml` (schema 204) |
//! | [`session_tag`] | what follows a message whose sender has a session key; not SBE |
//! | [`authenticated_request`] | requests to the coordinator with a proof of who makes them: `schemas/authenticated-request.xml` (schema 205) |
//!
//! The generated code is private: its decoders panic on short buffers, so each `decode_` function checks a message first.

mod auction_rules;
pub mod authenticated_request;
mod definition;
mod error;
mod flags;
#[allow(dead_code, reason = "generated code reads and writes more than is used")]
mod generated;
mod group;
mod limits;
pub mod market_data;
pub mod member_status;
pub mod migration;
pub mod order_entry;
pub mod partition_map;
mod protection;
pub mod session_tag;
mod short_layout;
pub mod snapshot;
#[cfg(test)]
mod testing;
mod word;

pub use error::MessageError;
pub use sbe_message::{DecodeError, Envelope, HEADER_LENGTH, write_header};

use generated::{
    sbe_authenticated_request, sbe_market_data, sbe_member_status, sbe_order_entry, sbe_partition_map, sbe_snapshot,
};

/// Opens the root block of one template for reading: the generated decoder, safe to use. `?` on what is wrong with it.
///
/// `block!(envelope, order_entry, resume_codec, ResumeDecoder)`, with the modules of the protocol in scope. For a block
/// that has grown, its earlier lengths in bytes follow, the oldest first: `..., before 2 it had 65)` for a field that came
/// with version 2. The decoder takes the fields that are missing in an older block as null.
macro_rules! block {
    ($envelope:expr, $protocol:ident, $codec:ident, $decoder:ident $(, before $version:literal it had $length:literal)*) => {{
        let envelope = $envelope.of_schema($crate::$protocol::SBE_SCHEMA_ID)?;
        // A block is at least as long as in its sender's version, as the decoder goes by that.
        let least = $(if envelope.version < $version { $length } else)* {
            $crate::$protocol::$codec::SBE_BLOCK_LENGTH
        };
        let body = envelope.body($crate::$protocol::$codec::SBE_TEMPLATE_ID, least)?;
        $crate::$protocol::$codec::decoder::$decoder::default().wrap(
            $crate::$protocol::ReadBuf::new(body.message),
            $crate::HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}

/// Writes the header of one template at the start of a buffer: the generated encoder for the rest, and into `length` the
/// length of the whole message, if it has no groups or variable-length data.
///
/// `message!(buffer, order_entry, resume_codec, ResumeEncoder, length)`.
///
/// # Panics
/// With a buffer that is too short for header and root block.
macro_rules! message {
    ($buffer:expr, $protocol:ident, $codec:ident, $encoder:ident, $length:ident) => {{
        $length = $crate::write_header(
            $buffer,
            $crate::$protocol::$codec::SBE_BLOCK_LENGTH,
            $crate::$protocol::$codec::SBE_TEMPLATE_ID,
            $crate::$protocol::SBE_SCHEMA_ID,
            $crate::$protocol::SBE_SCHEMA_VERSION,
        );
        $crate::$protocol::$codec::encoder::$encoder::default()
            .wrap($crate::$protocol::WriteBuf::new($buffer), $crate::HEADER_LENGTH)
    }};
}

pub(crate) use {block, message};

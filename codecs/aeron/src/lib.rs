//! Aeron Cluster's own protocols, generated at build time from the schemas inside Aeron's jar.
//!
//! Check a message with [`sbe_message::Envelope`] before a generated decoder reads it: the decoders panic on short
//! buffers.

pub use sbe_message::{Body, DecodeError, Envelope, HEADER_LENGTH, write_header};

include!(concat!(env!("OUT_DIR"), "/protocols.rs"));

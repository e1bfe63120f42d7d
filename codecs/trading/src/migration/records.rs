//! Records of an instrument in a run of few bytes.
//!
//! This is a second layout of executions and orders beside their messages. An instrument is traded nowhere while its
//! records are on their way from one cluster to the other, so their number of bytes decides how long it is away. What is
//! rare needs no layout of its own: all other records are the messages of the snapshot.
//!
//! A record begins with a tag. After `MESSAGE` come the messages of a snapshot's record, after the tags of a rest what is told of
//! records that were copied ahead, and after the others the fields as `short_layout` has them.

pub mod reader;
pub mod writer;

/// Maximum length of a run of records, in bytes.
pub const MAXIMUM_RUN_LENGTH: usize = 32 * 1024;

/// A record that is written as messages of the snapshot.
const MESSAGE: u8 = 0;
/// How the kept trades that were copied ahead go on. The tags below this one are those of `short_layout`.
const TRADES: u8 = 16;
/// The end of an order that was copied ahead.
const ENDED: u8 = 17;
/// A change of an order that was copied ahead.
const CHANGED: u8 = 18;

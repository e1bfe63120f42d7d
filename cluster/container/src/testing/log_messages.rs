//! Entries of a log as the consensus module encodes them, for tests that need the bytes: of the container itself, and of logs in files.
//!
//! They are written by hand here, from the cluster protocol (schema 111), so that a fault of the generated codecs shows.

/// Version of the schema with which the messages are written.
const SCHEMA_VERSION: u8 = 16;
/// Id of the schema.
const SCHEMA_ID: u8 = 111;
/// The leadership term of entries of sessions, which no service reads.
const TERM: i64 = 5;

/// A message of the cluster protocol: its 64-bit fields, then its 32-bit fields, then its texts.
pub fn cluster_message(template: u8, longs: &[i64], ints: &[i32], texts: &[&[u8]]) -> Vec<u8> {
    let block_length = 8 * longs.len() + 4 * ints.len();
    let mut bytes = vec![block_length as u8, 0, template, 0, SCHEMA_ID, 0, SCHEMA_VERSION, 0];
    longs.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
    ints.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
    for text in texts {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}

/// A client's message, with its session's number and the time at which the consensus module took it.
pub fn session_message(session_id: i64, timestamp: i64, payload: &[u8]) -> Vec<u8> {
    let mut message = cluster_message(1, &[TERM, session_id, timestamp], &[], &[]);
    message.extend_from_slice(payload);
    message
}

/// The begin of the session of a client that was authenticated as `principal`.
pub fn session_open(session_id: i64, timestamp: i64, principal: &[u8]) -> Vec<u8> {
    cluster_message(21, &[TERM, 1, session_id, timestamp], &[102], &[b"aeron:udp?endpoint=c:1", principal])
}

/// The request for a snapshot in a leadership term. `flags` are 0 if all members are to take it.
pub fn snapshot_action(term: i64, timestamp: i64, flags: i32) -> Vec<u8> {
    cluster_message(23, &[term, 0, timestamp], &[2, flags], &[])
}

/// The begin of a leadership term. `time_unit` is that of the protocol: 0 milliseconds, 1 microseconds, 2 nanoseconds.
pub fn new_leadership_term(term: i64, timestamp: i64, time_unit: i32, app_version: i32) -> Vec<u8> {
    cluster_message(24, &[term, 0, timestamp, 0], &[1, 9, time_unit, app_version], &[])
}

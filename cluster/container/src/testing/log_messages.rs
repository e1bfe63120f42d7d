//! The events that a consensus module writes to its log, as bytes, for those who stand in for one, and for logs in files.
//!
//! They are written by hand, so that a fault of the generated codecs shows. Source: Aeron's cluster protocol (schema 111, version 16);
//! the fields follow each other without gaps.

use crate::cluster::{Role, TimeUnit};
use crate::clustered_service::{CloseReason, NewLeadershipTerm};
use crate::context::DEFAULT_APP_VERSION;
use crate::sessions::ClientSession;

/// A message: its 64-bit fields, then its 32-bit fields, then its texts.
pub fn message(template: u8, longs: &[i64], ints: &[i32], texts: &[&[u8]]) -> Vec<u8> {
    let block_length = 8 * longs.len() + 4 * ints.len();
    let mut bytes = Vec::with_capacity(8 + block_length + texts.iter().map(|text| 4 + text.len()).sum::<usize>());
    bytes.extend_from_slice(&[block_length as u8, 0, template, 0, 111, 0, 16, 0]);
    longs.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
    ints.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
    for text in texts {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}

/// A message of a client, or of a service.
pub fn session_message(leadership_term_id: i64, cluster_session_id: i64, timestamp: i64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = message(1, &[leadership_term_id, cluster_session_id, timestamp], &[], &[]);
    bytes.extend_from_slice(payload);
    bytes
}

/// A client has opened this session.
pub fn session_open(leadership_term_id: i64, timestamp: i64, session: &ClientSession) -> Vec<u8> {
    let longs = [leadership_term_id, session.id(), session.id(), timestamp];
    let texts = [session.response_channel().as_bytes(), session.encoded_principal()];
    message(21, &longs, &[session.response_stream_id()], &texts)
}

/// A session is closed.
pub fn session_close(leadership_term_id: i64, cluster_session_id: i64, timestamp: i64, reason: CloseReason) -> Vec<u8> {
    let reason = match reason {
        CloseReason::ClientAction => 0,
        CloseReason::ServiceAction => 1,
        CloseReason::Timeout => 2,
        CloseReason::Unknown => 9,
    };
    message(22, &[leadership_term_id, cluster_session_id, timestamp], &[reason], &[])
}

/// A timer has fired.
pub fn timer_event(leadership_term_id: i64, correlation_id: i64, timestamp: i64) -> Vec<u8> {
    message(20, &[leadership_term_id, correlation_id, timestamp], &[], &[])
}

/// A snapshot is asked for: of all members, if `flags` are 0.
pub fn snapshot_action(leadership_term_id: i64, log_position: i64, timestamp: i64, flags: i32) -> Vec<u8> {
    message(23, &[leadership_term_id, log_position, timestamp], &[2, flags], &[])
}

/// A leadership term begins.
pub fn new_leadership_term(event: &NewLeadershipTerm) -> Vec<u8> {
    let unit = match event.time_unit {
        TimeUnit::Millis => 0,
        TimeUnit::Micros => 1,
        TimeUnit::Nanos => 2,
    };
    let longs = [event.leadership_term_id, event.log_position, event.timestamp, event.term_base_log_position];
    message(24, &longs, &[event.leader_member_id, event.log_session_id, unit, event.app_version], &[])
}

/// The first leadership term begins, of member 1, with times in nanoseconds.
pub fn first_leadership_term(timestamp: i64) -> Vec<u8> {
    new_leadership_term(&NewLeadershipTerm {
        leadership_term_id: 0,
        log_position: 0,
        timestamp,
        term_base_log_position: 0,
        leader_member_id: 1,
        log_session_id: 9,
        time_unit: TimeUnit::Nanos,
        app_version: DEFAULT_APP_VERSION,
    })
}

/// The consensus module tells its service to join a log.
pub(crate) fn join_log(
    log_position: i64,
    max_log_position: i64,
    member_id: i32,
    log_session_id: i32,
    role: Role,
    is_startup: bool,
) -> Vec<u8> {
    let role = match role {
        Role::Follower => 0,
        Role::Candidate => 1,
        Role::Leader => 2,
    };
    let ints = [member_id, log_session_id, 100, i32::from(is_startup), role, 0];
    message(40, &[log_position, max_log_position], &ints, &[b"aeron:ipc"])
}

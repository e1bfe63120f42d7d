//! Messages of Aeron's cluster protocol for the tests of the agent.

use crate::sessions::ClientSession;
use crate::testing::log_messages;
pub(super) use crate::testing::log_messages::message;

/// The term of all events.
const TERM: i64 = 5;

pub(super) fn session_message(session_id: i64, timestamp: i64, payload: &[u8]) -> Vec<u8> {
    log_messages::session_message(TERM, session_id, timestamp, payload)
}

pub(super) fn new_term(term: i64, timestamp: i64, time_unit: i32, app_version: i32) -> Vec<u8> {
    message(24, &[term, 0, timestamp, 0], &[1, 9, time_unit, app_version], &[])
}

pub(super) fn join_log(position: i64, max_position: i64, is_startup: bool, role: i32, is_standby: bool) -> Vec<u8> {
    let ints = [2, 9, 100, i32::from(is_startup), role, i32::from(is_standby)];
    message(40, &[position, max_position], &ints, &[b"aeron:udp?tags=1|alias=log"])
}

pub(super) fn ack(log_position: i64, timestamp: i64, ack_id: i64, relevant_id: i64) -> Vec<u8> {
    message(33, &[log_position, timestamp, ack_id, relevant_id], &[0], &[])
}

pub(super) fn close(session_id: i64) -> Vec<u8> {
    message(30, &[session_id], &[], &[])
}

pub(super) fn session_open(session_id: i64, timestamp: i64) -> Vec<u8> {
    session_open_of(session_id, timestamp, b"me")
}

pub(super) fn session_open_of(session_id: i64, timestamp: i64, principal: &[u8]) -> Vec<u8> {
    let session = ClientSession::new(session_id, 102, "aeron:udp?endpoint=c:1", principal);
    log_messages::session_open(TERM, timestamp, &session)
}

pub(super) fn snapshot_action(timestamp: i64, flags: i32) -> Vec<u8> {
    log_messages::snapshot_action(TERM, 0, timestamp, flags)
}

pub(super) fn snapshot_mark(type_id: i64, mark: i32, time_unit: i32, app_version: i32) -> Vec<u8> {
    message(100, &[type_id, 640, 4], &[0, mark, time_unit, app_version], &[])
}

pub(super) fn snapshot_session(session_id: i64) -> Vec<u8> {
    message(102, &[session_id], &[102], &[b"aeron:udp?endpoint=c:1", b"me"])
}

//! Encoding of the messages that a service sends to the consensus module.
//!
//! Source: `ConsensusModuleProxy` of Aeron, and its cluster protocol (schema 111).

use aeron_cluster_codecs::cluster::{
    SBE_SCHEMA_ID, SBE_SCHEMA_VERSION, WriteBuf, cancel_timer_codec as cancel_timer,
    close_session_codec as close_session, schedule_timer_codec as schedule_timer, service_ack_codec as service_ack,
    session_message_header_codec as session_message_header,
};
use aeron_cluster_codecs::{HEADER_LENGTH, write_header};

/// Length of the session header, which precedes the payload of a message in ingress, egress and log, in bytes.
pub(crate) const SESSION_HEADER_LENGTH: usize = message_length(session_message_header::SBE_BLOCK_LENGTH);

const CANCEL_TIMER_LENGTH: usize = message_length(cancel_timer::SBE_BLOCK_LENGTH);
const CLOSE_SESSION_LENGTH: usize = message_length(close_session::SBE_BLOCK_LENGTH);
const SCHEDULE_TIMER_LENGTH: usize = message_length(schedule_timer::SBE_BLOCK_LENGTH);
const SERVICE_ACK_LENGTH: usize = message_length(service_ack::SBE_BLOCK_LENGTH);

/// Acks to the consensus module what a service has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceAck {
    pub(crate) log_position: i64,
    pub(crate) timestamp: i64,
    /// Number of the ack, from 0 in each run of the service.
    pub(crate) ack_id: i64,
    /// Subject of the ack: the id of an Aeron client or of a recording, or -1.
    pub(crate) relevant_id: i64,
    pub(crate) service_id: i32,
}

impl ServiceAck {
    pub(crate) fn encode(&self) -> [u8; SERVICE_ACK_LENGTH] {
        let mut message = begin(service_ack::SBE_TEMPLATE_ID);
        service_ack::ServiceAckEncoder::default()
            .wrap(WriteBuf::new(&mut message), HEADER_LENGTH)
            .log_position(self.log_position)
            .timestamp(self.timestamp)
            .ack_id(self.ack_id)
            .relevant_id(self.relevant_id)
            .service_id(self.service_id);
        message
    }
}

pub(crate) fn encode_close_session(cluster_session_id: i64) -> [u8; CLOSE_SESSION_LENGTH] {
    let mut message = begin(close_session::SBE_TEMPLATE_ID);
    close_session::CloseSessionEncoder::default()
        .wrap(WriteBuf::new(&mut message), HEADER_LENGTH)
        .cluster_session_id(cluster_session_id);
    message
}

pub(crate) fn encode_schedule_timer(correlation_id: i64, deadline: i64) -> [u8; SCHEDULE_TIMER_LENGTH] {
    let mut message = begin(schedule_timer::SBE_TEMPLATE_ID);
    schedule_timer::ScheduleTimerEncoder::default()
        .wrap(WriteBuf::new(&mut message), HEADER_LENGTH)
        .correlation_id(correlation_id)
        .deadline(deadline);
    message
}

pub(crate) fn encode_cancel_timer(correlation_id: i64) -> [u8; CANCEL_TIMER_LENGTH] {
    let mut message = begin(cancel_timer::SBE_TEMPLATE_ID);
    cancel_timer::CancelTimerEncoder::default()
        .wrap(WriteBuf::new(&mut message), HEADER_LENGTH)
        .correlation_id(correlation_id);
    message
}

/// The header of session messages. It stays encoded, and only the fields that differ are written for each message.
#[derive(Debug)]
pub(crate) struct SessionMessageHeader([u8; SESSION_HEADER_LENGTH]);

impl SessionMessageHeader {
    pub(crate) fn new() -> Self {
        Self(begin(session_message_header::SBE_TEMPLATE_ID))
    }

    pub(crate) fn set_leadership_term_id(&mut self, leadership_term_id: i64) {
        self.encoder().leadership_term_id(leadership_term_id);
    }

    /// The header of a message to or from the session `cluster_session_id`, at the cluster time `timestamp`.
    #[inline]
    pub(crate) fn address(&mut self, cluster_session_id: i64, timestamp: i64) -> &[u8; SESSION_HEADER_LENGTH] {
        self.encoder().cluster_session_id(cluster_session_id).timestamp(timestamp);
        &self.0
    }

    #[inline]
    fn encoder(&mut self) -> session_message_header::SessionMessageHeaderEncoder<'_> {
        session_message_header::SessionMessageHeaderEncoder::default().wrap(WriteBuf::new(&mut self.0), HEADER_LENGTH)
    }
}

const fn message_length(block_length: u16) -> usize {
    HEADER_LENGTH + block_length as usize
}

/// A message of a fixed length, with its message header and all other bytes zero.
pub(crate) fn begin<const LENGTH: usize>(template_id: u16) -> [u8; LENGTH] {
    let mut message = [0; LENGTH];
    let block_length = (LENGTH - HEADER_LENGTH) as u16;
    write_header(&mut message, block_length, template_id, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of schema 111, version 16, then the fields.
    fn message(block_length: u8, template: u8, fields: &[i64], last: &[u8]) -> Vec<u8> {
        let mut bytes = vec![block_length, 0, template, 0, 111, 0, 16, 0];
        fields.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
        bytes.extend_from_slice(last);
        bytes
    }

    #[test]
    fn messages_are_laid_out_as_aeron_expects() {
        let ack = ServiceAck { log_position: 1, timestamp: 2, ack_id: 3, relevant_id: -1, service_id: 5 };
        assert_eq!(ack.encode()[..], message(36, 33, &[1, 2, 3, -1], &[5, 0, 0, 0]));
        assert_eq!(encode_close_session(7)[..], message(8, 30, &[7], &[]));
        assert_eq!(encode_schedule_timer(7, 8)[..], message(16, 31, &[7, 8], &[]));
        assert_eq!(encode_cancel_timer(7)[..], message(8, 32, &[7], &[]));
    }

    #[test]
    fn a_session_header_is_readdressed_in_place() {
        let mut header = SessionMessageHeader::new();
        header.set_leadership_term_id(4);
        assert_eq!(header.address(5, 6)[..], message(24, 1, &[4, 5, 6], &[]));
        assert_eq!(header.address(-1, 7)[..], message(24, 1, &[4, -1, 7], &[]));
        assert_eq!(SESSION_HEADER_LENGTH, 32);
    }
}

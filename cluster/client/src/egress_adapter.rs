//! Checks and decodes the messages of the cluster. This changes no state.
//!
//! Source: `io.aeron.cluster.client.EgressAdapter`. The sender is `io.aeron.cluster.EgressPublisher`.

use aeron_cluster_codecs::cluster::admin_request_type::AdminRequestType;
use aeron_cluster_codecs::cluster::admin_response_code;
use aeron_cluster_codecs::cluster::event_code::EventCode;
use aeron_cluster_codecs::cluster::{
    ReadBuf, SBE_SCHEMA_ID, admin_response_codec, challenge_codec, new_leader_event_codec, session_event_codec,
    session_message_header_codec,
};
use aeron_cluster_codecs::{Body, DecodeError, Envelope, HEADER_LENGTH};

use crate::egress_listener::AdminResponseCode;

/// Block length of a session event before `version` was appended to it (schema version 6), in bytes.
const SESSION_EVENT_FIRST_BLOCK: u16 = 32;
/// Block length that includes the session event's `version`, in bytes.
const SESSION_EVENT_WITH_VERSION: u16 = 36;

/// A message of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Egress<'a> {
    /// A message of the service, without its session header.
    Message {
        cluster_session_id: i64,
        timestamp: i64,
        payload: &'a [u8],
    },
    Session(SessionEvent<'a>),
    NewLeader(NewLeaderEvent<'a>),
    Challenge {
        correlation_id: i64,
        cluster_session_id: i64,
        encoded_challenge: &'a [u8],
    },
    Admin(AdminEvent<'a>),
    /// A message of this protocol that is not for a client.
    Other,
}

/// Answer to a connect request, or news of the open session: that it has ended, or its new leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionEvent<'a> {
    pub cluster_session_id: i64,
    pub correlation_id: i64,
    pub leadership_term_id: i64,
    pub leader_member_id: i32,
    pub code: SessionEventCode,
    /// Semantic version of the cluster's protocol; `None` from older clusters, which do not send it.
    pub version: Option<i32>,
    pub detail: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionEventCode {
    Ok,
    Error,
    Redirect,
    AuthenticationRejected,
    Closed,
    Unknown,
}

/// A leader in a new term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewLeaderEvent<'a> {
    pub cluster_session_id: i64,
    pub leadership_term_id: i64,
    pub leader_member_id: i32,
    pub ingress_endpoints: &'a str,
}

/// Answer to an admin request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdminEvent<'a> {
    pub cluster_session_id: i64,
    pub correlation_id: i64,
    /// Whether the request had no type, which makes it a probe (`SessionHeader::probe`).
    pub is_probe: bool,
    pub code: AdminResponseCode,
    pub message: &'a str,
}

/// Decodes one reassembled egress message.
///
/// # Errors
/// The message is too short for its type, or of another protocol.
#[inline]
pub(crate) fn decode(message: &[u8]) -> Result<Egress<'_>, DecodeError> {
    let envelope = Envelope::open(message)?.of_schema(SBE_SCHEMA_ID)?;
    match envelope.template_id {
        session_message_header_codec::SBE_TEMPLATE_ID => session_message(envelope),
        session_event_codec::SBE_TEMPLATE_ID => session_event(envelope),
        new_leader_event_codec::SBE_TEMPLATE_ID => new_leader_event(envelope),
        challenge_codec::SBE_TEMPLATE_ID => challenge(envelope),
        admin_response_codec::SBE_TEMPLATE_ID => admin_response(envelope),
        _ => Ok(Egress::Other),
    }
}

#[inline]
fn session_message(envelope: Envelope<'_>) -> Result<Egress<'_>, DecodeError> {
    use session_message_header_codec::{SBE_BLOCK_LENGTH, SBE_TEMPLATE_ID, SessionMessageHeaderDecoder};
    let body = envelope.body(SBE_TEMPLATE_ID, SBE_BLOCK_LENGTH)?;
    let header = SessionMessageHeaderDecoder::default().wrap(
        ReadBuf::new(body.message),
        HEADER_LENGTH,
        body.block_length,
        body.version,
    );
    Ok(Egress::Message {
        cluster_session_id: header.cluster_session_id(),
        timestamp: header.timestamp(),
        payload: &body.message[body.end_of_block()..],
    })
}

fn session_event(envelope: Envelope<'_>) -> Result<Egress<'_>, DecodeError> {
    use session_event_codec::{SBE_TEMPLATE_ID, SessionEventDecoder};
    let body = envelope.body(SBE_TEMPLATE_ID, SESSION_EVENT_FIRST_BLOCK)?;
    let (detail, _) = body.var_data(body.end_of_block())?;
    let event =
        SessionEventDecoder::default().wrap(ReadBuf::new(body.message), HEADER_LENGTH, body.block_length, body.version);
    Ok(Egress::Session(SessionEvent {
        cluster_session_id: event.cluster_session_id(),
        correlation_id: event.correlation_id(),
        leadership_term_id: event.leadership_term_id(),
        leader_member_id: event.leader_member_id(),
        code: match event.code() {
            EventCode::OK => SessionEventCode::Ok,
            EventCode::ERROR => SessionEventCode::Error,
            EventCode::REDIRECT => SessionEventCode::Redirect,
            EventCode::AUTHENTICATION_REJECTED => SessionEventCode::AuthenticationRejected,
            EventCode::CLOSED => SessionEventCode::Closed,
            EventCode::NullVal => SessionEventCode::Unknown,
        },
        version: if body.block_length >= SESSION_EVENT_WITH_VERSION { event.version() } else { None },
        detail: text(detail),
    }))
}

fn new_leader_event(envelope: Envelope<'_>) -> Result<Egress<'_>, DecodeError> {
    use new_leader_event_codec::{NewLeaderEventDecoder, SBE_BLOCK_LENGTH, SBE_TEMPLATE_ID};
    let body = envelope.body(SBE_TEMPLATE_ID, SBE_BLOCK_LENGTH)?;
    let (ingress_endpoints, _) = body.var_data(body.end_of_block())?;
    let event = NewLeaderEventDecoder::default().wrap(
        ReadBuf::new(body.message),
        HEADER_LENGTH,
        body.block_length,
        body.version,
    );
    Ok(Egress::NewLeader(NewLeaderEvent {
        cluster_session_id: event.cluster_session_id(),
        leadership_term_id: event.leadership_term_id(),
        leader_member_id: event.leader_member_id(),
        ingress_endpoints: text(ingress_endpoints),
    }))
}

fn challenge(envelope: Envelope<'_>) -> Result<Egress<'_>, DecodeError> {
    use challenge_codec::{ChallengeDecoder, SBE_BLOCK_LENGTH, SBE_TEMPLATE_ID};
    let body = envelope.body(SBE_TEMPLATE_ID, SBE_BLOCK_LENGTH)?;
    let (encoded_challenge, _) = body.var_data(body.end_of_block())?;
    let challenge =
        ChallengeDecoder::default().wrap(ReadBuf::new(body.message), HEADER_LENGTH, body.block_length, body.version);
    Ok(Egress::Challenge {
        correlation_id: challenge.correlation_id(),
        cluster_session_id: challenge.cluster_session_id(),
        encoded_challenge,
    })
}

fn admin_response(envelope: Envelope<'_>) -> Result<Egress<'_>, DecodeError> {
    use admin_response_codec::{AdminResponseDecoder, SBE_BLOCK_LENGTH, SBE_TEMPLATE_ID};
    let body: Body<'_> = envelope.body(SBE_TEMPLATE_ID, SBE_BLOCK_LENGTH)?;
    let (message, _) = body.var_data(body.end_of_block())?;
    let response = AdminResponseDecoder::default().wrap(
        ReadBuf::new(body.message),
        HEADER_LENGTH,
        body.block_length,
        body.version,
    );
    Ok(Egress::Admin(AdminEvent {
        cluster_session_id: response.cluster_session_id(),
        correlation_id: response.correlation_id(),
        is_probe: response.request_type() == AdminRequestType::NullVal,
        code: match response.response_code() {
            admin_response_code::AdminResponseCode::OK => AdminResponseCode::Ok,
            admin_response_code::AdminResponseCode::ERROR => AdminResponseCode::Error,
            admin_response_code::AdminResponseCode::UNAUTHORISED_ACCESS => AdminResponseCode::UnauthorisedAccess,
            admin_response_code::AdminResponseCode::NullVal => AdminResponseCode::Unknown,
        },
        message: text(message),
    }))
}

/// A text, which is ASCII by the schema. Bytes that are not UTF-8, and all after them, are cut off.
fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
#[path = "egress_adapter_tests.rs"]
mod tests;

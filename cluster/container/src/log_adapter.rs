//! Decoding of the events that the consensus module writes to the log.
//!
//! Source: `BoundedLogAdapter` of Aeron, and its cluster protocol (schema 111).

use std::fmt;

use aeron_cluster_codecs::cluster::{
    ReadBuf, SBE_SCHEMA_ID, close_reason, cluster_action, cluster_action_request_codec as cluster_action_request,
    cluster_time_unit::ClusterTimeUnit, new_leadership_term_event_codec as new_leadership_term_event,
    session_close_event_codec as session_close_event, session_message_header_codec as session_message_header,
    session_open_event_codec as session_open_event, timer_event_codec as timer_event,
};
use aeron_cluster_codecs::{Body, DecodeError, Envelope, HEADER_LENGTH};

use crate::cluster::TimeUnit;
use crate::clustered_service::{CloseReason, NewLeadershipTerm};

/// A generated decoder over a body that has been checked.
macro_rules! wrap {
    ($($decoder:ident)::+, $body:expr) => {{
        let body: &Body<'_> = &$body;
        $($decoder)::+::default().wrap(ReadBuf::new(body.message), HEADER_LENGTH, body.block_length, body.version)
    }};
}
pub(crate) use wrap;

/// First version of the schema in which `ClusterActionRequest` has flags.
const FLAGS_SINCE_VERSION: u16 = 11;
/// Block length of `ClusterActionRequest` before that version, in bytes.
const ACTION_BLOCK_LENGTH_BEFORE_FLAGS: u16 = 28;

/// An event in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogEvent<'a> {
    SessionMessage { cluster_session_id: i64, timestamp: i64, payload: &'a [u8] },
    Timer { correlation_id: i64, timestamp: i64 },
    SessionOpen(SessionOpen<'a>),
    SessionClose { cluster_session_id: i64, timestamp: i64, reason: CloseReason },
    Action { leadership_term_id: i64, timestamp: i64, action: Action, flags: i32 },
    NewLeadershipTerm(NewLeadershipTerm),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionOpen<'a> {
    pub(crate) cluster_session_id: i64,
    pub(crate) timestamp: i64,
    pub(crate) response_stream_id: i32,
    pub(crate) response_channel: &'a [u8],
    pub(crate) encoded_principal: &'a [u8],
}

/// Without the principal, which may hold a secret.
impl fmt::Debug for SessionOpen<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionOpen")
            .field("cluster_session_id", &self.cluster_session_id)
            .field("timestamp", &self.timestamp)
            .field("response_stream_id", &self.response_stream_id)
            .finish_non_exhaustive()
    }
}

/// The action of a `ClusterActionRequest`. Only the snapshot concerns services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Snapshot,
    Other,
}

/// The event in `message`, which ends at the log position `position`. `None` for an event that services skip.
#[inline]
pub(crate) fn decode(message: &[u8], position: i64) -> Result<Option<LogEvent<'_>>, DecodeError> {
    let envelope = Envelope::open(message)?.of_schema(SBE_SCHEMA_ID)?;
    if envelope.template_id == session_message_header::SBE_TEMPLATE_ID {
        return session_message(envelope).map(Some);
    }
    decode_rare(envelope, position)
}

#[inline]
fn session_message(envelope: Envelope<'_>) -> Result<LogEvent<'_>, DecodeError> {
    use session_message_header as codec;
    let body = envelope.body(codec::SBE_TEMPLATE_ID, codec::SBE_BLOCK_LENGTH)?;
    let decoder = wrap!(codec::SessionMessageHeaderDecoder, body);
    Ok(LogEvent::SessionMessage {
        cluster_session_id: decoder.cluster_session_id(),
        timestamp: decoder.timestamp(),
        payload: &body.message[body.end_of_block()..],
    })
}

fn decode_rare(envelope: Envelope<'_>, position: i64) -> Result<Option<LogEvent<'_>>, DecodeError> {
    Ok(Some(match envelope.template_id {
        timer_event::SBE_TEMPLATE_ID => {
            let body = envelope.body(timer_event::SBE_TEMPLATE_ID, timer_event::SBE_BLOCK_LENGTH)?;
            let decoder = wrap!(timer_event::TimerEventDecoder, body);
            LogEvent::Timer { correlation_id: decoder.correlation_id(), timestamp: decoder.timestamp() }
        }
        session_open_event::SBE_TEMPLATE_ID => LogEvent::SessionOpen(session_open(envelope)?),
        session_close_event::SBE_TEMPLATE_ID => {
            let body = envelope.body(session_close_event::SBE_TEMPLATE_ID, session_close_event::SBE_BLOCK_LENGTH)?;
            let decoder = wrap!(session_close_event::SessionCloseEventDecoder, body);
            LogEvent::SessionClose {
                cluster_session_id: decoder.cluster_session_id(),
                timestamp: decoder.timestamp(),
                reason: map_close_reason(decoder.close_reason()),
            }
        }
        cluster_action_request::SBE_TEMPLATE_ID => action(envelope)?,
        new_leadership_term_event::SBE_TEMPLATE_ID => new_leadership_term(envelope, position)?,
        _ => return Ok(None),
    }))
}

fn session_open(envelope: Envelope<'_>) -> Result<SessionOpen<'_>, DecodeError> {
    use session_open_event as codec;
    let body = envelope.body(codec::SBE_TEMPLATE_ID, codec::SBE_BLOCK_LENGTH)?;
    let decoder = wrap!(codec::SessionOpenEventDecoder, body);
    let (response_channel, next) = body.var_data(body.end_of_block())?;
    let (encoded_principal, _) = body.var_data(next)?;
    Ok(SessionOpen {
        cluster_session_id: decoder.cluster_session_id(),
        timestamp: decoder.timestamp(),
        response_stream_id: decoder.response_stream_id(),
        response_channel,
        encoded_principal,
    })
}

fn action(envelope: Envelope<'_>) -> Result<LogEvent<'_>, DecodeError> {
    use cluster_action_request as codec;
    let has_flags = envelope.version >= FLAGS_SINCE_VERSION;
    let minimum = if has_flags { codec::SBE_BLOCK_LENGTH } else { ACTION_BLOCK_LENGTH_BEFORE_FLAGS };
    let body = envelope.body(codec::SBE_TEMPLATE_ID, minimum)?;
    let decoder = wrap!(codec::ClusterActionRequestDecoder, body);
    Ok(LogEvent::Action {
        leadership_term_id: decoder.leadership_term_id(),
        timestamp: decoder.timestamp(),
        action: match decoder.action() {
            cluster_action::ClusterAction::SNAPSHOT => Action::Snapshot,
            _ => Action::Other,
        },
        flags: decoder.flags().unwrap_or(0),
    })
}

fn new_leadership_term(envelope: Envelope<'_>, position: i64) -> Result<LogEvent<'_>, DecodeError> {
    use new_leadership_term_event as codec;
    let body = envelope.body(codec::SBE_TEMPLATE_ID, codec::SBE_BLOCK_LENGTH)?;
    let decoder = wrap!(codec::NewLeadershipTermEventDecoder, body);
    Ok(LogEvent::NewLeadershipTerm(NewLeadershipTerm {
        leadership_term_id: decoder.leadership_term_id(),
        log_position: position,
        timestamp: decoder.timestamp(),
        term_base_log_position: decoder.term_base_log_position(),
        leader_member_id: decoder.leader_member_id(),
        log_session_id: decoder.log_session_id(),
        time_unit: map_time_unit(decoder.time_unit()),
        app_version: decoder.app_version().unwrap_or(0),
    }))
}

/// The unit of cluster time, which is milliseconds when the message has none. Source: `ClusterClock.map`.
pub(crate) fn map_time_unit(unit: ClusterTimeUnit) -> TimeUnit {
    match unit {
        ClusterTimeUnit::MICROS => TimeUnit::Micros,
        ClusterTimeUnit::NANOS => TimeUnit::Nanos,
        ClusterTimeUnit::MILLIS | ClusterTimeUnit::NullVal => TimeUnit::Millis,
    }
}

fn map_close_reason(reason: close_reason::CloseReason) -> CloseReason {
    match reason {
        close_reason::CloseReason::CLIENT_ACTION => CloseReason::ClientAction,
        close_reason::CloseReason::SERVICE_ACTION => CloseReason::ServiceAction,
        close_reason::CloseReason::TIMEOUT => CloseReason::Timeout,
        close_reason::CloseReason::NullVal => CloseReason::Unknown,
    }
}

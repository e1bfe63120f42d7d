//! Decoding of the messages that the consensus module sends to services on the control channel.
//!
//! Source: `ServiceAdapter` of Aeron, and its cluster protocol (schema 111).

use aeron_cluster_codecs::cluster::{
    ReadBuf, SBE_SCHEMA_ID, boolean_type::BooleanType, join_log_codec as join_log,
    request_service_ack_codec as request_service_ack, service_termination_position_codec as termination_position,
};
use aeron_cluster_codecs::{Body, DecodeError, Envelope, HEADER_LENGTH};

use crate::cluster::Role;
use crate::log_adapter::wrap;

/// First version of the schema in which `JoinLog` has `isStandby`.
const STANDBY_SINCE_VERSION: u16 = 16;
/// Block length of `JoinLog` before that version, in bytes.
const JOIN_LOG_BLOCK_LENGTH_BEFORE_STANDBY: u16 = 36;
/// First version of the schema in which `ServiceTerminationPosition` has `ackRequired`. The schema from which the codecs are
/// generated is older, so the field is read by its place.
const ACK_REQUIRED_SINCE_VERSION: u16 = 17;
/// Place of that field in its block, in bytes.
const ACK_REQUIRED_OFFSET: usize = termination_position::SBE_BLOCK_LENGTH as usize;
/// Value of a `BooleanType` that is false.
const FALSE: i32 = 0;

/// A message of the consensus module. The positions are log positions, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ControlEvent {
    JoinLog(JoinLog),
    TerminationPosition(TerminationPosition),
    RequestServiceAck(i64),
}

/// Where a service must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TerminationPosition {
    pub(crate) log_position: i64,
    /// Whether the consensus module waits for an ack of the end. It does not when it is closing itself; before version 17
    /// of the schema it always does.
    pub(crate) is_ack_required: bool,
}

/// The log that a service must join, and the position from which it continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinLog {
    pub(crate) log_position: i64,
    pub(crate) max_log_position: i64,
    pub(crate) member_id: i32,
    pub(crate) log_session_id: i32,
    pub(crate) log_stream_id: i32,
    pub(crate) is_startup: bool,
    pub(crate) role: Role,
    pub(crate) is_standby: bool,
    pub(crate) log_channel: String,
}

/// Why a message of the consensus module cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("message of the consensus module: {0}")]
    Decode(#[from] DecodeError),
    #[error("JoinLog of the consensus module with role {0}")]
    Role(i32),
}

/// The event in `message`. `None` for a message that services skip.
pub(crate) fn decode(message: &[u8]) -> Result<Option<ControlEvent>, ControlError> {
    let envelope = Envelope::open(message)?.of_schema(SBE_SCHEMA_ID)?;
    Ok(Some(match envelope.template_id {
        join_log::SBE_TEMPLATE_ID => ControlEvent::JoinLog(decode_join_log(envelope)?),
        termination_position::SBE_TEMPLATE_ID => {
            let body = envelope.body(termination_position::SBE_TEMPLATE_ID, termination_position::SBE_BLOCK_LENGTH)?;
            let decoder = wrap!(termination_position::ServiceTerminationPositionDecoder, body);
            ControlEvent::TerminationPosition(TerminationPosition {
                log_position: decoder.log_position(),
                is_ack_required: envelope.version < ACK_REQUIRED_SINCE_VERSION || ack_required(&body) != Some(FALSE),
            })
        }
        request_service_ack::SBE_TEMPLATE_ID => {
            let body = envelope.body(request_service_ack::SBE_TEMPLATE_ID, request_service_ack::SBE_BLOCK_LENGTH)?;
            let decoder = wrap!(request_service_ack::RequestServiceAckDecoder, body);
            ControlEvent::RequestServiceAck(decoder.log_position())
        }
        _ => return Ok(None),
    }))
}

/// The field `ackRequired` of a `ServiceTerminationPosition`, if its block has one.
fn ack_required(body: &Body<'_>) -> Option<i32> {
    let block = body.message.get(HEADER_LENGTH..body.end_of_block())?;
    block.get(ACK_REQUIRED_OFFSET..)?.first_chunk().map(|field| i32::from_le_bytes(*field))
}

fn decode_join_log(envelope: Envelope<'_>) -> Result<JoinLog, ControlError> {
    let has_standby = envelope.version >= STANDBY_SINCE_VERSION;
    let minimum = if has_standby { join_log::SBE_BLOCK_LENGTH } else { JOIN_LOG_BLOCK_LENGTH_BEFORE_STANDBY };
    let body = envelope.body(join_log::SBE_TEMPLATE_ID, minimum)?;
    let decoder = wrap!(join_log::JoinLogDecoder, body);
    let (log_channel, _) = body.var_data(body.end_of_block())?;
    Ok(JoinLog {
        log_position: decoder.log_position(),
        max_log_position: decoder.max_log_position(),
        member_id: decoder.member_id(),
        log_session_id: decoder.log_session_id(),
        log_stream_id: decoder.log_stream_id(),
        is_startup: decoder.is_startup() == BooleanType::TRUE,
        role: Role::from_code(decoder.role()).ok_or(ControlError::Role(decoder.role()))?,
        is_standby: decoder.is_standby() == BooleanType::TRUE,
        log_channel: String::from_utf8_lossy(log_channel).into_owned(),
    })
}

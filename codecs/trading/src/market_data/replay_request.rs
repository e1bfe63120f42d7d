//! The request for a replay of recorded increments, to and from bytes.

use std::net::{IpAddr, SocketAddr};

use lugus_vocabulary::EpochNanos;
use sbe_message::{Envelope, HEADER_LENGTH};

use super::{MAXIMUM_STREAM_LENGTH, StreamBuffer};
use crate::error::MessageError;
use crate::sbe_market_data::{SBE_SCHEMA_ID, market_data_replay_request_codec};
use crate::{block, message};

/// Length of the field of an address, in bytes.
const ADDRESS_LENGTH: usize = 48;

const _: () =
    assert!(HEADER_LENGTH + market_data_replay_request_codec::SBE_BLOCK_LENGTH as usize <= MAXIMUM_STREAM_LENGTH);

/// A listener's request for increments that a member has recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayRequest {
    /// All increments of this log time and later ones are wanted.
    pub begin: EpochNanos,
    /// Where the listener receives the replay.
    pub receiver: SocketAddr,
}

/// Encodes the request; returns the message.
pub fn encode_replay_request<'b>(request: &ReplayRequest, buffer: &'b mut StreamBuffer) -> &'b [u8] {
    let mut address = [0; ADDRESS_LENGTH];
    let text = request.receiver.ip().to_string();
    // The longest address has 45 characters.
    for (place, byte) in address.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    let length;
    message!(buffer, sbe_market_data, market_data_replay_request_codec, MarketDataReplayRequestEncoder, length)
        .begin_time(request.begin.0)
        .port(request.receiver.port())
        .address(&address);
    &buffer[..length]
}

/// Decodes the request; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off, or if the receiver's address is none in digits.
pub fn decode_replay_request(envelope: Envelope<'_>) -> Result<Option<ReplayRequest>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let template_id = market_data_replay_request_codec::SBE_TEMPLATE_ID;
    if envelope.template_id != template_id {
        return Ok(None);
    }
    let wire = block!(envelope, sbe_market_data, market_data_replay_request_codec, MarketDataReplayRequestDecoder);
    let address = wire.address();
    let text = address.split(|byte| *byte == 0).next().unwrap_or_default();
    let address: Option<IpAddr> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let address = address.ok_or(MessageError::Value { template_id, field: "address" })?;
    Ok(Some(ReplayRequest { begin: EpochNanos(wire.begin_time()), receiver: SocketAddr::new(address, wire.port()) }))
}

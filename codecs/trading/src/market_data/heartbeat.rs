//! The heartbeat of the market-data stream, to and from bytes: who sends, and the last increment of each instrument.

use lugus_vocabulary::{EpochNanos, InstrumentId, MarketDataSequence, MemberId};
use sbe_message::{Envelope, HEADER_LENGTH};

use super::{MAXIMUM_STREAM_LENGTH, StreamBuffer};
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::sbe_market_data::market_data_heartbeat_codec::decoder::InstrumentsDecoder;
use crate::sbe_market_data::market_data_heartbeat_codec::encoder::{InstrumentsEncoder, MarketDataHeartbeatEncoder};
use crate::sbe_market_data::{Encoder, SBE_SCHEMA_ID, SbeResult, market_data_heartbeat_codec};
use crate::{block, message};

/// Largest number of instruments in one heartbeat.
pub const MAXIMUM_POSITIONS: usize = 80;

/// Number that stands for a leader that the sender does not know yet.
const NO_LEADER: MemberId = MemberId(-1);

/// Length of a group's entry, in bytes.
const POSITION_LENGTH: u16 = InstrumentsEncoder::<MarketDataHeartbeatEncoder<'_>>::block_length();

/// A later version may put more into a message.
const INSTRUMENTS: Group = Group { name: "instruments", block_length: POSITION_LENGTH, maximum: 256 };

/// Length of the root block before version 3, in bytes.
const FIRST_BLOCK_LENGTH: u16 = 4;

const _: () = {
    let heartbeat = HEADER_LENGTH
        + market_data_heartbeat_codec::SBE_BLOCK_LENGTH as usize
        + GROUP_HEADER_LENGTH
        + MAXIMUM_POSITIONS * POSITION_LENGTH as usize;
    assert!(heartbeat <= MAXIMUM_STREAM_LENGTH);
};

/// What a heartbeat tells of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// The member that leads, as far as the sender knows.
    pub leader: Option<MemberId>,
    /// The member that sends: the leader, or a follower. `None` in messages of version 2, which only a leader sends.
    pub sender: Option<MemberId>,
    /// Log time of the last increment that the sender has made, of any instrument.
    pub time: Option<EpochNanos>,
}

/// Encodes a heartbeat with instruments, each with the number of its last increment, at most [`MAXIMUM_POSITIONS`]; returns
/// the message.
pub fn encode_heartbeat<'b>(
    heartbeat: &Heartbeat,
    positions: &[(InstrumentId, MarketDataSequence)],
    buffer: &'b mut StreamBuffer,
) -> &'b [u8] {
    // A generated group encoder fails only without its parent, which is given to it.
    let length = try_encode_heartbeat(heartbeat, positions, buffer).unwrap_or(0);
    &buffer[..length]
}

fn try_encode_heartbeat(
    heartbeat: &Heartbeat,
    positions: &[(InstrumentId, MarketDataSequence)],
    buffer: &mut StreamBuffer,
) -> SbeResult<usize> {
    let positions = &positions[..positions.len().min(MAXIMUM_POSITIONS)];
    let _end_of_block;
    let mut wire =
        message!(buffer, sbe_market_data, market_data_heartbeat_codec, MarketDataHeartbeatEncoder, _end_of_block);
    wire.member_id(heartbeat.leader.unwrap_or(NO_LEADER).0)
        .sender_id_opt(heartbeat.sender.map(|sender| sender.0))
        .transact_time_opt(heartbeat.time.map(|time| time.0));
    let mut group = wire.instruments_encoder(positions.len() as u16, InstrumentsEncoder::default());
    for (instrument, sequence) in positions {
        group.advance()?;
        group.instrument_id(instrument.0).sequence(sequence.0);
    }
    Ok(group.parent()?.get_limit())
}

/// Decodes a heartbeat, its instruments into `positions`, whose room is used again; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol or is cut off.
pub fn decode_heartbeat(
    envelope: Envelope<'_>,
    positions: &mut Vec<(InstrumentId, MarketDataSequence)>,
) -> Result<Option<Heartbeat>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    let template_id = market_data_heartbeat_codec::SBE_TEMPLATE_ID;
    if envelope.template_id != template_id {
        return Ok(None);
    }
    let wire =
        block!(envelope, sbe_market_data, market_data_heartbeat_codec, MarketDataHeartbeatDecoder, before 3 it had 4);
    let body = envelope.body(template_id, FIRST_BLOCK_LENGTH)?;
    INSTRUMENTS.check(&body, template_id, body.end_of_block())?;
    let heartbeat = Heartbeat {
        leader: Some(MemberId(wire.member_id())).filter(|leader| *leader != NO_LEADER),
        sender: wire.sender_id().map(MemberId),
        time: wire.transact_time().map(EpochNanos),
    };
    positions.clear();
    let mut group = InstrumentsDecoder::default().wrap(wire);
    while let Ok(Some(_)) = group.advance() {
        positions.push((InstrumentId(group.instrument_id()), MarketDataSequence(group.sequence())));
    }
    Ok(Some(heartbeat))
}

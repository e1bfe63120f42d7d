//! Increments and heartbeats as SBE: the only place where the market-data stream is encoded.

use lugus_codecs::market_data::market_data_heartbeat_codec::encoder::InstrumentsEncoder;
use lugus_codecs::market_data::market_data_incremental_refresh_codec::encoder::{EntriesEncoder, StatisticsEncoder};
use lugus_codecs::market_data::{
    Encoder, SbeResult, match_event_indicator::MatchEventIndicator, md_side::MDSide, md_state::MDState,
    md_update_type::MDUpdateType,
};
use lugus_codecs::message;

use super::item::{End, Item, Kind};

/// Most entries of one message, statistics aside.
pub const MAXIMUM_ENTRIES: usize = 40;

/// Most instruments of one heartbeat.
pub const MAXIMUM_POSITIONS: usize = 80;

/// Longest message in bytes: what a datagram of Aeron's default MTU takes, so that none is fragmented.
pub const MAXIMUM_LENGTH: usize = 1_376;

/// A buffer for one message at a time, used again and again.
pub type Buffer = [u8; MAXIMUM_LENGTH];

/// Encodes increments of one instrument with numbers that follow each other, at most [`MAXIMUM_ENTRIES`]; statistics only
/// as the last. Returns the message: an empty one for none.
pub fn increments<'b>(items: &[Item], buffer: &'b mut Buffer) -> &'b [u8] {
    // The generated group encoders fail only without their parent, and they have it.
    let length = refresh(items, buffer).unwrap_or(0);
    &buffer[..length]
}

fn refresh(items: &[Item], buffer: &mut Buffer) -> SbeResult<usize> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return Ok(0) };
    let (entries, statistics) = match last.kind {
        Kind::Statistics => (&items[..items.len() - 1], Some(last)),
        _ => (items, None),
    };
    let entries = &entries[..entries.len().min(MAXIMUM_ENTRIES)];
    let _block_end;
    let mut wire = message!(
        buffer,
        market_data,
        market_data_incremental_refresh_codec,
        MarketDataIncrementalRefreshEncoder,
        _block_end
    );
    wire.sequence(first.sequence).transact_time(first.time).instrument_id(first.instrument);
    wire.match_event_indicator(MatchEventIndicator(u8::from(last.end == End::OfCommand)));

    let mut group = wire.entries_encoder(entries.len() as u16, EntriesEncoder::default());
    for item in entries {
        group.advance()?;
        group
            .id(item.words[0])
            .price(item.words[1].cast_signed())
            .quantity(item.words[2])
            .number_of_orders(item.words[3] as u32)
            .update_type(MDUpdateType::from(item.kind as u8))
            .side(MDSide::from(item.side))
            .state(MDState::from(item.state));
    }
    let mut group = group.parent()?.statistics_encoder(u16::from(statistics.is_some()), StatisticsEncoder::default());
    if let Some(item) = statistics {
        group.advance()?;
        group
            .opening_price(item.words[0].cast_signed())
            .high_price(item.words[1].cast_signed())
            .low_price(item.words[2].cast_signed())
            .last_price(item.words[3].cast_signed())
            .volume(item.words[4]);
    }
    Ok(group.parent()?.get_limit())
}

/// Encodes where instruments stand, each with the number of its last increment: at most [`MAXIMUM_POSITIONS`]. Returns the
/// message.
pub fn heartbeat<'b>(member: i32, positions: &[(u32, u64)], buffer: &'b mut Buffer) -> &'b [u8] {
    let length = positions_of(member, positions, buffer).unwrap_or(0);
    &buffer[..length]
}

fn positions_of(member: i32, positions: &[(u32, u64)], buffer: &mut Buffer) -> SbeResult<usize> {
    let positions = &positions[..positions.len().min(MAXIMUM_POSITIONS)];
    let _block_end;
    let mut wire = message!(buffer, market_data, market_data_heartbeat_codec, MarketDataHeartbeatEncoder, _block_end);
    wire.member_id(member);
    let mut group = wire.instruments_encoder(positions.len() as u16, InstrumentsEncoder::default());
    for &(instrument, sequence) in positions {
        group.advance()?;
        group.instrument_id(instrument).sequence(sequence);
    }
    Ok(group.parent()?.get_limit())
}

//! What a member tells of itself, to and from bytes (schema 206).

use lugus_vocabulary::{
    ClusterId, EpochNanos, HeardMember, LogPosition, MemberId, MemberReport, MemberStatus, MemberVersions,
    ProgramVersion, ProtocolVersion, StateAt, StateHash,
};
use sbe_message::{Envelope, HEADER_LENGTH};

use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::sbe_member_status::member_report_codec::decoder::{HeardDecoder, StatesDecoder};
use crate::sbe_member_status::member_report_codec::encoder::{HeardEncoder, MemberReportEncoder, StatesEncoder};
use crate::sbe_member_status::{Encoder, SbeResult, member_report_codec, member_role::MemberRole};
pub use crate::sbe_member_status::{SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};
use crate::word::{ToWire, word};
use crate::{block, message};

#[cfg(test)]
mod tests;

/// Largest number of states in one report.
pub const MAXIMUM_STATES: usize = 64;

/// Largest number of other members in one report: those of the largest cluster.
pub const MAXIMUM_HEARD: usize = 8;

/// Length of the longest report in bytes: what a datagram of Aeron's default MTU takes (1,376 bytes) with a proof of 32 bytes, so
/// that none is fragmented.
pub const MAXIMUM_MEMBER_REPORT_LENGTH: usize = 1_344;

/// A buffer for a report.
pub type MemberReportBuffer = [u8; MAXIMUM_MEMBER_REPORT_LENGTH];

const TEMPLATE_ID: u16 = member_report_codec::SBE_TEMPLATE_ID;
/// Length of the block before it told of versions, in bytes.
const LENGTH_OF_VERSION_1: u16 = 110;
/// Lengths of the groups' entries, in bytes.
const STATE_LENGTH: u16 = StatesEncoder::<MemberReportEncoder<'_>>::block_length();
const HEARD_LENGTH: u16 = HeardEncoder::<MemberReportEncoder<'_>>::block_length();

/// A later version may put more into a message.
const STATES: Group = Group { name: "states", block_length: STATE_LENGTH, maximum: 256 };
const HEARD: Group = Group { name: "heard", block_length: HEARD_LENGTH, maximum: 256 };

const _: () = assert!(
    HEADER_LENGTH
        + member_report_codec::SBE_BLOCK_LENGTH as usize
        + GROUP_HEADER_LENGTH
        + MAXIMUM_STATES * STATE_LENGTH as usize
        + GROUP_HEADER_LENGTH
        + MAXIMUM_HEARD * HEARD_LENGTH as usize
        <= MAXIMUM_MEMBER_REPORT_LENGTH
);

/// Encodes a report; returns the message. It has at most [`MAXIMUM_STATES`] of the states, and [`MAXIMUM_HEARD`] of the other members.
pub fn encode_member_report<'b>(report: &MemberReport, buffer: &'b mut MemberReportBuffer) -> &'b [u8] {
    // A generated group encoder fails only without its parent, which is given to it.
    let length = try_encode(report, buffer).unwrap_or(0);
    &buffer[..length]
}

fn try_encode(report: &MemberReport, buffer: &mut MemberReportBuffer) -> SbeResult<usize> {
    let MemberReport { cluster, member, started, engine_version, status, states, heard } = report;
    let _end_of_block;
    let mut wire = message!(buffer, sbe_member_status, member_report_codec, MemberReportEncoder, _end_of_block);
    wire.start_time(started.0)
        .leadership_term_id_opt(status.term)
        .commit_position_opt(status.commit_position)
        .elections_opt(status.elections)
        .sessions_opt(status.sessions)
        .refused_messages_opt(status.refused_messages)
        .unauthenticated_messages_opt(status.unauthenticated_messages)
        .clock_difference_opt(status.clock_difference_ns)
        .messages_above_rate_opt(status.messages_above_rate)
        .differing_members_opt(status.differing_members)
        .position_opt(status.state.map(|state| state.position.0))
        .state_hash(status.state.map_or(0, |state| state.hash.0))
        .cluster_id(cluster.0)
        .member_id(member.0)
        .engine_version(*engine_version)
        .role(status.role.map_or(MemberRole::NullVal, ToWire::to_wire))
        .has_joined(u8::from(status.has_joined))
        .known_protocol_version(status.versions.map_or(0, |versions| versions.known.0))
        .active_protocol_version(status.versions.map_or(0, |versions| versions.active.0))
        .program_version_opt(status.versions.map(|versions| versions.program.number()));

    let states = &states[..states.len().min(MAXIMUM_STATES)];
    let mut group = wire.states_encoder(states.len() as u16, StatesEncoder::default());
    for state in states {
        group.advance()?;
        group.position(state.position.0).state_hash(state.hash.0);
    }

    let heard = &heard[..heard.len().min(MAXIMUM_HEARD)];
    let mut group = group.parent()?.heard_encoder(heard.len() as u16, HeardEncoder::default());
    for other in heard {
        group.advance()?;
        group.start_time(other.started.0).member_id(other.member.0);
    }
    Ok(group.parent()?.get_limit())
}

/// Decodes a report; `None` if the message is none.
///
/// # Errors
/// [`MessageError`], if the message is of another protocol, is cut off, or has a value that the vocabulary lacks.
pub fn decode_member_report(envelope: Envelope<'_>) -> Result<Option<MemberReport>, MessageError> {
    let envelope = envelope.of_schema(SBE_SCHEMA_ID)?;
    if envelope.template_id != TEMPLATE_ID {
        return Ok(None);
    }
    let least = if envelope.version < 2 { LENGTH_OF_VERSION_1 } else { member_report_codec::SBE_BLOCK_LENGTH };
    let body = envelope.body(TEMPLATE_ID, least)?;
    let end_of_states = STATES.check(&body, TEMPLATE_ID, body.end_of_block())?;
    HEARD.check(&body, TEMPLATE_ID, end_of_states)?;

    let wire = block!(envelope, sbe_member_status, member_report_codec, MemberReportDecoder, before 2 it had 110);
    let role = match wire.role() {
        MemberRole::NullVal => None,
        role => Some(word(role, TEMPLATE_ID, "role")?),
    };
    let state = |position| StateAt { position: LogPosition(position), hash: StateHash(wire.state_hash()) };
    let status = MemberStatus {
        role,
        term: wire.leadership_term_id(),
        commit_position: wire.commit_position(),
        elections: wire.elections(),
        has_joined: wire.has_joined() != 0,
        state: wire.position().map(state),
        sessions: wire.sessions(),
        refused_messages: wire.refused_messages(),
        clock_difference_ns: wire.clock_difference(),
        unauthenticated_messages: wire.unauthenticated_messages(),
        messages_above_rate: wire.messages_above_rate(),
        differing_members: wire.differing_members(),
        versions: wire.program_version().and_then(ProgramVersion::from_number).map(|program| MemberVersions {
            program,
            known: ProtocolVersion(wire.known_protocol_version()),
            active: ProtocolVersion(wire.active_protocol_version()),
        }),
    };
    let mut report = MemberReport {
        cluster: ClusterId(wire.cluster_id()),
        member: MemberId(wire.member_id()),
        started: EpochNanos(wire.start_time()),
        engine_version: wire.engine_version(),
        status,
        states: Vec::new(),
        heard: Vec::new(),
    };
    let mut group = StatesDecoder::default().wrap(wire);
    while let Ok(Some(_)) = group.advance() {
        let (position, hash) = (LogPosition(group.position()), StateHash(group.state_hash()));
        report.states.push(StateAt { position, hash });
    }
    let Ok(wire) = group.parent() else { return Ok(Some(report)) };
    let mut group = HeardDecoder::default().wrap(wire);
    while let Ok(Some(_)) = group.advance() {
        let (member, started) = (MemberId(group.member_id()), EpochNanos(group.start_time()));
        report.heard.push(HeardMember { member, started });
    }
    Ok(Some(report))
}

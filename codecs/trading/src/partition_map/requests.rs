//! Requests to the coordinator, to and from bytes.

use lugus_vocabulary::partition_map::MAXIMUM_MEMBERS;
use lugus_vocabulary::{
    ClusterEntry, ClusterId, Endpoint, InstrumentId, MapEpoch, MapRequest, MapRequestHeader, MemberEntry, MemberId,
    MigrationId, StateHash,
};
use sbe_message::{Body, DecodeError, Envelope, HEADER_LENGTH, VAR_DATA_HEADER_LENGTH};

use super::error::MapMessageError;
use super::map::count;
use super::specification::{read_specification, write_specification};
use super::text::padded_text;
use crate::error::MessageError;
use crate::group::{GROUP_HEADER_LENGTH, Group};
use crate::sbe_partition_map::add_cluster_codec::decoder::{AddClusterDecoder, MembersDecoder};
use crate::sbe_partition_map::add_cluster_codec::encoder::{AddClusterEncoder, MembersEncoder};
use crate::sbe_partition_map::change_partition_codec::decoder::ChangePartitionDecoder;
use crate::sbe_partition_map::partition_action::PartitionAction as Action;
use crate::sbe_partition_map::{
    SbeResult, add_cluster_codec, add_instrument_codec, change_partition_codec, remove_cluster_codec,
};
use crate::{block, message};

const MEMBERS: Group = Group {
    name: "members",
    block_length: MembersEncoder::<AddClusterEncoder<'_>>::block_length(),
    maximum: MAXIMUM_MEMBERS as u16,
};

/// Maximum length of a response channel, in bytes.
pub const MAXIMUM_RESPONSE_CHANNEL_LENGTH: usize = 256;

/// Maximum length of a request, in bytes: that of a new cluster.
pub const MAXIMUM_REQUEST_LENGTH: usize = HEADER_LENGTH
    + add_cluster_codec::SBE_BLOCK_LENGTH as usize
    + GROUP_HEADER_LENGTH
    + MAXIMUM_MEMBERS * MEMBERS.block_length as usize
    + VAR_DATA_HEADER_LENGTH
    + MAXIMUM_RESPONSE_CHANNEL_LENGTH;

/// Writes the header's fields, which every request has, into any of their encoders.
macro_rules! write_header_fields {
    ($encoder:expr, $header:expr) => {
        $encoder
            .correlation_id($header.correlation_id)
            .expected_epoch($header.expected_epoch.map_or(0, |epoch| epoch.0))
            .response_stream_id($header.response_stream)
    };
}

/// Reads the header of a request, whose response channel begins at `$offset`, from any of their decoders.
macro_rules! read_header_fields {
    ($decoder:expr, $body:expr, $template_id:expr, $offset:expr) => {
        MapRequestHeader {
            correlation_id: $decoder.correlation_id(),
            expected_epoch: Some($decoder.expected_epoch()).filter(|epoch| *epoch != 0).map(MapEpoch),
            response_channel: response_channel(&$body, $template_id, $offset)?,
            response_stream: $decoder.response_stream_id(),
        }
    };
}

/// Encodes a request.
pub fn encode_map_request(header: &MapRequestHeader, request: &MapRequest) -> Vec<u8> {
    let mut buffer = vec![0; MAXIMUM_REQUEST_LENGTH];
    let length = match request {
        MapRequest::AddCluster(cluster) => {
            // The generated group encoder fails only beyond its count, which is that of the list.
            write_cluster(&mut buffer, header, cluster).unwrap_or_default()
        }
        MapRequest::RemoveCluster(cluster) => {
            let length;
            let mut wire = message!(&mut buffer, sbe_partition_map, remove_cluster_codec, RemoveClusterEncoder, length);
            write_header_fields!(wire, header).cluster_id(cluster.0);
            length
        }
        MapRequest::AddInstrument(specification) => {
            let length;
            let mut wire = message!(&mut buffer, sbe_partition_map, add_instrument_codec, AddInstrumentEncoder, length);
            write_header_fields!(wire, header);
            write_specification!(wire, specification);
            length
        }
        change => write_change(&mut buffer, header, change),
    };
    buffer.truncate(length);
    let channel = header.response_channel.as_bytes();
    buffer.extend_from_slice(&u32::try_from(channel.len()).unwrap_or(u32::MAX).to_le_bytes());
    buffer.extend_from_slice(channel);
    buffer
}

/// Decodes a request. The inner result is an error if it is known whom to answer, but not what is asked.
///
/// # Errors
/// [`MapMessageError`], if the message is no request or is cut off: nobody can be answered.
pub fn decode_map_request(
    message: &[u8],
) -> Result<(MapRequestHeader, Result<MapRequest, MessageError>), MapMessageError> {
    let envelope = Envelope::open(message)?;
    let template_id = envelope.template_id;
    match template_id {
        add_cluster_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_partition_map, add_cluster_codec, AddClusterDecoder);
            let body = envelope.body(template_id, add_cluster_codec::SBE_BLOCK_LENGTH)?;
            let end = MEMBERS.check(&body, template_id, body.end_of_block())?;
            Ok((read_header_fields!(wire, body, template_id, end), read_cluster(wire).map(MapRequest::AddCluster)))
        }
        remove_cluster_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_partition_map, remove_cluster_codec, RemoveClusterDecoder);
            let body = envelope.body(template_id, remove_cluster_codec::SBE_BLOCK_LENGTH)?;
            let header = read_header_fields!(wire, body, template_id, body.end_of_block());
            Ok((header, Ok(MapRequest::RemoveCluster(ClusterId(wire.cluster_id())))))
        }
        add_instrument_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_partition_map, add_instrument_codec, AddInstrumentDecoder);
            let body = envelope.body(template_id, add_instrument_codec::SBE_BLOCK_LENGTH)?;
            let header = read_header_fields!(wire, body, template_id, body.end_of_block());
            let specification = || Ok(read_specification!(wire, template_id));
            Ok((header, specification().map(MapRequest::AddInstrument)))
        }
        change_partition_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, sbe_partition_map, change_partition_codec, ChangePartitionDecoder);
            let body = envelope.body(template_id, change_partition_codec::SBE_BLOCK_LENGTH)?;
            let header = read_header_fields!(wire, body, template_id, body.end_of_block());
            Ok((header, read_change(&wire)))
        }
        found => Err(DecodeError::Template { found }.into()),
    }
}

/// The response channel, which is the last part of a request.
fn response_channel(body: &Body<'_>, template_id: u16, offset: usize) -> Result<String, MapMessageError> {
    let (channel, end) = body.var_data(offset)?;
    if end < body.message.len() {
        return Err(MapMessageError::Surplus(body.message.len() - end));
    }
    match std::str::from_utf8(channel) {
        Ok(channel) if channel.len() <= MAXIMUM_RESPONSE_CHANNEL_LENGTH && !channel.contains('\0') => {
            Ok(channel.to_owned())
        }
        _ => Err(MessageError::Value { template_id, field: "responseChannel" }.into()),
    }
}

fn write_cluster(buffer: &mut [u8], header: &MapRequestHeader, cluster: &ClusterEntry) -> SbeResult<usize> {
    let length;
    let mut wire = message!(buffer, sbe_partition_map, add_cluster_codec, AddClusterEncoder, length);
    write_header_fields!(wire, header)
        .cluster_id(cluster.id.0)
        .ingress_stream_id(cluster.ingress_stream)
        .ingress_term_length(cluster.ingress_term_length)
        .name_zero_padded(cluster.name.as_bytes());
    let entries = &cluster.members[..cluster.members.len().min(MAXIMUM_MEMBERS)];
    let mut members = wire.members_encoder(count(entries.len()), MembersEncoder::default());
    for member in entries {
        members.advance()?;
        members
            .member_id(member.id.0)
            .ingress_port(member.ingress.port)
            .ingress_host_zero_padded(member.ingress.host.as_bytes());
    }
    Ok(length + GROUP_HEADER_LENGTH + entries.len() * usize::from(MEMBERS.block_length))
}

fn read_cluster(wire: AddClusterDecoder<'_>) -> Result<ClusterEntry, MessageError> {
    let template_id = add_cluster_codec::SBE_TEMPLATE_ID;
    let mut cluster = ClusterEntry {
        id: ClusterId(wire.cluster_id()),
        name: padded_text(&wire.name(), template_id, "name")?,
        members: Vec::new(),
        ingress_stream: wire.ingress_stream_id(),
        ingress_term_length: wire.ingress_term_length(),
    };
    let mut members: MembersDecoder<AddClusterDecoder<'_>> = wire.members_decoder();
    while let Ok(Some(_)) = members.advance() {
        let host = padded_text(&members.ingress_host(), template_id, "ingressHost")?;
        let ingress = Endpoint { host, port: members.ingress_port() };
        cluster.members.push(MemberEntry { id: MemberId(members.member_id()), ingress });
    }
    Ok(cluster)
}

fn write_change(buffer: &mut [u8], header: &MapRequestHeader, change: &MapRequest) -> usize {
    let (no_cluster, no_migration, no_hash) = (ClusterId(0), MigrationId(0), StateHash(0));
    let (action, instrument, to, id, hash) = match *change {
        MapRequest::Halt { instrument } => (Action::HALT, instrument, no_cluster, no_migration, no_hash),
        MapRequest::Resume { instrument } => (Action::RESUME, instrument, no_cluster, no_migration, no_hash),
        MapRequest::RemoveInstrument { instrument } => (Action::REMOVE, instrument, no_cluster, no_migration, no_hash),
        MapRequest::BeginMigration { instrument, to } => {
            (Action::BEGIN_MIGRATION, instrument, to, no_migration, no_hash)
        }
        MapRequest::CommitMigration { instrument, id, state_hash } => {
            (Action::COMMIT_MIGRATION, instrument, no_cluster, id, state_hash)
        }
        MapRequest::FinishMigration { instrument, id } => {
            (Action::FINISH_MIGRATION, instrument, no_cluster, id, no_hash)
        }
        MapRequest::AbortMigration { instrument, id } => (Action::ABORT_MIGRATION, instrument, no_cluster, id, no_hash),
        // These have messages of their own.
        MapRequest::AddCluster(_) | MapRequest::RemoveCluster(_) | MapRequest::AddInstrument(_) => return 0,
    };
    let length;
    let mut wire = message!(buffer, sbe_partition_map, change_partition_codec, ChangePartitionEncoder, length);
    write_header_fields!(wire, header)
        .migration_id(id.0)
        .state_hash(hash.0)
        .instrument_id(instrument.0)
        .cluster_id(to.0)
        .action(action);
    length
}

fn read_change(wire: &ChangePartitionDecoder<'_>) -> Result<MapRequest, MessageError> {
    let (instrument, id) = (InstrumentId(wire.instrument_id()), MigrationId(wire.migration_id()));
    match wire.action() {
        Action::HALT => Ok(MapRequest::Halt { instrument }),
        Action::RESUME => Ok(MapRequest::Resume { instrument }),
        Action::REMOVE => Ok(MapRequest::RemoveInstrument { instrument }),
        Action::BEGIN_MIGRATION => Ok(MapRequest::BeginMigration { instrument, to: ClusterId(wire.cluster_id()) }),
        Action::COMMIT_MIGRATION => {
            Ok(MapRequest::CommitMigration { instrument, id, state_hash: StateHash(wire.state_hash()) })
        }
        Action::FINISH_MIGRATION => Ok(MapRequest::FinishMigration { instrument, id }),
        Action::ABORT_MIGRATION => Ok(MapRequest::AbortMigration { instrument, id }),
        Action::NullVal => {
            Err(MessageError::Value { template_id: change_partition_codec::SBE_TEMPLATE_ID, field: "action" })
        }
    }
}

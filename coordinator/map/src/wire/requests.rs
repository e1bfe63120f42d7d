//! Requests to the coordinator.

use lugus_codecs::partition_map::add_cluster_codec::decoder::{AddClusterDecoder, MembersDecoder};
use lugus_codecs::partition_map::add_cluster_codec::encoder::{AddClusterEncoder, MembersEncoder};
use lugus_codecs::partition_map::change_partition_codec::decoder::ChangePartitionDecoder;
use lugus_codecs::partition_map::partition_action::PartitionAction;
use lugus_codecs::partition_map::{
    SbeResult, add_cluster_codec, add_instrument_codec, change_partition_codec, remove_cluster_codec,
};
use lugus_codecs::{Body, DecodeError, Envelope, HEADER_LENGTH, VAR_DATA_HEADER_LENGTH, block, message};
use lugus_topology::{ClusterId, Endpoint, MemberId};

use super::WireError;
use super::fields::{GROUP_HEADER_LENGTH, check_group, text};
use super::instrument::{read_instrument, write_instrument};
use super::record::count;
use crate::{ClusterEntry, Epoch, MAXIMUM_MEMBERS, MemberEntry, MigrationId, Request, RequestHeader};

const MEMBER_LENGTH: u16 = MembersEncoder::<AddClusterEncoder<'_>>::block_length();

/// Longest response channel, in bytes.
pub const MAXIMUM_RESPONSE_CHANNEL_LENGTH: usize = 256;

/// Length of the longest request, in bytes: a new cluster.
pub const MAXIMUM_REQUEST_LENGTH: usize = HEADER_LENGTH
    + add_cluster_codec::SBE_BLOCK_LENGTH as usize
    + GROUP_HEADER_LENGTH
    + MAXIMUM_MEMBERS * MEMBER_LENGTH as usize
    + VAR_DATA_HEADER_LENGTH
    + MAXIMUM_RESPONSE_CHANNEL_LENGTH;

/// The header's fields, which every request has.
macro_rules! write_header_fields {
    ($encoder:expr, $header:expr) => {
        $encoder
            .correlation_id($header.correlation_id)
            .expected_epoch($header.expected_epoch.map_or(0, |epoch| epoch.0))
            .response_stream_id($header.response_stream)
    };
}

/// The header of a request and its response channel, which begins at `$offset`.
macro_rules! read_header_fields {
    ($decoder:expr, $body:expr, $offset:expr) => {
        RequestHeader {
            correlation_id: $decoder.correlation_id(),
            expected_epoch: Some($decoder.expected_epoch()).filter(|epoch| *epoch != 0).map(Epoch),
            response_channel: response_channel(&$body, $offset)?,
            response_stream: $decoder.response_stream_id(),
        }
    };
}

/// A request's bytes.
pub fn encode_request(header: &RequestHeader, request: &Request) -> Vec<u8> {
    let mut buffer = vec![0; MAXIMUM_REQUEST_LENGTH];
    let length = match request {
        Request::AddCluster(cluster) => {
            // The generated group encoder fails only beyond its count, which is that of the list.
            write_cluster(&mut buffer, header, cluster).unwrap_or_default()
        }
        Request::RemoveCluster(cluster) => {
            let length;
            let mut wire = message!(&mut buffer, partition_map, remove_cluster_codec, RemoveClusterEncoder, length);
            write_header_fields!(wire, header).cluster_id(cluster.0);
            length
        }
        Request::AddInstrument(instrument) => {
            let length;
            let mut wire = message!(&mut buffer, partition_map, add_instrument_codec, AddInstrumentEncoder, length);
            write_header_fields!(wire, header);
            write_instrument!(wire, instrument);
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

/// Reads a request. The inner result is an error when it is known whom to answer, but not what is asked.
///
/// # Errors
/// As [`WireError`] says: nobody can be answered.
pub fn decode_request(bytes: &[u8]) -> Result<(RequestHeader, Result<Request, WireError>), WireError> {
    let envelope = Envelope::open(bytes)?;
    let root = HEADER_LENGTH + usize::from(envelope.block_length);
    let body = |template, length| envelope.body(template, length);
    match envelope.template_id {
        add_cluster_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, partition_map, add_cluster_codec, AddClusterDecoder);
            let end = check_group(bytes, root, "members", MEMBER_LENGTH, MAXIMUM_MEMBERS)?;
            let body = body(envelope.template_id, add_cluster_codec::SBE_BLOCK_LENGTH)?;
            Ok((read_header_fields!(wire, body, end), read_cluster(wire).map(Request::AddCluster)))
        }
        remove_cluster_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, partition_map, remove_cluster_codec, RemoveClusterDecoder);
            let body = body(envelope.template_id, remove_cluster_codec::SBE_BLOCK_LENGTH)?;
            let header = read_header_fields!(wire, body, root);
            Ok((header, Ok(Request::RemoveCluster(ClusterId(wire.cluster_id())))))
        }
        add_instrument_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, partition_map, add_instrument_codec, AddInstrumentDecoder);
            let body = body(envelope.template_id, add_instrument_codec::SBE_BLOCK_LENGTH)?;
            let header = read_header_fields!(wire, body, root);
            let instrument = || Ok(read_instrument!(wire));
            Ok((header, instrument().map(Request::AddInstrument)))
        }
        change_partition_codec::SBE_TEMPLATE_ID => {
            let wire = block!(envelope, partition_map, change_partition_codec, ChangePartitionDecoder);
            let body = body(envelope.template_id, change_partition_codec::SBE_BLOCK_LENGTH)?;
            Ok((read_header_fields!(wire, body, root), read_change(&wire)))
        }
        found => Err(DecodeError::Template { found }.into()),
    }
}

fn response_channel(body: &Body<'_>, offset: usize) -> Result<String, WireError> {
    let fault = WireError::Value { field: "responseChannel" };
    let (channel, end) = body.var_data(offset)?;
    if end < body.message.len() {
        return Err(WireError::Surplus(body.message.len() - end));
    }
    match std::str::from_utf8(channel) {
        Ok(channel) if channel.len() <= MAXIMUM_RESPONSE_CHANNEL_LENGTH && !channel.contains('\0') => {
            Ok(channel.to_owned())
        }
        _ => Err(fault),
    }
}

fn write_cluster(buffer: &mut [u8], header: &RequestHeader, cluster: &ClusterEntry) -> SbeResult<usize> {
    let length;
    let mut wire = message!(buffer, partition_map, add_cluster_codec, AddClusterEncoder, length);
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
    Ok(length + GROUP_HEADER_LENGTH + entries.len() * usize::from(MEMBER_LENGTH))
}

fn read_cluster(wire: AddClusterDecoder<'_>) -> Result<ClusterEntry, WireError> {
    let mut cluster = ClusterEntry {
        id: ClusterId(wire.cluster_id()),
        name: text("name", &wire.name())?,
        members: Vec::new(),
        ingress_stream: wire.ingress_stream_id(),
        ingress_term_length: wire.ingress_term_length(),
    };
    let mut members: MembersDecoder<AddClusterDecoder<'_>> = wire.members_decoder();
    while let Ok(Some(_)) = members.advance() {
        let host = text("ingressHost", &members.ingress_host())?;
        let ingress = Endpoint { host, port: members.ingress_port() };
        cluster.members.push(MemberEntry { id: MemberId(members.member_id()), ingress });
    }
    Ok(cluster)
}

fn write_change(buffer: &mut [u8], header: &RequestHeader, change: &Request) -> usize {
    use PartitionAction as Action;
    let (action, instrument, to, id, hash) = match *change {
        Request::Halt { instrument } => (Action::HALT, instrument, 0, 0, 0),
        Request::Resume { instrument } => (Action::RESUME, instrument, 0, 0, 0),
        Request::RemoveInstrument { instrument } => (Action::REMOVE, instrument, 0, 0, 0),
        Request::BeginMigration { instrument, to } => (Action::BEGIN_MIGRATION, instrument, to.0, 0, 0),
        Request::CommitMigration { instrument, id, state_hash } => {
            (Action::COMMIT_MIGRATION, instrument, 0, id.0, state_hash)
        }
        Request::FinishMigration { instrument, id } => (Action::FINISH_MIGRATION, instrument, 0, id.0, 0),
        Request::AbortMigration { instrument, id } => (Action::ABORT_MIGRATION, instrument, 0, id.0, 0),
        // Messages of their own.
        Request::AddCluster(_) | Request::RemoveCluster(_) | Request::AddInstrument(_) => return 0,
    };
    let length;
    let mut wire = message!(buffer, partition_map, change_partition_codec, ChangePartitionEncoder, length);
    write_header_fields!(wire, header)
        .migration_id(id)
        .state_hash(hash)
        .instrument_id(instrument)
        .cluster_id(to)
        .action(action);
    length
}

fn read_change(wire: &ChangePartitionDecoder<'_>) -> Result<Request, WireError> {
    let (instrument, id) = (wire.instrument_id(), MigrationId(wire.migration_id()));
    match wire.action() {
        PartitionAction::HALT => Ok(Request::Halt { instrument }),
        PartitionAction::RESUME => Ok(Request::Resume { instrument }),
        PartitionAction::REMOVE => Ok(Request::RemoveInstrument { instrument }),
        PartitionAction::BEGIN_MIGRATION => {
            Ok(Request::BeginMigration { instrument, to: ClusterId(wire.cluster_id()) })
        }
        PartitionAction::COMMIT_MIGRATION => {
            Ok(Request::CommitMigration { instrument, id, state_hash: wire.state_hash() })
        }
        PartitionAction::FINISH_MIGRATION => Ok(Request::FinishMigration { instrument, id }),
        PartitionAction::ABORT_MIGRATION => Ok(Request::AbortMigration { instrument, id }),
        PartitionAction::NullVal => Err(WireError::Value { field: "action" }),
    }
}

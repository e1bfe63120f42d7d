//! The header of a mark file: the 8-byte SBE message header, the fields of `MarkFileHeader` (schema 110), zeros up to
//! [`HEADER_LENGTH`].

use aeron_cluster_codecs::mark_file::{
    SBE_SCHEMA_ID, SBE_SCHEMA_VERSION, WriteBuf, cluster_component_type::ClusterComponentType,
    mark_file_header_codec as codec,
};
use aeron_cluster_codecs::{HEADER_LENGTH as MESSAGE_HEADER_LENGTH, write_header};

/// Length of the header, in bytes. The error log follows.
pub(crate) const HEADER_LENGTH: usize = 8 * 1024;
/// Age at which the activity of a mark file counts as that of a process that has gone, in milliseconds.
pub const LIVENESS_TIMEOUT_MS: i64 = 10_000;

/// Version 0.3.0 of the layout, composed as Agrona's `SemanticVersion`.
pub(super) const SEMANTIC_VERSION: i32 = 3 << 8;
/// Value of the version field after a failed start.
pub(super) const VERSION_FAILED: i32 = -1;
/// Aeron's value for "none".
pub(super) const NULL_VALUE: i32 = -1;

/// Offset of the `i32` version in the file. A reader trusts the other fields once it is not 0.
pub(super) const VERSION_OFFSET: usize = MESSAGE_HEADER_LENGTH;
/// Offset of the `i64` time of the last activity, in milliseconds since the epoch; -1 when the file is released.
pub(super) const ACTIVITY_TIMESTAMP_OFFSET: usize = MESSAGE_HEADER_LENGTH + 8;
/// Offset of the `i32` member id.
pub(super) const MEMBER_ID_OFFSET: usize = MESSAGE_HEADER_LENGTH + 56;
/// Length prefixes of the six texts after the fixed fields, in bytes.
const VAR_DATA_PREFIXES_LENGTH: usize = 6 * 4;

/// Fields that a container writes into its mark file.
#[derive(Debug, Clone)]
pub(crate) struct MarkFileFields<'a> {
    pub(crate) cluster_id: i32,
    pub(crate) service_id: i32,
    pub(crate) archive_stream_id: i32,
    pub(crate) service_stream_id: i32,
    pub(crate) consensus_module_stream_id: i32,
    pub(crate) error_buffer_length: usize,
    pub(crate) aeron_directory: &'a str,
    pub(crate) control_channel: &'a str,
    pub(crate) service_name: &'a str,
}

impl MarkFileFields<'_> {
    /// Length of the header with these fields, in bytes; it must be at most [`HEADER_LENGTH`].
    pub(super) fn encoded_length(&self) -> usize {
        let texts = [self.aeron_directory, self.control_channel, self.service_name];
        MESSAGE_HEADER_LENGTH
            + usize::from(codec::SBE_BLOCK_LENGTH)
            + VAR_DATA_PREFIXES_LENGTH
            + texts.iter().map(|text| text.len()).sum::<usize>()
    }

    /// Writes the header at the start of `file`. The version stays 0: the file is not ready yet.
    pub(super) fn encode(&self, file: &mut [u8], now_ms: i64) {
        write_header(file, codec::SBE_BLOCK_LENGTH, codec::SBE_TEMPLATE_ID, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION);
        let mut encoder = codec::MarkFileHeaderEncoder::default().wrap(WriteBuf::new(file), MESSAGE_HEADER_LENGTH);
        encoder
            .component_type(ClusterComponentType::CONTAINER)
            .start_timestamp(now_ms)
            .pid(i64::from(std::process::id()))
            .candidate_term_id(i64::from(NULL_VALUE))
            .archive_stream_id(self.archive_stream_id)
            .service_stream_id(self.service_stream_id)
            .consensus_module_stream_id(self.consensus_module_stream_id)
            .ingress_stream_id(NULL_VALUE)
            .member_id(NULL_VALUE)
            .service_id(self.service_id)
            .header_length(HEADER_LENGTH as i32)
            .error_buffer_length(self.error_buffer_length as i32)
            .cluster_id(self.cluster_id)
            .aeron_directory(self.aeron_directory.as_bytes())
            .control_channel(self.control_channel.as_bytes())
            .ingress_channel(b"")
            .service_name(self.service_name.as_bytes())
            .authenticator(b"")
            .services_cluster_dir(b"");
    }
}

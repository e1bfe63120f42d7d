//! Encodes the requests to the cluster. This sends nothing.
//!
//! Source: `io.aeron.cluster.client.AeronCluster`. The reader is `io.aeron.cluster.IngressAdapter`.

use aeron_cluster_codecs::HEADER_LENGTH;
use aeron_cluster_codecs::cluster::admin_request_type::AdminRequestType;
use aeron_cluster_codecs::cluster::{
    WriteBuf, admin_request_codec, challenge_response_codec, session_close_request_codec,
    session_connect_request_codec, session_keep_alive_codec, session_message_header_codec,
};

/// Length of the session header, which precedes the application's message in ingress, egress and log, in bytes. Source:
/// `AeronCluster.SESSION_HEADER_LENGTH`.
pub const SESSION_HEADER_LENGTH: usize = HEADER_LENGTH + session_message_header_codec::SBE_BLOCK_LENGTH as usize;

/// Semantic version 0.3.0 of the protocol between client and consensus module. Source:
/// `AeronCluster.Configuration.PROTOCOL_SEMANTIC_VERSION`.
pub(crate) const PROTOCOL_SEMANTIC_VERSION: i32 = 3 << 8;

const KEEP_ALIVE_LENGTH: usize = HEADER_LENGTH + session_keep_alive_codec::SBE_BLOCK_LENGTH as usize;
const CLOSE_LENGTH: usize = HEADER_LENGTH + session_close_request_codec::SBE_BLOCK_LENGTH as usize;
/// Length of the length that precedes a variable-length field, in bytes.
const VAR_DATA_HEADER_LENGTH: usize = 4;
const ADMIN_REQUEST_LENGTH: usize =
    HEADER_LENGTH + admin_request_codec::SBE_BLOCK_LENGTH as usize + VAR_DATA_HEADER_LENGTH;

/// Major part of a semantic version. Source: `SemanticVersion.major`.
pub(crate) fn major_version(version: i32) -> i32 {
    (version >> 16) & 0xFF
}

/// The open session and its leadership term, which every request of the session names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionHeader {
    pub leadership_term_id: i64,
    pub cluster_session_id: i64,
}

impl SessionHeader {
    /// The session header of an application's message.
    pub(crate) fn message_header(&self) -> [u8; SESSION_HEADER_LENGTH] {
        use session_message_header_codec::SessionMessageHeaderEncoder;
        let mut bytes = [0; SESSION_HEADER_LENGTH];
        let encoder = SessionMessageHeaderEncoder::default().wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH);
        if let Ok(mut encoder) = encoder.header(0).parent() {
            encoder.leadership_term_id(self.leadership_term_id);
            encoder.cluster_session_id(self.cluster_session_id);
            encoder.timestamp(0);
        }
        bytes
    }

    /// A request that keeps the session open, and ties the session to the ingress image by which it comes.
    pub(crate) fn keep_alive(&self) -> [u8; KEEP_ALIVE_LENGTH] {
        use session_keep_alive_codec::SessionKeepAliveEncoder;
        let mut bytes = [0; KEEP_ALIVE_LENGTH];
        let encoder = SessionKeepAliveEncoder::default().wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH);
        if let Ok(mut encoder) = encoder.header(0).parent() {
            encoder.leadership_term_id(self.leadership_term_id);
            encoder.cluster_session_id(self.cluster_session_id);
        }
        bytes
    }

    /// A request that ends the session.
    pub(crate) fn close(&self) -> [u8; CLOSE_LENGTH] {
        use session_close_request_codec::SessionCloseRequestEncoder;
        let mut bytes = [0; CLOSE_LENGTH];
        let encoder = SessionCloseRequestEncoder::default().wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH);
        if let Ok(mut encoder) = encoder.header(0).parent() {
            encoder.leadership_term_id(self.leadership_term_id);
            encoder.cluster_session_id(self.cluster_session_id);
        }
        bytes
    }

    /// A request that asks for nothing and is answered: the consensus module refuses an admin request without a type, in its
    /// own duty cycle, if and only if it leads this term and the session is open. Neither log nor service see the request.
    pub(crate) fn probe(&self, correlation_id: i64) -> [u8; ADMIN_REQUEST_LENGTH] {
        self.admin_request(correlation_id, AdminRequestType::NullVal)
    }

    /// A request for a snapshot. It is answered when it is accepted, not when the snapshot is taken.
    pub(crate) fn snapshot_request(&self, correlation_id: i64) -> [u8; ADMIN_REQUEST_LENGTH] {
        self.admin_request(correlation_id, AdminRequestType::SNAPSHOT)
    }

    fn admin_request(&self, correlation_id: i64, request_type: AdminRequestType) -> [u8; ADMIN_REQUEST_LENGTH] {
        use admin_request_codec::AdminRequestEncoder;
        let mut bytes = [0; ADMIN_REQUEST_LENGTH];
        let encoder = AdminRequestEncoder::default().wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH);
        if let Ok(mut encoder) = encoder.header(0).parent() {
            encoder.leadership_term_id(self.leadership_term_id);
            encoder.cluster_session_id(self.cluster_session_id);
            encoder.correlation_id(correlation_id);
            encoder.request_type(request_type);
            encoder.payload(&[]);
        }
        bytes
    }
}

/// A request for a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectRequest<'a> {
    pub correlation_id: i64,
    pub response_stream_id: i32,
    pub response_channel: &'a str,
    pub encoded_credentials: &'a [u8],
    pub client_info: &'a str,
}

impl ConnectRequest<'_> {
    /// Encodes the request into `buffer`, whose content is replaced.
    pub(crate) fn encode(&self, buffer: &mut Vec<u8>) {
        use session_connect_request_codec::{SBE_BLOCK_LENGTH, SessionConnectRequestEncoder};
        let data = [self.response_channel.len(), self.encoded_credentials.len(), self.client_info.len()];
        resize(buffer, SBE_BLOCK_LENGTH, &data);
        let encoder = SessionConnectRequestEncoder::default().wrap(WriteBuf::new(buffer), HEADER_LENGTH);
        if let Ok(mut encoder) = encoder.header(0).parent() {
            encoder.correlation_id(self.correlation_id);
            encoder.response_stream_id(self.response_stream_id);
            encoder.version(PROTOCOL_SEMANTIC_VERSION);
            encoder.response_channel(self.response_channel.as_bytes());
            encoder.encoded_credentials(self.encoded_credentials);
            encoder.client_info(self.client_info.as_bytes());
        }
    }
}

/// Encodes the answer to a challenge into `buffer`, whose content is replaced.
pub(crate) fn encode_challenge_response(
    buffer: &mut Vec<u8>,
    correlation_id: i64,
    cluster_session_id: i64,
    encoded_credentials: &[u8],
) {
    use challenge_response_codec::{ChallengeResponseEncoder, SBE_BLOCK_LENGTH};
    resize(buffer, SBE_BLOCK_LENGTH, &[encoded_credentials.len()]);
    let encoder = ChallengeResponseEncoder::default().wrap(WriteBuf::new(buffer), HEADER_LENGTH);
    if let Ok(mut encoder) = encoder.header(0).parent() {
        encoder.correlation_id(correlation_id);
        encoder.cluster_session_id(cluster_session_id);
        encoder.encoded_credentials(encoded_credentials);
    }
}

/// Makes `buffer` as long as a message with variable-length fields of these lengths.
fn resize(buffer: &mut Vec<u8>, block_length: u16, data: &[usize]) {
    let length = HEADER_LENGTH
        + usize::from(block_length)
        + data.iter().map(|length| VAR_DATA_HEADER_LENGTH + length).sum::<usize>();
    buffer.clear();
    buffer.resize(length, 0);
}

#[cfg(test)]
mod tests {
    use aeron_cluster_codecs::Envelope;
    use aeron_cluster_codecs::cluster::{ReadBuf, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};

    use super::*;

    const HEADER: SessionHeader = SessionHeader { leadership_term_id: 3, cluster_session_id: 42 };

    /// Opens a message as the consensus module does.
    macro_rules! decoded {
        ($bytes:expr, $codec:ident :: $decoder:ident) => {{
            let envelope = Envelope::open($bytes).unwrap().of_schema(SBE_SCHEMA_ID).unwrap();
            assert_eq!(envelope.version, SBE_SCHEMA_VERSION);
            let body = envelope.body($codec::SBE_TEMPLATE_ID, $codec::SBE_BLOCK_LENGTH).unwrap();
            let decoder = $codec::$decoder::default();
            (decoder.wrap(ReadBuf::new($bytes), HEADER_LENGTH, body.block_length, body.version), body)
        }};
    }

    #[test]
    fn the_message_header_is_what_the_consensus_module_reads() {
        let bytes = HEADER.message_header();
        assert_eq!((bytes.len(), SESSION_HEADER_LENGTH), (32, 32));
        let (header, body) = decoded!(&bytes, session_message_header_codec::SessionMessageHeaderDecoder);
        assert_eq!((header.leadership_term_id(), header.cluster_session_id(), header.timestamp()), (3, 42, 0));
        assert_eq!(body.end_of_block(), SESSION_HEADER_LENGTH);
    }

    #[test]
    fn requests_of_a_session_name_it() {
        let keep_alive = HEADER.keep_alive();
        let (message, _) = decoded!(&keep_alive, session_keep_alive_codec::SessionKeepAliveDecoder);
        assert_eq!((message.leadership_term_id(), message.cluster_session_id()), (3, 42));
        let close = HEADER.close();
        let (message, _) = decoded!(&close, session_close_request_codec::SessionCloseRequestDecoder);
        assert_eq!((message.leadership_term_id(), message.cluster_session_id()), (3, 42));
        for (bytes, request_type) in
            [(HEADER.probe(9), AdminRequestType::NullVal), (HEADER.snapshot_request(9), AdminRequestType::SNAPSHOT)]
        {
            let (message, body) = decoded!(&bytes, admin_request_codec::AdminRequestDecoder);
            assert_eq!((message.leadership_term_id(), message.cluster_session_id()), (3, 42));
            assert_eq!((message.correlation_id(), message.request_type()), (9, request_type));
            assert_eq!(body.check_var_data(1), Ok(bytes.len()));
        }
    }

    #[test]
    fn a_connect_request_holds_all_that_was_given() {
        let mut buffer = vec![255; 1000];
        ConnectRequest {
            correlation_id: 7,
            response_stream_id: 102,
            response_channel: "aeron:udp?endpoint=127.0.0.1:40123|rejoin=false",
            encoded_credentials: &[1, 2, 3],
            client_info: "name=me version=0.1.0",
        }
        .encode(&mut buffer);
        let (message, body) = decoded!(&buffer, session_connect_request_codec::SessionConnectRequestDecoder);
        assert_eq!((message.correlation_id(), message.response_stream_id()), (7, 102));
        assert_eq!(message.version(), Some(PROTOCOL_SEMANTIC_VERSION));
        let (channel, next) = body.var_data(body.end_of_block()).unwrap();
        let (credentials, next) = body.var_data(next).unwrap();
        let (client_info, end) = body.var_data(next).unwrap();
        assert_eq!(channel, b"aeron:udp?endpoint=127.0.0.1:40123|rejoin=false");
        assert_eq!((credentials, client_info, end), (&[1, 2, 3][..], &b"name=me version=0.1.0"[..], buffer.len()));
    }

    #[test]
    fn a_challenge_response_holds_all_that_was_given() {
        let mut buffer = Vec::new();
        encode_challenge_response(&mut buffer, 8, 42, b"secret");
        let (message, body) = decoded!(&buffer, challenge_response_codec::ChallengeResponseDecoder);
        assert_eq!((message.correlation_id(), message.cluster_session_id()), (8, 42));
        assert_eq!(body.var_data(body.end_of_block()), Ok((&b"secret"[..], buffer.len())));
    }

    #[test]
    fn versions_are_semantic() {
        assert_eq!(PROTOCOL_SEMANTIC_VERSION, 768);
        assert_eq!((major_version(PROTOCOL_SEMANTIC_VERSION), major_version(0x0102_0003)), (0, 2));
    }
}

//! Reading of a snapshot: the container reads the marks and the sessions, the service reads the rest.
//!
//! Source: `ServiceSnapshotLoader` and `ClusteredServiceAgent.loadState` of Aeron.

use aeron_cluster_codecs::cluster::{
    ReadBuf, SBE_SCHEMA_ID, client_session_codec as client_session, snapshot_mark::SnapshotMark,
    snapshot_marker_codec as snapshot_marker,
};
use aeron_cluster_codecs::{Body, DecodeError, Envelope, HEADER_LENGTH};
use aeron_support::FragmentAssembler;

use crate::agent_io::{AgentIo, Flow, SnapshotReplay};
use crate::cluster::TimeUnit;
use crate::liveness::Liveness;
use crate::log_adapter::{map_time_unit, wrap};
use crate::progress_timeout::ProgressTimeout;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;
use crate::snapshot::{SnapshotPoll, SnapshotReader};
use crate::snapshot_taker::SNAPSHOT_TYPE_ID;

/// The part of a snapshot that belongs to the container.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ContainerState {
    pub(crate) sessions: Vec<ClientSession>,
    pub(crate) time_unit: TimeUnit,
    pub(crate) app_version: i32,
}

/// A snapshot that is read from `replay`.
pub(crate) struct SnapshotLoader<R> {
    replay: R,
    assembler: FragmentAssembler,
    progress: ProgressTimeout,
}

impl<R: SnapshotReplay> SnapshotLoader<R> {
    pub(crate) fn new(replay: R, progress_timeout_ns: i64) -> Self {
        let progress = ProgressTimeout::new(replay.nano_time(), progress_timeout_ns);
        Self { replay, assembler: FragmentAssembler::new(1), progress }
    }

    /// Reads the part of the container: up to the mark that ends the sessions, and not a message more.
    pub(crate) fn load<I: AgentIo>(&mut self, liveness: &mut Liveness<I>) -> Result<ContainerState, ServiceError> {
        let mut header = HeaderReader::default();
        while !header.is_done {
            let mut result = Ok(());
            let assembler = &mut self.assembler;
            let fragments = self.replay.poll(&mut |fragment| {
                if let Some(message) = assembler.assemble(fragment) {
                    result = header.on_message(message);
                }
                if header.is_done || result.is_err() { Flow::Break } else { Flow::Continue }
            })?;
            result?;
            if self.after_poll(fragments)? == SnapshotPoll::End && !header.is_done {
                return Err(ServiceError::message("the snapshot ended before its sessions did"));
            }
            liveness.idle(fragments);
            if liveness.has_failed() {
                return Err(ServiceError::message("the container is about to end"));
            }
        }
        Ok(header.state)
    }

    /// Outcome of a poll that read `fragments` fragments.
    fn after_poll(&mut self, fragments: usize) -> Result<SnapshotPoll, ServiceError> {
        let now_ns = self.replay.nano_time();
        if fragments > 0 {
            self.progress.progressed(now_ns);
            return Ok(SnapshotPoll::Messages(fragments));
        }
        if self.replay.check_end()? {
            return Ok(SnapshotPoll::End);
        }
        self.progress.check(now_ns, "the archive replays no further")?;
        Ok(SnapshotPoll::Idle)
    }
}

impl<R: SnapshotReplay> SnapshotReader for SnapshotLoader<R> {
    fn poll(
        &mut self,
        handler: &mut dyn FnMut(&[u8]) -> Result<(), ServiceError>,
    ) -> Result<SnapshotPoll, ServiceError> {
        let mut result = Ok(());
        let assembler = &mut self.assembler;
        let fragments = self.replay.poll(&mut |fragment| {
            if let Some(message) = assembler.assemble(fragment) {
                result = handler(message);
            }
            if result.is_ok() { Flow::Continue } else { Flow::Break }
        })?;
        result?;
        self.after_poll(fragments)
    }
}

/// Collects the marks and sessions.
#[derive(Debug)]
struct HeaderReader {
    state: ContainerState,
    has_begun: bool,
    is_done: bool,
}

impl Default for HeaderReader {
    fn default() -> Self {
        let state = ContainerState { sessions: Vec::new(), time_unit: TimeUnit::Millis, app_version: 0 };
        Self { state, has_begun: false, is_done: false }
    }
}

impl HeaderReader {
    fn on_message(&mut self, message: &[u8]) -> Result<(), ServiceError> {
        let envelope = Envelope::open(message).and_then(|envelope| envelope.of_schema(SBE_SCHEMA_ID)).map_err(bad)?;
        match envelope.template_id {
            snapshot_marker::SBE_TEMPLATE_ID => {
                let body = envelope.body(snapshot_marker::SBE_TEMPLATE_ID, snapshot_marker::SBE_BLOCK_LENGTH);
                self.on_mark(&body.map_err(bad)?)
            }
            client_session::SBE_TEMPLATE_ID => {
                self.state.sessions.push(decode_session(envelope).map_err(bad)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_mark(&mut self, body: &Body<'_>) -> Result<(), ServiceError> {
        let decoder = wrap!(snapshot_marker::SnapshotMarkerDecoder, *body);
        let type_id = decoder.type_id();
        if type_id != SNAPSHOT_TYPE_ID {
            return Err(ServiceError::message(format!("unexpected snapshot type {type_id}")));
        }
        match (decoder.mark(), self.has_begun) {
            (SnapshotMark::BEGIN, true) => Err(ServiceError::message("the snapshot begins twice")),
            (SnapshotMark::BEGIN, false) => {
                self.has_begun = true;
                self.state.app_version = decoder.app_version().unwrap_or(0);
                self.state.time_unit = map_time_unit(decoder.time_unit());
                Ok(())
            }
            (SnapshotMark::END, false) => Err(ServiceError::message("the snapshot ends before it begins")),
            (SnapshotMark::END, true) => {
                self.is_done = true;
                Ok(())
            }
            (SnapshotMark::SECTION | SnapshotMark::NullVal, _) => Ok(()),
        }
    }
}

fn decode_session(envelope: Envelope<'_>) -> Result<ClientSession, DecodeError> {
    let body = envelope.body(client_session::SBE_TEMPLATE_ID, client_session::SBE_BLOCK_LENGTH)?;
    let decoder = wrap!(client_session::ClientSessionDecoder, body);
    let (response_channel, next) = body.var_data(body.end_of_block())?;
    let (encoded_principal, _) = body.var_data(next)?;
    let response_channel = String::from_utf8_lossy(response_channel);
    let (id, stream_id) = (decoder.cluster_session_id(), decoder.response_stream_id());
    Ok(ClientSession::new(id, stream_id, &response_channel, encoded_principal))
}

fn bad(error: DecodeError) -> ServiceError {
    ServiceError::message(format!("the snapshot is damaged: {error}"))
}

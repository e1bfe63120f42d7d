//! Writing of a snapshot: a mark that begins it, the sessions, a mark that ends them, and then the messages of the
//! service.
//!
//! Source: `SnapshotTaker`, `ServiceSnapshotTaker` and `ClusteredServiceAgent.onTakeSnapshot` of Aeron.

use aeron_cluster_codecs::cluster::{
    SBE_SCHEMA_ID, SBE_SCHEMA_VERSION, WriteBuf, client_session_codec as client_session,
    cluster_time_unit::ClusterTimeUnit, snapshot_mark::SnapshotMark, snapshot_marker_codec as snapshot_marker,
};
use aeron_cluster_codecs::{HEADER_LENGTH, write_header};

use crate::agent_io::{AgentIo, SnapshotError, SnapshotRecording};
use crate::cluster::TimeUnit;
use crate::consensus_module_proxy::begin;
use crate::liveness::Liveness;
use crate::progress_timeout::ProgressTimeout;
use crate::service_error::ServiceError;
use crate::sessions::{ClientSession, Sessions};
use crate::snapshot::SnapshotWriter;

/// Type id in the marks of a service's snapshot.
pub(crate) const SNAPSHOT_TYPE_ID: i64 = 2;

const MARKER_LENGTH: usize = HEADER_LENGTH + snapshot_marker::SBE_BLOCK_LENGTH as usize;
const VAR_DATA_HEADER_LENGTH: usize = 4;

/// Fields of the marks of a snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SnapshotMarks {
    pub(crate) log_position: i64,
    pub(crate) leadership_term_id: i64,
    pub(crate) time_unit: TimeUnit,
    pub(crate) app_version: i32,
}

/// A snapshot that is written to `recording`.
pub(crate) struct SnapshotTaker<'a, I: AgentIo> {
    liveness: &'a mut Liveness<I>,
    recording: &'a mut I::SnapshotRecording,
    /// Time without progress after which the snapshot fails, in nanoseconds.
    progress_timeout_ns: i64,
    /// Error of the archive that made a write fail.
    error: Option<SnapshotError>,
}

impl<'a, I: AgentIo> SnapshotTaker<'a, I> {
    pub(crate) fn new(
        liveness: &'a mut Liveness<I>,
        recording: &'a mut I::SnapshotRecording,
        progress_timeout_ns: i64,
    ) -> Self {
        Self { liveness, recording, progress_timeout_ns, error: None }
    }

    /// Waits until the recording begins.
    pub(crate) fn await_recording(&mut self) -> Result<(), SnapshotError> {
        self.await_recorded(0)
    }

    /// Waits until the archive has recorded everything. Returns the id of the recording.
    pub(crate) fn await_complete(&mut self) -> Result<i64, SnapshotError> {
        self.await_recorded(self.recording.position())?;
        Ok(self.recording.recording_id())
    }

    /// Writes the part of the container: marks and sessions.
    pub(crate) fn write_sessions<E>(
        &mut self,
        marks: SnapshotMarks,
        sessions: &Sessions<E>,
    ) -> Result<(), ServiceError> {
        self.offer(&encode_mark(marks, SnapshotMark::BEGIN))?;
        for entry in sessions.iter() {
            self.offer(&encode_session(&entry.session))?;
        }
        self.offer(&encode_mark(marks, SnapshotMark::END))
    }

    /// Why the snapshot failed with `error`: the error of the archive, if that made a write fail, otherwise `error`
    /// itself.
    pub(crate) fn explain(&mut self, error: ServiceError) -> SnapshotError {
        self.error.take().unwrap_or(SnapshotError::Failed(error))
    }

    fn await_recorded(&mut self, position: i64) -> Result<(), SnapshotError> {
        let mut progress = ProgressTimeout::new(self.liveness.io.nano_time(), self.progress_timeout_ns);
        let mut recorded = None;
        loop {
            let now = self.recording.recorded_position()?;
            if now.is_some_and(|recorded| recorded >= position) {
                return Ok(());
            }
            if now != recorded {
                recorded = now;
                progress.progressed(self.liveness.io.nano_time());
            }
            self.wait(&progress)?;
        }
    }

    fn wait(&mut self, progress: &ProgressTimeout) -> Result<(), ServiceError> {
        self.liveness.idle(0);
        self.check_container()?;
        progress.check(self.liveness.io.nano_time(), "the archive records no further")
    }

    fn check_container(&self) -> Result<(), ServiceError> {
        if self.liveness.has_failed() { Err(ServiceError::message("the container is about to end")) } else { Ok(()) }
    }
}

impl<I: AgentIo> SnapshotWriter for SnapshotTaker<'_, I> {
    fn offer(&mut self, message: &[u8]) -> Result<(), ServiceError> {
        let mut progress = None;
        loop {
            match self.recording.offer(message) {
                Ok(_) => return self.keep_alive(),
                Err(error) if error.is_retryable() => {}
                Err(error) => return Err(ServiceError::message(format!("cannot write to the snapshot: {error}"))),
            }
            if let Err(error) = self.recording.recorded_position() {
                let text = error.to_string();
                self.error = Some(error);
                return Err(ServiceError::message(text));
            }
            let now_ns = self.liveness.io.nano_time();
            let progress = *progress.get_or_insert(ProgressTimeout::new(now_ns, self.progress_timeout_ns));
            self.wait(&progress)?;
        }
    }

    fn keep_alive(&mut self) -> Result<(), ServiceError> {
        self.liveness.idle(1);
        self.check_container()
    }

    fn max_message_length(&self) -> usize {
        self.recording.max_message_length()
    }
}

fn encode_mark(marks: SnapshotMarks, mark: SnapshotMark) -> [u8; MARKER_LENGTH] {
    let mut message = begin(snapshot_marker::SBE_TEMPLATE_ID);
    snapshot_marker::SnapshotMarkerEncoder::default()
        .wrap(WriteBuf::new(&mut message), HEADER_LENGTH)
        .type_id(SNAPSHOT_TYPE_ID)
        .log_position(marks.log_position)
        .leadership_term_id(marks.leadership_term_id)
        .index(0)
        .mark(mark)
        .time_unit(match marks.time_unit {
            TimeUnit::Millis => ClusterTimeUnit::MILLIS,
            TimeUnit::Micros => ClusterTimeUnit::MICROS,
            TimeUnit::Nanos => ClusterTimeUnit::NANOS,
        })
        .app_version(marks.app_version);
    message
}

fn encode_session(session: &ClientSession) -> Vec<u8> {
    let var_data = session.response_channel().len() + session.encoded_principal().len() + 2 * VAR_DATA_HEADER_LENGTH;
    let mut message = vec![0; HEADER_LENGTH + usize::from(client_session::SBE_BLOCK_LENGTH) + var_data];
    let (block_length, template_id) = (client_session::SBE_BLOCK_LENGTH, client_session::SBE_TEMPLATE_ID);
    write_header(&mut message, block_length, template_id, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION);
    client_session::ClientSessionEncoder::default()
        .wrap(WriteBuf::new(&mut message), HEADER_LENGTH)
        .cluster_session_id(session.id())
        .response_stream_id(session.response_stream_id())
        .response_channel(session.response_channel().as_bytes())
        .encoded_principal(session.encoded_principal());
    message
}

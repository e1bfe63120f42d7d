//! Snapshots recorded and replayed by the member's archive.
//!
//! Each snapshot has its own archive session, over IPC. Source: `ClusteredServiceAgent.onTakeSnapshot`, `loadSnapshot`.

use std::time::{Duration, Instant};

use rusteron_archive::{
    AeronArchive, AeronArchiveAsyncConnect, AeronArchiveContext, AeronArchiveError, AeronArchiveErrorCode,
    AeronArchiveReplayParams, AeronCError, AeronCountersReader, AeronExclusivePublication, AeronImage,
    AeronSubscription, RecordingPos, SOURCE_LOCATION_LOCAL,
};

use crate::aeron_client::{Client, c_string, failed};
use crate::aeron_types::{controlled, fragment, offer_error};
use crate::agent_io::{Flow, SnapshotError, SnapshotRecording, SnapshotReplay};
use crate::channel::{with_alias_if_absent, with_session_id};
use crate::concluded_context::ConcludedContext;
use crate::error_recorder::one_line;
use crate::fragment_assembler::Fragment;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// "No value" in Aeron's fields.
const NULL_VALUE: i64 = -1;
/// Fragments of a snapshot taken in one poll.
const REPLAY_FRAGMENT_LIMIT: usize = 50;

/// Where snapshots go and come from.
#[derive(Debug)]
pub(crate) struct SnapshotChannels {
    archive_request_channel: String,
    archive_request_stream_id: i32,
    archive_response_channel: String,
    archive_response_stream_id: i32,
    client_name: String,
    record_channel: String,
    record_stream_id: i32,
    replay_channel: String,
    replay_stream_id: i32,
    timeout: Duration,
}

impl SnapshotChannels {
    pub(crate) fn new(context: &ConcludedContext) -> Self {
        let channel = &context.archive_control_channel;
        let alias = |direction: &str| {
            format!("sc-{}-archive-ctrl-{direction}-cluster-{}", context.service_id, context.cluster_id)
        };
        Self {
            archive_request_channel: with_alias_if_absent(channel, &alias("req")),
            archive_request_stream_id: context.archive_control_stream_id,
            archive_response_channel: with_alias_if_absent(channel, &alias("resp")),
            archive_response_stream_id: context.archive_response_stream_id,
            client_name: context.service_name.clone(),
            record_channel: context.snapshot_channel.clone(),
            record_stream_id: context.snapshot_stream_id,
            replay_channel: context.replay_channel.clone(),
            replay_stream_id: context.replay_stream_id,
            timeout: context.snapshot_progress_timeout,
        }
    }

    fn connect(&self, client: &Client) -> Result<AeronArchive, ServiceError> {
        let begin = || -> Result<AeronArchiveAsyncConnect, AeronCError> {
            let context = AeronArchiveContext::new()?;
            context.set_aeron(&client.aeron)?;
            context.set_owns_aeron_client(false)?;
            context.set_control_request_channel(&c_string(&self.archive_request_channel)?)?;
            context.set_control_request_stream_id(self.archive_request_stream_id)?;
            context.set_control_response_channel(&c_string(&self.archive_response_channel)?)?;
            context.set_control_response_stream_id(self.archive_response_stream_id)?;
            context.set_message_timeout_ns(self.timeout.as_nanos() as u64)?;
            context.set_client_name(&c_string(&self.client_name)?)?;
            AeronArchiveAsyncConnect::new_with_aeron(&context, &client.aeron)
        };
        let what = || "connect to the archive".to_owned();
        let pending = begin().map_err(|error| failed(what(), &error))?;
        client.wait(self.timeout, what, || pending.poll())
    }
}

/// A snapshot being recorded.
pub(crate) struct AeronRecording {
    publication: AeronExclusivePublication,
    counters: AeronCountersReader,
    session_id: i32,
    max_message_length: usize,
    /// The archive's counter of the recorded position, and the recording's id.
    recording: Option<(i32, i64)>,
    archive: AeronArchive,
}

impl AeronRecording {
    pub(crate) fn start(client: &Client, channels: &SnapshotChannels) -> Result<Self, SnapshotError> {
        let archive = channels.connect(client)?;
        let (channel, stream_id) = (&channels.record_channel, channels.record_stream_id);
        let what = || format!("add the snapshot publication {channel}, stream {stream_id}");
        let pending = c_string(channel)
            .and_then(|channel| client.aeron.async_add_exclusive_publication(&channel, stream_id))
            .map_err(|error| failed(what(), &error))?;
        let publication = client.wait(channels.timeout, what, || pending.poll())?;
        let constants = publication.get_constants().map_err(|error| failed(what(), &error))?;
        let (session_id, max_message_length) = (constants.session_id(), constants.max_message_length());
        let recorded_channel =
            c_string(&with_session_id(channel, session_id)).map_err(|error| failed(what(), &error))?;
        archive
            .start_recording(&recorded_channel, stream_id, SOURCE_LOCATION_LOCAL, true)
            .map_err(|error| archive_error("start recording a snapshot", &error))?;
        let counters = client.counters.clone();
        Ok(Self { publication, counters, session_id, max_message_length, recording: None, archive })
    }

    fn find_recording(&self) -> Option<(i32, i64)> {
        let archive_id = self.archive.get_archive_id();
        let id = RecordingPos::find_counter_id_by_session_in_archive(&self.counters, self.session_id, archive_id);
        RecordingPos::get_recording_id(&self.counters, id).ok().map(|recording_id| (id, recording_id))
    }
}

impl SnapshotRecording for AeronRecording {
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        self.publication.offer(message).map_err(|error| offer_error(&error, message.len(), || self.max_message_length))
    }

    fn max_message_length(&self) -> usize {
        self.max_message_length
    }

    fn position(&self) -> i64 {
        self.publication.position()
    }

    fn recorded_position(&mut self) -> Result<Option<i64>, SnapshotError> {
        self.archive.check_for_error_response().map_err(|error| archive_error("record a snapshot", &error))?;
        self.recording = self.recording.or_else(|| self.find_recording());
        let Some((counter_id, recording_id)) = self.recording else { return Ok(None) };
        // the position is read first: if the counter is still the recording's then, it was that recording's position
        let position = self.counters.get_counter_value(counter_id).unwrap_or(NULL_VALUE);
        match RecordingPos::is_active(&self.counters, counter_id, recording_id) {
            Ok(true) => Ok(Some(position)),
            _ => Err(ServiceError::message(format!("recording {recording_id} stopped unexpectedly")).into()),
        }
    }

    fn recording_id(&self) -> i64 {
        self.recording.map_or(NULL_VALUE, |(_, recording_id)| recording_id)
    }
}

/// A snapshot being replayed. The image goes before its subscription, as it must.
pub(crate) struct AeronReplay {
    image: AeronImage,
    _subscription: AeronSubscription,
    archive: AeronArchive,
    recording_id: i64,
    /// Where the recording stops; -1 when the archive does not know.
    stop_position: i64,
    epoch: Instant,
}

impl AeronReplay {
    pub(crate) fn start(
        client: &Client,
        channels: &SnapshotChannels,
        recording_id: i64,
        epoch: Instant,
    ) -> Result<Self, ServiceError> {
        let archive = channels.connect(client)?;
        let what = format!("replay the snapshot recording {recording_id}");
        let stop_position = archive.get_stop_position(recording_id).map_err(|error| replay_error(&what, &error))?;
        let (channel, stream_id) = (&channels.replay_channel, channels.replay_stream_id);
        let (position, length) = (0, NULL_VALUE);
        let replay_channel = c_string(channel).map_err(|error| failed(&what, &error))?;
        let params = AeronArchiveReplayParams::new(-1, -1, position, length, NULL_VALUE, NULL_VALUE)
            .map_err(|error| failed(&what, &error))?;
        let session_id = archive
            .start_replay(recording_id, &replay_channel, stream_id, &params)
            .map_err(|error| replay_error(&what, &error))? as i32;
        let subscription = client.add_subscription(&with_session_id(channel, session_id), stream_id)?;
        let image = client.wait(
            channels.timeout,
            || what.clone(),
            || {
                archive
                    .check_for_error_response()
                    .map_err(|error| AeronCError::with_message(-1, one_line(&error.message)))?;
                Ok(subscription.image_by_session_id(session_id))
            },
        )?;
        Ok(Self { image, _subscription: subscription, archive, recording_id, stop_position, epoch })
    }
}

impl SnapshotReplay for AeronReplay {
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError> {
        self.image
            .controlled_poll_fn(
                |payload, header| controlled(handler(&fragment(payload, &header))),
                REPLAY_FRAGMENT_LIMIT,
            )
            .map(|count| count as usize)
            .map_err(|error| failed("read the snapshot", &error))
    }

    fn check_end(&mut self) -> Result<bool, ServiceError> {
        if !self.image.is_end_of_stream() && !self.image.is_closed() {
            self.archive.check_for_error_response().map_err(|error| replay_error("replay the snapshot", &error))?;
            return Ok(false);
        }
        let position = self.image.position();
        if position < self.stop_position {
            let (recording_id, stop_position) = (self.recording_id, self.stop_position);
            return Err(ServiceError::message(format!(
                "the replay of recording {recording_id} ended at position {position}, but it goes to {stop_position}"
            )));
        }
        Ok(true)
    }

    fn nano_time(&self) -> i64 {
        self.epoch.elapsed().as_nanos() as i64
    }
}

fn archive_error(action: &str, error: &AeronArchiveError) -> SnapshotError {
    let message = one_line(&error.message);
    match error.code {
        AeronArchiveErrorCode::StorageSpace => SnapshotError::StorageFull(message),
        _ => SnapshotError::Failed(ServiceError::message(format!("cannot {action}: {message}"))),
    }
}

fn replay_error(action: &str, error: &AeronArchiveError) -> ServiceError {
    ServiceError::message(format!("cannot {action}: {}", one_line(&error.message)))
}

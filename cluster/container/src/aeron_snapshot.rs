//! Snapshots that the member's archive records and replays.
//!
//! Each snapshot has its own archive session, over IPC. Source: `ClusteredServiceAgent.onTakeSnapshot`, `loadSnapshot`.

use std::time::{Duration, Instant};

use aeron_support::{AeronError, ArchiveChannels, ArchiveCredentials, Fragment, c_string, channel, failed, one_line};
use rusteron_archive::{
    AeronArchive, AeronArchiveError, AeronArchiveErrorCode, AeronArchiveReplayParams, AeronCountersReader,
    AeronExclusivePublication, AeronImage, AeronSubscription, RecordingPos, SOURCE_LOCATION_LOCAL,
};

use crate::aeron_client::Client;
use crate::aeron_types::{controlled, offer_error};
use crate::agent_io::{Flow, SnapshotError, SnapshotRecording, SnapshotReplay};
use crate::concluded_context::ConcludedContext;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// Aeron's value for "none".
const NULL_VALUE: i64 = -1;
/// Greatest number of fragments that one poll of a snapshot reads.
const REPLAY_FRAGMENT_LIMIT: usize = 50;

/// Channels and streams of snapshots and of the archive.
#[derive(Debug)]
pub(crate) struct SnapshotChannels {
    archive_request_channel: String,
    archive_request_stream_id: i32,
    archive_response_channel: String,
    archive_response_stream_id: i32,
    archive_credentials: Option<ArchiveCredentials>,
    record_channel: String,
    record_stream_id: i32,
    replay_channel: String,
    replay_stream_id: i32,
    /// Bound on each wait for the archive.
    timeout: Duration,
}

impl SnapshotChannels {
    pub(crate) fn new(context: &ConcludedContext) -> Self {
        let control_channel = &context.archive_control_channel;
        let alias = |direction: &str| {
            format!("sc-{}-archive-ctrl-{direction}-cluster-{}", context.service_id, context.cluster_id)
        };
        Self {
            archive_request_channel: channel::with_alias_if_absent(control_channel, &alias("req")),
            archive_request_stream_id: context.archive_control_stream_id,
            archive_response_channel: channel::with_alias_if_absent(control_channel, &alias("resp")),
            archive_response_stream_id: context.archive_response_stream_id,
            archive_credentials: context.archive_credentials.clone(),
            record_channel: context.snapshot_channel.clone(),
            record_stream_id: context.snapshot_stream_id,
            replay_channel: context.replay_channel.clone(),
            replay_stream_id: context.replay_stream_id,
            timeout: context.snapshot_progress_timeout,
        }
    }

    fn connect(&self, client: &Client) -> Result<AeronArchive, AeronError> {
        let pending = client.aeron.async_connect_archive(&ArchiveChannels {
            control_request_channel: &self.archive_request_channel,
            control_request_stream_id: self.archive_request_stream_id,
            control_response_channel: &self.archive_response_channel,
            control_response_stream_id: self.archive_response_stream_id,
            message_timeout: self.timeout,
            credentials: self.archive_credentials.as_ref(),
        })?;
        client.wait(self.timeout, pending.action(), || pending.poll())
    }
}

/// A snapshot that the archive records.
pub(crate) struct AeronRecording {
    publication: AeronExclusivePublication,
    counters: AeronCountersReader,
    session_id: i32,
    max_message_length: usize,
    /// Id of the archive's counter of the recorded position, and id of the recording; `None` until the recording began.
    recording: Option<(i32, i64)>,
    archive: AeronArchive,
}

impl AeronRecording {
    /// Asks the archive to record a new snapshot. The recording begins a little later.
    pub(crate) fn start(client: &Client, channels: &SnapshotChannels) -> Result<Self, SnapshotError> {
        let archive = channels.connect(client)?;
        let (channel, stream_id) = (&channels.record_channel, channels.record_stream_id);
        let pending = client.aeron.async_add_exclusive_publication(channel, stream_id)?;
        let publication = client.wait(channels.timeout, pending.action(), || pending.poll())?;
        let action = "start recording a snapshot";
        let constants = publication.get_constants().map_err(failed(action))?;
        let (session_id, max_message_length) = (constants.session_id(), constants.max_message_length());
        let recorded_channel = c_string(&channel::of_session(channel, session_id)).map_err(failed(action))?;
        archive
            .start_recording(&recorded_channel, stream_id, SOURCE_LOCATION_LOCAL, true)
            .map_err(|error| record_error(action, &error))?;
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
        self.archive.check_for_error_response().map_err(|error| record_error("record a snapshot", &error))?;
        self.recording = self.recording.or_else(|| self.find_recording());
        let Some((counter_id, recording_id)) = self.recording else { return Ok(None) };
        // The position is read before the check: if the counter still belongs to the recording at the check, then the
        // position was that of the recording.
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

/// A snapshot that the archive replays. Fields are dropped in order, and the image must go before its subscription.
pub(crate) struct AeronReplay {
    image: AeronImage,
    _subscription: AeronSubscription,
    archive: AeronArchive,
    recording_id: i64,
    /// Position at which the recording ends, in bytes; -1 when the archive does not know it.
    stop_position: i64,
    /// Begin of the clock [`SnapshotReplay::nano_time`].
    epoch: Instant,
}

impl AeronReplay {
    /// Asks the archive to replay the recording of a snapshot, and waits until the replay begins.
    pub(crate) fn start(
        client: &Client,
        channels: &SnapshotChannels,
        recording_id: i64,
        epoch: Instant,
    ) -> Result<Self, ServiceError> {
        let archive = channels.connect(client)?;
        let action = format!("replay the snapshot recording {recording_id}");
        let refused = |error: AeronArchiveError| AeronError::of_archive(action.as_str(), &error);
        let stop_position = archive.get_stop_position(recording_id).map_err(refused)?;
        let (channel, stream_id) = (&channels.replay_channel, channels.replay_stream_id);
        let replay_channel = c_string(channel).map_err(failed(action.as_str()))?;
        let (position, length) = (0, NULL_VALUE);
        let params = AeronArchiveReplayParams::new(-1, -1, position, length, NULL_VALUE, NULL_VALUE)
            .map_err(failed(action.as_str()))?;
        // the lower half of a replay's session id is the session id of its image
        let session_id =
            archive.start_replay(recording_id, &replay_channel, stream_id, &params).map_err(refused)? as i32;
        let pending = client.aeron.async_add_subscription(&channel::of_session(channel, session_id), stream_id)?;
        let subscription = client.wait_for(&pending)?;
        let image = client.wait(channels.timeout, &action, || {
            archive.check_for_error_response().map_err(refused)?;
            Ok(subscription.image_by_session_id(session_id))
        })?;
        Ok(Self { image, _subscription: subscription, archive, recording_id, stop_position, epoch })
    }
}

impl SnapshotReplay for AeronReplay {
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError> {
        let polled = self.image.controlled_poll_fn(
            |payload, header| controlled(handler(&Fragment::new(payload, &header))),
            REPLAY_FRAGMENT_LIMIT,
        );
        Ok(polled.map_err(failed("read the snapshot"))? as usize)
    }

    fn check_end(&mut self) -> Result<bool, ServiceError> {
        if !self.image.is_end_of_stream() && !self.image.is_closed() {
            let checked = self.archive.check_for_error_response();
            checked.map_err(|error| AeronError::of_archive("replay the snapshot", &error))?;
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

/// The error of a snapshot that the archive could not record.
fn record_error(action: &str, error: &AeronArchiveError) -> SnapshotError {
    match error.code {
        AeronArchiveErrorCode::StorageSpace => SnapshotError::StorageFull(one_line(&error.message)),
        _ => AeronError::of_archive(action, error).into(),
    }
}

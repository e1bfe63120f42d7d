//! The recorded stream: replayed at the start, appended to, and shortened.
//!
//! There is one recording, which every start extends, so that subscribers find it by a fixed number. A record never
//! spans two segments, since an Aeron message never spans two terms and a segment is one term long. So all segments
//! before the one of the newest record can be deleted.

use std::sync::Arc;
use std::time::Duration;

use aeron_support::{
    AeronClient, AeronError, ArchiveChannels, ArchiveCredentials, c_string, channel, failed, one_line,
};
use lugus_partition_map::{MAP_RECORDING, MapFeed, PartitionMap};
use lugus_topology::{CoordinatorSpec, Size};
use rusteron_archive::{
    AeronArchive, AeronArchiveError, AeronArchiveReplayParams, AeronCountersReader, AeronExclusivePublication,
    AeronFragmentClosureAssembler, AeronHeader, AeronOfferError, AeronSubscription, RecordingPos,
    SOURCE_LOCATION_LOCAL,
};

use crate::error::CoordinatorError;

/// Stream of the archive's answers to the coordinator, over IPC.
const ARCHIVE_RESPONSE_STREAM: i32 = 21;
/// Maximum number of fragments of the replay that one poll reads.
const FRAGMENT_LIMIT: usize = 64;
/// Aeron's number for a value that is absent.
const NULL_VALUE: i64 = -1;

/// The recorded stream of one coordinator.
pub(crate) struct Journal {
    publication: AeronExclusivePublication,
    counters: AeronCountersReader,
    recorded: i32,
    archive: AeronArchive,
    start_position: i64,
    term_length: i32,
    maximum_length: usize,
}

/// The map's recording, as the archive describes it.
#[derive(Debug, Clone, Copy)]
struct Recording {
    id: i64,
    stream: i32,
    start_position: i64,
    stop_position: i64,
    initial_term_id: i32,
    term_length: i32,
}

/// What is needed to open a journal.
pub(crate) struct Place<'a> {
    pub(crate) client: &'a AeronClient,
    pub(crate) coordinator: &'a CoordinatorSpec,
    pub(crate) archive_local_control_stream: i32,
    /// How the coordinator proves to its archive that it may write.
    pub(crate) credentials: Option<ArchiveCredentials>,
}

impl Journal {
    /// Replays the recording, and starts to record what is appended from now on. Returns the newest map, if one is
    /// recorded.
    ///
    /// # Errors
    /// [`CoordinatorError`]: the archive is not a coordinator's, is damaged, or does not answer.
    pub(crate) fn open(place: &Place<'_>) -> Result<(Self, Option<Arc<PartitionMap>>), CoordinatorError> {
        let archive = connect(place)?;
        let recording = find_recording(place, &archive)?;
        let map = match &recording {
            Some(recording) => replay(place, &archive, recording)?,
            None => None,
        };
        Ok((Self::record(place, archive, recording)?, map))
    }

    fn record(
        place: &Place<'_>,
        archive: AeronArchive,
        recording: Option<Recording>,
    ) -> Result<Self, CoordinatorError> {
        let Place { client, coordinator, .. } = place;
        let stream = coordinator.coordinator.map_stream;
        let channel = coordinator.map_publication_channel();
        let at = recording.map(|recording| recording.next_term()).unwrap_or_default();
        let publication = client.add_exclusive_publication(&format!("{channel}{at}"), stream)?;
        let constants = publication.get_constants().map_err(failed("read the constants of the map's publication"))?;
        let session = constants.session_id();
        let recorded_channel =
            c_string(&channel::of_session(&channel, session)).map_err(failed("make the map's channel"))?;
        let started = match recording {
            None => archive.start_recording(&recorded_channel, stream, SOURCE_LOCATION_LOCAL, true),
            Some(recording) => {
                archive.extend_recording(recording.id, &recorded_channel, stream, SOURCE_LOCATION_LOCAL, true)
            }
        };
        started.map_err(archive_error("record the map"))?;
        let counters = client.aeron().counters_reader();
        let archive_id = archive.get_archive_id();
        let recorded = client.wait(client.driver_timeout(), "find the recording of the map", || {
            let id = RecordingPos::find_counter_id_by_session_in_archive(&counters, session, archive_id);
            Ok(Some(id).filter(|id| RecordingPos::get_recording_id(&counters, *id).is_ok()))
        })?;
        let (start_position, term_length) = match recording {
            Some(Recording { start_position, term_length, .. }) => (start_position, term_length),
            None => (0, term_length_of(coordinator)),
        };
        let maximum_length = constants.max_message_length();
        Ok(Self { publication, counters, recorded, archive, start_position, term_length, maximum_length })
    }

    /// Maximum length of a record, in bytes.
    pub(crate) fn maximum_length(&self) -> usize {
        self.maximum_length
    }

    /// Appends a record. Returns the position of the stream after it, or `None` under back pressure: call again later.
    ///
    /// # Errors
    /// [`CoordinatorError`]: the record cannot be appended at all.
    pub(crate) fn append(&mut self, record: &[u8]) -> Result<Option<i64>, CoordinatorError> {
        match self.publication.offer(record) {
            Ok(position) => Ok(Some(position)),
            Err(AeronOfferError::NotConnected | AeronOfferError::BackPressured | AeronOfferError::AdminAction) => {
                Ok(None)
            }
            Err(error) => Err(AeronError::new("append to the map's stream", &error.to_string()).into()),
        }
    }

    /// Whether the stream is recorded up to `position`.
    ///
    /// # Errors
    /// [`CoordinatorError`]: the recording has ended.
    pub(crate) fn is_recorded(&self, position: i64) -> Result<bool, CoordinatorError> {
        let recorded = self.counters.get_counter_value(self.recorded).unwrap_or(NULL_VALUE);
        match RecordingPos::is_active(&self.counters, self.recorded, MAP_RECORDING) {
            Ok(true) => Ok(recorded >= position),
            _ => Err(CoordinatorError::Archive {
                action: "continue the map's recording",
                message: String::from("the recording has ended; see the archive's log"),
            }),
        }
    }

    /// Deletes the segments before the one of the record that ends at `position`. If a subscriber is replaying one of these
    /// segments, the archive refuses; they are deleted after a later record.
    pub(crate) fn compact(&mut self, position: i64) {
        let (start, length) = (self.start_position, self.term_length);
        // The last byte of a record is in the same segment as its first.
        let base = AeronArchive::segment_file_base_position(start, position - 1, length, length);
        if base <= start {
            return;
        }
        match self.archive.purge_segments(MAP_RECORDING, base) {
            Ok(_) => self.start_position = base,
            Err(error) => {
                tracing::info!(
                    reason = one_line(&error.message),
                    "the archive keeps old segments of the map's recording until a later record"
                );
            }
        }
    }
}

impl Recording {
    /// Channel parameters of a publication that continues where the recording ends.
    fn next_term(&self) -> String {
        let term_length = i64::from(self.term_length);
        let (terms, offset) = (self.stop_position / term_length, self.stop_position % term_length);
        let term_id = self.initial_term_id.wrapping_add(i32::try_from(terms).unwrap_or(i32::MAX));
        format!("|init-term-id={}|term-id={term_id}|term-offset={offset}", self.initial_term_id)
    }
}

fn connect(place: &Place<'_>) -> Result<AeronArchive, CoordinatorError> {
    let channel = place.coordinator.archive_local_control_channel();
    let connecting = place.client.async_connect_archive(&ArchiveChannels {
        control_request_channel: &channel,
        control_request_stream_id: place.archive_local_control_stream,
        control_response_channel: &channel,
        control_response_stream_id: ARCHIVE_RESPONSE_STREAM,
        message_timeout: place.client.driver_timeout(),
        credentials: place.credentials.as_ref(),
    })?;
    Ok(place.client.wait_for(&connecting)?)
}

fn find_recording(place: &Place<'_>, archive: &AeronArchive) -> Result<Option<Recording>, CoordinatorError> {
    let mut recordings = Vec::new();
    let mut count = 0;
    archive
        .list_recordings_fn(&mut count, 0, i32::MAX, |descriptor| {
            recordings.push(Recording {
                id: descriptor.recording_id(),
                stream: descriptor.stream_id(),
                start_position: descriptor.start_position(),
                stop_position: descriptor.stop_position(),
                initial_term_id: descriptor.initial_term_id(),
                term_length: descriptor.term_buffer_length(),
            });
        })
        .map_err(archive_error("list its recordings"))?;
    let coordinator = place.coordinator;
    let archive_dir = || coordinator.archive_dir.clone();
    let recording = match recordings.as_slice() {
        [] => return Ok(None),
        [one] if one.id == MAP_RECORDING && one.stream == coordinator.coordinator.map_stream => *one,
        [first, ..] => {
            let (count, stream) = (recordings.len(), first.stream);
            return Err(CoordinatorError::OtherArchive { archive_dir: archive_dir(), count, stream });
        }
    };
    if recording.term_length != term_length_of(coordinator) {
        let recorded = Size::bytes(u64::try_from(recording.term_length).unwrap_or(0));
        let configured = coordinator.coordinator.term_length;
        return Err(CoordinatorError::TermLength { archive_dir: archive_dir(), recorded, configured });
    }
    Ok(Some(recording))
}

fn term_length_of(coordinator: &CoordinatorSpec) -> i32 {
    i32::try_from(coordinator.coordinator.term_length.as_bytes()).unwrap_or(i32::MAX)
}

/// Replays a recording and returns its newest map, if it has one.
fn replay(
    place: &Place<'_>,
    archive: &AeronArchive,
    recording: &Recording,
) -> Result<Option<Arc<PartitionMap>>, CoordinatorError> {
    let archive_dir = || place.coordinator.archive_dir.clone();
    let mut reader = Reader { feed: MapFeed::new(None), fault: None };
    if recording.stop_position > recording.start_position {
        let subscription = start_replay(place, archive, recording)?;
        let mut assembler = AeronFragmentClosureAssembler::new().map_err(failed("prepare a replay"))?;
        let mut position = recording.start_position;
        let action = "replay the map's recording";
        place.client.wait(place.client.driver_timeout(), action, || {
            assembler.poll(&subscription, &mut reader, Reader::on_record, FRAGMENT_LIMIT).map_err(failed(action))?;
            if let Some(image) = subscription.image_at_index(0) {
                position = image.position().max(position);
            }
            Ok((position >= recording.stop_position || reader.fault.is_some()).then_some(()))
        })?;
    }
    if let Some((position, source)) = reader.fault {
        return Err(CoordinatorError::Damaged { archive_dir: archive_dir(), position, source });
    }
    Ok(reader.feed.newest().cloned())
}

/// Reads the records of a replay, up to the first one that is not a valid map.
struct Reader {
    feed: MapFeed,
    fault: Option<(i64, lugus_partition_map::MapError)>,
}

impl Reader {
    fn on_record(&mut self, record: &[u8], header: AeronHeader) {
        if self.fault.is_none()
            && let Err(error) = self.feed.on_record(record)
        {
            self.fault = Some((header.position(), error));
        }
    }
}

fn start_replay(
    place: &Place<'_>,
    archive: &AeronArchive,
    recording: &Recording,
) -> Result<AeronSubscription, CoordinatorError> {
    let stream = place.coordinator.coordinator.replay_stream;
    let length = recording.stop_position - recording.start_position;
    let params = AeronArchiveReplayParams::new(-1, -1, recording.start_position, length, NULL_VALUE, NULL_VALUE)
        .map_err(failed("prepare a replay"))?;
    let replay_channel = c_string(channel::IPC_CHANNEL).map_err(failed("prepare a replay"))?;
    let session = archive
        .start_replay(recording.id, &replay_channel, stream, &params)
        .map_err(archive_error("replay the map's recording"))?;
    // The lower 32 bits of the replay's number are its session id.
    #[allow(clippy::cast_possible_truncation, reason = "the lower 32 bits")]
    let session = session as i32;
    Ok(place.client.add_subscription(&channel::of_session(channel::IPC_CHANNEL, session), stream)?)
}

fn archive_error(action: &'static str) -> impl FnOnce(AeronArchiveError) -> CoordinatorError {
    move |error| CoordinatorError::Archive { action, message: one_line(&error.message) }
}

/// Time within which the archive must record a map.
pub(crate) const RECORD_TIMEOUT: Duration = Duration::from_secs(5);

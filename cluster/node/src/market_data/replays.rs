//! The thread that lets the member's archive record the stream of increments, and replays it to listeners who ask.
//!
//! The archive is the member's own, which obeys members only. So a listener asks the member, in a message without a session; the member
//! finds the place, and lets the archive send to the listener's address. What is kept, how long a replay is, how many there are at
//! once, and how many begin in a second has a limit; what is above is not answered, and the listener asks another member, or takes a
//! snapshot. Nothing here ends the member, and nobody waits for this thread.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aeron_support::{
    AeronClient, AeronError, ArchiveChannels, ArchiveCredentials, ClientSettings, c_string, failed, one_line,
};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::{ReplayRequest, decode_replay_request};
use lugus_ring::Reader;
use rusteron_archive::{
    AeronArchive, AeronArchiveError, AeronArchiveReplayParams, AeronHeader, AeronSubscription, SOURCE_LOCATION_LOCAL,
};

use super::recorded_index::{IndexEntry, RecordedIndex};
use super::replay_queue::ReplayQueue;
use crate::gauges::MarketDataGauges;

/// Longest part of the stream in one replay, in bytes. A listener that has missed more asks again.
const LONGEST_REPLAY: i64 = 16 << 20;
/// Number of replays of the archive, whoever asked for them, from which on no listener gets one: the archive has twenty, which the members
/// need to follow their cluster.
const MAXIMUM_REPLAYS: i64 = 8;
/// How much the archive reads at once for a replay, in bytes: its thread records the log, too.
const READ_AT_ONCE: i32 = 64 << 10;
/// Time between two looks at how far the recording is, and at what can be purged.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Pause before the archive is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Pause of the thread between two duty cycles.
const PAUSE: Duration = Duration::from_millis(2);
/// How long the media driver and the archive may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest number of requests that are taken at once.
const FRAGMENT_LIMIT: usize = 16;
/// How much is read of an error that the archive tells, in bytes.
const LONGEST_ERROR: usize = 512;
/// Aeron's number for a value that is absent.
const NULL_VALUE: i32 = -1;
/// `RecordingPos`: how far a recording is. Its key begins with the recording's id.
const RECORDING_POSITION_TYPE_ID: i32 = 100;
/// `ArchiveCounters`: the number of replays that an archive is sending.
const REPLAY_SESSIONS_TYPE_ID: i32 = 112;
/// Name of the Aeron client, as the media driver's tools show it.
const CLIENT_NAME: &str = "lugus market data replays";

/// What is recorded, and where listeners ask for it.
#[derive(Debug, Clone)]
pub struct ReplayContext {
    /// Directory of the member's media driver.
    pub aeron_dir: PathBuf,
    /// Channel of requests to the archive, and of its answers.
    pub archive_control_channel: String,
    /// Stream of requests to the archive.
    pub archive_control_stream_id: i32,
    /// Stream of its answers.
    pub archive_response_stream_id: i32,
    /// How the member proves to its archive that it may record.
    pub credentials: Option<ArchiveCredentials>,
    /// Channel that is recorded; its first parameter is an alias that no other recording has.
    pub recorded_channel: String,
    /// Stream that is recorded.
    pub recorded_stream_id: i32,
    /// Length of the stream that is kept at least, in bytes.
    pub recorded_length: i64,
    /// Channel on which listeners ask.
    pub request_channel: String,
    /// Stream on which they ask.
    pub request_stream_id: i32,
    /// Stream of replays.
    pub replay_stream_id: i32,
}

/// What runs on the thread.
pub struct ReplayThread {
    context: ReplayContext,
    entries: Reader<IndexEntry>,
    gauges: MarketDataGauges,
}

/// The stream's recording.
#[derive(Debug, Clone, Copy)]
struct Recording {
    id: i64,
    start_position: i64,
    term_length: i32,
    segment_length: i32,
}

/// The fields are in the order in which they must be dropped: the client last.
struct Open {
    requests: AeronSubscription,
    archive: AeronArchive,
    /// `None` until the archive has begun.
    recording: Option<Recording>,
    index: RecordedIndex,
    queue: ReplayQueue,
    /// Whether a replay was refused since the archive was last asked something that it must answer.
    is_archive_doubted: bool,
    begun: Instant,
    /// When the recording is looked at next, as time since it began.
    look_at: Duration,
    client: AeronClient,
}

impl ReplayThread {
    /// A thread that has not begun.
    pub fn new(context: ReplayContext, entries: Reader<IndexEntry>, gauges: MarketDataGauges) -> Self {
        Self { context, entries, gauges }
    }

    /// Records and replays until `stop`. After an error it begins anew.
    pub fn run(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            if let Err(error) = self.serve(stop)
                && !stop.load(Ordering::Acquire)
            {
                tracing::warn!(%error, "market data can't be replayed now; trying again");
                std::thread::sleep(RETRY_INTERVAL);
            }
        }
    }

    fn serve(&mut self, stop: &AtomicBool) -> Result<(), AeronError> {
        let Some(mut open) = Open::new(&self.context, stop)? else { return Ok(()) };
        while !stop.load(Ordering::Acquire) {
            self.entries.drain(usize::MAX, |entry| open.index.add(*entry));
            open.do_work(&self.context, &self.gauges)?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Open {
    /// Purges what was recorded before, as nobody knows where in it which time is, and begins to record. `None` if it was stopped.
    fn new(context: &ReplayContext, stop: &AtomicBool) -> Result<Option<Self>, AeronError> {
        let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, CLIENT_NAME, TIMEOUT))?;
        let connecting = client.async_connect_archive(&ArchiveChannels {
            control_request_channel: &context.archive_control_channel,
            control_request_stream_id: context.archive_control_stream_id,
            control_response_channel: &context.archive_control_channel,
            control_response_stream_id: context.archive_response_stream_id,
            message_timeout: TIMEOUT,
            credentials: context.credentials.as_ref(),
        })?;
        let archive = loop {
            client.do_work()?;
            if stop.load(Ordering::Acquire) {
                return Ok(None);
            }
            match connecting.poll()? {
                Some(archive) => break archive,
                None => std::thread::sleep(PAUSE),
            }
        };
        let channel = c_string(&context.recorded_channel).map_err(failed("record market data"))?;
        let older = recordings(&archive, context)?;
        if !older.is_empty() {
            // It goes on if this thread has lost its session with the archive.
            if let Err(error) = archive.stop_recording_channel_and_stream(&channel, context.recorded_stream_id) {
                tracing::debug!(reason = one_line(&error.message), "no market data was being recorded");
            }
        }
        for recording in older {
            archive.purge_recording(recording.id).map_err(archive_error("purge older market data"))?;
        }
        archive
            .start_recording(&channel, context.recorded_stream_id, SOURCE_LOCATION_LOCAL, false)
            .map_err(archive_error("record market data"))?;
        let requests = client.add_subscription(&context.request_channel, context.request_stream_id)?;
        Ok(Some(Self {
            requests,
            archive,
            recording: None,
            index: RecordedIndex::default(),
            queue: ReplayQueue::default(),
            is_archive_doubted: false,
            begun: Instant::now(),
            look_at: Duration::ZERO,
            client,
        }))
    }

    fn do_work(&mut self, context: &ReplayContext, gauges: &MarketDataGauges) -> Result<(), AeronError> {
        self.client.do_work()?;
        let now = self.begun.elapsed();
        if now >= self.look_at {
            self.look_at = now + LOOK_INTERVAL;
            self.look_at_recording(context, gauges)?;
        }
        self.hear_archive()?;
        let queue = &mut self.queue;
        let mut take = |message: &[u8], _: AeronHeader| {
            if read(message).is_some_and(|request| !queue.offer(request, now)) {
                gauges.refused_replay();
            }
        };
        self.requests.poll_fn(&mut take, FRAGMENT_LIMIT).map_err(failed("take requests for market data"))?;
        let Some(request) = self.queue.take(now) else { return Ok(()) };
        match self.replay(context, &request) {
            Ok(()) => {
                self.queue.serve(request, now);
                gauges.replayed();
            }
            Err(refusal) => {
                self.is_archive_doubted = true;
                gauges.refused_replay();
                tracing::debug!(listener = %request.receiver, %refusal, "market data is not replayed");
            }
        }
        Ok(())
    }

    /// Takes what the archive tells unasked: of replays whose receivers do not answer, and of recordings. Such a replay is no fault of the
    /// archive's, which goes on to record.
    fn hear_archive(&self) -> Result<(), AeronError> {
        let mut told = [0; LONGEST_ERROR];
        self.archive.poll_for_error_response(&mut told).map_err(archive_error("hear the archive"))?;
        let told = told.split(|byte| *byte == 0).next().unwrap_or_default();
        if !told.is_empty() {
            tracing::debug!(reason = one_line(&String::from_utf8_lossy(told)), "a replay of market data has failed");
        }
        Ok(())
    }

    /// Finds the recording after it has begun, and purges what is no longer kept.
    fn look_at_recording(&mut self, context: &ReplayContext, gauges: &MarketDataGauges) -> Result<(), AeronError> {
        let Some(recording) = self.recording else {
            self.recording = recordings(&self.archive, context)?.into_iter().next_back();
            if let Some(recording) = &self.recording {
                self.index.drop_before(recording.start_position);
            }
            return Ok(());
        };
        let Recording { id, start_position, term_length, segment_length } = recording;
        if std::mem::take(&mut self.is_archive_doubted) {
            // An archive that refuses everything has forgotten the session: then there is no answer.
            self.archive.get_start_position(id).map_err(archive_error("ask for the recording of market data"))?;
        }
        let recorded = self.recorded_position(id)?;
        gauges.recorded(u64::try_from(recorded.saturating_sub(start_position)).unwrap_or_default());
        let kept_from = recorded.saturating_sub(context.recorded_length);
        if kept_from <= start_position {
            return Ok(());
        }
        let base = AeronArchive::segment_file_base_position(start_position, kept_from, term_length, segment_length);
        if base > start_position {
            match self.archive.purge_segments(id, base) {
                Ok(_) => {
                    self.recording = Some(Recording { start_position: base, ..recording });
                    self.index.drop_before(base);
                }
                // A replay is reading them.
                Err(error) => tracing::info!(reason = one_line(&error.message), "market data is purged later"),
            }
        }
        Ok(())
    }

    fn replay(&self, context: &ReplayContext, request: &ReplayRequest) -> Result<(), AeronError> {
        let refused = |reason: &str| AeronError::new("replay market data", reason);
        let recording = self.recording.as_ref().ok_or_else(|| refused("nothing is recorded yet"))?;
        if !is_one_host(request.receiver) {
            return Err(refused("the address is not that of one host"));
        }
        if self.replays() >= MAXIMUM_REPLAYS {
            return Err(refused("the archive has as many replays as listeners may take"));
        }
        let position = self.index.position_of(request.begin).ok_or_else(|| refused("it is not recorded"))?;
        let length = self.recorded_position(recording.id)?.saturating_sub(position).min(LONGEST_REPLAY);
        if length <= 0 {
            return Err(refused("it is not recorded yet"));
        }
        let channel = c_string(&receiver_channel(request.receiver)).map_err(failed("replay market data"))?;
        let absent = i64::from(NULL_VALUE);
        let params = AeronArchiveReplayParams::new(NULL_VALUE, READ_AT_ONCE, position, length, absent, absent)
            .map_err(failed("replay market data"))?;
        self.archive
            .start_replay(recording.id, &channel, context.replay_stream_id, &params)
            .map_err(archive_error("replay market data"))?;
        Ok(())
    }

    /// Position up to which the archive has recorded, without asking it.
    fn recorded_position(&self, recording: i64) -> Result<i64, AeronError> {
        let counters = self.client.aeron().counters_reader();
        let is_recording = |key: &[u8]| key.first_chunk().is_some_and(|id| i64::from_le_bytes(*id) == recording);
        let counter = counters.find_by_type_id(RECORDING_POSITION_TYPE_ID, is_recording);
        let position = counter.and_then(|counter| counters.get_counter_value(counter).ok());
        position
            .ok_or_else(|| AeronError::new("find how far market data is recorded", "the archive no longer records it"))
    }

    /// Number of replays that the archive is sending.
    fn replays(&self) -> i64 {
        let counters = self.client.aeron().counters_reader();
        let mut replays = 0;
        counters.foreach_counter_fn(|value, _, type_id, _, _| {
            if type_id == REPLAY_SESSIONS_TYPE_ID {
                replays += value;
            }
        });
        replays
    }
}

/// A request; `None` if the message is none.
fn read(message: &[u8]) -> Option<ReplayRequest> {
    decode_replay_request(Envelope::open(message).ok()?).ok().flatten()
}

/// Whether an address is that of one host, and not of many.
fn is_one_host(receiver: SocketAddr) -> bool {
    let ip = receiver.ip();
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    receiver.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}

fn receiver_channel(receiver: SocketAddr) -> String {
    format!("aeron:udp?endpoint={receiver}")
}

/// The recordings of the stream, the oldest first. They are known by their stream and by the channel's alias, so that no other recording is
/// purged if stream ids change; the rest of the channel, such as the length of terms, may have been another.
fn recordings(archive: &AeronArchive, context: &ReplayContext) -> Result<Vec<Recording>, AeronError> {
    let with_alias = context.recorded_channel.split('|').next().unwrap_or_default();
    let channel = c_string(with_alias).map_err(failed("list recordings of market data"))?;
    let (mut found, mut count) = (Vec::new(), 0);
    archive
        .list_recordings_for_uri_fn(&mut count, 0, i32::MAX, &channel, context.recorded_stream_id, |descriptor| {
            found.push(Recording {
                id: descriptor.recording_id(),
                start_position: descriptor.start_position(),
                term_length: descriptor.term_buffer_length(),
                segment_length: descriptor.segment_file_length(),
            });
        })
        .map_err(archive_error("list recordings of market data"))?;
    Ok(found)
}

fn archive_error(action: &'static str) -> impl FnOnce(AeronArchiveError) -> AeronError {
    move |error| AeronError::new(action, &one_line(&error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_host_gets_a_replay() {
        for (receiver, is_one) in [
            ("192.0.2.7:20107", true),
            ("[2001:db8::7]:20107", true),
            ("192.0.2.7:0", false),
            ("0.0.0.0:20107", false),
            ("255.255.255.255:20107", false),
            ("224.0.1.1:20107", false),
            ("[ff02::1]:20107", false),
            ("[::]:20107", false),
        ] {
            assert_eq!(is_one_host(receiver.parse().unwrap()), is_one, "{receiver}");
        }
    }
}

//! The map as the coordinator publishes it: first its recording is replayed, then the live stream follows, without a gap.
//!
//! Aeron's persistent subscription (`PersistentSubscription` of the archive's client) replays the recording, joins the
//! live stream at the position that the replay has reached, and falls back to replay when the live stream is lost. It
//! has one weakness: a coordinator that was killed and started again publishes in a new session, which the persistent
//! subscription notices only after the old session's image has timed out (10 s). So there is a second subscription to
//! the same stream, whose messages are ignored. It shows the new session at once, and then the persistent subscription
//! is replaced by a new one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ArchiveChannels, ClientSettings, failed};
use lugus_topology::{CoordinatorSpec, Deployment};
use lugus_vocabulary::{DeploymentId, Endpoint, PartitionMap};
use rusteron_archive::{
    AeronArchivePersistentSubscription, AeronCError, AeronSubscription, PERSISTENT_SUBSCRIPTION_FROM_START,
    PersistentSubscriptionBuilder,
};

use crate::subscription::{MapError, MapFeed, MapSubscription};

/// Number of the map's recording: it is the only one of the coordinator's archive, so it is the first.
pub const MAP_RECORDING: i64 = 0;

/// Maximum number of fragments taken in one poll.
const FRAGMENT_LIMIT: usize = 64;
/// Pause between the first two attempts to subscribe, and the longest pause; each is twice as long as the one before.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Stream of the archive's answers. It needs no configuration, as the port is this client's own.
const ARCHIVE_RESPONSE_STREAM: i32 = 20;

/// Settings of a subscription of the map.
#[derive(Debug, Clone)]
pub struct MapContext {
    /// Directory of the client's media driver.
    pub aeron_dir: PathBuf,
    /// The coordinator.
    pub coordinator: CoordinatorSpec,
    /// Stream of requests to the coordinator's archive.
    pub archive_control_stream: i32,
    /// Address of this host, to which the coordinator sends.
    pub host: String,
    /// The deployment whose maps are taken; `None` for the deployment whose map comes first.
    pub deployment: Option<DeploymentId>,
    /// Time within which the media driver and the archive must answer.
    pub timeout: Duration,
}

impl MapContext {
    /// The settings of a client of this deployment with a media driver in `aeron_dir`.
    pub fn new(deployment: &Deployment, aeron_dir: PathBuf) -> Self {
        Self {
            aeron_dir,
            coordinator: deployment.coordinator_spec(),
            archive_control_stream: deployment.streams.archive_control,
            host: deployment.egress_host(),
            deployment: None,
            timeout: deployment.client.message_timeout,
        }
    }
}

/// State of a subscription's connection to the coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// The coordinator cannot be reached; the last map stays in use.
    Away,
    /// The coordinator's recording is being replayed.
    Replaying,
    /// New maps arrive as they are published.
    Live,
}

/// The coordinator's map, from its recording and then live. Drop it before the media driver ends.
pub struct RecordedMap {
    context: MapContext,
    feed: MapFeed,
    /// Records that have arrived but are not decoded yet.
    records: Vec<Vec<u8>>,
    phase: Phase,
    backoff: Duration,
}

enum Phase {
    Absent { retry_at: Instant },
    Subscribed(Box<Subscribed>),
}

/// The fields are in the order in which they must be dropped: the client last.
struct Subscribed {
    map: AeronArchivePersistentSubscription,
    /// Shows the sessions of the live stream; its messages are ignored.
    sessions: AeronSubscription,
    /// The first session of the live stream that was seen.
    session: Option<i32>,
    client: AeronClient,
}

impl RecordedMap {
    /// A subscription that connects when it is polled.
    pub fn new(context: MapContext) -> Self {
        let feed = MapFeed::new(context.deployment);
        let phase = Phase::Absent { retry_at: Instant::now() };
        Self { context, feed, records: Vec::new(), phase, backoff: BACKOFF.0 }
    }

    /// The newest map so far, whether the coordinator is there or not.
    pub fn newest(&self) -> Option<&Arc<PartitionMap>> {
        self.feed.newest()
    }

    /// State of the connection to the coordinator.
    pub fn connection(&self) -> Connection {
        match &self.phase {
            Phase::Subscribed(subscribed) if subscribed.map.is_live() => Connection::Live,
            Phase::Subscribed(subscribed) if subscribed.map.is_replaying() => Connection::Replaying,
            _ => Connection::Away,
        }
    }

    /// Decodes the records that have arrived. Returns the newest map among them, or else the first error.
    fn take(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError> {
        let (mut newest, mut error) = (None, None);
        for record in self.records.drain(..) {
            match self.feed.on_record(&record) {
                Ok(Some(map)) => newest = Some(map),
                Ok(None) => {}
                Err(fault) => error = error.or(Some(fault)),
            }
        }
        match (newest, error) {
            // A newer map is whole, so an invalid record before it does not matter.
            (Some(map), _) => Ok(Some(map)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    fn retry_later(&mut self, error: AeronError) -> MapError {
        self.phase = Phase::Absent { retry_at: Instant::now() + self.backoff };
        self.backoff = (2 * self.backoff).min(BACKOFF.1);
        MapError::Connection(error.to_string())
    }
}

impl MapSubscription for RecordedMap {
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError> {
        let polled = match &mut self.phase {
            Phase::Absent { retry_at } if Instant::now() < *retry_at => return Ok(None),
            Phase::Absent { .. } => match Subscribed::new(&self.context) {
                Ok(subscribed) => {
                    self.phase = Phase::Subscribed(Box::new(subscribed));
                    return Ok(None);
                }
                Err(error) => Err(error),
            },
            Phase::Subscribed(subscribed) => subscribed.poll(&mut self.records),
        };
        match polled {
            Ok(LiveStream::Same) => {}
            Ok(LiveStream::NewSession) => self.phase = Phase::Absent { retry_at: Instant::now() },
            Err(error) => return Err(self.retry_later(error)),
        }
        if self.records.is_empty() {
            return Ok(None);
        }
        self.backoff = BACKOFF.0;
        self.take()
    }
}

/// State of the live stream, as a poll has found it.
enum LiveStream {
    /// The session is the same as before.
    Same,
    /// There is a new session, as the coordinator was started again. The subscription must be replaced.
    NewSession,
}

impl Subscribed {
    fn new(context: &MapContext) -> Result<Self, AeronError> {
        let spec = &context.coordinator;
        let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, "partition-map", context.timeout))?;
        let host = &context.host;
        let own_port = format!("aeron:udp?endpoint={}", Endpoint { host: host.clone(), port: 0 });
        let archive = client.archive_context(&ArchiveChannels {
            control_request_channel: &spec.archive_control_channel(),
            control_request_stream_id: context.archive_control_stream,
            control_response_channel: &own_port,
            control_response_stream_id: ARCHIVE_RESPONSE_STREAM,
            message_timeout: context.timeout,
            // Everybody may read the map.
            credentials: None,
        })?;
        let live = spec.map_subscription_channel(host);
        let sessions = client.add_subscription(&live, spec.coordinator.map_stream)?;
        let build = || -> Result<AeronArchivePersistentSubscription, AeronCError> {
            PersistentSubscriptionBuilder::new_with_aeron(&archive, client.aeron())?
                .recording_id(MAP_RECORDING)?
                .start_position(PERSISTENT_SUBSCRIPTION_FROM_START)?
                .live_channel(&live)?
                .live_stream_id(spec.coordinator.map_stream)?
                .replay_channel(&own_port)?
                .replay_stream_id(spec.coordinator.replay_stream)?
                .build()
        };
        let map = build().map_err(failed("subscribe to the partition map"))?;
        Ok(Self { map, sessions, session: None, client })
    }

    fn poll(&mut self, records: &mut Vec<Vec<u8>>) -> Result<LiveStream, AeronError> {
        self.client.do_work()?;
        self.map
            .poll_fn(|record, _| records.push(record.to_vec()), FRAGMENT_LIMIT)
            .map_err(failed("read the partition map"))?;
        if self.map.has_failed() {
            let reason = self.map.get_failure_reason().map_or_else(String::new, |(_, reason)| reason);
            return Err(AeronError::new("follow the partition map", &reason));
        }
        // Messages must be read although they are not needed: an image that is not read would slow down the publication.
        self.sessions.poll_fn(|_, _| {}, FRAGMENT_LIMIT).map_err(failed("follow the partition map's sessions"))?;
        Ok(self.check_sessions())
    }

    fn check_sessions(&mut self) -> LiveStream {
        let mut newest = None;
        let count = self.sessions.image_count().unwrap_or(0);
        for at in 0..usize::try_from(count).unwrap_or(0) {
            if let Some(image) = self.sessions.image_at_index(at) {
                newest = image.get_constants().map(|constants| constants.session_id()).ok().or(newest);
            }
        }
        match (self.session, newest) {
            (Some(followed), Some(newest)) if followed != newest => LiveStream::NewSession,
            (None, Some(newest)) => {
                self.session = Some(newest);
                LiveStream::Same
            }
            _ => LiveStream::Same,
        }
    }
}

//! A service that is fed a recorded log without a cluster, as its container would feed it.

use aeron_support::{BEGIN_FRAGMENT_FLAG, Fragment, FragmentAssembler};

use crate::agent_io::{AgentIo, Flow, SnapshotReplay};
use crate::cluster::Cluster;
use crate::clustered_service::{ClusteredService, Header};
use crate::context::ClientOfPrincipal;
use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::log_adapter::{self, LogEvent};
use crate::log_consumer::{LogConsumer, SnapshotRequest};
use crate::offline_io::OfflineIo;
use crate::service_cluster::ServiceCluster;
use crate::service_error::ServiceError;
use crate::service_state;
use crate::snapshot_loader::SnapshotLoader;
use crate::snapshot_taker::SnapshotTaker;

/// Greatest number of fragments that one poll of a snapshot reads.
const POLL_LIMIT: usize = 16;
/// Any service id will do: nobody hears what the service sends.
const SERVICE_ID: i32 = 0;

/// A recording, fragment by fragment.
pub trait FragmentSource {
    /// The next fragment; `None` at the end of the recording.
    ///
    /// # Errors
    /// The recording can't be read.
    fn next_fragment(&mut self) -> Result<Option<Fragment<'_>>, ServiceError>;
}

/// Where the state of a service stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// Position in the log, in bytes.
    pub position: i64,
    /// Leadership term; -1 before the first.
    pub leadership_term_id: i64,
    /// Cluster time.
    pub timestamp: i64,
}

/// What a fragment of the log was to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// An event, a part of a message, or nothing that concerns a service.
    Event,
    /// The request for a snapshot: [`LogReplay::take_snapshot`] has the state of this place in the log.
    SnapshotRequest {
        /// Position of the log after the request, in bytes.
        log_position: i64,
        /// Leadership term of the request.
        leadership_term_id: i64,
    },
}

/// A service that applies a recorded log, and the cluster that it sees: it is a follower, whose messages go nowhere.
///
/// It uses the same code as [`ClusteredServiceContainer`](crate::ClusteredServiceContainer) does for sessions, events and
/// snapshots, so that equal logs lead to equal states.
pub struct LogReplay<S> {
    service: S,
    cluster: ServiceCluster<OfflineIo>,
    assembler: FragmentAssembler,
    app_version: i32,
}

impl<S: ClusteredService> LogReplay<S> {
    /// Starts a service without state, at the beginning of a log.
    ///
    /// # Errors
    /// The service's.
    pub fn start(service: S, app_version: i32) -> Result<Self, ServiceError> {
        let mut replay =
            Self::new(service, app_version, LogPlace { position: 0, leadership_term_id: -1, timestamp: 0 });
        service_state::start(&mut replay.service, &mut replay.cluster, None)?;
        Ok(replay)
    }

    /// Starts a service from a recorded snapshot, which has the state of `place`.
    ///
    /// # Errors
    /// The snapshot can't be read, is damaged, or is of another major version; the service's error.
    pub fn start_from_snapshot(
        service: S,
        app_version: i32,
        place: LogPlace,
        snapshot: &mut dyn FragmentSource,
    ) -> Result<Self, ServiceError> {
        let mut replay = Self::new(service, app_version, place);
        let loader = SnapshotLoader::new(Recorded { source: snapshot, has_ended: false }, i64::MAX);
        service_state::start_from_snapshot(&mut replay.service, &mut replay.cluster, loader, app_version)?;
        Ok(replay)
    }

    fn new(service: S, app_version: i32, place: LogPlace) -> Self {
        let counter = ServiceCounter::detached();
        let everybody: ClientOfPrincipal = |principal| principal;
        let mut cluster = ServiceCluster::new(OfflineIo::default(), SERVICE_ID, false, 0, everybody, counter);
        cluster.view.log_position = place.position;
        cluster.view.time = place.timestamp;
        cluster.set_leadership_term_id(place.leadership_term_id);
        Self { service, cluster, assembler: FragmentAssembler::new(1), app_version }
    }

    /// Applies the next fragment of the log.
    ///
    /// # Errors
    /// What would end a container: the application's version, a session that is opened twice, or a service that sends where
    /// it must not.
    #[inline]
    pub fn apply(&mut self, fragment: &Fragment<'_>) -> Result<Applied, ContainerError> {
        let Some(message) = self.assembler.assemble(fragment) else { return Ok(Applied::Event) };
        let mut snapshot_request = None;
        let mut consumer = LogConsumer {
            service: &mut self.service,
            cluster: &mut self.cluster,
            app_version: self.app_version,
            takes_standby_snapshots: false,
            snapshot_request: &mut snapshot_request,
        };
        if consumer.on_message(message, Header::new(fragment.position)) == Flow::Break {
            self.cluster.liveness.take_fatal()?;
        }
        Ok(match snapshot_request {
            Some(SnapshotRequest { log_position, leadership_term_id }) => {
                Applied::SnapshotRequest { log_position, leadership_term_id }
            }
            None => Applied::Event,
        })
    }

    /// The messages of the snapshot that a member would record now: marks, sessions, and those of the service.
    ///
    /// # Errors
    /// The service's.
    pub fn take_snapshot(&mut self, leadership_term_id: i64) -> Result<Vec<Vec<u8>>, ServiceError> {
        let request = SnapshotRequest { log_position: self.cluster.view.log_position, leadership_term_id };
        let ServiceCluster { liveness, view, .. } = &mut self.cluster;
        let failed = |error: crate::agent_io::SnapshotError| ServiceError::message(error.to_string());
        let mut recording = liveness.io.record_snapshot().map_err(failed)?;
        let mut taker = SnapshotTaker::new(liveness, &mut recording, 0);
        service_state::write(&mut self.service, view, &mut taker, &request, self.app_version).map_err(failed)?;
        Ok(recording.0)
    }

    /// Where the state stands in the log: after the event that was applied last.
    pub fn place(&self) -> LogPlace {
        let view = &self.cluster.view;
        LogPlace { position: view.log_position, leadership_term_id: view.leadership_term_id, timestamp: view.time }
    }

    /// The service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// The service. Whoever changes its state changes what the log leads to.
    pub fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// The cluster that the service sees.
    pub fn cluster(&self) -> &dyn Cluster {
        &self.cluster
    }

    /// What a container would have written to its error log, at most the first sixteen: messages that can't be decoded, and
    /// the closing of sessions that are not open.
    pub fn errors(&self) -> &[String] {
        &self.cluster.liveness.io.errors
    }
}

/// Cluster time of the event that begins with a fragment; `None` if no event begins there, or one that only tells the
/// cluster's state: the unit of time is known after the first of these.
pub fn event_time(fragment: &Fragment<'_>) -> Option<i64> {
    if fragment.flags & BEGIN_FRAGMENT_FLAG == 0 {
        return None;
    }
    match log_adapter::decode(fragment.payload, fragment.position).ok()?? {
        LogEvent::SessionMessage { timestamp, .. }
        | LogEvent::Timer { timestamp, .. }
        | LogEvent::SessionClose { timestamp, .. }
        | LogEvent::Action { timestamp, .. } => Some(timestamp),
        LogEvent::SessionOpen(open) => Some(open.timestamp),
        LogEvent::NewLeadershipTerm(_) => None,
    }
}

/// A snapshot that is read from a source.
struct Recorded<'a> {
    source: &'a mut dyn FragmentSource,
    has_ended: bool,
}

impl SnapshotReplay for Recorded<'_> {
    fn poll(&mut self, handler: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError> {
        let mut polled = 0;
        while polled < POLL_LIMIT {
            let Some(fragment) = self.source.next_fragment()? else {
                self.has_ended = true;
                break;
            };
            polled += 1;
            if handler(&fragment) == Flow::Break {
                break;
            }
        }
        Ok(polled)
    }

    fn check_end(&mut self) -> Result<bool, ServiceError> {
        Ok(self.has_ended)
    }

    fn nano_time(&self) -> i64 {
        0
    }
}

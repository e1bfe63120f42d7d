//! The coordinator as a whole: its processes, its journal, and one duty cycle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, ArchiveCredentials, ClientSettings, failed};
use lugus_codecs::authenticated_request::RequestChallenge;
use lugus_codecs::partition_map::{MapMessageError, decode_map_request};
use lugus_media_driver::{CoordinatorProcesses, ProcessError};
use lugus_partition_map::{
    AcceptedRequest, MapAnswer, MapDigest, MapRefusal, MapRequest, MapRequestHeader, MigrationId, PartitionMap,
    digest_of_map, encode_map,
};
use lugus_topology::{Deployment, Key, MEMBERS_CREDENTIALS};
use rusteron_archive::AeronSubscription;

use crate::error::CoordinatorError;
use crate::first_map::{first_map, new_identity};
use crate::gauges::{CoordinatorGauge, CoordinatorGauges};
use crate::journal::{Journal, Place, RECORD_TIMEOUT};
use crate::recording_marker::RecordingMarker;
use crate::registry::apply;
use crate::request_door::{Admission, RequestDoor};
use crate::responder::Responder;

/// Number of requests read in one poll. The next request is read only after the last one is recorded and answered.
const REQUEST_LIMIT: usize = 1;
/// Time between two checks that the media driver and the archive still run.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);
/// Pause between two polls of the recorded position while the first map is recorded.
const POLL_INTERVAL: Duration = Duration::from_micros(200);
/// Pause after a duty cycle without work. It may be long, as maps change seldom and no order passes through the
/// coordinator.
const IDLE_PAUSE: Duration = Duration::from_micros(500);
/// Least time between two lines of the log about messages that are no requests, which anybody can send.
const IGNORED_INTERVAL: Duration = Duration::from_secs(10);
/// Time within which the driver and the archive must answer.
const AERON_TIMEOUT: Duration = Duration::from_secs(10);

/// A running coordinator.
///
/// When the value is dropped, or the process ends in any way, the coordinator's media driver and archive are killed. The
/// recorded maps stay.
pub struct Coordinator {
    // Fields that use the driver are dropped before it.
    responder: Responder,
    requests: AeronSubscription,
    door: RequestDoor,
    journal: Journal,
    client: AeronClient,
    map: Arc<PartitionMap>,
    digest: MapDigest,
    pending: Option<Pending>,
    checked_at: Instant,
    ignored: Ignored,
    gauges: CoordinatorGauges,
    processes: CoordinatorProcesses,
}

/// Messages that are no requests, since the last line of the log about them.
#[derive(Default)]
struct Ignored {
    count: u64,
    logged_at: Option<Instant>,
}

impl Ignored {
    fn log(&mut self, error: &MapMessageError) {
        self.count += 1;
        if self.logged_at.is_none_or(|at| at.elapsed() >= IGNORED_INTERVAL) {
            let count = std::mem::take(&mut self.count);
            self.logged_at = Some(Instant::now());
            tracing::warn!(count, %error, "ignored messages that are no requests: they have no readable header to answer to");
        }
    }
}

/// A map that is being recorded, and the request that led to it.
struct Pending {
    header: MapRequestHeader,
    map: PartitionMap,
    migration: Option<MigrationId>,
    record: Vec<u8>,
    /// Position of the stream after the map, once it is appended.
    position: Option<i64>,
    deadline: Instant,
}

impl Coordinator {
    /// Starts the media driver and the archive, replays the recording, and listens for requests. If nothing is recorded
    /// yet, the first map is made from `cluster.toml`, and recorded.
    ///
    /// # Errors
    /// [`CoordinatorError`]: another coordinator runs, or the recording is damaged or belongs to another deployment.
    pub fn start(deployment: &Deployment) -> Result<Self, CoordinatorError> {
        let processes = CoordinatorProcesses::start(deployment)?;
        let coordinator = processes.coordinator();
        let path = coordinator.gauges_file();
        let gauges = CoordinatorGauges::create(&path).map_err(|source| CoordinatorError::Gauges { path, source })?;
        let client = AeronClient::connect(ClientSettings::new(&coordinator.aeron_dir, "coordinator", AERON_TIMEOUT))?;
        let archive_local_control_stream = deployment.streams.archive_local_control;
        let key = deployment.members_key().map_err(ProcessError::from)?;
        let credentials =
            key.map(|key| ArchiveCredentials::new(MEMBERS_CREDENTIALS, move |challenge| key.answer(challenge)));
        let place = Place { client: &client, coordinator, archive_local_control_stream, credentials };
        let (mut journal, map) = Journal::open(&place)?;
        let marker = RecordingMarker::of(&coordinator.dir);
        let map = match (map, marker.read()?) {
            (Some(map), Some(expected)) if map.deployment != expected => {
                let archive_dir = coordinator.archive_dir.clone();
                return Err(CoordinatorError::OtherMap { archive_dir, found: map.deployment, expected });
            }
            (Some(map), _) => map,
            (None, Some(deployment)) => {
                let (archive_dir, dir) = (coordinator.archive_dir.clone(), coordinator.dir.clone());
                return Err(CoordinatorError::MapLost { deployment, archive_dir, dir });
            }
            (None, None) => {
                let map = first_map(deployment, new_identity()).map_err(CoordinatorError::FirstMap)?;
                check_length(&encode_map(&map), &journal).map_err(CoordinatorError::FirstMap)?;
                record_now(&client, &mut journal, &encode_map(&map))?;
                Arc::new(map)
            }
        };
        marker.write(map.deployment)?;
        let door = match deployment.operator_key().map_err(ProcessError::from)? {
            Some(operator) => RequestDoor::locked(operator, Key::random().map_err(CoordinatorError::Random)?),
            None => RequestDoor::open(),
        };
        let stream = coordinator.coordinator.request_stream;
        let requests = client.add_subscription(&coordinator.request_channel(), stream)?;
        let digest = digest_of_map(&map);
        gauges.map(&map);
        let (responder, checked_at) = (Responder::default(), Instant::now());
        Ok(Self {
            responder,
            requests,
            door,
            journal,
            client,
            map,
            digest,
            pending: None,
            checked_at,
            ignored: Ignored::default(),
            gauges,
            processes,
        })
    }

    /// The newest recorded map.
    pub fn map(&self) -> &Arc<PartitionMap> {
        &self.map
    }

    /// Digest of the newest recorded map.
    pub fn digest(&self) -> MapDigest {
        self.digest
    }

    /// One duty cycle, which does not block; returns 0 if there was nothing to do.
    ///
    /// # Errors
    /// [`CoordinatorError`]: the media driver or the archive has ended, or the archive does not record. The caller must
    /// then end the coordinator.
    pub fn do_work(&mut self) -> Result<usize, CoordinatorError> {
        let mut work = self.client.do_work()?;
        if self.checked_at.elapsed() >= CHECK_INTERVAL {
            self.checked_at = Instant::now();
            self.processes.check()?;
        }
        work += match self.pending.take() {
            Some(pending) => self.advance(pending)?,
            None => self.take_request()?,
        };
        Ok(work + self.responder.do_work())
    }

    /// Serves until `stop` is set, then stops the archive and after it the media driver.
    ///
    /// # Errors
    /// Those of [`do_work`](Self::do_work).
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), CoordinatorError> {
        while !stop.load(Ordering::Relaxed) {
            if self.do_work()? == 0 {
                std::thread::sleep(IDLE_PAUSE);
            }
        }
        self.stop();
        Ok(())
    }

    /// Stops the archive and after it the media driver.
    pub fn stop(self) {
        let Self { responder, requests, journal, client, processes, .. } = self;
        drop((responder, requests, journal));
        drop(client);
        processes.stop();
    }

    fn take_request(&mut self) -> Result<usize, CoordinatorError> {
        let mut message = None;
        let polled = self
            .requests
            .poll_fn(|bytes, _| message = Some(bytes.to_vec()), REQUEST_LIMIT)
            .map_err(failed("read requests"))?;
        if let Some(message) = message
            && let Err(error) = self.on_message(&message)
        {
            self.gauges.count(CoordinatorGauge::UnreadableMessages);
            self.ignored.log(&error);
        }
        Ok(usize::try_from(polled).unwrap_or(0))
    }

    fn on_message(&mut self, message: &[u8]) -> Result<(), MapMessageError> {
        match self.door.admit(message)? {
            Admission::Taken(request) => match decode_map_request(request)? {
                (header, Ok(request)) => self.on_request(header, &request),
                (header, Err(error)) => {
                    tracing::warn!(%error, "refused a request that cannot be decoded");
                    self.refuse(&header, MapRefusal::Malformed);
                }
            },
            Admission::Challenged { request, challenge, requester } => {
                let (header, _) = decode_map_request(request)?;
                self.gauges.count(CoordinatorGauge::ChallengedRequests);
                let challenge = RequestChallenge { correlation_id: header.correlation_id, challenge };
                self.responder.challenge(&self.client, &header, requester, &challenge);
            }
        }
        Ok(())
    }

    fn on_request(&mut self, header: MapRequestHeader, request: &MapRequest) {
        let applied = match apply(&self.map, request, header.expected_epoch) {
            Ok(applied) => applied,
            Err(refusal) => return self.refuse(&header, refusal),
        };
        let Some(map) = applied.map else { return self.accept(&header, applied.migration) };
        let record = encode_map(&map);
        if let Err(refusal) = check_length(&record, &self.journal) {
            return self.refuse(&header, refusal);
        }
        let deadline = Instant::now() + RECORD_TIMEOUT;
        let migration = applied.migration;
        self.pending = Some(Pending { header, map, migration, record, position: None, deadline });
    }

    /// Appends the pending map if it is not appended yet. Once the map is recorded, it becomes the newest map and the
    /// request is answered.
    fn advance(&mut self, mut pending: Pending) -> Result<usize, CoordinatorError> {
        if pending.position.is_none() {
            pending.position = self.journal.append(&pending.record)?;
        }
        if let Some(position) = pending.position
            && self.journal.is_recorded(position)?
        {
            let Pending { header, map, migration, .. } = pending;
            tracing::info!(epoch = %map.epoch, "recorded a new map");
            self.gauges.map(&map);
            (self.digest, self.map) = (digest_of_map(&map), Arc::new(map));
            self.accept(&header, migration);
            self.journal.compact(position);
            return Ok(1);
        }
        if Instant::now() >= pending.deadline {
            self.refuse(&pending.header, MapRefusal::NotRecorded);
            self.responder.do_work();
            return Err(CoordinatorError::NotRecorded { waited: RECORD_TIMEOUT });
        }
        self.pending = Some(pending);
        Ok(0)
    }

    fn accept(&mut self, header: &MapRequestHeader, migration: Option<MigrationId>) {
        self.gauges.count(CoordinatorGauge::AcceptedRequests);
        let accepted = AcceptedRequest { epoch: self.map.epoch, digest: self.digest, migration };
        self.answer(header, Ok(accepted));
    }

    fn refuse(&mut self, header: &MapRequestHeader, refusal: MapRefusal) {
        self.gauges.count(CoordinatorGauge::RefusedRequests);
        tracing::info!(%refusal, "refused a request");
        self.answer(header, Err(refusal));
    }

    fn answer(&mut self, header: &MapRequestHeader, outcome: Result<AcceptedRequest, MapRefusal>) {
        let answer = MapAnswer { correlation_id: header.correlation_id, deployment: self.map.deployment, outcome };
        self.responder.answer(&self.client, header, &answer);
    }
}

fn check_length(record: &[u8], journal: &Journal) -> Result<(), MapRefusal> {
    let (length, maximum) = (record.len() as u64, journal.maximum_length() as u64);
    if length <= maximum { Ok(()) } else { Err(MapRefusal::MapTooLong { length, maximum }) }
}

/// Appends a record and waits until it is recorded.
fn record_now(client: &AeronClient, journal: &mut Journal, record: &[u8]) -> Result<(), CoordinatorError> {
    let started = Instant::now();
    let mut position = None;
    while started.elapsed() < RECORD_TIMEOUT {
        client.do_work()?;
        position = match position {
            None => journal.append(record)?,
            Some(position) if journal.is_recorded(position)? => return Ok(()),
            waiting => waiting,
        };
        std::thread::sleep(POLL_INTERVAL);
    }
    Err(CoordinatorError::NotRecorded { waited: RECORD_TIMEOUT })
}

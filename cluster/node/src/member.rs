//! A whole member: its media driver, its archive and consensus module, and the service container with the engine. They are
//! started together, and if one of them ends, the others are stopped.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use aeron_cluster_service::{
    ArchiveCredentials, ClusteredServiceContainer, ContainerError, Context, IdleStrategy, Termination,
};
use lugus_engine::EngineLimits;
use lugus_media_driver::{DAMAGED_EXIT_CODE, MemberProcesses, NO_SPACE_EXIT_CODE, ProcessError};
use lugus_stages::{StageSource, StageWriter};
use lugus_topology::{
    AuthenticationMode, ClusterSpec, Deployment, Key, MEMBERS_CREDENTIALS, MemberId, MemberSpec, Profile,
};
use lugus_vocabulary::StateAt;
use thiserror::Error;

use crate::gauges::MemberGauges;
use crate::market_data::snapshot_loop;
use crate::market_data::{
    Audience, CatchUp, FollowerFeed, MarketDataError, MarketDataWriter, PublicationContext, PublishedRings,
    PublishingThread, ReplayContext, ReplayThread, SnapshotLoop,
};
use crate::market_data::{IndexWriter, recorded_index};
use crate::protocol_version::{ServiceEnd, UnknownProtocolVersion};
use crate::service::{DropCopyPolicy, MatchingService};
use crate::sessions::client_of_principal;
use crate::snapshot;
use crate::stages::StageRecorder;
use crate::watch::thread::RING_CAPACITY;
use crate::watch::{Contradicted, FenceError, StateSampler, WatchContext, WatchError, fence, fencing};

/// Id of a member's clustered service, of which it has one.
pub const SERVICE_ID: i32 = 0;

/// Interval at which the processes are checked. When a process has died, the member must end before its cluster waits
/// for it.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// How long the container may take to end once a process has died. It may be waiting for that very process.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// Exit code of a process whose member had started, and had to end. It is `EX_SOFTWARE` of `sysexits.h`. A member that could not
/// start ends with the usual code of a failure, 1.
pub const FAILED_EXIT_CODE: u8 = 70;

/// Exit code of a process whose program is too old for the state of its cluster, or too new: each start would find the same until
/// another version is installed. It is `EX_CONFIG` of `sysexits.h`.
pub const OTHER_VERSION_EXIT_CODE: u8 = 78;

/// Exit code of a process whose member should start again at once, because nothing is wrong with it. It is `EX_TEMPFAIL` of
/// `sysexits.h`.
pub const RESTART_EXIT_CODE: u8 = 75;

/// Why a member could not start, or had to end.
#[derive(Debug, Error)]
pub enum MemberError {
    /// A process could not be started, or has died.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The service container could not start, or had to end.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The market-data stream could not be opened, or has failed.
    #[error(transparent)]
    MarketData(#[from] MarketDataError),
    /// The file of the commands' stamps can't be made.
    #[error("{}: can't make the file of [stages]: {source}", path.display())]
    Stages {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The file of what the member counts could not be made.
    #[error("{}: can't make the file of what the member counts: {source}", path.display())]
    Gauges {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The member can't tell its status, or hear the others.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A majority of the members has another state.
    #[error(transparent)]
    Contradicted(#[from] Contradicted),
    /// The member has fenced itself before.
    #[error(transparent)]
    Fenced(#[from] FenceError),
    /// The cluster uses a later version of order entry than this program knows.
    #[error(transparent)]
    UnknownVersion(#[from] UnknownProtocolVersion),
}

impl MemberError {
    /// Whether what the member has recorded is damaged, or a majority of the members has another state: it must not be started
    /// again before it is repaired.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Process(error) => error.is_damage(),
            Self::Contradicted(_) | Self::Fenced(FenceError::Fenced { .. }) => true,
            Self::Fenced(FenceError::Read { .. })
            | Self::Container(_)
            | Self::MarketData(_)
            | Self::Stages { .. }
            | Self::Gauges { .. }
            | Self::UnknownVersion(_)
            | Self::Watch(_) => false,
        }
    }

    /// Whether a disk has too little space: the member may be started again, and starts when there is more.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::Process(error) if error.is_no_space())
    }

    /// Whether this program is too old for the state of its cluster, or too new.
    pub fn is_of_other_version(&self) -> bool {
        match self {
            Self::UnknownVersion(_) => true,
            Self::Container(ContainerError::Start { error, .. }) => snapshot::is_of_other_version(error),
            _ => false,
        }
    }

    /// Exit code of the process of a member that had started and then ended with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            // The service only lost its place in the log.
            Self::Container(error) if error.wants_restart() => RESTART_EXIT_CODE,
            error if error.is_damage() => DAMAGED_EXIT_CODE,
            error if error.is_no_space() => NO_SPACE_EXIT_CODE,
            error if error.is_of_other_version() => OTHER_VERSION_EXIT_CODE,
            _ => FAILED_EXIT_CODE,
        }
    }
}

/// A member that has started. Drop kills its processes.
pub struct Member {
    container: ClusteredServiceContainer<MatchingService>,
    market_data: Option<(PublicationContext, PublishedRings)>,
    replays: Option<ReplayThread>,
    watch: (WatchContext, lugus_ring::Reader<StateAt>),
    service_end: ServiceEnd,
    processes: MemberProcesses,
}

impl Member {
    /// Starts the processes of member `member` of a cluster, and its service container. Adds `nice` of the deployment to the nice
    /// value of the calling thread, from which all threads and processes of the member inherit it.
    ///
    /// # Errors
    /// [`MemberError`], after all that was started has ended. A member that has fenced itself does not start.
    pub fn start(cluster: &ClusterSpec, member: MemberId) -> Result<Self, MemberError> {
        if let Some(spec) = cluster.member(member) {
            fence::check(spec)?;
        }
        let deployment = cluster.deployment();
        let members_key = deployment.members_key().map_err(ProcessError::from)?;
        add_nice(deployment.nice);
        let processes = MemberProcesses::start(cluster, member)?;
        let (state_writer, state_reader) = lugus_ring::ring(RING_CAPACITY);
        let gauges = member_gauges(processes.member())?;
        let of_market_data = gauges.of_market_data();
        let mut service =
            empty_service(deployment).with_state_sampler(StateSampler::new(state_writer)).with_gauges(gauges);
        if let Some(recorder) = stage_recorder(cluster, processes.member())? {
            service = service.with_stages(recorder);
        }
        let (mut market_data, mut replays) = (None, None);
        if deployment.market_data.enabled {
            let context = publication_context(cluster, processes.member());
            let (writer, increments) = lugus_ring::ring(deployment.market_data.ring_capacity as usize);
            let audience = Audience::new(false);
            let writer = MarketDataWriter::new(writer, audience.clone());
            service = service.with_market_data(writer.with_follower_feed(context.follower_feed, CatchUp::default()));
            let gauges = of_market_data;
            let mut rings = PublishedRings { increments, audience, snapshots: None, index: None, gauges };
            if let Some(context) = replay_context(cluster, processes.member(), members_key.clone()) {
                let (writer, entries) = lugus_ring::ring(recorded_index::RING_CAPACITY);
                rings.index = Some(IndexWriter::new(writer));
                replays = Some(ReplayThread::new(context, entries, rings.gauges.clone()));
            }
            if deployment.market_data.snapshots {
                let (writer, reader) = lugus_ring::ring(snapshot_loop::RING_CAPACITY);
                let audience = Audience::new(false);
                let rate = deployment.market_data.snapshot_rate.as_bytes();
                service = service.with_snapshot_loop(SnapshotLoop::new(writer, audience.clone(), rate));
                rings.snapshots = Some((reader, audience));
            }
            market_data = Some((context, rings));
        }
        let mut context = container_context(cluster, processes.member());
        let watch = WatchContext::new(cluster, processes.member(), members_key.clone());
        if let Some(key) = members_key {
            context = context.archive_credentials(archive_credentials(key));
        }
        let service_end = service.end().clone();
        let container = ClusteredServiceContainer::launch(context, service)?;
        if let Some(warning) = deployment.archive.durability_warning() {
            tracing::warn!("{warning}");
        }
        Ok(Self { container, market_data, replays, watch: (watch, state_reader), service_end, processes })
    }

    /// Runs until the cluster is shut down or `stop` is set.
    ///
    /// # Errors
    /// [`MemberError`], after all of the member has ended. A part that dies ends the member; if the container is stuck then,
    /// the process itself ends, with [`FAILED_EXIT_CODE`].
    pub fn run(self, stop: &AtomicBool) -> Result<Termination, MemberError> {
        let Self { mut container, market_data, replays, watch: (watch_context, state_reader), service_end, processes } =
            self;
        let spec = processes.member().clone();
        let cores = processes.member().cores.clone();
        let (ended, has_ended) = mpsc::channel();
        let service_has_ended = AtomicBool::new(false);
        let (result, watch, published, watched) = thread::scope(|scope| {
            let service_has_ended = &service_has_ended;
            let publisher = market_data.map(|(context, rings)| {
                let core = cores.as_ref().and_then(|cores| cores.market_data);
                scope.spawn(move || publish(&context, rings, core, service_has_ended, stop))
            });
            let replayer = replays.map(|mut replays| {
                scope.spawn(move || {
                    name_thread(c"replays");
                    replays.run(service_has_ended);
                })
            });
            let spec = &spec;
            let watcher =
                scope.spawn(move || compare_states(&watch_context, spec, state_reader, service_has_ended, stop));
            let watch = scope.spawn(move || watch(processes, &service_end, stop, &has_ended));
            if let Some(cores) = &cores {
                pin(cores.service);
            }
            let result = container.run(stop);
            service_has_ended.store(true, Ordering::Release);
            // These end before their media driver does.
            let published = publisher.map(thread::ScopedJoinHandle::join);
            let watched = watcher.join();
            if let Some(Err(panic)) = replayer.map(thread::ScopedJoinHandle::join) {
                std::panic::resume_unwind(panic);
            }
            drop(ended);
            (result, watch.join(), published, watched)
        });
        let watched = watched.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if let Err(error @ MemberError::Contradicted(_)) = watched {
            return Err(error);
        }
        let outcome = match watch.unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
            // The container may have failed because of it.
            Err(error) if error.is_damage() || error.is_no_space() || error.is_of_other_version() => return Err(error),
            outcome => outcome,
        };
        let published = published.transpose().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match result? {
            // The consensus module ends by itself then, perhaps before it is checked.
            Termination::Cluster => Ok(Termination::Cluster),
            Termination::Stopped => {
                outcome?;
                published.transpose()?;
                watched?;
                Ok(Termination::Stopped)
            }
        }
    }
}

/// Without the system's permission the member runs as it was started: it is more easily held up, and nothing else.
fn add_nice(increment: i32) {
    if increment != 0
        && let Err(error) = rustix::process::nice(increment)
    {
        tracing::info!(increment, %error, "the nice value stays as it is, because the system allows no other");
    }
}

/// Compares the member's state with the others' until the service has ended. A member that a majority contradicts is fenced, and
/// ends, and this process with it if the container is stuck; a member that can no longer compare ends, too.
fn compare_states(
    context: &WatchContext,
    member: &MemberSpec,
    reader: lugus_ring::Reader<StateAt>,
    service_has_ended: &AtomicBool,
    stop: &AtomicBool,
) -> Result<(), MemberError> {
    name_thread(c"states");
    let contradicted = match fencing::watch(context, member, reader, service_has_ended) {
        Ok(None) => return Ok(()),
        Ok(Some(contradicted)) => contradicted,
        Err(error) => {
            stop.store(true, Ordering::Release);
            return Err(error.into());
        }
    };
    stop.store(true, Ordering::Release);
    let deadline = Instant::now() + END_TIMEOUT;
    while !service_has_ended.load(Ordering::Acquire) {
        if Instant::now() >= deadline {
            tracing::error!(%contradicted, "the member ends, because its service container did not end in time");
            std::process::exit(i32::from(DAMAGED_EXIT_CODE));
        }
        thread::sleep(CHECK_INTERVAL);
    }
    Err(contradicted.into())
}

/// Publishes market data until the service has ended. If the stream ends before that, the member ends, too.
fn publish(
    context: &PublicationContext,
    rings: PublishedRings,
    core: Option<u16>,
    service_has_ended: &AtomicBool,
    stop: &AtomicBool,
) -> Result<(), MarketDataError> {
    name_thread(c"market data");
    if let Some(core) = core {
        pin(core);
    }
    let published = PublishingThread::open(context, rings).and_then(|mut publishing| publishing.run(service_has_ended));
    published.inspect_err(|_| stop.store(true, Ordering::Release))
}

/// Checks the processes and the service until the container has ended, and then ends the processes in order.
fn watch(
    mut processes: MemberProcesses,
    service_end: &ServiceEnd,
    stop: &AtomicBool,
    has_ended: &mpsc::Receiver<std::convert::Infallible>,
) -> Result<(), MemberError> {
    name_thread(c"processes");
    while has_ended.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        if let Err(error) = processes.check() {
            return abandon(error.into(), stop, has_ended);
        }
        if let Some(unknown) = service_end.reason() {
            let ended = abandon(unknown.into(), stop, has_ended);
            processes.stop();
            return ended;
        }
    }
    processes.stop();
    Ok(())
}

/// Ends the container after one of the processes has died or the service has ended, and this process with it if the container is
/// stuck.
fn abandon(
    error: MemberError,
    stop: &AtomicBool,
    has_ended: &mpsc::Receiver<std::convert::Infallible>,
) -> Result<(), MemberError> {
    stop.store(true, Ordering::Release);
    let deadline = Instant::now() + END_TIMEOUT;
    while Instant::now() < deadline {
        if has_ended.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            return Err(error);
        }
    }
    tracing::error!(%error, "the member ends, because its service container did not end in time");
    std::process::exit(i32::from(error.exit_code()));
}

/// Names the calling thread, so that tools tell the member's threads apart. The service's thread has the program's name.
fn name_thread(name: &std::ffi::CStr) {
    if let Err(error) = rustix::thread::set_name(name) {
        tracing::debug!(?name, %error, "a thread has the program's name");
    }
}

fn pin(core: u16) {
    if !core_affinity::set_for_current(core_affinity::CoreId { id: usize::from(core) }) {
        tracing::warn!(core, "the service container's thread could not be pinned to its core");
    }
}

/// The engine's limits in this deployment.
pub fn engine_limits(deployment: &Deployment) -> EngineLimits {
    let engine = &deployment.engine;
    EngineLimits {
        instruments: engine.maximum_instruments as usize,
        participants: engine.maximum_participants as usize,
        orders: engine.maximum_open_orders as usize,
        retained_events: engine.retained_events as usize,
        retained_firm_events: engine.retained_firm_events as usize,
        retained_trades: engine.retained_trades as usize,
        ..EngineLimits::default()
    }
}

/// A service as each member of this deployment begins with it.
pub(crate) fn empty_service(deployment: &Deployment) -> MatchingService {
    MatchingService::new(engine_limits(deployment), drop_copy_policy(deployment))
}

/// What counts beside Aeron's counters.
fn member_gauges(member: &MemberSpec) -> Result<MemberGauges, MemberError> {
    let path = member.gauges_file();
    MemberGauges::create(&path).map_err(|source| MemberError::Gauges { path, source })
}

/// What stamps the commands, if the deployment asks for it.
fn stage_recorder(cluster: &ClusterSpec, member: &MemberSpec) -> Result<Option<StageRecorder>, MemberError> {
    let stages = &cluster.deployment().stages;
    if stages.every == 0 {
        return Ok(None);
    }
    let (path, source) =
        (member.stages_file(), StageSource { cluster: cluster.id, member: member.id, every: stages.every });
    match StageWriter::create(&path, source, stages.capacity) {
        Ok(writer) => Ok(Some(StageRecorder::new(writer))),
        Err(source) => Err(MemberError::Stages { path, source }),
    }
}

fn drop_copy_policy(deployment: &Deployment) -> DropCopyPolicy {
    match deployment.authentication.mode {
        AuthenticationMode::Open => DropCopyPolicy::Everybody,
        AuthenticationMode::Keys => DropCopyPolicy::Operator,
    }
}

fn publication_context(cluster: &ClusterSpec, member: &MemberSpec) -> PublicationContext {
    let deployment = cluster.deployment();
    let has_core = member.cores.as_ref().is_some_and(|cores| cores.market_data.is_some());
    let profile = match deployment.profile {
        Profile::Pinned if !has_core => Profile::Shared,
        profile => profile,
    };
    PublicationContext {
        aeron_dir: member.aeron_dir.clone(),
        channels: vec![cluster.market_data_channel(member), cluster.market_data_ipc_channel()],
        stream_id: deployment.streams.market_data,
        snapshot_channels: cluster
            .snapshot_loop_channel(member)
            .map_or_else(Vec::new, |channel| vec![channel, cluster.market_data_ipc_channel()]),
        snapshot_stream_id: deployment.streams.market_data_snapshots,
        recording: cluster
            .market_data_recording_channel(member)
            .map(|channel| (channel, deployment.streams.market_data_recording)),
        follower_feed: match &deployment.market_data {
            market_data if market_data.followers => FollowerFeed::On,
            market_data if market_data.is_recorded() => FollowerFeed::Recorded,
            _ => FollowerFeed::Off,
        },
        member_id: lugus_vocabulary::MemberId(member.id.0),
        instruments: deployment.engine.maximum_instruments as usize,
        idle_strategy: profile.idle_strategy(),
    }
}

/// What the member records of its market data, if it does.
fn replay_context(cluster: &ClusterSpec, member: &MemberSpec, members_key: Option<Key>) -> Option<ReplayContext> {
    let (deployment, streams) = (cluster.deployment(), &cluster.deployment().streams);
    Some(ReplayContext {
        request_channel: cluster.replay_request_channel(member)?,
        aeron_dir: member.aeron_dir.clone(),
        archive_control_channel: cluster.archive_local_control_channel(),
        archive_control_stream_id: streams.archive_local_control,
        // As a second service of the cluster would have it.
        archive_response_stream_id: streams.archive_response(cluster.id, SERVICE_ID + 1),
        credentials: members_key.map(archive_credentials),
        recorded_channel: cluster.market_data_recording_channel(member)?,
        recorded_stream_id: streams.market_data_recording,
        recorded_length: i64::try_from(deployment.market_data.recorded_length.as_bytes()).unwrap_or(i64::MAX),
        request_stream_id: streams.market_data_requests,
        replay_stream_id: streams.market_data_replay,
    })
}

fn archive_credentials(members_key: Key) -> ArchiveCredentials {
    ArchiveCredentials::new(MEMBERS_CREDENTIALS, move |challenge| members_key.answer(challenge))
}

/// Settings of a member's service container. The credentials for its archive are added by a deployment with keys.
pub fn container_context(cluster: &ClusterSpec, member: &MemberSpec) -> Context {
    let deployment = cluster.deployment();
    let streams = &deployment.streams;
    Context::new(&member.aeron_dir, &member.cluster_dir)
        .cluster_id(cluster.id.0)
        .service_id(SERVICE_ID)
        .service_name(format!("lugus {} member {}", cluster.name, member.id))
        .control_channel(cluster.control_channel())
        .service_stream_id(streams.service)
        .consensus_module_stream_id(streams.consensus_module)
        .snapshot_channel(cluster.snapshot_channel())
        .snapshot_stream_id(streams.snapshot)
        .replay_channel(cluster.replay_channel())
        .replay_stream_id(streams.replay)
        .archive_control_channel(cluster.archive_local_control_channel())
        .archive_control_stream_id(streams.archive_local_control)
        .archive_response_stream_id(streams.archive_response(cluster.id, SERVICE_ID))
        .idle_strategy(container_idle_strategy(deployment.profile))
        .timed_messages(deployment.stages.every)
        .client_of_principal(client_of_principal)
}

/// What the thread of a service container does with this profile while it has nothing to do.
pub fn container_idle_strategy(profile: Profile) -> IdleStrategy {
    match profile.idle_strategy() {
        lugus_topology::IdleStrategy::BackOff { spins, yields, minimum_park, maximum_park, quiet_park } => {
            IdleStrategy::Backoff {
                max_spins: spins,
                max_yields: yields,
                min_park: minimum_park,
                max_park: maximum_park,
                quiet_park: Some(quiet_park),
            }
        }
        lugus_topology::IdleStrategy::Yield => IdleStrategy::Yielding,
        lugus_topology::IdleStrategy::BusySpin => IdleStrategy::BusySpin,
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{LogPosition, StateHash};

    use super::*;
    use crate::watch::Contradiction;

    #[test]
    fn only_a_member_whose_service_lost_its_place_in_the_log_asks_to_be_started_again() {
        let closed = ContainerError::LogClosedUnread { log_position: 64, next_log_position: 128 };
        let missing = ContainerError::LogImageTimeout { log_session_id: 1, log_position: 64, waited_ms: 1 };
        assert_eq!([closed, missing].map(|error| MemberError::from(error).exit_code()), [RESTART_EXIT_CODE; 2]);
        let gone = MemberError::from(ContainerError::ConsensusModuleGone);
        let unknown = MemberError::from(ProcessError::NoSuchMember {
            cluster: lugus_topology::ClusterId(0),
            member: MemberId(7),
        });
        assert_eq!([gone, unknown].map(|error| error.exit_code()), [FAILED_EXIT_CODE; 2]);
    }

    #[test]
    fn a_member_that_a_majority_contradicts_must_not_be_started_again() {
        let deployment = Deployment::default_local(3, 20_100);
        let cluster = deployment.cluster(lugus_topology::ClusterId(0)).unwrap();
        let contradiction =
            Contradiction { position: LogPosition(64), own: StateHash(1), majority: StateHash(2), last_agreed: None };
        let contradicted = MemberError::from(Contradicted::new(contradiction, &cluster.members[0]));
        let fenced = MemberError::from(FenceError::Fenced { path: "fenced".into(), text: String::new() });
        for error in [contradicted, fenced] {
            assert!(error.is_damage());
            assert_eq!(error.exit_code(), DAMAGED_EXIT_CODE);
        }
        // The next start looks again.
        let unread = FenceError::Read { path: "fenced".into(), source: std::io::ErrorKind::PermissionDenied.into() };
        assert!(!MemberError::from(unread).is_damage());
    }
}

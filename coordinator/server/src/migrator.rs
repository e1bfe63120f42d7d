//! Moves an instrument over Aeron: drives a [`Mover`] with sessions of the operator in both clusters, a client of the
//! coordinator, and a subscription to the map.
//!
//! Nothing is sent to either cluster before sessions with both are open. Otherwise the old cluster could be fenced, and
//! trading stopped, while the new one is down. A migrator has no threads: call [`Migrator::do_work`] until it returns
//! how the move has ended.

mod link;
mod spans;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aeron_cluster_client::{ClientError, Context};
use aeron_support::AeronError;
use lugus_codecs::migration::encode_migration_request;
use lugus_partition_map::{
    CoordinatorClient, MapEpoch, MapError, MapRequest, MapSubscription, PartitionMap, RequestError,
};
use lugus_vocabulary::{ClusterId, InstrumentId, MigrationStep};
use thiserror::Error;

use crate::migration::{
    Action, ClusterRequest, Ending, Intent, MoveError, MoveProgress, MoveStep, Mover, Party, Timing,
};
use link::{ClusterEvent, ClusterLink};
use spans::MoveSpans;

/// Why an instrument was not moved.
#[derive(Debug, Error)]
pub enum MigratorError {
    /// The move cannot continue.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// The map cannot be used.
    #[error(transparent)]
    Map(MapError),
    /// No request can be sent to the coordinator.
    #[error(transparent)]
    Coordinator(RequestError),
    /// Aeron or the migrator's media driver failed.
    #[error(transparent)]
    Aeron(#[from] AeronError),
    /// A session with a cluster has ended for good.
    #[error("{party}: {source}")]
    Cluster {
        /// The cluster.
        party: Party,
        /// The session's error.
        source: Box<ClientError>,
    },
    /// There are no settings for a session with a cluster.
    #[error("cluster {cluster}: {reason}")]
    UnknownCluster {
        /// The cluster.
        cluster: ClusterId,
        /// The reason.
        reason: String,
    },
}

/// Makes the settings of an operator's session with a cluster, or gives the reason why there can be no session.
pub type Sessions<'a> = dyn FnMut(ClusterId) -> Result<Context, String> + 'a;

/// Moves one instrument.
pub struct Migrator<'a, M> {
    mover: Mover,
    origin: Instant,
    maps: M,
    newest: Option<Arc<PartitionMap>>,
    /// Lowest epoch that the mover asks for, while it waits for a map.
    wants_map: Option<MapEpoch>,
    coordinator: CoordinatorClient,
    requests: VecDeque<(u64, MapRequest, Option<MapEpoch>)>,
    sessions: Box<Sessions<'a>>,
    links: Option<(ClusterLink, ClusterLink)>,
    both_were_ready: bool,
    actions: Vec<Action>,
    events: Vec<ClusterEvent>,
    fenced_at: Option<Duration>,
    active_at: Option<Duration>,
    /// Steps in the order in which they began, each with the time at which it did.
    steps: Vec<(MoveStep, Duration)>,
    spans: MoveSpans,
}

impl<'a, M: MapSubscription> Migrator<'a, M> {
    /// A migrator. It starts with its first duty cycle.
    pub fn new(
        instrument: InstrumentId,
        intent: Intent,
        timing: Timing,
        maps: M,
        coordinator: CoordinatorClient,
        sessions: Box<Sessions<'a>>,
    ) -> Self {
        Self {
            mover: Mover::new(instrument, intent, timing, 1, Duration::ZERO),
            origin: Instant::now(),
            maps,
            newest: None,
            wants_map: None,
            coordinator,
            requests: VecDeque::new(),
            sessions,
            links: None,
            both_were_ready: false,
            actions: Vec::new(),
            events: Vec::new(),
            fenced_at: None,
            active_at: None,
            steps: Vec::new(),
            spans: MoveSpans::begin(instrument, intent),
        }
    }

    /// Makes the migrator wait before each of these steps until [`Self::go_on`] is called. Its sessions stay open
    /// meanwhile.
    pub fn hold_before(&mut self, steps: impl IntoIterator<Item = MoveStep>) {
        self.mover.hold_before(steps);
    }

    /// The step before which the migrator waits for [`Self::go_on`], if it does.
    pub fn held_before(&self) -> Option<MoveStep> {
        self.mover.held_before()
    }

    /// Ends the wait before a step.
    pub fn go_on(&mut self) {
        self.mover.go_on_with_step(self.origin.elapsed());
    }

    /// How far the move is.
    pub fn progress(&self) -> MoveProgress {
        self.mover.progress()
    }

    /// The old and the new cluster, once they are known.
    pub fn clusters(&self) -> Option<(ClusterId, ClusterId)> {
        self.mover.clusters()
    }

    /// Time from the fence until the new cluster took commands; `None` unless this migrator has done both.
    pub fn pause(&self) -> Option<Duration> {
        Some(self.active_at?.saturating_sub(self.fenced_at?))
    }

    /// Steps in the order in which they began, each with the time at which it did, counted from the start of the migrator.
    pub fn steps(&self) -> &[(MoveStep, Duration)] {
        &self.steps
    }

    /// One duty cycle, which does not block. Returns how the move has ended, once it has. It does not return a work count:
    /// the caller idles briefly between two duty cycles.
    ///
    /// # Errors
    /// [`MigratorError`]: this migrator cannot continue the move. Another one can.
    pub fn do_work(&mut self) -> Result<Option<Ending>, MigratorError> {
        let done = self.duty_cycle();
        match &done {
            Ok(None) => {}
            Ok(Some(ending)) => self.spans.end(&self.mover, Ok(*ending)),
            Err(error) => self.spans.end(&self.mover, Err(error)),
        }
        done
    }

    fn duty_cycle(&mut self) -> Result<Option<Ending>, MigratorError> {
        let now = self.origin.elapsed();
        self.poll_map(now)?;
        self.poll_coordinator(now)?;
        self.poll_clusters(now)?;
        self.mover.poll(now, &mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            self.execute(now, action)?;
        }
        self.flush()?;
        if self.mover.is_active() {
            self.active_at.get_or_insert(now);
        }
        if let Some(step) = self.mover.step()
            && self.steps.last().is_none_or(|(last, _)| *last != step)
        {
            self.steps.push((step, now));
            self.spans.begin_step(step, self.mover.manifest());
        }
        Ok(self.mover.ending().transpose()?)
    }

    fn poll_map(&mut self, now: Duration) -> Result<(), MigratorError> {
        match self.maps.poll() {
            Ok(Some(map)) => self.newest = Some(map),
            // The subscription connects again by itself, and the mover gives up after its time limit.
            Ok(None) | Err(MapError::Connection(_)) => {}
            Err(error) => return Err(MigratorError::Map(error)),
        }
        let is_wanted = |map: &&Arc<PartitionMap>| self.wants_map.is_some_and(|least_epoch| map.epoch >= least_epoch);
        if let Some(map) = self.newest.as_ref().filter(is_wanted) {
            self.wants_map = None;
            self.mover.on_map(now, map);
        }
        Ok(())
    }

    fn poll_coordinator(&mut self, now: Duration) -> Result<(), MigratorError> {
        for answer in self.coordinator.poll().map_err(MigratorError::Coordinator)? {
            if let Ok(accepted) = &answer.outcome {
                self.spans.accepted(accepted.epoch);
            }
            self.mover.on_answer(now, answer.correlation_id.cast_unsigned(), answer.outcome);
        }
        Ok(())
    }

    fn poll_clusters(&mut self, now: Duration) -> Result<(), MigratorError> {
        let Some((from, to)) = &mut self.links else { return Ok(()) };
        for (party, link) in [(Party::From, from), (Party::To, to)] {
            let cluster = |source| MigratorError::Cluster { party, source: Box::new(source) };
            link.poll(&mut self.events).map_err(cluster)?;
            for event in self.events.drain(..) {
                match event {
                    ClusterEvent::NewSession => self.mover.on_new_session(now),
                    ClusterEvent::Report(report) => self.mover.on_report(now, party, &report),
                    ClusterEvent::Exported(exported) => {
                        self.spans.exported(exported.records.len());
                        self.mover.on_exported(now, exported);
                    }
                }
            }
        }
        Ok(())
    }

    fn execute(&mut self, now: Duration, action: Action) -> Result<(), MigratorError> {
        match action {
            Action::LookAtMap { least_epoch } => self.wants_map = Some(least_epoch),
            Action::Coordinator { correlation_id, request, expected } => {
                self.requests.retain(|(id, ..)| *id != correlation_id);
                self.requests.push_back((correlation_id, request, expected));
            }
            Action::Cluster { party, request } => self.ask_cluster(now, party, &request)?,
        }
        Ok(())
    }

    fn ask_cluster(&mut self, now: Duration, party: Party, request: &ClusterRequest) -> Result<(), MigratorError> {
        let Some((from, to)) = self.mover.clusters() else { return Ok(()) };
        if self.links.is_none() {
            self.links = Some((self.link(Party::From, from)?, self.link(Party::To, to)?));
        }
        let Some((from, to)) = &mut self.links else { return Ok(()) };
        if matches!(request.step, MigrationStep::Fence) && from.is_ready() && to.is_ready() {
            self.fenced_at.get_or_insert(now);
        }
        let link = if party == Party::From { from } else { to };
        link.push(encode_migration_request(request));
        Ok(())
    }

    fn link(&mut self, party: Party, cluster: ClusterId) -> Result<ClusterLink, MigratorError> {
        let context = (self.sessions)(cluster).map_err(|reason| MigratorError::UnknownCluster { cluster, reason })?;
        ClusterLink::new(context).map_err(|source| MigratorError::Cluster { party, source: Box::new(source) })
    }

    fn flush(&mut self) -> Result<(), MigratorError> {
        while let Some((correlation_id, request, expected)) = self.requests.front() {
            if !self.coordinator.offer(correlation_id.cast_signed(), request, *expected)? {
                break;
            }
            self.requests.pop_front();
        }
        if let Some((from, to)) = &mut self.links {
            self.both_were_ready |= from.is_ready() && to.is_ready();
            if self.both_were_ready {
                from.flush();
                to.flush();
            }
        }
        Ok(())
    }
}

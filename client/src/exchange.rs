//! Trading with all clusters of a deployment: the partition map, and a participant's sessions with every cluster in it.
//!
//! [`Exchange`] has the map and opens sessions; [`ExchangeSession`] owns the router with a [`TradingSession`] a cluster.
//! Each of those has an Aeron client of its own, all in the caller's thread and over one media driver.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use aeron_cluster_client::{ConnectProblem, Context, NullCredentials};
use lugus_partition_map::{
    ClusterEntry, DeploymentId, Epoch, MapContext, MapError, MapSubscription, Partition, PartitionMap, RecordedMap,
};
use lugus_topology::{ClusterId, Deployment};
use lugus_vocabulary::{
    BookRequest, ClientOrderId, InstrumentId, InstrumentType, NewOrder, ParticipantId, Replace, Side,
};

use crate::command_number::CommandNumber;
use crate::config::{Config, Credentials, Limits};
use crate::error::{ClientError, SendError};
use crate::instrument::{Instrument, UnknownPair};
use crate::retry::RetryPolicy;
use crate::router::{AtCluster, Clusters, Purpose, Router};
use crate::status::{EventHandler, Status};
use crate::trading::TradingSession;

/// Configuration of an [`Exchange`].
pub struct ExchangeConfig {
    /// What the sessions with all clusters have in common: media driver, egress, time-outs. Ingress comes from the map,
    /// credentials from the session.
    pub cluster: Context,
    /// Where the partition map comes from.
    pub coordinator: MapContext,
    /// Bounds on what each session with a cluster keeps.
    pub limits: Limits,
    /// When to send again, and when to give up.
    pub retry: RetryPolicy,
}

impl ExchangeConfig {
    /// As a deployment's `cluster.toml` says, over the media driver in `aeron_dir`, with the defaults of everything else.
    pub fn of(deployment: &Deployment, aeron_dir: PathBuf) -> Self {
        let client = &deployment.client;
        let cluster = Context::default()
            .aeron_dir(&aeron_dir)
            .egress_channel(client.egress_channel())
            .egress_stream_id(deployment.streams.egress)
            .client_name("lugus-client")
            .message_timeout(client.message_timeout)
            .new_leader_timeout(client.new_leader_timeout)
            .keep_alive_interval(client.keep_alive_interval)
            .watchdog(client.silence_timeout)
            .retry_min(client.retry_backoff)
            .retry_max(client.retry_backoff_maximum);
        let coordinator = MapContext::new(deployment, aeron_dir);
        Self { cluster, coordinator, limits: Limits::default(), retry: RetryPolicy::default() }
    }
}

/// The map of a deployment without a coordinator: as its `cluster.toml` says, for good.
pub struct FixedMap(Option<Arc<PartitionMap>>);

impl FixedMap {
    /// The clusters and instruments of a deployment.
    pub fn of(deployment: &Deployment) -> Self {
        let mut clusters: Vec<ClusterEntry> = deployment.cluster_specs().iter().map(ClusterEntry::from).collect();
        clusters.sort_by_key(|cluster| cluster.id);
        let mut partitions: Vec<Partition> = deployment.instruments.iter().cloned().map(Partition::new).collect();
        partitions.sort_by_key(|partition| partition.instrument.id);
        let mut map = PartitionMap::empty(DeploymentId(0));
        map.epoch = Epoch(0);
        map.clusters = clusters;
        map.partitions = partitions;
        Self(Some(Arc::new(map)))
    }
}

impl MapSubscription for FixedMap {
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError> {
        Ok(self.0.take())
    }
}

/// The partition map of a deployment, for the sessions that are opened with [`Exchange::session`].
pub struct Exchange {
    config: Rc<ExchangeConfig>,
    maps: Rc<RefCell<Maps>>,
}

/// The source of maps with what it has told, for all sessions.
struct Maps {
    source: Box<dyn MapSubscription>,
    newest: Option<Arc<PartitionMap>>,
    error: Option<MapError>,
    /// Errors so far.
    errors: u64,
}

impl Maps {
    fn poll(&mut self) -> usize {
        match self.source.poll() {
            Ok(None) => return 0,
            Ok(map) => self.newest = map,
            Err(error) => {
                self.error = Some(error);
                self.errors += 1;
            }
        }
        1
    }
}

impl Exchange {
    /// Follows the coordinator's map. Waits for nothing: media driver, coordinator and clusters may come later.
    pub fn connect(config: ExchangeConfig) -> Self {
        let maps = RecordedMap::new(config.coordinator.clone());
        Self::with_maps(config, maps)
    }

    /// Takes maps from another source than the coordinator.
    pub fn with_maps(config: ExchangeConfig, maps: impl MapSubscription + 'static) -> Self {
        let maps = Maps { source: Box::new(maps), newest: None, error: None, errors: 0 };
        Self { config: Rc::new(config), maps: Rc::new(RefCell::new(maps)) }
    }

    /// A participant's session, which connects to every cluster of the map as it is polled. To be used by this thread.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn session(
        &self,
        participant: ParticipantId,
        credentials: Credentials,
    ) -> Result<ExchangeSession, ClientError> {
        let opener = Opener { config: Rc::clone(&self.config), participant, credentials };
        opener.config_of(Context::default()).check()?;
        Ok(ExchangeSession {
            participant,
            maps: Rc::clone(&self.maps),
            errors_seen: self.maps.borrow().errors,
            router: Router::new(opener),
            failure: None,
        })
    }
}

/// Opens a participant's sessions.
struct Opener {
    config: Rc<ExchangeConfig>,
    participant: ParticipantId,
    credentials: Credentials,
}

impl Opener {
    fn config_of(&self, cluster: Context) -> Config {
        Config {
            cluster,
            participant: self.participant,
            credentials: self.credentials.clone(),
            limits: self.config.limits,
            retry: self.config.retry,
        }
    }
}

impl Clusters for Opener {
    type Link = TradingSession;

    fn open(&mut self, cluster: &ClusterEntry) -> Result<TradingSession, ClientError> {
        let context = self.config.cluster.with_credentials(NullCredentials);
        TradingSession::connect(
            self.config_of(
                context
                    .ingress_channel(cluster.ingress_channel())
                    .ingress_endpoints(cluster.ingress_endpoints())
                    .ingress_stream_id(cluster.ingress_stream),
            ),
        )
    }
}

/// A participant's session with all clusters of a deployment. Orders go to the cluster that owns their instrument, and
/// follow it when it moves; the events of all come to one handler, those of an instrument in its order.
///
/// Numbers, outcomes and limits are a [`TradingSession`]'s, each instrument for itself. Commands are taken once the first
/// partition map has come. A cluster that cannot be reached, or that ends the session, concerns its instruments only; when a newer
/// session of the participant takes over at one cluster, all end.
pub struct ExchangeSession {
    participant: ParticipantId,
    maps: Rc<RefCell<Maps>>,
    errors_seen: u64,
    router: Router<Opener>,
    failure: Option<ClientError>,
}

impl ExchangeSession {
    /// One duty cycle: maps, and [`TradingSession::poll`] of every cluster's session. To be called often. Returns 0 when
    /// there was nothing to do, so that the caller may idle.
    ///
    /// # Errors
    /// A newer session of this participant took over. This one has ended, and stays so.
    #[inline]
    pub fn poll(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut work = self.poll_maps(handler);
        let mut replaced = None;
        for link in self.router.links_mut() {
            let handler = &mut AtCluster { cluster: link.cluster, handler };
            let had_failed = link.link.failure().is_some();
            match link.link.poll(handler) {
                Ok(done) => work += done,
                Err(error) if had_failed => drop(error),
                Err(reason) => handler.on_status(&Status::ClusterUnusable { cluster: link.cluster, reason }),
            }
            if let Some(failure @ ClientError::SessionReplaced { .. }) = link.link.failure() {
                replaced = Some(failure.clone());
            }
        }
        match replaced {
            Some(failure) => Err(self.end(failure, handler)),
            None => Ok(work),
        }
    }

    /// Who trades.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// The map in use.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.router.map()
    }

    /// An instrument by its pair (`BTC/USDT`) and type, with its tick and lot.
    ///
    /// # Errors
    /// There is no such pair in the map, or no map yet.
    pub fn instrument(&self, symbol: &str, instrument_type: InstrumentType) -> Result<Instrument, UnknownPair> {
        Instrument::find(self.router.map().map(AsRef::as_ref), symbol, instrument_type)
    }

    /// Whether there is a map, and a session is open with every cluster in it.
    pub fn is_connected(&self) -> bool {
        self.router.map().is_some() && self.router.links().iter().all(|link| link.link.is_connected())
    }

    /// Whether a session is open with the cluster that owns the instrument.
    pub fn is_connected_for(&self, instrument: InstrumentId) -> bool {
        self.owner_of(instrument).is_some_and(TradingSession::is_connected)
    }

    /// The cluster that owns the instrument, by the newest map.
    pub fn cluster_of(&self, instrument: InstrumentId) -> Option<ClusterId> {
        Some(self.router.map()?.partition(instrument.0)?.owner())
    }

    /// What stood last in the way of a session that is not open.
    pub fn problem(&self) -> Option<(ClusterId, &ConnectProblem)> {
        let away = self.router.links().iter().filter(|link| !link.link.is_connected());
        away.filter_map(|link| link.link.problem().map(|problem| (link.cluster, problem))).next()
    }

    /// Commands without an outcome, of all instruments.
    pub fn outstanding(&self) -> usize {
        self.router.links().iter().map(|link| link.link.outstanding()).sum()
    }

    /// See [`Session::is_current`](crate::session::Session::is_current).
    pub fn is_current(&self, instrument: InstrumentId) -> bool {
        self.owner_of(instrument).is_some_and(|session| session.is_current(instrument))
    }

    /// Closes all sessions. Commands without an outcome may have been applied, or be applied yet.
    pub fn close(self) {
        self.router.into_links().into_iter().for_each(TradingSession::close);
    }

    fn poll_maps(&mut self, handler: &mut impl EventHandler) -> usize {
        let mut maps = self.maps.borrow_mut();
        let work = maps.poll();
        if let Some(reason) = maps.error.as_ref().filter(|_| maps.errors != self.errors_seen) {
            self.errors_seen = maps.errors;
            handler.on_status(&Status::MapRefused { reason: reason.clone() });
        }
        if let Some(map) = &maps.newest
            && self.router.map().is_none_or(|known| known.epoch < map.epoch)
        {
            self.router.on_map(map, handler);
        }
        work
    }

    fn end(&mut self, failure: ClientError, handler: &mut impl EventHandler) -> ClientError {
        self.router.end(handler);
        for link in self.router.links_mut() {
            // An ended session lets its cluster client go.
            let _ended = link.link.poll(&mut ());
        }
        self.failure = Some(failure.clone());
        failure
    }

    fn owner_of(&self, instrument: InstrumentId) -> Option<&TradingSession> {
        let owner = self.cluster_of(instrument)?;
        self.router.links().iter().find(|link| link.cluster == owner).map(|link| &link.link)
    }

    #[inline]
    fn link_of(&mut self, instrument: InstrumentId, purpose: Purpose) -> Result<&mut TradingSession, SendError> {
        if self.failure.is_some() {
            return Err(SendError::Ended);
        }
        self.router.link_of(instrument, purpose)
    }
}

/// Commands and requests. The numbers that commands return count from 1 in each instrument's scope.
///
/// What concerns a participant as such (limits, kill switch) is each cluster's own, and an operator's command is for one
/// cluster: those are a [`TradingSession`]'s.
impl ExchangeSession {
    /// A new order (FIX D).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<CommandNumber, SendError> {
        self.link_of(instrument, Purpose::Order)?.new_order(instrument, order)
    }

    /// Ends an order (FIX F).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn cancel(
        &mut self,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<CommandNumber, SendError> {
        self.link_of(instrument, Purpose::Other)?.cancel(instrument, orig_client_order_id)
    }

    /// Changes an order (FIX G).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<CommandNumber, SendError> {
        self.link_of(instrument, Purpose::Order)?.replace(instrument, replace)
    }

    /// Ends all orders of the participant in the instrument, of one side or (`None`) both.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel(&mut self, instrument: InstrumentId, side: Option<Side>) -> Result<CommandNumber, SendError> {
        let participant = self.participant;
        self.link_of(instrument, Purpose::Other)?.mass_cancel(instrument, participant, side)
    }

    /// See [`Session::request_book`](crate::session::Session::request_book).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError> {
        self.link_of(instrument, Purpose::Other)?.request_book(instrument, depth, request_id)
    }

    /// See [`Session::request_part_of_book`](crate::session::Session::request_part_of_book).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError> {
        self.link_of(request.instrument, Purpose::Other)?.request_part_of_book(request)
    }

    /// Begins to follow the participant's own events of an instrument, also without a command; see
    /// [`Session::resume`](crate::session::Session::resume).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        self.link_of(instrument, Purpose::Other)?.resume(instrument)
    }
}

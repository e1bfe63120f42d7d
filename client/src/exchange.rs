//! Trading with all clusters of a deployment: the partition map, and a participant's sessions with every cluster in it.
//!
//! [`Exchange`] has the map and opens sessions; [`ExchangeSession`] owns the router with a [`TradingSession`] for each
//! cluster. They share an Aeron client, in the caller's thread.

mod quotes;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use aeron_cluster_client::{
    ClientError as ClusterError, Connected, Context, DisconnectReason, GroupListener, NewLeader, NullCredentials,
    SessionIndex,
};
use lugus_partition_map::{
    ClusterEntry, MapContext, MapSubscription, PartitionMap, RecordedMap, ingress_channel, ingress_endpoints,
};
use lugus_topology::{ClusterId, Deployment};
use lugus_vocabulary::{
    BookRequest, ClientOrderId, GraceTime, InstrumentId, InstrumentType, NewOrder, OrderStatusRequest, ParticipantId,
    Replace, Side,
};

use crate::cluster_link::SharedGroup;
use crate::command_number::CommandNumber;
use crate::config::{Config, Credentials, Limits, OlderSession};
use crate::error::{ClientError, SendError};
use crate::followed_firm::FollowFirm;
use crate::instrument::{Instrument, UnknownPair};
use crate::map_source::MapSource;
use crate::problem::Problem;
use crate::rebuild::RebuildPolicy;
use crate::retry::RetryPolicy;
use crate::router::{ClusterHandler, ClusterSession, Purpose, Router, SessionFactory};
use crate::status::{EventHandler, Status};
use crate::trading::TradingSession;

/// Configuration of an [`Exchange`]. Make it with [`ExchangeConfig::of`], and set the fields that differ.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExchangeConfig {
    /// What the sessions with all clusters have in common: media driver, egress, time-outs. Ingress comes from the map,
    /// credentials from the session.
    pub cluster: Context,
    /// Where the partition map comes from.
    pub coordinator: MapContext,
    /// Limits on what each session with a cluster keeps.
    pub limits: Limits,
    /// When commands are sent again, and when they are given up.
    pub retry: RetryPolicy,
    /// What each session with a cluster does to another one that the participant has open there.
    pub older_session: OlderSession,
    /// Cancel on disconnect, by each cluster for itself: see [`Config::cancel_on_disconnect`].
    pub cancel_on_disconnect: Option<GraceTime>,
    /// When the sessions ask for the participant's own open orders by themselves.
    pub rebuild: RebuildPolicy,
    /// A firm whose events the sessions with all clusters tell: see [`Config::follow_firm`].
    pub follow_firm: Option<FollowFirm>,
}

impl ExchangeConfig {
    /// The configuration for a deployment, as its `cluster.toml` says, over the media driver in `aeron_dir`. Everything
    /// else has its default.
    pub fn of(deployment: &Deployment, aeron_dir: PathBuf) -> Self {
        let client = &deployment.client;
        let cluster = Context::default()
            .aeron_dir(&aeron_dir)
            .egress_channel(deployment.egress_channel())
            .egress_stream_id(deployment.streams.egress)
            .client_name("lugus-client")
            .message_timeout(client.message_timeout)
            .new_leader_timeout(client.new_leader_timeout)
            .session_timeout(deployment.timeouts.session_timeout)
            .keep_alive_interval(client.keep_alive_interval)
            .watchdog(client.silence_timeout)
            .retry_min(client.retry_backoff)
            .retry_max(client.retry_backoff_maximum);
        let coordinator = MapContext::new(deployment, aeron_dir);
        Self {
            cluster,
            coordinator,
            limits: Limits::default(),
            retry: RetryPolicy::default(),
            older_session: OlderSession::default(),
            cancel_on_disconnect: None,
            rebuild: RebuildPolicy::default(),
            follow_firm: None,
        }
    }
}

/// The partition map of a deployment, for the sessions that are opened with [`Exchange::session`].
pub struct Exchange {
    config: Rc<ExchangeConfig>,
    maps: Rc<RefCell<MapSource>>,
}

impl Exchange {
    /// Follows the coordinator's map. This waits for nothing: media driver, coordinator and clusters may come later.
    pub fn connect(config: ExchangeConfig) -> Self {
        let maps = RecordedMap::new(config.coordinator.clone());
        let name = format!("the coordinator at {}", config.coordinator.coordinator.archive);
        Self::over(config, MapSource::new(maps, name))
    }

    /// Takes maps from another source than the coordinator, such as a [`FixedMap`](crate::FixedMap).
    pub fn with_maps(config: ExchangeConfig, maps: impl MapSubscription + 'static) -> Self {
        Self::over(config, MapSource::new(maps, "the program's own source of maps".to_owned()))
    }

    fn over(config: ExchangeConfig, maps: MapSource) -> Self {
        Self { config: Rc::new(config), maps: Rc::new(RefCell::new(maps)) }
    }

    /// A participant's session, which connects to every cluster of the map as it is polled. It is bound to this thread.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn session(
        &self,
        participant: ParticipantId,
        credentials: Credentials,
    ) -> Result<ExchangeSession, ClientError> {
        let group = SharedGroup::new(&self.config.cluster)?;
        let factory = Sessions { config: Rc::clone(&self.config), participant, credentials, group: group.clone() };
        factory.config_of(Context::default()).check()?;
        Ok(ExchangeSession {
            group,
            participant,
            maps: Rc::clone(&self.maps),
            errors_seen: self.maps.borrow().errors(),
            router: Router::new(factory),
            failure: None,
        })
    }
}

/// Opens a participant's sessions with clusters.
struct Sessions {
    config: Rc<ExchangeConfig>,
    participant: ParticipantId,
    credentials: Credentials,
    group: SharedGroup,
}

impl Sessions {
    fn config_of(&self, cluster: Context) -> Config {
        Config {
            cluster,
            participant: self.participant,
            credentials: self.credentials.clone(),
            limits: self.config.limits,
            retry: self.config.retry,
            older_session: self.config.older_session,
            cancel_on_disconnect: self.config.cancel_on_disconnect,
            rebuild: self.config.rebuild,
            follow_firm: self.config.follow_firm,
        }
    }
}

impl SessionFactory for Sessions {
    type Session = TradingSession;

    fn open(&mut self, cluster: &ClusterEntry) -> Result<TradingSession, ClientError> {
        // The session puts the participant's credentials in.
        let context = self.config.cluster.with_credentials(NullCredentials);
        let context = context
            .ingress_channel(ingress_channel(cluster))
            .ingress_endpoints(ingress_endpoints(cluster))
            .ingress_stream_id(cluster.ingress_stream);
        TradingSession::connect_in(&self.group, self.config_of(context))
    }
}

/// A participant's session with all clusters of a deployment. Orders go to the cluster that owns their instrument, and
/// follow the instrument when it moves. The events of all clusters come to one handler, those of an instrument in
/// order.
///
/// Numbers, outcomes and limits are those of a [`TradingSession`], for each instrument separately. Commands are taken
/// once the first partition map has come. A cluster that cannot be reached, or that ends the session, concerns its
/// instruments only. When a newer session of the participant takes over at one cluster, the sessions with all clusters
/// end.
pub struct ExchangeSession {
    /// The Aeron client of the sessions with all clusters.
    group: SharedGroup,
    participant: ParticipantId,
    maps: Rc<RefCell<MapSource>>,
    errors_seen: u64,
    router: Router<Sessions>,
    failure: Option<ClientError>,
}

impl ExchangeSession {
    /// One duty cycle: polls the map, and the session with every cluster ([`TradingSession::poll`]). Call it often.
    /// Returns 0 if there was nothing to do, so that the caller may idle.
    ///
    /// # Errors
    /// A newer session of this participant took over, or an older one was to be kept. This one has ended for good.
    #[inline]
    pub fn poll(&mut self, handler: &mut impl EventHandler) -> Result<usize, ClientError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut work = self.poll_maps(handler);
        work += self.group.do_work(&mut ClustersListener { sessions: self.router.sessions_mut(), handler });
        let mut replaced = None;
        for ClusterSession { cluster, session } in self.router.sessions_mut() {
            let handler = &mut ClusterHandler { cluster: *cluster, handler };
            let had_failed = session.failure().is_some();
            match session.advance(handler) {
                Ok(done) => work += done,
                Err(error) if had_failed => drop(error),
                Err(reason) => handler.on_status(&Status::ClusterUnusable { cluster: *cluster, reason }),
            }
            if let Some(failure @ (ClientError::SessionReplaced { .. } | ClientError::ParticipantConnected { .. })) =
                session.failure()
            {
                replaced = Some(failure.clone());
            }
        }
        match replaced {
            Some(failure) => Err(self.end(failure, handler)),
            None => Ok(work),
        }
    }

    /// The participant that trades.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// The map in use.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.router.map()
    }

    /// The instrument with this pair (`BTC/USDT`) and type, with its tick and lot.
    ///
    /// # Errors
    /// The map has no such pair, or there is no map yet.
    pub fn instrument(&self, symbol: &str, instrument_type: InstrumentType) -> Result<Instrument, UnknownPair> {
        Instrument::find(self.router.map().map(AsRef::as_ref), symbol, instrument_type)
    }

    /// Whether there is a map, and a session is open with every cluster in it.
    pub fn is_connected(&self) -> bool {
        self.router.map().is_some() && self.router.sessions().iter().all(|entry| entry.session.is_connected())
    }

    /// Whether a session is open with the cluster that owns the instrument.
    pub fn is_connected_for(&self, instrument: InstrumentId) -> bool {
        self.owner_of(instrument).is_some_and(TradingSession::is_connected)
    }

    /// The cluster that owns the instrument, by the newest map.
    pub fn cluster_of(&self, instrument: InstrumentId) -> Option<ClusterId> {
        Some(self.router.map()?.partition(instrument)?.owner())
    }

    /// Why the session is not connected: no partition map has come, or a session with a cluster of the map cannot be
    /// opened. `None` if all sessions are open, or nothing is known yet.
    pub fn problem(&self) -> Option<Problem> {
        if self.router.map().is_none() {
            return Some(self.maps.borrow().problem());
        }
        let closed = self.router.sessions().iter().filter(|entry| !entry.session.is_connected());
        let problem = |entry: &ClusterSession<TradingSession>| {
            let problem = entry.session.problem()?.clone();
            Some(Problem::Cluster { cluster: Some(entry.cluster), problem })
        };
        closed.filter_map(problem).next()
    }

    /// Number of commands without an outcome, of all instruments.
    pub fn outstanding(&self) -> usize {
        self.router.sessions().iter().map(|entry| entry.session.outstanding()).sum()
    }

    /// Whether every event of `instrument` has been delivered that its cluster had when it was last asked
    /// ([`Self::resume`]).
    pub fn is_current(&self, instrument: InstrumentId) -> bool {
        self.owner_of(instrument).is_some_and(|session| session.is_current(instrument))
    }

    /// Closes all sessions. Commands without an outcome may have been applied, or may yet be.
    pub fn close(self) {}

    fn poll_maps(&mut self, handler: &mut impl EventHandler) -> usize {
        let mut maps = self.maps.borrow_mut();
        let work = maps.poll();
        if let Some(reason) = maps.error_since(self.errors_seen) {
            self.errors_seen = maps.errors();
            handler.on_status(&Status::MapRefused { reason: reason.clone() });
        }
        if let Some(map) = maps.newest()
            && self.router.map().is_none_or(|known| known.epoch < map.epoch)
        {
            self.router.on_map(map, handler);
        }
        work
    }

    fn end(&mut self, failure: ClientError, handler: &mut impl EventHandler) -> ClientError {
        self.router.end(handler);
        for entry in self.router.sessions_mut() {
            // A session that has ended closes its cluster client.
            let _ended = entry.session.advance(&mut ());
        }
        self.failure = Some(failure.clone());
        failure
    }

    fn owner_of(&self, instrument: InstrumentId) -> Option<&TradingSession> {
        let owner = self.cluster_of(instrument)?;
        self.router.sessions().iter().find(|entry| entry.cluster == owner).map(|entry| &entry.session)
    }

    #[inline]
    fn session_for(&mut self, instrument: InstrumentId, purpose: Purpose) -> Result<&mut TradingSession, SendError> {
        if self.failure.is_some() {
            return Err(SendError::Ended);
        }
        self.router.session_for(instrument, purpose)
    }
}

/// All sessions are closed at once, so that at most one time-out is waited for until the clusters were told.
impl Drop for ExchangeSession {
    fn drop(&mut self) {
        self.group.close();
    }
}

/// Passes on what the Aeron client hears to the session that it is for.
struct ClustersListener<'a, H> {
    sessions: &'a mut [ClusterSession<TradingSession>],
    handler: &'a mut H,
}

impl<H: EventHandler> ClustersListener<'_, H> {
    #[inline]
    fn tell(&mut self, session: SessionIndex, tell: impl FnOnce(&mut TradingSession, &mut ClusterHandler<'_, H>)) {
        if let Some(entry) = self.sessions.iter_mut().find(|entry| entry.session.is(session)) {
            tell(&mut entry.session, &mut ClusterHandler { cluster: entry.cluster, handler: self.handler });
        }
    }
}

impl<H: EventHandler> GroupListener for ClustersListener<'_, H> {
    fn on_connected(&mut self, session: SessionIndex, event: &Connected) {
        self.tell(session, |session, handler| session.on_connected(event, handler));
    }

    #[inline]
    fn on_message(&mut self, session: SessionIndex, cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        self.tell(session, |session, handler| session.on_message(cluster_session_id, message, handler));
    }

    fn on_new_leader(&mut self, session: SessionIndex, event: &NewLeader) {
        self.tell(session, |session, handler| session.on_new_leader(event, handler));
    }

    fn on_disconnected(&mut self, session: SessionIndex, reason: DisconnectReason) {
        self.tell(session, |session, handler| session.on_disconnected(reason, handler));
    }

    fn on_ended(&mut self, session: SessionIndex, error: ClusterError) {
        self.tell(session, |session, _| session.on_ended(error));
    }
}

/// A command of an [`ExchangeSession`] to one of the clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterCommand {
    /// The cluster.
    pub cluster: ClusterId,
    /// Number of the command, or why it was not sent.
    pub sent: Result<CommandNumber, SendError>,
}

/// Commands and requests. Commands return their number, which counts from 1 in each instrument.
///
/// Each cluster has its own limits and kill switch of a participant, and an operator's command is for one cluster:
/// those commands need a [`TradingSession`]. But [`Self::mass_cancel_all`] sends a command to each cluster.
impl ExchangeSession {
    /// Enters an order (FIX message D).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn new_order(&mut self, instrument: InstrumentId, order: &NewOrder) -> Result<CommandNumber, SendError> {
        self.session_for(instrument, Purpose::Order)?.new_order(instrument, order)
    }

    /// Cancels an order (FIX message F).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn cancel(
        &mut self,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<CommandNumber, SendError> {
        self.session_for(instrument, Purpose::Other)?.cancel(instrument, orig_client_order_id)
    }

    /// Changes an order (FIX message G).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn replace(&mut self, instrument: InstrumentId, replace: &Replace) -> Result<CommandNumber, SendError> {
        self.session_for(instrument, Purpose::Order)?.replace(instrument, replace)
    }

    /// Cancels the participant's own orders in the instrument, of one side or (`None`) of both (FIX message q).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel(&mut self, instrument: InstrumentId, side: Option<Side>) -> Result<CommandNumber, SendError> {
        self.session_for(instrument, Purpose::Other)?.mass_cancel(instrument, side)
    }

    /// Cancels the participant's own orders in all instruments of all clusters, of one side or (`None`) of both. It is one
    /// command for each cluster of the map, in the scope of [`InstrumentId::NONE`]; returns its number, or why it was not
    /// sent. A cluster that is not connected gets its command once it is.
    /// [`EventHandler::on_cluster_report`] tells which cluster an answer is from.
    ///
    /// Orders of an instrument that moves between clusters at that moment may stay: the answer of a cluster that counts
    /// instruments as `moving` says so. Do it again once [`Status::InstrumentMoved`] has been told.
    ///
    /// # Errors
    /// [`SendError::Ended`], [`SendError::NoMap`]; nothing was sent.
    pub fn mass_cancel_all(&mut self, side: Option<Side>) -> Result<Vec<ClusterCommand>, SendError> {
        if self.failure.is_some() {
            return Err(SendError::Ended);
        }
        let map = Arc::clone(self.router.map().ok_or(SendError::NoMap)?);
        let sessions = self.router.sessions_mut();
        let mut send = |cluster| match sessions.iter_mut().find(|entry| entry.cluster == cluster) {
            Some(entry) => entry.session.mass_cancel_all(side),
            None => Err(SendError::ClusterUnusable(cluster)),
        };
        Ok(map.clusters.iter().map(|cluster| ClusterCommand { cluster: cluster.id, sent: send(cluster.id) }).collect())
    }

    /// Asks once for the book of an instrument: see [`TradingSession::request_book`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_book(&mut self, instrument: InstrumentId, depth: u16, request_id: u64) -> Result<(), SendError> {
        self.session_for(instrument, Purpose::Other)?.request_book(instrument, depth, request_id)
    }

    /// Asks once for any part of a book, in any detail: see [`TradingSession::request_part_of_book`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_part_of_book(&mut self, request: &BookRequest) -> Result<(), SendError> {
        self.session_for(request.instrument, Purpose::Other)?.request_part_of_book(request)
    }

    /// Asks for the participant's own open orders in an instrument, or with [`InstrumentId::NONE`] in all instruments of
    /// all clusters: see [`TradingSession::rebuild`]. Each cluster's session tells its own end of it. Orders of an
    /// instrument that moves at that moment may be missing, unless the sessions rebuild by themselves.
    ///
    /// # Errors
    /// [`SendError`]; nothing was asked.
    pub fn rebuild(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        if instrument != InstrumentId::NONE {
            return self.session_for(instrument, Purpose::Other)?.rebuild(instrument);
        }
        if self.failure.is_some() {
            return Err(SendError::Ended);
        }
        if self.router.map().is_none() {
            return Err(SendError::NoMap);
        }
        self.router.sessions_mut().iter_mut().try_for_each(|entry| entry.session.rebuild(instrument))
    }

    /// Whether open orders that were asked for, or that a session asks for by itself, are still to be told.
    pub fn is_rebuilding(&self) -> bool {
        self.router.sessions().iter().any(|entry| entry.session.is_rebuilding())
    }

    /// Asks once for one of the participant's own orders: see [`TradingSession::request_order_status`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_order_status(&mut self, request: &OrderStatusRequest) -> Result<(), SendError> {
        self.session_for(request.instrument, Purpose::Other)?.request_order_status(request)
    }

    /// Begins to follow the participant's own events in an instrument, also without a command, or asks whether any were
    /// missed: see [`TradingSession::resume`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        self.session_for(instrument, Purpose::Other)?.resume(instrument)
    }
}

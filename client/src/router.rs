//! A participant's sessions with all clusters, as the partition map says: a state machine without I/O.
//!
//! A scope (participant, instrument) is in the session of the cluster that owns the instrument by the newest map. When
//! a newer map gives the instrument to another cluster, the scope is taken out of one session, with its unanswered
//! commands, and put into the other, where it resumes. There is a session with every cluster of the map, in use or not:
//! a move need not wait for a session, and of two processes of one participant the newer takes over everywhere at once.
//!
//! Inputs are maps ([`Router::on_map`]); all else goes to the sessions themselves ([`Router::session_for`],
//! [`Router::sessions_mut`]). The driver beside it is [`ExchangeSession`](crate::ExchangeSession).

use std::sync::Arc;

use lugus_partition_map::{ClusterEntry, PartitionMap};
use lugus_topology::ClusterId;
use lugus_vocabulary::{Book, FirmEvent, InstrumentId, OrderStatusReport, Report};

use crate::command_number::CommandNumber;
use crate::error::{ClientError, SendError};
use crate::open_orders::OpenOrdersPart;
use crate::session::Session;
use crate::status::{EventHandler, Status};

/// Opens a participant's sessions with clusters.
pub trait SessionFactory {
    /// A session with its driver.
    type Session: AsMut<Session>;

    /// Makes a session that is not connected yet.
    ///
    /// # Errors
    /// When the cluster's entry in the map cannot be used.
    fn open(&mut self, cluster: &ClusterEntry) -> Result<Self::Session, ClientError>;
}

/// A participant's sessions with all clusters: see the module.
pub struct Router<F: SessionFactory> {
    factory: F,
    map: Option<Arc<PartitionMap>>,
    sessions: Vec<ClusterSession<F::Session>>,
    /// By instrument.
    routes: Vec<Route>,
}

/// A session with one cluster.
pub struct ClusterSession<S> {
    /// The cluster.
    pub cluster: ClusterId,
    /// The session with its driver.
    pub session: S,
}

/// What a command or request is for. While the map says that an instrument is halted, orders are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An order or a replacement.
    Order,
    /// Anything else.
    Other,
}

struct Route {
    instrument: InstrumentId,
    owner: ClusterId,
    /// Index of the owner's session, or [`NOT_OPEN`].
    session: u32,
    is_halted: bool,
}

/// Index of a session that cannot be opened.
const NOT_OPEN: u32 = u32::MAX;

impl<F: SessionFactory> Router<F> {
    /// A router without a map: it takes no commands yet.
    pub fn new(factory: F) -> Self {
        Self { factory, map: None, sessions: Vec::new(), routes: Vec::new() }
    }

    /// The map in use.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.map.as_ref()
    }

    /// All sessions, in the order in which they were opened.
    pub fn sessions(&self) -> &[ClusterSession<F::Session>] {
        &self.sessions
    }

    /// All sessions, to be driven.
    pub fn sessions_mut(&mut self) -> &mut [ClusterSession<F::Session>] {
        &mut self.sessions
    }

    /// The session to which an instrument's commands go.
    ///
    /// # Errors
    /// [`SendError::NoMap`], [`SendError::UnknownInstrument`], [`SendError::Halted`], [`SendError::ClusterUnusable`].
    #[inline]
    pub fn session_for(&mut self, instrument: InstrumentId, purpose: Purpose) -> Result<&mut F::Session, SendError> {
        let Ok(at) = self.routes.binary_search_by_key(&instrument, |route| route.instrument) else {
            return Err(if self.map.is_none() { SendError::NoMap } else { SendError::UnknownInstrument(instrument) });
        };
        let route = &self.routes[at];
        if route.is_halted && purpose == Purpose::Order {
            return Err(SendError::Halted(instrument));
        }
        let entry = self.sessions.get_mut(route.session as usize).ok_or(SendError::ClusterUnusable(route.owner))?;
        Ok(&mut entry.session)
    }

    /// Takes a map into use, if it is newer than the one in use.
    pub fn on_map(&mut self, map: &Arc<PartitionMap>, handler: &mut impl EventHandler) {
        if self.map.as_ref().is_some_and(|known| known.epoch >= map.epoch) {
            return;
        }
        let epoch = map.epoch;
        self.map = Some(Arc::clone(map));
        handler.on_status(&Status::MapChanged { epoch });
        self.open_all(map, handler);
        self.route(map);
        for at in 0..self.sessions.len() {
            self.move_from(at, map, handler);
        }
        for ClusterSession { cluster, session } in &mut self.sessions {
            session.as_mut().on_map(epoch, &mut ClusterHandler { cluster: *cluster, handler });
        }
    }

    /// Ends all sessions: outstanding commands are given up.
    pub fn end(&mut self, handler: &mut impl EventHandler) {
        for ClusterSession { cluster, session } in &mut self.sessions {
            if !session.as_mut().has_ended() {
                session.as_mut().end(&mut ClusterHandler { cluster: *cluster, handler });
            }
        }
    }
}

/// Details.
impl<F: SessionFactory> Router<F> {
    fn position_of(&self, cluster: ClusterId) -> Option<usize> {
        self.sessions.iter().position(|entry| entry.cluster == cluster)
    }

    fn open_all(&mut self, map: &PartitionMap, handler: &mut impl EventHandler) {
        for cluster in &map.clusters {
            if self.position_of(cluster.id).is_none()
                && let Err(reason) = self.open(cluster)
            {
                handler.on_status(&Status::ClusterUnusable { cluster: cluster.id, reason });
            }
        }
    }

    fn open(&mut self, cluster: &ClusterEntry) -> Result<(), ClientError> {
        let mut session = self.factory.open(cluster)?;
        if let Some(first) = self.sessions.first_mut() {
            // All sessions have one time, as a scope takes its deadlines along.
            session.as_mut().set_clock(first.session.as_mut().clock());
        }
        self.sessions.push(ClusterSession { cluster: cluster.id, session });
        Ok(())
    }

    /// Tells the commands and the sessions where each instrument is.
    fn route(&mut self, map: &PartitionMap) {
        self.routes.clear();
        for partition in &map.partitions {
            let session = self.position_of(partition.owner()).map_or(NOT_OPEN, |at| at as u32);
            let instrument = partition.instrument.id;
            self.routes.push(Route { instrument, owner: partition.owner(), session, is_halted: partition.is_halted });
        }
        for (at, entry) in self.sessions.iter_mut().enumerate() {
            let owned = self.routes.iter().filter(|route| route.session == at as u32).map(|route| route.instrument);
            entry.session.as_mut().admit(owned.collect());
        }
    }

    /// Moves the scopes that no longer belong to this session to their new owner's session. A scope whose instrument
    /// the map lacks stays.
    fn move_from(&mut self, at: usize, map: &PartitionMap, handler: &mut impl EventHandler) {
        let instruments: Vec<InstrumentId> = self.sessions[at].session.as_mut().instruments().collect();
        for instrument in instruments {
            let Some(owner) = map.partition(instrument).map(|partition| partition.owner()) else { continue };
            if owner == self.sessions[at].cluster {
                continue;
            }
            let Some(scope) = self.sessions[at].session.as_mut().detach(instrument) else { continue };
            handler.on_status(&Status::InstrumentMoved { instrument, cluster: owner });
            let handler = &mut ClusterHandler { cluster: owner, handler };
            match self.position_of(owner) {
                Some(to) => self.sessions[to].session.as_mut().attach(scope, handler),
                None => Session::end_scope(scope, handler),
            }
        }
    }
}

/// Passes on what one cluster's session tells, with the cluster.
pub(crate) struct ClusterHandler<'a, H> {
    pub(crate) cluster: ClusterId,
    pub(crate) handler: &'a mut H,
}

impl<H: EventHandler> EventHandler for ClusterHandler<'_, H> {
    #[inline]
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        self.handler.on_cluster_report(self.cluster, report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.handler.on_drop_copy(report);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.handler.on_cluster_firm_event(self.cluster, event);
    }

    fn on_book(&mut self, book: &Book) {
        self.handler.on_book(book);
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        self.handler.on_open_orders(part);
    }

    fn on_order_status(&mut self, report: &OrderStatusReport) {
        self.handler.on_order_status(report);
    }

    fn on_status(&mut self, status: &Status) {
        self.handler.on_cluster_status(self.cluster, status);
    }
}

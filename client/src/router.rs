//! A participant's sessions with all clusters, as the partition map says: a state machine without I/O.
//!
//! A scope (participant, instrument) is in the session of the cluster that owns the instrument by the newest map. When a map
//! says otherwise than the one before, the scope is taken out of one session, with its unanswered commands, and put into
//! the other, where it resumes. There is a session with every cluster of the map, in use or not: a move need not wait for
//! it, and of two processes of one participant the newer takes over everywhere at once.
//!
//! Inputs are maps ([`Router::on_map`]); all else goes to the sessions themselves ([`Router::link_of`],
//! [`Router::links`]). The driver beside it is [`ExchangeSession`](crate::ExchangeSession).

use std::sync::Arc;

use lugus_partition_map::{ClusterEntry, PartitionMap};
use lugus_topology::ClusterId;
use lugus_vocabulary::{Book, InstrumentId, MapEpoch, Report};

use crate::command_number::CommandNumber;
use crate::error::{ClientError, SendError};
use crate::session::Session;
use crate::status::{EventHandler, Status};

/// Opens sessions with clusters, all of one participant.
pub trait Clusters {
    /// A session with its driver.
    type Link: AsMut<Session>;

    /// A session that is not connected yet.
    ///
    /// # Errors
    /// When the cluster's entry in the map cannot be used.
    fn open(&mut self, cluster: &ClusterEntry) -> Result<Self::Link, ClientError>;
}

/// See the module.
pub struct Router<C: Clusters> {
    clusters: C,
    map: Option<Arc<PartitionMap>>,
    links: Vec<ClusterLink<C::Link>>,
    /// By instrument.
    routes: Vec<Route>,
}

/// A session with a cluster.
pub struct ClusterLink<L> {
    /// Which cluster.
    pub cluster: ClusterId,
    /// The session with its driver.
    pub link: L,
}

/// What is taken of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An order or a replacement: not while the map says that the instrument is halted.
    Order,
    /// Anything else.
    Other,
}

struct Route {
    instrument: InstrumentId,
    owner: ClusterId,
    /// Index of the owner's session, or [`NOT_OPEN`].
    link: u32,
    is_halted: bool,
}

/// No session can be opened with the owner.
const NOT_OPEN: u32 = u32::MAX;

impl<C: Clusters> Router<C> {
    /// A router without a map: it takes nothing yet.
    pub fn new(clusters: C) -> Self {
        Self { clusters, map: None, links: Vec::new(), routes: Vec::new() }
    }

    /// The map in use.
    pub fn map(&self) -> Option<&Arc<PartitionMap>> {
        self.map.as_ref()
    }

    /// All sessions, in the order in which they were opened.
    pub fn links(&self) -> &[ClusterLink<C::Link>] {
        &self.links
    }

    /// All sessions, to be driven.
    pub fn links_mut(&mut self) -> &mut [ClusterLink<C::Link>] {
        &mut self.links
    }

    /// All sessions, to be closed.
    pub fn into_links(self) -> Vec<C::Link> {
        self.links.into_iter().map(|link| link.link).collect()
    }

    /// The session that an instrument's commands go to.
    ///
    /// # Errors
    /// [`SendError::NoMap`], [`SendError::UnknownInstrument`], [`SendError::Halted`], [`SendError::ClusterUnusable`].
    #[inline]
    pub fn link_of(&mut self, instrument: InstrumentId, purpose: Purpose) -> Result<&mut C::Link, SendError> {
        let Ok(at) = self.routes.binary_search_by_key(&instrument, |route| route.instrument) else {
            return Err(if self.map.is_none() { SendError::NoMap } else { SendError::UnknownInstrument(instrument) });
        };
        let route = &self.routes[at];
        if route.is_halted && purpose == Purpose::Order {
            return Err(SendError::Halted(instrument));
        }
        let link = self.links.get_mut(route.link as usize).ok_or(SendError::ClusterUnusable(route.owner))?;
        Ok(&mut link.link)
    }

    /// A newer map. One that is not newer changes nothing.
    pub fn on_map(&mut self, map: &Arc<PartitionMap>, handler: &mut impl EventHandler) {
        if self.map.as_ref().is_some_and(|known| known.epoch >= map.epoch) {
            return;
        }
        self.map = Some(Arc::clone(map));
        handler.on_status(&Status::MapChanged { epoch: MapEpoch(map.epoch.0) });
        self.open_all(map, handler);
        self.route(map);
        for at in 0..self.links.len() {
            self.move_from(at, map, handler);
        }
        for ClusterLink { cluster, link } in &mut self.links {
            link.as_mut().on_map(MapEpoch(map.epoch.0), &mut AtCluster { cluster: *cluster, handler });
        }
    }

    /// The end of all sessions: what is outstanding is given up.
    pub fn end(&mut self, handler: &mut impl EventHandler) {
        for ClusterLink { cluster, link } in &mut self.links {
            if !link.as_mut().has_ended() {
                link.as_mut().end(&mut AtCluster { cluster: *cluster, handler });
            }
        }
    }
}

/// Details.
impl<C: Clusters> Router<C> {
    fn position_of(&self, cluster: ClusterId) -> Option<usize> {
        self.links.iter().position(|link| link.cluster == cluster)
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
        let mut link = self.clusters.open(cluster)?;
        if let Some(first) = self.links.first_mut() {
            // One time for all, as scopes take theirs along.
            link.as_mut().set_clock(first.link.as_mut().clock());
        }
        self.links.push(ClusterLink { cluster: cluster.id, link });
        Ok(())
    }

    /// Says where each instrument is, to the commands and to the sessions.
    fn route(&mut self, map: &PartitionMap) {
        self.routes.clear();
        for partition in &map.partitions {
            let link = self.position_of(partition.owner()).map_or(NOT_OPEN, |at| at as u32);
            let instrument = InstrumentId(partition.instrument.id);
            self.routes.push(Route { instrument, owner: partition.owner(), link, is_halted: partition.is_halted });
        }
        for (at, link) in self.links.iter_mut().enumerate() {
            let owned = self.routes.iter().filter(|route| route.link == at as u32).map(|route| route.instrument);
            link.link.as_mut().admit(owned.collect());
        }
    }

    /// Moves on the scopes that are not this session's any more. One that the map does not have stays where it is.
    fn move_from(&mut self, at: usize, map: &PartitionMap, handler: &mut impl EventHandler) {
        let instruments: Vec<InstrumentId> = self.links[at].link.as_mut().instruments().collect();
        for instrument in instruments {
            let Some(owner) = map.partition(instrument.0).map(|partition| partition.owner()) else { continue };
            if owner == self.links[at].cluster {
                continue;
            }
            let Some(scope) = self.links[at].link.as_mut().detach(instrument) else { continue };
            handler.on_status(&Status::InstrumentMoved { instrument, cluster: owner });
            let handler = &mut AtCluster { cluster: owner, handler };
            match self.position_of(owner) {
                Some(to) => self.links[to].link.as_mut().attach(scope, handler),
                None => Session::end_scope(scope, handler),
            }
        }
    }
}

/// Tells of which cluster a status is.
pub(crate) struct AtCluster<'a, H> {
    pub(crate) cluster: ClusterId,
    pub(crate) handler: &'a mut H,
}

impl<H: EventHandler> EventHandler for AtCluster<'_, H> {
    #[inline]
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        self.handler.on_report(report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.handler.on_drop_copy(report);
    }

    fn on_book(&mut self, book: &Book) {
        self.handler.on_book(book);
    }

    fn on_status(&mut self, status: &Status) {
        self.handler.on_cluster_status(self.cluster, status);
    }
}

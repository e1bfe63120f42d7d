//! The coordinator: the real registry with the maps that it has made, and the maps' ways to the clients.

use std::sync::Arc;

use lugus_coordinator::apply;
use lugus_partition_map::{
    AcceptedRequest, ClusterEntry, DeploymentId, MapEpoch, MapRefusal, MapRequest, MemberEntry, PartitionMap,
    digest_of_map,
};
use lugus_topology::{ClusterId, Endpoint, MemberId};
use lugus_vocabulary::{InstrumentId, InstrumentSpecification};

use crate::network::{Channel, MILLISECOND, Network, Time};

/// The maps that a client has yet to hear of.
#[derive(Default)]
struct Feed {
    maps: Channel<Arc<PartitionMap>>,
    /// Until then the client receives no map.
    behind_until: Time,
}

pub(crate) struct Coordinator {
    /// All maps, oldest first.
    pub(crate) maps: Vec<Arc<PartitionMap>>,
    feeds: Vec<Feed>,
    pub(crate) away_until: Time,
}

impl Coordinator {
    /// A coordinator whose instruments are spread over the clusters.
    ///
    /// # Errors
    /// If the registry refuses that.
    pub(crate) fn new(groups: usize, instruments: u32, clients: usize) -> Result<Self, String> {
        let mut map = PartitionMap::empty(DeploymentId(1));
        let clusters = (0..groups as i32).map(|id| MapRequest::AddCluster(cluster(id)));
        let instruments = (1..=instruments).map(|id| {
            let pair = format!("I{id}/USD");
            let cluster = ClusterId((id as usize % groups) as i32);
            let specification = InstrumentSpecification::spot(InstrumentId(id), &pair, 2, 2);
            MapRequest::AddInstrument(InstrumentSpecification { cluster, ..specification })
        });
        for request in clusters.chain(instruments) {
            let applied = apply(&map, &request, None).map_err(|refusal| refusal.to_string())?;
            map = applied.map.unwrap_or(map);
        }
        let feeds = (0..clients).map(|_| Feed::default()).collect();
        Ok(Self { maps: vec![Arc::new(map)], feeds, away_until: 0 })
    }

    /// The newest map.
    pub(crate) fn map(&self) -> &Arc<PartitionMap> {
        // There is always one: the first.
        &self.maps[self.maps.len() - 1]
    }

    /// A client subscribes to maps: a replay, then live.
    pub(crate) fn subscribe(&mut self, client: usize, network: &mut Network) {
        self.feeds[client] = Feed::default();
        let due = network.now + network.milliseconds_below(10);
        let map = Arc::clone(self.map());
        self.feeds[client].maps.push(due, map);
    }

    /// The newest of the maps that have come to a client.
    pub(crate) fn poll(&mut self, client: usize, now: Time) -> Option<Arc<PartitionMap>> {
        let feed = &mut self.feeds[client];
        if now < self.away_until.max(feed.behind_until) {
            return None;
        }
        let mut newest = feed.maps.pop(now)?;
        while let Some(newer) = feed.maps.pop(now) {
            newest = newer;
        }
        Some(newest)
    }

    /// A client receives no map for this time.
    pub(crate) fn hold_back(&mut self, client: usize, until: Time) {
        self.feeds[client].behind_until = until;
    }

    /// Whether all maps have come to a client.
    pub(crate) fn is_quiet(&self, client: usize) -> bool {
        self.feeds[client].maps.is_empty()
    }

    /// Answers a request, and publishes the map that it leads to.
    pub(crate) fn answer(
        &mut self,
        request: &MapRequest,
        expected: Option<MapEpoch>,
        network: &mut Network,
    ) -> Result<AcceptedRequest, MapRefusal> {
        let applied = apply(self.map(), request, expected)?;
        if let Some(map) = applied.map {
            self.publish(map, network);
        }
        let map = self.map();
        Ok(AcceptedRequest { epoch: map.epoch, digest: digest_of_map(map), migration: applied.migration })
    }

    /// Publishes a map that differs from the newest one by its epoch alone.
    pub(crate) fn publish_again(&mut self, network: &mut Network) {
        let mut map = PartitionMap::clone(self.map());
        map.epoch = MapEpoch(map.epoch.0 + 1);
        self.publish(map, network);
    }

    /// Publishes a map.
    pub(crate) fn publish(&mut self, map: PartitionMap, network: &mut Network) {
        let map = Arc::new(map);
        self.maps.push(Arc::clone(&map));
        for feed in &mut self.feeds {
            let due = network.now + MILLISECOND + network.milliseconds_below(20);
            feed.maps.push(due, Arc::clone(&map));
        }
    }
}

fn cluster(id: i32) -> ClusterEntry {
    let port = 20_000 + id as u16;
    let members = vec![MemberEntry { id: MemberId(0), ingress: Endpoint { host: "127.0.0.1".into(), port } }];
    let (ingress_stream, ingress_term_length) = (101, 4 << 20);
    ClusterEntry { id: ClusterId(id), name: format!("cluster-{id}"), members, ingress_stream, ingress_term_length }
}

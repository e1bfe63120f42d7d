//! Where a feed listens.

use std::ops::Range;
use std::path::PathBuf;

use lugus_topology::{ClusterId, Deployment, MemberId};

/// Where a feed listens for market data. Make it with [`FeedContext::of`] or [`FeedContext::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FeedContext {
    /// Directory of the media driver, which is that of the session if there is one.
    pub aeron_dir: PathBuf,
    /// One channel for each member of every cluster that an instrument may be in.
    pub channels: Vec<String>,
    /// Stream on each channel.
    pub stream_id: i32,
    /// Loops of snapshots, which a feed without a session needs: those of each cluster. None if the members send none.
    pub loops: Vec<SnapshotLoops>,
    /// Stream on each channel of a loop.
    pub loop_stream_id: i32,
    /// How members are asked for recorded increments; `None` if they record none.
    pub replays: Option<Replays>,
}

/// How members are asked for recorded increments.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Replays {
    /// The members of each cluster.
    pub clusters: Vec<ReplayMembers>,
    /// Stream of the requests.
    pub request_stream_id: i32,
    /// Channel of the replays, at a port of this host.
    pub channel: String,
    /// Stream of the replays.
    pub stream_id: i32,
}

/// The members of one cluster, which can be asked for what they have recorded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplayMembers {
    /// Places of the cluster's members among [`FeedContext::channels`].
    pub places: Range<usize>,
    /// The members, each with the channel of requests to it.
    pub members: Vec<(MemberId, String)>,
}

/// The loops of snapshots of one cluster's members.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SnapshotLoops {
    /// The cluster.
    pub cluster: ClusterId,
    /// The members, each with the channel of its loop.
    pub members: Vec<(MemberId, String)>,
}

impl FeedContext {
    /// Listens on `channels`, over the media driver in `aeron_dir`, without loops of snapshots.
    pub fn new(aeron_dir: PathBuf, channels: Vec<String>, stream_id: i32) -> Self {
        Self { aeron_dir, channels, stream_id, loops: Vec::new(), loop_stream_id: 0, replays: None }
    }

    /// Listens to all members of all clusters of a deployment, over the media driver in `aeron_dir`. `None` if the
    /// deployment has no market-data stream.
    pub fn of(deployment: &Deployment, aeron_dir: PathBuf) -> Option<Self> {
        if !deployment.market_data.enabled {
            return None;
        }
        let clusters = deployment.cluster_specs();
        let channels = clusters.iter().flat_map(|cluster| cluster.market_data_subscriptions(&aeron_dir)).collect();
        let loops = clusters.iter().filter_map(|cluster| {
            let ids = cluster.members.iter().map(|member| member.id);
            let members: Vec<_> = ids.zip(cluster.snapshot_loop_subscriptions(&aeron_dir)).collect();
            (!members.is_empty()).then_some(SnapshotLoops { cluster: cluster.id, members })
        });
        let mut place = 0;
        let of_clusters = clusters.iter().map(|cluster| {
            let members = cluster.members.iter();
            let members = members.filter_map(|member| Some((member.id, cluster.replay_request_channel(member)?)));
            let places = place..place + cluster.members.len();
            place = places.end;
            ReplayMembers { places, members: members.collect() }
        });
        let of_clusters: Vec<_> = of_clusters.collect();
        let first = clusters.first().filter(|_| deployment.market_data.is_recorded());
        let replays = first.map(|cluster| Replays {
            clusters: of_clusters,
            request_stream_id: deployment.streams.market_data_requests,
            channel: cluster.replay_subscription(),
            stream_id: deployment.streams.market_data_replay,
        });
        Some(Self {
            replays,
            loops: loops.collect(),
            loop_stream_id: deployment.streams.market_data_snapshots,
            ..Self::new(aeron_dir, channels, deployment.streams.market_data)
        })
    }

    /// Whether the members send loops of snapshots, so that a feed needs no session.
    pub fn has_loops(&self) -> bool {
        !self.loops.is_empty()
    }
}

//! The Aeron channels and member lists of a cluster, as `ConsensusModule.Context`, `Archive.Context`,
//! `ClusteredServiceContainer.Context` and `AeronCluster.Context` take them.

use crate::{Client, ClusterSpec, Endpoint, MemberSpec};

impl ClusterSpec {
    /// All members with their endpoints: `0,ingress,consensus,log,catch-up,archive|1,...` (`aeron.cluster.members`).
    pub fn members_string(&self) -> String {
        let members = self.members.iter().map(|member| {
            let endpoints: Vec<String> =
                member.endpoints.each().iter().map(|(_, endpoint)| endpoint.to_string()).collect();
            format!("{},{}", member.id, endpoints.join(","))
        });
        members.collect::<Vec<_>>().join("|")
    }

    /// What a client connects to: `0=host:port,1=host:port` (`aeron.cluster.ingress.endpoints`).
    pub fn ingress_endpoints(&self) -> String {
        let endpoints = self.members.iter().map(|member| format!("{}={}", member.id, member.endpoints.ingress));
        endpoints.collect::<Vec<_>>().join(",")
    }

    /// The ingress channel without its endpoint, which comes from the member list.
    pub fn ingress_channel(&self) -> String {
        format!("aeron:udp?term-length={}", self.deployment().term_length.ingress)
    }

    /// Ingress of a client on the leader's host.
    pub fn ingress_ipc_channel(&self) -> String {
        format!("aeron:ipc?term-length={}", self.deployment().term_length.ingress)
    }

    /// The log's channel; the leader adds each follower as a destination.
    pub fn log_channel(&self) -> String {
        format!("aeron:udp?term-length={}", self.deployment().term_length.log)
    }

    /// Between a consensus module and its services.
    pub fn control_channel(&self) -> String {
        format!("aeron:ipc?term-length={}", self.deployment().term_length.control)
    }

    /// A service's snapshot on its way to the archive.
    pub fn snapshot_channel(&self) -> String {
        String::from("aeron:ipc?alias=snapshot")
    }

    /// The log and snapshots, replayed to a service.
    pub fn replay_channel(&self) -> String {
        String::from("aeron:ipc")
    }

    /// Requests to a member's own archive, and its answers.
    pub fn archive_local_control_channel(&self) -> String {
        String::from("aeron:ipc?term-length=64k")
    }
}

impl MemberSpec {
    /// Requests to this member's archive from other members.
    pub fn archive_control_channel(&self) -> String {
        udp(&self.endpoints.archive)
    }

    /// What this member asks of other members' archives comes back here, to a port that the system chooses.
    pub fn replication_channel(&self) -> String {
        udp(&Endpoint { host: self.host.clone(), port: 0 })
    }
}

impl Client {
    /// Where members and the coordinator send to, to a port that the system chooses (`aeron.cluster.egress.channel`).
    pub fn egress_channel(&self) -> String {
        udp(&Endpoint { host: self.egress_host.clone(), port: 0 })
    }
}

pub(crate) fn udp(endpoint: &Endpoint) -> String {
    format!("aeron:udp?endpoint={endpoint}")
}

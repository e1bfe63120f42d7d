//! The Aeron channels and member lists of a cluster, as `ConsensusModule.Context`, `Archive.Context`,
//! `ClusteredServiceContainer.Context` and `AeronCluster.Context` take them.

use std::path::Path;

use crate::{ClusterSpec, Endpoint, Endpoints, MemberId, MemberSpec};

impl ClusterSpec {
    /// All members with their endpoints: `0,ingress,consensus,log,catch-up,archive|1,...` (`aeron.cluster.members`).
    pub fn members_string(&self) -> String {
        let members = self.members.iter().map(|member| {
            let Endpoints { ingress, consensus, log, catch_up, archive, .. } = &member.endpoints;
            format!("{},{ingress},{consensus},{log},{catch_up},{archive}", member.id)
        });
        members.collect::<Vec<_>>().join("|")
    }

    /// Ingress endpoints of all members, for a client: `0=host:port,1=host:port` (`aeron.cluster.ingress.endpoints`).
    pub fn ingress_endpoints(&self) -> String {
        let endpoints = self.members.iter().map(|member| format!("{}={}", member.id, member.endpoints.ingress));
        endpoints.collect::<Vec<_>>().join(",")
    }

    /// The ingress channel without its endpoint, which comes from the member list.
    pub fn ingress_channel(&self) -> String {
        format!("aeron:udp?term-length={}", self.deployment().term_length.ingress)
    }

    /// Parameters of the channels on which a member answers clients, in place of what a client asks for
    /// (`aeron.cluster.egress.channel`).
    pub fn egress_template(&self) -> String {
        format!("aeron:udp?term-length={}", self.deployment().term_length.udp)
    }

    /// Channel of the log. The leader adds each follower as a destination.
    pub fn log_channel(&self) -> String {
        format!("aeron:udp?term-length={}", self.deployment().term_length.log)
    }

    /// Channel between a consensus module and its services.
    pub fn control_channel(&self) -> String {
        format!("aeron:ipc?term-length={}", self.deployment().term_length.control)
    }

    /// Channel by which a service's snapshot goes to the archive.
    pub fn snapshot_channel(&self) -> String {
        String::from("aeron:ipc?alias=snapshot")
    }

    /// Channel by which the log and snapshots are replayed to a service.
    pub fn replay_channel(&self) -> String {
        String::from("aeron:ipc")
    }

    /// Channel of a member's market data to all listeners that announce themselves (dynamic multi-destination-cast). The
    /// fastest listener sets the pace (`fc=max`): a slower one loses data and asks for a snapshot, and delays nobody else.
    pub fn market_data_channel(&self, member: &MemberSpec) -> String {
        format!(
            "aeron:udp?control={}|control-mode=dynamic|fc=max|term-length={}",
            member.endpoints.market_data,
            self.deployment().term_length.udp
        )
    }

    /// Channel of a member's market data to listeners that share the member's media driver.
    pub fn market_data_ipc_channel(&self) -> String {
        format!("aeron:ipc?term-length={}", self.deployment().term_length.ipc)
    }

    /// Channel of a member's loop of snapshots, to all listeners that announce themselves. It has a port of its own, as all that
    /// leaves a port goes to all who announced themselves there.
    pub fn snapshot_loop_channel(&self, member: &MemberSpec) -> Option<String> {
        let control = member.endpoints.snapshots.as_ref()?;
        let term_length = self.deployment().term_length.udp;
        Some(format!("aeron:udp?control={control}|control-mode=dynamic|fc=max|term-length={term_length}"))
    }

    /// Channels on which a client listens to the market data of all members: over UDP at a port that the system chooses, or
    /// through shared memory if the client's media driver (`aeron_dir`) is that member's.
    pub fn market_data_subscriptions(&self, aeron_dir: &Path) -> Vec<String> {
        let channel = |member: &MemberSpec| self.listeners_channel(member, &member.endpoints.market_data, aeron_dir);
        self.members.iter().map(channel).collect()
    }

    /// Channels on which a client listens to the loops of snapshots of all members, in the same order; none if there are no loops.
    pub fn snapshot_loop_subscriptions(&self, aeron_dir: &Path) -> Vec<String> {
        let members = self.members.iter().filter_map(|member| Some((member, member.endpoints.snapshots.as_ref()?)));
        members.map(|(member, control)| self.listeners_channel(member, control, aeron_dir)).collect()
    }

    /// Channel of a member's increments to its archive, if that records them. It is not the one to listeners: one of them that does not
    /// listen on would hold up the recording.
    pub fn market_data_recording_channel(&self, member: &MemberSpec) -> Option<String> {
        let _ = member.endpoints.replays.as_ref()?;
        Some(format!("aeron:ipc?alias=market-data-recording|term-length={}", self.deployment().term_length.ipc))
    }

    /// Channel on which a member takes requests for replays of market data, if that is recorded; and on which listeners send them, which
    /// are short.
    pub fn replay_request_channel(&self, member: &MemberSpec) -> Option<String> {
        Some(format!("{}|term-length=64k", udp(member.endpoints.replays.as_ref()?)))
    }

    /// Channel on which a client receives replays of market data, at a port that the system chooses.
    pub fn replay_subscription(&self) -> String {
        udp(&Endpoint { host: self.deployment().egress_host(), port: 0 })
    }

    fn listeners_channel(&self, member: &MemberSpec, control: &Endpoint, aeron_dir: &Path) -> String {
        if member.aeron_dir == aeron_dir {
            return String::from("aeron:ipc");
        }
        let endpoint = Endpoint { host: self.deployment().egress_host(), port: 0 };
        format!("{}|control={control}|control-mode=dynamic", udp(&endpoint))
    }

    /// Channel on which a backup receives the log, without its endpoint.
    pub fn backup_channel(&self) -> String {
        String::from("aeron:udp?alias=backup")
    }

    /// Channel of a member's status to all who announce themselves. Each message holds for itself, so that the fastest listener
    /// sets the pace: whoever is slower misses some, and holds up nobody.
    pub fn status_channel(&self, member: &MemberSpec) -> String {
        format!("aeron:udp?control={}|control-mode=dynamic|fc=max|term-length=64k", member.endpoints.status)
    }

    /// Channels on which a program listens to the status of other members: with a member's number that of all but this one, at
    /// that member's host; without it that of all, at a client's host.
    pub fn status_subscriptions(&self, listener: Option<MemberId>) -> Vec<String> {
        let own = listener.and_then(|id| self.member(id));
        let host = own.map_or_else(|| self.deployment().egress_host(), |member| member.members_host.clone());
        let endpoint = Endpoint { host, port: 0 };
        let others = self.members.iter().filter(|member| Some(member.id) != listener);
        let channel = |member: &MemberSpec| {
            format!("{}|control={}|control-mode=dynamic", udp(&endpoint), member.endpoints.status)
        };
        others.map(channel).collect()
    }

    /// Channel of a member's requests to its own archive, and of the answers.
    pub fn archive_local_control_channel(&self) -> String {
        String::from("aeron:ipc?term-length=64k")
    }
}

impl MemberSpec {
    /// Channel of other members' requests to this member's archive.
    pub fn archive_control_channel(&self) -> String {
        udp(&self.endpoints.archive)
    }

    /// Channel on which other members' consensus modules reach this one.
    pub fn consensus_channel(&self) -> String {
        udp(&self.endpoints.consensus)
    }

    /// Channel on which other members' archives send what this member asked for. The system chooses its port.
    pub fn replication_channel(&self) -> String {
        udp(&Endpoint { host: self.members_host.clone(), port: 0 })
    }
}

pub(crate) fn udp(endpoint: &Endpoint) -> String {
    format!("aeron:udp?endpoint={endpoint}")
}

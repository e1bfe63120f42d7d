//! Where the members are: as the context has it, and as the cluster has reported it since.
//!
//! The cluster's list is `0=host:port,1=host:port`. Source: `AeronCluster.parseIngressEndpoints`.

use std::fmt;

use crate::context::{MAX_MEMBERS, is_endpoint};

/// A member, and how ingress reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `None` when the ingress channel itself is the address, whichever member leads.
    pub member: Option<i32>,
    pub route: Route,
}

/// How ingress reaches a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// The context's ingress channel as it is.
    Channel,
    /// The context's ingress channel with this endpoint.
    Endpoint(String),
    /// IPC, by the media driver that client and member share.
    Ipc,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(member) = self.member {
            write!(formatter, "member {member} ")?;
        }
        match &self.route {
            Route::Channel => formatter.write_str("the ingress channel"),
            Route::Endpoint(endpoint) => formatter.write_str(endpoint),
            Route::Ipc => formatter.write_str("over IPC"),
        }
    }
}

/// The members' endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    configured: Vec<(i32, String)>,
    reported: Vec<(i32, String)>,
    ipc_member: Option<i32>,
}

impl Endpoints {
    pub(crate) fn new(configured: Vec<(i32, String)>, ipc_member: Option<i32>) -> Self {
        Self { configured, reported: Vec::new(), ipc_member }
    }

    /// Takes over a list that the cluster sent. Entries that are no member and `host:port` are left out; a list without any
    /// other, or with more than [`MAX_MEMBERS`], changes nothing. Without configured endpoints the ingress channel is the
    /// address, and lists are ignored, as in Aeron.
    pub(crate) fn update(&mut self, list: &str) {
        if !self.configured.is_empty()
            && let Some(reported) = parse(list)
        {
            self.reported = reported;
        }
    }

    /// All targets: those that the cluster reported first, then those that only the context has.
    pub(crate) fn targets(&self) -> Vec<Target> {
        if self.configured.is_empty() {
            return vec![Target { member: None, route: Route::Channel }];
        }
        let mut targets = Vec::new();
        if let Some(member) = self.ipc_member {
            targets.push(Target { member: Some(member), route: Route::Ipc });
        }
        for (member, endpoint) in self.reported.iter().chain(&self.configured) {
            let target = Target { member: Some(*member), route: Route::Endpoint(endpoint.clone()) };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }

    /// How to reach `leader`, by IPC if the context allows it; `None` when no endpoint of that member is known.
    pub(crate) fn leader(&self, leader: i32) -> Option<Target> {
        if self.ipc_member == Some(leader) {
            return Some(Target { member: Some(leader), route: Route::Ipc });
        }
        self.leader_by_network(leader)
    }

    /// How to reach `leader` when IPC does not connect.
    pub(crate) fn leader_by_network(&self, leader: i32) -> Option<Target> {
        if self.configured.is_empty() {
            return Some(Target { member: None, route: Route::Channel });
        }
        let (_, endpoint) = self.reported.iter().chain(&self.configured).find(|(member, _)| *member == leader)?;
        Some(Target { member: Some(leader), route: Route::Endpoint(endpoint.clone()) })
    }
}

fn parse(list: &str) -> Option<Vec<(i32, String)>> {
    let mut endpoints = Vec::new();
    for entry in list.split(',') {
        let Some((member, endpoint)) = parse_entry(entry) else {
            tracing::warn!(entry, list, "an ingress endpoint of the cluster is no host:port, and is left out");
            continue;
        };
        if endpoints.len() == MAX_MEMBERS {
            return None;
        }
        endpoints.push((member, endpoint.to_owned()));
    }
    Some(endpoints).filter(|endpoints| !endpoints.is_empty())
}

fn parse_entry(entry: &str) -> Option<(i32, &str)> {
    let (member, endpoint) = entry.split_once('=')?;
    Some((member.parse().ok()?, endpoint)).filter(|_| is_endpoint(endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(member: i32, endpoint: &str) -> Target {
        Target { member: Some(member), route: Route::Endpoint(endpoint.to_owned()) }
    }

    #[test]
    fn reported_endpoints_come_first_and_configured_ones_stay() {
        let mut endpoints = Endpoints::new(vec![(0, "a:1".into()), (1, "b:1".into())], None);
        assert_eq!(endpoints.targets(), [udp(0, "a:1"), udp(1, "b:1")]);
        endpoints.update("1=b:1,0=a:2,2=c:1");
        assert_eq!(endpoints.targets(), [udp(1, "b:1"), udp(0, "a:2"), udp(2, "c:1"), udp(0, "a:1")]);
        assert_eq!(endpoints.leader(0), Some(udp(0, "a:2")));
        assert_eq!(endpoints.leader(9), None);
    }

    #[test]
    fn an_entry_that_is_no_endpoint_does_not_spoil_the_list() {
        let mut endpoints = Endpoints::new(vec![(0, "a:1".into())], None);
        endpoints.update("0=a:2,1=b,2=c:1,x=d:1,3");
        assert_eq!(endpoints.targets(), [udp(0, "a:2"), udp(2, "c:1"), udp(0, "a:1")]);
        assert_eq!(endpoints.leader(1), None);
    }

    #[test]
    fn malformed_lists_change_nothing() {
        let mut endpoints = Endpoints::new(vec![(0, "a:1".into())], None);
        for list in ["", "0", "0=", "x=a:1", "0=a", "0=a:1,", "0=a|b:1", "0=a:99999"] {
            endpoints.update(list);
            assert_eq!(endpoints.targets(), [udp(0, "a:1")], "{list}");
        }
        let long: Vec<String> = (0..=MAX_MEMBERS).map(|member| format!("{member}=a:1")).collect();
        endpoints.update(&long.join(","));
        assert_eq!(endpoints.targets().len(), 1);
    }

    #[test]
    fn ipc_is_the_first_target_of_its_member() {
        let endpoints = Endpoints::new(vec![(0, "a:1".into()), (1, "b:1".into())], Some(1));
        let ipc = Target { member: Some(1), route: Route::Ipc };
        assert_eq!(endpoints.targets()[0], ipc);
        assert_eq!(endpoints.leader(1), Some(ipc));
        assert_eq!(endpoints.leader(0), Some(udp(0, "a:1")));
        assert_eq!(endpoints.leader_by_network(1), Some(udp(1, "b:1")));
    }

    #[test]
    fn without_endpoints_the_channel_is_the_address() {
        let mut endpoints = Endpoints::new(Vec::new(), None);
        endpoints.update("0=a:1");
        let channel = Target { member: None, route: Route::Channel };
        assert_eq!(endpoints.leader(5).as_ref(), Some(&channel));
        assert_eq!(endpoints.targets(), [channel]);
    }
}

//! The address at which a client receives: that of the deployment's file, or the one of this host from which members are reached.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use lugus_vocabulary::Endpoint;

use crate::Deployment;
use crate::channels::udp;

impl Deployment {
    /// Address of the client's host, to which members and the coordinator send: `client.egress_host`, or without it the address from
    /// which this host would send to the first member. So one file serves programs on all hosts.
    pub fn egress_host(&self) -> String {
        if let Some(host) = &self.client.egress_host {
            return host.clone();
        }
        let first = self.clusters.iter().flat_map(|cluster| &cluster.members).next();
        let own = first.and_then(|member| own_address_towards(&member.host, member.port));
        own.unwrap_or_else(|| Ipv4Addr::LOCALHOST.to_string())
    }

    /// Channel on which the client receives from members and the coordinator (`aeron.cluster.egress.channel`). The system
    /// chooses its port.
    pub fn egress_channel(&self) -> String {
        udp(&Endpoint { host: self.egress_host(), port: 0 })
    }
}

/// The address from which this host would send to another one, if there is a way. Nothing is sent.
fn own_address_towards(host: &str, port: u16) -> Option<String> {
    let remote = (host, port).to_socket_addrs().ok()?.next()?;
    let any: SocketAddr = match remote {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(remote).ok()?;
    Some(match socket.local_addr().ok()? {
        SocketAddr::V4(own) => own.ip().to_string(),
        SocketAddr::V6(own) => format!("[{}]", own.ip()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_sends_to_its_own_addresses_from_themselves() {
        assert_eq!(own_address_towards("127.0.0.1", 20_100).as_deref(), Some("127.0.0.1"));
        assert_eq!(
            own_address_towards("localhost", 20_100).map(|own| own.contains("127.0.0.1") || own == "[::1]"),
            Some(true)
        );
        assert_eq!(own_address_towards("no such host", 20_100), None);
    }

    #[test]
    fn what_the_file_says_counts() {
        let mut deployment = Deployment::default_local(1, 20_100);
        assert_eq!(deployment.egress_channel(), "aeron:udp?endpoint=127.0.0.1:0");
        deployment.client.egress_host = Some(String::from("192.0.2.7"));
        assert_eq!(deployment.egress_channel(), "aeron:udp?endpoint=192.0.2.7:0");
    }
}

//! All configuration of a client, checked once by [`Context::conclude`].
//!
//! Source: `io.aeron.cluster.client.AeronCluster.Context` and `Configuration`. Ids, channels and time-outs have Aeron's
//! names and defaults where Aeron has them.

use std::path::PathBuf;
use std::time::Duration;

use crate::channel::{is_ipc, is_udp, parameter, with_parameter};
use crate::error::ConfigurationError;

/// Most members that a client keeps endpoints of.
pub const MAX_MEMBERS: usize = 32;

/// Longest client name in characters (`Aeron.Configuration.MAX_CLIENT_NAME_LENGTH`).
pub const MAX_CLIENT_NAME_LENGTH: usize = 100;

/// Longest credentials or challenge response in bytes: with channel and name they fit the smallest ingress message.
pub const MAX_CREDENTIALS_LENGTH: usize = 4096;

/// Supplies what the cluster's authenticator asks for.
///
/// Source: `io.aeron.security.CredentialsSupplier`.
pub trait CredentialsSupplier {
    /// Credentials that go with each connect request; at most [`MAX_CREDENTIALS_LENGTH`] bytes, may be empty.
    fn encoded_credentials(&mut self) -> Vec<u8>;

    /// Credentials in answer to a challenge; at most [`MAX_CREDENTIALS_LENGTH`] bytes.
    fn on_challenge(&mut self, encoded_challenge: &[u8]) -> Vec<u8>;
}

/// Empty credentials, for a cluster that lets everyone in.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullCredentials;

impl CredentialsSupplier for NullCredentials {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn on_challenge(&mut self, _encoded_challenge: &[u8]) -> Vec<u8> {
        Vec::new()
    }
}

/// What to do when a session is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconnect {
    /// Open a new session.
    Always,
    /// End with [`ClientError::Disconnected`](crate::ClientError::Disconnected). The watchdog, which works by opening a new
    /// session, then only starts the new-leader time-out.
    Never,
}

/// Configuration of a client: set the fields, then give it to [`AeronCluster::new`](crate::AeronCluster::new).
pub struct Context {
    /// Directory of the media driver, which may start after the client.
    pub aeron_dir: PathBuf,
    /// Channel to the cluster: `aeron:udp`, to which the endpoints are added; or one with an endpoint of its own
    /// (multicast), or `aeron:ipc` (a cluster of one member on this host), without `ingress_endpoints`. For each
    /// endpoint there is a publication while the client looks for the leader: a `term-length` here bounds their size.
    pub ingress_channel: String,
    /// Member ids and their ingress endpoints (`host:port`). The cluster tells the current ones when it redirects and
    /// when a leader is elected; these remain as a fallback.
    pub ingress_endpoints: Vec<(i32, String)>,
    /// Stream of the cluster's ingress.
    pub ingress_stream_id: i32,
    /// Channel on which the cluster answers: an address of this host that the members can reach, port 0 for any.
    pub egress_channel: String,
    /// Stream on which the cluster answers.
    pub egress_stream_id: i32,
    /// Member whose media driver this client shares: IPC ingress while that member leads, UDP otherwise. The cluster must allow
    /// it (`aeron.cluster.ingress.ipc.allowed`), else UDP is used always.
    pub ipc_member: Option<i32>,
    /// Name in the media driver's and the cluster's counters.
    pub client_name: String,
    /// Who the client is.
    pub credentials: Box<dyn CredentialsSupplier>,
    /// Bound on the wait for ingress to a new leader.
    pub message_timeout: Duration,
    /// Bound on the wait for a member's answer to a connect request, and for a leader that a redirect names.
    pub connect_timeout: Duration,
    /// How long a session is kept without a leader. More than the cluster's leader heartbeat time-out and election take.
    pub new_leader_timeout: Duration,
    /// Interval of keep-alives; well below the cluster's session time-out (10 s).
    pub keep_alive_interval: Duration,
    /// How long the session may show no sign of life before a new one is tried beside it. A quiet session is probed
    /// from a third of this time on (README.md, "Watchdog").
    pub watchdog: Duration,
    /// Shortest back-off after a failed connect request.
    pub retry_min: Duration,
    /// Longest back-off after failed connect requests.
    pub retry_max: Duration,
    /// Give up for good after so long without a session; `None`: never.
    pub overall_connect_timeout: Option<Duration>,
    /// Whether a lost session is replaced.
    pub reconnect: Reconnect,
    /// Bound on the media driver's heartbeat age before it counts as gone.
    pub driver_timeout: Duration,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            aeron_dir: default_aeron_dir(),
            ingress_channel: "aeron:udp".to_owned(),
            ingress_endpoints: Vec::new(),
            ingress_stream_id: 101,
            egress_channel: "aeron:udp?endpoint=127.0.0.1:0".to_owned(),
            egress_stream_id: 102,
            ipc_member: None,
            client_name: "aeron-cluster-client".to_owned(),
            credentials: Box::new(NullCredentials),
            message_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(1),
            new_leader_timeout: Duration::from_secs(5),
            keep_alive_interval: Duration::from_secs(1),
            watchdog: Duration::from_millis(1500),
            retry_min: Duration::from_millis(50),
            retry_max: Duration::from_secs(1),
            overall_connect_timeout: None,
            reconnect: Reconnect::Always,
            driver_timeout: Duration::from_secs(10),
        }
    }
}

/// Where a media driver of this user is by default (`aeron_default_path`).
fn default_aeron_dir() -> PathBuf {
    let user = std::env::var("USER").unwrap_or_else(|_| "default".to_owned());
    PathBuf::from(format!("/dev/shm/aeron-{user}"))
}

impl Context {
    /// Checks the whole configuration and completes it: egress over UDP gets `rejoin=false`, as in Aeron since 1.48, so
    /// that an image which was lost does not come back with a hole. [`AeronCluster::new`](crate::AeronCluster::new)
    /// calls it.
    ///
    /// # Errors
    /// The first fault found, with the field's name and value.
    pub fn conclude(mut self) -> Result<Self, ConfigurationError> {
        if self.aeron_dir.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(ConfigurationError::AeronDir(self.aeron_dir));
        }
        let length = self.client_name.chars().count();
        if length > MAX_CLIENT_NAME_LENGTH || self.client_name.contains('\0') {
            return Err(ConfigurationError::ClientName { length, maximum: MAX_CLIENT_NAME_LENGTH });
        }
        self.check_ingress()?;
        self.conclude_egress()?;
        self.check_durations()?;
        Ok(self)
    }

    fn check_ingress(&self) -> Result<(), ConfigurationError> {
        let channel = &self.ingress_channel;
        if with_parameter(channel, "alias", "ingress").is_none() || !(is_udp(channel) || is_ipc(channel)) {
            return Err(ConfigurationError::Channel { name: "ingress_channel", channel: channel.clone() });
        }
        let endpoints = &self.ingress_endpoints;
        if is_ipc(channel) && !endpoints.is_empty() {
            return Err(ConfigurationError::EndpointsWithIpc);
        }
        if is_udp(channel) && endpoints.is_empty() && parameter(channel, "endpoint").is_none() {
            return Err(ConfigurationError::NoEndpoint(channel.clone()));
        }
        if endpoints.len() > MAX_MEMBERS {
            return Err(ConfigurationError::TooManyEndpoints { found: endpoints.len(), maximum: MAX_MEMBERS });
        }
        for (index, (member, endpoint)) in endpoints.iter().enumerate() {
            if !is_endpoint(endpoint) {
                return Err(ConfigurationError::Endpoint { member: *member, endpoint: endpoint.clone() });
            }
            if endpoints[..index].iter().any(|(other, _)| other == member) {
                return Err(ConfigurationError::DuplicateMember(*member));
            }
        }
        match self.ipc_member {
            Some(member) if !endpoints.iter().any(|(other, _)| *other == member) => {
                Err(ConfigurationError::IpcMemberUnknown(member))
            }
            _ => Ok(()),
        }
    }

    fn conclude_egress(&mut self) -> Result<(), ConfigurationError> {
        let fault = || ConfigurationError::Channel { name: "egress_channel", channel: self.egress_channel.clone() };
        if is_ipc(&self.egress_channel) {
            if self.ingress_endpoints.len() > 1 {
                return Err(ConfigurationError::IpcEgress);
            }
            with_parameter(&self.egress_channel, "alias", "egress").ok_or_else(fault)?;
        } else if is_udp(&self.egress_channel) && parameter(&self.egress_channel, "endpoint").is_some_and(is_endpoint) {
            self.egress_channel = with_parameter(&self.egress_channel, "rejoin", "false").ok_or_else(fault)?;
        } else {
            return Err(fault());
        }
        Ok(())
    }

    fn check_durations(&self) -> Result<(), ConfigurationError> {
        let positive = [
            ("message_timeout", self.message_timeout),
            ("connect_timeout", self.connect_timeout),
            ("new_leader_timeout", self.new_leader_timeout),
            ("keep_alive_interval", self.keep_alive_interval),
            ("watchdog", self.watchdog),
            ("retry_min", self.retry_min),
            ("overall_connect_timeout", self.overall_connect_timeout.unwrap_or(Duration::MAX)),
            ("driver_timeout", self.driver_timeout),
        ];
        for (name, value) in positive {
            if value < Duration::from_millis(1) {
                return Err(ConfigurationError::Duration { name, value, rule: "it must be at least 1 ms" });
            }
        }
        if self.retry_max < self.retry_min {
            let rule = "it must not be below retry_min";
            return Err(ConfigurationError::Duration { name: "retry_max", value: self.retry_max, rule });
        }
        Ok(())
    }
}

/// Whether this is `host:port`, or `[address]:port` for IPv6.
pub(crate) fn is_endpoint(text: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || matches!(c, '|' | ',' | '=' | '?' | '\0');
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !text.contains(forbidden) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_members() -> Context {
        Context {
            ingress_endpoints: (0..3).map(|member| (member, format!("localhost:2{member}110"))).collect(),
            ..Context::default()
        }
    }

    #[test]
    fn a_good_context_gets_rejoin_false_on_egress() {
        let context = three_members().conclude().unwrap();
        assert_eq!(parameter(&context.egress_channel, "rejoin"), Some("false"));
        assert_eq!(parameter(&context.egress_channel, "endpoint"), Some("127.0.0.1:0"));
        let channel = context.egress_channel.clone();
        assert_eq!(context.conclude().unwrap().egress_channel, channel, "concluding again changes nothing");
    }

    #[test]
    fn each_fault_has_its_error() {
        type Fault = (fn(&mut Context), &'static str);
        let faults: [Fault; 15] = [
            (|c| c.ingress_channel = "udp".into(), "ingress_channel 'udp'"),
            (|c| c.ingress_channel = "aeron:ipc".into(), "ingress_endpoints must be empty"),
            (|c| c.ingress_endpoints.clear(), "ingress_endpoints is empty"),
            (|c| c.ingress_endpoints[1].1 = "localhost".into(), "'localhost' of member 1"),
            (|c| c.ingress_endpoints[1].1 = "a|b:1".into(), "'a|b:1' of member 1"),
            (|c| c.ingress_endpoints[1].0 = 0, "member 0 has two"),
            (|c| c.ingress_endpoints = (0..40).map(|m| (m, "a:1".into())).collect(), "40 ingress endpoints"),
            (|c| c.ipc_member = Some(7), "ipc_member 7"),
            (|c| c.egress_channel = "aeron:ipc".into(), "egress_channel is IPC"),
            (|c| c.egress_channel = "aeron:udp".into(), "egress_channel 'aeron:udp'"),
            (|c| c.client_name = "x".repeat(101), "101 characters"),
            (|c| c.keep_alive_interval = Duration::ZERO, "keep_alive_interval is 0ns"),
            (|c| c.watchdog = Duration::ZERO, "watchdog is 0ns"),
            (|c| c.retry_max = Duration::ZERO, "retry_max is 0ns"),
            (|c| c.aeron_dir = "/dev/shm/a\0b".into(), "aeron_dir"),
        ];
        for (spoil, expected) in faults {
            let mut context = three_members();
            spoil(&mut context);
            let error = context.conclude().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected), "expected '{expected}' in '{error}'");
        }
    }

    #[test]
    fn ipc_ingress_and_multicast_need_no_endpoints() {
        for channel in ["aeron:ipc", "aeron:udp?endpoint=224.20.30.39:24326"] {
            let context = Context { ingress_channel: channel.into(), ..Context::default() };
            assert!(context.conclude().is_ok(), "{channel}");
        }
    }
}

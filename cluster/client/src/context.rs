//! The settings of a client, with their defaults, checked once by [`Context::conclude`].
//!
//! Source: `io.aeron.cluster.client.AeronCluster.Context` and `Configuration`. Ids, channels and time-outs have Aeron's
//! names and defaults where Aeron has them.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use aeron_support::channel::{is_channel, is_ipc, is_udp, parameter, with_parameter};

use crate::error::ConfigurationError;

/// Greatest number of members whose endpoints a client keeps.
pub const MAX_MEMBERS: usize = 32;

/// Longest client name in characters. Source: `Aeron.Configuration.MAX_CLIENT_NAME_LENGTH`.
pub const MAX_CLIENT_NAME_LENGTH: usize = 100;

/// Longest credentials or challenge response in bytes: with channel and name they fit the smallest ingress message.
pub const MAX_CREDENTIALS_LENGTH: usize = 4096;

/// Supplies what the cluster's authenticator asks for. Source: `io.aeron.security.CredentialsSupplier`.
pub trait CredentialsSupplier {
    /// Credentials that go with each connect request, at most [`MAX_CREDENTIALS_LENGTH`] bytes. They may be empty.
    fn encoded_credentials(&mut self) -> Vec<u8>;

    /// Credentials in answer to a challenge, at most [`MAX_CREDENTIALS_LENGTH`] bytes.
    fn on_challenge(&mut self, encoded_challenge: &[u8]) -> Vec<u8>;

    /// A secret of the session that the answer to this challenge may open, for the application's own use. The client tells
    /// by [`AeronCluster::session_secret`](crate::AeronCluster::session_secret) which one belongs to the open session, as
    /// there may be several challenges before a session is open. The default is none, which is an empty secret.
    fn session_secret(&mut self, encoded_challenge: &[u8]) -> Vec<u8> {
        let _ = encoded_challenge;
        Vec::new()
    }
}

/// Empty credentials, for a cluster that admits everyone.
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

/// What the client does when its session is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reconnect {
    /// The client opens a new session.
    Always,
    /// The client ends with [`ClientError::Disconnected`](crate::ClientError::Disconnected). A silent session is then not
    /// replaced by a new one, but lost after the new-leader time-out, or after the session time-out if its leader is there.
    Never,
}

/// Settings of a client: start from [`Context::default`], set what differs, and hand them to
/// [`AeronCluster::new`](crate::AeronCluster::new), which checks them.
///
/// ```
/// use aeron_cluster_client::Context;
///
/// let context = Context::default()
///     .aeron_dir("/dev/shm/my-media-driver")
///     .ingress_endpoints([(0, "10.0.0.1:20110"), (1, "10.0.0.2:20110"), (2, "10.0.0.3:20110")])
///     .egress_channel("aeron:udp?endpoint=10.0.0.9:0");
/// ```
#[must_use]
pub struct Context {
    pub(crate) aeron_dir: PathBuf,
    pub(crate) ingress_channel: String,
    pub(crate) ingress_endpoints: Vec<(i32, String)>,
    pub(crate) ingress_stream_id: i32,
    pub(crate) egress_channel: String,
    pub(crate) egress_stream_id: i32,
    pub(crate) ipc_member: Option<i32>,
    pub(crate) client_name: String,
    pub(crate) credentials: Box<dyn CredentialsSupplier>,
    pub(crate) message_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) new_leader_timeout: Duration,
    pub(crate) session_timeout: Duration,
    pub(crate) keep_alive_interval: Duration,
    pub(crate) watchdog: Duration,
    pub(crate) retry_min: Duration,
    pub(crate) retry_max: Duration,
    pub(crate) overall_connect_timeout: Option<Duration>,
    pub(crate) reconnect: Reconnect,
    pub(crate) driver_timeout: Duration,
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
            session_timeout: Duration::from_secs(10),
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

/// Directory in which a media driver of this user is by default. Source: `aeron_default_path`.
pub fn default_aeron_dir() -> PathBuf {
    let user = std::env::var("USER").unwrap_or_else(|_| "default".to_owned());
    PathBuf::from(format!("/dev/shm/aeron-{user}"))
}

/// A setter for each of the fields: `name: type of the argument => value of the field`.
macro_rules! setters {
    ($($(#[$documentation:meta])* $field:ident: $argument:ty => $value:expr;)*) => {
        impl Context {
            $(
                $(#[$documentation])*
                pub fn $field(mut self, $field: $argument) -> Self {
                    self.$field = $value;
                    self
                }
            )*
        }
    };
}

setters! {
    /// Directory of the media driver, which may start after the client. Default [`default_aeron_dir`].
    aeron_dir: impl Into<PathBuf> => aeron_dir.into();

    /// Channel to the cluster: `aeron:udp`, to which the endpoints are added; or, without ingress endpoints, a channel with
    /// an endpoint (multicast) or `aeron:ipc` (a cluster of one member on this host). While the client looks for the leader
    /// it has a publication to each endpoint; a `term-length` bounds their size. Default `aeron:udp`.
    ingress_channel: impl Into<String> => ingress_channel.into();

    /// Member ids and their ingress endpoints (`host:port`). The cluster reports the present endpoints when it redirects
    /// the client and when a leader is elected; those given here remain as a fallback. Default none.
    ingress_endpoints: impl IntoIterator<Item = (i32, impl Into<String>)> =>
        ingress_endpoints.into_iter().map(|(member, endpoint)| (member, endpoint.into())).collect();

    /// Stream of the cluster's ingress. Default 101.
    ingress_stream_id: i32 => ingress_stream_id;

    /// Channel on which the cluster answers: an address of this host that the members can reach, with port 0 for any port.
    /// Default `aeron:udp?endpoint=127.0.0.1:0`.
    egress_channel: impl Into<String> => egress_channel.into();

    /// Stream on which the cluster answers. Default 102.
    egress_stream_id: i32 => egress_stream_id;

    /// Member whose media driver this client shares. The client uses IPC ingress while that member leads, with the ingress
    /// channel's `term-length` if it has one, and UDP otherwise. The cluster must allow IPC ingress (`aeron.cluster.ingress.ipc.allowed`), or the client always uses UDP.
    /// Default none.
    ipc_member: Option<i32> => ipc_member;

    /// Name of the client in the counters of the media driver and of the cluster. Default `aeron-cluster-client`.
    client_name: impl Into<String> => client_name.into();

    /// Supplies the credentials. Default [`NullCredentials`].
    credentials: impl CredentialsSupplier + 'static => Box::new(credentials);

    /// Bound on the wait for a member's answer to a connect request, which has to be above the time that the cluster's
    /// authenticator takes, and on the wait for ingress to a new leader. Default 5 s.
    message_timeout: Duration => message_timeout;

    /// Time without an answer to a connect request after which another member is asked too, and bound on the wait for a
    /// leader that a redirect names. Default 1 s.
    connect_timeout: Duration => connect_timeout;

    /// Time that a session is kept without a leader: more than the cluster's leader heartbeat time-out and its election
    /// take. Default 5 s.
    new_leader_timeout: Duration => new_leader_timeout;

    /// Time that a session is kept whose leader is there and answers nothing, because it takes a snapshot or is suspended: the
    /// cluster's session time-out (`aeron.cluster.session.timeout`). Default 10 s.
    session_timeout: Duration => session_timeout;

    /// Interval of keep-alives: well below the cluster's session time-out (10 s by default). Default 1 s.
    keep_alive_interval: Duration => keep_alive_interval;

    /// Time without a sign of life after which a new session is tried beside the present one. A quiet session is probed
    /// after a third of this time (README.md, "Watchdog"). Default 1.5 s.
    watchdog: Duration => watchdog;

    /// Shortest pause after a failed connect request. Default 50 ms.
    retry_min: Duration => retry_min;

    /// Longest pause after failed connect requests. Default 1 s.
    retry_max: Duration => retry_max;

    /// Time without a session after which the client ends; `None` lets it try for ever. Default `None`.
    overall_connect_timeout: Option<Duration> => overall_connect_timeout;

    /// Whether the client opens a new session when its session is lost. Default [`Reconnect::Always`].
    reconnect: Reconnect => reconnect;

    /// Age of the media driver's heartbeat from which the driver counts as dead. Default 10 s.
    driver_timeout: Duration => driver_timeout;
}

impl Context {
    /// A copy of these settings with other credentials. Credentials themselves cannot be copied.
    pub fn with_credentials(&self, credentials: impl CredentialsSupplier + 'static) -> Self {
        Self {
            aeron_dir: self.aeron_dir.clone(),
            ingress_channel: self.ingress_channel.clone(),
            ingress_endpoints: self.ingress_endpoints.clone(),
            egress_channel: self.egress_channel.clone(),
            client_name: self.client_name.clone(),
            credentials: Box::new(credentials),
            ..*self
        }
    }

    /// Checks all settings and completes them: egress over UDP gets `rejoin=false`, as in Aeron since 1.48, so that an image
    /// that was lost does not come back with a hole. [`AeronCluster::new`](crate::AeronCluster::new) calls this.
    ///
    /// # Errors
    /// The first setting that cannot work, with its name and value.
    pub fn conclude(mut self) -> Result<Self, ConfigurationError> {
        self.check_client()?;
        self.check_ingress()?;
        self.conclude_egress()?;
        self.check_durations()?;
        Ok(self)
    }

    /// As [`conclude`](Self::conclude), for a group of sessions, which has no ingress of its own.
    pub(crate) fn conclude_group(mut self) -> Result<Self, ConfigurationError> {
        self.check_client()?;
        self.conclude_egress()?;
        self.check_durations()?;
        Ok(self)
    }

    fn check_client(&self) -> Result<(), ConfigurationError> {
        if self.aeron_dir.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(ConfigurationError::AeronDir(self.aeron_dir.clone()));
        }
        let length = self.client_name.chars().count();
        if length > MAX_CLIENT_NAME_LENGTH || self.client_name.contains('\0') {
            return Err(ConfigurationError::ClientName { length, maximum: MAX_CLIENT_NAME_LENGTH });
        }
        Ok(())
    }

    fn check_ingress(&self) -> Result<(), ConfigurationError> {
        let channel = &self.ingress_channel;
        if !is_channel(channel) || !(is_udp(channel) || is_ipc(channel)) {
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
        let channel = &self.egress_channel;
        let is_udp = is_udp(channel) && parameter(channel, "endpoint").is_some_and(is_endpoint);
        if !is_channel(channel) || !(is_udp || is_ipc(channel)) {
            return Err(ConfigurationError::Channel { name: "egress_channel", channel: channel.clone() });
        }
        if is_udp {
            self.egress_channel = with_parameter(channel, "rejoin", "false");
        } else if self.ingress_endpoints.len() > 1 {
            return Err(ConfigurationError::IpcEgress);
        }
        Ok(())
    }

    /// Whether egress is on loopback and a member is not, so that the member's answers cannot arrive.
    pub(crate) fn is_egress_out_of_reach(&self) -> bool {
        let endpoint = parameter(&self.egress_channel, "endpoint");
        let own = parameter(&self.ingress_channel, "endpoint");
        let members = self.ingress_endpoints.iter().map(|(_, endpoint)| endpoint.as_str()).chain(own);
        endpoint.is_some_and(is_on_loopback) && members.into_iter().any(|member| !is_on_loopback(member))
    }

    fn check_durations(&self) -> Result<(), ConfigurationError> {
        let positive = [
            ("message_timeout", self.message_timeout),
            ("connect_timeout", self.connect_timeout),
            ("new_leader_timeout", self.new_leader_timeout),
            ("session_timeout", self.session_timeout),
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

/// Credentials are secret, so they are not shown.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("aeron_dir", &self.aeron_dir)
            .field("ingress_channel", &self.ingress_channel)
            .field("ingress_endpoints", &self.ingress_endpoints)
            .field("ingress_stream_id", &self.ingress_stream_id)
            .field("egress_channel", &self.egress_channel)
            .field("egress_stream_id", &self.egress_stream_id)
            .field("ipc_member", &self.ipc_member)
            .field("client_name", &self.client_name)
            .field("message_timeout", &self.message_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("new_leader_timeout", &self.new_leader_timeout)
            .field("session_timeout", &self.session_timeout)
            .field("keep_alive_interval", &self.keep_alive_interval)
            .field("watchdog", &self.watchdog)
            .field("retry_min", &self.retry_min)
            .field("retry_max", &self.retry_max)
            .field("overall_connect_timeout", &self.overall_connect_timeout)
            .field("reconnect", &self.reconnect)
            .field("driver_timeout", &self.driver_timeout)
            .finish_non_exhaustive()
    }
}

/// Whether an endpoint can be reached from its own host only. A name other than `localhost` is taken for another host's.
fn is_on_loopback(endpoint: &str) -> bool {
    let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether a text is `host:port`, or `[address]:port` for IPv6.
pub(crate) fn is_endpoint(text: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || matches!(c, '|' | ',' | '=' | '?' | '\0');
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !text.contains(forbidden) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_members() -> Context {
        Context::default().ingress_endpoints((0..3).map(|member| (member, format!("localhost:2{member}110"))))
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
    fn egress_on_loopback_is_out_of_reach_of_members_on_other_hosts() {
        for (egress, member, expected) in [
            ("127.0.0.1:0", "10.0.0.1:20110", true),
            ("localhost:0", "host:20110", true),
            ("[::1]:0", "[fe80::1]:20110", true),
            ("127.0.0.1:0", "localhost:20110", false),
            ("127.0.0.1:0", "127.0.0.3:20110", false),
            ("10.0.0.9:0", "10.0.0.1:20110", false),
            ("10.0.0.9:0", "localhost:20110", false),
        ] {
            let context = Context::default()
                .egress_channel(format!("aeron:udp?endpoint={egress}"))
                .ingress_endpoints([(0, "localhost:20110"), (1, member)]);
            assert_eq!(context.conclude().unwrap().is_egress_out_of_reach(), expected, "{egress} {member}");
        }
    }

    #[test]
    fn ipc_ingress_and_multicast_need_no_endpoints() {
        for channel in ["aeron:ipc", "aeron:udp?endpoint=224.20.30.39:24326"] {
            let context = Context::default().ingress_channel(channel);
            assert!(context.conclude().is_ok(), "{channel}");
        }
    }
}

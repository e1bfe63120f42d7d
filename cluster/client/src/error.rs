//! What can go wrong, as types.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// A context that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// A channel is no Aeron URI.
    #[error("{name} '{channel}' is no Aeron channel, such as aeron:udp or aeron:udp?endpoint=127.0.0.1:0")]
    Channel {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        channel: String,
    },
    /// An IPC ingress channel together with endpoints.
    #[error(
        "ingress_channel is IPC, so ingress_endpoints must be empty (use ipc_member for IPC to one member and UDP to the rest)"
    )]
    EndpointsWithIpc,
    /// UDP ingress without any address.
    #[error("ingress_endpoints is empty, and ingress_channel '{0}' has no endpoint")]
    NoEndpoint(String),
    /// An ingress endpoint that is no `host:port`.
    #[error("ingress endpoint '{endpoint}' of member {member} is no host:port")]
    Endpoint {
        /// Member id.
        member: i32,
        /// What was given for it.
        endpoint: String,
    },
    /// More endpoints than the client handles.
    #[error("{found} ingress endpoints, at most {maximum} are allowed")]
    TooManyEndpoints {
        /// How many there are.
        found: usize,
        /// The limit.
        maximum: usize,
    },
    /// The same member twice.
    #[error("member {0} has two ingress endpoints")]
    DuplicateMember(i32),
    /// The IPC member is not among the endpoints.
    #[error("ipc_member {0} has no ingress endpoint to use while another member leads")]
    IpcMemberUnknown(i32),
    /// IPC egress, which only a member on this host can reach, in a cluster of several members.
    #[error(
        "egress_channel is IPC, which members on other hosts cannot reach; use a UDP channel with an address of this host"
    )]
    IpcEgress,
    /// A name that is too long for Aeron.
    #[error("client_name has {length} characters, at most {maximum} are allowed")]
    ClientName {
        /// Its length.
        length: usize,
        /// The limit.
        maximum: usize,
    },
    /// A time-out of zero, or out of order with another one.
    #[error("{name} is {value:?}: {rule}")]
    Duration {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        value: Duration,
        /// What it has to satisfy.
        rule: &'static str,
    },
    /// A path that holds a NUL byte.
    #[error("aeron_dir {0:?} is no path for a C library")]
    AeronDir(PathBuf),
}

/// Why the client has ended. Nothing brings it back: make a new one after the cause is removed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The context cannot work.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The cluster refuses the credentials.
    #[error("the cluster rejected the credentials: {0}")]
    AuthenticationRejected(String),
    /// Client and cluster speak different major versions of the protocol.
    #[error("the cluster does not speak this client's protocol: {0}")]
    IncompatibleVersion(String),
    /// No session could be opened in the time that the context allows for it.
    #[error("no session within {timeout:?}{}", problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default())]
    ConnectTimeout {
        /// The context's overall time-out.
        timeout: Duration,
        /// What stood in the way last.
        problem: Option<ConnectProblem>,
    },
    /// The session ended and the context says not to open another.
    #[error("the session ended: {0}")]
    Disconnected(String),
    /// The client has been closed.
    #[error("the client is closed")]
    Closed,
}

/// What stands in the way of a session; the client goes on trying.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectProblem {
    /// No media driver runs in the directory.
    #[error("no media driver is running in {}", .0.display())]
    NoMediaDriver(PathBuf),
    /// The media driver refused something, or went away.
    #[error("media driver: {0}")]
    MediaDriver(String),
    /// An ingress publication could not be added.
    #[error("ingress to {target}: {reason}")]
    Ingress {
        /// The member and its endpoint.
        target: String,
        /// What Aeron said.
        reason: String,
    },
    /// No member can be reached.
    #[error("no member of the cluster is reachable at {0}")]
    NotReachable(String),
    /// A member was reached and did not answer the request.
    #[error("no answer to the connect request from {0}")]
    NoAnswer(String),
    /// The cluster has as many sessions as it allows.
    #[error("the cluster has no free session: {0}")]
    SessionLimit(String),
    /// The cluster refused with another text.
    #[error("the cluster refused the session: {0}")]
    Refused(String),
    /// Members name each other, or one that cannot be reached, as leader.
    #[error("no leader: {0}")]
    NoLeader(String),
}

/// Why a message was not sent. Nothing of it has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OfferError {
    /// No session, or its leader is not connected: wait for `on_connected` or `on_new_leader`.
    #[error("not connected to a leader")]
    NotConnected,
    /// The leader is not reading fast enough: do other work and try again.
    #[error("back pressure from the leader")]
    BackPressured,
    /// The log buffer is being rotated: try again at once.
    #[error("log buffer administration in progress")]
    AdminAction,
    /// The message does not fit.
    #[error("message of {length} bytes, at most {maximum} are allowed")]
    MessageTooLong {
        /// Length of the message, in bytes.
        length: usize,
        /// Longest message that the ingress channel carries, in bytes.
        maximum: usize,
    },
    /// The publication can take no more bytes ever; the client opens a new session.
    #[error("the ingress publication reached its maximum position")]
    MaxPositionExceeded,
    /// The client has been closed.
    #[error("the client is closed")]
    Closed,
}

impl OfferError {
    /// Whether the same offer may succeed a moment later in the same session and term.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::BackPressured | Self::AdminAction)
    }
}

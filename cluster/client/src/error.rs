//! Errors of sessions and configurations.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// A setting of a context that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// A channel that is no channel URI, or one that a client cannot use.
    #[error(
        "{name} '{channel}' is not an Aeron channel: write one such as aeron:udp or aeron:udp?endpoint=127.0.0.1:0"
    )]
    Channel {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        channel: String,
    },
    /// An IPC ingress channel together with ingress endpoints.
    #[error(
        "ingress_channel is IPC, so ingress_endpoints must be empty (use ipc_member for IPC to one member and UDP to the rest)"
    )]
    EndpointsWithIpc,
    /// UDP ingress without any address.
    #[error("ingress_endpoints is empty, and ingress_channel '{0}' has no endpoint: set one of them")]
    NoEndpoint(String),
    /// An ingress endpoint that is no `host:port`.
    #[error("ingress endpoint '{endpoint}' of member {member} is not host:port")]
    Endpoint {
        /// Member id.
        member: i32,
        /// What was given for it.
        endpoint: String,
    },
    /// More ingress endpoints than a client keeps.
    #[error("{found} ingress endpoints, at most {maximum} are allowed")]
    TooManyEndpoints {
        /// Number of endpoints.
        found: usize,
        /// The limit.
        maximum: usize,
    },
    /// Two endpoints of the same member.
    #[error("member {0} has two ingress endpoints")]
    DuplicateMember(i32),
    /// An IPC member without an ingress endpoint.
    #[error("ipc_member {0} has no ingress endpoint to use while another member leads")]
    IpcMemberUnknown(i32),
    /// IPC egress of a cluster of several members, which only a member on this host could reach.
    #[error(
        "egress_channel is IPC, which members on other hosts cannot reach; use a UDP channel with an address of this host"
    )]
    IpcEgress,
    /// A name that is too long for Aeron, or has a zero byte.
    #[error("client_name has {length} characters, at most {maximum} are allowed")]
    ClientName {
        /// Length of the name, in characters.
        length: usize,
        /// The limit.
        maximum: usize,
    },
    /// A time-out of zero, or one that does not fit another one.
    #[error("{name} is {value:?}: {rule}")]
    Duration {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        value: Duration,
        /// What the value has to satisfy.
        rule: &'static str,
    },
    /// A session's setting differs from that of the group, and is one that all sessions of a group share.
    #[error("{name} is '{value}', but sessions of this group have '{of_group}': add the session to another group")]
    OtherGroup {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        value: String,
        /// The group's value.
        of_group: String,
    },
    /// More sessions than a group has room for.
    #[error("the group has {0} sessions, and takes no more")]
    TooManySessions(usize),
    /// A path with a zero byte.
    #[error("aeron_dir {0:?} has a zero byte, which no path can have")]
    AeronDir(PathBuf),
}

/// Why the client has ended, for good: remove the cause and make a new client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The context cannot work.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The cluster refused the credentials.
    #[error("the cluster rejected the credentials: {0}")]
    AuthenticationRejected(String),
    /// Client and cluster use different major versions of the protocol.
    #[error("the cluster does not speak this client's protocol: {0}")]
    IncompatibleVersion(String),
    /// No session could be opened within the overall connect time-out.
    #[error("no session within {timeout:?}{}", problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default())]
    ConnectTimeout {
        /// The overall connect time-out.
        timeout: Duration,
        /// What stood last in the way of a session.
        problem: Option<ConnectProblem>,
    },
    /// The session ended and the context says not to open another.
    #[error("the session ended: {0}")]
    Disconnected(String),
    /// The client has been closed.
    #[error("the client is closed")]
    Closed,
}

/// What stands in the way of a session. The client continues to try.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectProblem {
    /// No media driver runs in the directory.
    #[error("no media driver is running in {}", .0.display())]
    NoMediaDriver(PathBuf),
    /// The media driver refused something, or has gone.
    #[error("media driver: {0}")]
    MediaDriver(String),
    /// An ingress publication could not be added.
    #[error("ingress to {target}: {reason}")]
    Ingress {
        /// The member and how ingress reaches it.
        target: String,
        /// Aeron's reason.
        reason: String,
    },
    /// No member receives ingress.
    #[error("no member of the cluster is reachable at {0}")]
    NotReachable(String),
    /// A member received the connect request and did not answer it.
    #[error("no answer to the connect request from {0}")]
    NoAnswer(String),
    /// The cluster has as many sessions as it allows.
    #[error("the cluster has no free session: {0}")]
    SessionLimit(String),
    /// The cluster refused the session for another reason.
    #[error("the cluster refused the session: {0}")]
    Refused(String),
    /// Members name each other as leader, or name a member that cannot be reached.
    #[error("no leader: {0}")]
    NoLeader(String),
}

/// Why a message was not sent. Nothing of it has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OfferError {
    /// There is no session, or its leader is not connected. Do duty cycles until
    /// [`on_connected`](crate::EgressListener::on_connected) or [`on_new_leader`](crate::EgressListener::on_new_leader).
    #[error("not connected to a leader")]
    NotConnected,
    /// The leader does not read fast enough.
    #[error("back pressure from the leader")]
    BackPressured,
    /// Aeron is busy: it rotates a log buffer.
    #[error("an administrative action is under way")]
    AdminAction,
    /// The message is longer than the ingress publication accepts.
    #[error("message of {length} bytes, at most {maximum} are allowed")]
    MessageTooLong {
        /// Length of the message without the session header, in bytes.
        length: usize,
        /// Longest message that the ingress publication accepts, in bytes.
        maximum: usize,
    },
    /// The message has more parts than [`MAX_OFFER_PARTS`](crate::MAX_OFFER_PARTS).
    #[error("message of {parts} parts, at most {maximum} are allowed")]
    TooManyParts {
        /// Number of parts of the message.
        parts: usize,
        /// Greatest number of parts.
        maximum: usize,
    },
    /// The ingress publication is at its maximum position. The client opens a new session.
    #[error("the ingress publication reached its maximum position")]
    MaxPositionExceeded,
    /// The client has been closed.
    #[error("the client is closed")]
    Closed,
}

impl OfferError {
    /// Whether the very same call may succeed a little later without anything else being done.
    ///
    /// It is false for [`OfferError::NotConnected`]: a session and a connected leader come only from duty cycles
    /// ([`do_work`](crate::AeronCluster::do_work)), and what the application then has to send may be something else.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::BackPressured | Self::AdminAction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_retryable() {
        assert!(OfferError::BackPressured.is_retryable() && OfferError::AdminAction.is_retryable());
        for error in [
            OfferError::NotConnected,
            OfferError::MessageTooLong { length: 2, maximum: 1 },
            OfferError::TooManyParts { parts: 9, maximum: 7 },
            OfferError::MaxPositionExceeded,
            OfferError::Closed,
        ] {
            assert!(!error.is_retryable(), "{error}");
        }
    }
}

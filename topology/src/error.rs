//! Errors of a deployment: what is wrong, in which line, and what to do.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::{ClusterId, MemberId, Size};

/// Why a deployment can't be read, checked or written.
#[derive(Debug, Error)]
pub enum DeploymentError {
    /// The file can't be read.
    #[error("{path}: can't read it: {source}; name a cluster.toml that exists")]
    Read {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The file can't be written.
    #[error("{path}: can't write it: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A value is wrong.
    #[error(transparent)]
    Invalid(Box<Invalid>),
}

/// A wrong value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct Invalid {
    /// Place of the value.
    pub place: Place,
    /// What is wrong with the value, and what to do.
    pub problem: Problem,
}

impl From<Invalid> for DeploymentError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(Box::new(invalid))
    }
}

/// Place of a value, shown as `cluster.toml:12: cluster.member.port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file; `None` when the text came from none.
    pub file: Option<PathBuf>,
    /// Line in the file, counted from 1. `None` when the value is not in the file: it is a default, or the deployment
    /// was not read from text.
    pub line: Option<usize>,
    /// The key with its sections. Elements of an array have their index, counted from 0: `cluster[0].member[2].port`.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}", file.display())?,
            None => f.write_str("cluster.toml")?,
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        Ok(())
    }
}

/// What is wrong with a value. The message also says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is not TOML, or a value is of the wrong kind, or a key is unknown or missing.
    #[error("{0}")]
    Text(String),
    /// The file is longer than any deployment.
    #[error("the file has {length} bytes, more than {maximum}: this is not a cluster.toml")]
    TooLong {
        /// Length of the file, in bytes.
        length: u64,
        /// Greatest length, in bytes.
        maximum: u64,
    },
    /// The address of a collector of traces can't be used.
    #[error(
        "{address:?} is not http://HOST:PORT: give the address of a collector that takes OTLP over HTTP without TLS"
    )]
    Collector {
        /// The address.
        address: String,
    },
    /// There is no cluster.
    #[error("no cluster: add a [[cluster]] with at least one [[cluster.member]]")]
    NoClusters,
    /// A cluster has no member.
    #[error("no member: add a [[cluster.member]] with id and port")]
    NoMembers,
    /// There are more entries of this kind than allowed.
    #[error("{count} entries, more than {maximum}: use fewer")]
    TooMany {
        /// Number of entries.
        count: usize,
        /// Greatest number of entries.
        maximum: usize,
    },
    /// A value that must be unique is used twice.
    #[error("{value} is used twice, also at {other}: use a different value for each")]
    Duplicate {
        /// The value.
        value: String,
        /// Key at which the value was found first.
        other: String,
    },
    /// The value is outside its range.
    #[error("{value} is outside {minimum} to {maximum}")]
    Range {
        /// The value.
        value: String,
        /// Lowest value allowed.
        minimum: String,
        /// Highest value allowed.
        maximum: String,
    },
    /// The value is not a power of two, or out of range.
    #[error("{value} must be a power of two from {minimum} to {maximum}")]
    PowerOfTwo {
        /// The value.
        value: Size,
        /// Lowest value allowed.
        minimum: Size,
        /// Highest value allowed.
        maximum: Size,
    },
    /// The value is not a multiple of what frames are aligned to, or out of range.
    #[error("{value} must be a multiple of {alignment} bytes from {minimum} to {maximum}")]
    Mtu {
        /// The value.
        value: Size,
        /// What it must be a multiple of, in bytes.
        alignment: u64,
        /// Lowest value allowed.
        minimum: Size,
        /// Highest value allowed.
        maximum: Size,
    },
    /// Two values do not fit together.
    #[error("{value} must be {relation} {other} ({other_value})")]
    Relation {
        /// The value.
        value: String,
        /// Relation in which the value must stand to the other, such as "at least twice".
        relation: &'static str,
        /// Key of the other value.
        other: &'static str,
        /// The other value.
        other_value: String,
    },
    /// The value is not a host name or address.
    #[error("\"{host}\" is not a host name or address: write one, such as \"127.0.0.1\"")]
    Host {
        /// Text in the file.
        host: String,
    },
    /// Credentials would be believed from other hosts: mode `open` with a member that is not on a loopback address.
    #[error(
        "mode \"open\" accepts any participant without a key, but member {member} is at {host}, which others can reach: set mode = \
         \"keys\" and give each [[participant]] a key, or use loopback addresses (127.0.0.1)"
    )]
    OpenBeyondLoopback {
        /// A member that is not on a loopback address.
        member: MemberId,
        /// Address of that member.
        host: String,
    },
    /// Mode `open` with a coordinator that is not on a loopback address.
    #[error(
        "mode \"open\" is for loopback addresses, but the coordinator is at {host}, which others can reach: set mode = \
         \"keys\", or coordinator.host to a loopback address (127.0.0.1)"
    )]
    OpenCoordinator {
        /// Address of the coordinator.
        host: String,
    },
    /// Mode `keys` without any participant.
    #[error("mode \"keys\" needs at least one [[participant]] with a key, as nobody can connect otherwise")]
    NoParticipants,
    /// The operator is not among the participants.
    #[error(
        "there is no [[participant]] with id = 0, the operator, whose key the partition map's coordinator obeys: add it, with its \
         key, on the coordinator's host and where lugus map and lugus migrate change the map"
    )]
    NoOperator,
    /// A participant has a role or a limit in mode `open`.
    #[error(
        "mode \"open\" believes any number that a client names, so this would bind nobody: set mode = \"keys\", or remove it"
    )]
    NeedsKeys,
    /// Another participant than 0 has the operator's role, or participant 0 another role.
    #[error(
        "participant 0 is the operator, and nobody else: a participant with another id has the role \"trader\", \"reader\" or \
         \"administrator\""
    )]
    OperatorsRole,
    /// A firm has a participant that the deployment lacks.
    #[error("there is no [[participant]] with id = {participant}: add it, as it could not log in, or remove it here")]
    UnknownParticipant {
        /// Number of the participant.
        participant: u32,
    },
    /// A participant has no key.
    #[error("participant {participant} has no key: set key or key_file (make one with: openssl rand -hex 32)")]
    NoKey {
        /// Number of the participant.
        participant: u32,
    },
    /// A participant has two keys.
    #[error("participant {participant} has both key and key_file: keep one")]
    TwoKeys {
        /// Number of the participant.
        participant: u32,
    },
    /// A key file can't be used.
    #[error("can't read a key from {path}: {reason}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why it can't be used.
        reason: String,
    },
    /// The symbol is not a pair.
    #[error("\"{symbol}\" is not a pair: write BASE/QUOTE, each of 1 to 8 ASCII characters, such as \"BTC/USDT\"")]
    Symbol {
        /// Text in the file.
        symbol: String,
    },
    /// A value of an instrument's price protection does not fit.
    #[error(
        "not a value of a price protection: widths are above 0, times at most 86400000 ms, and \"HALT\" needs auction_milliseconds"
    )]
    Protection,
    /// A value of the rules of an instrument's auctions does not fit.
    #[error(
        "not a rule of auctions: an interval is 0 or at least 10 ms, times are at most 86400000 ms, and a schedule's phases follow each other, an auction with its end"
    )]
    Auctions,
    /// An instrument names a cluster that the deployment lacks.
    #[error("there is no cluster {cluster}: name one of the [[cluster]] ids")]
    UnknownCluster {
        /// Number of the cluster.
        cluster: ClusterId,
    },
    /// The profile is `pinned`, and cores are missing.
    #[error("the profile \"pinned\" needs cores: {needed}")]
    CoresMissing {
        /// Text to write into the file.
        needed: &'static str,
    },
    /// Cores are given, and the profile does not use them.
    #[error("cores are used only with the profile \"pinned\": remove the cores, or set that profile")]
    CoresUnused,
    /// IPC ingress is asked for without a member's media driver.
    #[error("ingress \"ipc\" goes through a member's driver: set client.aeron_dir to that member's driver directory")]
    IpcWithoutDriver,
    /// Aeron can't use the directory.
    #[error("{path} is not usable as a directory of Aeron: {reason}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why it can't be used.
        reason: String,
    },
}

/// What is allowed, but unwise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Warning {
    /// A cluster has an even number of members, which survives no more failures than one member less.
    #[error("cluster {cluster} has {members} members: it tolerates no more failures than with one member less")]
    EvenMembers {
        /// The cluster.
        cluster: ClusterId,
        /// Number of members.
        members: usize,
    },
    /// A client's address is on loopback, and a member is on another host: the member's messages do not reach the client.
    #[error(
        "client.egress_host {host} is a loopback address, but member {member} is not: the member's answers will not arrive"
    )]
    EgressOnLoopback {
        /// Address of the client.
        host: IpAddr,
        /// A member on another host.
        member: MemberId,
    },
}

/// A problem with the key of its value, before the line is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) key: String,
    pub(crate) problem: Problem,
}

impl Fault {
    pub(crate) fn new(key: impl Into<String>, problem: Problem) -> Self {
        Self { key: key.into(), problem }
    }
}

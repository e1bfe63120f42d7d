//! What is wrong with a deployment, in which line, and what to do.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::{ClusterId, MemberId, Size};

/// Why a deployment can't be used.
#[derive(Debug, Error)]
pub enum DeploymentError {
    /// The file can't be read.
    #[error("{path}: can't read it: {source}; name a cluster.toml that exists")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be written.
    #[error("{path}: can't write it: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
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
    /// Where it stands.
    pub place: Place,
    /// What is wrong, and what to do.
    pub problem: Problem,
}

impl From<Invalid> for DeploymentError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(Box::new(invalid))
    }
}

/// Where a value stands: `cluster.toml:12: cluster.member.port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, when the text came from one.
    pub file: Option<PathBuf>,
    /// Its line, from 1. `None` when the value is not written there (a default, or a deployment not read from text).
    pub line: Option<usize>,
    /// The key, with its sections; elements of an array have their index from 0: `cluster[0].member[2].port`.
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

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is not TOML, or a value is of the wrong kind, or a key is unknown or missing.
    #[error("{0}")]
    Text(String),
    /// Longer than a deployment can be.
    #[error("the file has {length} bytes, more than {maximum}: this is no cluster.toml")]
    TooLong {
        /// Its bytes.
        length: u64,
        /// Most bytes.
        maximum: u64,
    },
    /// There is no cluster.
    #[error("no cluster: add a [[cluster]] with at least one [[cluster.member]]")]
    NoClusters,
    /// A cluster has no member.
    #[error("no member: add a [[cluster.member]] with id and port")]
    NoMembers,
    /// More entries than can be.
    #[error("{count} entries, more than {maximum}: use fewer")]
    TooMany {
        /// Entries.
        count: usize,
        /// Most entries.
        maximum: usize,
    },
    /// A number or name that must be its own is there twice.
    #[error("{value} is there twice, also at {other}: give each its own")]
    Duplicate {
        /// The value.
        value: String,
        /// The key of the first.
        other: String,
    },
    /// Outside its range.
    #[error("{value} is outside {minimum} to {maximum}")]
    Range {
        /// The value.
        value: String,
        /// Lowest allowed.
        minimum: String,
        /// Highest allowed.
        maximum: String,
    },
    /// Must be a power of two in a range.
    #[error("{value} is no power of two from {minimum} to {maximum}")]
    PowerOfTwo {
        /// The value.
        value: Size,
        /// Lowest allowed.
        minimum: Size,
        /// Highest allowed.
        maximum: Size,
    },
    /// Two values do not fit together.
    #[error("{value} must be {relation} {other} ({other_value})")]
    Relation {
        /// The value.
        value: String,
        /// How it must stand to the other, such as "at least twice".
        relation: &'static str,
        /// The other's key.
        other: &'static str,
        /// The other's value.
        other_value: String,
    },
    /// Not a host.
    #[error("\"{host}\" is no host name or address: write one such as \"127.0.0.1\"")]
    Host {
        /// What is written.
        host: String,
    },
    /// Believing credentials beyond loopback.
    #[error(
        "mode \"open\" believes every participant, but member {member} is at {host}, which others can reach: set mode = \
         \"keys\" and give each [[participant]] a key, or use loopback addresses (127.0.0.1)"
    )]
    OpenBeyondLoopback {
        /// A member that is not on a loopback address.
        member: MemberId,
        /// Its address.
        host: String,
    },
    /// The same of the coordinator.
    #[error(
        "mode \"open\" is for loopback addresses, but the coordinator is at {host}, which others can reach: set mode = \
         \"keys\", or coordinator.host to a loopback address (127.0.0.1)"
    )]
    OpenCoordinator {
        /// Its address.
        host: String,
    },
    /// Keys are asked for, and there are none.
    #[error("mode \"keys\" needs at least one [[participant]] with a key, or nobody can connect")]
    NoParticipants,
    /// A participant without a key.
    #[error("participant {participant} has no key: set key or key_file (make one with: openssl rand -hex 32)")]
    NoKey {
        /// Its number.
        participant: u32,
    },
    /// A participant with two keys.
    #[error("participant {participant} has both key and key_file: keep one")]
    TwoKeys {
        /// Its number.
        participant: u32,
    },
    /// A key file can't be used.
    #[error("can't take a key from {path}: {reason}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Not a pair.
    #[error("\"{symbol}\" is no pair: write BASE/QUOTE, each of 1 to 8 ASCII characters, such as \"BTC/USDT\"")]
    Symbol {
        /// What is written.
        symbol: String,
    },
    /// Names a cluster that is not there.
    #[error("there is no cluster {cluster}: name one of the [[cluster]] ids")]
    UnknownCluster {
        /// Its number.
        cluster: ClusterId,
    },
    /// Pinned threads without cores.
    #[error("the profile \"pinned\" needs cores: {needed}")]
    CoresMissing {
        /// What to write.
        needed: &'static str,
    },
    /// Cores that would not be used.
    #[error("cores are used only with the profile \"pinned\": remove them, or set it")]
    CoresUnused,
    /// IPC ingress without a member's driver.
    #[error("ingress \"ipc\" goes through a member's driver: set client.aeron_dir to that member's driver directory")]
    IpcWithoutDriver,
    /// A directory that Aeron can't take.
    #[error("{path} is not usable as a directory of Aeron: {reason}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What is unwise, but allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Warning {
    /// One more member than a majority can use.
    #[error("cluster {cluster} has {members} members: an even number bears no more failures than one member less")]
    EvenMembers {
        /// The cluster.
        cluster: ClusterId,
        /// Its members.
        members: usize,
    },
    /// A client would miss a fail-over.
    #[error("client.egress_host {host} is a loopback address, but member {member} is not: its answers will not arrive")]
    EgressOnLoopback {
        /// The client's address.
        host: IpAddr,
        /// A member on another host.
        member: MemberId,
    },
}

/// A problem with its key, before its line is known.
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

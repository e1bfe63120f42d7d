//! A client for [Aeron Cluster](https://aeron.io): it finds the leader, follows it, and comes back from nothing.
//!
//! Where to look, from the outside in:
//!
//! | module | what it is |
//! |---|---|
//! | [`context`] | all settings, checked in one place |
//! | [`client`] | [`AeronCluster`]: the duty cycle, `offer`, `close` |
//! | [`session_group`] | [`SessionGroup`]: many sessions, which share an Aeron client |
//! | [`egress_listener`] | what a program is told: messages, new leaders, sessions that are opened and lost |
//! | [`blocking`] | [`BlockingCluster`], for simple programs that may wait |
//! | [`error`] | what can go wrong |
//! | `session` | the protocol as a state machine, without I/O |
//! | `sessions`, `session_ids` | which session with a cluster a message is for, without I/O |
//! | `cluster_agent` | tells the state machines what happens in Aeron, and does what the machines ask for |
//! | `connection` | what one session has of its own besides its state machine |
//! | `session_secrets` | secrets of answered challenges, until it is known which of them belongs to the open session |
//! | `egress_adapter`, `ingress_proxy` | bytes to events, requests to bytes |
//! | `shared_publications` | which sessions share an ingress publication, without I/O |
//! | `ingress_publications`, `egress_subscription`, `media_driver` | what agent and group own of Aeron |
//!
//! The module `testing`, behind the feature of that name, is for fuzzing.
//!
//! The reference is `io.aeron.cluster.client.AeronCluster` of Aeron 1.51.

pub mod blocking;
pub mod client;
pub mod context;
pub mod egress_listener;
pub mod error;
pub mod session_group;

mod cluster_agent;
mod connection;
mod egress_adapter;
mod egress_subscription;
mod ingress_proxy;
mod ingress_publications;
mod media_driver;
mod session;
mod session_ids;
mod session_secrets;
mod sessions;
mod shared_publications;
#[cfg(feature = "testing")]
pub mod testing;

pub use blocking::BlockingCluster;
pub use client::{AeronCluster, MAX_OFFER_PARTS};
pub use context::{Context, CredentialsSupplier, NullCredentials, Reconnect};
pub use egress_listener::{
    AdminResponse, AdminResponseCode, Connected, DisconnectReason, EgressListener, GroupListener, NewLeader,
    SessionIndex,
};
pub use error::{ClientError, ConfigurationError, ConnectProblem, OfferError};
pub use session::State;
pub use session_group::SessionGroup;

/// The example in the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

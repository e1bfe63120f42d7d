//! A measuring client that costs little, and what it is compared with.
//!
//! Everything that can be made before the clock starts is: [`commands`] has the messages of a flow, encoded, and a table from each
//! answer's number to its command. While the clock runs, [`load`] only offers, polls, and writes three times a command into arrays
//! that are there already; [`measured`] makes the figures and histograms from them afterwards. [`warm_up`] runs a pace until its p99
//! stays the same. [`processor_time`] says what each thread of each process has used.
//!
//! Commands go to [`cluster_sessions`], or by [`ping_pong`] through Aeron alone, without a cluster: the floor. [`echo_service`] sends
//! each message back, in this project's container.

pub mod cluster_sessions;
pub mod commands;
pub mod echo_service;
pub mod load;
pub mod measured;
pub mod ping_pong;
pub mod processor_time;
pub mod warm_up;

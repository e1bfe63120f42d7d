//! One member of a partition: the matching engine inside the clustered-service container.
//!
//! An order's way through this crate: [`service`] gets a message from the container, [`decode`] makes a command of it, the
//! engine applies the command, and [`service`] sends the engine's reports and replies to the sessions concerned. How
//! messages are laid out is in `lugus-codecs`. [`market_data`] publishes what anyone may see, and [`migration`] moves an
//! instrument to another cluster or takes it from there. [`protocol_version`] keeps members of two versions
//! alike. [`stages`] stamps sampled commands with times. What is counted is in
//! [`counters`], for Aeron's tools too, and in [`gauges`]. [`deployment_status`] puts together what all members of a deployment tell,
//! and [`directories`] what they take of their disks.

pub mod archived_log;
mod book;
pub mod counters;
pub mod decode;
pub mod deployment_status;
pub mod directories;
mod egress;
pub mod election;
pub mod gauges;
pub mod listener;
pub mod log_place;
pub mod market_data;
pub mod member;
pub mod migration;
pub mod protocol_version;
pub mod service;
pub mod sessions;
mod snapshot;
pub mod stages;
pub mod status;
mod timer;
pub mod watch;

#[cfg(test)]
mod test_messages;

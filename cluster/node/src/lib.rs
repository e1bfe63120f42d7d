//! One member of a partition: the matching engine inside the clustered-service container.
//!
//! An order's way through this crate: [`service`] gets it from the container, [`decode`] makes it a command, the engine
//! applies it, [`encode`] makes messages of what the engine tells, and [`service`] sends them. [`market_data`] is the way of what
//! anyone may see. [`migration`]: how an instrument comes from another cluster, or goes there.

pub mod counters;
pub mod decode;
pub mod encode;
pub mod market_data;
pub mod member;
pub mod migration;
pub mod service;
pub mod sessions;
mod snapshot;
pub mod status;
mod vocabulary;

#[cfg(test)]
mod test_messages;

//! Replays of recorded and made-up order flows, and what they measure.
//!
//! - [`flow`]: commands in order. [`mbo`]: from an exchange's recording; [`synthetic`]: made from a seed.
//! - [`venue`]: where a flow goes. [`engine_venue`]: an engine in this process; [`cluster_venue`]: a cluster, through the
//!   SDK; [`echo`]: a cluster that only echoes, for comparison.
//! - [`replay`]: sends a flow to a venue, at a pace. [`ledger`]: was everything answered exactly once? [`score`]: how
//!   many of the exchange's trades are the same here? [`timeline`]: how long did a fail-over take?
//! - [`report`]: the figures.

pub mod cluster_venue;
pub mod echo;
pub mod engine_venue;
pub mod flow;
pub mod ledger;
pub mod mbo;
pub mod replay;
pub mod report;
pub mod score;
pub mod synthetic;
pub mod timeline;
pub mod venue;

mod price_time_book;
mod prng;

//! Measurements of the engine's speed.
//!
//! - [`flow`]: synthetic order flows with the shape of those of the public benchmark.
//! - [`matcher`]: limit orders directly on the engine's book. [`measure`]: nanoseconds a message there, and in the
//!   whole engine.
//! - [`operations`]: single operations on an engine with a standing book.
//! - [`interface`]: the C interface of the public benchmark. [`reports`]: its reports and how they reach the harness.

pub mod flow;
pub mod interface;
pub mod matcher;
pub mod measure;
#[cfg(feature = "no-engine")]
mod no_matcher;
pub mod operations;
pub mod reports;

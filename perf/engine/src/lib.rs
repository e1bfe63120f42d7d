//! How fast the engine is.
//!
//! - [`flow`]: order flows made from a seed, shaped like those of the public benchmark.
//! - [`matcher`]: limit orders straight on the engine's book. [`measure`]: what a message costs there, and in the engine.
//! - [`operations`]: single operations on a standing book.
//! - [`interface`]: the C interface of the public benchmark. [`reports`]: the way of what it tells.

pub mod flow;
pub mod interface;
pub mod matcher;
pub mod measure;
#[cfg(feature = "no-engine")]
mod no_matcher;
pub mod operations;
pub mod reports;

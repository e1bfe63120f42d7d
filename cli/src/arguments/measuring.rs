//! Arguments of the benchmarks.

use clap::ValueEnum;

/// A benchmark of `lugus bench all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchPart {
    /// The order book alone by its size. It must come first, as it measures memory.
    LargeBook,
    /// The engine without a cluster.
    Engine,
    /// The SDK's own code.
    Sdk,
    /// Round trips through clusters.
    RoundTrip,
    /// The kill of a leader.
    FailOver,
    /// The move of an instrument.
    Migrate,
    /// A snapshot of many orders.
    Snapshot,
}

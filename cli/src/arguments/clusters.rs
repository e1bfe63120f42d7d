//! What several commands say of the clusters that they make.

use clap::{Args, ValueEnum};

/// `lugus activate`.
#[derive(Debug, Args)]
pub struct Activate {
    /// The cluster, as name or number [default: all clusters].
    #[arg(long)]
    pub cluster: Option<String>,
    /// The version of order entry to make active [default: the latest that all members know].
    #[arg(long)]
    pub version: Option<u16>,
}

/// Number of members of a new deployment's only cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Members {
    /// No fault tolerance; for trying things out.
    #[value(name = "1")]
    One,
    /// Tolerates the loss of one member.
    #[value(name = "3")]
    Three,
}

impl Members {
    /// The number of members.
    pub fn count(self) -> u16 {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// First UDP port of the clusters of benchmarks and demo; far enough from the ports of `lugus up` that both can run at
/// once.
pub const BENCH_PORT: u16 = lugus_topology::DEFAULT_BASE_PORT + 1_000;

//! `profile`: what threads do when there is nothing to do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a member, or a client's driver, uses the machine's cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Threads park when idle: two cores carry a whole cluster and other work.
    #[default]
    Shared,
    /// Threads yield and never park: the machine is the cluster's alone.
    Dedicated,
    /// Threads spin, each on its own core as `cores` has it; the driver has three.
    Pinned,
}

impl Profile {
    /// What idle threads do: the driver's, the JVM's and the service container's.
    pub const fn idle_strategy(self) -> IdleStrategy {
        match self {
            Self::Shared => IdleStrategy::BackOff {
                spins: 10,
                yields: 5,
                minimum_park: Duration::from_micros(1),
                maximum_park: Duration::from_micros(50),
            },
            Self::Dedicated => IdleStrategy::Yield,
            Self::Pinned => IdleStrategy::BusySpin,
        }
    }

    /// The driver's threads.
    pub const fn threading_mode(self) -> ThreadingMode {
        match self {
            Self::Shared | Self::Dedicated => ThreadingMode::Shared,
            Self::Pinned => ThreadingMode::Dedicated,
        }
    }
}

/// What a thread does when it found nothing to do (Agrona's `IdleStrategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleStrategy {
    /// Spin, then yield, then park for times that double (`BackoffIdleStrategy`).
    BackOff {
        /// Spins before the first yield.
        spins: u32,
        /// Yields before the first park.
        yields: u32,
        /// The first park.
        minimum_park: Duration,
        /// The longest park.
        maximum_park: Duration,
    },
    /// Yield (`YieldingIdleStrategy`).
    Yield,
    /// Spin (`BusySpinIdleStrategy`).
    BusySpin,
}

/// The media driver's threading mode (`aeron.threading.mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadingMode {
    /// One thread for conductor, sender and receiver.
    Shared,
    /// One each.
    Dedicated,
}

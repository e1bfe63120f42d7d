//! `profile`: how threads idle, and on which cores they run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a member, or a client's driver, uses the machine's cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Threads back off to short parks when idle, so that two cores carry a whole cluster and other work.
    #[default]
    Shared,
    /// Threads yield when idle and never park. The machine should run nothing but the cluster.
    Dedicated,
    /// Threads spin when idle, each on the core that `cores` gives it. The media driver has three threads.
    Pinned,
}

impl Profile {
    /// Idle strategy of the threads of the media driver, the JVM and the service container.
    pub const fn idle_strategy(self) -> IdleStrategy {
        match self {
            // A yield costs less than a park and its wake-up, and unlike a spin it leaves the core to the thread that has the work:
            // fifty of them halve the round trips of ten spins and five yields (docs/benchmarks.md).
            Self::Shared => IdleStrategy::BackOff {
                spins: 0,
                yields: 50,
                minimum_park: Duration::from_micros(1),
                maximum_park: Duration::from_micros(50),
                quiet_park: Duration::from_micros(200),
            },
            Self::Dedicated => IdleStrategy::Yield,
            Self::Pinned => IdleStrategy::BusySpin,
        }
    }

    /// Threading mode of the media driver.
    pub const fn threading_mode(self) -> ThreadingMode {
        match self {
            Self::Shared | Self::Dedicated => ThreadingMode::Shared,
            Self::Pinned => ThreadingMode::Dedicated,
        }
    }
}

/// What a thread does in a duty cycle without work (Agrona's `IdleStrategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleStrategy {
    /// Spin, then yield, then park, each time twice as long (`BackoffIdleStrategy`).
    BackOff {
        /// Number of spins before the first yield.
        spins: u32,
        /// Number of yields before the first park.
        yields: u32,
        /// Length of the first park.
        minimum_park: Duration,
        /// Length of the longest park.
        maximum_park: Duration,
        /// Length of each park of a thread that has been quiet for 100 ms, and that does not yield then: in fewer than 40 of its duty
        /// cycles it had work, such as the heartbeats of a cluster without traffic.
        quiet_park: Duration,
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
    /// A thread for each of them.
    Dedicated,
}

//! What a thread does when it has nothing to do.
//!
//! Source: the idle strategies of Agrona (`BackoffIdleStrategy`, `YieldingIdleStrategy`, `BusySpinIdleStrategy`).

use std::hint::spin_loop;
use std::thread;
use std::time::Duration;

/// How a thread waits between duty cycles that found nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdleStrategy {
    /// Spin, then yield, then park for longer and longer. For cores that others use too.
    Backoff {
        /// Idle cycles that spin, before the first that yields.
        max_spins: u32,
        /// Idle cycles that yield, before the first that parks.
        max_yields: u32,
        /// Time of the first park; the kernel may make it 50 microseconds longer.
        min_park: Duration,
        /// Time of the longest park.
        max_park: Duration,
    },
    /// Yield to other threads. For machines that are used by this system alone.
    Yielding,
    /// Never leave the core. Only with a core for each busy thread of the machine: with fewer, this is hundreds of times
    /// slower than the others.
    BusySpin,
}

impl Default for IdleStrategy {
    /// Back-off with short parks: 10 spins, 5 yields, parks of 1 to 50 microseconds.
    fn default() -> Self {
        Self::Backoff {
            max_spins: 10,
            max_yields: 5,
            min_park: Duration::from_micros(1),
            max_park: Duration::from_micros(50),
        }
    }
}

/// An idle strategy at work, one for each thread.
#[derive(Debug, Clone)]
pub struct Idler {
    strategy: IdleStrategy,
    /// Idle cycles since the last one with work.
    idle_count: u32,
    park: Duration,
}

impl Idler {
    /// An idler whose thread has just had work.
    pub fn new(strategy: IdleStrategy) -> Self {
        Self { strategy, idle_count: 0, park: Duration::ZERO }
    }

    /// Waits when `work` is 0; any other number makes the next wait the first one again.
    #[inline]
    pub fn idle(&mut self, work: usize) {
        if work > 0 {
            self.idle_count = 0;
            return;
        }
        match self.strategy {
            IdleStrategy::BusySpin => spin_loop(),
            IdleStrategy::Yielding => thread::yield_now(),
            IdleStrategy::Backoff { max_spins, max_yields, min_park, max_park } => {
                let parks_from = max_spins.saturating_add(max_yields);
                if self.idle_count < max_spins {
                    spin_loop();
                } else if self.idle_count < parks_from {
                    thread::yield_now();
                } else {
                    self.park = if self.idle_count == parks_from { min_park } else { (self.park * 2).min(max_park) };
                    thread::sleep(self.park);
                }
                self.idle_count = self.idle_count.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_goes_from_spins_to_longer_parks_and_restarts_with_work() {
        let (min_park, max_park) = (Duration::from_nanos(100), Duration::from_nanos(300));
        let mut idler = Idler::new(IdleStrategy::Backoff { max_spins: 1, max_yields: 1, min_park, max_park });
        let mut parks = Vec::new();
        for work in [0, 0, 0, 0, 0, 1, 0, 0, 0] {
            idler.idle(work);
            parks.push(idler.park.as_nanos());
        }
        assert_eq!(parks, [0, 0, 100, 200, 300, 300, 300, 300, 100]);
    }
}

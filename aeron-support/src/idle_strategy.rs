//! What a thread does when it has nothing to do.
//!
//! Source: the idle strategies of Agrona (`BackoffIdleStrategy`, `YieldingIdleStrategy`, `BusySpinIdleStrategy`).

use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

/// Time in which a thread must have had little work to be quiet.
const QUIET_AFTER: Duration = Duration::from_millis(100);

/// Number of duty cycles with work within [`QUIET_AFTER`] from which on a thread is not quiet.
const BUSY_CYCLES: u32 = 40;

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
        /// Time of each park of a quiet thread, which neither spins nor yields; `None` for no difference. A thread is quiet when it had work
        /// in fewer than 40 cycles within 100 ms, such as the heartbeats of a cluster without traffic, and until it has had
        /// work in as many.
        quiet_park: Option<Duration>,
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
            quiet_park: None,
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
    /// Cycles with work since `counted_from`.
    busy_cycles: u32,
    counted_from: Instant,
    is_quiet: bool,
}

impl Idler {
    /// An idler whose thread has just had work.
    pub fn new(strategy: IdleStrategy) -> Self {
        Self {
            strategy,
            idle_count: 0,
            park: Duration::ZERO,
            busy_cycles: 0,
            counted_from: Instant::now(),
            is_quiet: false,
        }
    }

    /// Waits when `work` is 0; any other number makes the next wait the first one again.
    #[inline]
    pub fn idle(&mut self, work: usize) {
        if work > 0 {
            self.idle_count = 0;
            self.busy_cycles = self.busy_cycles.saturating_add(1);
            self.is_quiet &= self.busy_cycles < BUSY_CYCLES;
            return;
        }
        match self.strategy {
            IdleStrategy::BusySpin => spin_loop(),
            IdleStrategy::Yielding => thread::yield_now(),
            IdleStrategy::Backoff { quiet_park: Some(quiet_park), .. } if self.is_quiet => {
                thread::sleep(quiet_park);
                self.count_anew();
            }
            IdleStrategy::Backoff { max_spins, max_yields, min_park, max_park, .. } => {
                let parks_from = max_spins.saturating_add(max_yields);
                if self.idle_count < max_spins {
                    spin_loop();
                } else if self.idle_count < parks_from {
                    thread::yield_now();
                } else {
                    self.park = if self.idle_count == parks_from { min_park } else { (self.park * 2).min(max_park) };
                    thread::sleep(self.park);
                    self.count_anew();
                }
                self.idle_count = self.idle_count.saturating_add(1);
            }
        }
    }

    /// Tells whether the thread is quiet, when the time to count has passed. Only a thread that parks has to ask the clock.
    fn count_anew(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.counted_from) >= QUIET_AFTER {
            self.is_quiet = self.busy_cycles < BUSY_CYCLES;
            self.busy_cycles = 0;
            self.counted_from = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_goes_from_spins_to_longer_parks_and_restarts_with_work() {
        let (min_park, max_park) = (Duration::from_nanos(100), Duration::from_nanos(300));
        let mut idler =
            Idler::new(IdleStrategy::Backoff { max_spins: 1, max_yields: 1, min_park, max_park, quiet_park: None });
        let mut parks = Vec::new();
        for work in [0, 0, 0, 0, 0, 1, 0, 0, 0] {
            idler.idle(work);
            parks.push(idler.park.as_nanos());
        }
        assert_eq!(parks, [0, 0, 100, 200, 300, 300, 300, 300, 100]);
    }

    #[test]
    fn a_thread_with_little_work_is_quiet_until_it_has_more() {
        let (park, quiet) = (Duration::from_micros(1), Duration::from_micros(2));
        let started = Instant::now();
        let mut idler = Idler::new(IdleStrategy::Backoff {
            max_spins: 0,
            max_yields: 1,
            min_park: park,
            max_park: park,
            quiet_park: Some(quiet),
        });
        while !idler.is_quiet {
            idler.idle(0);
            assert!(started.elapsed() < Duration::from_secs(20), "it gets quiet");
        }
        assert!(started.elapsed() >= QUIET_AFTER);
        // Heartbeats leave it quiet, and it parks at once after one.
        idler.counted_from = Instant::now() + Duration::from_secs(60);
        for _ in 1..BUSY_CYCLES {
            idler.idle(1);
            let before = idler.idle_count;
            idler.idle(0);
            assert!(idler.is_quiet && idler.idle_count == before, "no yield");
        }
        idler.idle(1);
        assert!(!idler.is_quiet, "there is traffic");
        // And while there is, it stays so.
        idler.counted_from = started;
        for _ in 0..3 {
            idler.idle(0);
        }
        assert!(!idler.is_quiet && idler.busy_cycles == 0, "counted anew");
    }
}

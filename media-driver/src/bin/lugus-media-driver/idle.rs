//! How the driver's only thread idles in the profile `shared`. `aeron-support` has the same for the threads of services and clients, and can't be
//! linked with the driver; `ParkingIdleStrategy.java` has it for a JVM's.

use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

use lugus_media_driver::BackOff;

/// Time in which the thread must have had little work to be quiet.
const QUIET_AFTER: Duration = Duration::from_millis(100);

/// Number of duty cycles with work within that time from which on the thread is not quiet.
const BUSY_CYCLES: u32 = 40;

/// Spins, then yields, then parks for longer and longer; a quiet thread only parks.
#[derive(Debug)]
pub(crate) struct Idler {
    numbers: BackOff,
    idle_count: u64,
    park_ns: u64,
    busy_cycles: u32,
    counted_from: Instant,
    is_quiet: bool,
}

impl Idler {
    pub(crate) fn new(numbers: BackOff) -> Self {
        Self { numbers, idle_count: 0, park_ns: 0, busy_cycles: 0, counted_from: Instant::now(), is_quiet: false }
    }

    /// Waits if `work` is 0.
    pub(crate) fn idle(&mut self, work: i32) {
        if work > 0 {
            self.idle_count = 0;
            self.busy_cycles = self.busy_cycles.saturating_add(1);
            self.is_quiet &= self.busy_cycles < BUSY_CYCLES;
            return;
        }
        let BackOff { spins, yields, minimum_park_ns, maximum_park_ns, quiet_park_ns } = self.numbers;
        let parks_from = spins.saturating_add(yields);
        if self.is_quiet {
            self.park(quiet_park_ns);
        } else if self.idle_count < spins {
            spin_loop();
        } else if self.idle_count < parks_from {
            thread::yield_now();
        } else {
            let doubled = self.park_ns.saturating_mul(2).min(maximum_park_ns);
            self.park_ns = if self.idle_count == parks_from { minimum_park_ns } else { doubled };
            self.park(self.park_ns);
        }
        self.idle_count = self.idle_count.saturating_add(1);
    }

    /// Parks, and tells whether the thread is quiet when the time to count has passed. Only a thread that parks has to ask the clock.
    fn park(&mut self, park_ns: u64) {
        thread::sleep(Duration::from_nanos(park_ns));
        let now = Instant::now();
        if now.duration_since(self.counted_from) >= QUIET_AFTER {
            self.is_quiet = self.busy_cycles < BUSY_CYCLES;
            self.busy_cycles = 0;
            self.counted_from = now;
        }
    }
}

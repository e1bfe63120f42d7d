//! Which SETUP frames a driver takes in: at most so many at a time, a second, and a second of each source address.
//!
//! For each SETUP frame of a publication that it does not know, the driver's receiver puts a command into the queue to its
//! conductor, which has room for about 370, and then waits until there is room. In a driver with one thread this wait has no
//! end, because that thread is also the conductor (`aeron_driver_conductor_proxy_offer` of Aeron 1.54). The conductor makes one image after
//! the other, each in several duty cycles. A sender repeats its SETUP frame every 100 ms until it is answered, so a frame that is not
//! taken in only delays it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// Greatest number of frames taken in whose images have not been made yet. Even if the conductor made none for three times
/// [`LONGEST_WAIT_NS`], at whose end the member is dead, the queue would have room for them.
const WAITING: usize = 96;

/// Greatest number of them from one source address: frames that lead to no image must not keep out those of others.
const WAITING_OF_SOURCE: u8 = 32;

/// Time after which a frame no longer counts as waiting: it led to no image, because the driver knew its publication already, or
/// because nobody subscribes to its stream at the port to which it was sent.
const LONGEST_WAIT_NS: u64 = 5_000_000_000;

/// Frames that are taken in from all sources. An image costs each duty cycle of the driver and of those who read the stream some time,
/// and lives for 10 s when nothing follows.
const ALL: Rate = Rate { a_second: 200, burst: 512 };

/// Frames that are taken in from one source address: all 250 sessions of a host may connect again at once.
const OF_SOURCE: Rate = Rate { a_second: 20, burst: 256 };

/// Number of buckets for source addresses. Addresses whose hashes fall together share a rate.
const SOURCES: usize = 1_024;

/// A rate of frames.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// Frames a second, in the long run.
    a_second: u64,
    /// Frames at once, after a rest.
    burst: u64,
}

/// A bucket that leaks (GCRA, ITU-T I.371): the time in nanoseconds at which the frames taken in so far would have come at the rate.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket(u64);

impl Rate {
    const fn interval_ns(self) -> u64 {
        1_000_000_000 / self.a_second
    }

    /// Whether the bucket has room for one more frame at this time.
    const fn has_room(self, bucket: Bucket, now_ns: u64) -> bool {
        bucket.0.saturating_sub(now_ns) <= (self.burst - 1) * self.interval_ns()
    }

    /// The bucket after one more frame at this time.
    fn add(self, bucket: Bucket, now_ns: u64) -> Bucket {
        Bucket(bucket.0.max(now_ns) + self.interval_ns())
    }
}

/// Decides about SETUP frames as they come.
#[derive(Debug)]
pub(crate) struct SetupLimit {
    all: Bucket,
    sources: Box<[Source]>,
    /// Secret, so that nobody can choose an address that shares a bucket with another.
    hashes: RandomState,
    /// The frames whose images have not been made yet, the oldest first.
    waiting: VecDeque<Waiting>,
}

/// What was taken in from the source addresses of one hash.
#[derive(Debug, Clone, Copy, Default)]
struct Source {
    bucket: Bucket,
    /// Number of frames that wait for their images.
    waiting: u8,
}

/// A frame that waits for its image.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    came_ns: u64,
    /// Index of its source.
    source: usize,
}

impl SetupLimit {
    /// No frame has come yet.
    pub(crate) fn new() -> Self {
        Self {
            all: Bucket::default(),
            sources: vec![Source::default(); SOURCES].into_boxed_slice(),
            hashes: RandomState::new(),
            waiting: VecDeque::with_capacity(WAITING),
        }
    }

    /// Whether a frame from `source` is taken in. `now_ns` is a time that does not go back.
    pub(crate) fn takes(&mut self, source: IpAddr, now_ns: u64) -> bool {
        while self.waiting.front().is_some_and(|frame| now_ns.saturating_sub(frame.came_ns) > LONGEST_WAIT_NS) {
            self.end_wait();
        }
        let index = usize::try_from(self.hashes.hash_one(source) % SOURCES as u64).unwrap_or(0);
        let Some(of_source) = self.sources.get_mut(index) else { return false };
        if self.waiting.len() >= WAITING
            || of_source.waiting >= WAITING_OF_SOURCE
            || !ALL.has_room(self.all, now_ns)
            || !OF_SOURCE.has_room(of_source.bucket, now_ns)
        {
            return false;
        }
        of_source.bucket = OF_SOURCE.add(of_source.bucket, now_ns);
        of_source.waiting += 1;
        self.all = ALL.add(self.all, now_ns);
        self.waiting.push_back(Waiting { came_ns: now_ns, source: index });
        true
    }

    /// An image has been made: one frame less waits. It is taken for the oldest, since images are made in the order of their frames.
    pub(crate) fn on_image(&mut self) {
        self.end_wait();
    }

    fn end_wait(&mut self) {
        if let Some(of_source) = self.waiting.pop_front().and_then(|frame| self.sources.get_mut(frame.source)) {
            of_source.waiting = of_source.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    /// Number of frames taken in of a flood of `a_second` frames for `seconds`, from `sources` addresses, if images are made at once.
    fn flood(limit: &mut SetupLimit, a_second: u64, seconds: u64, sources: u32) -> u64 {
        let taken = (0..a_second * seconds).filter(|frame| {
            let now_ns = SECOND + frame * SECOND / a_second;
            let taken = limit.takes(address(u32::try_from(*frame).expect("a number") % sources), now_ns);
            limit.on_image();
            taken
        });
        taken.count() as u64
    }

    #[test]
    fn one_source_gets_its_rate_and_burst_and_leaves_room_for_others() {
        let mut limit = SetupLimit::new();
        let taken = flood(&mut limit, 20_000, 10, 1);
        assert!((200..=200 + OF_SOURCE.burst).contains(&taken), "{taken}");
        let others = (1..=64).filter(|number| limit.takes(address(*number), 11 * SECOND)).count();
        assert!(others > 55, "{others}: only those whose hash falls together with the flood's find no room");
    }

    #[test]
    fn all_sources_together_get_no_more_than_their_rate() {
        let taken = flood(&mut SetupLimit::new(), 100_000, 10, 100_000);
        assert!((2_000..=2_000 + ALL.burst).contains(&taken), "{taken}");
    }

    #[test]
    fn a_conductor_that_is_stuck_never_gets_more_than_fit_into_its_queue() {
        let mut limit = SetupLimit::new();
        // 14 s, from a new address each time.
        let taken = (0..1_400_000_u32).filter(|frame| limit.takes(address(*frame), u64::from(*frame) * 10_000)).count();
        assert!(taken <= 3 * WAITING, "{taken}");
        let (now_ns, another) = (14 * SECOND, address(2_000_000));
        assert!(!limit.takes(another, now_ns));
        limit.on_image();
        assert!(limit.takes(another, now_ns), "it has made one");
        assert!(!limit.takes(address(2_000_001), now_ns));
    }

    #[test]
    fn frames_of_one_source_that_lead_to_no_image_keep_nobody_else_out() {
        let mut limit = SetupLimit::new();
        // 20 s, at the rate of one source.
        for frame in 0..400 {
            limit.takes(address(0), SECOND + frame * SECOND / 20);
        }
        let others = (1..=64).filter(|number| limit.takes(address(*number), 21 * SECOND)).count();
        assert!(others > 55, "{others}: only those whose hash falls together with the first's find no room");
    }

    #[test]
    fn a_herd_of_clients_of_one_host_is_taken_in_within_a_second() {
        let mut limit = SetupLimit::new();
        // 250 publications that send a frame each 100 ms until theirs is taken; an image takes a millisecond.
        let mut pending = 250;
        for round in 0..10 {
            let now_ns = SECOND + round * SECOND / 10;
            pending -= (0..pending).filter(|_| limit.takes(address(1), now_ns)).count();
            (0..100).for_each(|_| limit.on_image());
        }
        assert_eq!(pending, 0);
    }
}

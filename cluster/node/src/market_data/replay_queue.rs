//! Listeners' requests for replays, until it is their turn, without I/O: how many wait, and how often one listener is served.
//!
//! Nothing proves who asks, so these limits are against listeners that ask again and again by mistake. What nobody can pass is the number
//! of replays at a time, which the archive counts (`replays`).

use std::collections::VecDeque;
use std::time::Duration;

use lugus_codecs::market_data::ReplayRequest;

/// Largest number of requests that wait.
const MAXIMUM_WAITING: usize = 64;
/// Largest number of them that are of one host.
const MAXIMUM_WAITING_OF_HOST: usize = 16;
/// Least time between two replays, as the archive's thread makes a publication for each.
const REPLAY_INTERVAL: Duration = Duration::from_millis(10);
/// Least time between two replays to one listener. Its request waits for so long.
const LISTENER_INTERVAL: Duration = Duration::from_millis(50);
/// For how long a listener is not served again with what it was served with: as long as a replay to somebody who does not answer keeps
/// its place in the archive.
const REPEAT_INTERVAL: Duration = Duration::from_secs(5);
/// Largest number of listeners that are remembered.
const MAXIMUM_SERVED: usize = 1_024;

/// Requests that wait, and whoever was served lately.
#[derive(Debug, Default)]
pub(super) struct ReplayQueue {
    /// In the order in which they came; one for each listener.
    waiting: VecDeque<ReplayRequest>,
    /// In the order of their times; one for each listener.
    served: VecDeque<Served>,
    next_at: Duration,
}

/// What a listener was last served with.
#[derive(Debug, Clone, Copy)]
struct Served {
    request: ReplayRequest,
    at: Duration,
}

impl ReplayQueue {
    /// Takes a request, if there is room for it, its listener has no other one that waits, and did not get the same before.
    pub(super) fn offer(&mut self, request: ReplayRequest, now: Duration) -> bool {
        let receiver = request.receiver;
        let of_host = self.waiting.iter().filter(|before| before.receiver.ip() == receiver.ip()).count();
        let is_taken = self.waiting.len() < MAXIMUM_WAITING
            && of_host < MAXIMUM_WAITING_OF_HOST
            && self.waiting.iter().all(|before| before.receiver != receiver)
            && self.served_with(&request).is_none_or(|served| {
                // What is asked for from a later time on is the rest.
                request.begin > served.request.begin || now >= served.at + REPEAT_INTERVAL
            });
        if is_taken {
            self.waiting.push_back(request);
        }
        is_taken
    }

    /// The request whose turn it is: the first whose listener has waited long enough.
    pub(super) fn take(&mut self, now: Duration) -> Option<ReplayRequest> {
        if now < self.next_at {
            return None;
        }
        let is_due = |request: &ReplayRequest| {
            self.served_with(request).is_none_or(|served| now >= served.at + LISTENER_INTERVAL)
        };
        let place = self.waiting.iter().position(is_due)?;
        self.next_at = now + REPLAY_INTERVAL;
        self.waiting.remove(place)
    }

    /// The listener gets what it has asked for.
    pub(super) fn serve(&mut self, request: ReplayRequest, now: Duration) {
        self.served.retain(|served| served.request.receiver != request.receiver && now < served.at + REPEAT_INTERVAL);
        if self.served.len() >= MAXIMUM_SERVED {
            self.served.pop_front();
        }
        self.served.push_back(Served { request, at: now });
    }

    fn served_with(&self, request: &ReplayRequest) -> Option<&Served> {
        self.served.iter().find(|served| served.request.receiver == request.receiver)
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::EpochNanos;

    use super::*;

    /// A request of the listener at `port` of the host with this number.
    fn request(host: u8, port: u16, begin: i64) -> ReplayRequest {
        ReplayRequest { begin: EpochNanos(begin), receiver: ([192, 0, 2, host], port).into() }
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// What is served at this time, as (port, begin).
    fn serve(queue: &mut ReplayQueue, now: u64) -> Option<(u16, i64)> {
        let request = queue.take(millis(now))?;
        queue.serve(request, millis(now));
        Some((request.receiver.port(), request.begin.0))
    }

    #[test]
    fn listeners_are_served_in_turn_and_one_of_them_at_intervals() {
        let mut queue = ReplayQueue::default();
        assert!(queue.offer(request(1, 1, 100), millis(0)));
        assert!(!queue.offer(request(1, 1, 200), millis(0)), "one waits already");
        assert!(queue.offer(request(1, 2, 100), millis(0)));
        assert_eq!(serve(&mut queue, 0), Some((1, 100)));
        assert_eq!(serve(&mut queue, 9), None, "the archive's pause");
        // The first one asks on, and does not keep the others waiting.
        assert!(queue.offer(request(1, 1, 200), millis(9)));
        assert!(queue.offer(request(2, 3, 50), millis(9)));
        assert_eq!(serve(&mut queue, 10), Some((2, 100)));
        assert_eq!(serve(&mut queue, 20), Some((3, 50)));
        assert_eq!(serve(&mut queue, 49), None);
        assert_eq!(serve(&mut queue, 50), Some((1, 200)));
        assert_eq!(serve(&mut queue, 1_000), None);
    }

    #[test]
    fn who_asks_again_and_again_for_the_same_gets_it_once_in_a_while() {
        let mut queue = ReplayQueue::default();
        let mut served = Vec::new();
        for now in 0..20_000 {
            let _ = queue.offer(request(1, 1, 100), millis(now));
            served.extend(serve(&mut queue, now).map(|_| now));
        }
        assert_eq!(served, [0, 5_000, 10_000, 15_000]);
        assert!(!queue.offer(request(1, 1, 99), millis(19_999)), "nor more than that");
        assert!(queue.offer(request(1, 1, 101), millis(19_999)), "but the rest");
    }

    #[test]
    fn a_host_has_its_part_of_the_places_and_all_together_have_a_limit() {
        let mut queue = ReplayQueue::default();
        let of_host = (1..=100).filter(|&port| queue.offer(request(1, port, 1), millis(0))).count();
        assert_eq!(of_host, MAXIMUM_WAITING_OF_HOST);
        let of_others = (2..=100).filter(|&host| queue.offer(request(host, 1, 1), millis(0))).count();
        assert_eq!(of_host + of_others, MAXIMUM_WAITING);
        let served = (0..1_000).filter(|&now| serve(&mut queue, now).is_some()).count();
        assert_eq!(served, MAXIMUM_WAITING);
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let mut queue = ReplayQueue::default();
        for port in 1..=2_000 {
            queue.serve(request(1, port, 1), millis(0));
        }
        assert_eq!(queue.served.len(), MAXIMUM_SERVED);
        queue.serve(request(2, 1, 1), millis(5_000));
        assert_eq!(queue.served.len(), 1);
    }
}

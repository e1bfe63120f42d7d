//! The parts of a simulated network: chance, delay, and channels that keep their order.

use std::collections::VecDeque;

/// Time of a run, in milliseconds.
pub(crate) type Time = u64;

/// A seeded generator of random numbers (SplitMix64).
pub(crate) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether something happens now that happens `in_10_000` times in 10,000.
    pub(crate) fn happens(&mut self, in_10_000: u64) -> bool {
        self.below(10_000) < in_10_000
    }
}

/// How often each fault happens, in 10,000 messages or milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chaos {
    pub(crate) drop: u64,
    pub(crate) duplicate: u64,
    pub(crate) back_pressure: u64,
    pub(crate) kill_leader: u64,
    pub(crate) stall_leader: u64,
    pub(crate) cut_session: u64,
    /// A client cannot reach one cluster for a while, nor hear from it.
    pub(crate) partition: u64,
    pub(crate) restart_process: u64,
    pub(crate) define_instrument: u64,
    /// A move of an instrument begins.
    pub(crate) migrate: u64,
    /// A move that is not committed is undone.
    pub(crate) undo_migration: u64,
    /// The migrator dies, and another one continues later.
    pub(crate) kill_migrator: u64,
    /// No client hears of new maps for a while.
    pub(crate) coordinator_away: u64,
    /// A client receives no new maps for a while, and then only the newest.
    pub(crate) map_behind: u64,
    /// The map gets a new epoch for some other reason.
    pub(crate) other_epoch: u64,
}

/// A queue whose items come out in order, each not before it is due.
pub(crate) struct Channel<T>(pub(crate) VecDeque<(Time, T)>);

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Channel<T> {
    pub(crate) fn push(&mut self, due: Time, item: T) {
        let due = self.0.back().map_or(due, |(last, _)| due.max(*last));
        self.0.push_back((due, item));
    }

    pub(crate) fn pop(&mut self, now: Time) -> Option<T> {
        let is_due = self.0.front().is_some_and(|(due, _)| *due <= now);
        is_due.then(|| self.0.pop_front()).flatten().map(|(_, item)| item)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(crate) enum ToClient {
    Connected,
    NewLeader,
    Message(Vec<u8>),
}

/// The connection of a session with one leader, in both directions.
pub(crate) struct Link {
    pub(crate) session_id: i64,
    pub(crate) ingress: Channel<Vec<u8>>,
    pub(crate) egress: Channel<ToClient>,
    /// Whether the client knows that the session is open.
    pub(crate) is_open: bool,
    pub(crate) is_of_old_leader: bool,
}

impl Link {
    pub(crate) fn new(session_id: i64) -> Self {
        let (ingress, egress) = (Channel::default(), Channel::default());
        Self { session_id, ingress, egress, is_open: false, is_of_old_leader: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ingress.is_empty() && self.egress.is_empty()
    }
}

/// A client's place at a cluster.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) link: Option<Link>,
    /// Older links, whose messages still arrive.
    pub(crate) late: Vec<Link>,
    /// When the client asks for a session.
    pub(crate) connect_at: Option<Time>,
    /// Until then no message passes.
    pub(crate) partitioned_until: Time,
}

impl Seat {
    pub(crate) fn links(&mut self) -> impl Iterator<Item = &mut Link> {
        self.late.iter_mut().chain(&mut self.link)
    }

    /// The link in use becomes an older one.
    pub(crate) fn leave(&mut self) {
        if let Some(mut link) = self.link.take() {
            // Only the present link tells of the connection.
            link.egress.0.retain(|(_, item)| matches!(item, ToClient::Message(_)));
            self.late.push(link);
        }
    }
}

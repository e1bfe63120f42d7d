//! The parts of a simulated network: delays, channels that keep their order, and a client's place at a cluster.

use std::collections::VecDeque;

use crate::faults::{Fault, Faults};
use crate::random::Random;

/// Time of a run, in nanoseconds.
pub(crate) type Time = u64;

pub(crate) const MILLISECOND: Time = 1_000_000;

/// A queue whose items come out in order, each not before it is due.
#[derive(Debug)]
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

/// Time and chance of all messages.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) now: Time,
    pub(crate) faults: Faults,
    delays: Random,
}

impl Network {
    pub(crate) fn new(seed: u64, faults: Faults, now: Time) -> Self {
        Self { now, faults, delays: Random::new(seed, 2) }
    }

    /// Time at which a message that is sent now arrives.
    pub(crate) fn arrival(&mut self) -> Time {
        let delay = 1 + self.delays.below(4);
        let late = if self.faults.happens(Fault::LateMessage) { self.faults.below(Fault::LateMessage, 120) } else { 0 };
        self.now + (delay + late) * MILLISECOND
    }

    /// Sends a message, which may be lost or come twice.
    pub(crate) fn send<T: Clone>(&mut self, channel: &mut Channel<T>, item: &T) {
        let copies = 1 + u32::from(self.faults.happens(Fault::RepeatedMessage));
        for _ in 0..copies {
            if !self.faults.happens(Fault::LostMessage) {
                channel.push(self.arrival(), item.clone());
            }
        }
    }

    /// A number of milliseconds below `bound`, as nanoseconds.
    pub(crate) fn milliseconds_below(&mut self, bound: u64) -> Time {
        self.delays.below(bound) * MILLISECOND
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.delays.below(bound)
    }
}

/// What a cluster tells a client.
#[derive(Debug, Clone)]
pub(crate) enum ToClient {
    /// The session is open, and this member leads.
    Connected(i32),
    /// The session goes on, and this member leads.
    NewLeader(i32),
    /// The session is closed.
    Closed,
    /// A message of the service.
    Message(Vec<u8>),
}

/// The connection of a session with one leader, in both directions.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) session_id: i64,
    pub(crate) ingress: Channel<Vec<u8>>,
    pub(crate) egress: Channel<ToClient>,
    /// Whether the client knows the session.
    pub(crate) is_known: bool,
    /// Whether the client has a publication to the leader.
    pub(crate) is_open: bool,
    /// The leadership term whose leader the link is with.
    pub(crate) term: i64,
}

impl Link {
    pub(crate) fn new(session_id: i64, term: i64) -> Self {
        Self {
            session_id,
            ingress: Channel::default(),
            egress: Channel::default(),
            is_known: false,
            is_open: false,
            term,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ingress.is_empty() && self.egress.is_empty()
    }
}

/// A client's place at a cluster.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    pub(crate) link: Option<Link>,
    /// Older links, whose messages still arrive.
    pub(crate) late: Vec<Link>,
    /// When the client's request for a session comes to the leader.
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

    pub(crate) fn is_quiet(&self) -> bool {
        self.late.is_empty() && self.connect_at.is_none() && self.link.as_ref().is_none_or(Link::is_empty)
    }
}

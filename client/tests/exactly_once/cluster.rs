//! A simulated cluster: its log, its leader, its engine, and the clients' places at it.

use std::collections::VecDeque;

use lugus_client::sans_io::{Ingress, Offered};

use crate::engine::{Egress, Engine, Operation};
use crate::network::{Chaos, Link, Random, Seat, Time, ToClient};

pub(crate) enum Entry {
    Open { client: usize, session_id: i64, participant: u32 },
    Message { session_id: i64, message: Vec<u8> },
    Operation(Operation),
}

pub(crate) struct Cluster {
    pub(crate) id: i32,
    pub(crate) engine: Engine,
    pub(crate) seats: Vec<Seat>,
    log: VecDeque<(Time, Entry)>,
    term: i32,
    next_session: i64,
    /// Until then the cluster has no leader.
    pub(crate) leaderless_until: Time,
    /// Until then the leader commits and applies nothing.
    pub(crate) stalled_until: Time,
}

/// Takes the messages of a session under test.
pub(crate) struct Port<'a> {
    now: Time,
    has_leader: bool,
    chaos: Chaos,
    random: &'a mut Random,
    link: Option<&'a mut Link>,
}

impl Ingress for Port<'_> {
    fn offer(&mut self, message: &[u8]) -> Offered {
        let Some(link) = &mut self.link else { return Offered::NotConnected };
        if self.random.happens(self.chaos.back_pressure) {
            return Offered::BackPressured;
        }
        if !self.has_leader || !link.is_open {
            // A dead leader's publication takes messages for a while, and they are lost.
            return if self.random.happens(5_000) { Offered::Sent } else { Offered::NotConnected };
        }
        for _ in 0..1 + u64::from(self.random.happens(self.chaos.duplicate)) {
            if !self.random.happens(self.chaos.drop) {
                link.ingress.push(self.now + 1 + self.random.below(4), message.to_vec());
            }
        }
        Offered::Sent
    }
}

impl Cluster {
    pub(crate) fn new(id: i32, retained: usize, clients: usize) -> Self {
        Self {
            id,
            engine: Engine::new(id, retained),
            seats: (0..clients).map(|_| Seat::default()).collect(),
            log: VecDeque::new(),
            term: 0,
            // Session numbers differ between clusters, so that mistaking one cluster for another shows.
            next_session: i64::from(id) << 32,
            leaderless_until: 0,
            stalled_until: 0,
        }
    }

    pub(crate) fn leader(&self) -> i32 {
        self.term
    }

    pub(crate) fn has_leader(&self, now: Time) -> bool {
        now >= self.leaderless_until
    }

    /// The port that takes the messages of a client.
    pub(crate) fn port<'a>(&'a mut self, client: usize, now: Time, chaos: Chaos, random: &'a mut Random) -> Port<'a> {
        let has_leader = now >= self.leaderless_until;
        Port { now, has_leader, chaos, random, link: self.seats[client].link.as_mut() }
    }

    /// Whether no message is under way and no entry is left to apply.
    pub(crate) fn is_quiet(&self) -> bool {
        let is_quiet = |seat: &Seat| {
            seat.late.is_empty() && seat.connect_at.is_none() && seat.link.as_ref().is_none_or(Link::is_empty)
        };
        self.log.is_empty() && self.seats.iter().all(is_quiet)
    }

    /// An operation of the operator comes to the leader, if there is one.
    pub(crate) fn operate(&mut self, operation: Operation, now: Time) {
        if self.has_leader(now) {
            self.log.push_back((now + 1, Entry::Operation(operation)));
        }
    }

    /// Appends the messages that have come to the log, and opens the sessions that were asked for.
    pub(crate) fn receive(&mut self, participants: &[u32], now: Time, random: &mut Random) {
        for (client, seat) in self.seats.iter_mut().enumerate() {
            let is_reachable = now >= self.leaderless_until.max(seat.partitioned_until);
            if is_reachable && seat.connect_at.is_some_and(|at| at <= now) {
                seat.connect_at = None;
                self.next_session += 1;
                let session_id = self.next_session;
                seat.link = Some(Link::new(session_id));
                self.log.push_back((now + 2, Entry::Open { client, session_id, participant: participants[client] }));
            }
            if now < seat.partitioned_until {
                continue;
            }
            for link in seat.links() {
                while let Some(message) = link.ingress.pop(now) {
                    let entry = Entry::Message { session_id: link.session_id, message };
                    self.log.push_back((now + 1 + random.below(3), entry));
                }
            }
        }
    }

    /// Applies the entries that are committed.
    pub(crate) fn apply_log(&mut self, now: Time, chaos: Chaos, random: &mut Random) {
        if now < self.leaderless_until.max(self.stalled_until) {
            return;
        }
        while self.log.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, entry)) = self.log.pop_front() else { return };
            let mut egress = Vec::new();
            let opened = self.apply(entry, random, &mut egress);
            self.send(egress, now, chaos, random);
            if let Some((client, session_id)) = opened
                && let Some(link) = self.seats[client].link.as_mut().filter(|link| link.session_id == session_id)
            {
                link.egress.push(now + 1, ToClient::Connected);
            }
        }
    }

    /// Applies an entry; returns the client and session that it opened, if any.
    fn apply(&mut self, entry: Entry, random: &mut Random, egress: &mut Vec<Egress>) -> Option<(usize, i64)> {
        match entry {
            Entry::Open { client, session_id, participant } => {
                self.engine.open(session_id, participant, egress);
                Some((client, session_id))
            }
            Entry::Message { session_id, message } => {
                self.engine.message(session_id, &message, 1 + random.below(3) as usize, egress);
                None
            }
            Entry::Operation(operation) => {
                self.engine.operate(operation);
                None
            }
        }
    }

    /// Sends messages of the leader's service to the clients.
    pub(crate) fn send(&mut self, messages: Vec<Egress>, now: Time, chaos: Chaos, random: &mut Random) {
        for Egress { session_id, message } in messages {
            let links = self.seats.iter_mut().flat_map(Seat::links);
            for link in links.filter(|link| link.session_id == session_id && !link.is_of_old_leader) {
                for _ in 0..1 + u64::from(random.happens(chaos.duplicate)) {
                    if !random.happens(chaos.drop) {
                        link.egress.push(now + 1 + random.below(4), ToClient::Message(message.clone()));
                    }
                }
            }
        }
    }

    /// The leader dies, with everything that it has received and not committed, and some of what it has sent. Returns
    /// the clients whose sessions do not survive that.
    pub(crate) fn kill_leader(
        &mut self,
        now: Time,
        random: &mut Random,
        mut keeps: impl FnMut(usize) -> bool,
    ) -> Vec<usize> {
        self.term += 1;
        self.leaderless_until = now + 10 + random.below(60);
        self.stalled_until = 0;
        let kept = random.below(self.log.len() as u64 + 1) as usize;
        for (_, entry) in self.log.drain(..).take(kept).collect::<Vec<_>>() {
            // The new leader has these entries in its log, and answers nobody.
            let _ = self.apply(entry, random, &mut Vec::new());
        }
        let mut lost = Vec::new();
        for (client, seat) in self.seats.iter_mut().enumerate() {
            for link in seat.links() {
                link.ingress.0.clear();
                link.egress.0.truncate(random.below(link.egress.0.len() as u64 + 1) as usize);
                link.egress.0.retain(|(_, item)| matches!(item, ToClient::Message(_)));
                let delay = random.below(100);
                link.egress.0.iter_mut().for_each(|(due, _)| *due += delay);
                link.is_of_old_leader = true;
            }
            if !keeps(client) || random.happens(2_000) {
                lost.push(client);
            } else if let Some(link) = seat.link.take() {
                let mut next = Link::new(link.session_id);
                next.egress.push(self.leaderless_until + 1 + random.below(20), ToClient::NewLeader);
                seat.late.push(link);
                seat.link = Some(next);
            }
        }
        lost
    }
}

//! A group of members that agree on a log: what their consensus modules do together. Only what a majority has is committed;
//! a new leader has the longest log of a majority, and what it lacks is lost.

use std::collections::BTreeMap;

use aeron_cluster_service::testing::{SimulatedLog, log_messages};
use aeron_cluster_service::{ClientSession, CloseReason, NewLeadershipTerm, Role, TimeUnit};

use crate::faults::Fault;
use crate::log_entry::{Entry, LogEntry};
use crate::member::{APP_VERSION, Member, MemberSettings};
use crate::network::{Link, MILLISECOND, Network, Seat, Time, ToClient};
use crate::random::Random;
use crate::sabotage::Sabotage;

/// Time after which a session whose client is silent is closed.
const SESSION_TIMEOUT: Time = 150 * MILLISECOND;

/// An open session, as the leader's consensus module knows it.
#[derive(Debug)]
struct OpenSession {
    seat: usize,
    heard_at: Time,
    opened_at: i64,
    is_told: bool,
}

/// Messages of a snapshot, by the log's position.
type SnapshotTaken = (i64, Vec<Vec<u8>>);

/// A group: see the module.
pub(crate) struct Group {
    pub(crate) id: usize,
    pub(crate) log: SimulatedLog,
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) members: Vec<Member>,
    pub(crate) seats: Vec<Seat>,
    /// Principals of the seats.
    principals: Vec<Vec<u8>>,
    pub(crate) term: i64,
    pub(crate) leader: Option<usize>,
    /// Whether the leader has begun its term.
    leads: bool,
    election_at: Time,
    pub(crate) committed: i64,
    sessions: BTreeMap<i64, OpenSession>,
    closes: Vec<(i64, CloseReason)>,
    last_time: i64,
    unit: TimeUnit,
    /// Position of the snapshot that the leader's service has yet to take.
    snapshot_at: Option<i64>,
    sabotage: Option<Sabotage>,
    random: Random,
    pub(crate) elections: u32,
}

impl Group {
    pub(crate) fn new(
        id: usize,
        (members, maximum_payload, unit): (usize, usize, TimeUnit),
        principals: Vec<Vec<u8>>,
        settings: MemberSettings,
        seed: u64,
    ) -> Self {
        let log = SimulatedLog::new(maximum_payload);
        let purpose = 1_000 * (id as u64 + 1);
        let member =
            |member| Member::new(member, log.clone(), settings, Random::new(seed, purpose + 1 + member as u64));
        Self {
            id,
            members: (0..members).map(member).collect(),
            entries: Vec::new(),
            seats: principals.iter().map(|_| Seat::default()).collect(),
            principals,
            term: -1,
            leader: None,
            leads: false,
            election_at: 0,
            committed: 0,
            sessions: BTreeMap::new(),
            closes: Vec::new(),
            last_time: 0,
            unit,
            snapshot_at: None,
            sabotage: settings.sabotage,
            random: Random::new(seed, purpose),
            elections: 0,
            log,
        }
    }

    fn majority(&self) -> usize {
        self.members.len() / 2 + 1
    }

    /// The leader's number, if one leads and clients reach it.
    pub(crate) fn leading(&self) -> Option<usize> {
        self.leader.filter(|_| self.leads)
    }

    /// Appends the commands that define what is traded, in the name of the operator, before anything else.
    pub(crate) fn begin(&mut self, now: Time, commands: &[Vec<u8>]) {
        let operator = ClientSession::new(1, 102, "aeron:ipc", b"0");
        let time = self.time(now);
        self.term = 0;
        let term = self.term_event(now, 0);
        self.append(&log_messages::new_leadership_term(&term), Entry::Term);
        let open = log_messages::session_open(0, time, &operator);
        self.append(&open, Entry::Open { session_id: 1, seat: usize::MAX });
        for command in commands {
            let message = log_messages::session_message(0, 1, time, command);
            self.append(&message, Entry::Message { session_id: 1 });
        }
        let close = log_messages::session_close(0, 1, time, CloseReason::ClientAction);
        self.append(&close, Entry::Close { session_id: 1 });
        self.committed = self.log.end();
        let end = self.log.end();
        self.members.iter_mut().for_each(|member| (member.appended, member.reported) = (end, end));
    }

    /// The log's time: not before that of the entry before.
    fn time(&mut self, now: Time) -> i64 {
        let time = now as i64 / self.unit.as_nanos();
        self.last_time = self.last_time.max(time);
        self.last_time
    }

    fn append(&mut self, message: &[u8], entry: Entry) -> i64 {
        let end = self.log.append(message);
        self.entries.push(LogEntry { end, entry });
        end
    }

    /// One step: elections, what the leader appends, and how far that is replicated. The members' services run after it.
    pub(crate) fn step(&mut self, network: &mut Network) {
        let now = network.now;
        for member in &mut self.members {
            if !member.is_up() && now >= member.starts_at {
                member.start(&mut network.faults);
            }
        }
        if self.leader.is_none() && now >= self.election_at {
            self.elect(now);
        }
        if let Some(leader) = self.leader {
            for (at, member) in self.members.iter_mut().enumerate() {
                if member.is_reachable(now) && member.term < self.term {
                    let role = if at == leader { Role::Leader } else { Role::Follower };
                    member.join(self.term, self.committed, role);
                }
            }
            if !self.leads && self.members[leader].leads() {
                self.begin_term(leader, network);
            }
            if self.leads {
                self.lead(leader, network);
            }
        }
        self.replicate(network);
        self.tell_connected(network);
    }

    fn elect(&mut self, now: Time) {
        let voters: Vec<usize> = (0..self.members.len()).filter(|at| self.members[*at].is_reachable(now)).collect();
        if voters.len() < self.majority() {
            return;
        }
        let appended = voters.iter().map(|at| self.members[*at].appended);
        let best = match self.sabotage {
            Some(Sabotage::ElectsTheShortestLog) => appended.min(),
            _ => appended.max(),
        };
        let Some(best) = best else { return };
        let candidates: Vec<usize> = voters.iter().copied().filter(|at| self.members[*at].appended == best).collect();
        let leader = self.random.one_of(&candidates);
        self.log.truncate(best);
        self.entries.retain(|entry| entry.end <= best);
        // The new leader knows nothing of the others before they have joined its term.
        for member in &mut self.members {
            (member.appended, member.reported) = (member.appended.min(best), 0);
        }
        // The leader waits until a majority has its log; others may follow later.
        let mut others: Vec<usize> = voters.into_iter().filter(|at| *at != leader).collect();
        let mut have = 1;
        while have < self.majority() && !others.is_empty() {
            let at = self.random.below(others.len() as u64) as usize;
            let follower = others.swap_remove(at);
            self.members[follower].appended = best;
            have += 1;
        }
        self.committed = best;
        self.term += 1;
        self.elections += 1;
        (self.leader, self.leads, self.snapshot_at) = (Some(leader), false, None);
        self.closes.clear();
        self.sessions = self.sessions_of_log(now);
    }

    /// The sessions that the log has opened and not closed.
    fn sessions_of_log(&self, now: Time) -> BTreeMap<i64, OpenSession> {
        let mut sessions = BTreeMap::new();
        for LogEntry { end, entry } in &self.entries {
            match *entry {
                Entry::Open { session_id, seat } => {
                    let session = OpenSession { seat, heard_at: now, opened_at: *end, is_told: true };
                    sessions.insert(session_id, session);
                }
                Entry::Close { session_id } => {
                    sessions.remove(&session_id);
                }
                _ => {}
            }
        }
        sessions
    }

    fn term_event(&mut self, now: Time, leader: usize) -> NewLeadershipTerm {
        let (timestamp, end) = (self.time(now), self.log.end());
        NewLeadershipTerm {
            leadership_term_id: self.term,
            log_position: end,
            timestamp,
            term_base_log_position: end,
            leader_member_id: leader as i32,
            log_session_id: self.term as i32,
            time_unit: self.unit,
            app_version: APP_VERSION,
        }
    }

    fn begin_term(&mut self, leader: usize, network: &mut Network) {
        self.leads = true;
        self.members[leader].wrote(self.log.end());
        let event = self.term_event(network.now, leader);
        self.append(&log_messages::new_leadership_term(&event), Entry::Term);
        // After a start of the leader itself, the sessions of before are closed.
        if self.members[leader].is_first_term() {
            let ids: Vec<i64> = self.sessions.keys().copied().collect();
            self.closes.extend(ids.into_iter().map(|id| (id, CloseReason::Timeout)));
            return;
        }
        let term = self.term;
        for (session_id, session) in &mut self.sessions {
            session.heard_at = network.now;
            let Some(link) = self.seats.get_mut(session.seat).and_then(|seat| seat.link.as_mut()) else { continue };
            if link.session_id == *session_id && link.is_known {
                link.term = term;
                link.egress.push(network.arrival(), ToClient::NewLeader(leader as i32));
            }
        }
    }

    /// What the leader appends.
    fn lead(&mut self, leader: usize, network: &mut Network) {
        let now = network.now;
        if now < self.members[leader].isolated_until {
            return;
        }
        if let Some(position) = self.snapshot_at {
            if !self.members[leader].took_snapshot_at(position) {
                return;
            }
            self.snapshot_at = None;
        }
        for (session_id, reason) in std::mem::take(&mut self.closes) {
            self.close(session_id, reason, network);
        }
        self.open_sessions(network);
        self.take_ingress(network);
        self.close_silent_sessions(network);
        let time = now as i64 / self.unit.as_nanos();
        while let Some(timer) = self.members[leader].due_timer(time) {
            let (term, timestamp) = (self.term, self.time(now));
            let message = log_messages::timer_event(term, timer.0, timestamp);
            let end = self.append(&message, Entry::Timer { correlation_id: timer.0 });
            self.members[leader].fired(end, timer);
        }
        if network.faults.happens(Fault::Snapshot) {
            let (term, timestamp, end) = (self.term, self.time(now), self.log.end());
            let position = self.append(&log_messages::snapshot_action(term, end, timestamp, 0), Entry::Snapshot);
            self.snapshot_at = Some(position);
            self.members[leader].await_snapshot(position);
        }
        let end = self.log.end();
        self.members[leader].wrote(end);
    }

    fn open_sessions(&mut self, network: &mut Network) {
        let (now, term) = (network.now, self.term);
        for at in 0..self.seats.len() {
            let seat = &mut self.seats[at];
            if now < seat.partitioned_until || seat.connect_at.is_none_or(|due| due > now) {
                continue;
            }
            seat.connect_at = None;
            let ids = self.entries.iter().filter_map(|entry| match entry.entry {
                Entry::Open { session_id, .. } => Some(session_id),
                _ => None,
            });
            // Session numbers differ between clusters, so that mistaking one cluster for another shows.
            let session_id = ids.max().unwrap_or(1).max((self.id as i64) << 32) + 1;
            seat.link = Some(Link::new(session_id, term));
            let session = ClientSession::new(session_id, 102, "aeron:ipc", &self.principals[at]);
            let timestamp = self.time(now);
            let message = log_messages::session_open(term, timestamp, &session);
            let opened_at = self.append(&message, Entry::Open { session_id, seat: at });
            let session = OpenSession { seat: at, heard_at: now, opened_at, is_told: false };
            self.sessions.insert(session_id, session);
        }
    }

    fn take_ingress(&mut self, network: &mut Network) {
        let (now, term) = (network.now, self.term);
        for at in 0..self.seats.len() {
            if now < self.seats[at].partitioned_until {
                continue;
            }
            let mut messages = Vec::new();
            for link in self.seats[at].links() {
                while let Some(message) = link.ingress.pop(now) {
                    messages.push((link.session_id, message));
                }
            }
            for (session_id, message) in messages {
                let Some(session) = self.sessions.get_mut(&session_id) else { continue };
                session.heard_at = now;
                let timestamp = self.time(now);
                let event = log_messages::session_message(term, session_id, timestamp, &message);
                self.append(&event, Entry::Message { session_id });
            }
        }
    }

    fn close_silent_sessions(&mut self, network: &mut Network) {
        let now = network.now;
        let mut silent = Vec::new();
        for (session_id, session) in &mut self.sessions {
            let seat = self.seats.get(session.seat);
            let is_heard = seat.is_some_and(|seat| {
                let is_of_link = seat.link.as_ref().is_some_and(|link| link.session_id == *session_id);
                is_of_link && now >= seat.partitioned_until
            });
            if is_heard {
                session.heard_at = now;
            } else if now > session.heard_at + SESSION_TIMEOUT {
                silent.push(*session_id);
            }
        }
        for session_id in silent {
            self.close(session_id, CloseReason::Timeout, network);
        }
    }

    fn close(&mut self, session_id: i64, reason: CloseReason, network: &mut Network) {
        let Some(session) = self.sessions.remove(&session_id) else { return };
        let (term, timestamp) = (self.term, self.time(network.now));
        self.append(&log_messages::session_close(term, session_id, timestamp, reason), Entry::Close { session_id });
        let link = self.seats.get_mut(session.seat).and_then(|seat| seat.link.as_mut());
        if let Some(link) = link.filter(|link| link.session_id == session_id) {
            link.egress.push(network.arrival(), ToClient::Closed);
        }
    }

    /// The client at this seat gives up its session, and the leader may hear of that.
    pub(crate) fn leave(&mut self, seat: usize, tells: bool) {
        if let Some(link) = self.seats[seat].link.as_ref().filter(|_| tells && self.leads) {
            self.closes.push((link.session_id, CloseReason::ClientAction));
        }
        self.seats[seat].leave();
    }

    /// Followers get more of the log, the leader hears of it, and what is committed is told.
    fn replicate(&mut self, network: &mut Network) {
        let now = network.now;
        let Some(leader) = self.leader else { return };
        let (end, is_heard) = (self.log.end(), now >= self.members[leader].isolated_until);
        if is_heard && self.leads {
            let mut reported: Vec<i64> = self.members.iter().map(|member| member.reported).collect();
            reported.sort_unstable_by(|one, other| other.cmp(one));
            let quorum = reported[self.majority() - 1];
            self.committed = self.committed.max(quorum.min(end));
        }
        let committed = self.committed;
        for (at, member) in self.members.iter_mut().enumerate() {
            if !member.is_reachable(now) || member.term != self.term || (!is_heard && at != leader) {
                continue;
            }
            if at == leader {
                if is_heard {
                    member.known = member.known.max(committed.min(member.appended));
                }
                continue;
            }
            member.known = member.known.max(committed.min(member.appended));
            member.reported = member.appended;
            if network.faults.happens(Fault::LaggingMember) {
                // Some frames, or none.
                for _ in 0..network.faults.below(Fault::LaggingMember, 3) {
                    member.appended = self.log.after_next_frame(member.appended);
                }
            } else {
                member.appended = end;
            }
        }
    }

    /// Tells clients that their sessions are open, once that is committed.
    fn tell_connected(&mut self, network: &mut Network) {
        let Some(leader) = self.leading() else { return };
        // A client whose session is gone, and who was not told, finds out after a while.
        for link in self.seats.iter_mut().filter_map(|seat| seat.link.as_mut()) {
            if link.is_empty() && !self.sessions.contains_key(&link.session_id) {
                link.egress.push(network.now + SESSION_TIMEOUT, ToClient::Closed);
            }
        }
        let committed = self.committed;
        for (session_id, session) in self.sessions.iter_mut().filter(|(_, session)| !session.is_told) {
            if session.opened_at > committed {
                continue;
            }
            session.is_told = true;
            let link = self.seats.get_mut(session.seat).and_then(|seat| seat.link.as_mut());
            if let Some(link) = link.filter(|link| link.session_id == *session_id) {
                link.egress.push(network.arrival(), ToClient::Connected(leader as i32));
            }
        }
    }

    /// Runs the members' services. Returns snapshots that were taken.
    ///
    /// # Errors
    /// What no member may do.
    pub(crate) fn work(&mut self, network: &mut Network) -> Result<Vec<SnapshotTaken>, String> {
        let mut snapshots = Vec::new();
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            let term = member.term;
            let work = member.work(network.now, &self.entries, &mut network.faults)?;
            snapshots.extend(work.snapshots);
            if self.leading() == Some(at) {
                self.closes.extend(work.closes.into_iter().map(|id| (id, CloseReason::ServiceAction)));
            }
            for message in work.egress {
                let links = self.seats.iter_mut().flat_map(Seat::links);
                // A link with another leader than the sender does not hear it.
                for link in links.filter(|link| link.session_id == message.cluster_session_id && link.term == term) {
                    let payload = match self.sabotage {
                        Some(Sabotage::AltersAnEvent) if network.below(200) == 0 => altered(&message.payload),
                        _ => message.payload.clone(),
                    };
                    network.send(&mut link.egress, &ToClient::Message(payload));
                }
            }
        }
        Ok(snapshots)
    }

    /// The leader is lost: it is dead, or the others do not hear it any more. Returns the seats whose sessions do not survive that.
    pub(crate) fn lose_leader(&mut self, network: &mut Network) -> Vec<usize> {
        (self.leader, self.leads) = (None, false);
        self.election_at = network.now + 10 * MILLISECOND + network.milliseconds_below(60);
        let mut lost = Vec::new();
        for (at, seat) in self.seats.iter_mut().enumerate() {
            for link in seat.links() {
                link.ingress.0.clear();
                let kept = network.below(link.egress.0.len() as u64 + 1) as usize;
                link.egress.0.truncate(kept);
                link.egress.0.retain(|(_, item)| matches!(item, ToClient::Message(_)));
                let delay = network.milliseconds_below(100);
                link.egress.0.iter_mut().for_each(|(due, _)| *due += delay);
            }
            let survives = seat.link.as_ref().is_some_and(|link| link.is_known) && network.below(5) > 0;
            if !survives {
                if seat.link.is_some() {
                    lost.push(at);
                }
            } else if let Some(link) = seat.link.take() {
                // The next leader says which term it is of.
                let next = Link { is_known: true, ..Link::new(link.session_id, -1) };
                seat.late.push(link);
                seat.link = Some(next);
            }
        }
        lost
    }

    /// Whether no message is under way and no entry is left to apply.
    pub(crate) fn is_quiet(&self, now: Time) -> bool {
        let end = self.log.end();
        // Orders of the day wait for midnight.
        let soon = (now + 1_000 * MILLISECOND) as i64 / self.unit.as_nanos();
        self.leading().is_some_and(|leader| self.members[leader].has_quiet_timers(soon))
            && self.committed == end
            && self.closes.is_empty()
            && self.snapshot_at.is_none()
            && self.seats.iter().all(Seat::is_quiet)
            && self.members.iter().all(|member| member.is_quiet(end))
    }
}

/// A message to a participant with another number of the event: the second field after the header.
fn altered(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    if let Some(byte) = message.get_mut(16) {
        *byte = byte.wrapping_add(1);
    }
    message
}

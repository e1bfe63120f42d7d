//! A simulated network between client processes and a cluster: it drops, delays and duplicates messages, brings late what
//! an older leader or session sent, kills leaders with what is not yet in the log, stalls them, and cuts sessions.

use std::collections::VecDeque;

use lugus_client::cluster::DisconnectReason;
use lugus_client::session::{Ingress, Offered};
use lugus_client::{Limits, RetryPolicy};

use crate::engine::{Egress, Engine};
use crate::process::Process;

/// Splitmix.
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

    /// Whether something happens that does so `in_10_000` times in 10,000.
    pub(crate) fn happens(&mut self, in_10_000: u64) -> bool {
        self.below(10_000) < in_10_000
    }
}

/// How often things happen, each in 10,000 messages or milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chaos {
    pub(crate) drop: u64,
    pub(crate) duplicate: u64,
    pub(crate) back_pressure: u64,
    pub(crate) kill_leader: u64,
    pub(crate) stall_leader: u64,
    pub(crate) cut_session: u64,
    pub(crate) restart_process: u64,
    pub(crate) define_instrument: u64,
}

/// Instruments traded; the last one may have to be defined yet.
const INSTRUMENTS: u32 = 3;

/// Milliseconds.
type Time = u64;

/// First in, first out, each after its delay.
struct Channel<T>(VecDeque<(Time, T)>);

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Channel<T> {
    fn push(&mut self, due: Time, item: T) {
        let due = self.0.back().map_or(due, |(last, _)| due.max(*last));
        self.0.push_back((due, item));
    }

    fn pop(&mut self, now: Time) -> Option<T> {
        let is_due = self.0.front().is_some_and(|(due, _)| *due <= now);
        is_due.then(|| self.0.pop_front()).flatten().map(|(_, item)| item)
    }
}

enum ToClient {
    Connected,
    NewLeader,
    Message(Vec<u8>),
}

enum Entry {
    Open { client: usize, session_id: i64 },
    Message { session_id: i64, message: Vec<u8> },
}

/// A session's way to one leader and back.
struct Link {
    session_id: i64,
    ingress: Channel<Vec<u8>>,
    egress: Channel<ToClient>,
    /// The client has heard of it.
    is_open: bool,
    is_of_old_leader: bool,
}

impl Link {
    fn new(session_id: i64) -> Self {
        let (ingress, egress) = (Channel::default(), Channel::default());
        Self { session_id, ingress, egress, is_open: false, is_of_old_leader: false }
    }
}

struct Client {
    process: Process,
    link: Option<Link>,
    /// What older links still bring.
    late: Vec<Link>,
    /// When to ask for a session.
    connect_at: Option<Time>,
    next_order: u64,
}

pub(crate) struct World {
    now: Time,
    random: Random,
    chaos: Chaos,
    policy: RetryPolicy,
    limits: Limits,
    pub(crate) engine: Engine,
    log: VecDeque<(Time, Entry)>,
    clients: Vec<Client>,
    /// Processes that were killed, for the check at the end.
    former: Vec<Process>,
    term: i32,
    next_session: i64,
    /// Without a leader until then.
    leaderless_until: Time,
    /// The leader commits and applies nothing until then.
    stalled_until: Time,
}

/// What the session under test sends.
struct Port<'a> {
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

impl World {
    pub(crate) fn new(seed: u64, chaos: Chaos, policy: RetryPolicy, limits: Limits, retained: usize) -> Self {
        let mut world = Self {
            now: 1_000,
            random: Random(seed),
            chaos,
            policy,
            limits,
            engine: Engine::new(retained),
            log: VecDeque::new(),
            clients: Vec::new(),
            former: Vec::new(),
            term: 0,
            next_session: 0,
            leaderless_until: 0,
            stalled_until: 0,
        };
        for participant in 1..=2 {
            let process = Process::new(participant, limits, &policy, seed);
            let next_order = u64::from(participant) << 32;
            world.clients.push(Client { process, link: None, late: Vec::new(), connect_at: Some(0), next_order });
        }
        if chaos.define_instrument > 0 {
            world.engine.undefined.insert(INSTRUMENTS);
        }
        world
    }

    pub(crate) fn processes(&self) -> impl Iterator<Item = &Process> {
        self.clients.iter().map(|client| &client.process)
    }

    /// Trades through `milliseconds` of chaos.
    pub(crate) fn run(&mut self, milliseconds: Time) {
        for _ in 0..milliseconds {
            self.disturb();
            self.trade();
            self.tick();
        }
    }

    /// Lets everything come to an end, without chaos.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) fn settle(&mut self) {
        self.chaos = Chaos::default();
        self.engine.undefined.clear();
        for _ in 0..20_000 {
            self.tick();
            let is_quiet = self.log.is_empty()
                && self.clients.iter().all(|client| {
                    client.late.is_empty()
                        && client
                            .link
                            .as_ref()
                            .is_some_and(|link| link.ingress.0.is_empty() && link.egress.0.is_empty())
                        && client.process.is_settled(&self.engine)
                });
            if is_quiet {
                return;
            }
        }
        for process in self.processes() {
            println!("{:#?}\n{:#?}", process.session, process.record);
        }
        panic!("stuck after {} ms", self.now);
    }

    /// Compares all that was told with what happened.
    pub(crate) fn check(&self) {
        for ((participant, _), scope) in &self.engine.scopes {
            let mut ids = scope.applied.clone();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids, scope.applied, "each once, in the order in which participant {participant} gave them");
        }
        self.clients.iter().for_each(|client| client.process.check(&self.engine));
        self.former.iter().for_each(|process| process.check(&self.engine));
    }

    fn disturb(&mut self) {
        if self.now >= self.leaderless_until && self.random.happens(self.chaos.kill_leader) {
            self.kill_leader();
        }
        if self.random.happens(self.chaos.stall_leader) {
            self.stalled_until = self.now + self.random.below(400);
        }
        if self.random.happens(self.chaos.define_instrument) {
            self.engine.undefined.clear();
        }
        for client in 0..self.clients.len() {
            if self.random.happens(self.chaos.cut_session) {
                self.cut(client);
            }
            if self.random.happens(self.chaos.restart_process) {
                self.restart(client);
            }
        }
    }

    fn trade(&mut self) {
        for client in 0..self.clients.len() {
            for _ in 0..self.random.below(3) {
                let instrument = 1 + self.random.below(u64::from(INSTRUMENTS)) as u32;
                self.clients[client].next_order += 1;
                let client_order_id = self.clients[client].next_order;
                let (process, mut port) = self.port(client);
                process.order(&mut port, instrument, client_order_id);
            }
        }
        if self.random.happens(1_000) {
            let participant = 1 + self.random.below(self.clients.len() as u64) as u32;
            let instrument = 1 + self.random.below(u64::from(INSTRUMENTS)) as u32;
            let mut egress = Vec::new();
            self.engine.passive(participant, instrument, &mut egress);
            self.send(egress);
        }
    }

    /// A client's process and the way of what it sends.
    fn port(&mut self, client: usize) -> (&mut Process, Port<'_>) {
        let Client { process, link, .. } = &mut self.clients[client];
        let port = Port {
            now: self.now,
            has_leader: self.now >= self.leaderless_until,
            chaos: self.chaos,
            random: &mut self.random,
            link: link.as_mut(),
        };
        (process, port)
    }

    fn tick(&mut self) {
        self.now += 1;
        self.ask_for_sessions();
        self.receive_ingress();
        self.apply_log();
        for client in 0..self.clients.len() {
            self.deliver(client);
            let now = self.now * 1_000_000;
            let (process, mut port) = self.port(client);
            process.session.do_work(now, &mut port, &mut process.record);
            assert!(!process.record.is_replaced, "nobody else has this participant");
            if process.session.take_wants_new_session() {
                self.leave_link(client);
            }
        }
    }

    fn ask_for_sessions(&mut self) {
        for (index, client) in self.clients.iter_mut().enumerate() {
            if client.connect_at.is_some_and(|at| at <= self.now) && self.now >= self.leaderless_until {
                client.connect_at = None;
                self.next_session += 1;
                client.link = Some(Link::new(self.next_session));
                let entry = Entry::Open { client: index, session_id: self.next_session };
                self.log.push_back((self.now + 2, entry));
            }
        }
    }

    fn receive_ingress(&mut self) {
        for client in &mut self.clients {
            for link in client.late.iter_mut().chain(&mut client.link) {
                while let Some(message) = link.ingress.pop(self.now) {
                    let entry = Entry::Message { session_id: link.session_id, message };
                    self.log.push_back((self.now + 1 + self.random.below(3), entry));
                }
            }
        }
    }

    fn apply_log(&mut self) {
        if self.now < self.leaderless_until.max(self.stalled_until) {
            return;
        }
        while self.log.front().is_some_and(|(due, _)| *due <= self.now) {
            let Some((_, entry)) = self.log.pop_front() else { return };
            let mut egress = Vec::new();
            let opened = self.apply(entry, &mut egress);
            self.send(egress);
            if let Some((client, session_id)) = opened
                && let Some(link) = self.clients[client].link.as_mut().filter(|link| link.session_id == session_id)
            {
                link.egress.push(self.now + 1, ToClient::Connected);
            }
        }
    }

    /// Applies an entry; the client and session that it opened.
    fn apply(&mut self, entry: Entry, egress: &mut Vec<Egress>) -> Option<(usize, i64)> {
        match entry {
            Entry::Open { client, session_id } => {
                self.engine.open(session_id, self.clients[client].process.participant, egress);
                Some((client, session_id))
            }
            Entry::Message { session_id, message } => {
                let events = 1 + self.random.below(3) as usize;
                self.engine.message(session_id, &message, events, egress);
                None
            }
        }
    }

    /// What the leader's service sends.
    fn send(&mut self, messages: Vec<Egress>) {
        for Egress { session_id, message } in messages {
            let links = self.clients.iter_mut().flat_map(|client| client.late.iter_mut().chain(&mut client.link));
            for link in links.filter(|link| link.session_id == session_id && !link.is_of_old_leader) {
                for _ in 0..1 + u64::from(self.random.happens(self.chaos.duplicate)) {
                    if !self.random.happens(self.chaos.drop) {
                        let due = self.now + 1 + self.random.below(4);
                        link.egress.push(due, ToClient::Message(message.clone()));
                    }
                }
            }
        }
    }

    fn deliver(&mut self, client: usize) {
        let (now, term) = (self.now, self.term);
        let Client { process: Process { session, record, .. }, link, late, .. } = &mut self.clients[client];
        for link in late.iter_mut().chain(link) {
            while let Some(item) = link.egress.pop(now) {
                link.is_open = true;
                match item {
                    ToClient::Connected => session.on_connected(link.session_id, term, record),
                    ToClient::NewLeader => session.on_new_leader(term, record),
                    ToClient::Message(message) => session.on_message(link.session_id, &message, record),
                }
            }
        }
        late.retain(|link| !link.ingress.0.is_empty() || !link.egress.0.is_empty());
    }

    /// The leader dies, with all that it has received and not committed, and some of what it has sent.
    fn kill_leader(&mut self) {
        self.term += 1;
        self.leaderless_until = self.now + 10 + self.random.below(60);
        self.stalled_until = 0;
        let kept = self.random.below(self.log.len() as u64 + 1) as usize;
        for (_, entry) in self.log.drain(..).take(kept).collect::<Vec<_>>() {
            // The new leader has these from its log, and answers nobody.
            let _ = self.apply(entry, &mut Vec::new());
        }
        for client in 0..self.clients.len() {
            let Client { late, link, .. } = &mut self.clients[client];
            for link in late.iter_mut().chain(link) {
                link.ingress.0.clear();
                link.egress.0.truncate(self.random.below(link.egress.0.len() as u64 + 1) as usize);
                link.egress.0.retain(|(_, item)| matches!(item, ToClient::Message(_)));
                let delay = self.random.below(100);
                link.egress.0.iter_mut().for_each(|(due, _)| *due += delay);
                link.is_of_old_leader = true;
            }
            if !self.clients[client].process.session.is_connected() || self.random.happens(2_000) {
                self.cut(client);
            } else if let Some(link) = self.clients[client].link.take() {
                let mut next = Link::new(link.session_id);
                next.egress.push(self.leaderless_until + 1 + self.random.below(20), ToClient::NewLeader);
                self.clients[client].late.push(link);
                self.clients[client].link = Some(next);
            }
        }
    }

    fn cut(&mut self, client: usize) {
        let Process { session, record, .. } = &mut self.clients[client].process;
        session.on_disconnected(DisconnectReason::Watchdog, record);
        self.leave_link(client);
    }

    fn leave_link(&mut self, client: usize) {
        let client = &mut self.clients[client];
        if let Some(mut link) = client.link.take() {
            // Events for the machine are the present link's.
            link.egress.0.retain(|(_, item)| matches!(item, ToClient::Message(_)));
            client.late.push(link);
        }
        client.connect_at.get_or_insert(self.now + 1 + self.random.below(80));
    }

    fn restart(&mut self, client: usize) {
        self.cut(client);
        let client = &mut self.clients[client];
        let next = Process::new(client.process.participant, self.limits, &self.policy, self.now);
        self.former.push(std::mem::replace(&mut client.process, next));
    }
}

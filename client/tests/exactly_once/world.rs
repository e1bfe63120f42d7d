//! Client processes, clusters and a coordinator, with a network between them that drops, delays and duplicates
//! messages, and delivers messages of older leaders and sessions late. Meanwhile leaders are stalled, or killed with
//! what is not yet in the log, sessions and connections are cut, and instruments move.

use lugus_client::cluster::DisconnectReason;
use lugus_client::{InstrumentId, Limits, MemberId, RetryPolicy};

use crate::cluster::Cluster;
use crate::engine::Placement;
use crate::migration::Coordinator;
use crate::network::{Chaos, Random, Time, ToClient};
use crate::process::Process;

/// Number of instruments that are traded; the last one may still have to be defined.
const INSTRUMENTS: u32 = 3;

/// What a world consists of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) clusters: i32,
    pub(crate) policy: RetryPolicy,
    pub(crate) limits: Limits,
    /// Number of events of a scope that an engine retains.
    pub(crate) retained: usize,
    /// The participants that trade, with one process for each entry.
    pub(crate) participants: &'static [u32],
}

pub(crate) struct World {
    now: Time,
    random: Random,
    chaos: Chaos,
    plan: Plan,
    clusters: Vec<Cluster>,
    pub(crate) coordinator: Coordinator,
    clients: Vec<Client>,
    /// Processes that were killed, for the check at the end.
    former: Vec<Process>,
}

struct Client {
    process: Process,
    next_order: u64,
    /// When the process starts.
    starts_at: Time,
}

impl World {
    pub(crate) fn new(seed: u64, chaos: Chaos, plan: Plan) -> Self {
        let clients = plan.participants.len();
        let mut world = Self {
            now: 1_000,
            random: Random(seed),
            chaos,
            plan,
            clusters: (0..plan.clusters).map(|id| Cluster::new(id, plan.retained, clients)).collect(),
            coordinator: Coordinator::new(plan.clusters, INSTRUMENTS, clients),
            clients: Vec::new(),
            former: Vec::new(),
        };
        for (client, participant) in plan.participants.iter().enumerate() {
            let process = Process::new(*participant, plan.limits, &plan.policy, seed);
            let starts_at = if plan.participants[..client].contains(participant) { world.now + 150 } else { 0 };
            world.clients.push(Client { process, next_order: (client as u64 + 1) << 32, starts_at });
            world.coordinator.subscribe(client, world.now, &mut world.random);
        }
        for partition in &world.coordinator.map.partitions {
            let owner = &mut world.clusters[partition.owner().0 as usize];
            owner.engine.placements.insert(partition.instrument.id.0, Placement::Active);
        }
        if chaos.define_instrument > 0 {
            world.clusters[0].engine.undefined.insert(INSTRUMENTS);
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
    /// When something is stuck.
    pub(crate) fn settle(&mut self) {
        self.chaos = Chaos::default();
        self.clusters[0].engine.undefined.clear();
        for _ in 0..20_000 {
            self.tick();
            let is_quiet = self.coordinator.is_quiet()
                && self.clusters.iter().all(Cluster::is_quiet)
                && self.processes().all(|process| process.is_settled(&self.clusters));
            if is_quiet {
                return;
            }
        }
        for process in self.processes() {
            for entry in process.router.sessions() {
                println!("{:?} {:#?}", entry.cluster, entry.session);
            }
            println!("{:#?}", process.record);
        }
        panic!("stuck after {} ms", self.now);
    }

    /// Compares everything that was told with what happened.
    pub(crate) fn check(&self) {
        for instrument in 1..=INSTRUMENTS {
            let active = |cluster: &&Cluster| cluster.engine.placements.get(&instrument) == Some(&Placement::Active);
            let owners: Vec<i32> = self.clusters.iter().filter(active).map(|cluster| cluster.id).collect();
            let owner = self.coordinator.map.partition(InstrumentId(instrument)).expect("it stays in the map").owner();
            assert_eq!(owners, [owner.0], "one cluster has instrument {instrument}");
        }
        for ((participant, _), scope) in self.clusters.iter().flat_map(|cluster| &cluster.engine.scopes) {
            let mut ids = scope.applied.clone();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids, scope.applied, "each once, in the order in which participant {participant} gave them");
        }
        self.processes().for_each(|process| process.check(&self.clusters));
        self.former.iter().for_each(|process| process.check(&self.clusters));
    }

    fn disturb(&mut self) {
        let (now, chaos) = (self.now, self.chaos);
        self.coordinator.disturb(now, chaos, &mut self.random);
        for at in 0..self.clusters.len() {
            if self.clusters[at].has_leader(now) && self.random.happens(chaos.kill_leader) {
                self.kill_leader(at);
            }
            if self.random.happens(chaos.stall_leader) {
                self.clusters[at].stalled_until = now + self.random.below(400);
            }
            if self.random.happens(chaos.define_instrument) {
                self.clusters[at].engine.undefined.clear();
            }
            for client in 0..self.clients.len() {
                if self.random.happens(chaos.cut_session) {
                    self.cut(at, client);
                }
                if self.random.happens(chaos.partition) {
                    self.clusters[at].seats[client].partitioned_until = now + self.random.below(200);
                }
            }
        }
        for client in 0..self.clients.len() {
            if self.random.happens(chaos.restart_process) {
                self.restart(client);
            }
        }
    }

    fn trade(&mut self) {
        for client in 0..self.clients.len() {
            let Client { process, next_order, starts_at } = &mut self.clients[client];
            if self.now < *starts_at || process.record.is_replaced {
                continue;
            }
            for _ in 0..self.random.below(3) {
                let instrument = 1 + self.random.below(u64::from(INSTRUMENTS)) as u32;
                *next_order += 1;
                let network = (client, self.now, self.chaos, &mut self.random);
                process.order(&mut self.clusters, network, instrument, *next_order);
            }
        }
        if self.random.happens(1_000) {
            let at = self.random.below(self.clients.len() as u64) as usize;
            let participant = self.clients[at].process.participant;
            let instrument = 1 + self.random.below(u64::from(INSTRUMENTS)) as u32;
            for cluster in &mut self.clusters {
                let mut egress = Vec::new();
                cluster.engine.passive(participant, instrument, &mut egress);
                cluster.send(egress, self.now, self.chaos, &mut self.random);
            }
        }
    }

    fn tick(&mut self) {
        self.now += 1;
        self.coordinator.migrate(&mut self.clusters, self.now, &mut self.random);
        let participants = self.plan.participants;
        for cluster in &mut self.clusters {
            cluster.receive(participants, self.now, &mut self.random);
            cluster.apply_log(self.now, self.chaos, &mut self.random);
        }
        for client in 0..self.clients.len() {
            if self.now >= self.clients[client].starts_at {
                self.poll(client);
            }
        }
    }

    /// The duty cycle of a process.
    fn poll(&mut self, client: usize) {
        let (now, chaos) = (self.now, self.chaos);
        let Process { router, record, .. } = &mut self.clients[client].process;
        while let Some(map) = self.coordinator.poll(client, now) {
            router.on_map(&map, record);
        }
        if record.is_replaced {
            return;
        }
        let mut wants_new_session = Vec::new();
        for cluster in &mut self.clusters {
            let term = MemberId(cluster.leader());
            let entry = router.sessions_mut().iter_mut().find(|entry| entry.cluster.0 == cluster.id);
            let seat = &mut cluster.seats[client];
            seat.late.retain(|link| !link.is_empty());
            let Some(session) = entry.map(|entry| &mut entry.session) else {
                // The process has not opened a session here yet: messages to the process before it are lost.
                seat.late.iter_mut().for_each(|link| link.egress.0.clear());
                continue;
            };
            if seat.link.is_none() && seat.connect_at.is_none() {
                seat.connect_at = Some(now);
            }
            if now >= seat.partitioned_until {
                for link in seat.late.iter_mut().chain(&mut seat.link) {
                    while let Some(item) = link.egress.pop(now) {
                        link.is_open = true;
                        match item {
                            ToClient::Connected => session.on_connected(link.session_id, term, record),
                            ToClient::NewLeader => session.on_new_leader(term, record),
                            ToClient::Message(message) => session.on_message(link.session_id, &message, record),
                        }
                    }
                }
            }
            session.do_work(now * 1_000_000, &mut cluster.port(client, now, chaos, &mut self.random), record);
            if session.take_wants_new_session() {
                wants_new_session.push(cluster.id as usize);
            }
        }
        if record.is_replaced {
            assert!(self.plan.participants.len() > 2, "nobody else has this participant");
            router.end(record);
            self.clusters.iter_mut().for_each(|cluster| cluster.seats[client] = Default::default());
            return;
        }
        for cluster in wants_new_session {
            self.leave(cluster, client);
        }
    }

    fn kill_leader(&mut self, at: usize) {
        let clients = &self.clients;
        let id = self.clusters[at].id;
        let is_connected = |client: usize| {
            let sessions = clients[client].process.router.sessions();
            sessions.iter().any(|entry| entry.cluster.0 == id && entry.session.is_connected())
        };
        for client in self.clusters[at].kill_leader(self.now, &mut self.random, is_connected) {
            self.cut(at, client);
        }
    }

    fn cut(&mut self, at: usize, client: usize) {
        let Process { router, record, .. } = &mut self.clients[client].process;
        let id = self.clusters[at].id;
        let Some(entry) = router.sessions_mut().iter_mut().find(|entry| entry.cluster.0 == id) else { return };
        if !entry.session.has_ended() {
            entry.session.on_disconnected(DisconnectReason::Watchdog, record);
            self.leave(at, client);
        }
    }

    fn leave(&mut self, at: usize, client: usize) {
        let seat = &mut self.clusters[at].seats[client];
        seat.leave();
        seat.connect_at.get_or_insert(self.now + 1 + self.random.below(80));
    }

    fn restart(&mut self, client: usize) {
        for at in 0..self.clusters.len() {
            self.cut(at, client);
            let seat = &mut self.clusters[at].seats[client];
            seat.leave();
            seat.connect_at = None;
        }
        let Client { process, .. } = &mut self.clients[client];
        let next = Process::new(process.participant, self.plan.limits, &self.plan.policy, self.now);
        self.former.push(std::mem::replace(process, next));
        self.coordinator.subscribe(client, self.now, &mut self.random);
    }
}

//! A simulated deployment: groups, a coordinator, migrators and client processes, with a network between them. One step is a
//! millisecond.

use lugus_client::cluster::DisconnectReason;
use lugus_client::{InstrumentId, MemberId};
use lugus_codecs::session_tag::MessageSigner;
use lugus_coordinator::migration::{Ending, Intent};
use lugus_partition_map::{MapEpoch, MigrationPhase, PartitionMap};
use lugus_topology::ClusterId;
use lugus_vocabulary::{Action, ParticipantId, SessionKey};

use crate::auditor::{Auditor, Oracles};
use crate::client::{Outcome, Process};
use crate::commands::Commands;
use crate::coordinator::Coordinator;
use crate::definitions::{KEY, define, principal};
use crate::faults::{Fault, Faults};
use crate::group::Group;
use crate::member::MemberSettings;
use crate::migrator::Migrator;
use crate::network::{MILLISECOND, Network, Seat, Time, ToClient};
use crate::oracle::Oracle;
use crate::plan::{Comparison, INSTRUMENTS, Plan};
use crate::port::Port;
use crate::random::Random;
use crate::sabotage::Sabotage;
use crate::truth::Truth;

/// A client at its seats: the process that lives there now, if it has started.
pub(crate) struct Client {
    pub(crate) process: Process,
    commands: Commands,
    /// By group: the signer of the open session.
    signers: Vec<Option<(i64, MessageSigner)>>,
    pub(crate) starts_at: Time,
    random: Random,
}

/// What happened in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) commands: u64,
    pub(crate) events: u64,
    pub(crate) elections: u64,
    pub(crate) restarts: u64,
    pub(crate) snapshots: u64,
    pub(crate) moves: u64,
    pub(crate) undone: u64,
    pub(crate) given_up: u64,
    pub(crate) refused: u64,
    pub(crate) lost_events: u64,
}

/// A deployment: see the module.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) network: Network,
    pub(crate) groups: Vec<Group>,
    pub(crate) auditors: Vec<Auditor>,
    oracles: Oracles,
    pub(crate) truth: Truth,
    pub(crate) coordinator: Coordinator,
    pub(crate) clients: Vec<Client>,
    /// Processes that were killed, for the check at the end.
    pub(crate) former: Vec<Process>,
    pub(crate) migrators: Vec<(Migrator, usize)>,
    started_migrators: u64,
    processes: u64,
    counts: Counts,
}

/// Number of seats for migrators in each group.
const MIGRATORS: usize = 2;

impl World {
    pub(crate) fn new(plan: Plan, faults: Faults) -> Result<Self, String> {
        let mut network = Network::new(plan.seed, faults, plan.begins_at);
        let mut participants: Vec<u32> = plan.clients.iter().map(|(participant, _)| *participant).collect();
        // The last client is the operator, who may begin to work at the end.
        participants.push(0);
        let mut principals: Vec<Vec<u8>> = participants.iter().map(|id| principal(*id, plan.has_keys)).collect();
        principals.extend((0..MIGRATORS).map(|_| b"0".to_vec()));
        let settings = MemberSettings { limits: plan.engine, drop_copies: plan.drop_copies, sabotage: plan.sabotage };
        let seats = (plan.members, plan.maximum_payload, plan.unit);
        let mut groups: Vec<Group> =
            (0..plan.groups).map(|id| Group::new(id, seats, principals.clone(), settings, plan.seed)).collect();
        let coordinator = Coordinator::new(plan.groups, INSTRUMENTS, participants.len())?;
        for group in &mut groups {
            let first = if plan.defines_late_at.is_some() { INSTRUMENTS - 1 } else { INSTRUMENTS };
            let owned = (1..=first).filter(|id| *id as usize % plan.groups == group.id);
            let defines: Vec<Vec<u8>> = (1..).zip(owned).map(|(number, id)| define(InstrumentId(id), number)).collect();
            group.begin(network.now, &defines);
        }
        let auditors: Result<Vec<Auditor>, String> =
            (0..plan.groups).map(|group| Auditor::new(group, plan.engine, plan.drop_copies)).collect();
        let oracle = || Oracle::new(plan.engine);
        let oracles = match plan.comparison {
            Comparison::OfGroups => Oracles::OfGroups((0..plan.groups).map(|_| oracle()).collect()),
            Comparison::OfInstruments => Oracles::OfInstruments((1..=INSTRUMENTS).map(|id| (id, oracle())).collect()),
            Comparison::None => Oracles::None,
        };
        let mut world = Self {
            groups,
            auditors: auditors?,
            oracles,
            truth: Truth::default(),
            coordinator,
            clients: Vec::new(),
            former: Vec::new(),
            migrators: Vec::new(),
            started_migrators: 0,
            processes: 0,
            counts: Counts::default(),
            network: Network::new(0, Faults::draw(0, Fault::ALL), 0),
            plan,
        };
        let plan_begin = world.plan.begins_at;
        for (at, participant) in participants.iter().enumerate() {
            let starts_at = match world.plan.clients.get(at) {
                Some((_, step)) => plan_begin + Time::from(*step) * MILLISECOND,
                None if world.plan.has_operator => 0,
                None => Time::MAX,
            };
            let process = world.process(*participant);
            let random = Random::new(world.plan.seed, 10_000 + at as u64);
            let commands = Commands::new(Random::new(world.plan.seed, 20_000 + at as u64), world.processes);
            let signers = (0..world.plan.groups).map(|_| None).collect();
            world.clients.push(Client { process, commands, signers, starts_at, random });
            world.coordinator.subscribe(at, &mut network);
        }
        world.network = network;
        Ok(world)
    }

    fn process(&mut self, participant: u32) -> Process {
        self.processes += 1;
        let Plan { limits, ref policy, grace, seed, .. } = self.plan;
        Process::new(participant, limits, policy, grace, seed ^ self.processes)
    }

    /// The time of the run, in milliseconds.
    pub(crate) fn milliseconds(&self) -> u64 {
        (self.network.now - self.plan.begins_at) / MILLISECOND
    }

    pub(crate) fn counts(&self) -> Counts {
        let members = self.groups.iter().flat_map(|group| &group.members);
        let processes = || self.clients.iter().map(|client| &client.process).chain(&self.former);
        let outcomes = |is: fn(&Outcome) -> bool| processes().map(|process| process.record.count(is)).sum();
        Counts {
            given_up: outcomes(|outcome| matches!(outcome, Outcome::GaveUp { .. })),
            refused: outcomes(|outcome| *outcome == Outcome::Refused),
            lost_events: processes().flat_map(|process| process.record.followed.values()).map(|it| it.lost).sum(),
            commands: self.truth.commands,
            events: self.truth.events,
            elections: self.groups.iter().map(|group| u64::from(group.elections)).sum(),
            restarts: members.map(|member| u64::from(member.restarts.saturating_sub(1))).sum(),
            snapshots: self.auditors.iter().map(|auditor| auditor.snapshots_compared).sum(),
            ..self.counts
        }
    }

    /// Lets a step's time pass for all.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        self.network.now += MILLISECOND;
        self.migrate()?;
        for at in 0..self.groups.len() {
            let group = &mut self.groups[at];
            group.step(&mut self.network);
            self.auditors[at].read(group, self.network.now, &mut self.truth, &mut self.oracles)?;
            for (position, messages) in group.work(&mut self.network)? {
                self.auditors[at].compare_snapshot(position, messages)?;
            }
            for (id, member) in group.members.iter().enumerate() {
                if let Some((place, service)) = member.service()
                    && place.position >= 0
                {
                    self.auditors[at].compare(id, place.position, service.engine().state_hash())?;
                }
            }
        }
        for client in 0..self.clients.len() {
            if self.network.now >= self.clients[client].starts_at {
                self.poll(client)?;
            }
        }
        Ok(())
    }

    /// What goes wrong in this step.
    pub(crate) fn disturb(&mut self) {
        for at in 0..self.groups.len() {
            self.disturb_members(at);
            for client in 0..self.clients.len() + MIGRATORS {
                if self.network.faults.happens(Fault::CutSession) {
                    self.cut(at, client);
                }
                if self.network.faults.happens(Fault::PartitionedClient) {
                    let until = self.network.now + self.network.milliseconds_below(200);
                    self.groups[at].seats[client].partitioned_until = until;
                }
            }
        }
        for client in 0..self.clients.len() {
            if self.network.faults.happens(Fault::RestartedClient) {
                self.restart(client);
            }
            if self.network.faults.happens(Fault::LateMap) {
                let until = self.network.now + self.network.milliseconds_below(300);
                self.coordinator.hold_back(client, until);
            }
        }
        if self.network.faults.happens(Fault::AbsentCoordinator) {
            self.coordinator.away_until = self.network.now + self.network.milliseconds_below(150);
        }
        if self.network.faults.happens(Fault::OtherEpoch) {
            self.coordinator.publish_again(&mut self.network);
        }
        if self.plan.moves() && self.network.faults.happens(Fault::Move) {
            let instrument = InstrumentId(1 + self.network.faults.below(Fault::Move, u64::from(INSTRUMENTS)) as u32);
            let to = ClusterId(self.network.faults.below(Fault::Move, self.groups.len() as u64) as i32);
            self.start_migrator(instrument, Intent::MoveTo(to));
        }
        if self.plan.moves() && self.network.faults.happens(Fault::UndoneMove) {
            let instrument =
                InstrumentId(1 + self.network.faults.below(Fault::UndoneMove, u64::from(INSTRUMENTS)) as u32);
            self.start_migrator(instrument, Intent::Undo);
        }
        if !self.migrators.is_empty() && self.network.faults.happens(Fault::KilledMigrator) {
            let at = self.network.faults.below(Fault::KilledMigrator, self.migrators.len() as u64) as usize;
            let (migrator, _) = self.migrators.swap_remove(at);
            migrator.leave(&mut self.groups);
        }
    }

    fn disturb_members(&mut self, at: usize) {
        let now = self.network.now;
        if self.network.faults.happens(Fault::KilledGroup) {
            self.lose_leader(at);
            for member in &mut self.groups[at].members {
                member.kill(now + MILLISECOND + self.network.milliseconds_below(80));
            }
        }
        if self.network.faults.happens(Fault::KilledLeader)
            && let Some(leader) = self.groups[at].leader
        {
            let starts_at = now + MILLISECOND + self.network.milliseconds_below(150);
            self.groups[at].members[leader].kill(starts_at);
            self.lose_leader(at);
        }
        if self.network.faults.happens(Fault::IsolatedLeader)
            && let Some(leader) = self.groups[at].leader
        {
            let until = now + MILLISECOND + self.network.milliseconds_below(150);
            self.groups[at].members[leader].isolated_until = until;
            self.lose_leader(at);
        }
        for member in 0..self.groups[at].members.len() {
            let is_leader = self.groups[at].leader == Some(member);
            if self.network.faults.happens(Fault::KilledFollower) && !is_leader {
                let starts_at = now + MILLISECOND + self.network.milliseconds_below(150);
                self.groups[at].members[member].kill(starts_at);
            }
            if self.network.faults.happens(Fault::StalledService) {
                let until = now + self.network.milliseconds_below(60);
                self.groups[at].members[member].stalled_until = until;
            }
        }
    }

    fn lose_leader(&mut self, at: usize) {
        for client in self.groups[at].lose_leader(&mut self.network) {
            self.cut(at, client);
        }
    }

    pub(crate) fn start_migrator(&mut self, instrument: InstrumentId, intent: Intent) {
        let is_free = |seat: &usize| self.migrators.iter().all(|(_, taken)| taken != seat);
        let first = self.clients.len();
        let Some(seat) = (first..first + MIGRATORS).find(is_free) else { return };
        self.started_migrators += 1;
        let seats = (seat, self.groups.len());
        let number = self.started_migrators;
        let migrator = Migrator::new(instrument, intent, seats, number, self.network.now, self.plan.sabotage);
        self.migrators.push((migrator, seat));
    }

    /// Runs the migrators, and checks what they have the coordinator commit.
    fn migrate(&mut self) -> Result<(), String> {
        let before = self.coordinator.maps.len();
        for (migrator, _) in &mut self.migrators {
            migrator.work(&mut self.groups, &mut self.coordinator, &mut self.network);
        }
        let mut ended = Vec::new();
        for (at, (migrator, _)) in self.migrators.iter().enumerate() {
            if let Some(ending) = migrator.ending() {
                match ending {
                    Ok(Ending::Moved) => self.counts.moves += 1,
                    Ok(Ending::Undone) => self.counts.undone += 1,
                    _ => {}
                }
                ended.push(at);
            }
        }
        for at in ended.into_iter().rev() {
            let (migrator, _) = self.migrators.swap_remove(at);
            migrator.leave(&mut self.groups);
        }
        // What a dead migrator has sent may still come; nobody hears the answers.
        for seat in self.clients.len()..self.clients.len() + MIGRATORS {
            if self.migrators.iter().all(|(_, taken)| *taken != seat) {
                for group in &mut self.groups {
                    let seat = &mut group.seats[seat];
                    seat.links().for_each(|link| link.egress.0.clear());
                    seat.late.retain(|link| !link.is_empty());
                }
            }
        }
        for at in before..self.coordinator.maps.len() {
            self.check_commit(at)?;
        }
        Ok(())
    }

    /// When a move is committed, both clusters have the instrument in the same state, and neither trades it.
    fn check_commit(&mut self, at: usize) -> Result<(), String> {
        let (old, new) = (self.coordinator.maps[at - 1].clone(), self.coordinator.maps[at].clone());
        for (before, after) in old.partitions.iter().zip(&new.partitions) {
            let Some(migration) = after.migration.filter(|it| it.phase == MigrationPhase::Committed) else { continue };
            if before.owner() == after.owner() {
                continue;
            }
            let instrument = after.instrument.id;
            let hash = |cluster: ClusterId| {
                let engine = self.auditors[cluster.0 as usize].service().engine();
                engine.instrument_state_hash(instrument)
            };
            let (from, to) = (hash(migration.from), hash(migration.to));
            if from.is_none() || from != to {
                return Err(format!("the move of {instrument:?} is committed, but its states are {from:?} and {to:?}"));
            }
            if self.plan.sabotage == Some(Sabotage::TakesACommitBack) {
                let map = old.as_ref().clone();
                let epoch = MapEpoch(new.epoch.0 + 1);
                self.coordinator.publish(PartitionMap { epoch, ..map }, &mut self.network);
            }
        }
        Ok(())
    }

    /// Clients give commands.
    pub(crate) fn trade(&mut self) {
        for at in 0..self.clients.len() {
            let client = &mut self.clients[at];
            if self.network.now < client.starts_at || client.process.record.is_replaced {
                continue;
            }
            let pace = if client.process.participant == 0 { self.plan.pace / 4 } else { self.plan.pace };
            let mut count = pace / 10_000;
            count += u32::from(client.random.happens(pace % 10_000));
            for _ in 0..count {
                self.give_command(at);
            }
        }
    }

    fn give_command(&mut self, at: usize) {
        let now = self.network.now;
        let participants = self.plan.clients.len() as u32;
        let client = &mut self.clients[at];
        let me = client.process.participant;
        let (instrument, action) = if me == 0 {
            client.commands.of_operator(participants, INSTRUMENTS, now)
        } else if !self.plan.moves() && client.random.below(8) == 0 {
            (InstrumentId::NONE, client.commands.of_market_maker(INSTRUMENTS))
        } else {
            let instrument = InstrumentId(1 + client.random.below(u64::from(INSTRUMENTS)) as u32);
            (instrument, client.commands.of_participant(ParticipantId(me), now))
        };
        self.send(at, instrument, action);
    }

    pub(crate) fn send(&mut self, at: usize, instrument: InstrumentId, action: Action) -> bool {
        let Client { process, signers, .. } = &mut self.clients[at];
        let Some(cluster) = process.cluster_of(instrument) else { return false };
        let Some(group) = self.groups.get_mut(cluster) else { return false };
        let now = self.network.now;
        let mut port = Port::of(group, at, &mut self.network, &mut signers[cluster], self.plan.sabotage);
        process.send(instrument, action, now, &mut port)
    }

    /// The duty cycle of a client process.
    fn poll(&mut self, at: usize) -> Result<(), String> {
        let now = self.network.now;
        let Client { process, signers, .. } = &mut self.clients[at];
        while let Some(map) = self.coordinator.poll(at, now) {
            process.router.on_map(&map, &mut process.record);
        }
        let mut leaves = Vec::new();
        for (cluster, group) in self.groups.iter_mut().enumerate() {
            if process.record.is_replaced {
                break;
            }
            let Process { router, record, sessions, .. } = process;
            let entry = router.sessions_mut().iter_mut().find(|entry| entry.cluster.0 as usize == cluster);
            let seat = &mut group.seats[at];
            seat.late.retain(|link| !link.is_empty());
            let Some(session) = entry.map(|entry| &mut entry.session) else {
                // The process has not opened a session here yet: messages to the process before it are lost.
                seat.late.iter_mut().for_each(|link| link.egress.0.clear());
                continue;
            };
            if seat.link.is_none() && seat.connect_at.is_none() {
                seat.connect_at = Some(now);
                if self.plan.takes_drop_copies {
                    let _ = session.request_drop_copy(InstrumentId::NONE);
                }
            }
            let mut is_closed = false;
            if now >= seat.partitioned_until {
                let newest = seat.link.as_ref().map(|link| link.session_id);
                for link in seat.late.iter_mut().chain(&mut seat.link) {
                    while let Some(item) = link.egress.pop(now) {
                        match item {
                            ToClient::Connected(leader) => {
                                (link.is_open, link.is_known) = (true, true);
                                sessions.push((cluster, link.session_id));
                                let key = MessageSigner::new(SessionKey::new(KEY));
                                signers[cluster] = self.plan.has_keys.then_some((link.session_id, key));
                                session.on_connected(link.session_id, MemberId(leader), record);
                            }
                            ToClient::NewLeader(leader) => {
                                link.is_open = true;
                                session.on_new_leader(MemberId(leader), record);
                            }
                            ToClient::Closed => is_closed |= newest == Some(link.session_id),
                            ToClient::Message(message) => session.on_message(link.session_id, &message, record),
                        }
                    }
                }
            }
            let mut port = Port::of(group, at, &mut self.network, &mut signers[cluster], self.plan.sabotage);
            session.do_work(now, &mut port, record);
            if is_closed && !session.has_ended() {
                session.on_disconnected(DisconnectReason::Watchdog, record);
            }
            if session.take_wants_new_session() || is_closed {
                leaves.push(cluster);
            }
        }
        if process.record.is_replaced {
            if self.plan.clients.iter().filter(|(participant, _)| *participant == process.participant).count() < 2 {
                return Err(format!("participant {} was replaced, but nobody else has it", process.participant));
            }
            process.router.end(&mut process.record);
            self.groups.iter_mut().for_each(|group| group.seats[at] = Seat::default());
        } else {
            for cluster in leaves {
                self.leave(cluster, at);
            }
        }
        self.clients[at].process.check_claims(&self.truth, self.plan.engine.retained_events)
    }

    /// A client, or a migrator, loses its session with a cluster.
    fn cut(&mut self, cluster: usize, seat: usize) {
        if let Some(Client { process, .. }) = self.clients.get_mut(seat) {
            let Process { router, record, .. } = process;
            let entry = router.sessions_mut().iter_mut().find(|entry| entry.cluster.0 as usize == cluster);
            let Some(entry) = entry.filter(|entry| !entry.session.has_ended()) else { return };
            entry.session.on_disconnected(DisconnectReason::Watchdog, record);
        } else if self.migrators.iter().all(|(_, taken)| *taken != seat) {
            return;
        }
        self.leave(cluster, seat);
    }

    fn leave(&mut self, cluster: usize, seat: usize) {
        let tells = self.network.below(2) == 0;
        let due = self.network.now + MILLISECOND + self.network.milliseconds_below(80);
        let group = &mut self.groups[cluster];
        group.leave(seat, tells);
        group.seats[seat].connect_at.get_or_insert(due);
    }

    /// A client process is killed, and another one starts in its place.
    fn restart(&mut self, at: usize) {
        if self.network.now < self.clients[at].starts_at || self.clients[at].process.record.is_replaced {
            return;
        }
        for cluster in 0..self.groups.len() {
            let group = &mut self.groups[cluster];
            group.leave(at, false);
            group.seats[at].connect_at = None;
        }
        let next = self.process(self.clients[at].process.participant);
        let seed = self.plan.seed;
        let client = &mut self.clients[at];
        client.commands = Commands::new(Random::new(seed, 30_000 + self.processes), self.processes);
        self.former.push(std::mem::replace(&mut client.process, next));
        self.coordinator.subscribe(at, &mut self.network);
    }
}

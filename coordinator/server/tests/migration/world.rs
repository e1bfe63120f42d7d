//! The simulated world of a move: movers, the coordinator, two clusters, a participant that trades, and the network between
//! them.

#![allow(unreachable_pub, reason = "a part of a test")]

use std::collections::VecDeque;
use std::time::Duration;

use lugus_coordinator::apply;
use lugus_coordinator::migration::{
    Action, ClusterRequest, Ending, Exported, Intent, MoveError, MoveStep, Mover, Party, Timing,
};
use lugus_engine::EngineLimits;
use lugus_partition_map::{
    AcceptedRequest, ClusterEntry, DeploymentId, MapEpoch, MapRefusal, MapRequest, MemberEntry, MigrationPhase,
    PartitionMap, digest_of_map,
};
use lugus_testing::instruments::btc_usdt;
use lugus_topology::{ClusterId, Endpoint, MemberId};
use lugus_vocabulary::{
    Action as EngineAction, ClientOrderId, ExportRecord, InstrumentId, InstrumentSpecification, MigrationReport,
    NewOrder, Price, Quantity, Replace, Side,
};

use crate::cluster::{Answer, Cluster, INSTRUMENT, LIMITS};

pub const FROM: ClusterId = ClusterId(0);
pub const TO: ClusterId = ClusterId(1);

const MILLISECOND: u64 = 1_000_000;
/// Maximum time that a move may take, in nanoseconds.
const PEACE: u64 = 200_000 * MILLISECOND;

/// A message in the network between a mover and another party.
#[derive(Debug, Clone)]
pub enum Message {
    ToCoordinator { mover: usize, correlation_id: u64, request: MapRequest, expected: Option<MapEpoch> },
    ToCluster { mover: usize, cluster: ClusterId, party: Party, request: ClusterRequest },
    Answer { mover: usize, correlation_id: u64, outcome: Result<AcceptedRequest, MapRefusal> },
    Report { mover: usize, party: Party, report: MigrationReport },
    Exported { mover: usize, exported: Exported },
    Map { mover: usize, map: Box<PartitionMap> },
}

pub struct World {
    chance: u64,
    now: u64,
    /// Time of arrival, and message.
    network: VecDeque<(u64, Message)>,
    /// All recorded maps, oldest first.
    maps: Vec<PartitionMap>,
    clusters: [Cluster; 2],
    movers: Vec<Option<Mover>>,
    endings: Vec<Option<Result<Ending, MoveError>>>,
    library: Vec<Vec<ExportRecord>>,
    /// Applies each command that a cluster has accepted, in the same order.
    never_moved: Cluster,
    /// Number of each participant's next command.
    next_numbers: [u64; 2],
    holds_commits: bool,
    held: Option<Message>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut map = PartitionMap::empty(DeploymentId(1));
        for request in first_requests() {
            map = apply(&map, &request, None).unwrap().map.unwrap();
        }
        let mut world = Self {
            chance: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            now: 1,
            network: VecDeque::new(),
            maps: vec![map],
            clusters: [Cluster::new(), Cluster::new()],
            movers: Vec::new(),
            endings: Vec::new(),
            library: Vec::new(),
            never_moved: Cluster::new(),
            next_numbers: [1, 1],
            holds_commits: false,
            held: None,
        };
        for cluster in [&mut world.clusters[0], &mut world.never_moved] {
            cluster.apply(1, 0, 0, 1, EngineAction::DefineInstrument(btc_usdt(InstrumentId(1))));
        }
        world.clusters[1].apply(1, 0, 0, 1, EngineAction::DefineInstrument(btc_usdt(InstrumentId(2))));
        for _ in 0..40 {
            world.trade();
        }
        world
    }

    pub fn map(&self) -> &PartitionMap {
        self.maps.last().unwrap()
    }

    /// All maps so far.
    pub fn maps(&self) -> &[PartitionMap] {
        &self.maps
    }

    pub fn start(&mut self, intent: Intent) {
        let first = 1_000_000 * (self.movers.len() as u64 + 1);
        self.movers.push(Some(Mover::new(
            InstrumentId(1),
            intent,
            Timing::default(),
            first,
            Duration::from_nanos(self.now),
        )));
        self.endings.push(None);
    }

    pub fn start_held(&mut self, intent: Intent, steps: impl IntoIterator<Item = MoveStep>) {
        self.start(intent);
        if let Some(Some(mover)) = self.movers.last_mut() {
            mover.hold_before(steps);
        }
    }

    pub fn newest_mover(&self) -> usize {
        self.movers.len() - 1
    }

    pub fn run_until_held(&mut self, mover: usize, step: MoveStep) {
        let end = self.now + PEACE;
        while self.movers[mover].as_ref().is_none_or(|mover| mover.held_before() != Some(step)) {
            assert!(self.now < end, "not held before {step}: {:?}", self.endings[mover]);
            self.step();
        }
    }

    pub fn let_go(&mut self, mover: usize) {
        let now = Duration::from_nanos(self.now);
        self.with_mover(mover, |mover| mover.go_on_with_step(now));
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time.as_nanos() as u64;
        while self.now < end {
            self.step();
        }
    }

    pub fn kill_mover(&mut self, mover: usize) {
        self.movers[mover] = None;
    }

    pub fn take_down(&mut self, cluster: ClusterId) {
        self.clusters[cluster.0 as usize].is_down = true;
    }

    pub fn bring_up(&mut self, cluster: ClusterId) {
        self.clusters[cluster.0 as usize].is_down = false;
    }

    /// Replaces the cluster with one that has no room for the instrument.
    pub fn cramp(&mut self, cluster: ClusterId) {
        let limits = EngineLimits { orders: 1, ..LIMITS };
        let cramped = &mut self.clusters[cluster.0 as usize];
        *cramped = Cluster { engine: lugus_engine::Engine::new(limits), ..Cluster::new() };
    }

    /// Makes the cluster one of an earlier version, which does not know how to copy ahead.
    pub fn make_older(&mut self, cluster: ClusterId) {
        self.clusters[cluster.0 as usize].is_older = true;
    }

    /// Number of imports that were complete: those that were copied ahead, and those that were copied whole.
    pub fn imports(&self) -> [u64; 2] {
        let [from, to] = &self.clusters;
        [0, 1].map(|kind| from.imports[kind] + to.imports[kind])
    }

    pub fn snapshot(&mut self, cluster: ClusterId) {
        self.clusters[cluster.0 as usize].engine.prepare_snapshot();
    }

    pub fn change_leader(&mut self, cluster: ClusterId) {
        self.clusters[cluster.0 as usize].engine.forget_copy_ahead();
    }

    pub fn takes_commands(&mut self, cluster: ClusterId) -> bool {
        self.clusters[cluster.0 as usize].takes_commands()
    }

    /// Runs until a commit is about to be sent, and returns it instead of sending it.
    pub fn hold_back_commit(&mut self) -> Message {
        self.holds_commits = true;
        while self.held.is_none() {
            self.step();
        }
        self.holds_commits = false;
        self.held.take().unwrap()
    }

    pub fn deliver(&mut self, message: Message) {
        self.arrive(message);
    }

    pub fn run_to_end(&mut self, mover: usize) -> Result<Ending, MoveError> {
        let end = self.now + PEACE;
        while self.now < end {
            if let Some(ending) = self.endings[mover] {
                return ending;
            }
            self.step();
        }
        panic!("no end: {:?}", self.movers[mover]);
    }

    /// Delivers all messages, then checks that only the owner in the map trades the instrument, and that its state is
    /// as if it had never moved. Returns the owner.
    pub fn check_end(&mut self) -> ClusterId {
        while !self.network.is_empty() {
            self.step();
        }
        for _ in 0..20 {
            self.trade();
        }
        let partition = self.map().partition(InstrumentId(1)).unwrap();
        assert_eq!(partition.migration, None);
        let owner = partition.owner();
        let [from, to] = &mut self.clusters;
        assert_eq!([from.takes_commands(), to.takes_commands()], [owner == FROM, owner == TO]);
        let (here, there) = if owner == FROM { (from, to) } else { (to, from) };
        assert_eq!(
            here.engine.instrument_state_hash(INSTRUMENT),
            self.never_moved.engine.instrument_state_hash(INSTRUMENT)
        );
        let [orders, expected] =
            [&here.engine, &self.never_moved.engine].map(|engine| engine.displayed_orders(INSTRUMENT).unwrap());
        assert!(orders.eq(expected));
        assert_eq!(here.engine.live_orders(), self.never_moved.engine.live_orders());
        assert_eq!(there.engine.live_orders(), 0);
        owner
    }

    /// Delivers the next message, or lets 20 ms pass if none arrives before.
    pub fn step(&mut self) {
        self.run_movers();
        match self.network.pop_front() {
            Some((due, message)) => {
                self.now = self.now.max(due);
                self.arrive(message);
            }
            None => self.now += 20 * MILLISECOND,
        }
        if self.below(8) == 0 {
            self.trade();
        }
        let takers = self.clusters.iter_mut().map(|cluster| usize::from(cluster.takes_commands())).sum::<usize>();
        assert!(takers <= 1, "two clusters take commands");
        let partition = self.map().partition(InstrumentId(1)).unwrap();
        if takers == 1 {
            let owner = partition.owner();
            assert!(self.takes_commands(owner), "only the owner takes commands");
        }
    }

    fn run_movers(&mut self) {
        let mut actions = Vec::new();
        for index in 0..self.movers.len() {
            let Some(mover) = &mut self.movers[index] else { continue };
            mover.poll(Duration::from_nanos(self.now), &mut actions);
            if let Some(ending) = mover.ending() {
                self.endings[index] = Some(ending);
                self.movers[index] = None;
                continue;
            }
            let clusters = mover.clusters();
            for action in actions.drain(..) {
                let message = match action {
                    Action::LookAtMap { .. } => Message::Map { mover: index, map: Box::new(self.map().clone()) },
                    Action::Coordinator { correlation_id, request, expected } => {
                        Message::ToCoordinator { mover: index, correlation_id, request, expected }
                    }
                    Action::Cluster { party, request } => {
                        let (from, to) = clusters.unwrap();
                        let cluster = if party == Party::From { from } else { to };
                        Message::ToCluster { mover: index, cluster, party, request }
                    }
                };
                self.send(message);
            }
        }
    }

    fn send(&mut self, message: Message) {
        let is_commit = matches!(message, Message::ToCoordinator { request: MapRequest::CommitMigration { .. }, .. });
        if is_commit && self.holds_commits {
            self.held = Some(message);
            return;
        }
        self.network.push_back((self.now + MILLISECOND, message));
    }

    fn arrive(&mut self, message: Message) {
        let now = Duration::from_nanos(self.now);
        match message {
            Message::ToCoordinator { mover, correlation_id, request, expected } => {
                let outcome = self.coordinate(&request, expected);
                self.send(Message::Answer { mover, correlation_id, outcome });
            }
            Message::ToCluster { mover, cluster, party, request } => {
                let most = if self.below(2) == 0 { 9 } else { 90 };
                let part = 1 + self.below(most) as usize;
                let Some(cluster) = self.clusters.get_mut(cluster.0 as usize) else { return };
                if cluster.is_down {
                    return;
                }
                match cluster.answer(&request, part, &mut self.library) {
                    Answer::Nothing => {}
                    Answer::Report(report) => self.send(Message::Report { mover, party, report }),
                    Answer::Exported(parts) => {
                        for exported in parts {
                            self.send(Message::Exported { mover, exported });
                        }
                    }
                }
            }
            Message::Answer { mover, correlation_id, outcome } => {
                self.with_mover(mover, |mover| mover.on_answer(now, correlation_id, outcome));
            }
            Message::Report { mover, party, report } => {
                self.with_mover(mover, |mover| mover.on_report(now, party, &report));
            }
            Message::Exported { mover, exported } => self.with_mover(mover, |mover| mover.on_exported(now, exported)),
            Message::Map { mover, map } => self.with_mover(mover, |mover| mover.on_map(now, &map)),
        }
    }

    fn with_mover(&mut self, mover: usize, tell: impl FnOnce(&mut Mover)) {
        if let Some(mover) = &mut self.movers[mover] {
            tell(mover);
        }
    }

    fn coordinate(&mut self, request: &MapRequest, expected: Option<MapEpoch>) -> Result<AcceptedRequest, MapRefusal> {
        let map = self.map();
        let applied = apply(map, request, expected)?;
        if let MapRequest::CommitMigration { .. } = request
            && let Some(next) = &applied.map
        {
            let migration = next.partition(InstrumentId(1)).unwrap().migration.unwrap();
            assert_eq!(migration.phase, MigrationPhase::Committed);
            let hash = |cluster: ClusterId| self.clusters[cluster.0 as usize].engine.instrument_state_hash(INSTRUMENT);
            assert!(hash(migration.from).is_some() && hash(migration.from) == hash(migration.to));
        }
        self.maps.extend(applied.map);
        let map = self.map();
        Ok(AcceptedRequest { epoch: map.epoch, digest: digest_of_map(map), migration: applied.migration })
    }

    /// Sends the next command of a participant to a random cluster: mostly an order, or else the cancellation or replacement of
    /// one of its latest orders. If the cluster applies it, the reference engine does so, too.
    fn trade(&mut self) {
        let participant = self.below(2) as usize;
        let number = self.next_numbers[participant];
        let (price, quantity) = (Price(95 + self.below(11) as i64), Quantity(1 + self.below(9)));
        let (id, latest) = (ClientOrderId(number), ClientOrderId(number.saturating_sub(1 + self.below(12)).max(1)));
        let action = match self.below(8) {
            0 | 1 => EngineAction::Cancel { orig_client_order_id: latest },
            2 | 3 => EngineAction::Replace(Replace {
                client_order_id: if self.below(2) == 0 { id } else { latest },
                orig_client_order_id: latest,
                price: Some(price),
                stop_price: None,
                quantity,
                display_quantity: Quantity(0),
            }),
            of_side => {
                let side = if of_side % 2 == 0 { Side::Buy } else { Side::Sell };
                EngineAction::New(NewOrder::limit(id, side, price, quantity))
            }
        };
        let cluster = self.below(2) as usize;
        let heard = self.clusters[cluster].apply(self.now, participant as u32 + 1, 1, number, action);
        if heard.events > 0 {
            let expected = self.never_moved.apply(self.now, participant as u32 + 1, 1, number, action);
            assert_eq!(heard.events, expected.events);
            self.next_numbers[participant] += 1;
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % bound
    }
}

/// Two clusters, and an instrument of the first.
fn first_requests() -> [MapRequest; 3] {
    let instrument =
        InstrumentSpecification { cluster: FROM, ..InstrumentSpecification::spot(InstrumentId(1), "BTC/USDT", 2, 5) };
    [MapRequest::AddCluster(cluster(0)), MapRequest::AddCluster(cluster(1)), MapRequest::AddInstrument(instrument)]
}

fn cluster(id: i32) -> ClusterEntry {
    let port = 20_000 + u16::try_from(id).unwrap();
    let members = vec![MemberEntry { id: MemberId(0), ingress: Endpoint { host: "127.0.0.1".into(), port } }];
    let (ingress_stream, ingress_term_length) = (101, 4 << 20);
    ClusterEntry { id: ClusterId(id), name: format!("cluster-{id}"), members, ingress_stream, ingress_term_length }
}

//! A partition without Aeron: services and publishers of its members over one log, and a session of its operator, who trades as well.

use std::collections::VecDeque;
use std::time::Duration;

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{Role, TimeUnit};
use lugus_client::sans_io::{Ingress, Offered, Session};
use lugus_client::{
    BookRequest, CommandNumber, EpochNanos, InstrumentId, Limits, MemberId, ParticipantId, RetryPolicy, SendError,
};
use lugus_engine::{Engine, EngineLimits};
use lugus_node::market_data::{
    Audience, CatchUp, Datagram, FollowerFeed, Item, MarketDataWriter, Outlet, Publisher, Receivers, SnapshotLoop,
    snapshot_loop,
};
use lugus_node::service::{DropCopyPolicy, MatchingService};
use lugus_testing::instruments::btc_usdt;

pub const BTC: InstrumentId = InstrumentId(1);
const SESSION: i64 = 7;
/// Rate of the loops of snapshots, in bytes a second of the test's time.
const LOOP_RATE: u64 = 1 << 20;

/// Messages of the session on their way to the log.
#[derive(Default)]
pub struct Log(Vec<Vec<u8>>);

impl Ingress for Log {
    fn offer(&mut self, message: &[u8]) -> Offered {
        self.0.push(message.to_vec());
        Offered::Sent
    }
}

/// Messages that a member has sent.
#[derive(Default)]
pub struct Published {
    /// Increments and heartbeats to whoever listens.
    pub stream: Vec<Vec<u8>>,
    /// Increments to the archive.
    pub recorded: Vec<Vec<u8>>,
    /// The loop of snapshots.
    pub parts: Vec<Vec<u8>>,
}

impl Outlet for Published {
    fn send(&mut self, message: &[u8], receivers: Receivers) {
        if receivers != Receivers::Recording {
            self.stream.push(message.to_vec());
        }
        if receivers != Receivers::Listeners {
            self.recorded.push(message.to_vec());
        }
    }
}

/// A member: its service, and what publishes beside it.
struct Member {
    service: MatchingService,
    cluster: RecordingCluster,
    increments: lugus_ring::Reader<Item>,
    datagrams: lugus_ring::Reader<Datagram>,
    publisher: Publisher,
    /// What is committed and not applied yet, with its time.
    log: VecDeque<(i64, Vec<u8>)>,
}

impl Member {
    fn new(number: i32, ring: usize, follower_feed: FollowerFeed) -> Self {
        let (writer, increments) = lugus_ring::ring(ring);
        let (datagram_writer, datagrams) = lugus_ring::ring(snapshot_loop::RING_CAPACITY);
        let limits = EngineLimits { orders: 1 << 14, ..EngineLimits::default() };
        let writer = MarketDataWriter::new(writer, Audience::new(true))
            .with_follower_feed(follower_feed, CatchUp::with_clock(|| EpochNanos(0)));
        let service = MatchingService::new(limits, DropCopyPolicy::Operator)
            .with_market_data(writer)
            .with_snapshot_loop(SnapshotLoop::new(datagram_writer, Audience::new(true), LOOP_RATE));
        let mut member = Self {
            service,
            cluster: RecordingCluster::new(Role::Follower).with_time_unit(TimeUnit::Nanos),
            increments,
            datagrams,
            publisher: Publisher::new(MemberId(number), 8).with_follower_feed(follower_feed),
            log: VecDeque::new(),
        };
        member.cluster.background_work(&mut member.service, 0);
        member.cluster.session_open(&mut member.service, SESSION, b"0");
        member
    }

    /// Applies up to this number of the committed messages.
    fn apply(&mut self, limit: usize) {
        for (time, message) in self.log.drain(..limit.min(self.log.len())) {
            self.cluster.set_time(time);
            self.cluster.session_message(&mut self.service, SESSION, &message);
        }
    }
}

pub struct Market {
    pub session: Session,
    /// The first one leads.
    members: VecDeque<Member>,
    log: Log,
    time: i64,
}

impl Market {
    /// A market with one open instrument, and one member, with a ring of `ring` items between service and publisher.
    pub fn new(ring: usize) -> Self {
        Self::of_members(1, ring, FollowerFeed::Off)
    }

    /// The same with several members.
    pub fn of_members(count: i32, ring: usize, follower_feed: FollowerFeed) -> Self {
        let mut market = Self {
            session: Session::new(ParticipantId::OPERATOR, Limits::default(), &RetryPolicy::default(), 1),
            members: (0..count).map(|number| Member::new(number, ring, follower_feed)).collect(),
            log: Log::default(),
            time: 0,
        };
        market.lead();
        market.session.on_connected(SESSION, MemberId(0), &mut ());
        let definition = btc_usdt(BTC);
        market.command(|session, log| session.define_instrument(log, &definition));
        market
    }

    /// The first member leads from here on, and applies what is committed.
    fn lead(&mut self) {
        let leader = &mut self.members[0];
        leader.apply(usize::MAX);
        leader.cluster.role_change(&mut leader.service, Role::Leader);
    }

    /// The leader dies, and with it all that it has not published. The next member leads.
    pub fn kill_leader(&mut self) {
        self.members.pop_front();
        self.lead();
    }

    /// The leader's engine.
    pub fn engine(&self) -> &Engine {
        self.members[0].service.engine()
    }

    /// Number of members that live.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// Makes the session send a command, which the leader applies at once.
    pub fn command(&mut self, send: impl FnOnce(&mut Session, &mut Log) -> Result<CommandNumber, SendError>) {
        send(&mut self.session, &mut self.log).unwrap();
        self.run();
        self.answer_orders();
    }

    /// Makes the session request a book; returns the answers, which the caller gives to the session one by one.
    pub fn request(&mut self, request: &BookRequest) -> Vec<Vec<u8>> {
        self.session.request_part_of_book(&mut self.log, request).unwrap();
        self.run();
        self.answers()
    }

    /// A member applies up to this number of the committed messages; the leader has applied all.
    pub fn apply(&mut self, member: usize, limit: usize) {
        self.members[member].apply(limit);
    }

    /// The messages that the leader's publisher has sent since the last call.
    pub fn published(&mut self, now: Duration) -> Vec<Vec<u8>> {
        self.published_by(0, now).stream
    }

    /// The messages that a member has sent since the last call.
    pub fn published_by(&mut self, member: usize, now: Duration) -> Published {
        let Member { service, cluster, increments, datagrams, publisher, .. } = &mut self.members[member];
        cluster.background_work(service, i64::try_from(now.as_nanos()).unwrap());
        let mut published = Published::default();
        increments.drain(usize::MAX, |item| publisher.take(item, &mut published));
        publisher.tick(now, &mut published);
        datagrams.drain(usize::MAX, |datagram| published.parts.push(datagram.message().to_vec()));
        published
    }

    fn run(&mut self) {
        self.time += 1;
        self.session.do_work(self.time.cast_unsigned(), &mut self.log, &mut ());
        for message in std::mem::take(&mut self.log.0) {
            for member in &mut self.members {
                member.log.push_back((self.time, message.clone()));
            }
            self.members[0].apply(usize::MAX);
        }
    }

    /// The messages that the leader's service has sent since the last call.
    fn answers(&mut self) -> Vec<Vec<u8>> {
        self.members[0].cluster.take_sent().into_iter().map(|sent| sent.message).collect()
    }

    /// Gives the session the answers to its commands.
    fn answer_orders(&mut self) {
        for _ in 0..3 {
            for message in self.answers() {
                self.session.on_message(SESSION, &message, &mut ());
            }
            self.run();
        }
    }

    /// Gives the session one answer.
    pub fn hear(&mut self, message: &[u8], handler: &mut impl lugus_client::EventHandler) {
        self.session.on_message(SESSION, message, handler);
    }
}

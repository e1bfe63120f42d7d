//! A partition without Aeron: the member's service and publisher, and a session of its operator, who trades as well.

use std::time::Duration;

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{Role, TimeUnit};
use lugus_client::sans_io::{Ingress, Offered, Session};
use lugus_client::{BookRequest, CommandNumber, InstrumentId, Limits, MemberId, ParticipantId, RetryPolicy, SendError};
use lugus_engine::EngineLimits;
use lugus_node::market_data::{Audience, Item, MarketDataWriter, Outlet, Publisher};
use lugus_node::service::{DropCopyPolicy, MatchingService};
use lugus_testing::instruments::btc_usdt;

pub const BTC: InstrumentId = InstrumentId(1);
const SESSION: i64 = 7;

/// Messages of the session on their way to the log.
#[derive(Default)]
pub struct Log(Vec<Vec<u8>>);

impl Ingress for Log {
    fn offer(&mut self, message: &[u8]) -> Offered {
        self.0.push(message.to_vec());
        Offered::Sent
    }
}

/// Messages of the market-data stream.
#[derive(Default)]
struct Stream(Vec<Vec<u8>>);

impl Outlet for Stream {
    fn send(&mut self, message: &[u8]) {
        self.0.push(message.to_vec());
    }
}

pub struct Market {
    pub service: MatchingService,
    pub session: Session,
    leader: RecordingCluster,
    reader: lugus_ring::Reader<Item>,
    publisher: Publisher,
    log: Log,
    time: i64,
}

impl Market {
    /// A market with one open instrument, and a ring of `ring` items between service and publisher.
    pub fn new(ring: usize) -> Self {
        let (writer, reader) = lugus_ring::ring(ring);
        let limits = EngineLimits { orders: 1 << 14, ..EngineLimits::default() };
        let mut market = Self {
            service: MatchingService::new(limits, DropCopyPolicy::Operator)
                .with_market_data(MarketDataWriter::new(writer, Audience::new(true))),
            session: Session::new(ParticipantId::OPERATOR, Limits::default(), &RetryPolicy::default(), 1),
            leader: RecordingCluster::new(Role::Follower).with_time_unit(TimeUnit::Nanos),
            reader,
            publisher: Publisher::new(lugus_vocabulary::MemberId(0), 8),
            log: Log::default(),
            time: 0,
        };
        market.leader.role_change(&mut market.service, Role::Leader);
        market.leader.session_open(&mut market.service, SESSION, b"0");
        market.session.on_connected(SESSION, MemberId(0), &mut ());
        let definition = btc_usdt(BTC);
        market.command(|session, log| session.define_instrument(log, &definition));
        market
    }

    /// Makes the session send a command, which is applied at once.
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

    /// The messages that the publisher has sent since the last call.
    pub fn published(&mut self, now: Duration) -> Vec<Vec<u8>> {
        self.leader.background_work(&mut self.service, 0);
        let mut stream = Stream::default();
        let Self { publisher, reader, .. } = self;
        reader.drain(usize::MAX, |item| publisher.take(item, &mut stream));
        publisher.tick(now, &mut stream);
        stream.0
    }

    fn run(&mut self) {
        self.time += 1;
        self.session.do_work(self.time.cast_unsigned(), &mut self.log, &mut ());
        for message in std::mem::take(&mut self.log.0) {
            self.leader.set_time(self.time);
            self.leader.session_message(&mut self.service, SESSION, &message);
        }
    }

    /// The messages that the service has sent since the last call.
    fn answers(&mut self) -> Vec<Vec<u8>> {
        self.leader.take_sent().into_iter().map(|sent| sent.message).collect()
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

//! A partition without Aeron: the member's service and publisher, and a session of its operator, who trades as well.

use std::collections::VecDeque;
use std::time::Duration;

use aeron_cluster_service::{
    ClientSession, Cluster, ClusteredService, OfferError, Role, ServiceCounter, ServiceError, TimeUnit,
};
use lugus_client::session::{Ingress, Offered, Session};
use lugus_client::{
    BookRequest, CommandNumber, Decimal, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType, Limits,
    ParticipantId, Price, Quantity, RetryPolicy, SendError, Symbol,
};
use lugus_engine::EngineLimits;
use lugus_node::market_data::{Item, MarketDataWriter, Outlet, Publisher};
use lugus_node::service::{DropCopyPolicy, MatchingService};

pub const BTC: InstrumentId = InstrumentId(1);
const SESSION: i64 = 7;

/// The leader, as its service sees it.
#[derive(Default)]
struct Leader {
    sent: VecDeque<Vec<u8>>,
}

impl Cluster for Leader {
    fn member_id(&self) -> i32 {
        0
    }
    fn role(&self) -> Role {
        Role::Leader
    }
    fn log_position(&self) -> i64 {
        0
    }
    fn leadership_term_id(&self) -> i64 {
        0
    }
    fn time(&self) -> i64 {
        0
    }
    fn time_unit(&self) -> TimeUnit {
        TimeUnit::Nanos
    }
    fn client_session(&self, _id: i64) -> Option<&ClientSession> {
        None
    }
    fn for_each_client_session(&self, _f: &mut dyn FnMut(&ClientSession)) {}
    fn close_client_session(&mut self, _id: i64) -> bool {
        true
    }
    fn offer_to(&mut self, _session_id: i64, message: &[u8]) -> Result<i64, OfferError> {
        self.sent.push_back(message.to_vec());
        Ok(1)
    }
    fn offer(&mut self, _message: &[u8]) -> Result<i64, OfferError> {
        Err(OfferError::Closed)
    }
    fn schedule_timer(&mut self, _correlation_id: i64, _deadline: i64) -> bool {
        false
    }
    fn cancel_timer(&mut self, _correlation_id: i64) -> bool {
        false
    }
    fn add_counter(&mut self, _type_id: i32, _key: &[u8], _label: &str) -> Result<ServiceCounter, ServiceError> {
        Err(ServiceError::from("no counters here"))
    }
    fn idle(&mut self, _work: usize) {}
}

/// What the session sends, on its way to the log.
#[derive(Default)]
pub struct Log(Vec<Vec<u8>>);

impl Ingress for Log {
    fn offer(&mut self, message: &[u8]) -> Offered {
        self.0.push(message.to_vec());
        Offered::Sent
    }
}

/// Messages of the stream.
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
    leader: Leader,
    reader: lugus_ring::Reader<Item>,
    publisher: Publisher,
    log: Log,
    time: i64,
}

impl Market {
    /// With one open instrument, and a ring of so many items.
    pub fn new(ring: usize) -> Self {
        let (writer, reader) = lugus_ring::ring(ring);
        let limits = EngineLimits { orders: 1 << 14, ..EngineLimits::default() };
        let mut market = Self {
            service: MatchingService::new(limits, DropCopyPolicy::Operator)
                .with_market_data(MarketDataWriter::new(writer)),
            session: Session::new(ParticipantId::OPERATOR, Limits::default(), &RetryPolicy::default(), 1),
            leader: Leader::default(),
            reader,
            publisher: Publisher::new(0, 8),
            log: Log::default(),
            time: 0,
        };
        market.service.on_role_change(&mut market.leader, Role::Leader);
        let own = ClientSession::new(SESSION, 102, "", b"0");
        market.service.on_session_open(&mut market.leader, &own, 1);
        market.session.on_connected(SESSION, 0, &mut ());
        let definition = InstrumentDefinition {
            instrument: BTC,
            base: Symbol(*b"BTC\0\0\0\0\0"),
            quote: Symbol(*b"USDT\0\0\0\0"),
            instrument_type: InstrumentType::Spot,
            minimum_price: Price(1),
            maximum_price: Price(1_000_000),
            reference_price: Price(1_000),
            price_band: Quantity(0),
            maximum_quantity: Quantity(1_000_000),
            tick_size: Decimal { mantissa: 1, exponent: 0 },
            lot_size: Decimal { mantissa: 1, exponent: 0 },
            state: InstrumentState::Open,
        };
        market.command(|session, log| session.define_instrument(log, &definition));
        market
    }

    /// Has the session send something; what it sends is applied at once.
    pub fn command(&mut self, send: impl FnOnce(&mut Session, &mut Log) -> Result<CommandNumber, SendError>) {
        send(&mut self.session, &mut self.log).unwrap();
        self.run();
        self.answer_orders();
    }

    /// A request for a book; its answers are on their way then, and must be given to the session one by one.
    pub fn request(&mut self, request: &BookRequest) -> Vec<Vec<u8>> {
        self.session.request_part_of_book(&mut self.log, request).unwrap();
        self.run();
        self.leader.sent.drain(..).collect()
    }

    /// What the publisher has sent since it was asked last.
    pub fn published(&mut self, now: Duration) -> Vec<Vec<u8>> {
        self.service.do_background_work(&mut self.leader, 0);
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
            self.service.on_session_message(&mut self.leader, SESSION, self.time, &message);
        }
    }

    /// The session hears the outcome of its commands.
    fn answer_orders(&mut self) {
        for _ in 0..3 {
            for message in std::mem::take(&mut self.leader.sent) {
                self.session.on_message(SESSION, &message, &mut ());
            }
            self.run();
        }
    }

    /// Gives the session an answer that was on its way.
    pub fn hear(&mut self, message: &[u8], handler: &mut impl lugus_client::EventHandler) {
        self.session.on_message(SESSION, message, handler);
    }
}

//! A member's service, as its container calls it: sessions that open with any principal and send any bytes. Whatever they do, the
//! engine's invariants hold, and a member that starts from a snapshot has the same state.

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{CloseReason, Cluster, OfferError, Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, decode_reply, encode_command};
use lugus_engine::EngineLimits;
use lugus_node::service::{DropCopyPolicy, MatchingService};
use lugus_vocabulary::{
    Action, AuctionRules, ClientSequence, Command, Decimal, InstrumentDefinition, InstrumentId, InstrumentState,
    InstrumentType, ParticipantId, Price, PriceProtection, Quantity, Reply, Symbol,
};

use crate::golden;
use crate::steps::{Steps, input, number};

/// Small limits, so that messages reach them.
pub(crate) const LIMITS: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 4,
    orders: 16,
    retained_events: 6,
    retained_firm_events: 5,
    retained_trades: 4,
    steps: 3,
};

/// Place of a command's number in its message, in bytes.
const NUMBER: std::ops::Range<usize> = 8..16;

/// Operations of a step. Others are messages, of the sessions in turn.
const OPEN: u8 = 240;
const CLOSE: u8 = 241;
const PASS_TIME: u8 = 242;
const CHANGE_ROLE: u8 = 243;
const RESTART: u8 = 244;
const REFUSE: u8 = 245;
/// A session whose answers are read: a command with a wrong number is sent again with the one that is expected.
const READERS: u8 = 120;

struct Member {
    service: MatchingService,
    cluster: RecordingCluster,
    sessions: i64,
}

pub(crate) fn service() -> MatchingService {
    MatchingService::new(LIMITS, DropCopyPolicy::Operator).without_counters()
}

impl Member {
    fn start() -> Self {
        let mut member = Self {
            service: service(),
            cluster: RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos),
            sessions: 0,
        };
        member.cluster.start(&mut member.service, None).expect("a service without state starts");
        for principal in ["0", "1", "2:1:000102030405060708090a0b0c0d0e0f"] {
            member.open(principal.as_bytes());
        }
        member.cluster.session_message(&mut member.service, 1, &definition());
        member
    }

    fn open(&mut self, principal: &[u8]) {
        self.sessions += 1;
        self.cluster.session_open(&mut self.service, self.sessions, principal);
    }

    fn step(&mut self, operation: u8, bytes: &[u8]) {
        let Self { service, cluster, .. } = self;
        match operation {
            OPEN => self.open(bytes),
            CLOSE => {
                let session = i64::try_from(number(bytes) % 8).unwrap_or(1);
                cluster.session_close(service, session, CloseReason::ClientAction);
            }
            PASS_TIME => {
                let now = cluster.time().saturating_add_unsigned(number(bytes)).clamp(0, i64::MAX);
                cluster.advance_time(service, now);
            }
            CHANGE_ROLE => {
                let role = if cluster.role() == Role::Leader { Role::Follower } else { Role::Leader };
                cluster.role_change(service, role);
                cluster.new_leadership_term_event(service);
            }
            RESTART => self.restart(),
            REFUSE => {
                cluster.refuse_next(usize::from(bytes.first().copied().unwrap_or(1) % 4), OfferError::AdminAction)
            }
            _ => self.message(operation, bytes),
        }
        if let Err(error) = self.service.engine().verify() {
            panic!("{error} after step {operation} with {bytes:?}");
        }
    }

    fn message(&mut self, operation: u8, message: &[u8]) {
        let Self { service, cluster, sessions } = self;
        let session = 1 + i64::from(operation) % *sessions;
        cluster.take_sent();
        cluster.session_message(service, session, message);
        let expected = cluster.sent_to(session).iter().find_map(|answer| {
            match Envelope::open(answer).ok().and_then(|envelope| decode_reply(envelope).ok()).flatten() {
                Some(Reply::SequenceReject { expected, .. }) => Some(expected),
                _ => None,
            }
        });
        let mut again = message.to_vec();
        if operation >= READERS
            && let (Some(expected), Some(place)) = (expected, again.get_mut(NUMBER))
        {
            place.copy_from_slice(&expected.0.to_le_bytes());
            cluster.session_message(service, session, &again);
        }
    }

    /// A member starts from a snapshot of this one.
    fn restart(&mut self) {
        let snapshot = match self.cluster.take_snapshot(&mut self.service) {
            Ok(snapshot) => snapshot,
            // The operator has activated a version that this program does not know, and so the member has ended.
            Err(error) if error.to_string().contains("that this program knows") => return,
            Err(error) => panic!("no snapshot: {error}"),
        };
        let mut started = service();
        self.cluster.restarted().start(&mut started, Some(&snapshot)).expect("its own snapshot is loaded");
        assert_eq!(started.engine().state_hash(), self.service.engine().state_hash());
        let again = self.cluster.restarted().take_snapshot(&mut started).expect("a snapshot");
        assert_eq!(again.messages, snapshot.messages, "the same snapshot");
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let mut member = Member::start();
    for (operation, bytes) in Steps(bytes) {
        member.step(operation, bytes);
    }
    member.restart();
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let messages = golden::messages(&["command.", "request.", "migration.", "on_disconnect.", "own_orders.request"]);
    let operator = READERS - READERS % 3;
    let mut seeds: Vec<Vec<u8>> = messages.iter().map(|message| input([(operator, message.as_slice())])).collect();
    // Two traders meet, time passes, sessions come and go.
    let orders = golden::messages(&["command.new", "command.replace", "command.cancel"]);
    let traders = orders.iter().enumerate().map(|(at, order)| (operator + 1 + (at % 2) as u8, order.as_slice()));
    let other: [(u8, &[u8]); 5] =
        [(PASS_TIME, &[0, 0, 0, 1]), (OPEN, b"1:keep"), (OPEN, b"2"), (CLOSE, &[2]), (RESTART, &[])];
    seeds.push(input(traders.chain(other).chain([(CHANGE_ROLE, &[][..]), (REFUSE, &[2])])));
    seeds
}

/// The operator defines the instrument that the golden messages are about.
fn definition() -> Vec<u8> {
    let definition = InstrumentDefinition {
        instrument: InstrumentId(3),
        base: Symbol(*b"BTC\0\0\0\0\0"),
        quote: Symbol(*b"USDT\0\0\0\0"),
        instrument_type: InstrumentType::Spot,
        minimum_price: Price(i64::MIN + 1),
        maximum_price: Price(i64::MAX),
        reference_price: Price(0),
        price_band: Quantity(0),
        maximum_quantity: Quantity(u64::MAX),
        tick_size: Decimal { mantissa: 1, exponent: -2 },
        lot_size: Decimal { mantissa: 1, exponent: -6 },
        state: InstrumentState::Open,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    };
    let command = Command {
        participant: ParticipantId::OPERATOR,
        instrument: InstrumentId::NONE,
        client_sequence: ClientSequence(1),
        action: Action::DefineInstrument(definition),
    };
    encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

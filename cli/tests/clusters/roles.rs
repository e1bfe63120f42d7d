//! A deployment with keys: a reader reads and does not trade, a trader does nothing of the operator's, an administrator alone
//! asks for a snapshot over the wire, and nobody sends more messages than its limit allows.

use crate::harness::{LocalCluster, PATIENCE, QUIET, by_hand, config, context, define_instruments, driver};
use lugus_client::cluster::{AdminResponse, AdminResponseCode, BlockingCluster, CredentialsSupplier, EgressListener};
use lugus_client::{
    BlockingSession, ClientOrderId, CommandNumber, EventHandler, InstrumentState, NewOrder, Price, Quantity,
    RejectReason, Report, ReportBody, Side, Status,
};
use lugus_media_driver::ClientDriver;
use lugus_topology::{AuthenticationMode, Deployment, Key, Participant, ParticipantRole};
use lugus_vocabulary::{Book, MessageRejectReason};

const OPERATOR: u32 = 0;
const TRADER: u32 = 1;
const READER: u32 = 2;
const ADMINISTRATOR: u32 = 3;
/// A trader that may send [`LIMIT`] messages a second.
const SLOW_TRADER: u32 = 4;

const LIMIT: u32 = 10;
const PRICE: i64 = 1_000;

fn with_roles(deployment: &mut Deployment) {
    by_hand(deployment);
    deployment.authentication.mode = AuthenticationMode::Keys;
    for (id, role, maximum_messages_per_second) in [
        (OPERATOR, None, 0),
        (TRADER, None, 0),
        (READER, Some(ParticipantRole::Reader), 0),
        (ADMINISTRATOR, Some(ParticipantRole::Administrator), 0),
        (SLOW_TRADER, Some(ParticipantRole::Trader), LIMIT),
    ] {
        let key = Some(key(id));
        let participant = Participant { id, role, maximum_messages_per_second, key, ..Participant::default() };
        deployment.participants.push(participant);
    }
}

fn key(participant: u32) -> Key {
    Key::parse(&format!("c0ffee{participant:02x}").repeat(8)).expect("a key")
}

/// What a session was told.
#[derive(Default)]
struct Told {
    statuses: Vec<Status>,
    books: usize,
}

impl EventHandler for Told {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}

    fn on_status(&mut self, status: &Status) {
        self.statuses.push(status.clone());
    }

    fn on_book(&mut self, _book: &Book) {
        self.books += 1;
    }
}

fn offer(id: u64) -> NewOrder {
    NewOrder::limit(ClientOrderId(id), Side::Sell, Price(PRICE), Quantity(1))
}

#[test]
fn each_role_does_its_own_and_nothing_else() {
    let cluster = LocalCluster::start(1, with_roles);
    define_instruments(&cluster);
    let driver = driver(&cluster);
    let mut trader =
        BlockingSession::connect(config(&cluster, &driver, TRADER), Told::default(), PATIENCE).expect("a session");
    trader.new_order(QUIET, &offer(1)).expect("an order");

    // The reader of the deployment asks for the book, so that the trader's session is not taken over.
    let quiet = QUIET.0.to_string();
    assert_eq!(offers(&cluster), 1);
    for participant in [READER, ADMINISTRATOR] {
        let order =
            ["order", "--participant", &participant.to_string(), "-i", &quiet, "--raw", "buy", "1", &PRICE.to_string()];
        let refused = cluster.lugus(&order);
        assert!(refused.message().contains("NotAuthorised"), "{refused:?}");
    }
    let refused = trader.set_instrument_state(QUIET, InstrumentState::Halted, None).expect("an answer");
    let [Report { body: ReportBody::Reject { reason: RejectReason::NotAuthorised, .. }, .. }] = refused.as_slice()
    else {
        panic!("{refused:?}");
    };
    trader.new_order(QUIET, &offer(2)).expect("an order in the same session");
    assert_eq!(offers(&cluster), 2, "nobody else has traded");
    let told = trader.close();
    let is_of_sessions = |status: &&Status| {
        matches!(status, Status::Connected { .. } | Status::Disconnected { .. } | Status::SessionReplaced)
    };
    let sessions: Vec<&Status> = told.statuses.iter().filter(is_of_sessions).collect();
    assert!(matches!(sessions.as_slice(), [Status::Connected { .. }]), "one session all the time: {sessions:?}");

    for (participant, expected) in [
        (OPERATOR, AdminResponseCode::UnauthorisedAccess),
        (TRADER, AdminResponseCode::UnauthorisedAccess),
        (READER, AdminResponseCode::UnauthorisedAccess),
        (ADMINISTRATOR, AdminResponseCode::Ok),
    ] {
        assert_eq!(ask_for_snapshot(&cluster, &driver, participant), expected, "participant {participant}");
    }
    send_above_the_limit(&cluster, &driver);
}

/// Number of orders at the best offer, as `lugus book` shows it.
fn offers(cluster: &LocalCluster) -> u64 {
    let book = cluster.lugus(&["--json", "book", "-i", &QUIET.0.to_string()]).json();
    assert_eq!(book["bids"], serde_json::json!([]), "{book}");
    book["offers"][0]["orders"].as_u64().unwrap_or_else(|| panic!("no offer: {book}"))
}

/// Keeps the answer to an admin request.
#[derive(Default)]
struct AdminAnswer(Option<AdminResponseCode>);

impl EgressListener for AdminAnswer {
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, _message: &[u8]) {}

    fn on_admin_response(&mut self, response: &AdminResponse<'_>) {
        self.0 = Some(response.code);
    }
}

struct KeyCredentials(u32);

impl CredentialsSupplier for KeyCredentials {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    fn on_challenge(&mut self, encoded_challenge: &[u8]) -> Vec<u8> {
        key(self.0).answer(encoded_challenge)
    }
}

fn ask_for_snapshot(cluster: &LocalCluster, driver: &ClientDriver, participant: u32) -> AdminResponseCode {
    let context = context(cluster, driver, participant).credentials(KeyCredentials(participant));
    let mut session = BlockingCluster::connect(context, AdminAnswer::default(), PATIENCE).expect("a session");
    let mut is_sent = false;
    session
        .wait("the answer to an admin request", PATIENCE, |cluster, answer| {
            is_sent = is_sent || cluster.send_admin_request_to_take_a_snapshot(1).is_ok();
            answer.0.is_some()
        })
        .expect("an answer");
    session.close().0.expect("just seen")
}

/// A trader sends twenty times as many messages as it may in a second, is told, and trades afterwards.
fn send_above_the_limit(cluster: &LocalCluster, driver: &ClientDriver) {
    const SENT: usize = 20 * LIMIT as usize;
    let mut session =
        BlockingSession::connect(config(cluster, driver, SLOW_TRADER), Told::default(), PATIENCE).expect("a session");
    for request in 0..SENT as u64 {
        session
            .wait("a request to be sent", |session, _| session.request_book(QUIET, 1, request).is_ok())
            .expect("sent");
    }
    session.new_order(QUIET, &offer(1)).expect("an order, perhaps sent again");
    let told = session.close();
    cluster.await_no_sessions();
    let above = cluster.status().expect("a status").members[0].messages_above_rate.expect("a running member");
    let rejects = told.statuses.iter().filter(|status| {
        matches!(status, Status::MessageRejected { reason: MessageRejectReason::LimitMessageRate, .. })
    });
    let (rejects, books) = (rejects.count(), told.books);
    assert!(rejects > 0 && rejects as i64 <= above, "{rejects} rejects of {above} messages");
    assert!(books > 0 && books < SENT, "{books} books");
    assert_eq!(offers(cluster), 3);
}

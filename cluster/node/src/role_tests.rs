//! Roles and message rates: who may send what, what a message too many changes, and that all members agree about both.

use aeron_cluster_service::testing::{RecordedSnapshot, RecordingCluster};
use aeron_cluster_service::{Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::{self, decode_book};
use lugus_codecs::migration::encode_migration_request;
use lugus_codecs::order_entry::{MessageReject, decode_message_reject, decode_reply, decode_report, template_id};
use lugus_codecs::session_tag::MessageSigner;
use lugus_engine::EngineLimits;
use lugus_vocabulary::{
    Action, Book, ClientOrderId, FirmRules, InstrumentId, InstrumentState, KillSwitch, MassCancelTarget, MessageRate,
    MessageRejectReason, MigrationId, MigrationRequest, MigrationStep, NewOrder, ParticipantId, Price, Quantity,
    RejectReason, Replace, Reply, ReportBody, RiskLimits, SessionKey, Side, WorkingOrders,
};

use super::{DropCopyPolicy, MatchingService};
use crate::counters::{MESSAGES_ABOVE_RATE_TYPE_ID, REFUSED_MESSAGES_TYPE_ID};
use crate::test_messages::{
    book_message, command_message, define_message, drop_copy_message, new_order_message, resume_message, signed,
};

const OPERATOR: i64 = 1;
const TRADER: i64 = 2;
const READER: i64 = 3;
const ADMINISTRATOR: i64 = 4;
/// A trader that may send [`LIMIT`] messages a second.
const SLOW_TRADER: i64 = 5;

const LIMIT: i64 = 20;
const SECOND: i64 = 1_000_000_000;
/// Log time at which the sessions are opened.
const START: i64 = 1_000 * SECOND;

const EXECUTION: u16 = template_id::EXECUTION_REPORT;

fn key(session: i64) -> SessionKey {
    SessionKey::new([session as u8; SessionKey::LENGTH])
}

fn principal(session: i64) -> String {
    let digits: String = key(session).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    match session {
        OPERATOR => format!("0:1:{digits}"),
        TRADER => format!("2:1:{digits}"),
        READER => format!("3:1:{digits}:reader:0"),
        ADMINISTRATOR => format!("4:1:{digits}:administrator:0"),
        _ => format!("5:1:{digits}:trader:{LIMIT}"),
    }
}

/// A member with an open instrument 1, an order of the trader in it, and a session of each role.
struct Member {
    service: MatchingService,
    cluster: RecordingCluster,
}

impl Member {
    fn new(role: Role) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut cluster = RecordingCluster::new(role).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(START);
        let mut member = Self { service, cluster };
        member.cluster.start(&mut member.service, None).unwrap();
        for session in OPERATOR..=SLOW_TRADER {
            member.cluster.session_open(&mut member.service, session, principal(session).as_bytes());
        }
        let (mut operator, mut trader) = (MessageSigner::new(key(OPERATOR)), MessageSigner::new(key(TRADER)));
        member.says(OPERATOR, &signed(&mut operator, &define_message(1, 1)));
        member.says(TRADER, &signed(&mut trader, &order(1)));
        member.cluster.take_sent();
        member
    }

    fn from_snapshot(of: &Self, snapshot: &RecordedSnapshot) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut member = Self { service, cluster: of.cluster.restarted() };
        member.cluster.start(&mut member.service, Some(snapshot)).unwrap();
        member
    }

    /// The messages that are sent for a message, which must all go to its session.
    fn says(&mut self, session: i64, message: &[u8]) -> Vec<Vec<u8>> {
        let before = self.cluster.sent().len();
        self.cluster.session_message(&mut self.service, session, message);
        let sent = &self.cluster.sent()[before..];
        assert!(sent.iter().all(|sent| sent.session_id == session), "{sent:?}");
        sent.iter().map(|sent| sent.message.clone()).collect()
    }

    /// The only answer to a message.
    fn asks(&mut self, session: i64, message: &[u8]) -> Vec<u8> {
        let answers: [Vec<u8>; 1] = self.says(session, message).try_into().unwrap();
        answers.into_iter().next().unwrap()
    }

    fn count(&self, type_id: i32) -> i64 {
        self.cluster.counters().iter().find(|counter| counter.type_id == type_id).unwrap().counter.get()
    }

    /// The engine's state: its hash, its orders, and what a snapshot has of it.
    fn state(&mut self) -> (u64, usize) {
        (self.service.engine().state_hash().0, self.service.engine().live_orders())
    }

    fn snapshot(&mut self) -> RecordedSnapshot {
        self.cluster.take_snapshot(&mut self.service).unwrap()
    }
}

fn order(number: u64) -> Vec<u8> {
    new_order_message(1, number, number, Side::Sell, 1_000, 5)
}

/// A command of each kind: instrument and action.
fn commands() -> [(u32, Action); 12] {
    let target = ParticipantId(2);
    let replace = Replace {
        orig_client_order_id: ClientOrderId(1),
        client_order_id: ClientOrderId(2),
        price: Some(Price(1_001)),
        stop_price: None,
        quantity: Quantity(5),
        display_quantity: Quantity(0),
    };
    [
        (1, Action::New(NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1_000), Quantity(5)))),
        (1, Action::Cancel { orig_client_order_id: ClientOrderId(1) }),
        (1, Action::Replace(replace)),
        (1, Action::MassCancel { target, side: None }),
        (0, Action::MassCancelAll { target: MassCancelTarget::Participant(target), side: None }),
        (0, Action::DefineInstrument(lugus_testing::instruments::btc_usdt(InstrumentId(2)))),
        (1, Action::SetInstrumentState { state: InstrumentState::Closed, reference_price: None }),
        (0, Action::SetRiskLimits { target, limits: RiskLimits::default() }),
        (0, Action::SetKillSwitch { target, kill_switch: KillSwitch::Engaged, working_orders: WorkingOrders::Cancel }),
        (0, Action::SetFirm { target, firm: Some(ParticipantId(5)) }),
        (0, Action::SetFirmRules { firm: ParticipantId(5), rules: FirmRules::default() }),
        (0, Action::SetFirmLimits { firm: ParticipantId(5), limits: RiskLimits::default() }),
    ]
}

fn migration_step() -> Vec<u8> {
    let (instrument, migration) = (InstrumentId(1), MigrationId(7));
    let step: MigrationStep<&[u8]> = MigrationStep::Fence;
    encode_migration_request(&MigrationRequest { correlation_id: 1, instrument, migration, step })
}

fn reject(message: &[u8]) -> MessageReject {
    decode_message_reject(Envelope::open(message).unwrap()).unwrap().expect("a message reject")
}

fn template(message: &[u8]) -> u16 {
    Envelope::open(message).unwrap().template_id
}

#[test]
fn readers_and_administrators_send_no_command_and_change_nothing() {
    for session in [READER, ADMINISTRATOR] {
        let mut member = Member::new(Role::Leader);
        let mut signer = MessageSigner::new(key(session));
        let before = member.state();
        for (number, (instrument, action)) in commands().into_iter().enumerate() {
            let command = command_message(instrument, 1, action);
            let answer = member.asks(session, &signed(&mut signer, &command));
            let reply = decode_reply(Envelope::open(&answer).unwrap()).unwrap();
            let Some(Reply::Refused { instrument: of, client_sequence, reason }) = reply else { panic!("{reply:?}") };
            assert_eq!((of.0, client_sequence.0, reason), (instrument, 1, RejectReason::NotAuthorised));
            assert_eq!(member.count(REFUSED_MESSAGES_TYPE_ID), number as i64 + 1);
        }
        for (message, template_id) in
            [(migration_step(), template(&migration_step())), (drop_copy_message(0), template_id::DROP_COPY_REQUEST)]
        {
            let answer = member.asks(session, &signed(&mut signer, &message));
            assert_eq!(reject(&answer), MessageReject { template_id, reason: MessageRejectReason::NotAuthorised });
        }
        assert_eq!(member.state(), before);
        let mut trader = MessageSigner::new(key(TRADER));
        trader.trailer(b"");
        let next = member.asks(TRADER, &signed(&mut trader, &order(2)));
        assert_eq!(template(&next), EXECUTION, "trading goes on");
    }
}

#[test]
fn readers_and_administrators_read() {
    for session in [READER, ADMINISTRATOR] {
        let mut member = Member::new(Role::Leader);
        let mut signer = MessageSigner::new(key(session));
        let book = member.asks(session, &signed(&mut signer, &book_message(1, 1)));
        assert_ne!(template(&book), market_data::template_id::MARKET_DATA_REQUEST_REJECT);
        assert!(decode_book(Envelope::open(&book).unwrap(), &mut Book::default()).unwrap().is_some());
        let resumed = member.asks(session, &signed(&mut signer, &resume_message(1, None)));
        assert_eq!(template(&resumed), template_id::RESUME_COMPLETE);
        assert_eq!(member.count(REFUSED_MESSAGES_TYPE_ID), 0);
    }
}

#[test]
fn what_is_the_operators_is_refused_to_traders() {
    let mut member = Member::new(Role::Leader);
    let mut trader = MessageSigner::new(key(TRADER));
    trader.trailer(b"");
    let orders = member.state().1;
    let mut numbers = [1, 0];
    for (instrument, action) in commands() {
        let target_of_others = match action {
            Action::SetKillSwitch { kill_switch, .. } => {
                Action::SetKillSwitch { target: ParticipantId(5), kill_switch, working_orders: WorkingOrders::Cancel }
            }
            Action::MassCancel { side, .. } => Action::MassCancel { target: ParticipantId(5), side },
            Action::MassCancelAll { side, .. } => Action::MassCancelAll { target: MassCancelTarget::Everybody, side },
            action => action,
        };
        if matches!(action, Action::New(_) | Action::Cancel { .. } | Action::Replace(_)) {
            continue;
        }
        let number = &mut numbers[usize::from(instrument == 0)];
        *number += 1;
        let command = command_message(instrument, *number, target_of_others);
        let answer = member.asks(TRADER, &signed(&mut trader, &command));
        let report = decode_report(Envelope::open(&answer).unwrap()).unwrap().expect("a report");
        let ReportBody::Reject { reason, .. } = report.body else { panic!("{report:?}") };
        assert_eq!(reason, RejectReason::NotAuthorised, "{target_of_others:?}");
    }
    assert_eq!(
        numbers,
        [3, 7],
        "a mass cancel and a state; a definition, limits, a kill switch, a mass cancel of all, and three of firms"
    );
    let answer = member.asks(TRADER, &signed(&mut trader, &migration_step()));
    assert_eq!(reject(&answer).reason, MessageRejectReason::NotAuthorised);
    assert_eq!(member.state().1, orders);
}

#[test]
fn messages_above_the_rate_change_nothing_and_the_first_is_answered() {
    let mut member = Member::new(Role::Leader);
    let mut signer = MessageSigner::new(key(SLOW_TRADER));
    let (initial, all) = (u64::from(MessageRate::INITIAL_MESSAGES), 50);
    for number in 1..=initial {
        let answer = member.asks(SLOW_TRADER, &signed(&mut signer, &order(number)));
        assert_eq!(template(&answer), EXECUTION);
    }
    let state = member.state();
    let mut answers = Vec::new();
    for number in initial + 1..=all {
        answers.extend(member.says(SLOW_TRADER, &signed(&mut signer, &order(number))));
    }
    let answers: Vec<_> = answers.iter().map(|answer| reject(answer)).collect();
    assert_eq!(answers, [MessageReject { template_id: 0, reason: MessageRejectReason::LimitMessageRate }]);
    assert_eq!((member.state(), member.count(MESSAGES_ABOVE_RATE_TYPE_ID)), (state, (all - initial) as i64));

    member.cluster.set_time(START + SECOND / LIMIT);
    let answer = member.asks(SLOW_TRADER, &signed(&mut signer, &order(initial + 1)));
    assert_eq!(template(&answer), EXECUTION, "no number was used");
    let answer = member.asks(SLOW_TRADER, &signed(&mut signer, &order(initial + 2)));
    assert_eq!(reject(&answer).reason, MessageRejectReason::LimitMessageRate);
    let mut trader = MessageSigner::new(key(TRADER));
    trader.trailer(b"");
    let answer = member.asks(TRADER, &signed(&mut trader, &order(2)));
    assert_eq!(template(&answer), EXECUTION, "others are not bound by it");
}

/// The counter of a message above the rate is kept, so that nobody can send it again when there is room.
#[test]
fn a_message_above_the_rate_cannot_be_repeated_by_others() {
    let mut member = Member::new(Role::Leader);
    let mut signer = MessageSigner::new(key(SLOW_TRADER));
    let initial = u64::from(MessageRate::INITIAL_MESSAGES);
    let messages: Vec<_> = (1..=initial + 1).map(|number| signed(&mut signer, &order(number))).collect();
    for message in &messages {
        member.says(SLOW_TRADER, message);
    }
    let orders = member.state().1;
    member.cluster.set_time(START + SECOND);
    assert!(member.says(SLOW_TRADER, &messages[initial as usize]).is_empty());
    assert_eq!(member.state().1, orders);
}

#[test]
fn a_new_session_begins_with_no_more_than_its_first_messages() {
    let mut member = Member::new(Role::Leader);
    let mut taken = 0;
    for session in 10..20 {
        let principal = principal(SLOW_TRADER);
        member.cluster.session_open(&mut member.service, session, principal.as_bytes());
        let mut signer = MessageSigner::new(key(SLOW_TRADER));
        for _ in 0..40 {
            let answers = member.says(session, &signed(&mut signer, &resume_message(1, None)));
            taken += answers.iter().filter(|answer| template(answer) == template_id::RESUME_COMPLETE).count();
        }
    }
    assert_eq!(taken, 10 * MessageRate::INITIAL_MESSAGES as usize);
}

#[test]
fn all_members_decide_alike_also_one_that_starts_from_a_snapshot() {
    let mut members = vec![Member::new(Role::Leader), Member::new(Role::Follower)];
    let (mut slow, mut reader) = (MessageSigner::new(key(SLOW_TRADER)), MessageSigner::new(key(READER)));
    let mut number = 0;
    let mut step = |members: &mut Vec<Member>, time: i64| {
        number += 1;
        let messages = [
            (SLOW_TRADER, signed(&mut slow, &order(number))),
            (SLOW_TRADER, signed(&mut slow, &resume_message(1, None))),
            (READER, signed(&mut reader, &order(1))),
        ];
        for member in members {
            member.cluster.set_time(START + time);
            messages.iter().for_each(|(session, message)| drop(member.says(*session, message)));
        }
    };
    for time in 0..40 {
        step(&mut members, time * SECOND / 100);
    }
    let snapshot = members[0].snapshot();
    assert_eq!(snapshot.messages, members[1].snapshot().messages);
    let started = Member::from_snapshot(&members[0], &snapshot);
    members.push(started);
    let before: Vec<_> = members.iter().map(|member| member.count(MESSAGES_ABOVE_RATE_TYPE_ID)).collect();
    assert_eq!((before[0], before[2]), (before[1], 0));
    assert!(before[0] > 0);
    for time in 40..90 {
        step(&mut members, time * SECOND / 100);
    }
    let since: Vec<_> =
        members.iter().zip(before).map(|(member, before)| member.count(MESSAGES_ABOVE_RATE_TYPE_ID) - before).collect();
    assert!(since[0] > 0 && since.iter().all(|count| *count == since[0]), "{since:?}");
    let states: Vec<_> = members.iter_mut().map(|member| (member.state(), member.snapshot().messages)).collect();
    assert!(states.iter().all(|state| *state == states[0]), "all have the same sessions and the same engine");
}

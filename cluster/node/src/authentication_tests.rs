//! Sessions with keys: only the participant's own messages are taken, each once, and all members agree about it.

use aeron_cluster_service::testing::{RecordedSnapshot, RecordingCluster};
use aeron_cluster_service::{Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::template_id;
use lugus_codecs::session_tag::{MessageSigner, TRAILER_LENGTH};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{Action, KillSwitch, ParticipantId, SessionKey, Side, WorkingOrders};
use proptest::prelude::*;

use super::{DropCopyPolicy, MatchingService};
use crate::counters::UNAUTHENTICATED_MESSAGES_TYPE_ID;
use crate::test_messages::{
    book_message, command_message, define_message, drop_copy_message, new_order_message, resume_message, signed,
};

const OPERATOR: i64 = 1;
const ALICE: i64 = 2;
/// A session without a key.
const BOB: i64 = 3;

const EXECUTION: u16 = template_id::EXECUTION_REPORT;

fn key(session: i64) -> SessionKey {
    SessionKey::new([session as u8; SessionKey::LENGTH])
}

fn principal(participant: u32, session: i64) -> String {
    let digits: String = key(session).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{participant}:1:{digits}")
}

/// A member with an open instrument 1.
struct Member {
    service: MatchingService,
    cluster: RecordingCluster,
}

impl Member {
    fn new(role: Role) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut cluster = RecordingCluster::new(role).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(1_000);
        let mut member = Self { service, cluster };
        member.cluster.start(&mut member.service, None).unwrap();
        for (session, principal) in
            [(OPERATOR, principal(0, OPERATOR)), (ALICE, principal(1, ALICE)), (BOB, "2".to_owned())]
        {
            member.cluster.session_open(&mut member.service, session, principal.as_bytes());
        }
        let define = define_message(1, 1);
        member.says(OPERATOR, &signed(&mut MessageSigner::new(key(OPERATOR)), &define));
        member.cluster.take_sent();
        member
    }

    fn from_snapshot(of: &Self, snapshot: &RecordedSnapshot) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut member = Self { service, cluster: of.cluster.restarted() };
        member.cluster.start(&mut member.service, Some(snapshot)).unwrap();
        member
    }

    /// What is sent for a message: session and template of each.
    fn says(&mut self, session: i64, message: &[u8]) -> Vec<(i64, u16)> {
        let before = self.cluster.sent().len();
        self.cluster.session_message(&mut self.service, session, message);
        let template = |message: &[u8]| Envelope::open(message).unwrap().template_id;
        self.cluster.sent()[before..].iter().map(|sent| (sent.session_id, template(&sent.message))).collect()
    }

    /// Number of messages that were ignored.
    fn ignored(&self) -> i64 {
        let counters = self.cluster.counters();
        counters.iter().find(|counter| counter.type_id == UNAUTHENTICATED_MESSAGES_TYPE_ID).unwrap().counter.get()
    }

    fn hash(&self) -> u64 {
        self.service.engine().state_hash().0
    }

    fn snapshot(&mut self) -> RecordedSnapshot {
        self.cluster.take_snapshot(&mut self.service).unwrap()
    }
}

fn order(number: u64) -> Vec<u8> {
    new_order_message(1, number, number, Side::Sell, 1_000, 5)
}

#[test]
fn only_the_participants_own_messages_are_taken() {
    let mut member = Member::new(Role::Leader);
    let mut alice = MessageSigner::new(key(ALICE));
    assert_eq!(member.says(ALICE, &signed(&mut alice, &order(1))), [(ALICE, EXECUTION)]);
    let (hash, snapshot) = (member.hash(), member.snapshot().messages);
    let kill_switch = Action::SetKillSwitch {
        target: ParticipantId(1),
        kill_switch: KillSwitch::Engaged,
        working_orders: WorkingOrders::Cancel,
    };
    let forged = [
        order(2),
        command_message(0, 1, kill_switch),
        resume_message(1, None),
        book_message(1, 1),
        Vec::new(),
        vec![0; TRAILER_LENGTH - 1],
        vec![0; TRAILER_LENGTH],
        vec![0; 5_000],
        signed(&mut MessageSigner::new(key(BOB)), &order(2)),
        signed(&mut MessageSigner::new(key(OPERATOR)), &order(2)),
    ];
    for (number, message) in forged.iter().enumerate() {
        assert_eq!(member.says(ALICE, message), [], "an injector is not answered, and Alice is not told");
        assert_eq!(member.ignored(), number as i64 + 1);
    }
    assert_eq!((member.hash(), member.snapshot().messages), (hash, snapshot), "nothing has changed");
    assert_eq!(member.says(ALICE, &signed(&mut alice, &order(2))), [(ALICE, EXECUTION)]);
}

/// Without counters a repeat of a command that was refused would be applied later, and a repeat of a request would be answered.
#[test]
fn a_repeated_message_is_ignored() {
    let mut member = Member::new(Role::Leader);
    let (mut operator, mut alice) = (MessageSigner::new(key(OPERATOR)), MessageSigner::new(key(ALICE)));
    // The operator's first message defined the instrument.
    operator.trailer(b"");
    let all = signed(&mut operator, &drop_copy_message(0));
    let another = signed(&mut operator, &drop_copy_message(9));
    assert_eq!((member.says(OPERATOR, &all), member.says(OPERATOR, &another)), (vec![], vec![]));

    let hole = signed(&mut alice, &order(2));
    assert_eq!(member.says(ALICE, &hole).len(), 1, "told which number is expected");
    let first = signed(&mut alice, &order(1));
    assert_eq!(member.says(ALICE, &first), [(ALICE, EXECUTION)]);
    let resume = signed(&mut alice, &resume_message(1, None));
    assert_eq!(member.says(ALICE, &resume), [(ALICE, template_id::RESUME_COMPLETE)]);
    let hash = member.hash();
    for (session, repeat) in [(OPERATOR, &all), (OPERATOR, &another), (ALICE, &hole), (ALICE, &first), (ALICE, &resume)]
    {
        assert_eq!(member.says(session, repeat), []);
    }
    assert_eq!((member.ignored(), member.hash()), (5, hash));
    let last = signed(&mut alice, &order(2));
    assert_eq!(
        member.says(ALICE, &last),
        [(ALICE, EXECUTION)],
        "no drop copy: the operator asked for another instrument last"
    );
}

#[test]
fn a_session_without_a_key_sends_messages_without_tags() {
    let mut member = Member::new(Role::Leader);
    assert_eq!(member.says(BOB, &order(1)), [(BOB, EXECUTION)]);
    assert_eq!(member.says(BOB, b"garbage"), [(BOB, template_id::MESSAGE_REJECT)]);
    assert_eq!(member.ignored(), 0);
}

#[test]
fn a_new_session_of_the_participant_has_another_key() {
    let mut member = Member::new(Role::Leader);
    let mut old = MessageSigner::new(key(ALICE));
    member.cluster.session_open(&mut member.service, 9, principal(1, 9).as_bytes());
    let before = member.cluster.sent().len();
    assert_eq!(member.says(9, &signed(&mut old, &order(1))), []);
    assert_eq!(member.cluster.sent().len(), before);
    assert_eq!(member.says(9, &signed(&mut MessageSigner::new(key(9)), &order(1))), [(9, EXECUTION)]);
}

#[test]
fn every_member_decides_alike_also_one_that_starts_from_a_snapshot() {
    let mut members = [Member::new(Role::Leader), Member::new(Role::Follower)];
    let mut alice = MessageSigner::new(key(ALICE));
    let before = [signed(&mut alice, &order(1)), order(2), signed(&mut alice, &order(2))];
    for member in &mut members {
        before.iter().for_each(|message| drop(member.says(ALICE, message)));
    }
    let [leader, follower] = &mut members;
    let snapshot = leader.snapshot();
    assert_eq!(snapshot.messages, follower.snapshot().messages);
    let mut started = Member::from_snapshot(leader, &snapshot);
    assert_eq!(started.ignored(), 0);

    let next = signed(&mut alice, &order(3));
    let after = [order(3), before[2].clone(), signed(&mut MessageSigner::new(key(BOB)), &order(3)), next];
    for member in [&mut *leader, &mut *follower, &mut started] {
        after.iter().for_each(|message| drop(member.says(ALICE, message)));
    }
    assert_eq!((leader.ignored(), follower.ignored(), started.ignored()), (4, 4, 3));
    assert_eq!((leader.hash(), leader.hash()), (follower.hash(), started.hash()));
    assert_eq!(leader.snapshot().messages, started.snapshot().messages);
    let orders = leader.service.engine().live_orders();
    assert_eq!(orders, 3, "the three signed orders");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bent_bit_of_message_or_trailer_changes_nothing(places in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 40)) {
        let mut member = Member::new(Role::Leader);
        let mut alice = MessageSigner::new(key(ALICE));
        member.says(ALICE, &signed(&mut alice, &order(1)));
        let (hash, snapshot) = (member.hash(), member.snapshot().messages);
        let good = signed(&mut alice, &order(2));
        for (ignored, (at, bit)) in places.iter().enumerate() {
            let mut bent = good.clone();
            bent[at.index(good.len())] ^= 1u8 << bit;
            prop_assert_eq!(member.says(ALICE, &bent), []);
            prop_assert_eq!(member.ignored(), ignored as i64 + 1);
        }
        prop_assert_eq!((member.hash(), member.snapshot().messages), (hash, snapshot));
        prop_assert_eq!(member.says(ALICE, &good), [(ALICE, EXECUTION)]);
    }
}

//! The events of a firm in a recording cluster: who is told them, from which one on, and until when.

use aeron_cluster_service::testing::RecordingCluster;
use aeron_cluster_service::{CloseReason, Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{decode_firm_reply, decode_message_reject, template_id};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{Action, FirmReply, MessageRejectReason, ParticipantId, Side};

use super::{DropCopyPolicy, MatchingService};
use crate::sessions::MAXIMUM_FOLLOWERS;
use crate::test_messages::{activate_message, command_message, define_message, follow_message, new_order_message};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const BOB: i64 = 102;
const CAROL: i64 = 103;
const FIRM: u32 = 9;

/// A service with an open instrument 1. Alice and Bob are participants 1 and 2 of firm 9, and Carol is participant 3 of none.
struct Market {
    service: MatchingService,
    cluster: RecordingCluster,
    commands: u64,
}

impl Market {
    fn new(role: Role) -> Self {
        let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
        let mut cluster = RecordingCluster::new(role).with_time_unit(TimeUnit::Nanos);
        cluster.set_time(1_000);
        let mut market = Self { service, cluster, commands: 0 };
        for (session, principal) in [(OPERATOR, "0"), (ALICE, "1"), (BOB, "2"), (CAROL, "3")] {
            market.open(session, principal);
        }
        market.says(OPERATOR, &define_message(1, 1));
        market.commands = 1;
        market.set_firm(1, Some(FIRM));
        market.set_firm(2, Some(FIRM));
        market
    }

    fn open(&mut self, session: i64, principal: &str) {
        self.cluster.session_open(&mut self.service, session, principal.as_bytes());
    }

    /// What is sent for a message: session and message of each.
    fn says(&mut self, session: i64, message: &[u8]) -> Vec<(i64, Vec<u8>)> {
        self.cluster.session_message(&mut self.service, session, message);
        self.cluster.take_sent().into_iter().map(|sent| (sent.session_id, sent.message)).collect()
    }

    fn set_firm(&mut self, target: u32, firm: Option<u32>) {
        self.commands += 1;
        let action = Action::SetFirm { target: ParticipantId(target), firm: firm.map(ParticipantId) };
        self.says(OPERATOR, &command_message(0, self.commands, action));
    }

    /// What follows a firm: numbers of its events, and the last number of an answer that has ended.
    fn told(&mut self, session: i64, message: &[u8]) -> Vec<(i64, String)> {
        self.says(session, message)
            .into_iter()
            .filter_map(|(to, message)| {
                let envelope = Envelope::open(&message).unwrap();
                if let Some(reject) = decode_message_reject(envelope).unwrap() {
                    assert_eq!(reject.template_id, template_id::FOLLOW_FIRM_REQUEST);
                    return Some((to, format!("{:?}", reject.reason)));
                }
                let told = match decode_firm_reply(envelope).unwrap()? {
                    FirmReply::Again(event) => format!("event {}", event.event_sequence),
                    FirmReply::ResumeComplete { through, last_event_sequence, .. } => {
                        format!("through {through} of {last_event_sequence}")
                    }
                    gap @ FirmReply::EventGap { .. } => format!("{gap:?}"),
                };
                Some((to, told))
            })
            .collect()
    }

    fn order(&mut self, session: i64, number: u64) -> Vec<(i64, String)> {
        self.told(session, &new_order_message(1, number, number, Side::Sell, 1_000, 5))
    }
}

fn to(session: i64, told: &[&str]) -> Vec<(i64, String)> {
    told.iter().map(|told| (session, (*told).to_owned())).collect()
}

#[test]
fn a_participant_of_a_firm_is_told_what_was_and_then_what_comes() {
    let mut market = Market::new(Role::Leader);
    assert_eq!(market.order(ALICE, 1), [], "nobody follows yet");
    let again = to(BOB, &["event 4", "event 5", "through 5 of 5"]);
    assert_eq!(market.told(BOB, &follow_message(FIRM, Some(3))), again);
    assert_eq!(market.order(ALICE, 2), to(BOB, &["event 6"]));
    assert_eq!(market.order(BOB, 1), to(BOB, &["event 7"]), "its own events are the firm's, too");
    assert_eq!(market.order(CAROL, 1), [], "what others are told is not");
    assert_eq!(market.told(ALICE, &follow_message(FIRM, None)), to(ALICE, &["through 7 of 7"]));
    assert_eq!(market.order(ALICE, 3), [to(BOB, &["event 8"]), to(ALICE, &["event 8"])].concat());
    // The event comes after its participant's own report.
    let sent = market.says(ALICE, &new_order_message(1, 4, 4, Side::Sell, 1_000, 5));
    let templates: Vec<_> =
        sent.iter().map(|(to, message)| (*to, Envelope::open(message).unwrap().template_id)).collect();
    assert_eq!(templates[0], (ALICE, template_id::EXECUTION_REPORT));
    market.cluster.session_close(&mut market.service, BOB, CloseReason::ClientAction);
    market.cluster.take_sent();
    assert_eq!(market.order(ALICE, 5), to(ALICE, &["event 10"]));
}

#[test]
fn who_does_not_belong_to_the_firm_is_told_nothing() {
    let mut market = Market::new(Role::Leader);
    assert_eq!(market.told(CAROL, &follow_message(FIRM, Some(0))), to(CAROL, &["NotAuthorised"]));
    assert_eq!(market.told(ALICE, &follow_message(1, Some(0))), to(ALICE, &["NotAuthorised"]));
    assert_eq!(market.told(OPERATOR, &follow_message(8, None)), to(OPERATOR, &["InvalidValue"]));
    assert_eq!(market.told(OPERATOR, &follow_message(FIRM, None)), to(OPERATOR, &["through 4 of 4"]));
    assert_eq!(market.told(BOB, &follow_message(FIRM, None)), to(BOB, &["through 4 of 4"]));
    assert_eq!(market.order(ALICE, 1).len(), 2);
    market.set_firm(2, None);
    // The firm's own participant was told that, which is an event of the firm.
    assert_eq!(market.order(ALICE, 2), to(OPERATOR, &["event 7"]), "Bob belongs to the firm no more");
    assert_eq!(market.order(BOB, 1), []);
    market.set_firm(1, None);
    market.set_firm(FIRM, None);
    market.set_firm(1, Some(FIRM));
    assert_eq!(market.order(ALICE, 3), [], "a firm that begins anew has no followers");
}

#[test]
fn the_number_of_followers_is_bounded() {
    let mut market = Market::new(Role::Leader);
    for id in 0..=MAXIMUM_FOLLOWERS as u32 {
        let (session, participant) = (200 + i64::from(id), 20 + id);
        market.set_firm(participant, Some(FIRM));
        market.open(session, &participant.to_string());
        let last = market.told(session, &follow_message(FIRM, None)).pop().unwrap();
        let is_refused = last.1 == format!("{:?}", MessageRejectReason::LimitDropCopies);
        assert_eq!(is_refused, id as usize == MAXIMUM_FOLLOWERS, "{last:?}");
    }
    assert_eq!(market.order(ALICE, 1).len(), MAXIMUM_FOLLOWERS);
}

#[test]
fn all_members_keep_who_follows_also_one_that_starts_from_a_snapshot() {
    let mut leader = Market::new(Role::Leader);
    let mut member = Market::new(Role::Follower);
    for market in [&mut leader, &mut member] {
        market.order(ALICE, 1);
        market.told(BOB, &follow_message(FIRM, Some(0)));
        market.order(ALICE, 2);
    }
    assert!(member.cluster.sent().is_empty());
    assert_eq!(member.service.engine().state_hash(), leader.service.engine().state_hash());
    let snapshot = leader.cluster.take_snapshot(&mut leader.service).unwrap();
    assert_eq!(member.cluster.take_snapshot(&mut member.service).unwrap().messages, snapshot.messages);
    let service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
    let mut started = Market { service, cluster: leader.cluster.restarted(), commands: leader.commands };
    started.cluster.start(&mut started.service, Some(&snapshot)).unwrap();
    for market in [&mut member, &mut started] {
        market.cluster.set_role(Role::Leader);
    }
    for market in [&mut leader, &mut member, &mut started] {
        assert_eq!(market.order(ALICE, 3), to(BOB, &["event 7"]));
        let again = to(BOB, &["event 6", "event 7", "through 7 of 7"]);
        assert_eq!(market.told(BOB, &follow_message(FIRM, Some(5))), again);
    }
}

#[test]
fn before_their_version_is_active_nothing_about_firms_is_taken() {
    let mut market = Market::new(Role::Leader);
    for (message, template) in [
        (command_message(0, 9, Action::SetFirm { target: ParticipantId(3), firm: Some(ParticipantId(FIRM)) }), 62),
        (follow_message(FIRM, None), template_id::FOLLOW_FIRM_REQUEST),
        (activate_message(1), 0),
    ] {
        // An earlier version in the header, as of a sender that a member of that version would refuse.
        let mut earlier = message;
        earlier[6..8].copy_from_slice(&4_u16.to_le_bytes());
        let sent = market.says(ALICE, &earlier);
        let reject = decode_message_reject(Envelope::open(&sent[0].1).unwrap()).unwrap().unwrap();
        let expected = match template {
            0 => (template_id::ACTIVATE_PROTOCOL_VERSION, MessageRejectReason::NotAuthorised),
            template => (template, MessageRejectReason::UnknownTemplate),
        };
        assert_eq!((reject.template_id, reject.reason), expected);
    }
}

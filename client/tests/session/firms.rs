//! The events of a firm: what a session asks for in each of its cluster sessions, and what it tells.

use lugus_client::FollowFirm;
use lugus_codecs::order_entry::template_id;

use super::*;

const FIRM: ParticipantId = ParticipantId(9);

fn follow(after: u64) -> FollowFirm {
    FollowFirm { firm: FIRM, after: Some(EventSequence(after)) }
}

fn asked(last_event: u64) -> Sent {
    Sent::FollowFirm { firm: 9, last_event: Some(last_event) }
}

impl Bench {
    fn firm_events(&mut self, events: impl IntoIterator<Item = u64>) {
        for event in events {
            self.hear(&cluster_messages::firm_event(9, event));
        }
    }

    fn told_of_firm(&mut self) -> Vec<u64> {
        let events: Vec<FirmEvent> = std::mem::take(&mut self.heard.firm_events);
        assert!(events.iter().all(|event| event.firm == FIRM));
        events.iter().map(|event| event.event_sequence.0).collect()
    }
}

#[test]
fn a_session_follows_a_firm_over_reconnects_and_new_leaders() {
    let mut bench = Bench::open();
    bench.session.follow_firm(follow(3)).unwrap();
    bench.work();
    assert_eq!(bench.sent(), [asked(3)]);
    bench.firm_events(4..=5);
    bench.hear(&cluster_messages::firm_complete(9, 5, 5));
    assert!(bench.session.is_firm_current());
    bench.firm_events([6]);
    bench.session.on_new_leader(MemberId(1), &mut bench.heard);
    bench.work();
    assert!(bench.sent().contains(&asked(6)));
    bench.firm_events([6, 7]);
    bench.hear(&cluster_messages::firm_complete(9, 7, 7));
    bench.disconnect();
    assert!(!bench.session.is_firm_current());
    bench.connect();
    assert!(bench.sent().contains(&asked(7)));
    bench.firm_events(8..=9);
    bench.hear(&cluster_messages::firm_complete(9, 9, 9));
    assert_eq!(bench.told_of_firm(), [4, 5, 6, 7, 8, 9]);
    assert_eq!(bench.reports(), [], "they are not the participant's own");
}

#[test]
fn a_hole_is_filled_and_what_is_lost_is_told() {
    let mut bench = Bench::open();
    bench.session.follow_firm(follow(0)).unwrap();
    bench.work();
    bench.hear(&cluster_messages::firm_complete(9, 0, 0));
    bench.sent();
    bench.firm_events([1, 3]);
    assert_eq!(bench.sent(), [asked(1)]);
    let (first_lost, last_lost, lost_through) = (EventSequence(2), EventSequence(5), lugus_client::EpochNanos(77));
    bench.hear(&cluster_messages::firm_gap(9, 6, 8, 77));
    assert_eq!(bench.sent(), [asked(5)]);
    assert_eq!(bench.statuses(), [Status::FirmEventGap { firm: FIRM, first_lost, last_lost, lost_through }]);
    bench.firm_events(6..=8);
    bench.hear(&cluster_messages::firm_complete(9, 8, 8));
    assert_eq!(bench.told_of_firm(), [1, 6, 7, 8]);
    // While nothing comes, the session asks now and then.
    bench.pass(70 * SECOND);
    assert!(bench.sent().contains(&asked(8)));
}

#[test]
fn a_refusal_ends_it_and_leaves_drop_copies_alone() {
    let mut bench = Bench::open();
    bench.session.request_drop_copy(InstrumentId(5)).unwrap();
    bench.session.follow_firm(follow(0)).unwrap();
    bench.work();
    bench.sent();
    let reason = MessageRejectReason::NotAuthorised;
    bench.hear(&cluster_messages::message_reject(template_id::FOLLOW_FIRM_REQUEST, reason));
    assert!(bench.statuses().contains(&Status::FirmRefused { firm: FIRM, reason }));
    bench.disconnect();
    bench.connect();
    let sent = bench.sent();
    assert!(sent.contains(&Sent::DropCopy { instrument: 5 }), "{sent:?}");
    assert!(!sent.iter().any(|sent| matches!(sent, Sent::FollowFirm { .. })), "{sent:?}");
}

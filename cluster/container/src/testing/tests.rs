//! A small service against its double.

use super::{RecordedSnapshot, RecordingCluster};
use crate::cluster::{Cluster, Role, TimeUnit};
use crate::clustered_service::{CloseReason, ClusteredService, Header, NewLeadershipTerm};
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;
use crate::snapshot::{SnapshotReader, SnapshotWriter};

/// Answers each message, counts messages, and notes all events. Obeys to "timer N", "own" and "close".
#[derive(Default)]
struct Counter {
    messages: u64,
    events: Vec<String>,
    sends_on_role_change: bool,
}

impl ClusteredService for Counter {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        if let Some(snapshot) = snapshot {
            snapshot.read_to_end(cluster, &mut |message| {
                self.messages = u64::from_le_bytes(message.try_into()?);
                Ok(())
            })?;
        }
        cluster.add_counter(1_001, &[7], "messages")?.set(self.messages as i64);
        Ok(())
    }

    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, timestamp: i64) {
        assert_eq!(cluster.client_session(session.id()), Some(session));
        self.events.push(format!("open {} @{timestamp}", session.id()));
    }

    fn on_session_close(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, _: i64, reason: CloseReason) {
        assert_eq!(cluster.client_session(session.id()), None);
        self.events.push(format!("close {} {reason:?}", session.id()));
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        header: &Header,
    ) {
        assert_eq!((cluster.log_position(), cluster.time()), (header.position, timestamp));
        self.messages += 1;
        let text = std::str::from_utf8(message).unwrap();
        self.events.push(if session_id < 0 { format!("own {text}") } else { format!("message {text}") });
        match text.split_once(' ').unwrap_or((text, "")) {
            ("timer", deadline) => {
                while !cluster.schedule_timer(5, deadline.parse().unwrap()) {
                    cluster.idle(0);
                }
            }
            ("cancel", _) => assert!(cluster.cancel_timer(5)),
            ("own", _) => assert!(cluster.offer_parts(&[b"from ", b"itself"]).is_ok()),
            ("close", _) => assert!(cluster.close_client_session(session_id)),
            _ => {
                let _ = cluster.offer_to_parts(session_id, &[b"answer to ", message]);
            }
        }
    }

    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        self.events.push(format!("timer {correlation_id} @{timestamp}"));
        if correlation_id == 5 {
            assert!(cluster.schedule_timer(6, timestamp + 10));
        }
    }

    fn on_take_snapshot(&mut self, _: &dyn Cluster, snapshot: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
        snapshot.offer(&self.messages.to_le_bytes())
    }

    fn on_role_change(&mut self, cluster: &mut dyn Cluster, role: Role) {
        self.events.push(format!("role {role:?}"));
        if self.sends_on_role_change {
            let _ = cluster.offer(b"not allowed");
        }
    }

    fn on_new_leadership_term_event(&mut self, _: &mut dyn Cluster, event: &NewLeadershipTerm) {
        self.events.push(format!("term {}", event.leadership_term_id));
    }

    fn on_terminate(&mut self, _: &mut dyn Cluster) {
        self.events.push("terminate".to_owned());
    }

    fn do_background_work(&mut self, _: &mut dyn Cluster, now_ns: i64) -> usize {
        now_ns as usize
    }
}

#[test]
fn events_reach_the_service_and_what_it_sends_is_recorded() {
    let (mut cluster, mut service) = (RecordingCluster::new(Role::Leader), Counter::default());
    cluster.session_open(&mut service, 7, b"alice");
    cluster.set_time(3);
    cluster.session_message(&mut service, 7, b"a");
    cluster.session_message(&mut service, 7, b"own");
    assert_eq!(cluster.own_messages().collect::<Vec<_>>(), [b"from itself"]);
    cluster.deliver_own_messages(&mut service);
    cluster.session_message(&mut service, 7, b"close");
    assert!(cluster.client_session(7).unwrap().is_closing());
    cluster.session_close(&mut service, 7, CloseReason::ServiceAction);
    cluster.new_leadership_term_event(&mut service);
    cluster.role_change(&mut service, Role::Leader);
    cluster.role_change(&mut service, Role::Follower);
    assert_eq!(cluster.background_work(&mut service, 4), 4);
    cluster.terminate(&mut service);
    let events = [
        "open 7 @0",
        "message a",
        "message own",
        "own from itself",
        "message close",
        "close 7 ServiceAction",
        "term 1",
        "role Follower",
        "terminate",
    ];
    assert_eq!(service.events, events);
    assert_eq!(cluster.sent_to(7), [b"answer to a"]);
    assert_eq!(cluster.closes(), [7]);
    assert_eq!(cluster.take_sent().len(), 1);
    assert!(cluster.sent().is_empty() && cluster.own_messages().next().is_none());
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    let (mut cluster, mut service) = (RecordingCluster::new(Role::Leader), Counter::default());
    cluster.session_open(&mut service, 7, b"");
    cluster.refuse_next(2, OfferError::BackPressured);
    cluster.session_message(&mut service, 7, b"timer 20");
    assert_eq!((cluster.idle_count(), cluster.timers().get(&5)), (2, Some(&20)));
    cluster.advance_time(&mut service, 19);
    cluster.advance_time(&mut service, 40);
    assert_eq!(service.events[2..], ["timer 5 @20", "timer 6 @30"]);
    assert_eq!((cluster.time(), cluster.timers().len()), (40, 0));
    cluster.session_message(&mut service, 7, b"timer 50");
    cluster.session_message(&mut service, 7, b"cancel");
    cluster.advance_time(&mut service, 60);
    assert_eq!(service.events.len(), 6);
    assert_eq!(cluster.cancelled_timers(), [5]);
}

#[test]
fn a_follower_sends_nothing_to_clients() {
    let (mut cluster, mut service) = (RecordingCluster::new(Role::Follower), Counter::default());
    cluster.session_open(&mut service, 7, b"");
    cluster.session_message(&mut service, 7, b"a");
    assert!(cluster.sent().is_empty());
    assert_eq!(cluster.mocked()[0].message, b"answer to a");
}

#[test]
fn a_service_starts_from_its_snapshot() {
    let mut cluster = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos).with_member_id(2);
    let mut service = Counter::default();
    cluster.start(&mut service, None).unwrap();
    cluster.session_open(&mut service, 7, b"alice");
    cluster.session_message(&mut service, 7, b"a");
    let snapshot = cluster.take_snapshot(&mut service).unwrap();

    let (mut restarted, mut service) = (cluster.restarted(), Counter::default());
    restarted.start(&mut service, Some(&snapshot)).unwrap();
    assert_eq!(service.messages, 1);
    assert_eq!(restarted.client_session(7).unwrap().encoded_principal(), b"alice");
    assert_eq!((restarted.log_position(), restarted.role()), (cluster.log_position(), Role::Follower));
    assert_eq!((restarted.time_unit(), restarted.member_id()), (TimeUnit::Nanos, 2));
    let [counter] = restarted.counters() else { panic!("{:?}", restarted.counters()) };
    assert_eq!((counter.type_id, counter.key.as_slice(), counter.label.as_str()), (1_001, &[7][..], "messages"));
    assert_eq!(counter.counter.get(), 1);

    let damaged = RecordedSnapshot::from(vec![vec![1]]);
    assert!(restarted.start(&mut Counter::default(), Some(&damaged)).is_err());
}

#[test]
#[should_panic(expected = "the service called offer from on_role_change")]
fn a_service_that_sends_from_where_it_must_not_fails_its_test() {
    let mut service = Counter { sends_on_role_change: true, ..Counter::default() };
    RecordingCluster::new(Role::Leader).role_change(&mut service, Role::Follower);
}

//! A service while a later version of order entry is not active yet, and after one that it does not know has become active.

use aeron_cluster_service::testing::{RecordedSnapshot, RecordingCluster};
use aeron_cluster_service::{ClusteredService, Role, TimeUnit};
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{KNOWN_PROTOCOL_VERSION, decode_message_reject, template_id};
use lugus_engine::EngineLimits;
use lugus_vocabulary::{MessageRejectReason, Side};

use super::{DropCopyPolicy, MatchingService};
use crate::test_messages::{activate_message, define_message, new_order_message};

const OPERATOR: i64 = 100;
const ALICE: i64 = 101;
const LATER: u16 = KNOWN_PROTOCOL_VERSION.0 + 1;

fn market() -> (MatchingService, RecordingCluster) {
    let mut service = MatchingService::new(EngineLimits::default(), DropCopyPolicy::Operator);
    let mut cluster = RecordingCluster::new(Role::Leader).with_time_unit(TimeUnit::Nanos);
    for (session, principal) in [(OPERATOR, "0"), (ALICE, "1")] {
        cluster.session_open(&mut service, session, principal.as_bytes());
    }
    cluster.session_message(&mut service, OPERATOR, &define_message(1, 1));
    cluster.take_sent();
    (service, cluster)
}

fn rejects(cluster: &mut RecordingCluster) -> Vec<(u16, MessageRejectReason)> {
    let sent = cluster.take_sent();
    let rejects = sent.iter().filter_map(|sent| decode_message_reject(Envelope::open(&sent.message).unwrap()).unwrap());
    rejects.map(|reject| (reject.template_id, reject.reason)).collect()
}

#[test]
fn what_is_not_active_is_refused_and_changes_nothing() {
    let (mut service, mut cluster) = market();
    let hash = service.engine().state_hash();
    let mut order = new_order_message(1, 1, 11, Side::Sell, 1_000, 5);
    order[6..8].copy_from_slice(&LATER.to_le_bytes());
    cluster.session_message(&mut service, ALICE, &order);
    assert_eq!(rejects(&mut cluster), [(1, MessageRejectReason::WrongVersion)]);
    cluster.session_message(&mut service, ALICE, &activate_message(LATER));
    let refused = [(template_id::ACTIVATE_PROTOCOL_VERSION, MessageRejectReason::NotAuthorised)];
    assert_eq!(rejects(&mut cluster), refused);
    cluster.session_message(&mut service, OPERATOR, &activate_message(KNOWN_PROTOCOL_VERSION.0));
    assert_eq!((rejects(&mut cluster), service.end().reason()), (Vec::new(), None));
    assert_eq!(service.engine().state_hash(), hash);
}

#[test]
fn a_service_that_does_not_know_the_active_version_applies_nothing_more_and_takes_no_snapshot() {
    let (mut service, mut cluster) = market();
    cluster.session_message(&mut service, OPERATOR, &activate_message(LATER));
    assert_eq!(service.end().reason().unwrap().active.0, LATER);
    let hash = service.engine().state_hash();
    cluster.session_message(&mut service, ALICE, &new_order_message(1, 1, 11, Side::Sell, 1_000, 5));
    cluster.session_open(&mut service, 102, b"1");
    assert!(cluster.take_sent().is_empty() && cluster.closes().is_empty());
    assert_eq!((service.engine().state_hash(), service.commands()), (hash, 1));
    let error = service.on_take_snapshot(&cluster, &mut RecordedSnapshot::default()).unwrap_err();
    assert!(error.to_string().contains(&format!("version {LATER} of order entry is active")), "{error}");
}

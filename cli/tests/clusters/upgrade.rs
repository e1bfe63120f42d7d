//! A rolling upgrade, as docs/deployment.md says: members start from snapshots of the version before, while orders flow; nothing of a
//! later version is taken before it is active; and a member that is too old ends, and says why.

use crate::harness::{
    Answer, ArchivedSnapshot, INSTRUMENTS, LocalCluster, RawSession, Traders, by_hand, define_instruments, new_order,
    until,
};
use lugus_codecs::order_entry::{self, encode_activate_protocol_version};
use lugus_codecs::snapshot;
use lugus_node::member::OTHER_VERSION_EXIT_CODE;
use lugus_vocabulary::{CommandKind, MessageRejectReason, ProtocolVersion};

const COMMANDS: u32 = 300;
/// A participant that nobody else is, and the operator.
const STRANGER: u32 = 77;
const OPERATOR: u32 = 0;
/// The next version of order entry, which no program knows.
const NEXT: u16 = order_entry::SBE_SCHEMA_VERSION + 1;

#[test]
fn members_are_upgraded_one_after_the_other() {
    let cluster = LocalCluster::start(3, |deployment| {
        by_hand(deployment);
        deployment.supervision.restart = true;
    });
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    traders.trade(COMMANDS);

    // One member at a time, the leader last. Each finds the snapshot that its older program has written.
    let leader = cluster.await_leader();
    for member in [(leader + 1) % 3, (leader + 2) % 3, leader] {
        cluster.kill(member);
        ArchivedSnapshot::read(&cluster.member(member)).write_without_runs();
        assert_eq!(ArchivedSnapshot::read(&cluster.member(member)).versions(), [2]);
        traders.trade(COMMANDS);
        assert_eq!(cluster.up(), [i64::from(member)]);
        cluster.await_status("the member with the others' state", |status| status.common_state().is_some());
        assert!(!cluster.log(member).contains("the log begins at"), "{}", cluster.log(member));
    }
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
    let (hash, _) = cluster.await_common_state();

    // What only a later version knows is refused by all members, whether they know it or not.
    let mut stranger = RawSession::connect(&cluster, STRANGER);
    let mut order = new_order(INSTRUMENTS[0].0, 1, 1, 1_000);
    order[6..8].copy_from_slice(&NEXT.to_le_bytes());
    let template_id = u16::from(CommandKind::New.number());
    let refused = Answer::MessageReject { template_id, reason: MessageRejectReason::WrongVersion };
    assert_eq!(stranger.ask(&order, 1), [refused]);
    let activate = encode_activate_protocol_version(ProtocolVersion(NEXT), &mut [0; _]).to_vec();
    let not_authorised = MessageRejectReason::NotAuthorised;
    let template_id = order_entry::template_id::ACTIVATE_PROTOCOL_VERSION;
    assert_eq!(stranger.ask(&activate, 1), [Answer::MessageReject { template_id, reason: not_authorised }]);
    assert_eq!(cluster.await_common_state().0, hash);
    for member in cluster.status().expect("a status").members {
        assert_eq!(member.active_protocol_version, Some(ProtocolVersion::FIRST_ACTIVE.0), "{member:?}");
        assert_eq!(member.program_version.as_deref(), Some(env!("CARGO_PKG_VERSION")), "{member:?}");
    }
    let done = cluster.lugus(&["activate"]);
    assert!(done.code == Some(0) && done.stdout.contains("active already"), "{done:?}");
    let too_new = cluster.lugus(&["activate", "--version", &NEXT.to_string()]);
    assert!(too_new.code == Some(1) && too_new.message().contains("not all members know"), "{too_new:?}");

    // The next snapshots are of this version, and the log leads to the old ones and the new ones alike.
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    drop(stranger);
    drop(traders.close(&cluster));
    cluster.down();
    for member in 0..3 {
        assert_eq!(ArchivedSnapshot::read(&cluster.member(member)).versions(), [snapshot::SBE_SCHEMA_VERSION]);
        let audit = cluster.lugus(&["--json", "audit", "--member", &member.to_string()]);
        assert_eq!(audit.code, Some(0), "{audit:?}");
    }
}

/// Of a snapshot that a later version has taken, and of a log in which a later version has become active.
#[test]
fn a_member_that_is_too_old_says_so_and_stays_down() {
    let cluster = LocalCluster::start(3, |deployment| {
        by_hand(deployment);
        deployment.supervision.restart = true;
    });
    define_instruments(&cluster);
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    let (hash, _) = cluster.await_common_state();
    let old = (cluster.await_leader() + 1) % 3;
    let node = |member: i32| cluster.lugus(&["node", "--cluster", "0", "--member", &member.to_string()]);
    let has_ended = |member: i32| cluster.pid(member).is_none() && cluster.supervisor_pid(member).is_none();

    cluster.kill(old);
    let later = snapshot::SBE_SCHEMA_VERSION + 1;
    ArchivedSnapshot::read(&cluster.member(old)).write_as_of_version(later);
    let _ = cluster.lugus(&["up"]);
    until("the end of the member and its supervisor", || has_ended(old).then_some(()));
    let ended = node(old);
    assert_eq!(ended.code, Some(i32::from(OTHER_VERSION_EXIT_CODE)), "{ended:?}");
    for told in [
        format!("messages of schema 204 have version {later}, and {} is the last", snapshot::SBE_SCHEMA_VERSION),
        String::from("recover a backup"),
    ] {
        assert!(ended.stderr.contains(&told), "{told}: {ended:?}");
    }
    ArchivedSnapshot::read(&cluster.member(old)).write_as_of_version(snapshot::SBE_SCHEMA_VERSION);
    assert_eq!(cluster.up(), [i64::from(old)]);
    assert_eq!(cluster.await_common_state().0, hash);

    let mut operator = RawSession::connect(&cluster, OPERATOR);
    operator.send(encode_activate_protocol_version(ProtocolVersion(NEXT), &mut [0; _]));
    until("the end of all members, as none knows the version", || (0..3).all(has_ended).then_some(()));
    for member in 0..3 {
        let log = cluster.log(member);
        assert!(log.contains(&format!("version {NEXT} of order entry is active in the cluster")), "{log}");
    }
    // The log leads to the same each time, as long as there is a quorum that replays it.
    let _ = cluster.lugus(&["up"]);
    until("the end of all members, again", || (0..3).all(has_ended).then_some(()));
    let audit = cluster.lugus(&["audit", "--member", "0"]);
    assert!(audit.code == Some(3) && audit.stdout.contains("install the version of Lugus"), "{audit:?}");
}

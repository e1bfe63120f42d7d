//! A deployment with keys: somebody without a key, who reaches the leader's ingress and names sessions of others, places no
//! order and engages no kill switch. The sessions trade on, with the next leader and with a member that starts from a snapshot.

use crate::harness::{
    INSTRUMENTS, LocalCluster, MAKER, PATIENCE, QUIET, TAKER, Total, Traders, define_instruments, new_order, until,
};
use aeron_support::channel::with_parameter;
use aeron_support::{AeronClient, ClientSettings};
use lugus_client::Status;
use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, encode_command, encode_drop_copy};
use lugus_codecs::write_header;
use lugus_media_driver::ClientDriver;
use lugus_topology::{AuthenticationMode, Deployment, Key, Participant};
use lugus_vocabulary::{Action, ClientSequence, Command, InstrumentId, KillSwitch, ParticipantId, WorkingOrders};

const COMMANDS: u32 = 200;

/// Participants of the deployment.
const PARTICIPANTS: [u32; 3] = [0, MAKER, TAKER];

/// The numbers of the cluster sessions that the injector names: they are small, and one of each participant is among them.
const SESSIONS: std::ops::RangeInclusive<i64> = 1..=8;

/// Number of them that are open: those of the traders.
const OPEN_SESSIONS: i64 = 2;

/// Length of Aeron's session header, with the message header of SBE.
const SESSION_HEADER_LENGTH: usize = 32;

#[test]
fn nobody_without_a_key_trades_in_anothers_session() {
    let cluster = LocalCluster::start(3, with_keys);
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    let begin = traders.check();
    let before = trade(&mut traders, begin);
    let injected = inject(&cluster);
    let injected_at_first = trade(&mut traders, before);

    let leader = cluster.await_leader();
    cluster.kill(leader);
    let failed_over = trade(&mut traders, injected_at_first);
    assert_ne!(cluster.await_leader(), leader);
    inject(&cluster);
    let without_leader = trade(&mut traders, failed_over);
    for tally in traders.tallies() {
        let sessions: Vec<&Status> = tally.sessions.iter().map(|(_, status)| status).collect();
        let [Status::Connected { .. }, leaders @ ..] = sessions.as_slice() else { panic!("{sessions:?}") };
        let goes_on = leaders.iter().all(|status| matches!(status, Status::NewLeader { .. }));
        assert!(goes_on && !leaders.is_empty(), "the session goes on with its key: {sessions:?}");
    }

    assert_eq!(cluster.up(), [i64::from(leader)]);
    cluster.await_common_state();
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    let follower = (cluster.await_leader() + 1) % 3;
    cluster.kill(follower);
    assert_eq!(cluster.up(), [i64::from(follower)]);
    let from_snapshot = trade(&mut traders, without_leader);
    inject(&cluster);
    trade(&mut traders, from_snapshot);

    let status = cluster.await_status("the same state", |status| status.common_state().is_some());
    assert!(status.members.iter().all(|member| member.refused_messages == Some(0)), "{status:?}");
    let since_snapshot = status.member(follower).unauthenticated_messages;
    assert_eq!(since_snapshot, Some(injected), "the member knows the keys from the snapshot: {status:?}");
    let quiet = traders.book(QUIET);
    assert_eq!((quiet.bids.len(), quiet.offers.len()), (0, 0), "an injected order: {quiet:?}");
    for dir in cluster.spec().members.iter().map(|member| &member.dir) {
        assert_no_key_in(dir);
    }
}

fn with_keys(deployment: &mut Deployment) {
    deployment.instruments.clear();
    // The sessions are to live while a busy machine elects a leader.
    deployment.timeouts.session_timeout = PATIENCE;
    deployment.client.silence_timeout = PATIENCE;
    deployment.client.new_leader_timeout = PATIENCE;
    deployment.authentication.mode = AuthenticationMode::Keys;
    for id in PARTICIPANTS {
        let key = Some(Key::parse(&key(id)).expect("a key"));
        deployment.participants.push(Participant { id, key, ..Participant::default() });
    }
}

fn key(participant: u32) -> String {
    format!("c0ffee{participant:02x}").repeat(8)
}

/// Trades, and checks that every command was executed once, and no order that nobody sent; returns the new totals.
fn trade(traders: &mut Traders, before: [Total; 2]) -> [Total; 2] {
    traders.trade(COMMANDS);
    traders.settle();
    let after = traders.check();
    for (before, after) in before.iter().zip(&after) {
        assert!(after.trades > before.trades, "orders are taken: {before:?} {after:?}");
    }
    after
}

/// Names all sessions in messages to the leader, and waits until each running member has ignored what is of an open session;
/// returns how many messages these were.
fn inject(cluster: &LocalCluster) -> i64 {
    let before = cluster.await_status("the same state", |status| {
        let mut states = status.running().map(|member| (&member.state_hash, member.state_hash_position));
        let first = states.next();
        status.leader().is_some() && states.all(|state| Some(state) == first)
    });
    let leader = before.leader().expect("a leader").clone();
    let endpoint = cluster.member(leader.id).endpoints.ingress.to_string();
    let channel = with_parameter(&cluster.spec().ingress_channel(), "endpoint", &endpoint);
    let driver = ClientDriver::start(&cluster.deployment).expect("a driver");
    let client = AeronClient::connect(ClientSettings::new(driver.aeron_dir(), "injector", PATIENCE)).expect("a client");
    let ingress =
        client.add_exclusive_publication(&channel, cluster.deployment.streams.ingress).expect("a publication");
    let term = leader.term.expect("a term");
    for session in SESSIONS {
        for message in forged() {
            let message = session_message(term, session, &message);
            until("the message to be taken", || {
                client.do_work().expect("the client lives");
                ingress.offer(&message).ok()
            });
        }
    }
    let expected = OPEN_SESSIONS * forged().len() as i64;
    cluster.await_status("injected messages to be ignored", |status| {
        status.running().all(|member| {
            let so_far = before.member(member.id).unauthenticated_messages.unwrap_or(0);
            member.unauthenticated_messages == Some(so_far + expected)
        })
    });
    expected
}

/// What an injector might send: an order, a kill switch, a request, a cancel of everything, garbage.
fn forged() -> [Vec<u8>; 5] {
    let command = |instrument, action| {
        let client_sequence = ClientSequence(1);
        let command = Command { participant: ParticipantId::OPERATOR, instrument, client_sequence, action };
        encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
    };
    let target = ParticipantId(MAKER);
    [
        new_order(QUIET.0, 1, 1, 1_000),
        command(
            InstrumentId::NONE,
            Action::SetKillSwitch { target, kill_switch: KillSwitch::Engaged, working_orders: WorkingOrders::Cancel },
        ),
        command(QUIET, Action::MassCancel { target, side: None }),
        encode_drop_copy(INSTRUMENTS[0], &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec(),
        b"garbage".to_vec(),
    ]
}

/// A message of a session as Aeron's client sends it (`SessionMessageHeader`, template 1 of schema 111).
fn session_message(leadership_term_id: i64, cluster_session_id: i64, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; SESSION_HEADER_LENGTH];
    write_header(&mut bytes, 24, 1, 111, 16);
    bytes[8..16].copy_from_slice(&leadership_term_id.to_le_bytes());
    bytes[16..24].copy_from_slice(&cluster_session_id.to_le_bytes());
    bytes.extend_from_slice(message);
    bytes
}

/// No log of a member shows a participant's key or a principal with a session key.
fn assert_no_key_in(dir: &std::path::Path) {
    for name in ["member.log", "consensus-module.log", "media-driver.log"] {
        let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
        for participant in PARTICIPANTS {
            assert!(!text.contains(&key(participant)), "{name}");
            assert!(!text.contains(&format!("{participant}:1:")), "{name}");
        }
    }
}

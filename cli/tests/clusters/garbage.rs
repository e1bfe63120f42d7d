//! Bytes that are not a command: the sender gets a reject, every member counts them, and the state does not change.

use std::net::UdpSocket;

use crate::harness::{
    Answer, INSTRUMENTS, LocalCluster, MAKER, RawSession, by_hand, define_instruments, new_order, until,
};
use lugus_vocabulary::{CommandKind, MessageRejectReason};

const NEW_ORDER: u16 = CommandKind::New.number() as u16;

/// Longest message that members decode, in bytes.
const LONGEST: usize = 1_024;

/// Offset of the side in a new order: header, seven numbers and the instrument precede it.
const SIDE_OF_ORDER: usize = 8 + 7 * 8 + 4;

/// Number of random messages; each has its own seed.
const SEEDS: u64 = 40;

/// Number of datagrams to each port.
const DATAGRAMS: u64 = 20;

#[test]
fn garbage_changes_nothing() {
    let cluster = LocalCluster::start(3, by_hand);
    define_instruments(&cluster);
    let mut session = RawSession::connect(&cluster, MAKER);
    let order = |number| new_order(INSTRUMENTS[0].0, number, number, 1_000);
    assert_eq!(taken(&mut session, &order(1)), 1);
    let hash = refused_by_all(&cluster, &mut session, 1);

    let mut refused = 1;
    for (name, message, template_id, reason) in pieces(&order(2), session.longest()) {
        let answers = session.ask(&message, 1);
        assert_eq!(answers, [Answer::MessageReject { template_id, reason }], "{name}");
        refused += 1;
    }
    for seed in 1..=SEEDS {
        let answers = session.ask(&noise(seed, 1 + seed as usize * 7 % 300), 1);
        assert!(matches!(answers[..], [Answer::MessageReject { .. }]), "noise of seed {seed}: {answers:?}");
        refused += 1;
    }
    noise_on_all_ports(&cluster);

    refused += 1;
    assert_eq!(refused_by_all(&cluster, &mut session, refused), hash, "garbage changed the state");
    assert_eq!(taken(&mut session, &order(2)), 2, "the session continues");
    refused += 1;
    assert_ne!(refused_by_all(&cluster, &mut session, refused), hash);
}

/// Sends one more malformed message, and waits until all members have refused `count` of them; everything sent before
/// is applied then. Returns the members' state hash.
#[track_caller]
fn refused_by_all(cluster: &LocalCluster, session: &mut RawSession, count: i64) -> String {
    session.ask(b"garbage", 1);
    let status = cluster.await_status("all members to refuse all garbage", |status| {
        status.members.iter().all(|member| member.refused_messages == Some(count)) && status.common_state().is_some()
    });
    status.common_state().expect("just seen").0
}

/// Sends an order that must be accepted; returns the number of its event.
fn taken(session: &mut RawSession, order: &[u8]) -> u64 {
    match session.ask(order, 1)[..] {
        [Answer::Execution { event_sequence, .. }] => event_sequence,
        ref other => panic!("{other:?}"),
    }
}

type Piece = (String, Vec<u8>, u16, MessageRejectReason);

/// Malformed variants of a valid order: name, message, template id and reject reason that the sender is told.
fn pieces(order: &[u8], longest: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = (0..order.len())
        .map(|length| {
            let template_id = if length < lugus_codecs::HEADER_LENGTH { 0 } else { NEW_ORDER };
            (format!("cut to {length} bytes"), order[..length].to_vec(), template_id, MessageRejectReason::Truncated)
        })
        .collect();
    let mut add = |name: &str, message: Vec<u8>, template_id, reason| {
        pieces.push((name.to_owned(), message, template_id, reason));
    };
    add("another schema", edited(order, 4, 111), NEW_ORDER, MessageRejectReason::WrongSchema);
    add("an unknown template", edited(order, 2, 999), 999, MessageRejectReason::UnknownTemplate);
    add("an event as a command", edited(order, 2, 21), 21, MessageRejectReason::UnknownTemplate);
    add("a block that is too short", edited(order, 0, 10), NEW_ORDER, MessageRejectReason::WrongVersion);
    add("a block that is longer than the message", edited(order, 0, 60_000), NEW_ORDER, MessageRejectReason::Truncated);
    let mut no_such_side = order.to_vec();
    no_such_side[SIDE_OF_ORDER] = 77;
    add("a side that is none", no_such_side, NEW_ORDER, MessageRejectReason::InvalidValue);
    for length in [LONGEST + 1, 10_000, longest] {
        let mut long = order.to_vec();
        long.resize(length, 0xab);
        add(&format!("{length} bytes"), long, NEW_ORDER, MessageRejectReason::Oversized);
    }
    pieces
}

fn edited(message: &[u8], at: usize, value: u16) -> Vec<u8> {
    let mut edited = message.to_vec();
    edited[at..at + 2].copy_from_slice(&value.to_le_bytes());
    edited
}

/// Random bytes, the same for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(byte).collect()
}

/// Sends datagrams that are not even Aeron frames to every port of every member, and waits until all members have made
/// progress.
fn noise_on_all_ports(cluster: &LocalCluster) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for (_, endpoint) in cluster.spec().members.iter().flat_map(|member| member.endpoints.each()) {
        for seed in 1..=DATAGRAMS {
            let datagram = noise(seed, seed as usize * 13 % 400);
            let to = (endpoint.host.as_str(), endpoint.port);
            until("a datagram to be taken", || socket.send_to(&datagram, to).ok());
        }
    }
}

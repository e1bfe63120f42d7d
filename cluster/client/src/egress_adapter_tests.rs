//! The decoder on messages of the generated encoders: whole, truncated, of other schema versions, spoiled.

use aeron_cluster_codecs::cluster::{WriteBuf, challenge_codec, session_keep_alive_codec};
use proptest::prelude::*;

use super::*;

const LENGTH: usize = 200;

/// A message of the generated encoder `$encoder`, filled in by `$fill`.
macro_rules! encoded {
    ($codec:ident :: $encoder:ident, |$message:ident| $fill:block) => {{
        let mut bytes = vec![0; LENGTH];
        let encoder = $codec::$encoder::default().wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH);
        let mut $message = encoder.header(0).parent().unwrap();
        $fill
        let length = HEADER_LENGTH + $message.encoded_length();
        bytes.truncate(length);
        bytes
    }};
}

fn session_message(payload: &[u8]) -> Vec<u8> {
    let mut bytes = encoded!(session_message_header_codec::SessionMessageHeaderEncoder, |message| {
        message.leadership_term_id(3);
        message.cluster_session_id(42);
        message.timestamp(1234);
    });
    bytes.extend_from_slice(payload);
    bytes
}

fn session_event_of(code: EventCode, detail: &str) -> Vec<u8> {
    encoded!(session_event_codec::SessionEventEncoder, |message| {
        message.cluster_session_id(42);
        message.correlation_id(7);
        message.leadership_term_id(3);
        message.leader_member_id(2);
        message.code(code);
        message.version(3 << 8);
        message.leader_heartbeat_timeout_ns(200_000_000);
        message.detail(detail.as_bytes());
    })
}

fn new_leader() -> Vec<u8> {
    encoded!(new_leader_event_codec::NewLeaderEventEncoder, |message| {
        message.leadership_term_id(4);
        message.cluster_session_id(42);
        message.leader_member_id(1);
        message.ingress_endpoints(b"0=a:1,1=b:1");
    })
}

fn challenge_of(encoded_challenge: &[u8]) -> Vec<u8> {
    encoded!(challenge_codec::ChallengeEncoder, |message| {
        message.correlation_id(7);
        message.cluster_session_id(42);
        message.encoded_challenge(encoded_challenge);
    })
}

fn admin(request_type: AdminRequestType) -> Vec<u8> {
    encoded!(admin_response_codec::AdminResponseEncoder, |message| {
        message.cluster_session_id(42);
        message.correlation_id(9);
        message.request_type(request_type);
        message.response_code(admin_response_code::AdminResponseCode::UNAUTHORISED_ACCESS);
        message.message(b"not you");
        message.payload(b"");
    })
}

fn one_of_each() -> Vec<Vec<u8>> {
    vec![
        session_message(b""),
        session_event_of(EventCode::OK, ""),
        session_event_of(EventCode::REDIRECT, "0=a:1"),
        new_leader(),
        challenge_of(b"?"),
        admin(AdminRequestType::SNAPSHOT),
    ]
}

#[test]
fn every_message_is_decoded() {
    let message = session_message(b"payload");
    let expected = Egress::Message { cluster_session_id: 42, timestamp: 1234, payload: b"payload" };
    assert_eq!(decode(&message), Ok(expected));

    for (code, expected) in [
        (EventCode::OK, SessionEventCode::Ok),
        (EventCode::ERROR, SessionEventCode::Error),
        (EventCode::REDIRECT, SessionEventCode::Redirect),
        (EventCode::AUTHENTICATION_REJECTED, SessionEventCode::AuthenticationRejected),
        (EventCode::CLOSED, SessionEventCode::Closed),
        (EventCode::NullVal, SessionEventCode::Unknown),
    ] {
        let expected = SessionEvent {
            cluster_session_id: 42,
            correlation_id: 7,
            leadership_term_id: 3,
            leader_member_id: 2,
            code: expected,
            version: Some(768),
            detail: "why",
        };
        assert_eq!(decode(&session_event_of(code, "why")), Ok(Egress::Session(expected)));
    }

    let expected = NewLeaderEvent {
        cluster_session_id: 42,
        leadership_term_id: 4,
        leader_member_id: 1,
        ingress_endpoints: "0=a:1,1=b:1",
    };
    assert_eq!(decode(&new_leader()), Ok(Egress::NewLeader(expected)));

    let expected = Egress::Challenge { correlation_id: 7, cluster_session_id: 42, encoded_challenge: &[0, 255] };
    assert_eq!(decode(&challenge_of(&[0, 255])), Ok(expected));

    for (request_type, is_probe) in [(AdminRequestType::SNAPSHOT, false), (AdminRequestType::NullVal, true)] {
        let code = AdminResponseCode::UnauthorisedAccess;
        let expected = AdminEvent { cluster_session_id: 42, correlation_id: 9, is_probe, code, message: "not you" };
        assert_eq!(decode(&admin(request_type)), Ok(Egress::Admin(expected)));
    }
}

#[test]
fn truncated_messages_are_refused() {
    for message in one_of_each() {
        for length in 0..message.len() {
            // The payload of an admin response is the only part that is not read.
            let cut = decode(&message[..length]);
            let unread = message[2] == 27 && length >= message.len() - 4;
            assert!(cut.is_err() || unread, "{length} of {} bytes: {cut:?}", message.len());
        }
    }
}

#[test]
fn session_events_of_older_clusters_lack_the_later_fields() {
    // Block lengths of the schema versions before `version` and before the heartbeat time-out were added. The header claims
    // the present schema version all the same.
    for (block_length, version) in [(32u16, None), (36, Some(768)), (44, Some(768))] {
        let mut message = session_event_of(EventCode::OK, "why");
        message.drain(HEADER_LENGTH + usize::from(block_length)..HEADER_LENGTH + 44);
        message[0..2].copy_from_slice(&block_length.to_le_bytes());
        match decode(&message) {
            Ok(Egress::Session(event)) => assert_eq!((event.version, event.detail), (version, "why")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn later_versions_are_read_past_their_new_fields() {
    let mut message = session_event_of(EventCode::OK, "why");
    message.splice(HEADER_LENGTH + 44..HEADER_LENGTH + 44, [1, 2, 3, 4]);
    message[0..2].copy_from_slice(&48u16.to_le_bytes());
    message[6..8].copy_from_slice(&99u16.to_le_bytes());
    assert!(matches!(decode(&message), Ok(Egress::Session(event)) if event.detail == "why"));
}

#[test]
fn other_messages_and_other_protocols_are_told_apart() {
    let other = encoded!(session_keep_alive_codec::SessionKeepAliveEncoder, |message| {
        message.leadership_term_id(1);
    });
    assert_eq!(decode(&other), Ok(Egress::Other));
    let mut foreign = session_message(b"");
    foreign[4..6].copy_from_slice(&222u16.to_le_bytes());
    assert_eq!(decode(&foreign), Err(DecodeError::Schema { found: 222, expected: SBE_SCHEMA_ID }));
}

#[test]
fn text_is_cut_off_at_the_first_invalid_byte() {
    let mut message = session_event_of(EventCode::ERROR, "abcd");
    let length = message.len();
    message[length - 2] = 0xFF;
    assert!(matches!(decode(&message), Ok(Egress::Session(event)) if event.detail == "ab"));
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn spoiled_messages_never_panic(
        which in 0usize..6,
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut message = one_of_each().swap_remove(which);
        let at = at.index(message.len());
        message[at] = with;
        message.truncate(cut.index(message.len()) + 1);
        let _ = decode(&message);
    }
}

//! Aeron's part of a client's session, which is sent any bytes by whoever names itself a cluster.

use std::time::Duration;

use aeron_cluster_client::testing::SimulatedSession;
use aeron_cluster_service::testing::log_messages::message;

use crate::steps::{Steps, input, number};

/// Operations of a step: time, and a message whose correlation id is that of the last request. Others are messages as they are.
const PASS_TIME: u8 = 240;
const ANSWER: u8 = 200;

/// Place of the correlation id in a session event and in a challenge, in bytes.
const CORRELATION_ID_OF_EVENT: std::ops::Range<usize> = 16..24;
const CORRELATION_ID_OF_CHALLENGE: std::ops::Range<usize> = 8..16;
const CHALLENGE: u8 = 7;

pub(crate) fn run(bytes: &[u8]) {
    let mut session = SimulatedSession::new();
    for (operation, bytes) in Steps(bytes) {
        match operation {
            PASS_TIME => session.pass(Duration::from_millis(number(bytes) & 0x3fff)),
            ANSWER.. => {
                let mut answer = bytes.to_vec();
                let is_challenge = answer.get(2) == Some(&CHALLENGE);
                let place = if is_challenge { CORRELATION_ID_OF_CHALLENGE } else { CORRELATION_ID_OF_EVENT };
                if let Some(place) = answer.get_mut(place) {
                    place.copy_from_slice(&session.last_request().to_le_bytes());
                }
                session.hear(&answer, i32::from(operation));
            }
            image => session.hear(bytes, i32::from(image)),
        }
        let _ = session.state();
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    // Session events: the session, the request, the term; leader, code and version; the detail.
    let event = |code: i32, detail: &[u8]| message(2, &[9, 1, 4], &[1, code, 3 << 8], &[detail]);
    let opened = event(0, b"");
    let redirected = event(2, b"0=host0:1,1=host1:1,2=host2:1");
    let (refused, closed) = (event(1, b"busy"), event(4, b"TIMEOUT"));
    let challenge = message(CHALLENGE, &[1, 9], &[], &[b"who"]);
    let new_leader = message(6, &[5, 9], &[2], &[b"0=host0:1,1=host1:1,2=host2:1"]);
    let said = message(1, &[4, 9, 1_000], &[], &[]);
    let administered = message(27, &[9, 1], &[0, 0], &[b"done", b""]);
    let time: (u8, &[u8]) = (PASS_TIME, &[200, 4]);
    let lives: [&[&Vec<u8>]; 4] = [
        &[&opened, &said, &new_leader, &said, &closed],
        &[&redirected, &opened, &administered, &new_leader],
        &[&challenge, &opened, &closed, &opened],
        &[&refused, &opened, &said],
    ];
    lives.map(|life| input(life.iter().flat_map(|message| [(ANSWER, message.as_slice()), time]))).to_vec()
}

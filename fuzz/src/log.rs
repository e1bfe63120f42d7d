//! A log that nobody's consensus module would write, applied as a member applies its own: it is applied or refused, and what was applied
//! is the state that a snapshot of it has.

use aeron_cluster_service::testing::log_messages::{
    first_leadership_term, message, session_close, session_message, snapshot_action, timer_event,
};
use aeron_cluster_service::{CloseReason, DEFAULT_APP_VERSION, Fragment, FragmentSource, LogReplay, ServiceError};

use crate::golden;
use crate::service::service;
use crate::steps::{Steps, input};

/// Flags of a fragment that is a whole message, in the operation of a step.
const WHOLE: u8 = 0xc0;

struct Recorded {
    messages: Vec<Vec<u8>>,
    next: usize,
}

impl FragmentSource for Recorded {
    fn next_fragment(&mut self) -> Result<Option<Fragment<'_>>, ServiceError> {
        self.next += 1;
        let message = self.messages.get(self.next - 1);
        Ok(message.map(|payload| Fragment { payload, flags: WHOLE, session_id: 0, term_offset: 0, position: 0 }))
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let mut replay = LogReplay::start(service(), DEFAULT_APP_VERSION).expect("a service without state starts");
    let mut position = 0;
    for (flags, payload) in Steps(bytes) {
        let term_offset = i32::try_from(position).expect("short");
        position += (32 + payload.len() as i64 + 31) & !31;
        let fragment = Fragment { payload, flags, session_id: 0, term_offset, position };
        if replay.apply(&fragment).is_err() {
            return;
        }
        if let Err(error) = replay.service().engine().verify() {
            panic!("{error} after {payload:?}");
        }
    }
    let place = replay.place();
    let Ok(messages) = replay.take_snapshot(place.leadership_term_id) else { return };
    let mut snapshot = Recorded { messages, next: 0 };
    let loaded = LogReplay::start_from_snapshot(service(), DEFAULT_APP_VERSION, place, &mut snapshot);
    let loaded = loaded.unwrap_or_else(|error| panic!("the snapshot of this log is not loaded: {error}"));
    assert_eq!(loaded.service().engine().state_hash(), replay.service().engine().state_hash());
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let open = |session: i64, principal: &[u8]| {
        message(21, &[0, session, session, 1_000], &[102], &[b"aeron:udp?endpoint=127.0.0.1:0", principal])
    };
    let begin = [first_leadership_term(1_000), open(1, b"0"), open(2, b"7")];
    let end =
        [timer_event(0, 1, 2_000), snapshot_action(0, 0, 2_000, 0), session_close(0, 2, 3_000, CloseReason::Timeout)];
    let of_clients = golden::messages(&["command.", "request.", "migration.", "on_disconnect.", "own_orders.request"]);
    let log = |payloads: &[Vec<u8>]| {
        let said =
            payloads.iter().enumerate().map(|(at, payload)| session_message(0, 1 + at as i64 % 2, 1_000, payload));
        let all: Vec<Vec<u8>> = begin.iter().cloned().chain(said).chain(end.iter().cloned()).collect();
        input(all.iter().map(|message| (WHOLE, message.as_slice())))
    };
    of_clients.chunks(4).map(log).collect()
}

//! What members tell each other: any bytes at the port on which a member listens to the others.

use std::time::Duration;

use lugus_codecs::Envelope;
use lugus_codecs::member_status::{
    MAXIMUM_MEMBER_REPORT_LENGTH, MAXIMUM_STATES, decode_member_report, encode_member_report,
};
use lugus_node::watch::StateComparison;
use lugus_vocabulary::{EpochNanos, LogPosition, MemberId, StateAt, StateHash};

use crate::golden;
use crate::steps::{Steps, input, number};

/// Operations of a step: a state of the member's own, time, and a report that is made one of this cluster's now. Others are messages.
const OWN_STATE: u8 = 240;
const PASS_TIME: u8 = 241;
const CURRENT: u8 = 200;

const STARTED: EpochNanos = EpochNanos(1_000);
const MEMBERS: [MemberId; 3] = [MemberId(0), MemberId(1), MemberId(2)];

pub(crate) fn run(bytes: &[u8]) {
    let mut comparison = StateComparison::new(MEMBERS[0], STARTED, &MEMBERS);
    let mut now = Duration::ZERO;
    for (operation, bytes) in Steps(bytes) {
        match operation {
            OWN_STATE => {
                let (position, hash) = (number(bytes) & 0xff, number(bytes.get(1..).unwrap_or_default()));
                comparison.own(StateAt { position: LogPosition(position as i64), hash: StateHash(hash) });
            }
            PASS_TIME => now += Duration::from_millis(number(bytes) & 0xffff),
            _ => message(&mut comparison, operation, bytes),
        }
        assert!(comparison.states_to_tell().len() <= MAXIMUM_STATES);
        assert!(comparison.differing().count() < MEMBERS.len());
        assert!(comparison.heard_members().len() < MEMBERS.len());
        let _ = comparison.contradiction(now);
    }
}

fn message(comparison: &mut StateComparison, operation: u8, message: &[u8]) {
    let Ok(envelope) = Envelope::open(message) else { return };
    let Ok(Some(mut report)) = decode_member_report(envelope) else { return };
    if operation >= CURRENT {
        report.member = MEMBERS[1 + usize::from(operation) % 2];
        report.engine_version = lugus_vocabulary::SNAPSHOT_VERSION;
        if let Some(heard) = report.heard.first_mut() {
            (heard.member, heard.started) = (MEMBERS[0], comparison.started());
        }
    }
    comparison.heard(&report);
    // What is longer than a datagram takes is cut, and the rest is read again as it was.
    let mut buffer = [0; MAXIMUM_MEMBER_REPORT_LENGTH];
    let written = encode_member_report(&report, &mut buffer);
    let again = Envelope::open(written).map(decode_member_report);
    assert!(matches!(again, Ok(Ok(Some(_)))), "{report:?}");
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let reports = golden::messages(&["member_report."]);
    let own: [(u8, &[u8]); 3] = [(OWN_STATE, &[17, 1]), (OWN_STATE, &[64, 2]), (PASS_TIME, &[0, 8])];
    let one = |report: &Vec<u8>| {
        let heard = [0, CURRENT, CURRENT + 1].map(|operation| (operation, report.as_slice()));
        input(own.into_iter().chain(heard).chain(own))
    };
    reports.iter().map(one).collect()
}

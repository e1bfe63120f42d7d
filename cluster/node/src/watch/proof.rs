//! The proof that a report is a member's: it follows the report, and is the first 32 bytes of its HMAC-SHA512 under the key that
//! the members share. Where they share none there is no proof, and whoever can send to a member can report in others' names.
//!
//! The proof says nothing about when a report was made: [`StateComparison`](super::StateComparison) passes over those that are
//! older than its own member's process.

use lugus_codecs::Envelope;
use lugus_codecs::member_status::{MAXIMUM_MEMBER_REPORT_LENGTH, decode_member_report, encode_member_report};
use lugus_topology::Key;
use lugus_vocabulary::MemberReport;

/// Length of a proof, in bytes.
const PROOF_LENGTH: usize = 32;

/// Length of the longest report with its proof, in bytes.
pub(super) const MAXIMUM_PROVEN_LENGTH: usize = MAXIMUM_MEMBER_REPORT_LENGTH + PROOF_LENGTH;

/// Makes and checks proofs, if there is a key.
#[derive(Debug, Clone)]
pub(super) struct ReportProof(Option<Key>);

/// A message does not end in the proof that a member made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotProven;

impl ReportProof {
    /// Proofs under this key; without one everything is believed.
    pub(super) fn new(members_key: Option<Key>) -> Self {
        Self(members_key)
    }

    /// A report as it is sent.
    pub(super) fn encode(&self, report: &MemberReport) -> Vec<u8> {
        let mut buffer = [0; MAXIMUM_MEMBER_REPORT_LENGTH];
        let mut message = encode_member_report(report, &mut buffer).to_vec();
        if let Some(key) = &self.0 {
            let proof = key.sign(&message);
            message.extend(proof);
        }
        message
    }

    /// The report in a message that was received; `None` if the message is none.
    pub(super) fn decode(&self, message: &[u8]) -> Result<Option<MemberReport>, NotProven> {
        let message = match &self.0 {
            None => message,
            Some(key) => {
                let (message, proof) = message.split_last_chunk::<PROOF_LENGTH>().ok_or(NotProven)?;
                if !key.has_signed(message, proof) {
                    return Err(NotProven);
                }
                message
            }
        };
        Ok(Envelope::open(message).ok().and_then(|envelope| decode_member_report(envelope).ok()).flatten())
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{
        ClusterId, EpochNanos, HeardMember, LogPosition, MemberId, MemberStatus, SNAPSHOT_VERSION, StateAt, StateHash,
    };

    use super::*;

    fn key(digits: &str) -> Key {
        Key::parse(&digits.repeat(16)).unwrap()
    }

    fn report(states: i64) -> MemberReport {
        let state = |n| StateAt { position: LogPosition(64 * n), hash: StateHash(5) };
        MemberReport {
            cluster: ClusterId(0),
            member: MemberId(1),
            started: EpochNanos(1),
            engine_version: SNAPSHOT_VERSION,
            status: MemberStatus::default(),
            states: (0..states).map(state).collect(),
            heard: (0..states.min(8))
                .map(|n| HeardMember { member: MemberId(n as i32), started: EpochNanos(9) })
                .collect(),
        }
    }

    #[test]
    fn a_report_with_the_members_key_is_taken_whatever_its_length() {
        for proof in [ReportProof::new(Some(key("5a"))), ReportProof::new(None)] {
            for states in [0, 1, 64] {
                let message = proof.encode(&report(states));
                assert!(message.len() <= MAXIMUM_PROVEN_LENGTH, "{}", message.len());
                assert_eq!(proof.decode(&message), Ok(Some(report(states))));
            }
        }
    }

    #[test]
    fn with_a_key_no_report_of_a_stranger_is_taken() {
        let members = ReportProof::new(Some(key("5a")));
        for stranger in [ReportProof::new(None), ReportProof::new(Some(key("5b")))] {
            assert_eq!(members.decode(&stranger.encode(&report(3))), Err(NotProven));
        }
        assert_eq!(members.decode(b""), Err(NotProven));
    }

    #[test]
    fn a_report_that_was_altered_or_cut_is_not_taken() {
        let members = ReportProof::new(Some(key("5a")));
        let message = members.encode(&report(3));
        for at in 0..message.len() {
            let mut altered = message.clone();
            altered[at] ^= 1;
            assert_eq!(members.decode(&altered), Err(NotProven), "byte {at}");
            assert_eq!(members.decode(&message[..at]), Err(NotProven), "{at} bytes");
        }
    }

    #[test]
    fn other_messages_of_members_are_passed_over() {
        let members = ReportProof::new(Some(key("5a")));
        let other = b"no message of any protocol";
        let message = [&other[..], &key("5a").sign(other)].concat();
        assert_eq!(members.decode(&message), Ok(None));
    }
}

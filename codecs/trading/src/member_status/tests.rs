//! What must hold of every report of a member.

use lugus_vocabulary::MemberRole;
use proptest::prelude::*;
use proptest::sample::select;
use sbe_message::Envelope;

use super::*;
use crate::testing::{self, Codec, damage, optional};

const REPORTS: Codec<MemberReport> = Codec {
    encode: |report| encode_member_report(report, &mut [0xaa; MAXIMUM_MEMBER_REPORT_LENGTH]).to_vec(),
    decode: |bytes| decode_member_report(Envelope::open(bytes)?),
};

/// `i64::MIN` is no number on the wire.
fn number() -> impl Strategy<Value = Option<i64>> {
    optional(i64::MIN + 1..=i64::MAX)
}

fn state() -> impl Strategy<Value = StateAt> {
    (i64::MIN + 1..=i64::MAX, any::<u64>())
        .prop_map(|(position, hash)| StateAt { position: LogPosition(position), hash: StateHash(hash) })
}

/// Version 0.0.0 is none on the wire.
fn versions() -> impl Strategy<Value = MemberVersions> {
    (1u32..1 << 24, any::<u16>(), any::<u16>()).prop_map(|(program, known, active)| MemberVersions {
        program: ProgramVersion::from_number(program).unwrap(),
        known: ProtocolVersion(known),
        active: ProtocolVersion(active),
    })
}

fn status() -> impl Strategy<Value = MemberStatus> {
    let numbers = (number(), number(), number(), number(), number(), number(), number(), number(), number());
    (optional(select(MemberRole::ALL)), numbers, any::<bool>(), optional(state()), optional(versions())).prop_map(
        |(role, numbers, has_joined, state, versions)| {
            let (
                term,
                commit_position,
                elections,
                sessions,
                refused_messages,
                clock,
                unauthenticated,
                above_rate,
                differing,
            ) = numbers;
            MemberStatus {
                role,
                term,
                commit_position,
                elections,
                has_joined,
                state,
                sessions,
                refused_messages,
                clock_difference_ns: clock,
                unauthenticated_messages: unauthenticated,
                messages_above_rate: above_rate,
                differing_members: differing,
                versions,
            }
        },
    )
}

fn report() -> impl Strategy<Value = MemberReport> {
    let names = (any::<i32>(), any::<i32>(), testing::time(), any::<u32>());
    let states = proptest::collection::vec(state(), 0..=MAXIMUM_STATES);
    let heard =
        (any::<i32>(), testing::time()).prop_map(|(member, started)| HeardMember { member: MemberId(member), started });
    let heard = proptest::collection::vec(heard, 0..=MAXIMUM_HEARD);
    (names, status(), states, heard).prop_map(|((cluster, member, started, engine_version), status, states, heard)| {
        MemberReport {
            cluster: ClusterId(cluster),
            member: MemberId(member),
            started,
            engine_version,
            status,
            states,
            heard,
        }
    })
}

proptest! {
    #[test]
    fn reports_survive_the_way(report in report(), damage in damage()) {
        REPORTS.check(&report, &damage);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), nearly in testing::nearly_a_message(SBE_SCHEMA_ID)
    ) {
        for bytes in [bytes, nearly] {
            let _ = (REPORTS.decode)(&bytes);
        }
    }
}

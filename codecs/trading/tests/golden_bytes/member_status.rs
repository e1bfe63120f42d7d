//! What a member tells of itself (schema 206).

use lugus_codecs::Envelope;
use lugus_codecs::member_status::*;
use lugus_vocabulary::*;

use crate::golden::Golden;

const fn state(position: i64, hash: u64) -> StateAt {
    StateAt { position: LogPosition(position), hash: StateHash(hash) }
}

#[test]
fn reports() {
    let golden = Golden::of("member_report.");
    let whole = MemberReport {
        cluster: ClusterId(2),
        member: MemberId(1),
        started: EpochNanos(1_700_000_000_123_456_789),
        engine_version: 6,
        status: MemberStatus {
            role: Some(MemberRole::Leader),
            term: Some(3),
            commit_position: Some(131_200),
            elections: Some(4),
            has_joined: true,
            state: Some(state(131_136, 231)),
            sessions: Some(5),
            refused_messages: Some(6),
            clock_difference_ns: Some(-7),
            unauthenticated_messages: Some(8),
            messages_above_rate: Some(9),
            differing_members: Some(2),
            versions: None,
        },
        states: vec![state(65_600, 232), state(131_136, 231)],
        heard: vec![HeardMember { member: MemberId(0), started: EpochNanos(1_700_000_000_987_654_321) }],
    };
    let starting =
        MemberReport { status: MemberStatus::default(), states: Vec::new(), heard: Vec::new(), ..whole.clone() };
    let versions = MemberVersions {
        program: ProgramVersion { major: 0, minor: 1, patch: 2 },
        known: ProtocolVersion(4),
        active: ProtocolVersion(3),
    };
    let status = MemberStatus { versions: Some(versions), ..whole.status };
    let with_versions = MemberReport { status, ..whole.clone() };
    for (name, report) in [
        ("member_report.whole", whole),
        ("member_report.starting", starting),
        ("member_report.with_versions", with_versions),
    ] {
        let mut buffer = [0; MAXIMUM_MEMBER_REPORT_LENGTH];
        let written = encode_member_report(&report, &mut buffer);
        golden.check(name, &report, written, |message| {
            let envelope = Envelope::open(message).expect("a header");
            decode_member_report(envelope).expect("a good message").expect("a report")
        });
    }
    golden.finish();
}

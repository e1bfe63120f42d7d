//! States of some members in, told in any order; who is contradicted, and where.

use lugus_vocabulary::{ClusterId, HeardMember, MemberStatus};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const SOON: Duration = Duration::ZERO;
const LATER: Duration = EARLIER_STATES_TIMEOUT;

/// Start of this member's process, as the others have heard it.
const STARTED: EpochNanos = EpochNanos(1_000);

fn heard(member: usize, started: EpochNanos) -> HeardMember {
    HeardMember { member: MemberId(member as i32), started }
}

fn ids(members: i32) -> Vec<MemberId> {
    (0..members).map(MemberId).collect()
}

fn at(position: i64, hash: u64) -> StateAt {
    StateAt { position: LogPosition(position), hash: StateHash(hash) }
}

fn report(member: i32, started: i64, states: &[StateAt]) -> MemberReport {
    MemberReport {
        cluster: ClusterId(0),
        member: MemberId(member),
        started: EpochNanos(started),
        engine_version: SNAPSHOT_VERSION,
        status: MemberStatus::default(),
        states: states.to_vec(),
        heard: (0..5).map(|member| heard(member, STARTED)).collect(),
    }
}

/// Member 0 of some members.
fn comparison(members: i32) -> StateComparison {
    StateComparison::new(MemberId(0), STARTED, &ids(members))
}

fn differing(comparison: &StateComparison) -> Vec<(i32, i64, Option<i64>)> {
    let each = comparison.differing();
    each.map(|other| (other.member.0, other.position.0, other.last_agreed.map(|position| position.0))).collect()
}

#[test]
fn equal_members_agree() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    comparison.heard(&report(1, 1, &[at(64, 1)]));
    comparison.heard(&report(2, 1, &[at(64, 1), at(128, 2)]));
    comparison.own(at(128, 2));
    assert_eq!((differing(&comparison), comparison.contradiction(LATER)), (vec![], None));
}

#[test]
fn a_member_is_contradicted_by_a_majority_and_says_between_which_positions() {
    let mut comparison = comparison(3);
    for state in [at(64, 1), at(128, 2), at(192, 33), at(256, 44)] {
        comparison.own(state);
    }
    comparison.heard(&report(1, 1, &[at(256, 4), at(192, 3), at(128, 2)]));
    assert_eq!(comparison.contradiction(LATER), None, "one of three is no majority");
    comparison.heard(&report(2, 1, &[at(256, 4), at(192, 3)]));
    let position = LogPosition(192);
    let expected =
        Contradiction { position, own: StateHash(33), majority: StateHash(3), last_agreed: Some(LogPosition(128)) };
    assert_eq!(comparison.contradiction(SOON), Some(expected));
    assert_eq!(differing(&comparison), [(1, 192, Some(128)), (2, 192, None)]);
}

#[test]
fn two_of_three_that_differ_are_told_and_go_on() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    comparison.heard(&report(2, 1, &[at(64, 9)]));
    assert_eq!((differing(&comparison), comparison.contradiction(LATER)), (vec![(2, 64, None)], None));
}

#[test]
fn two_others_that_differ_from_each_other_are_no_majority() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    comparison.heard(&report(1, 1, &[at(64, 8)]));
    comparison.heard(&report(2, 1, &[at(64, 9)]));
    assert_eq!(comparison.contradiction(LATER), None);
}

#[test]
fn without_a_common_position_it_waits_for_earlier_states() {
    let mut comparison = comparison(3);
    for state in [at(64, 1), at(128, 22)] {
        comparison.own(state);
    }
    for other in [1, 2] {
        comparison.heard(&report(other, 1, &[at(128, 2)]));
    }
    assert_eq!(comparison.contradiction(SOON), None);
    let without = comparison.contradiction(SOON + EARLIER_STATES_TIMEOUT).map(|found| found.last_agreed);
    assert_eq!(without, Some(None));
    comparison.heard(&report(1, 1, &[at(64, 1)]));
    assert_eq!(comparison.contradiction(SOON).map(|found| found.last_agreed), Some(Some(LogPosition(64))));
}

#[test]
fn a_member_that_was_repaired_and_started_again_is_compared_anew() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    comparison.heard(&report(1, 1, &[at(64, 9)]));
    assert_eq!(differing(&comparison).len(), 1);
    comparison.heard(&report(1, 2, &[at(64, 1)]));
    assert_eq!(differing(&comparison), []);
    comparison.heard(&report(1, 1, &[at(64, 9)]));
    assert_eq!(differing(&comparison), [], "a late report of the old process");
}

#[test]
fn reports_that_are_older_than_this_members_start_are_passed_over() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    for replayed in [vec![], vec![heard(0, EpochNanos(999))], vec![heard(1, STARTED), heard(2, STARTED)]] {
        for other in [1, 2] {
            comparison.heard(&MemberReport { heard: replayed.clone(), ..report(other, 7, &[at(64, 9)]) });
        }
    }
    assert_eq!((differing(&comparison), comparison.contradiction(LATER)), (vec![], None));
    assert_eq!(
        comparison.heard_members(),
        [heard(1, EpochNanos(7)), heard(2, EpochNanos(7))],
        "they are told all the same"
    );
    comparison.heard(&report(1, 7, &[at(64, 9)]));
    assert_eq!(differing(&comparison), [(1, 64, None)]);
}

#[test]
fn a_member_whose_clock_went_back_between_two_starts_is_compared() {
    let (mut comparison, mut other) = (comparison(3), StateComparison::new(MemberId(1), EpochNanos(7), &ids(3)));
    let earlier_run = MemberReport { started: EpochNanos(5_000), ..report(0, 0, &[at(64, 9)]) };
    let earlier_run = MemberReport { heard: vec![heard(1, EpochNanos(7))], ..earlier_run };
    other.own(at(64, 1));
    other.heard(&earlier_run);
    assert_eq!(differing(&other).len(), 1);
    comparison.own(at(64, 1));
    for _ in 0..2 {
        let told = MemberReport { heard: other.heard_members(), ..report(1, 7, &other.states_to_tell()) };
        comparison.heard(&told);
        let answer =
            MemberReport { started: comparison.started(), heard: comparison.heard_members(), ..earlier_run.clone() };
        other.heard(&MemberReport { states: comparison.states_to_tell(), ..answer });
    }
    assert_eq!(comparison.started(), EpochNanos(5_001));
    assert_eq!(differing(&other), [], "it is heard, and no longer the run before");
}

#[test]
fn engines_of_different_versions_are_not_compared() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    for other in [1, 2] {
        let engine_version = SNAPSHOT_VERSION + 1;
        comparison.heard(&MemberReport { engine_version, ..report(other, 1, &[at(64, 9)]) });
    }
    assert_eq!((differing(&comparison), comparison.contradiction(LATER)), (vec![], None));
}

#[test]
fn strangers_are_passed_over() {
    let mut comparison = comparison(3);
    comparison.own(at(64, 1));
    for stranger in [0, 3, 4] {
        comparison.heard(&report(stranger, 1, &[at(64, 9)]));
    }
    assert_eq!((differing(&comparison), comparison.contradiction(LATER)), (vec![], None));
}

#[test]
fn some_reports_in_a_row_tell_all_states_that_are_kept() {
    let mut comparison = comparison(3);
    let states = KEPT_STATES as i64 + 100;
    (0..states).for_each(|n| comparison.own(at(n, 1)));
    let mut told = std::collections::BTreeSet::new();
    // As often as in the time that a contradicted member waits for earlier states, with an interval of 100 ms.
    for _ in 0..9 {
        let report = comparison.states_to_tell();
        assert!(report.len() <= MAXIMUM_STATES && report[0].position.0 == states - 1);
        told.extend(report.iter().map(|state| state.position.0));
    }
    assert_eq!(told, (100..states).collect());
}

/// A cluster whose members all applied the same log, but for some that differ from a position on.
#[derive(Debug, Clone)]
struct Cluster {
    /// Of each member: the position from which on its state differs, and how. Those with the same of both are equally wrong.
    wrong_from: Vec<Option<(i64, u64)>>,
    /// What is told: member and position, in this order.
    told: Vec<(usize, i64)>,
}

const POSITIONS: i64 = 12;

impl Cluster {
    fn hash(&self, member: usize, position: i64) -> u64 {
        match self.wrong_from[member] {
            Some((from, wrong)) if position >= from => {
                position.unsigned_abs() + 1_000 * wrong + 10_000 * (from.unsigned_abs() + 1)
            }
            _ => position.unsigned_abs(),
        }
    }

    /// What member `me` finds when all is told, and after each step whether it was contradicted.
    fn run(&self, me: usize) -> StateComparison {
        let members = i32::try_from(self.wrong_from.len()).unwrap();
        let mut comparison = StateComparison::new(MemberId(me as i32), STARTED, &ids(members));
        for &(member, position) in &self.told {
            let state = at(position, self.hash(member, position));
            if member == me {
                comparison.own(state);
            } else {
                comparison.heard(&report(member as i32, 1, &[state]));
            }
        }
        comparison
    }

    fn has_told(&self, member: usize, position: i64) -> bool {
        self.told.contains(&(member, position))
    }

    /// Whether a majority of the members has told one hash at this position, and `me` another.
    fn is_contradicted_at(&self, me: usize, position: i64) -> bool {
        let members = self.wrong_from.len();
        let own = self.hash(me, position);
        let telling = (0..members).filter(|other| *other != me && self.has_told(*other, position));
        let hashes: Vec<u64> = telling.map(|other| self.hash(other, position)).filter(|hash| *hash != own).collect();
        let is_majority = |hash: &u64| hashes.iter().filter(|other| *other == hash).count() > members / 2;
        self.has_told(me, position) && hashes.iter().any(is_majority)
    }
}

fn clusters() -> impl Strategy<Value = Cluster> {
    let wrong = || (0..POSITIONS, 1u64..3);
    (1usize..=5, [wrong(), wrong()]).prop_flat_map(|(members, wrong)| {
        let wrong_from = proptest::collection::vec(proptest::option::of(select(wrong.to_vec())), members);
        let told = proptest::collection::vec((0..members, 0..POSITIONS), 0..100);
        (wrong_from, told).prop_map(|(wrong_from, told)| Cluster { wrong_from, told })
    })
}

proptest! {
    #[test]
    fn whoever_a_majority_contradicts_ends_and_nobody_else(cluster in clusters()) {
        for me in 0..cluster.wrong_from.len() {
            let mut comparison = cluster.run(me);
            let _ = comparison.contradiction(SOON);
            let found = comparison.contradiction(LATER).map(|found| found.position.0);
            let expected = (0..POSITIONS).find(|position| cluster.is_contradicted_at(me, *position));
            prop_assert_eq!(found, expected, "member {}", me);
        }
    }

    #[test]
    fn members_never_end_two_majorities(cluster in clusters()) {
        let members = cluster.wrong_from.len();
        let ended = (0..members).filter(|me| {
            let mut comparison = cluster.run(*me);
            let _ = comparison.contradiction(SOON);
            comparison.contradiction(LATER).is_some()
        });
        // Those at the last position that a majority shares go on.
        let ended: Vec<usize> = ended.collect();
        prop_assert!(ended.len() <= members - (members / 2 + 1) || members == 1 && ended.is_empty(), "{:?}", ended);
    }

    #[test]
    fn the_difference_begins_between_the_positions_that_are_told(cluster in clusters()) {
        for me in 0..cluster.wrong_from.len() {
            for other in cluster.run(me).differing() {
                let other_member = other.member.0 as usize;
                let differ = |position| cluster.hash(me, position) != cluster.hash(other_member, position);
                let first = (0..POSITIONS).find(|position| differ(*position)).unwrap();
                prop_assert!(first <= other.position.0);
                prop_assert!(other.last_agreed.is_none_or(|agreed| agreed.0 < first));
            }
        }
    }
}

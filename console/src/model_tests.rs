//! The model, fed with what members might show: a fail-over as an operator sees it, states that differ, disks that fill.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::time::Duration;

use lugus_gauges::{BOUNDS_NS, HistogramReading};
use lugus_node::deployment_status::{Member, Status};
use lugus_node::directories::Disk;
use lugus_node::status::MemberWork;
use lugus_topology::Deployment;

use super::*;

/// A cluster of three on this host, and the model that watches it.
struct Watched {
    model: Model,
    members: Vec<Member>,
    /// Commands so far.
    commands: i64,
    elapsed: Duration,
}

impl Watched {
    /// Member 0 leads in term 4.
    fn new() -> Self {
        let deployment = Deployment::default_local(3, 20_100);
        let mut members = Status::unknown(&deployment.cluster_specs().remove(0)).members;
        for member in &mut members {
            member.role = if member.id == 0 { "leader" } else { "follower" };
            (member.has_joined, member.term, member.differing_members) = (true, Some(4), Some(0));
            (member.state_hash, member.state_hash_position) = (Some(String::from("00c0ffee00c0ffee")), Some(1_000));
            member.commit_position = Some(1_000);
        }
        let model = Model::new(&deployment, Self::at(Duration::ZERO));
        let mut watched = Self { model, members, commands: 0, elapsed: Duration::ZERO };
        watched.look();
        watched
    }

    fn at(elapsed: Duration) -> Moment {
        Moment { elapsed, epoch_ms: 1_700_000_000_000 + i64::try_from(elapsed.as_millis()).unwrap() }
    }

    fn now(&self) -> Moment {
        Self::at(self.elapsed)
    }

    fn member(&mut self, id: i32) -> &mut Member {
        self.members.iter_mut().find(|member| member.id == id).unwrap()
    }

    /// A quarter of a second later all are looked at; the leader has answered 100 commands in 60 us each meanwhile.
    fn look(&mut self) {
        self.elapsed += Duration::from_millis(250);
        let leader = self.members.iter().find(|member| member.role == "leader").map(|member| member.id);
        if leader.is_some() {
            self.commands += 100;
        }
        let commands = self.commands;
        for member in self.members.iter_mut().filter(|member| member.role != "down") {
            member.commit_position = Some(1_000 + 128 * commands);
        }
        let here = self.members.iter().filter(|member| member.role != "down").map(|member| {
            let mut counts = [0; BOUNDS_NS.len() + 1];
            counts[9] = commands.unsigned_abs();
            let answer_time = HistogramReading { counts, sum_ns: 0 };
            MemberHere {
                cluster: 0,
                member: member.id,
                work: MemberWork {
                    applied_position: member.commit_position,
                    commands: Some(commands),
                    rejects: Some(commands / 10),
                    fills: Some(commands),
                    newest_snapshot: None,
                },
                counted: Some(Counted {
                    events: 3 * commands.unsigned_abs(),
                    orders: Used { used: 7, limit: 1_000 },
                    instruments: Used::default(),
                    participants: Used::default(),
                    engine_time: answer_time.clone(),
                    answer_time,
                    snapshot: None,
                }),
            }
        });
        let seen = MembersSeen { members: self.members.clone(), here: here.collect() };
        self.model.see_members(Self::at(self.elapsed), seen);
    }

    fn look_for(&mut self, time: Duration) {
        let end = self.elapsed + time;
        while self.elapsed < end {
            self.look();
        }
    }

    fn kill(&mut self, id: i32) {
        let dead = self.member(id);
        let (cluster, name) = (dead.cluster, dead.cluster_name.clone());
        let unknown = Status::unknown(&Deployment::default_local(3, 20_100).cluster_specs().remove(0)).members;
        let gone = unknown.into_iter().find(|member| member.id == id).unwrap();
        assert_eq!((gone.cluster, &gone.cluster_name), (cluster, &name));
        *self.member(id) = gone;
    }

    fn elect(&mut self, id: i32, term: i64) {
        for member in self.members.iter_mut().filter(|member| member.role != "down") {
            member.term = Some(term);
        }
        self.member(id).role = "leader";
    }

    fn cluster(&self) -> ClusterView {
        self.model.clusters().remove(0)
    }

    fn texts(&self) -> Vec<String> {
        self.model.events().since(0).map(|event| event.text.clone()).collect()
    }
}

#[test]
fn a_fail_over_is_told_and_marked() {
    let mut watched = Watched::new();
    watched.look_for(Duration::from_secs(5));
    assert_eq!((watched.cluster().health.level, watched.model.events().next()), (HealthLevel::Good, 0));
    watched.kill(0);
    watched.look();
    let view = watched.cluster();
    assert_eq!((view.leader, view.health.level), (None, HealthLevel::Alarm));
    assert!(view.health.text.starts_with("no leader"), "{:?}", view.health);
    assert_eq!(view.members[0].role, "down");
    watched.elect(2, 5);
    watched.look();
    let view = watched.cluster();
    assert_eq!((view.leader, view.term, view.health.level), (Some(2), Some(5), HealthLevel::Warning));
    assert_eq!(view.health.text, "2 of 3 members, one more and nothing is committed");
    let marks: Vec<_> = view.marks.iter().map(|mark| (mark.kind, mark.at_ms)).collect();
    assert_eq!(marks, [(MarkKind::FailOver, watched.now().epoch_ms)]);
    assert_eq!(
        watched.texts(),
        [
            "member 0 does not run any more",
            "nobody leads: member 0 has led in term 4",
            "fail-over: member 2 leads in term 5, 0.50 s after member 0 was last seen to lead",
        ]
    );
    // It comes back, and follows.
    let joined = watched.members[1].clone();
    *watched.member(0) = Member { id: 0, role: "starting", has_joined: false, ..joined.clone() };
    watched.look();
    *watched.member(0) = Member { id: 0, ..joined };
    watched.look();
    assert_eq!(watched.texts()[3..], ["member 0 has been started", "member 0 follows in term 5"]);
    assert_eq!(watched.cluster().health.level, HealthLevel::Good);
}

#[test]
fn a_fail_over_between_two_looks_is_an_alarm_too() {
    let mut watched = Watched::new();
    watched.look_for(Duration::from_secs(1));
    watched.kill(0);
    watched.elect(2, 5);
    watched.look();
    assert_eq!(
        watched.texts(),
        [
            "member 0 does not run any more",
            "nobody leads: member 0 has led in term 4",
            "fail-over: member 2 leads in term 5, 0.25 s after member 0 was last seen to lead",
        ]
    );
}

#[test]
fn rates_and_percentiles_are_those_of_the_leader() {
    let mut watched = Watched::new();
    watched.look_for(Duration::from_secs(3));
    let rates = watched.cluster().rates;
    assert_eq!(
        (rates.member, rates.commands, rates.rejects, rates.events),
        (Some(0), Some(400.0), Some(40.0), Some(1_200.0))
    );
    assert_eq!(rates.log, Some(400.0 * 128.0));
    let answer = rates.answer.unwrap();
    assert_eq!(answer.p50_us, 75.0, "between the bounds 50 and 100 us");
    let points: Vec<_> = watched.model.history(0).unwrap().after(i64::MIN).collect();
    assert!((3..=4).contains(&points.len()), "a point a second: {points:?}");
    assert_eq!((points.last().unwrap().commands, points.last().unwrap().lag), (Some(400.0), Some(0)));
    // A follower that has just become leader has answered nothing yet, and its rates go on.
    watched.kill(0);
    watched.look();
    assert_eq!(watched.cluster().rates.answer, None, "nobody leads, so nobody answers");
    watched.elect(1, 5);
    watched.look_for(Duration::from_secs(3));
    assert_eq!((watched.cluster().rates.member, watched.cluster().rates.commands), (Some(1), Some(400.0)));
}

#[test]
fn a_majority_that_is_lost_is_an_alarm() {
    let mut watched = Watched::new();
    watched.kill(0);
    watched.kill(1);
    watched.look();
    let health = watched.cluster().health;
    assert_eq!((health.level, health.text.as_str()), (HealthLevel::Alarm, "no majority: 1 of 3 members run"));
    watched.kill(2);
    watched.look();
    assert_eq!(watched.cluster().health.text, "no member runs");
    assert_eq!(watched.cluster().agreement, Agreement::Unknown);
}

#[test]
fn states_that_differ_are_an_alarm_until_they_agree() {
    let mut watched = Watched::new();
    assert_eq!(watched.cluster().agreement, Agreement::Equal);
    // At other positions hashes may be others.
    watched.member(1).state_hash = Some(String::from("1111111111111111"));
    watched.member(1).state_hash_position = Some(900);
    watched.look();
    assert_eq!(watched.cluster().agreement, Agreement::Equal);
    watched.member(1).state_hash_position = Some(1_000);
    watched.look();
    assert_eq!((watched.cluster().agreement, watched.cluster().health.level), (Agreement::Differ, HealthLevel::Alarm));
    watched.member(1).state_hash_position = Some(900);
    watched.member(1).differing_members = Some(2);
    watched.look();
    let view = watched.cluster();
    assert_eq!((view.members[1].agreement, view.health.text.as_str()), (Agreement::Differ, "states differ"));
    watched.member(1).differing_members = Some(0);
    watched.look();
    let told: Vec<_> = watched.model.events().since(0).map(|event| (event.topic, event.level)).collect();
    assert_eq!(told, [(Topic::State, Level::Alarm), (Topic::State, Level::Info)]);
}

#[test]
fn a_member_that_lags_or_whose_clock_is_off_wants_a_look() {
    let mut watched = Watched::new();
    watched.member(2).clock_differs = true;
    watched.member(2).clock_difference_ns = Some(-1_500_000_000);
    watched.look();
    assert_eq!(watched.cluster().health.text, "clock of member 2 is off");
    assert_eq!(watched.texts(), ["the log's time is -1.500 s off the clock of member 2"]);
    watched.member(2).clock_differs = false;
    watched.look();
    let mut behind = watched.members.clone();
    behind[1].commit_position = behind[0].commit_position.map(|position| position - (2 << 20));
    let seen = MembersSeen { members: behind, here: Vec::new() };
    let now = watched.now();
    watched.model.see_members(now, seen);
    let view = watched.cluster();
    assert_eq!((view.members[1].lag, view.health.text.as_str()), (Some(2 << 20), "a member lags"));
    assert_eq!((view.rates.member, view.rates.commands), (None, None), "nothing is known of members elsewhere");
}

#[test]
fn disks_that_fill_and_snapshots_are_told_once() {
    let mut watched = Watched::new();
    let see = |watched: &mut Watched, free: u64, position: i64| {
        let disk = DiskOfMember {
            cluster: 0,
            member: 1,
            used: Some(5),
            disk: Some(Disk { free, size: 1_000 }),
            snapshot: Some(SnapshotMark { position, at_ms: watched.now().epoch_ms }),
        };
        let now = watched.now();
        watched.model.see_disks(now, DisksSeen { members: vec![disk] });
    };
    see(&mut watched, 500, 64);
    assert_eq!(watched.model.events().next(), 0, "what was there before is no news");
    for free in [99, 105, 95] {
        see(&mut watched, free, 64);
    }
    assert_eq!(watched.texts(), ["9.9 % of the disk of member 1 are free"]);
    see(&mut watched, 130, 128);
    see(&mut watched, 130, 128);
    assert_eq!(watched.texts()[1..], ["snapshot at log position 128"]);
    let view = watched.cluster();
    assert_eq!(view.marks.iter().map(|mark| mark.kind).collect::<Vec<_>>(), [MarkKind::Snapshot]);
    assert_eq!((view.members[1].disk_free, view.members[1].snapshot.map(|mark| mark.position)), (Some(130), Some(128)));
}

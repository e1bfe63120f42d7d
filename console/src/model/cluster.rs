//! One cluster: its members as seen last, and what has changed.

use std::collections::BTreeMap;
use std::time::Duration;

use lugus_node::deployment_status::Member;

use super::agreement::{agreement, agreement_of};
use super::events::{About, EventLog, Level, Topic};
use super::health::{Condition, health};
use super::history::{History, Mark, MarkKind, Point};
use super::leadership::{Cause, Leader, LeaderChange, Leadership};
use super::moment::Moment;
use super::observation::{Counted, DiskOfMember, MemberHere, SnapshotMark};
use super::view::{Agreement, ClusterView, LimitsView, MemberView, RatesView};
use super::window::{Reading, Window};

/// A disk with a smaller free part is told of.
const FREE_PART: f64 = 0.1;
/// It is told of again after its free part was above this.
const FREE_PART_AGAIN: f64 = 0.12;

/// One cluster.
#[derive(Debug)]
pub(super) struct ClusterModel {
    id: i32,
    name: String,
    snapshot_interval: Duration,
    members: BTreeMap<i32, MemberModel>,
    leadership: Leadership,
    agreement: Agreement,
    log: Window<i64>,
    history: History,
    newest_snapshot: Option<SnapshotMark>,
    /// Whether disks have been seen, so that a snapshot that was not there then is a new one.
    has_seen_disks: bool,
}

/// One member.
#[derive(Debug, Default)]
struct MemberModel {
    seen: Option<Member>,
    here: Option<MemberHere>,
    window: Window<Reading>,
    disk: Option<DiskOfMember>,
    is_disk_low: bool,
}

impl ClusterModel {
    /// A cluster of which nothing has been seen.
    pub(super) fn new(id: i32, name: &str, snapshot_interval: Duration) -> Self {
        Self {
            id,
            name: name.to_owned(),
            snapshot_interval,
            members: BTreeMap::new(),
            leadership: Leadership::default(),
            agreement: Agreement::Unknown,
            log: Window::default(),
            history: History::default(),
            newest_snapshot: None,
            has_seen_disks: false,
        }
    }

    /// The cluster's number.
    pub(super) fn id(&self) -> i32 {
        self.id
    }

    /// Points and marks.
    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// Takes the cluster's members as they are now.
    pub(super) fn see(&mut self, now: Moment, members: Vec<Member>, here: Vec<MemberHere>, events: &mut EventLog) {
        for member in self.members.values_mut() {
            member.here = None;
        }
        for here in here {
            let member = self.members.entry(here.member).or_default();
            if let Some(reading) = reading(&here) {
                member.window.take(now.elapsed, reading);
            }
            member.here = Some(here);
        }
        for member in members {
            let known = self.members.entry(member.id).or_default();
            if let Some(before) = known.seen.replace(member.clone()) {
                tell_member(now, &self.name, &before, &member, events);
            }
            if !member.runs() {
                known.window.clear();
            }
        }
        self.see_leader(now, events);
        self.see_agreement(now, events);
        if let Some(position) = self.commit_position() {
            self.log.take(now.elapsed, position);
        }
    }

    fn see_leader(&mut self, now: Moment, events: &mut EventLog) {
        let is_dead = |id: i32| {
            let member = self.members.get(&id).and_then(|member| member.seen.as_ref());
            member.is_none_or(|member| !member.runs() || member.role == "starting")
        };
        let leader = self.leader().and_then(|member| Some(Leader { member: member.id, term: member.term? }));
        let Some(change) = self.leadership.see(now, leader, is_dead) else { return };
        let about = |member| About { topic: Topic::Leader, cluster: Some(&self.name), member: Some(member) };
        match change {
            LeaderChange::Lost { before } => self.tell_lost(now, before, events),
            LeaderChange::Regained { leader, after } => {
                let text = format!("member {} leads again in term {}, {}", leader.member, leader.term, later(after));
                events.add(now, Level::Info, about(leader.member), text);
            }
            LeaderChange::Elected { leader, before, after, cause, was_lost } => {
                // Between two looks nobody has led, which is an alarm whether or not a look fell into that time.
                if cause == Cause::FailOver && !was_lost {
                    self.tell_lost(now, before, events);
                }
                let (what, kind) = match cause {
                    Cause::FailOver => ("fail-over", MarkKind::FailOver),
                    Cause::Election => ("election", MarkKind::Election),
                };
                let text = format!(
                    "{what}: member {} leads in term {}, {} member {} was last seen to lead",
                    leader.member,
                    leader.term,
                    later(after),
                    before.member
                );
                events.add(now, Level::Warning, about(leader.member), text.clone());
                self.history.mark(Mark { at_ms: now.epoch_ms, kind, text });
            }
        }
    }

    fn tell_lost(&self, now: Moment, before: Leader, events: &mut EventLog) {
        let about = About { topic: Topic::Leader, cluster: Some(&self.name), member: Some(before.member) };
        let text = format!("nobody leads: member {} has led in term {}", before.member, before.term);
        events.add(now, Level::Alarm, about, text);
    }

    fn see_agreement(&mut self, now: Moment, events: &mut EventLog) {
        let found = agreement(self.seen());
        let about = About { topic: Topic::State, cluster: Some(&self.name), member: None };
        match (self.agreement, found) {
            (Agreement::Equal | Agreement::Unknown, Agreement::Differ) => {
                let text = "states of members differ at one log position: see `lugus status`";
                events.add(now, Level::Alarm, about, text);
            }
            (Agreement::Differ, Agreement::Equal) => events.add(now, Level::Info, about, "all states agree again"),
            _ => {}
        }
        self.agreement = found;
    }

    /// Takes disks and snapshots of members on this host.
    pub(super) fn see_disks(&mut self, now: Moment, disks: Vec<DiskOfMember>, events: &mut EventLog) {
        let had_seen_disks = self.has_seen_disks;
        self.has_seen_disks |= !disks.is_empty();
        for disk in disks {
            let member = self.members.entry(disk.member).or_default();
            if let Some(found) = disk.disk.filter(|found| found.size > 0) {
                let free = found.free as f64 / found.size as f64;
                if free < FREE_PART && !member.is_disk_low {
                    let about = About { topic: Topic::Disk, cluster: Some(&self.name), member: Some(disk.member) };
                    let text = format!("{:.1} % of the disk of member {} are free", free * 100.0, disk.member);
                    events.add(now, Level::Warning, about, text);
                }
                member.is_disk_low = free < if member.is_disk_low { FREE_PART_AGAIN } else { FREE_PART };
            }
            member.disk = Some(disk);
        }
        let snapshots = self.members.values().filter_map(|member| member.disk.as_ref()?.snapshot);
        let Some(newest) = snapshots.max_by_key(|snapshot| snapshot.position) else { return };
        if self.newest_snapshot.is_some_and(|known| known.position >= newest.position) {
            return;
        }
        self.newest_snapshot = Some(newest);
        if had_seen_disks {
            let about = About { topic: Topic::Snapshot, cluster: Some(&self.name), member: None };
            let text = format!("snapshot at log position {}", newest.position);
            events.add(now, Level::Info, about, text.clone());
            self.history.mark(Mark { at_ms: newest.at_ms, kind: MarkKind::Snapshot, text });
        }
    }

    /// Adds the point of this second to the curves.
    pub(super) fn add_point(&mut self, now: Moment) {
        let rates = self.rates();
        let lag = self.members.values().filter_map(|member| self.lag(member)).max();
        self.history.add(Point {
            at: now.epoch_ms.div_euclid(1_000),
            commands: rates.commands,
            log: rates.log,
            p50_us: rates.answer.map(|answer| answer.p50_us),
            p99_us: rates.answer.map(|answer| answer.p99_us),
            lag,
        });
    }

    /// The cluster as it is shown.
    pub(super) fn view(&self, now: Moment) -> ClusterView {
        let leader = self.leader();
        let condition = Condition {
            leader: leader.map(|leader| leader.id),
            leaderless_for: self.leadership.lost_since().map(|since| now.since(since)),
            agreement: self.agreement,
            greatest_lag: self.members.values().filter_map(|member| self.lag(member)).max(),
        };
        ClusterView {
            id: self.id,
            name: self.name.clone(),
            health: health(self.seen(), &condition),
            leader: leader.map(|leader| leader.id),
            term: self.seen().filter_map(|member| member.term).max(),
            commit_position: self.commit_position(),
            agreement: self.agreement,
            rates: self.rates(),
            limits: self.source().and_then(|(_, member)| limits(member.here.as_ref()?.counted.as_ref()?)),
            snapshot_interval_s: self.snapshot_interval.as_secs(),
            members: self.members.values().filter_map(|member| self.member_view(member)).collect(),
            marks: self.history.marks().cloned().collect(),
        }
    }

    fn member_view(&self, member: &MemberModel) -> Option<MemberView> {
        let seen = member.seen.as_ref()?;
        let (disk, counted) = (member.disk.as_ref(), member.here.as_ref().and_then(|here| here.counted.as_ref()));
        let space = disk.and_then(|disk| disk.disk);
        let snapshot = counted.and_then(|counted| counted.snapshot);
        Some(MemberView {
            id: seen.id,
            role: seen.role,
            has_joined: seen.has_joined,
            is_here: disk.is_some() || member.here.is_some(),
            term: seen.term,
            position: position(member),
            lag: self.lag(member),
            state_hash: seen.state_hash.clone(),
            state_hash_position: seen.state_hash_position,
            agreement: agreement_of(seen),
            sessions: seen.sessions,
            elections: seen.elections,
            refused_messages: seen.refused_messages,
            clock_us: seen.clock_difference_ns.map(|ns| ns / 1_000),
            clock_differs: seen.clock_differs,
            disk_used: disk.and_then(|disk| disk.used),
            disk_free: space.map(|space| space.free),
            disk_size: space.map(|space| space.size),
            snapshot: disk.and_then(|disk| disk.snapshot),
            snapshot_bytes: snapshot.map(|(bytes, _)| bytes),
            snapshot_us: snapshot.map(|(_, stood_still)| stood_still.as_micros() as u64),
            fenced: seen.fenced.clone(),
        })
    }

    fn rates(&self) -> RatesView {
        let log = self.log.rate(|position| *position);
        let Some((id, MemberModel { window, .. })) = self.source() else {
            return RatesView { log, ..RatesView::default() };
        };
        let is_leader = self.leader().is_some_and(|leader| leader.id == id);
        RatesView {
            member: Some(id),
            commands: window.rate(|reading| reading.commands),
            rejects: window.rate(|reading| reading.rejects),
            fills: window.rate(|reading| reading.fills),
            events: window.rate(|reading| reading.events),
            log,
            engine: window.percentiles(|reading| &reading.engine_time),
            answer: window.percentiles(|reading| &reading.answer_time).filter(|_| is_leader),
        }
    }

    /// The member on this host whose counters stand for the cluster: the leader, or else one that has joined. All apply the same
    /// commands.
    fn source(&self) -> Option<(i32, &MemberModel)> {
        let leader = self.leader().map(|leader| leader.id);
        let here = self.members.iter().filter(|(_, member)| member.here.is_some());
        let joined = here.filter(|(_, member)| member.seen.as_ref().is_some_and(|seen| seen.has_joined));
        joined.max_by_key(|(id, _)| (leader == Some(**id), -**id)).map(|(id, member)| (*id, member))
    }

    fn seen(&self) -> impl Iterator<Item = &Member> + Clone {
        self.members.values().filter_map(|member| member.seen.as_ref())
    }

    fn leader(&self) -> Option<&Member> {
        self.seen().filter(|member| member.role == "leader").max_by_key(|member| member.term)
    }

    fn commit_position(&self) -> Option<i64> {
        self.seen().filter(|member| member.runs()).filter_map(|member| member.commit_position).max()
    }

    fn lag(&self, member: &MemberModel) -> Option<i64> {
        member.seen.as_ref().filter(|seen| seen.runs())?;
        Some(self.commit_position()?.saturating_sub(position(member)?).max(0))
    }
}

/// The counters of a member that has counted something.
fn reading(here: &MemberHere) -> Option<Reading> {
    let counted = here.counted.as_ref()?;
    Some(Reading {
        commands: here.work.commands?,
        rejects: here.work.rejects?,
        fills: here.work.fills?,
        events: i64::try_from(counted.events).unwrap_or(i64::MAX),
        engine_time: counted.engine_time.counts,
        answer_time: counted.answer_time.counts,
    })
}

fn limits(counted: &Counted) -> Option<LimitsView> {
    let Counted { orders, instruments, participants, .. } = *counted;
    // Before the first look at the engine, all of them are 0.
    (orders.limit > 0).then_some(LimitsView { orders, instruments, participants })
}

fn position(member: &MemberModel) -> Option<i64> {
    let applied = member.here.as_ref().and_then(|here| here.work.applied_position);
    applied.or_else(|| member.seen.as_ref()?.commit_position)
}

fn later(after: Duration) -> String {
    format!("{:.2} s after", after.as_secs_f64())
}

fn tell_member(now: Moment, cluster: &str, before: &Member, after: &Member, events: &mut EventLog) {
    let about = About { topic: Topic::Member, cluster: Some(cluster), member: Some(after.id) };
    let id = after.id;
    let mut tell = |level, text: String| events.add(now, level, about, text);
    match (before.role, after.role) {
        (before, "fenced") if before != "fenced" => {
            let reason = after.fenced.as_deref().unwrap_or_default();
            tell(Level::Alarm, format!("member {id} has fenced itself: {reason}"));
        }
        (before, "down") if before != "down" => tell(Level::Warning, format!("member {id} does not run any more")),
        ("down" | "fenced", after) if !matches!(after, "down" | "fenced") => {
            tell(Level::Info, format!("member {id} has been started"));
        }
        _ => {}
    }
    if after.has_joined && !before.has_joined && after.role == "follower" {
        tell(Level::Info, format!("member {id} follows in term {}", after.term.unwrap_or_default()));
    }
    if after.clock_differs && !before.clock_differs {
        let seconds = after.clock_difference_ns.unwrap_or_default() as f64 / 1e9;
        tell(Level::Warning, format!("the log's time is {seconds:+.3} s off the clock of member {id}"));
    }
}

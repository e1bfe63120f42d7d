//! Sequences of faults that wait for what the cluster does: each is played many times.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lugus_node::archived_log::{ArchivedLog, MemberFiles};
use lugus_simulator::Random;

use crate::error::TortureError;
use crate::namespaces::Placement;
use crate::options::Options;
use crate::outcome::{Outcome, Played};
use crate::site::{self, MEMBERS, Site};
use crate::torture::{Event, Torture, with_cluster};

/// A sequence of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The question of Aeron's pull request 2147: does a leader count the position of a restarted member that is still of an older term? A
    /// leader dies with an uncommitted tail; the new leader loses its other follower, and goes on with the old leader, which has
    /// returned with its tail; then the new leader dies. What it has acknowledged must be in the log of the two others.
    QuorumPosition,
}

impl Scenario {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::QuorumPosition];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuorumPosition => "quorum-position",
        }
    }

    /// The scenario with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scenario| scenario.name() == name)
    }
}

/// Time after which followers miss the leader: the old leader must have returned before the new one, which is alone, gives up.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(6);

/// Longest wait for an election.
const ELECTS_WITHIN: Duration = Duration::from_secs(60);

/// Longest wait until the new leader commits together with the old one.
const COMMITS_WITHIN: Duration = Duration::from_secs(20);

/// Plays a scenario some times, and checks everything.
///
/// # Errors
/// As [`torture`](crate::torture()), and if it needs network namespaces that there are not.
pub fn play(
    scenario: Scenario,
    times: u64,
    options: &Options,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome, TortureError> {
    if options.placement == Placement::Loopback {
        return Err(TortureError::NeedsNamespaces { what: format!("the scenario {}", scenario.name()) });
    }
    let options = Options { heartbeat_timeout: HEARTBEAT_TIMEOUT, ..options.clone() };
    let seed = options.seed;
    with_cluster(site::deployment(&options), &options, stop, tell, |torture| {
        let mut random = Random::new(seed, 2);
        let mut played = Played { name: scenario.name(), times: 0, reached: BTreeMap::new() };
        while played.times < times && !torture.is_over() {
            torture.await_recovery()?;
            let reached = match scenario {
                Scenario::QuorumPosition => quorum_position(torture, &mut random)?,
            };
            played.times += 1;
            torture.remark(format!("{} of {times}: {}", played.times, reached.join(", ")));
            reached.into_iter().for_each(|what| *played.reached.entry(what).or_default() += 1);
        }
        Ok(Some(played))
    })
}

/// One play; returns what came about.
fn quorum_position(torture: &mut Torture<'_>, random: &mut Random) -> Result<Vec<&'static str>, TortureError> {
    let mut reached = Vec::new();
    let Some(old) = torture.members.leader() else { return Ok(vec!["no leader"]) };

    // The others don't hear the leader any more, which goes on to append what clients send, and is killed with it.
    set_deafness(torture, old, 1);
    torture.go_on_for(Duration::from_millis(random.between(30, 400)))?;
    torture.members.hold_down(old);
    torture.members.kill(old);
    set_deafness(torture, old, -1);
    let tail_end = log_end(torture, old);

    // One of the others leads, and the third one is killed.
    let elected = torture.go_on_until(ELECTS_WITHIN, |torture| {
        torture.members.leader().is_some_and(|leader| leader != old) && begins_to_lead(torture)
    })?;
    let Some(new) = torture.members.leader().filter(|_| elected) else {
        torture.members.release(old);
        return Ok(vec!["nobody was elected"]);
    };
    torture.go_on_for(Duration::from_millis(random.below(100)))?;
    let third = MEMBERS - old - new;
    torture.members.hold_down(third);
    torture.members.kill(third);
    let alone_at = commit_position(torture, new);
    if tail_end > alone_at {
        reached.push("the old leader's log was longer");
    }

    // The old leader returns. As soon as the new one commits again, with it alone, it is killed.
    torture.members.release(old);
    let answered = torture.answers.answered();
    let committed = torture.go_on_until(COMMITS_WITHIN, |torture| commit_position(torture, new) > alone_at)?;
    if committed {
        reached.push("the new leader committed with the old one");
        torture.go_on_for(Duration::from_millis(random.below(60)))?;
    }
    if torture.answers.answered() > answered {
        reached.push("it acknowledged commands");
    }
    torture.members.hold_down(new);
    torture.members.kill(new);

    // The old leader and the third member go on without the new leader, and only then it returns.
    torture.members.release(third);
    let elected = torture.go_on_until(ELECTS_WITHIN, |torture| {
        torture.members.leader().is_some_and(|leader| leader != new) && begins_to_lead(torture)
    })?;
    if elected {
        reached.push("the others went on without it");
    }
    torture.go_on_for(Duration::from_millis(random.between(100, 1_000)))?;
    torture.members.release(new);
    Ok(reached)
}

/// Whether the leader has ended its election.
fn begins_to_lead(torture: &Torture<'_>) -> bool {
    let leads = |member: &lugus_node::deployment_status::Member| member.role == "leader" && member.has_started();
    torture.members.status().is_some_and(|status| status.members.iter().any(leads))
}

/// Parts the other members from one member, or lets them hear one another again; clients hear all.
fn set_deafness(torture: &Torture<'_>, member: usize, change: i32) {
    let Some(switch) = &torture.site.switch else { return };
    let is_it = |from: usize, to: usize| (from == member || to == member) && from.max(to) != Site::clients();
    switch.change(|links| links.change(is_it, |link| link.blocked = link.blocked.saturating_add_signed(change)));
}

/// Where the log of a member that is down ends, with what was never committed.
fn log_end(torture: &Torture<'_>, member: usize) -> i64 {
    let files = MemberFiles::of(&torture.site.cluster, torture.site.member(member));
    ArchivedLog::open(files).map_or(0, |log| log.end_position())
}

/// What a member says is committed; 0 if it says nothing.
fn commit_position(torture: &Torture<'_>, member: usize) -> i64 {
    let status = torture.members.status();
    status.and_then(|status| status.members.get(member)?.commit_position).unwrap_or(0)
}

//! Compares a member's states with those of the others. No I/O: states and reports in, what differs out.
//!
//! A hash is of all that a log did to the state up to its position. Members that applied the same log have the same hash at
//! the same position; after a difference they never have the same again.

use std::collections::BTreeMap;
use std::time::Duration;

use lugus_codecs::member_status::MAXIMUM_STATES;
use lugus_vocabulary::{
    EpochNanos, HeardMember, LogPosition, MemberId, MemberReport, SNAPSHOT_VERSION, StateAt, StateHash,
};

/// Number of states that are kept of each member, those with the highest positions: 16 MiB of a busy log, four minutes of a quiet
/// one.
pub const KEPT_STATES: usize = 256;

/// Number of the newest states that are in each report; the others are told in turn.
const NEWEST_STATES: usize = MAXIMUM_STATES / 2;

/// How long a contradicted member that has not agreed with a majority before waits for the others' earlier states, which tell
/// from where on it differs: all of them are told within this time.
pub const EARLIER_STATES_TIMEOUT: Duration = Duration::from_secs(1);

/// A member whose state differs from this member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DifferingMember {
    /// The other member.
    pub member: MemberId,
    /// The lowest log position known at which both have a hash, and not the same.
    pub position: LogPosition,
    /// The highest position known below it at which both had the same hash.
    pub last_agreed: Option<LogPosition>,
}

/// A majority of the members has another state than this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// The lowest log position known at which they differ.
    pub position: LogPosition,
    /// Hash of this member's state there.
    pub own: StateHash,
    /// Hash of the majority's state there.
    pub majority: StateHash,
    /// The highest log position known below it at which this member agreed with a majority; `None` if there is none since the
    /// member's start.
    pub last_agreed: Option<LogPosition>,
}

/// Compares this member's states with those that the other members tell.
#[derive(Debug)]
pub struct StateComparison {
    member: MemberId,
    /// Start of this member's process, which reports of the others must name to count.
    started: EpochNanos,
    /// Number of members that are a majority of the cluster, running or not.
    majority: usize,
    own: States,
    others: Vec<Other>,
    /// The highest position at which this member and others, a majority together, had the same hash.
    agreed: Option<LogPosition>,
    /// Whether a majority has contradicted this member.
    is_contradicted: bool,
    /// Since when a contradiction is known.
    contradicted_at: Option<Duration>,
    /// Number of states, from the newest on, that the next report passes over: those told in turn come after them.
    told: usize,
}

/// What is known of another member.
#[derive(Debug)]
struct Other {
    member: MemberId,
    /// Start of the process that was heard.
    started: Option<EpochNanos>,
    states: States,
    /// The highest position known at which it has this member's hash.
    agrees_at: Option<LogPosition>,
    /// The lowest position known at which it has not.
    differs_at: Option<LogPosition>,
}

/// The states of a member with the highest positions.
#[derive(Debug, Default)]
struct States(BTreeMap<LogPosition, StateHash>);

impl StateComparison {
    /// A comparison of `member`, whose process has `started`, with the other of all `members` of its cluster.
    pub fn new(member: MemberId, started: EpochNanos, members: &[MemberId]) -> Self {
        let others = members.iter().filter(|other| **other != member);
        Self {
            member,
            started,
            majority: members.len() / 2 + 1,
            own: States::default(),
            others: others.map(|other| Other::new(*other)).collect(),
            agreed: None,
            is_contradicted: false,
            contradicted_at: None,
            told: NEWEST_STATES,
        }
    }

    /// Takes a state of this member.
    pub fn own(&mut self, state: StateAt) {
        if self.own.insert(state) {
            self.compare(state);
        }
    }

    /// Takes what a member told. A report of an engine whose hashes are others, or of a member that is none of the cluster's, tells
    /// nothing here; nor does one whose sender had not heard of this member's start, as somebody may have kept it and sent it again.
    pub fn heard(&mut self, report: &MemberReport) {
        let Some(index) = self.others.iter().position(|other| other.member == report.member) else { return };
        let other = &mut self.others[index];
        if other.started.is_some_and(|started| report.started < started) {
            return;
        }
        if other.started != Some(report.started) {
            // What an earlier process told may have been repaired since.
            *other = Other { started: Some(report.started), ..Other::new(report.member) };
        }
        let heard = report.heard.iter().find(|heard| heard.member == self.member).map(|heard| heard.started);
        if let Some(later) = heard.filter(|heard| *heard > self.started) {
            // The clock went back between two starts of this member: the others pass over what it tells until its start is later.
            self.started = EpochNanos(later.0.saturating_add(1));
        }
        if heard != Some(self.started) || report.engine_version != SNAPSHOT_VERSION {
            return;
        }
        for state in &report.states {
            if self.others[index].states.insert(*state)
                && let Some(own) = self.own.at(state.position)
            {
                self.compare(StateAt { position: state.position, hash: own });
            }
        }
    }

    /// Start of this member's process, for the next report.
    pub fn started(&self) -> EpochNanos {
        self.started
    }

    /// The other members that were heard, for the next report.
    pub fn heard_members(&self) -> Vec<HeardMember> {
        let heard = |other: &Other| Some(HeardMember { member: other.member, started: other.started? });
        self.others.iter().filter_map(heard).collect()
    }

    /// The other members whose states differ from this member's.
    pub fn differing(&self) -> impl Iterator<Item = DifferingMember> {
        self.others.iter().filter_map(|other| {
            let position = other.differs_at?;
            let last_agreed = other.agrees_at.filter(|agreed| *agreed < position);
            Some(DifferingMember { member: other.member, position, last_agreed })
        })
    }

    /// What a majority contradicts, if it does. A member that knows no position at which it agreed with a majority waits a moment
    /// for the others' earlier states, so that it can say from where on it differs.
    ///
    /// `now`: of a clock that does not go back.
    pub fn contradiction(&mut self, now: Duration) -> Option<Contradiction> {
        if !self.is_contradicted {
            return None;
        }
        let since = *self.contradicted_at.get_or_insert(now);
        let first = self.first_contradiction()?;
        let has_waited = now.saturating_sub(since) >= EARLIER_STATES_TIMEOUT;
        (first.last_agreed.is_some() || has_waited).then_some(first)
    }

    /// The states for the next report, at most [`MAXIMUM_STATES`]: the newest, and of the others those whose turn it is.
    pub fn states_to_tell(&mut self) -> Vec<StateAt> {
        let newest = self.own.descending().take(NEWEST_STATES);
        let in_turn = self.own.descending().skip(self.told).take(MAXIMUM_STATES - NEWEST_STATES);
        let states: Vec<StateAt> = newest.chain(in_turn).collect();
        self.told += MAXIMUM_STATES - NEWEST_STATES;
        if self.told >= self.own.0.len() {
            self.told = NEWEST_STATES;
        }
        states
    }

    /// Compares this member's state at a position with what all others have told of it.
    fn compare(&mut self, own: StateAt) {
        let mut equal = 1;
        for other in &mut self.others {
            match other.states.at(own.position) {
                Some(hash) if hash == own.hash => {
                    equal += 1;
                    other.agrees_at = other.agrees_at.max(Some(own.position));
                }
                Some(_) => {
                    let lowest = other.differs_at.unwrap_or(own.position).min(own.position);
                    other.differs_at = Some(lowest);
                }
                None => {}
            }
        }
        if equal >= self.majority {
            self.agreed = self.agreed.max(Some(own.position));
        }
        self.is_contradicted |= self.majority_against(own).is_some();
    }

    /// The hash that a majority of the members has in place of this member's, if one has.
    fn majority_against(&self, own: StateAt) -> Option<StateHash> {
        let told = || self.others.iter().filter_map(|other| other.states.at(own.position));
        let mut others = told().filter(|hash| *hash != own.hash);
        others.find(|hash| told().filter(|other| other == hash).count() >= self.majority)
    }

    fn first_contradiction(&self) -> Option<Contradiction> {
        self.own.ascending().find_map(|own| {
            let majority = self.majority_against(own)?;
            let last_agreed = self.agreed.filter(|agreed| *agreed < own.position);
            Some(Contradiction { position: own.position, own: own.hash, majority, last_agreed })
        })
    }
}

impl Other {
    fn new(member: MemberId) -> Self {
        Self { member, started: None, states: States::default(), agrees_at: None, differs_at: None }
    }
}

impl States {
    /// Takes a state; returns whether it was not known.
    fn insert(&mut self, state: StateAt) -> bool {
        if self.0.contains_key(&state.position) {
            return false;
        }
        self.0.insert(state.position, state.hash);
        if self.0.len() > KEPT_STATES {
            self.0.pop_first();
        }
        true
    }

    fn at(&self, position: LogPosition) -> Option<StateHash> {
        self.0.get(&position).copied()
    }

    fn ascending(&self) -> impl DoubleEndedIterator<Item = StateAt> {
        self.0.iter().map(|(position, hash)| StateAt { position: *position, hash: *hash })
    }

    fn descending(&self) -> impl Iterator<Item = StateAt> {
        self.ascending().rev()
    }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;

//! A member of a group: the real container with the real service, and the parts of its consensus module and archive that
//! concern it.

use std::collections::VecDeque;

use aeron_cluster_service::testing::{
    ConsensusRequest, EgressMessage, JoinedLog, RecordedState, SimulatedContainer, SimulatedLog, SimulatedSettings,
};
use aeron_cluster_service::{LogPlace, Progress, Role};
use lugus_engine::EngineLimits;
use lugus_node::service::{DropCopyPolicy, MatchingService};

use crate::faults::{Fault, Faults};
use crate::log_entry::{Entry, LogEntry};
use crate::network::Time;
use crate::random::Random;
use crate::sabotage::{Sabotage, Service};
use crate::timers::Timers;

/// Version of the application.
pub(crate) const APP_VERSION: i32 = 1 << 16;

/// A recorded snapshot of service and consensus module.
struct Snapshot {
    state: RecordedState,
    timers: Timers,
}

/// What a member has done in a step, for its group.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) egress: Vec<EgressMessage>,
    /// Sessions that the service wants closed.
    pub(crate) closes: Vec<i64>,
    /// A snapshot that was recorded: position and messages.
    pub(crate) snapshots: Vec<(i64, Vec<Vec<u8>>)>,
}

/// How members of a group are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemberSettings {
    pub(crate) limits: EngineLimits,
    pub(crate) drop_copies: DropCopyPolicy,
    pub(crate) sabotage: Option<Sabotage>,
}

/// A member: see the module.
pub(crate) struct Member {
    id: usize,
    settings: MemberSettings,
    log: SimulatedLog,
    container: Option<SimulatedContainer<Service>>,
    random: Random,
    /// Position up to which its archive has the log.
    pub(crate) appended: i64,
    /// The same, as its leader knows it.
    pub(crate) reported: i64,
    /// Position up to which it knows the log to be committed.
    pub(crate) known: i64,
    /// Term that it has joined since its start; -1 before.
    pub(crate) term: i64,
    /// When it starts again, while it is down.
    pub(crate) starts_at: Time,
    pub(crate) stalled_until: Time,
    pub(crate) isolated_until: Time,
    timers: Timers,
    /// Position up to which its consensus module has read the log.
    cursor: i64,
    /// Position at which its consensus module waits for the service's snapshot.
    awaits_snapshot: Option<i64>,
    /// Acks that are to come, by their positions.
    expected: VecDeque<i64>,
    /// Logs that the service is told to join when it has acked.
    joins: VecDeque<JoinedLog>,
    snapshots: Vec<Snapshot>,
    /// Position at which the service started.
    started_at: i64,
    /// Whether the service has been told to join a log since it started.
    has_joined: bool,
    is_first_term: bool,
    pub(crate) restarts: u32,
}

impl Member {
    pub(crate) fn new(id: usize, log: SimulatedLog, settings: MemberSettings, random: Random) -> Self {
        Self {
            id,
            settings,
            log,
            container: None,
            random,
            appended: 0,
            reported: 0,
            known: 0,
            term: -1,
            starts_at: 0,
            stalled_until: 0,
            isolated_until: 0,
            timers: Timers::default(),
            cursor: 0,
            awaits_snapshot: None,
            expected: VecDeque::new(),
            joins: VecDeque::new(),
            snapshots: Vec::new(),
            started_at: 0,
            has_joined: false,
            is_first_term: true,
            restarts: 0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.container.is_some()
    }

    /// Whether it takes part in its group.
    pub(crate) fn is_reachable(&self, now: Time) -> bool {
        self.is_up() && now >= self.isolated_until
    }

    /// Whether its service leads, and has consumed all that was before.
    pub(crate) fn leads(&self) -> bool {
        let leads = |container: &SimulatedContainer<Service>| container.role() == Role::Leader;
        self.joins.is_empty() && self.expected.is_empty() && self.container.as_ref().is_some_and(leads)
    }

    /// Whether the service has nothing left to do.
    pub(crate) fn is_quiet(&self, end: i64) -> bool {
        self.container.as_ref().is_some_and(|container| container.place().position >= end)
            && self.expected.is_empty()
            && self.joins.is_empty()
    }

    /// What keeps it from being at rest, for people.
    pub(crate) fn state(&self, end: i64) -> String {
        let position = self.container.as_ref().map(|container| container.place().position);
        let (acks, joins) = (self.expected.len(), self.joins.len());
        format!("{position:?} of {} of {end}, {acks} acks and {joins} joins to come, {:?}", self.appended, self.timers)
    }

    /// Where the service stands, and the service.
    pub(crate) fn service(&self) -> Option<(LogPlace, &MatchingService)> {
        self.container.as_ref().map(|container| (container.place(), container.service().inner()))
    }

    /// The member dies. Its archive stays.
    pub(crate) fn kill(&mut self, starts_at: Time) {
        self.container = None;
        self.starts_at = starts_at;
        self.expected.clear();
        self.joins.clear();
        self.awaits_snapshot = None;
        self.term = -1;
        self.stalled_until = 0;
    }

    /// The member starts, from one of its snapshots.
    pub(crate) fn start(&mut self, faults: &mut Faults) {
        let count = self.snapshots.len();
        let chosen = if faults.happens(Fault::OldSnapshot) {
            faults.below(Fault::OldSnapshot, count as u64 + 1) as usize
        } else {
            count
        };
        let snapshot = chosen.checked_sub(1).and_then(|at| self.snapshots.get(at));
        let MemberSettings { limits, drop_copies, sabotage } = self.settings;
        let service = Service::new(MatchingService::new(limits, drop_copies), sabotage);
        let settings = SimulatedSettings {
            app_version: APP_VERSION,
            log_fragment_limit: self.random.one_of(&[5, 10, 50]),
            egress_stall_limit_ns: 100_000_000,
        };
        let state = snapshot.map(|snapshot| &snapshot.state);
        self.container = Some(SimulatedContainer::new(service, self.id as i32, self.log.clone(), state, settings));
        self.started_at = state.map_or(0, |state| state.place.position);
        self.timers = snapshot.map(|snapshot| snapshot.timers.clone()).unwrap_or_default();
        self.cursor = self.started_at;
        self.known = self.started_at;
        self.expected = VecDeque::from([self.started_at]);
        self.has_joined = false;
        self.restarts += 1;
    }

    /// The member joins a term, whose leader has told it what is committed.
    pub(crate) fn join(&mut self, term: i64, committed: i64, role: Role) {
        let position = self.appended.min(committed);
        let is_startup = !self.has_joined;
        self.is_first_term = is_startup;
        self.joins.clear();
        self.timers.stop_leading(self.known);
        self.cursor = self.cursor.min(self.known);
        if let Some(position) = self.awaits_snapshot.take() {
            // It reads the request again, if that is still there.
            self.cursor = self.cursor.min(position - 1);
        }
        if is_startup && self.started_at < position {
            let replay = JoinedLog {
                log_position: self.started_at,
                maximum_position: position,
                role: Role::Follower,
                is_startup,
            };
            self.joins.push_back(replay);
        }
        self.joins.push_back(JoinedLog { log_position: position, maximum_position: i64::MAX, role, is_startup });
        self.known = self.known.max(position);
        self.reported = self.appended;
        self.term = term;
    }

    /// Whether its consensus module, which leads, fires no timer before this cluster time. Others may have timers that were canceled
    /// after they had fired without effect.
    pub(crate) fn has_quiet_timers(&self, time: i64) -> bool {
        self.timers.are_quiet_before(time)
    }

    /// The next timer that is due, if its consensus module leads.
    pub(crate) fn due_timer(&self, now: i64) -> Option<(i64, i64)> {
        self.timers.due(now)
    }

    /// It leads and has fired a timer.
    pub(crate) fn fired(&mut self, position: i64, timer: (i64, i64)) {
        self.timers.fired(position, timer);
    }

    /// It leads: it has written all of the log itself, and knows what is committed.
    pub(crate) fn wrote(&mut self, end: i64) {
        (self.appended, self.reported, self.cursor) = (end, end, end);
    }

    /// Whether it has not led or followed before the present term, since it started.
    pub(crate) fn is_first_term(&self) -> bool {
        self.is_first_term
    }

    /// Whether its consensus module has recorded a snapshot at this position.
    pub(crate) fn took_snapshot_at(&self, position: i64) -> bool {
        self.snapshots.iter().any(|snapshot| snapshot.state.place.position == position)
    }

    /// As leader it asks its service for a snapshot.
    pub(crate) fn await_snapshot(&mut self, position: i64) {
        self.awaits_snapshot = Some(position);
    }

    /// Its consensus module reads the log as far as that is committed.
    fn read_log(&mut self, entries: &[LogEntry]) {
        if self.awaits_snapshot.is_some() {
            return;
        }
        let from = entries.partition_point(|entry| entry.end <= self.cursor);
        for entry in entries[from..].iter().take_while(|entry| entry.end <= self.known) {
            self.cursor = entry.end;
            match entry.entry {
                Entry::Timer { correlation_id } => self.timers.seen_to_fire(correlation_id),
                Entry::Snapshot => {
                    self.awaits_snapshot = Some(entry.end);
                    return;
                }
                _ => {}
            }
        }
    }

    /// Runs consensus module and service.
    ///
    /// # Errors
    /// What no member may do.
    pub(crate) fn work(&mut self, now: Time, entries: &[LogEntry], faults: &mut Faults) -> Result<Work, String> {
        let mut work = Work::default();
        if !self.is_up() || now < self.stalled_until {
            return Ok(work);
        }
        let is_leader_early = self.settings.sabotage == Some(Sabotage::AnswersBeforeCommit) && self.leads();
        self.timers.committed(self.known);
        self.read_log(entries);
        let Some(container) = &mut self.container else { return Ok(work) };
        // Until the service has joined a log, nothing is committed to it behind the log before.
        let joins = self.joins.front().map(|log| log.log_position);
        let bound = self.expected.front().copied().or(joins).unwrap_or(i64::MAX);
        container.commit(if is_leader_early { self.appended } else { self.known.min(bound) });
        if self.expected.is_empty()
            && let Some(log) = self.joins.pop_front()
        {
            container.join(log);
            self.has_joined = true;
            self.expected.push_back(log.log_position);
        }
        if faults.happens(Fault::RefusedRequest) {
            container.refuse(1 + faults.below(Fault::RefusedRequest, 4) as usize);
        }
        if faults.happens(Fault::HeldUpEgress) {
            container.hold_up_egress(1 + faults.below(Fault::HeldUpEgress, 5) as usize);
        }
        for _ in 0..1 + self.random.below(3) {
            let Some(container) = &mut self.container else { break };
            let before = container.place().position;
            let progress = container.do_work(now as i64).map_err(|error| format!("member {}: {error}", self.id))?;
            if let Progress::Ended(termination) = progress {
                return Err(format!("member {} has ended: {termination:?}", self.id));
            }
            let (requests, after) = (container.take_requests(), container.place().position);
            if let Some(error) = container.errors().first() {
                return Err(format!("member {} has an error: {error}", self.id));
            }
            for request in requests {
                self.on_request(request, &mut work)?;
                self.read_log(entries);
            }
            if after == before {
                break;
            }
        }
        if let Some(container) = &mut self.container {
            work.egress = container.take_egress();
        }
        Ok(work)
    }

    fn on_request(&mut self, request: ConsensusRequest, work: &mut Work) -> Result<(), String> {
        match request {
            ConsensusRequest::ScheduleTimer { correlation_id, deadline } => {
                if self.settings.sabotage != Some(Sabotage::ForgetsTimers) || self.restarts < 2 {
                    self.timers.schedule(correlation_id, deadline);
                }
            }
            ConsensusRequest::CancelTimer { correlation_id } => self.timers.cancel(correlation_id),
            ConsensusRequest::CloseSession { cluster_session_id } => work.closes.push(cluster_session_id),
            ConsensusRequest::Ack { log_position, timestamp, relevant_id } => {
                return self.on_ack(log_position, timestamp, relevant_id, work);
            }
            ConsensusRequest::Other(message) => return Err(format!("member {} sends {message:?}", self.id)),
        }
        Ok(())
    }

    fn on_ack(&mut self, position: i64, timestamp: i64, relevant_id: i64, work: &mut Work) -> Result<(), String> {
        let container = self.container.as_mut();
        if self.awaits_snapshot == Some(position)
            && let Some(container) = container
            && let Some(messages) = container.take_snapshot(relevant_id)
        {
            self.awaits_snapshot = None;
            work.snapshots.push((position, messages.clone()));
            let leadership_term_id = container.place().leadership_term_id;
            let place = LogPlace { position, leadership_term_id, timestamp };
            self.snapshots.retain(|snapshot| snapshot.state.place.position != position);
            self.snapshots.push(Snapshot { state: RecordedState { place, messages }, timers: self.timers.clone() });
            self.snapshots.sort_by_key(|snapshot| snapshot.state.place.position);
            return Ok(());
        }
        match self.expected.pop_front() {
            Some(expected) if expected == position => Ok(()),
            expected => Err(format!("member {} acks {position} instead of {expected:?}", self.id)),
        }
    }
}

//! What really happened, as the clusters' committed logs tell: read from the files of members that run, piece by piece, as
//! `lugus replay log` does, with the node's own service. Members' states are held against it, and at the end what clients were told.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use lugus_node::archived_log::{ArchivedLog, LogRun, MemberFiles, Paused, SavedState, Start, StartFrom, Until};
use lugus_node::deployment_status::Member;
use lugus_node::listener::{Change, ServiceListener};
use lugus_topology::{ClusterSpec, MemberSpec};
use lugus_vocabulary::{Command, EpochNanos, InstrumentId, LogPosition, ParticipantId, Report};

use crate::fingerprint::fingerprint;
use crate::numbered::Numbered;

/// Frames that are applied between two looks at the time.
const FRAMES: u64 = 100_000;

/// Longest wait for a running member's archive to have written what its service has applied.
const PATIENCE: Duration = Duration::from_secs(10);

/// A participant's commands and events in an instrument.
pub(crate) type ScopeKey = (ParticipantId, InstrumentId);

/// What was done for a participant in an instrument.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Fingerprints of the applied commands, by their number on the wire.
    pub(crate) applied: Numbered,
    /// Fingerprints of the events, by number.
    pub(crate) events: Numbered,
}

/// What the committed logs say. Scopes go with their instruments from cluster to cluster.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) scopes: BTreeMap<ScopeKey, Scope>,
    /// Scope and number of each applied command, in the order of the log of each cluster.
    pub(crate) order: Vec<Vec<(ScopeKey, u64)>>,
    /// The first things that can't be: numbers that are used twice.
    pub(crate) impossible: Vec<String>,
    /// Index of the cluster whose log is read.
    cluster: usize,
    command: Option<Command>,
    is_applied: bool,
}

impl Told {
    fn expect(&mut self, is_so: bool, what: &str, key: ScopeKey, number: u64) {
        if !is_so && self.impossible.len() < 10 {
            self.impossible.push(format!("the logs have {what} {number} of {key:?} twice"));
        }
    }
}

impl ServiceListener for Told {
    fn change(&mut self, _: LogPosition, _: EpochNanos, change: Change<'_>) {
        self.is_applied = false;
        self.command = match change {
            Change::Command(command) => Some(*command),
            Change::Migration(_) | Change::Timer | Change::Connection(_) => None,
        };
    }

    fn report(&mut self, report: &Report) {
        let key = (report.participant, report.instrument);
        if report.instrument == InstrumentId::NONE {
            // A participant's own scope is another one in each cluster; clients send nothing in it.
            return;
        }
        let is_answer = |command: &Command| {
            (command.participant, command.instrument, command.client_sequence) == (key.0, key.1, report.client_sequence)
        };
        if !self.is_applied
            && let Some(command) = self.command.filter(is_answer)
        {
            self.is_applied = true;
            let number = command.client_sequence.0;
            let is_new = self.scopes.entry(key).or_default().applied.put(number, fingerprint(&command.action));
            self.expect(is_new, "command", key, number);
            if self.order.len() <= self.cluster {
                self.order.resize(self.cluster + 1, Vec::new());
            }
            self.order[self.cluster].push((key, number));
        }
        let number = report.event_sequence.0;
        let is_new = self.scopes.entry(key).or_default().events.put(number, fingerprint(report));
        self.expect(is_new, "event", key, number);
    }
}

/// The reader of the committed logs.
#[derive(Debug)]
pub(crate) struct Truth {
    told: Rc<RefCell<Told>>,
    readers: Vec<Reader>,
    /// Number of states that were compared.
    pub(crate) compared: u64,
    /// States and snapshots that differ.
    pub(crate) differences: Vec<String>,
}

/// How far the log of a cluster was read.
#[derive(Debug)]
struct Reader {
    cluster: ClusterSpec,
    state: Option<SavedState>,
    position: i64,
    /// Hash of the state at that position.
    hash: String,
    /// Live orders there.
    orders: usize,
}

impl Truth {
    pub(crate) fn new(clusters: &[ClusterSpec]) -> Self {
        let reader = |cluster: &ClusterSpec| Reader {
            cluster: cluster.clone(),
            state: None,
            position: 0,
            hash: String::new(),
            orders: 0,
        };
        let readers = clusters.iter().map(reader).collect();
        Self { told: Rc::default(), readers, compared: 0, differences: Vec::new() }
    }

    /// Log position up to which the log of the first cluster was read.
    pub(crate) fn position(&self) -> i64 {
        self.readers.first().map_or(0, |reader| reader.position)
    }

    /// Live orders of all clusters at the end of what was read.
    pub(crate) fn orders(&self) -> usize {
        self.readers.iter().map(|reader| reader.orders).sum()
    }

    /// Whether all members publish their state at the end of what was read.
    pub(crate) fn is_end_of(&self, members: &[Member]) -> bool {
        members.iter().all(|member| {
            let reader = self.readers.iter().find(|reader| reader.cluster.id.0 == member.cluster);
            reader.is_some_and(|reader| member.state_hash_position == Some(reader.position))
        })
    }

    /// What the logs say up to there.
    pub(crate) fn told(&self) -> std::cell::Ref<'_, Told> {
        self.told.borrow()
    }

    /// Reads on up to the states that members publish, each in its own log, and compares them. Returns why a log could not be read: that of
    /// a member that has just been killed may be shorter than what it had applied.
    pub(crate) fn compare(&mut self, members: &[Member]) -> Vec<String> {
        let published = |member: &Member| Some((member.state_hash_position?, member.id, member.state_hash.clone()?));
        let (mut unread, mut differences) = (Vec::new(), Vec::new());
        for (at, reader) in self.readers.iter_mut().enumerate() {
            let of_cluster = members.iter().filter(|member| member.cluster == reader.cluster.id.0);
            let mut states: Vec<(i64, i32, String)> =
                of_cluster.filter(|member| member.has_started()).filter_map(published).collect();
            states.sort();
            self.told.borrow_mut().cluster = at;
            for (position, id, hash) in states {
                let name = format!("member {id} of {}", reader.cluster.name);
                let own = match position.cmp(&reader.position) {
                    // The state of an earlier position is not kept: the members compare those among themselves.
                    Ordering::Less => continue,
                    // Nothing was read yet: a cluster without a command has the state of a new engine.
                    Ordering::Equal if reader.hash.is_empty() => continue,
                    Ordering::Equal => Ok(reader.hash.clone()),
                    Ordering::Greater => reader.read(id, position, &self.told, &mut differences),
                };
                match own {
                    Ok(own) if own == hash => self.compared += 1,
                    Ok(own) => differences.push(format!(
                        "at position {position} {name} has the state {hash}, but the log leads to {own}"
                    )),
                    Err(reason) => unread.push(format!("the log of {name} can't be read to {position}: {reason}")),
                }
            }
        }
        differences.into_iter().for_each(|difference| self.differ(difference));
        unread
    }

    /// Notes a difference, once.
    pub(crate) fn differ(&mut self, what: String) {
        if !self.differences.contains(&what) {
            self.differences.push(what);
        }
    }
}

impl Reader {
    /// Reads the log of a member up to a position; returns the state's hash there.
    fn read(
        &mut self,
        id: i32,
        position: i64,
        told: &Rc<RefCell<Told>>,
        differences: &mut Vec<String>,
    ) -> Result<String, String> {
        let member = self.cluster.members.iter().find(|member| member.id.0 == id).cloned();
        let member = member.ok_or_else(|| String::from("there is no such member"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_read(&member, position, told, differences) {
                // Of a member that runs, what can't be read may be readable a moment later.
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(100)),
                read => return read,
            }
        }
    }

    fn try_read(
        &mut self,
        member: &MemberSpec,
        position: i64,
        told: &Rc<RefCell<Told>>,
        differences: &mut Vec<String>,
    ) -> Result<String, String> {
        let log = ArchivedLog::open(MemberFiles::of(&self.cluster, member)).map_err(|error| error.to_string())?;
        let from = self.state.clone().map_or(StartFrom::Oldest, StartFrom::Saved);
        let cluster = self.cluster.clone();
        let mut run = LogRun::start(&cluster, &log, &from).map_err(|error| error.to_string())?;
        if let Start::Snapshot { position } = run.started() {
            return Err(format!("the log before position {position} was purged before it was read"));
        }
        run.listen(Rc::clone(told));
        // What was read is kept, also if it is not all.
        let mut advanced = run.advance(Until::position(position), FRAMES);
        while matches!(advanced, Ok(Paused::Between)) {
            advanced = run.advance(Until::position(position), FRAMES);
        }
        self.position = run.position();
        self.state = Some(run.save().map_err(|error| error.to_string())?);
        self.orders = run.engine().usage().orders;
        self.hash = format!("{:016x}", run.engine().state_hash().0);
        let of_member = format!("log of member {} of {}", member.id, cluster.name);
        let told_of = run.differences().iter().map(|it| format!("{of_member}, position {}: {}", it.position, it.what));
        differences.extend(told_of);
        match advanced {
            Ok(Paused::AtPosition) if run.position() == position => Ok(self.hash.clone()),
            Ok(paused) => Err(format!("it ends at {} ({paused:?})", run.position())),
            Err(stopped) => Err(stopped.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{
        Action, ClientOrderId, ClientSequence, EventSequence, OrderStatus, RejectReason, ReportBody,
    };

    use super::*;

    fn command(number: u64) -> Command {
        Command {
            participant: ParticipantId(3),
            instrument: InstrumentId(1),
            client_sequence: ClientSequence(number),
            action: Action::Cancel { orig_client_order_id: ClientOrderId(number) },
        }
    }

    fn report(event: u64, command: u64) -> Report {
        Report {
            participant: ParticipantId(3),
            instrument: InstrumentId(1),
            event_sequence: EventSequence(event),
            client_sequence: ClientSequence(command),
            time: EpochNanos(event as i64),
            body: ReportBody::CancelReject {
                orig_client_order_id: ClientOrderId(command),
                client_order_id: ClientOrderId(0),
                reason: RejectReason::UnknownOrder,
                order_status: Some(OrderStatus::Rejected),
            },
        }
    }

    #[test]
    fn a_command_is_applied_if_it_has_a_report_and_repeats_are_not() {
        let mut told = Told::default();
        let hear = |told: &mut Told, number: u64, event: Option<u64>| {
            told.change(LogPosition(0), EpochNanos(0), Change::Command(&command(number)));
            if let Some(event) = event {
                told.report(&report(event, number));
            }
        };
        hear(&mut told, 1, Some(1));
        // A repeat: its answer is a reply, and no report.
        hear(&mut told, 1, None);
        hear(&mut told, 2, Some(2));
        let scope = &told.scopes[&(ParticipantId(3), InstrumentId(1))];
        assert_eq!((scope.applied.len(), scope.events.len(), told.order[0].len()), (2, 2, 2));
        assert!(told.impossible.is_empty());
        hear(&mut told, 2, Some(3));
        assert_eq!(told.impossible.len(), 1, "number 2 twice");
    }
}

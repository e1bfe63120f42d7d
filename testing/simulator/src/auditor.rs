//! Reads what a group has committed, as `lugus audit` reads an archived log: the container's own replay with the node's own
//! service, whose every change is compared with the oracle. Its state hash at each position is what the members' are held
//! against.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::rc::Rc;

use aeron_cluster_service::{Applied as Replayed, LogReplay};
use lugus_engine::{Deadline, EngineLimits, Restore};
use lugus_node::listener::{Change, ServiceListener};
use lugus_node::service::{DropCopyPolicy, MatchingService};
use lugus_vocabulary::{
    Action, ClientSequence, Command, ConnectionChange, EpochNanos, LogPosition, Reply, Report, StateHash,
};

use crate::group::Group;
use crate::log_entry::{Entry, LogEntry};
use crate::member::APP_VERSION;
use crate::network::Time;
use crate::oracle::Oracle;
use crate::truth::{Applied, Truth};
use crate::venue::Told;

/// A change of the engine's state.
#[derive(Debug, Clone, Copy)]
enum Changed {
    Command(Command),
    Migration,
    Timer,
    Connection(ConnectionChange),
}

/// What a listener has heard of one change.
#[derive(Debug)]
struct Heard {
    now: i64,
    changed: Changed,
    told: Vec<Told>,
}

#[derive(Debug, Default)]
struct Listener(Vec<Heard>);

impl Listener {
    fn tell(&mut self, told: Told) {
        if let Some(heard) = self.0.last_mut() {
            heard.told.push(told);
        }
    }
}

impl ServiceListener for Listener {
    fn change(&mut self, _: LogPosition, now: EpochNanos, change: Change<'_>) {
        let changed = match change {
            Change::Command(command) => Changed::Command(*command),
            Change::Migration(_) => Changed::Migration,
            Change::Timer => Changed::Timer,
            Change::Connection(change) => Changed::Connection(*change),
        };
        self.0.push(Heard { now: now.0, changed, told: Vec::new() });
    }

    fn report(&mut self, report: &Report) {
        self.tell(Told::Report(*report));
    }

    fn reply(&mut self, reply: &Reply) {
        self.tell(Told::Reply(*reply));
    }
}

/// The oracles of all groups.
pub(crate) enum Oracles {
    /// One of each group: nothing moves.
    OfGroups(Vec<Oracle>),
    /// One of each instrument, which does not notice that the instrument moves: no command concerns more than one instrument.
    OfInstruments(BTreeMap<u32, Oracle>),
    /// None: commands concern several instruments, and these move.
    None,
}

impl Oracles {
    /// Compares what was told of a change with what the oracle tells.
    ///
    /// # Errors
    /// The first difference.
    fn compare(&mut self, group: usize, heard: &Heard) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::OfGroups(oracles) => match oracles.get_mut(group).and_then(|oracle| of_all(oracle, heard)) {
                Some(expected) => same(&expected, &heard.told),
                None => Ok(()),
            },
            Self::OfInstruments(oracles) => {
                let instruments = oracles.keys().copied().collect::<Vec<u32>>();
                for instrument in instruments {
                    let told = heard.told.iter().filter(|told| told.instrument().0 == instrument);
                    let told: Vec<Told> = told.copied().collect();
                    if let Some(oracle) = oracles.get_mut(&instrument)
                        && let Some(expected) = of_one(oracle, instrument, heard, &told)
                    {
                        same(&expected, &told)?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// What the oracle of a group tells of a change; `None` if it cannot know.
fn of_all(oracle: &mut Oracle, heard: &Heard) -> Option<Vec<Told>> {
    let mut told = match heard.changed {
        Changed::Command(command) => oracle.apply(heard.now, &command),
        Changed::Timer => oracle.on_timer(heard.now),
        Changed::Connection(ConnectionChange::Connect { participant }) => oracle.connect(heard.now, participant.0).0,
        Changed::Connection(ConnectionChange::Disconnect { participant, grace_milliseconds }) => {
            oracle.disconnect(heard.now, participant.0, grace_milliseconds)
        }
        Changed::Migration => return None,
    };
    // A listener hears each event once, and not as one of a firm, too.
    told.retain(|told| !matches!(told, Told::FirmEvent(_)));
    Some(told)
}

/// What the oracle of an instrument tells of a change; `None` if the change does not concern the instrument. While an instrument
/// moves nothing happens to it, so that the oracle's time goes on only when the engine tells something.
fn of_one(oracle: &mut Oracle, instrument: u32, heard: &Heard, told: &[Told]) -> Option<Vec<Told>> {
    match heard.changed {
        Changed::Command(Command { action: Action::DefineInstrument(definition), .. }) => {
            if definition.instrument.0 == instrument
                && let Changed::Command(command) = heard.changed
            {
                // The number of the command is another to an oracle that knows one instrument only.
                oracle.apply(heard.now, &Command { client_sequence: ClientSequence(1), ..command });
            }
            None
        }
        Changed::Command(command) if command.instrument.0 == instrument => {
            // An instrument that moves away answers repeated commands; time does not go on for it.
            let is_moving = |told: &Told| {
                matches!(told, Told::Reply(Reply::Moved { .. } | Reply::Again(_) | Reply::EventGap { .. }))
            };
            (!told.iter().all(is_moving)).then(|| oracle.apply(heard.now, &command))
        }
        _ if told.is_empty() => None,
        _ => Some(oracle.on_timer(heard.now)),
    }
}

fn same(expected: &[Told], told: &[Told]) -> Result<(), String> {
    if expected == told || is_cautious_gap(expected, told) {
        return Ok(());
    }
    let at = expected.iter().zip(told).take_while(|(one, other)| one == other).count();
    Err(format!("expected {:?}, told {:?} (answer {at})", expected.get(at), told.get(at)))
}

/// Whether the engine answers a repeated command by a gap though it has all answers. It does so when an event before the first
/// answer was told during the same command, as the end of another order, and is no longer kept: it cannot tell such an event from an
/// answer. The client resumes, and misses nothing.
fn is_cautious_gap(expected: &[Told], told: &[Told]) -> bool {
    let same = expected.iter().zip(told).take_while(|(one, other)| one == other).count();
    match (&expected[same..], &told[same..]) {
        ([Told::Reply(Reply::Again(first)), ..], [Told::Reply(Reply::EventGap { first_retained, .. })]) => {
            *first_retained <= first.event_sequence
        }
        _ => false,
    }
}

/// The reader of a group's log: see the module.
pub(crate) struct Auditor {
    group: usize,
    replay: LogReplay<MatchingService>,
    listener: Rc<RefCell<Listener>>,
    position: i64,
    hashes: BTreeMap<i64, StateHash>,
    snapshots: BTreeMap<i64, Vec<Vec<u8>>>,
    pub(crate) snapshots_compared: u64,
}

impl Auditor {
    pub(crate) fn new(group: usize, limits: EngineLimits, drop_copies: DropCopyPolicy) -> Result<Self, String> {
        let listener = Rc::new(RefCell::new(Listener::default()));
        let mut service = MatchingService::new(limits, drop_copies).without_counters();
        service.listen(Box::new(Rc::clone(&listener)));
        let replay = LogReplay::start(service, APP_VERSION).map_err(|error| error.to_string())?;
        let hashes = BTreeMap::from([(0, replay.service().engine().state_hash())]);
        Ok(Self { group, replay, listener, position: 0, hashes, snapshots: BTreeMap::new(), snapshots_compared: 0 })
    }

    /// The service as the committed log has left it.
    pub(crate) fn service(&self) -> &MatchingService {
        self.replay.service()
    }

    /// Whether there is nothing left that the engine had to do before now: a timer has come for it.
    ///
    /// # Errors
    /// If there is something.
    pub(crate) fn check_deadlines(&self, now: Time) -> Result<(), String> {
        let (engine, mut records) = (self.service().engine(), Vec::new());
        let Ok(()) = engine.snapshot(&mut |record| {
            records.push(*record);
            Ok::<(), Infallible>(())
        });
        // A copy, as the engine makes room for the answer.
        let mut restore = Restore::new(engine.limits());
        records.iter().try_for_each(|record| restore.record(record)).map_err(|error| error.to_string())?;
        let deadline = restore.finish().map_err(|error| error.to_string())?.next_deadline();
        match deadline {
            Some(Deadline::Now) => Err(format!("cluster {} has work left, and no timer", self.group)),
            Some(Deadline::At(time)) if time.0 < now as i64 => {
                Err(format!("cluster {} had to do something at {time:?}, and no timer came", self.group))
            }
            _ => Ok(()),
        }
    }

    /// Reads on, as far as the group has committed.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub(crate) fn read(
        &mut self,
        group: &Group,
        now: Time,
        truth: &mut Truth,
        oracles: &mut Oracles,
    ) -> Result<(), String> {
        while self.position < group.committed {
            let mut outcome = Ok(Replayed::Event);
            let position = self.position;
            let replay = &mut self.replay;
            let next = group.log.read(position, group.committed, 1, |fragment| {
                outcome = replay.apply(fragment).map_err(|error| error.to_string());
                true
            });
            // Members take the snapshots that are asked for; the audit goes on.
            outcome?;
            if next == position {
                return Err(format!("cluster {}: the log ends within what is committed", self.group));
            }
            self.position = next;
            let session = session_of(&group.entries, next);
            let heard = std::mem::take(&mut self.listener.borrow_mut().0);
            for heard in heard {
                self.check(&heard, session, now, truth, oracles)?;
            }
            // Within a message the state is still that of before.
            self.hashes.insert(next, self.replay.service().engine().state_hash());
        }
        Ok(())
    }

    fn check(
        &mut self,
        heard: &Heard,
        session: i64,
        now: Time,
        truth: &mut Truth,
        oracles: &mut Oracles,
    ) -> Result<(), String> {
        oracles.compare(self.group, heard).map_err(|difference| {
            format!("cluster {} at {:?}: the oracle differs: {difference}", self.group, heard.changed)
        })?;
        if let Changed::Command(command) = &heard.changed {
            let is_answer = |told: &Told| {
                matches!(told, Told::Report(report) if report.participant == command.participant
                    && report.instrument == command.instrument
                    && report.client_sequence == command.client_sequence)
            };
            if heard.told.iter().any(is_answer) {
                let applied = Applied { action: command.action, session: (self.group, session), at: now };
                truth.applied(self.group, command, applied)?;
            }
        }
        for told in &heard.told {
            if let Told::Report(report) = told {
                truth.told(self.group, report)?;
            }
        }
        Ok(())
    }

    /// Holds a member's state against that of the committed log.
    ///
    /// # Errors
    /// If they differ.
    pub(crate) fn compare(&self, member: usize, position: i64, hash: StateHash) -> Result<(), String> {
        let group = self.group;
        match self.hashes.get(&position) {
            Some(expected) if *expected == hash => Ok(()),
            Some(expected) => Err(format!(
                "member {member} of cluster {group} differs at position {position}: {hash:?} and not {expected:?}"
            )),
            None => Err(format!(
                "member {member} of cluster {group} is at position {position}, where nothing was committed"
            )),
        }
    }

    /// Holds a member's snapshot against those of other members.
    ///
    /// # Errors
    /// If it has other bytes than theirs.
    pub(crate) fn compare_snapshot(&mut self, position: i64, messages: Vec<Vec<u8>>) -> Result<(), String> {
        match self.snapshots.get(&position) {
            Some(other) if *other != messages => {
                Err(format!("snapshots of two members of cluster {} at position {position} differ", self.group))
            }
            Some(_) => {
                self.snapshots_compared += 1;
                Ok(())
            }
            None => {
                self.snapshots.insert(position, messages);
                Ok(())
            }
        }
    }
}

/// The session of the message that ends at this position, or 0.
fn session_of(entries: &[LogEntry], position: i64) -> i64 {
    let at = entries.partition_point(|entry| entry.end < position);
    match entries.get(at) {
        Some(LogEntry { end, entry: Entry::Message { session_id } }) if *end == position => *session_id,
        _ => 0,
    }
}

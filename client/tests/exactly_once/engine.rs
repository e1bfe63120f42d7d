//! A naive model of the engine's sequencing, on the wire: each command of a scope is applied once and in order, and its
//! events are retained for `Resume`. There is no book: every command has one to three events, and its client order id
//! tells which command it is.

use std::collections::{BTreeMap, BTreeSet};

use lugus_vocabulary::MessageRejectReason;

use crate::cluster_messages::{self, Event, Sent};

/// A message to a session.
pub(crate) struct Egress {
    pub(crate) session_id: i64,
    pub(crate) message: Vec<u8>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// Client order ids of the commands that were applied, in order.
    pub(crate) applied: Vec<u64>,
    /// All events; an event's sequence is its index plus one. Their order ids are unique among all events.
    pub(crate) events: Vec<Event>,
}

/// State of an instrument in a cluster that has, had or will have it. The numbers are epochs of the map to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    Active,
    /// The instrument is frozen, and on its way to another cluster.
    Fenced(u64),
    /// The instrument has come, and is not active yet.
    Imported(u64),
    /// The instrument was here.
    Gone(u64),
}

/// A step of a move, from the operator. Steps may be repeated, and may come late.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) instrument: u32,
    /// Number of the migration.
    pub(crate) migration: u64,
    pub(crate) step: Step,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Fence,
    Unfence,
    Import(BTreeMap<(u32, u32), Scope>),
    DropImport,
    Activate,
    Drop { epoch: u64 },
}

#[derive(Default)]
pub(crate) struct Engine {
    pub(crate) scopes: BTreeMap<(u32, u32), Scope>,
    /// State of each instrument that is here, or was.
    pub(crate) placements: BTreeMap<u32, Placement>,
    /// Newest migration of each instrument that has ended here: late steps of that migration and of older ones do
    /// nothing.
    ended: BTreeMap<u32, u64>,
    pub(crate) undefined: BTreeSet<u32>,
    /// Number of events of a scope that are retained for `Resume`.
    retained: usize,
    participants: BTreeMap<i64, u32>,
    current: BTreeMap<u32, i64>,
    next_order: u64,
}

impl Engine {
    pub(crate) fn new(cluster: i32, retained: usize) -> Self {
        Self { retained, next_order: (cluster as u64) << 40, ..Self::default() }
    }

    /// The scopes of an instrument.
    pub(crate) fn export(&self, instrument: u32) -> BTreeMap<(u32, u32), Scope> {
        let of_instrument = self.scopes.iter().filter(|((_, other), _)| *other == instrument);
        of_instrument.map(|(key, scope)| (*key, scope.clone())).collect()
    }

    /// Epoch of the map to wait for, if this cluster no longer has the instrument, or does not have it yet.
    fn moved(&self, instrument: u32) -> Option<u64> {
        match self.placements.get(&instrument)? {
            Placement::Active => None,
            Placement::Fenced(epoch) | Placement::Imported(epoch) | Placement::Gone(epoch) => Some(*epoch),
        }
    }

    fn forget(&mut self, instrument: u32) {
        self.scopes.retain(|(_, other), _| *other != instrument);
    }

    /// Whether the migration has ended here, so that its steps do nothing.
    pub(crate) fn has_ended(&self, instrument: u32, migration: u64) -> bool {
        self.ended.get(&instrument).is_some_and(|ended| *ended >= migration)
    }

    /// Performs a step of a move. A step that is done already, or is not possible, does nothing.
    pub(crate) fn operate(&mut self, operation: Operation) {
        use Placement::{Active, Fenced, Gone, Imported};
        let Operation { instrument, migration, step } = operation;
        if self.has_ended(instrument, migration) {
            return;
        }
        let placement = self.placements.get(&instrument).copied();
        let is_last = !matches!(step, Step::Fence | Step::Import(_));
        match (step, placement) {
            (Step::Fence, Some(Active)) => self.place(instrument, Fenced(migration + 1)),
            (Step::Unfence, Some(Fenced(_))) | (Step::Activate, Some(Imported(_))) => self.place(instrument, Active),
            (Step::Import(scopes), None | Some(Gone(_))) => {
                self.forget(instrument);
                self.scopes.extend(scopes);
                self.place(instrument, Imported(migration + 1));
            }
            (Step::DropImport, Some(Imported(_))) => {
                self.forget(instrument);
                self.place(instrument, Gone(migration + 1));
            }
            (Step::Drop { epoch }, Some(Fenced(_))) => {
                self.forget(instrument);
                self.place(instrument, Gone(epoch));
            }
            _ => {}
        }
        if is_last {
            self.ended.insert(instrument, migration);
        }
    }

    fn place(&mut self, instrument: u32, placement: Placement) {
        self.placements.insert(instrument, placement);
    }

    /// Opens a new session of a participant, which takes over from an older one.
    pub(crate) fn open(&mut self, session_id: i64, participant: u32, egress: &mut Vec<Egress>) {
        if let Some(older) = self.current.insert(participant, session_id) {
            self.participants.remove(&older);
            egress.push(Egress { session_id: older, message: cluster_messages::session_replaced(participant) });
        }
        self.participants.insert(session_id, participant);
    }

    /// Applies an entry of the log. A command that is applied now causes this number of `events`.
    pub(crate) fn message(&mut self, session_id: i64, message: &[u8], events: usize, egress: &mut Vec<Egress>) {
        let mut reply = |message| egress.push(Egress { session_id, message });
        let Some(participant) = self.participants.get(&session_id).copied() else {
            return reply(cluster_messages::message_reject(0, MessageRejectReason::NoParticipant));
        };
        match cluster_messages::read(message) {
            Sent::Order { instrument, number, client_order_id } => {
                if let Some(epoch) = self.moved(instrument) {
                    return reply(cluster_messages::moved(instrument, number, epoch));
                }
                self.command(participant, instrument, number, client_order_id, events, &mut reply);
            }
            Sent::Resume { instrument, last_event } => {
                // Also while fenced: the instrument may be active elsewhere, and the scope here be old.
                if let Some(epoch) = self.moved(instrument) {
                    return reply(cluster_messages::moved(instrument, 0, epoch));
                }
                self.resume(participant, instrument, last_event, &mut reply);
            }
            sent => panic!("{sent:?}"),
        }
    }

    fn command(
        &mut self,
        participant: u32,
        instrument: u32,
        number: u64,
        client_order_id: u64,
        events: usize,
        reply: &mut impl FnMut(Vec<u8>),
    ) {
        if self.undefined.contains(&instrument) || !self.placements.contains_key(&instrument) {
            return reply(cluster_messages::refused(instrument, number));
        }
        let applied = self.scopes.get(&(participant, instrument)).map_or(0, |scope| scope.applied.len() as u64);
        if number > applied + 1 || number == 0 {
            reply(cluster_messages::sequence_reject(instrument, number, applied + 1));
        } else if number <= applied {
            self.again(participant, instrument, number, reply);
        } else {
            self.scopes.entry((participant, instrument)).or_default().applied.push(client_order_id);
            for _ in 0..events {
                reply(self.tell(participant, instrument, number, client_order_id));
            }
        }
    }

    fn again(&self, participant: u32, instrument: u32, number: u64, reply: &mut impl FnMut(Vec<u8>)) {
        let scope = &self.scopes[&(participant, instrument)];
        let told = scope.events.iter().filter(|event| event.number == number);
        if told.clone().any(|event| event.event <= self.lost(scope)) {
            reply(self.event_gap(scope, instrument, number));
        } else {
            told.for_each(|event| reply(cluster_messages::report(event)));
        }
    }

    fn resume(&self, participant: u32, instrument: u32, last: Option<u64>, reply: &mut impl FnMut(Vec<u8>)) {
        let nothing = Scope::default();
        let scope = self.scopes.get(&(participant, instrument)).unwrap_or(&nothing);
        let told = scope.events.len() as u64;
        let seen = last.unwrap_or(told).min(told);
        if seen < self.lost(scope) {
            return reply(self.event_gap(scope, instrument, 0));
        }
        scope.events[seen as usize..].iter().for_each(|event| reply(cluster_messages::report(event)));
        reply(cluster_messages::resume_complete(instrument, scope.applied.len() as u64, told));
    }

    /// Makes an event that answers no command, in a scope that is in use: a resting order trades.
    pub(crate) fn passive(&mut self, participant: u32, instrument: u32, egress: &mut Vec<Egress>) {
        let is_active = self.placements.get(&instrument) == Some(&Placement::Active);
        if is_active && self.scopes.contains_key(&(participant, instrument)) {
            let message = self.tell(participant, instrument, 0, 0);
            if let Some(session_id) = self.current.get(&participant).copied() {
                egress.push(Egress { session_id, message });
            }
        }
    }

    fn tell(&mut self, participant: u32, instrument: u32, number: u64, client_order_id: u64) -> Vec<u8> {
        self.next_order += 1;
        let events = &mut self.scopes.entry((participant, instrument)).or_default().events;
        let event = events.len() as u64 + 1;
        events.push(Event { participant, instrument, event, number, client_order_id, order_id: self.next_order });
        cluster_messages::report(&events[event as usize - 1])
    }

    /// The last event that is no longer retained.
    fn lost(&self, scope: &Scope) -> u64 {
        scope.events.len().saturating_sub(self.retained) as u64
    }

    fn event_gap(&self, scope: &Scope, instrument: u32, number: u64) -> Vec<u8> {
        cluster_messages::event_gap(instrument, number, self.lost(scope) + 1, scope.events.len() as u64)
    }
}

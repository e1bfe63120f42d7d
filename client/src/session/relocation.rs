//! Scopes that go to another cluster's session and come from one, as the partition map says.

use lugus_vocabulary::{InstrumentId, MapEpoch};

use super::{Session, scope_context};
use crate::listening_clock::ListeningClock;
use crate::scope::Scope;
use crate::scope::context::ScopeContext;
use crate::status::EventHandler;

/// A scope between two sessions: its numbers, unanswered commands and last event.
#[derive(Debug)]
pub(crate) struct DetachedScope(Scope);

impl Session {
    /// Time for which this session has listened: a session that begins, and is polled at the same times, takes it over.
    pub(crate) fn clock(&self) -> &ListeningClock {
        &self.clock
    }

    /// Takes another session's time as its own, before anything else has happened.
    pub(crate) fn set_clock(&mut self, clock: &ListeningClock) {
        self.clock = ListeningClock::at(clock.time());
    }

    /// Admits only these instruments from now on, which are sorted: an event of any other is another cluster's to tell.
    pub(crate) fn admit(&mut self, instruments: Vec<InstrumentId>) {
        self.admitted = Some(instruments);
    }

    #[inline]
    pub(super) fn admits(&self, instrument: InstrumentId) -> bool {
        match &self.admitted {
            None => true,
            Some(instruments) => instrument == InstrumentId::NONE || instruments.binary_search(&instrument).is_ok(),
        }
    }

    /// Instruments in use.
    pub(crate) fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        self.index.iter().map(|(instrument, _)| *instrument)
    }

    /// Takes a scope out, with its unanswered commands; `None` if there is no such scope.
    pub(crate) fn detach(&mut self, instrument: InstrumentId) -> Option<DetachedScope> {
        let at = self.position(instrument).ok()?;
        let (_, removed) = self.index.remove(at);
        let mut scope = self.scopes.swap_remove(removed as usize);
        let last = self.scopes.len() as u32;
        self.queue.retain(|index| *index != removed);
        for index in self.queue.iter_mut().chain(self.index.iter_mut().map(|(_, index)| index)) {
            if *index == last {
                *index = removed;
            }
        }
        if self.rebuild.is_telling(instrument) {
            // The next cluster tells the orders, once it has answered `Resume`.
            scope.note_gap();
        }
        let departure = scope.detach();
        self.departures.retain(|other| other.instrument != instrument);
        self.departures.push(departure);
        Some(DetachedScope(scope))
    }

    /// Takes a scope in: it resumes, and sends its unanswered commands in order. If this session has ended, it gives
    /// them up. The map bounds the number of scopes.
    pub(crate) fn attach(&mut self, scope: DetachedScope, handler: &mut impl EventHandler) {
        if self.has_ended() {
            return Self::end_scope(scope, handler);
        }
        let DetachedScope(scope) = scope;
        let (instrument, index) = (scope.instrument(), self.scopes.len());
        let (Ok(at) | Err(at)) = self.position(instrument);
        debug_assert!(self.index.get(at).is_none_or(|(other, _)| *other != instrument), "a scope is in one place");
        self.index.insert(at, (instrument, index as u32));
        self.scopes.push(scope);
        let departure = self.departures.iter().find(|departure| departure.instrument == instrument).copied();
        let is_connected = self.is_connected();
        let action = self.scopes[index].attach(is_connected, departure, &mut scope_context!(self, handler));
        self.after_input(index);
        self.perform(action, handler);
    }

    /// A newer map says that all instruments in use here are where they were: scopes that wait for such a map try
    /// again.
    pub(crate) fn on_map(&mut self, epoch: MapEpoch, handler: &mut impl EventHandler) {
        self.for_all_scopes(handler, |scope, context| scope.on_map(epoch, context));
    }

    /// Ends a scope that no session takes: outstanding commands are given up.
    pub(crate) fn end_scope(DetachedScope(mut scope): DetachedScope, handler: &mut impl EventHandler) {
        scope.end(handler);
    }
}

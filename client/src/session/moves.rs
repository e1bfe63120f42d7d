//! Scopes that go to another cluster's session and come from one, as the partition map says.

use lugus_vocabulary::{InstrumentId, MapEpoch};

use super::Session;
use crate::retry::ListeningClock;
use crate::scope::{Scope, Turn};
use crate::status::EventHandler;

/// A scope between two sessions: its numbers, unanswered commands and last event.
#[derive(Debug)]
pub(crate) struct DetachedScope(Scope);

impl Session {
    /// Time that this session has listened, for another session that begins and is to be polled at the same times.
    pub(crate) fn clock(&self) -> &ListeningClock {
        &self.clock
    }

    /// Takes another session's time as its own, before anything else has happened.
    pub(crate) fn set_clock(&mut self, clock: &ListeningClock) {
        self.clock = ListeningClock::at(clock.time());
    }

    /// Admits only these instruments from now on, sorted: an event of any other is another cluster's to tell.
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

    /// Takes a scope out, with its unanswered commands; `None` when there is none.
    pub(crate) fn detach(&mut self, instrument: InstrumentId) -> Option<DetachedScope> {
        let at = self.position(instrument).ok()?;
        let (_, gone) = self.index.remove(at);
        let mut scope = self.scopes.swap_remove(gone as usize);
        let last = self.scopes.len() as u32;
        self.listed.retain(|index| *index != gone);
        for index in self.listed.iter_mut().chain(self.index.iter_mut().map(|(_, index)| index)) {
            if *index == last {
                *index = gone;
            }
        }
        let visit = scope.detach();
        self.visits.retain(|other| other.instrument != instrument);
        self.visits.push(visit);
        Some(DetachedScope(scope))
    }

    /// Takes a scope in: it resumes, and sends its unanswered commands in order; or, where the session has ended, gives them
    /// up. The map bounds how many come.
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
        let visit = self.visits.iter().find(|visit| visit.instrument == instrument).copied();
        let is_connected = self.is_connected();
        let after = self.scopes[index].attach(is_connected, visit, &mut turn!(self, handler));
        self.after_input(index);
        self.obey(after, handler);
    }

    /// A newer map says that all instruments in use here are where they were: what waits for it tries again.
    pub(crate) fn on_map(&mut self, epoch: MapEpoch, handler: &mut impl EventHandler) {
        self.for_all_scopes(handler, |scope, turn| scope.on_map(epoch, turn));
    }

    /// The end of a scope that nobody takes: what is outstanding is given up.
    pub(crate) fn end_scope(DetachedScope(mut scope): DetachedScope, handler: &mut impl EventHandler) {
        scope.end(handler);
    }
}

//! Cancel on disconnect: what happens to the orders of a participant that has lost its connection.
//!
//! Whoever runs the engine tells it when a participant that has asked for cancel on disconnect has no session any more
//! ([`Engine::disconnect`]), and when it has one again ([`Engine::connect`]). In between runs the grace time. From its end
//! on, none of the participant's orders trades, but those that stay on disconnect; the orders are canceled by bounded steps,
//! like all that goes on without a command (`work`). An order that is moved here later is canceled as long as the participant
//! is not connected.

use lugus_vocabulary::{
    DisconnectionRecord, EpochNanos, GraceTime, InstrumentId, OrderId, ParticipantId, RejectReason,
};

use crate::engine::Engine;
use crate::event_sink::EventSink;
use crate::execution;
use crate::instruments::Listed;
use crate::migration::migration_states::Availability;
use crate::reporter::Reporter;
use crate::scopes::ScopeIndex;
use crate::state_hash;

impl Engine {
    /// Tells that a participant has no session any more, at log time `now`, and had asked for cancel on disconnect with this
    /// grace time. No command of the participant must come until [`Engine::connect`]. If the engine has been told before, or has
    /// no room for another participant, which then has no orders, nothing happens.
    pub fn disconnect(
        &mut self,
        now: EpochNanos,
        participant: ParticipantId,
        grace: GraceTime,
        sink: &mut impl EventSink,
    ) {
        let has_room = self.participants.contains(participant) || self.participants.len() <= self.limits.participants;
        if self.disconnection(participant).is_some() || !has_room {
            return;
        }
        self.pass_time(now, InstrumentId::NONE, sink);
        let deadline = EpochNanos(now.0.saturating_add(grace.nanoseconds()));
        let place = self.participants.take_in(participant);
        self.set_disconnection(place, participant, Some(DisconnectionRecord { grace, deadline, is_done: false }));
        self.participants_hash = state_hash::fold_connection(self.participants_hash, now, participant, Some(deadline));
        self.continue_disconnects(now, sink);
    }

    /// Tells that a participant has a session again, at log time `now`. Returns the grace time that it had asked for, if that
    /// was still running; its orders stay. If the engine has not been told that the participant was disconnected, nothing
    /// happens.
    pub fn connect(
        &mut self,
        now: EpochNanos,
        participant: ParticipantId,
        sink: &mut impl EventSink,
    ) -> Option<GraceTime> {
        let DisconnectionRecord { grace, deadline, .. } = self.disconnection(participant)?;
        self.pass_time(now, InstrumentId::NONE, sink);
        if deadline <= now {
            self.mark_orders_left(participant);
        }
        let place = self.participants.take_in(participant);
        self.set_disconnection(place, participant, None);
        self.participants_hash = state_hash::fold_connection(self.participants_hash, now, participant, None);
        (deadline > now).then_some(grace)
    }

    /// Whether the engine was told that a participant is disconnected.
    pub fn is_disconnected(&self, participant: ParticipantId) -> bool {
        self.disconnection(participant).is_some()
    }

    fn disconnection(&self, participant: ParticipantId) -> Option<DisconnectionRecord> {
        self.participants.disconnections.get(self.participants.place(participant)? as usize).copied().flatten()
    }

    /// Sets whether a participant is disconnected, in all places where it is noted.
    pub(crate) fn set_disconnection(
        &mut self,
        place: u32,
        participant: ParticipantId,
        disconnection: Option<DisconnectionRecord>,
    ) {
        let before = std::mem::replace(&mut self.participants.disconnections[place as usize], disconnection);
        if let Some(before) = before {
            self.pool.unfinished.forget_disconnected(grace_through(before.deadline), participant);
        }
        self.pool.set_grace_through(place, disconnection.map(|disconnection| grace_through(disconnection.deadline)));
        if let Some(DisconnectionRecord { deadline, is_done: false, .. }) = disconnection {
            self.pool.unfinished.note_disconnected(grace_through(deadline), participant);
        }
    }

    /// Cancels orders of participants whose grace time is over, as far as the command at hand has steps left: by the end of the
    /// grace time, then participant, instrument, and order id.
    pub(crate) fn continue_disconnects(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        while let Some(&(through, participant)) = self.pool.unfinished.disconnected().first()
            && through < now
        {
            let Some(place) = self.participants.place(participant) else { return };
            if self.pool.not_staying(place) > 0 && !self.cancel_of(now, participant, sink) {
                return;
            }
            self.pool.unfinished.forget_disconnected(through, participant);
            if let Some(disconnection) = &mut self.participants.disconnections[place as usize] {
                disconnection.is_done = true;
            }
        }
    }

    /// Cancels orders of a participant whose grace time is over. Returns whether none is left in instruments that take commands.
    fn cancel_of(&mut self, now: EpochNanos, participant: ParticipantId, sink: &mut impl EventSink) -> bool {
        let mut has_looked = false;
        for rank in 0..self.instruments.len() {
            let Some((instrument, owner)) = self.orders_at(rank, participant) else { continue };
            let Some(place) = self.instruments.place(instrument) else { continue };
            // The walk through the instruments counts, as many participants may be disconnected at a time.
            if !has_looked {
                self.pool.unfinished.look();
                has_looked = true;
            }
            let Listed { instrument, hash, .. } = self.instruments.touch(place);
            let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
            while let Some(slot) = self.pool.first_not_staying(owner) {
                if !self.pool.unfinished.step() {
                    return false;
                }
                let order = instrument.end(self.pool.found(slot), &mut self.pool, reporter);
                reporter.tell_maker(order.owner, execution::canceled(&order, RejectReason::CancelOnDisconnect));
            }
        }
        true
    }

    /// When the next grace time ends; or has ended, if orders may be left to cancel.
    pub(crate) fn next_grace_end(&self) -> Option<EpochNanos> {
        self.pool.unfinished.disconnected().first().map(|(through, _)| EpochNanos(through.0 + 1))
    }

    /// Lets mass cancels do what is left to cancel of a participant, which is about to be connected again.
    fn mark_orders_left(&mut self, participant: ParticipantId) {
        let place = self.participants.take_in(participant);
        if self.pool.not_staying(place) == 0 {
            return;
        }
        for rank in 0..self.instruments.len() {
            let Some((id, owner)) = self.orders_at(rank, participant) else { continue };
            // The owner's lists have to be sorted.
            self.pool.first_not_staying(owner);
            let last = self.instruments.find(id).map_or(OrderId(0), |listed| listed.instrument.last_order_id);
            self.pool.set_disconnected(owner, last);
            self.pool.unfinished.note_mass_cancel(id, participant);
        }
    }

    /// The instrument of this rank, by id, and the scope of a participant that has orders there that are canceled on
    /// disconnect; `None` if it has none, or the instrument takes no commands.
    fn orders_at(&self, rank: usize, participant: ParticipantId) -> Option<(InstrumentId, ScopeIndex)> {
        let listed = self.instruments.ranked(rank)?;
        let id = listed.instrument.definition.instrument;
        let owner = self.scopes.find(participant, id)?;
        let has_orders = listed.availability == Availability::Trading && self.pool.not_staying_of(owner) > 0;
        has_orders.then_some((id, owner))
    }

    /// Notes the orders of a disconnected participant in an instrument that takes commands again, or was loaded.
    pub(crate) fn note_orders_of_disconnected(&mut self, place: usize, participant: ParticipantId, owner: ScopeIndex) {
        if let Some(Some(disconnection)) = self.participants.disconnections.get(place).copied()
            && self.pool.not_staying_of(owner) > 0
        {
            let disconnection = DisconnectionRecord { is_done: false, ..disconnection };
            self.set_disconnection(place as u32, participant, Some(disconnection));
        }
    }
}

/// The last nanosecond of a grace time.
fn grace_through(deadline: EpochNanos) -> EpochNanos {
    EpochNanos(deadline.0.saturating_sub(1))
}

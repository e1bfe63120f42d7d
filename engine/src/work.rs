//! What goes on without a command: expiry, and work that earlier commands have decided and not finished.
//!
//! Each command begins with some of it, and a timer of the log does it where no commands come: whoever runs the engine asks
//! [`Engine::next_deadline`] after every entry of the log, and calls [`Engine::on_timer`] when that time has come. The
//! order is fixed: what expires; what happens in instruments at times of the log, by time and by id; the command's own instrument; mass cancels by instrument and participant (`mass_cancel`); participants whose
//! kill switch cancels their orders; quotes that are canceled (`quotes`); participants whose connection is lost (`disconnection`); instruments by id; and quotes once more. One command or timer takes [`crate::EngineLimits::steps`] steps.

use lugus_vocabulary::{EpochNanos, InstrumentId, InstrumentState, ParticipantId, RejectReason, Side};

use crate::auction_orders;
use crate::book::{Ending, Expiry, KilledOrders, Slot};
use crate::ended;
use crate::engine::Engine;
use crate::event_sink::EventSink;
use crate::execution;
use crate::instrument::Instrument;
use crate::instrument_state;
use crate::instruments::Listed;
use crate::migration::migration_states::Availability;
use crate::reporter::Reporter;
use crate::scopes::InstrumentPlace;
use crate::stops;

/// When an engine has something to do without a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// Work is left that is decided already.
    Now,
    /// At this log time, when the next order expires, the next grace time ends, or something happens in an instrument; or at once, if that has passed.
    At(EpochNanos),
}

impl Engine {
    /// Does what does not wait for a command, at log time `now`: orders whose time is over expire, and what earlier commands
    /// have left goes on. One call takes a bounded number of steps: [`Engine::next_deadline`] tells whether more is left.
    pub fn on_timer(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        self.pool.unfinished.is_overdue = false;
        self.go_on(now, InstrumentId::NONE, sink);
        self.pool.settle(now);
    }

    /// When [`Engine::on_timer`] has something to do; `None` if only commands give it something. Engines that have applied
    /// the same log answer the same.
    pub fn next_deadline(&mut self) -> Option<Deadline> {
        if self.has_work() {
            return Some(Deadline::Now);
        }
        // Orders of an instrument that takes no commands are put aside until it does.
        let alarm = [self.next_grace_end(), self.next_alarm()].into_iter().flatten().min();
        while let Some(Expiry { time, instrument, .. }) = self.pool.next_expiry() {
            if self.is_trading(instrument) {
                return Some(Deadline::At(alarm.map_or(time, |alarm| alarm.min(time))));
            }
            self.pool.defer_expiry();
        }
        alarm.map(Deadline::At)
    }

    /// Whether work is left that is decided already.
    fn has_work(&self) -> bool {
        let unfinished = &self.pool.unfinished;
        unfinished.is_any()
            && (unfinished.quotes.has_work()
                || unfinished.instruments.iter().any(|&id| self.has_work_in(id))
                || unfinished.mass_cancels.iter().any(|&(id, participant)| self.is_canceling(id, participant))
                || unfinished.killed.iter().any(|&killed| self.first_killed(killed).is_some()))
    }

    fn has_work_in(&self, id: InstrumentId) -> bool {
        self.instruments.find(id).is_some_and(|listed| is_trading(listed) && listed.instrument.has_work(&self.pool))
    }

    fn is_canceling(&self, id: InstrumentId, participant: Option<ParticipantId>) -> bool {
        if !self.is_trading(id) {
            return false;
        }
        let Some(participant) = participant else { return self.pool.unfinished.canceled_of_everybody(id).0 > 0 };
        self.scopes.find(participant, id).is_some_and(|owner| self.pool.first_canceled(owner).is_some())
    }

    /// Id, place and scope of the first instrument with orders of a participant whose kill switch cancels them.
    fn first_killed(&self, killed: KilledOrders) -> Option<(InstrumentId, InstrumentPlace, u32)> {
        let KilledOrders { participant, from } = killed;
        if self.participants.place(participant).is_none_or(|place| self.pool.open_of(place) == 0) {
            return None;
        }
        self.instruments.iter_from(from).filter(|listed| is_trading(listed)).find_map(|listed| {
            let id = listed.instrument.definition.instrument;
            let owner = self.scopes.find(participant, id)?;
            let place = self.scopes.get(owner).place;
            (self.pool.orders_of(owner, None) > 0).then_some((id, place, owner))
        })
    }

    /// Does some of what does not wait for a command; work in the instrument `first` comes before that in others.
    #[cold]
    #[inline(never)]
    pub(crate) fn go_on(&mut self, now: EpochNanos, first: InstrumentId, sink: &mut impl EventSink) {
        self.pool.unfinished.begin(now);
        self.expire(now, sink);
        if self.pool.unfinished.is_any() || self.pool.unfinished.is_alarmed(now) {
            self.sound_alarms(now, sink);
            self.go_on_in(now, first, sink);
            self.continue_mass_cancels(now, sink);
            self.continue_kills(now, sink);
            if self.pool.unfinished.quotes.has_work() {
                self.continue_quote_cancels(now, sink);
            }
            self.continue_disconnects(now, sink);
            let mut after = InstrumentId::NONE;
            while let Some(next) = self.pool.unfinished.instruments.iter().copied().find(|&id| id > after) {
                self.go_on_in(now, next, sink);
                after = next;
            }
            // What has traded by then may have pulled quotes.
            if self.pool.unfinished.quotes.has_work() {
                self.continue_quote_cancels(now, sink);
            }
        }
    }

    /// Ends orders whose time is over, by their expire time, then instrument, then order id.
    fn expire(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        while let Some((place, slot)) = self.due(now) {
            if !self.pool.unfinished.step() {
                self.pool.unfinished.is_overdue = true;
                return;
            }
            let Listed { instrument, hash, .. } = self.instruments.touch(place);
            let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
            ended::end(slot, Ending::Expired, instrument, &mut self.pool, reporter);
        }
    }

    /// Does what happens in instruments at times that have come: by time and by id.
    fn sound_alarms(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        while let Some(end) = self.next_alarm()
            && end <= now
            && let Some((_, id)) = self.pool.unfinished.next_alarm()
            && let Some(place) = self.instruments.place(id)
        {
            if !self.pool.unfinished.step() {
                return;
            }
            let Listed { instrument, hash, .. } = self.instruments.touch(place);
            let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
            instrument_state::alarm(instrument, &mut self.pool, reporter);
        }
    }

    /// When something happens next in an instrument. One that takes no commands is forgotten until it does.
    fn next_alarm(&mut self) -> Option<EpochNanos> {
        while let Some((end, id)) = self.pool.unfinished.next_alarm() {
            let is_its = |listed: &Listed| is_trading(listed) && listed.instrument.alarm == Some(end);
            if self.instruments.find(id).is_some_and(is_its) {
                return Some(end);
            }
            self.pool.unfinished.forget_alarm(end, id);
        }
        None
    }

    /// The next order to expire, if its time has come, and its instrument's place. Orders of an instrument that takes no
    /// commands are put aside until it does.
    fn due(&mut self, now: EpochNanos) -> Option<(InstrumentPlace, Slot)> {
        loop {
            let Expiry { instrument, slot, .. } = self.pool.due(now)?;
            let place = self.instruments.place(instrument)?;
            if self.instruments.get(place).is_some_and(is_trading) {
                return Some((place, slot));
            }
            self.pool.defer_expiry();
        }
    }

    /// Goes on with an instrument that may have work.
    fn go_on_in(&mut self, now: EpochNanos, id: InstrumentId, sink: &mut impl EventSink) {
        let Ok(at) = self.pool.unfinished.instruments.binary_search(&id) else { return };
        if let Some(place) = self.instruments.place(id).filter(|_| self.has_work_in(id)) {
            let Listed { instrument, hash, .. } = self.instruments.touch(place);
            let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
            if instrument.definition.state == InstrumentState::Closed {
                instrument_state::cancel_all(instrument, &mut self.pool, reporter);
            } else {
                auction_orders::expire(instrument, &mut self.pool, reporter);
                stops::cascade(instrument, &mut self.pool, reporter);
            }
        }
        if !self.has_work_in(id) {
            self.pool.unfinished.instruments.remove(at);
        }
    }

    /// Cancels orders of participants whose kill switch is engaged, as far as the command at hand has steps left: by
    /// participant, instrument, and order id. It walks once through the instruments for each participant.
    pub(crate) fn continue_kills(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        let mut has_walked = false;
        while let Some(&killed) = self.pool.unfinished.killed.first() {
            let mut next = self.first_killed(killed);
            // The walk through the instruments counts, but for that of the first participant: many may be killed at a time.
            if next.is_some() && std::mem::replace(&mut has_walked, true) {
                self.pool.unfinished.look();
            }
            while let Some((from, place, owner)) = next {
                let killed = KilledOrders { from, ..killed };
                self.pool.unfinished.killed[0] = killed;
                let Listed { instrument, hash, .. } = self.instruments.touch(place);
                let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
                while let Some(slot) = self.pool.first_of(owner, None) {
                    if !self.pool.unfinished.step() {
                        return;
                    }
                    let order = instrument.end(self.pool.found(slot), &mut self.pool, reporter);
                    reporter.tell_maker(order.owner, execution::canceled(&order, RejectReason::RiskKillSwitch));
                }
                next = self.first_killed(killed);
            }
            self.pool.unfinished.killed.remove(0);
        }
    }

    /// Lets mass cancels do what the kill switch of a participant has left, so that it can be released.
    pub(crate) fn leave_kill_to_mass_cancels(&mut self, participant: ParticipantId) {
        if !self.pool.unfinished.forget_killed(participant) {
            return;
        }
        for listed in self.instruments.iter().filter(|listed| is_trading(listed)) {
            let Instrument { definition, last_order_id, .. } = &listed.instrument;
            let Some(owner) = self.scopes.find(participant, definition.instrument) else { continue };
            // The owner's lists have to be sorted, so the first order is asked for and not only the number of orders.
            if self.pool.first_of(owner, None).is_some() {
                self.pool.set_canceled(owner, None, *last_order_id);
                self.pool.unfinished.note_mass_cancel(definition.instrument, participant);
            }
        }
    }

    /// Whether an instrument takes commands.
    pub(crate) fn is_trading(&self, id: InstrumentId) -> bool {
        self.instruments.find(id).is_some_and(is_trading)
    }

    /// Notes all work that an instrument brings along that takes commands again, or was loaded.
    pub(crate) fn note_work_of(&mut self, id: InstrumentId) {
        if !self.is_trading(id) {
            return;
        }
        self.pool.unfinished.note_instrument(id);
        if let Some(listed) = self.instruments.find_mut(id) {
            listed.instrument.alarm = None;
            listed.instrument.note_alarm(&mut self.pool);
        }
        for at in 0..self.participants.len() {
            let Some(participant) = self.participants.id(at) else { continue };
            let Some(owner) = self.scopes.find(participant, id) else { continue };
            let is_canceling = [Side::Buy, Side::Sell].iter().any(|&side| self.pool.canceled(owner, side).0 > 0);
            if is_canceling || self.pool.disconnected(owner).0 > 0 {
                self.pool.sort_owner(owner);
                self.pool.unfinished.note_mass_cancel(id, participant);
            }
            if self.participants.risk[at].kill_switch.cancels_orders() && self.pool.orders_of(owner, None) > 0 {
                self.pool.unfinished.note_killed(participant, id);
            }
            self.note_orders_of_disconnected(at, participant, owner);
        }
        if self.pool.unfinished.canceled_of_everybody(id).0 > 0 {
            self.pool.unfinished.note_mass_cancels([(id, None)]);
        }
        if !self.has_work_in(id) {
            self.pool.unfinished.instruments.retain(|&noted| noted != id);
        }
    }
}

fn is_trading(listed: &Listed) -> bool {
    listed.availability == Availability::Trading
}

#[cfg(test)]
mod tests {
    use lugus_testing::instruments::boundless;
    use lugus_vocabulary::*;

    use super::*;
    use crate::engine_limits::EngineLimits;

    struct Nowhere;

    impl EventSink for Nowhere {
        fn report(&mut self, _: &Report) {}
        fn reply(&mut self, _: &Reply) {}
    }

    #[test]
    fn a_kill_switch_walks_once_through_the_instruments() {
        let mut engine = Engine::new(EngineLimits { steps: 1, ..EngineLimits::default() });
        let send = |engine: &mut Engine, participant, instrument, number, action| {
            let (participant, instrument) = (ParticipantId(participant), InstrumentId(instrument));
            let command = Command { participant, instrument, client_sequence: ClientSequence(number), action };
            engine.apply(EpochNanos(1), &command, &mut Nowhere);
        };
        for instrument in 1..=3 {
            let definition = boundless(InstrumentId(instrument));
            send(&mut engine, 0, 0, u64::from(instrument), Action::DefineInstrument(definition));
            let order = NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1), Quantity(1));
            send(&mut engine, 1, instrument, 1, Action::New(order));
        }
        let (target, kill_switch, working_orders) = (ParticipantId(1), KillSwitch::Engaged, WorkingOrders::Cancel);
        send(&mut engine, 0, 0, 4, Action::SetKillSwitch { target, kill_switch, working_orders });
        for next in [2, 3] {
            let from = engine.pool.unfinished.killed.first().map(|killed| killed.from);
            assert_eq!(from, Some(InstrumentId(next)));
            engine.on_timer(EpochNanos(1), &mut Nowhere);
        }
        assert_eq!((engine.live_orders(), engine.pool.unfinished.killed.len()), (0, 0));
    }
}

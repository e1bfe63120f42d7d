//! Mass cancels of many books: of a participant, a firm or everybody, in one instrument or in all of them.
//!
//! The command decides which orders are canceled: all live ones of the target. It marks them by their numbers, in each scope
//! or, for everybody in all instruments, in each instrument; so its work does not depend on how many they are, and none of
//! them trades from then on. They are ended by bounded steps, by instrument, participant and order id, like all that goes on
//! without a command (`work`).
//!
//! An instrument that takes no commands because it moves to another cluster must not change: its orders stay, and the report
//! tells how many such instruments there were.

use lugus_vocabulary::{
    EpochNanos, InstrumentId, MassCancelTarget, OrderId, ParticipantId, RejectReason, ReportBody, Side,
};

use crate::auction_phase;
use crate::engine::Engine;
use crate::event_sink::EventSink;
use crate::instrument::Instrument;
use crate::instruments::Listed;
use crate::migration::migration_states::Availability;
use crate::order_entry;
use crate::reporter::Reporter;

/// What a mass cancel of many books cancels.
#[derive(Debug, Clone, Copy, Default)]
struct Covered {
    affected: u32,
    instruments: u32,
    moving: u32,
}

impl Engine {
    /// Decides that orders of a target are canceled, in one instrument or in all of them: they do not trade any more.
    /// [`Engine::continue_mass_cancels`] ends them. Returns the answer.
    ///
    /// # Errors
    /// The reason why nothing was done.
    pub(crate) fn mass_cancel_all(
        &mut self,
        sender: ParticipantId,
        instrument: InstrumentId,
        target: MassCancelTarget,
        side: Option<Side>,
    ) -> Result<ReportBody, RejectReason> {
        let firms = &self.participants.firms;
        let is_authorised = sender == ParticipantId::OPERATOR
            || match target {
                MassCancelTarget::Participant(target) => target == sender || firms.is_head_of(sender, target),
                MassCancelTarget::Firm(firm) => firm == sender,
                MassCancelTarget::Everybody => false,
            };
        if !is_authorised {
            return Err(RejectReason::NotAuthorised);
        }
        let of_firm = match target {
            MassCancelTarget::Firm(firm) => firms.get(firm).ok_or(RejectReason::InvalidFirm)?.ids(),
            _ => Vec::new(),
        };
        if let Some(listed) = self.instruments.find(instrument) {
            self.check_cancels(sender, &listed.instrument)?;
        }
        let mut covered = Covered::default();
        match (target, instrument) {
            (MassCancelTarget::Participant(participant), InstrumentId::NONE) => {
                self.cancel_everywhere(sender, &[participant], side, &mut covered);
            }
            (MassCancelTarget::Participant(participant), instrument) => {
                self.cancel_in(instrument, [participant], side, &mut covered);
            }
            (MassCancelTarget::Firm(_), InstrumentId::NONE) => {
                self.cancel_everywhere(sender, &of_firm, side, &mut covered);
            }
            (MassCancelTarget::Firm(_), instrument) => self.cancel_in(instrument, of_firm, side, &mut covered),
            // How many they are of a side is not known without a look at each participant in each instrument.
            (MassCancelTarget::Everybody, InstrumentId::NONE) if side.is_some() => {
                return Err(RejectReason::Unsupported);
            }
            (MassCancelTarget::Everybody, InstrumentId::NONE) => self.cancel_everything(&mut covered),
            (MassCancelTarget::Everybody, instrument) => {
                let participants: Vec<ParticipantId> = self.participants.ids().collect();
                self.cancel_in(instrument, participants, side, &mut covered);
            }
        }
        let Covered { affected, instruments, moving } = covered;
        Ok(ReportBody::MassCancelAll { target, affected, instruments, moving })
    }

    /// Checks whether a sender may cancel orders of an instrument now: the operator always may.
    fn check_cancels(&self, sender: ParticipantId, instrument: &Instrument) -> Result<(), RejectReason> {
        match sender {
            ParticipantId::OPERATOR => Ok(()),
            _ => auction_phase::check_cancels(instrument, self.pool.unfinished.now),
        }
    }

    /// Cancels orders of participants, which are few, in all instruments. Where the sender may not cancel now, they stay.
    fn cancel_everywhere(
        &mut self,
        sender: ParticipantId,
        participants: &[ParticipantId],
        side: Option<Side>,
        covered: &mut Covered,
    ) {
        let open = |participant: &ParticipantId| {
            self.participants.place(*participant).is_some_and(|place| self.pool.open_of(place) > 0)
        };
        let participants: Vec<_> = participants.iter().copied().filter(open).collect();
        let mut noted = Vec::new();
        for listed in self.instruments.iter().filter(|_| !participants.is_empty()) {
            let id = listed.instrument.definition.instrument;
            let may_cancel = self.check_cancels(sender, &listed.instrument).is_ok();
            let mut orders = 0;
            for &participant in &participants {
                let Some(owner) = self.scopes.find(participant, id) else { continue };
                let own = self.pool.orders_of(owner, side);
                orders += own;
                if own > 0 && may_cancel && listed.availability == Availability::Trading {
                    // The owner's lists have to be sorted.
                    self.pool.first_of(owner, side);
                    self.pool.set_canceled(owner, side, listed.instrument.last_order_id);
                    noted.push((id, Some(participant)));
                }
            }
            match listed.availability {
                Availability::Trading if !may_cancel => covered.moving += u32::from(orders > 0),
                Availability::Trading => {
                    covered.affected += orders;
                    covered.instruments += u32::from(orders > 0);
                }
                Availability::Fenced => covered.moving += u32::from(orders > 0),
                Availability::Unavailable => {}
            }
        }
        self.pool.unfinished.note_mass_cancels(noted);
    }

    /// Cancels orders of participants in an instrument that takes commands.
    fn cancel_in(
        &mut self,
        id: InstrumentId,
        participants: impl IntoIterator<Item = ParticipantId>,
        side: Option<Side>,
        covered: &mut Covered,
    ) {
        let last = self.instruments.find(id).map_or(OrderId(0), |listed| listed.instrument.last_order_id);
        let mut noted = Vec::new();
        for participant in participants {
            let Some(owner) = self.scopes.find(participant, id) else { continue };
            let orders = self.pool.orders_of(owner, side);
            if orders > 0 {
                self.pool.first_of(owner, side);
                self.pool.set_canceled(owner, side, last);
                noted.push((id, Some(participant)));
                covered.affected += orders;
                covered.instruments = 1;
            }
        }
        self.pool.unfinished.note_mass_cancels(noted);
    }

    /// Cancels all orders of the instruments that take commands.
    fn cancel_everything(&mut self, covered: &mut Covered) {
        let (mut noted, mut staying) = (Vec::new(), 0);
        for listed in self.instruments.iter() {
            let Listed { instrument, availability, .. } = listed;
            if instrument.first_order(&self.pool).is_none() {
                continue;
            }
            let id = instrument.definition.instrument;
            if *availability == Availability::Trading {
                self.pool.unfinished.set_canceled_of_everybody(id, instrument.last_order_id);
                noted.push((id, None));
                covered.instruments += 1;
            } else {
                covered.moving += u32::from(*availability == Availability::Fenced);
                staying += self.orders_in(id);
            }
        }
        covered.affected = self.pool.live() as u32 - staying;
        self.pool.unfinished.note_mass_cancels(noted);
    }

    /// Number of live orders of an instrument; looks at all participants.
    fn orders_in(&self, id: InstrumentId) -> u32 {
        let owners = self.participants.ids().filter_map(|participant| self.scopes.find(participant, id));
        owners.map(|owner| self.pool.orders_of(owner, None)).sum()
    }

    /// Ends orders that mass cancels have canceled, as far as the command at hand has steps left: by instrument, participant
    /// and order id.
    pub(crate) fn continue_mass_cancels(&mut self, now: EpochNanos, sink: &mut impl EventSink) {
        let mut done = 0;
        while let Some(&(id, participant)) = self.pool.unfinished.mass_cancels.get(done) {
            let place = self.instruments.place(id).filter(|_| self.is_trading(id));
            let Some(participant) = participant else {
                if place.is_some() && !self.pool.unfinished.look_at_participants() {
                    break;
                }
                // All before are done. What follows is of this instrument, or of a later one.
                self.pool.unfinished.mass_cancels.drain(..=done);
                done = 0;
                if place.is_some() {
                    self.come_to_scopes(id);
                }
                continue;
            };
            // It goes on when the instrument takes commands again.
            if let (Some(place), Some(owner)) = (place, self.scopes.find(participant, id)) {
                let Listed { instrument, hash, .. } = self.instruments.touch(place);
                let reporter = &mut Reporter::unprompted(now, &mut self.scopes, hash, sink);
                if !order_entry::continue_mass_cancel(owner, instrument, &mut self.pool, reporter) {
                    break;
                }
            }
            done += 1;
        }
        self.pool.unfinished.mass_cancels.drain(..done);
    }

    /// Turns a mass cancel of everybody in an instrument into one of each participant that has orders there.
    fn come_to_scopes(&mut self, id: InstrumentId) {
        let through = self.pool.unfinished.canceled_of_everybody(id);
        let mut noted = Vec::new();
        for (place, participant) in self.participants.ids().enumerate() {
            if self.pool.open_of(place as u32) > 0
                && let Some(owner) = self.scopes.find(participant, id)
                && self.pool.cancel_through(owner, through)
            {
                noted.push((id, Some(participant)));
            }
        }
        self.pool.unfinished.note_mass_cancels(noted);
        self.pool.unfinished.set_canceled_of_everybody(id, OrderId(0));
    }
}

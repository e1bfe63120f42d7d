//! Mass cancels of many books in the oracle, and how mass cancels go on.

use std::collections::BTreeSet;

use lugus_vocabulary::*;

use super::book::Resting;
use super::state::Oracle;
use super::unfinished::Ending;

impl Oracle {
    /// With the instrument 0 in all of them.
    pub(super) fn mass_cancel_all(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        target: MassCancelTarget,
        side: Option<Side>,
    ) -> Result<(), RejectReason> {
        let is_authorised = match target {
            MassCancelTarget::Participant(participant) => {
                me == participant.0 || self.firm_of(participant.0) == Some(me)
            }
            MassCancelTarget::Firm(firm) => me == firm.0,
            MassCancelTarget::Everybody => false,
        };
        if me != 0 && !is_authorised {
            return Err(RejectReason::NotAuthorised);
        }
        if let MassCancelTarget::Firm(firm) = target
            && !self.firms.contains_key(&firm.0)
        {
            return Err(RejectReason::InvalidFirm);
        }
        let everything = target == MassCancelTarget::Everybody && instrument == 0;
        if everything && side.is_some() {
            return Err(RejectReason::Unsupported);
        }
        let of_firm = match target {
            MassCancelTarget::Firm(firm) => self.firms[&firm.0].participants.clone(),
            _ => BTreeSet::new(),
        };
        let hit = |order: &Resting| {
            let is_of = match target {
                MassCancelTarget::Participant(participant) => order.participant == participant.0,
                MassCancelTarget::Firm(_) => of_firm.contains(&order.participant),
                MassCancelTarget::Everybody => true,
            };
            is_of && (side.is_none() || side == Some(order.request.side))
        };
        let closed: BTreeSet<u32> =
            self.instruments.keys().copied().filter(|&id| me != 0 && self.check_cancels(id).is_err()).collect();
        if closed.contains(&instrument) {
            return Err(RejectReason::NoCancelPhase);
        }
        let (mut affected, mut instruments, mut moving) = (0, 0, 0);
        for (&id, book) in self.instruments.iter().filter(|&(&id, _)| instrument == 0 || instrument == id) {
            let whose: BTreeSet<u32> =
                book.orders.iter().filter(|order| hit(order)).map(|order| order.participant).collect();
            if closed.contains(&id) {
                moving += u32::from(!whose.is_empty());
                continue;
            }
            affected += book.orders.iter().filter(|order| hit(order)).count() as u32;
            instruments += u32::from(!whose.is_empty());
            if everything && !whose.is_empty() {
                self.canceled_of_all.insert(id, book.order_ids);
                continue;
            }
            for participant in whose {
                for of in [Side::Buy, Side::Sell].into_iter().filter(|&of| side.is_none_or(|side| side == of)) {
                    self.canceled.insert((id, participant, of), book.order_ids);
                }
            }
        }
        self.tell(me, instrument, number, ReportBody::MassCancelAll { target, affected, instruments, moving });
        self.continue_mass_cancels();
        Ok(())
    }

    /// Ends canceled orders: by instrument, participant, order. A mass cancel of everything looks at all participants when it
    /// comes to an instrument, and costs steps for that.
    pub(super) fn continue_mass_cancels(&mut self) {
        for id in self.instruments.keys().copied().collect::<Vec<_>>() {
            if let Some(&last) = self.canceled_of_all.get(&id) {
                if self.steps == 0 {
                    return;
                }
                self.steps = self.steps.saturating_sub(self.limits.steps / 8);
                for order in self.instruments[&id].orders.iter().filter(|order| order.order_id <= last) {
                    for side in [Side::Buy, Side::Sell] {
                        // A later mass cancel of the participant may have come to more of them meanwhile.
                        let through = self.canceled.entry((id, order.participant, side)).or_default();
                        *through = (*through).max(last);
                    }
                }
                self.canceled_of_all.remove(&id);
            }
            let mut canceled: Vec<(u32, u64, RejectReason)> = Vec::new();
            for order in &self.instruments[&id].orders {
                if self.is_canceled(id, order) {
                    canceled.push((order.participant, order.order_id, RejectReason::MassCancel));
                } else if self.is_left(id, order) {
                    canceled.push((order.participant, order.order_id, RejectReason::CancelOnDisconnect));
                }
            }
            canceled.sort_unstable();
            for (_, order_id, reason) in canceled {
                if !self.step() {
                    return;
                }
                self.end(id, order_id, Ending::Canceled(reason));
            }
        }
    }
}

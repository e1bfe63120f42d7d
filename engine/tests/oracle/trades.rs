//! Trades in the oracle: all of them, and what the operator does with one.

use lugus_vocabulary::*;

use super::book::Trade;
use super::state::Oracle;

impl Oracle {
    /// Tells both sides of a trade, each with the command that it answers, and remembers it.
    pub(super) fn tell_trade(&mut self, instrument: u32, price: i64, quantity: u64, sides: [(u32, u64, Execution); 2]) {
        let told = sides.map(|(participant, answers, execution)| {
            self.tell(participant, instrument, answers, ReportBody::Execution(execution));
            TradeParty {
                order_id: execution.order_id,
                client_order_id: execution.client_order_id,
                event_sequence: EventSequence(self.last_event(participant, instrument)),
                participant: ParticipantId(participant),
            }
        });
        let first_bought = sides[0].2.side == Side::Buy;
        let (buyer, seller) = if first_bought { (told[0], told[1]) } else { (told[1], told[0]) };
        self.instruments.get_mut(&instrument).unwrap().trades.push(Trade { price, quantity, buyer, seller });
    }

    pub(super) fn amend_trade(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        id: TradeId,
        amendment: TradeAmendment,
    ) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        let limit = self.limits.retained_trades;
        let book = self.instruments.get_mut(&instrument).unwrap();
        let count = book.trades.len();
        if id.0 == 0 || id.0 as usize > count {
            return Err(RejectReason::UnknownTrade);
        }
        let at = id.0 as usize - 1;
        if at < book.trades_of_earlier_sessions || at + limit < count {
            return Err(RejectReason::TradeNotRetained);
        }
        let before = book.trades[at];
        if before.quantity == 0 {
            return Err(RejectReason::TradeCanceled);
        }
        let mut after = before;
        let mut told = before;
        if let TradeAmendment::Correct { price, quantity } = amendment {
            after.price = price.map_or(before.price, |price| price.0);
            after.quantity = quantity.map_or(before.quantity, |quantity| quantity.0);
            if after.quantity == 0 || after.quantity > before.quantity {
                return Err(RejectReason::InvalidQuantity);
            }
            let definition = &book.definition;
            if after.price < definition.minimum_price.0 || after.price > definition.maximum_price.0 {
                return Err(RejectReason::InvalidPrice);
            }
            if (after.price, after.quantity) == (before.price, before.quantity) {
                return Err(RejectReason::NothingToCorrect);
            }
            told = after;
        } else {
            after.quantity = 0;
        }
        book.trades[at] = after;
        let exec_type =
            if amendment == TradeAmendment::Cancel { ExecType::TradeCancel } else { ExecType::TradeCorrect };
        let addendum = |side, party: TradeParty| {
            ReportBody::TradeAddendum(TradeAddendum {
                exec_type,
                trade_id: id,
                side,
                order_id: party.order_id,
                client_order_id: party.client_order_id,
                last_price: Price(told.price),
                last_quantity: Quantity(told.quantity),
                exec_ref: party.event_sequence,
            })
        };
        self.tell(me, instrument, number, addendum(None, TradeParty::default()));
        for (side, party) in [(Side::Buy, after.buyer), (Side::Sell, after.seller)] {
            self.tell(party.participant.0, instrument, 0, addendum(Some(side), party));
        }
        Ok(())
    }
}

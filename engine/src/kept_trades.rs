//! The newest trades of an instrument since it was last closed: those that the operator can still cancel or correct.
//!
//! They are written with every trade, and read only for the operator, for a snapshot and for a move.

use lugus_vocabulary::{EventSequence, ParticipantId, Price, Quantity, Side, TradeId, TradeParty, TradeRecord};

use crate::book::Order;
use crate::numbered_tail::NumberedTail;

/// A trade, as it was corrected last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KeptTrade {
    pub(crate) price: Price,
    /// Lots; 0 if the trade is canceled.
    pub(crate) quantity: Quantity,
    /// The side that bought, and the side that sold.
    pub(crate) parties: [TradeParty; 2],
}

/// The kept trades of an instrument.
#[derive(Debug)]
pub(crate) struct KeptTrades {
    /// Trades, by their numbers.
    trades: NumberedTail<KeptTrade>,
    /// Trades up to this number are not kept, whatever is there.
    after: u64,
    /// Number of trades that are kept at most.
    limit: u32,
    /// Raised when the operator amends a trade, and when all are forgotten: while it is the same, a copy of the trades stays
    /// true. No part of the state that engines agree on.
    revision: u32,
}

impl KeptTrades {
    /// None, of an instrument whose last trade had this number.
    pub(crate) fn after(last: TradeId, limit: u32) -> Self {
        Self { trades: NumberedTail::starting_at(last.0 + 1), after: last.0, limit, revision: 1 }
    }

    /// Forgets all trades, of which this was the last: a new session begins.
    pub(crate) fn begin_session(&mut self, last: TradeId) {
        if last != self.last() {
            self.trades = NumberedTail::starting_at(last.0 + 1);
        }
        self.after = last.0;
        self.revision = self.revision.wrapping_add(1);
    }

    /// Keeps the next trade, and forgets the oldest one if more than the limit would be kept.
    #[inline(always)]
    pub(crate) fn push(&mut self, trade: KeptTrade) {
        let Self { trades, after, limit, .. } = self;
        let next = trades.next();
        trades.push(trade, || (*after + 1).max((next + 1).saturating_sub(u64::from(*limit))));
    }

    /// A kept trade, to be amended.
    pub(crate) fn get_mut(&mut self, trade_id: TradeId) -> Option<&mut KeptTrade> {
        self.revision = self.revision.wrapping_add(1);
        let is_kept = trade_id.0 > self.before_first();
        self.trades.get_mut(trade_id.0).filter(|_| is_kept)
    }

    /// A number that stays the same while kept trades stay as they are.
    pub(crate) fn revision(&self) -> u32 {
        self.revision
    }

    /// Forgets trades up to this one.
    pub(crate) fn forget_through(&mut self, trade_id: TradeId) {
        self.after = self.after.max(trade_id.0.min(self.last().0));
    }

    /// Number of kept trades.
    pub(crate) fn len(&self) -> usize {
        (self.last().0 - self.before_first()) as usize
    }

    /// Number of the newest trade.
    pub(crate) fn last(&self) -> TradeId {
        TradeId(self.trades.next() - 1)
    }

    /// The kept trade with this number, or the first one if that has a higher number.
    pub(crate) fn at_or_after(&self, trade_id: TradeId) -> Option<TradeRecord> {
        let number = trade_id.0.max(self.before_first() + 1);
        let KeptTrade { price, quantity, parties: [buyer, seller] } = *self.trades.get(number)?;
        Some(TradeRecord { trade_id: TradeId(number), price, quantity, buyer, seller })
    }

    /// The kept trades, oldest first.
    pub(crate) fn records(&self) -> impl Iterator<Item = TradeRecord> {
        (self.before_first() + 1..=self.last().0).filter_map(|number| self.at_or_after(TradeId(number)))
    }

    /// Takes in a trade that was kept elsewhere; they come oldest first. Returns whether it can follow the one before.
    pub(crate) fn take_in(&mut self, record: &TradeRecord) -> bool {
        let TradeRecord { trade_id, price, quantity, buyer, seller } = *record;
        if self.len() == 0 && trade_id.0 > 0 && trade_id.0 <= self.last().0 {
            self.begin_session(TradeId(trade_id.0 - 1));
        }
        let follows = trade_id.0 == self.trades.next();
        if follows {
            self.push(KeptTrade { price, quantity, parties: [buyer, seller] });
        }
        follows
    }

    /// Number of the newest trade that is not kept.
    pub(crate) fn before_first(&self) -> u64 {
        self.after.max(self.last().0.saturating_sub(self.limit.into()))
    }
}

impl KeptTrade {
    /// A trade of an order that came in, or bought, with another one, each with the participant and the event that told it.
    #[inline(always)]
    pub(crate) fn new(price: Price, quantity: Quantity, one: (&Order, Told), other: (&Order, Told)) -> Self {
        let party = |(order, told): (&Order, Told)| TradeParty {
            order_id: order.order_id,
            client_order_id: order.client_order_id,
            event_sequence: told.event_sequence,
            participant: told.participant,
        };
        let parties = match one.0.side {
            Side::Buy => [party(one), party(other)],
            Side::Sell => [party(other), party(one)],
        };
        Self { price, quantity, parties }
    }
}

/// To whom an event was told, and its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) participant: ParticipantId,
    pub(crate) event_sequence: EventSequence,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(number: u64) -> KeptTrade {
        KeptTrade { quantity: Quantity(number), ..KeptTrade::default() }
    }

    #[test]
    fn the_newest_trades_are_kept_however_many_that_are() {
        for limit in [0, 1, 7, 8, 100] {
            let mut trades = KeptTrades::after(TradeId(40), limit);
            for number in 41..=300 {
                trades.push(trade(number));
                let first = (number + 1).saturating_sub(limit.into()).max(41);
                assert_eq!(trades.len() as u64, number + 1 - first);
                for kept in first - 1..=number + 1 {
                    let expected = (first..=number).contains(&kept).then(|| trade(kept));
                    assert_eq!(trades.get_mut(TradeId(kept)).copied(), expected, "{limit} {number} {kept}");
                }
            }
            let records: Vec<_> = trades.records().collect();
            let mut loaded = KeptTrades::after(TradeId(300), limit);
            assert!(records.iter().all(|record| loaded.take_in(record)));
            assert_eq!(loaded.records().collect::<Vec<_>>(), records);
            trades.begin_session(TradeId(300));
            assert_eq!((trades.len(), trades.records().count(), trades.last()), (0, 0, TradeId(300)));
            trades.push(trade(301));
            assert_eq!(trades.get_mut(TradeId(301)).copied(), (limit > 0).then(|| trade(301)));
        }
    }

    #[test]
    fn a_trade_that_does_not_follow_is_not_taken_in() {
        let record = |trade_id| TradeRecord {
            trade_id: TradeId(trade_id),
            price: Price(1),
            quantity: Quantity(1),
            buyer: TradeParty::default(),
            seller: TradeParty::default(),
        };
        let mut trades = KeptTrades::after(TradeId(9), 4);
        assert!(!trades.take_in(&record(0)) && !trades.take_in(&record(11)));
        assert!(trades.take_in(&record(8)) && !trades.take_in(&record(8)) && trades.take_in(&record(9)));
    }
}

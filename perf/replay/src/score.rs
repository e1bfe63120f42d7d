//! Counts the exchange's own trades that the venue executes as the exchange did: against the same resting orders, with
//! the same quantities.
//!
//! Reports of different participants may come in any order, so the two sides of a trade are matched by its trade id.

use std::collections::HashMap;

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, ExecType, Execution, InstrumentId, Liquidity, ParticipantId, Price, Quantity,
    Report, ReportBody, TradeId,
};

use crate::flow::{ExchangeTrade, RestingFills};
use crate::venue::Scope;

/// Compares the venue's trades with the exchange's.
#[derive(Debug, Default)]
pub struct Score {
    trades: HashMap<Aggressor, Trade>,
    /// Sides of trades whose other side has not been reported yet.
    halves: HashMap<(InstrumentId, TradeId), Half>,
    tally: Tally,
}

/// The sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Number of trades that the exchange reported.
    pub exchange_trades: u64,
    /// Number of these trades that filled the same resting orders with the same quantities, in any order.
    pub reproduced: u64,
    /// Number of the reproduced trades whose fills also came in the order in which the exchange lists them.
    pub in_same_order: u64,
    /// Number of trades whose first fill was at the exchange's price, which was the best price here too.
    pub at_best_price: u64,
    /// Number of all fills of the venue, each of a resting and an incoming order.
    pub fills: u64,
}

/// Identifies the command of an aggressor.
type Aggressor = (ParticipantId, InstrumentId, ClientSequence);

#[derive(Debug)]
struct Trade {
    exchange: ExchangeTrade,
    first_price: Option<Price>,
    /// Fills by trade id, as reports of different participants come in any order.
    resting: Vec<(TradeId, ClientOrderId, Quantity)>,
    /// Number of fills whose resting side has not been reported yet.
    unpaired: u32,
    has_ended: bool,
}

#[derive(Debug, Clone, Copy)]
enum Half {
    Resting(ClientOrderId, Quantity),
    Incoming(Aggressor),
}

impl Score {
    /// Records that a sent command is the aggressor of a trade of the exchange.
    pub fn expect(&mut self, scope: Scope, client_sequence: ClientSequence, exchange: ExchangeTrade) {
        self.tally.exchange_trades += 1;
        let trade = Trade { exchange, first_price: None, resting: Vec::new(), unpaired: 0, has_ended: false };
        self.trades.insert((scope.0, scope.1, client_sequence), trade);
    }

    /// Records an event, which must not have come before.
    pub fn report(&mut self, report: &Report) {
        let ReportBody::Execution(execution) = &report.body else { return };
        let aggressor = (report.participant, report.instrument, report.client_sequence);
        match (execution.exec_type, execution.liquidity) {
            (ExecType::Trade, Liquidity::Removed) => self.incoming(aggressor, execution),
            (ExecType::Trade, Liquidity::Added) => self.resting(report.instrument, execution),
            _ => {}
        }
        if execution.leaves_quantity.0 == 0 && report.client_sequence.0 > 0 {
            if let Some(trade) = self.trades.get_mut(&aggressor) {
                trade.has_ended = true;
            }
            self.close_if_whole(aggressor);
        }
    }

    /// Number of fills of which only one side was reported.
    pub fn unpaired(&self) -> usize {
        self.halves.len()
    }

    /// The sums so far. Trades with a fill of which a side was not reported count as not reproduced.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn incoming(&mut self, aggressor: Aggressor, execution: &Execution) {
        self.tally.fills += 1;
        let other = self.halves.remove(&(aggressor.1, execution.trade_id));
        if other.is_none() {
            self.halves.insert((aggressor.1, execution.trade_id), Half::Incoming(aggressor));
        }
        let Some(trade) = self.trades.get_mut(&aggressor) else { return };
        trade.first_price = trade.first_price.or(execution.last_price);
        match other {
            Some(Half::Resting(order, quantity)) => trade.resting.push((execution.trade_id, order, quantity)),
            _ => trade.unpaired += 1,
        }
    }

    fn resting(&mut self, instrument: InstrumentId, execution: &Execution) {
        let (order, quantity) = (execution.client_order_id, execution.last_quantity);
        match self.halves.remove(&(instrument, execution.trade_id)) {
            Some(Half::Incoming(aggressor)) => {
                if let Some(trade) = self.trades.get_mut(&aggressor) {
                    trade.resting.push((execution.trade_id, order, quantity));
                    trade.unpaired -= 1;
                    self.close_if_whole(aggressor);
                }
            }
            _ => {
                self.halves.insert((instrument, execution.trade_id), Half::Resting(order, quantity));
            }
        }
    }

    fn close_if_whole(&mut self, aggressor: Aggressor) {
        let is_whole = |trade: &Trade| trade.has_ended && trade.unpaired == 0;
        if !self.trades.get(&aggressor).is_some_and(is_whole) {
            return;
        }
        if let Some(mut trade) = self.trades.remove(&aggressor) {
            trade.resting.sort_unstable();
            let ours: RestingFills = trade.resting.iter().map(|&(_, order, quantity)| (order, quantity)).collect();
            self.tally.reproduced += u64::from(ours.has_same_orders(&trade.exchange.fills));
            self.tally.in_same_order += u64::from(ours == trade.exchange.fills);
            self.tally.at_best_price += u64::from(trade.first_price == Some(trade.exchange.price));
        }
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{EpochNanos, EventSequence, NewOrder, OrderId, Side};

    use super::*;

    const TAKER: (ParticipantId, InstrumentId) = (ParticipantId(1), InstrumentId(5));

    fn report(participant: u32, sequence: u64, execution: Execution) -> Report {
        Report {
            participant: ParticipantId(participant),
            instrument: TAKER.1,
            event_sequence: EventSequence(1),
            client_sequence: ClientSequence(sequence),
            time: EpochNanos(0),
            body: ReportBody::Execution(execution),
        }
    }

    fn execution(exec_type: ExecType, liquidity: Liquidity, leaves: u64) -> Execution {
        let order = NewOrder::market(ClientOrderId(0), Side::Buy, Quantity(0));
        let leaves_quantity = Quantity(leaves);
        Execution { exec_type, liquidity, leaves_quantity, ..Execution::accepted(OrderId(0), &order) }
    }

    /// The aggressor's report of a trade: command 1 of the taker, at price 100.
    fn took(trade: u64, quantity: u64, leaves: u64) -> Report {
        let side = execution(ExecType::Trade, Liquidity::Removed, leaves);
        let (trade_id, last_quantity) = (TradeId(trade), Quantity(quantity));
        report(1, 1, Execution { trade_id, last_quantity, last_price: Some(Price(100)), ..side })
    }

    /// The report for the other side, which is another participant's.
    fn gave(trade: u64, quantity: u64, order: u64) -> Report {
        let side = execution(ExecType::Trade, Liquidity::Added, 9);
        let (trade_id, last_quantity) = (TradeId(trade), Quantity(quantity));
        report(2, 0, Execution { trade_id, last_quantity, client_order_id: ClientOrderId(order), ..side })
    }

    fn ended() -> Report {
        report(1, 1, execution(ExecType::Canceled, Liquidity::None, 0))
    }

    /// Numbers of reproduced trades and of trades at the best price, when the exchange filled `fills` at `price`.
    fn scored(price: i64, fills: &[(u64, u64)], reports: &[Report]) -> (u64, u64) {
        let tally = tally(price, fills, reports);
        (tally.reproduced, tally.at_best_price)
    }

    fn tally(price: i64, fills: &[(u64, u64)], reports: &[Report]) -> Tally {
        let mut score = Score::default();
        let fills = fills.iter().map(|&(order, quantity)| (ClientOrderId(order), Quantity(quantity))).collect();
        score.expect(TAKER, ClientSequence(1), ExchangeTrade { price: Price(price), fills });
        score.report(&report(1, 1, execution(ExecType::New, Liquidity::None, 5)));
        reports.iter().for_each(|report| score.report(report));
        let tally = score.tally();
        assert_eq!(tally.exchange_trades, 1);
        tally
    }

    #[test]
    fn a_trade_is_the_same_with_the_same_orders_and_sizes_however_its_events_arrive() {
        let same = [(7, 2), (8, 3)];
        let (took_2, took_3, gave_2, gave_3) = (took(1, 2, 3), took(2, 3, 0), gave(1, 2, 7), gave(2, 3, 8));
        for order in [
            [took_2, gave_2, took_3, gave_3],
            [took_2, took_3, gave_3, gave_2],
            [gave_3, gave_2, took_2, took_3],
            [gave_2, took_2, gave_3, took_3],
        ] {
            assert_eq!(scored(100, &same, &order), (1, 1));
            assert_eq!(tally(100, &same, &order).in_same_order, 1);
        }
        // The same fills in another order count as the same trade, but not as one in the same order.
        let listed_otherwise = tally(100, &[(8, 2), (7, 2), (8, 1)], &[took_2, gave_2, took_3, gave_3]);
        assert_eq!((listed_otherwise.reproduced, listed_otherwise.in_same_order), (1, 0));
    }

    #[test]
    fn any_difference_makes_two_trades_differ() {
        let done = [took(1, 2, 3), gave(1, 2, 7), took(2, 3, 0), gave(2, 3, 8)];
        assert_eq!(scored(100, &[(7, 3), (8, 2)], &done), (0, 1)); // other sizes
        assert_eq!(scored(100, &[(7, 2), (9, 3)], &done), (0, 1)); // another order
        assert_eq!(scored(100, &[(7, 2), (8, 3), (9, 1)], &done), (0, 1)); // one more
        assert_eq!(scored(101, &[(7, 2), (8, 3)], &done), (1, 0)); // another price
        let partly = [took(1, 2, 3), gave(1, 2, 7), ended()];
        assert_eq!(scored(100, &[(7, 2), (8, 3)], &partly), (0, 1)); // found too little
        assert_eq!(scored(100, &[(7, 2)], &[ended()]), (0, 0)); // found nothing
        assert_eq!(scored(100, &[(7, 2)], &[took(1, 2, 0)]), (0, 0)); // the other side was never heard of
    }

    #[test]
    fn fills_of_other_orders_are_counted_and_forgotten() {
        let mut score = Score::default();
        for trade in 1..=100 {
            score.report(&gave(trade, 1, 7));
            score.report(&took(trade, 1, 1));
        }
        assert_eq!((score.tally().fills, score.unpaired()), (100, 0));
    }
}

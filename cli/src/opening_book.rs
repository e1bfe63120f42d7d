//! The orders that lived at some place of a log, as commands that make the same book: with the same priorities, and with icebergs that show
//! and hide what they did.

use lugus_vocabulary::{
    Action, ClientOrderId, InstrumentId, NewOrder, OrderRecord, ParticipantId, Quantity, Side, TimeInForce,
};

use lugus_replay::flow::Step;

/// Number of parts of an iceberg at most, as the engine has it.
const MAXIMUM_PARTS: u64 = 100;

/// The client order id of what takes a part of an iceberg. It is never live, so it can't be another order's.
const TAKER: ClientOrderId = ClientOrderId(u64::MAX);

/// How an instrument takes orders while its book is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trading {
    /// Orders trade with each other.
    Continuous,
    /// Orders only rest.
    Auction,
}

/// The commands that make a book.
#[derive(Debug, Default)]
pub struct OpeningBook {
    /// The commands, in their order.
    pub steps: Vec<Step>,
    /// Number of icebergs whose later parts are as small as the one that they show.
    pub approximated: u64,
}

impl OpeningBook {
    /// Adds the orders of an instrument, which are in the order of a snapshot: bids, asks, stop orders and elected orders, each by
    /// priority. One of the `participants` trades with an iceberg of another one that shows less than its display quantity.
    ///
    /// Such an iceberg has traded, so it was the first at its price, and it still is, as nothing gets before it. So the book is made from the
    /// worst price to the best: when it is entered, nothing is before it on its side, and nothing is on the other side that could trade. Then
    /// what it no longer shows is taken from it. In an auction nothing can be taken: there the part that is shown becomes the display
    /// quantity.
    pub fn add(
        &mut self,
        instrument: InstrumentId,
        trading: Trading,
        records: &[OrderRecord],
        participants: &[ParticipantId],
    ) {
        let rests = |record: &&OrderRecord| record.order.stop_price.is_none() && !record.is_elected;
        for side in [Side::Buy, Side::Sell] {
            let orders: Vec<_> = records.iter().filter(rests).filter(|record| record.order.side == side).collect();
            let levels = orders.chunk_by(|one, next| one.order.price == next.order.price);
            for level in levels.rev() {
                for (place, record) in level.iter().enumerate() {
                    let may_take = trading == Trading::Continuous && place == 0;
                    self.order(instrument, record, if may_take { participants } else { &[] });
                }
            }
        }
        for record in records.iter().filter(|record| !rests(record)) {
            self.order(instrument, record, &[]);
        }
    }

    fn order(&mut self, instrument: InstrumentId, record: &OrderRecord, takers: &[ParticipantId]) {
        let OrderRecord { participant, leaves_quantity: leaves, shown_quantity: shown, ref order, .. } = *record;
        let display = order.display_quantity;
        let mut entered = NewOrder { quantity: leaves, ..*order };
        if shown >= leaves {
            // Nothing is hidden any more, and a display quantity above the quantity would be refused.
            entered.display_quantity = Quantity(0);
        }
        if display.0 == 0 || shown.0 == 0 || shown >= display.min(leaves) {
            return self.push(participant, instrument, entered);
        }
        match (takers.iter().find(|taker| **taker != participant), order.price) {
            (Some(taker), Some(price)) => {
                let gone = Quantity(display.0 - shown.0);
                entered.quantity.0 += gone.0;
                self.push(participant, instrument, entered);
                let order = NewOrder::limit(TAKER, order.side.opposite(), price, gone);
                self.push(*taker, instrument, NewOrder { time_in_force: TimeInForce::Ioc, ..order });
            }
            _ => {
                if leaves.0.div_ceil(shown.0) <= MAXIMUM_PARTS {
                    entered.display_quantity = shown;
                }
                self.approximated += 1;
                self.push(participant, instrument, entered);
            }
        }
    }

    fn push(&mut self, participant: ParticipantId, instrument: InstrumentId, order: NewOrder) {
        self.steps.push(Step { participant, instrument, action: Action::New(order), trade: None });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use lugus_engine::{Engine, EngineLimits, EventSink};
    use lugus_testing::instruments::btc_usdt;
    use lugus_vocabulary::{
        ClientSequence, Command, EpochNanos, ExecType, InstrumentState, Price, Reply, Report, ReportBody,
        SnapshotRecord,
    };
    use proptest::prelude::*;

    use super::*;

    const INSTRUMENT: InstrumentId = InstrumentId(1);

    /// An engine that takes commands and accepts them all.
    struct Market {
        engine: Engine,
        numbers: HashMap<(ParticipantId, InstrumentId), u64>,
    }

    struct Nothing;

    impl EventSink for Nothing {
        fn report(&mut self, report: &Report) {
            let is_reject = match &report.body {
                ReportBody::Execution(execution) => execution.exec_type == ExecType::Rejected,
                body => matches!(body, ReportBody::Reject { .. }),
            };
            assert!(!is_reject, "{report:?}");
        }
        fn reply(&mut self, reply: &Reply) {
            panic!("{reply:?}");
        }
    }

    impl Market {
        fn new() -> Self {
            let mut market = Self { engine: Engine::new(EngineLimits::default()), numbers: HashMap::new() };
            market.apply(ParticipantId::OPERATOR, InstrumentId::NONE, Action::DefineInstrument(btc_usdt(INSTRUMENT)));
            market
        }

        fn apply(&mut self, participant: ParticipantId, instrument: InstrumentId, action: Action) {
            let number = self.numbers.entry((participant, instrument)).or_default();
            *number += 1;
            let client_sequence = ClientSequence(*number);
            let command = Command { participant, instrument, client_sequence, action };
            self.engine.apply(EpochNanos(1), &command, &mut Nothing);
        }

        fn orders(&self) -> Vec<OrderRecord> {
            let mut orders = Vec::new();
            let visited: Result<(), Infallible> = self.engine.snapshot(&mut |record| {
                if let SnapshotRecord::Order(order) = record {
                    orders.push(*order);
                }
                Ok(())
            });
            visited.unwrap_or_else(|never| match never {});
            orders
        }

        /// Of each order, by priority: its owner and id, what is shown, what is hidden, and if something is, what its parts show.
        fn queue(&self) -> Vec<(ParticipantId, ClientOrderId, u64, u64, u64)> {
            let shown = |order: &OrderRecord| {
                let (shown, leaves) = (order.shown_quantity.0, order.leaves_quantity.0);
                let parts = if leaves > shown { order.order.display_quantity.0 } else { 0 };
                (order.participant, order.order.client_order_id, shown, leaves - shown, parts)
            };
            self.orders().iter().map(shown).collect()
        }

        fn made(&self, trading: Trading) -> (Self, u64) {
            let participants = [1, 2, 3].map(ParticipantId);
            let mut opening = OpeningBook::default();
            opening.add(INSTRUMENT, trading, &self.orders(), &participants);
            let mut market = Self::new();
            if trading == Trading::Auction {
                market.set_state(InstrumentState::Auction);
            }
            for Step { participant, instrument, action, .. } in opening.steps {
                market.apply(participant, instrument, action);
            }
            (market, opening.approximated)
        }

        fn set_state(&mut self, state: InstrumentState) {
            let action = Action::SetInstrumentState { state, reference_price: None };
            self.apply(ParticipantId::OPERATOR, INSTRUMENT, action);
        }
    }

    proptest! {
        #[test]
        fn the_book_is_made_as_it_was(
            flow in proptest::collection::vec((1u32..4, any::<bool>(), 0i64..6, 1u64..40, 0u64..9), 1..120)
        ) {
            let mut market = Market::new();
            for (number, (participant, buys, away, quantity, display)) in (1..).zip(flow) {
                let side = if buys { Side::Buy } else { Side::Sell };
                let price = Price(if buys { 1_002 - away } else { 999 + away });
                let order = NewOrder::limit(ClientOrderId(number), side, price, Quantity(quantity));
                let display_quantity = Quantity(if display < quantity { display } else { 0 });
                market.apply(ParticipantId(participant), INSTRUMENT, Action::New(NewOrder { display_quantity, ..order }));
            }
            let (made, approximated) = market.made(Trading::Continuous);
            prop_assert_eq!((made.queue(), approximated), (market.queue(), 0));
        }
    }

    fn iceberg_of_which_two_lots_have_traded() -> Market {
        let mut market = Market::new();
        let order = NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1_000), Quantity(20));
        let iceberg = NewOrder { display_quantity: Quantity(5), ..order };
        market.apply(ParticipantId(1), INSTRUMENT, Action::New(iceberg));
        let taker = NewOrder::limit(ClientOrderId(2), Side::Sell, Price(1_000), Quantity(2));
        market.apply(ParticipantId(2), INSTRUMENT, Action::New(taker));
        assert_eq!(market.queue(), [(ParticipantId(1), ClientOrderId(1), 3, 15, 5)]);
        market
    }

    #[test]
    fn in_an_auction_an_iceberg_shows_and_hides_what_it_did_but_its_later_parts_are_smaller() {
        let mut market = iceberg_of_which_two_lots_have_traded();
        market.set_state(InstrumentState::Auction);
        let (made, approximated) = market.made(Trading::Auction);
        assert_eq!(made.queue(), [(ParticipantId(1), ClientOrderId(1), 3, 15, 3)]);
        assert_eq!(approximated, 1);
    }

    #[test]
    fn an_iceberg_of_the_only_participant_is_not_traded_with() {
        let market = iceberg_of_which_two_lots_have_traded();
        let mut opening = OpeningBook::default();
        opening.add(INSTRUMENT, Trading::Continuous, &market.orders(), &[ParticipantId(1)]);
        assert_eq!((opening.steps.len(), opening.approximated), (1, 1));
    }
}

//! What participants and the operator ask for: any kind of order and command, mostly sound, about few orders at few prices.

use lugus_vocabulary::{
    Action, AtDayEnd, AuctionRules, BeyondPoints, ByEntry, ClientOrderId, ClientTag, DailySchedule, EpochNanos,
    FirmRules, InstrumentId, InstrumentState, KillSwitch, MarketMakerProtection, MassCancelTarget, MassQuote, NewOrder,
    OnBreach, OnDisconnect, OrderType, ParticipantId, PostOnly, Price, PriceProtection, PriceWidth, Quantity,
    QuoteCancel, QuoteEntry, QuoteId, QuoteSetId, Replace, RiskLimits, SelfTradePrevention, SelfTradeScope, Side,
    TimeInForce, TimeOfDay, TradeAmendment, TradeId, WorkingOrders,
};

use crate::network::Time;
use crate::random::Random;

/// Makes the commands of one process, about orders of 1 to 9 lots at prices around 100 ticks.
#[derive(Debug)]
pub struct Commands {
    random: Random,
    /// Distinguishes the orders of this process from those of all others.
    next_order: u64,
    first_order: u64,
}

impl Commands {
    /// The commands of a process; the numbers of its orders have that of the process in their upper 32 bits.
    pub fn new(random: Random, process: u64) -> Self {
        let first_order = process << 32;
        Self { random, next_order: first_order, first_order }
    }

    fn side(&mut self) -> Side {
        self.random.one_of(&[Side::Buy, Side::Sell])
    }

    fn price(&mut self) -> Price {
        let spread = if self.random.below(20) == 0 { (85, 115) } else { (97, 103) };
        Price(self.random.between(spread.0, spread.1) as i64)
    }

    fn quantity(&mut self) -> Quantity {
        Quantity(if self.random.below(30) == 0 { self.random.below(24) } else { self.random.between(1, 9) })
    }

    /// One of the newest orders of this process, or one that there never was.
    fn recent(&mut self) -> ClientOrderId {
        let made = self.next_order - self.first_order;
        let back = self.random.below(made.min(8) + 1);
        ClientOrderId(self.next_order - back)
    }

    fn fresh(&mut self) -> ClientOrderId {
        self.next_order += 1;
        ClientOrderId(self.next_order)
    }

    /// A participant's command in an instrument, at the log time `now`, in nanoseconds since 1970.
    pub fn of_participant(&mut self, me: ParticipantId, now: u64) -> Action {
        match self.random.below(100) {
            0..=64 => Action::New(self.order(now)),
            65..=79 => Action::Cancel { orig_client_order_id: self.recent() },
            80..=96 => {
                let orig_client_order_id = self.recent();
                let client_order_id = if self.random.below(2) == 0 { orig_client_order_id } else { self.fresh() };
                Action::Replace(Replace {
                    orig_client_order_id,
                    client_order_id,
                    price: (self.random.below(20) > 0).then(|| self.price()),
                    stop_price: (self.random.below(20) == 0).then(|| self.price()),
                    quantity: self.quantity(),
                    display_quantity: Quantity(if self.random.below(8) == 0 { 2 } else { 0 }),
                })
            }
            _ => {
                Action::MassCancel { target: me, side: self.random.one_of(&[None, Some(Side::Buy), Some(Side::Sell)]) }
            }
        }
    }

    /// A command about a participant's own quotes, which belongs to no instrument.
    pub(crate) fn of_market_maker(&mut self, instruments: u32) -> Action {
        let set = |number| QuoteSetId::new(number).unwrap_or_default();
        let quote_set = set(self.random.one_of(&[0, 0, 0, 5]));
        match self.random.below(20) {
            0 => {
                let instrument = InstrumentId(self.random.below(u64::from(instruments) + 1) as u32);
                let quote_set = self.random.one_of(&[None, Some(quote_set)]);
                Action::QuoteCancel(QuoteCancel { quote_set, instrument })
            }
            1 | 2 => {
                let seldom = |random: &mut Random, most: u64| (random.below(2) == 0).then(|| random.below(most) + 2);
                let random = &mut self.random;
                let limits = MarketMakerProtection {
                    window_milliseconds: random.one_of(&[20, 200, 1_000]),
                    frozen_milliseconds: random.one_of(&[0, 30, 300]),
                    maximum_trades: Some(random.below(5) as u32 + 1),
                    maximum_quantity: seldom(random, 20).map(Quantity),
                    maximum_delta: seldom(random, 10).map(Quantity),
                };
                Action::SetMarketMakerProtection { quote_set, protection: limits }
            }
            3..=5 => Action::ResetMarketMakerProtection { quote_set },
            _ => {
                let mut entries = ByEntry::default();
                for instrument in 1..=instruments.min(4) {
                    let (bid_price, width) = (self.price(), self.random.between(1, 4) as i64);
                    let entry = QuoteEntry {
                        instrument: InstrumentId(instrument),
                        bid_price,
                        bid_quantity: self.quantity(),
                        offer_price: Price(bid_price.0 + width),
                        offer_quantity: self.quantity(),
                    };
                    if self.random.below(3) > 0 {
                        // There is room for all four.
                        let _ = entries.push(entry);
                    }
                }
                let post_only = self.random.one_of(&[PostOnly::No, PostOnly::No, PostOnly::Yes]);
                let self_trade_prevention =
                    self.random.one_of(&[SelfTradePrevention::None, SelfTradePrevention::CancelOldest]);
                let quote_id = QuoteId(self.random.below(5));
                Action::MassQuote(MassQuote { quote_id, quote_set, post_only, self_trade_prevention, entries })
            }
        }
    }

    fn order(&mut self, now: Time) -> NewOrder {
        use OrderType::{Limit, Market, Stop, StopLimit};
        use TimeInForce::{AtTheClose, AtTheOpening, Day, Fok, GoodForAuction, Gtc, Gtd, Ioc};
        let (order_type, time_in_force) = self.random.one_of(&[
            (Limit, Gtc),
            (Limit, Gtc),
            (Limit, Gtc),
            (Limit, Gtc),
            (Limit, Gtc),
            (Limit, Gtd),
            (Limit, Gtd),
            (Limit, Day),
            (Limit, Ioc),
            (Limit, Fok),
            (Market, Ioc),
            (Market, Fok),
            (Stop, Gtc),
            (Stop, Gtd),
            (StopLimit, Gtc),
            (StopLimit, Gtd),
            (Limit, AtTheOpening),
            (Limit, AtTheClose),
            (Limit, GoodForAuction),
            (Market, AtTheOpening),
            (Market, AtTheClose),
            (Market, GoodForAuction),
        ]);
        let client_order_id = if self.random.below(25) == 0 { self.recent() } else { self.fresh() };
        let lasts = self.random.below(150) as i64 * 1_000_000 - 5_000_000;
        let prevention = self.random.below(8);
        NewOrder {
            order_type,
            time_in_force,
            price: matches!(order_type, Limit | StopLimit).then(|| self.price()),
            stop_price: matches!(order_type, Stop | StopLimit).then(|| self.price()),
            display_quantity: Quantity(if self.random.below(8) == 0 { self.random.between(1, 4) } else { 0 }),
            expire_time: (time_in_force == Gtd).then_some(EpochNanos(now as i64 + lasts)),
            post_only: if self.random.below(8) == 0 { PostOnly::Yes } else { PostOnly::No },
            self_trade_prevention: match prevention {
                0 => SelfTradePrevention::CancelNewest,
                1 => SelfTradePrevention::CancelOldest,
                2 => SelfTradePrevention::CancelBoth,
                3 => SelfTradePrevention::Decrement,
                _ => SelfTradePrevention::None,
            },
            client_tag: ClientTag(self.random.below(3)),
            on_disconnect: if self.random.below(4) == 0 { OnDisconnect::Stay } else { OnDisconnect::Cancel },
            ..NewOrder::limit(client_order_id, self.side(), Price(0), self.quantity())
        }
    }

    fn protection(&mut self) -> PriceProtection {
        let width = |random: &mut Random| (random.below(2) == 0).then(|| PriceWidth::Ticks(random.between(1, 6)));
        PriceProtection {
            dynamic_band: width(&mut self.random),
            reference_window_milliseconds: self.random.one_of(&[0, 0, 40]),
            on_breach: self.random.one_of(&[OnBreach::Reject, OnBreach::Halt]),
            auction_milliseconds: self.random.between(1, 120) as u32,
            auction_collar: width(&mut self.random),
            protection_points: Quantity(self.random.below(4)),
            beyond_points: self.random.one_of(&[BeyondPoints::Cancel, BeyondPoints::Rest]),
        }
    }

    /// Rules of auctions. Half of them have a schedule, whose phases lie within a quarter of a second from log time `now`, in
    /// nanoseconds since 1970.
    fn auction_rules(&mut self, now: Time) -> AuctionRules {
        let schedule = if self.random.below(2) == 0 { DailySchedule::NONE } else { self.schedule(now) };
        AuctionRules {
            indicative_milliseconds: self.random.one_of(&[0, 10, 25]),
            no_cancel_milliseconds: self.random.below(40) as u32,
            schedule,
        }
    }

    fn schedule(&mut self, now: Time) -> DailySchedule {
        const MILLISECONDS_A_DAY: u64 = 86_400_000;
        let mut after = now / 1_000_000;
        let mut next = |random: &mut Random| {
            after += random.between(5, 60);
            TimeOfDay::from_milliseconds((after % MILLISECONDS_A_DAY) as u32)
        };
        let random = &mut self.random;
        let (opening_auction, continuous) = (next(random), next(random));
        let (closing_auction, closed) = (next(random), next(random));
        let has_opening = random.below(3) > 0;
        let has_closing = random.below(3) > 0;
        DailySchedule {
            opening_auction: opening_auction.filter(|_| has_opening),
            continuous,
            closing_auction: closing_auction.filter(|_| has_closing),
            closed,
            at_day_end: random.one_of(&[AtDayEnd::Halt, AtDayEnd::Close]),
        }
    }

    /// A command of the operator at the log time `now`, in nanoseconds since 1970, and its instrument; [`InstrumentId::NONE`]
    /// for what concerns a participant.
    pub(crate) fn of_operator(&mut self, participants: u32, instruments: u32, now: Time) -> (InstrumentId, Action) {
        let instrument = InstrumentId(self.random.between(1, u64::from(instruments)) as u32);
        let target = ParticipantId(self.random.between(1, u64::from(participants)) as u32);
        match self.random.below(14) {
            0..=3 => {
                use InstrumentState::{Auction, Closed, Halted, Open};
                let state = self.random.one_of(&[Open, Open, Open, Open, Auction, Auction, Halted, Closed]);
                let reference_price = (self.random.below(4) == 0).then(|| self.price());
                (instrument, Action::SetInstrumentState { state, reference_price })
            }
            4 => {
                let trade_id = TradeId(self.random.between(1, 30));
                let amendment = match self.random.below(2) {
                    0 => TradeAmendment::Cancel,
                    _ => TradeAmendment::Correct { price: Some(self.price()), quantity: None },
                };
                (instrument, Action::AmendTrade { trade_id, amendment })
            }
            5 => {
                let side = self.random.one_of(&[None, None, Some(Side::Buy), Some(Side::Sell)]);
                let participant = MassCancelTarget::Participant(target);
                match self.random.below(4) {
                    0 => (instrument, Action::MassCancel { target, side }),
                    1 => (instrument, Action::MassCancelAll { target: MassCancelTarget::Everybody, side }),
                    2 => (InstrumentId::NONE, Action::MassCancelAll { target: MassCancelTarget::Everybody, side }),
                    _ => (InstrumentId::NONE, Action::MassCancelAll { target: participant, side }),
                }
            }
            6 | 7 => {
                let seldom = |random: &mut Random, most: u64| (random.below(4) == 0).then(|| random.below(most) + 3);
                let random = &mut self.random;
                let limits = RiskLimits {
                    maximum_quantity: seldom(random, 8).map(Quantity),
                    maximum_notional: seldom(random, 2_000),
                    maximum_open_orders: seldom(random, 6).map(|most| most as u32),
                    maximum_commands_per_second: seldom(random, 40).map(|most| most as u32),
                    maximum_cancels_per_second: seldom(random, 20).map(|most| most as u32),
                };
                (InstrumentId::NONE, Action::SetRiskLimits { target, limits })
            }
            10 => (instrument, Action::SetPriceProtection(self.protection())),
            11 => (instrument, Action::SetAuctionRules(self.auction_rules(now))),
            8 => {
                let firm = ParticipantId(self.random.between(1, u64::from(participants)) as u32);
                (
                    InstrumentId::NONE,
                    Action::SetFirm { target, firm: self.random.one_of(&[None, Some(firm), Some(firm)]) },
                )
            }
            9 => {
                let rules = FirmRules {
                    kill_switch: self.random.one_of(&[None, Some(KillSwitch::Released), Some(KillSwitch::Engaged)]),
                    working_orders: self.random.one_of(&[WorkingOrders::Cancel, WorkingOrders::Keep]),
                    self_trade_scope: self.random.one_of(&[None, Some(SelfTradeScope::Firm)]),
                };
                let seldom = |random: &mut Random, most: u64| (random.below(4) == 0).then(|| random.below(most) + 3);
                let random = &mut self.random;
                let limits = RiskLimits {
                    maximum_quantity: seldom(random, 8).map(Quantity),
                    maximum_open_orders: seldom(random, 12).map(|most| most as u32),
                    maximum_commands_per_second: seldom(random, 80).map(|most| most as u32),
                    ..RiskLimits::default()
                };
                match self.random.below(2) {
                    0 => (InstrumentId::NONE, Action::SetFirmRules { firm: target, rules }),
                    _ => (InstrumentId::NONE, Action::SetFirmLimits { firm: target, limits }),
                }
            }
            _ => {
                let kill_switch =
                    self.random.one_of(&[KillSwitch::Released, KillSwitch::Released, KillSwitch::Engaged]);
                let working_orders = self.random.one_of(&[WorkingOrders::Cancel, WorkingOrders::Keep]);
                (InstrumentId::NONE, Action::SetKillSwitch { target, kill_switch, working_orders })
            }
        }
    }
}

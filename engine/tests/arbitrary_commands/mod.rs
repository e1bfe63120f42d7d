//! Commands from arbitrary bytes: any value of any field can come up, small values more often.

#![allow(dead_code, unreachable_pub, reason = "a test and a fuzz target use parts of it")]

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::*;

/// Small limits, so that commands reach them.
pub const LIMITS: EngineLimits = EngineLimits {
    instruments: 3,
    participants: 4,
    orders: 24,
    retained_events: 6,
    retained_firm_events: 9,
    retained_trades: 4_096,
    steps: 3,
};

/// Remembers only whether the command was refused, in which case its number is not used up.
struct Refusals(bool);

impl EventSink for Refusals {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, reply: &Reply) {
        self.0 |= matches!(reply, Reply::Refused { .. });
    }
}

/// Applies the commands that the bytes contain, checks the invariants after each, and returns the engine.
///
/// # Panics
///
/// If an invariant does not hold.
pub fn apply(bytes: &[u8]) -> Engine {
    let mut engine = Engine::new(LIMITS);
    let mut reader = CommandReader { bytes, next: [[1; 4]; 5] };
    let mut now = 0_i64;
    while !reader.bytes.is_empty() {
        now = now.saturating_add(reader.wide().unsigned_abs() as i64 & i64::MAX);
        let command = reader.command();
        let mut refusals = Refusals(false);
        // A participant that sends a command is connected.
        engine.connect(EpochNanos(now), command.participant, &mut refusals);
        engine.apply(EpochNanos(now), &command, &mut refusals);
        if refusals.0 {
            reader.next[command.participant.0 as usize][command.instrument.0 as usize] -= 1;
        }
        if let Err(error) = engine.verify() {
            panic!("{error} after {command:?}");
        }
        if reader.below(16) == 0 {
            let grace = if reader.below(2) == 0 { GraceTime::NONE } else { GraceTime::MAXIMUM };
            engine.disconnect(EpochNanos(now), reader.participant(), grace, &mut refusals);
            engine.verify().unwrap_or_else(|error| panic!("{error} after a disconnect"));
        }
        if reader.below(8) == 0 && engine.next_deadline().is_some() {
            engine.on_timer(EpochNanos(now), &mut refusals);
            engine.verify().unwrap_or_else(|error| panic!("{error} after a timer"));
        }
    }
    engine
}

/// Reads commands from bytes; after their end it reads zeros.
struct CommandReader<'a> {
    bytes: &'a [u8],
    /// Number of the next command of each scope (participant, instrument).
    next: [[u64; 4]; 5],
}

impl CommandReader<'_> {
    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((&first, rest)) => {
                self.bytes = rest;
                first
            }
            None => 0,
        }
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    /// Mostly a number below 16; sometimes one at either end of `i64`, or any number.
    fn wide(&mut self) -> i64 {
        match self.byte() {
            small @ 0..=239 => i64::from(small % 16),
            240..=247 => i64::MAX - i64::from(self.byte() % 2),
            248..=251 => i64::MIN + i64::from(self.byte() % 2),
            _ => i64::from_le_bytes([(); 8].map(|()| self.byte())),
        }
    }

    fn quantity(&mut self) -> Quantity {
        Quantity(self.wide().cast_unsigned())
    }

    fn price(&mut self) -> Option<Price> {
        (self.below(8) > 0).then(|| Price(self.wide()))
    }

    fn id(&mut self) -> ClientOrderId {
        ClientOrderId(u64::from(self.below(7)))
    }

    fn participant(&mut self) -> ParticipantId {
        ParticipantId(u32::from(self.below(5)))
    }

    fn command(&mut self) -> Command {
        let action = self.action();
        let of_participant = matches!(
            action,
            Action::DefineInstrument(_)
                | Action::SetRiskLimits { .. }
                | Action::SetKillSwitch { .. }
                | Action::SetFirm { .. }
                | Action::SetFirmRules { .. }
                | Action::SetFirmLimits { .. }
                | Action::MassQuote(_)
                | Action::QuoteCancel(_)
                | Action::SetMarketMakerProtection { .. }
                | Action::ResetMarketMakerProtection { .. }
        );
        let instrument = match action {
            Action::MassCancelAll { .. } => self.below(3),
            _ if of_participant => 0,
            _ => 1 + self.below(2),
        };
        let participant = match action {
            Action::DefineInstrument(_) | Action::SetRiskLimits { .. } | Action::SetInstrumentState { .. } => 0,
            Action::AmendTrade { .. } | Action::SetPriceProtection(_) | Action::SetAuctionRules(_) => 0,
            Action::SetFirm { .. } | Action::SetFirmLimits { .. } => 0,
            _ => self.below(5),
        };
        let next = &mut self.next[usize::from(participant)][usize::from(instrument)];
        let client_sequence = ClientSequence(*next);
        *next += 1;
        Command {
            participant: ParticipantId(participant.into()),
            instrument: InstrumentId(instrument.into()),
            client_sequence,
            action,
        }
    }

    fn action(&mut self) -> Action {
        match self.byte() {
            0..=7 => Action::DefineInstrument(self.definition()),
            8..=23 => Action::SetInstrumentState { state: self.state(), reference_price: self.price() },
            24..=26 => Action::SetRiskLimits { target: self.participant(), limits: self.limits() },
            27 => Action::SetFirmLimits { firm: self.participant(), limits: self.limits() },
            28 => {
                let firm = (self.below(4) > 0).then(|| self.participant());
                Action::SetFirm { target: self.participant(), firm }
            }
            29 => Action::SetFirmRules {
                firm: self.participant(),
                rules: FirmRules {
                    kill_switch: [None, Some(KillSwitch::Engaged), Some(KillSwitch::Released)]
                        [usize::from(self.below(3))],
                    working_orders: WorkingOrders::Cancel,
                    self_trade_scope: (self.below(2) == 0).then_some(SelfTradeScope::Firm),
                },
            },
            30..=31 => {
                let kill_switch = if self.below(4) == 0 { KillSwitch::Engaged } else { KillSwitch::Released };
                let working_orders = if self.below(2) == 0 { WorkingOrders::Cancel } else { WorkingOrders::Keep };
                Action::SetKillSwitch { target: self.participant(), kill_switch, working_orders }
            }
            32 | 33 => {
                let side = [None, None, Some(Side::Buy)][usize::from(self.below(3))];
                let target = match self.below(3) {
                    0 => MassCancelTarget::Everybody,
                    1 => MassCancelTarget::Firm(self.participant()),
                    _ => MassCancelTarget::Participant(self.participant()),
                };
                Action::MassCancelAll { target, side }
            }
            34 | 35 => {
                let side = [None, Some(Side::Buy), Some(Side::Sell)][usize::from(self.below(3))];
                Action::MassCancel { target: self.participant(), side }
            }
            36..=39 => {
                let amendment = match self.below(2) {
                    0 => TradeAmendment::Cancel,
                    _ => TradeAmendment::Correct {
                        price: self.price(),
                        quantity: (self.below(2) == 0).then(|| self.quantity()),
                    },
                };
                Action::AmendTrade { trade_id: TradeId(self.below(12).into()), amendment }
            }
            40..=43 => Action::SetPriceProtection(self.protection()),
            44..=47 => Action::SetAuctionRules(self.auction_rules()),
            48..=55 => self.of_quotes(),
            56..=63 => Action::Cancel { orig_client_order_id: self.id() },
            64..=111 => Action::Replace(Replace {
                orig_client_order_id: self.id(),
                client_order_id: self.id(),
                price: self.price(),
                stop_price: if self.below(4) == 0 { self.price() } else { None },
                quantity: self.quantity(),
                display_quantity: if self.below(4) == 0 { self.quantity() } else { Quantity(0) },
            }),
            _ => Action::New(self.order()),
        }
    }

    fn of_quotes(&mut self) -> Action {
        let quote_set = QuoteSetId::new(self.below(2)).unwrap_or_default();
        match self.below(8) {
            0 => Action::QuoteCancel(QuoteCancel {
                quote_set: (self.below(2) == 0).then_some(quote_set),
                instrument: InstrumentId(self.below(4).into()),
            }),
            1 => {
                let (times, limits) = ([self.below(4), self.below(4)], [self.below(4), self.below(4), self.below(4)]);
                let limit = |number: u8| (number > 0).then_some(Quantity(number.into()));
                let protection = MarketMakerProtection {
                    window_milliseconds: times[0].into(),
                    frozen_milliseconds: times[1].into(),
                    maximum_trades: (limits[0] > 0).then_some(limits[0].into()),
                    maximum_quantity: limit(limits[1]),
                    maximum_delta: limit(limits[2]),
                };
                Action::SetMarketMakerProtection { quote_set, protection }
            }
            2 => Action::ResetMarketMakerProtection { quote_set },
            _ => {
                let mut entries = ByEntry::default();
                for _ in 0..self.below(4) {
                    let entry = QuoteEntry {
                        instrument: InstrumentId(self.below(4).into()),
                        bid_price: Price(self.wide()),
                        bid_quantity: self.quantity(),
                        offer_price: Price(self.wide()),
                        offer_quantity: self.quantity(),
                    };
                    // There is room for three.
                    let _ = entries.push(entry);
                }
                let post_only = if self.below(4) == 0 { PostOnly::Yes } else { PostOnly::No };
                let self_trade_prevention = SelfTradePrevention::None;
                Action::MassQuote(MassQuote {
                    quote_id: QuoteId(3),
                    quote_set,
                    post_only,
                    self_trade_prevention,
                    entries,
                })
            }
        }
    }

    fn limits(&mut self) -> RiskLimits {
        RiskLimits {
            maximum_quantity: (self.below(4) == 0).then(|| self.quantity()),
            maximum_notional: (self.below(4) == 0).then(|| self.wide().unsigned_abs()),
            maximum_open_orders: (self.below(4) == 0).then(|| self.below(9).into()),
            maximum_commands_per_second: (self.below(4) == 0).then(|| self.below(9).into()),
            maximum_cancels_per_second: (self.below(4) == 0).then(|| self.below(9).into()),
        }
    }

    fn order(&mut self) -> NewOrder {
        let order_type = match self.below(12) {
            0 => OrderType::Market,
            1 => OrderType::Stop,
            2 | 3 => OrderType::StopLimit,
            _ => OrderType::Limit,
        };
        let time_in_force = match self.below(12) {
            0 => TimeInForce::Day,
            1 => TimeInForce::Ioc,
            2 => TimeInForce::Fok,
            3 => TimeInForce::Gtd,
            4 => [TimeInForce::AtTheOpening, TimeInForce::AtTheClose, TimeInForce::GoodForAuction]
                [usize::from(self.below(3))],
            _ if order_type == OrderType::Market => TimeInForce::Ioc,
            _ => TimeInForce::Gtc,
        };
        let is_stop = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
        let has_limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
        let prevention = match self.below(10) {
            0 => SelfTradePrevention::CancelNewest,
            1 => SelfTradePrevention::CancelOldest,
            2 => SelfTradePrevention::CancelBoth,
            3 => SelfTradePrevention::Decrement,
            _ => SelfTradePrevention::None,
        };
        NewOrder {
            client_order_id: self.id(),
            side: if self.below(2) == 0 { Side::Buy } else { Side::Sell },
            order_type,
            time_in_force,
            price: if has_limit { self.price() } else { None },
            stop_price: if is_stop { self.price() } else { None },
            quantity: self.quantity(),
            display_quantity: if self.below(4) == 0 { self.quantity() } else { Quantity(0) },
            expire_time: (time_in_force == TimeInForce::Gtd).then(|| EpochNanos(self.wide())),
            post_only: if self.below(8) == 0 { PostOnly::Yes } else { PostOnly::No },
            self_trade_prevention: prevention,
            client_tag: ClientTag(if self.below(2) == 0 { 0 } else { u64::from(self.below(250)) << 56 }),
            on_disconnect: if self.below(4) == 0 { OnDisconnect::Stay } else { OnDisconnect::Cancel },
        }
    }

    fn protection(&mut self) -> PriceProtection {
        PriceProtection {
            dynamic_band: self.width(),
            reference_window_milliseconds: u32::from(self.below(3)),
            on_breach: if self.below(2) == 0 { OnBreach::Reject } else { OnBreach::Halt },
            auction_milliseconds: u32::from(self.below(3)),
            auction_collar: self.width(),
            protection_points: if self.below(2) == 0 { Quantity(0) } else { self.quantity() },
            beyond_points: if self.below(2) == 0 { BeyondPoints::Cancel } else { BeyondPoints::Rest },
        }
    }

    fn auction_rules(&mut self) -> AuctionRules {
        let indicative_milliseconds = if self.below(2) == 0 { 0 } else { 10 };
        let mut time = || {
            let milliseconds = u32::from(self.below(40));
            TimeOfDay::from_milliseconds(milliseconds).filter(|_| milliseconds < 20)
        };
        let (opening_auction, continuous, closing_auction, closed) = (time(), time(), time(), time());
        let at_day_end = if self.below(2) == 0 { AtDayEnd::Halt } else { AtDayEnd::Close };
        let schedule = DailySchedule { opening_auction, continuous, closing_auction, closed, at_day_end };
        AuctionRules { indicative_milliseconds, no_cancel_milliseconds: u32::from(self.below(3)), schedule }
    }

    fn width(&mut self) -> Option<PriceWidth> {
        match self.below(4) {
            0 => Some(PriceWidth::Ticks(self.quantity().0)),
            1 => Some(PriceWidth::BasisPoints(self.quantity().0)),
            _ => None,
        }
    }

    fn state(&mut self) -> InstrumentState {
        match self.below(8) {
            0 => InstrumentState::Closed,
            1 => InstrumentState::Halted,
            2 | 3 => InstrumentState::Auction,
            _ => InstrumentState::Open,
        }
    }

    fn definition(&mut self) -> InstrumentDefinition {
        InstrumentDefinition {
            instrument: InstrumentId(u32::from(self.below(4))),
            base: Symbol(*b"BTC\0\0\0\0\0"),
            quote: Symbol(*b"USDT\0\0\0\0"),
            instrument_type: InstrumentType::Spot,
            minimum_price: Price(if self.below(4) == 0 { self.wide() } else { i64::MIN }),
            maximum_price: Price(if self.below(4) == 0 { self.wide() } else { i64::MAX }),
            reference_price: Price(self.wide()),
            price_band: if self.below(4) == 0 { self.quantity() } else { Quantity(0) },
            maximum_quantity: Quantity(if self.below(4) == 0 { self.wide().cast_unsigned() } else { u64::MAX }),
            tick_size: Decimal { mantissa: 1, exponent: -2 },
            lot_size: Decimal { mantissa: 1, exponent: -6 },
            state: self.state(),
            protection: if self.below(2) == 0 { self.protection() } else { PriceProtection::NONE },
            auctions: if self.below(2) == 0 { self.auction_rules() } else { AuctionRules::NONE },
        }
    }
}

//! The steps of a random stream of commands, as strategies of `proptest`.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use proptest::prelude::*;

use crate::oracle::Shrink;
use crate::venue::{definition, limit};

/// Nanoseconds of log time that a command takes, or anything else that changes something.
pub const STEP: i64 = 7;

/// A step of a stream.
#[derive(Debug, Clone)]
pub enum Step {
    /// A command.
    Command { participant: u32, instrument: u32, number: Number, action: Action },
    /// A replacement of a live order, if there is one with this number: its fields are those of the order plus these
    /// differences.
    Touch {
        participant: u32,
        instrument: u32,
        id: ClientOrderId,
        price: i64,
        stop_price: i64,
        quantity: i64,
        display: i64,
    },
    /// A replacement of a live order, if there is one with this number, that makes it small; with another price, if
    /// `moves` is not 0.
    Shrink { participant: u32, instrument: u32, id: ClientOrderId, to: Shrink, moves: i64 },
    /// Log time passes, in nanoseconds; or goes back, which no member's log does.
    Wait(i64),
    /// Log time passes until the next step is at one of the next moments at which something changes by time alone
    /// ([`Oracle::moments`](crate::oracle::Oracle::moments)), or this many nanoseconds from it.
    WaitFor { moment: usize, from_it: i64 },
    /// A timer fires.
    Timer,
    /// A participant that has asked for cancel on disconnect has no session any more.
    Disconnect { participant: u32, grace: GraceTime },
    /// It has one again.
    Connect { participant: u32 },
    /// A participant reconnects; `unseen` tells how many events it has not seen, plus one.
    Resume { participant: u32, instrument: u32, unseen: Option<u64> },
    /// Somebody asks for the events of a firm; `unseen` as above.
    ResumeFirm { firm: u32, unseen: Option<u64> },
    /// A participant asks for one of its orders.
    Status { participant: u32, instrument: u32, id: ClientOrderId },
    /// A participant asks for its orders after a place.
    MassStatus { participant: u32, instrument: u32, after: StatusCursor },
    /// The engine that is restored now and then is restored.
    Snapshot,
}

/// A command's number, relative to its scope's next number.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Next,
    Before(u64),
    After(u64),
    Zero,
    /// The largest number there is.
    Last,
}

/// How prices and quantities are spread: near each other, or at the ends of their types.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    Near,
    Extreme,
}

fn price(spread: Spread) -> BoxedStrategy<Price> {
    match spread {
        Spread::Near => prop_oneof![20 => 97..=103_i64, 1 => 88..=112_i64].prop_map(Price).boxed(),
        Spread::Extreme => {
            let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
            proptest::sample::select(ends.to_vec()).prop_map(Price).boxed()
        }
    }
}

fn quantity(spread: Spread) -> BoxedStrategy<Quantity> {
    match spread {
        Spread::Near => prop_oneof![20 => 1..=9_u64, 1 => 0..=22_u64].prop_map(Quantity).boxed(),
        Spread::Extreme => {
            let ends = [1, 2, u64::MAX / 2, u64::MAX - 1, u64::MAX];
            proptest::sample::select(ends.to_vec()).prop_map(Quantity).boxed()
        }
    }
}

fn client_order_id() -> impl Strategy<Value = ClientOrderId> {
    // The last ones are those of a quote.
    prop_oneof![30 => 1..=6_u64, 1 => Just(0), 1 => u64::MAX - 16..=u64::MAX - 13].prop_map(ClientOrderId)
}

pub(super) fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn participant() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0), 16 => 1..=3_u32, 1 => Just(4)]
}

fn order(spread: Spread) -> impl Strategy<Value = Action> {
    let kind = prop_oneof![
        12 => Just((OrderType::Limit, TimeInForce::Gtc)),
        3 => Just((OrderType::Limit, TimeInForce::Day)),
        3 => Just((OrderType::Limit, TimeInForce::Gtd)),
        3 => Just((OrderType::Limit, TimeInForce::Ioc)),
        3 => Just((OrderType::Limit, TimeInForce::Fok)),
        2 => Just((OrderType::Market, TimeInForce::Ioc)),
        1 => Just((OrderType::Market, TimeInForce::Fok)),
        1 => Just((OrderType::Market, TimeInForce::Gtc)),
        4 => (prop_oneof![2 => Just(OrderType::Limit), 1 => Just(OrderType::Market)], for_auction()),
        4 => (prop_oneof![Just(OrderType::Stop), Just(OrderType::StopLimit)], time_in_force()),
    ];
    let post_only = prop_oneof![7 => Just(PostOnly::No), 1 => Just(PostOnly::Yes)];
    let odd = prop_oneof![40 => Just(0_u8), 1 => 1..=4_u8];
    let tag = prop_oneof![3 => Just(0), 1 => any::<u64>()];
    let on_disconnect = prop_oneof![2 => Just(OnDisconnect::Cancel), 1 => Just(OnDisconnect::Stay)];
    let more = (display(spread), prevention(), 1..=60_i64, price(spread), (tag, on_disconnect));
    (client_order_id(), side(), kind, price(spread), quantity(spread), post_only, odd, more).prop_map(
        |(id, side, (order_type, time_in_force), price, quantity, post_only, odd, more)| {
            let (display_quantity, self_trade_prevention, lasts, stop_price, (tag, on_disconnect)) = more;
            let has_limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
            let is_stop = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
            let mut order = NewOrder {
                order_type,
                time_in_force,
                price: has_limit.then_some(price),
                stop_price: is_stop.then_some(stop_price),
                post_only,
                display_quantity,
                self_trade_prevention,
                client_tag: ClientTag(tag),
                on_disconnect,
                // `Comparison` adds the log time of the command.
                expire_time: (time_in_force == TimeInForce::Gtd).then_some(EpochNanos(lasts)),
                ..limit(id.0, side, 0, quantity.0)
            };
            match odd {
                1 => order.price = order.price.xor(Some(Price(100))),
                2 => order.stop_price = order.stop_price.xor(Some(Price(100))),
                3 => order.expire_time = order.expire_time.xor(Some(EpochNanos(5))),
                4 => order.expire_time = order.expire_time.map(|_| EpochNanos(-7)),
                _ => {}
            }
            Action::New(order)
        },
    )
}

fn for_auction() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        2 => Just(TimeInForce::AtTheOpening),
        1 => Just(TimeInForce::AtTheClose),
        3 => Just(TimeInForce::GoodForAuction),
    ]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        4 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Day),
        1 => Just(TimeInForce::Gtd),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok),
        1 => for_auction(),
    ]
}

fn display(spread: Spread) -> BoxedStrategy<Quantity> {
    let some = match spread {
        Spread::Near => (1..=4_u64).boxed(),
        Spread::Extreme => proptest::sample::select(vec![1, u64::MAX / 3, u64::MAX / 2, u64::MAX]).boxed(),
    };
    prop_oneof![6 => Just(Quantity(0)), 1 => some.prop_map(Quantity)].boxed()
}

fn prevention() -> impl Strategy<Value = SelfTradePrevention> {
    prop_oneof![
        4 => Just(SelfTradePrevention::None),
        1 => Just(SelfTradePrevention::CancelNewest),
        1 => Just(SelfTradePrevention::CancelOldest),
        1 => Just(SelfTradePrevention::CancelBoth),
        1 => Just(SelfTradePrevention::Decrement),
    ]
}

fn replacement(spread: Spread) -> impl Strategy<Value = Action> {
    let odd = prop_oneof![30 => Just(0_u8), 1 => 1..=3_u8];
    (client_order_id(), client_order_id(), any::<bool>(), price(spread), quantity(spread), odd).prop_map(
        |(orig, id, same_id, price, quantity, odd)| {
            Action::Replace(Replace {
                orig_client_order_id: orig,
                client_order_id: if same_id { orig } else { id },
                price: (odd != 1).then_some(price),
                stop_price: (odd == 2).then_some(price),
                quantity,
                display_quantity: Quantity(u64::from(odd == 3)),
            })
        },
    )
}

fn state() -> impl Strategy<Value = InstrumentState> {
    prop_oneof![
        12 => Just(InstrumentState::Open),
        2 => Just(InstrumentState::Halted),
        1 => Just(InstrumentState::Closed),
        5 => Just(InstrumentState::Auction),
    ]
}

fn action(spread: Spread) -> impl Strategy<Value = Action> {
    prop_oneof![
        60 => order(spread),
        20 => replacement(spread),
        15 => client_order_id().prop_map(|orig_client_order_id| Action::Cancel { orig_client_order_id }),
        3 => (participant(), proptest::option::of(side()))
            .prop_map(|(target, side)| Action::MassCancel { target: ParticipantId(target), side }),
    ]
}

/// An action of the operator, which others try, too; with whether it belongs to an instrument.
pub(super) fn operation(spread: Spread) -> impl Strategy<Value = (bool, Action)> {
    prop_oneof![
        4 => (state(), proptest::option::of(price(spread)))
            .prop_map(|(state, reference_price)| (true, Action::SetInstrumentState { state, reference_price })),
        4 => (prop_oneof![1..=6_u64, 0..=60_u64], amendment(spread))
            .prop_map(|(id, amendment)| (true, Action::AmendTrade { trade_id: TradeId(id), amendment })),
        2 => (0..=3_u32, state(), price(spread), protection(spread)).prop_map(
            |(instrument, state, reference_price, protection)| {
                let definition = InstrumentDefinition { state, reference_price, protection, ..definition(instrument) };
                (false, Action::DefineInstrument(definition))
            }
        ),
        5 => protection(spread).prop_map(|protection| (true, Action::SetPriceProtection(protection))),
        5 => (participant(), proptest::option::weighted(0.8, participant())).prop_map(|(target, firm)| {
            (false, Action::SetFirm { target: ParticipantId(target), firm: firm.map(ParticipantId) })
        }),
        5 => auction_rules().prop_map(|rules| (true, Action::SetAuctionRules(rules))),
        2 => (participant(), risk_limits()).prop_map(|(target, limits)| {
            (false, Action::SetRiskLimits { target: ParticipantId(target), limits })
        }),
        4 => (mass_cancel_target(), proptest::option::weighted(0.3, side()), any::<bool>())
            .prop_map(|(target, side, in_instrument)| (in_instrument, Action::MassCancelAll { target, side })),
        4 => (participant(), prop_oneof![2 => Just(KillSwitch::Released), 1 => Just(KillSwitch::Engaged)], any::<bool>())
            .prop_map(|(target, kill_switch, keeps)| {
                let working_orders = if keeps { WorkingOrders::Keep } else { WorkingOrders::Cancel };
                (false, Action::SetKillSwitch { target: ParticipantId(target), kill_switch, working_orders })
            }),
    ]
}

/// A price protection, now and then an impossible one. A window and an auction last some commands, some of the longer waits, or
/// for ever.
pub fn protection(spread: Spread) -> impl Strategy<Value = PriceProtection> {
    let ticks = match spread {
        Spread::Near => prop_oneof![20 => 1..=4_u64, 1 => Just(0)].boxed(),
        Spread::Extreme => proptest::sample::select(vec![1, u64::MAX / 2, u64::MAX]).boxed(),
    };
    let width = prop_oneof![
        ticks.clone().prop_map(PriceWidth::Ticks),
        ticks.clone().prop_map(PriceWidth::BasisPoints),
        (100..=400_u64).prop_map(PriceWidth::BasisPoints)
    ];
    let width = proptest::option::weighted(0.7, width);
    let milliseconds = prop_oneof![6 => 1..=2_u32, 3 => Just(400_u32), 2 => Just(0), 1 => Just(86_400_001)];
    let points = prop_oneof![2 => Just(0), 3 => ticks];
    let words = (
        prop_oneof![Just(OnBreach::Reject), Just(OnBreach::Halt)],
        prop_oneof![Just(BeyondPoints::Cancel), Just(BeyondPoints::Rest)],
    );
    (width.clone(), prop_oneof![Just(0), milliseconds.clone()], words, milliseconds, width, points).prop_map(
        |(dynamic_band, reference_window_milliseconds, words, auction_milliseconds, auction_collar, points)| {
            PriceProtection {
                dynamic_band,
                reference_window_milliseconds,
                on_breach: words.0,
                auction_milliseconds,
                auction_collar,
                protection_points: Quantity(points),
                beyond_points: words.1,
            }
        },
    )
}

fn quote_set() -> impl Strategy<Value = QuoteSetId> {
    prop_oneof![6 => Just(0), 2 => Just(1), 1 => Just(7)].prop_filter_map("a set", QuoteSetId::new)
}

fn quote_entry(spread: Spread) -> impl Strategy<Value = QuoteEntry> {
    let lots = move || prop_oneof![5 => quantity(spread), 1 => Just(Quantity(0))];
    let prices = prop_oneof![1 => (price(spread), price(spread)), 2 => quoted_prices(spread)];
    (prop_oneof![9 => 1..=2_u32, 1 => 0..=3_u32], prices, lots(), lots()).prop_map(
        |(instrument, prices, bid, offer)| {
            let (bid_price, offer_price) = prices;
            QuoteEntry {
                instrument: InstrumentId(instrument),
                bid_price,
                bid_quantity: bid,
                offer_price,
                offer_quantity: offer,
            }
        },
    )
}

/// A bid and an offer that often are those of before.
fn quoted_prices(spread: Spread) -> BoxedStrategy<(Price, Price)> {
    match spread {
        Spread::Near => (98..=100_i64, 1..=3_i64).prop_map(|(bid, width)| (Price(bid), Price(bid + width))).boxed(),
        Spread::Extreme => Just((Price(0), Price(1))).boxed(),
    }
}

fn market_maker_protection() -> impl Strategy<Value = MarketMakerProtection> {
    let limit = |most: std::ops::RangeInclusive<u64>| proptest::option::weighted(0.6, most);
    let milliseconds = || prop_oneof![4 => 1..=2_u32, 3 => Just(400_u32), 2 => Just(0), 1 => Just(3_600_001)];
    let window = prop_oneof![9 => Just(400_u32), 3 => milliseconds()];
    (window, milliseconds(), limit(0..=6), limit(0..=24), limit(0..=16)).prop_map(
        |(window_milliseconds, frozen_milliseconds, trades, lots, delta)| match (trades, lots, delta) {
            (None, None, None) => MarketMakerProtection::NONE,
            _ => MarketMakerProtection {
                window_milliseconds,
                frozen_milliseconds,
                maximum_trades: trades.map(|most| most as u32),
                maximum_quantity: lots.map(Quantity),
                maximum_delta: delta.map(Quantity),
            },
        },
    )
}

/// A command about quotes.
pub fn quoting(spread: Spread) -> impl Strategy<Value = Step> {
    let post_only = prop_oneof![3 => Just(PostOnly::No), 1 => Just(PostOnly::Yes)];
    let entries = proptest::collection::vec(quote_entry(spread), 0..=4);
    let mass_quote = (quote_set(), any::<bool>(), post_only, prevention(), entries).prop_map(
        |(quote_set, has_id, post_only, self_trade_prevention, entries)| {
            Action::MassQuote(MassQuote {
                quote_id: QuoteId(if has_id { 77 } else { 0 }),
                quote_set,
                post_only,
                self_trade_prevention,
                entries: ByEntry::of(&entries).unwrap(),
            })
        },
    );
    let action = prop_oneof![
        24 => mass_quote,
        2 => (proptest::option::of(quote_set()), 0..=3_u32).prop_map(|(quote_set, instrument)| {
            Action::QuoteCancel(QuoteCancel { quote_set, instrument: InstrumentId(instrument) })
        }),
        4 => (quote_set(), market_maker_protection())
            .prop_map(|(quote_set, protection)| Action::SetMarketMakerProtection { quote_set, protection }),
        4 => quote_set().prop_map(|quote_set| Action::ResetMarketMakerProtection { quote_set }),
    ];
    (participant(), number(), prop_oneof![40 => Just(0_u32), 1 => Just(1)], action)
        .prop_map(|(participant, number, instrument, action)| Step::Command { participant, instrument, number, action })
}

pub(super) fn firm_rules() -> impl Strategy<Value = FirmRules> {
    let kill_switch = prop_oneof![
        4 => Just(None),
        3 => Just(Some(KillSwitch::Released)),
        1 => Just(Some(KillSwitch::Engaged)),
    ];
    let scope = prop_oneof![
        1 => Just(None),
        1 => Just(Some(SelfTradeScope::Participant)),
        4 => Just(Some(SelfTradeScope::Firm)),
    ];
    (kill_switch, any::<bool>(), scope).prop_map(|(kill_switch, keeps, self_trade_scope)| {
        let working_orders = if keeps { WorkingOrders::Keep } else { WorkingOrders::Cancel };
        FirmRules { kill_switch, working_orders, self_trade_scope }
    })
}

/// Rules of auctions, now and then impossible ones.
fn auction_rules() -> impl Strategy<Value = AuctionRules> {
    let interval = prop_oneof![2 => Just(0), 4 => 10..=20_u32, 1 => Just(400), 1 => Just(9)];
    let phase = prop_oneof![1 => Just(0), 3 => 1..=3_u32, 1 => Just(86_400_000), 1 => Just(86_400_001)];
    // Steps begin at midnight, most last nanoseconds, and some a millisecond, 400 ms, or a day.
    let time = || {
        let near = prop_oneof![4 => 1..=9_u32, 2 => 398..=409_u32, 1 => 86_399_990..=86_399_999_u32];
        proptest::option::weighted(0.8, near.prop_filter_map("of a day", TimeOfDay::from_milliseconds))
    };
    let at_day_end = prop_oneof![Just(AtDayEnd::Halt), Just(AtDayEnd::Close)];
    let times = (time(), time(), time(), time()).prop_map(|(a, b, c, d)| {
        // Mostly in their order.
        let mut sorted: Vec<_> = [a, b, c, d].into_iter().flatten().collect();
        sorted.sort();
        sorted.dedup();
        match sorted[..] {
            [a, b, c, d] => [Some(a), Some(b), Some(c), Some(d)],
            [a, b] => [Some(a), Some(b), None, None],
            _ => [a, b, c, d],
        }
    });
    let schedule = (times, at_day_end).prop_map(|(times, at_day_end)| {
        let [opening_auction, continuous, closing_auction, closed] = times;
        DailySchedule { opening_auction, continuous, closing_auction, closed, at_day_end }
    });
    let schedule = prop_oneof![1 => Just(DailySchedule::NONE), 1 => schedule];
    (interval, phase, schedule).prop_map(|(indicative_milliseconds, no_cancel_milliseconds, schedule)| AuctionRules {
        indicative_milliseconds,
        no_cancel_milliseconds,
        schedule,
    })
}

fn mass_cancel_target() -> impl Strategy<Value = MassCancelTarget> {
    prop_oneof![
        3 => participant().prop_map(|target| MassCancelTarget::Participant(ParticipantId(target))),
        3 => participant().prop_map(|firm| MassCancelTarget::Firm(ParticipantId(firm))),
        2 => Just(MassCancelTarget::Everybody),
    ]
}

fn amendment(spread: Spread) -> impl Strategy<Value = TradeAmendment> {
    let correction = (proptest::option::of(price(spread)), proptest::option::of(quantity(spread)));
    prop_oneof![
        Just(TradeAmendment::Cancel),
        correction.prop_map(|(price, quantity)| TradeAmendment::Correct { price, quantity }),
    ]
}

pub(super) fn risk_limits() -> impl Strategy<Value = RiskLimits> {
    let seldom = |most: std::ops::Range<u64>| proptest::option::weighted(0.3, most);
    let notional = prop_oneof![2 => seldom(0..1_500), 1 => Just(None), 1 => Just(Some(0))];
    (seldom(0..12), notional, seldom(0..6), seldom(0..9), seldom(0..5)).prop_map(
        |(quantity, notional, open, rate, cancels)| RiskLimits {
            maximum_quantity: quantity.map(Quantity),
            maximum_notional: notional,
            maximum_open_orders: open.map(|most| most as u32),
            maximum_commands_per_second: rate.map(|most| most as u32),
            maximum_cancels_per_second: cancels.map(|most| most as u32),
        },
    )
}

fn shrink() -> impl Strategy<Value = Shrink> {
    prop_oneof![Just(Shrink::ToFilled), Just(Shrink::ToShown), Just(Shrink::ToShownWhole), Just(Shrink::NoIceberg),]
}

/// A grace time. Longer ones end when a second or a day passes.
fn grace() -> impl Strategy<Value = GraceTime> {
    proptest::sample::select(vec![0, 0, 1, 399, 400, 300_000])
        .prop_filter_map("within the limit", GraceTime::from_milliseconds)
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        40 => Just(Number::Next),
        4 => (1..12_u64).prop_map(Number::Before),
        1 => (1..4_u64).prop_map(Number::After),
        1 => Just(Number::Zero),
        1 => Just(Number::Last),
    ]
}

/// A place among a participant's orders. The orders that are named with it need not be there, or before it.
fn cursor(instrument: BoxedStrategy<u32>) -> impl Strategy<Value = StatusCursor> {
    let order_id = prop_oneof![2 => Just(0), 6 => 0..60_u64, 1 => Just(u64::MAX)];
    let last = [client_order_id(), client_order_id(), client_order_id(), client_order_id()];
    let place = (instrument, order_id, last).prop_map(|(instrument, order_id, last)| {
        let [buy, sell, staying_buy, staying_sell] = last;
        let (instrument, order_id) = (InstrumentId(instrument), OrderId(order_id));
        StatusCursor { instrument, order_id, buy, sell, staying_buy, staying_sell }
    });
    prop_oneof![2 => Just(StatusCursor::default()), 3 => place]
}

pub fn step(spread: Spread) -> impl Strategy<Value = Step> {
    let instrument = || prop_oneof![12 => Just(1_u32), 6 => Just(2), 1 => Just(3), 1 => Just(0)];
    prop_oneof![
        100 => (participant(), instrument(), number(), action(spread).boxed()).prop_map(
            |(participant, instrument, number, action)| Step::Command { participant, instrument, number, action }
        ),
        6 => (prop_oneof![6 => Just(0_u32), 1 => participant()], instrument(), number(), operation(spread).boxed()).prop_map(
            |(participant, instrument, number, (in_instrument, action))| {
                let instrument = if in_instrument { instrument } else { 0 };
                Step::Command { participant, instrument, number, action }
            }
        ),
        2 => (participant(), number(), participant(), firm_rules()).prop_map(|(participant, number, firm, rules)| {
            // Mostly of the sender's own firm.
            let firm = if matches!(number, Number::Next) { participant } else { firm };
            let action = Action::SetFirmRules { firm: ParticipantId(firm), rules };
            Step::Command { participant, instrument: 0, number, action }
        }),
        2 => (number(), participant(), firm_rules()).prop_map(|(number, firm, rules)| {
            let action = Action::SetFirmRules { firm: ParticipantId(firm), rules };
            Step::Command { participant: 0, instrument: 0, number, action }
        }),
        2 => (number(), participant(), risk_limits()).prop_map(|(number, firm, limits)| {
            let action = Action::SetFirmLimits { firm: ParticipantId(firm), limits };
            Step::Command { participant: 0, instrument: 0, number, action }
        }),
        3 => (participant(), proptest::option::of(0..30_u64)).prop_map(|(firm, unseen)| Step::ResumeFirm { firm, unseen }),
        3 => (participant(), number(), proptest::option::of(side())).prop_map(|(participant, number, side)| {
            let target = MassCancelTarget::Participant(ParticipantId(participant));
            Step::Command { participant, instrument: 0, number, action: Action::MassCancelAll { target, side } }
        }),
        2 => number().prop_map(|number| {
            let action = Action::MassCancelAll { target: MassCancelTarget::Everybody, side: None };
            Step::Command { participant: 0, instrument: 0, number, action }
        }),
        2 => (instrument(), number(), proptest::option::weighted(0.3, side())).prop_map(|(instrument, number, side)| {
            let action = Action::MassCancelAll { target: MassCancelTarget::Everybody, side };
            Step::Command { participant: 0, instrument, number, action }
        }),
        6 => (participant(), instrument(), proptest::option::of(0..14_u64)).prop_map(
            |(participant, instrument, unseen)| Step::Resume { participant, instrument, unseen }
        ),
        14 => (participant(), instrument(), client_order_id(), -1..=1_i64, -1..=1_i64, -2..=2_i64, -1..=1_i64)
            .prop_map(|(participant, instrument, id, price, stop_price, quantity, display)| {
                // Where the display quantity changes, the prices stay.
                let (price, stop_price) = if display == 0 { (price, stop_price) } else { (0, 0) };
                Step::Touch { participant, instrument, id, price, stop_price, quantity, display }
            }),
        8 => (participant(), instrument(), client_order_id(), shrink(), prop_oneof![6 => Just(0_i64), 1 => -1..=1_i64])
            .prop_map(|(participant, instrument, id, to, moves)| Step::Shrink { participant, instrument, id, to, moves }),
        5 => prop_oneof![
            4 => 1..=50_i64,
            2 => Just(1_000_000),
            2 => Just(400_000_000_i64),
            1 => Just(999_999_986),
            1 => Just(86_400_000_000_000),
            1 => Just(-600_000_000),
        ]
            .prop_map(Step::Wait),
        8 => (0..5_usize, prop_oneof![1 => Just(-1_i64), 4 => Just(0), 1 => Just(1)])
            .prop_map(|(moment, from_it)| Step::WaitFor { moment, from_it }),
        6 => Just(Step::Timer),
        6 => (participant(), grace()).prop_map(|(participant, grace)| Step::Disconnect { participant, grace }),
        1 => participant().prop_map(|participant| Step::Connect { participant }),
        4 => (participant(), instrument(), client_order_id())
            .prop_map(|(participant, instrument, id)| Step::Status { participant, instrument, id }),
        6 => (participant(), prop_oneof![2 => Just(0), 3 => instrument()], cursor(instrument().boxed()))
            .prop_map(|(participant, instrument, after)| Step::MassStatus { participant, instrument, after }),
        14 => quoting(spread),
        2 => Just(Step::Snapshot),
    ]
}

pub fn limits() -> impl Strategy<Value = EngineLimits> {
    // With few steps, commands leave work to those that follow.
    let steps = prop_oneof![1..=4_usize, 5..=12_usize, Just(4_096)];
    let trades = prop_oneof![0..=5_usize, Just(4_096)];
    let by_firm = prop_oneof![0..=3_usize, 8..=60_usize];
    (prop_oneof![0..=2_usize, 6..=20_usize], prop_oneof![0..=3_usize, 8..=40_usize], by_firm, trades, steps).prop_map(
        |(orders, retained_events, retained_firm_events, retained_trades, steps)| EngineLimits {
            instruments: 2,
            participants: 3,
            orders,
            retained_events,
            retained_firm_events,
            retained_trades,
            steps,
        },
    )
}

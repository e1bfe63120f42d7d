//! Random streams of commands: the engine tells what the oracle tells, has the same books, keeps its invariants, and
//! so does an engine that is loaded from a snapshot now and then.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod desk;
mod oracle;

use desk::{Told, boundless, command, definition, levels, limit, replace, restore, snapshot, told, told_again};
use lugus_engine::command::*;
use lugus_engine::units::*;
use lugus_engine::{Engine, EngineLimits, SnapshotRecord};
use oracle::Oracle;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Command {
        participant: u32,
        instrument: u32,
        number: Number,
        action: Action,
    },
    /// A replacement near what a live order is now.
    Touch {
        participant: u32,
        instrument: u32,
        id: ClientOrderId,
        price: i64,
        quantity: i64,
    },
    Resume {
        participant: u32,
        instrument: u32,
        unseen: Option<u64>,
    },
    Snapshot,
}

/// A command's number, as seen from the next one of its scope.
#[derive(Debug, Clone, Copy)]
enum Number {
    Next,
    Before(u64),
    After(u64),
    Zero,
    Last,
}

/// How numbers are spread: near each other, or at the ends of their types.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spread {
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
    prop_oneof![30 => 1..=6_u64, 1 => Just(0)].prop_map(ClientOrderId)
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn participant() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0), 16 => 1..=3_u32, 1 => Just(4)]
}

fn order(spread: Spread) -> impl Strategy<Value = Action> {
    let kind = prop_oneof![
        16 => Just((OrderType::Limit, TimeInForce::Gtc)),
        3 => Just((OrderType::Limit, TimeInForce::Ioc)),
        3 => Just((OrderType::Market, TimeInForce::Ioc)),
        1 => Just((OrderType::Market, TimeInForce::Gtc)),
        1 => Just((OrderType::Limit, TimeInForce::Fok)),
        1 => Just((OrderType::StopLimit, TimeInForce::Gtc)),
    ];
    let post_only = prop_oneof![5 => Just(PostOnly::No), 1 => Just(PostOnly::Yes)];
    let odd = prop_oneof![30 => Just(0_u8), 1 => 1..=5_u8];
    (client_order_id(), side(), kind, price(spread), quantity(spread), post_only, odd).prop_map(
        |(id, side, (order_type, time_in_force), price, quantity, post_only, odd)| {
            let price = (order_type != OrderType::Market).then_some(price);
            let mut order =
                NewOrder { order_type, time_in_force, price, post_only, ..limit(id.0, side, 0, quantity.0) };
            match odd {
                1 => order.price = order.price.xor(Some(Price(100))),
                2 => order.stop_price = Some(Price(100)),
                3 => order.expire_time = Some(EpochNanos(i64::MAX)),
                4 => order.display_quantity = Quantity(1),
                5 => order.self_trade_prevention = SelfTradePrevention::CancelNewest,
                _ => {}
            }
            Action::New(order)
        },
    )
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
        3 => Just(InstrumentState::Halted),
        2 => Just(InstrumentState::Closed),
        1 => Just(InstrumentState::Auction),
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

/// What the operator does, and others try to.
fn operation(spread: Spread) -> impl Strategy<Value = (bool, Action)> {
    prop_oneof![
        4 => (state(), proptest::option::of(price(spread)))
            .prop_map(|(state, reference_price)| (true, Action::SetInstrumentState { state, reference_price })),
        2 => (0..=3_u32, state(), price(spread)).prop_map(|(instrument, state, reference_price)| {
            let definition = Definition { state, reference_price, ..definition(instrument) };
            (false, Action::DefineInstrument(definition))
        }),
        1 => participant().prop_map(|target| {
            let (target, limits) = (ParticipantId(target), RiskLimits::default());
            (false, Action::SetRiskLimits { target, limits })
        }),
        1 => participant().prop_map(|target| {
            let (target, kill_switch) = (ParticipantId(target), KillSwitch::Engaged);
            (false, Action::SetKillSwitch { target, kill_switch })
        }),
    ]
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

fn step(spread: Spread) -> impl Strategy<Value = Step> {
    let instrument = || prop_oneof![12 => Just(1_u32), 6 => Just(2), 1 => Just(3), 1 => Just(0)];
    prop_oneof![
        100 => (participant(), instrument(), number(), action(spread)).prop_map(
            |(participant, instrument, number, action)| Step::Command { participant, instrument, number, action }
        ),
        6 => (prop_oneof![6 => Just(0_u32), 1 => participant()], instrument(), number(), operation(spread)).prop_map(
            |(participant, instrument, number, (in_instrument, action))| {
                let instrument = if in_instrument { instrument } else { 0 };
                Step::Command { participant, instrument, number, action }
            }
        ),
        6 => (participant(), instrument(), proptest::option::of(0..14_u64)).prop_map(
            |(participant, instrument, unseen)| Step::Resume { participant, instrument, unseen }
        ),
        14 => (participant(), instrument(), client_order_id(), -1..=1_i64, -2..=2_i64).prop_map(
            |(participant, instrument, id, price, quantity)| {
                Step::Touch { participant, instrument, id, price, quantity }
            }
        ),
        2 => Just(Step::Snapshot),
    ]
}

/// What `check` runs side by side.
struct Trial {
    oracle: Oracle,
    engine: Engine,
    /// Loaded from its own snapshot at every [`Step::Snapshot`].
    restored: Engine,
    limits: EngineLimits,
    now: i64,
}

impl Trial {
    fn new(limits: EngineLimits, definitions: [Definition; 2]) -> Self {
        let engine = || Engine::new(limits);
        let mut trial = Self { oracle: Oracle::new(limits), engine: engine(), restored: engine(), limits, now: 0 };
        for (number, definition) in (1..).zip(definitions) {
            trial.apply(&command(0, 0, number, Action::DefineInstrument(definition)));
        }
        trial
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Command { participant, instrument, number, action } => {
                let next = self.oracle.last_command(*participant, *instrument) + 1;
                let number = match *number {
                    Number::Next => next,
                    Number::Before(by) => next.saturating_sub(by),
                    Number::After(by) => next + by,
                    Number::Zero => 0,
                    Number::Last => u64::MAX,
                };
                self.apply(&command(*participant, *instrument, number, *action));
            }
            Step::Touch { participant, instrument, id, price, quantity } => {
                let Some((Price(now), Quantity(of))) = self.oracle.order(*participant, *instrument, *id) else {
                    return;
                };
                let (price, quantity) = (now.saturating_add(*price), of.saturating_add_signed(*quantity));
                let number = self.oracle.last_command(*participant, *instrument) + 1;
                let action = Action::Replace(replace(id.0, id.0, price, quantity));
                self.apply(&command(*participant, *instrument, number, action));
            }
            Step::Resume { participant, instrument, unseen } => {
                let last = self.oracle.last_event(*participant, *instrument);
                let last_seen = unseen.map(|unseen| last.wrapping_sub(unseen).wrapping_add(1));
                let expected = self.oracle.resume(*participant, *instrument, last_seen);
                assert_eq!(told_again(&self.engine, *participant, *instrument, last_seen), expected);
                assert_eq!(told_again(&self.restored, *participant, *instrument, last_seen), expected);
            }
            Step::Snapshot => {
                let records = snapshot(&self.restored);
                assert_eq!(snapshot(&self.engine), records);
                self.restored = restore(self.limits, &records).unwrap();
                assert_eq!(snapshot(&self.restored), records);
                self.restored.verify().unwrap();
            }
        }
    }

    fn apply(&mut self, command: &Command) {
        self.now += 7;
        let before = self.engine.state_hash();
        let expected = self.oracle.apply(self.now, command);
        assert_eq!(told(&mut self.engine, self.now, command), expected);
        assert_eq!(told(&mut self.restored, self.now, command), expected);
        self.engine.verify().unwrap();
        for instrument in 0..=3 {
            for side in [Side::Buy, Side::Sell] {
                let expected = self.oracle.levels(instrument, side);
                assert_eq!(levels(&self.engine, instrument, side), expected);
                assert_eq!(levels(&self.restored, instrument, side), expected);
            }
        }
        let orders: Vec<_> = snapshot(&self.engine).iter().filter_map(order_id).collect();
        let expected_orders: Vec<_> = (0..=3).flat_map(|instrument| self.oracle.priority(instrument)).collect();
        assert_eq!(orders, expected_orders);
        assert_eq!(self.engine.state_hash(), self.restored.state_hash());
        let reported = expected.iter().any(|told| matches!(told, Told::Report(_)));
        assert_eq!(self.engine.state_hash() != before, reported);
    }
}

fn order_id(record: &SnapshotRecord) -> Option<u64> {
    match record {
        SnapshotRecord::Order(order) => Some(order.order_id.0),
        _ => None,
    }
}

fn check(limits: EngineLimits, definitions: [Definition; 2], steps: &[Step]) {
    let mut trial = Trial::new(limits, definitions);
    for step in steps {
        trial.step(step);
    }
    trial.step(&Step::Snapshot);
}

fn limits() -> impl Strategy<Value = EngineLimits> {
    (prop_oneof![0..=2_usize, 6..=20_usize], prop_oneof![0..=3_usize, 8..=40_usize])
        .prop_map(|(orders, retained_events)| EngineLimits { instruments: 2, participants: 3, orders, retained_events })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn prices_near_each_other(limits in limits(), steps in proptest::collection::vec(step(Spread::Near), 1..250)) {
        let unbanded = Definition { price_band: Quantity(0), ..definition(2) };
        check(limits, [definition(1), unbanded], &steps);
    }

    #[test]
    fn numbers_at_the_ends_of_their_types(
        limits in limits(),
        steps in proptest::collection::vec(step(Spread::Extreme), 1..120),
    ) {
        let banded = Definition { price_band: Quantity(u64::MAX), reference_price: Price(i64::MIN), ..boundless(2) };
        check(limits, [boundless(1), banded], &steps);
    }
}

//! Steps that are seldom in the usual stream: mixed in more often, they reach what needs many of them.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use lugus_vocabulary::*;
use proptest::prelude::*;

use super::steps::{Number, Spread, Step, firm_rules, operation, risk_limits, side};
use crate::venue::limit;

/// An order that leaves work to later commands where a command has few steps: a small one that rests, a stop order, or a large one
/// that meets them; or a timer.
pub fn cascading() -> impl Strategy<Value = Step> {
    let near = || 99..=103_i64;
    let stop = (side(), near(), 1..=2_u64, proptest::option::of(near()), any::<bool>()).prop_map(
        |(side, trigger, lots, price, is_iceberg)| NewOrder {
            order_type: if price.is_some() { OrderType::StopLimit } else { OrderType::Stop },
            price: price.map(Price),
            stop_price: Some(Price(trigger)),
            display_quantity: Quantity(u64::from(is_iceberg && price.is_some())),
            ..limit(0, side, 0, lots)
        },
    );
    let large = (side(), near(), 3..=9_u64, any::<bool>()).prop_map(|(side, price, lots, rests)| NewOrder {
        time_in_force: if rests { TimeInForce::Gtc } else { TimeInForce::Ioc },
        ..limit(0, side, price, lots)
    });
    let small = (side(), near(), 1..=2_u64).prop_map(|(side, price, lots)| limit(0, side, price, lots));
    let order = prop_oneof![4 => small, 3 => stop, 2 => large];
    let entered = (1..=3_u32, 1..=6_u64, order).prop_map(|(participant, id, order)| {
        let action = Action::New(NewOrder { client_order_id: ClientOrderId(id), ..order });
        Step::Command { participant, instrument: 1, number: Number::Next, action }
    });
    prop_oneof![9 => entered, 1 => Just(Step::Timer)]
}

/// What operators and firms decide, each with some that it is for: limits, firms, kill switches, states, rules.
pub fn governing(spread: Spread) -> impl Strategy<Value = Step> {
    let command =
        |participant, instrument, action| Step::Command { participant, instrument, number: Number::Next, action };
    let kill_switch = (0..=3_u32, 1..=3_u32, any::<bool>(), any::<bool>()).prop_map(
        move |(participant, target, is_engaged, keeps)| {
            let kill_switch = if is_engaged { KillSwitch::Engaged } else { KillSwitch::Released };
            let working_orders = if keeps { WorkingOrders::Keep } else { WorkingOrders::Cancel };
            let target = if participant == 0 { target } else { participant };
            let target = ParticipantId(target);
            command(participant, 0, Action::SetKillSwitch { target, kill_switch, working_orders })
        },
    );
    prop_oneof![
        6 => (prop_oneof![12 => Just(1_u32), 6 => Just(2)], operation(spread).boxed())
            .prop_map(move |(instrument, (in_instrument, action))| command(0, if in_instrument { instrument } else { 0 }, action)),
        2 => (1..=3_u32, any::<bool>(), firm_rules()).prop_map(move |(firm, by_operator, rules)| {
            command(if by_operator { 0 } else { firm }, 0, Action::SetFirmRules { firm: ParticipantId(firm), rules })
        }),
        1 => (1..=3_u32, risk_limits())
            .prop_map(move |(firm, limits)| command(0, 0, Action::SetFirmLimits { firm: ParticipantId(firm), limits })),
        1 => (1..=3_u32, risk_limits())
            .prop_map(move |(target, limits)| command(0, 0, Action::SetRiskLimits { target: ParticipantId(target), limits })),
        3 => kill_switch,
    ]
}

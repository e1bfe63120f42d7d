//! Books compared with a `BTreeMap` of queues, at prices near each other, far apart, and at the ends of `i64`.

use std::collections::{BTreeMap, VecDeque};

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};
use proptest::prelude::*;

use super::*;

const OWNER: u32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Rest { price: i64, quantity: u64 },
    Remove { which: usize },
    Reduce { which: usize },
    Trade { limit: Option<i64>, quantity: u64 },
}

fn prices() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 1_000..1_040_i64,
        4 => 0..4_000_i64,
        2 => (0..40_i64).prop_map(|n| (n - 20) * (1 << 33)),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1), Just(i64::MIN + 1), Just(i64::MAX - 1)],
        1 => any::<i64>(),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let quantity = prop_oneof![9 => 1..100_u64, 1 => 1..u64::MAX / 1_000];
    prop_oneof![
        6 => (prices(), quantity).prop_map(|(price, quantity)| Step::Rest { price, quantity }),
        4 => any::<usize>().prop_map(|which| Step::Remove { which }),
        1 => any::<usize>().prop_map(|which| Step::Reduce { which }),
        2 => (proptest::option::of(prices()), 1..300_u64).prop_map(|(limit, quantity)| Step::Trade { limit, quantity }),
    ]
}

/// A naive book: queues by rank, the lowest rank first.
#[derive(Default)]
struct Naive {
    levels: BTreeMap<i128, VecDeque<(u64, u64)>>,
}

fn rank(side: Side, price: i64) -> i128 {
    if side == Side::Buy { -i128::from(price) } else { i128::from(price) }
}

fn check(side: Side, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut orders = RestingOrders::new(1_000);
    let mut book = Book::new();
    let mut naive = Naive::default();
    let mut live: Vec<(u64, i64)> = Vec::new();
    for (id, step) in (1..).zip(steps) {
        match *step {
            Step::Rest { price, quantity } => {
                prop_assert!(book.side(side).has_room(Price(price), Quantity(quantity), &orders));
                let slot = orders.insert(OWNER, ClientOrderId(id));
                book.side_mut(side).push_back(slot, Price(price), Quantity(quantity), &mut orders);
                naive.levels.entry(rank(side, price)).or_default().push_back((id, quantity));
                live.push((id, price));
            }
            Step::Remove { .. } | Step::Reduce { .. } if live.is_empty() => {}
            Step::Remove { which } => {
                let (id, price) = live.swap_remove(which % live.len());
                let slot = orders.find(OWNER, ClientOrderId(id)).expect("it rests");
                prop_assert_eq!(book.remove(slot, &mut orders), (side, Price(price)));
                orders.remove(slot);
                let queue = naive.levels.get_mut(&rank(side, price)).expect("its level");
                queue.retain(|&(own, _)| own != id);
                naive.levels.retain(|_, queue| !queue.is_empty());
            }
            Step::Reduce { which } => {
                let (id, price) = live[which % live.len()];
                let slot = orders.find(OWNER, ClientOrderId(id)).expect("it rests");
                let by = orders.open(slot).0 / 2;
                book.side_mut(side).reduce(slot, Quantity(by), &mut orders);
                let queue = naive.levels.get_mut(&rank(side, price)).expect("its level");
                queue.iter_mut().filter(|(own, _)| *own == id).for_each(|(_, open)| *open -= by);
            }
            Step::Trade { limit, mut quantity } => {
                while quantity > 0
                    && let Some((price, slot)) = book.side(side).next_to_trade(limit.map(Price), &orders)
                {
                    let traded = quantity.min(orders.open(slot).0);
                    let mut first = naive.levels.first_entry().expect("a level");
                    prop_assert_eq!(*first.key(), rank(side, price.0));
                    let (id, open) = first.get_mut().front_mut().expect("an order");
                    prop_assert_eq!(ClientOrderId(*id), orders.client_order_id(slot));
                    (*open, quantity) = (*open - traded, quantity - traded);
                    let (id, filled) = (*id, *open == 0);
                    prop_assert_eq!(book.side_mut(side).fill(slot, Quantity(traded), &mut orders), filled);
                    if filled {
                        orders.remove(slot);
                        live.retain(|&(own, _)| own != id);
                        first.get_mut().pop_front();
                        naive.levels.retain(|_, queue| !queue.is_empty());
                    }
                }
                let more = naive
                    .levels
                    .first_key_value()
                    .is_some_and(|(&best, _)| limit.is_none_or(|limit| best <= rank(side, limit)));
                prop_assert!(quantity == 0 || !more, "it would have traded more");
            }
        }
        prop_assert_eq!(book.side(side).verify(&orders).map_err(|error| error.to_string()), Ok(live.len()));
        let levels: Vec<_> = book
            .side(side)
            .levels(&orders)
            .map(|level| (rank(side, level.price.0), level.quantity.0, level.orders as usize))
            .collect();
        let expected: Vec<_> = naive
            .levels
            .iter()
            .map(|(&rank, queue)| (rank, queue.iter().map(|(_, open)| open).sum::<u64>(), queue.len()))
            .collect();
        prop_assert_eq!(levels, expected);
    }
    let of_side = book.side(side);
    for after in
        of_side.levels(&orders).flat_map(|level| [-300, -1, 0, 1, 300].map(|ticks| level.price.0.saturating_add(ticks)))
    {
        let behind: Vec<_> = of_side.levels_after(Price(after), &orders).collect();
        let expected: Vec<_> =
            of_side.levels(&orders).filter(|level| rank(side, level.price.0) > rank(side, after)).collect();
        prop_assert_eq!(behind, expected);
    }
    let queued: Vec<_> = book.orders(&orders).map(|slot| orders.client_order_id(slot).0).collect();
    let expected: Vec<_> = naive.levels.values().flatten().map(|&(id, _)| id).collect();
    prop_assert_eq!(queued, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(lugus_testing::cases(if cfg!(debug_assertions) { 100 } else { 400 })))]

    #[test]
    fn bids_are_those_of_a_plain_map(steps in proptest::collection::vec(steps(), 1..300)) {
        check(Side::Buy, &steps)?;
    }

    #[test]
    fn asks_are_those_of_a_plain_map(steps in proptest::collection::vec(steps(), 1..300)) {
        check(Side::Sell, &steps)?;
    }
}

/// Prices that are each on a page of their own, visited once and then once more.
#[test]
#[cfg_attr(miri, ignore = "computes for long")]
fn empty_pages_are_given_back_and_those_with_orders_are_limited() {
    let mut orders = RestingOrders::new(4_000);
    let mut book = Book::new();
    let side = book.side_mut(Side::Sell);
    for round in 0..5 {
        for n in 0..4_000_i64 {
            let slot = orders.insert(OWNER, ClientOrderId(1));
            side.push_back(slot, Price((round * 4_000 + n) << 20), Quantity(1), &mut orders);
            side.remove(slot, &mut orders);
            orders.remove(slot);
        }
        assert_eq!(side.verify(&orders), Ok(0));
    }
    assert!(side.pages_in_use() <= 257, "{}", side.pages_in_use());
    let mut id = 0;
    while side.has_room(Price(id << 20), Quantity(1), &orders) {
        id += 1;
        let slot = orders.insert(OWNER, ClientOrderId(id.cast_unsigned()));
        side.push_back(slot, Price((id - 1) << 20), Quantity(1), &mut orders);
    }
    assert_eq!(id, 1_024);
    assert!(side.has_room(Price(5 << 20), Quantity(1), &orders), "a page with orders takes more");
    assert!(!side.has_room(Price(5 << 20), Quantity(u64::MAX), &orders), "but not more than can be summed up");
    assert_eq!(side.verify(&orders), Ok(1_024));
    let slot = orders.find(OWNER, ClientOrderId(77)).expect("it rests");
    side.remove(slot, &mut orders);
    assert!(side.has_room(Price(9_999 << 20), Quantity(1), &orders), "a page that became empty makes room");
}

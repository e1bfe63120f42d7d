//! What an auction of levels would give, for who sees a book and not its orders, compared with the rules of `docs/rules.md` tried at
//! every price.

use lugus_engine::Indicative;
use lugus_vocabulary::{Price, PriceLevel, Quantity, Side};
use proptest::prelude::*;

/// Prices of levels are below this; every price between has a turn.
const PRICES: i64 = 24;

/// Levels of a side, best first, of lots at prices.
fn levels(lots: &[(i64, u64)], side: Side) -> Vec<PriceLevel> {
    let mut levels: Vec<PriceLevel> = Vec::new();
    for &(price, quantity) in lots {
        match levels.iter_mut().find(|level| level.price.0 == price) {
            Some(level) => level.quantity.0 += quantity,
            None => levels.push(PriceLevel { price: Price(price), quantity: Quantity(quantity), orders: 1 }),
        }
    }
    levels.sort_by_key(|level| if side == Side::Buy { -level.price.0 } else { level.price.0 });
    levels
}

/// Price, volume and surplus (of bids if positive) by the four rules, each price tried.
fn by_the_rules(bids: &[(i64, u64)], offers: &[(i64, u64)], reference: i64) -> Option<(i64, u64, i64)> {
    let sum = |lots: &[(i64, u64)], takes: &dyn Fn(i64) -> bool| -> u64 {
        lots.iter().filter(|(price, _)| takes(*price)).map(|(_, quantity)| quantity).sum()
    };
    let at = |price: i64| {
        let (buys, sells) = (sum(bids, &|limit| limit >= price), sum(offers, &|limit| limit <= price));
        (price, buys.min(sells), buys as i64 - sells as i64)
    };
    let mut tried: Vec<_> = (0..PRICES).map(at).filter(|(_, volume, _)| *volume > 0).collect();
    let most = tried.iter().map(|(_, volume, _)| *volume).max()?;
    tried.retain(|(_, volume, _)| *volume == most);
    let least = tried.iter().map(|(_, _, surplus)| surplus.abs()).min()?;
    tried.retain(|(_, _, surplus)| surplus.abs() == least);
    if least > 0 && tried.iter().all(|(_, _, surplus)| *surplus > 0) {
        return tried.into_iter().max();
    }
    if least > 0 && tried.iter().all(|(_, _, surplus)| *surplus < 0) {
        return tried.into_iter().min();
    }
    if least > 0 {
        let highest_of_bids = tried.iter().filter(|(_, _, surplus)| *surplus > 0).max().copied();
        let lowest_of_offers = tried.iter().filter(|(_, _, surplus)| *surplus < 0).min().copied();
        tried = highest_of_bids.into_iter().chain(lowest_of_offers).collect();
    }
    // The higher one where two are as near.
    tried.into_iter().min_by_key(|(price, _, _)| ((price - reference).abs(), -price))
}

proptest! {
    #[test]
    fn levels_give_what_the_rules_say(
        bids in prop::collection::vec((0..PRICES, 1..9_u64), 0..8),
        offers in prop::collection::vec((0..PRICES, 1..9_u64), 0..8),
        reference in 0..PRICES,
    ) {
        let found = Indicative::of_levels(&levels(&bids, Side::Buy), &levels(&offers, Side::Sell), Price(reference));
        let expected = by_the_rules(&bids, &offers, reference);
        let shown = found.map(|found| {
            let surplus = i64::try_from(found.imbalance).unwrap_or(i64::MAX);
            let signed = if found.imbalance_side == Some(Side::Sell) { -surplus } else { surplus };
            (found.price.0, u64::try_from(found.volume).unwrap_or(u64::MAX), signed)
        });
        prop_assert_eq!(shown, expected);
    }
}

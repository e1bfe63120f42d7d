//! Distributions of quantities and of distances from the middle, in whole numbers.

use crate::prng::SplitMix64;

/// Largest quantity of an order, in lots.
pub(super) const MAX_LOTS: u64 = 1_024;

/// Quantity of an order in lots: half of all orders have 1 lot, and each doubling is about half as frequent, like the
/// quantities on exchanges.
pub(super) fn lots(prng: &mut SplitMix64) -> u64 {
    let scale = 1 << prng.failures_before_one_in(2, MAX_LOTS.trailing_zeros().into());
    (scale + prng.below(scale)).min(MAX_LOTS)
}

/// Distance of an order from the middle in ticks, 0 being the nearest: a distribution with a tail, and now and then an
/// order far away.
pub(super) fn distance(prng: &mut SplitMix64) -> i64 {
    let ticks = if prng.one_in(20) { 10 + prng.below(190) } else { prng.failures_before_one_in(5, 64) };
    ticks as i64
}

//! How large, and how far away: distributions in whole numbers.

use crate::prng::SplitMix64;

/// Largest size of an order, lots.
pub(super) const MAX_LOTS: u64 = 1_024;

/// Lots of an order: half of all have 1, and each doubling is about half as frequent, like the sizes on exchanges.
pub(super) fn lots(prng: &mut SplitMix64) -> u64 {
    let scale = 1 << prng.failures_before_one_in(2, MAX_LOTS.trailing_zeros().into());
    (scale + prng.below(scale)).min(MAX_LOTS)
}

/// Ticks from the middle at which an order is placed, 0 being the nearest: a tail that gets thinner, and now and then an
/// order far away.
pub(super) fn distance(prng: &mut SplitMix64) -> i64 {
    let ticks = if prng.one_in(20) { 10 + prng.below(190) } else { prng.failures_before_one_in(5, 64) };
    ticks as i64
}

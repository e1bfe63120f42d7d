//! Random numbers that are the same on every machine and in every version, as a flow's seed must always give the same
//! flow. No library promises that.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A random number, evenly distributed from 0 to `bound` - 1; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability 1 / `n`.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Number of failures before the first success when the probability of success is 1 / `n`, limited to `most`: `n -
    /// 1` on average.
    pub(crate) fn failures_before_one_in(&mut self, n: u64, most: u64) -> u64 {
        let mut failures = 0;
        while failures < most && !self.one_in(n) {
            failures += 1;
        }
        failures
    }

    /// A random index of `weights`, with probabilities in proportion to the weights; 0 when all weights are 0.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, &weight) in weights.iter().enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_numbers() {
        let mut prng = SplitMix64::new(1_234_567);
        assert_eq!([prng.next(), prng.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn keeps_its_bounds_and_its_weights() {
        let mut prng = SplitMix64::new(7);
        assert_eq!((prng.below(0), prng.below(1), prng.weighted(&[0, 0])), (0, 0, 0));
        assert!((0..1_000).all(|_| prng.below(10) < 10));
        let heavy = (0..10_000).filter(|_| prng.weighted(&[1, 0, 3]) == 2).count();
        assert!((7_300..7_700).contains(&heavy), "{heavy}");
        let total: u64 = (0..10_000).map(|_| prng.failures_before_one_in(5, 1_000)).sum();
        assert!((38_000..42_000).contains(&total), "{total}");
    }
}

//! Percentiles of durations that were counted in buckets.

use lugus_gauges::BOUNDS_NS;
use serde::Serialize;

/// Number of durations in each bucket of [`BOUNDS_NS`], and above the last.
pub(super) type BucketCounts = [u64; BOUNDS_NS.len() + 1];

/// Percentiles in microseconds. They are as exact as the buckets: of two bounds, one is twice or two and a half times the other, and
/// within a bucket durations count as spread evenly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// Number of durations.
    pub count: u64,
}

impl Percentiles {
    /// Percentiles of the durations that `newer` has and `older` had not; `None` if there are none.
    pub fn between(older: &BucketCounts, newer: &BucketCounts) -> Option<Self> {
        let counts: BucketCounts = std::array::from_fn(|bucket| newer[bucket].saturating_sub(older[bucket]));
        let count = counts.iter().sum();
        if count == 0 {
            return None;
        }
        let at = |quantile| quantile_ns(&counts, count, quantile) / 1e3;
        Some(Self { p50_us: at(0.5), p99_us: at(0.99), p999_us: at(0.999), count })
    }
}

fn quantile_ns(counts: &BucketCounts, count: u64, quantile: f64) -> f64 {
    let rank = quantile * count as f64;
    let (mut below, mut lower) = (0.0, 0.0);
    for (bucket, &bound) in BOUNDS_NS.iter().enumerate() {
        let (here, upper) = (counts[bucket] as f64, bound as f64);
        if here > 0.0 && below + here >= rank {
            return lower + (upper - lower) * (rank - below) / here;
        }
        below += here;
        lower = upper;
    }
    // Nothing is known of them but that they are above the last bound.
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(buckets: &[(usize, u64)]) -> BucketCounts {
        let mut counts = [0; BOUNDS_NS.len() + 1];
        buckets.iter().for_each(|&(bucket, count)| counts[bucket] = count);
        counts
    }

    #[test]
    fn only_what_is_new_counts() {
        let older = counts(&[(3, 1_000), (23, 5)]);
        assert_eq!(Percentiles::between(&older, &older), None);
        // 100 durations above 50 us and up to 100 us, beside many old ones.
        let mut newer = older;
        newer[9] += 100;
        let found = Percentiles::between(&older, &newer).unwrap();
        assert_eq!((found.count, found.p50_us), (100, 75.0));
        assert!((found.p99_us - 99.5).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_percentile_is_in_the_bucket_where_its_rank_is() {
        // 989 fast ones, 10 of 1 to 2 ms, and one above all bounds.
        let newer = counts(&[(0, 989), (13, 10), (24, 1)]);
        let found = Percentiles::between(&counts(&[]), &newer).unwrap();
        assert!(found.p50_us <= 0.1, "{found:?}");
        assert!((1_000.0..=2_000.0).contains(&found.p99_us), "{found:?}");
        let slow = Percentiles::between(&counts(&[]), &counts(&[(24, 3)])).unwrap();
        assert_eq!(slow.p50_us, 5e6, "the last bound");
    }
}

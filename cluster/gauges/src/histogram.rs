//! Durations by buckets: a cell for each bucket, one for what is above the last, and one for the sum.

use crate::file::Gauges;

/// Upper bounds of the buckets in nanoseconds, each included: 1, 2 and 5 of each power of ten from 100 ns to 5 s.
pub const BOUNDS_NS: [u64; 24] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
];

/// The cells of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistogramCells {
    first: usize,
}

/// A histogram as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramReading {
    /// Number of durations in each bucket of [`BOUNDS_NS`], and above the last.
    pub counts: [u64; BOUNDS_NS.len() + 1],
    /// Sum of all durations in nanoseconds, modulo 2^64: of 584 years.
    pub sum_ns: u64,
}

impl HistogramCells {
    /// Number of cells that a histogram takes.
    pub const CELLS: usize = BOUNDS_NS.len() + 2;

    const SUM: usize = BOUNDS_NS.len() + 1;

    /// A histogram in the cells from `first` on.
    pub const fn at(first: usize) -> Self {
        Self { first }
    }

    /// Counts a duration.
    #[inline]
    pub fn record(self, gauges: &Gauges, nanoseconds: u64) {
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < nanoseconds);
        gauges.add(self.first + bucket, 1);
        gauges.add(self.first + Self::SUM, nanoseconds);
    }

    /// The histogram in the cells of a file; empty if they are not there.
    pub fn reading(self, cells: &[u64]) -> HistogramReading {
        let cell = |offset: usize| cells.get(self.first + offset).copied().unwrap_or(0);
        HistogramReading { counts: std::array::from_fn(cell), sum_ns: cell(Self::SUM) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_bucket_whose_bound_is_the_first_that_is_not_below() {
        let gauges = Gauges::private(100).unwrap();
        let histogram = HistogramCells::at(70);
        for duration in [0, 100, 101, 5_000_000_000, 5_000_000_001, 1_000] {
            histogram.record(&gauges, duration);
        }
        let cells: Vec<u64> = (0..gauges.len()).map(|cell| gauges.get(cell)).collect();
        let HistogramReading { counts, sum_ns } = histogram.reading(&cells);
        let mut expected = [0; BOUNDS_NS.len() + 1];
        (expected[0], expected[1], expected[3], expected[23], expected[24]) = (2, 1, 1, 1, 1);
        assert_eq!((counts, sum_ns), (expected, 10_000_001_202));
        assert_eq!(cells[..70].iter().chain(&cells[70 + HistogramCells::CELLS..]).sum::<u64>(), 0, "no other cell");
        assert_eq!(HistogramCells::at(1_000).reading(&cells).counts, [0; BOUNDS_NS.len() + 1]);
    }

    #[test]
    fn bounds_ascend() {
        assert!(BOUNDS_NS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

//! The spread of a figure that was measured several times.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Median, minimum and maximum of a figure, and what each round measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest sample.
    #[serde(rename = "min")]
    pub minimum: f64,
    /// The sample in the middle, or the mean of the two in the middle.
    pub median: f64,
    /// Largest sample.
    #[serde(rename = "max")]
    pub maximum: f64,
    /// What each round measured, in the order of the rounds.
    #[serde(default)]
    pub samples: Vec<f64>,
}

impl Spread {
    /// The spread of `samples`; median, minimum and maximum are 0 when there are no samples.
    pub fn of(samples: Vec<f64>) -> Self {
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        let (Some(&minimum), Some(&maximum)) = (sorted.first(), sorted.last()) else {
            return Self { minimum: 0.0, median: 0.0, maximum: 0.0, samples };
        };
        let (lower, upper) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Self { minimum, median: f64::midpoint(lower, upper), maximum, samples }
    }

    /// The spread of a figure that was measured once.
    pub fn once(sample: f64) -> Self {
        Self::of(vec![sample])
    }

    /// Whether all numbers are finite; JSON has no others.
    pub(crate) fn is_finite(&self) -> bool {
        let summary = [self.minimum, self.median, self.maximum];
        summary.iter().chain(&self.samples).all(|number| number.is_finite())
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} ({:.0}..{:.0})", self.median, self.minimum, self.maximum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        let odd = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((odd.minimum, odd.median, odd.maximum), (1.0, 2.0, 3.0));
        assert_eq!(odd.samples, [3.0, 1.0, 2.0], "the samples stay in the order of the rounds");
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Spread::of(Vec::new()).maximum, 0.0);
    }

    #[test]
    fn the_json_has_the_names_that_all_benchmarks_print() {
        let json = serde_json::to_value(Spread::of(vec![2.0, 1.0])).expect("JSON");
        assert_eq!(json, serde_json::json!({ "min": 1.0, "median": 1.5, "max": 2.0, "samples": [2.0, 1.0] }));
        let back: Spread = serde_json::from_value(json).expect("a spread");
        assert_eq!(back, Spread::of(vec![2.0, 1.0]));
    }
}

//! The rank-sum test of Mann and Whitney: how probable it is that chance alone puts one group of samples so far above another.

/// Largest number of samples of both groups together for which the distribution is counted out. Beyond it, the normal
/// distribution stands for it, which then differs by less than a thousandth.
const MAXIMUM_COUNTED: usize = 60;

/// Probability that, if both groups came from the same distribution, the ranks of `upper` would be at least as high as they are. Equal
/// samples share the mean of their ranks, and the distribution is that of these very ranks over all ways to form the groups, so it
/// holds for ties, too. 1 if a group is empty.
pub(crate) fn probability_of_chance(lower: &[f64], upper: &[f64]) -> f64 {
    if lower.is_empty() || upper.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(lower, upper);
    let sum: usize = ranks[lower.len()..].iter().sum();
    if ranks.len() <= MAXIMUM_COUNTED { counted(&ranks, upper.len(), sum) } else { normal(&ranks, upper.len(), sum) }
}

/// Twice the rank of each sample of both groups, so that the mean rank of equal samples is a whole number.
fn doubled_ranks(lower: &[f64], upper: &[f64]) -> Vec<usize> {
    let samples: Vec<f64> = lower.iter().chain(upper).copied().collect();
    let rank = |sample: &f64| {
        let below = samples.iter().filter(|other| *other < sample).count();
        let equal = samples.iter().filter(|other| *other == sample).count();
        // Ranks below + 1 to below + equal have the mean below + (equal + 1) / 2.
        2 * below + equal + 1
    };
    samples.iter().map(rank).collect()
}

/// Share of all groups of `size` of these ranks whose sum is at least `sum`.
fn counted(ranks: &[usize], size: usize, sum: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    // ways[n][s]: number of groups of n ranks, of those seen, with the sum s. A floating-point number holds them well enough.
    let mut ways = vec![vec![0.0_f64; total + 1]; size + 1];
    ways[0][0] = 1.0;
    for &rank in ranks {
        for members in (1..=size).rev() {
            let (smaller, larger) = ways.split_at_mut(members);
            for (with, without) in larger[0][rank..].iter_mut().zip(&smaller[members - 1]) {
                *with += without;
            }
        }
    }
    let all: f64 = ways[size].iter().sum();
    ways[size][sum.min(total + 1)..].iter().sum::<f64>() / all
}

/// The same by the normal distribution with the mean and variance of these ranks.
fn normal(ranks: &[usize], size: usize, sum: usize) -> f64 {
    let (count, size) = (ranks.len() as f64, size as f64);
    let mean = ranks.iter().sum::<usize>() as f64 / count;
    let variance = ranks.iter().map(|&rank| (rank as f64 - mean).powi(2)).sum::<f64>() / count;
    let of_sum = variance * size * (count - size) / (count - 1.0);
    if of_sum == 0.0 {
        return 1.0;
    }
    // The sum of doubled ranks has steps of two; half a step corrects for them.
    upper_tail((sum as f64 - 1.0 - size * mean) / of_sum.sqrt())
}

/// Probability that a variable with standard normal distribution is larger than `z`. Source: Abramowitz and Stegun, 26.2.17, whose error
/// is below 7.5e-8.
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let polynomial =
        t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, two: f64, tolerance: f64) {
        assert!((one - two).abs() < tolerance, "{one} and {two}");
    }

    #[test]
    fn separate_groups_have_the_probability_of_one_way_among_all() {
        // 252 ways to choose 5 of 10, 70 to choose 4 of 8.
        near(probability_of_chance(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0]), 1.0 / 252.0, 1e-12);
        near(probability_of_chance(&[1.0, 2.0, 3.0, 4.0], &[6.0, 7.0, 8.0, 9.0]), 1.0 / 70.0, 1e-12);
        near(probability_of_chance(&[6.0, 7.0], &[1.0, 2.0]), 1.0, 1e-12);
    }

    #[test]
    fn a_table_value_is_met() {
        // One-sided critical value of U for 5 and 5 at 5 % is 4: with U = 4, P = 0.0476 (12 of 252 ways).
        let (lower, upper) = ([1.0, 2.0, 3.0, 6.0, 7.0], [4.0, 5.0, 8.0, 9.0, 10.0]);
        near(probability_of_chance(&lower, &upper), 12.0 / 252.0, 1e-12);
    }

    #[test]
    fn equal_samples_tell_nothing() {
        near(probability_of_chance(&[3.0; 6], &[3.0; 6]), 1.0, 1e-12);
        near(probability_of_chance(&[3.0; 40], &[3.0; 40]), 1.0, 1e-12);
        near(probability_of_chance(&[], &[1.0]), 1.0, 1e-12);
        // Of the 6 ways to choose 2 of the ranks 1, 2.5, 2.5, 4, two have a sum of at least 6.5.
        near(probability_of_chance(&[1.0, 2.0], &[2.0, 3.0]), 2.0 / 6.0, 1e-12);
    }

    #[test]
    fn the_normal_distribution_agrees_with_the_count() {
        let lower: Vec<f64> = (0..30).map(|n| f64::from(n * 7 % 30)).collect();
        let upper: Vec<f64> = (0..30).map(|n| f64::from(n * 11 % 30) + 4.5).collect();
        let ranks = doubled_ranks(&lower, &upper);
        let sum: usize = ranks[30..].iter().sum();
        near(counted(&ranks, 30, sum), normal(&ranks, 30, sum), 1e-3);
        near(upper_tail(1.959_964), 0.025, 1e-6);
        near(upper_tail(-1.959_964), 0.975, 1e-6);
    }
}

//! What is slower in one file of results than in another, beyond the noise of the rounds.
//!
//! A figure is worse or better if its median differs by more than [`THRESHOLD`], and the samples of the rounds leave no doubt:
//!
//! - With [`ENOUGH_ROUNDS`] on both sides, if the rank-sum test gives chance less than [`CHANCE`].
//! - With fewer, but at least two, if the samples of both sides do not overlap, and the gap between them is wider than the wider side. Two or
//!   three rounds are often apart by chance, but rarely as far.
//! - One round says nothing about noise, so nothing is concluded from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::rank_sum::probability_of_chance;
use crate::results::{Measurement, Results};
use crate::spread::Spread;

/// Smallest difference of medians that matters, as a share of the first one.
const THRESHOLD: f64 = 0.05;

/// Number of rounds from which the rank-sum test decides.
const ENOUGH_ROUNDS: usize = 5;

/// Probability of chance below which the rank-sum test's answer is believed. There are many figures, so it is lower than the usual one.
const CHANCE: f64 = 0.01;

/// The comparison of two files of results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Why the files can't be compared: other machines or settings. If there is any reason, no figure was compared.
    pub obstacles: Vec<String>,
    /// All figures that both files have, in the order of the second file.
    pub figures: Vec<Compared>,
    /// Measurements or figures that only the first file has.
    pub only_before: Vec<String>,
    /// Measurements or figures that only the second file has.
    pub only_after: Vec<String>,
}

/// A figure that both files have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Benchmark of the measurement.
    pub benchmark: String,
    /// Labels of the measurement.
    pub labels: BTreeMap<String, String>,
    /// Name of the figure.
    pub figure: String,
    /// The figure in the first file.
    pub before: Spread,
    /// The figure in the second file.
    pub after: Spread,
    /// By how many hundredths the median has grown; absent if it was 0.
    pub change_percent: Option<f64>,
    /// What follows from it.
    pub verdict: Verdict,
}

/// What follows from two spreads of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The second one is worse: a time or a size is larger, or a rate is smaller.
    Slower,
    /// The second one is better.
    Faster,
    /// The difference is small, or not larger than that of the rounds.
    Noise,
    /// There is a difference, but a side has one round, which tells nothing about noise.
    TooFewRounds,
    /// The figure is a count, of which less is neither better nor worse.
    NotJudged,
}

/// Which change of a figure is for the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Better {
    Smaller,
    Larger,
    Neither,
}

impl Better {
    /// By the unit in the figure's name: a rate is `_per_second` or in `_mps`, a time, size or share of processors has its unit as a
    /// word of its own.
    fn of(figure: &str) -> Self {
        const RATES: [&str; 2] = ["_per_second", "_mps"];
        const COSTS: [&str; 7] = ["ns", "us", "ms", "s", "bytes", "cores", "percent"];
        if RATES.iter().any(|rate| figure.ends_with(rate)) {
            Self::Larger
        } else if figure.split('_').any(|word| COSTS.contains(&word)) {
            Self::Smaller
        } else {
            Self::Neither
        }
    }
}

impl Comparison {
    /// The figures with this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Compared> {
        self.figures.iter().filter(move |compared| compared.verdict == verdict)
    }
}

impl Compared {
    /// Benchmark, labels and figure in one line, for people.
    pub fn title(&self) -> String {
        let measurement = Measurement { labels: self.labels.clone(), ..Measurement::new(&self.benchmark) };
        format!("{}, {}", measurement.title(), self.figure)
    }
}

/// Compares `after` with `before`.
pub fn compare(before: &Results, after: &Results) -> Comparison {
    let mut comparison = Comparison {
        obstacles: before.machine.differences(&after.machine),
        figures: Vec::new(),
        only_before: Vec::new(),
        only_after: Vec::new(),
    };
    let settings: BTreeSet<&String> = before.settings.keys().chain(after.settings.keys()).collect();
    for name in settings {
        let [one, two] = [before, after].map(|results| results.settings.get(name).map_or("none", String::as_str));
        if one != two {
            comparison.obstacles.push(format!("setting {name}: {one} and {two}"));
        }
    }
    if comparison.obstacles.is_empty() {
        compare_measurements(before, after, &mut comparison);
    }
    comparison
}

fn compare_measurements(before: &Results, after: &Results, comparison: &mut Comparison) {
    for new in &after.measurements {
        let Some(old) = before.measurements.iter().find(|old| is_same(old, new)) else {
            comparison.only_after.push(new.title());
            continue;
        };
        for (figure, spread) in &new.figures {
            match old.figures.get(figure) {
                Some(old) => comparison.figures.push(compared(new, figure, old, spread)),
                None => comparison.only_after.push(format!("{}, {figure}", new.title())),
            }
        }
        let gone = old.figures.keys().filter(|figure| !new.figures.contains_key(*figure));
        comparison.only_before.extend(gone.map(|figure| format!("{}, {figure}", old.title())));
    }
    let gone = before.measurements.iter().filter(|old| !after.measurements.iter().any(|new| is_same(old, new)));
    comparison.only_before.extend(gone.map(Measurement::title));
}

fn is_same(one: &Measurement, two: &Measurement) -> bool {
    one.benchmark == two.benchmark && one.labels == two.labels
}

fn compared(measurement: &Measurement, figure: &str, before: &Spread, after: &Spread) -> Compared {
    let change = (after.median - before.median) / before.median.abs();
    let verdict = match Better::of(figure) {
        Better::Smaller => verdict(before, after),
        Better::Larger => match verdict(before, after) {
            Verdict::Slower => Verdict::Faster,
            Verdict::Faster => Verdict::Slower,
            other => other,
        },
        Better::Neither => Verdict::NotJudged,
    };
    Compared {
        benchmark: measurement.benchmark.clone(),
        labels: measurement.labels.clone(),
        figure: figure.to_owned(),
        before: before.clone(),
        after: after.clone(),
        change_percent: change.is_finite().then_some(change * 100.0),
        verdict,
    }
}

/// The verdict on a figure of which less is better.
fn verdict(before: &Spread, after: &Spread) -> Verdict {
    if (after.median - before.median).abs() <= THRESHOLD * before.median.abs() {
        return Verdict::Noise;
    }
    let (low, high, verdict) =
        if after.median > before.median { (before, after, Verdict::Slower) } else { (after, before, Verdict::Faster) };
    let rounds = low.samples.len().min(high.samples.len());
    let is_beyond_noise = match rounds {
        0 | 1 => return Verdict::TooFewRounds,
        ENOUGH_ROUNDS.. => probability_of_chance(&low.samples, &high.samples) < CHANCE,
        _ => {
            let width = |spread: &Spread| spread.maximum - spread.minimum;
            high.minimum - low.maximum > f64::max(width(low), width(high))
        }
    };
    if is_beyond_noise { verdict } else { Verdict::Noise }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::results::SCHEMA;

    fn results(figures: &[(&str, &[f64])]) -> Results {
        let mut measurement = Measurement::new("round-trip").label("members", 3);
        for (name, samples) in figures {
            measurement = measurement.figure(name, Spread::of(samples.to_vec()));
        }
        Results {
            schema: SCHEMA,
            machine: Machine::here(),
            commit: None,
            version: String::new(),
            begun: String::new(),
            settings: BTreeMap::new(),
            measurements: vec![measurement],
            parts: Vec::new(),
        }
    }

    fn verdict_on(figure: &str, before: &[f64], after: &[f64]) -> Verdict {
        let comparison = compare(&results(&[(figure, before)]), &results(&[(figure, after)]));
        assert_eq!(comparison.obstacles, Vec::<String>::new());
        comparison.figures[0].verdict
    }

    #[test]
    fn what_is_clearly_slower_is_said_to_be() {
        let fast = [100.0, 104.0, 98.0, 101.0, 102.0];
        assert_eq!(verdict_on("p50_us", &fast, &fast.map(|us| us * 1.10)), Verdict::Slower);
        assert_eq!(verdict_on("p50_us", &fast.map(|us| us * 1.10), &fast), Verdict::Faster);
        assert_eq!(verdict_on("cpu_us_per_command", &fast, &fast.map(|us| us * 1.10)), Verdict::Slower);
        assert_eq!(verdict_on("commands_per_second", &fast, &fast.map(|rate| rate * 0.90)), Verdict::Slower);
        assert_eq!(verdict_on("apply_mps", &fast, &fast.map(|rate| rate * 1.10)), Verdict::Faster);
        assert_eq!(verdict_on("p50_us", &[100.0, 102.0, 101.0], &[120.0, 123.0, 121.0]), Verdict::Slower);
        assert_eq!(verdict_on("p99_ms", &[0.0; 5], &[1.0; 5]), Verdict::Slower, "from nothing to something");
    }

    #[test]
    fn one_bad_round_or_a_small_change_is_noise() {
        assert_eq!(
            verdict_on("p50_us", &[100.0, 101.0, 99.0, 100.0, 102.0], &[100.0, 300.0, 101.0, 99.0, 400.0]),
            Verdict::Noise
        );
        // The median is a fifth higher, but the rounds overlap.
        assert_eq!(
            verdict_on("p50_us", &[100.0, 150.0, 90.0, 95.0, 140.0], &[120.0, 100.0, 160.0, 91.0, 130.0]),
            Verdict::Noise
        );
        // All rounds are slower, but by 4 %.
        assert_eq!(verdict_on("p50_us", &[100.0; 7], &[104.0; 7]), Verdict::Noise);
        // Three rounds each that happen to be apart, as one in ten pairs is.
        assert_eq!(verdict_on("p50_us", &[100.0, 110.0, 95.0], &[112.0, 119.0, 130.0]), Verdict::Noise);
        assert_eq!(verdict_on("p50_us", &[0.0; 5], &[0.0; 5]), Verdict::Noise);
    }

    #[test]
    fn one_round_and_counts_are_not_judged() {
        assert_eq!(verdict_on("p50_us", &[100.0], &[200.0]), Verdict::TooFewRounds);
        assert_eq!(verdict_on("p50_us", &[100.0; 9], &[200.0]), Verdict::TooFewRounds);
        assert_eq!(verdict_on("commands", &[100.0; 9], &[200.0; 9]), Verdict::NotJudged);
    }

    /// Rounds of the same program: numbers around 100 with a standard deviation of 10, and one in twenty a stall of three times as much.
    fn noise(rounds: usize, state: &mut u64) -> Vec<f64> {
        let mut uniform = || {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*state >> 40) as f64 / (1_u64 << 24) as f64
        };
        let mut round = || {
            let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            let stall = if uniform() < 0.05 { 3.0 } else { 1.0 };
            (100.0 + 10.0 * normal) * stall
        };
        (0..rounds).map(|_| round()).collect()
    }

    #[test]
    fn noise_alone_is_rarely_called_slower() {
        const PAIRS: usize = 2_000;
        for rounds in [2, 3, 4, 5, 7, 11] {
            let mut state = 7;
            let slower = (0..PAIRS)
                .filter(|_| {
                    let [before, after] = [(); 2].map(|()| Spread::of(noise(rounds, &mut state)));
                    verdict(&before, &after) == Verdict::Slower
                })
                .count();
            let share = slower as f64 / PAIRS as f64;
            assert!(share < if rounds == 2 { 0.1 } else { 0.012 }, "{rounds} rounds: {share}");
        }
    }

    #[test]
    fn a_third_slower_is_nearly_always_found_in_eleven_rounds() {
        let mut state = 11;
        let found = (0..500)
            .filter(|_| {
                let (before, after) =
                    (noise(11, &mut state), noise(11, &mut state).into_iter().map(|us| us * 1.33).collect());
                verdict(&Spread::of(before), &Spread::of(after)) == Verdict::Slower
            })
            .count();
        assert!(found > 450, "{found} of 500");
    }

    #[test]
    fn other_machines_and_settings_are_not_compared() {
        let before = results(&[("p50_us", &[1.0, 1.0])]);
        let mut after = before.clone();
        after.machine.cpu_model = "another".to_owned();
        after.settings.insert("profile".to_owned(), "shared".to_owned());
        let comparison = compare(&before, &after);
        assert_eq!(comparison.obstacles.len(), 2, "{:?}", comparison.obstacles);
        assert!(comparison.obstacles[1].contains("profile: none and shared"));
        assert!(comparison.figures.is_empty());
    }

    #[test]
    fn what_only_one_file_has_is_listed() {
        let (mut before, mut after) =
            (results(&[("p50_us", &[1.0]), ("p99_us", &[1.0])]), results(&[("p50_us", &[1.0]), ("p999_us", &[1.0])]));
        before.measurements.push(Measurement::new("sdk"));
        after.measurements.push(Measurement::new("round-trip").label("members", 1));
        let comparison = compare(&before, &after);
        assert_eq!(comparison.figures.len(), 1);
        assert_eq!(comparison.only_before, ["round-trip: members 3, p99_us", "sdk"]);
        assert_eq!(comparison.only_after, ["round-trip: members 3, p999_us", "round-trip: members 1"]);
        assert_eq!(comparison.figures[0].title(), "round-trip: members 3, p50_us");
    }
}

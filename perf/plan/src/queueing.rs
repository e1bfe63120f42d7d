//! The model of round trips: measured quantiles at a few utilisations, and a law of queues between and beyond them.
//!
//! With the utilisation `r`, a quantile of the time in a queue grows as `1 / (1 - r)` in heavy traffic (Kingman), and in M/M/1 at every
//! utilisation. A cluster also waits for what does not depend on the rate: wake-ups, time slices, pauses. So between two measured utilisations
//! the model fits an exponent, `q2 / q1 = ((1 - r1) / (1 - r2)) ^ k` with `k >= 0`, below the lowest one it takes what was measured there, and
//! above the highest one `k` is 1. Batches are in what was measured: a command costs less the more of them wait.
//!
//! Measured quantiles that fall while the utilisation rises are noise, or less waking up. The model must not promise less latency for more
//! load, so neighbours that fall are replaced by their mean (isotonic regression, pool adjacent violators).

use serde::Serialize;

use crate::error::PlanError;

/// What was measured at one utilisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredLatency {
    /// Rate divided by the greatest rate, from 0 to below 1.
    pub utilisation: f64,
    /// Quantile from 0 to below 1, and microseconds; both rise.
    pub quantiles: Vec<(f64, f64)>,
    /// The largest of several measurements of the p99 divided by the smallest; 1 if there was one.
    pub spread: f64,
}

impl MeasuredLatency {
    /// A quantile: between two measured ones the logarithm of the time is linear in the logarithm of what is above, and outside it is
    /// that of the nearest.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let above = |quantile: f64| -(1.0 - quantile).ln();
        let points = self.quantiles.iter().map(|&(quantile, us)| (above(quantile), us.ln()));
        interpolated(&points.collect::<Vec<_>>(), above(quantile), 0.0).map(f64::exp)
    }
}

/// Latency against utilisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyCurve {
    /// By utilisation.
    points: Vec<MeasuredLatency>,
}

impl LatencyCurve {
    /// The curve through these measurements.
    ///
    /// # Errors
    /// When there is none, or one has no quantile, or a utilisation of 1 or more.
    pub fn new(mut points: Vec<MeasuredLatency>) -> Result<Self, PlanError> {
        let is_sound = |point: &MeasuredLatency| {
            let quantiles = &point.quantiles;
            (0.0..1.0).contains(&point.utilisation)
                && !quantiles.is_empty()
                && quantiles.iter().all(|&(quantile, us)| (0.0..1.0).contains(&quantile) && us > 0.0 && us.is_finite())
                && quantiles.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1)
        };
        if points.is_empty() || !points.iter().all(is_sound) {
            return Err(PlanError::NotMeasured { what: "round trips at rates below the greatest one".to_owned() });
        }
        points.sort_by(|one, other| one.utilisation.total_cmp(&other.utilisation));
        Ok(Self { points })
    }

    /// A quantile in microseconds at a utilisation; `None` from 1 on, as then the queue has no end.
    pub fn at(&self, utilisation: f64, quantile: f64) -> Option<f64> {
        if !(0.0..1.0).contains(&utilisation) {
            return None;
        }
        let load = |utilisation: f64| -(1.0 - utilisation).ln();
        let measured = self.points.iter();
        let mut points: Vec<(f64, f64)> =
            measured.filter_map(|point| Some((load(point.utilisation), point.quantile(quantile)?.ln()))).collect();
        pool_adjacent_violators(&mut points);
        interpolated(&points, load(utilisation), 1.0).map(f64::exp)
    }

    /// The lowest and the highest utilisation that was measured: outside of them the model extrapolates.
    pub fn measured(&self) -> (f64, f64) {
        let of = |point: Option<&MeasuredLatency>| point.map_or(0.0, |point| point.utilisation);
        (of(self.points.first()), of(self.points.last()))
    }

    /// How far the curve is from measurements that it was not made of: each inner point, as the others tell it, in hundredths of what was
    /// measured, the greatest of them; `None` with fewer than three points.
    pub fn left_out_error_percent(&self, quantile: f64) -> Option<f64> {
        let inner = 1..self.points.len().checked_sub(1)?;
        let error = |left_out: usize| {
            let mut others = self.points.clone();
            let point = others.remove(left_out);
            let told = Self { points: others }.at(point.utilisation, quantile)?;
            Some((told / point.quantile(quantile)? - 1.0).abs() * 100.0)
        };
        inner.filter_map(error).reduce(f64::max)
    }

    /// The greatest spread of equal measurements: what the model can't know better. In hundredths above the smallest.
    pub fn spread_percent(&self) -> f64 {
        (self.points.iter().map(|point| point.spread).fold(1.0, f64::max) - 1.0) * 100.0
    }

    /// The greatest utilisation at which a quantile is at most `limit_us`; `None` if it is above at every one.
    pub fn greatest_within(&self, limit_us: f64, quantile: f64) -> Option<f64> {
        let is_within = |utilisation: f64| self.at(utilisation, quantile).is_some_and(|us| us <= limit_us);
        if !is_within(0.0) {
            return None;
        }
        let (mut within, mut above) = (0.0, 1.0);
        // A millionth is below what anybody measures.
        while above - within > 1e-6 {
            let middle = f64::midpoint(within, above);
            if is_within(middle) { within = middle } else { above = middle }
        }
        Some(within)
    }
}

/// What a burst adds to a quantile, in microseconds: of `burst` commands that come at once, the last one waits for all others. `rate` is the
/// greatest one, in commands a second.
pub fn burst_wait_us(burst: u32, rate: f64, quantile: f64) -> f64 {
    f64::from(burst.saturating_sub(1)) * quantile * 1e6 / rate
}

/// A quantile in microseconds when nothing is served for `stall_us`, once every `interval_us`: a command that comes within the stall waits for
/// its end, and those after it until what has gathered is served. With the share `s = stall / ((1 - r) interval)` of all commands that wait, a
/// wait is even from 0 to the stall. `usual_us` is the quantile without stalls.
pub fn with_stalls_us(usual_us: f64, stall_us: f64, interval_us: f64, utilisation: f64, quantile: f64) -> f64 {
    let waiting = (stall_us / ((1.0 - utilisation) * interval_us)).min(1.0);
    let above = 1.0 - quantile;
    if above >= waiting { usual_us } else { usual_us.max(stall_us * (1.0 - above / waiting)) }
}

/// Time until a queue is empty again that was not served for `stall_s`, stall included, in seconds; `None` at a utilisation of 1 or more.
pub fn drained_after_s(stall_s: f64, utilisation: f64) -> Option<f64> {
    (utilisation < 1.0).then(|| stall_s / (1.0 - utilisation))
}

/// The value at `x` of the lines between points whose `x` rise: before the first that of the first, after the last a line with this slope.
fn interpolated(points: &[(f64, f64)], x: f64, slope: f64) -> Option<f64> {
    let after = points.partition_point(|&(place, _)| place <= x);
    let Some(&(x1, y1)) = after.checked_sub(1).and_then(|before| points.get(before)) else {
        return points.first().map(|&(_, y)| y);
    };
    let Some(&(x2, y2)) = points.get(after) else { return Some(y1 + (x - x1) * slope) };
    Some(if x2 > x1 { y1 + (y2 - y1) * (x - x1) / (x2 - x1) } else { y2 })
}

/// Replaces neighbours that fall by their mean, until none falls.
fn pool_adjacent_violators(points: &mut [(f64, f64)]) {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for &(_, y) in points.iter() {
        pools.push((y, 1));
        while let [.., (one, ones), (other, others)] = pools[..] {
            if one <= other {
                break;
            }
            let size = ones + others;
            let mean = (one * ones as f64 + other * others as f64) / size as f64;
            pools.truncate(pools.len() - 2);
            pools.push((mean, size));
        }
    }
    let pooled = pools.into_iter().flat_map(|(mean, size)| std::iter::repeat_n(mean, size));
    points.iter_mut().zip(pooled).for_each(|(point, mean)| point.1 = mean);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

    /// Quantiles of the time in an M/M/1 queue (exponential with the rate `mu - lambda`), in microseconds.
    fn mm1(utilisation: f64, mu: f64) -> Vec<(f64, f64)> {
        let quantile = |q: f64| (q, -(1.0 - q).ln() / (mu * (1.0 - utilisation)) * 1e6);
        QUANTILES.map(quantile).to_vec()
    }

    fn point(utilisation: f64, quantiles: Vec<(f64, f64)>) -> MeasuredLatency {
        MeasuredLatency { utilisation, quantiles, spread: 1.0 }
    }

    /// The wait in an M/D/1 queue is above `t` with this probability (Erlang 1909, as in Franx 2001).
    fn md1_waits_longer(utilisation: f64, service_us: f64, t: f64) -> f64 {
        let lambda = utilisation / service_us;
        let whole = (t / service_us).floor() as i32;
        let mut sum = 0.0;
        for k in 0..=whole {
            let x = lambda * (t - f64::from(k) * service_us);
            let factorial: f64 = (1..=k).map(f64::from).product();
            sum += (-x).powi(k) / factorial * x.exp();
        }
        1.0 - (1.0 - utilisation) * sum
    }

    #[test]
    fn mm1_is_met_exactly_from_one_measurement_on() {
        let mu = 200_000.0;
        for measured in [vec![0.1], vec![0.1, 0.5], vec![0.05, 0.3, 0.6]] {
            let curve = LatencyCurve::new(measured.iter().map(|&r| point(r, mm1(r, mu))).collect()).expect("sound");
            for utilisation in [0.1, 0.3, 0.55, 0.8, 0.95, 0.999] {
                for (quantile, us) in mm1(utilisation, mu) {
                    let told = curve.at(utilisation, quantile).expect("below 1");
                    assert!((told / us - 1.0).abs() < 1e-9 || utilisation < measured[0], "{utilisation} {quantile}");
                }
            }
        }
    }

    #[test]
    fn md1_is_met_between_three_measurements() {
        let quantile = |utilisation: f64, q: f64| {
            // Beyond this the alternating sum loses its digits.
            let (mut low, mut high) = (0.0, 25.0);
            while high - low > 1e-6 {
                let t = f64::midpoint(low, high);
                if md1_waits_longer(utilisation, 1.0, t) > 1.0 - q { low = t } else { high = t }
            }
            low + 1.0
        };
        let measured = [0.1, 0.45, 0.8].map(|r| point(r, [0.9, 0.99].map(|q| (q, quantile(r, q))).to_vec()));
        let curve = LatencyCurve::new(measured.to_vec()).expect("sound");
        for utilisation in [0.2, 0.3, 0.6, 0.7, 0.88] {
            let (told, true_one) = (curve.at(utilisation, 0.99).expect("below 1"), quantile(utilisation, 0.99));
            assert!((told / true_one - 1.0).abs() < 0.12, "{utilisation}: {told} and {true_one}");
        }
    }

    #[test]
    fn a_utilisation_of_one_has_no_round_trip() {
        let curve = LatencyCurve::new(vec![point(0.5, mm1(0.5, 1e6))]).expect("sound");
        assert_eq!((curve.at(1.0, 0.99), curve.at(1.5, 0.5), curve.at(f64::NAN, 0.5)), (None, None, None));
        assert!(curve.at(0.999_999, 0.99).is_some_and(|us| us > 1e5));
        assert_eq!(drained_after_s(1.0, 1.0), None);
        assert_eq!(drained_after_s(1.0, 0.75), Some(4.0));
    }

    #[test]
    fn the_greatest_utilisation_within_a_limit_is_where_the_curve_meets_it() {
        let curve = LatencyCurve::new(vec![point(0.1, mm1(0.1, 1e6))]).expect("sound");
        let base = curve.at(0.0, 0.99).expect("below 1");
        assert_eq!(curve.greatest_within(base * 0.99, 0.99), None, "below what it takes without load");
        let greatest = curve.greatest_within(base * 9.0, 0.99).expect("within");
        assert!((greatest - 0.9).abs() < 1e-5, "{greatest}");
    }

    #[test]
    fn what_is_not_measured_is_refused() {
        for points in [
            vec![],
            vec![point(1.0, mm1(0.5, 1e6))],
            vec![point(0.1, vec![])],
            vec![point(0.1, vec![(0.5, 0.0)])],
            vec![point(0.1, vec![(0.9, 5.0), (0.5, 6.0)])],
        ] {
            assert!(LatencyCurve::new(points).is_err());
        }
    }

    #[test]
    fn a_point_that_is_left_out_tells_the_error() {
        let mut points: Vec<_> = [0.1, 0.4, 0.7].map(|r| point(r, mm1(r, 1e6))).to_vec();
        let curve = LatencyCurve::new(points.clone()).expect("sound");
        assert!(curve.left_out_error_percent(0.99).expect("three") < 1e-6);
        points[1].quantiles.iter_mut().for_each(|(_, us)| *us *= 1.25);
        let error = LatencyCurve::new(points).expect("sound").left_out_error_percent(0.99).expect("three");
        assert!((error - 20.0).abs() < 1e-6, "{error}");
    }

    /// Bursts of 10 every 100 us, each command 5 us: waits are 0, 5, ... 45 us.
    #[test]
    fn a_burst_waits_for_itself() {
        assert_eq!(burst_wait_us(1, 1.0, 0.99), 0.0);
        assert!((burst_wait_us(10, 200_000.0, 1.0) - 45.0).abs() < 1e-9);
        assert!((burst_wait_us(10, 200_000.0, 0.5) - 22.5).abs() < 1e-9);
    }

    /// The share that waits longer than the quantile, by going through all arrivals of a fluid queue.
    #[test]
    fn stalls_are_those_of_a_fluid_queue() {
        let (stall, interval, utilisation) = (1_000.0, 20_000.0, 0.6);
        let wait = |at: f64| if at < stall { stall - at + at * utilisation } else { 0.0 };
        // Work at the end of the stall is `stall * utilisation`, and falls by `1 - utilisation`; a command that comes then waits for it.
        let after = |at: f64| (stall * utilisation - (at - stall) * (1.0 - utilisation)).max(0.0);
        let waits: Vec<f64> =
            (0..20_000).map(|at| f64::from(at) + 0.5).map(|at| if at < stall { wait(at) } else { after(at) }).collect();
        for quantile in [0.9, 0.95, 0.99, 0.999] {
            let mut sorted = waits.clone();
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[(quantile * interval) as usize];
            let told = with_stalls_us(0.0, stall, interval, utilisation, quantile);
            assert!((told - exact).abs() < 2.0, "{quantile}: {told} and {exact}");
        }
        assert_eq!(with_stalls_us(70.0, stall, 1e9, utilisation, 0.99), 70.0, "too rare for this quantile");
    }

    proptest! {
        #[test]
        fn more_load_is_never_faster(
            measured in prop::collection::vec((0.0..0.99_f64, 1.0..1e5_f64, 1.0..50.0_f64), 1..6),
            mut loads in prop::collection::vec(0.0..1.0_f64, 2..20),
            quantile in 0.0..0.9999_f64,
        ) {
            let points = measured.iter().map(|&(r, us, factor)| point(r, vec![(0.5, us), (0.99, us * factor)]));
            let curve = LatencyCurve::new(points.collect()).expect("sound");
            loads.sort_by(f64::total_cmp);
            let told: Vec<f64> = loads.iter().map(|&load| curve.at(load, quantile).expect("below 1")).collect();
            prop_assert!(told.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + 1e-12)), "{told:?}");
        }

        #[test]
        fn a_higher_quantile_is_never_faster(us in 1.0..1e5_f64, factor in 1.0..50.0_f64, load in 0.0..0.99_f64) {
            let curve = LatencyCurve::new(vec![point(0.2, vec![(0.5, us), (0.99, us * factor)])]).expect("sound");
            let told: Vec<f64> = [0.1, 0.5, 0.8, 0.99, 0.999].map(|q| curve.at(load, q).expect("below 1")).to_vec();
            prop_assert!(told.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + 1e-12)));
        }
    }
}

//! Round trips against the rate of commands, and the rate from which they take longer: the knee.

use lugus_results::{Measurement, Spread};

use crate::axis::{Axis, number};
use crate::curves::{Curves, Point, Series};
use crate::names::{name, together, varying, whole};
use crate::section::{Section, Table, spread};
use crate::svg::{COLOURS, Picture};

/// Figures that get a picture, and their names.
const FIGURES: [(&str, &str, &str); 2] = [("p99_us", "rate-p99", "99th percentile"), ("p50_us", "rate-p50", "median")];

/// The knee is the last rate whose figure is at most so much of that at the lowest rate.
const KNEE: f64 = 2.0;

/// The section: a picture for the median, and one for the 99th percentile.
pub(crate) fn section(measurements: &[Measurement]) -> Section {
    let words = vec![format!(
        "Commands are sent at a fixed rate, or as fast as they are taken. The ring marks the knee: the last rate at which the figure is at \
         most {KNEE} times that at the lowest rate."
    )];
    let all = whole(measurements, "round-trip");
    // A curve needs two rates.
    let curves: Vec<Vec<(f64, &Measurement)>> =
        together(&all, &["pace"]).into_iter().map(|group| by_rate(&group)).filter(|curve| curve.len() > 1).collect();
    let pictures: Vec<_> =
        if curves.is_empty() { Vec::new() } else { FIGURES.map(|figure| picture(figure, &curves)).into() };
    Section::of_pictures(
        "rates",
        "Latency against rate",
        words,
        pictures,
        "No service was measured at two rates or more.",
    )
}

/// The measurements with a rate, from the lowest one on.
fn by_rate<'m>(group: &[&'m Measurement]) -> Vec<(f64, &'m Measurement)> {
    let mut curve: Vec<_> = group.iter().filter_map(|one| Some((rate(one)?, *one))).collect();
    curve.sort_by(|one, two| one.0.total_cmp(&two.0));
    curve
}

/// Commands a second. One command in flight has no rate of its own: the round trip makes it.
fn rate(measurement: &Measurement) -> Option<f64> {
    let pace = measurement.labels.get("pace")?;
    if pace.contains("in flight") {
        return None;
    }
    let figure = measurement.figures.get("rate_per_second").map(|rate| rate.median);
    let rate = figure.or_else(|| pace.split_once(' ')?.0.replace(',', "").parse().ok())?;
    (rate > 0.0).then_some(rate)
}

fn picture((figure, id, words): (&str, &str, &str), curves: &[Vec<(f64, &Measurement)>]) -> (Picture, Table) {
    let names = varying(&curves.iter().filter_map(|curve| Some(curve.first()?.1)).collect::<Vec<_>>());
    let names = names.into_iter().filter(|name| name != "pace").collect();
    let title = format!("Round trip against rate: {words}");
    let mut table = Table::new(&title, &["service", "commands a second", "us", "knee"]);
    let mut series = Vec::new();
    for curve in curves {
        let Some((_, first)) = curve.first() else { continue };
        let name = name(first, &names);
        let with_figure: Vec<(f64, &Spread)> =
            curve.iter().filter_map(|(rate, one)| Some((*rate, one.figures.get(figure)?))).collect();
        let points: Vec<Point> = with_figure
            .iter()
            .map(|(rate, spread)| Point { x: *rate, y: spread.median, low: spread.minimum, high: spread.maximum })
            .collect();
        let knee = knee(&points);
        for (point, (_, figure)) in points.iter().zip(&with_figure) {
            let mark = if knee == Some(*point) { "knee" } else { "" };
            table.rows.push(vec![name.clone(), number(point.x), spread(figure), mark.to_owned()]);
        }
        let knee = knee.map(|point| (point, format!("the knee, at {} commands a second", number(point.x))));
        if !points.is_empty() && series.len() < COLOURS {
            series.push(Series { name, points, knee });
        }
    }
    let points = || series.iter().flat_map(|series: &Series| &series.points);
    let [rates, lows, highs] = [|point: &Point| point.x, |point: &Point| point.low, |point: &Point| point.high];
    let least = |of: fn(&Point) -> f64| points().map(of).fold(f64::MAX, f64::min);
    let most = |of: fn(&Point) -> f64| points().map(of).fold(0.0, f64::max);
    let curves = Curves {
        name: id.to_owned(),
        description: format!("Curves of {} services; both axes are logarithmic.", series.len()),
        title,
        x: Axis::logarithmic("commands a second", least(rates), most(rates)),
        y: Axis::logarithmic(&format!("round trip, {words}, us"), least(lows), most(highs)),
        series,
    };
    (curves.draw(), table)
}

/// The last point before the curve bends; none if it does not.
fn knee(points: &[Point]) -> Option<Point> {
    let bound = points.first()?.y * KNEE;
    let bend = points.iter().position(|point| point.y > bound)?;
    points.get(bend.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(heights: &[f64]) -> Vec<Point> {
        let point = |(index, y): (usize, &f64)| Point { x: 10.0 * (index + 1) as f64, y: *y, low: *y, high: *y };
        heights.iter().enumerate().map(point).collect()
    }

    #[test]
    fn the_knee_is_the_last_rate_before_the_bend() {
        assert_eq!(knee(&points(&[10.0, 12.0, 19.0, 50.0])).map(|point| point.x), Some(30.0));
        assert_eq!(knee(&points(&[10.0, 12.0, 19.0])), None, "it does not bend");
        assert_eq!(knee(&points(&[10.0, 21.0, 19.0])).map(|point| point.x), Some(10.0));
        assert_eq!(knee(&[]), None);
    }

    #[test]
    fn the_rate_is_that_reached_or_that_of_the_pace() {
        let at = |pace: &str| Measurement::new("round-trip").label("pace", pace);
        assert_eq!(rate(&at("10,000 a second")), Some(10_000.0));
        assert_eq!(rate(&at("maximum")), None);
        assert_eq!(rate(&at("maximum").figure("rate_per_second", Spread::once(150_000.0))), Some(150_000.0));
        assert_eq!(rate(&at("1 in flight").figure("rate_per_second", Spread::once(1_000.0))), None);
    }
}

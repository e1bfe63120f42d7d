//! Round trips by percentiles, from the distributions beside the results.

use std::path::Path;

use lugus_results::Measurement;

use crate::axis::{Axis, number};
use crate::curves::{Curves, Point, Series};
use crate::hgrm::{Distribution, row, rows};
use crate::names::{by, common, name, varying, whole};
use crate::section::{Section, Table};
use crate::svg::{COLOURS, Picture};

/// Percentiles that the table has.
const SHOWN: [(&str, f64); 6] =
    [("50 %", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("99.9 %", 0.999), ("99.99 %", 0.9999), ("most", 1.0)];

/// Labels whose values get pictures of their own: as many as are needed until no picture has too many curves.
const KEYS: [&str; 4] = ["pace", "members", "transport", "sessions"];

/// A measurement with the distributions of its rounds.
type Measured<'m> = (&'m Measurement, Vec<Distribution>);

/// The section: a picture for each pace.
pub(crate) fn section(measurements: &[Measurement], folder: &Path) -> Section {
    let mut words = vec![
        "Each curve is the median of the rounds, and the area around it is their range. Every nine of the percentile takes the same \
         room, so that the tail is seen. A round trip counts from when its command was due."
            .to_owned(),
    ];
    let mut measured: Vec<Measured<'_>> = Vec::new();
    for measurement in whole(measurements, "round-trip") {
        let mut rounds = Vec::new();
        for file in &measurement.histograms {
            match Distribution::read(folder, file) {
                Ok(distribution) => rounds.push(distribution),
                Err(error) => words.push(format!("A distribution is left out: {error}.")),
            }
        }
        if !rounds.is_empty() {
            measured.push((measurement, rounds));
        }
    }
    let all: Vec<_> = measured.iter().map(|(measurement, _)| *measurement).collect();
    let groups = (1..=KEYS.len())
        .map(|count| by(&all, &KEYS[..count]))
        .find(|groups| groups.iter().all(|group| group.len() <= COLOURS))
        .unwrap_or_else(|| by(&all, &KEYS));
    let pictures = groups.iter().enumerate().map(|(index, group)| picture(index, group, &measured)).collect();
    Section::of_pictures(
        "percentiles",
        "Round trips by percentiles",
        words,
        pictures,
        "The results name no distribution (.hgrm) of round trips that can be read.",
    )
}

fn picture(index: usize, group: &[&Measurement], measured: &[Measured<'_>]) -> (Picture, Table) {
    let names = varying(group);
    let is_in_group = |measured: &&Measured<'_>| group.iter().any(|one| std::ptr::eq(*one, measured.0));
    let title = format!("Round trips by percentiles: {}", common(group));
    let mut header = vec!["us"];
    header.extend(SHOWN.map(|(text, _)| text));
    let mut table = Table::new(&format!("{title}; median of the rounds"), &header);
    let mut series = Vec::new();
    let (mut most, mut least, mut share) = (0.0_f64, f64::MAX, 0.0_f64);
    for (measurement, rounds) in measured.iter().filter(is_in_group) {
        let name = name(measurement, &names);
        let cells = SHOWN.map(|(_, share)| number(row(rounds, share).median));
        table.rows.push([name.clone()].into_iter().chain(cells).collect());
        let points: Vec<Point> = rows(rounds)
            .into_iter()
            .map(|row| Point { x: row.share, y: row.median, low: row.minimum, high: row.maximum })
            .collect();
        for point in &points {
            (most, least, share) = (most.max(point.high), least.min(point.low), share.max(point.x));
        }
        series.push(Series { name, points, knee: None });
    }
    let curves = Curves {
        name: format!("percentiles-{}", index + 1),
        description: format!("Curves of {} services over percentiles up to {:.4} %.", series.len(), share * 100.0),
        title,
        x: Axis::percentiles("percentile", share),
        y: Axis::logarithmic("round trip, us", least, most),
        series,
    };
    (curves.draw(), table)
}

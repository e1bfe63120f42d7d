//! All figures of all measurements, as a table.

use lugus_results::Measurement;

use crate::section::{Content, Section, Table, spread};

/// Greatest number of rows; `results.json` has all.
const MAXIMUM_ROWS: usize = 4_096;

/// The section: one table.
pub(crate) fn section(measurements: &[Measurement]) -> Section {
    let mut table = Table::new(
        "All figures: median (minimum to maximum) of the rounds",
        &["benchmark", "labels", "figure", "value", "rounds"],
    );
    table.words = 3;
    for measurement in measurements {
        let labels: Vec<String> = measurement.labels.iter().map(|(name, value)| format!("{name} {value}")).collect();
        table.rows.extend(measurement.figures.iter().map(|(figure, value)| {
            let words = [measurement.benchmark.clone(), labels.join(", "), figure.clone()];
            words.into_iter().chain([spread(value), value.samples.len().to_string()]).collect()
        }));
    }
    table.rows.truncate(MAXIMUM_ROWS);
    let content = if table.rows.is_empty() {
        Content::Missing("The results have no figure.".to_owned())
    } else {
        Content::Table(table)
    };
    Section { id: "figures", title: "All figures", words: Vec::new(), content }
}

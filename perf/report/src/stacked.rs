//! Where the time of an order goes, stage by stage, and where that of the processors goes, process by process.

use std::collections::BTreeSet;

use lugus_results::Measurement;

use crate::axis::number;
use crate::bars::Stacks;
use crate::names::{common, name, parts, together, varying, whole};
use crate::section::{Section, Table, spread};
use crate::svg::Picture;

/// Greatest number of bars of a picture.
const MAXIMUM_ROWS: usize = 24;

const STAGES_LABEL: &str = "us, median of each stage";
const PROCESSES_LABEL: &str = "us of processor time a command";

/// The stages of an order, stacked.
pub(crate) fn stages(measurements: &[Measurement]) -> Section {
    let words = vec![
        "The median of each stage of an order's way. Medians do not add up exactly to the median of the whole."
            .to_owned(),
    ];
    let stages = parts(measurements, "stage");
    let picture =
        stacks("stages", "Stages of an order", STAGES_LABEL, "stage", "p50_us", &stages).map(|(picture, _)| {
            let mut table = Table::new(&format!("{}, us", picture.title), &["order", "stage", "p50", "p99", "p99.9"]);
            table.words = 2;
            let names = varying_but(&stages, "stage");
            for stage in &stages {
                let figure = |name: &str| stage.figures.get(name).map_or_else(String::new, spread);
                let which = stage.labels.get("stage").cloned().unwrap_or_default();
                table.rows.push(vec![
                    name(stage, &names),
                    which,
                    figure("p50_us"),
                    figure("p99_us"),
                    figure("p999_us"),
                ]);
            }
            (picture, table)
        });
    Section::of_pictures(
        "stages",
        "Stages of an order",
        words,
        picture.into_iter().collect(),
        "No measurement has stages (label `stage`, figure `p50_us`).",
    )
}

/// Processor time of a command by process, stacked; of all processes together where it was not measured for each.
pub(crate) fn processor_time(measurements: &[Measurement]) -> Section {
    const FIGURE: &str = "cpu_us_per_command";
    const TITLE: &str = "Processor time of a command";
    let words = vec![
        "Processor time of all processes on the machine that work for a command, in microseconds; median of the rounds. It is steadier than any \
         percentile."
            .to_owned(),
    ];
    let by_process = parts(measurements, "process");
    let picture = stacks("processor-time", TITLE, PROCESSES_LABEL, "process", FIGURE, &by_process).or_else(|| {
        let all: Vec<_> = whole(measurements, "round-trip")
            .into_iter()
            .filter(|measurement| measurement.figures.contains_key(FIGURE))
            .collect();
        stacks("processor-time", TITLE, PROCESSES_LABEL, "process", FIGURE, &all)
    });
    Section::of_pictures(
        "processor-time",
        TITLE,
        words,
        picture.into_iter().collect(),
        "No measurement has processor time (figure `cpu_us_per_command`).",
    )
}

/// Labels that differ, but for that of the parts.
fn varying_but(measurements: &[&Measurement], part: &str) -> BTreeSet<String> {
    varying(measurements).into_iter().filter(|name| name != part).collect()
}

/// Bars of the measurements that differ in the label `part` only.
fn stacks(
    id: &str,
    title: &str,
    label: &str,
    part: &str,
    figure: &str,
    measurements: &[&Measurement],
) -> Option<(Picture, Table)> {
    let measurements: Vec<_> =
        measurements.iter().copied().filter(|measurement| measurement.figures.contains_key(figure)).collect();
    let part_of =
        |measurement: &Measurement| measurement.labels.get(part).cloned().unwrap_or_else(|| "all together".to_owned());
    let mut parts: Vec<String> = Vec::new();
    for measurement in &measurements {
        if !parts.contains(&part_of(measurement)) {
            parts.push(part_of(measurement));
        }
    }
    let names = varying_but(&measurements, part);
    let mut rows = Vec::new();
    for group in together(&measurements, &[part]).iter().take(MAXIMUM_ROWS) {
        let median = |part: &String| {
            let measurement = group.iter().find(|measurement| part_of(measurement) == *part);
            measurement.and_then(|measurement| measurement.figures.get(figure)).map_or(0.0, |spread| spread.median)
        };
        rows.push((name(group.first()?, &names), parts.iter().map(median).collect::<Vec<f64>>()));
    }
    if rows.is_empty() {
        return None;
    }
    let header: Vec<&str> = ["us"].into_iter().chain(parts.iter().map(String::as_str)).chain(["sum"]).collect();
    let title = format!("{title}: {}", common(&measurements));
    let mut table = Table::new(&format!("{title}; {label}"), &header);
    for (name, lengths) in &rows {
        let cells = lengths.iter().copied().chain([lengths.iter().sum()]).map(number);
        table.rows.push([name.clone()].into_iter().chain(cells).collect());
    }
    let stacks = Stacks {
        name: id.to_owned(),
        title,
        description: format!("{} bars of {} parts each: {}.", rows.len(), parts.len(), parts.join(", ")),
        label: label.to_owned(),
        parts,
        rows,
    };
    Some((stacks.draw(), table))
}

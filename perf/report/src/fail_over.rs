//! From the kill of a leader to the next one's first answer: one bar for each kill, with the phases one after the other.

use lugus_results::Measurement;

use crate::bars::Stacks;
use crate::names::{common, parts, together};
use crate::section::{Section, Table, spread};
use crate::svg::Picture;

/// Greatest number of kills with a bar of their own.
const MAXIMUM_KILLS: usize = 20;

const FIGURE: &str = "duration_ms";

/// The section: a picture for each rate.
pub(crate) fn section(measurements: &[Measurement]) -> Section {
    let words = vec!["The leader is killed with SIGKILL at 0, while commands are sent.".to_owned()];
    let phases: Vec<_> =
        parts(measurements, "phase").into_iter().filter(|phase| phase.figures.contains_key(FIGURE)).collect();
    let pictures = together(&phases, &["phase"])
        .iter()
        .enumerate()
        .map(|(index, phases)| picture(index, phases, measurements))
        .collect();
    Section::of_pictures(
        "fail-over",
        "Fail-over",
        words,
        pictures,
        "No fail-over was measured (label `phase`, figure `duration_ms`).",
    )
}

fn picture(index: usize, phases: &[&Measurement], measurements: &[Measurement]) -> (Picture, Table) {
    let names: Vec<String> =
        phases.iter().map(|phase| phase.labels.get("phase").cloned().unwrap_or_default()).collect();
    let figures: Vec<_> = phases.iter().filter_map(|phase| phase.figures.get(FIGURE)).collect();
    // Each phase has one sample for each kill, in the order of the kills.
    let kills = figures.iter().map(|figure| figure.samples.len()).min().unwrap_or(0);
    let mut rows = vec![("median of each phase".to_owned(), figures.iter().map(|figure| figure.median).collect())];
    rows.extend((0..kills.min(MAXIMUM_KILLS)).map(|kill| {
        (format!("kill {}", kill + 1), figures.iter().map(|figure| figure.samples[kill]).collect::<Vec<f64>>())
    }));
    let title = format!("Fail-over: {}", common(phases));
    let mut table = Table::new(&format!("{title}; median (minimum to maximum), ms"), &["phase, until", "ms"]);
    table.rows = names.iter().zip(&figures).map(|(name, figure)| vec![name.clone(), spread(figure)]).collect();
    let labels = |measurement: &Measurement| {
        let mut labels = measurement.labels.clone();
        labels.remove("phase");
        labels
    };
    let is_whole = |one: &&Measurement| {
        !one.labels.contains_key("phase")
            && phases.first().is_some_and(|phase| one.benchmark == phase.benchmark && one.labels == labels(phase))
    };
    if let Some(whole) = measurements.iter().find(is_whole) {
        let figures = whole.figures.iter().filter(|(name, _)| name.ends_with("_ms"));
        table.rows.extend(figures.map(|(name, figure)| {
            vec![format!("in all: {}", name.trim_end_matches("_ms").replace('_', " ")), spread(figure)]
        }));
    }
    let stacks = Stacks {
        name: format!("fail-over-{}", index + 1),
        description: format!("{} bars of these phases: {}.", rows.len(), names.join(", ")),
        title,
        label: "ms after the kill".to_owned(),
        parts: names,
        rows,
    };
    (stacks.draw(), table)
}

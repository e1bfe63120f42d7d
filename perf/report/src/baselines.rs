//! The services side by side: Lugus, echo services and raw ping-pong, pace by pace.

use lugus_results::Measurement;

use crate::bars::Marks;
use crate::names::{by, common, name, varying, whole};
use crate::section::{Section, Table, spread};
use crate::svg::Picture;

/// Figures of a row, and their names.
const FIGURES: [(&str, &str); 3] = [("p50_us", "median"), ("p99_us", "99 %"), ("p999_us", "99.9 %")];

/// Greatest number of rows of a picture.
const MAXIMUM_ROWS: usize = 32;

/// The section: a picture for each pace.
pub(crate) fn section(measurements: &[Measurement]) -> Section {
    let words = vec![
        "An echo service does nothing with a message but send it back, so it shows what cluster and network take; ping-pong shows what \
         the media drivers alone take. All were measured in turn in one run."
            .to_owned(),
    ];
    let has_all = |one: &&Measurement| FIGURES.iter().all(|(figure, _)| one.figures.contains_key(*figure));
    let all: Vec<_> = whole(measurements, "round-trip").into_iter().filter(has_all).collect();
    let mut services: Vec<String> = Vec::new();
    for service in all.iter().filter_map(|one| one.labels.get("service")) {
        if !services.contains(service) {
            services.push(service.clone());
        }
    }
    let pictures =
        by(&all, &["pace"]).iter().enumerate().map(|(index, group)| picture(index, group, &services)).collect();
    Section::of_pictures(
        "baselines",
        "Services side by side",
        words,
        pictures,
        "No round trips were measured (`round-trip` with p50_us, p99_us and p999_us).",
    )
}

fn picture(index: usize, group: &[&Measurement], services: &[String]) -> (Picture, Table) {
    let names = varying(group);
    let title = format!("Round trips of all services: {}", common(group));
    let mut table =
        Table::new(&format!("{title}; median (minimum to maximum) of the rounds"), &["us", "p50", "p99", "p99.9"]);
    let mut rows = Vec::new();
    for measurement in group.iter().take(MAXIMUM_ROWS) {
        let figures = FIGURES.map(|(figure, _)| measurement.figures.get(figure));
        let name = name(measurement, &names);
        table.rows.push([name.clone()].into_iter().chain(figures.into_iter().flatten().map(spread)).collect());
        let service = measurement.labels.get("service");
        let colour = services.iter().position(|known| Some(known) == service).unwrap_or(0);
        rows.push((name, colour, figures.into_iter().flatten().map(|spread| spread.median).collect()));
    }
    let marks = Marks {
        name: format!("baselines-{}", index + 1),
        description: format!(
            "{} rows, each with marks at median, 99 % and 99.9 %; the axis is logarithmic.",
            rows.len()
        ),
        title,
        label: "round trip, us".to_owned(),
        marks: FIGURES.map(|(_, name)| name.to_owned()).into(),
        rows,
    };
    (marks.draw(), table)
}

//! Which measurements belong together, and their names by what tells them apart.

use std::collections::{BTreeMap, BTreeSet};

use lugus_results::Measurement;

use crate::axis::number;

/// Labels that make parts of one measurement, so that they are no series of their own.
const PARTS: [&str; 3] = ["stage", "process", "phase"];

/// Labels in the order in which names have them; others follow.
const ORDER: [&str; 8] = ["service", "venue", "flow", "members", "transport", "sessions", "mix", "pace"];

/// The measurements of a benchmark as a whole, not those of parts.
pub(crate) fn whole<'m>(measurements: &'m [Measurement], benchmark: &str) -> Vec<&'m Measurement> {
    let is_whole = |measurement: &&Measurement| {
        measurement.benchmark == benchmark && !PARTS.iter().any(|part| measurement.labels.contains_key(*part))
    };
    measurements.iter().filter(is_whole).collect()
}

/// The measurements with this label, of all benchmarks.
pub(crate) fn parts<'m>(measurements: &'m [Measurement], part: &str) -> Vec<&'m Measurement> {
    measurements.iter().filter(|measurement| measurement.labels.contains_key(part)).collect()
}

/// Measurements that agree in all labels but `without`, together, in the order in which they first come.
pub(crate) fn together<'m>(measurements: &[&'m Measurement], without: &[&str]) -> Vec<Vec<&'m Measurement>> {
    grouped(measurements, |name| !without.contains(&name))
}

/// Measurements that agree in the labels `keys`, together.
pub(crate) fn by<'m>(measurements: &[&'m Measurement], keys: &[&str]) -> Vec<Vec<&'m Measurement>> {
    grouped(measurements, |name| keys.contains(&name))
}

fn grouped<'m>(measurements: &[&'m Measurement], counts: impl Fn(&str) -> bool) -> Vec<Vec<&'m Measurement>> {
    let key = |measurement: &'m Measurement| -> BTreeMap<&str, &str> {
        let labels = measurement.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        labels.filter(|(name, _)| counts(name)).collect()
    };
    let mut groups: Vec<(BTreeMap<&str, &str>, Vec<&'m Measurement>)> = Vec::new();
    for measurement in measurements {
        let key = key(measurement);
        match groups.iter_mut().find(|group| group.0 == key) {
            Some(group) => group.1.push(measurement),
            None => groups.push((key, vec![measurement])),
        }
    }
    groups.into_iter().map(|group| group.1).collect()
}

/// Labels that differ among these measurements.
pub(crate) fn varying(measurements: &[&Measurement]) -> BTreeSet<String> {
    let names: BTreeSet<&String> = measurements.iter().flat_map(|measurement| measurement.labels.keys()).collect();
    let differs = |name: &&String| {
        let values: BTreeSet<_> = measurements.iter().map(|measurement| measurement.labels.get(*name)).collect();
        values.len() > 1
    };
    names.into_iter().filter(differs).cloned().collect()
}

/// Name of a measurement by these labels; by the service if there are none.
pub(crate) fn name(measurement: &Measurement, labels: &BTreeSet<String>) -> String {
    let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    let mut chosen: Vec<_> = measurement.labels.iter().filter(|(name, _)| labels.contains(*name)).collect();
    if chosen.is_empty() {
        chosen = measurement.labels.iter().filter(|(name, _)| *name == "service").collect();
    }
    chosen.sort_by_key(|(name, _)| place(name));
    let words: Vec<String> = chosen.into_iter().map(|(name, value)| words(name, value)).collect();
    if words.is_empty() { measurement.benchmark.clone() } else { words.join(", ") }
}

/// What all of these measurements have in common, in words; nothing if there is nothing.
pub(crate) fn common(measurements: &[&Measurement]) -> String {
    let varying = varying(measurements);
    let Some(first) = measurements.first() else { return String::new() };
    let same = first.labels.keys().filter(|name| !varying.contains(*name)).cloned().collect::<BTreeSet<_>>();
    if same.is_empty() { String::new() } else { name(first, &same) }
}

fn words(name: &str, value: &str) -> String {
    match (name, value) {
        ("service" | "venue" | "flow" | "transport" | "mix" | "pace", _) => value.to_owned(),
        ("members", "1") => "1 member".to_owned(),
        ("sessions", "1") => "1 session".to_owned(),
        ("members" | "sessions", _) => format!("{value} {name}"),
        ("rate", _) => format!("{} a second", value.parse().map_or_else(|_| value.to_owned(), number)),
        _ => format!("{name} {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(service: &str, members: u16, pace: &str) -> Measurement {
        Measurement::new("round-trip").label("service", service).label("members", members).label("pace", pace)
    }

    #[test]
    fn names_have_what_differs_and_the_rest_is_common() {
        let all = [measurement("lugus", 1, "maximum"), measurement("lugus", 3, "maximum")];
        let all: Vec<_> = all.iter().collect();
        let varying = varying(&all);
        assert_eq!(all.iter().map(|one| name(one, &varying)).collect::<Vec<_>>(), ["1 member", "3 members"]);
        assert_eq!(common(&all), "lugus, maximum");
        assert_eq!(name(all[0], &BTreeSet::new()), "lugus", "one alone has the name of its service");
    }

    #[test]
    fn groups_keep_their_order() {
        let all = [measurement("b", 1, "x"), measurement("a", 1, "x"), measurement("b", 1, "y")];
        let all: Vec<_> = all.iter().collect();
        let sizes = |groups: Vec<Vec<&Measurement>>| groups.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(together(&all, &["pace"])), [2, 1]);
        assert_eq!(sizes(by(&all, &["members", "pace"])), [2, 1]);
        assert_eq!(sizes(by(&all, &[])), [3]);
    }

    #[test]
    fn parts_are_not_the_whole() {
        let all = [measurement("a", 1, "x"), measurement("a", 1, "x").label("stage", "in the log")];
        assert_eq!((whole(&all, "round-trip").len(), parts(&all, "stage").len()), (1, 1));
        assert!(whole(&all, "sdk").is_empty());
    }
}

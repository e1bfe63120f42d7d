//! Counters to series.

use std::collections::{BTreeMap, HashMap};

use crate::counters::Counter;
use crate::definition::{CounterKey, Definition, Together};
use crate::definitions::AERON;
use crate::metric::{Kind, Metric};
use crate::scrape::{Labels, Scrape, Value, labels};
use crate::streams;

/// The metric of counters that no definition knows.
pub const UNKNOWN: Metric = Metric {
    name: "aeron_unknown_type_value",
    kind: Kind::Unknown,
    help: "Value of a counter that has no metric of its own, the greatest of those with the same type and text",
    source: "all other types",
};

/// Greatest number of series of unknown counters of one driver; what is above it counts as dropped.
pub const MAXIMUM_UNKNOWN_SERIES: usize = 256;

/// Greatest number of characters of an unknown counter's text.
pub const MAXIMUM_LABEL_LENGTH: usize = 64;

/// What knows which counter becomes which metric.
#[derive(Debug)]
pub struct Translation {
    definitions: HashMap<CounterKey, &'static Definition>,
    left_out: &'static [i32],
}

impl Default for Translation {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Translation {
    /// One that knows Aeron's counters and those of an application.
    pub fn new(application: &'static [Definition]) -> Self {
        let all = AERON.iter().copied().flatten().chain(application);
        Self { definitions: all.map(|definition| (definition.counter, definition)).collect(), left_out: &[] }
    }

    /// The same, without the counters of these types, which say nothing as a metric.
    #[must_use]
    pub fn without(self, left_out: &'static [i32]) -> Self {
        Self { left_out, ..self }
    }

    /// Adds the series of the counters of one media driver, each with the labels `base`, by which it is told from others.
    pub fn add(&self, counters: &[Counter], base: &Labels, scrape: &mut Scrape) {
        streams::add(counters, base, scrape);
        let mut known: BTreeMap<(&str, Labels), (&Definition, Value)> = BTreeMap::new();
        let mut unknown: BTreeMap<(i32, &str), i64> = BTreeMap::new();
        for counter in counters {
            if let Some(definition) = self.definitions.get(&CounterKey::of(counter)) {
                let value = definition.value(counter);
                let key = (definition.metric.name, definition.labels(counter));
                known
                    .entry(key)
                    .and_modify(|(_, sum)| {
                        *sum = match definition.together {
                            Together::Sum => sum.plus(value),
                            Together::Greatest => sum.greater(value),
                        };
                    })
                    .or_insert((definition, value));
            } else if !streams::is_taken(counter.type_id) && !self.left_out.contains(&counter.type_id) {
                let value = unknown.entry((counter.type_id, text(&counter.label))).or_insert(counter.value);
                *value = counter.value.max(*value);
            }
        }
        for ((_, own), (definition, value)) in known {
            scrape.add(definition.metric, labels(base, own), value);
        }
        scrape.drop_series(unknown.len().saturating_sub(MAXIMUM_UNKNOWN_SERIES));
        for ((type_id, text), value) in unknown.into_iter().take(MAXIMUM_UNKNOWN_SERIES) {
            let labels = labels(base, [("type_id", type_id.to_string()), ("text", text.to_owned())]);
            scrape.add(UNKNOWN, labels, Value::Integer(value));
        }
    }
}

/// The part of a counter's label that says what it is. What follows a colon or a dash are, in Aeron's labels, numbers of
/// sessions and registrations, of which there are ever new ones.
fn text(label: &str) -> &str {
    let end = [label.find(':'), label.find(" - ")].into_iter().flatten().min().unwrap_or(label.len());
    let text = &label[..end];
    text.char_indices().nth(MAXIMUM_LABEL_LENGTH).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Key;
    use crate::metric::counter;
    use crate::scrape::Format;

    fn made(type_id: i32, key: &[i32], label: &str, value: i64) -> Counter {
        let key = key.iter().flat_map(|number| number.to_le_bytes()).collect();
        Counter { type_id, key, label: label.to_owned(), value }
    }

    fn served(translation: &Translation, counters: &[Counter]) -> Vec<String> {
        let mut scrape = Scrape::default();
        translation.add(counters, &vec![("member", "0".to_owned())], &mut scrape);
        let text = scrape.text(Format::PrometheusText).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    fn has(lines: &[String], line: &str) -> bool {
        lines.iter().any(|found| found == line)
    }

    #[test]
    fn aerons_counters_get_names_units_and_labels() {
        let counters = [
            made(0, &[6], "NAKs received", 12),
            made(0, &[26], "Conductor max cycle time doing its work in ns", 1_500_000),
            made(203, &[7], "Cluster commit position - clusterId=7", 4_096),
            made(215, &[7, 1], "Cluster Container Errors - clusterId=7 serviceId=1", 3),
            made(103, &[4, 0], "archive-recorder max cycle time in ns: DEDICATED - archiveId=4", 2_000_000_000),
            made(100, &[9, 0, 5, 0], "rec-pos: 9", 64),
        ];
        let lines = served(&Translation::default(), &counters);
        for expected in [
            r#"aeron_driver_naks_received_total{member="0"} 12"#,
            r#"aeron_driver_conductor_max_cycle_seconds{member="0"} 0.0015"#,
            r#"aeron_cluster_commit_position_bytes{member="0",cluster_id="7"} 4096"#,
            r#"aeron_cluster_service_errors_total{member="0",cluster_id="7",service_id="1"} 3"#,
            r#"aeron_archive_max_cycle_seconds{member="0",archive_id="4",agent="archive-recorder"} 2"#,
            r#"aeron_archive_recording_position_bytes{member="0",recording_id="9"} 64"#,
        ] {
            assert!(has(&lines, expected) || has(&lines, &format!("{expected}.0")), "{expected} in {lines:#?}");
        }
    }

    #[test]
    fn sessions_of_a_stream_make_one_series() {
        let position = |type_id, session, stream, value| made(type_id, &[1, 0, session, stream, 0], "x: 1 2 3", value);
        let counters = [
            // A publication of stream 5 with a reader on the same host, and two sessions of stream 6 from the network.
            position(12, 1, 5, 1_000),
            position(4, 1, 5, 400),
            position(3, 2, 6, 900),
            position(5, 2, 6, 700),
            position(4, 2, 6, 100),
            position(3, 3, 6, 90),
            position(5, 3, 6, 90),
            position(4, 3, 6, 90),
            position(13, 2, 5, 2),
            position(13, 3, 5, 3),
        ];
        let lines = served(&Translation::default(), &counters);
        for expected in [
            r#"aeron_driver_stream_subscriber_lag_bytes{member="0",stream_id="5"} 600"#,
            r#"aeron_driver_stream_subscriber_lag_bytes{member="0",stream_id="6"} 800"#,
            r#"aeron_driver_stream_receiver_gap_bytes{member="0",stream_id="6"} 200"#,
            r#"aeron_driver_images{member="0"} 2"#,
            r#"aeron_driver_subscribers{member="0"} 3"#,
            r#"aeron_driver_stream_back_pressure_events{member="0",stream_id="5"} 5"#,
        ] {
            assert!(has(&lines, expected), "{expected} in {lines:#?}");
        }
    }

    #[test]
    fn an_applications_counters_are_unknown_until_it_defines_them() {
        let counters = [made(5_000, &[0], "Orders - clusterId=0", 7), made(5_000, &[1], "Orders - clusterId=1", 9)];
        let lines = served(&Translation::default(), &counters);
        assert!(has(&lines, r#"aeron_unknown_type_value{member="0",type_id="5000",text="Orders"} 9"#), "{lines:#?}");

        const OWN: &[Definition] =
            &[Definition::of_type(5_000, counter("shop_orders_total", "Orders", "type 5000"), Key::Nothing)];
        let lines = served(&Translation::new(OWN), &counters);
        assert!(has(&lines, r#"shop_orders_total{member="0"} 16"#), "{lines:#?}");
        assert!(!lines.iter().any(|line| line.starts_with(UNKNOWN.name)), "{lines:#?}");
        let lines = served(&Translation::default().without(&[5_000]), &counters);
        assert!(!lines.iter().any(|line| line.starts_with(UNKNOWN.name)), "{lines:#?}");
    }

    #[test]
    fn unknown_counters_are_bounded_and_their_texts_cut() {
        let counters: Vec<_> = (0..1_000).map(|number| made(10_000 + number, &[], &"é".repeat(100), 1)).collect();
        let lines = served(&Translation::default(), &counters);
        let unknown: Vec<_> = lines.iter().filter(|line| line.starts_with(UNKNOWN.name)).collect();
        assert_eq!(unknown.len(), MAXIMUM_UNKNOWN_SERIES);
        assert!(unknown[0].contains(&format!("\"{}\"", "é".repeat(MAXIMUM_LABEL_LENGTH))), "{}", unknown[0]);
        assert!(has(&lines, "aeron_metrics_dropped_series 744"), "{lines:#?}");
    }

    #[test]
    fn a_count_below_zero_is_served_as_zero() {
        let lines = served(&Translation::default(), &[made(0, &[15], "Errors", -1)]);
        assert!(has(&lines, r#"aeron_driver_errors_total{member="0"} 0"#), "{lines:#?}");
    }
}

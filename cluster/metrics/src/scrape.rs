//! The series of one answer, and their text.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, MetricEncoder, prometheus_text, text,
};
use prometheus_client::registry::Registry;

use crate::metric::{Kind, Metric, gauge};

/// Names and values of labels, in the order in which they are served.
pub type Labels = Vec<(&'static str, String)>;

/// Greatest number of series of one answer, unless the owner of a [`Scrape`] chooses another.
pub const DEFAULT_SERIES_LIMIT: usize = 10_000;

/// The metric that tells of the limit.
pub const DROPPED_SERIES: Metric = gauge(
    "aeron_metrics_dropped_series",
    "Series that this answer lacks, as it would have more than its limit",
    "the exporter",
);

/// A value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A whole number, served exactly.
    Integer(i64),
    /// Any number.
    Real(f64),
}

impl Value {
    pub(crate) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a.saturating_add(b)),
            (a, b) => Self::Real(a.real() + b.real()),
        }
    }

    pub(crate) fn greater(self, other: Self) -> Self {
        if other.real() > self.real() { other } else { self }
    }

    fn real(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

/// A histogram: how many values were in which bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Upper bounds of the buckets, ascending and each included, and the number of values above the bound before. Values above
    /// the last bound are in a bucket with [`f64::INFINITY`], which is the last.
    pub buckets: Vec<(f64, u64)>,
    /// Sum of all values.
    pub sum: f64,
}

/// Labels of both.
pub(crate) fn labels(base: &Labels, more: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    base.iter().cloned().chain(more).collect()
}

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4, for whoever asks for nothing else.
    PrometheusText,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The format for a request with this `Accept` header.
    pub fn of_accept(accept: Option<&str>) -> Self {
        match accept {
            Some(accept) if accept.contains("application/openmetrics-text") => Self::OpenMetrics,
            _ => Self::PrometheusText,
        }
    }

    /// The `Content-Type` of an answer in this format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::PrometheusText => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The series of one answer, bounded in number. What is added first stays.
#[derive(Debug, Clone)]
pub struct Scrape {
    families: BTreeMap<&'static str, Family>,
    series: usize,
    limit: usize,
    dropped: usize,
}

#[derive(Debug, Clone)]
struct Family {
    metric: Metric,
    series: Vec<(Labels, Sample)>,
}

#[derive(Debug, Clone)]
enum Sample {
    Value(Value),
    Histogram(Histogram),
}

impl Default for Scrape {
    fn default() -> Self {
        Self::new(DEFAULT_SERIES_LIMIT)
    }
}

impl Scrape {
    /// One without series, which takes up to `limit` of them.
    pub fn new(limit: usize) -> Self {
        Self { families: BTreeMap::new(), series: 0, limit, dropped: 0 }
    }

    /// Adds a series. Those of one metric must differ by their labels.
    pub fn add(&mut self, metric: Metric, labels: Labels, value: Value) {
        self.add_sample(metric, labels, Sample::Value(value), 1);
    }

    /// Adds a histogram. It counts as many series as it has buckets, and two.
    pub fn add_histogram(&mut self, metric: Metric, labels: Labels, histogram: Histogram) {
        let series = histogram.buckets.len() + 2;
        self.add_sample(metric, labels, Sample::Histogram(histogram), series);
    }

    fn add_sample(&mut self, metric: Metric, labels: Labels, sample: Sample, series: usize) {
        if self.series.saturating_add(series) > self.limit {
            self.dropped += series;
            return;
        }
        self.series += series;
        let family = self.families.entry(metric.name).or_insert_with(|| Family { metric, series: Vec::new() });
        family.series.push((labels, sample));
    }

    /// Counts series that its owner has left out for a limit of its own.
    pub(crate) fn drop_series(&mut self, count: usize) {
        self.dropped += count;
    }

    /// Names of the metrics that have series.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.families.keys().copied()
    }

    /// The answer as text.
    ///
    /// # Errors
    /// Text can always be written; the error is that of the encoder's interface.
    pub fn text(mut self, format: Format) -> Result<String, fmt::Error> {
        self.limit = usize::MAX;
        let dropped = Value::Integer(i64::try_from(self.dropped).unwrap_or(i64::MAX));
        self.add(DROPPED_SERIES, Labels::new(), dropped);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut written = String::new();
        match format {
            Format::PrometheusText => prometheus_text::encode(&mut written, &registry)?,
            Format::OpenMetrics => text::encode(&mut written, &registry)?,
        }
        Ok(written)
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Family { metric, series } in self.families.values() {
            let unit = metric.encoded_unit();
            let mut family =
                encoder.encode_descriptor(metric.stem(), metric.help, unit.as_ref(), metric.encoded_kind())?;
            for (labels, sample) in series {
                if labels.is_empty() {
                    encode_sample(&mut family, metric.kind, sample)?;
                } else {
                    encode_sample(&mut family.encode_family(&Pairs(labels))?, metric.kind, sample)?;
                }
            }
        }
        Ok(())
    }
}

fn encode_sample(encoder: &mut MetricEncoder<'_>, kind: Kind, sample: &Sample) -> fmt::Result {
    use prometheus_client::encoding::NoLabelSet;

    match sample {
        Sample::Value(value) => encode_value(encoder, kind, *value),
        Sample::Histogram(Histogram { buckets, sum }) => {
            let count = buckets.iter().map(|(_, count)| count).sum();
            // The encoder itself makes the infinite bucket, of the number of all.
            let buckets: Vec<_> = buckets.iter().copied().filter(|(bound, _)| bound.is_finite()).collect();
            encoder.encode_histogram::<NoLabelSet>(*sum, count, &buckets, None)
        }
    }
}

fn encode_value(encoder: &mut MetricEncoder<'_>, kind: Kind, value: Value) -> fmt::Result {
    use prometheus_client::encoding::NoLabelSet;

    match (kind, value) {
        (Kind::Counter, Value::Integer(count)) => {
            let count = u64::try_from(count).unwrap_or(0);
            encoder.encode_counter::<NoLabelSet, u64, u64>(&count, None)
        }
        (Kind::Counter, Value::Real(sum)) => encoder.encode_counter::<NoLabelSet, f64, u64>(&sum.max(0.0), None),
        (_, Value::Integer(number)) => encoder.encode_gauge(&number),
        (_, Value::Real(number)) => encoder.encode_gauge(&number),
    }
}

/// Labels for the encoder.
struct Pairs<'a>(&'a Labels);

impl EncodeLabelSet for Pairs<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        use prometheus_client::encoding::EncodeLabel;

        for (name, value) in self.0 {
            (*name, value.as_str()).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{counter, histogram};

    const SENT: Metric = counter("x_sent_bytes_total", "Data sent", "");

    fn scrape() -> Scrape {
        let mut scrape = Scrape::new(2);
        for member in ["0", "1", "2"] {
            scrape.add(SENT, vec![("member", member.to_owned())], Value::Integer(5));
        }
        scrape
    }

    #[test]
    fn both_formats_and_the_limit() {
        let text = scrape().text(Format::PrometheusText).unwrap();
        let expected = "# HELP x_sent_bytes_total Data sent\n# TYPE x_sent_bytes_total counter\n\
                        x_sent_bytes_total{member=\"0\"} 5\nx_sent_bytes_total{member=\"1\"} 5\n";
        assert!(text.ends_with(expected), "{text}");
        assert!(text.contains("\naeron_metrics_dropped_series 1\n"), "{text}");

        let text = scrape().text(Format::OpenMetrics).unwrap();
        let expected = "# HELP x_sent_bytes Data sent\n# TYPE x_sent_bytes counter\n# UNIT x_sent_bytes bytes\n\
                        x_sent_bytes_total{member=\"0\"} 5\nx_sent_bytes_total{member=\"1\"} 5\n# EOF\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn buckets_of_a_histogram_are_added_up() {
        const TIME: Metric = histogram("x_time_seconds", "Time", "");
        let mut scrape = Scrape::new(10);
        let made = Histogram { buckets: vec![(0.001, 2), (0.5, 0), (f64::INFINITY, 3)], sum: 9.5 };
        for member in ["0", "1", "2"] {
            scrape.add_histogram(TIME, vec![("member", member.to_owned())], made.clone());
        }
        let text = scrape.clone().text(Format::PrometheusText).unwrap();
        for line in [
            "# TYPE x_time_seconds histogram",
            r#"x_time_seconds_bucket{member="0",le="0.001"} 2"#,
            r#"x_time_seconds_bucket{member="0",le="0.5"} 2"#,
            r#"x_time_seconds_bucket{member="1",le="+Inf"} 5"#,
            r#"x_time_seconds_count{member="1"} 5"#,
            r#"x_time_seconds_sum{member="1"} 9.5"#,
            "aeron_metrics_dropped_series 5",
        ] {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line} in {text}");
        }
        let buckets = text.lines().filter(|line| line.starts_with("x_time_seconds_bucket{member=\"1\"")).count();
        assert_eq!(buckets, 3, "{text}");
        let text = scrape.text(Format::OpenMetrics).unwrap();
        assert!(text.contains("# UNIT x_time_seconds seconds\n") && text.contains("x_time_seconds_count"), "{text}");
    }

    #[test]
    fn values_of_labels_are_escaped() {
        let mut scrape = Scrape::default();
        scrape.add(SENT, vec![("text", "a\"b\\c\nd".to_owned())], Value::Integer(1));
        let text = scrape.text(Format::PrometheusText).unwrap();
        assert!(text.contains(r#"{text="a\"b\\c\nd"} 1"#), "{text}");
    }

    #[test]
    fn whoever_asks_for_open_metrics_gets_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        assert_eq!(Format::of_accept(Some(prometheus)), Format::OpenMetrics);
        assert_eq!(Format::of_accept(Some("*/*")), Format::PrometheusText);
        assert_eq!(Format::of_accept(None), Format::PrometheusText);
    }
}

//! A metric: name, kind and meaning of a family of series.

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// A family of series, which differ by their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name as it is served, with unit, and with `_total` if it is a counter.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// What it means, in a few words without a full stop.
    pub help: &'static str,
    /// Where the values come from.
    pub source: &'static str,
}

/// Kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Grows, and begins again at 0 with its process.
    Counter,
    /// Any value.
    Gauge,
    /// Counts by buckets, with their sum.
    Histogram,
    /// Nobody knows.
    Unknown,
}

/// A counter.
pub const fn counter(name: &'static str, help: &'static str, source: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, help, source }
}

/// A gauge.
pub const fn gauge(name: &'static str, help: &'static str, source: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, help, source }
}

/// A histogram.
pub const fn histogram(name: &'static str, help: &'static str, source: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, help, source }
}

/// What ends the name of a counter.
const TOTAL: &str = "_total";

impl Metric {
    /// Unit of the values, from the name; `None` for numbers without one.
    pub fn unit(&self) -> Option<&'static str> {
        let stem = self.name.strip_suffix(TOTAL).unwrap_or(self.name);
        ["bytes", "seconds"].into_iter().find(|unit| stem.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
    }

    /// The word for the kind, as the exposition formats have it.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Unknown => "unknown",
        }
    }

    /// The name without what an encoder adds: unit and `_total`.
    pub(crate) fn stem(&self) -> &'static str {
        let stem = self.name.strip_suffix(TOTAL).unwrap_or(self.name);
        match self.unit() {
            Some(unit) => &stem[..stem.len() - unit.len() - 1],
            None => stem,
        }
    }

    pub(crate) fn encoded_unit(&self) -> Option<Unit> {
        self.unit().map(|unit| if unit == "bytes" { Unit::Bytes } else { Unit::Seconds })
    }

    pub(crate) const fn encoded_kind(&self) -> MetricType {
        match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
            Kind::Unknown => MetricType::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_and_stem_are_of_the_name() {
        let sent = counter("x_sent_bytes_total", "", "");
        assert_eq!((sent.unit(), sent.stem()), (Some("bytes"), "x_sent"));
        let errors = counter("x_errors_total", "", "");
        assert_eq!((errors.unit(), errors.stem()), (None, "x_errors"));
        let age = gauge("x_age_seconds", "", "");
        assert_eq!((age.unit(), age.stem()), (Some("seconds"), "x_age"));
        let role = gauge("x_role", "", "");
        assert_eq!((role.unit(), role.stem()), (None, "x_role"));
    }
}

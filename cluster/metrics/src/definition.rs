//! Which counter becomes which metric.

use crate::counters::Counter;
use crate::metric::{Kind, Metric};
use crate::scrape::{Labels, Value};

/// Type id of the media driver's system counters, whose keys have the number of the counter.
/// Source: `AeronCounters.DRIVER_SYSTEM_COUNTER_TYPE_ID`.
const SYSTEM_TYPE_ID: i32 = 0;

/// A counter's place in Aeron's registry of counters, or in an application's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterKey {
    /// A system counter of the media driver, by its number.
    System(i32),
    /// Any other counter, by its type.
    Type(i32),
}

impl CounterKey {
    /// The place of a counter.
    pub fn of(counter: &Counter) -> Self {
        match (counter.type_id, counter.i32_of_key(0)) {
            (SYSTEM_TYPE_ID, Some(number)) => Self::System(number),
            (type_id, _) => Self::Type(type_id),
        }
    }
}

/// What the key of a counter tells, which becomes labels of its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Nothing.
    Nothing,
    /// The cluster's number: an `i32`.
    Cluster,
    /// The numbers of cluster and service: two `i32`.
    Service,
    /// The archive's number, an `i64`.
    Archive,
    /// As before; the agent (conductor, recorder, replayer) begins the label of the counter.
    ArchiveAgent,
    /// The stream: registration id (`i64`), session id and stream id (`i32`). Only the latter becomes a label, as there is a new
    /// session with each client. Source: `StreamCounter`.
    Stream,
    /// A recording's number, an `i64`.
    Recording,
}

/// Units of a counter's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// As they are.
    One,
    Nanoseconds,
}

/// What is served of several counters whose labels are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    Sum,
    Greatest,
}

/// Which counter becomes which metric.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The counter.
    pub counter: CounterKey,
    /// The metric.
    pub metric: Metric,
    key: Key,
    scale: Scale,
    pub(crate) together: Together,
}

impl Definition {
    /// A system counter of the media driver.
    pub const fn system(number: i32, metric: Metric) -> Self {
        Self::new(CounterKey::System(number), metric, Key::Nothing)
    }

    /// A counter by its type. Of several with the same labels, counts are added, and of gauges the greatest is served.
    pub const fn of_type(type_id: i32, metric: Metric, key: Key) -> Self {
        Self::new(CounterKey::Type(type_id), metric, key)
    }

    const fn new(counter: CounterKey, metric: Metric, key: Key) -> Self {
        let together = match metric.kind {
            Kind::Counter => Together::Sum,
            Kind::Gauge | Kind::Histogram | Kind::Unknown => Together::Greatest,
        };
        Self { counter, metric, key, scale: Scale::One, together }
    }

    /// The same, with values in nanoseconds; they are served in seconds.
    #[must_use]
    pub const fn nanoseconds(mut self) -> Self {
        self.scale = Scale::Nanoseconds;
        self
    }

    /// The same gauge, of which several with the same labels are added.
    #[must_use]
    pub const fn added(mut self) -> Self {
        self.together = Together::Sum;
        self
    }

    pub(crate) fn value(&self, counter: &Counter) -> Value {
        match self.scale {
            Scale::One => Value::Integer(counter.value),
            Scale::Nanoseconds => Value::Real(counter.value as f64 / 1e9),
        }
    }

    /// Labels from the key. A key that is too short has none of them.
    pub(crate) fn labels(&self, counter: &Counter) -> Labels {
        let mut labels = Labels::new();
        let mut add = |name, value: Option<String>| {
            if let Some(value) = value {
                labels.push((name, value));
            }
        };
        let number = |offset| counter.i32_of_key(offset).map(|number| number.to_string());
        let long = |offset| counter.i64_of_key(offset).map(|number| number.to_string());
        match self.key {
            Key::Nothing => {}
            Key::Cluster => add("cluster_id", number(0)),
            Key::Service => {
                add("cluster_id", number(0));
                add("service_id", number(4));
            }
            Key::Archive => add("archive_id", long(0)),
            Key::ArchiveAgent => {
                add("archive_id", long(0));
                add("agent", counter.label.split(' ').next().map(str::to_owned));
            }
            Key::Stream => add("stream_id", number(12)),
            Key::Recording => add("recording_id", long(0)),
        }
        labels
    }
}

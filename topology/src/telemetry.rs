//! `[telemetry]`: traces of what operators do, for an OpenTelemetry collector.

use serde::{Deserialize, Serialize};

/// Target, in the words of the crate `tracing`, of the spans that a collector gets. No span of another target leaves the process.
pub const SPANS: &str = "lugus_spans";

/// `[telemetry]`: traces of what operators do, for an OpenTelemetry collector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Address of a collector that takes OTLP over HTTP, such as `http://192.0.2.7:4318`; without one there are no traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

//! Traces of what operators do, for an OpenTelemetry collector: off unless the deployment or the environment names one.
//!
//! Spans are made where things happen, by the crate `tracing`. Those of the target [`SPANS`] go to a thread that sends them in batches,
//! through a queue that is bounded (2,048 spans). A collector that does not answer loses spans, and delays nothing but the end of the
//! command, by at most [`END_TIMEOUT`].

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lugus_topology::SPANS;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing::field::{Empty, display};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer, Registry};

use crate::arguments::{Arguments, Command};
use crate::deployment;
use crate::failure::Failure;

/// Longest time that a collector has for the answer to one batch. It is shorter than [`END_TIMEOUT`], so that the end of a command
/// can tell what was wrong.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Longest time that the end of a command waits for the collector.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// Length of the longest answer of a collector that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 << 10;

/// Path at which a collector takes traces (OTLP specification, "OTLP/HTTP request").
const TRACES_PATH: &str = "/v1/traces";

/// Variables of the environment that name a collector to all programs; the first is a whole address, the second lacks
/// [`TRACES_PATH`] (OpenTelemetry specification, "OTLP exporter").
const ENVIRONMENT: [(&str, &str); 2] =
    [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", TRACES_PATH)];

/// Variable of the environment that turns all of this off, if it is `true`.
const DISABLED: &str = "OTEL_SDK_DISABLED";

/// What takes spans from `tracing`.
pub type SpanLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// What sends the spans of this process to a collector.
pub struct Telemetry {
    provider: SdkTracerProvider,
    address: String,
    /// Why the newest batch that was not taken was not taken.
    failure: Arc<Mutex<Option<String>>>,
}

impl Telemetry {
    /// What sends the spans of a command, if it has spans and a collector is named. Standard error tells of one that can't be used.
    pub fn begin(arguments: &Arguments) -> Option<Self> {
        name_of(&arguments.command)?;
        let address = collector(arguments.config.as_deref())?;
        match Self::to(address.clone()) {
            Ok(telemetry) => Some(telemetry),
            Err(why) => {
                warn(&address, &why);
                None
            }
        }
    }

    fn to(address: String) -> Result<Self, String> {
        if !address.starts_with("http://") {
            return Err(String::from("it does not begin with http://, and lugus speaks no TLS"));
        }
        let failure = Arc::default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(Arc::clone(&failure)))
            .with_retry_policy(RetryPolicy::disabled())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(ANSWER_TIMEOUT)
            .with_endpoint(&address)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder()
            .with_service_name("lugus")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { provider, address, failure })
    }

    /// What takes spans from `tracing`.
    pub fn layer(&self) -> SpanLayer {
        let tracer = self.provider.tracer("lugus");
        let layer = tracing_opentelemetry::layer().with_location(false).with_threads(false).with_target(false);
        let spans = Targets::new().with_target(SPANS, LevelFilter::INFO);
        layer.with_tracked_inactivity(false).with_tracer(tracer).with_filter(spans).boxed()
    }

    /// Sends what is left. Standard error tells if the collector does not take it.
    pub fn end(self) {
        let ended = self.provider.shutdown_with_timeout(END_TIMEOUT);
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(why) = failure.or_else(|| ended.err().map(|error| error.to_string())) {
            warn(&self.address, &why);
        }
    }
}

fn warn(address: &str, why: &str) {
    eprintln!("lugus: warning: the traces of this command did not reach {address}: {why}");
}

/// Address of the collector: that of the environment, or else that of the deployment. A deployment's file that can't be read is told
/// of by the command itself.
fn collector(config: Option<&Path>) -> Option<String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    if variable(DISABLED).is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        return None;
    }
    let of = |address: &str, path: &str| {
        if path.is_empty() { address.trim().to_owned() } else { address.trim().trim_end_matches('/').to_owned() + path }
    };
    let named = ENVIRONMENT.iter().find_map(|(name, path)| Some(of(&variable(name)?, path)));
    named.or_else(|| {
        let found = deployment::find(config).ok()?;
        Some(of(found.deployment.telemetry.otlp_endpoint.as_deref()?, TRACES_PATH))
    })
}

/// Name of a command's span; `None` for a command without one.
fn name_of(command: &Command) -> Option<&'static str> {
    match command {
        Command::Migrate(_) => Some("lugus migrate"),
        Command::Snapshot(_) => Some("lugus snapshot"),
        Command::Backup(_) => Some("lugus backup"),
        Command::Repair(_) => Some("lugus repair"),
        _ => None,
    }
}

/// Runs a command in a span of its own, if it has one.
///
/// # Errors
/// Those of `run`.
pub fn traced(command: &Command, run: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let Some(name) = name_of(command) else { return run() };
    let span = tracing::info_span!(
        target: SPANS,
        "command",
        otel.name = name,
        otel.status_code = Empty,
        otel.status_description = Empty,
    );
    in_span(&span, run)
}

/// Runs something in a span with the fields `otel.status_code` and `otel.status_description`, which tell how it has ended.
///
/// # Errors
/// Those of `run`.
pub fn in_span<T>(span: &Span, run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let done = span.in_scope(run);
    match &done {
        Ok(_) => span.record("otel.status_code", "OK"),
        Err(failure) => span.record("otel.status_description", display(failure)),
    };
    done
}

/// An HTTP client for the exporter, used by its thread only.
#[derive(Debug)]
struct Collector {
    agent: ureq::Agent,
    failure: Arc<Mutex<Option<String>>>,
}

impl Collector {
    fn new(failure: Arc<Mutex<Option<String>>>) -> Self {
        // A collector is named to be reached as it is named, without a proxy.
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false);
        Self { agent: config.build().new_agent(), failure }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.agent.run(request.map(|body| body.to_vec()))?;
        let (head, mut body) = response.into_parts();
        let answer = body.with_config().limit(LONGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, answer.into()))
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request);
        let why = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answered {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        if why.is_some() {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = why;
        }
        answer
    }
}

//! The lines that programs write about themselves: to standard error, one line a fact.

use std::fmt;
use std::io::{self, IsTerminal};

use lugus_node::log_place::log_place;
use lugus_topology::LogFormat;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::telemetry::SpanLayer;

/// What writes the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// A command that somebody waits for: only errors.
    Command,
    /// A process of a deployment, such as `A/0` or `coordinator`, and the form of its lines.
    Deployed {
        /// Name of the cluster, if it is a member's.
        cluster: Option<String>,
        /// Number of the member, or the name of what is no member.
        process: String,
        /// The deployment's `log.format`.
        format: LogFormat,
    },
}

/// Writes lines to standard error from here on: of a deployment's process from level info on, of other commands only errors. `RUST_LOG`
/// overrides both. Spans go to `spans`, if there is one, whatever is written.
pub fn begin(author: Author, spans: Option<SpanLayer>) {
    let level = if author == Author::Command { "error" } else { "info,rusteron_archive=warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let with_colors = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(with_colors);
    let lines = lines.event_format(Lines { author });
    match spans {
        // One filter for everything: what it does not let through is disabled.
        None => tracing_subscriber::registry().with(lines).with(filter).init(),
        Some(spans) => tracing_subscriber::registry().with(vec![spans, lines.with_filter(filter).boxed()]).init(),
    }
}

/// Writes an event as a line.
struct Lines {
    author: Author,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if let Author::Deployed { cluster, process, format: LogFormat::Json } = &self.author {
            return writeln!(to, "{}", json(event, cluster.as_deref(), process));
        }
        SystemTime.format_time(&mut to)?;
        write!(to, " {:>5}", event.metadata().level())?;
        if let Author::Deployed { cluster, process, .. } = &self.author {
            match cluster {
                Some(cluster) => write!(to, " {cluster}/{process}")?,
                None => write!(to, " {process}")?,
            }
            if let Some(place) = log_place() {
                write!(to, " term {} position {}", place.leadership_term_id, place.position.0)?;
            }
        }
        write!(to, ": ")?;
        context.format_fields(to.by_ref(), event)?;
        writeln!(to)
    }
}

/// The event as one JSON object: `time`, `level`, `cluster`, `member` (or `process`), `term`, `position`, `message`, and its own fields.
fn json(event: &Event<'_>, cluster: Option<&str>, process: &str) -> Value {
    let mut time = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut line = Map::new();
    line.insert("time".into(), time.into());
    line.insert("level".into(), event.metadata().level().as_str().into());
    if let Some(cluster) = cluster {
        line.insert("cluster".into(), cluster.into());
    }
    match process.parse::<i32>() {
        Ok(member) => line.insert("member".into(), member.into()),
        Err(_) => line.insert("process".into(), process.into()),
    };
    if let Some(place) = log_place() {
        line.insert("term".into(), place.leadership_term_id.into());
        line.insert("position".into(), place.position.0.into());
    }
    line.insert("target".into(), event.metadata().target().into());
    event.record(&mut Fields(&mut line));
    line.into()
}

/// The fields of an event, as they come.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    /// An event's field does not replace one of the line, such as `cluster`.
    fn put(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let name = if self.0.contains_key(name) { format!("event.{name}") } else { name.to_owned() };
        self.0.insert(name, value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Lines as they are written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(format: LogFormat) -> String {
        let written = Written::default();
        let writer = written.clone();
        let author = Author::Deployed { cluster: Some("A".into()), process: "2".into(), format };
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.event_format(Lines { author }).finish(), || {
            tracing::warn!(member = 7, lost = 3_u64, why = %"a \"reason\"\nof two lines", "something happened");
        });
        let bytes = written.0.lock().expect("nobody panicked").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_line_says_whose_it_is() {
        let text = line(LogFormat::Text);
        let (_time, rest) = text.split_once(' ').expect("a time");
        assert!(rest.trim_start().starts_with("WARN A/2"), "{text}");
        assert!(rest.contains("something happened") && rest.contains("lost=3"), "{text}");
    }

    #[test]
    fn a_line_of_json_is_one_line_and_one_object() {
        let text = line(LogFormat::Json);
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&line["cluster"], &line["member"]), (&"A".into(), &2.into()));
        assert_eq!((&line["message"], &line["lost"]), (&"something happened".into(), &3.into()));
        assert_eq!((&line["event.member"], &line["why"]), (&7.into(), &"a \"reason\"\nof two lines".into()));
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
    }
}

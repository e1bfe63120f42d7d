//! `lugus engine`: the engine without a cluster. Commands come as JSON lines, events go as JSON lines, and the last line
//! is the state hash, so that anyone's oracle can be held against it.

use std::io::{BufRead, BufWriter, Read, Write};

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{Command, EpochNanos, Reply, Report};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Longest line that is read, in bytes.
const MAXIMUM_LINE_LENGTH: usize = 64 * 1024;

/// A line of input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Log time, nanoseconds since 1970; without it the time of the line before.
    #[serde(default)]
    now: Option<EpochNanos>,
    command: Command,
}

/// A line of output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Report(&'a Report),
    Reply(&'a Reply),
    /// The hash in hexadecimal digits, as `lugus status` prints it.
    StateHash(String),
}

/// Writes each event as a line; remembers the first failure.
struct JsonLines<W> {
    output: W,
    result: std::io::Result<()>,
}

impl<W: Write> JsonLines<W> {
    fn line(&mut self, line: &Line<'_>) {
        if self.result.is_ok() {
            self.result = serde_json::to_writer(&mut self.output, line)
                .map_err(std::io::Error::from)
                .and_then(|()| self.output.write_all(b"\n"));
        }
    }
}

impl<W: Write> EventSink for JsonLines<W> {
    fn report(&mut self, report: &Report) {
        self.line(&Line::Report(report));
    }

    fn reply(&mut self, reply: &Reply) {
        self.line(&Line::Reply(reply));
    }
}

/// Runs the engine over `input` until its end.
///
/// # Errors
/// A line that is no command, with its number; or `output` failing.
pub fn run(mut input: impl BufRead, output: impl Write) -> Result<(), Failure> {
    let mut engine = Engine::new(EngineLimits::default());
    let mut sink = JsonLines { output: BufWriter::new(output), result: Ok(()) };
    let mut now = EpochNanos(0);
    let mut line = String::new();
    for number in 1_u64.. {
        line.clear();
        let read = Read::by_ref(&mut input)
            .take(MAXIMUM_LINE_LENGTH as u64 + 1)
            .read_line(&mut line)
            .map_err(|error| Failure::new(format!("line {number}: {error}")))?;
        if read == 0 {
            break;
        }
        if read > MAXIMUM_LINE_LENGTH {
            return Err(Failure::new(format!("line {number} is longer than {MAXIMUM_LINE_LENGTH} bytes")));
        }
        if line.trim().is_empty() {
            continue;
        }
        let entry: Entry = serde_json::from_str(line.trim_end()).map_err(|error| no_command(number, &error))?;
        now = entry.now.unwrap_or(now);
        engine.apply(now, &entry.command, &mut sink);
    }
    sink.line(&Line::StateHash(format!("{:016x}", engine.state_hash().0)));
    sink.result.and_then(|()| sink.output.flush()).map_err(|error| Failure::new(format!("standard output: {error}")))
}

fn no_command(line: u64, error: &serde_json::Error) -> Failure {
    let text = error.to_string();
    // Each line is a text of its own to the parser.
    let what = text.split(" at line 1 column ").next().unwrap_or(&text);
    Failure::new(format!("line {line}, column {}, is no command: {what}", error.column()))
        .hint("a line is {\"now\": NANOSECONDS, \"command\": {...}}, as in engine/tests/golden")
}

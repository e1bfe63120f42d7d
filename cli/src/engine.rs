//! `lugus engine`: the engine without a cluster. Commands come as JSON lines, events go out as JSON lines, and the last
//! line is the state hash, so that anyone's oracle can be compared with it. `docs/engine-json.md` describes the lines.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};

use lugus_engine::{Deadline, Engine, EngineLimits, EventSink};
use lugus_vocabulary::{
    Command, ConnectionChange, EpochNanos, OrderMassStatusRequest, OrderStatusReport, OrderStatusRequest,
    ParticipantId, Reply, Report,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::failure::Failure;

/// Longest line that is read, in bytes.
const MAXIMUM_LINE_LENGTH: usize = 64 * 1024;

/// A line of input: a command with its time, a timer, a lost or new connection, or a line of output, which is skipped.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Log time in nanoseconds since 1970; if it is missing, the time of the command before.
    now: Option<EpochNanos>,
    command: Option<Command>,
    /// Time passes until `now`: the timers fire that are due.
    timer: Option<Timer>,
    /// A participant is disconnected, or connected again.
    connection: Option<ConnectionChange>,
    /// A participant asks for its own orders.
    request: Option<Asked>,
    report: Option<IgnoredAny>,
    order_status_report: Option<IgnoredAny>,
    reply: Option<IgnoredAny>,
    /// The book at that point, in the engine's golden files.
    levels: Option<IgnoredAny>,
    end_of_command: Option<IgnoredAny>,
    state_hash: Option<IgnoredAny>,
}

impl Entry {
    /// Number of keys of lines that are output.
    fn outputs(&self) -> usize {
        let outputs = [
            &self.report,
            &self.order_status_report,
            &self.reply,
            &self.levels,
            &self.end_of_command,
            &self.state_hash,
        ];
        outputs.into_iter().flatten().count()
    }

    /// Number of keys of lines that change something.
    fn changes(&self) -> usize {
        let changes = [self.command.is_some(), self.timer.is_some(), self.connection.is_some()];
        changes.into_iter().filter(|is_there| *is_there).count()
    }

    /// Whether this is one line of output, or of what a golden file expects, and nothing else.
    fn is_output(&self) -> bool {
        self.now.is_none() && self.changes() == 0 && self.request.is_none() && self.outputs() == 1
    }
}

/// A participant asks for one of its own orders, or for all of them. No state changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    participant: ParticipantId,
    order_status: Option<OrderStatusRequest>,
    order_mass_status: Option<OrderMassStatusRequest>,
}

impl Asked {
    /// The answer; `None` if this is not one request.
    fn answer(&self, engine: &mut Engine, now: EpochNanos) -> Option<OrderStatusReport> {
        let mut report = OrderStatusReport::default();
        match (&self.order_status, &self.order_mass_status) {
            (Some(one), None) => engine.order_status(self.participant, one, now, &mut report),
            (None, Some(all)) => engine.order_mass_status(self.participant, all, now, &mut report),
            _ => return None,
        }
        Some(report)
    }
}

/// Time passes until the line's time, by one timer or more.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// One timer fires, at the line's time, as in a cluster's log. Otherwise those fire that are due, each at its time.
    #[serde(default)]
    pub once: bool,
}

/// A line of output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Report(&'a Report),
    Reply(&'a Reply),
    OrderStatusReport(&'a OrderStatusReport),
    EndOfCommand {
        /// Number of the command's line in the input, from 1.
        line: u64,
    },
    /// The hash in hexadecimal digits, as `lugus status` prints it.
    StateHash(String),
}

/// Writes each event as a line, and keeps the first failure.
pub struct JsonLines<W: Write> {
    output: BufWriter<W>,
    result: std::io::Result<()>,
}

impl<W: Write> JsonLines<W> {
    /// Lines that go to `output`.
    pub fn new(output: W) -> Self {
        Self { output: BufWriter::new(output), result: Ok(()) }
    }

    /// Writes a value as a line.
    pub fn json(&mut self, line: &impl Serialize) {
        if self.result.is_ok() {
            self.result = serde_json::to_writer(&mut self.output, line)
                .map_err(std::io::Error::from)
                .and_then(|()| self.output.write_all(b"\n"));
        }
    }

    /// Writes a remark, which readers skip.
    pub fn remark(&mut self, text: std::fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = writeln!(self.output, "# {text}");
        }
    }

    fn line(&mut self, line: &Line<'_>) {
        self.json(line);
    }

    /// Writes what has been kept back.
    ///
    /// # Errors
    /// The first failure of any line.
    pub fn flush(&mut self) -> Result<(), Failure> {
        std::mem::replace(&mut self.result, Ok(()))
            .and_then(|()| self.output.flush())
            .map_err(|error| Failure::new(format!("can't write to standard output: {error}")))
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

/// Runs the engine over `input` until its end. Whenever no whole line of input is at hand, everything told so far is
/// written first: a program that waits for the events of its last command gets them.
///
/// # Errors
/// A line that is no command, with its number; or `output` failing.
pub fn run(arguments: &arguments::Engine, input: impl Read, output: impl Write) -> Result<(), Failure> {
    let arguments::Engine { instruments, participants, orders, retained_events, retained_trades, end_of_command } =
        *arguments;
    let limits =
        EngineLimits { instruments, participants, orders, retained_events, retained_trades, ..EngineLimits::default() };
    let mut engine = Engine::new(limits);
    let mut input = BufReader::with_capacity(MAXIMUM_LINE_LENGTH, input);
    let mut sink = JsonLines::new(output);
    let mut now = EpochNanos(0);
    let mut text = String::new();
    for line in 1_u64.. {
        if !input.buffer().contains(&b'\n') {
            sink.flush()?;
        }
        text.clear();
        let read = Read::by_ref(&mut input)
            .take(MAXIMUM_LINE_LENGTH as u64 + 1)
            .read_line(&mut text)
            .map_err(|error| Failure::new(format!("line {line}: {error}")))?;
        if read == 0 {
            break;
        }
        if read > MAXIMUM_LINE_LENGTH {
            return Err(Failure::new(format!("line {line} is longer than {MAXIMUM_LINE_LENGTH} bytes")));
        }
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let entry: Entry = serde_json::from_str(text.trim_end()).map_err(|error| no_command(line, &error))?;
        let before = now;
        if entry.is_output() {
            continue;
        }
        if entry.changes() + usize::from(entry.request.is_some()) != 1 || entry.outputs() != 0 {
            return Err(Failure::new(format!("line {line} is not a command")).hint(HINT));
        }
        now = entry.now.unwrap_or(now);
        if let Some(command) = &entry.command {
            engine.apply(now, command, &mut sink);
        }
        match entry.timer {
            Some(Timer { once: true }) => engine.on_timer(now, &mut sink),
            Some(Timer { once: false }) => let_time_pass(&mut engine, before, now, &mut sink),
            None => {}
        }
        if let Some(change) = &entry.connection {
            change_connection(&mut engine, now, change, &mut sink);
        }
        if let Some(request) = &entry.request {
            let Some(report) = request.answer(&mut engine, now) else {
                return Err(Failure::new(format!("line {line} is not one request")).hint(HINT));
            };
            sink.line(&Line::OrderStatusReport(&report));
        }
        if end_of_command {
            sink.line(&Line::EndOfCommand { line });
        }
    }
    sink.line(&Line::StateHash(format!("{:016x}", engine.state_hash().0)));
    sink.flush()
}

/// Tells the engine that a participant is disconnected or connected again.
pub fn change_connection(engine: &mut Engine, now: EpochNanos, change: &ConnectionChange, sink: &mut impl EventSink) {
    match *change {
        ConnectionChange::Disconnect { participant, grace_milliseconds } => {
            engine.disconnect(now, participant, grace_milliseconds, sink);
        }
        ConnectionChange::Connect { participant } => {
            engine.connect(now, participant, sink);
        }
    }
}

/// Lets the timers fire that are due until `now`, each at its time, as they would in a cluster.
fn let_time_pass(engine: &mut Engine, before: EpochNanos, now: EpochNanos, sink: &mut impl EventSink) {
    let mut at = before;
    while let Some(next) = engine.next_deadline() {
        at = match next {
            Deadline::Now => at,
            Deadline::At(time) => at.max(time),
        };
        if at > now {
            return;
        }
        engine.on_timer(at, sink);
    }
}

/// What to do about a line that is not a command.
const HINT: &str = "write a line as {\"now\": NANOSECONDS, \"command\": {...}} or {\"now\": NANOSECONDS, \"timer\": {}}: see docs/engine-json.md";

fn no_command(line: u64, error: &serde_json::Error) -> Failure {
    let text = error.to_string();
    // The parser gets each line as a separate text, so its errors name line 1.
    let what = text.split(" at line 1 column ").next().unwrap_or(&text);
    Failure::new(format!("line {line}, column {}, is not a command: {what}", error.column())).hint(HINT)
}

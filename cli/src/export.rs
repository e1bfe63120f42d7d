//! `lugus export`: the commands and timers of an archived log, and which connections were lost, as JSON lines, which
//! `lugus engine` reads.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use lugus_engine::EventSink;
use lugus_node::archived_log::{LogRun, Start, StartFrom, Until};
use lugus_node::listener::{Change, ServiceListener};
use lugus_node::member::engine_limits;
use lugus_vocabulary::{Command, ConnectionChange, EpochNanos, LogPosition, Reply, Report};
use serde::Serialize;

use crate::archived_member;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::engine::{JsonLines, Timer};
use crate::failure::Failure;

/// A line with a command, as `docs/engine-json.md` describes it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    now: EpochNanos,
    command: &'a Command,
}

/// A line with a timer of the log.
#[derive(Debug, Serialize)]
struct TimerLine {
    now: EpochNanos,
    timer: Timer,
}

/// A line with a participant that is disconnected or connected again.
#[derive(Debug, Serialize)]
struct ConnectionLine<'a> {
    now: EpochNanos,
    connection: &'a ConnectionChange,
}

/// What is written.
struct Export {
    output: JsonLines<Box<dyn Write>>,
    /// Changes that end before this position are left out.
    from: i64,
    /// Whether the events of commands are written.
    with_events: bool,
    /// Whether the change at hand is not left out.
    is_within: bool,
    commands: u64,
    left_out: u64,
}

impl ServiceListener for Export {
    fn change(&mut self, position: LogPosition, now: EpochNanos, change: Change<'_>) {
        self.is_within = position.0 >= self.from;
        if !self.is_within {
            return;
        }
        match change {
            Change::Command(command) => {
                self.commands += 1;
                self.output.json(&Line { now, command });
            }
            Change::Timer => self.output.json(&TimerLine { now, timer: Timer { once: true } }),
            Change::Connection(connection) => self.output.json(&ConnectionLine { now, connection }),
            Change::Migration(_) => {
                self.left_out += 1;
                self.output.remark(format_args!("position {position}: a step of a migration, which is no command"));
            }
        }
    }

    fn report(&mut self, report: &Report) {
        if self.with_events && self.is_within {
            self.output.report(report);
        }
    }

    fn reply(&mut self, reply: &Reply) {
        if self.with_events && self.is_within {
            self.output.reply(reply);
        }
    }
}

/// Writes the commands and timers of a log.
///
/// # Errors
/// There is not exactly one such log, it can't be read, or the output fails.
pub fn run(found: &DeploymentFile, arguments: &arguments::Export) -> Result<(), Failure> {
    let source = archived_member::find_log(found, &arguments.members)?;
    let cluster = &source.cluster;
    let published = source.published.map_or(i64::MAX, |published| published.position.0);
    let until = Until::position(arguments.to.unwrap_or(i64::MAX).min(published));
    let failed = |error: io::Error| Failure::new(format!("can't write: {error}"));
    let writer: Box<dyn Write> = match &arguments.output {
        Some(path) => Box::new(File::create(path).map_err(failed)?),
        None => Box::new(io::stdout()),
    };
    let limits = engine_limits(cluster.deployment());
    let mut output = JsonLines::new(writer);
    output.remark(format_args!(
        "the log of {} of {}; lugus engine --instruments {} --participants {} --orders {} --retained-events {} --retained-trades {}",
        source.name, cluster.name, limits.instruments, limits.participants, limits.orders, limits.retained_events,
        limits.retained_trades
    ));
    let (from, with_events) = (arguments.from.unwrap_or_default(), arguments.events);
    let export = Export { output, from, with_events, is_within: false, commands: 0, left_out: 0 };
    let export = Rc::new(RefCell::new(export));
    let mut run = LogRun::start(cluster, &source.log, &StartFrom::Oldest).map_err(Failure::new)?;
    run.listen(Rc::clone(&export));
    run.advance(until, u64::MAX).map_err(Failure::new)?;
    let mut export = export.borrow_mut();
    if let Start::Snapshot { position } = run.started() {
        export.output.remark(format_args!("the commands before position {position} were purged"));
    }
    for difference in run.differences() {
        export.output.remark(format_args!("position {}: {}", difference.position, difference.what));
    }
    let (commands, left_out) = (export.commands, export.left_out);
    let (end_position, state_hash) = (run.position(), run.engine().state_hash());
    export.output.remark(format_args!(
        "{commands} commands up to position {end_position}, {left_out} steps of migrations left out; state hash {:016x}",
        state_hash.0
    ));
    export.output.flush()
}

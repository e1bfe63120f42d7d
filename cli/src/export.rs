//! `lugus export`: the commands and timers of an archived log, and which connections were lost, as JSON lines, which
//! `lugus engine` reads.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use lugus_engine::Engine;
use lugus_node::archived_log::{LogRange, Replayed, Start, changes};
use lugus_node::member::engine_limits;
use lugus_node::service::Change;
use lugus_vocabulary::{Command, ConnectionChange, EpochNanos};
use serde::Serialize;

use crate::archived_member;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::engine::{JsonLines, Timer, change_connection};
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

/// What is written, and the engine that makes the events if they are wanted.
struct Export {
    output: JsonLines<Box<dyn Write>>,
    engine: Option<Engine>,
    commands: u64,
    left_out: u64,
}

impl Export {
    fn change(&mut self, position: i64, now: EpochNanos, change: Change<'_>) {
        match change {
            Change::Command(command) => {
                self.commands += 1;
                self.output.json(&Line { now, command });
                if let Some(engine) = &mut self.engine {
                    engine.apply(now, command, &mut self.output);
                }
            }
            Change::Timer => {
                self.output.json(&TimerLine { now, timer: Timer { once: true } });
                if let Some(engine) = &mut self.engine {
                    engine.on_timer(now, &mut self.output);
                }
            }
            Change::Connection(connection) => {
                self.output.json(&ConnectionLine { now, connection });
                if let Some(engine) = &mut self.engine {
                    change_connection(engine, now, connection, &mut self.output);
                }
            }
            Change::Migration(_) => {
                self.left_out += 1;
                self.output.remark(format_args!("position {position}: a step of a migration, which is no command"));
            }
        }
    }
}

/// Writes the commands and timers of a log.
///
/// # Errors
/// There is not exactly one such log, it can't be read, or the output fails.
pub fn run(found: &DeploymentFile, arguments: &arguments::Export) -> Result<(), Failure> {
    let all = archived_member::find(found, &arguments.members)?;
    let [(cluster, members)] = all.as_slice() else {
        return Err(Failure::new("there are several clusters").hint("say with --cluster whose log to export"));
    };
    // All members have the same log, so any of them will do.
    let member = members.first().ok_or_else(|| Failure::new("there is no log"))?;
    let log = member.log.as_ref().map_err(|error| Failure::new(format!("{member} of {}: {error}", cluster.name)))?;
    let published = member.published.map_or(i64::MAX, |published| published.position.0);
    let range = LogRange {
        after: arguments.from.map_or(-1, |from| from.saturating_sub(1)),
        until: arguments.to.unwrap_or(i64::MAX).min(published),
    };
    let failed = |error: io::Error| Failure::new(format!("can't write: {error}"));
    let writer: Box<dyn Write> = match &arguments.output {
        Some(path) => Box::new(File::create(path).map_err(failed)?),
        None => Box::new(io::stdout()),
    };
    let limits = engine_limits(cluster.deployment());
    let mut output = JsonLines::new(writer);
    output.remark(format_args!(
        "the log of {member} of {}; lugus engine --instruments {} --participants {} --orders {} --retained-events {} --retained-trades {}",
        cluster.name, limits.instruments, limits.participants, limits.orders, limits.retained_events,
        limits.retained_trades
    ));
    let engine = arguments.events.then(|| Engine::new(limits));
    let export = Rc::new(RefCell::new(Export { output, engine, commands: 0, left_out: 0 }));
    let listener = Rc::clone(&export);
    let replayed = changes(cluster, log, range, move |position, now, change| {
        listener.borrow_mut().change(position, now, change);
    });
    let Replayed { start, end_position, state_hash } = replayed.map_err(Failure::new)?;
    let mut export = export.borrow_mut();
    if let Start::Snapshot { position } = start {
        if arguments.events {
            return Err(Failure::new(format!(
                "the log begins at the snapshot of position {position}, without which its events can't be made"
            ))
            .hint("export without --events"));
        }
        export.output.remark(format_args!("the commands before position {position} were purged"));
    }
    let (commands, left_out) = (export.commands, export.left_out);
    export.output.remark(format_args!(
        "{commands} commands up to position {end_position}, {left_out} steps of migrations left out; state hash {:016x}",
        state_hash.0
    ));
    export.output.flush()
}

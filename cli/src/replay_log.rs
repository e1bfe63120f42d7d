//! `lugus replay log`: an archived log through a new engine, as far and as fast as wanted, compared with each snapshot on the way.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use lugus_engine::Engine;
use lugus_node::archived_log::{Difference, Start};
use lugus_node::listener::{Change, ServiceListener};
use lugus_vocabulary::{EpochNanos, InstrumentId, LogPosition, PriceLevel, Reply, Report, Side};
use serde::Serialize;

use crate::archived_member::{self, ClusterLog};
use crate::arguments::ReplayLog;
use crate::book;
use crate::deployment::DeploymentFile;
use crate::event_file::EventFile;
use crate::failure::{DIFFERENT_STATES_EXIT_CODE, Failure};
use crate::notation::{BookDecimals, Notations};
use crate::output::Output;
use crate::recorded_part::{Ended, RecordedPart};
use crate::replay_state::{self, Done};

/// Exit code of a replay that SIGINT or SIGTERM has ended, as shells number it.
const INTERRUPTED_EXIT_CODE: u8 = 130;

/// The JSON document.
#[derive(Debug, Serialize)]
struct Outcome {
    cluster: i32,
    cluster_name: String,
    /// Where the engine started: `beginning`, `snapshot` or `saved`.
    start: &'static str,
    start_position: i64,
    /// Position after which commands are counted and events are written.
    from_position: i64,
    /// Log position up to which the log was applied.
    end_position: i64,
    /// Log time there, in nanoseconds since 1970.
    end_time: EpochNanos,
    state_hash: String,
    /// Number of commands, those before an interruption included.
    commands: u64,
    /// Commands a second, of this run.
    rate: f64,
    elapsed_ms: u64,
    snapshots_compared: u64,
    /// Number of differences.
    differences: u64,
    first_difference: Option<FirstDifference>,
    /// Number of events that were written.
    events: u64,
    /// Whether a signal has ended the replay before its end.
    interrupted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    book: Option<BookDocument>,
}

/// The first difference.
#[derive(Debug, Serialize)]
struct FirstDifference {
    position: i64,
    what: String,
}

/// The book at the end.
#[derive(Debug, Serialize)]
struct BookDocument {
    instrument: InstrumentId,
    bids: Vec<PriceLevel>,
    offers: Vec<PriceLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<BookDecimals>,
}

/// Writes events. Where none are wanted, nobody hears of the log.
struct Recorder {
    position: LogPosition,
    events: Rc<RefCell<EventFile>>,
}

impl ServiceListener for Recorder {
    #[inline]
    fn change(&mut self, position: LogPosition, _: EpochNanos, _: Change<'_>) {
        self.position = position;
    }

    #[inline]
    fn report(&mut self, report: &Report) {
        self.events.borrow_mut().report(self.position, report);
    }

    fn reply(&mut self, reply: &Reply) {
        self.events.borrow_mut().reply(self.position, reply);
    }
}

/// Replays a log.
///
/// # Errors
/// There is no such log, it can't be applied, or a file can't be written; with [`DIFFERENT_STATES_EXIT_CODE`] if anything differs.
pub fn run(found: &DeploymentFile, arguments: &ReplayLog, output: Output) -> Result<(), Failure> {
    let source = archived_member::find_log(found, &arguments.part.members)?;
    let saved = match &arguments.resume {
        Some(path) => replay_state::read(path, &source.cluster, &source.log)?,
        None => None,
    };
    let (saved, before) = saved.map_or((None, Done::default()), |(saved, done)| (Some(saved), done));
    let is_resumed = saved.is_some();
    let instrument = arguments.book.as_ref().map(|name| instrument(found, name)).transpose()?;
    let part = RecordedPart::new(source, &arguments.part, saved)?;
    let mut run = part.begin()?;
    let events = arguments.events.as_ref().map(|path| event_file(path, is_resumed.then_some(before.events_length)));
    let events = events.transpose()?.map(|file| Rc::new(RefCell::new(file)));
    let (from_position, commands_before) = (run.position(), run.commands());
    if let Some(file) = &events {
        run.listen(Recorder { position: LogPosition(from_position), events: Rc::clone(file) });
    }
    let begin = Instant::now();
    let ended = part.apply(&mut run, output);
    let elapsed = begin.elapsed();
    let ended = ended.unwrap_or_else(|stopped| {
        run.differ(stopped.position(), stopped.to_string());
        Ended::AtLimit
    });
    if ended == Ended::AtLimit {
        run.check_snapshots_passed();
    }
    if let Some(events) = &events {
        events.borrow_mut().flush().map_err(|error| events_failed(arguments.events.as_deref(), &error))?;
    }
    let commands = run.commands() - commands_before;
    let first = run.differences().iter().min_by_key(|difference| difference.position);
    let done = Done {
        commands: before.commands + commands,
        snapshots_compared: before.snapshots_compared + run.snapshots_compared(),
        differences: before.differences + run.differences().len() as u64,
        first_difference: before.first_difference.or_else(|| first.map(told)),
        events: before.events + events.as_ref().map_or(0, |events| events.borrow().written()),
        events_length: arguments.events.as_ref().and_then(|path| path.metadata().ok()).map_or(0, |file| file.len()),
    };
    if let Some(path) = &arguments.resume {
        let state = run.save().map_err(Failure::new)?;
        replay_state::write(path, &part.source.cluster, &state, &done)?;
    }
    let rate = commands as f64 / elapsed.as_secs_f64().max(1e-9);
    let book = instrument.map(|instrument| levels(found, run.engine(), instrument, usize::from(arguments.depth)));
    let outcome = Outcome {
        cluster: part.source.cluster.id.0,
        cluster_name: part.source.cluster.name.clone(),
        start: match run.started() {
            Start::Beginning => "beginning",
            Start::Snapshot { .. } => "snapshot",
            Start::Saved { .. } => "saved",
        },
        start_position: run.started().position(),
        from_position,
        end_position: run.position(),
        end_time: run.time(),
        state_hash: format!("{:016x}", run.engine().state_hash().0),
        commands: done.commands,
        rate,
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        snapshots_compared: done.snapshots_compared,
        differences: done.differences,
        first_difference: done.first_difference.map(|(position, what)| FirstDifference { position, what }),
        events: done.events,
        interrupted: ended == Ended::Interrupted,
        book,
    };
    output.answer(&outcome, outcome.text(found, &part.source))?;
    if outcome.differences > 0 {
        return Err(Failure::new(format!("the replay found {} differences", outcome.differences))
            .hint("docs/audit-and-repair.md says what each of them means, and what to do")
            .with_exit_code(DIFFERENT_STATES_EXIT_CODE));
    }
    if outcome.interrupted {
        let failure = Failure::new(format!("interrupted at position {}", outcome.end_position));
        let hint = match &arguments.resume {
            Some(path) => format!("the same command goes on from {}", path.display()),
            None => String::from("with --resume FILE a replay goes on where it was interrupted"),
        };
        return Err(failure.hint(hint).with_exit_code(INTERRUPTED_EXIT_CODE));
    }
    Ok(())
}

fn told(difference: &Difference) -> (i64, String) {
    (difference.position, difference.what.clone())
}

fn event_file(path: &Path, resumed_length: Option<u64>) -> Result<EventFile, Failure> {
    let opened = match resumed_length {
        Some(length) => EventFile::resume(path, length),
        None => EventFile::create(path),
    };
    opened.map_err(|error| events_failed(Some(path), &error))
}

fn events_failed(path: Option<&Path>, error: &std::io::Error) -> Failure {
    let path = path.unwrap_or(Path::new("the events"));
    Failure::new(format!("can't write {}: {error}", path.display()))
}

/// The number of an instrument that is named by its number, or by its symbol in the deployment's file.
pub fn instrument(found: &DeploymentFile, name: &str) -> Result<InstrumentId, Failure> {
    if let Ok(number) = name.parse() {
        return Ok(InstrumentId(number));
    }
    let known = found.deployment.instruments.iter().find(|instrument| instrument.symbol == name);
    known.map(|instrument| instrument.id).ok_or_else(|| {
        Failure::new(format!("the deployment's file has no instrument {name}")).hint("name it by its number")
    })
}

fn levels(found: &DeploymentFile, engine: &Engine, instrument: InstrumentId, depth: usize) -> BookDocument {
    let side = |side| engine.levels(instrument, side).into_iter().flatten().take(depth).collect::<Vec<_>>();
    let (bids, offers) = (side(Side::Buy), side(Side::Sell));
    let notations = Notations::of_deployment(&found.deployment);
    let decimal = notations.of(instrument).levels(&bids, &offers);
    BookDocument { instrument, bids, offers, decimal }
}

impl Outcome {
    fn text(&self, found: &DeploymentFile, source: &ClusterLog) -> String {
        let mut lines = vec![format!(
            "{} commands of {} of {}, positions {} to {}, in {:.1} s: {:.0} a second\n\
             state hash {}, {} snapshots compared: {}",
            self.commands,
            source.name,
            self.cluster_name,
            self.from_position,
            self.end_position,
            self.elapsed_ms as f64 / 1_000.0,
            self.rate,
            self.state_hash,
            self.snapshots_compared,
            if self.differences == 0 { "no difference" } else { "DIFFERENCES" },
        )];
        if let Some(FirstDifference { position, what }) = &self.first_difference {
            lines.push(format!("first of {} differences, position {position}: {what}", self.differences));
        }
        if let Some(BookDocument { instrument, bids, offers, .. }) = &self.book {
            let notations = Notations::of_deployment(&found.deployment);
            lines.push(book::table(bids, offers, notations.of(*instrument)).to_string());
        }
        lines.join("\n")
    }
}

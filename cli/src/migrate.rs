//! `lugus migrate`: moves an instrument to another cluster while it is traded, or undoes such a move.

use std::io;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lugus_client::OlderSession;
use lugus_coordinator::migration::{Intent, MoveProgress, MoveStep, Timing};
use lugus_coordinator::migrator::Migrator;
use lugus_partition_map::{CoordinatorClient, MapContext, PartitionMap, RecordedMap};
use lugus_topology::ClusterId;
use lugus_vocabulary::InstrumentId;
use serde::Serialize;

use crate::access::Access;
use crate::arguments::{EACH_STEP, Migrate};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;

/// Sleep between two duty cycles.
const IDLE: Duration = Duration::from_micros(20);

/// The operator's participant number.
const OPERATOR: u32 = 0;

/// The JSON line that is printed while a move is held before a step.
#[derive(Serialize)]
struct HoldNotice {
    instrument: u32,
    held_before: &'static str,
}

/// The JSON document that is printed at the end of a move.
#[derive(Serialize)]
struct Moved {
    instrument: u32,
    outcome: &'static str,
    from: Option<i32>,
    from_name: Option<String>,
    to: Option<i32>,
    to_name: Option<String>,
    pause_ms: Option<f64>,
    /// Steps in the order in which they began.
    steps: Vec<Begun>,
}

/// A step of a move, and when it began.
#[derive(Serialize)]
struct Begun {
    step: &'static str,
    /// Milliseconds since the start.
    at_ms: f64,
}

/// Moves an instrument, or undoes its move.
///
/// # Errors
/// When the move can't proceed; the message says what the user can do.
pub fn run(found: &DeploymentFile, arguments: &Migrate, output: Output) -> Result<(), Failure> {
    let spec = found.coordinator()?;
    let access = Access::open(found)?;
    let instrument = access.instrument(&arguments.instrument)?.0.0;
    let intent = match (&arguments.to, arguments.undo) {
        (Some(name), _) => Intent::MoveTo(cluster(access.map(), name)?),
        (None, true) => Intent::Undo,
        (None, false) => {
            return Err(Failure::new("no destination cluster given")
                .hint("add --to CLUSTER to move the instrument, or --undo to undo its move"));
        }
    };
    let (deployment, aeron_dir) = (&found.deployment, access.driver().aeron_dir());
    let maps = RecordedMap::new(MapContext::new(deployment, aeron_dir.to_path_buf()));
    let (host, timeout) = (&deployment.egress_host(), deployment.client.message_timeout);
    let key = deployment.operator_key().map_err(Failure::new)?;
    let coordinator = CoordinatorClient::connect(aeron_dir, &spec, host, timeout, key).map_err(Failure::new)?;
    let sessions = Box::new(|cluster: ClusterId| {
        let cluster = access.map().cluster(cluster).ok_or("it is not in the partition map: see lugus map")?;
        let config = access.config(cluster, OPERATOR, OlderSession::Replace).map_err(|failure| failure.to_string())?;
        Ok(config.cluster_context())
    });
    let mut migrator = Migrator::new(InstrumentId(instrument), intent, Timing::default(), maps, coordinator, sessions);
    let steps = steps(&arguments.hold_before);
    let mut hold = (!steps.is_empty()).then(|| Hold::new(instrument, output));
    migrator.hold_before(steps);
    let bar = progress_bar(output);
    let ending = loop {
        if let Some(ending) = migrator.do_work().map_err(Failure::new)? {
            break ending;
        }
        show(&bar, migrator.progress());
        if let (Some(hold), Some(step)) = (&mut hold, migrator.held_before())
            && bar.suspend(|| hold.is_over(step))?
        {
            migrator.go_on();
        }
        thread::sleep(IDLE);
    };
    bar.finish_and_clear();
    let outcome = ending.name();
    let clusters = migrator.clusters();
    let pause = migrator.pause();
    let moved = Moved {
        instrument,
        outcome,
        from: clusters.map(|(from, _)| from.0),
        from_name: clusters.map(|(from, _)| found.cluster_name(from)),
        to: clusters.map(|(_, to)| to.0),
        to_name: clusters.map(|(_, to)| found.cluster_name(to)),
        pause_ms: pause.map(|pause| pause.as_secs_f64() * 1e3),
        steps: migrator
            .steps()
            .iter()
            .map(|(step, at)| Begun { step: step.name(), at_ms: at.as_secs_f64() * 1e3 })
            .collect(),
    };
    let paused = moved.pause_ms.map_or_else(String::new, |pause| format!(", paused for {pause:.1} ms"));
    let way = match (&moved.from_name, &moved.to_name) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        _ => String::new(),
    };
    output.answer(&moved, format!("{}: {outcome}{way}{paused}", arguments.instrument))
}

fn steps(names: &[String]) -> Vec<MoveStep> {
    let is_named = |step: &MoveStep| names.iter().any(|name| name == step.name() || name == EACH_STEP);
    MoveStep::ALL.into_iter().filter(is_named).collect()
}

/// Holds the move before the chosen steps, each until a line arrives on standard input.
struct Hold {
    instrument: u32,
    output: Output,
    lines: Receiver<()>,
    told: Option<MoveStep>,
}

impl Hold {
    fn new(instrument: u32, output: Output) -> Self {
        // A channel without a buffer: standard input is read one line at a time, never ahead.
        let (line, lines) = mpsc::sync_channel(0);
        thread::spawn(move || io::stdin().lines().map_while(Result::ok).all(|_| line.send(()).is_ok()));
        Self { instrument, output, lines, told: None }
    }

    /// Prints once that the move is held before `step`; returns whether the move may proceed.
    fn is_over(&mut self, step: MoveStep) -> Result<bool, Failure> {
        if self.told != Some(step) {
            self.told = Some(step);
            let held = HoldNotice { instrument: self.instrument, held_before: step.name() };
            let text =
                format!("held before {step} (next, {} will {}): press Enter to continue", step.party(), step.request());
            self.output.answer(&held, text)?;
        }
        match self.lines.try_recv() {
            Ok(()) => Ok(true),
            Err(TryRecvError::Empty) => Ok(false),
            Err(TryRecvError::Disconnected) => Err(Failure::new(format!(
                "standard input ended while the move was held before {step}"
            ))
            .hint("the move stays where it is: run `lugus migrate` again to resume it, or with --undo to undo it")),
        }
    }
}

/// A cluster of the map by its number or name.
///
/// # Errors
/// When the map has no cluster with this name.
pub fn cluster(map: &PartitionMap, name: &str) -> Result<ClusterId, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(ClusterId(id));
    }
    let clusters = &map.clusters;
    clusters.iter().find(|cluster| cluster.name == name).map(|cluster| cluster.id).ok_or_else(|| {
        let known: Vec<&str> = clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        Failure::new(format!("the partition map has no cluster {name}"))
            .hint(format!("give its number, or one of these: {}", known.join(", ")))
    })
}

fn progress_bar(output: Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: MoveProgress) {
    let MoveProgress { stage, records, of } = progress;
    bar.set_length(of);
    bar.set_position(records);
    if bar.message() != stage {
        bar.set_message(stage);
    }
}

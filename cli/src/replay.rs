//! `lugus replay`: sends order flow through the cluster and measures it, or applies an archived log to a new engine.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lugus_client::{ClientError, OlderSession};
use lugus_engine::EngineLimits;
use lugus_media_driver::ClientDriver;
use lugus_partition_map::ClusterEntry;
use lugus_replay::cluster_venue::ClusterVenue;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::Flow;
use lugus_replay::lobster::{self, BookComparison};
use lugus_replay::recording::{RecordingFlow, RecordingOptions};
use lugus_replay::replay::{Progress, ReplayOptions, Replayed, Watch, replay};
use lugus_replay::report::ReplayReport;
use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
use lugus_replay::venue::VenueError;
use lugus_replay::{bitstamp, itch, mbo};
use lugus_vocabulary::ParticipantId;
use serde::Serialize;

use crate::arguments::{Hdr, Pace, Replay, Sending};
use crate::deployment::{self, DeploymentFile};
use crate::failure::{DIFFERENT_STATES_EXIT_CODE, Failure};
use crate::log_flow::LogFlow;
use crate::output::Output;
use crate::participant::{self, TIMEOUT};
use crate::{replay_log, replay_market_data};

/// Number of retries of a command. A replay must account for every command, so it retries for longer than a busy
/// machine may be without a leader.
const RETRY_ATTEMPTS: u32 = 20;

/// Replays a flow and prints the figures.
///
/// # Errors
/// When the flow can't be read, the cluster rejects it, or an answer is missing or came twice.
pub fn run(config: Option<&Path>, what: &Replay, output: Output) -> Result<(), Failure> {
    match what {
        Replay::Mbo { file, sending } => recording(config, &mut mbo(file)?, "mbo", sending, output),
        Replay::Itch { file, stock, sending } => {
            let mut flow = itch::open(file, stock, RecordingOptions::default()).map_err(Failure::new)?;
            recording(config, &mut flow, "itch", sending, output)
        }
        Replay::Bitstamp { orders, trades, sending } => {
            let flow = bitstamp::open(orders, trades.as_deref(), RecordingOptions::default());
            recording(config, &mut flow.map_err(Failure::new)?, "bitstamp", sending, output)
        }
        Replay::Lobster { messages, book, sending } => {
            let flow = lobster::open(messages, book, RecordingOptions::default());
            let mut flow = flow.map_err(Failure::new)?;
            if sending.engine {
                let options = options(sending.pace, 0);
                lobster_through_engine(&mut flow, messages, book, options, &sending.hdr, output)
            } else {
                recording(config, &mut flow, "lobster", sending, output)
            }
        }
        Replay::Synthetic { commands, seed, warm_up, pace, hdr } => {
            let (found, options) = (deployment::find(config)?, options(*pace, *warm_up));
            let (mut flow, older_session) =
                (synthetic(*commands, *seed, options.window), pace.take_over.older_session());
            let replayed = through_cluster(&found, &mut flow, options, older_session, &mut Bar::new(output))?;
            tell(&replayed, hdr, "synthetic", output)
        }
        Replay::Log(log) if log.to_cluster => {
            let found = deployment::find(config)?;
            let mut flow = LogFlow::read(&found, &log.part)?;
            if flow.approximated_icebergs() > 0 {
                output.say(format!(
                    "{} icebergs show and hide what they did where the part begins, but their later parts are as small as what they show",
                    flow.approximated_icebergs()
                ));
            }
            let (options, older_session) =
                (options(log.sending, flow.opening_steps()), log.sending.take_over.older_session());
            let replayed = through_cluster(&found, &mut flow, options, older_session, &mut Bar::new(output))?;
            tell(&replayed, &log.hdr, "log", output)
        }
        Replay::Log(log) => replay_log::run(&deployment::find(config)?, log, output),
        Replay::MarketData(what) => replay_market_data::run(&deployment::find(config)?, what, output),
    }
}

/// Sends an exchange's recording to the cluster, or to an engine in this process.
fn recording(
    config: Option<&Path>,
    flow: &mut RecordingFlow,
    name: &str,
    sending: &Sending,
    output: Output,
) -> Result<(), Failure> {
    let (options, bar) = (options(sending.pace, 0), &mut Bar::new(output));
    let replayed = if sending.engine {
        replay(flow, &mut EngineVenue::new(EngineLimits::default()), options, bar).map_err(Failure::new)?
    } else {
        let older_session = sending.pace.take_over.older_session();
        through_cluster(&deployment::find(config)?, flow, options, older_session, bar)?
    };
    tell(&replayed, &sending.hdr, name, output)
}

fn tell(replayed: &Replayed, hdr: &Hdr, name: &str, output: Output) -> Result<(), Failure> {
    write_histograms(hdr, name, replayed)?;
    output.answer(&replayed.report, &replayed.report)?;
    check_exactly_once(&replayed.report)
}

fn check_exactly_once(report: &ReplayReport) -> Result<(), Failure> {
    if report.is_exactly_once() { Ok(()) } else { Err(Failure::new("not every command was answered exactly once")) }
}

/// The JSON document of a recording of LOBSTER through an engine: the figures of the replay, and how the books compare.
#[derive(Debug, Serialize)]
struct LobsterReplay<'a> {
    #[serde(flatten)]
    report: &'a ReplayReport,
    books: &'a BookComparison,
}

/// Sends a recording of LOBSTER to an engine in this process, and compares the engine's book after each of its messages with the
/// row.
fn lobster_through_engine(
    flow: &mut RecordingFlow,
    messages: &Path,
    book: &Path,
    options: ReplayOptions,
    hdr: &Hdr,
    output: Output,
) -> Result<(), Failure> {
    let mut venue = EngineVenue::new(EngineLimits::default());
    let replayed = replay(flow, &mut venue, options, &mut Bar::new(output)).map_err(Failure::new)?;
    write_histograms(hdr, "lobster", &replayed)?;
    let comparison = lobster::compare(messages, book).map_err(Failure::new)?;
    let BookComparison { rows, equal_rows, levels_came_into_sight, levels_unexplained, .. } = comparison;
    let report = &replayed.report;
    let text = format!(
        "{report}\n{equal_rows} of {rows} rows are the engine's book; {levels_came_into_sight} levels were taken from rows as they came into \
         sight, and {levels_unexplained} that no message explains"
    );
    output.answer(&LobsterReplay { report, books: &comparison }, text)?;
    check_exactly_once(report)?;
    match comparison.first_difference {
        None => Ok(()),
        Some(difference) => Err(Failure::new(format!("row {} differs: {difference:?}", difference.row))
            .with_exit_code(DIFFERENT_STATES_EXIT_CODE)),
    }
}

/// Writes the files of a replay's round trips, with this name, if they are wanted.
///
/// # Errors
/// When they can't be written.
pub fn write_histograms(hdr: &Hdr, name: &str, replayed: &Replayed) -> Result<(), Failure> {
    match &hdr.folder {
        Some(folder) => replayed.round_trips.write(folder, name).map_err(Failure::new),
        None => Ok(()),
    }
}

/// The flow of a recording, all of it sent by one participant.
///
/// # Errors
/// When the file can't be read.
pub fn mbo(file: &Path) -> Result<RecordingFlow, Failure> {
    mbo::open(file, RecordingOptions::default()).map_err(Failure::new)
}

/// A synthetic flow of `commands` commands, sent by the default number of participants but by no more than `most`: more
/// participants than commands in flight would have nothing to send.
pub fn synthetic(commands: u64, seed: u64, most: u32) -> SyntheticFlow {
    let participants = SyntheticOptions::default().participants.min(most);
    SyntheticFlow::new(SyntheticOptions { seed, steps: commands, participants, ..SyntheticOptions::default() })
}

fn options(pace: Pace, warm_up: u64) -> ReplayOptions {
    ReplayOptions { window: pace.window, rate: pace.rate, warm_up, ..ReplayOptions::default() }
}

/// Sends a flow through the first cluster of the deployment, over its own media driver.
///
/// # Errors
/// When the cluster does not answer, or rejects what the flow sends.
pub fn through_cluster(
    found: &DeploymentFile,
    flow: &mut impl Flow,
    options: ReplayOptions,
    older_session: OlderSession,
    watch: &mut impl Watch,
) -> Result<Replayed, Failure> {
    Connection::open(found, flow.participants(), options.window, older_session)?.replay(flow, options, watch)
}

/// Whether a participant of a venue is connected already.
fn is_connected(error: &VenueError) -> bool {
    let VenueError::Session { source, .. } = error else { return false };
    matches!(source.downcast_ref(), Some(ClientError::ParticipantConnected { .. }))
}

/// Sessions with the first cluster of the deployment, and the media driver that they use.
pub struct Connection {
    venue: ClusterVenue,
    _driver: ClientDriver,
}

impl Connection {
    /// Connects the operator and these participants, each with at most `window` unanswered commands.
    ///
    /// # Errors
    /// When the cluster does not answer, or one of them is connected already and its session is to be kept.
    pub fn open(
        found: &DeploymentFile,
        participants: &[ParticipantId],
        window: u32,
        older_session: OlderSession,
    ) -> Result<Self, Failure> {
        let cluster = found.cluster()?;
        participant::check_running(&cluster)?;
        let cluster = ClusterEntry::from(&cluster);
        let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
        let config = |id: &ParticipantId| {
            let mut config = participant::config(&found.deployment, &cluster, driver.aeron_dir(), id.0, older_session)?;
            config.limits.maximum_outstanding = window as usize;
            config.retry.attempts = RETRY_ATTEMPTS;
            Ok(config)
        };
        let operator = config(&ParticipantId::OPERATOR)?;
        let participants = participants.iter().map(config).collect::<Result<_, Failure>>()?;
        let venue = ClusterVenue::connect(operator, participants, TIMEOUT).map_err(|error| {
            let hint = if is_connected(&error) { participant::CONNECTED_HINT } else { participant::NO_CLUSTER_HINT };
            Failure::new(error).hint(hint)
        })?;
        Ok(Self { venue, _driver: driver })
    }

    /// Sends a flow of these participants, with at most `window` commands in flight.
    ///
    /// # Errors
    /// When the cluster rejects what the flow sends.
    pub fn replay(
        &mut self,
        flow: &mut impl Flow,
        options: ReplayOptions,
        watch: &mut impl Watch,
    ) -> Result<Replayed, Failure> {
        replay(flow, &mut self.venue, options, watch).map_err(Failure::new)
    }
}

/// A progress bar, shown only to people.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar on standard error; hidden when that is not a terminal or the output is JSON.
    pub fn new(output: Output) -> Self {
        let bar = if output.is_json() || !stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} commands, {per_sec}, {eta} left") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }
}

impl Watch for Bar {
    fn progress(&mut self, progress: &Progress) {
        self.bar.set_length(progress.expected);
        self.bar.set_position(progress.answered);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

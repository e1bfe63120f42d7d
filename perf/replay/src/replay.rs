//! Sends a flow to a venue and measures the answers.
//!
//! There are three ways to send: as fast as the venue accepts commands, with a limit on the outstanding ones; with one
//! outstanding command, for the round trip of an idle venue; or at a fixed rate. At a fixed rate a round trip counts
//! from when the command was due, not from when it could be sent, so that a stall of the venue counts for all commands
//! that had to wait (no coordinated omission).

use std::time::{Duration, Instant};

use lugus_vocabulary::{
    Action, CommandKind, ExecType, InstrumentId, InstrumentState, ParticipantId, RejectReason, ReportBody,
};

use crate::flow::{ExchangeTrade, Flow, FlowError, Step};
use crate::ledger::{Entry, Ledger};
use crate::report::ReplayReport;
use crate::round_trips::RoundTrips;
use crate::score::Score;
use crate::timeline::Timeline;
use crate::venue::{Submission, Venue, VenueError, VenueEvent};

/// How a flow is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Largest number of outstanding commands, at least 1; with 1 the replay measures the round trip of an idle venue.
    pub window: u32,
    /// Commands a second; `None` means as fast as the window allows.
    pub rate: Option<u32>,
    /// Number of commands at the beginning whose round trips are not counted, as the venue warms up.
    pub warm_up: u64,
    /// Longest time without an answer, after which the replay ends and counts the outstanding commands as lost; also
    /// the longest time during which the venue accepts no command.
    pub patience: Duration,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { window: 1_024, rate: None, warm_up: 0, patience: Duration::from_secs(30) }
    }
}

/// Observes a replay. Its methods run on the replay's thread and delay it.
pub trait Watch {
    /// Called after each command with the number of the flow's commands sent so far.
    fn sent(&mut self, _steps: u64) {}

    /// Called about once a second.
    fn progress(&mut self, _progress: &Progress) {}
}

/// An observer that does nothing.
impl Watch for () {}

/// Progress of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Number of the flow's commands sent.
    pub sent: u64,
    /// Number of the flow's commands answered.
    pub answered: u64,
    /// Approximate number of commands in the whole flow.
    pub expected: u64,
    /// Time since the first command.
    pub elapsed: Duration,
}

/// The result of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// The figures.
    pub report: ReplayReport,
    /// The round trips, all and by seconds.
    pub round_trips: RoundTrips,
    /// The times of the answers.
    pub timeline: Timeline,
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The flow failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The venue failed.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// An instrument of the flow could not be opened.
    #[error("the engine refused {command:?}, which prepares the flow: {reason:?}")]
    Opening {
        /// The rejected command.
        command: CommandKind,
        /// The reason of the rejection.
        reason: RejectReason,
    },
    /// The histogram of the round trips could not be made.
    #[error("can't allocate the histograms of round trips: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The venue did not answer the commands that open the flow's instruments.
    #[error(
        "the venue did not answer within {patience:?}, before the flow's first command; check that the cluster has a leader"
    )]
    NoAnswer {
        /// How long the replay waited.
        patience: Duration,
    },
    /// The venue accepted no more commands, though it had answered all earlier ones.
    #[error(
        "the venue took no command for {patience:?}, after {sent} of the flow; check that the cluster has a leader"
    )]
    NotTaken {
        /// How long the replay tried.
        patience: Duration,
        /// Number of the flow's commands that the venue had accepted.
        sent: u64,
    },
}

/// Longest wait for events that may come after the answer to the last command.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// Time between two calls of [`Watch::progress`].
const PROGRESS: Duration = Duration::from_secs(1);

/// Largest number of commands sent between two polls.
const BURST: usize = 64;

/// Defines the flow's instruments, or closes and reopens those that exist already so that no orders rest in them, and
/// sends the flow.
///
/// # Errors
///
/// When the flow or the venue fails, or the venue accepts no commands. A venue that falls silent in the middle of the
/// flow is no error: the commands that it does not answer count as lost in the report.
pub fn replay(
    flow: &mut impl Flow,
    venue: &mut impl Venue,
    options: ReplayOptions,
    watch: &mut impl Watch,
) -> Result<Replayed, ReplayError> {
    let mut run = Run::new(venue, options)?;
    run.open(flow)?;
    run.begin();
    let expected = flow.expected_steps();
    while !(run.is_done() || run.is_out_of_patience()) {
        let work = run.send(flow, watch)? + run.poll()?;
        run.tell_progress(expected, watch);
        if work == 0 {
            std::thread::yield_now();
        }
    }
    if !run.is_done() && run.ledger.outstanding() == 0 {
        return Err(ReplayError::NotTaken { patience: options.patience, sent: run.sent });
    }
    run.last_events()?;
    Ok(run.close(flow.name()))
}

/// The state of a running replay.
struct Run<'a, V> {
    venue: &'a mut V,
    options: ReplayOptions,
    ledger: Ledger,
    score: Score,
    timeline: Timeline,
    round_trips: RoundTrips,
    rejected: u64,
    /// The rejection of one of the operator's commands.
    refusal: Option<(CommandKind, RejectReason)>,
    /// The counts before the flow's first command.
    before: Counts,
    begun: Instant,
    last_answer: Instant,
    last_progress: Instant,
    /// The next command and when it was due, if the venue was busy.
    pending: Option<(Step, Instant)>,
    /// Since when the venue has accepted no command.
    busy_since: Option<Instant>,
    sent: u64,
    flow_has_ended: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    commands: u64,
    answered: u64,
    events: u64,
    fills: u64,
    rejected: u64,
}

impl<'a, V: Venue> Run<'a, V> {
    fn new(venue: &'a mut V, options: ReplayOptions) -> Result<Self, ReplayError> {
        let now = Instant::now();
        Ok(Self {
            venue,
            options,
            ledger: Ledger::default(),
            score: Score::default(),
            timeline: Timeline::default(),
            round_trips: RoundTrips::new()?,
            rejected: 0,
            refusal: None,
            before: Counts::default(),
            begun: now,
            last_answer: now,
            last_progress: now,
            pending: None,
            busy_since: None,
            sent: 0,
            flow_has_ended: false,
        })
    }

    /// Opens the instruments with empty books, as an earlier flow of any participant may have left orders there.
    fn open(&mut self, flow: &impl Flow) -> Result<(), ReplayError> {
        let instruments = flow.instruments();
        let set_state =
            |instrument, state| operators_step(instrument, Action::SetInstrumentState { state, reference_price: None });
        self.send_and_wait(
            instruments
                .iter()
                .map(|definition| operators_step(InstrumentId::NONE, Action::DefineInstrument(*definition))),
        )?;
        for state in [InstrumentState::Closed, InstrumentState::Open] {
            self.send_and_wait(instruments.iter().map(|definition| set_state(definition.instrument, state)))?;
        }
        Ok(())
    }

    fn send_and_wait(&mut self, steps: impl Iterator<Item = Step>) -> Result<(), ReplayError> {
        self.last_answer = Instant::now();
        for step in steps {
            while !self.submit(&step, Instant::now())? {
                self.hear_or_give_up()?;
            }
        }
        while self.ledger.outstanding() > 0 {
            self.hear_or_give_up()?;
        }
        self.refusal.map_or(Ok(()), |(command, reason)| Err(ReplayError::Opening { command, reason }))
    }

    fn hear_or_give_up(&mut self) -> Result<(), ReplayError> {
        if self.poll()? == 0 {
            if self.is_out_of_patience() {
                return Err(ReplayError::NoAnswer { patience: self.options.patience });
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.before = self.counts();
        self.begun = Instant::now();
        self.round_trips.begin(self.begun);
        self.last_answer = self.begun;
        self.last_progress = self.begun;
    }

    /// Sends the commands that may be sent now; returns their number.
    fn send(&mut self, flow: &mut impl Flow, watch: &mut impl Watch) -> Result<usize, ReplayError> {
        let window = u64::from(self.options.window.max(1));
        for sent in 0..BURST {
            if self.ledger.outstanding() >= window {
                return Ok(sent);
            }
            let Some((step, due)) = self.next_due(flow)? else { return Ok(sent) };
            if !self.submit(&step, due)? {
                self.pending = Some((step, due));
                return Ok(sent);
            }
            self.sent += 1;
            watch.sent(self.sent);
        }
        Ok(BURST)
    }

    fn next_due(&mut self, flow: &mut impl Flow) -> Result<Option<(Step, Instant)>, ReplayError> {
        if self.pending.is_some() || self.flow_has_ended {
            return Ok(self.pending.take());
        }
        let due = self.options.rate.map(|rate| self.begun + nth_interval(self.sent, rate));
        if due.is_some_and(|due| due > Instant::now()) {
            return Ok(None);
        }
        match flow.next() {
            Some(step) => Ok(Some((step?, due.unwrap_or_else(Instant::now)))),
            None => {
                self.flow_has_ended = true;
                Ok(None)
            }
        }
    }

    fn submit(&mut self, step: &Step, due: Instant) -> Result<bool, ReplayError> {
        let Submission::Sent(sequence) = self.venue.submit(step)? else {
            self.busy_since.get_or_insert_with(Instant::now);
            return Ok(false);
        };
        self.busy_since = None;
        let scope = (step.participant, step.instrument);
        self.ledger.sent(scope, sequence, &step.action, due);
        if let Some(trade) = &step.trade {
            self.score.expect(scope, sequence, ExchangeTrade::clone(trade));
        }
        Ok(true)
    }

    fn poll(&mut self) -> Result<usize, ReplayError> {
        let Self { venue, ledger, score, timeline, round_trips, before, options, .. } = self;
        let (last_answer, rejected, refusal) = (&mut self.last_answer, &mut self.rejected, &mut self.refusal);
        let count = venue.poll(&mut |event| match event {
            VenueEvent::NewLeader => timeline.new_leader(Instant::now()),
            VenueEvent::GaveUp(scope, sequence) => ledger.give_up(scope, sequence),
            VenueEvent::Report(report) => {
                let entry = ledger.report(report);
                if entry != Entry::Repeated {
                    score.report(report);
                }
                if let Entry::Outcome { due } = entry {
                    let now = Instant::now();
                    *last_answer = now;
                    timeline.answer(now);
                    if ledger.answered() - before.answered > options.warm_up {
                        round_trips.record(now, (now - due).as_nanos() as u64);
                    }
                    *rejected += u64::from(is_rejection(&report.body));
                    // An earlier replay may have defined the instrument already.
                    if let ReportBody::Reject { command, reason } = report.body
                        && reason != RejectReason::DuplicateInstrument
                    {
                        *refusal = Some((command, reason));
                    }
                }
            }
        })?;
        Ok(count)
    }

    fn tell_progress(&mut self, expected: u64, watch: &mut impl Watch) {
        let now = Instant::now();
        if now - self.last_progress >= PROGRESS {
            self.last_progress = now;
            let answered = self.ledger.answered() - self.before.answered;
            watch.progress(&Progress { sent: self.sent, answered, expected, elapsed: now - self.begun });
        }
    }

    fn is_done(&self) -> bool {
        self.flow_has_ended && self.pending.is_none() && self.ledger.outstanding() == 0
    }

    fn is_out_of_patience(&self) -> bool {
        let patience = self.options.patience;
        (self.ledger.outstanding() > 0 && self.last_answer.elapsed() > patience)
            || self.busy_since.is_some_and(|since| since.elapsed() > patience)
    }

    /// Waits for events after the last answer: the other side of a trade may come later if it belongs to another
    /// participant, and a command that the client gave up may have been executed.
    fn last_events(&mut self) -> Result<(), ReplayError> {
        let deadline = Instant::now() + LAST_EVENTS;
        while self.score.unpaired() as u64 + self.ledger.given_up() > 0 && Instant::now() < deadline {
            if self.poll()? == 0 {
                std::thread::yield_now();
            }
        }
        Ok(())
    }

    fn counts(&self) -> Counts {
        Counts {
            commands: self.ledger.commands(),
            answered: self.ledger.answered(),
            events: self.ledger.events(),
            fills: self.score.tally().fills,
            rejected: self.rejected,
        }
    }

    fn close(self, flow: String) -> Replayed {
        let (counts, before, tally) = (self.counts(), self.before, self.score.tally());
        let elapsed_s = (self.last_answer - self.begun).as_secs_f64();
        let answered = counts.answered - before.answered;
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        let quantile = |quantile| micros(self.round_trips.all().value_at_quantile(quantile));
        let report = ReplayReport {
            flow,
            window: self.options.window.max(1),
            target_rate: self.options.rate,
            commands: counts.commands - before.commands,
            answered,
            rejected: counts.rejected - before.rejected,
            events: counts.events - before.events,
            fills: counts.fills - before.fills,
            exchange_trades: tally.exchange_trades,
            reproduced: tally.reproduced,
            in_same_order: tally.in_same_order,
            at_best_price: tally.at_best_price,
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: micros(self.round_trips.all().max()),
            elapsed_s,
            rate: if elapsed_s > 0.0 { answered as f64 / elapsed_s } else { 0.0 },
            lost: self.ledger.lost(),
            given_up: self.ledger.given_up(),
            duplicated: self.ledger.duplicated(),
            leader_changes: self.timeline.leader_changes().len() as u64,
        };
        Replayed { report, round_trips: self.round_trips, timeline: self.timeline }
    }
}

fn operators_step(instrument: InstrumentId, action: Action) -> Step {
    Step { participant: ParticipantId::OPERATOR, instrument, action, trade: None }
}

/// When the command with this index is due, relative to the first one.
fn nth_interval(index: u64, rate: u32) -> Duration {
    let nanos = u128::from(index) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn is_rejection(body: &ReportBody) -> bool {
    match body {
        ReportBody::Execution(execution) => execution.exec_type == ExecType::Rejected,
        ReportBody::CancelReject { .. } | ReportBody::Reject { .. } => true,
        _ => false,
    }
}

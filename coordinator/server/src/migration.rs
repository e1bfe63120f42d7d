//! A move of an instrument from one cluster to another, without I/O: told what the coordinator, the old cluster (`from`) and
//! the new one (`to`) answer, and what time it is, it says what to send next.
//!
//! ```text
//!             coordinator          from                 to
//! BEGUN       BeginMigration ─▶    Fence, Export ─▶     ImportBegin, ImportRecords, ImportEnd
//! COMMITTED   CommitMigration ─▶                        Activate
//!                                  Drop
//!             FinishMigration
//! UNDOING     AbortMigration ─▶    Unfence              DropImport
//!             FinishMigration
//! ```
//!
//! The map is all that a mover must know: one that starts anew goes on where the map says the move is. The coordinator
//! alone decides whether a move is committed or undone, before either cluster is told; so a step that comes late, from a
//! mover that is long gone, finds at each party that it is over. Every request is sent again until it is answered.

mod copy;
mod messages;
mod move_step;

use std::time::Duration;

use lugus_partition_map::{Accepted, Epoch, Migration, MigrationId, Partition, PartitionMap, Phase, Refusal, Request};
use lugus_topology::ClusterId;
use thiserror::Error;

use copy::{Copying, Meaning};
pub use messages::{
    Action, ClusterRequest, Cursor, CursorPlace, Exported, Extent, MAXIMUM_MESSAGES, Party, Report, Step, StepOutcome,
};
pub use move_step::MoveStep;

/// What no map ever has. A request that can't hold, made for this epoch, is refused with the epoch that the map has, and
/// changes nothing: so the coordinator is asked for it, as the first maps that a subscription tells may be old ones.
const NO_EPOCH: Epoch = Epoch(u64::MAX);
const NO_MIGRATION: MigrationId = MigrationId(u64::MAX);

/// Times that a mover looks at the map again since a cluster's answer does not fit to it, before it gives up.
const MAXIMUM_LOOKS: u32 = 20;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// The instrument is to be traded by this cluster.
    MoveTo(ClusterId),
    /// A move that has begun is to be undone.
    Undo,
}

/// How long answers are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A request without an answer is sent again after so long.
    pub repeat: Duration,
    /// Without any progress for so long, the mover gives up; another can go on.
    pub give_up: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { repeat: Duration::from_millis(500), give_up: Duration::from_secs(30) }
    }
}

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The new cluster trades the instrument, and the old one has forgotten it.
    Moved,
    /// The instrument is where it was.
    Undone,
    /// There was nothing to do.
    Nothing,
}

/// Why a move does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoveError {
    /// No such instrument.
    #[error("instrument {0} is not in the partition map: add it first (lugus map add-instrument)")]
    UnknownInstrument(u32),
    /// It is on its way to another cluster.
    #[error("instrument {instrument} is being moved to cluster {to}: finish that (--to {to}), or undo it (--undo)")]
    OtherMove {
        /// Which.
        instrument: u32,
        /// Where to.
        to: ClusterId,
    },
    /// Too late to undo.
    #[error("the move of instrument {instrument} to cluster {to} is committed: finish it (--to {to})")]
    Committed {
        /// Which.
        instrument: u32,
        /// Where to.
        to: ClusterId,
    },
    /// The coordinator says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A cluster says no; the move has been undone.
    #[error("{party} refused to {step}: {outcome}; the move has been undone")]
    Undone {
        /// Which.
        party: Party,
        /// What it was asked.
        step: &'static str,
        /// What it said.
        outcome: StepOutcome,
    },
    /// A cluster does not stand as the map says.
    #[error("{party} refused to {step}: {outcome}; its state does not fit to the partition map")]
    DoesNotFit {
        /// Which.
        party: Party,
        /// What it was asked.
        step: &'static str,
        /// What it said.
        outcome: StepOutcome,
    },
    /// The new cluster holds another state than was exported. The move has been undone.
    #[error("the state that was imported is not that which was exported; the move has been undone")]
    OtherState,
    /// Nobody answers.
    #[error("{party} did not answer within {waited:?} ({step}): start it, then do the same again, or undo it (--undo)")]
    NoAnswer {
        /// Which.
        party: Party,
        /// What it was asked.
        step: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
}

/// Where a move is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Asking,
    Looking,
    Beginning(Epoch),
    /// With the first part of the copy behind it.
    Fencing(Copying),
    Copying(Copying),
    Committing {
        state_hash: u64,
    },
    Activating {
        epoch: u64,
    },
    Dropping {
        epoch: u64,
    },
    Finishing(Ending),
    Aborting,
    DroppingImport,
    Unfencing,
    Ended(Result<Ending, MoveError>),
}

impl Stage {
    /// What is waited for.
    fn step(&self) -> Option<MoveStep> {
        Some(match self {
            Self::Asking | Self::Looking | Self::Ended(_) => return None,
            Self::Beginning(_) => MoveStep::Begin,
            Self::Fencing(_) => MoveStep::Fence,
            Self::Copying(copying) => copying.step(),
            Self::Committing { .. } => MoveStep::Commit,
            Self::Activating { .. } => MoveStep::Activate,
            Self::Dropping { .. } => MoveStep::Drop,
            Self::Finishing(_) => MoveStep::Finish,
            Self::Aborting => MoveStep::Abort,
            Self::DroppingImport => MoveStep::DropImport,
            Self::Unfencing => MoveStep::Unfence,
        })
    }
}

/// How far a move is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveProgress {
    /// What is being done.
    pub stage: &'static str,
    /// Records that the new cluster has; 0 before and after they are copied.
    pub records: u64,
    /// Of so many.
    pub of: u64,
}

/// One move of one instrument. See the module's page.
#[derive(Debug)]
pub struct Mover {
    instrument: u32,
    intent: Intent,
    timing: Timing,
    stage: Stage,
    id: MigrationId,
    /// Older maps are of no use.
    least_epoch: Epoch,
    /// The clusters of the move, once the map has told them.
    clusters: Option<(ClusterId, ClusterId)>,
    next_correlation_id: u64,
    /// The request that is waited for; with a copy under way, the first of them.
    correlation_id: u64,
    /// What was sent is sent again then.
    repeat_at: Option<Duration>,
    progress_at: Duration,
    looks: u32,
    /// Steps before which it waits to be let go on, once each.
    holds: Vec<MoveStep>,
    /// Why the move is being undone though that was not wished for.
    cause: Option<MoveError>,
}

impl Mover {
    /// A mover whose requests are numbered from `first_correlation_id` on.
    pub fn new(instrument: u32, intent: Intent, timing: Timing, first_correlation_id: u64, now: Duration) -> Self {
        Self {
            instrument,
            intent,
            timing,
            stage: Stage::Asking,
            id: MigrationId(0),
            least_epoch: Epoch(0),
            clusters: None,
            next_correlation_id: first_correlation_id,
            correlation_id: first_correlation_id,
            repeat_at: Some(now),
            progress_at: now,
            looks: 0,
            holds: Vec::new(),
            cause: None,
        }
    }

    /// Has it wait before each of these steps, the first time that it comes to it, until [`Self::go_on_with_step`].
    pub fn hold_before(&mut self, steps: impl IntoIterator<Item = MoveStep>) {
        self.holds.extend(steps);
    }

    /// The step that it waits before.
    pub fn held_before(&self) -> Option<MoveStep> {
        self.stage.step().filter(|step| self.holds.contains(step))
    }

    /// Ends the wait before a step.
    pub fn go_on_with_step(&mut self, now: Duration) {
        if let Some(step) = self.held_before() {
            self.holds.retain(|held| *held != step);
            (self.repeat_at, self.progress_at) = (Some(now), now);
        }
    }

    /// How it ended; `None` while it goes on.
    pub fn ending(&self) -> Option<Result<Ending, MoveError>> {
        match self.stage {
            Stage::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// Whether the new cluster has just said that it takes commands.
    pub fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Dropping { .. })
    }

    /// The old and the new cluster, once they are known.
    pub fn clusters(&self) -> Option<(ClusterId, ClusterId)> {
        self.clusters
    }

    /// How far it is.
    pub fn progress(&self) -> MoveProgress {
        let (records, of) = match &self.stage {
            Stage::Copying(copying) => copying.progress(),
            _ => (0, 0),
        };
        MoveProgress { stage: self.asked().1, records, of }
    }

    /// Appends what is to be sent now.
    pub fn poll(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if matches!(self.stage, Stage::Ended(_)) {
            return;
        }
        if self.held_before().is_some() {
            // Nobody is waited for but whoever lets it go on.
            self.progress_at = now;
            return;
        }
        let waited = now.saturating_sub(self.progress_at);
        if waited >= self.timing.give_up {
            let (party, step) = self.asked();
            return self.end(Err(MoveError::NoAnswer { party, step, waited }));
        }
        let is_due = self.repeat_at.is_some_and(|at| at <= now);
        if is_due {
            self.repeat_at = Some(now + self.timing.repeat);
        }
        if is_due && let Some(action) = self.request() {
            actions.push(action);
        }
        if let Stage::Fencing(copying) | Stage::Copying(copying) = &mut self.stage {
            if is_due {
                copying.send_again();
            }
            copying.poll(self.id, self.instrument, &self.holds, &mut self.next_correlation_id, actions);
        }
    }

    /// The newest map, as asked for with [`Action::LookAtMap`].
    pub fn on_map(&mut self, now: Duration, map: &PartitionMap) {
        if self.stage != Stage::Looking || map.epoch < self.least_epoch {
            return;
        }
        let Some(partition) = map.partition(self.instrument) else {
            return self.end(Err(MoveError::UnknownInstrument(self.instrument)));
        };
        match partition.migration {
            Some(migration) => self.go_on(now, migration, map.epoch.0),
            None => self.begin(now, partition, map.epoch),
        }
    }

    /// The coordinator's answer.
    pub fn on_answer(&mut self, now: Duration, correlation_id: u64, outcome: Result<Accepted, Refusal>) {
        if correlation_id != self.correlation_id {
            return;
        }
        match (&self.stage, outcome) {
            (Stage::Asking, Err(Refusal::StaleEpoch { current, .. })) => self.look(now, current),
            (
                Stage::Asking | Stage::Beginning(_) | Stage::Committing { .. } | Stage::Aborting | Stage::Finishing(_),
                Err(refusal),
            ) => {
                self.on_refusal(now, refusal);
            }
            // The map tells which migration it is.
            (Stage::Beginning(_), Ok(accepted)) => self.look(now, accepted.epoch),
            (Stage::Committing { .. }, Ok(accepted)) => {
                self.enter(now, Stage::Activating { epoch: accepted.epoch.0 });
            }
            (Stage::Aborting, Ok(_)) => self.enter(now, Stage::DroppingImport),
            (Stage::Finishing(ending), Ok(_)) => {
                let ending = self.cause.map_or(Ok(*ending), Err);
                self.end(ending);
            }
            _ => {}
        }
    }

    /// A cluster's answer.
    pub fn on_report(&mut self, now: Duration, party: Party, report: &Report) {
        if report.migration != self.id {
            return;
        }
        if let Stage::Copying(copying) = &mut self.stage {
            return match copying.on_report(party, report) {
                Meaning::Nothing => {}
                Meaning::Progress => self.copied_more(now),
                Meaning::Whole(extent) => self.enter(now, Stage::Committing { state_hash: extent.state_hash }),
                Meaning::OtherState => self.undo(now, MoveError::OtherState),
                Meaning::Refused => self.on_refused_step(now, party, report.outcome),
            };
        }
        if report.correlation_id != self.correlation_id || party != self.asked().0 {
            return;
        }
        match (&self.stage, report.outcome) {
            // What was never there need not be cleared away.
            (Stage::Unfencing, StepOutcome::UnknownInstrument) | (Stage::DroppingImport, StepOutcome::AlreadyHere) => {
                self.on_done(now, report);
            }
            (_, StepOutcome::Done) => self.on_done(now, report),
            (_, StepOutcome::More) => self.enter(now, self.stage.clone()),
            (_, refused) => self.on_refused_step(now, party, refused),
        }
    }

    /// Part of the export.
    pub fn on_exported(&mut self, now: Duration, exported: Exported) {
        if exported.migration != self.id {
            return;
        }
        if let Stage::Fencing(copying) | Stage::Copying(copying) = &mut self.stage
            && copying.on_exported(exported)
        {
            self.copied_more(now);
        }
    }

    /// A cluster's session is another one, or has another leader: what was not answered may be lost.
    pub fn on_new_session(&mut self, now: Duration) {
        self.repeat_at = self.repeat_at.map(|_| now);
    }

    fn begin(&mut self, now: Duration, partition: &Partition, epoch: Epoch) {
        match self.intent {
            _ if self.cause.is_some() => self.end(self.cause.map_or(Ok(Ending::Undone), Err)),
            Intent::Undo => {
                let has_been = partition.ended_migration.is_some_and(|ended| ended.id == self.id);
                self.end(Ok(if has_been { Ending::Undone } else { Ending::Nothing }));
            }
            Intent::MoveTo(to) if partition.owner() == to => {
                self.end(Ok(if self.clusters.is_some() { Ending::Moved } else { Ending::Nothing }));
            }
            // It began, and somebody else has undone it meanwhile.
            Intent::MoveTo(_) if self.clusters.is_some() => self.end(Ok(Ending::Undone)),
            Intent::MoveTo(_) => self.enter(now, Stage::Beginning(epoch)),
        }
    }

    fn go_on(&mut self, now: Duration, migration: Migration, epoch: u64) {
        let Migration { id, from, to, phase } = migration;
        let instrument = self.instrument;
        self.id = id;
        self.clusters = Some((from, to));
        let stage = match (phase, self.intent) {
            (Phase::Undoing, _) => Stage::DroppingImport,
            (Phase::Begun, Intent::Undo) => Stage::Aborting,
            (Phase::Committed, Intent::Undo) => return self.end(Err(MoveError::Committed { instrument, to })),
            (_, Intent::MoveTo(wanted)) if wanted != to => {
                return self.end(Err(MoveError::OtherMove { instrument, to }));
            }
            (Phase::Begun, _) => Stage::Fencing(Copying::new()),
            (Phase::Committed, _) => Stage::Activating { epoch },
        };
        self.enter(now, stage);
    }

    fn on_done(&mut self, now: Duration, report: &Report) {
        let next = match self.stage {
            Stage::Fencing(ref copying) => {
                self.stage = Stage::Copying(copying.clone().after_fence(report.extent));
                return self.copied_more(now);
            }
            Stage::Activating { epoch } => Stage::Dropping { epoch },
            Stage::Dropping { .. } => Stage::Finishing(Ending::Moved),
            Stage::DroppingImport => Stage::Unfencing,
            Stage::Unfencing => Stage::Finishing(Ending::Undone),
            _ => return,
        };
        self.enter(now, next);
    }

    /// What was sent is waited for anew.
    fn copied_more(&mut self, now: Duration) {
        self.progress_at = now;
        self.repeat_at = Some(now + self.timing.repeat);
    }

    /// Before the commit, what can't go on is undone, so that the instrument is traded again.
    fn on_refused_step(&mut self, now: Duration, party: Party, outcome: StepOutcome) {
        let step = self.asked().1;
        match outcome {
            StepOutcome::Limit | StepOutcome::Record | StepOutcome::OtherExtent | StepOutcome::UnknownCursor => {
                self.undo(now, MoveError::Undone { party, step, outcome });
            }
            _ => self.look_again(now, MoveError::DoesNotFit { party, step, outcome }),
        }
    }

    fn on_refusal(&mut self, now: Duration, refusal: Refusal) {
        match refusal {
            // It was begun, committed, undone or finished meanwhile: the map tells.
            Refusal::StaleEpoch { .. }
            | Refusal::NoMigration(_)
            | Refusal::OtherMigration { .. }
            | Refusal::AlreadyCommitted { .. }
            | Refusal::BeingUndone { .. }
            | Refusal::Migrating { .. }
            | Refusal::AlreadyOwner { .. }
            | Refusal::NotRecorded => self.look_again(now, MoveError::Refused(refusal)),
            refusal => self.end(Err(MoveError::Refused(refusal))),
        }
    }

    fn look(&mut self, now: Duration, least_epoch: Epoch) {
        self.least_epoch = self.least_epoch.max(least_epoch);
        self.enter(now, Stage::Looking);
    }

    /// The map is newer than what is known of it, or will be; if that does not help, it ends with `error`.
    fn look_again(&mut self, now: Duration, error: MoveError) {
        self.looks += 1;
        if self.looks > MAXIMUM_LOOKS {
            return self.end(Err(error));
        }
        self.enter(now, Stage::Asking);
        self.repeat_at = Some(now + self.timing.repeat / 4);
    }

    fn undo(&mut self, now: Duration, cause: MoveError) {
        let is_undoing = matches!(self.stage, Stage::Aborting | Stage::DroppingImport | Stage::Unfencing);
        let is_committed = matches!(self.stage, Stage::Activating { .. } | Stage::Dropping { .. });
        if is_undoing || is_committed {
            return self.look_again(now, cause);
        }
        self.cause = Some(cause);
        self.intent = Intent::Undo;
        self.enter(now, Stage::Aborting);
    }

    fn enter(&mut self, now: Duration, stage: Stage) {
        self.stage = stage;
        (self.repeat_at, self.progress_at) = (Some(now), now);
        self.correlation_id = self.next_correlation_id;
        self.next_correlation_id += 1;
    }

    fn end(&mut self, ending: Result<Ending, MoveError>) {
        self.stage = Stage::Ended(ending);
        self.repeat_at = None;
    }

    /// Who is asked, and what for.
    fn asked(&self) -> (Party, &'static str) {
        match self.stage.step() {
            Some(step) => (step.party(), step.request()),
            None => (Party::Coordinator, "look at the map"),
        }
    }

    fn request(&self) -> Option<Action> {
        let (instrument, id) = (self.instrument, self.id);
        let step = match self.stage {
            Stage::Asking => {
                let request = Request::AbortMigration { instrument, id: NO_MIGRATION };
                return Some(self.of_coordinator(request, Some(NO_EPOCH)));
            }
            Stage::Looking => return Some(Action::LookAtMap { least_epoch: self.least_epoch }),
            Stage::Beginning(epoch) => {
                let Intent::MoveTo(to) = self.intent else { return None };
                return Some(self.of_coordinator(Request::BeginMigration { instrument, to }, Some(epoch)));
            }
            Stage::Committing { state_hash } => {
                return Some(self.of_coordinator(Request::CommitMigration { instrument, id, state_hash }, None));
            }
            Stage::Aborting => return Some(self.of_coordinator(Request::AbortMigration { instrument, id }, None)),
            Stage::Finishing(_) => return Some(self.of_coordinator(Request::FinishMigration { instrument, id }, None)),
            Stage::Fencing(_) => Step::Fence,
            Stage::Activating { .. } => Step::Activate,
            Stage::Dropping { epoch } => Step::Drop { epoch },
            Stage::DroppingImport => Step::DropImport,
            Stage::Unfencing => Step::Unfence,
            Stage::Copying(_) | Stage::Ended(_) => return None,
        };
        let request = ClusterRequest { correlation_id: self.correlation_id, instrument, migration: id, step };
        Some(Action::Cluster { party: self.asked().0, request })
    }

    fn of_coordinator(&self, request: Request, expected: Option<Epoch>) -> Action {
        Action::Coordinator { correlation_id: self.correlation_id, request, expected }
    }
}

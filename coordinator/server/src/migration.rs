//! The move of an instrument from one cluster to another, as a state machine without I/O. A [`Mover`] takes the time
//! and the answers of the coordinator, of the old cluster (`from`) and of the new one (`to`), and returns what to send
//! next.
//!
//! ```text
//!             coordinator          from                 to
//! BEGUN       BeginMigration ─▶    Export (ahead) ─▶    ImportAhead, ImportRecords
//!                                  Fence, Export ─▶     ImportRecords, ImportComplete
//! COMMITTED   CommitMigration ─▶                        Activate
//!                                  Drop
//!             FinishMigration
//! UNDOING     AbortMigration ─▶    Unfence              DropImport
//!             FinishMigration
//! ```
//!
//! If a cluster no longer has what was copied ahead, or does not know how to copy ahead, all is copied after the fence:
//! ImportBegin, ImportRecords, ImportEnd.
//!
//! A mover has no state that outlives it: a new mover continues from the phase of the move that the map has. Only the
//! coordinator decides whether a move is committed or undone, and it does so before either cluster is told. A late step
//! from a mover that has long ended is refused, because the migration is over at the party that it reaches. Every
//! request is sent again until it is answered.

mod copy;
mod messages;
mod move_outcome;
mod move_step;
mod stage;

use std::time::Duration;

use lugus_partition_map::{AcceptedRequest, MapEpoch, MapRefusal, Migration, MigrationPhase, Partition, PartitionMap};
use lugus_vocabulary::{ClusterId, ExportManifest, InstrumentId, MigrationId, MigrationOutcome, MigrationReport};

use copy::{Copying, Meaning};
pub use messages::{Action, ClusterRequest, Exported, MAXIMUM_MESSAGES, Party, Records};
pub use move_outcome::{Ending, Intent, MoveError, MoveProgress, Timing};
pub use move_step::MoveStep;
use stage::Stage;

/// Maximum number of times that a mover reads the map again because an answer does not match it. Then it gives up.
const MAXIMUM_LOOKS: u32 = 20;

/// Time without progress after which what was copied ahead is given up, as a multiple of [`Timing::repeat`]: members of an
/// earlier version do not answer.
const PATIENCE_AHEAD: u32 = 10;

/// One move of one instrument; see the documentation of the module.
#[derive(Debug)]
pub struct Mover {
    instrument: InstrumentId,
    intent: Intent,
    timing: Timing,
    stage: Stage,
    id: MigrationId,
    /// Lowest epoch that the next map must have.
    least_epoch: MapEpoch,
    /// The old and the new cluster, once they are known from the map.
    clusters: Option<(ClusterId, ClusterId)>,
    next_correlation_id: u64,
    /// Correlation id of the request whose answer the mover waits for; during a copy, that of its first request.
    correlation_id: u64,
    /// Time at which unanswered requests are sent again.
    repeat_at: Option<Duration>,
    progress_at: Duration,
    looks: u32,
    /// Steps before which the mover must still wait for [`Mover::go_on_with_step`].
    holds: Vec<MoveStep>,
    /// Why the mover undoes the move although its intent was another one.
    cause: Option<MoveError>,
}

impl Mover {
    /// A mover whose correlation ids begin at `first_correlation_id`.
    pub fn new(
        instrument: InstrumentId,
        intent: Intent,
        timing: Timing,
        first_correlation_id: u64,
        now: Duration,
    ) -> Self {
        Self {
            instrument,
            intent,
            timing,
            stage: Stage::Asking,
            id: MigrationId(0),
            least_epoch: MapEpoch(0),
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

    /// Makes the mover wait for [`Self::go_on_with_step`] before each of these steps, when it first gets there.
    pub fn hold_before(&mut self, steps: impl IntoIterator<Item = MoveStep>) {
        self.holds.extend(steps);
    }

    /// The step before which the mover waits for [`Self::go_on_with_step`], if it does.
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

    /// How the move has ended; `None` while it is in progress.
    pub fn ending(&self) -> Option<Result<Ending, MoveError>> {
        match self.stage {
            Stage::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// Whether the new cluster takes commands and the old one has not yet deleted the instrument.
    pub fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Dropping { .. })
    }

    /// The old and the new cluster, once they are known from the map.
    pub fn clusters(&self) -> Option<(ClusterId, ClusterId)> {
        self.clusters
    }

    /// The step that the mover is at; `None` while it only looks at the map, and at the end.
    pub fn step(&self) -> Option<MoveStep> {
        self.stage.step()
    }

    /// Number of the migration, once it is known from the map.
    pub fn migration(&self) -> Option<MigrationId> {
        self.clusters.map(|_| self.id)
    }

    /// What the old cluster had when it was fenced, while it is copied.
    pub fn manifest(&self) -> Option<ExportManifest> {
        match &self.stage {
            Stage::Copying(copying) => copying.manifest(),
            _ => None,
        }
    }

    /// How far the move is.
    pub fn progress(&self) -> MoveProgress {
        let (records, of) = match &self.stage {
            Stage::CopyingAhead(copying) | Stage::Copying(copying) => copying.progress(),
            _ => (0, 0),
        };
        MoveProgress { stage: self.stage.asked().1, records, of }
    }

    /// Appends the actions that are due now.
    pub fn poll(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if matches!(self.stage, Stage::Ended(_)) {
            return;
        }
        if self.held_before().is_some() {
            // The mover waits for a call of `go_on_with_step` and not for a party, so that this time does not count.
            self.progress_at = now;
            return;
        }
        let waited = now.saturating_sub(self.progress_at);
        if waited >= self.timing.give_up {
            let (party, step) = self.stage.asked();
            return self.end(Err(MoveError::NoAnswer { party, step, waited }));
        }
        let needs_ahead = match &self.stage {
            Stage::CopyingAhead(copying) | Stage::Copying(copying) => copying.needs_ahead(),
            _ => false,
        };
        if needs_ahead && waited >= self.timing.repeat * PATIENCE_AHEAD {
            self.enter(now, Stage::DroppingAhead);
        }
        let is_due = self.repeat_at.is_some_and(|at| at <= now);
        if is_due {
            self.repeat_at = Some(now + self.timing.repeat);
        }
        if is_due && let Some(action) = self.stage.request(self.instrument, self.id, self.correlation_id) {
            actions.push(action);
        }
        if let Stage::CopyingAhead(copying) | Stage::Fencing(copying) | Stage::Copying(copying) = &mut self.stage {
            if is_due {
                copying.send_again();
            }
            copying.poll(self.id, self.instrument, &self.holds, &mut self.next_correlation_id, actions);
        }
    }

    /// Takes the map that [`Action::LookAtMap`] asked for.
    pub fn on_map(&mut self, now: Duration, map: &PartitionMap) {
        if !matches!(self.stage, Stage::Looking { least_epoch } if map.epoch >= least_epoch) {
            return;
        }
        let Some(partition) = map.partition(self.instrument) else {
            return self.end(Err(MoveError::UnknownInstrument(self.instrument)));
        };
        match partition.migration {
            Some(migration) => self.go_on(now, migration, map.epoch),
            None => self.begin(now, partition, map.epoch),
        }
    }

    /// Takes an answer of the coordinator.
    pub fn on_answer(&mut self, now: Duration, correlation_id: u64, outcome: Result<AcceptedRequest, MapRefusal>) {
        if correlation_id != self.correlation_id {
            return;
        }
        match (&self.stage, outcome) {
            (Stage::Asking, Err(MapRefusal::StaleEpoch { current, .. })) => self.look(now, current),
            (
                Stage::Asking
                | Stage::Beginning { .. }
                | Stage::Committing { .. }
                | Stage::Aborting
                | Stage::Finishing(_),
                Err(refusal),
            ) => {
                self.on_refusal(now, refusal);
            }
            // The map has the number of the migration.
            (Stage::Beginning { .. }, Ok(accepted)) => self.look(now, accepted.epoch),
            (Stage::Committing { .. }, Ok(accepted)) => {
                self.enter(now, Stage::Activating { epoch: accepted.epoch });
            }
            (Stage::Aborting, Ok(_)) => self.enter(now, Stage::DroppingImport),
            (Stage::Finishing(ending), Ok(_)) => {
                let ending = self.cause.map_or(Ok(*ending), Err);
                self.end(ending);
            }
            _ => {}
        }
    }

    /// Takes a cluster's report.
    pub fn on_report(&mut self, now: Duration, party: Party, report: &MigrationReport) {
        if report.migration != self.id && report.migration != self.id.ahead() {
            return;
        }
        if let Stage::CopyingAhead(copying) | Stage::Copying(copying) = &mut self.stage {
            return match copying.on_report(party, report) {
                Meaning::Nothing => {}
                Meaning::Progress => self.copied_more(now),
                Meaning::Whole(manifest) => self.enter(now, Stage::Committing { state_hash: manifest.state_hash }),
                Meaning::OtherState => self.undo(now, MoveError::OtherState),
                Meaning::Refused => self.on_refused_step(now, party, report.outcome),
                Meaning::NotAhead => self.enter(now, Stage::DroppingAhead),
            };
        }
        if report.correlation_id != self.correlation_id || party != self.stage.asked().0 {
            return;
        }
        match (&self.stage, report.outcome) {
            // An instrument or an import that was never there needs no cleaning up.
            (Stage::Unfencing, MigrationOutcome::UnknownInstrument)
            | (Stage::DroppingImport, MigrationOutcome::AlreadyHere) => {
                self.on_done(now, report);
            }
            // Whatever the new cluster has is not what was copied ahead.
            (Stage::DroppingAhead, outcome) if outcome != MigrationOutcome::More => self.on_done(now, report),
            (_, MigrationOutcome::Done) => self.on_done(now, report),
            (_, MigrationOutcome::More) => self.enter(now, self.stage.clone()),
            (_, refused) => self.on_refused_step(now, party, refused),
        }
    }

    /// Takes records of the export.
    pub fn on_exported(&mut self, now: Duration, exported: Exported) {
        if exported.migration != self.id {
            return;
        }
        if let Stage::CopyingAhead(copying) | Stage::Fencing(copying) | Stage::Copying(copying) = &mut self.stage
            && copying.on_exported(exported)
        {
            self.copied_more(now);
        }
    }

    /// There is a new session with a cluster, or a new leader. Unanswered requests may be lost, so they are sent again.
    pub fn on_new_session(&mut self, now: Duration) {
        self.repeat_at = self.repeat_at.map(|_| now);
    }

    fn begin(&mut self, now: Duration, partition: &Partition, epoch: MapEpoch) {
        match self.intent {
            _ if self.cause.is_some() => self.end(self.cause.map_or(Ok(Ending::Undone), Err)),
            Intent::Undo => {
                let has_been = partition.ended_migration.is_some_and(|ended| ended.id == self.id);
                self.end(Ok(if has_been { Ending::Undone } else { Ending::Nothing }));
            }
            Intent::MoveTo(to) if partition.owner() == to => {
                self.end(Ok(if self.clusters.is_some() { Ending::Moved } else { Ending::Nothing }));
            }
            // The move had begun, and another mover has undone it since.
            Intent::MoveTo(_) if self.clusters.is_some() => self.end(Ok(Ending::Undone)),
            Intent::MoveTo(to) => self.enter(now, Stage::Beginning { epoch, to }),
        }
    }

    fn go_on(&mut self, now: Duration, migration: Migration, epoch: MapEpoch) {
        let Migration { id, from, to, phase } = migration;
        let instrument = self.instrument;
        self.id = id;
        self.clusters = Some((from, to));
        let stage = match (phase, self.intent) {
            (MigrationPhase::Undoing, _) => Stage::DroppingImport,
            (MigrationPhase::Begun, Intent::Undo) => Stage::Aborting,
            (MigrationPhase::Committed, Intent::Undo) => return self.end(Err(MoveError::Committed { instrument, to })),
            (_, Intent::MoveTo(wanted)) if wanted != to => {
                return self.end(Err(MoveError::OtherMove { instrument, to }));
            }
            (MigrationPhase::Begun, _) => Stage::CopyingAhead(Copying::ahead()),
            (MigrationPhase::Committed, _) => Stage::Activating { epoch },
        };
        self.enter(now, stage);
    }

    fn on_done(&mut self, now: Duration, report: &MigrationReport) {
        let next = match self.stage {
            Stage::Fencing(ref copying) => {
                self.stage = Stage::Copying(copying.clone().after_fence(report.manifest));
                return self.copied_more(now);
            }
            Stage::Activating { epoch } => Stage::Dropping { epoch },
            Stage::Dropping { .. } => Stage::Finishing(Ending::Moved),
            Stage::DroppingImport => Stage::Unfencing,
            Stage::DroppingAhead => Stage::Fencing(Copying::new()),
            Stage::Unfencing => Stage::Finishing(Ending::Undone),
            _ => return,
        };
        self.enter(now, next);
    }

    /// Restarts both timeouts, as the copy has made progress.
    fn copied_more(&mut self, now: Duration) {
        self.progress_at = now;
        self.repeat_at = Some(now + self.timing.repeat);
        if let Stage::CopyingAhead(copying) = &self.stage
            && copying.is_copied_ahead()
        {
            let rest = copying.rest();
            self.enter(now, Stage::Fencing(rest));
        }
    }

    /// Handles a step that a cluster refused. Before the commit, a move that cannot continue is undone, so that the old
    /// cluster trades the instrument again.
    fn on_refused_step(&mut self, now: Duration, party: Party, outcome: MigrationOutcome) {
        let step = self.stage.asked().1;
        match outcome {
            MigrationOutcome::Limit
            | MigrationOutcome::Record
            | MigrationOutcome::OtherManifest
            | MigrationOutcome::UnknownCursor => {
                self.undo(now, MoveError::Undone { party, step, outcome });
            }
            _ => self.look_again(now, MoveError::DoesNotFit { party, step, outcome }),
        }
    }

    fn on_refusal(&mut self, now: Duration, refusal: MapRefusal) {
        match refusal {
            // Another mover has begun, committed, undone or finished the move since: the newest map shows which.
            MapRefusal::StaleEpoch { .. }
            | MapRefusal::NoMigration(_)
            | MapRefusal::OtherMigration { .. }
            | MapRefusal::AlreadyCommitted { .. }
            | MapRefusal::BeingUndone { .. }
            | MapRefusal::Migrating { .. }
            | MapRefusal::AlreadyOwner { .. }
            | MapRefusal::NotRecorded => self.look_again(now, MoveError::Refused(refusal)),
            refusal => self.end(Err(MoveError::Refused(refusal))),
        }
    }

    fn look(&mut self, now: Duration, least_epoch: MapEpoch) {
        self.least_epoch = self.least_epoch.max(least_epoch);
        self.enter(now, Stage::Looking { least_epoch: self.least_epoch });
    }

    /// Reads the map again after a short pause, since an answer does not match the map known here. After [`MAXIMUM_LOOKS`]
    /// attempts the move ends with `error`.
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
}

//! The commands of an archived log as a flow, which a replay sends to a cluster.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::rc::Rc;
use std::vec;

use lugus_engine::Engine;
use lugus_node::listener::{Change, ServiceListener};
use lugus_replay::flow::{Flow, FlowError, Step};
use lugus_vocabulary::{
    Action, ClientSequence, Command, EpochNanos, InstrumentDefinition, InstrumentId, InstrumentState, LogPosition,
    OrderRecord, ParticipantId, SnapshotRecord,
};

use crate::archived_member;
use crate::arguments::LogPart;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::opening_book::{OpeningBook, Trading};
use crate::output::Output;
use crate::recorded_part::{Ended, RecordedPart, failed};

/// Greatest number of commands: they are read into memory before the first is sent, so that reading costs no time while the
/// cluster is measured.
const MAXIMUM_COMMANDS: usize = 8_000_000;

/// The commands of a part of a log, in their order.
///
/// Before them come the orders that lived where the part begins, as new orders of their open quantity, so that they have their priority again, and
/// icebergs show what they showed ([`OpeningBook`]). Left out are repeats of commands, commands behind a missing one, the definitions of instruments, which the replay
/// makes itself, and what a replay can't send: limits, kill switches, amended trades, and steps of migrations.
#[derive(Debug)]
pub struct LogFlow {
    /// Number of steps at the beginning that only make the books as they were.
    opening_steps: u64,
    approximated: u64,
    name: String,
    instruments: Vec<InstrumentDefinition>,
    participants: Vec<ParticipantId>,
    expected_steps: u64,
    steps: vec::IntoIter<Step>,
}

impl LogFlow {
    /// Reads a part of a log.
    ///
    /// # Errors
    /// There is no such log, it can't be applied, or it has too many commands.
    pub fn read(found: &DeploymentFile, part: &LogPart) -> Result<Self, Failure> {
        let source = archived_member::find_log(found, &part.members)?;
        let name = format!("the log of {} of {}", source.name, source.cluster.name);
        let part = RecordedPart::new(source, part, None)?;
        let mut run = part.begin()?;
        let mut collector = Collector::default();
        collector.begin_with(run.engine());
        let opening_steps = collector.steps.len() as u64;
        let collector = Rc::new(RefCell::new(collector));
        run.listen(Rc::clone(&collector));
        let ended = part.apply(&mut run, Output::new(true)).map_err(|stopped| failed(&stopped))?;
        if ended == Ended::Interrupted {
            return Err(Failure::new("interrupted before the log was read"));
        }
        let Collector { steps, instruments, has_too_many, approximated, .. } =
            std::mem::take(&mut *collector.borrow_mut());
        if has_too_many {
            return Err(Failure::new(format!("the log has more than {MAXIMUM_COMMANDS} commands"))
                .hint("choose a part of it with --from and --until"));
        }
        let mut participants: Vec<ParticipantId> = steps.iter().map(|step| step.participant).collect();
        participants.sort_unstable();
        participants.dedup();
        participants.retain(|participant| *participant != ParticipantId::OPERATOR);
        let instruments = instruments.into_values().collect();
        let expected_steps = steps.len() as u64;
        Ok(Self {
            opening_steps,
            approximated,
            name,
            instruments,
            participants,
            expected_steps,
            steps: steps.into_iter(),
        })
    }

    /// Number of icebergs at the beginning that show what they showed, but whose later parts are smaller.
    pub fn approximated_icebergs(&self) -> u64 {
        self.approximated
    }

    /// Number of commands before the first of the log's own: they make the books as they were where the part begins, and are not to
    /// be measured.
    pub fn opening_steps(&self) -> u64 {
        self.opening_steps
    }
}

impl Iterator for LogFlow {
    type Item = Result<Step, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.steps.next().map(Ok)
    }
}

impl Flow for LogFlow {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn instruments(&self) -> &[InstrumentDefinition] {
        &self.instruments
    }

    fn participants(&self) -> &[ParticipantId] {
        &self.participants
    }

    fn expected_steps(&self) -> u64 {
        self.expected_steps
    }
}

fn state_step(definition: &InstrumentDefinition) -> Step {
    let action = Action::SetInstrumentState { state: definition.state, reference_price: None };
    Step { participant: ParticipantId::OPERATOR, instrument: definition.instrument, action, trade: None }
}

/// Takes the commands of a log.
#[derive(Default)]
struct Collector {
    steps: Vec<Step>,
    instruments: BTreeMap<InstrumentId, InstrumentDefinition>,
    /// Number of the last command that the engine has taken, in each scope.
    taken: HashMap<(ParticipantId, InstrumentId), ClientSequence>,
    has_too_many: bool,
    approximated: u64,
}

impl Collector {
    /// Begins with the instruments and live orders of an engine. The instruments are open when the first step is sent: one in an
    /// auction gets this state before its orders, since they may cross; one that takes no orders gets its state after them.
    fn begin_with(&mut self, engine: &Engine) {
        let mut books: Vec<(InstrumentDefinition, Vec<OrderRecord>)> = Vec::new();
        let visited: Result<(), Infallible> = engine.snapshot(&mut |record| {
            match record {
                SnapshotRecord::Instrument(of) => books.push((of.definition, Vec::new())),
                SnapshotRecord::Order(order) => {
                    books.last_mut().into_iter().for_each(|(_, orders)| orders.push(*order))
                }
                _ => {}
            }
            Ok(())
        });
        visited.unwrap_or_else(|never| match never {});
        let mut participants: Vec<ParticipantId> =
            books.iter().flat_map(|(_, orders)| orders).map(|order| order.participant).collect();
        participants.sort_unstable();
        participants.dedup();
        for (definition, orders) in books {
            self.instruments.insert(definition.instrument, definition);
            let (before, trading, after) = match definition.state {
                InstrumentState::Open => (None, Trading::Continuous, None),
                InstrumentState::Auction => (Some(state_step(&definition)), Trading::Auction, None),
                InstrumentState::Halted | InstrumentState::Closed => {
                    (None, Trading::Continuous, Some(state_step(&definition)))
                }
            };
            let mut opening = OpeningBook::default();
            opening.add(definition.instrument, trading, &orders, &participants);
            self.approximated += opening.approximated;
            before.into_iter().chain(opening.steps).chain(after).for_each(|step| self.push(step));
        }
    }

    fn push(&mut self, step: Step) {
        self.has_too_many |= self.steps.len() == MAXIMUM_COMMANDS;
        if !self.has_too_many {
            self.steps.push(step);
        }
    }

    /// Whether the engine takes the command: it is the next one of its scope, or the first one of it in this part of the log.
    fn takes(&mut self, command: &Command) -> bool {
        let last = self.taken.entry((command.participant, command.instrument));
        let is_next = match &last {
            std::collections::hash_map::Entry::Vacant(_) => true,
            std::collections::hash_map::Entry::Occupied(last) => command.client_sequence.0 == last.get().0 + 1,
        };
        if is_next {
            last.insert_entry(command.client_sequence);
        }
        is_next
    }
}

impl ServiceListener for Collector {
    fn change(&mut self, _: LogPosition, _: EpochNanos, change: Change<'_>) {
        let Change::Command(command) = change else { return };
        if !self.takes(command) {
            return;
        }
        match command.action {
            Action::DefineInstrument(definition) => {
                self.instruments.entry(definition.instrument).or_insert(definition);
            }
            Action::New(_)
            | Action::Cancel { .. }
            | Action::Replace(_)
            | Action::MassCancel { .. }
            | Action::MassCancelAll { .. }
            | Action::SetInstrumentState { .. }
            | Action::SetPriceProtection(_)
            | Action::SetAuctionRules(_)
            | Action::MassQuote(_)
            | Action::QuoteCancel(_)
            | Action::SetMarketMakerProtection { .. }
            | Action::ResetMarketMakerProtection { .. } => {
                let Command { participant, instrument, action, .. } = *command;
                self.push(Step { participant, instrument, action, trade: None });
            }
            _ => {}
        }
    }
}

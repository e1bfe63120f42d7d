//! The account of exactly-once: what was sent, and that each command was answered once.
//!
//! It trusts nobody: neither the client's own bookkeeping nor the engine's. In each scope (participant, instrument) the
//! event sequences must be gapless, and each command must have exactly one outcome: a new order is taken or rejected, a
//! cancel is done or rejected, and so on. What else a command's reports tell (trades, the end of an immediate order) is
//! no outcome.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use lugus_vocabulary::{Action, ClientSequence, EventSequence, ExecType, Report, ReportBody};

use crate::venue::Scope;

/// Sent commands, and what came back.
#[derive(Debug, Default)]
pub struct Ledger {
    scopes: HashMap<Scope, Account>,
    sent: u64,
    answered: u64,
    events: u64,
    /// Commands that are not waited for any more, and have no outcome.
    given_up: u64,
    lost_events: u64,
    duplicated: u64,
}

/// What a report was to its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Its outcome: the answer to a command that was due at this time.
    Outcome {
        /// When the command was due to be sent.
        due: Instant,
    },
    /// A further event, of a command that has its outcome, or of none.
    Event,
    /// Something that was told before.
    Repeated,
}

#[derive(Debug, Default)]
struct Account {
    last_event: Option<EventSequence>,
    /// Commands without an outcome, and the last one that has it.
    commands: VecDeque<Sent>,
}

#[derive(Debug)]
struct Sent {
    sequence: ClientSequence,
    kind: Kind,
    due: Instant,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// It may have an outcome yet.
    GivenUp,
    Answered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    New,
    Cancel,
    Replace,
    Other,
}

impl Ledger {
    /// A command was sent, that was due to be sent at `due`.
    pub fn sent(&mut self, scope: Scope, sequence: ClientSequence, action: &Action, due: Instant) {
        self.sent += 1;
        let command = Sent { sequence, kind: Kind::of(action), due, state: State::Waiting };
        self.scopes.entry(scope).or_default().commands.push_back(command);
    }

    /// The client gave up a command: its outcome is not waited for any more.
    pub fn give_up(&mut self, scope: Scope, sequence: ClientSequence) {
        let commands = self.scopes.get_mut(&scope).into_iter().flat_map(|account| &mut account.commands);
        for command in commands.filter(|command| command.sequence == sequence && command.state == State::Waiting) {
            command.state = State::GivenUp;
            self.given_up += 1;
        }
    }

    /// An event came.
    pub fn report(&mut self, report: &Report) -> Entry {
        self.events += 1;
        let account = self.scopes.entry((report.participant, report.instrument)).or_default();
        match account.last_event {
            Some(last) if report.event_sequence <= last => {
                self.duplicated += 1;
                return Entry::Repeated;
            }
            Some(last) => self.lost_events += report.event_sequence.0 - last.0 - 1,
            None => {}
        }
        account.last_event = Some(report.event_sequence);
        if report.client_sequence.0 == 0 {
            return Entry::Event;
        }
        while let Some(first) = account.commands.front()
            && first.sequence < report.client_sequence
        {
            self.given_up += u64::from(first.state == State::Waiting);
            account.commands.pop_front();
        }
        match account.commands.front_mut() {
            Some(command) if command.sequence == report.client_sequence => {
                if !command.kind.is_outcome(&report.body) {
                    return Entry::Event;
                }
                match std::mem::replace(&mut command.state, State::Answered) {
                    State::Answered => {
                        self.duplicated += 1;
                        return Entry::Repeated;
                    }
                    State::GivenUp => self.given_up -= 1,
                    State::Waiting => {}
                }
                self.answered += 1;
                Entry::Outcome { due: command.due }
            }
            // A command that was never sent, or one that was over when a later one was answered.
            _ => {
                self.duplicated += 1;
                Entry::Repeated
            }
        }
    }

    /// Commands sent.
    pub fn commands(&self) -> u64 {
        self.sent
    }

    /// Commands with an outcome.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Events that came.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Commands whose outcome is waited for.
    pub fn outstanding(&self) -> u64 {
        self.sent - self.answered - self.given_up
    }

    /// Commands without an outcome that is waited for no longer: the client gave them up, or the engine passed over them.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Commands that have no outcome, and event numbers that never came.
    pub fn lost(&self) -> u64 {
        self.sent - self.answered + self.lost_events
    }

    /// Outcomes and events that came more than once.
    pub fn duplicated(&self) -> u64 {
        self.duplicated
    }
}

impl Kind {
    fn of(action: &Action) -> Self {
        match action {
            Action::New(_) => Self::New,
            Action::Cancel { .. } => Self::Cancel,
            Action::Replace(_) => Self::Replace,
            _ => Self::Other,
        }
    }

    fn is_outcome(self, body: &ReportBody) -> bool {
        match body {
            ReportBody::Execution(execution) => matches!(
                (self, execution.exec_type),
                (Self::New, ExecType::New | ExecType::Rejected)
                    | (Self::Cancel, ExecType::Canceled)
                    | (Self::Replace, ExecType::Replaced)
            ),
            ReportBody::CancelReject { .. } => matches!(self, Self::Cancel | Self::Replace),
            _ => self == Self::Other,
        }
    }
}

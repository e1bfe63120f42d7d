//! Checks exactly-once delivery: records every sent command and that each one got exactly one outcome.
//!
//! The ledger relies neither on the client's bookkeeping nor on the engine's. In each scope (participant, instrument)
//! the event numbers must have no gaps, and each command must have exactly one outcome: a new order is accepted or
//! rejected, a cancel is executed or rejected, and so on. Other reports of a command (trades, the end of an immediate
//! order) are no outcomes.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use lugus_vocabulary::{Action, ClientSequence, EventSequence, ExecType, Report, ReportBody};

use crate::venue::Scope;

/// The sent commands, and what came back.
#[derive(Debug, Default)]
pub struct Ledger {
    scopes: HashMap<Scope, Account>,
    sent: u64,
    answered: u64,
    events: u64,
    /// Number of commands without an outcome that are no longer waited for.
    given_up: u64,
    lost_events: u64,
    duplicated: u64,
}

/// What a report means for its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The outcome of a command.
    Outcome {
        /// When the command was due to be sent.
        due: Instant,
    },
    /// Another event of a command that already has its outcome, or an event that belongs to no command.
    Event,
    /// An event that came before.
    Repeated,
}

#[derive(Debug, Default)]
struct Account {
    last_event: Option<EventSequence>,
    /// Commands without an outcome, and the last one that has an outcome.
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
    /// Given up by the client; an outcome may still come.
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
    /// Records a sent command, which was due to be sent at `due`.
    pub fn sent(&mut self, scope: Scope, sequence: ClientSequence, action: &Action, due: Instant) {
        self.sent += 1;
        let command = Sent { sequence, kind: Kind::of(action), due, state: State::Waiting };
        self.scopes.entry(scope).or_default().commands.push_back(command);
    }

    /// Records that the client gave up a command, so that its outcome is no longer waited for.
    pub fn give_up(&mut self, scope: Scope, sequence: ClientSequence) {
        let commands = self.scopes.get_mut(&scope).into_iter().flat_map(|account| &mut account.commands);
        for command in commands.filter(|command| command.sequence == sequence && command.state == State::Waiting) {
            command.state = State::GivenUp;
            self.given_up += 1;
        }
    }

    /// Records an event.
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
            // The command was never sent, or was dropped when a later one was answered.
            _ => {
                self.duplicated += 1;
                Entry::Repeated
            }
        }
    }

    /// Number of commands sent.
    pub fn commands(&self) -> u64 {
        self.sent
    }

    /// Number of commands with an outcome.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Number of events.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Number of commands whose outcome is still waited for.
    pub fn outstanding(&self) -> u64 {
        self.sent - self.answered - self.given_up
    }

    /// Number of commands without an outcome that are no longer waited for: the client gave them up, or the engine
    /// answered a later one.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Number of commands without an outcome, plus the number of missing events.
    pub fn lost(&self) -> u64 {
        self.sent - self.answered + self.lost_events
    }

    /// Number of outcomes and events that came more than once.
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

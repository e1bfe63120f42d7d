//! What one client process has sent, and what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;

use lugus_client::{CommandNumber, EventHandler, InstrumentId, Report, Status};
use lugus_vocabulary::Action;

use crate::answers::Answers;
use crate::fingerprint::fingerprint;

/// Most things told by a process that are kept as wrong.
const MAXIMUM_WRONG: usize = 5;

/// Outcome of a command, as the session told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// None yet.
    None,
    /// Answered: with the number on the wire, and when, in microseconds from the begin of the run.
    Answered { number: u64, at: u64 },
    /// Given up.
    GaveUp { may_have_been_applied: bool },
    /// Refused: it was not applied.
    Refused,
}

/// A command that a session took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// Fingerprint of the command.
    pub(crate) action: u64,
    /// When it was sent for the first time, in microseconds from the begin of the run.
    pub(crate) at: u64,
    pub(crate) outcome: Outcome,
}

/// What a process knows of an instrument.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// Command `n` is at index `n - 1`.
    pub(crate) commands: Vec<Sent>,
    /// Number and fingerprint of each event that was told.
    pub(crate) events: Vec<(u64, u64)>,
    /// The last event that was told, or told to be lost.
    pub(crate) last_event: Option<u64>,
}

/// What one client process has sent, and what it was told.
#[derive(Debug)]
pub(crate) struct Record {
    answers: Arc<Answers>,
    pub(crate) followed: BTreeMap<InstrumentId, Followed>,
    /// What it was told that can't be true, whatever happened.
    pub(crate) wrong: Vec<String>,
    /// Number of sessions that it has opened.
    pub(crate) sessions: u64,
}

impl Record {
    pub(crate) fn new(answers: Arc<Answers>) -> Self {
        Self { answers, followed: BTreeMap::new(), wrong: Vec::new(), sessions: 0 }
    }

    /// The time, for [`sent`](Self::sent). It must be taken before the session gets the command: a thread that is preempted in between would
    /// otherwise seem to have sent it after others were answered that are behind it in the log.
    pub(crate) fn now(&self) -> u64 {
        self.answers.now()
    }

    /// Notes a command that the session has taken, and that was given to it after this time.
    pub(crate) fn sent(&mut self, at: u64, instrument: InstrumentId, number: CommandNumber, action: &Action) {
        let commands = &mut self.followed.entry(instrument).or_default().commands;
        commands.push(Sent { action: fingerprint(action), at, outcome: Outcome::None });
        let count = commands.len() as u64;
        if number.0 != count {
            self.wrong(format!("command {number} is the {count}th of the session in instrument {instrument}"));
        }
    }

    /// Notes something that can't be true.
    pub(crate) fn wrong(&mut self, what: String) {
        if self.wrong.len() < MAXIMUM_WRONG {
            self.wrong.push(what);
        }
    }

    fn settle(&mut self, instrument: InstrumentId, number: CommandNumber, outcome: Outcome) {
        let command = sent(&mut self.followed, instrument, number);
        match command {
            Some(command) if command.outcome == Outcome::None => command.outcome = outcome,
            command => {
                let before = command.copied();
                self.wrong(format!("command {number} of instrument {instrument}: {outcome:?} after {before:?}"));
            }
        }
    }
}

fn sent(
    followed: &mut BTreeMap<InstrumentId, Followed>,
    instrument: InstrumentId,
    number: CommandNumber,
) -> Option<&mut Sent> {
    let at = usize::try_from(number.0.checked_sub(1)?).ok()?;
    followed.get_mut(&instrument)?.commands.get_mut(at)
}

impl EventHandler for Record {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        let followed = self.followed.entry(report.instrument).or_default();
        let event = report.event_sequence.0;
        followed.events.push((event, fingerprint(report)));
        let last = followed.last_event.replace(event);
        if last.is_some_and(|last| event != last + 1) {
            self.wrong(format!("event {event} was told after {last:?}: {report:?}"));
        }
        if command == CommandNumber::NONE {
            return;
        }
        let answered = Outcome::Answered { number: report.client_sequence.0, at: self.answers.now() };
        match sent(&mut self.followed, report.instrument, command) {
            Some(Sent { outcome: outcome @ Outcome::None, .. }) => {
                *outcome = answered;
                self.answers.note();
            }
            Some(Sent { outcome: Outcome::Answered { number, .. }, .. }) if *number == report.client_sequence.0 => {}
            // The SDK tells an outcome that comes after all.
            Some(Sent { outcome: outcome @ Outcome::GaveUp { may_have_been_applied: true }, .. }) => {
                *outcome = answered;
            }
            other => {
                let before = other.map(|sent| *sent);
                self.wrong(format!("an answer to command {command} after {before:?}: {report:?}"));
            }
        }
    }

    fn on_status(&mut self, status: &Status) {
        match *status {
            Status::Connected { .. } => self.sessions += 1,
            Status::GaveUp { instrument, command, may_have_been_applied } => {
                self.settle(instrument, command, Outcome::GaveUp { may_have_been_applied });
            }
            Status::CommandRefused { instrument, command, .. } => self.settle(instrument, command, Outcome::Refused),
            Status::EventGap { instrument, last_lost, .. } => {
                self.followed.entry(instrument).or_default().last_event = Some(last_lost.0);
            }
            Status::SequencesReset { .. } | Status::MessageDropped { .. } => self.wrong(format!("{status:?}")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use lugus_client::{ClientSequence, EpochNanos, EventSequence, ParticipantId, RejectReason, ReportBody};
    use lugus_vocabulary::ClientOrderId;

    use super::*;

    const INSTRUMENT: InstrumentId = InstrumentId(1);

    fn action(id: u64) -> Action {
        Action::Cancel { orig_client_order_id: ClientOrderId(id) }
    }

    fn reject(event: u64, command: u64) -> Report {
        Report {
            participant: ParticipantId(5),
            instrument: INSTRUMENT,
            event_sequence: EventSequence(event),
            client_sequence: ClientSequence(command),
            time: EpochNanos(1),
            body: ReportBody::CancelReject {
                orig_client_order_id: ClientOrderId(1),
                reason: RejectReason::UnknownOrder,
                client_order_id: ClientOrderId(1),
                order_status: None,
            },
        }
    }

    fn record(commands: u64) -> Record {
        let mut record = Record::new(Arc::new(Answers::new()));
        (1..=commands).for_each(|number| record.sent(record.now(), INSTRUMENT, CommandNumber(number), &action(number)));
        record
    }

    #[test]
    fn a_second_answer_a_hole_and_an_answer_to_nothing_are_wrong() {
        let mut good = record(2);
        good.on_report(&reject(1, 11), CommandNumber(1));
        good.on_report(&reject(2, 12), CommandNumber(2));
        assert_eq!(good.wrong, Vec::<String>::new());

        let mut twice = record(1);
        twice.on_report(&reject(1, 11), CommandNumber(1));
        twice.on_report(&reject(2, 12), CommandNumber(1));
        let mut hole = record(2);
        hole.on_report(&reject(1, 11), CommandNumber(1));
        hole.on_report(&reject(3, 12), CommandNumber(2));
        let mut unsent = record(1);
        unsent.on_report(&reject(1, 11), CommandNumber(2));
        let mut refused = record(1);
        refused.on_status(&Status::GaveUp {
            instrument: INSTRUMENT,
            command: CommandNumber(1),
            may_have_been_applied: false,
        });
        refused.on_report(&reject(1, 11), CommandNumber(1));
        for record in [twice, hole, unsent, refused] {
            assert_eq!(record.wrong.len(), 1, "{record:?}");
        }
    }

    #[test]
    fn an_answer_may_come_after_the_command_was_given_up_as_uncertain() {
        let mut record = record(1);
        let (instrument, command) = (INSTRUMENT, CommandNumber(1));
        record.on_status(&Status::GaveUp { instrument, command, may_have_been_applied: true });
        record.on_report(&reject(1, 11), command);
        assert!(record.wrong.is_empty());
        assert!(matches!(record.followed[&INSTRUMENT].commands[0].outcome, Outcome::Answered { number: 11, .. }));
    }
}

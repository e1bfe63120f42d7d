//! Holds what clients were told against what the committed log says: each answered command was applied once, nothing else was applied,
//! and what was answered before another command was sent is before it in the log.

use std::collections::BTreeMap;

use lugus_vocabulary::{InstrumentId, ParticipantId};

use crate::record::{Followed, Outcome, Record, Sent};
use crate::truth::{Scope, ScopeKey, Told};

/// Most findings of a kind that are told in words.
const MAXIMUM_TOLD: usize = 10;

/// What a client is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// The SDK.
    Sdk,
    /// Aeron's own client in Java.
    Java,
}

/// The processes of a client, in the order in which they took over from one another.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) participant: ParticipantId,
    pub(crate) program: Program,
    pub(crate) processes: Vec<Record>,
}

/// When each applied command was sent and answered, by scope and number, in microseconds from the begin of the run; `u64::MAX` without an
/// answer.
type Times = BTreeMap<ScopeKey, Vec<(u64, u64)>>;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Commands that sessions took.
    pub(crate) commands: u64,
    /// Of these: answered.
    pub(crate) answered: u64,
    /// Refused or given up, as the client was told.
    pub(crate) given_up: u64,
    /// Without any outcome at the end.
    pub(crate) unanswered: u64,
    /// Commands, answered ones and sessions of clients in Java, which are counted above, too.
    pub(crate) java_commands: u64,
    pub(crate) java_answered: u64,
    pub(crate) java_sessions: u64,
    /// Answered commands and told events that the log does not have.
    pub(crate) lost: u64,
    /// Applied commands for which no command of the client accounts: it was applied twice, or though the client was told that it was not.
    pub(crate) duplicated: u64,
    /// Commands that are in the log before one that had been answered before they were sent.
    pub(crate) out_of_order: u64,
    /// In words.
    pub(crate) findings: Vec<String>,
}

impl Verdict {
    /// Compares all histories with the log.
    pub(crate) fn of(histories: &[History], told: &Told) -> Self {
        let mut verdict = Self::default();
        let mut times = Times::new();
        for history in histories {
            verdict.judge(history, told, &mut times);
        }
        verdict.check_order(told, &times);
        verdict.findings.extend(told.impossible.iter().cloned());
        for (key, scope) in &told.scopes {
            if let Some(hole) = scope.applied.hole().or(scope.events.hole()) {
                verdict.find(format!("the logs have no number {hole} of {key:?}, but greater ones"));
            }
        }
        verdict
    }

    fn find(&mut self, what: String) {
        if self.findings.len() < MAXIMUM_TOLD {
            self.findings.push(what);
        }
    }

    fn judge(&mut self, history: &History, told: &Told, times: &mut Times) {
        let participant = history.participant;
        let (commands, answered) = (self.commands, self.answered);
        let mut by_instrument: BTreeMap<InstrumentId, Vec<&Followed>> = BTreeMap::new();
        for record in &history.processes {
            for (instrument, followed) in &record.followed {
                by_instrument.entry(*instrument).or_default().push(followed);
            }
            for wrong in &record.wrong {
                self.find(format!("participant {participant}: {wrong}"));
            }
        }
        for (instrument, followed) in by_instrument {
            let key = (participant, instrument);
            let nothing = Scope::default();
            let scope = told.scopes.get(&key).unwrap_or(&nothing);
            let commands: Vec<Sent> = followed.iter().flat_map(|it| it.commands.iter().copied()).collect();
            self.count(&commands);
            self.check_events(key, &followed, scope);
            self.check_outcomes(key, &commands, scope, times);
        }
        if history.program == Program::Java {
            self.java_commands += self.commands - commands;
            self.java_answered += self.answered - answered;
            self.java_sessions += history.processes.iter().map(|record| record.sessions).sum::<u64>();
        }
    }

    fn count(&mut self, commands: &[Sent]) {
        self.commands += commands.len() as u64;
        for command in commands {
            match command.outcome {
                Outcome::Answered { .. } => self.answered += 1,
                Outcome::GaveUp { .. } | Outcome::Refused => self.given_up += 1,
                Outcome::None => self.unanswered += 1,
            }
        }
    }

    /// Each event that was told is the event of that number in the log.
    fn check_events(&mut self, key: ScopeKey, followed: &[&Followed], scope: &Scope) {
        for (number, event) in followed.iter().flat_map(|it| &it.events) {
            let recorded = scope.events.get(*number);
            if recorded != Some(*event) {
                self.lost += 1;
                let has = if recorded.is_some() { "another event" } else { "none" };
                self.find(format!("event {number} of {key:?} was told, but the log has {has}"));
            }
        }
    }

    /// The commands that were applied are commands of the client in their order: what was answered under its number, what was given up
    /// perhaps.
    fn check_outcomes(&mut self, key: ScopeKey, commands: &[Sent], scope: &Scope, times: &mut Times) {
        let mut next = 0;
        let times = times.entry(key).or_default();
        times.resize(scope.applied.len(), (0, u64::MAX));
        // Millions of commands may have come without an answer: none of them walks through all that follow.
        let number_of = |sent: &Sent| match sent.outcome {
            Outcome::Answered { number, .. } => Some(number),
            _ => None,
        };
        let numbers = commands.iter().enumerate();
        let mut answers: Vec<(u64, usize)> = numbers.filter_map(|(at, sent)| Some((number_of(sent)?, at))).collect();
        answers.sort_unstable();
        for (number, applied) in scope.applied.iter() {
            let rest = &commands[next..];
            let answer = answers.get(answers.partition_point(|&answer| answer < (number, next)));
            let found = answer.filter(|(of, _)| *of == number).map(|(_, at)| at - next).or_else(|| {
                let unanswered = rest.iter().take_while(|sent| !is_answered(sent));
                unanswered.enumerate().find(|(_, sent)| may_be(sent, applied)).map(|(at, _)| at)
            });
            let Some(found) = found else {
                self.duplicated += 1;
                self.find(format!("command {number} of {key:?} was applied without a reason"));
                continue;
            };
            // What is passed over was answered under another number, but is not in the log there.
            self.note_lost(key, &rest[..found]);
            let sent = rest[found];
            if sent.action != applied {
                self.lost += 1;
                self.find(format!("the answer to command {number} of {key:?} is that to another command"));
            }
            let answered = match sent.outcome {
                Outcome::Answered { at, .. } => at,
                _ => u64::MAX,
            };
            times[number as usize - 1] = (sent.at, answered);
            next += found + 1;
        }
        self.note_lost(key, &commands[next..]);
    }

    fn note_lost(&mut self, key: ScopeKey, commands: &[Sent]) {
        for sent in commands.iter().filter(|sent| is_answered(sent)) {
            self.lost += 1;
            self.find(format!("a command of {key:?} was answered, but is not in the log: {sent:?}"));
        }
    }

    /// Of two commands, of which one was answered before the other was sent, the first one is first in the log.
    fn check_order(&mut self, told: &Told, times: &Times) {
        for order in &told.order {
            self.check_order_of(order, times);
        }
    }

    fn check_order_of(&mut self, order: &[(ScopeKey, u64)], times: &Times) {
        let mut latest_sent = 0;
        for (key, number) in order {
            let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            let Some((sent, answered)) = times.get(key).and_then(|times| times.get(at)) else { continue };
            if *answered < latest_sent {
                self.out_of_order += 1;
                self.find(format!(
                    "command {number} of {key:?} was answered {} us before another one was sent that is before it in the log",
                    latest_sent - answered
                ));
            }
            latest_sent = latest_sent.max(*sent);
        }
    }
}

fn is_answered(sent: &Sent) -> bool {
    matches!(sent.outcome, Outcome::Answered { .. })
}

/// Whether it may be this command that was applied, though the client knows of no answer.
fn may_be(sent: &Sent, applied: u64) -> bool {
    let may_be = matches!(sent.outcome, Outcome::GaveUp { may_have_been_applied: true } | Outcome::None);
    may_be && sent.action == applied
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answers::Answers;
    use crate::numbered::Numbered;

    const KEY: ScopeKey = (ParticipantId(5), InstrumentId(1));
    const NOT_APPLIED: Outcome = Outcome::GaveUp { may_have_been_applied: false };
    const UNCERTAIN: Outcome = Outcome::GaveUp { may_have_been_applied: true };

    fn answered(number: u64) -> Outcome {
        Outcome::Answered { number, at: 0 }
    }

    /// A history of commands with these fingerprints and outcomes, and of events.
    fn history(commands: &[(u64, Outcome)], events: &[(u64, u64)]) -> History {
        let mut record = Record::new(Arc::new(Answers::new()));
        let followed = record.followed.entry(KEY.1).or_default();
        followed.events = events.to_vec();
        let sent = |(at, (action, outcome)): (usize, &(u64, Outcome))| {
            let at = 10 * (at as u64 + 1);
            let outcome = match *outcome {
                Outcome::Answered { number, .. } => Outcome::Answered { number, at: at + 5 },
                other => other,
            };
            Sent { action: *action, at, outcome }
        };
        followed.commands = commands.iter().enumerate().map(sent).collect();
        History { participant: KEY.0, program: Program::Sdk, processes: vec![record] }
    }

    fn numbered(values: &[u64]) -> Numbered {
        let mut numbered = Numbered::default();
        (1..).zip(values).for_each(|(number, value)| assert!(numbered.put(number, *value)));
        numbered
    }

    fn log(applied: &[u64], events: &[u64]) -> Told {
        let mut told = Told::default();
        told.scopes.insert(KEY, Scope { applied: numbered(applied), events: numbered(events) });
        told.order = vec![(1..=applied.len() as u64).map(|number| (KEY, number)).collect()];
        told
    }

    fn counts(history: History, told: &Told) -> [u64; 3] {
        let verdict = Verdict::of(&[history], told);
        [verdict.lost, verdict.duplicated, verdict.out_of_order]
    }

    #[test]
    fn what_was_answered_once_and_what_was_given_up_perhaps_is_right() {
        let commands =
            [(7, answered(1)), (8, NOT_APPLIED), (9, UNCERTAIN), (9, answered(2)), (4, UNCERTAIN), (5, answered(4))];
        let told = log(&[7, 9, 4, 5], &[70, 90]);
        assert_eq!(counts(history(&commands, &[(1, 70), (2, 90)]), &told), [0, 0, 0]);
        // The one that was given up was applied, and the next one as well.
        let told = log(&[7, 9, 9, 4, 5], &[]);
        let commands = [(7, answered(1)), (9, UNCERTAIN), (9, answered(3)), (4, UNCERTAIN), (5, answered(5))];
        assert_eq!(counts(history(&commands, &[]), &told), [0, 0, 0]);
    }

    #[test]
    fn an_answered_command_that_is_not_in_the_log_is_lost() {
        assert_eq!(counts(history(&[(7, answered(1)), (8, answered(2))], &[]), &log(&[7], &[])), [1, 0, 0]);
        // Another command has its number.
        assert_eq!(counts(history(&[(7, answered(1)), (8, answered(2))], &[]), &log(&[7, 6], &[])), [1, 0, 0]);
        // An event that was told is another one in the log, or none.
        let commands = [(7, answered(1))];
        assert_eq!(counts(history(&commands, &[(1, 70)]), &log(&[7], &[71])), [1, 0, 0]);
        assert_eq!(counts(history(&commands, &[(1, 70), (2, 71)]), &log(&[7], &[70])), [1, 0, 0]);
    }

    #[test]
    fn a_command_that_was_applied_twice_or_against_what_was_told_is_duplicated() {
        assert_eq!(counts(history(&[(7, answered(1)), (8, answered(3))], &[]), &log(&[7, 7, 8], &[])), [0, 1, 0]);
        assert_eq!(counts(history(&[(7, NOT_APPLIED), (8, answered(2))], &[]), &log(&[7, 8], &[])), [0, 1, 0]);
        assert_eq!(counts(history(&[(7, Outcome::Refused)], &[]), &log(&[7], &[])), [0, 1, 0]);
    }

    #[test]
    fn the_log_has_commands_in_the_order_in_which_clients_saw_them() {
        let mut told = log(&[7, 8], &[]);
        assert_eq!(counts(history(&[(7, answered(1)), (8, answered(2))], &[]), &told), [0, 0, 0]);
        // The first one was answered (15) before the second one was sent (20).
        told.order[0].reverse();
        assert_eq!(counts(history(&[(7, answered(1)), (8, answered(2))], &[]), &told), [0, 0, 1]);
    }

    #[test]
    fn the_next_process_of_a_participant_goes_on_where_the_one_before_ended() {
        let mut first = history(&[(7, answered(1)), (8, UNCERTAIN)], &[]);
        let second = history(&[(8, answered(3)), (9, Outcome::None)], &[]);
        first.processes.extend(second.processes);
        let verdict = Verdict::of(&[first], &log(&[7, 8, 8], &[]));
        assert_eq!([verdict.lost, verdict.duplicated, verdict.commands, verdict.answered], [0, 0, 4, 2]);
        assert_eq!((verdict.given_up, verdict.unanswered), (1, 1));
    }
}

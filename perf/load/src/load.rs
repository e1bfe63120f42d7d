//! Sends prepared commands at a pace, and writes down when each was sent and answered.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use aeron_cluster_client::{ClientError, DisconnectReason, OfferError};
use aeron_support::{AeronError, IdleStrategy, Idler};

use crate::commands::{Answers, Commands};
use crate::measured::{NEVER, Times};

/// Greatest number of commands sent between two polls.
const BURST: usize = 64;

/// Time without an answer after which a run ends, with commands unanswered. Nothing is sent again: what is lost stays lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where commands are sent to, and answers come from: sessions with a cluster, or Aeron alone.
pub trait Endpoint {
    /// Sends a message in a session, without waiting. Returns whether it was sent; otherwise it can be offered again.
    ///
    /// # Errors
    /// When the message, or nothing at all, can be sent.
    fn offer(&mut self, session: usize, message: &[u8]) -> Result<bool, LoadError>;

    /// Passes on the messages that have come, with their sessions, and does what keeps the sessions alive. Returns the number of
    /// items of work.
    ///
    /// # Errors
    /// When a session has ended or was lost.
    fn poll(&mut self, on_message: &mut impl FnMut(usize, &[u8])) -> Result<usize, LoadError>;

    /// Number of elections so far that the sessions were told of.
    fn leader_changes(&self) -> u64;
}

/// How commands are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Closed loop: the next command is sent when fewer than this many are unanswered. A round trip counts from when its command
    /// was sent.
    InFlight(u32),
    /// Open loop: this many commands a second, whatever the answers do. A round trip counts from when its command was due, so
    /// that a stall counts for all commands that had to wait (no coordinated omission).
    Rate(u32),
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFlight(count) => write!(formatter, "{count} in flight"),
            Self::Rate(rate @ 1_000..) if rate % 1_000 == 0 => write!(formatter, "{},000 a second", rate / 1_000),
            Self::Rate(rate) => write!(formatter, "{rate} a second"),
        }
    }
}

/// Why a load could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A session has ended, or could not be made.
    #[error("session {session}: {source}")]
    Session {
        /// Number of the session, from 0.
        session: usize,
        /// Why.
        source: ClientError,
    },
    /// A session was lost, and with it the answers that were on their way.
    #[error("session {session} was lost: {reason:?}")]
    Lost {
        /// Number of the session, from 0.
        session: usize,
        /// Why.
        reason: DisconnectReason,
    },
    /// Not all sessions were open in time.
    #[error("session {session} is not open after {waited:?}: {problem}")]
    NotConnected {
        /// Number of the session, from 0.
        session: usize,
        /// How long it was tried.
        waited: Duration,
        /// What stood in the way.
        problem: String,
    },
    /// A message can't be sent at all.
    #[error("a command can't be sent: {0}")]
    Offer(#[from] OfferError),
    /// Aeron alone, without a cluster, has failed.
    #[error(transparent)]
    Aeron(#[from] AeronError),
    /// The other side of a ping-pong is not there in time.
    #[error("no connection with the other side of the ping-pong within {waited:?}")]
    NoPong {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// A load on one thread.
#[derive(Debug)]
pub struct Load<E> {
    endpoint: E,
    answers: Answers,
    idle: IdleStrategy,
    epoch: Instant,
}

impl<E: Endpoint> Load<E> {
    /// A load of an endpoint that gives these answers. `idle` is what its thread does while it has nothing to do.
    pub fn new(endpoint: E, answers: Answers, idle: IdleStrategy) -> Self {
        Self { endpoint, answers, idle, epoch: Instant::now() }
    }

    /// Sends the commands with these numbers, which are prepared, in order, for `duration` at most, and waits for their answers.
    /// The times have as many commands as were sent.
    ///
    /// # Errors
    /// The endpoint's. A command without an answer is no error; it has no time of an answer.
    pub fn run<F>(
        &mut self,
        commands: &Commands<F>,
        numbers: Range<usize>,
        pace: Pace,
        duration: Duration,
    ) -> Result<Times, LoadError> {
        let (total, leader_changes) = (numbers.len(), self.endpoint.leader_changes());
        let times = Times::new(self.epoch, numbers.start, total);
        let begun = self.epoch.elapsed().as_nanos() as u64;
        let end = begun.saturating_add(duration.as_nanos() as u64);
        let Self { endpoint, answers, idle, epoch } = self;
        let (answers, epoch) = (*answers, *epoch);
        let progress = Progress { times, sent: 0, answered: 0, last_answer: begun };
        let mut run = Run { endpoint, commands, answers, epoch, begun, end, total, progress };
        let mut idler = Idler::new(*idle);
        while !run.is_over() {
            let work = run.send(pace)? + run.poll()?;
            idler.idle(work);
        }
        let Progress { mut times, sent, .. } = run.progress;
        times.duration = begun..epoch.elapsed().as_nanos() as u64;
        times.leader_changes = self.endpoint.leader_changes() - leader_changes;
        times.truncate(sent);
        Ok(times)
    }
}

/// A load that is being sent; times in nanoseconds since the epoch.
struct Run<'a, E, F> {
    endpoint: &'a mut E,
    commands: &'a Commands<F>,
    answers: Answers,
    epoch: Instant,
    begun: u64,
    end: u64,
    total: usize,
    progress: Progress,
}

struct Progress {
    times: Times,
    sent: usize,
    answered: usize,
    last_answer: u64,
}

impl<E: Endpoint, F> Run<'_, E, F> {
    #[inline]
    fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    /// Whether all is sent and answered, or no answer comes any more.
    #[inline]
    fn is_over(&self) -> bool {
        let Progress { sent, answered, last_answer, .. } = self.progress;
        let now = self.now();
        let is_sent = sent == self.total || now >= self.end;
        is_sent && (sent == answered || Duration::from_nanos(now.saturating_sub(last_answer.max(self.end))) > PATIENCE)
    }

    /// Sends what may be sent now; returns the number of commands sent.
    #[inline]
    fn send(&mut self, pace: Pace) -> Result<usize, LoadError> {
        for count in 0..BURST {
            let Progress { sent, answered, .. } = self.progress;
            let now = self.now();
            let due = match pace {
                Pace::InFlight(most) if sent - answered >= most as usize => return Ok(count),
                Pace::InFlight(_) => now,
                Pace::Rate(rate) => self.begun + sent as u64 * 1_000_000_000 / u64::from(rate.max(1)),
            };
            if sent == self.total || due > now || due >= self.end {
                return Ok(count);
            }
            let (session, message) = self.commands.message(self.progress.times.first + sent);
            if !self.endpoint.offer(session, message)? {
                return Ok(count);
            }
            self.progress.times.due[sent] = due;
            self.progress.times.sent[sent] = now;
            self.progress.sent = sent + 1;
        }
        Ok(BURST)
    }

    /// Polls all sessions; returns the number of their items of work.
    #[inline]
    fn poll(&mut self) -> Result<usize, LoadError> {
        let Self { endpoint, commands, answers, epoch, progress, .. } = self;
        endpoint.poll(&mut |session, message| {
            if let Some(number) = commands.answered_by(*answers, session, message) {
                progress.heard(number, epoch.elapsed().as_nanos() as u64);
            }
        })
    }
}

impl Progress {
    /// The command with this number was answered. An answer to a command of an earlier run comes too late to count.
    #[inline]
    fn heard(&mut self, number: usize, now: u64) {
        let place = number.checked_sub(self.times.first).filter(|&place| place < self.sent);
        let Some(heard) = place.and_then(|place| self.times.heard.get_mut(place)) else { return };
        if *heard == NEVER {
            *heard = now;
            self.answered += 1;
            self.last_answer = now;
        } else {
            self.times.further += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};

    use super::*;

    /// Answers each message twice once `delay` more have been sent, and takes no message at every third attempt.
    #[derive(Default)]
    struct Late {
        delay: usize,
        waiting: VecDeque<(usize, Vec<u8>)>,
        attempts: u64,
        most_waiting: usize,
    }

    impl Endpoint for Late {
        fn offer(&mut self, session: usize, message: &[u8]) -> Result<bool, LoadError> {
            self.attempts += 1;
            if self.attempts.is_multiple_of(3) {
                return Ok(false);
            }
            self.waiting.push_back((session, message.to_vec()));
            self.most_waiting = self.most_waiting.max(self.waiting.len());
            Ok(true)
        }

        fn poll(&mut self, on_message: &mut impl FnMut(usize, &[u8])) -> Result<usize, LoadError> {
            let is_due = self.waiting.len() > self.delay;
            if is_due && let Some((session, message)) = self.waiting.pop_front() {
                on_message(session, &message);
                on_message(session, &message);
            }
            Ok(is_due.into())
        }

        fn leader_changes(&self) -> u64 {
            0
        }
    }

    fn run(delay: usize, pace: Pace, duration: Duration) -> (Late, Times) {
        let options = SyntheticOptions { steps: 1_000, participants: 2, ..SyntheticOptions::default() };
        let mut commands = Commands::new(SyntheticFlow::new(options));
        commands.prepare(1_000).expect("a flow");
        let mut load = Load::new(Late { delay, ..Late::default() }, Answers::Echoes, IdleStrategy::Yielding);
        let times = load.run(&commands, 100..600, pace, duration).expect("sent");
        (load.endpoint, times)
    }

    #[test]
    fn a_closed_loop_has_no_more_commands_in_flight_than_its_pace_allows() {
        let (endpoint, times) = run(0, Pace::InFlight(7), Duration::from_secs(60));
        assert_eq!(endpoint.most_waiting, 7);
        assert_eq!((times.first, times.commands(), times.answered(), times.further), (100, 500, 500, 500));
        assert!(times.due.iter().zip(&times.heard).all(|(due, heard)| due <= heard));
    }

    #[test]
    fn an_open_loop_counts_from_when_a_command_was_due() {
        let (_, times) = run(0, Pace::Rate(5_000), Duration::from_secs(60));
        assert_eq!(times.answered(), 500);
        assert!(times.due.windows(2).all(|pair| pair[1] - pair[0] == 200_000), "evenly in time, whatever was busy");
        assert!(times.due.iter().zip(&times.sent).all(|(due, sent)| due <= sent));
    }

    #[test]
    fn a_run_ends_when_its_time_is_over_and_what_is_not_answered_is_told() {
        let (_, times) = run(3, Pace::Rate(1_000), Duration::from_millis(50));
        assert_eq!((times.commands(), times.unanswered()), (50, 3));
    }

    #[test]
    fn a_pace_has_a_name_for_people() {
        let name = |pace: Pace| pace.to_string();
        assert_eq!(name(Pace::InFlight(1)), "1 in flight");
        assert_eq!(name(Pace::Rate(10_000)), "10,000 a second");
        assert_eq!(name(Pace::Rate(1_500)), "1500 a second");
    }
}

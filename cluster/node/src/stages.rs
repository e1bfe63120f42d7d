//! Time stamps of sampled commands, from the log to the answer.
//!
//! The container gives a message times if it is one of those that are sampled ([`Header::times`]); the service adds its own. A command
//! that is stamped takes the same way through the same code as one that is not, so that its times are those of any command.

use aeron_cluster_service::{Header, MessageTimes};
use lugus_stages::{StageRecord, StageWriter};
use lugus_vocabulary::{ClientSequence, Command, EpochNanos, InstrumentId, LogPosition, ParticipantId};

/// The wall clock of the machine, as the container and a client on the same host have it.
pub type Clock = Box<dyn Fn() -> EpochNanos>;

/// Takes the stamps of one message after the other, and writes the records of those that were sampled commands.
pub struct StageRecorder {
    writer: StageWriter,
    clock: Clock,
    /// The message at hand, if it is sampled.
    sampled: Option<Sampled>,
}

/// Stamps of the message at hand.
struct Sampled {
    log_position: LogPosition,
    logged: EpochNanos,
    times: MessageTimes,
    /// Scope, number and begin of the command, once the engine has begun.
    begun: Option<(ParticipantId, InstrumentId, ClientSequence, EpochNanos)>,
    answered: Option<EpochNanos>,
    offered: Option<EpochNanos>,
}

impl StageRecorder {
    /// A recorder with the wall clock of the machine.
    pub fn new(writer: StageWriter) -> Self {
        Self::with_clock(writer, Box::new(wall_clock))
    }

    /// A recorder with another clock.
    pub fn with_clock(writer: StageWriter, clock: Clock) -> Self {
        Self { writer, clock, sampled: None }
    }

    /// A message of the log, taken by the consensus module at `logged`.
    #[inline]
    pub(crate) fn message(&mut self, header: &Header, logged: EpochNanos) {
        self.sampled = header.times.map(|times| Sampled {
            log_position: LogPosition(header.position),
            logged,
            times,
            begun: None,
            answered: None,
            offered: None,
        });
    }

    /// The message is a command, and the engine begins with it.
    #[inline]
    pub(crate) fn engine_begins(&mut self, command: &Command) {
        if let Some(sampled) = &mut self.sampled {
            let Command { participant, instrument, client_sequence, .. } = *command;
            sampled.begun = Some((participant, instrument, client_sequence, (self.clock)()));
        }
    }

    /// The engine tells the sender a report or reply, which is about to be encoded and offered.
    #[inline]
    pub(crate) fn answers(&mut self) {
        if let Some(sampled) = &mut self.sampled
            && sampled.answered.is_none()
        {
            sampled.answered = Some((self.clock)());
        }
    }

    /// The report or reply was offered to the sender's egress.
    #[inline]
    pub(crate) fn offered(&mut self) {
        if let Some(sampled) = &mut self.sampled
            && sampled.offered.is_none()
        {
            sampled.offered = Some((self.clock)());
        }
    }

    /// The engine is done with the command.
    #[inline]
    pub(crate) fn applied(&mut self) {
        let Some(Sampled { log_position, logged, times, begun, answered, offered }) = self.sampled.take() else {
            return;
        };
        let Some((participant, instrument, client_sequence, engine_begun)) = begun else { return };
        self.writer.write(&StageRecord {
            log_position,
            participant,
            instrument,
            client_sequence,
            logged,
            committed: EpochNanos(times.committed_ns),
            polled: EpochNanos(times.polled_ns),
            engine_begun,
            answered,
            offered,
            applied: (self.clock)(),
        });
    }
}

fn wall_clock() -> EpochNanos {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    EpochNanos(since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
#[path = "stages_tests.rs"]
mod tests;

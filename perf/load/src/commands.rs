//! The messages of a flow, encoded before the clock starts, and the way back from an answer to its command.

use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{CommandBuffer, MAXIMUM_COMMAND_LENGTH, decode_command, decode_report, encode_command};
use lugus_replay::flow::{Flow, FlowError};
use lugus_vocabulary::{ClientSequence, Command, InstrumentId, ParticipantId};

/// Greatest number of commands that are made before they are sent.
pub const MAXIMUM_PREPARED: usize = 8_000_000;

/// Encoded commands in the order in which they are sent, numbered from 0 on. A command of the flow's n-th participant is sent in
/// the n-th session.
pub struct Commands<F> {
    flow: F,
    first_instrument: u32,
    participants: Vec<ParticipantId>,
    /// All messages, one behind the other.
    bytes: Vec<u8>,
    /// End of each message in `bytes`, and its session.
    messages: Vec<Message>,
    /// For each scope, which is a session and an instrument: the number of each command, by its client sequence less one.
    scopes: Vec<Vec<u32>>,
    instruments: usize,
}

#[derive(Debug, Clone, Copy)]
struct Message {
    end: u32,
    session: u16,
}

/// What answers a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Lugus: an event with the command's client sequence.
    Reports,
    /// An echo service: the command itself.
    Echoes,
}

impl<F: Flow> Commands<F> {
    /// No commands of a flow yet. The flow is given to a cluster to which its participants have sent nothing yet.
    pub fn new(flow: F) -> Self {
        let first_instrument = flow.instruments().first().map_or(0, |definition| definition.instrument.0);
        let participants = flow.participants().to_vec();
        let instruments = flow.instruments().len();
        let scopes = vec![Vec::new(); participants.len() * instruments];
        Self { flow, first_instrument, participants, bytes: Vec::new(), messages: Vec::new(), scopes, instruments }
    }

    /// Makes commands until there are `total`, or as many as the flow has or [`MAXIMUM_PREPARED`] allows; returns their number.
    ///
    /// # Errors
    /// The flow's.
    pub fn prepare(&mut self, total: usize) -> Result<usize, FlowError> {
        let more = total.min(MAXIMUM_PREPARED).saturating_sub(self.messages.len());
        self.messages.reserve(more);
        self.bytes.reserve(more * MAXIMUM_COMMAND_LENGTH);
        let mut buffer: CommandBuffer = [0; MAXIMUM_COMMAND_LENGTH];
        while self.messages.len() < total.min(MAXIMUM_PREPARED) {
            let Some(step) = self.flow.next().transpose()? else { break };
            let Some(session) = self.participants.iter().position(|&participant| participant == step.participant)
            else {
                continue;
            };
            let number = self.messages.len() as u32;
            let Some(scope) = self.scope(session, step.instrument).and_then(|scope| self.scopes.get_mut(scope)) else {
                continue;
            };
            scope.push(number);
            let client_sequence = ClientSequence(scope.len() as u64);
            let (participant, instrument) = (step.participant, step.instrument);
            let command = Command { participant, instrument, client_sequence, action: step.action };
            self.bytes.extend_from_slice(encode_command(&command, &mut buffer));
            self.messages.push(Message { end: self.bytes.len() as u32, session: session as u16 });
        }
        Ok(self.messages.len())
    }
}

impl<F> Commands<F> {
    /// The participants, one for each session.
    pub fn participants(&self) -> &[ParticipantId] {
        &self.participants
    }

    /// The session of a command that has been made.
    pub fn session_of(&self, number: usize) -> Option<usize> {
        self.messages.get(number).map(|message| message.session.into())
    }

    /// The session of a command that has been made, and its message.
    #[inline]
    pub(crate) fn message(&self, number: usize) -> (usize, &[u8]) {
        let begin = number.checked_sub(1).map_or(0, |previous| self.messages[previous].end as usize);
        let Message { end, session } = self.messages[number];
        (session.into(), &self.bytes[begin..end as usize])
    }

    /// The number of the command that a message of the cluster to `session` answers; `None` for what answers no command, such as
    /// the fill of a resting order.
    #[inline]
    pub(crate) fn answered_by(&self, answers: Answers, session: usize, message: &[u8]) -> Option<usize> {
        let envelope = Envelope::open(message).ok()?;
        let (instrument, client_sequence) = match answers {
            Answers::Reports => {
                decode_report(envelope).ok()?.map(|report| (report.instrument, report.client_sequence))?
            }
            Answers::Echoes => {
                let command = decode_command(self.participants[session], envelope).ok()??;
                (command.instrument, command.client_sequence)
            }
        };
        self.in_scope(session, instrument, client_sequence)
    }

    /// The number of a participant's command.
    pub fn number_of(
        &self,
        participant: ParticipantId,
        instrument: InstrumentId,
        client_sequence: ClientSequence,
    ) -> Option<usize> {
        let session = self.participants.iter().position(|one| *one == participant)?;
        self.in_scope(session, instrument, client_sequence)
    }

    #[inline]
    fn in_scope(&self, session: usize, instrument: InstrumentId, client_sequence: ClientSequence) -> Option<usize> {
        let place = usize::try_from(client_sequence.0.checked_sub(1)?).ok()?;
        self.scopes.get(self.scope(session, instrument)?)?.get(place).map(|&number| number as usize)
    }

    #[inline]
    fn scope(&self, session: usize, instrument: InstrumentId) -> Option<usize> {
        let nth = instrument.0.checked_sub(self.first_instrument)? as usize;
        (nth < self.instruments).then_some(session * self.instruments + nth)
    }
}

#[cfg(test)]
mod tests {
    use lugus_codecs::order_entry::encode_report;
    use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
    use lugus_vocabulary::{EpochNanos, EventSequence, Report, ReportBody};

    use super::*;

    fn commands() -> Commands<SyntheticFlow> {
        let options = SyntheticOptions { steps: 500, participants: 3, instruments: 2, ..SyntheticOptions::default() };
        Commands::new(SyntheticFlow::new(options))
    }

    #[test]
    fn each_echo_and_each_report_leads_back_to_its_command() {
        let mut commands = commands();
        assert_eq!(commands.prepare(200).expect("a flow"), 200);
        assert_eq!(commands.prepare(1_000).expect("a flow"), 500, "as many as the flow has");
        let mut sessions = [0; 3];
        for number in 0..500 {
            let (session, message) = commands.message(number);
            sessions[session] += 1;
            assert_eq!(commands.answered_by(Answers::Echoes, session, message), Some(number));
            let participant = commands.participants()[session];
            let command = decode_command(participant, Envelope::open(message).expect("a message"));
            let command = command.expect("sound").expect("a command");
            let mut report = Report {
                participant,
                instrument: command.instrument,
                event_sequence: EventSequence(1),
                client_sequence: command.client_sequence,
                time: EpochNanos(1),
                body: ReportBody::MassCancel { target: participant, affected: 0 },
            };
            let mut buffer = [0; 512];
            let answered = |report: &Report, buffer: &mut _| {
                commands.answered_by(Answers::Reports, session, encode_report(report, buffer))
            };
            assert_eq!(answered(&report, &mut buffer), Some(number));
            let of = |participant| commands.number_of(participant, command.instrument, command.client_sequence);
            assert_eq!((of(participant), of(ParticipantId(99))), (Some(number), None));
            for unknown in [0, 501] {
                report.client_sequence = ClientSequence(unknown);
                assert_eq!(answered(&report, &mut buffer), None, "an event of no command");
            }
        }
        assert!(sessions.iter().all(|&sent| sent > 50), "{sessions:?}");
        assert_eq!(commands.answered_by(Answers::Reports, 0, b"no message"), None);
    }
}

//! A cluster whose service only echoes, as a venue: it shows what the cluster itself costs, without any trading.
//!
//! A replay measures it as it measures a trading cluster, so that the figures can be compared. The echo service may be
//! written in any language (Aeron's Java container, or this project's in Rust); it only has to send each message back
//! to the session that it came from. Messages have 100 bytes. An echo service keeps no state, so a message that is
//! lost in a fail-over stays lost.

use std::time::{Duration, Instant};

use aeron_cluster_client::{AeronCluster, ClientError, Context, EgressListener, NewLeader, OfferError, State};
use lugus_vocabulary::{
    Action, ClientSequence, EpochNanos, EventSequence, InstrumentDefinition, InstrumentId, ParticipantId, Report,
    ReportBody,
};

use crate::flow::{Flow, FlowError, Step};
use crate::venue::{Submission, Venue, VenueError, VenueEvent};

/// Length of a message in bytes, without Aeron's headers.
pub const ECHO_MESSAGE_LENGTH: usize = 100;

/// The participant that sends the messages.
const SENDER: ParticipantId = ParticipantId(1);

/// Placeholder command of every step, as the messages contain none: it needs neither an order nor an instrument.
const NOTHING: Action = Action::MassCancel { target: SENDER, side: None };

/// A flow of messages for an echo service.
#[derive(Debug)]
pub struct EchoFlow {
    messages: u64,
    made: u64,
}

impl EchoFlow {
    /// A flow of this number of messages.
    pub fn new(messages: u64) -> Self {
        Self { messages, made: 0 }
    }
}

impl Iterator for EchoFlow {
    type Item = Result<Step, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.made == self.messages {
            return None;
        }
        self.made += 1;
        Some(Ok(Step { participant: SENDER, instrument: InstrumentId::NONE, action: NOTHING, trade: None }))
    }
}

impl Flow for EchoFlow {
    fn name(&self) -> String {
        format!("echo of {ECHO_MESSAGE_LENGTH} bytes")
    }

    fn instruments(&self) -> &[InstrumentDefinition] {
        &[]
    }

    fn participants(&self) -> &[ParticipantId] {
        &[SENDER]
    }

    fn expected_steps(&self) -> u64 {
        self.messages
    }
}

/// A session with a cluster that echoes.
pub struct EchoVenue {
    cluster: AeronCluster,
    sent: u64,
    message: [u8; ECHO_MESSAGE_LENGTH],
}

impl EchoVenue {
    /// Opens a session, and waits until it is open.
    ///
    /// # Errors
    ///
    /// When the context is invalid, or no session is open within `patience`.
    pub fn connect(context: Context, patience: Duration) -> Result<Self, VenueError> {
        let mut cluster = AeronCluster::new(context).map_err(ended)?;
        let begun = Instant::now();
        while cluster.state() != State::Connected {
            cluster.do_work(&mut EchoListener(&mut |_| ())).map_err(ended)?;
            if begun.elapsed() > patience {
                let problem = cluster.problem().map_or("no answer".to_owned(), ToString::to_string);
                return Err(VenueError::NotConnected { waited: patience, problem });
            }
            std::thread::yield_now();
        }
        Ok(Self { cluster, sent: 0, message: [0; ECHO_MESSAGE_LENGTH] })
    }
}

impl Venue for EchoVenue {
    fn submit(&mut self, _step: &Step) -> Result<Submission, VenueError> {
        let number = self.sent + 1;
        self.message[..8].copy_from_slice(&number.to_le_bytes());
        match self.cluster.offer(&self.message) {
            Ok(_) => {
                self.sent = number;
                Ok(Submission::Sent(ClientSequence(number)))
            }
            Err(error) if error.is_retryable() || error == OfferError::NotConnected => Ok(Submission::Busy),
            Err(error) => Err(VenueError::Session { participant: SENDER.0, source: error.into() }),
        }
    }

    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError> {
        self.cluster.do_work(&mut EchoListener(on_event)).map_err(ended)
    }
}

struct EchoListener<'a>(&'a mut dyn FnMut(VenueEvent<'_>));

impl EgressListener for EchoListener<'_> {
    fn on_message(&mut self, _cluster_session_id: i64, timestamp: i64, message: &[u8]) {
        let Some(number) = message.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else { return };
        let report = Report {
            participant: SENDER,
            instrument: InstrumentId::NONE,
            event_sequence: EventSequence(number),
            client_sequence: ClientSequence(number),
            time: EpochNanos(timestamp),
            body: ReportBody::MassCancel { target: SENDER, affected: 0 },
        };
        (self.0)(VenueEvent::Report(&report));
    }

    fn on_new_leader(&mut self, _event: &NewLeader) {
        (self.0)(VenueEvent::NewLeader);
    }
}

fn ended(error: ClientError) -> VenueError {
    VenueError::Session { participant: SENDER.0, source: error.into() }
}

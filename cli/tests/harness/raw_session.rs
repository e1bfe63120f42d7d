//! A session that sends any bytes and records every answer: only Aeron's protocol, without the SDK.

use std::rc::Rc;
use std::time::Duration;

use lugus_client::cluster::{BlockingCluster, EgressListener, State};
use lugus_codecs::order_entry::{
    MAXIMUM_COMMAND_LENGTH, MessageReject, decode_message_reject, decode_reply, decode_report, encode_command,
};
use lugus_codecs::{Envelope, MessageError, market_data};
use lugus_media_driver::ClientDriver;
use lugus_topology::ClusterSpec;
use lugus_vocabulary::{
    Action, ClientOrderId, ClientSequence, Command, Execution, InstrumentId, MessageRejectReason, NewOrder,
    ParticipantId, Price, Quantity, Reply, ReportBody, Side,
};

use super::PATIENCE;
use super::connection::{context_of, driver};
use super::local_cluster::LocalCluster;

/// An answer of the cluster, decoded as far as tests need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Execution { client_sequence: u64, event_sequence: u64, order_id: u64, time: i64 },
    SequenceReject { expected: u64 },
    Moved { epoch: u64 },
    CommandRefused,
    MessageReject { template_id: u16, reason: MessageRejectReason },
    Other { template_id: u16 },
}

/// A cluster session for any bytes.
pub struct RawSession {
    // Declared before the driver, which must outlive it.
    cluster: BlockingCluster<Answers>,
    _driver: Rc<ClientDriver>,
}

impl RawSession {
    /// Opens a session of `participant` with the first cluster.
    pub fn connect(cluster: &LocalCluster, participant: u32) -> Self {
        Self::connect_to(cluster, &cluster.spec(), Rc::new(driver(cluster)), participant)
    }

    /// Opens a session of `participant` with one of several clusters.
    pub fn connect_to(cluster: &LocalCluster, spec: &ClusterSpec, driver: Rc<ClientDriver>, participant: u32) -> Self {
        let context = context_of(cluster, spec, &driver, participant);
        let cluster = BlockingCluster::connect(context, Answers::default(), PATIENCE).expect("a session");
        Self { cluster, _driver: driver }
    }

    /// Sends `message`.
    pub fn send(&mut self, message: &[u8]) {
        self.cluster.send(message, PATIENCE).expect("sent");
    }

    /// Sends `message` if the leader takes it at once, and reads nothing; returns whether it did.
    pub fn offer(&mut self, message: &[u8]) -> bool {
        self.cluster.cluster().offer(message).is_ok()
    }

    /// One duty cycle, which reads some of what has come; returns whether the session is open still.
    pub fn poll(&mut self) -> bool {
        self.cluster.do_work().is_ok() && self.cluster.cluster().state() == State::Connected
    }

    /// Sends `message`, and waits for `count` answers.
    #[track_caller]
    pub fn ask(&mut self, message: &[u8], count: usize) -> Vec<Answer> {
        self.cluster.listener.0.clear();
        self.send(message);
        self.cluster.wait("answers", PATIENCE, |_, heard| heard.0.len() >= count).expect("answers");
        self.cluster.listener.0.clone()
    }

    /// Closes the session, and waits until all members know that it is closed.
    #[track_caller]
    pub fn close(self, cluster: &LocalCluster) {
        self.cluster.close();
        // The driver must still run, as it sends the close request.
        cluster.await_no_sessions();
    }

    /// Longest message that the session can send, in bytes.
    pub fn longest(&mut self) -> usize {
        self.cluster.cluster().max_message_length().expect("connected")
    }
}

/// All answers so far.
#[derive(Debug, Default)]
struct Answers(Vec<Answer>);

impl EgressListener for Answers {
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        self.0.push(answer(message).expect("a message of the protocol"));
    }
}

fn answer(message: &[u8]) -> Result<Answer, MessageError> {
    let envelope = Envelope::open(message)?;
    let other = Answer::Other { template_id: envelope.template_id };
    if envelope.schema_id == market_data::SBE_SCHEMA_ID {
        return Ok(other);
    }
    if let Some(report) = decode_report(envelope)? {
        let ReportBody::Execution(Execution { order_id, .. }) = report.body else { return Ok(other) };
        return Ok(Answer::Execution {
            client_sequence: report.client_sequence.0,
            event_sequence: report.event_sequence.0,
            order_id: order_id.0,
            time: report.time.0,
        });
    }
    if let Some(MessageReject { template_id, reason }) = decode_message_reject(envelope)? {
        return Ok(Answer::MessageReject { template_id, reason });
    }
    Ok(match decode_reply(envelope)? {
        Some(Reply::SequenceReject { expected, .. }) => Answer::SequenceReject { expected: expected.0 },
        Some(Reply::Moved { epoch, .. }) => Answer::Moved { epoch: epoch.0 },
        Some(Reply::Refused { .. }) => Answer::CommandRefused,
        _ => other,
    })
}

/// An encoded limit order that buys one lot.
pub fn new_order(instrument: u32, client_sequence: u64, client_order_id: u64, price: i64) -> Vec<u8> {
    let order = NewOrder::limit(ClientOrderId(client_order_id), Side::Buy, Price(price), Quantity(1));
    let command = Command {
        // Not in the message: a session has one participant.
        participant: ParticipantId::OPERATOR,
        instrument: InstrumentId(instrument),
        client_sequence: ClientSequence(client_sequence),
        action: Action::New(order),
    };
    encode_command(&command, &mut [0; MAXIMUM_COMMAND_LENGTH]).to_vec()
}

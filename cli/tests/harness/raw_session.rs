//! A session that sends any bytes and records every answer: only Aeron's protocol, without the SDK.

use std::rc::Rc;
use std::time::Duration;

use lugus_client::cluster::{BlockingCluster, EgressListener};
use lugus_codecs::order_entry::exec_inst::ExecInst;
use lugus_codecs::order_entry::message_reject_reason::MessageRejectReason;
use lugus_codecs::order_entry::order_type::OrderType;
use lugus_codecs::order_entry::self_trade_prevention::SelfTradePrevention;
use lugus_codecs::order_entry::side::Side;
use lugus_codecs::order_entry::time_in_force::TimeInForce;
use lugus_codecs::order_entry::{
    command_refused_codec, execution_report_codec, message_reject_codec, moved_codec, new_order_single_codec,
    sequence_reject_codec,
};
use lugus_codecs::{DecodeError, Envelope, block, message};
use lugus_media_driver::ClientDriver;
use lugus_topology::ClusterSpec;

use super::PATIENCE;
use super::connection::{context_of, driver};
use super::local_cluster::LocalCluster;

/// Longest message that this module encodes, in bytes.
const LONGEST: usize = 160;

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

fn answer(message: &[u8]) -> Result<Answer, DecodeError> {
    let envelope = Envelope::open(message)?;
    Ok(match envelope.template_id {
        execution_report_codec::SBE_TEMPLATE_ID => {
            let report = block!(envelope, order_entry, execution_report_codec, ExecutionReportDecoder);
            Answer::Execution {
                client_sequence: report.client_sequence(),
                event_sequence: report.event_sequence(),
                order_id: report.order_id(),
                time: report.transact_time(),
            }
        }
        sequence_reject_codec::SBE_TEMPLATE_ID => {
            let reject = block!(envelope, order_entry, sequence_reject_codec, SequenceRejectDecoder);
            Answer::SequenceReject { expected: reject.expected_client_sequence() }
        }
        moved_codec::SBE_TEMPLATE_ID => {
            let moved = block!(envelope, order_entry, moved_codec, MovedDecoder);
            Answer::Moved { epoch: moved.epoch() }
        }
        command_refused_codec::SBE_TEMPLATE_ID => Answer::CommandRefused,
        message_reject_codec::SBE_TEMPLATE_ID => {
            let reject = block!(envelope, order_entry, message_reject_codec, MessageRejectDecoder);
            Answer::MessageReject { template_id: reject.ref_template_id(), reason: reject.reason() }
        }
        template_id => Answer::Other { template_id },
    })
}

/// An encoded limit order that buys one lot.
pub fn new_order(instrument: u32, client_sequence: u64, client_order_id: u64, price: i64) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let length;
    message!(&mut buffer, order_entry, new_order_single_codec, NewOrderSingleEncoder, length)
        .client_sequence(client_sequence)
        .client_order_id(client_order_id)
        .price(price)
        .stop_price_opt(None)
        .quantity(1)
        .display_quantity(0)
        .expire_time_opt(None)
        .instrument_id(instrument)
        .side(Side::BUY)
        .order_type(OrderType::LIMIT)
        .time_in_force(TimeInForce::GTC)
        .self_trade_prevention(SelfTradePrevention::NONE)
        .exec_inst(ExecInst::new(0));
    buffer.truncate(length);
    buffer
}

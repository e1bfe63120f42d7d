//! What the engine tells, on its way to the sessions concerned.

use aeron_cluster_service::{Cluster, Role};
use lugus_codecs::market_data::BookBuffer;
use lugus_codecs::order_entry::{encode_firm_event, encode_firm_reply, encode_reply, encode_report};
use lugus_engine::EventSink;
use lugus_vocabulary::{FirmEvent, FirmReply, MarketData, Reply, Report};

use crate::counters::Tally;
use crate::gauges::MemberGauges;
use crate::listener::ServiceListener;
use crate::market_data::MarketDataWriter;
use crate::sessions::Sessions;
use crate::stages::StageRecorder;

/// Sends each report and reply to the sessions concerned. Only the leader's container really sends, so only the leader
/// encodes.
pub(crate) struct Egress<'a> {
    pub(crate) cluster: &'a mut dyn Cluster,
    pub(crate) sessions: &'a Sessions,
    /// The session whose message is at hand.
    pub(crate) origin: i64,
    /// Buffer for one message.
    pub(crate) buffer: &'a mut BookBuffer,
    /// The stream of increments, if there is one.
    pub(crate) market_data: Option<&'a mut MarketDataWriter>,
    /// Stamps of the command at hand, if members take them.
    pub(crate) stages: Option<&'a mut StageRecorder>,
    /// Where reasons are counted.
    pub(crate) gauges: Option<&'a MemberGauges>,
    /// Of an archived log, which is applied as a follower applies it.
    pub(crate) listener: Option<&'a mut (dyn ServiceListener + 'static)>,
    /// What was told so far.
    pub(crate) tally: Tally,
}

impl<'a> Egress<'a> {
    /// To the sessions of the cluster, and to nobody else.
    pub(crate) fn new(
        cluster: &'a mut dyn Cluster,
        sessions: &'a Sessions,
        origin: i64,
        buffer: &'a mut BookBuffer,
    ) -> Self {
        let tally = Tally::default();
        let (market_data, stages, gauges, listener) = (None, None, None, None);
        Self { cluster, sessions, origin, buffer, market_data, stages, gauges, listener, tally }
    }
}

impl EventSink for Egress<'_> {
    #[inline]
    fn report(&mut self, report: &Report) {
        self.tally.take(report);
        if let Some(gauges) = self.gauges {
            gauges.told(&report.body);
        }
        if self.cluster.role() != Role::Leader {
            if let Some(listener) = &mut self.listener {
                listener.report(report);
            }
            return;
        }
        let own = self.sessions.of_participant(report.participant);
        let mut stages = self.stages.as_mut().filter(|_| own == Some(self.origin));
        if let Some(stages) = &mut stages {
            stages.answers();
        }
        let message = encode_report(report, self.buffer);
        if let Some(session_id) = own {
            send(self.cluster, session_id, message);
        }
        if let Some(stages) = stages {
            stages.offered();
        }
        for observer in self.sessions.drop_copies(report.instrument) {
            if Some(observer) != own {
                send(self.cluster, observer, message);
            }
        }
    }

    #[inline]
    fn reply(&mut self, reply: &Reply) {
        if self.cluster.role() != Role::Leader {
            if let Some(listener) = &mut self.listener {
                listener.reply(reply);
            }
            return;
        }
        if let Some(stages) = &mut self.stages {
            stages.answers();
        }
        send(self.cluster, self.origin, encode_reply(reply, self.buffer));
        if let Some(stages) = &mut self.stages {
            stages.offered();
        }
    }

    fn firm_event(&mut self, event: &FirmEvent) {
        if self.cluster.role() != Role::Leader {
            return;
        }
        let mut followers = self.sessions.followers(event.firm).peekable();
        if followers.peek().is_none() {
            return;
        }
        let message = encode_firm_event(event, self.buffer);
        for follower in followers {
            send(self.cluster, follower, message);
        }
    }

    fn firm_reply(&mut self, reply: &FirmReply) {
        if self.cluster.role() == Role::Leader {
            send(self.cluster, self.origin, encode_firm_reply(reply, self.buffer));
        }
    }

    #[inline]
    fn market_data(&mut self, increment: &MarketData) {
        if let Some(market_data) = &mut self.market_data {
            market_data.put(increment);
        }
        if let Some(listener) = &mut self.listener {
            listener.market_data(increment);
        }
    }

    #[inline]
    fn wants_market_data(&self) -> bool {
        self.market_data.as_ref().is_some_and(|market_data| market_data.wants_increments())
            || self.listener.as_ref().is_some_and(|listener| listener.wants_market_data())
    }
}

/// Egress is not stored: a session asks with `Resume` for the messages that it could not take. The container counts such
/// messages, and closes a session that stays slow.
#[inline]
pub(crate) fn send(cluster: &mut dyn Cluster, session_id: i64, message: &[u8]) {
    let _ = cluster.offer_to(session_id, message);
}

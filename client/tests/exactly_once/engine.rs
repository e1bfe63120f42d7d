//! A naive model of the engine's sequencing (DESIGN.md, section 5), on the wire: what a cluster does with what is in
//! its log. No book: every command has one to three events, and tells by its client order id which one it is.

use std::collections::{BTreeMap, BTreeSet};

use lugus_codecs::order_entry::exec_type::ExecType;
use lugus_codecs::order_entry::liquidity_indicator::LiquidityIndicator;
use lugus_codecs::order_entry::message_reject_reason::MessageRejectReason;
use lugus_codecs::order_entry::order_status::OrderStatus;
use lugus_codecs::order_entry::order_type::OrderType;
use lugus_codecs::order_entry::reject_reason::RejectReason;
use lugus_codecs::order_entry::side::Side;
use lugus_codecs::order_entry::time_in_force::TimeInForce;
use lugus_codecs::order_entry::{
    ReadBuf, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION, WriteBuf, command_refused_codec, event_gap_codec,
    execution_report_codec, message_reject_codec, new_order_single_codec, resume_codec, resume_complete_codec,
    sequence_reject_codec, session_replaced_codec,
};
use lugus_codecs::{Envelope, HEADER_LENGTH, write_header};

/// A message to a session.
pub(crate) struct Egress {
    pub(crate) session_id: i64,
    pub(crate) message: Vec<u8>,
}

/// An event as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) client_sequence: u64,
    /// The command's client order id; 0 for an event that answers none.
    pub(crate) client_order_id: u64,
    /// Unique among all events.
    pub(crate) order_id: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Client order ids of the commands applied, in order.
    pub(crate) applied: Vec<u64>,
    /// All events ever; the sequence is the index and one.
    pub(crate) events: Vec<Event>,
}

#[derive(Default)]
pub(crate) struct Engine {
    pub(crate) scopes: BTreeMap<(u32, u32), Scope>,
    pub(crate) undefined: BTreeSet<u32>,
    /// Events kept for `Resume`.
    retained: usize,
    participants: BTreeMap<i64, u32>,
    current: BTreeMap<u32, i64>,
    next_order: u64,
}

macro_rules! message {
    ($codec:ident, $encoder:ident, |$message:ident| $fill:expr) => {{
        let mut bytes = vec![0; 256];
        let length = write_header(
            &mut bytes,
            $codec::SBE_BLOCK_LENGTH,
            $codec::SBE_TEMPLATE_ID,
            SBE_SCHEMA_ID,
            SBE_SCHEMA_VERSION,
        );
        let mut $message = $codec::encoder::$encoder::default().wrap(WriteBuf::new(&mut bytes), HEADER_LENGTH);
        $fill;
        bytes.truncate(length);
        bytes
    }};
}

macro_rules! read {
    ($envelope:expr, $codec:ident, $decoder:ident) => {{
        let body = $envelope.body($codec::SBE_TEMPLATE_ID, $codec::SBE_BLOCK_LENGTH).unwrap();
        $codec::decoder::$decoder::default().wrap(
            ReadBuf::new(body.message),
            HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}

impl Engine {
    pub(crate) fn new(retained: usize) -> Self {
        Self { retained, ..Self::default() }
    }

    /// A participant's new session: it takes over from an older one.
    pub(crate) fn open(&mut self, session_id: i64, participant: u32, egress: &mut Vec<Egress>) {
        if let Some(older) = self.current.insert(participant, session_id) {
            self.participants.remove(&older);
            let message =
                message!(session_replaced_codec, SessionReplacedEncoder, |wire| wire.participant_id(participant));
            egress.push(Egress { session_id: older, message });
        }
        self.participants.insert(session_id, participant);
    }

    /// An entry of the log. `events` is how many a command gets that is applied now.
    pub(crate) fn message(&mut self, session_id: i64, message: &[u8], events: usize, egress: &mut Vec<Egress>) {
        let mut reply = |message| egress.push(Egress { session_id, message });
        let Some(participant) = self.participants.get(&session_id).copied() else {
            reply(message!(message_reject_codec, MessageRejectEncoder, |wire| wire
                .ref_template_id(0)
                .reason(MessageRejectReason::NO_PARTICIPANT)));
            return;
        };
        let envelope = Envelope::open(message).unwrap().of_schema(SBE_SCHEMA_ID).unwrap();
        match envelope.template_id {
            new_order_single_codec::SBE_TEMPLATE_ID => {
                let order = read!(envelope, new_order_single_codec, NewOrderSingleDecoder);
                let (instrument, number) = (order.instrument_id(), order.client_sequence());
                self.command(participant, instrument, number, order.client_order_id(), events, &mut reply);
            }
            resume_codec::SBE_TEMPLATE_ID => {
                let resume = read!(envelope, resume_codec, ResumeDecoder);
                self.resume(participant, resume.instrument_id(), resume.last_event_sequence(), &mut reply);
            }
            found => panic!("template {found}"),
        }
    }

    fn command(
        &mut self,
        participant: u32,
        instrument: u32,
        number: u64,
        client_order_id: u64,
        events: usize,
        reply: &mut impl FnMut(Vec<u8>),
    ) {
        if self.undefined.contains(&instrument) {
            reply(message!(command_refused_codec, CommandRefusedEncoder, |wire| wire
                .client_sequence(number)
                .instrument_id(instrument)
                .reason(RejectReason::UNKNOWN_INSTRUMENT)));
            return;
        }
        let applied = self.scopes.get(&(participant, instrument)).map_or(0, |scope| scope.applied.len() as u64);
        if number > applied + 1 || number == 0 {
            reply(message!(sequence_reject_codec, SequenceRejectEncoder, |wire| wire
                .client_sequence(number)
                .expected_client_sequence(applied + 1)
                .instrument_id(instrument)));
        } else if number <= applied {
            self.again(participant, instrument, number, reply);
        } else {
            self.scopes.entry((participant, instrument)).or_default().applied.push(client_order_id);
            for _ in 0..events {
                reply(self.tell(participant, instrument, number, client_order_id));
            }
        }
    }

    fn again(&self, participant: u32, instrument: u32, number: u64, reply: &mut impl FnMut(Vec<u8>)) {
        let scope = &self.scopes[&(participant, instrument)];
        let first = self.first_retained(scope);
        let told = |(index, event): (usize, &Event)| (event.client_sequence == number).then_some(index);
        let all: Vec<usize> = scope.events.iter().enumerate().filter_map(told).collect();
        if all.iter().any(|index| *index < first) {
            reply(self.event_gap(scope, instrument, number));
        } else {
            all.iter().for_each(|index| reply(report(participant, instrument, *index, &scope.events[*index])));
        }
    }

    fn resume(&self, participant: u32, instrument: u32, last: Option<u64>, reply: &mut impl FnMut(Vec<u8>)) {
        let nothing = Scope::default();
        let scope = self.scopes.get(&(participant, instrument)).unwrap_or(&nothing);
        let seen = last.map_or(scope.events.len(), |last| last as usize).min(scope.events.len());
        if seen < self.first_retained(scope) {
            return reply(self.event_gap(scope, instrument, 0));
        }
        for index in seen..scope.events.len() {
            reply(report(participant, instrument, index, &scope.events[index]));
        }
        reply(message!(resume_complete_codec, ResumeCompleteEncoder, |wire| wire
            .last_client_sequence(scope.applied.len() as u64)
            .last_event_sequence(scope.events.len() as u64)
            .instrument_id(instrument)));
    }

    /// An event that answers no command, for a scope that is in use: a resting order that trades.
    pub(crate) fn passive(&mut self, participant: u32, instrument: u32, egress: &mut Vec<Egress>) {
        if self.scopes.contains_key(&(participant, instrument)) {
            let message = self.tell(participant, instrument, 0, 0);
            if let Some(session_id) = self.current.get(&participant).copied() {
                egress.push(Egress { session_id, message });
            }
        }
    }

    fn tell(&mut self, participant: u32, instrument: u32, client_sequence: u64, client_order_id: u64) -> Vec<u8> {
        self.next_order += 1;
        let event = Event { client_sequence, client_order_id, order_id: self.next_order };
        let events = &mut self.scopes.entry((participant, instrument)).or_default().events;
        events.push(event);
        report(participant, instrument, events.len() - 1, &event)
    }

    fn first_retained(&self, scope: &Scope) -> usize {
        scope.events.len().saturating_sub(self.retained)
    }

    fn event_gap(&self, scope: &Scope, instrument: u32, client_sequence: u64) -> Vec<u8> {
        message!(event_gap_codec, EventGapEncoder, |wire| wire
            .client_sequence(client_sequence)
            .first_retained_event_sequence(self.first_retained(scope) as u64 + 1)
            .last_event_sequence(scope.events.len() as u64)
            .lost_through_time(1)
            .instrument_id(instrument))
    }
}

fn report(participant: u32, instrument: u32, index: usize, event: &Event) -> Vec<u8> {
    message!(execution_report_codec, ExecutionReportEncoder, |wire| wire
        .event_sequence(index as u64 + 1)
        .client_sequence(event.client_sequence)
        .client_order_id(event.client_order_id)
        .order_id(event.order_id)
        .participant_id(participant)
        .instrument_id(instrument)
        .reason(RejectReason::NONE)
        .exec_type(ExecType::NEW)
        .order_status(OrderStatus::NEW)
        .side(Side::BUY)
        .order_type(OrderType::LIMIT)
        .time_in_force(TimeInForce::GTC)
        .liquidity_indicator(LiquidityIndicator::NONE))
}

//! Records of an instrument in few bytes, without a header each: what goes from cluster to cluster while the instrument
//! is traded nowhere.
//!
//! Orders and executions, of which there are many, begin with a tag; then come a byte of what is there, bytes for words,
//! and numbers seven bits at a time, as differences from the record of that kind before, signs in the lowest bit. All
//! other records are the messages of the snapshot. Each run of bytes stands for itself.

use lugus_codecs::order_entry as words;
use lugus_codecs::{Envelope, HEADER_LENGTH, order_entry};
use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, Execution, InstrumentId, OrderId, OrderRecord,
    ParticipantId, PostOnly, Price, Quantity, Report, ReportBody, RetainedReport, SnapshotRecord, TradeId,
};

use crate::encode::{self, BUFFER_LENGTH, Buffer};
use crate::snapshot::record::{self, Decoded};
use crate::snapshot::report;
use crate::vocabulary::{Heard, Said};

/// Longest run of records, in bytes.
pub(crate) const MAXIMUM_LENGTH: usize = 32 * 1024;

/// No record is longer, in bytes: an order has nine numbers of ten bytes at most, the messages are shorter.
const LONGEST_RECORD: usize = 512;

/// A message of the snapshot; two for an event that is not about an order.
const MESSAGE: u8 = 0;
const EXECUTION: u8 = 1;
const ORDER: u8 = 2;

// What is there of an execution.
const ANSWER: u8 = 1;
const PRICE: u8 = 1 << 1;
const LAST_PRICE: u8 = 1 << 2;
const TRADE: u8 = 1 << 3;
const ORIGINAL: u8 = 1 << 4;
const FILLED: u8 = 1 << 5;
/// What is left is not what is not filled.
const LEFT: u8 = 1 << 6;

// What is there of an order.
const POST_ONLY: u8 = 1;
/// Less is left than all of it.
const PARTLY: u8 = 1 << 1;
/// Less is shown than is left.
const HIDES: u8 = 1 << 2;
const DISPLAY: u8 = 1 << 3;
const STOP: u8 = 1 << 4;
const EXPIRES: u8 = 1 << 5;

/// The numbers that the next record's are told from.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    participant: u32,
    event_sequence: u64,
    applied: u64,
    time: i64,
    order_id: u64,
    client_order_id: u64,
    price: i64,
    expire_time: i64,
}

/// Appends records to a buffer.
pub(crate) struct RecordWriter<'b> {
    buffer: &'b mut Vec<u8>,
    end: usize,
    before: Before,
    message: Box<Buffer>,
}

impl<'b> RecordWriter<'b> {
    pub(crate) fn new(buffer: &'b mut Vec<u8>) -> Self {
        let end = buffer.len() + MAXIMUM_LENGTH;
        buffer.reserve(MAXIMUM_LENGTH);
        Self { buffer, end, before: Before::default(), message: Box::new([0; BUFFER_LENGTH]) }
    }

    /// Whether one more record fits in, whatever it is.
    pub(crate) fn has_room(&self) -> bool {
        self.buffer.len() + LONGEST_RECORD <= self.end
    }

    /// Appends one.
    pub(crate) fn put(&mut self, record: &SnapshotRecord) {
        match record {
            SnapshotRecord::Report(RetainedReport { applied, report }) => match &report.body {
                ReportBody::Execution(execution) => self.put_execution(*applied, report, execution),
                _ => {
                    self.buffer.push(MESSAGE);
                    self.buffer.extend_from_slice(record::encode(record, &mut self.message));
                    self.buffer.extend_from_slice(encode::report(report, &mut self.message));
                }
            },
            SnapshotRecord::Order(order) => self.put_order(order),
            record => {
                self.buffer.push(MESSAGE);
                self.buffer.extend_from_slice(record::encode(record, &mut self.message));
            }
        }
    }

    fn put_execution(&mut self, applied: ClientSequence, report: &Report, execution: &Execution) {
        let traded = execution.trade_id.0 != 0 || execution.last_quantity.0 != 0;
        let unfilled = execution.quantity.0.wrapping_sub(execution.cum_quantity.0);
        let has_left = execution.leaves_quantity.0 != unfilled;
        let present = flags([
            (ANSWER, report.client_sequence.0 != 0),
            (PRICE, execution.price.is_some()),
            (LAST_PRICE, execution.last_price.is_some()),
            (TRADE, traded),
            (ORIGINAL, execution.orig_client_order_id.0 != 0),
            (FILLED, execution.cum_quantity.0 != 0),
            (LEFT, has_left),
        ]);
        self.buffer.extend_from_slice(&[
            EXECUTION,
            present,
            execution.exec_type.to_wire().into(),
            execution.order_status.to_wire().into(),
            execution.side.to_wire().into(),
            execution.order_type.to_wire().into(),
            execution.time_in_force.to_wire().into(),
            execution.liquidity.to_wire().into(),
        ]);
        self.number(u16::from(execution.reason.to_wire()).into());
        let Before { participant, event_sequence, applied: before, time, .. } = self.before;
        self.participant(report.participant, participant);
        self.unsigned(report.event_sequence.0, event_sequence);
        self.unsigned(applied.0, before);
        self.signed(report.time.0, time);
        self.unsigned(execution.order_id.0, self.before.order_id);
        self.unsigned(execution.client_order_id.0, self.before.client_order_id);
        self.number(execution.quantity.0);
        if let Some(price) = execution.price {
            self.signed(price.0, self.before.price);
            self.before.price = price.0;
        }
        if let Some(last_price) = execution.last_price {
            self.signed(last_price.0, self.before.price);
        }
        if traded {
            self.number(execution.trade_id.0);
            self.number(execution.last_quantity.0);
        }
        for (is_there, number) in [
            (execution.orig_client_order_id.0 != 0, execution.orig_client_order_id.0),
            (execution.cum_quantity.0 != 0, execution.cum_quantity.0),
            (has_left, execution.leaves_quantity.0),
        ] {
            if is_there {
                self.number(number);
            }
        }
        self.before.participant = report.participant.0;
        self.before.event_sequence = report.event_sequence.0;
        self.before.applied = applied.0;
        self.before.time = report.time.0;
        self.before.order_id = execution.order_id.0;
        self.before.client_order_id = execution.client_order_id.0;
    }

    fn put_order(&mut self, order: &OrderRecord) {
        let partly = order.leaves_quantity != order.quantity;
        let hides = order.shown_quantity != order.leaves_quantity;
        let present = flags([
            (POST_ONLY, order.post_only == PostOnly::Yes),
            (PARTLY, partly),
            (HIDES, hides),
            (DISPLAY, order.display_quantity.0 != 0),
            (STOP, order.stop_price.is_some()),
            (EXPIRES, order.expire_time.is_some()),
        ]);
        self.buffer.extend_from_slice(&[
            ORDER,
            present,
            order.side.to_wire().into(),
            order.order_type.to_wire().into(),
            order.time_in_force.to_wire().into(),
            order.self_trade_prevention.to_wire().into(),
        ]);
        self.participant(order.participant, self.before.participant);
        self.unsigned(order.order_id.0, self.before.order_id);
        self.unsigned(order.client_order_id.0, self.before.client_order_id);
        self.signed(order.price.0, self.before.price);
        self.number(order.quantity.0);
        for (is_there, number) in [
            (partly, order.leaves_quantity.0),
            (hides, order.shown_quantity.0),
            (order.display_quantity.0 != 0, order.display_quantity.0),
        ] {
            if is_there {
                self.number(number);
            }
        }
        if let Some(stop_price) = order.stop_price {
            self.signed(stop_price.0, order.price.0);
        }
        if let Some(expire_time) = order.expire_time {
            self.signed(expire_time.0, self.before.expire_time);
            self.before.expire_time = expire_time.0;
        }
        self.before.participant = order.participant.0;
        self.before.order_id = order.order_id.0;
        self.before.client_order_id = order.client_order_id.0;
        self.before.price = order.price.0;
    }

    #[inline]
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.buffer.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.buffer.push(number as u8);
    }

    #[inline]
    fn signed(&mut self, number: i64, before: i64) {
        let difference = number.wrapping_sub(before);
        self.number((difference << 1 ^ difference >> 63).cast_unsigned());
    }

    #[inline]
    fn unsigned(&mut self, number: u64, before: u64) {
        self.signed(number.cast_signed(), before.cast_signed());
    }

    fn participant(&mut self, participant: ParticipantId, before: u32) {
        self.unsigned(participant.0.into(), before.into());
    }
}

fn flags<const N: usize>(flags: [(u8, bool); N]) -> u8 {
    flags.into_iter().fold(0, |all, (flag, is_set)| if is_set { all | flag } else { all })
}

/// Reads records one by one, up to the first that is none.
pub(crate) struct RecordReader<'a> {
    bytes: &'a [u8],
    instrument: InstrumentId,
    before: Before,
    is_damaged: bool,
}

impl<'a> RecordReader<'a> {
    /// Of this instrument.
    pub(crate) fn new(instrument: InstrumentId, bytes: &'a [u8]) -> Self {
        Self { bytes, instrument, before: Before::default(), is_damaged: false }
    }

    /// Whether it has met bytes that are no record.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    fn record(&mut self) -> Option<SnapshotRecord> {
        match self.byte()? {
            MESSAGE => self.messages(),
            EXECUTION => self.execution().map(SnapshotRecord::Report),
            ORDER => self.order().map(SnapshotRecord::Order),
            _ => None,
        }
    }

    fn messages(&mut self) -> Option<SnapshotRecord> {
        match record::decode(self.message()?).ok()? {
            Decoded::Record(record) => Some(record),
            Decoded::Retained(applied) => {
                let envelope = self.message().filter(|envelope| envelope.schema_id == order_entry::SBE_SCHEMA_ID)?;
                let report = report::decode(envelope).ok()?;
                Some(SnapshotRecord::Report(RetainedReport { applied, report }))
            }
        }
    }

    fn message(&mut self) -> Option<Envelope<'a>> {
        let envelope = Envelope::open(self.bytes).ok()?;
        let (_, rest) = self.bytes.split_at_checked(HEADER_LENGTH + usize::from(envelope.block_length))?;
        self.bytes = rest;
        Some(envelope)
    }

    fn execution(&mut self) -> Option<RetainedReport> {
        let [present, exec_type, order_status, side, order_type, time_in_force, liquidity] = self.bytes()?;
        let has = |flag| present & flag != 0;
        let reason = u16::try_from(self.number()?).ok()?;
        let participant = self.participant()?;
        let event_sequence = self.unsigned(self.before.event_sequence)?;
        let applied = ClientSequence(self.unsigned(self.before.applied)?);
        let time = self.signed(self.before.time)?;
        let order_id = self.unsigned(self.before.order_id)?;
        let client_order_id = self.unsigned(self.before.client_order_id)?;
        let quantity = self.number()?;
        let price = if has(PRICE) { Some(self.signed(self.before.price)?) } else { None };
        self.before.price = price.unwrap_or(self.before.price);
        let last_price = if has(LAST_PRICE) { Some(self.signed(self.before.price)?) } else { None };
        let (trade_id, last_quantity) = if has(TRADE) { (self.number()?, self.number()?) } else { (0, 0) };
        let orig_client_order_id = self.number_if(has(ORIGINAL), 0)?;
        let cum_quantity = self.number_if(has(FILLED), 0)?;
        let leaves_quantity = self.number_if(has(LEFT), quantity.wrapping_sub(cum_quantity))?;
        self.before = Before {
            participant: participant.0,
            event_sequence,
            applied: applied.0,
            time,
            order_id,
            client_order_id,
            ..self.before
        };
        let execution = Execution {
            exec_type: heard(words::exec_type::ExecType::from(exec_type))?,
            order_status: heard(words::order_status::OrderStatus::from(order_status))?,
            order_id: OrderId(order_id),
            client_order_id: ClientOrderId(client_order_id),
            orig_client_order_id: ClientOrderId(orig_client_order_id),
            trade_id: TradeId(trade_id),
            side: heard(words::side::Side::from(side))?,
            order_type: heard(words::order_type::OrderType::from(order_type))?,
            time_in_force: heard(words::time_in_force::TimeInForce::from(time_in_force))?,
            price: price.map(Price),
            quantity: Quantity(quantity),
            last_price: last_price.map(Price),
            last_quantity: Quantity(last_quantity),
            leaves_quantity: Quantity(leaves_quantity),
            cum_quantity: Quantity(cum_quantity),
            liquidity: heard(words::liquidity_indicator::LiquidityIndicator::from(liquidity))?,
            reason: heard(words::reject_reason::RejectReason::from(reason))?,
        };
        let report = Report {
            participant,
            instrument: self.instrument,
            event_sequence: EventSequence(event_sequence),
            client_sequence: if has(ANSWER) { applied } else { ClientSequence(0) },
            time: EpochNanos(time),
            body: ReportBody::Execution(execution),
        };
        Some(RetainedReport { applied, report })
    }

    fn order(&mut self) -> Option<OrderRecord> {
        let [present, side, order_type, time_in_force, prevention] = self.bytes()?;
        let has = |flag| present & flag != 0;
        let participant = self.participant()?;
        let order_id = self.unsigned(self.before.order_id)?;
        let client_order_id = self.unsigned(self.before.client_order_id)?;
        let price = self.signed(self.before.price)?;
        let quantity = self.number()?;
        let leaves_quantity = self.number_if(has(PARTLY), quantity)?;
        let shown_quantity = self.number_if(has(HIDES), leaves_quantity)?;
        let display_quantity = self.number_if(has(DISPLAY), 0)?;
        let stop_price = if has(STOP) { Some(self.signed(price)?) } else { None };
        let expire_time = if has(EXPIRES) { Some(self.signed(self.before.expire_time)?) } else { None };
        self.before = Before {
            participant: participant.0,
            order_id,
            client_order_id,
            price,
            expire_time: expire_time.unwrap_or(self.before.expire_time),
            ..self.before
        };
        Some(OrderRecord {
            order_id: OrderId(order_id),
            participant,
            client_order_id: ClientOrderId(client_order_id),
            side: heard(words::side::Side::from(side))?,
            order_type: heard(words::order_type::OrderType::from(order_type))?,
            time_in_force: heard(words::time_in_force::TimeInForce::from(time_in_force))?,
            post_only: if has(POST_ONLY) { PostOnly::Yes } else { PostOnly::No },
            self_trade_prevention: heard(words::self_trade_prevention::SelfTradePrevention::from(prevention))?,
            price: Price(price),
            stop_price: stop_price.map(Price),
            expire_time: expire_time.map(EpochNanos),
            quantity: Quantity(quantity),
            leaves_quantity: Quantity(leaves_quantity),
            shown_quantity: Quantity(shown_quantity),
            display_quantity: Quantity(display_quantity),
        })
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    #[inline]
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*first)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    fn number_if(&mut self, is_there: bool, otherwise: u64) -> Option<u64> {
        if is_there { self.number() } else { Some(otherwise) }
    }

    #[inline]
    fn signed(&mut self, before: i64) -> Option<i64> {
        let number = self.number()?;
        let difference = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        Some(before.wrapping_add(difference))
    }

    #[inline]
    fn unsigned(&mut self, before: u64) -> Option<u64> {
        self.signed(before.cast_signed()).map(i64::cast_unsigned)
    }

    fn participant(&mut self) -> Option<ParticipantId> {
        let participant = self.unsigned(self.before.participant.into())?;
        u32::try_from(participant).ok().map(ParticipantId)
    }
}

fn heard<W: Heard>(word: W::Wire) -> Option<W> {
    W::from_wire(word)
}

impl Iterator for RecordReader<'_> {
    type Item = SnapshotRecord;

    fn next(&mut self) -> Option<SnapshotRecord> {
        if self.bytes.is_empty() || self.is_damaged {
            return None;
        }
        let record = self.record();
        self.is_damaged = record.is_none();
        record
    }
}

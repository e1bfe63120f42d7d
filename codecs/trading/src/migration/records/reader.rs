//! Reads records from a run.

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, ExecType, Execution, InstrumentId, Liquidity, OrderId,
    OrderRecord, OrderStatus, OrderType, ParticipantId, PostOnly, Price, Quantity, RejectReason, Report, ReportBody,
    RetainedReport, SelfTradePrevention, Side, SnapshotRecord, TimeInForce, TradeId,
};

use super::{
    ANSWER, Before, DISPLAY, EXECUTION, EXPIRES, FILLED, HIDES, LAST_PRICE, LEFT, MESSAGE, ORDER, ORIGINAL, PARTLY,
    POST_ONLY, PRICE, STOP, TRADE,
};
use crate::sbe_order_entry::reject_reason::RejectReason as WireReason;
use crate::snapshot::{RecordDecoder, SnapshotMessage};
use crate::word::FromWire;

/// Iterator over the records of a run, which ends at bytes that are no record.
#[derive(Debug)]
pub struct RecordReader<'a> {
    bytes: &'a [u8],
    instrument: InstrumentId,
    before: Before,
    is_damaged: bool,
}

impl<'a> RecordReader<'a> {
    /// A reader of a run of records of this instrument.
    pub fn new(instrument: InstrumentId, bytes: &'a [u8]) -> Self {
        Self { bytes, instrument, before: Before::default(), is_damaged: false }
    }

    /// Whether the reader has met bytes that are no record.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    fn record(&mut self) -> Option<SnapshotRecord> {
        match self.byte()? {
            MESSAGE => self.message(),
            EXECUTION => self.execution().map(SnapshotRecord::Report),
            ORDER => self.order().map(SnapshotRecord::Order),
            _ => None,
        }
    }

    /// A record that is written as one message of the snapshot, or as two.
    fn message(&mut self) -> Option<SnapshotRecord> {
        let mut decoder = RecordDecoder::default();
        loop {
            let (message, rest) = decoder.decode(self.bytes).ok()?;
            self.bytes = rest;
            match message {
                Some(SnapshotMessage::Record(record)) => return Some(record),
                Some(SnapshotMessage::Session(_)) => return None,
                None => {}
            }
        }
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
            exec_type: ExecType::from_number(exec_type)?,
            order_status: OrderStatus::from_number(order_status)?,
            order_id: OrderId(order_id),
            client_order_id: ClientOrderId(client_order_id),
            orig_client_order_id: ClientOrderId(orig_client_order_id),
            trade_id: TradeId(trade_id),
            side: Side::from_number(side)?,
            order_type: OrderType::from_number(order_type)?,
            time_in_force: TimeInForce::from_number(time_in_force)?,
            price: price.map(Price),
            quantity: Quantity(quantity),
            last_price: last_price.map(Price),
            last_quantity: Quantity(last_quantity),
            leaves_quantity: Quantity(leaves_quantity),
            cum_quantity: Quantity(cum_quantity),
            liquidity: Liquidity::from_number(liquidity)?,
            reason: RejectReason::from_wire(WireReason::from(reason))?,
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
            side: Side::from_number(side)?,
            order_type: OrderType::from_number(order_type)?,
            time_in_force: TimeInForce::from_number(time_in_force)?,
            post_only: if has(POST_ONLY) { PostOnly::Yes } else { PostOnly::No },
            self_trade_prevention: SelfTradePrevention::from_number(prevention)?,
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

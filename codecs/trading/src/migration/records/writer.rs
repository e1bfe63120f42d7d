//! Writes records into a run.

use lugus_vocabulary::{
    ClientSequence, Execution, OrderRecord, ParticipantId, PostOnly, Report, ReportBody, RetainedReport, SnapshotRecord,
};

use super::{
    ANSWER, Before, DISPLAY, EXECUTION, EXPIRES, FILLED, HIDES, LAST_PRICE, LEFT, MAXIMUM_RUN_LENGTH, MESSAGE, ORDER,
    ORIGINAL, PARTLY, POST_ONLY, PRICE, STOP, TRADE,
};
use crate::snapshot::{MAXIMUM_RECORD_LENGTH, RecordBuffer, encode_record};

/// Upper bound of the length of a record, in bytes: a tag and the messages of a snapshot, or at most fifteen numbers of ten
/// bytes each.
const LONGEST_RECORD: usize = 512;

const _: () = assert!(MAXIMUM_RECORD_LENGTH < LONGEST_RECORD);

/// Appends records to a run.
#[derive(Debug)]
pub struct RecordWriter<'b> {
    buffer: &'b mut Vec<u8>,
    end: usize,
    before: Before,
    message: Box<RecordBuffer>,
}

impl<'b> RecordWriter<'b> {
    /// A writer of a run that begins at the end of `buffer`.
    pub fn new(buffer: &'b mut Vec<u8>) -> Self {
        let end = buffer.len() + MAXIMUM_RUN_LENGTH;
        buffer.reserve(MAXIMUM_RUN_LENGTH);
        Self { buffer, end, before: Before::default(), message: Box::new([0; MAXIMUM_RECORD_LENGTH]) }
    }

    /// Whether any one more record fits into the run.
    pub fn has_room(&self) -> bool {
        self.buffer.len() + LONGEST_RECORD <= self.end
    }

    /// Appends a record.
    pub fn put(&mut self, record: &SnapshotRecord) {
        match record {
            SnapshotRecord::Report(RetainedReport { applied, report }) => match &report.body {
                ReportBody::Execution(execution) => self.put_execution(*applied, report, execution),
                _ => self.put_message(record),
            },
            SnapshotRecord::Order(order) => self.put_order(order),
            record => self.put_message(record),
        }
    }

    fn put_message(&mut self, record: &SnapshotRecord) {
        self.buffer.push(MESSAGE);
        self.buffer.extend_from_slice(encode_record(record, &mut self.message));
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
            execution.exec_type.number(),
            execution.order_status.number(),
            execution.side.number(),
            execution.order_type.number(),
            execution.time_in_force.number(),
            execution.liquidity.number(),
        ]);
        self.number(execution.reason.number().into());
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
            order.side.number(),
            order.order_type.number(),
            order.time_in_force.number(),
            order.self_trade_prevention.number(),
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

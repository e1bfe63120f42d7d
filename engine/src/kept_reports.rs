//! The newest reports of a scope, in little memory: written with every report, and hardly ever read.
//!
//! Each report takes a row, and some a trade detail (`report_row`). Rows lie in a ring, so that the oldest report is
//! forgotten by writing over its row; trade details lie in a ring of their own. The few reports that are neither about
//! an order nor about a cancel keep their bodies whole, in a queue.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, Execution, InstrumentId, OrderStatus, ParticipantId,
    Report, ReportBody, RetainedReport,
};

use crate::report_heading::ReportHeading;
use crate::report_row::{ReportRow, TradeDetail};

/// The newest reports of a scope, and what is remembered of the newest report that is no longer kept.
#[derive(Debug)]
pub(crate) struct KeptReports {
    /// A ring of the rows of the kept reports, and of the row before them, which tells what is lost. It grows until it
    /// has one row more than reports may be kept; only then does it go round.
    rows: Box<[ReportRow]>,
    /// Place in `rows` of the newest report.
    newest: u32,
    /// Event sequence of the newest report.
    last: u64,
    /// Event sequence of the newest report that was told before any of these.
    before: u64,
    /// Number of the next trade detail to be written, modulo 2^32.
    next_detail: u32,
    /// The first number of a trade detail for which room has to be made.
    room_until: u32,
    /// A ring of trade details, by their numbers modulo its length, which is a power of two.
    details: Box<[TradeDetail]>,
    /// Bodies of the reports that do not fit into rows, with their event sequences, oldest first. Some of them may belong
    /// to reports that are no longer kept.
    others: VecDeque<(u64, ReportBody)>,
}

/// What is remembered of the newest report that is no longer kept; all zero if every report is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The scope's last command applied when the report was told.
    pub(crate) applied: ClientSequence,
    /// Log time of the report.
    pub(crate) through: EpochNanos,
}

/// Number of reports that are searched for an order that has ended. It bounds what a cancel that comes too late costs.
pub(crate) const LOOK_BACK: usize = 1_024;

/// Length of the rings when they are first needed; a power of two.
const SMALLEST_RING: usize = 8;

impl KeptReports {
    /// No reports, of a scope that has told none.
    pub(crate) fn new() -> Self {
        Self::after(EventSequence(0), Lost::default())
    }

    /// No reports, of a scope whose last event is `told` and that remembers `lost`.
    pub(crate) fn after(told: EventSequence, lost: Lost) -> Self {
        let rows = Box::new([ReportRow::of_lost(lost.applied, lost.through)]);
        let details = vec![TradeDetail::default(); SMALLEST_RING].into_boxed_slice();
        let (next_detail, room_until) = (0, SMALLEST_RING as u32);
        Self {
            rows,
            newest: 0,
            last: told.0,
            before: told.0,
            next_detail,
            room_until,
            details,
            others: VecDeque::new(),
        }
    }

    /// Number of reports kept.
    pub(crate) fn len(&self) -> usize {
        let told = usize::try_from(self.last - self.before).unwrap_or(usize::MAX);
        told.min(self.rows.len() - 1)
    }

    /// What is remembered of the newest report that is no longer kept.
    pub(crate) fn lost(&self) -> Lost {
        let ReportRow { applied, time: through, .. } = *self.row(self.len());
        Lost { applied, through }
    }

    /// Forgets the reports before the one with this event sequence.
    pub(crate) fn forget_before(&mut self, first: u64) {
        self.before = self.before.max(first.saturating_sub(1).min(self.last));
    }

    /// Keeps the next report, told when `applied` was the scope's last command applied; forgets the oldest one if more
    /// than `limit` would be kept.
    pub(crate) fn push_back(&mut self, applied: ClientSequence, report: &Report, limit: u32) {
        let heading = ReportHeading::of(report);
        if let ReportBody::Execution(execution) = &report.body {
            return self.push_execution(applied, &heading, execution, limit);
        }
        let row = self.next_row(applied, &heading, limit);
        let row = if let ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status } =
            report.body
        {
            row.with_cancel_reject(orig_client_order_id, client_order_id, reason, order_status)
        } else {
            self.keep_other(&report.body);
            row.with_other_body()
        };
        self.rows[self.newest as usize] = row;
    }

    /// The same for an execution.
    #[inline(always)]
    pub(crate) fn push_execution(
        &mut self,
        applied: ClientSequence,
        heading: &ReportHeading,
        execution: &Execution,
        limit: u32,
    ) {
        let row = self.next_row(applied, heading, limit);
        let has_detail = ReportRow::needs_detail(execution);
        if has_detail {
            self.push_detail(execution);
        }
        self.rows[self.newest as usize] = row.with_execution(execution, has_detail);
        self.prefetch_next();
    }

    /// Prefetches the row of the next report. The ring is longer than the caches, so its oldest row is in none of them.
    #[inline(always)]
    fn prefetch_next(&self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(next) = self.rows.get(self.newest as usize + 1) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch is a hint without effect on memory, and the address is that of a reference.
            unsafe { _mm_prefetch(std::ptr::from_ref(next).cast(), _MM_HINT_T0) };
        }
    }

    /// Moves on to the row of the next report. Returns what is to be written there, but for the body.
    #[inline(always)]
    fn next_row(&mut self, applied: ClientSequence, heading: &ReportHeading, limit: u32) -> ReportRow {
        self.last += 1;
        self.newest += 1;
        if self.newest as usize == self.rows.len() {
            self.go_round(limit);
        }
        ReportRow::new(applied, heading, self.next_detail)
    }

    #[inline]
    fn push_detail(&mut self, execution: &Execution) {
        if self.next_detail == self.room_until {
            self.make_room();
        }
        let place = self.next_detail as usize & (self.details.len() - 1);
        self.details[place] = TradeDetail::of(execution);
        self.next_detail = self.next_detail.wrapping_add(1);
    }

    #[cold]
    fn keep_other(&mut self, body: &ReportBody) {
        let first = self.first();
        while self.others.front().is_some_and(|&(number, _)| number < first) {
            self.others.pop_front();
        }
        self.others.push_back((self.last, *body));
    }

    /// Place of the oldest report told when the command `applied`, or a later one, was the last one applied; `len` if
    /// there is none.
    pub(crate) fn first_since(&self, applied: ClientSequence) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.row(self.len() - 1 - middle).applied < applied {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// How the order with this client order id ended, if one of the newest reports tells it: at most [`LOOK_BACK`] are
    /// looked at. Orders that were not taken have not ended, and are passed over.
    pub(crate) fn ended_order(&self, client_order_id: ClientOrderId) -> Option<OrderStatus> {
        let statuses = (0..self.len().min(LOOK_BACK)).filter_map(|before| self.row(before).status_of(client_order_id));
        let newest = statuses.into_iter().find(|status| *status != OrderStatus::Rejected)?;
        matches!(newest, OrderStatus::Filled | OrderStatus::Canceled | OrderStatus::Expired).then_some(newest)
    }

    /// The report at `place`, which is less than `len`; the oldest one is at 0. Participant and instrument are those of
    /// the scope.
    pub(crate) fn get(&self, place: usize, participant: ParticipantId, instrument: InstrumentId) -> RetainedReport {
        let number = self.first() + place as u64;
        let row = self.row(self.len() - 1 - place);
        let detail = row.has_detail().then(|| &self.details[row.detail as usize & (self.details.len() - 1)]);
        let body = row.body(detail).unwrap_or_else(|| {
            let other = self.others.partition_point(|&(other, _)| other < number);
            self.others[other].1
        });
        let report = Report {
            participant,
            instrument,
            event_sequence: EventSequence(number),
            client_sequence: row.client_sequence(),
            time: row.time,
            body,
        };
        RetainedReport { applied: row.applied, report }
    }

    /// Event sequence of the oldest report kept.
    fn first(&self) -> u64 {
        self.last + 1 - self.len() as u64
    }

    /// The row `before` rows before the newest one.
    fn row(&self, before: usize) -> &ReportRow {
        let newest = self.newest as usize;
        let place = if newest < before { newest + self.rows.len() - before } else { newest - before };
        &self.rows[place]
    }

    /// Called when `newest` has reached the end of the ring: makes the ring longer or, if it has its maximum length,
    /// continues at its beginning.
    #[cold]
    #[inline(never)]
    fn go_round(&mut self, limit: u32) {
        let length = self.rows.len();
        if length > limit as usize {
            self.newest = 0;
            return;
        }
        let longer = (length * 2).max(SMALLEST_RING).min(limit as usize + 1);
        let mut rows = vec![ReportRow::EMPTY; longer].into_boxed_slice();
        rows[..length].copy_from_slice(&self.rows);
        self.rows = rows;
    }

    /// Makes room for one more trade detail: over details whose reports are no longer kept, or in a ring of twice the
    /// length if more than half of the details are still needed. So a ring that is long enough stays as it is in steady
    /// state.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        // The newest row is not written yet.
        let first = if self.len() <= 1 { self.next_detail } else { self.row(self.len() - 1).detail };
        let (length, in_use) = (self.details.len() as u32, self.next_detail.wrapping_sub(first));
        if in_use * 2 > length && (self.details.len() / 2) < self.rows.len() {
            let mut longer = vec![TradeDetail::default(); self.details.len() * 2].into_boxed_slice();
            let mask = longer.len() as u32 - 1;
            for number in (0..in_use).map(|place| first.wrapping_add(place)) {
                longer[(number & mask) as usize] = self.details[(number & (length - 1)) as usize];
            }
            self.details = longer;
        }
        self.room_until = first.wrapping_add(self.details.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::*;

    use super::*;

    fn report(n: u64) -> Report {
        let numbers = [7, 0, n, u64::MAX - n, 1 << 63];
        let number = |place: u64| numbers[((n >> place) ^ (n * 31 + place)) as usize % numbers.len()];
        let body = if n % 11 == 3 {
            ReportBody::MassCancel { target: ParticipantId(n as u32), affected: 5 }
        } else if n % 11 == 5 {
            ReportBody::CancelReject {
                orig_client_order_id: ClientOrderId(number(1)),
                client_order_id: ClientOrderId(number(2)),
                reason: RejectReason::TooLateToCancel,
                order_status: (n % 2 == 1).then_some(OrderStatus::Expired),
            }
        } else {
            ReportBody::Execution(Execution {
                exec_type: ExecType::Restated,
                order_status: OrderStatus::PartiallyFilled,
                order_id: OrderId(number(1)),
                client_order_id: ClientOrderId(number(2)),
                orig_client_order_id: ClientOrderId(number(3)),
                trade_id: TradeId(number(4)),
                side: Side::Sell,
                order_type: OrderType::Market,
                time_in_force: TimeInForce::Ioc,
                price: n.is_multiple_of(2).then_some(Price(number(5).cast_signed())),
                quantity: Quantity(number(6)),
                last_price: n.is_multiple_of(3).then_some(Price(number(7).cast_signed())),
                last_quantity: Quantity(number(8)),
                leaves_quantity: Quantity(number(9)),
                cum_quantity: Quantity(number(10)),
                liquidity: Liquidity::Auction,
                reason: RejectReason::InstrumentClosed,
                client_tag: ClientTag(if n.is_multiple_of(5) { number(11) } else { 0 }),
                on_disconnect: if n.is_multiple_of(7) { OnDisconnect::Stay } else { OnDisconnect::Cancel },
            })
        };
        Report {
            participant: ParticipantId(1),
            instrument: InstrumentId(2),
            event_sequence: EventSequence(n + 1),
            client_sequence: ClientSequence(if n.is_multiple_of(4) { 0 } else { n / 3 + 1 }),
            time: EpochNanos(n.cast_signed() - 50),
            body,
        }
    }

    #[test]
    fn reports_come_out_as_they_were_put_in_however_many_are_kept() {
        for limit in [0, 1, 7, 100, 3_000] {
            let (told, lost) = (EventSequence(40), Lost { applied: ClientSequence(3), through: EpochNanos(9) });
            let mut kept = KeptReports::after(told, lost);
            assert_eq!((kept.len(), kept.lost()), (0, lost));
            kept.next_detail = u32::MAX - 500;
            kept.room_until = kept.next_detail.wrapping_add(SMALLEST_RING as u32);
            for n in 40..3_040 {
                kept.push_back(ClientSequence(n / 3 + 1), &report(n), limit);
            }
            assert_eq!(kept.len(), limit as usize);
            let first = 3_040 - u64::from(limit);
            let newest_lost = Lost { applied: ClientSequence((first - 1) / 3 + 1), through: report(first - 1).time };
            assert_eq!(kept.lost(), if limit == 3_000 { lost } else { newest_lost });
            for n in first..3_040 {
                let found = kept.get((n - first) as usize, ParticipantId(1), InstrumentId(2));
                assert_eq!(found, RetainedReport { applied: ClientSequence(n / 3 + 1), report: report(n) });
            }
            let since = kept.first_since(ClientSequence(first / 3 + 2));
            assert_eq!(since, (3 - first as usize % 3).min(limit as usize));
        }
    }
}

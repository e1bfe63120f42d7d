//! The newest reports of a scope, in little memory: written with every report, and hardly ever read.
//!
//! Each report takes a row, and some a trade detail (`report_row`). The oldest report is forgotten by writing a later one
//! over it. The few reports that are neither about an order nor about a cancel keep their bodies whole, in a queue.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, Execution, InstrumentId, OrderStatus, ParticipantId,
    Report, ReportBody, RetainedReport,
};

use crate::execution_kinds::ExecutionKinds;
use crate::numbered_tail::NumberedTail;
use crate::report_heading::ReportHeading;
use crate::report_row::{ReportRow, TradeDetail};

/// The newest reports of a scope, and what is remembered of the newest report that is no longer kept.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct KeptReports {
    /// Number of reports that are kept at most.
    limit: u32,
    /// Event sequence of the newest report that would not be kept if there were no limit.
    floor: u64,
    /// Rows of the kept reports by event sequence, and the row before them, which tells what is lost.
    rows: NumberedTail<ReportRow>,
    /// Trade details, by numbers of which rows have the low 32 bits.
    details: NumberedTail<TradeDetail>,
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

impl KeptReports {
    /// No reports, of a scope that has told none and will keep `limit` of them.
    pub(crate) fn new(limit: u32) -> Self {
        Self::after(EventSequence(0), Lost::default(), limit)
    }

    /// No reports, of a scope whose last event is `told` and that remembers `lost`, and will keep `limit` reports.
    pub(crate) fn after(told: EventSequence, lost: Lost, limit: u32) -> Self {
        let mut rows = NumberedTail::starting_at(told.0);
        rows.push(ReportRow::of_lost(lost.applied, lost.through), || told.0);
        Self { limit, floor: told.0, rows, details: NumberedTail::starting_at(0), others: VecDeque::new() }
    }

    /// Begins again without reports, after the event `told`, and remembers `lost`.
    pub(crate) fn begin_after(&mut self, told: EventSequence, lost: Lost) {
        *self = Self::after(told, lost, self.limit);
    }

    /// Event sequence of the newest report that was told, kept or not.
    #[inline(always)]
    fn last(&self) -> u64 {
        self.rows.next() - 1
    }

    /// Number of reports kept.
    pub(crate) fn len(&self) -> usize {
        (self.last() - self.before()) as usize
    }

    /// Event sequence of the newest report that is not kept. It is not stored, so that no report has to move it.
    fn before(&self) -> u64 {
        self.floor.max(self.last().saturating_sub(self.limit.into()))
    }

    /// What is remembered of the newest report that is no longer kept.
    pub(crate) fn lost(&self) -> Lost {
        let ReportRow { applied, time: through, .. } = *self.row(self.before());
        Lost { applied, through }
    }

    /// Forgets the reports before the one with this event sequence.
    pub(crate) fn forget_before(&mut self, first: u64) {
        self.floor = self.floor.max(first.saturating_sub(1).min(self.last()));
    }

    /// Keeps the next report, told when `applied` was the scope's last command applied; forgets the oldest one if there would be
    /// too many.
    pub(crate) fn push_back(&mut self, applied: ClientSequence, report: &Report) {
        let heading = ReportHeading::of(report);
        if let ReportBody::Execution(execution) = &report.body {
            return self.push_execution(applied, &heading, execution, ExecutionKinds::of(execution));
        }
        let row = self.next_row(applied, &heading);
        let row = if let ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status } =
            report.body
        {
            row.with_cancel_reject(orig_client_order_id, client_order_id, reason, order_status)
        } else {
            self.keep_other(&report.body);
            row.with_other_body()
        };
        self.push_row(row);
    }

    /// The same for an execution.
    #[inline(always)]
    pub(crate) fn push_execution(
        &mut self,
        applied: ClientSequence,
        heading: &ReportHeading,
        execution: &Execution,
        kinds: ExecutionKinds,
    ) {
        let detail = self.details.next() as u32;
        let has_detail = ReportRow::needs_detail(execution);
        if has_detail {
            let Self { rows, floor, limit, details, .. } = self;
            let next = details.next();
            details.push(TradeDetail::of(execution), || first_detail(rows, *floor, *limit, next));
        }
        // Before the row is made, so that nothing of it has to wait for a call.
        let slot = self.push_slot();
        *slot = ReportRow::new(applied, heading, detail).with_execution(execution, kinds, has_detail);
        self.prefetch_next();
    }

    /// Prefetches the row of the next report, which is in no cache if the chunk is used again.
    #[inline(always)]
    fn prefetch_next(&self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(next) = self.rows.next_place() {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch is a hint without effect on memory, and the address is that of a reference.
            unsafe { _mm_prefetch(std::ptr::from_ref(next).cast(), _MM_HINT_T0) };
        }
    }

    /// The row of the next report, but for its body.
    #[inline(always)]
    fn next_row(&self, applied: ClientSequence, heading: &ReportHeading) -> ReportRow {
        ReportRow::new(applied, heading, self.details.next() as u32)
    }

    #[inline(always)]
    fn push_row(&mut self, row: ReportRow) {
        *self.push_slot() = row;
    }

    /// The row of the next report, to be written. The row before those that are kept is still needed.
    #[inline(always)]
    fn push_slot(&mut self) -> &mut ReportRow {
        let Self { limit, floor, rows, .. } = self;
        let next = rows.next();
        rows.push_slot(|| next.saturating_sub((*limit).into()).max(*floor))
    }

    #[cold]
    fn keep_other(&mut self, body: &ReportBody) {
        let number = self.rows.next();
        let first = (number + 1).saturating_sub(self.limit.into()).max(self.floor + 1);
        while self.others.front().is_some_and(|&(number, _)| number < first) {
            self.others.pop_front();
        }
        self.others.push_back((number, *body));
    }

    /// Place of the oldest report told when the command `applied`, or a later one, was the last one applied; `len` if
    /// there is none.
    pub(crate) fn first_since(&self, applied: ClientSequence) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.row(self.before() + 1 + middle as u64).applied < applied {
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
        let statuses = (0..self.len().min(LOOK_BACK) as u64)
            .filter_map(|back| self.row(self.last() - back).status_of(client_order_id));
        let newest = statuses.into_iter().find(|status| *status != OrderStatus::Rejected)?;
        matches!(newest, OrderStatus::Filled | OrderStatus::Canceled | OrderStatus::Expired).then_some(newest)
    }

    /// The report at `place`, which is less than `len`; the oldest one is at 0. Participant and instrument are those of
    /// the scope.
    pub(crate) fn get(&self, place: usize, participant: ParticipantId, instrument: InstrumentId) -> RetainedReport {
        let number = self.before() + 1 + place as u64;
        let row = self.row(number);
        let detail =
            row.has_detail().then(|| self.details.get(whole_number(row.detail, self.details.next()))).flatten();
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

    /// The row of a kept report, or the row before them.
    fn row(&self, number: u64) -> &ReportRow {
        self.rows.get(number).unwrap_or(&ReportRow::EMPTY)
    }
}

/// Number of the oldest trade detail that is still needed when the newest report, whose row is not written yet, is kept.
#[cold]
fn first_detail(rows: &NumberedTail<ReportRow>, floor: u64, limit: u32, next_detail: u64) -> u64 {
    let newest = rows.next();
    let first = (newest + 1).saturating_sub(limit.into()).max(floor + 1);
    rows.get(first).map_or(next_detail, |row| whole_number(row.detail, next_detail))
}

/// The number of a trade detail with these low 32 bits: the newest one below `next`.
fn whole_number(low: u32, next: u64) -> u64 {
    next - u64::from((next as u32).wrapping_sub(low))
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
            let mut kept = KeptReports::after(told, lost, limit);
            assert_eq!((kept.len(), kept.lost()), (0, lost));
            kept.details = NumberedTail::starting_at(u64::from(u32::MAX) - 500);
            for n in 40..3_040 {
                kept.push_back(ClientSequence(n / 3 + 1), &report(n));
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

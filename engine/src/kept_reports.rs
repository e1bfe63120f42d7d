//! The newest events of a scope, in little memory: they are written once, and hardly ever read.
//!
//! An event takes a line of 64 bytes, and 48 more if it has something to say that most do not: what is filled, what
//! traded, what is left if that does not follow. What its scope says of all of its events is left out. Lines lie in a
//! ring, so that the oldest is forgotten by writing over it. Events that are not about an order
//! are rare, and kept as they are.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, ExecType, Execution, InstrumentId, Liquidity, OrderId,
    OrderStatus, OrderType, ParticipantId, Price, Quantity, RejectReason, Report, ReportBody, RetainedReport, Side,
    TimeInForce, TradeId,
};

use crate::sequences::Heading;

/// Events, oldest first, and what is remembered of the newest one no longer kept.
#[derive(Debug)]
pub(crate) struct KeptReports {
    /// A ring: those kept, and the one before them. It grows until it has a line more than events may be kept, and goes
    /// round only then.
    lines: Box<[Line]>,
    /// Place of the newest of them.
    newest: u32,
    /// Number of the newest event.
    last: u64,
    /// Number of the newest event that was told before these began.
    before: u64,
    /// Number of the next [`Further`] to come, modulo 2^32.
    next_further: u32,
    /// How far that may go before it must be looked which of them are still needed.
    further_until: u32,
    /// By their numbers, modulo their length, which is a power of two.
    further: Box<[Further]>,
    /// Bodies of the events that are neither about an order nor about a cancel, by event number, oldest first; also
    /// some of those no longer kept.
    others: VecDeque<(u64, ReportBody)>,
}

/// What is remembered of events no longer kept. All zero: every event is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Of the newest one: the last command applied when it was told.
    pub(crate) applied: ClientSequence,
    /// Of the newest one: its log time.
    pub(crate) through: EpochNanos,
}

/// An event without what [`Further`] has of it.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line {
    time: EpochNanos,
    applied: ClientSequence,
    /// Of an execution; of a [`CANCEL_REJECT`] the first is that of the order asked about.
    ids: [u64; 2],
    price: Price,
    quantity: Quantity,
    /// Number of its [`Further`] if it has one, else of the next one.
    further: u32,
    says: u8,
    kinds: Kinds,
}

#[derive(Debug, Clone, Copy)]
struct Kinds {
    exec_type: ExecType,
    order_status: OrderStatus,
    side: Side,
    order_type: OrderType,
    time_in_force: TimeInForce,
    liquidity: Liquidity,
    reason: RejectReason,
}

/// The rest of an execution.
#[derive(Debug, Clone, Copy, Default)]
struct Further {
    orig_client_order_id: ClientOrderId,
    leaves_quantity: Quantity,
    cum_quantity: Quantity,
    trade_id: TradeId,
    last_quantity: Quantity,
    last_price: Price,
}

// What a line says.
/// It answers the command.
const ANSWER: u8 = 1;
/// It is about a cancel, or a replacement, that was not done.
const CANCEL_REJECT: u8 = 2;
/// Its body is among the others.
const OTHER: u8 = 4;
const PRICE: u8 = 8;
/// Nothing is left; else all of it is, if nothing further is said.
const NOTHING_LEFT: u8 = 16;
/// The client order id is that before a replacement, too.
const SAME_ID: u8 = 32;
/// There is a [`Further`].
const FURTHER: u8 = 64;
/// With that: a trade's price.
const LAST_PRICE: u8 = 128;

const FEWEST: usize = 8;

impl KeptReports {
    /// None, of a scope that has not told any.
    pub(crate) fn new() -> Self {
        Self::after(EventSequence(0), Lost::default())
    }

    /// None, of a scope that has told so many, of which `lost` is remembered.
    pub(crate) fn after(told: EventSequence, lost: Lost) -> Self {
        let lines = Box::new([Line { applied: lost.applied, time: lost.through, ..Line::EMPTY }]);
        let further = vec![Further::default(); FEWEST].into_boxed_slice();
        let (next_further, further_until) = (0, FEWEST as u32);
        Self {
            lines,
            newest: 0,
            last: told.0,
            before: told.0,
            next_further,
            further_until,
            further,
            others: VecDeque::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        let told = usize::try_from(self.last - self.before).unwrap_or(usize::MAX);
        told.min(self.lines.len() - 1)
    }

    /// What is remembered of the newest event no longer kept.
    pub(crate) fn lost(&self) -> Lost {
        let Line { applied, time: through, .. } = *self.line(self.len());
        Lost { applied, through }
    }

    /// Keeps the next event, told when `applied` was the scope's last command, and forgets the oldest if there would be
    /// more than `limit`.
    pub(crate) fn push_back(&mut self, applied: ClientSequence, report: &Report, limit: u32) {
        let heading = Heading::of(report);
        if let ReportBody::Execution(execution) = &report.body {
            return self.push_execution(applied, &heading, execution, limit);
        }
        let line = self.next_line(applied, &heading, limit);
        let line = if let ReportBody::CancelReject { orig_client_order_id, client_order_id, reason } = report.body {
            Line {
                ids: [orig_client_order_id.0, client_order_id.0],
                says: line.says | CANCEL_REJECT,
                kinds: Kinds { reason, ..Kinds::NONE },
                ..line
            }
        } else {
            self.keep_other(&report.body);
            Line { says: line.says | OTHER, ..line }
        };
        self.lines[self.newest as usize] = line;
    }

    /// The same of an execution.
    #[inline(always)]
    pub(crate) fn push_execution(
        &mut self,
        applied: ClientSequence,
        heading: &Heading,
        execution: &Execution,
        limit: u32,
    ) {
        let line = self.next_line(applied, heading, limit);
        let line = self.execution_line(line, execution);
        self.lines[self.newest as usize] = line;
        self.fetch_next();
    }

    /// Asks for the line of the next event: the ring is longer than the caches, and its oldest line is in none.
    #[inline(always)]
    fn fetch_next(&self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(next) = self.lines.get(self.newest as usize + 1) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint, which changes nothing, about memory that is there.
            unsafe { _mm_prefetch(std::ptr::from_ref(next).cast(), _MM_HINT_T0) };
        }
    }

    /// What all lines say, and the place for the next one.
    #[inline(always)]
    fn next_line(&mut self, applied: ClientSequence, heading: &Heading, limit: u32) -> Line {
        self.last += 1;
        self.newest += 1;
        if self.newest as usize == self.lines.len() {
            self.go_round(limit);
        }
        // The command it answers, if any, is always the last applied.
        let says = if heading.client_sequence.0 == 0 { 0 } else { ANSWER };
        Line { time: heading.time, applied, further: self.next_further, says, ..Line::EMPTY }
    }

    #[inline(always)]
    fn execution_line(&mut self, line: Line, execution: &Execution) -> Line {
        let Execution { orig_client_order_id, client_order_id, quantity, leaves_quantity, .. } = *execution;
        let is_same = orig_client_order_id == client_order_id;
        let is_plain = execution.cum_quantity.0 == 0
            && (leaves_quantity.0 == 0 || leaves_quantity == quantity)
            && (orig_client_order_id.0 == 0 || is_same)
            && execution.trade_id.0 == 0
            && execution.last_quantity.0 == 0
            && execution.last_price.is_none();
        let mut says = line.says;
        says |= if execution.price.is_some() { PRICE } else { 0 };
        says |= if leaves_quantity.0 == 0 { NOTHING_LEFT } else { 0 };
        says |= if is_same { SAME_ID } else { 0 };
        if !is_plain {
            self.put_further(execution);
            says |= FURTHER | if execution.last_price.is_some() { LAST_PRICE } else { 0 };
        }
        Line {
            ids: [execution.order_id.0, client_order_id.0],
            price: execution.price.unwrap_or_default(),
            quantity,
            says,
            kinds: Kinds {
                exec_type: execution.exec_type,
                order_status: execution.order_status,
                side: execution.side,
                order_type: execution.order_type,
                time_in_force: execution.time_in_force,
                liquidity: execution.liquidity,
                reason: execution.reason,
            },
            ..line
        }
    }

    #[inline]
    fn put_further(&mut self, execution: &Execution) {
        if self.next_further == self.further_until {
            self.make_room();
        }
        let place = self.next_further as usize & (self.further.len() - 1);
        self.further[place] = Further {
            orig_client_order_id: execution.orig_client_order_id,
            leaves_quantity: execution.leaves_quantity,
            cum_quantity: execution.cum_quantity,
            trade_id: execution.trade_id,
            last_quantity: execution.last_quantity,
            last_price: execution.last_price.unwrap_or_default(),
        };
        self.next_further = self.next_further.wrapping_add(1);
    }

    #[cold]
    fn keep_other(&mut self, body: &ReportBody) {
        let first = self.first();
        while self.others.front().is_some_and(|&(number, _)| number < first) {
            self.others.pop_front();
        }
        self.others.push_back((self.last, *body));
    }

    /// Place of the oldest told when this command, or a later one, was the last applied.
    pub(crate) fn first_since(&self, applied: ClientSequence) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.line(self.len() - 1 - middle).applied < applied {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// The event at a place, which is there, in the scope of these.
    pub(crate) fn get(&self, place: usize, participant: ParticipantId, instrument: InstrumentId) -> RetainedReport {
        let number = self.first() + place as u64;
        let line = self.line(self.len() - 1 - place);
        let client_sequence = if line.says & ANSWER == 0 { ClientSequence(0) } else { line.applied };
        let body = if line.says & OTHER != 0 {
            let other = self.others.partition_point(|&(other, _)| other < number);
            self.others[other].1
        } else if line.says & CANCEL_REJECT != 0 {
            let [orig_client_order_id, client_order_id] = line.ids.map(ClientOrderId);
            ReportBody::CancelReject { orig_client_order_id, client_order_id, reason: line.kinds.reason }
        } else {
            ReportBody::Execution(self.execution(line))
        };
        let report = Report {
            participant,
            instrument,
            event_sequence: EventSequence(number),
            client_sequence,
            time: line.time,
            body,
        };
        RetainedReport { applied: line.applied, report }
    }

    fn execution(&self, line: &Line) -> Execution {
        let says = |what| line.says & what != 0;
        let [order_id, client_order_id] = line.ids;
        let further = if says(FURTHER) {
            self.further[line.further as usize & (self.further.len() - 1)]
        } else {
            Further {
                orig_client_order_id: ClientOrderId(if says(SAME_ID) { client_order_id } else { 0 }),
                leaves_quantity: if says(NOTHING_LEFT) { Quantity(0) } else { line.quantity },
                ..Further::default()
            }
        };
        Execution {
            exec_type: line.kinds.exec_type,
            order_status: line.kinds.order_status,
            order_id: OrderId(order_id),
            client_order_id: ClientOrderId(client_order_id),
            orig_client_order_id: further.orig_client_order_id,
            trade_id: further.trade_id,
            side: line.kinds.side,
            order_type: line.kinds.order_type,
            time_in_force: line.kinds.time_in_force,
            price: says(PRICE).then_some(line.price),
            quantity: line.quantity,
            last_price: says(LAST_PRICE).then_some(further.last_price),
            last_quantity: further.last_quantity,
            leaves_quantity: further.leaves_quantity,
            cum_quantity: further.cum_quantity,
            liquidity: line.kinds.liquidity,
            reason: line.kinds.reason,
        }
    }

    /// Number of the oldest event kept.
    fn first(&self) -> u64 {
        self.last + 1 - self.len() as u64
    }

    /// So many before the newest.
    fn line(&self, before: usize) -> &Line {
        let newest = self.newest as usize;
        let place = if newest < before { newest + self.lines.len() - before } else { newest - before };
        &self.lines[place]
    }

    /// The ring's end is reached: it goes on at its beginning, if it is as long as it may get.
    #[cold]
    #[inline(never)]
    fn go_round(&mut self, limit: u32) {
        let until_now = self.lines.len();
        if until_now > limit as usize {
            self.newest = 0;
            return;
        }
        let mut longer = vec![Line::EMPTY; (until_now * 2).max(FEWEST).min(limit as usize + 1)].into_boxed_slice();
        longer[..until_now].copy_from_slice(&self.lines);
        self.lines = longer;
    }

    /// Room for one more [`Further`]: where there were some that are no longer needed, or in twice as much memory; at
    /// most half of it is needed then, so that in steady state it suffices.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        // The newest line is not there yet.
        let first = if self.len() <= 1 { self.next_further } else { self.line(self.len() - 1).further };
        let (until_now, in_use) = (self.further.len() as u32, self.next_further.wrapping_sub(first));
        if in_use * 2 > until_now && (self.further.len() / 2) < self.lines.len() {
            let mut longer = vec![Further::default(); self.further.len() * 2].into_boxed_slice();
            let mask = longer.len() as u32 - 1;
            for number in (0..in_use).map(|place| first.wrapping_add(place)) {
                longer[(number & mask) as usize] = self.further[(number & (until_now - 1)) as usize];
            }
            self.further = longer;
        }
        self.further_until = first.wrapping_add(self.further.len() as u32);
    }
}

impl Line {
    const EMPTY: Self = Self {
        time: EpochNanos(0),
        applied: ClientSequence(0),
        ids: [0; 2],
        price: Price(0),
        quantity: Quantity(0),
        further: 0,
        says: 0,
        kinds: Kinds::NONE,
    };
}

impl Kinds {
    const NONE: Self = Self {
        exec_type: ExecType::New,
        order_status: OrderStatus::New,
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        liquidity: Liquidity::None,
        reason: RejectReason::None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(n: u64) -> Report {
        let numbers = [7, 0, n, u64::MAX - n, 1 << 63];
        let number = |place: u64| numbers[((n >> place) ^ (n * 31 + place)) as usize % numbers.len()];
        let body = if n % 11 == 3 {
            ReportBody::MassCancel { target: ParticipantId(n as u32), affected: 5 }
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
    fn an_event_is_64_bytes_or_112() {
        assert_eq!((size_of::<Line>(), size_of::<Further>()), (64, 48));
    }

    #[test]
    fn what_was_put_in_comes_out_however_many_are_kept() {
        for limit in [0, 1, 7, 100, 3_000] {
            let (told, lost) = (EventSequence(40), Lost { applied: ClientSequence(3), through: EpochNanos(9) });
            let mut kept = KeptReports::after(told, lost);
            assert_eq!((kept.len(), kept.lost()), (0, lost));
            kept.next_further = u32::MAX - 500;
            kept.further_until = kept.next_further.wrapping_add(FEWEST as u32);
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

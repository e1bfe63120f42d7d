//! The newest events of a scope, in little memory: they are written once, and hardly ever read.
//!
//! An event takes a head of 16 bytes, and as many words as it has fields that say something: what its scope says of all
//! of them, what is zero, and what follows from the others is left out. A new order takes 64 bytes, a trade up to 104.
//! Events that are not about an order are rare, and kept as they are.

use std::collections::VecDeque;

use crate::command::{OrderType, Side, TimeInForce};
use crate::event::{ExecType, Execution, Liquidity, OrderStatus, RejectReason, Report, ReportBody};
use crate::snapshot::RetainedReport;
use crate::units::{
    ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentId, OrderId, ParticipantId, Price, Quantity,
    TradeId,
};

/// Events, oldest first.
#[derive(Debug)]
pub(crate) struct KeptReports {
    heads: VecDeque<Head>,
    /// A ring, a power of two long. Words have numbers that go on for ever; theirs modulo the length is the place.
    words: Box<[u64]>,
    /// Number of the next word to come.
    next_word: u64,
    /// Bodies of the events that are not about an order, oldest first.
    others: VecDeque<ReportBody>,
    /// How many of `others` are gone.
    others_gone: u64,
}

/// What an event is, and where its words are.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Number of its first word, modulo 2^32.
    word: u32,
    /// Which of the words that may be left out are there.
    present: u16,
    exec_type: ExecType,
    order_status: OrderStatus,
    side: Side,
    order_type: OrderType,
    time_in_force: TimeInForce,
    liquidity: Liquidity,
    reason: RejectReason,
}

// What may be there beside time and command.
/// It answers the command.
const ANSWER: u16 = 1;
/// It is not about an order: the number of its body follows, and no more.
const OTHER: u16 = 2;
const PRICE: u16 = 4;
/// Filled quantity; else 0.
const FILLED: u16 = 8;
/// Number before a replacement; else 0.
const ORIGINAL: u16 = 16;
/// Trade's number, price and quantity; else none.
const TRADE: u16 = 32;
/// Nothing is left; else what is not filled, unless it is said.
const NOTHING_LEFT: u16 = 64;
const LEFT: u16 = 128;
/// Price of a trade: none, though there is the trade's number or quantity.
const NO_LAST_PRICE: u16 = 256;

/// Most words of an event.
const MOST_WORDS: usize = 12;
const FEWEST_WORDS: usize = 64;

/// Words on their way in.
struct Words {
    words: [u64; MOST_WORDS],
    count: usize,
}

impl Words {
    #[inline]
    fn put(&mut self, word: u64) {
        self.words[self.count] = word;
        self.count += 1;
    }
}

impl KeptReports {
    pub(crate) fn new() -> Self {
        Self {
            heads: VecDeque::new(),
            words: Box::new([0; FEWEST_WORDS]),
            next_word: 0,
            others: VecDeque::new(),
            others_gone: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    /// Keeps one more, told when `applied` was the scope's last command.
    #[inline]
    pub(crate) fn push_back(&mut self, applied: ClientSequence, report: &Report) {
        let mut words = Words { words: [0; MOST_WORDS], count: 0 };
        words.put(report.time.0.cast_unsigned());
        words.put(applied.0);
        // The command it answers, if any, is always the last applied.
        let answer = if report.client_sequence.0 == 0 { 0 } else { ANSWER };
        let mut head = match &report.body {
            ReportBody::Execution(execution) => put_execution(execution, &mut words),
            body => self.put_other(body, &mut words),
        };
        (head.present, head.word) = (head.present | answer, self.next_word as u32);
        let in_use = self.heads.front().map_or(0, |oldest| (self.next_word as u32).wrapping_sub(oldest.word));
        if in_use as usize + MOST_WORDS > self.words.len() {
            self.grow();
        }
        let mask = self.words.len() - 1;
        for &word in &words.words[..words.count] {
            self.words[self.next_word as usize & mask] = word;
            self.next_word += 1;
        }
        self.heads.push_back(head);
    }

    /// Forgets the oldest. Gives the last command applied when it was told, and its time.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<(ClientSequence, EpochNanos)> {
        let head = self.heads.pop_front()?;
        if head.present & OTHER != 0 {
            self.others.pop_front();
            self.others_gone += 1;
        }
        let word = |place| self.words[head.word.wrapping_add(place) as usize & (self.words.len() - 1)];
        Some((ClientSequence(word(1)), EpochNanos(word(0).cast_signed())))
    }

    /// Place of the oldest told when this command, or a later one, was the last applied.
    pub(crate) fn first_since(&self, applied: ClientSequence) -> usize {
        self.heads.partition_point(|head| self.words_of(head).nth(1) < Some(applied.0))
    }

    /// The event at a place, which is there, in the scope of these.
    pub(crate) fn get(
        &self,
        place: usize,
        participant: ParticipantId,
        instrument: InstrumentId,
        event_sequence: EventSequence,
    ) -> RetainedReport {
        let head = &self.heads[place];
        let mut words = self.words_of(head);
        let mut word = || words.next().unwrap_or_default();
        let time = EpochNanos(word().cast_signed());
        let applied = ClientSequence(word());
        let client_sequence = if head.present & ANSWER == 0 { ClientSequence(0) } else { applied };
        let body = if head.present & OTHER == 0 {
            ReportBody::Execution(execution(head, word))
        } else {
            self.others[(word() - self.others_gone) as usize]
        };
        RetainedReport {
            applied,
            report: Report { participant, instrument, event_sequence, client_sequence, time, body },
        }
    }

    #[cold]
    fn put_other(&mut self, body: &ReportBody, words: &mut Words) -> Head {
        words.put(self.others_gone + self.others.len() as u64);
        self.others.push_back(*body);
        Head {
            word: 0,
            present: OTHER,
            exec_type: ExecType::New,
            order_status: OrderStatus::New,
            side: Side::Buy,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            liquidity: Liquidity::None,
            reason: RejectReason::None,
        }
    }

    /// The words from a head's first on.
    fn words_of(&self, head: &Head) -> impl Iterator<Item = u64> + '_ {
        let first = head.word;
        let mask = self.words.len() - 1;
        (0..MOST_WORDS as u32).map(move |place| self.words[first.wrapping_add(place) as usize & mask])
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let longer = vec![0; self.words.len() * 2].into_boxed_slice();
        let until_now = std::mem::replace(&mut self.words, longer);
        let (from, to) = (until_now.len() as u64, self.words.len() as u64);
        for number in self.next_word.saturating_sub(from)..self.next_word {
            self.words[(number % to) as usize] = until_now[(number % from) as usize];
        }
    }
}

#[inline]
fn put_execution(execution: &Execution, words: &mut Words) -> Head {
    let Execution { quantity, cum_quantity, leaves_quantity, .. } = *execution;
    let mut present = 0;
    words.put(execution.order_id.0);
    words.put(execution.client_order_id.0);
    words.put(quantity.0);
    if let Some(price) = execution.price {
        present |= PRICE;
        words.put(price.0.cast_unsigned());
    }
    if cum_quantity.0 != 0 {
        present |= FILLED;
        words.put(cum_quantity.0);
    }
    if leaves_quantity.0 == 0 {
        present |= NOTHING_LEFT;
    } else if leaves_quantity.0 != quantity.0.wrapping_sub(cum_quantity.0) {
        present |= LEFT;
        words.put(leaves_quantity.0);
    }
    if execution.orig_client_order_id.0 != 0 {
        present |= ORIGINAL;
        words.put(execution.orig_client_order_id.0);
    }
    if execution.trade_id.0 != 0 || execution.last_price.is_some() || execution.last_quantity.0 != 0 {
        present |= TRADE | if execution.last_price.is_none() { NO_LAST_PRICE } else { 0 };
        words.put(execution.trade_id.0);
        words.put(execution.last_quantity.0);
        words.put(execution.last_price.unwrap_or_default().0.cast_unsigned());
    }
    Head {
        word: 0,
        present,
        exec_type: execution.exec_type,
        order_status: execution.order_status,
        side: execution.side,
        order_type: execution.order_type,
        time_in_force: execution.time_in_force,
        liquidity: execution.liquidity,
        reason: execution.reason,
    }
}

/// What [`put_execution`] put in, in its order.
fn execution(head: &Head, mut word: impl FnMut() -> u64) -> Execution {
    let has = |what| head.present & what != 0;
    let order_id = OrderId(word());
    let client_order_id = ClientOrderId(word());
    let quantity = Quantity(word());
    let price = has(PRICE).then(|| Price(word().cast_signed()));
    let cum_quantity = Quantity(if has(FILLED) { word() } else { 0 });
    let leaves_quantity = Quantity(match () {
        () if has(NOTHING_LEFT) => 0,
        () if has(LEFT) => word(),
        () => quantity.0.wrapping_sub(cum_quantity.0),
    });
    let orig_client_order_id = ClientOrderId(if has(ORIGINAL) { word() } else { 0 });
    let [trade_id, last_quantity, last_price] = if has(TRADE) { [word(), word(), word()] } else { [0; 3] };
    Execution {
        exec_type: head.exec_type,
        order_status: head.order_status,
        order_id,
        client_order_id,
        orig_client_order_id,
        trade_id: TradeId(trade_id),
        side: head.side,
        order_type: head.order_type,
        time_in_force: head.time_in_force,
        price,
        quantity,
        last_price: (has(TRADE) && !has(NO_LAST_PRICE)).then_some(Price(last_price.cast_signed())),
        last_quantity: Quantity(last_quantity),
        leaves_quantity,
        cum_quantity,
        liquidity: head.liquidity,
        reason: head.reason,
    }
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
                reason: RejectReason::Moved,
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
    fn a_head_is_16_bytes() {
        assert_eq!(size_of::<Head>(), 16);
    }

    #[test]
    fn what_was_put_in_comes_out_however_many_are_kept() {
        for limit in [1, 7, 100, 3_000] {
            let mut kept = KeptReports::new();
            kept.next_word = u64::from(u32::MAX) - 500;
            for n in 0..3_000 {
                if kept.len() == limit {
                    let oldest = n - limit as u64;
                    assert_eq!(kept.pop_front(), Some((ClientSequence(oldest / 3 + 1), report(oldest).time)));
                }
                kept.push_back(ClientSequence(n / 3 + 1), &report(n));
            }
            for place in 0..limit {
                let n = (3_000 - limit + place) as u64;
                let found = kept.get(place, ParticipantId(1), InstrumentId(2), EventSequence(n + 1));
                assert_eq!(found, RetainedReport { applied: ClientSequence(n / 3 + 1), report: report(n) });
            }
            let first = 3_000 - limit as u64;
            assert_eq!(kept.first_since(ClientSequence(first / 3 + 2)), (3 - first as usize % 3).min(limit));
        }
    }
}

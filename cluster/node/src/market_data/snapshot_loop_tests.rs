//! The loop of snapshots, read back with the codecs: its rounds have all instruments and their whole books, in bounded parts and
//! at a bounded rate.

use lugus_codecs::Envelope;
use lugus_codecs::market_data::{BookProgress, decode_book, decode_security_definition};
use lugus_vocabulary::{DisplayedOrder, PriceLevel, Side};

use super::*;
use crate::snapshot::tests::busy_engine;

/// What was told of an instrument in one round.
#[derive(Debug, Default, PartialEq)]
struct Told {
    instrument: InstrumentId,
    sequence: u64,
    levels: [Vec<PriceLevel>; 2],
    orders: Vec<DisplayedOrder>,
    parts: usize,
}

const MILLISECOND: i64 = 1_000_000;

struct Bench {
    engine: Engine,
    snapshot_loop: SnapshotLoop,
    reader: lugus_ring::Reader<Datagram>,
    audience: Audience,
    now_ns: i64,
}

impl Bench {
    fn new(rate: u64) -> Self {
        let (writer, reader) = lugus_ring::ring(RING_CAPACITY);
        let audience = Audience::new(true);
        let snapshot_loop = SnapshotLoop::new(writer, audience.clone(), rate);
        Self { engine: busy_engine(), snapshot_loop, reader, audience, now_ns: 0 }
    }

    /// A millisecond passes; returns the messages.
    fn step(&mut self) -> Vec<Vec<u8>> {
        self.now_ns += MILLISECOND;
        self.snapshot_loop.do_work(&self.engine, EpochNanos(7), self.now_ns);
        let mut messages = Vec::new();
        self.reader.drain(usize::MAX, |datagram| messages.push(datagram.message().to_vec()));
        messages
    }
}

/// Adds a message to what was told; a definition begins an instrument.
fn hear(message: &[u8], book: &mut Book, told: &mut Vec<Told>) {
    assert!(message.len() <= MAXIMUM_STREAM_LENGTH);
    let envelope = Envelope::open(message).unwrap();
    if let Some(definition) = decode_security_definition(envelope).unwrap() {
        told.push(Told { instrument: definition.instrument, ..Told::default() });
        return;
    }
    if decode_book(envelope, book).unwrap() != Some(BookProgress::Complete) {
        return;
    }
    let last = told.last_mut().unwrap();
    assert_eq!((last.instrument, book.time), (book.market.instrument, EpochNanos(7)));
    let begins = last.levels.each_ref().map(|levels| levels.last().map(|level| level.price));
    assert_eq!(book.after, begins, "each part begins where the one before ends");
    assert!(book.bids.len().max(book.offers.len()) <= usize::from(LEVELS_OF_SIDE));
    last.sequence = book.market.sequence.0;
    last.levels[0].extend(&book.bids);
    last.levels[1].extend(&book.offers);
    last.orders.extend(&book.orders);
    last.parts += 1;
}

#[test]
fn a_round_tells_all_instruments_and_their_whole_books() {
    let mut bench = Bench::new(1 << 30);
    let (mut book, mut told) = (Book::with_room(), Vec::new());
    while told.len() < 5 {
        bench.step().iter().for_each(|message| hear(message, &mut book, &mut told));
    }
    for told in &mut told[..4] {
        let Told { instrument, sequence, .. } = *told;
        let engine = &bench.engine;
        assert_eq!(engine.market_data_snapshot(instrument).unwrap().sequence.0, sequence);
        let sides = [Side::Buy, Side::Sell].map(|side| engine.levels(instrument, side).unwrap().collect::<Vec<_>>());
        assert_eq!(told.levels, sides);
        told.orders.sort_by_key(|order| order.order_id);
        let mut orders: Vec<_> = engine.displayed_orders(instrument).unwrap().collect();
        orders.sort_by_key(|order| order.order_id);
        assert_eq!(told.orders, orders);
        assert!(told.parts > 1, "{} parts", told.parts);
    }
    assert_eq!(told[0], told[2], "the next round tells the same");
    assert_eq!([0, 1, 2, 3].map(|place: usize| told[place].instrument.0), [1, 2, 1, 2]);
}

#[test]
fn the_rate_is_not_exceeded_and_nothing_is_told_while_nobody_listens() {
    const RATE: u64 = 64 << 10;
    let mut bench = Bench::new(RATE);
    let mut bytes = 0;
    for _ in 0..2_000 {
        bytes += bench.step().iter().map(Vec::len).sum::<usize>();
    }
    assert!(
        bytes > RATE as usize && bytes < 2 * RATE as usize + 16 * MAXIMUM_STREAM_LENGTH,
        "{bytes} bytes in two seconds"
    );
    bench.audience.tell(false);
    assert!((0..100).all(|_| bench.step().is_empty()));
    bench.audience.tell(true);
    assert!((0..100).any(|_| !bench.step().is_empty()));
}

#[test]
fn a_full_ring_holds_up_the_loop_and_loses_nothing() {
    let mut bench = Bench::new(1 << 30);
    for _ in 0..1_000 {
        bench.now_ns += MILLISECOND;
        bench.snapshot_loop.do_work(&bench.engine, EpochNanos(7), bench.now_ns);
    }
    let (mut book, mut told) = (Book::with_room(), Vec::new());
    while told.len() < 3 {
        // It asserts that each part begins where the one before ends.
        bench.step().iter().for_each(|message| hear(message, &mut book, &mut told));
    }
}

#[test]
fn what_waited_when_the_last_listener_left_is_not_told_to_the_next_one() {
    let mut bench = Bench::new(1 << 30);
    let mut full = 0;
    while full < 1_000 {
        bench.now_ns += MILLISECOND;
        full += usize::from(bench.snapshot_loop.do_work(&bench.engine, EpochNanos(6), bench.now_ns) == 0);
    }
    bench.audience.tell(false);
    bench.step();
    bench.audience.tell(true);
    let (mut book, mut told) = (Book::with_room(), Vec::new());
    while told.len() < 3 {
        // It asserts the time, and begins with a definition.
        bench.step().iter().for_each(|message| hear(message, &mut book, &mut told));
    }
}

#[test]
fn small_books_leave_most_of_the_rate_unused() {
    let mut bench = Bench::new(1 << 30);
    bench.engine = Engine::new(lugus_engine::EngineLimits::default());
    assert!((0..1_000).all(|_| bench.step().is_empty()), "there is no instrument");
    let mut definitions = 0;
    bench.engine = busy_engine();
    for _ in 0..1_000 {
        let is_definition =
            |message: &&Vec<u8>| decode_security_definition(Envelope::open(message).unwrap()).unwrap().is_some();
        definitions += bench.step().iter().filter(is_definition).count();
    }
    assert!((2..=20).contains(&definitions), "{definitions} definitions of two instruments in a second");
}

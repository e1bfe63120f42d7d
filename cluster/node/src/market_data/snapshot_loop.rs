//! The loop of snapshots: each instrument's definition and then its book, part by part, for listeners without a session.
//!
//! The service's thread makes a part between two commands, in its duty cycle: so the part is the book at one instant of the log,
//! whose number it has. A part has at most [`LEVELS_OF_SIDE`] levels and about [`ORDERS_OF_SIDE`] orders of a side, and no part is made
//! while nobody listens, nor sooner than the configured rate allows. A listener takes increments meanwhile, as the parts
//! include different ones.

use std::collections::VecDeque;

use lugus_codecs::market_data::{
    BookBuffer, MAXIMUM_BOOK_LENGTH, MAXIMUM_LEVELS_OF_DATAGRAM, MAXIMUM_ORDERS_OF_DATAGRAM, MAXIMUM_STREAM_LENGTH,
    encode_book, encode_book_orders, encode_security_definition,
};
use lugus_engine::Engine;
use lugus_ring::Writer;
use lugus_vocabulary::{Book, BookRequest, BookType, EpochNanos, InstrumentId, Price};

use super::audience::Audience;
use crate::book::BookReader;

/// Largest number of levels of a side in a part: those of both sides are one datagram.
pub const LEVELS_OF_SIDE: u16 = 16;
/// Number of orders of a side after which a part ends: with the level that is the first of its side, or before the level that would
/// exceed it. A level is never divided.
pub const ORDERS_OF_SIDE: usize = 42;
/// Largest number of orders at one price that are told. A part with more is told by level only.
pub const MAXIMUM_ORDERS_OF_LEVEL: u32 = 4_096;
/// Number of datagrams between the two threads.
pub const RING_CAPACITY: usize = 256;
/// Least time between the starts of two rounds, so that small books do not use the whole rate.
const ROUND_INTERVAL_NS: i64 = 100_000_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

const _: () = assert!(2 * LEVELS_OF_SIDE as usize <= MAXIMUM_LEVELS_OF_DATAGRAM);

/// A message of the snapshot stream on its way to the publishing thread.
#[derive(Debug, Clone, Copy)]
pub struct Datagram {
    length: u16,
    bytes: [u8; MAXIMUM_STREAM_LENGTH],
}

impl Datagram {
    /// A copy of the message. What is longer than any message of the stream is cut off.
    fn of(message: &[u8]) -> Self {
        let mut bytes = [0; MAXIMUM_STREAM_LENGTH];
        let length = message.len().min(bytes.len());
        bytes[..length].copy_from_slice(&message[..length]);
        Self { length: length as u16, bytes }
    }

    /// The message.
    pub fn message(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length).min(MAXIMUM_STREAM_LENGTH)]
    }
}

/// Where the loop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The round begins at this time.
    Pause { until_ns: i64 },
    /// The next instrument is the one with this id, or the first with a higher one.
    Instrument(InstrumentId),
    /// The next part of this instrument begins after these prices; of a side that has ended nothing follows.
    Part { instrument: InstrumentId, after: [Option<Price>; 2], has_ended: [bool; 2] },
}

/// The loop of snapshots, on the service's thread.
pub struct SnapshotLoop {
    ring: Writer<Datagram>,
    audience: Audience,
    reader: BookReader,
    place: Place,
    /// Number of the last part.
    part: u64,
    /// Messages of a part that the ring had no room for yet.
    waiting: VecDeque<Datagram>,
    /// Bytes a second.
    rate: u64,
    /// The next part is not made before.
    next_at_ns: i64,
    /// When the round began.
    round_began_ns: i64,
    buffer: Box<BookBuffer>,
}

impl SnapshotLoop {
    /// A loop that sends at most `rate` bytes a second, while `audience` is there.
    pub fn new(ring: Writer<Datagram>, audience: Audience, rate: u64) -> Self {
        let longest = MAXIMUM_ORDERS_OF_LEVEL as usize / MAXIMUM_ORDERS_OF_DATAGRAM;
        Self {
            ring,
            audience,
            reader: BookReader::with_portions(ORDERS_OF_SIDE, MAXIMUM_ORDERS_OF_DATAGRAM),
            place: Place::Pause { until_ns: i64::MIN },
            part: 0,
            waiting: VecDeque::with_capacity(2 * longest + 8),
            rate: rate.max(1),
            next_at_ns: i64::MIN,
            round_began_ns: i64::MIN,
            buffer: Box::new([0; MAXIMUM_BOOK_LENGTH]),
        }
    }

    /// Makes the next part, if somebody listens and it is time. `time` is the log time, `now_ns` of a clock that does not go back.
    /// Returns the number of messages that were made or moved.
    #[inline]
    pub fn do_work(&mut self, engine: &Engine, time: EpochNanos, now_ns: i64) -> usize {
        if !self.audience.is_there() {
            self.forget_waiting();
            return 0;
        }
        if now_ns < self.next_at_ns {
            return 0;
        }
        self.go_on(engine, time, now_ns)
    }

    /// What waits would be old for the next listener.
    fn forget_waiting(&mut self) {
        if !self.waiting.is_empty() {
            self.waiting.clear();
            self.place = Place::Pause { until_ns: i64::MIN };
        }
    }

    #[cold]
    fn go_on(&mut self, engine: &Engine, time: EpochNanos, now_ns: i64) -> usize {
        if self.waiting.is_empty() {
            self.make(engine, time, now_ns);
            let bytes: usize = self.waiting.iter().map(|datagram| datagram.message().len()).sum();
            let pause = bytes as u64 * NANOS_PER_SECOND.cast_unsigned() / self.rate;
            self.next_at_ns = now_ns.saturating_add(i64::try_from(pause).unwrap_or(i64::MAX));
        }
        let mut moved = 0;
        while let Some(datagram) = self.waiting.front() {
            if self.ring.push(datagram).is_err() {
                break;
            }
            self.waiting.pop_front();
            moved += 1;
        }
        self.ring.publish();
        moved
    }

    /// Makes the messages of one step: of an instrument's definition and the first part of its book, or of a further part.
    fn make(&mut self, engine: &Engine, time: EpochNanos, now_ns: i64) {
        match self.place {
            Place::Pause { until_ns } if now_ns < until_ns => {}
            Place::Pause { .. } => {
                self.round_began_ns = now_ns;
                self.begin_instrument(engine, InstrumentId(0), time);
            }
            Place::Instrument(first) => self.begin_instrument(engine, first, time),
            Place::Part { instrument, after, has_ended } => self.tell_part(engine, instrument, after, has_ended, time),
        }
    }

    fn begin_instrument(&mut self, engine: &Engine, first: InstrumentId, time: EpochNanos) {
        let Some(instrument) = engine.instruments_from(first).next() else {
            self.place = Place::Pause { until_ns: self.round_began_ns.saturating_add(ROUND_INTERVAL_NS) };
            return;
        };
        if let Some(definition) = engine.definition(instrument) {
            let mut buffer = [0; MAXIMUM_STREAM_LENGTH];
            self.waiting.push_back(Datagram::of(encode_security_definition(definition, &mut buffer)));
        }
        self.tell_part(engine, instrument, [None; 2], [false; 2], time);
    }

    fn tell_part(
        &mut self,
        engine: &Engine,
        instrument: InstrumentId,
        after: [Option<Price>; 2],
        has_ended: [bool; 2],
        time: EpochNanos,
    ) {
        self.part += 1;
        let [bids_after, offers_after] = after;
        let (request_id, depth, book_type) = (self.part, LEVELS_OF_SIDE, BookType::Orders);
        let request = BookRequest { request_id, instrument, depth, bids_after, offers_after, book_type };
        let Self { reader, buffer, waiting, .. } = self;
        let next = InstrumentId(instrument.0.saturating_add(1));
        self.place = Place::Instrument(next);
        let Some(book) = reader.part(engine, &request, has_ended, time) else { return };
        let is_too_long =
            [&book.bids, &book.offers].into_iter().flatten().any(|level| level.orders > MAXIMUM_ORDERS_OF_LEVEL);
        let told = if is_too_long { BookType::Levels } else { BookType::Orders };
        waiting.push_back(Datagram::of(encode_book(book, told, buffer)));
        let (has_ended, after) = (book.is_end_of, ends(book));
        if told == BookType::Orders {
            reader.orders(engine, |orders| {
                waiting.push_back(Datagram::of(encode_book_orders(request_id, instrument, orders, buffer)));
            });
        }
        if has_ended != [true; 2] {
            self.place = Place::Part { instrument, after, has_ended };
        }
    }
}

/// Prices after which the part that follows this one begins.
fn ends(book: &Book) -> [Option<Price>; 2] {
    let end = |levels: &[lugus_vocabulary::PriceLevel], before| levels.last().map(|level| level.price).or(before);
    [end(&book.bids, book.after[0]), end(&book.offers, book.after[1])]
}

#[cfg(test)]
#[path = "snapshot_loop_tests.rs"]
mod tests;

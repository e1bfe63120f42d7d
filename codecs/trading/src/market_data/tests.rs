//! Messages of market data: typed values against the generated codecs, field by field, and what must hold of every message.

use lugus_vocabulary::*;
use proptest::prelude::*;
use proptest::sample::select;
use sbe_message::{DecodeError, Envelope, HEADER_LENGTH};

use super::*;
use crate::error::MessageError;
use crate::group::GROUP_HEADER_LENGTH;
use crate::order_entry::{CommandBuffer, MAXIMUM_COMMAND_LENGTH};
use crate::sbe_market_data as wire;
use crate::testing::{self, Codec, damage};

/// The generated decoder of a template, from checked bytes.
macro_rules! generated {
    ($bytes:expr, $codec:ident, $decoder:ident) => {{
        let envelope = Envelope::open($bytes).unwrap().of_schema(wire::SBE_SCHEMA_ID).unwrap();
        assert_eq!(envelope.version, wire::SBE_SCHEMA_VERSION);
        let body = envelope.body(wire::$codec::SBE_TEMPLATE_ID, wire::$codec::SBE_BLOCK_LENGTH).unwrap();
        wire::$codec::decoder::$decoder::default().wrap(
            wire::ReadBuf::new(body.message),
            HEADER_LENGTH,
            body.block_length,
            body.version,
        )
    }};
}

fn level(price: i64) -> PriceLevel {
    PriceLevel {
        price: Price(price),
        quantity: Quantity(price.unsigned_abs() * 10),
        orders: price.unsigned_abs() as u32,
    }
}

fn book_of(bids: &[PriceLevel], offers: &[PriceLevel]) -> Book {
    let market = MarketDataSnapshot {
        instrument: InstrumentId(3),
        sequence: MarketDataSequence(4),
        state: InstrumentState::Auction,
        reference_price: Price(-5),
        statistics: Statistics {
            open: Some(Price(6)),
            high: Some(Price(7)),
            low: None,
            last: Some(Price(-8)),
            volume: Quantity(9),
        },
    };
    let (bids, offers) = (bids.to_vec(), offers.to_vec());
    let (is_end_of, after) = ([true, false], [None, Some(Price(-3))]);
    Book { request_id: 1, time: EpochNanos(2), market, bids, offers, is_end_of, after, orders: Vec::new() }
}

fn encoded(book: &Book, book_type: BookType) -> Vec<u8> {
    encode_book(book, book_type, &mut [0xaa; MAXIMUM_BOOK_LENGTH]).to_vec()
}

fn decoded(bytes: &[u8], book: &mut Book) -> Result<Option<BookProgress>, MessageError> {
    decode_book(Envelope::open(bytes)?, book)
}

fn decoded_alone(bytes: &[u8]) -> Result<Option<Book>, MessageError> {
    let mut book = Book::with_room();
    Ok(decoded(bytes, &mut book)?.map(|_| book))
}

#[test]
fn a_request_is_read_by_the_generated_decoder() {
    let request = BookRequest {
        request_id: 6,
        instrument: InstrumentId(9),
        depth: 5,
        bids_after: None,
        offers_after: Some(Price(-7)),
        book_type: BookType::Orders,
    };
    let mut buffer: CommandBuffer = [0xaa; MAXIMUM_COMMAND_LENGTH];
    let read =
        generated!(encode_book_request(&request, &mut buffer), market_data_request_codec, MarketDataRequestDecoder);
    assert_eq!((read.instrument_id(), read.market_depth(), read.request_id()), (9, 5, 6));
    assert_eq!((read.bids_after(), read.offers_after()), (None, Some(-7)));
    assert_eq!(read.book_type(), wire::book_type::BookType::ORDERS);
}

#[test]
fn a_book_is_read_by_the_generated_decoder() {
    let bytes = encoded(&book_of(&[level(5), level(-4)], &[level(6)]), BookType::Orders);
    let read = generated!(&bytes, market_data_snapshot_codec, MarketDataSnapshotDecoder);
    assert_eq!((read.request_id(), read.transact_time(), read.instrument_id(), read.sequence()), (1, 2, 3, 4));
    assert_eq!((read.state(), read.reference_price()), (wire::md_state::MDState::AUCTION, -5));
    assert_eq!((read.opening_price(), read.high_price(), read.low_price()), (Some(6), Some(7), None));
    assert_eq!((read.last_price(), read.volume()), (Some(-8), 9));
    assert_eq!((read.end_of_book().get_bids(), read.end_of_book().get_offers()), (true, false));
    assert_eq!(read.book_type(), wire::book_type::BookType::ORDERS);
    assert_eq!((read.bids_after(), read.offers_after()), (None, Some(-3)));
    let mut bids = read.bids_decoder();
    let mut levels = Vec::new();
    while bids.advance().unwrap().is_some() {
        levels.push((bids.price(), bids.quantity(), bids.number_of_orders()));
    }
    let mut offers = bids.parent().unwrap().offers_decoder();
    while offers.advance().unwrap().is_some() {
        levels.push((offers.price(), offers.quantity(), offers.number_of_orders()));
    }
    assert_eq!(levels, [(5, 50, 5), (-4, 40, 4), (6, 60, 6)]);
}

#[test]
fn a_book_is_read_into_the_same_room_again_and_again() {
    let mut room = Book::with_room();
    let sides: [(Vec<PriceLevel>, Vec<PriceLevel>); 4] = [
        (vec![level(5), level(-4)], vec![level(6)]),
        (vec![], vec![]),
        (vec![], vec![level(7), level(8), level(9)]),
        ((0..256).map(level).collect(), (0..256).map(level).collect()),
    ];
    for (bids, offers) in sides {
        let book = book_of(&bids, &offers);
        assert_eq!(decoded(&encoded(&book, BookType::Levels), &mut room), Ok(Some(BookProgress::Complete)));
        assert_eq!(room, book);
    }
}

#[test]
fn a_book_that_is_not_whole_or_too_deep_is_refused() {
    let whole = encoded(&book_of(&[level(5), level(4)], &[level(6)]), BookType::Levels);
    for length in 0..whole.len() {
        assert!(decoded_alone(&whole[..length]).is_err(), "{length} bytes");
    }
    let deep: Vec<PriceLevel> = (0..257).map(level).collect();
    let mut bytes = encoded(&book_of(&deep, &[]), BookType::Levels);
    assert_eq!(decoded_alone(&bytes).unwrap().unwrap().bids.len(), 256, "the best levels");
    let count_at = HEADER_LENGTH + usize::from(wire::market_data_snapshot_codec::SBE_BLOCK_LENGTH) + 2;
    bytes[count_at..count_at + 2].copy_from_slice(&257u16.to_le_bytes());
    let expected = MessageError::Group { template_id: 2, group: "bids", count: 257, block_length: 20 };
    assert_eq!(decoded_alone(&bytes), Err(expected));
}

/// The messages of a book by order, as a member sends them.
fn messages_of(book: &Book) -> Vec<Vec<u8>> {
    let orders = book.orders.chunks(MAXIMUM_ORDERS).map(|orders| {
        let (request_id, instrument) = (book.request_id, book.market.instrument);
        encode_book_orders(request_id, instrument, orders, &mut [0xaa; MAXIMUM_BOOK_LENGTH]).to_vec()
    });
    std::iter::once(encoded(book, BookType::Orders)).chain(orders).collect()
}

#[test]
fn orders_are_read_by_the_generated_decoder() {
    let order = DisplayedOrder { order_id: OrderId(4), side: Side::Buy, price: Price(5), quantity: Quantity(6) };
    let mut buffer = [0xaa; MAXIMUM_BOOK_LENGTH];
    let bytes = encode_book_orders(1, InstrumentId(3), &[order], &mut buffer);
    let read = generated!(bytes, market_data_orders_codec, MarketDataOrdersDecoder);
    assert_eq!((read.request_id(), read.instrument_id()), (1, 3));
    let mut orders = read.orders_decoder();
    assert_eq!((orders.advance().unwrap(), orders.count()), (Some(0), 1));
    assert_eq!((orders.order_id(), orders.quantity()), (4, 6));
}

#[test]
fn orders_of_another_request_are_passed_over_and_too_many_are_refused() {
    let mut book = book_of(&[PriceLevel { orders: 1, ..level(5) }], &[]);
    let order = DisplayedOrder { order_id: OrderId(4), side: Side::Buy, price: Price(5), quantity: Quantity(6) };
    book.orders.push(order);
    let mut room = Book::with_room();
    let [levels, orders] = &messages_of(&book)[..] else { panic!("two messages") };
    assert_eq!(decoded(levels, &mut room), Ok(Some(BookProgress::Partial)));
    let mut buffer = [0; MAXIMUM_BOOK_LENGTH];
    let other = encode_book_orders(2, InstrumentId(3), &[order], &mut buffer);
    assert_eq!((decoded(other, &mut room), room.orders.len()), (Ok(Some(BookProgress::Partial)), 0));
    assert_eq!(decoded(orders, &mut room), Ok(Some(BookProgress::Complete)));
    assert_eq!(room, book);
    assert_eq!(decoded(orders, &mut room), Err(MessageError::Value { template_id: 4, field: "orders" }));
}

#[test]
fn entries_of_a_later_version_are_longer() {
    let bytes = encoded(&book_of(&[level(5), level(4)], &[level(6)]), BookType::Levels);
    let mut at = HEADER_LENGTH + usize::from(wire::market_data_snapshot_codec::SBE_BLOCK_LENGTH);
    let mut later = bytes[..at].to_vec();
    while at < bytes.len() {
        let [length, count] = [at, at + 2].map(|at| u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        later.extend_from_slice(&(length + 3).to_le_bytes());
        later.extend_from_slice(&count.to_le_bytes());
        at += GROUP_HEADER_LENGTH;
        for entry in bytes[at..].chunks(usize::from(length)).take(usize::from(count)) {
            later.extend_from_slice(entry);
            later.extend_from_slice(&[0xab; 3]);
            at += entry.len();
        }
    }
    assert_eq!(decoded_alone(&later), decoded_alone(&bytes));
}

fn increment(sequence: u64, body: MarketDataBody) -> MarketData {
    MarketData { instrument: InstrumentId(3), sequence: MarketDataSequence(sequence), time: EpochNanos(2), body }
}

#[test]
fn increments_are_read_by_the_generated_decoder() {
    let order = DisplayedOrder { order_id: OrderId(4), side: Side::Sell, price: Price(-5), quantity: Quantity(6) };
    let statistics =
        Statistics { open: Some(Price(6)), low: Some(Price(-7)), volume: Quantity(9), ..Default::default() };
    let (side, price, quantity) = (Side::Buy, Price(7), Quantity(8));
    let (state, reference_price) = (InstrumentState::Halted, Price(10));
    let increments = [
        increment(11, MarketDataBody::OrderAdded(order)),
        increment(12, MarketDataBody::OrderChanged(order)),
        increment(13, MarketDataBody::OrderRemoved { order_id: OrderId(4), side: Side::Sell, price: Price(-5) }),
        increment(14, MarketDataBody::Level { side, price, quantity, orders: 9 }),
        increment(15, MarketDataBody::Trade { trade_id: TradeId(16), price, quantity, aggressor: None }),
        increment(16, MarketDataBody::State { state, reference_price }),
        increment(17, MarketDataBody::Statistics(statistics)),
    ];
    let mut buffer = [0xaa; MAXIMUM_STREAM_LENGTH];
    let bytes = encode_increments(&increments, EndOfEvent::Yes, &mut buffer);
    let read = generated!(bytes, market_data_incremental_refresh_codec, MarketDataIncrementalRefreshDecoder);
    assert_eq!((read.sequence(), read.transact_time(), read.instrument_id()), (11, 2, 3));
    assert!(read.match_event_indicator().get_end_of_event());
    use wire::{increment_type::IncrementType, md_side::MDSide, md_state::MDState};
    let expected = [
        (IncrementType::ORDER_ADDED, 4, MDSide::SELL, -5, 6, 0, MDState::CLOSED),
        (IncrementType::ORDER_CHANGED, 4, MDSide::SELL, -5, 6, 0, MDState::CLOSED),
        (IncrementType::ORDER_REMOVED, 4, MDSide::SELL, -5, 0, 0, MDState::CLOSED),
        (IncrementType::LEVEL, 0, MDSide::BUY, 7, 8, 9, MDState::CLOSED),
        (IncrementType::TRADE, 16, MDSide::NONE, 7, 8, 0, MDState::CLOSED),
        (IncrementType::STATE, 0, MDSide::NONE, 10, 0, 0, MDState::HALTED),
    ];
    let mut entries = read.entries_decoder();
    for expected in expected {
        assert!(entries.advance().unwrap().is_some());
        let (id, orders) = (entries.id(), entries.number_of_orders());
        let (price, quantity) = (entries.price(), entries.quantity());
        let found = (entries.increment_type(), id, entries.side(), price, quantity, orders, entries.state());
        assert_eq!(found, expected);
    }
    assert!(entries.advance().unwrap().is_none());
    let mut group = entries.parent().unwrap().statistics_decoder();
    assert_eq!((group.count(), group.advance().unwrap()), (1, Some(0)));
    assert_eq!((group.opening_price(), group.high_price(), group.low_price()), (Some(6), None, Some(-7)));
    assert_eq!((group.last_price(), group.volume()), (None, 9));
}

#[test]
fn without_increments_there_is_no_message_and_too_many_are_left_out() {
    let mut buffer = [0; MAXIMUM_STREAM_LENGTH];
    assert_eq!(encode_increments(&[], EndOfEvent::Yes, &mut buffer), [0; 0]);
    let (state, reference_price) = (InstrumentState::Open, Price(1));
    let many: Vec<_> =
        (1..=41).map(|sequence| increment(sequence, MarketDataBody::State { state, reference_price })).collect();
    let bytes = encode_increments(&many, EndOfEvent::No, &mut buffer);
    assert_eq!((INCREMENTS.decode)(bytes), Ok(Some((many[..40].to_vec(), EndOfEvent::No))));
}

#[test]
fn a_heartbeat_is_read_by_the_generated_decoder() {
    let positions = [(InstrumentId(4), MarketDataSequence(5)), (InstrumentId(6), MarketDataSequence(7))];
    let mut buffer = [0xaa; MAXIMUM_STREAM_LENGTH];
    let of_leader = Heartbeat { leader: Some(MemberId(2)), sender: Some(MemberId(1)), time: Some(EpochNanos(3)) };
    let bytes = encode_heartbeat(&of_leader, &positions, &mut buffer);
    let read = generated!(bytes, market_data_heartbeat_codec, MarketDataHeartbeatDecoder);
    assert_eq!((read.member_id(), read.sender_id(), read.transact_time()), (2, Some(1), Some(3)));
    let mut group = read.instruments_decoder();
    for (instrument, sequence) in [(4, 5), (6, 7)] {
        assert!(group.advance().unwrap().is_some());
        assert_eq!((group.instrument_id(), group.sequence()), (instrument, sequence));
    }
    assert!(group.advance().unwrap().is_none());
}

#[test]
fn each_fault_has_its_error() {
    let (state, reference_price) = (InstrumentState::Open, Price(1));
    let mut buffer = [0; MAXIMUM_STREAM_LENGTH];
    let increments = [increment(1, MarketDataBody::State { state, reference_price })];
    let bytes = encode_increments(&increments, EndOfEvent::Yes, &mut buffer).to_vec();
    let with_byte = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        (INCREMENTS.decode)(&bytes)
    };
    let expected = wire::SBE_SCHEMA_ID;
    assert_eq!(with_byte(4, 9), Err(MessageError::Envelope(DecodeError::Schema { found: 9, expected })));
    assert_eq!(with_byte(2, 99), Ok(None), "another template");
    let entry = HEADER_LENGTH + usize::from(wire::market_data_incremental_refresh_codec::SBE_BLOCK_LENGTH) + 4;
    let fault = |field| Err(MessageError::Value { template_id: 5, field });
    assert_eq!(with_byte(entry + 28, 7), fault("incrementType"));
    assert_eq!(with_byte(entry + 28, 4), fault("side"), "a level without a side");
    assert_eq!(with_byte(entry + 30, 4), fault("state"));
}

const BOOK_REQUESTS: Codec<BookRequest> = Codec {
    encode: |request| encode_book_request(request, &mut [0xaa; MAXIMUM_COMMAND_LENGTH]).to_vec(),
    decode: |bytes| decode_book_request(Envelope::open(bytes)?).map(Some),
};

const BOOKS: Codec<Book> = Codec { encode: |book| encoded(book, BookType::Levels), decode: decoded_alone };

const BOOK_REJECTS: Codec<BookReject> = Codec {
    encode: |reject| encode_book_reject(*reject, &mut [0xaa; MAXIMUM_BOOK_LENGTH]).to_vec(),
    decode: |bytes| decode_book_reject(Envelope::open(bytes)?),
};

const INCREMENTS: Codec<(Vec<MarketData>, EndOfEvent)> = Codec {
    encode: |(increments, end)| encode_increments(increments, *end, &mut [0xaa; MAXIMUM_STREAM_LENGTH]).to_vec(),
    decode: |bytes| {
        let mut increments = Vec::new();
        let end = decode_increments(Envelope::open(bytes)?, &mut increments)?;
        // A message of none can be read, but is never written.
        Ok(end.filter(|_| !increments.is_empty()).map(|end| (increments, end)))
    },
};

const HEARTBEATS: Codec<(Heartbeat, Vec<(InstrumentId, MarketDataSequence)>)> = Codec {
    encode: |(of, positions)| encode_heartbeat(of, positions, &mut [0xaa; MAXIMUM_STREAM_LENGTH]).to_vec(),
    decode: |bytes| {
        let mut positions = Vec::new();
        Ok(decode_heartbeat(Envelope::open(bytes)?, &mut positions)?.map(|heartbeat| (heartbeat, positions)))
    },
};

const REPLAY_REQUESTS: Codec<ReplayRequest> = Codec {
    encode: |request| encode_replay_request(request, &mut [0xaa; MAXIMUM_STREAM_LENGTH]).to_vec(),
    decode: |bytes| decode_replay_request(Envelope::open(bytes)?),
};

const DEFINITIONS: Codec<InstrumentDefinition> = Codec {
    encode: |definition| encode_security_definition(definition, &mut [0xaa; MAXIMUM_STREAM_LENGTH]).to_vec(),
    decode: |bytes| decode_security_definition(Envelope::open(bytes)?),
};

proptest! {
    #[test]
    fn requests_survive_encoding_and_decoding(
        request in testing::book_request(), instrument in testing::instrument(), damage in damage()
    ) {
        BOOK_REQUESTS.check(&request, &damage);
        BOOK_REJECTS.check(&BookReject { request_id: request.request_id, instrument }, &damage);
    }

    #[test]
    fn books_survive_encoding_and_decoding(book in testing::book(), damage in damage()) {
        BOOKS.check(&book, &damage);
    }

    #[test]
    fn books_by_order_survive_encoding_and_decoding(book in testing::book_by_order()) {
        let mut room = Book::with_room();
        let messages = messages_of(&book);
        for (place, message) in messages.iter().enumerate() {
            let progress =
                if place + 1 == messages.len() { BookProgress::Complete } else { BookProgress::Partial };
            prop_assert_eq!(decoded(message, &mut room), Ok(Some(progress)));
        }
        prop_assert_eq!(room, book);
    }

    #[test]
    fn increments_survive_encoding_and_decoding(
        increments in testing::increments(MAXIMUM_INCREMENTS), end in select(EndOfEvent::ALL), damage in damage()
    ) {
        INCREMENTS.check(&(increments, end), &damage);
    }

    #[test]
    fn heartbeats_survive_encoding_and_decoding(
        members in any::<[Option<u16>; 2]>(), time in any::<Option<u32>>(), positions in proptest::collection::vec((any::<u32>(), any::<u64>()), 0..=MAXIMUM_POSITIONS),
        damage in damage()
    ) {
        let positions = positions.into_iter().map(|(id, sequence)| (InstrumentId(id), MarketDataSequence(sequence)));
        let [leader, sender] = members.map(|member| member.map(|number| MemberId(i32::from(number))));
        let heartbeat = Heartbeat { leader, sender, time: time.map(|time| EpochNanos(i64::from(time))) };
        HEARTBEATS.check(&(heartbeat, positions.collect()), &damage);
    }

    #[test]
    fn requests_for_replays_survive_encoding_and_decoding(
        begin in any::<i64>(), receiver in any::<std::net::SocketAddr>(), damage in damage()
    ) {
        let receiver = std::net::SocketAddr::new(receiver.ip(), receiver.port());
        REPLAY_REQUESTS.check_in_own_version(&ReplayRequest { begin: EpochNanos(begin), receiver }, &damage);
    }

    #[test]
    fn definitions_survive_encoding_and_decoding(definition in testing::definition(), damage in damage()) {
        DEFINITIONS.check(&definition, &damage);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), nearly in testing::nearly_a_message(wire::SBE_SCHEMA_ID)
    ) {
        for bytes in [bytes, nearly] {
            let _ = (BOOK_REQUESTS.decode)(&bytes);
            let _ = (BOOKS.decode)(&bytes);
            let _ = (BOOK_REJECTS.decode)(&bytes);
            let _ = (INCREMENTS.decode)(&bytes);
            let _ = (HEARTBEATS.decode)(&bytes);
            let _ = (DEFINITIONS.decode)(&bytes);
            let _ = (REPLAY_REQUESTS.decode)(&bytes);
        }
    }
}

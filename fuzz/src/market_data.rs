//! A market-data feed of the SDK, which hears any bytes on its stream and as a replay, and gets any book as an answer; and what a member takes
//! for a request for a replay.

use std::time::Duration;

use lugus_client::sans_io::{Feed, SnapshotRequests};
use lugus_client::{Book, BookRequest, BookType, FeedHandler, FollowedBook, InstrumentId};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::{decode_book, decode_replay_request};

use crate::golden;
use crate::steps::{Steps, input, number};

/// Operations of a step; others are messages of the stream.
const BOOK: u8 = 240;
const REFUSE_BOOK: u8 = 241;
const PASS_TIME: u8 = 242;
const REPLAY: u8 = 243;
const NO_REPLAY: u8 = 244;

struct Program;

impl FeedHandler for Program {
    fn on_followed_book(&mut self, _: InstrumentId, _: &FollowedBook) {}
}

/// The last request for a book.
#[derive(Default)]
struct Asked(Option<BookRequest>);

impl SnapshotRequests for Asked {
    fn request(&mut self, request: &BookRequest) -> bool {
        self.0 = Some(*request);
        true
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let (mut feed, mut asked, mut now) = (Feed::of_recorded(true), Asked::default(), Duration::ZERO);
    let mut book = Book::with_room();
    for (instrument, book_type) in [(3, BookType::Orders), (4, BookType::Levels)] {
        feed.follow(InstrumentId(instrument), book_type, now).expect("few are followed");
    }
    for (operation, bytes) in Steps(bytes) {
        feed.do_work(now, &mut asked, &mut Program);
        match (operation, asked.0) {
            (BOOK, Some(request)) => {
                // The first message of an answer begins it; the orders of a book come in further ones.
                let read = Envelope::open(bytes).ok().map(|envelope| decode_book(envelope, &mut book));
                if let Some(Ok(Some(_))) = read {
                    (book.request_id, book.market.instrument) = (request.request_id, request.instrument);
                    feed.on_book(&book, now, &mut Program);
                }
            }
            (REFUSE_BOOK, Some(request)) => {
                feed.on_book_refused(request.request_id, request.instrument, now, &mut Program);
            }
            (BOOK | REFUSE_BOOK, None) => {}
            (PASS_TIME, _) => now = now.saturating_add(Duration::from_millis(number(bytes) & 0xffff)),
            (REPLAY, _) if feed.replay_wanted(now, &(0..1)).is_some() => feed.on_replayed(bytes, now, &mut Program),
            (REPLAY, _) => {
                let _ = Envelope::open(bytes).ok().map(decode_replay_request);
            }
            (NO_REPLAY, _) => feed.on_no_replay(now, &(0..1), &mut Program),
            _ => feed.on_message(0, bytes, now, &mut Program),
        }
    }
    feed.do_work(now, &mut asked, &mut Program);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let books = golden::messages(&["market_data.book"]);
    let stream = golden::messages(&["market_data.increments", "market_data.heartbeat", "market_data.trade_addendum"]);
    let one = |message: &Vec<u8>| {
        let of_stream = [(0, message.as_slice())];
        let books = books.iter().map(|book| (BOOK, book.as_slice()));
        let time = [(PASS_TIME, &[200_u8][..])];
        let replay = [(REPLAY, message.as_slice()), (NO_REPLAY, &[][..])];
        let begin = of_stream.into_iter().chain(books).chain(of_stream);
        input(begin.chain(time).chain(replay).chain([(REFUSE_BOOK, &[][..])]))
    };
    let requests = golden::messages(&["market_data.replay_request"]);
    let requests = requests.iter().map(|request| input([(REPLAY, request.as_slice())]));
    stream.iter().map(one).chain(requests).collect()
}

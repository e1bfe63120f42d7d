//! A book without a session: as members send it to everybody.

use std::thread;
use std::time::{Duration, Instant};

use lugus_client::{
    Book, BookType, CommandNumber, EventHandler, FeedHandler, FeedStatus, FollowedBook, InstrumentId, MarketDataFeed,
    Report, Side,
};

use crate::failure::Failure;
use crate::participant::TIMEOUT;

/// Pause while nothing comes.
const IDLE: Duration = Duration::from_millis(1);

/// Records that the book has changed; several changes within one duty cycle are shown as one.
#[derive(Default)]
pub struct Changes {
    /// Whether the book has changed since this was last set back.
    pub has_changed: bool,
    /// Why the book can't be followed.
    pub failure: Option<Failure>,
}

impl EventHandler for Changes {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}
}

impl FeedHandler for Changes {
    fn on_followed_book(&mut self, _instrument: InstrumentId, _book: &FollowedBook) {
        self.has_changed = true;
    }

    fn on_feed_status(&mut self, instrument: InstrumentId, status: FeedStatus) {
        match status {
            FeedStatus::Unknown => self.failure = Some(Failure::new(format!("there is no instrument {instrument}"))),
            FeedStatus::TooLarge => {
                self.failure = Some(
                    Failure::new("the book is too large to be followed")
                        .hint("without --follow, the first levels can be shown"),
                )
            }
            _ => {}
        }
    }
}

/// The book as members send it to everybody.
///
/// # Errors
/// When nobody sends the book in time.
pub fn listen(mut feed: MarketDataFeed, instrument: InstrumentId, depth: u16) -> Result<Book, Failure> {
    feed.follow(instrument, BookType::Levels).map_err(Failure::new)?;
    let (mut heard, deadline) = (Changes::default(), Instant::now() + TIMEOUT);
    loop {
        if feed.listen(&mut heard) == 0 {
            thread::sleep(IDLE);
        }
        if let Some(failure) = heard.failure.take() {
            return Err(failure);
        }
        if let Some(book) = feed.book(instrument) {
            let depth = usize::from(depth);
            let levels = |side: Side| book.levels(side).take(depth).collect();
            return Ok(Book {
                time: book.loaded_at(),
                market: *book.market(),
                bids: levels(Side::Buy),
                offers: levels(Side::Sell),
                is_end_of: [Side::Buy, Side::Sell].map(|side| book.levels(side).nth(depth).is_none()),
                ..Book::default()
            });
        }
        if Instant::now() >= deadline {
            return Err(no_book(instrument));
        }
    }
}

/// No member has sent the book.
pub fn no_book(instrument: InstrumentId) -> Failure {
    Failure::new(format!("no member has sent the book of instrument {instrument} within {TIMEOUT:?}"))
        .hint("lugus status shows whether the cluster runs and has a leader")
}

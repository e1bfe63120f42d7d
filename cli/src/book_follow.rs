//! `lugus book --follow`: shows an instrument's order book whenever it changes.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lugus_client::{
    BookType, CommandNumber, EventHandler, FeedHandler, FeedStatus, FollowedBook, InstrumentId, MarketDataSequence,
    PriceLevel, Report, Side, Statistics,
};
use serde::Serialize;

use crate::access::Access;
use crate::arguments;
use crate::book::table;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::notation::{BookDecimals, Notation, Notations};
use crate::output::Output;
use crate::participant;
use crate::stop_signal;
use crate::watch::is_reader_gone;

/// Sleep between two duty cycles: a person reads no faster, and a follower may run for days.
const IDLE: Duration = Duration::from_millis(1);

/// Records that the book has changed; several changes within one duty cycle are shown as one.
#[derive(Default)]
struct Changes {
    has_changed: bool,
    failure: Option<Failure>,
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

/// One JSON line: the book as it is shown.
#[derive(Serialize)]
struct BookDocument {
    instrument: InstrumentId,
    sequence: MarketDataSequence,
    statistics: Statistics,
    bids: Vec<PriceLevel>,
    offers: Vec<PriceLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<BookDecimals>,
}

/// Prints the book whenever it changes, whichever cluster owns its instrument, until it was printed `count` times or
/// the command is interrupted.
///
/// # Errors
/// When the cluster does not answer, or has no such instrument or no market-data stream.
pub fn run(found: &DeploymentFile, arguments: &arguments::Book, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, _) = access.instrument(&arguments.instrument)?;
    let stop = stop_signal::flag()?;
    let reader = arguments.participant.unwrap_or_else(|| participant::reader(&found.deployment));
    let mut session = access.exchange_session(instrument, reader, arguments.take_over.older_session())?;
    let mut feed = access.market_data()?;
    feed.follow(instrument, BookType::Levels).map_err(Failure::new)?;
    let mut changes = Changes::default();
    let notations = Notations::new(access.map(), arguments.units.raw);
    let notation = notations.of(instrument);
    let mut left = arguments.count;
    while !stop.load(Ordering::Relaxed) && left != Some(0) {
        let work = feed.poll(&mut session, &mut changes).map_err(participant::failed)?;
        if let Some(failure) = changes.failure.take() {
            return Err(failure);
        }
        if let Some(book) = feed.book(instrument).filter(|_| changes.has_changed) {
            changes.has_changed = false;
            show(instrument, book, arguments.depth, notation, output)?;
            left = left.map(|left| left - 1);
        }
        if work == 0 {
            if is_reader_gone() {
                break;
            }
            thread::sleep(IDLE);
        }
    }
    drop(feed);
    session.close();
    Ok(())
}

fn show(
    instrument: InstrumentId,
    book: &FollowedBook,
    depth: u16,
    notation: Notation<'_>,
    output: Output,
) -> Result<(), Failure> {
    let levels = |side: Side| book.levels(side).take(usize::from(depth)).collect();
    let statistics = book.market().statistics;
    let (bids, offers): (Vec<_>, Vec<_>) = (levels(Side::Buy), levels(Side::Sell));
    let decimal = notation.levels(&bids, &offers);
    let shown = BookDocument { instrument, sequence: book.sequence(), statistics, bids, offers, decimal };
    output.answer(&shown, table(&shown.bids, &shown.offers, notation))?;
    io::stdout().flush().map_err(|error| Failure::new(format!("can't write to standard output: {error}")))
}

//! `lugus book --follow`: shows an instrument's order book whenever it changes.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use lugus_client::{BookType, FollowedBook, InstrumentId, MarketDataSequence, PriceLevel, Side, Statistics};
use serde::Serialize;

use crate::access::Access;
use crate::arguments;
use crate::book::table;
use crate::book_listen::{Changes, no_book};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::notation::{BookDecimals, Notation, Notations};
use crate::output::Output;
use crate::participant::{self, TIMEOUT};
use crate::stop_signal;
use crate::watch::is_reader_gone;

/// Sleep between two duty cycles: a person reads no faster, and a follower may run for days.
const IDLE: Duration = Duration::from_millis(1);

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
/// the command is interrupted. It needs no session if members send their books in a loop and no participant is named.
///
/// # Errors
/// When the cluster does not answer, or has no such instrument or no market-data stream.
pub fn run(found: &DeploymentFile, arguments: &arguments::Book, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, _) = access.instrument(&arguments.instrument)?;
    let stop = stop_signal::flag()?;
    let mut feed = access.market_data()?;
    let mut session = None;
    if feed.needs_session() || arguments.participant.is_some() {
        let reader = arguments.participant.unwrap_or_else(|| participant::reader(&found.deployment));
        session = Some(access.exchange_session(instrument, reader, arguments.take_over.older_session())?);
    }
    feed.follow(instrument, BookType::Levels).map_err(Failure::new)?;
    let mut changes = Changes::default();
    let notations = Notations::new(access.map(), arguments.units.raw);
    let notation = notations.of(instrument);
    let mut left = arguments.count;
    let mut deadline = Some(Instant::now() + TIMEOUT);
    while !stop.load(Ordering::Relaxed) && left != Some(0) {
        let work = match &mut session {
            Some(session) => feed.poll(session, &mut changes).map_err(participant::failed)?,
            None => feed.listen(&mut changes),
        };
        if let Some(failure) = changes.failure.take() {
            return Err(failure);
        }
        if let Some(book) = feed.book(instrument).filter(|_| changes.has_changed) {
            changes.has_changed = false;
            deadline = None;
            show(instrument, book, arguments.depth, notation, output)?;
            left = left.map(|left| left - 1);
        }
        if work == 0 {
            if is_reader_gone() {
                break;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(no_book(instrument));
            }
            thread::sleep(IDLE);
        }
    }
    drop(feed);
    if let Some(session) = session {
        session.close();
    }
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

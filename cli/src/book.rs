//! `lugus book`: shows an instrument's order book.

use comfy_table::{CellAlignment, Table};
use lugus_client::{Book, PriceLevel};
use serde::Serialize;

use crate::access::Access;
use crate::arguments;
use crate::book_listen::listen;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::notation::{BookDecimals, Notation, Notations};
use crate::output::Output;
use crate::participant::{self, TIMEOUT, failed};

/// The JSON document: the book in ticks and lots, and its levels as decimals.
#[derive(Serialize)]
struct BookDocument<'b> {
    #[serde(flatten)]
    book: &'b Book,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<BookDecimals>,
}

/// Requests the book once and prints it. It needs no session if members send their books in a loop and no participant is named.
///
/// # Errors
/// When there is no such instrument, or the cluster does not answer.
pub fn run(found: &DeploymentFile, arguments: &arguments::Book, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, cluster) = access.instrument(&arguments.instrument)?;
    let feed = access.market_data().ok().filter(|feed| !feed.needs_session() && arguments.participant.is_none());
    let book = match feed {
        Some(feed) => listen(feed, instrument, arguments.depth)?,
        None => {
            let reader = arguments.participant.unwrap_or_else(|| participant::reader(&found.deployment));
            let mut session = access.session(cluster, reader, arguments.take_over.older_session(), (), TIMEOUT)?;
            let book = session.book(instrument, arguments.depth).map_err(failed)?;
            session.close();
            book
        }
    };
    let notations = Notations::new(access.map(), arguments.units.raw);
    let notation = notations.of(instrument);
    let decimal = notation.levels(&book.bids, &book.offers);
    output.answer(&BookDocument { book: &book, decimal }, table(&book.bids, &book.offers, notation))
}

/// A table with offers above bids, so that the best prices of both sides meet in the middle.
pub fn table(bids: &[PriceLevel], offers: &[PriceLevel], notation: Notation<'_>) -> Table {
    let mut table = Table::new();
    let [price, quantity] = notation.headings();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(["side", price, quantity, "orders"]);
    let mut row = |side: &str, level: &PriceLevel| {
        let (price, quantity) = (notation.price(level.price), notation.quantity(level.quantity));
        table.add_row([side.to_owned(), price, quantity, level.orders.to_string()]);
    };
    for level in offers.iter().rev() {
        row("sell", level);
    }
    for level in bids {
        row("buy", level);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

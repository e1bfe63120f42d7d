//! `lugus book`: shows an instrument's order book.

use comfy_table::{CellAlignment, Table};
use lugus_client::PriceLevel;

use crate::access::Access;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::participant::{self, TIMEOUT};

/// Requests the book once and prints it.
///
/// # Errors
/// When there is no such instrument, or the cluster does not answer.
pub fn run(found: &DeploymentFile, arguments: &arguments::Book, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, cluster) = access.instrument(&arguments.instrument)?;
    let reader = arguments.participant.unwrap_or_else(|| participant::reader(&found.deployment));
    let mut session = access.session(cluster, reader, (), TIMEOUT)?;
    let book = session.book(instrument, arguments.depth).map_err(Failure::new)?;
    session.close();
    output.answer(&book, table(&book.bids, &book.offers))
}

/// A table with offers above bids, so that the best prices of both sides meet in the middle.
pub fn table(bids: &[PriceLevel], offers: &[PriceLevel]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(["side", "price", "quantity", "orders"]);
    let mut row = |side: &str, level: &PriceLevel| {
        table.add_row([side.to_owned(), level.price.to_string(), level.quantity.to_string(), level.orders.to_string()]);
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

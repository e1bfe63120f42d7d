//! `lugus orders`: shows a participant's own open orders.

use comfy_table::{CellAlignment, Table};
use lugus_client::{ClusterId, EpochNanos, InstrumentId, OpenOrder, Quantity};
use serde::Serialize;

use crate::access::Access;
use crate::arguments;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::notation::Notations;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// The JSON document: all orders, by cluster, instrument and number.
#[derive(Debug, Serialize)]
struct Orders {
    participant: u32,
    orders: Vec<Shown>,
}

/// An open order, with where it is traded.
#[derive(Debug, Serialize)]
struct Shown {
    cluster: i32,
    instrument: InstrumentId,
    #[serde(flatten)]
    order: OpenOrder,
}

/// Asks for the open orders of one instrument, or of all clusters, and prints them.
///
/// # Errors
/// When there is no such instrument, the participant is connected already, or a cluster does not answer.
pub fn run(found: &DeploymentFile, arguments: &arguments::Orders, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let participant = arguments.participant;
    let notations = Notations::new(access.map(), arguments.units.raw);
    let (instrument, clusters) = match &arguments.instrument {
        Some(name) => {
            let (instrument, cluster) = access.instrument(name)?;
            (instrument, std::slice::from_ref(cluster))
        }
        None => (InstrumentId::NONE, access.map().clusters.as_slice()),
    };
    let mut orders = Vec::new();
    for cluster in clusters {
        let mut session = access.session(cluster, participant, arguments.take_over.older_session(), (), TIMEOUT)?;
        let open = session.open_orders(instrument).map_err(failed)?;
        session.close();
        let ClusterId(cluster) = cluster.id;
        orders.extend(open.iter().map(|(instrument, &order)| Shown { cluster, instrument, order }));
    }
    let table = table(&orders, &notations);
    output.answer(&Orders { participant, orders }, table)
}

/// Text of a value, or nothing if there is none.
fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A table with a row for each order.
fn table(orders: &[Shown], notations: &Notations) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header([
        "instrument",
        "order",
        "id",
        "side",
        "type",
        "in force",
        "price",
        "stop",
        "quantity",
        "filled",
        "open",
        "shown",
        "expires",
        "state",
    ]);
    for Shown { instrument, order: open, .. } in orders {
        let (order, notation) = (&open.order, notations.of(*instrument));
        let quantity = |quantity: Quantity| notation.quantity(quantity);
        table.add_row([
            notation.name(*instrument),
            open.order_id.to_string(),
            order.client_order_id.to_string(),
            format!("{:?}", order.side).to_lowercase(),
            format!("{:?}", order.order_type).to_lowercase(),
            format!("{:?}", order.time_in_force).to_uppercase(),
            text(order.price.map(|price| notation.price(price))),
            text(order.stop_price.map(|price| notation.price(price))),
            quantity(order.quantity),
            quantity(open.filled_quantity()),
            quantity(open.leaves_quantity),
            text(Some(open.shown_quantity).filter(|&shown| shown != open.leaves_quantity).map(quantity)),
            text(order.expire_time.map(|EpochNanos(time)| time)),
            format!("{:?}", open.working_state).to_lowercase(),
        ]);
    }
    for column in table.column_iter_mut().filter(|column| ![3, 4, 5, 13].contains(&column.index)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

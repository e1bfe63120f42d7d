//! `lugus order` and `lugus cancel`: send one command and print its outcome.

use std::time::{SystemTime, UNIX_EPOCH};

use lugus_client::{ClientOrderId, ClientTag, NewOrder, PostOnly, Price, Quantity, Report, Side, TimeInForce};
use serde::Serialize;

use crate::access::Access;
use crate::arguments::{Cancel, Order, SideArgument, TimeInForceArgument};
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::output::Output;
use crate::participant::TIMEOUT;

/// The JSON document: the reports that answer a command.
#[derive(Debug, Serialize)]
struct Outcome {
    reports: Vec<Report>,
}

/// Sends an order and prints its outcome.
///
/// # Errors
/// When the outcome is unknown. A rejection by the engine is an outcome.
pub fn send(found: &DeploymentFile, order: &Order, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, cluster) = access.instrument(&order.trader.instrument)?;
    let mut session = access.session(cluster, order.trader.participant, (), TIMEOUT)?;
    let reports = session.new_order(instrument, &new_order(order)).map_err(Failure::new)?;
    session.close();
    tell(reports, output)
}

/// Cancels an order and prints the outcome.
///
/// # Errors
/// As [`send`].
pub fn cancel(found: &DeploymentFile, cancel: &Cancel, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, cluster) = access.instrument(&cancel.trader.instrument)?;
    let mut session = access.session(cluster, cancel.trader.participant, (), TIMEOUT)?;
    let reports = session.cancel(instrument, ClientOrderId(cancel.id)).map_err(Failure::new)?;
    session.close();
    tell(reports, output)
}

fn tell(reports: Vec<Report>, output: Output) -> Result<(), Failure> {
    let lines: Vec<String> = reports.iter().map(text).collect();
    output.answer(&Outcome { reports }, lines.join("\n"))
}

fn new_order(order: &Order) -> NewOrder {
    let id = ClientOrderId(order.id.unwrap_or_else(id_from_the_clock));
    let side = match order.side {
        SideArgument::Buy => Side::Buy,
        SideArgument::Sell => Side::Sell,
    };
    let quantity = Quantity(order.quantity);
    let mut new_order = match order.price {
        Some(price) => NewOrder::limit(id, side, Price(price), quantity),
        None => NewOrder::market(id, side, quantity),
    };
    if let Some(time_in_force) = order.time_in_force {
        new_order.time_in_force = match time_in_force {
            TimeInForceArgument::Day => TimeInForce::Day,
            TimeInForceArgument::Gtc => TimeInForce::Gtc,
            TimeInForceArgument::Ioc => TimeInForce::Ioc,
            TimeInForceArgument::Fok => TimeInForce::Fok,
        };
    }
    if order.post_only {
        new_order.post_only = PostOnly::Yes;
    }
    new_order.client_tag = ClientTag(order.tag);
    new_order
}

/// Microseconds since 1970, used as client order id: ids that are made by hand on one machine increase.
fn id_from_the_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

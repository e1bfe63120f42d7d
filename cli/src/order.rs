//! `lugus order` and `lugus cancel`: send one command and print its outcome.

use std::time::{SystemTime, UNIX_EPOCH};

use lugus_client::{ClientOrderId, ClientTag, NewOrder, PostOnly, Report, Side, TimeInForce};
use serde::Serialize;

use crate::access::Access;
use crate::arguments::{Cancel, Order, SideArgument, TimeInForceArgument};
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::notation::{Notation, Notations, ReportDocument};
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// The JSON document: the reports that answer a command.
#[derive(Debug, Serialize)]
struct Outcome<'r> {
    reports: Vec<ReportDocument<'r>>,
}

/// Sends an order and prints its outcome.
///
/// # Errors
/// When price or quantity is none of the instrument's, the participant is connected already, or the outcome is unknown. A
/// rejection by the engine is an outcome.
pub fn send(found: &DeploymentFile, order: &Order, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, cluster) = access.instrument(&order.trader.instrument)?;
    let notations = Notations::new(access.map(), order.trader.units.raw);
    let notation = notations.to_read(instrument)?;
    let new_order = new_order(order, notation)?;
    let older_session = order.trader.take_over.older_session();
    let mut session = access.session(cluster, order.trader.participant, older_session, (), TIMEOUT)?;
    let reports = session.new_order(instrument, &new_order).map_err(failed)?;
    session.close();
    tell(&reports, notation, output)
}

/// Cancels an order and prints the outcome.
///
/// # Errors
/// As [`send`].
pub fn cancel(found: &DeploymentFile, cancel: &Cancel, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let (instrument, cluster) = access.instrument(&cancel.trader.instrument)?;
    let notations = Notations::new(access.map(), cancel.trader.units.raw);
    let older_session = cancel.trader.take_over.older_session();
    let mut session = access.session(cluster, cancel.trader.participant, older_session, (), TIMEOUT)?;
    let reports = session.cancel(instrument, ClientOrderId(cancel.id)).map_err(failed)?;
    session.close();
    tell(&reports, notations.of(instrument), output)
}

/// Prints the reports that answer a command.
///
/// # Errors
/// When the output can't be written.
pub fn tell(reports: &[Report], notation: Notation<'_>, output: Output) -> Result<(), Failure> {
    let lines: Vec<String> = reports.iter().map(|report| text(report, notation)).collect();
    let reports = reports.iter().map(|report| notation.report(report)).collect();
    output.answer(&Outcome { reports }, lines.join("\n"))
}

fn new_order(order: &Order, notation: Notation<'_>) -> Result<NewOrder, Failure> {
    let id = ClientOrderId(order.id.unwrap_or_else(id_from_the_clock));
    let side = match order.side {
        SideArgument::Buy => Side::Buy,
        SideArgument::Sell => Side::Sell,
    };
    let quantity = notation.read_quantity(&order.quantity)?;
    let mut new_order = match &order.price {
        Some(price) => NewOrder::limit(id, side, notation.read_price(price)?, quantity),
        None => NewOrder::market(id, side, quantity),
    };
    if let Some(time_in_force) = order.time_in_force {
        new_order.time_in_force = match time_in_force {
            TimeInForceArgument::Day => TimeInForce::Day,
            TimeInForceArgument::Gtc => TimeInForce::Gtc,
            TimeInForceArgument::Ioc => TimeInForce::Ioc,
            TimeInForceArgument::Fok => TimeInForce::Fok,
            TimeInForceArgument::AtTheOpening => TimeInForce::AtTheOpening,
            TimeInForceArgument::AtTheClose => TimeInForce::AtTheClose,
            TimeInForceArgument::GoodForAuction => TimeInForce::GoodForAuction,
        };
    }
    if order.post_only {
        new_order.post_only = PostOnly::Yes;
    }
    new_order.client_tag = ClientTag(order.tag);
    Ok(new_order)
}

/// Microseconds since 1970, used as client order id: ids that are made by hand on one machine increase.
fn id_from_the_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

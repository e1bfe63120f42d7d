//! `lugus trade`: the operator cancels or corrects a trade.

use lugus_client::{InstrumentId, ParticipantId, TradeAmendment, TradeId};

use crate::access::Access;
use crate::arguments::{AmendedTrade, Trade};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::notation::Notations;
use crate::order::tell;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// Cancels or corrects a trade, and prints the outcome.
///
/// # Errors
/// When price or quantity is none of the instrument's, the operator is connected already, or the outcome is unknown. A
/// rejection by the engine is an outcome.
pub fn amend(found: &DeploymentFile, trade: &Trade, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let of: &AmendedTrade = trade.amended();
    let (instrument, cluster): (InstrumentId, _) = access.instrument(&of.instrument)?;
    let notations = Notations::new(access.map(), of.units.raw);
    let notation = notations.to_read(instrument)?;
    let amendment = match trade {
        Trade::Cancel { .. } => TradeAmendment::Cancel,
        Trade::Correct { price, quantity, .. } => TradeAmendment::Correct {
            price: price.as_deref().map(|price| notation.read_price(price)).transpose()?,
            quantity: quantity.as_deref().map(|quantity| notation.read_quantity(quantity)).transpose()?,
        },
    };
    let older_session = of.take_over.older_session();
    let mut session = access.session(cluster, ParticipantId::OPERATOR.0, older_session, (), TIMEOUT)?;
    let reports = session.amend_trade(instrument, TradeId(of.trade), amendment).map_err(failed)?;
    session.close();
    tell(&reports, notation, output)
}

//! `lugus instrument`: the operator changes the state of an instrument, what protects its prices, or the rules of its auctions.

use lugus_client::ParticipantId;

use crate::access::Access;
use crate::arguments::Instrument;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::notation::Notations;
use crate::order::tell;
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// Does what the operator wants with an instrument, and prints the outcome.
///
/// # Errors
/// When a price is none of the instrument's, the operator is connected already, or the outcome is unknown. A rejection by the
/// engine is an outcome.
pub fn operate(found: &DeploymentFile, what: &Instrument, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    let of = what.operated();
    let (instrument, cluster) = access.instrument(&of.instrument)?;
    let notations = Notations::new(access.map(), of.units.raw);
    let reference_price = match what {
        Instrument::State(state) => state.reference_price.as_deref(),
        Instrument::Protect(_) | Instrument::Auctions(_) => None,
    };
    let reference_price = reference_price.map(|price| notations.to_read(instrument)?.read_price(price)).transpose()?;
    let older_session = of.take_over.older_session();
    let mut session = access.session(cluster, ParticipantId::OPERATOR.0, older_session, (), TIMEOUT)?;
    let reports = match what {
        Instrument::State(state) => session.set_instrument_state(instrument, state.state.into(), reference_price),
        Instrument::Protect(protect) => session.set_price_protection(instrument, &protect.protection()),
        Instrument::Auctions(auctions) => session.set_auction_rules(instrument, &auctions.rules()),
    };
    let reports = reports.map_err(failed)?;
    session.close();
    tell(&reports, notations.of(instrument), output)
}

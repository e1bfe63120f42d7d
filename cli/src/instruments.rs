//! The deployment's instruments, defined in the cluster by the operator.

use lugus_client::{
    Decimal, InstrumentDefinition, InstrumentId, InstrumentState, Price, Quantity, RejectReason, ReportBody, TradeType,
};
use lugus_topology::Instrument;

use crate::deployment::Found;
use crate::failure::Failure;
use crate::participant;

/// The operator's number.
const OPERATOR: u32 = 0;

/// Defines the instruments of the first cluster that are not defined yet.
///
/// # Errors
/// When the cluster does not answer, or refuses a definition.
pub fn define(found: &Found) -> Result<(), Failure> {
    let cluster = found.cluster()?;
    let mut instruments = found.deployment.instruments_of(cluster.id).peekable();
    if instruments.peek().is_none() {
        return Ok(());
    }
    // A cluster that has just started on a busy machine may elect again.
    let timeout = found.deployment.timeouts.start_timeout;
    let mut operator = participant::connect_within(found, OPERATOR, (), timeout)?;
    for instrument in instruments {
        let definition = definition(instrument)?;
        let reports = operator.session.define_instrument(&definition).map_err(Failure::new)?;
        for report in reports {
            if let ReportBody::Reject { reason, .. } = report.body
                && reason != RejectReason::DuplicateInstrument
            {
                return Err(Failure::new(format!("the cluster refuses instrument {}: {reason:?}", instrument.symbol)));
            }
        }
    }
    operator.session.close();
    Ok(())
}

fn definition(instrument: &Instrument) -> Result<InstrumentDefinition, Failure> {
    let (base, quote) = instrument.symbol.split_once('/').unwrap_or((&instrument.symbol, ""));
    let decimal = |size: lugus_topology::Decimal| Decimal { mantissa: size.mantissa(), exponent: size.exponent() };
    Ok(InstrumentDefinition {
        instrument: InstrumentId(instrument.id),
        base: padded(base)?,
        quote: padded(quote)?,
        trade_type: match instrument.trade_type {
            lugus_topology::TradeType::Spot => TradeType::Spot,
            lugus_topology::TradeType::Futures => TradeType::Futures,
        },
        minimum_price: Price(instrument.minimum_price),
        maximum_price: Price(instrument.maximum_price),
        reference_price: Price(instrument.reference_price),
        price_band: Quantity(instrument.price_band),
        maximum_quantity: Quantity(instrument.maximum_quantity),
        tick_size: decimal(instrument.tick_size),
        lot_size: decimal(instrument.lot_size),
        state: match instrument.state {
            lugus_topology::InstrumentState::Open => InstrumentState::Open,
            lugus_topology::InstrumentState::Halted => InstrumentState::Halted,
            lugus_topology::InstrumentState::Auction => InstrumentState::Auction,
            lugus_topology::InstrumentState::Closed => InstrumentState::Closed,
        },
    })
}

/// A symbol of at most 8 ASCII characters, padded with zeros.
fn padded(symbol: &str) -> Result<[u8; 8], Failure> {
    let mut padded = [0; 8];
    match padded.get_mut(..symbol.len()) {
        Some(start) if symbol.is_ascii() => start.copy_from_slice(symbol.as_bytes()),
        _ => return Err(Failure::new(format!("{symbol:?} is no symbol of at most 8 ASCII characters"))),
    }
    Ok(padded)
}

//! The operator cancels a trade that should not have been, or corrects its price or quantity.
//!
//! It changes the trade, what has been told of it, and the volume. It changes no order: a canceled trade brings none back, and
//! what an order has filled stays filled. It changes no price of the statistics either, and takes back nothing that the trade
//! has elected.

use lugus_vocabulary::{
    ExecType, MarketDataBody, Quantity, RejectReason, Side, TradeAddendum, TradeAmendment, TradeId, TradeParty,
};

use crate::definition::takes_price;
use crate::event_sink::EventSink;
use crate::instrument::Instrument;
use crate::kept_trades::KeptTrade;
use crate::reporter::Reporter;

/// Amends a trade of the instrument, and tells the operator, both sides, and the market.
pub(crate) fn amend<S: EventSink>(
    trade_id: TradeId,
    amendment: TradeAmendment,
    instrument: &mut Instrument,
    reporter: &mut Reporter<'_, S>,
) -> Result<(), RejectReason> {
    if trade_id.0 == 0 || trade_id > instrument.last_trade_id {
        return Err(RejectReason::UnknownTrade);
    }
    let trade = instrument.trades.get_mut(trade_id).ok_or(RejectReason::TradeNotRetained)?;
    let before = *trade;
    if before.quantity.0 == 0 {
        return Err(RejectReason::TradeCanceled);
    }
    let (exec_type, after) = match amendment {
        TradeAmendment::Cancel => (ExecType::TradeCancel, KeptTrade { quantity: Quantity(0), ..before }),
        TradeAmendment::Correct { price, quantity } => {
            let after = KeptTrade {
                price: price.unwrap_or(before.price),
                quantity: quantity.unwrap_or(before.quantity),
                ..before
            };
            if after.quantity.0 == 0 || after.quantity > before.quantity {
                return Err(RejectReason::InvalidQuantity);
            }
            if !takes_price(&instrument.definition, after.price) {
                return Err(RejectReason::InvalidPrice);
            }
            if after == before {
                return Err(RejectReason::NothingToCorrect);
            }
            (ExecType::TradeCorrect, after)
        }
    };
    *trade = after;
    let told = if after.quantity.0 == 0 { before } else { after };
    let addendum = |side: Option<Side>, party: TradeParty| TradeAddendum {
        exec_type,
        trade_id,
        side,
        order_id: party.order_id,
        client_order_id: party.client_order_id,
        last_price: told.price,
        last_quantity: told.quantity,
        exec_ref: party.event_sequence,
    };
    reporter.answer(addendum(None, TradeParty::default()));
    let id = instrument.definition.instrument;
    for (side, party) in [Side::Buy, Side::Sell].into_iter().zip(after.parties) {
        if let Some(owner) = reporter.scope_of(party.participant, id) {
            reporter.tell_maker(owner, addendum(Some(side), party));
        }
    }
    let KeptTrade { price, quantity, .. } = after;
    reporter.publish(&mut instrument.feed, || MarketDataBody::TradeAddendum { trade_id, price, quantity });
    let gone = Quantity(before.quantity.0 - after.quantity.0);
    if gone.0 > 0 {
        instrument.feed.statistics.take_off(gone);
        let statistics = instrument.feed.statistics;
        reporter.publish(&mut instrument.feed, || MarketDataBody::Statistics(statistics));
    }
    Ok(())
}

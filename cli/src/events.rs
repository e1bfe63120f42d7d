//! Text lines for events, as people read them.

use lugus_client::{
    ExecType, Execution, FirmLimits, FirmReport, InstrumentId, MarketMakerProtectionReport, MassQuoteAcknowledgement,
    ProtectionTrigger, QuoteStatusReport, RejectReason, Report, ReportBody, TradeAddendum,
};

use crate::notation::Notation;

/// An event as one line of text, with prices and quantities in the notation of its instrument.
pub fn text(report: &Report, notation: Notation<'_>) -> String {
    let what = match &report.body {
        ReportBody::Execution(execution) => execution_text(execution, notation),
        ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status } => {
            let what = if client_order_id.0 == 0 { "cancel" } else { "replacement" };
            let status = order_status.map_or_else(String::new, |status| format!(", the order is {status:?}"));
            format!("{what} of order {orig_client_order_id} rejected: {reason:?}{status}")
        }
        ReportBody::MassCancel { target, affected } => format!("{affected} orders of participant {target} canceled"),
        ReportBody::MassCancelAll { target, affected, instruments, moving } => {
            let stay = match moving {
                0 => String::new(),
                _ => format!("; orders in {moving} instruments stay, as these move to another cluster"),
            };
            format!("{affected} orders of {target} in {instruments} instruments canceled{stay}")
        }
        ReportBody::Firm(FirmReport { target, firm, participants, kill_switch_levels, self_trade_scope }) => match firm
        {
            None => format!("participant {target} belongs to no firm"),
            Some(firm) => format!(
                "participant {target} belongs to firm {firm} of {participants} participants: kill switch of the firm \
                 ({kill_switch_levels}), self-trade prevention by {self_trade_scope:?}"
            ),
        },
        ReportBody::FirmLimits(FirmLimits { firm, limits }) => format!("firm {firm}: {limits:?}"),
        ReportBody::Instrument { instrument, state, reference_price } => {
            format!("instrument {instrument} is {state:?}, reference price {}", notation.price(*reference_price))
        }
        ReportBody::Risk { target, limits, kill_switch, kill_switch_levels } => {
            format!("participant {target}: kill switch {kill_switch:?} ({kill_switch_levels}), {limits:?}")
        }
        ReportBody::TradeAddendum(TradeAddendum {
            exec_type,
            trade_id,
            side,
            client_order_id,
            last_price,
            last_quantity,
            ..
        }) => {
            let what = if *exec_type == ExecType::TradeCancel { "canceled" } else { "corrected" };
            let order = side.map_or_else(String::new, |side| format!(" of order {client_order_id} {side:?}"));
            let (quantity, price) = (notation.quantity(*last_quantity), notation.price(*last_price));
            format!("trade {trade_id}{order} {what}: {quantity} at {price}")
        }
        ReportBody::MassQuote(acknowledgement) => mass_quote_text(acknowledgement),
        ReportBody::QuoteStatus(QuoteStatusReport { canceled, affected, moving }) => {
            let set = canceled.quote_set.map_or_else(String::new, |set| format!(" of set {set}"));
            let of = match canceled.instrument {
                InstrumentId::NONE => String::from("all instruments"),
                instrument => format!("instrument {instrument}"),
            };
            let stay = match moving {
                0 => String::new(),
                _ => format!("; quotes in {moving} instruments stay, as these move to another cluster"),
            };
            format!("{affected} orders of quotes{set} in {of} canceled{stay}")
        }
        ReportBody::MarketMakerProtection(report) => protection_text(report),
        ReportBody::Reject { command, reason } => format!("{command:?} rejected: {reason:?}"),
    };
    format!(
        "participant {} instrument {} event {}: {what}",
        report.participant,
        notation.name(report.instrument),
        report.event_sequence
    )
}

fn mass_quote_text(acknowledgement: &MassQuoteAcknowledgement) -> String {
    let MassQuoteAcknowledgement { quote_id, quote_set, results } = acknowledgement;
    let told: Vec<String> = results
        .iter()
        .map(|result| match result.reason {
            RejectReason::None => format!("instrument {} done", result.instrument),
            reason => format!("instrument {} refused: {reason:?}", result.instrument),
        })
        .collect();
    format!("mass quote {quote_id} of set {quote_set}: {}", told.join(", "))
}

fn protection_text(report: &MarketMakerProtectionReport) -> String {
    let MarketMakerProtectionReport { quote_set, protection, trigger, frozen_until, trades, bought, sold } = report;
    let state = match (trigger, frozen_until) {
        (ProtectionTrigger::None, _) => String::from("quotes are taken"),
        (trigger, None) => format!("quotes pulled by {trigger:?}, until it is reset"),
        (trigger, Some(until)) => format!("quotes pulled by {trigger:?}, until {until}"),
    };
    format!(
        "market-maker protection of set {quote_set}: {state}; {trades} trades, {bought} lots bought, {sold} sold; {protection:?}"
    )
}

fn execution_text(execution: &Execution, notation: Notation<'_>) -> String {
    let order = format!(
        "order {} {:?} {}{}",
        execution.client_order_id,
        execution.side,
        notation.quantity(execution.quantity),
        execution.price.map_or_else(|| String::from(" at market"), |price| format!(" at {}", notation.price(price))),
    );
    match execution.exec_type {
        ExecType::Trade => format!(
            "{order}: {} traded{}, {} left (trade {}, liquidity {:?})",
            notation.quantity(execution.last_quantity),
            execution.last_price.map_or_else(String::new, |price| format!(" at {}", notation.price(price))),
            notation.quantity(execution.leaves_quantity),
            execution.trade_id,
            execution.liquidity,
        ),
        ExecType::Rejected | ExecType::Canceled | ExecType::Expired => {
            format!(
                "{order}: {:?}, {} filled, reason {:?}",
                execution.exec_type,
                notation.quantity(execution.cum_quantity),
                execution.reason
            )
        }
        other => format!("{order}: {other:?}, {} left", notation.quantity(execution.leaves_quantity)),
    }
}

//! What the sender of a command is told that was not done.

use lugus_vocabulary::{Action, ClientOrderId, CommandKind, OrderStatus, RejectReason, Replace, ReportBody};

use crate::book::OrderPool;
use crate::event_sink::EventSink;
use crate::execution;
use crate::reporter::Reporter;

/// Tells the sender of a command of an instrument that it was not done. The rejection of a cancel or a replacement says how
/// the order stands, and an order that has ended is not unknown: the command came too late.
#[cold]
#[inline(never)]
pub(crate) fn reject<S: EventSink>(
    action: &Action,
    reason: RejectReason,
    pool: &OrderPool,
    reporter: &mut Reporter<'_, S>,
) {
    let order = match *action {
        Action::Cancel { orig_client_order_id } => orig_client_order_id,
        Action::Replace(Replace { orig_client_order_id, .. }) => orig_client_order_id,
        _ => return reporter.answer(rejection(action, reason, None)),
    };
    let (reason, status) = match pool.find(reporter.scope(), order) {
        Some(slot) => (reason, execution::status_of_live(&pool.whole(slot))),
        None => match (reporter.ended_order(order), reason) {
            (Some(status), RejectReason::UnknownOrder) => (RejectReason::TooLateToCancel, status),
            (Some(status), _) => (reason, status),
            (None, _) => (reason, OrderStatus::Rejected),
        },
    };
    reporter.answer(rejection(action, reason, Some(status)));
}

/// The report that says that a command was not done; new orders, cancels and replacements have reports of their own.
#[inline(never)]
pub(crate) fn rejection(action: &Action, reason: RejectReason, order_status: Option<OrderStatus>) -> ReportBody {
    let command = match *action {
        Action::New(ref order) => return execution::rejected(order, reason).into(),
        Action::Cancel { orig_client_order_id } => {
            let client_order_id = ClientOrderId(0);
            return ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status };
        }
        Action::Replace(Replace { orig_client_order_id, client_order_id, .. }) => {
            return ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status };
        }
        Action::MassCancel { .. } => CommandKind::MassCancel,
        Action::MassCancelAll { .. } => CommandKind::MassCancelAll,
        Action::DefineInstrument(_) => CommandKind::DefineInstrument,
        Action::SetInstrumentState { .. } => CommandKind::SetInstrumentState,
        Action::SetRiskLimits { .. } => CommandKind::SetRiskLimits,
        Action::SetKillSwitch { .. } => CommandKind::SetKillSwitch,
        Action::SetFirm { .. } => CommandKind::SetFirm,
        Action::SetFirmRules { .. } => CommandKind::SetFirmRules,
        Action::SetFirmLimits { .. } => CommandKind::SetFirmLimits,
        Action::AmendTrade { .. } => CommandKind::AmendTrade,
        Action::SetAuctionRules(_) => CommandKind::SetAuctionRules,
        Action::SetPriceProtection(_) => CommandKind::SetPriceProtection,
        Action::MassQuote(_) => CommandKind::MassQuote,
        Action::QuoteCancel(_) => CommandKind::QuoteCancel,
        Action::SetMarketMakerProtection { .. } => CommandKind::SetMarketMakerProtection,
        Action::ResetMarketMakerProtection { .. } => CommandKind::ResetMarketMakerProtection,
    };
    ReportBody::Reject { command, reason }
}

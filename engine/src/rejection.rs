//! What the sender of a command is told that was not done.

use lugus_vocabulary::{Action, ClientOrderId, CommandKind, RejectReason, Replace, ReportBody};

use crate::execution;

/// The report that says that a command was not done; new orders, cancels and replacements have reports of their own.
#[inline(never)]
pub(crate) fn rejection(action: &Action, reason: RejectReason) -> ReportBody {
    let command = match *action {
        Action::New(ref order) => return execution::rejected(order, reason).into(),
        Action::Cancel { orig_client_order_id } => {
            return ReportBody::CancelReject { orig_client_order_id, client_order_id: ClientOrderId(0), reason };
        }
        Action::Replace(Replace { orig_client_order_id, client_order_id, .. }) => {
            return ReportBody::CancelReject { orig_client_order_id, client_order_id, reason };
        }
        Action::MassCancel { .. } => CommandKind::MassCancel,
        Action::DefineInstrument(_) => CommandKind::DefineInstrument,
        Action::SetInstrumentState { .. } => CommandKind::SetInstrumentState,
        Action::SetRiskLimits { .. } => CommandKind::SetRiskLimits,
        Action::SetKillSwitch { .. } => CommandKind::SetKillSwitch,
    };
    ReportBody::Reject { command, reason }
}

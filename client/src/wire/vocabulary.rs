//! The words that the vocabulary and the wire share: their numbers are those of `schemas/order-entry.xml`.

use lugus_codecs::order_entry as wire;
use lugus_vocabulary::{CommandKind, MessageRejectReason, PostOnly, RejectReason, Side};

/// The generated enumeration for a word of the vocabulary: both have the same numbers.
macro_rules! to_wire {
    ($word:expr) => {
        $word.number().into()
    };
}
pub(super) use to_wire;

/// The word of the vocabulary for a value of a generated enumeration, whose null stands for all values that it lacks.
macro_rules! from_wire {
    ($type:ident, $value:expr, $template_id:expr, $field:literal) => {
        $type::from_number($value as u8).ok_or(DecodeError::Value { template_id: $template_id, field: $field })
    };
}
pub(super) use from_wire;

/// A reason, or that it is a later version's: an event must not be lost for that.
#[inline]
pub(super) fn reject_reason(word: wire::reject_reason::RejectReason) -> RejectReason {
    u8::try_from(word as u16).ok().and_then(RejectReason::from_number).unwrap_or(RejectReason::Unknown)
}

/// As [`reject_reason`], of a message.
pub(super) fn rejection_of_message(word: wire::message_reject_reason::MessageRejectReason) -> MessageRejectReason {
    MessageRejectReason::from_number(word as u8).unwrap_or(MessageRejectReason::Unknown)
}

/// FIX 18.
#[inline]
pub(super) fn exec_inst(post_only: PostOnly) -> wire::exec_inst::ExecInst {
    let mut exec_inst = wire::exec_inst::ExecInst::default();
    exec_inst.set_participate_do_not_initiate(post_only == PostOnly::Yes);
    exec_inst
}

/// The sides that a mass cancel clears; `None` is both.
pub(super) fn mass_cancel_side(side: Option<Side>) -> wire::mass_cancel_side::MassCancelSide {
    side.map_or(0, Side::number).into()
}

/// The kind of command that a template is.
pub(super) fn command_kind(template_id: u16) -> Option<CommandKind> {
    CommandKind::from_number(u8::try_from(template_id).ok()?)
}

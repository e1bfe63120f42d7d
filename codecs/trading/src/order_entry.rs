//! Order entry: what participants and the operator send to a partition, and what they are told (schema 201).
//!
//! | file | messages |
//! |---|---|
//! | `commands` | the numbered commands: orders, cancels, and the operator's |
//! | `firms` | firms: the commands and their events |
//! | `firm_events` | the events of a firm: the request for them, and its answers |
//! | `mass_cancels` | mass cancels of many books: the command and its event |
//! | `trades` | trades that the operator cancels or corrects: the command and its event |
//! | `auction_rules` | the rules of an instrument's auctions: the command that sets them |
//! | `protection` | what protects the prices of an instrument: the command that sets it |
//! | `quotes` | quotes of market makers and what protects them: the commands and their events |
//! | `requests` | requests without a number: `Resume`, `DropCopyRequest`, `CancelOnDisconnectRequest`, `ActivateProtocolVersion` |
//! | `order_status` | requests for a participant's own live orders, and the report that answers them |
//! | `report_numbers` | what all reports have |
//! | `reports` | events: numbered, kept, and sent again when asked for |
//! | `replies` | answers without a number |
//! | [`template_id`] | numbers of the templates that others compare |
//!
//! A decode function that returns an `Option` reads several templates, and returns `None` for a template that is not among
//! them, so that a reader can try one function after another.

mod auction_rules;
mod commands;
mod firm_events;
mod firms;
mod mass_cancels;
mod order_status;
mod protection;
mod quotes;
mod replies;
mod report_numbers;
mod reports;
mod requests;
mod trades;

pub mod template_id;

#[cfg(test)]
mod tests;

use lugus_vocabulary::ProtocolVersion;

pub use commands::{
    CommandBuffer, MAXIMUM_COMMAND_LENGTH, decode_command, encode_amend_trade, encode_cancel, encode_command,
    encode_define_instrument, encode_mass_cancel, encode_mass_cancel_all, encode_mass_quote, encode_new_order,
    encode_quote_cancel, encode_replace, encode_reset_market_maker_protection, encode_set_auction_rules,
    encode_set_firm, encode_set_firm_limits, encode_set_firm_rules, encode_set_instrument_state,
    encode_set_kill_switch, encode_set_market_maker_protection, encode_set_price_protection, encode_set_risk_limits,
    set_client_sequence,
};
pub use firm_events::{
    MAXIMUM_FIRM_EVENT_LENGTH, decode_firm_reply, encode_firm_event, encode_firm_reply, encode_follow_firm,
};
pub use order_status::{
    MAXIMUM_ORDER_STATUS_LENGTH, decode_order_status_report, encode_order_mass_status_request,
    encode_order_status_report, encode_order_status_request,
};
pub use replies::{
    CancelOnDisconnect, MessageReject, SessionReplaced, decode_cancel_on_disconnect_report, decode_message_reject,
    decode_reply, decode_session_replaced, encode_cancel_on_disconnect_report, encode_message_reject, encode_reply,
    encode_session_replaced,
};
pub use reports::{MAXIMUM_REPORT_LENGTH, ReportBuffer, decode_report, encode_report};
pub use requests::{
    decode_request, encode_activate_protocol_version, encode_cancel_on_disconnect, encode_drop_copy, encode_resume,
};

pub use crate::sbe_order_entry::{SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};

/// The latest version of order entry that this program knows.
pub const KNOWN_PROTOCOL_VERSION: ProtocolVersion = ProtocolVersion(SBE_SCHEMA_VERSION);

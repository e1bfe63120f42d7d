//! Template ids of order entry, for those who tell or compare what a message is without reading it.

use crate::sbe_order_entry::{
    activate_protocol_version_codec, cancel_on_disconnect_report_codec, cancel_on_disconnect_request_codec,
    drop_copy_request_codec, execution_report_codec, follow_firm_request_codec, instrument_report_codec,
    message_reject_codec, moved_codec, order_mass_status_request_codec, order_status_report_codec,
    order_status_request_codec, resume_complete_codec, session_replaced_codec,
};

/// `ActivateProtocolVersion`.
pub const ACTIVATE_PROTOCOL_VERSION: u16 = activate_protocol_version_codec::SBE_TEMPLATE_ID;
/// `CancelOnDisconnectReport`.
pub const CANCEL_ON_DISCONNECT_REPORT: u16 = cancel_on_disconnect_report_codec::SBE_TEMPLATE_ID;
/// `CancelOnDisconnectRequest`.
pub const CANCEL_ON_DISCONNECT_REQUEST: u16 = cancel_on_disconnect_request_codec::SBE_TEMPLATE_ID;
/// `DropCopyRequest`.
pub const DROP_COPY_REQUEST: u16 = drop_copy_request_codec::SBE_TEMPLATE_ID;
/// `ExecutionReport`.
pub const EXECUTION_REPORT: u16 = execution_report_codec::SBE_TEMPLATE_ID;
/// `FollowFirmRequest`.
pub const FOLLOW_FIRM_REQUEST: u16 = follow_firm_request_codec::SBE_TEMPLATE_ID;
/// `InstrumentReport`.
pub const INSTRUMENT_REPORT: u16 = instrument_report_codec::SBE_TEMPLATE_ID;
/// `MessageReject`.
pub const MESSAGE_REJECT: u16 = message_reject_codec::SBE_TEMPLATE_ID;
/// `Moved`.
pub const MOVED: u16 = moved_codec::SBE_TEMPLATE_ID;
/// `OrderMassStatusRequest`.
pub const ORDER_MASS_STATUS_REQUEST: u16 = order_mass_status_request_codec::SBE_TEMPLATE_ID;
/// `OrderStatusReport`.
pub const ORDER_STATUS_REPORT: u16 = order_status_report_codec::SBE_TEMPLATE_ID;
/// `OrderStatusRequest`.
pub const ORDER_STATUS_REQUEST: u16 = order_status_request_codec::SBE_TEMPLATE_ID;
/// `ResumeComplete`.
pub const RESUME_COMPLETE: u16 = resume_complete_codec::SBE_TEMPLATE_ID;
/// `SessionReplaced`.
pub const SESSION_REPLACED: u16 = session_replaced_codec::SBE_TEMPLATE_ID;

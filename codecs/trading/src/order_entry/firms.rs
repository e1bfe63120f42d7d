//! Firms, to and from bytes: the commands, and their event.

use lugus_vocabulary::{
    Action, FirmLimits, FirmReport, FirmRules, InstrumentId, KillSwitch, KillSwitchLevels, ParticipantId, Quantity,
    Report, ReportBody, RiskLimits, SelfTradeScope, WorkingOrders,
};
use sbe_message::Envelope;

use super::report_numbers::{read_report, write_numbers};
use crate::error::MessageError;
use crate::limits::{limit_number, read_limits, write_limits};
use crate::sbe_order_entry::firm_limits_set::FirmLimitsSet;
use crate::sbe_order_entry::firm_rules_set::FirmRulesSet;
use crate::sbe_order_entry::{firm_report_codec, kill_switch_levels, set_firm_rules_codec};
use crate::word::{ToWire, word};
use crate::{block, message};

/// The version that has firms. A message that says that it is of an earlier version has none of their templates and values: members
/// of that version do not know them.
pub(super) const FIRMS_SINCE: u16 = 5;

pub(super) fn encode_set_firm(target: ParticipantId, firm: Option<ParticipantId>, buffer: &mut [u8]) -> usize {
    let length;
    message!(buffer, sbe_order_entry, set_firm_codec, SetFirmEncoder, length)
        .target_participant_id(target.0)
        .firm_id(firm.unwrap_or_default().0);
    length
}

pub(super) fn decode_set_firm(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let wire = block!(envelope, sbe_order_entry, set_firm_codec, SetFirmDecoder);
    let action = Action::SetFirm {
        target: ParticipantId(wire.target_participant_id()),
        firm: Some(ParticipantId(wire.firm_id())).filter(|firm| firm.0 != 0),
    };
    Ok((InstrumentId::NONE.0, wire.client_sequence(), action))
}

pub(super) fn encode_set_firm_rules(firm: ParticipantId, rules: &FirmRules, buffer: &mut [u8]) -> usize {
    let FirmRules { kill_switch, working_orders, self_trade_scope } = *rules;
    let mut sets = FirmRulesSet::default();
    sets.set_kill_switch(kill_switch.is_some()).set_self_trade_scope(self_trade_scope.is_some());
    let length;
    message!(buffer, sbe_order_entry, set_firm_rules_codec, SetFirmRulesEncoder, length)
        .firm_id(firm.0)
        .kill_switch(kill_switch.unwrap_or_default().to_wire())
        .working_orders(working_orders.to_wire())
        .self_trade_scope(self_trade_scope.unwrap_or_default().to_wire())
        .sets(sets);
    length
}

pub(super) fn decode_set_firm_rules(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let wire = block!(envelope, sbe_order_entry, set_firm_rules_codec, SetFirmRulesDecoder);
    let template_id = set_firm_rules_codec::SBE_TEMPLATE_ID;
    let sets = wire.sets();
    let kill_switch: KillSwitch = word(wire.kill_switch(), template_id, "killSwitch")?;
    let working_orders: WorkingOrders = word(wire.working_orders(), template_id, "workingOrders")?;
    let self_trade_scope: SelfTradeScope = word(wire.self_trade_scope(), template_id, "selfTradeScope")?;
    let rules = FirmRules {
        kill_switch: sets.get_kill_switch().then_some(kill_switch),
        working_orders,
        self_trade_scope: sets.get_self_trade_scope().then_some(self_trade_scope),
    };
    let action = Action::SetFirmRules { firm: ParticipantId(wire.firm_id()), rules };
    Ok((InstrumentId::NONE.0, wire.client_sequence(), action))
}

pub(super) fn encode_set_firm_limits(firm: ParticipantId, limits: &RiskLimits, buffer: &mut [u8]) -> usize {
    let mut sets = FirmLimitsSet::default();
    sets.set_maximum_quantity(limits.maximum_quantity.is_some())
        .set_maximum_notional(limits.maximum_notional.is_some())
        .set_maximum_open_orders(limits.maximum_open_orders.is_some())
        .set_maximum_commands_per_second(limits.maximum_commands_per_second.is_some())
        .set_maximum_cancels_per_second(limits.maximum_cancels_per_second.is_some());
    let length;
    message!(buffer, sbe_order_entry, set_firm_limits_codec, SetFirmLimitsEncoder, length)
        .maximum_quantity(limit_number(limits.maximum_quantity).0)
        .maximum_notional(limit_number(limits.maximum_notional))
        .maximum_open_orders(limit_number(limits.maximum_open_orders))
        .maximum_commands_per_second(limit_number(limits.maximum_commands_per_second))
        .maximum_cancels_per_second(limit_number(limits.maximum_cancels_per_second))
        .firm_id(firm.0)
        .sets(sets);
    length
}

pub(super) fn decode_set_firm_limits(envelope: Envelope<'_>) -> Result<(u32, u64, Action), MessageError> {
    let wire = block!(envelope, sbe_order_entry, set_firm_limits_codec, SetFirmLimitsDecoder);
    let sets = wire.sets();
    let limits = RiskLimits {
        maximum_quantity: sets.get_maximum_quantity().then(|| Quantity(wire.maximum_quantity())),
        maximum_notional: sets.get_maximum_notional().then(|| wire.maximum_notional()),
        maximum_open_orders: sets.get_maximum_open_orders().then(|| wire.maximum_open_orders()),
        maximum_commands_per_second: sets.get_maximum_commands_per_second().then(|| wire.maximum_commands_per_second()),
        maximum_cancels_per_second: sets.get_maximum_cancels_per_second().then(|| wire.maximum_cancels_per_second()),
    };
    let action = Action::SetFirmLimits { firm: ParticipantId(wire.firm_id()), limits };
    Ok((InstrumentId::NONE.0, wire.client_sequence(), action))
}

pub(super) fn encode_firm_limits_report(report: &Report, of: &FirmLimits, buffer: &mut [u8]) -> usize {
    let length;
    let mut wire = message!(buffer, sbe_order_entry, firm_limits_report_codec, FirmLimitsReportEncoder, length);
    write_limits!(write_numbers!(wire, report), of.limits).firm_id(of.firm.0);
    length
}

pub(super) fn decode_firm_limits_report(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, firm_limits_report_codec, FirmLimitsReportDecoder);
    let limits = FirmLimits { firm: ParticipantId(wire.firm_id()), limits: read_limits!(wire) };
    Ok(read_report!(wire, ReportBody::FirmLimits(limits)))
}

pub(super) fn encode_firm_report(report: &Report, firm: &FirmReport, buffer: &mut [u8]) -> usize {
    let length;
    write_numbers!(message!(buffer, sbe_order_entry, firm_report_codec, FirmReportEncoder, length), report)
        .target_participant_id(firm.target.0)
        .firm_id(firm.firm.unwrap_or_default().0)
        .participants(firm.participants)
        .self_trade_scope(firm.self_trade_scope.to_wire())
        .kill_switch_levels(kill_switch_levels::KillSwitchLevels(firm.kill_switch_levels.bits()));
    length
}

pub(super) fn decode_firm_report(envelope: Envelope<'_>) -> Result<Report, MessageError> {
    let wire = block!(envelope, sbe_order_entry, firm_report_codec, FirmReportDecoder);
    let template_id = firm_report_codec::SBE_TEMPLATE_ID;
    let levels = KillSwitchLevels::from_bits(wire.kill_switch_levels().0);
    let firm = FirmReport {
        target: ParticipantId(wire.target_participant_id()),
        firm: Some(ParticipantId(wire.firm_id())).filter(|firm| firm.0 != 0),
        participants: wire.participants(),
        kill_switch_levels: levels.ok_or(MessageError::Value { template_id, field: "killSwitchLevels" })?,
        self_trade_scope: word(wire.self_trade_scope(), template_id, "selfTradeScope")?,
    };
    Ok(read_report!(wire, ReportBody::Firm(firm)))
}

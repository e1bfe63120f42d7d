//! Golden bytes of firms: their commands and events, the copy of their events, and what a snapshot keeps.

use lugus_codecs::order_entry::*;
use lugus_codecs::snapshot::*;
use lugus_vocabulary::*;

use crate::golden::Golden;
use crate::snapshots::read_snapshot;
use crate::{INSTRUMENT, LIMITS, PARTICIPANT, TIME, execution, open, report};

const FIRM: ParticipantId = ParticipantId(177);

#[test]
fn commands() {
    let golden = Golden::of("firm.command");
    let rules = FirmRules::default();
    let kill_switch = FirmRules {
        kill_switch: Some(KillSwitch::Engaged),
        working_orders: WorkingOrders::Keep,
        self_trade_scope: None,
    };
    let self_trade_scope = FirmRules { self_trade_scope: Some(SelfTradeScope::Firm), ..rules };
    let one_limit = RiskLimits { maximum_cancels_per_second: Some(178), ..RiskLimits::default() };
    let no_limit = RiskLimits { maximum_open_orders: Some(0), ..RiskLimits::default() };
    for (name, action) in [
        ("firm.command.mass_cancel", { Action::MassCancelAll { target: MassCancelTarget::Firm(FIRM), side: None } }),
        ("firm.command.set", Action::SetFirm { target: PARTICIPANT, firm: Some(FIRM) }),
        ("firm.command.set_none", Action::SetFirm { target: PARTICIPANT, firm: None }),
        ("firm.command.kill_switch", Action::SetFirmRules { firm: FIRM, rules: kill_switch }),
        ("firm.command.self_trade_scope", Action::SetFirmRules { firm: FIRM, rules: self_trade_scope }),
        ("firm.command.limits", Action::SetFirmLimits { firm: FIRM, limits: LIMITS }),
        ("firm.command.one_limit", Action::SetFirmLimits { firm: FIRM, limits: one_limit }),
        ("firm.command.no_limit", Action::SetFirmLimits { firm: FIRM, limits: no_limit }),
    ] {
        let (instrument, client_sequence) = (InstrumentId::NONE, ClientSequence(42));
        let command = Command { participant: PARTICIPANT, instrument, client_sequence, action };
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        golden.check(name, &Some(command), encode_command(&command, &mut buffer), |message| {
            decode_command(PARTICIPANT, open(message)).expect("a command")
        });
    }
    golden.finish();
}

#[test]
fn reports() {
    let golden = Golden::of("firm.report");
    let none = FirmReport {
        target: ParticipantId(9),
        firm: None,
        participants: 0,
        kill_switch_levels: KillSwitchLevels::NONE,
        self_trade_scope: SelfTradeScope::Participant,
    };
    let set = FirmReport {
        firm: Some(FIRM),
        participants: 5,
        kill_switch_levels: KillSwitchLevels::NONE.with(KillSwitchLevel::Firm),
        self_trade_scope: SelfTradeScope::Firm,
        ..none
    };
    for (name, body) in [
        ("firm.report.set", ReportBody::Firm(set)),
        ("firm.report.none", ReportBody::Firm(none)),
        ("firm.report.limits", ReportBody::FirmLimits(FirmLimits { firm: FIRM, limits: LIMITS })),
    ] {
        let report = report(body);
        let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
        golden.check(name, &Some(report), encode_report(&report, &mut buffer), |message| {
            decode_report(open(message)).expect("a report")
        });
    }
    golden.finish();
}

fn event() -> FirmEvent {
    let report = report(ReportBody::Execution(execution()));
    FirmEvent { firm: FIRM, event_sequence: EventSequence(179), report }
}

#[test]
fn events() {
    let golden = Golden::of("firm.events");
    let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
    for (name, last_event_sequence) in
        [("firm.events.follow_after", Some(EventSequence(180))), ("firm.events.follow", None)]
    {
        let request = Request::FollowFirm { firm: FIRM, last_event_sequence };
        let message = encode_follow_firm(FIRM, last_event_sequence, &mut buffer);
        golden.check(name, &Some(request), message, |message| decode_request(open(message)).expect("a request"));
    }
    let mut buffer = [0; MAXIMUM_FIRM_EVENT_LENGTH];
    let last_event_sequence = EventSequence(181);
    for (name, reply) in [
        ("firm.events.event", FirmReply::Again(event())),
        ("firm.events.complete", {
            FirmReply::ResumeComplete { firm: FIRM, through: EventSequence(182), last_event_sequence }
        }),
        ("firm.events.gap", {
            let first_retained = EventSequence(183);
            FirmReply::EventGap { firm: FIRM, first_retained, last_event_sequence, lost_through: TIME }
        }),
    ] {
        golden.check(name, &Some(reply), encode_firm_reply(&reply, &mut buffer), |message| {
            decode_firm_reply(open(message)).expect("a reply")
        });
    }
    golden.finish();
}

#[test]
fn snapshots() {
    let golden = Golden::of("firm.snapshot");
    let levels = KillSwitchLevels::NONE.with(KillSwitchLevel::Firm);
    let participant = ParticipantRecord {
        participant: PARTICIPANT,
        limits: LIMITS,
        kill_switch: KillSwitchLevels::NONE,
        kill_switch_keeps: KillSwitchLevels::NONE,
        rates: 0,
        disconnection: None,
        firm: Some(FIRM),
    };
    let firm = FirmRecord {
        firm: FIRM,
        limits: LIMITS,
        kill_switch: levels.with(KillSwitchLevel::Operator),
        kill_switch_keeps: levels,
        self_trade_scope: SelfTradeScope::Firm,
        rates: 184,
        last_event_sequence: EventSequence(185),
        retained: 186,
        lost_through: TIME,
    };
    let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
    for (name, record) in [
        ("firm.snapshot.participant", SnapshotRecord::Participant(participant)),
        ("firm.snapshot.firm", SnapshotRecord::Firm(firm)),
        ("firm.snapshot.event", SnapshotRecord::FirmEvent(event())),
    ] {
        let message = SnapshotMessage::Record(record);
        golden.check(name, &message, encode_record(&record, &mut buffer), read_snapshot);
    }
    let session = ParticipantSession {
        cluster_session_id: 187,
        participant: PARTICIPANT,
        role: ParticipantRole::Trader,
        drop_copy: Some(INSTRUMENT),
        authentication: None,
        message_rate: None,
        cancel_on_disconnect: None,
        inherits_choice: false,
        followed_firm: Some(FIRM),
    };
    let message = SnapshotMessage::Session(session);
    golden.check("firm.snapshot.session", &message, encode_session(&session, &mut buffer), read_snapshot);
    golden.finish();
}

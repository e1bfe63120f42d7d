//! Golden bytes of what happens on disconnect: an order's choice, a session's, and what a snapshot keeps.

use lugus_codecs::order_entry::*;
use lugus_codecs::snapshot::*;
use lugus_vocabulary::*;

use crate::golden::Golden;
use crate::{INSTRUMENT, LIMITS, PARTICIPANT, TIME, execution, new_order, open, report};

const GRACE: GraceTime = GraceTime::MAXIMUM;

#[test]
fn orders() {
    let golden = Golden::of("on_disconnect.order");
    let order = NewOrder { on_disconnect: OnDisconnect::Stay, ..new_order() };
    let command = Command {
        participant: PARTICIPANT,
        instrument: INSTRUMENT,
        client_sequence: ClientSequence(42),
        action: Action::New(order),
    };
    let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
    golden.check("on_disconnect.order", &Some(command), encode_command(&command, &mut buffer), |message| {
        decode_command(PARTICIPANT, open(message)).expect("a command")
    });
    let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
    for (name, on_disconnect, reason) in [
        ("on_disconnect.order_stays", OnDisconnect::Stay, RejectReason::None),
        ("on_disconnect.order_canceled", OnDisconnect::Cancel, RejectReason::CancelOnDisconnect),
    ] {
        let report = report(ReportBody::Execution(Execution { on_disconnect, reason, ..execution() }));
        golden.check(name, &Some(report), encode_report(&report, &mut buffer), |message| {
            decode_report(open(message)).expect("a report")
        });
    }
    golden.finish();
}

#[test]
fn choices() {
    let golden = Golden::of("on_disconnect.choice");
    for (request_name, report_name, grace) in [
        ("on_disconnect.choice_of_grace", "on_disconnect.choice_of_grace_report", Some(GRACE)),
        ("on_disconnect.choice_of_none", "on_disconnect.choice_of_none_report", None),
    ] {
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        let request = Request::CancelOnDisconnect { grace };
        let message = encode_cancel_on_disconnect(grace, &mut buffer);
        golden
            .check(request_name, &Some(request), message, |message| decode_request(open(message)).expect("a request"));
        let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
        let report = CancelOnDisconnect { participant: PARTICIPANT, grace };
        let message = encode_cancel_on_disconnect_report(report, &mut buffer);
        golden.check(report_name, &Some(report), message, |message| {
            decode_cancel_on_disconnect_report(open(message)).expect("a report")
        });
    }
    golden.finish();
}

#[test]
fn snapshots() {
    let golden = Golden::of("on_disconnect.snapshot");
    let mut buffer = [0; MAXIMUM_RECORD_LENGTH];
    let participant = |is_done| {
        SnapshotRecord::Participant(ParticipantRecord {
            participant: PARTICIPANT,
            limits: LIMITS,
            kill_switch: KillSwitchLevels::NONE,
            kill_switch_keeps: KillSwitchLevels::NONE,
            rates: 0,
            disconnection: Some(DisconnectionRecord { grace: GRACE, deadline: TIME, is_done }),
            firm: None,
        })
    };
    let scope = SnapshotRecord::Scope(ScopeRecord {
        participant: PARTICIPANT,
        instrument: INSTRUMENT,
        last_client_sequence: ClientSequence(1),
        last_event_sequence: EventSequence(2),
        retained: 3,
        lost_client_sequence: ClientSequence(0),
        lost_through: EpochNanos(0),
        canceled_buys: OrderId(0),
        canceled_sells: OrderId(0),
        canceled_on_disconnect: OrderId(4),
    });
    let session = ParticipantSession {
        cluster_session_id: 5,
        participant: PARTICIPANT,
        role: ParticipantRole::Trader,
        drop_copy: None,
        authentication: None,
        message_rate: None,
        cancel_on_disconnect: Some(GRACE),
        inherits_choice: true,
        followed_firm: None,
    };
    for (name, message) in [
        ("on_disconnect.snapshot_of_participant", SnapshotMessage::Record(participant(false))),
        ("on_disconnect.snapshot_of_participant_done", SnapshotMessage::Record(participant(true))),
        ("on_disconnect.snapshot_of_scope", SnapshotMessage::Record(scope)),
        ("on_disconnect.snapshot_of_session", SnapshotMessage::Session(session)),
    ] {
        let written = match &message {
            SnapshotMessage::Session(session) => encode_session(session, &mut buffer),
            SnapshotMessage::Timer(timer) => encode_timer(timer, &mut buffer),
            SnapshotMessage::ProtocolVersion(version) => encode_protocol_version(*version, &mut buffer),
            SnapshotMessage::Record(record) => encode_record(record, &mut buffer),
        };
        golden.check(name, &Some(message), written, |message| {
            RecordDecoder::default().decode(message).expect("a message of a snapshot").0
        });
    }
    golden.finish();
}

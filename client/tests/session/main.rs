//! The session, step by step: what it is told, what it sends, what it tells.

// Helpers of tests, which may fail loudly as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../cluster_messages/mod.rs"]
mod cluster_messages;
mod endings_and_requests;
mod firms;
mod quotes;
mod rebuild;

use cluster_messages::{Event, Sent};
use lugus_client::cluster::DisconnectReason;
use lugus_client::sans_io::{Ingress, Offered, Session};
use lugus_client::{
    Book, ClientOrderId, CommandNumber, Disconnection, DropReason, EventHandler, EventSequence, FirmEvent, GraceTime,
    InstrumentId, Limits, MapEpoch, MemberId, MessageRejectReason, NewOrder, OpenOrdersPart, OrderStatusReport,
    ParticipantId, Price, Quantity, Report, RetryPolicy, SendError, Side, Status,
};
use proptest::prelude::*;

const SESSION: i64 = 70;
const SECOND: u64 = 1_000_000_000;
const LIMITS: Limits = {
    let mut limits = Limits::new();
    (limits.maximum_outstanding, limits.maximum_instruments) = (8, 3);
    limits
};

/// What a session told.
#[derive(Debug, Default)]
struct Heard {
    /// Instrument, event, number of the command.
    reports: Vec<(u32, u64, u64)>,
    drop_copies: Vec<u32>,
    firm_events: Vec<FirmEvent>,
    statuses: Vec<Status>,
    books: usize,
    /// Parts of open orders: how many reports came before, instrument, event, orders, whether the first and the last.
    parts: Vec<(usize, u32, u64, Vec<u64>, bool, bool)>,
    order_statuses: Vec<OrderStatusReport>,
}

impl EventHandler for Heard {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        self.reports.push((report.instrument.0, report.event_sequence.0, command.0));
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.drop_copies.push(report.participant.0);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.firm_events.push(*event);
    }

    fn on_book(&mut self, _book: &Book) {
        self.books += 1;
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        let ids = part.orders.iter().map(|order| order.order_id.0).collect();
        let reports = self.reports.len();
        self.parts.push((reports, part.instrument.0, part.event_sequence.0, ids, part.is_first, part.is_last));
    }

    fn on_order_status(&mut self, report: &OrderStatusReport) {
        self.order_statuses.push(report.clone());
    }

    fn on_status(&mut self, status: &Status) {
        self.statuses.push(status.clone());
    }
}

/// Takes messages, or tells why it does not.
struct Wire {
    sent: Vec<Sent>,
    answer: Offered,
}

impl Ingress for Wire {
    fn offer(&mut self, message: &[u8]) -> Offered {
        if self.answer == Offered::Sent {
            self.sent.push(cluster_messages::read(message));
        }
        self.answer
    }
}

struct Bench {
    session: Session,
    heard: Heard,
    wire: Wire,
    now: u64,
    cluster_session_id: i64,
    next_order: u64,
}

impl Bench {
    fn new() -> Self {
        let session = Session::new(ParticipantId(1), LIMITS, &RetryPolicy::default(), 1);
        let wire = Wire { sent: Vec::new(), answer: Offered::Sent };
        let mut bench =
            Self { session, heard: Heard::default(), wire, now: 0, cluster_session_id: SESSION - 1, next_order: 0 };
        bench.work();
        bench
    }

    /// A connected session in which instrument 5 is open: nothing was applied, and nothing told.
    fn open() -> Self {
        let mut bench = Self::new();
        bench.connect();
        bench.session.resume(InstrumentId(5)).unwrap();
        bench.work();
        bench.hear(&cluster_messages::resume_complete(5, 0, 0));
        bench.sent();
        bench.statuses();
        bench
    }

    fn connect(&mut self) {
        self.cluster_session_id += 1;
        self.session.on_connected(self.cluster_session_id, MemberId(0), &mut self.heard);
        self.work();
    }

    fn disconnect(&mut self) {
        self.session.on_disconnected(DisconnectReason::Watchdog, &mut self.heard);
        self.work();
    }

    fn work(&mut self) {
        self.session.do_work(self.now, &mut self.wire, &mut self.heard);
    }

    /// Lets time pass while the session listens.
    fn pass(&mut self, nanos: u64) {
        let end = self.now + nanos;
        while self.now < end {
            self.now = (self.now + SECOND / 20).min(end);
            self.work();
        }
    }

    fn hear(&mut self, message: &[u8]) {
        self.session.on_message(self.cluster_session_id, message, &mut self.heard);
        self.work();
    }

    /// An event of the participant's own, in instrument 5.
    fn event(&mut self, event: u64, number: u64) {
        self.hear(&cluster_messages::report(&Event {
            participant: 1,
            instrument: 5,
            event,
            number,
            ..Event::default()
        }));
    }

    fn order(&mut self, instrument: u32) -> Result<u64, SendError> {
        self.next_order += 1;
        let order = NewOrder::limit(ClientOrderId(self.next_order), Side::Buy, Price(1), Quantity(1));
        let taken = self.session.new_order(&mut self.wire, InstrumentId(instrument), &order);
        if taken.is_err() {
            self.next_order -= 1;
        }
        taken.map(|number| number.0)
    }

    fn orders(&mut self, count: usize) {
        (0..count).for_each(|_| assert!(self.order(5).is_ok()));
    }

    fn sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.wire.sent)
    }

    fn statuses(&mut self) -> Vec<Status> {
        std::mem::take(&mut self.heard.statuses)
    }

    fn reports(&mut self) -> Vec<(u32, u64, u64)> {
        std::mem::take(&mut self.heard.reports)
    }
}

/// An order with this client sequence and client order id, in instrument 5.
fn order(number: u64, client_order_id: u64) -> Sent {
    Sent::Order { instrument: 5, number, client_order_id }
}

fn resume(last_event: impl Into<Option<u64>>) -> Sent {
    Sent::Resume { instrument: 5, last_event: last_event.into() }
}

fn gave_up(number: u64, may_have_been_applied: bool) -> Status {
    Status::GaveUp { instrument: InstrumentId(5), command: CommandNumber(number), may_have_been_applied }
}

fn numbers(sent: &[Sent]) -> Vec<u64> {
    let number = |sent: &Sent| match sent {
        Sent::Order { number, .. } => Some(*number),
        _ => None,
    };
    sent.iter().filter_map(number).collect()
}

#[test]
fn commands_of_a_moving_instrument_wait_and_only_the_oldest_is_tried() {
    let mut bench = Bench::open();
    bench.orders(3);
    assert_eq!(numbers(&bench.sent()), [1, 2, 3]);
    bench.event(1, 1);
    for number in [2, 3] {
        bench.hear(&cluster_messages::moved(5, number, 9));
    }
    assert_eq!(
        bench.statuses(),
        [Status::InstrumentMoving { instrument: InstrumentId(5), epoch: MapEpoch(9) }],
        "told once"
    );
    bench.orders(1);
    assert_eq!(bench.sent(), [], "nothing is sent while it waits");
    bench.pass(SECOND / 10);
    assert_eq!(bench.sent(), [resume(1), order(2, 2)], "and only the oldest");
    // The move was undone.
    bench.event(2, 2);
    assert_eq!(bench.sent(), [order(3, 3), order(4, 4)]);
    bench.event(3, 3);
    bench.event(4, 4);
    assert_eq!(bench.session.outstanding(), 0);
}

#[test]
fn tries_become_rare_and_end() {
    let policy = RetryPolicy::default();
    let mut bench = Bench::open();
    bench.orders(1);
    bench.sent();
    let mut tries = 0;
    let end = bench.now + policy.moved_timeout.as_nanos() as u64 + SECOND;
    while bench.now < end && bench.session.outstanding() > 0 {
        bench.hear(&cluster_messages::moved(5, 1, 9));
        bench.now += SECOND / 1_000;
        bench.work();
        tries += numbers(&bench.sent()).len();
    }
    let longest = policy.moved_timeout.as_millis() / policy.maximum_moved_interval.as_millis();
    assert!((longest as usize..3 * longest as usize).contains(&tries), "{tries} tries");
    let gave_up = bench
        .statuses()
        .into_iter()
        .any(|status| matches!(status, Status::GaveUp { command: CommandNumber(1), may_have_been_applied: true, .. }));
    assert!(gave_up && bench.session.take_wants_new_session(), "as a copy may be under way, the session is left");
}

#[test]
fn a_scope_without_commands_waits_for_its_instrument_too() {
    let mut bench = Bench::open();
    bench.session.resume(InstrumentId(5)).unwrap();
    bench.work();
    bench.sent();
    bench.hear(&cluster_messages::moved(5, 0, 9));
    assert!(!bench.session.is_current(InstrumentId(5)));
    bench.pass(SECOND / 10);
    assert_eq!(bench.sent(), [resume(0)]);
    bench.hear(&cluster_messages::resume_complete(5, 0, 0));
    assert!(bench.session.is_current(InstrumentId(5)));
}

#[test]
fn a_new_process_asks_for_its_numbers_and_continues_from_them() {
    let mut bench = Bench::new();
    bench.orders(2);
    bench.connect();
    assert_eq!(bench.sent(), [resume(None)], "commands wait");
    bench.orders(1);
    assert_eq!(bench.session.sequence_offset(InstrumentId(5)), None);
    bench.hear(&cluster_messages::resume_complete(5, 7, 20));
    assert_eq!(bench.sent(), [order(8, 1), order(9, 2), order(10, 3)]);
    assert_eq!(bench.session.sequence_offset(InstrumentId(5)), Some(7));
    bench.event(21, 0);
    bench.event(22, 8);
    bench.event(23, 8);
    bench.event(24, 9);
    assert_eq!(bench.reports(), [(5, 21, 0), (5, 22, 1), (5, 23, 1), (5, 24, 2)]);
    assert_eq!(bench.session.outstanding(), 1);
    bench.orders(1);
    assert_eq!(bench.sent(), [order(11, 4)], "straight out");
}

#[test]
fn a_command_that_cannot_be_kept_is_refused_and_has_no_number() {
    let mut bench = Bench::open();
    bench.wire.answer = Offered::BackPressured;
    assert_eq!(bench.order(5), Err(SendError::BackPressured));
    assert_eq!(bench.session.outstanding(), 0);
    bench.wire.answer = Offered::Sent;
    assert_eq!(bench.order(5), Ok(1));
    bench.wire.answer = Offered::NotConnected;
    assert_eq!(bench.order(5), Ok(2), "kept for the next leader");
    bench.wire.answer = Offered::Sent;
    bench.work();
    assert_eq!(bench.sent(), [order(1, 1), order(2, 2)]);

    bench.orders(6);
    assert_eq!(bench.order(5), Err(SendError::TooManyOutstanding { maximum: 8 }));
    assert!(bench.order(6).is_ok() && bench.order(7).is_ok());
    assert_eq!(bench.order(8), Err(SendError::TooManyInstruments { maximum: 3 }));
}

#[test]
fn a_new_leader_gets_all_that_is_unanswered_at_once() {
    let mut bench = Bench::open();
    bench.orders(3);
    bench.event(1, 1);
    bench.sent();
    bench.wire.answer = Offered::NotConnected;
    bench.orders(1);
    bench.wire.answer = Offered::Sent;
    bench.session.on_new_leader(MemberId(2), &mut bench.heard);
    bench.orders(1);
    bench.work();
    assert_eq!(bench.sent(), [resume(1), order(2, 2), order(3, 3), order(4, 4), order(5, 5)]);
    assert_eq!(
        (bench.statuses(), bench.session.leader_member_id()),
        (vec![Status::NewLeader { leader_member_id: MemberId(2) }], Some(MemberId(2)))
    );

    // The new leader repeats the events that Resume asks for, then answers the repeated commands.
    for event in [(2, 2), (2, 2), (3, 3), (4, 4)] {
        bench.event(event.0, event.1);
    }
    bench.hear(&cluster_messages::resume_complete(5, 3, 3));
    assert_eq!(bench.reports(), [(5, 1, 1), (5, 2, 2), (5, 3, 3), (5, 4, 4)], "each once");
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_new_session_gets_only_what_was_not_applied() {
    let mut bench = Bench::open();
    bench.orders(3);
    bench.sent();
    bench.disconnect();
    bench.orders(1);
    bench.connect();
    assert_eq!(bench.sent(), [resume(0)]);
    bench.event(1, 1);
    bench.event(2, 2);
    bench.hear(&cluster_messages::resume_complete(5, 2, 2));
    assert_eq!(bench.sent(), [order(3, 3), order(4, 4)]);
    assert_eq!(bench.reports(), [(5, 1, 1), (5, 2, 2)]);
    let disconnected = Status::Disconnected { reason: Disconnection::Cluster(DisconnectReason::Watchdog) };
    let connected = Status::Connected { cluster_session_id: SESSION + 1, leader_member_id: MemberId(0) };
    assert_eq!(bench.statuses(), [disconnected, connected]);
}

#[test]
fn time_outs_ask_and_send_again_with_back_off_then_give_up_behind_a_fence() {
    let mut bench = Bench::open();
    bench.orders(2);
    bench.sent();
    bench.pass(SECOND * 9 / 10);
    assert_eq!(bench.sent(), []);
    bench.pass(SECOND * 2 / 10);
    assert_eq!(bench.sent(), [resume(0), order(1, 1), order(2, 2)]);
    bench.pass(SECOND * 9 / 10);
    assert_eq!(bench.sent(), [], "twice as long, less a half at most");
    bench.pass(SECOND * 12 / 10);
    assert_eq!(bench.sent(), [resume(0), order(1, 1), order(2, 2)]);
    bench.orders(1);
    bench.pass(SECOND * 4);
    let unanswered = Status::Disconnected { reason: Disconnection::Unanswered };
    assert_eq!(bench.statuses(), [gave_up(1, true), gave_up(2, true), gave_up(3, true), unanswered]);
    assert!(bench.session.take_wants_new_session() && !bench.session.take_wants_new_session());
    assert!(!bench.session.is_connected());

    // The first command was applied after all, the others were not: their numbers are free.
    bench.orders(1);
    bench.sent();
    bench.connect();
    assert_eq!(bench.sent(), [resume(0)]);
    bench.event(1, 1);
    bench.hear(&cluster_messages::resume_complete(5, 1, 1));
    assert_eq!(bench.sent(), [order(2, 4)]);
    bench.event(2, 2);
    assert_eq!(bench.reports(), [(5, 1, 1), (5, 2, 4)], "the late outcome, and the new number's");
}

#[test]
fn an_answer_resets_the_attempts() {
    let mut bench = Bench::open();
    bench.orders(2);
    bench.pass(SECOND * 5 / 2);
    bench.event(1, 1);
    bench.sent();
    bench.pass(SECOND * 11 / 10);
    assert_eq!(bench.sent(), [resume(1), order(2, 2)]);
    assert!(bench.session.is_connected());
}

#[test]
fn a_session_lost_without_an_answer_counts_as_an_attempt() {
    let mut bench = Bench::open();
    bench.orders(1);
    for _ in 0..2 {
        bench.disconnect();
        bench.connect();
        bench.hear(&cluster_messages::resume_complete(5, 0, 0));
    }
    bench.disconnect();
    bench.statuses();
    bench.connect();
    assert_eq!(bench.statuses()[1], gave_up(1, true), "three times sent, never answered");
    assert!(!bench.session.take_wants_new_session(), "the new session is the fence");
}

#[test]
fn without_a_session_commands_are_kept_for_a_while() {
    let mut bench = Bench::open();
    bench.orders(1);
    bench.disconnect();
    bench.orders(1);
    bench.statuses();
    bench.pass(SECOND * 59);
    assert_eq!(bench.session.outstanding(), 2);
    bench.pass(SECOND * 2);
    assert_eq!(bench.statuses(), [gave_up(1, true), gave_up(2, false)]);
}

#[test]
fn a_gap_is_filled_once_however_many_rejects_report_it() {
    let mut bench = Bench::open();
    bench.orders(4);
    bench.event(1, 1);
    bench.sent();
    for number in 3..=4 {
        bench.hear(&cluster_messages::sequence_reject(5, number, 2));
    }
    assert_eq!(bench.sent(), [order(2, 2), order(3, 3), order(4, 4)]);
    bench.hear(&cluster_messages::sequence_reject(5, 4, 1));
    assert_eq!(bench.sent(), [], "stale: the first is answered");
    bench.event(2, 2);
    bench.hear(&cluster_messages::sequence_reject(5, 4, 3));
    assert_eq!(bench.sent(), [order(3, 3), order(4, 4)], "another hole");
}

#[test]
fn a_missing_event_is_asked_for_and_delivery_waits_for_it() {
    let mut bench = Bench::open();
    bench.event(1, 0);
    bench.event(3, 0);
    bench.event(4, 0);
    assert_eq!(bench.sent(), [resume(1)], "once");
    for event in 2..=4 {
        bench.event(event, 0);
    }
    bench.hear(&cluster_messages::resume_complete(5, 0, 4));
    assert_eq!(bench.reports(), [(5, 1, 0), (5, 2, 0), (5, 3, 0), (5, 4, 0)]);
    assert!(bench.session.is_current(InstrumentId(5)));
}

#[test]
fn lost_last_events_are_requested_after_quiet_times_and_ever_more_rarely() {
    let mut bench = Bench::open();
    bench.event(1, 0);
    bench.pass(SECOND * 51 / 10);
    assert_eq!(bench.sent(), [resume(1)]);
    bench.event(2, 0);
    bench.hear(&cluster_messages::resume_complete(5, 0, 2));
    bench.pass(SECOND * 51 / 10);
    assert_eq!(bench.sent(), [resume(2)]);
    bench.hear(&cluster_messages::resume_complete(5, 0, 2));
    bench.pass(SECOND * 9);
    assert_eq!(bench.sent(), []);
    bench.pass(SECOND * 12 / 10);
    assert_eq!(bench.sent(), [resume(2)]);
}

#[test]
fn a_gap_is_reported_with_the_commands_whose_outcomes_were_in_it() {
    let mut bench = Bench::open();
    bench.orders(3);
    bench.disconnect();
    bench.connect();
    bench.sent();
    bench.statuses();
    bench.hear(&cluster_messages::event_gap(5, 0, 11, 12));
    let gap = Status::EventGap {
        instrument: InstrumentId(5),
        first_lost: EventSequence(1),
        last_lost: EventSequence(10),
        lost_through: lugus_client::EpochNanos(1),
    };
    assert_eq!((bench.statuses(), bench.sent()), (vec![gap], vec![resume(10)]));
    bench.event(11, 2);
    bench.event(12, 0);
    assert_eq!(bench.statuses(), [gave_up(1, true)], "applied before the second, and its answer lost");
    bench.hear(&cluster_messages::resume_complete(5, 2, 12));
    assert_eq!((bench.reports(), bench.sent()), (vec![(5, 11, 2), (5, 12, 0)], vec![order(3, 3)]));
}

#[test]
fn a_session_continues_with_a_cluster_that_has_lost_its_state() {
    let mut bench = Bench::open();
    bench.orders(2);
    bench.event(1, 1);
    bench.event(2, 1);
    bench.disconnect();
    bench.orders(1);
    bench.connect();
    bench.sent();
    bench.statuses();
    bench.hear(&cluster_messages::resume_complete(5, 0, 0));
    let reset = Status::SequencesReset {
        instrument: InstrumentId(5),
        last_seen: EventSequence(2),
        last_known: EventSequence(0),
    };
    assert_eq!((bench.statuses(), bench.sent()), (vec![gave_up(2, true), reset], vec![order(1, 3)]));
    bench.event(1, 1);
    assert_eq!(bench.reports().last(), Some(&(5, 1, 3)));
}

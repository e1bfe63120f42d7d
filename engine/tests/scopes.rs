//! Exactly once: repeated commands, holes in the sequence, and participants that reconnect.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;
use venue::*;

const INSTRUMENT: InstrumentId = InstrumentId(1);

fn reports(told: &[Told]) -> Vec<Report> {
    told.iter()
        .map(|told| match told {
            Told::Report(report) => *report,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn of(participant: u32, told: &[Told]) -> Vec<Report> {
    reports(told).into_iter().filter(|report| report.participant == ParticipantId(participant)).collect()
}

fn again(reports: &[Report]) -> Vec<Told> {
    reports.iter().map(|report| Told::Reply(Reply::Again(*report))).collect()
}

fn gap(repeated: u64, first_retained: u64, last: u64, lost_through: i64) -> Vec<Told> {
    vec![Told::Reply(Reply::EventGap {
        instrument: INSTRUMENT,
        client_sequence: ClientSequence(repeated),
        first_retained: EventSequence(first_retained),
        last_event_sequence: EventSequence(last),
        lost_through: EpochNanos(lost_through),
    })]
}

fn complete(last_command: u64, last_event: u64) -> Told {
    Told::Reply(Reply::ResumeComplete {
        instrument: INSTRUMENT,
        last_client_sequence: ClientSequence(last_command),
        last_event_sequence: EventSequence(last_event),
    })
}

fn retaining(retained_events: usize) -> Venue {
    Venue::open(EngineLimits { retained_events, ..LIMITS }, definition(1))
}

#[test]
fn a_repeated_command_is_answered_and_not_applied() {
    let mut venue = retaining(100);
    venue.order(1, limit(1, Side::Sell, 100, 5));
    let taken = venue.order(2, market(1, Side::Buy, 3));
    let before = (venue.engine.state_hash(), snapshot(&venue.engine));
    // Only the number counts: the answer is the same if the command is another one.
    for action in [Action::New(market(1, Side::Buy, 3)), cancel(7)] {
        assert_eq!(venue.send_as(2, 1, 1, action), again(&of(2, &taken)));
    }
    assert_eq!((venue.engine.state_hash(), snapshot(&venue.engine)), before);
}

#[test]
fn a_resting_orders_later_events_are_not_repeated_as_an_answer() {
    let mut venue = retaining(100);
    let rested = venue.order(1, limit(1, Side::Sell, 100, 5));
    venue.order(2, market(1, Side::Buy, 3));
    // The participant's own market order trades with the order. Both reports are in one scope; only the taker's is an
    // answer.
    let both = of(1, &venue.order(1, market(2, Side::Buy, 1)));
    assert_eq!(both.iter().map(|report| report.client_sequence.0).collect::<Vec<_>>(), [2, 2, 0]);
    assert_eq!(venue.send_as(1, 1, 1, cancel(1)), again(&of(1, &rested)));
    assert_eq!(venue.send_as(1, 1, 2, cancel(1)), again(&both[..2]));
}

#[test]
fn a_sequence_reject_names_the_expected_number() {
    let mut venue = retaining(100);
    let hole = |received, expected| {
        vec![Told::Reply(Reply::SequenceReject {
            instrument: INSTRUMENT,
            received: ClientSequence(received),
            expected: ClientSequence(expected),
        })]
    };
    let before = snapshot(&venue.engine);
    for number in [0, 2, u64::MAX] {
        assert_eq!(venue.send_as(1, 1, number, cancel(1)), hole(number, 1));
    }
    assert_eq!(snapshot(&venue.engine), before);
    venue.order(1, limit(1, Side::Sell, 100, 5));
    for number in [0, 3, u64::MAX] {
        assert_eq!(venue.send_as(1, 1, number, cancel(1)), hole(number, 2));
    }
}

#[test]
fn events_no_longer_kept_are_a_gap_also_if_only_some_of_them() {
    let mut venue = retaining(3);
    venue.order(1, limit(1, Side::Sell, 100, 5)); // event 1 of participant 1
    venue.order(2, limit(1, Side::Sell, 100, 5)); // event 1 of participant 2
    let lost_through = venue.now + 1;
    let taken = of(1, &venue.order(1, limit(2, Side::Buy, 100, 10))); // 2 new, 3 and 4 trade with itself, 5 with participant 2
    assert_eq!(taken.len(), 4);
    assert_eq!(venue.send_as(1, 1, 1, cancel(9)), gap(1, 3, 5, lost_through));
    assert_eq!(venue.send_as(1, 1, 2, cancel(9)), gap(2, 3, 5, lost_through));
    let next = of(1, &venue.send(1, 1, cancel(9)));
    assert_eq!(venue.send_as(1, 1, 3, cancel(9)), again(&next));
}

#[test]
fn a_command_whose_event_is_the_oldest_kept_is_answered() {
    let mut venue = retaining(2);
    let told: Vec<_> = (1..=4).map(|id| of(1, &venue.order(1, limit(id, Side::Sell, 100, 1)))).collect();
    assert_eq!(venue.send_as(1, 1, 3, cancel(9)), again(&told[2]));
    assert!(matches!(venue.send_as(1, 1, 2, cancel(9))[..], [Told::Reply(Reply::EventGap { .. })]));
}

#[test]
fn resume_repeats_the_missed_events_in_order() {
    let mut venue = retaining(4);
    assert_eq!(told_again(&venue.engine, 1, 1, Some(0)), [complete(0, 0)]);
    let mut told: Vec<Report> = (1..=3).flat_map(|id| of(1, &venue.order(1, limit(id, Side::Sell, 100, 1)))).collect();
    assert_eq!(told_again(&venue.engine, 1, 1, Some(0)), [again(&told), vec![complete(3, 3)]].concat());
    let lost_through = EpochNanos(venue.now + 1 - 3);
    told.extend(of(1, &venue.order(2, market(1, Side::Buy, 2))));
    assert_eq!(told.iter().map(|report| report.event_sequence.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(told_again(&venue.engine, 1, 1, Some(0)), gap(0, 2, 5, lost_through.0));
    assert_eq!(told_again(&venue.engine, 1, 1, Some(1)), [again(&told[1..]), vec![complete(3, 5)]].concat());
    assert_eq!(told_again(&venue.engine, 1, 1, Some(4)), [again(&told[4..]), vec![complete(3, 5)]].concat());
    for seen in [Some(5), Some(6), Some(u64::MAX), None] {
        assert_eq!(told_again(&venue.engine, 1, 1, seen), [complete(3, 5)]);
    }
    // A scope that was never used, of an instrument that is not defined.
    assert!(matches!(told_again(&venue.engine, 1, 7, Some(3))[..], [Told::Reply(Reply::ResumeComplete { .. })]));
}

#[test]
fn without_retained_events_every_repeat_is_a_gap() {
    let mut venue = retaining(0);
    venue.order(1, limit(1, Side::Sell, 100, 1));
    let now = venue.now;
    assert_eq!(venue.send_as(1, 1, 1, cancel(1)), gap(1, 2, 1, now));
    assert_eq!(told_again(&venue.engine, 1, 1, Some(0)), gap(0, 2, 1, now));
    assert_eq!(told_again(&venue.engine, 1, 1, Some(1)), [complete(1, 1)]);
}

#[test]
fn scopes_of_one_participant_are_apart() {
    let mut venue = Venue::open(LIMITS, definition(1));
    venue.send(0, 0, Action::DefineInstrument(definition(2)));
    let first = reports(&venue.send(1, 1, Action::New(limit(1, Side::Sell, 100, 1))));
    let second = reports(&venue.send(1, 2, Action::New(limit(1, Side::Sell, 100, 1))));
    for told in [first, second] {
        assert_eq!(told.iter().map(|t| (t.client_sequence.0, t.event_sequence.0)).collect::<Vec<_>>(), [(1, 1)]);
    }
}

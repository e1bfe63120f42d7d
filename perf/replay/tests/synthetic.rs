//! The synthetic flow is the same for a seed, has the shape of a real market's flow, and knows which of its orders
//! live.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use lugus_engine::EngineLimits;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::{FIRST_INSTRUMENT, Flow, Step};
use lugus_replay::replay::{ReplayOptions, replay};
use lugus_replay::synthetic::{Mix, SyntheticFlow, SyntheticOptions};
use lugus_replay::venue::{Submission, Venue, VenueError, VenueEvent};
use lugus_vocabulary::{
    Action, ClientOrderId, ExecType, OrderType, ParticipantId, PostOnly, RejectReason, Report, ReportBody, TimeInForce,
};

fn steps(options: SyntheticOptions) -> Vec<Step> {
    SyntheticFlow::new(options).map(|step| step.unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_flow() {
    let options = |seed| SyntheticOptions { seed, steps: 20_000, ..Default::default() };
    let first = steps(options(1));
    assert_eq!(first.len(), 20_000);
    assert_eq!(first, steps(options(1)));
    assert_ne!(first, steps(options(2)));
    // A longer flow begins with the shorter one.
    assert_eq!(first[..5_000], steps(SyntheticOptions { steps: 5_000, ..options(1) }));
}

#[test]
fn the_mix_is_that_of_a_market() {
    let all = steps(SyntheticOptions { steps: 100_000, ..Default::default() });
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for step in &all {
        let kind = match step.action {
            Action::New(order) if order.order_type == OrderType::Market => "market",
            Action::New(order) if order.time_in_force == TimeInForce::Ioc => "immediate",
            Action::New(order) if order.post_only == PostOnly::Yes => "post-only",
            Action::New(_) => "limit",
            Action::Cancel { .. } => "cancel",
            Action::Replace(_) => "replace",
            _ => "other",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let bounds = [
        ("limit", 33_000..43_000),
        ("post-only", 10_000..15_000),
        ("cancel", 28_000..36_000),
        ("replace", 9_000..15_000),
        ("immediate", 3_500..7_000),
        ("market", 800..2_000),
    ];
    for (kind, range) in &bounds {
        assert!(range.contains(&kinds[kind]), "{kind}: {}", kinds[kind]);
    }
    assert_eq!(kinds.len(), bounds.len());
    for participant in 1..=4 {
        let share = all.iter().filter(|step| step.participant == ParticipantId(participant)).count();
        assert!((20_000..30_000).contains(&share), "participant {participant}: {share}");
    }
    let busiest = all.iter().filter(|step| step.instrument == FIRST_INSTRUMENT).count();
    assert!((46_000..50_000).contains(&busiest), "first of four instruments: {busiest}");
}

#[test]
fn quotes_are_mostly_replaced_and_trades_mostly_trade() {
    for (mix, replaced, filled) in
        [(Mix::Market, 9..15, 10..30), (Mix::Quotes, 60..75, 0..10), (Mix::Trades, 0..2, 50..100)]
    {
        let options = SyntheticOptions { steps: 20_000, mix, ..Default::default() };
        let replaces = steps(options).iter().filter(|step| matches!(step.action, Action::Replace(_))).count();
        let mut venue = EngineVenue::new(EngineLimits::default());
        let replayed = replay(&mut SyntheticFlow::new(options), &mut venue, ReplayOptions::default(), &mut ()).unwrap();
        let (replaces, fills) = (replaces / 200, replayed.report.fills as usize / 200);
        assert!(replaced.contains(&replaces) && filled.contains(&fills), "{mix}: {replaces} and {fills} percent");
    }
}

/// An engine that keeps its reports.
struct RecordingVenue {
    engine: EngineVenue,
    reports: Vec<Report>,
}

impl Venue for RecordingVenue {
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError> {
        self.engine.submit(step)
    }

    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError> {
        let reports = &mut self.reports;
        self.engine.poll(&mut |event| {
            if let VenueEvent::Report(report) = event {
                reports.push(*report);
            }
            on_event(event);
        })
    }
}

/// The flow never sees the engine, yet only those commands are rejected that are meant to be: post-only orders that
/// would trade, and cancels of ended orders. So the flow's copy of the book equals the engine's book.
#[test]
fn only_the_intended_orders_are_rejected() {
    for mix in Mix::ALL {
        only_the_intended_orders_of_a_mix_are_rejected(mix);
    }
}

fn only_the_intended_orders_of_a_mix_are_rejected(mix: Mix) {
    let options = SyntheticOptions { steps: 50_000, resting_orders: 200, mix, ..Default::default() };
    let mut venue = RecordingVenue { engine: EngineVenue::new(EngineLimits::default()), reports: Vec::new() };
    let replayed = replay(&mut SyntheticFlow::new(options), &mut venue, ReplayOptions::default(), &mut ()).unwrap();
    let (mut post_only, mut too_late) = (0, 0);
    for report in &venue.reports {
        match report.body {
            ReportBody::Execution(execution) if execution.exec_type == ExecType::Rejected => {
                assert_eq!(execution.reason, RejectReason::PostOnlyWouldTrade);
                post_only += 1;
            }
            ReportBody::CancelReject { client_order_id: ClientOrderId(0), reason, .. } => {
                assert_eq!(reason, RejectReason::TooLateToCancel);
                too_late += 1;
            }
            ReportBody::CancelReject { reason, .. } => {
                assert_eq!(reason, RejectReason::PostOnlyWouldTrade);
                post_only += 1;
            }
            _ => {}
        }
    }
    assert_eq!(post_only + too_late, replayed.report.rejected);
    assert!((150..400).contains(&too_late), "{too_late} of 50,000 too late");
    assert!((1..3_000).contains(&post_only), "{post_only} of 50,000 refused");
    assert!(replayed.report.is_exactly_once(), "{}", replayed.report);
    assert!(replayed.report.fills > 5_000 || mix == Mix::Quotes, "{}", replayed.report);
}

#[test]
fn options_out_of_bounds_still_give_a_flow() {
    let options = SyntheticOptions {
        seed: 3,
        steps: 500,
        participants: 0,
        instruments: 0,
        resting_orders: 0,
        ..Default::default()
    };
    let flow = SyntheticFlow::new(options);
    assert_eq!((flow.participants().len(), flow.instruments().len()), (1, 1));
    assert_eq!(flow.count(), 500);
    let many = SyntheticFlow::new(SyntheticOptions { instruments: u32::MAX, ..options });
    assert_eq!(many.instruments().len(), 1_024);
}

/// Orders that another flow left in the instruments are gone before the first command.
#[test]
fn a_flow_begins_with_empty_books() {
    let flow = |seed, participants| {
        SyntheticFlow::new(SyntheticOptions { seed, participants, steps: 20_000, ..Default::default() })
    };
    let replayed = |venue: &mut EngineVenue, mut flow: SyntheticFlow| {
        replay(&mut flow, venue, ReplayOptions::default(), &mut ()).unwrap().report
    };
    let mut venue = EngineVenue::new(EngineLimits::default());
    let alone = replayed(&mut venue, flow(1, 4));
    replayed(&mut venue, flow(2, 9));
    let again = replayed(&mut venue, flow(1, 4));
    assert!(again.is_exactly_once(), "{again}");
    assert_eq!((again.rejected, again.fills, again.events), (alone.rejected, alone.fills, alone.events));
}

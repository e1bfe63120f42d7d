//! A replay detects what a venue loses or executes twice, and never waits for ever.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::VecDeque;
use std::time::Duration;

use lugus_engine::EngineLimits;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::Step;
use lugus_replay::replay::{Progress, ReplayError, ReplayOptions, Replayed, Watch, replay};
use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
use lugus_replay::venue::{Submission, Venue, VenueError, VenueEvent};
use lugus_vocabulary::{EventSequence, Report};

/// What a faulty venue does to the reports that it passes on.
type Fault = fn(usize, Report) -> Vec<Report>;

/// An engine behind a faulty connection: it passes on one report a poll, late, and accepts only every other submission.
struct FaultyVenue {
    engine: EngineVenue,
    fault: Fault,
    told: usize,
    waiting: VecDeque<Report>,
    is_busy: bool,
}

impl FaultyVenue {
    fn new(fault: Fault) -> Self {
        let engine = EngineVenue::new(EngineLimits::default());
        Self { engine, fault, told: 0, waiting: VecDeque::new(), is_busy: false }
    }
}

impl Venue for FaultyVenue {
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError> {
        self.is_busy = !self.is_busy;
        if self.is_busy { Ok(Submission::Busy) } else { self.engine.submit(step) }
    }

    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError> {
        let Self { engine, fault, told, waiting, .. } = self;
        engine.poll(&mut |event| {
            if let VenueEvent::Report(report) = event {
                waiting.extend(fault(*told, *report));
                *told += 1;
            }
        })?;
        match self.waiting.pop_front() {
            Some(report) => on_event(VenueEvent::Report(&report)),
            None => return Ok(0),
        }
        Ok(1)
    }
}

const STEPS: u64 = 2_000;

fn replayed(fault: Fault) -> Replayed {
    let flow = SyntheticOptions { steps: STEPS, participants: 2, instruments: 2, ..Default::default() };
    let options = ReplayOptions { window: 16, patience: Duration::from_millis(200), ..Default::default() };
    replay(&mut SyntheticFlow::new(flow), &mut FaultyVenue::new(fault), options, &mut ()).unwrap()
}

#[test]
fn a_sound_venue_answers_each_command_once() {
    let report = replayed(|_, report| vec![report]).report;
    assert!(report.is_exactly_once(), "{report}");
    assert_eq!((report.commands, report.answered), (STEPS, STEPS));
    assert!(report.p50_us > 0.0 && report.p50_us <= report.p99_us && report.p999_us <= report.max_us, "{report}");
}

#[test]
fn a_lost_event_is_noticed_by_its_number() {
    // Fills of resting orders answer no command, so only the gap in the event numbers shows a lost one.
    let report = replayed(|_, report| if report.client_sequence.0 == 0 { vec![] } else { vec![report] }).report;
    assert_eq!((report.answered, report.duplicated), (STEPS, 0), "{report}");
    assert!(report.lost > 0 && !report.is_exactly_once(), "{report}");
}

#[test]
fn an_event_told_twice_is_noticed_and_counts_once() {
    let sound = replayed(|_, report| vec![report]).report;
    let report = replayed(|told, report| if told == 500 { vec![report, report] } else { vec![report] }).report;
    assert_eq!((report.lost, report.duplicated), (0, 1), "{report}");
    assert_eq!((report.answered, report.fills), (sound.answered, sound.fills), "{report}");
}

#[test]
fn a_command_done_twice_is_noticed_even_when_the_events_are_gapless() {
    /// Reports of an engine that executes each command of one scope twice: all events again, with new numbers.
    fn twice(_: usize, report: Report) -> Vec<Report> {
        let number = report.event_sequence.0 * 2;
        let told = |number| Report { event_sequence: EventSequence(number), ..report };
        vec![told(number - 1), told(number)]
    }
    let report = replayed(twice).report;
    assert_eq!((report.lost, report.answered), (0, STEPS), "{report}");
    assert!(report.duplicated >= STEPS, "{report}");
}

#[test]
fn a_venue_that_falls_silent_is_given_up_and_its_debt_is_lost() {
    let report = replayed(|told, report| if told > 1_000 { vec![] } else { vec![report] }).report;
    assert!(report.commands < STEPS && report.commands == report.answered + 16, "{report}");
    assert_eq!((report.lost, report.duplicated), (16, 0), "{report}");
}

#[test]
fn a_venue_that_never_answers_is_an_error() {
    let mut flow = SyntheticFlow::new(SyntheticOptions::default());
    let options = ReplayOptions { patience: Duration::from_millis(50), ..Default::default() };
    let outcome = replay(&mut flow, &mut FaultyVenue::new(|_, _| vec![]), options, &mut ());
    assert!(matches!(outcome, Err(ReplayError::NoAnswer { .. })), "{outcome:?}");
}

/// An engine that accepts a limited number of commands, and answers all that it accepted.
struct ClosingVenue {
    engine: EngineVenue,
    room: u64,
}

impl Venue for ClosingVenue {
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError> {
        if self.room == 0 {
            return Ok(Submission::Busy);
        }
        self.room -= 1;
        self.engine.submit(step)
    }

    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError> {
        self.engine.poll(on_event)
    }
}

#[test]
fn a_venue_that_takes_no_more_is_an_error_also_when_it_owes_nothing() {
    let outcome = |room| {
        let mut flow = SyntheticFlow::new(SyntheticOptions { instruments: 1, ..Default::default() });
        let mut venue = ClosingVenue { engine: EngineVenue::new(EngineLimits::default()), room };
        let options = ReplayOptions { patience: Duration::from_millis(50), ..Default::default() };
        replay(&mut flow, &mut venue, options, &mut ())
    };
    assert!(matches!(outcome(0), Err(ReplayError::NoAnswer { .. })));
    // Three commands open the instrument.
    let outcome = outcome(3 + 100);
    assert!(matches!(outcome, Err(ReplayError::NotTaken { sent: 100, .. })), "{outcome:?}");
}

#[test]
fn an_engine_without_room_for_the_instruments_is_an_error() {
    let mut flow = SyntheticFlow::new(SyntheticOptions { instruments: 2, ..Default::default() });
    let mut venue = EngineVenue::new(EngineLimits { instruments: 1, ..Default::default() });
    let error = replay(&mut flow, &mut venue, ReplayOptions::default(), &mut ()).unwrap_err();
    assert_eq!(error.to_string(), "the engine refused DefineInstrument, which prepares the flow: LimitInstruments");
}

#[derive(Default)]
struct Stall {
    sent: u64,
    progress: Vec<Progress>,
}

impl Watch for Stall {
    fn sent(&mut self, steps: u64) {
        self.sent = steps;
        if steps == 500 {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.progress.push(*progress);
    }
}

#[test]
fn at_a_rate_a_stall_counts_for_every_command_that_waited() {
    let mut flow = SyntheticFlow::new(SyntheticOptions { steps: 12_000, ..Default::default() });
    let mut venue = EngineVenue::new(EngineLimits::default());
    let options = ReplayOptions { rate: Some(10_000), ..Default::default() };
    let mut watch = Stall::default();
    let Replayed { report, round_trips, .. } = replay(&mut flow, &mut venue, options, &mut watch).unwrap();
    // 500 commands were due in those 50 ms, so about 500 round trips are long, and not just one; more if the machine is busy, but not all.
    let long = round_trips.all().count_between(5_000_000, u64::MAX);
    assert!((400..12_000).contains(&long), "{long} long round trips; {report}");
    assert!(report.elapsed_s >= 1.19, "{report}");
    assert_eq!(watch.sent, 12_000);
    let progress = watch.progress.first().unwrap();
    assert!(progress.answered <= progress.sent && progress.expected == 12_000, "{progress:?}");
}

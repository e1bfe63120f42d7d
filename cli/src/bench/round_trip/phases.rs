//! The paces of a measurement, each after a warm-up of its own.

use std::time::Duration;

use lugus_load::commands::Commands;
use lugus_load::load::{Endpoint, Load, Pace};
use lugus_load::measured::{Figures, Times};
use lugus_load::processor_time::ProcessorTime;
use lugus_load::warm_up::WarmUp;
use lugus_replay::flow::Flow;
use lugus_replay::round_trips::RoundTrips;
use lugus_replay::stages::StageTimes;

use crate::failure::Failure;
use crate::output::Output;

/// Length of a window of a warm-up, and greatest number of windows.
const WINDOW: Duration = Duration::from_secs(1);
const MAXIMUM_WINDOWS: usize = 15;

/// The first seconds of a cluster's life, in which its JVMs compile.
const COLD: Duration = Duration::from_secs(3);

/// Commands in flight of the pace that asks for the greatest rate.
pub const MAXIMUM_IN_FLIGHT: u32 = 1_024;

/// Commands a second that a closed loop is taken to answer at most: a pace that is faster ends sooner.
const CLOSED_LOOP_RATE: u32 = 100_000;
const ONE_IN_FLIGHT_RATE: u32 = 10_000;

/// Name of a pace in the answer.
pub fn pace_name(pace: Pace) -> String {
    if pace == Pace::InFlight(MAXIMUM_IN_FLIGHT) { String::from("maximum") } else { pace.to_string() }
}

/// What was measured at one pace.
pub struct Measured {
    pub pace: Pace,
    pub figures: Figures,
    /// Seconds until the p99 of consecutive windows agreed; `None` if it never did.
    pub warm_up_s: Option<f64>,
    /// p99 of the first three seconds after the sessions were opened, for the first pace.
    pub cold_p99_us: Option<f64>,
    pub processor_time: ProcessorTime,
    pub round_trips: RoundTrips,
    pub leader_changes: u64,
    pub unanswered: usize,
    /// The stages of sampled commands, if members stamp some.
    pub stages: Option<StageTimes>,
}

/// What is asked of the system that is measured, while no command is on its way.
pub trait Probe<F> {
    /// What all processes have used of the processors so far.
    fn processor_time(&self) -> ProcessorTime;

    /// The stages of these commands.
    ///
    /// # Errors
    /// When the stamps can't be read.
    fn stages(&self, commands: &Commands<F>, times: &Times) -> Result<Option<StageTimes>, Failure>;
}

/// Sends the flow at each pace, for `duration` each.
///
/// # Errors
/// When a session ends or is lost, or the flow can't be made.
pub fn measure<E: Endpoint, F: Flow>(
    load: &mut Load<E>,
    commands: &mut Commands<F>,
    paces: &[Pace],
    duration: Duration,
    probe: &impl Probe<F>,
    output: Output,
) -> Result<Vec<Measured>, Failure> {
    let mut phases = Phases { load, commands, next: 0 };
    let mut all = Vec::new();
    for &pace in paces {
        let mut cold_p99_us = None;
        if all.is_empty() {
            cold_p99_us = Some(figures(&phases.run(pace, COLD)?)?.p99_us);
        }
        let mut warm_up = WarmUp::default();
        let mut warm_up_s = None;
        while warm_up_s.is_none() && warm_up.p99_us().len() < MAXIMUM_WINDOWS {
            if warm_up.add(figures(&phases.run(pace, WINDOW)?)?.p99_us) {
                let windows = WINDOW * warm_up.p99_us().len() as u32;
                warm_up_s = Some((windows + cold_p99_us.map_or(Duration::ZERO, |_| COLD)).as_secs_f64());
            }
        }
        phases.prepare(pace, duration)?;
        let before = probe.processor_time();
        let times = phases.run(pace, duration)?;
        let used = probe.processor_time().since(&before);
        let figures = figures(&times)?;
        output.say(format!(
            "  {}: p50 {:.0}, p99 {:.0}, p99.9 {:.0} us, {:.0} a second",
            pace_name(pace),
            figures.p50_us,
            figures.p99_us,
            figures.p999_us,
            figures.rate
        ));
        all.push(Measured {
            pace,
            figures,
            warm_up_s,
            cold_p99_us,
            processor_time: used,
            round_trips: times.histograms().map_err(Failure::new)?,
            leader_changes: times.leader_changes,
            unanswered: times.unanswered(),
            stages: probe.stages(phases.commands, &times)?,
        });
    }
    Ok(all)
}

fn figures(times: &Times) -> Result<Figures, Failure> {
    times.figures().map_err(Failure::new)
}

/// Runs that follow each other in one flow.
struct Phases<'a, E, F> {
    load: &'a mut Load<E>,
    commands: &'a mut Commands<F>,
    /// Number of the first command that has not been sent.
    next: usize,
}

impl<E: Endpoint, F: Flow> Phases<'_, E, F> {
    /// Makes the commands of a run; returns the number after the last one.
    fn prepare(&mut self, pace: Pace, duration: Duration) -> Result<usize, Failure> {
        let rate = match pace {
            Pace::Rate(rate) => rate,
            Pace::InFlight(1) => ONE_IN_FLIGHT_RATE,
            Pace::InFlight(_) => CLOSED_LOOP_RATE,
        };
        let count = (f64::from(rate) * duration.as_secs_f64()).ceil() as usize;
        let end = self.commands.prepare(self.next + count).map_err(Failure::new)?;
        Ok(end.min(self.next + count))
    }

    fn run(&mut self, pace: Pace, duration: Duration) -> Result<Times, Failure> {
        let end = self.prepare(pace, duration)?;
        let times = self.load.run(self.commands, self.next..end, pace, duration).map_err(Failure::new)?;
        self.next += times.commands();
        Ok(times)
    }
}

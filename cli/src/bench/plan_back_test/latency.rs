//! Round trips at loads that no calibration has measured.

use std::time::Duration;

use lugus_load::load::Pace;
use lugus_plan::load::{Load, even_pairs};
use lugus_plan::plan::{Place, plan};
use lugus_plan::service_times::ServiceTimes;
use lugus_plan::traffic::Traffic;
use lugus_replay::synthetic::Mix;
use lugus_results::{Measurement, Results, Spread, read};

use super::compared::Compared;
use crate::arguments::BackTest;
use crate::failure::Failure;
use crate::output::Output;
use crate::plan::calibration;
use crate::plan::measured_load::{LoadedCluster, Shape};

/// Rounds and seconds of a calibration that is made for the back-test.
const ROUNDS: u32 = 2;
const SECONDS: u32 = 4;

/// The loads: each cluster with its rates.
fn loads() -> Vec<(Shape, Vec<u32>)> {
    vec![
        (Shape::new(1, 1, Mix::Market), vec![8_000, 40_000, 90_000]),
        (Shape::new(3, 1, Mix::Market), vec![8_000, 30_000, 70_000]),
        (Shape { instruments: 16, resting_orders: 5_000, ..Shape::new(3, 8, Mix::Market) }, vec![15_000]),
        (Shape::new(3, 1, Mix::Trades), vec![20_000]),
        (Shape::new(1, 16, Mix::Quotes), vec![20_000, 60_000]),
    ]
}

/// Calibrates if need be, and compares; returns the measurements, too.
pub(super) fn run(what: &BackTest, output: Output) -> Result<(Vec<Measurement>, Vec<Compared>), Failure> {
    let mut results = match &what.from {
        Some(from) => read(from).map_err(Failure::new)?,
        None => {
            let mut results = Results::begin(env!("CARGO_PKG_VERSION"), std::collections::BTreeMap::new());
            results.measurements = calibration(ROUNDS, SECONDS, what.base_port, output)?;
            results
        }
    };
    let times = ServiceTimes::from_results(&results).map_err(Failure::new)?;
    let mut compared = Vec::new();
    for (shape, rates) in loads() {
        let mut cluster = LoadedCluster::start(shape, what.base_port)?;
        for rate in rates {
            let told = told(&shape, rate, &times)?;
            let found = cluster.measure(Pace::Rate(rate), what.windows, Duration::from_secs(what.seconds.into()))?;
            let title = format!(
                "{} members, {} sessions, {} pairs, {}, {rate} a second",
                shape.members,
                shape.sessions,
                shape.instruments,
                shape.mix()
            );
            output.say(format!(
                "{title}: p50 {:.0} us (told {:.0}), p99 {:.0} us (told {:.0})",
                found.median("p50_us"),
                told[0],
                found.median("p99_us"),
                told[1]
            ));
            for (figure, name, told) in [("p50, us", "p50_us", told[0]), ("p99, us", "p99_us", told[1])] {
                let found = Spread::of(found.figures.get(name).cloned().unwrap_or_default());
                compared.push(Compared { load: title.clone(), figure, told, found });
            }
        }
    }
    Ok((std::mem::take(&mut results.measurements), compared))
}

/// p50 and p99 of a load, as a plan tells them; infinite where it can't be carried.
fn told(shape: &Shape, rate: u32, times: &ServiceTimes) -> Result<[f64; 2], Failure> {
    let rate = f64::from(rate);
    let load = Load {
        traffic: Traffic::named(&shape.mix().to_string()).unwrap_or(Traffic::MARKET),
        participants: shape.sessions,
        sessions: shape.sessions,
        clients: 1,
        pairs: even_pairs(shape.instruments, rate),
        pairs_of_a_participant: f64::from(shape.instruments),
        open_orders: shape.instruments * shape.resting_orders,
        members: shape.members,
        ..Load::of_peak(rate)
    };
    let place =
        Place { cores: times.cores, network_us: 0.0, memory_bytes: None, disk_bytes: None, partitions: Some(1) };
    let plan = plan(&load, &shape.deployment(1), times, &place).map_err(Failure::new)?;
    // JSON has no infinity.
    Ok([plan.p50_us, plan.p99_us].map(|us| us.unwrap_or(1e9)))
}

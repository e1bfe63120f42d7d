//! Made-up results of all benchmarks, with the distributions that they name.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use lugus_results::{Machine, Measurement, Results, SCHEMA, Spread};

pub const SERVICES: [&str; 4] = ["lugus", "Java echo", "Rust echo", "ping-pong"];
pub const MEMBERS: [u16; 2] = [1, 3];
pub const STAGES: [&str; 7] =
    ["to ingress", "into the log", "committed", "polled", "engine", "egress offered", "heard"];
pub const PROCESSES: [&str; 4] = ["client", "media driver", "consensus module", "node"];
pub const PHASES: [&str; 4] = ["leader missed", "new leader elected", "new leader leads", "first answer"];
pub const KILLS: usize = 5;
pub const BOOKS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Paces, and the rate that each reaches.
const PACES: [(&str, f64); 4] =
    [("1 in flight", 2_100.0), ("10,000 a second", 10_000.0), ("50,000 a second", 50_000.0), ("maximum", 152_300.0)];
const ROUNDS: usize = 3;

/// Number of rows below 100 % in each distribution.
pub const ROWS: usize = 41;

/// Results of all benchmarks; the distributions are written into `folder`.
pub fn results(folder: &Path) -> Results {
    let mut measurements = Vec::new();
    for (pace, rate) in PACES {
        for members in MEMBERS {
            for (number, service) in SERVICES.into_iter().enumerate() {
                measurements.push(round_trip(folder, service, members, pace, rate, number));
            }
        }
    }
    for pace in ["10,000 a second", "50,000 a second"] {
        for (number, stage) in STAGES.into_iter().enumerate() {
            let median = [40.0, 110.0, 95.0, 12.0, 1.4, 2.0, 88.0][number];
            measurements.push(
                labelled("lugus", 3, pace)
                    .label("stage", stage)
                    .figure("p50_us", rounds(median))
                    .figure("p99_us", rounds(median * 5.0)),
            );
        }
        for (number, process) in PROCESSES.into_iter().enumerate() {
            let cpu = [8.0, 41.0, 22.0, 5.5][number];
            measurements
                .push(labelled("lugus", 3, pace).label("process", process).figure("cpu_us_per_command", rounds(cpu)));
        }
    }
    let fail_over = || Measurement::new("fail-over").label("members", 3).label("rate", 1_000);
    let kills = |median: f64| Spread::of((0..KILLS).map(|kill| median * (0.8 + 0.1 * kill as f64)).collect());
    measurements.push(fail_over().figure("first_answer_ms", kills(305.0)));
    for (number, phase) in PHASES.into_iter().enumerate() {
        let duration = kills([157.0, 50.0, 78.0, 24.0][number]);
        measurements.push(fail_over().label("phase", phase).figure("duration_ms", duration));
    }
    for (number, orders) in BOOKS.into_iter().enumerate() {
        let anywhere = rounds([11.7, 11.6, 24.4, 105.7][number]);
        let book = Measurement::new("large-book").label("orders", orders);
        measurements.push(book.figure("near_touch_ns", rounds(15.5)).figure("anywhere_ns", anywhere));
    }
    for flow in ["static", "normal", "flash-crash"] {
        let measurement = Measurement::new("engine").label("flow", flow);
        measurements.push(measurement.figure("book_ns", rounds(13.0)).figure("apply_ns", rounds(46.0)));
    }
    let settings = BTreeMap::from([("round-trip rounds".to_owned(), ROUNDS.to_string())]);
    Results {
        schema: SCHEMA,
        machine: Machine::here(),
        commit: Some("0123456789abcdef".to_owned()),
        version: "0.1.0".to_owned(),
        begun: "2026-11-29T20:00:00Z".to_owned(),
        settings,
        measurements,
        parts: Vec::new(),
    }
}

fn labelled(service: &str, members: u16, pace: &str) -> Measurement {
    Measurement::new("round-trip").label("service", service).label("members", members).label("pace", pace)
}

fn round_trip(folder: &Path, service: &str, members: u16, pace: &str, rate: f64, number: usize) -> Measurement {
    let base = [350.0, 330.0, 300.0, 60.0][number]
        * f64::from(members).sqrt()
        * (1.0 + (rate / 90_000.0).powi(2))
        * if pace == "1 in flight" { 0.8 } else { 1.0 };
    let mut measurement = labelled(service, members, pace)
        .figure("p50_us", rounds(base))
        .figure("p99_us", rounds(base * 3.0))
        .figure("p999_us", rounds(base * 8.0))
        .figure("rate_per_second", rounds(rate));
    for round in 0..ROUNDS {
        let name = format!("{service}-{members}-{pace}-{round}.hgrm").replace([' ', ','], "-");
        fs::write(folder.join(&name), distribution(base * (0.95 + 0.05 * round as f64))).expect("written");
        measurement = measurement.histogram(name);
    }
    measurement
}

fn rounds(median: f64) -> Spread {
    Spread::of((0..ROUNDS).map(|round| median * (0.95 + 0.05 * round as f64)).collect())
}

/// A distribution whose values grow with each half of what is left.
fn distribution(median: f64) -> String {
    let mut text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n".to_owned();
    for row in 0..ROWS {
        let halves = row as f64 / 3.0;
        let share = 1.0 - 0.5_f64.powf(halves);
        let value = median * (0.6 + 0.4 * halves).powf(1.3);
        let _ = writeln!(text, "{value:12.3} {share:2.12} {:10} {:14.2}", row * 100, 1.0 / (1.0 - share));
    }
    text.push_str(
        "    99999.999 1.000000000000      10000\n#[Mean    =      123.000, StdDeviation   =        1.000]\n",
    );
    text
}

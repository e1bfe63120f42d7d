//! Replays a recorded session of the CME on the engine, and counts the exchange's trades that the engine reproduces.
//!
//! The recording (Databento, market by order, ESH4, 25 December 2023) is not part of the repository. The variable
//! `LUGUS_RECORDING` names the file; without it there is nothing to test, and the test says so.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use lugus_engine::EngineLimits;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::mbo;
use lugus_replay::recording::RecordingOptions;
use lugus_replay::replay::{ReplayOptions, replay};
use lugus_replay::report::ReplayReport;

fn recording() -> Option<PathBuf> {
    let path = env::var_os("LUGUS_RECORDING").map(PathBuf::from);
    if path.is_none() {
        // `eprintln!` would not do: the test runner hides its output when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: LUGUS_RECORDING names no recording");
    }
    path
}

fn replayed(path: &Path, participants: u32, window: u32) -> (ReplayReport, u64) {
    let mut flow = mbo::open(path, RecordingOptions { participants, ..Default::default() }).unwrap();
    let mut venue = EngineVenue::new(EngineLimits::default());
    let options = ReplayOptions { window, ..Default::default() };
    let report = replay(&mut flow, &mut venue, options, &mut ()).unwrap().report;
    (report, venue.state_hash().0)
}

#[test]
fn our_trades_are_those_of_the_exchange() {
    let Some(path) = recording() else { return };
    let (report, hash) = replayed(&path, 1, 1);
    assert!(report.is_exactly_once(), "{report}");
    assert_eq!(report.rejected, 0, "{report}");
    assert_eq!(report.exchange_trades, 2_972, "{report}");
    assert_eq!(report.at_best_price, 2_972, "{report}");
    // The other 27 trades take more from an iceberg order than it displays: see the documentation of
    // `lugus_replay::mbo`.
    assert_eq!(report.reproduced, 2_945, "{report}");
    assert_eq!(report.in_same_order, 2_914, "{report}");
    let (again, hash_again) = replayed(&path, 1, 1_024);
    assert_eq!((again.reproduced, hash_again), (report.reproduced, hash), "{again}");
    let (spread, _) = replayed(&path, 5, 64);
    assert!(spread.is_exactly_once(), "{spread}");
    let figures = |of: &ReplayReport| (of.reproduced, of.in_same_order, of.fills);
    assert_eq!(figures(&spread), figures(&report), "{spread}");
}

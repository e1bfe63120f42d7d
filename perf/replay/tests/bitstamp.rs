//! Bitstamp's order events: handmade ones, and a sample of half an hour if it is there.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use lugus_engine::EngineLimits;
use lugus_replay::bitstamp;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::FlowError;
use lugus_replay::recording::RecordingOptions;
use lugus_replay::replay::{ReplayOptions, replay};
use lugus_replay::report::ReplayReport;
use tempfile::TempDir;

const ORDERS: &str = "id,timestamp,exchange.timestamp,price,volume,action,direction\n\
    1,5,1,100.0,0.5,created,ask\n\
    2,5,1,100.0,0.25,created,ask\n\
    3,5,2,101.0,7.5e-01,created,ask\n\
    4,5,3,102.0,1.0,created,bid\n\
    4,5,3,100.0,0.5,changed,bid\n\
    1,5,3,100.0,0.0,deleted,ask\n\
    4,5,3,100.0,0.25,changed,bid\n\
    2,5,3,100.0,0.0,deleted,ask\n\
    3,5,3,101.0,0.6,changed,ask\n\
    4,5,3,101.0,0.1,changed,bid\n\
    5,5,3,99.0,1.0,created,bid\n\
    4,5,4,102.0,0.1,deleted,bid\n\
    3,5,5,101.0,0.6,deleted,ask\n";
const TRADES: &str = "trade_id,timestamp,exchange_timestamp,price,amount,buy_order_id,sell_order_id,side\n\
    91,5,3,100.0,0.5,4,1,buy\n\
    92,5,3,100.0,0.25,4,2,buy\n\
    93,5,3,101.0,0.15,4,3,buy\n";

fn write(orders: &str, trades: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let paths = (folder.path().join("orders.csv"), folder.path().join("trades.csv"));
    fs::write(&paths.0, orders).unwrap();
    fs::write(&paths.1, trades).unwrap();
    (folder, paths.0, paths.1)
}

fn replayed(orders: &Path, trades: Option<&Path>) -> ReplayReport {
    let mut flow = bitstamp::open(orders, trades, RecordingOptions::default()).unwrap();
    let mut venue = EngineVenue::new(EngineLimits::default());
    let report =
        replay(&mut flow, &mut venue, ReplayOptions { window: 1, ..Default::default() }, &mut ()).unwrap().report;
    assert!(report.is_exactly_once() && report.rejected == 0, "{report}");
    report
}

#[test]
fn an_aggressor_fills_the_orders_that_the_trades_name() {
    let (_folder, orders, trades) = write(ORDERS, TRADES);
    let report = replayed(&orders, Some(&trades));
    assert_eq!(
        (report.exchange_trades, report.reproduced, report.at_best_price, report.fills),
        (3, 3, 3, 3),
        "{report}"
    );
    // Three asks, three aggressors, order 5; what is left of order 4 ends what is left of order 3, which it has not traded with.
    assert_eq!(report.commands, 10, "{report}");
}

#[test]
fn a_trade_of_another_order_than_the_first_is_not_reproduced() {
    let trades = TRADES.replace("91,5,3,100.0,0.5,4,1", "91,5,3,100.0,0.5,4,3");
    let (_folder, orders, trades) = write(ORDERS, &trades);
    let report = replayed(&orders, Some(&trades));
    assert!(report.exchange_trades == 3 && report.reproduced < 3, "{report}");
}

#[test]
fn an_order_that_is_deleted_at_once_ends_no_other() {
    let once = "8,5,2,100.5,1.0,created,bid\n8,5,2,100.5,1.0,deleted,bid\n";
    let orders = ORDERS.replacen("4,5,3,102.0", &format!("{once}4,5,3,102.0"), 1);
    let (_folder, orders, trades) = write(&orders, TRADES);
    let report = replayed(&orders, Some(&trades));
    assert_eq!((report.reproduced, report.commands), (3, 10), "{report}");
}

#[test]
fn without_trades_an_order_ends_those_that_it_would_trade_with() {
    let (_folder, orders, _) = write(ORDERS, TRADES);
    let report = replayed(&orders, None);
    assert_eq!((report.exchange_trades, report.fills), (0, 0), "{report}");
}

#[test]
fn what_is_not_bitstamps_is_refused_by_its_line() {
    for (from, to, line) in [
        ("direction", "way", 1),
        ("2,5,1,100.0", "2,5,1,x", 3),
        ("7.5e-01", "-1", 4),
        ("created,bid", "made,bid", 5),
        ("1,5,3,100.0,0.0,deleted,ask", "1,5,3,100.0,0.0,deleted,none", 7),
        ("0.6,changed,ask\n", "0.6,changed\n", 10),
    ] {
        let (_folder, orders, _) = write(&ORDERS.replacen(from, to, 1), TRADES);
        let error = bitstamp::open(&orders, None, RecordingOptions::default()).err().unwrap();
        let FlowError::Line { line: found, .. } = error else { panic!("{error}") };
        assert_eq!(found, line, "{to}");
    }
    let error = bitstamp::open(Path::new("missing"), None, RecordingOptions::default()).err().unwrap();
    assert!(error.to_string().contains("missing"), "{error}");
}

/// `LUGUS_BITSTAMP` names a folder with `orders.csv.gz` and `trades.csv`, such as the sample of the package `ob-analytics`.
#[test]
fn the_trades_of_a_real_half_hour_are_the_engines() {
    let Some(folder) = env::var_os("LUGUS_BITSTAMP").map(PathBuf::from) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: LUGUS_BITSTAMP names no folder");
        return;
    };
    let report = replayed(&folder.join("orders.csv.gz"), Some(&folder.join("trades.csv")));
    println!("{report}");
    // In the others the exchange fills another order first, or one whose end or beginning the stream has lost.
    assert_eq!((report.exchange_trades, report.reproduced, report.at_best_price), (284, 278, 280), "{report}");
}

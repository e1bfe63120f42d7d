//! LOBSTER's messages and book rows: handmade ones, and a sample of a real day if it is there.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use lugus_engine::EngineLimits;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::{Flow, FlowError, Step};
use lugus_replay::lobster::{self, BookComparison, ComparisonError, Level};
use lugus_replay::recording::RecordingOptions;
use lugus_replay::replay::{ReplayOptions, replay};
use lugus_vocabulary::Side;
use tempfile::TempDir;

/// Two levels a side. The first message adds to a bid that is there; then an unknown order is filled in part.
const MESSAGES: &str = "34200.1,1,11,18,1000,1\n\
                        34200.2,4,7,50,1010,-1\n\
                        34200.3,2,11,8,1000,1\n\
                        34200.4,1,12,5,1010,-1\n\
                        34200.5,4,7,50,1010,-1\n\
                        34200.6,5,0,99,1005,1\n\
                        34200.7,3,11,10,1000,1\n";
const BOOKS: &str = "1010,100,1000,20,1020,7,990,3\n\
                     1010,50,1000,20,1020,7,990,3\n\
                     1010,50,1000,12,1020,7,990,3\n\
                     1010,55,1000,12,1020,7,990,3\n\
                     1010,5,1000,12,1020,7,990,3\n\
                     1010,5,1000,12,1020,7,990,3\n\
                     1010,5,1000,2,1020,7,990,3\n";

fn write(messages: &str, books: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (of_messages, of_books) = (folder.path().join("XYZ_message_2.csv"), folder.path().join("XYZ_orderbook_2.csv"));
    fs::write(&of_messages, messages).unwrap();
    fs::write(&of_books, books).unwrap();
    (folder, of_messages, of_books)
}

fn compared(messages: &str, books: &str) -> BookComparison {
    let (_folder, messages, books) = write(messages, books);
    lobster::compare(&messages, &books).unwrap()
}

#[test]
fn every_row_is_the_engines_book() {
    let comparison = compared(MESSAGES, BOOKS);
    // What rested before the first message came into sight with it.
    assert_eq!(
        (comparison.rows, comparison.equal_rows, comparison.levels_came_into_sight),
        (7, 7, 4),
        "{comparison:?}"
    );
    assert_eq!((comparison.levels_unexplained, comparison.first_difference), (0, None));
}

#[test]
fn a_quantity_that_no_message_explains_is_told_and_taken() {
    let books = BOOKS.replace("1010,55,1000,12", "1010,65,1000,12");
    let comparison = compared(MESSAGES, &books);
    // It is taken from the row, and the next row takes it back.
    assert_eq!((comparison.equal_rows, comparison.levels_unexplained), (7, 2), "{comparison:?}");
}

#[test]
fn a_level_that_comes_into_sight_is_taken_from_its_row() {
    let messages = "1,1,1,5,1000,1\n2,3,1,5,1000,1\n3,1,2,4,1000,1\n4,3,2,4,1000,1\n";
    let books = "1010,1,1000,5,1020,2,990,3\n\
                 1010,1,990,3,1020,2,980,9\n\
                 1010,1,1000,4,1020,2,990,3\n\
                 1010,1,990,3,1020,2,980,6\n";
    let comparison = compared(messages, books);
    // The level 980 comes into sight twice; while it was out of sight, 3 lots left it.
    assert_eq!((comparison.equal_rows, comparison.levels_unexplained), (4, 0), "{comparison:?}");
    assert_eq!(comparison.levels_came_into_sight, 3 + 1 + 1, "{comparison:?}");
}

#[test]
fn an_empty_side_has_no_levels() {
    let books =
        "9999999999,0,1000,5,9999999999,0,-9999999999,0\n9999999999,0,-9999999999,0,9999999999,0,-9999999999,0\n";
    let comparison = compared("1,1,1,5,1000,1\n2,3,1,5,1000,1\n", books);
    assert_eq!(
        (comparison.rows, comparison.equal_rows, comparison.levels_came_into_sight),
        (2, 2, 0),
        "{comparison:?}"
    );
}

#[test]
fn executions_are_trades_of_the_resting_orders_that_the_recording_names() {
    let messages = "1,1,1,5,1000,1\n2,1,2,7,1000,1\n3,4,1,5,1000,1\n4,4,2,3,1000,1\n";
    let books = "1010,1,1000,5\n1010,1,1000,12\n1010,1,1000,7\n1010,1,1000,4\n";
    let (_folder, messages, books) = write(messages, books);
    let mut flow = lobster::open(&messages, &books, RecordingOptions::default()).unwrap();
    assert_eq!(&flow.instruments()[0].base.0, b"XYZ\0\0\0\0\0");
    let trades: Vec<_> = flow.by_ref().filter_map(|step: Result<Step, FlowError>| step.unwrap().trade).collect();
    let fills: Vec<_> =
        trades.iter().flat_map(|trade| trade.fills.as_slice()).map(|fill| (fill.0.0, fill.1.0)).collect();
    assert_eq!(fills, [(1, 5), (2, 3)]);
    let mut flow = lobster::open(&messages, &books, RecordingOptions::default()).unwrap();
    let mut venue = EngineVenue::new(EngineLimits::default());
    let report =
        replay(&mut flow, &mut venue, ReplayOptions { window: 1, ..Default::default() }, &mut ()).unwrap().report;
    assert_eq!((report.exchange_trades, report.reproduced, report.rejected), (2, 2, 0), "{report}");
}

#[test]
fn what_is_not_lobsters_is_refused_by_its_line() {
    let error = |messages: &str, books: &str| {
        let (_folder, messages, books) = write(messages, books);
        lobster::compare(&messages, &books).unwrap_err()
    };
    for (messages, books, line) in [
        ("1,1,1,5,1000,0\n", "1010,1,1000,5\n", 1),
        ("1,1,1,5,1000,1\n1,1\n", "1010,1,1000,5\n1010,1,1000,5\n", 2),
        ("1,1,1,5,1000,1\n", "1010,1,1000\n", 1),
        ("1,1,1,5,1000,1\n", "1010,1,1000,x\n", 1),
        ("1,1,1,5,99999999999999,1\n", "1010,1,1000,5\n", 1),
        ("1,1,1,5,1000,1\n2,1,2,5,1000,1\n", "1010,1,1000,5\n", 2),
        ("1,1,1,5,1000,1\n", "1010,1,1000,5\n1010,1,1000,5\n", 2),
    ] {
        let error = error(messages, books);
        let ComparisonError::Flow(FlowError::Line { line: found, .. }) = error else { panic!("{error}") };
        assert_eq!(found, line, "{messages} {books}");
    }
    assert!(lobster::compare(Path::new("missing"), Path::new("missing")).unwrap_err().to_string().contains("missing"));
}

/// A level as the rows have it.
#[test]
fn a_difference_names_row_side_and_level() {
    // The engine can't have a bid above an offer, as a damaged row says.
    let comparison = compared("1,1,1,5,1000,1\n2,1,2,5,1011,1\n", "1010,1,1000,5\n1010,1,1011,5\n");
    let difference = comparison.first_difference.unwrap();
    assert_eq!((difference.row, difference.side, difference.level), (2, Side::Buy, 1));
    assert_eq!(difference.recorded, Some(Level { price: 1_011, quantity: 5 }));
    assert_eq!(comparison.equal_rows, 1);
}

/// `LUGUS_LOBSTER` names the file of messages of a sample; that of the book is beside it.
#[test]
fn the_rows_of_a_real_day_are_the_engines_books() {
    let Some(messages) = env::var_os("LUGUS_LOBSTER").map(PathBuf::from) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: LUGUS_LOBSTER names no file of messages");
        return;
    };
    let name = messages.file_name().unwrap().to_string_lossy().replace("_message_", "_orderbook_");
    let comparison = lobster::compare(&messages, &messages.with_file_name(name)).unwrap();
    println!("{comparison:?}");
    assert_eq!(
        (comparison.rows, comparison.equal_rows, comparison.levels_unexplained),
        (998, 998, 0),
        "{comparison:?}"
    );
}

//! Handmade recordings, and the commands that their records become.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::path::{Path, PathBuf};

use dbn::encode::EncodeRecord;
use dbn::encode::dbn::Encoder;
use dbn::{MboMsg, Metadata, RecordHeader, SType, Schema, rtype};
use lugus_replay::flow::{Flow, FlowError, Step};
use lugus_replay::mbo;
use lugus_replay::recording::RecordingOptions;
use lugus_vocabulary::{Action, InstrumentId, Side, TimeInForce};
use tempfile::TempDir;

const LAST: u8 = dbn::flags::LAST;
const SNAPSHOT: u8 = dbn::flags::SNAPSHOT;
const INSTRUMENT: u32 = 7;

/// A tick of 0.25, in units of 1e-9.
const TICK: i64 = 250_000_000;

/// A record. Action and side are letters as in DBN (`A`, `B`, `N` and so on); the price is in ticks.
fn record(action: char, side: char, price: i64, size: u32, order_id: u64, flags: u8) -> MboMsg {
    MboMsg {
        hd: RecordHeader::new::<MboMsg>(rtype::MBO, 1, INSTRUMENT, 0),
        order_id,
        price: price * TICK,
        size,
        flags: flags.into(),
        channel_id: 0,
        action: action as i8 as _,
        side: side as i8 as _,
        ts_recv: 0,
        ts_in_delta: 0,
        sequence: 0,
    }
}

/// A record that is an event by itself.
fn event(action: char, side: char, price: i64, size: u32, order_id: u64) -> MboMsg {
    record(action, side, price, size, order_id, LAST)
}

/// A record of an event that has more records.
fn part(action: char, side: char, price: i64, size: u32, order_id: u64) -> MboMsg {
    record(action, side, price, size, order_id, 0)
}

fn write(records: &[MboMsg]) -> (TempDir, PathBuf) {
    write_version(records, dbn::DBN_VERSION)
}

fn write_version(records: &[MboMsg], version: u8) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.mbo.dbn");
    let metadata = Metadata::builder()
        .version(version)
        .dataset("TEST")
        .schema(Some(Schema::Mbo))
        .start(0)
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .build();
    let mut encoder = Encoder::new(File::create(&path).unwrap(), &metadata).unwrap();
    for record in records {
        encoder.encode_record(record).unwrap();
    }
    (folder, path)
}

/// The commands of a recording, one line for each.
fn lines(records: &[MboMsg]) -> Vec<String> {
    // An extra order at a price of one tick makes the tick size detectable in every recording.
    let ends = [event('A', 'B', 1, 1, 998), event('C', 'B', 1, 1, 998)];
    let (_folder, path) = write(&[&ends, records].concat());
    let flow = mbo::open(&path, RecordingOptions::default()).unwrap();
    flow.skip(2).map(|step| line(&step.unwrap())).collect()
}

fn line(step: &Step) -> String {
    let text = match step.action {
        Action::New(order) => {
            let side = if order.side == Side::Buy { "buy" } else { "sell" };
            let immediate = if order.time_in_force == TimeInForce::Ioc { " ioc" } else { "" };
            let price = order.price.unwrap().0;
            format!("{} {side} {} @ {price}{immediate}", order.client_order_id.0, order.quantity.0)
        }
        Action::Cancel { orig_client_order_id } => format!("{} cancel", orig_client_order_id.0),
        Action::Replace(replace) => {
            assert_eq!(replace.client_order_id, replace.orig_client_order_id);
            format!("{} replace {} @ {}", replace.client_order_id.0, replace.quantity.0, replace.price.unwrap().0)
        }
        Action::MassCancel { target, side: None } => format!("mass cancel of {}", target.0),
        other => panic!("{other:?}"),
    };
    match &step.trade {
        Some(trade) => {
            let fills: Vec<_> =
                trade.fills.as_slice().iter().map(|(id, size)| format!("{}x{}", size.0, id.0)).collect();
            format!("{text} -> {} @ {}", fills.join(" "), trade.price.0)
        }
        None => text,
    }
}

/// Three sell orders, 1 to 3, of 5 lots each, rest at 100.
fn three_sells() -> Vec<MboMsg> {
    (1..=3).map(|id| record('A', 'A', 100, 5, id, SNAPSHOT)).collect()
}

fn after_three_sells(records: &[MboMsg]) -> Vec<String> {
    let all = lines(&[&three_sells(), records].concat());
    assert_eq!(all[..3], ["1 sell 5 @ 100", "2 sell 5 @ 100", "3 sell 5 @ 100"]);
    all[3..].to_vec()
}

#[test]
fn adds_cancels_and_modifies_are_orders_cancels_and_replacements() {
    let records = [
        event('A', 'B', 99, 4, 11),
        event('M', 'B', 99, 3, 11),
        event('M', 'B', 98, 3, 11),
        event('M', 'B', 98, 3, 11), // changes nothing
        event('N', 'N', 0, 0, 0),
        event('C', 'B', 98, 3, 11),
        event('M', 'A', 101, 5, 3),
    ];
    let expected = ["11 buy 4 @ 99", "11 replace 3 @ 99", "11 replace 3 @ 98", "11 cancel", "3 replace 5 @ 101"];
    assert_eq!(after_three_sells(&records), expected);
}

#[test]
fn a_record_that_is_shorter_than_its_kind_is_refused() {
    let (_folder, path) = write(&[event('A', 'B', 1, 1, 998), event('C', 'B', 1, 1, 998)]);
    let mut bytes = std::fs::read(&path).unwrap();
    // Its length, in words of four bytes, is its first byte.
    let last = bytes.len() - size_of::<MboMsg>();
    bytes[last] -= 2;
    bytes.truncate(bytes.len() - 8);
    std::fs::write(&path, bytes).unwrap();
    let error = mbo::open(&path, RecordingOptions::default()).err().unwrap();
    assert!(matches!(error, FlowError::Read { record: 1, .. }), "{error}");
}

#[test]
fn an_aggressor_is_immediate_and_the_reports_of_its_fills_are_no_commands() {
    let records = [
        part('T', 'B', 100, 7, 50),
        part('F', 'A', 100, 5, 1),
        part('F', 'A', 100, 2, 2),
        part('C', 'A', 100, 5, 1),
        event('M', 'A', 100, 3, 2),
    ];
    assert_eq!(after_three_sells(&records), ["50 buy 7 @ 100 ioc -> 5x1 2x2 @ 100"]);
}

#[test]
fn an_event_may_hold_several_trades_and_what_is_left_of_the_aggressor_rests() {
    let records = [
        event('A', 'A', 101, 1, 4),
        part('T', 'B', 100, 15, 50),
        part('F', 'A', 100, 5, 1),
        part('F', 'A', 100, 5, 2),
        part('F', 'A', 100, 5, 3),
        part('T', 'B', 101, 1, 50),
        part('F', 'A', 101, 1, 4),
        part('A', 'B', 101, 9, 50), // before the reports, as it happens
        part('C', 'A', 100, 5, 1),
        part('C', 'A', 100, 5, 2),
        part('C', 'A', 100, 5, 3),
        event('C', 'A', 101, 1, 4),
    ];
    let expected = [
        "4 sell 1 @ 101",
        "50 buy 15 @ 100 ioc -> 5x1 5x2 5x3 @ 100",
        "50 buy 1 @ 101 ioc -> 1x4 @ 101",
        "50 buy 9 @ 101",
    ];
    assert_eq!(after_three_sells(&records), expected);
}

#[test]
fn what_is_filled_counts_in_a_later_replacement() {
    let records = [
        part('T', 'B', 100, 2, 50),
        part('F', 'A', 100, 2, 1),
        event('M', 'A', 100, 3, 1),
        event('M', 'A', 100, 2, 1),
        event('M', 'A', 100, 9, 1),
    ];
    let expected = ["50 buy 2 @ 100 ioc -> 2x1 @ 100", "1 replace 4 @ 100", "1 replace 11 @ 100"];
    assert_eq!(after_three_sells(&records), expected);
}

#[test]
fn a_cancel_without_a_fill_in_a_trade_comes_before_it() {
    let records = [
        part('T', 'B', 100, 5, 50),
        part('F', 'A', 100, 5, 2),
        part('C', 'A', 100, 5, 2),
        event('C', 'A', 100, 5, 1), // self-match prevention: it stood in the way
    ];
    assert_eq!(after_three_sells(&records), ["1 cancel", "50 buy 5 @ 100 ioc -> 5x2 @ 100"]);
    let without_trade =
        [part('A', 'B', 100, 1, 60), part('C', 'A', 100, 5, 1), part('C', 'A', 100, 5, 2), event('C', 'A', 100, 5, 3)];
    assert_eq!(after_three_sells(&without_trade), ["1 cancel", "2 cancel", "3 cancel", "60 buy 1 @ 100"]);
}

#[test]
fn an_aggressor_that_rests_already_is_canceled_first() {
    let records = [
        event('A', 'B', 99, 8, 20),
        part('T', 'B', 100, 5, 20),
        part('F', 'B', 100, 5, 20),
        part('F', 'A', 100, 5, 1),
        part('M', 'B', 100, 3, 20), // what is left of it rests; reported first
        part('C', 'A', 100, 5, 1),
        part('C', 'A', 100, 5, 2),
        event('C', 'A', 100, 5, 3),
    ];
    let expected =
        ["20 buy 8 @ 99", "2 cancel", "3 cancel", "20 cancel", "20 buy 5 @ 100 ioc -> 5x1 @ 100", "20 buy 3 @ 100"];
    assert_eq!(after_three_sells(&records), expected);
}

#[test]
fn an_iceberg_that_shows_itself_again_is_a_new_order_behind_the_others() {
    let records = [
        part('T', 'B', 100, 5, 50),
        part('F', 'A', 100, 5, 1),
        event('M', 'A', 100, 5, 1),
        part('T', 'B', 100, 6, 51),
        part('F', 'A', 100, 5, 2),
        part('F', 'A', 100, 1, 3),
        part('C', 'A', 100, 5, 2),
        event('M', 'A', 100, 4, 3),
    ];
    let expected = ["50 buy 5 @ 100 ioc -> 5x1 @ 100", "1 sell 5 @ 100", "51 buy 6 @ 100 ioc -> 5x2 1x3 @ 100"];
    assert_eq!(after_three_sells(&records), expected);
}

/// If the exchange filled another order than price-time priority would, the book is corrected at once.
#[test]
fn after_a_trade_that_differs_the_book_equals_the_exchanges_again() {
    let whole = [part('T', 'B', 100, 5, 50), part('F', 'A', 100, 5, 3), event('C', 'A', 100, 5, 3)];
    let expected = ["50 buy 5 @ 100 ioc -> 5x3 @ 100", "3 cancel", "1 sell 5 @ 100"];
    assert_eq!(after_three_sells(&whole), expected);
    let partly = [part('T', 'B', 100, 3, 50), part('F', 'A', 100, 3, 2), event('M', 'A', 100, 2, 2)];
    let expected = ["50 buy 3 @ 100 ioc -> 3x2 @ 100", "2 replace 2 @ 100", "1 replace 8 @ 100"];
    assert_eq!(after_three_sells(&partly), expected);
}

#[test]
fn orders_that_would_trade_before_the_opening_are_held_until_the_auction_is_over() {
    let records = [
        event('A', 'B', 105, 4, 11), // would trade with the sells at 100
        event('A', 'B', 101, 2, 12),
        event('M', 'B', 102, 2, 12),
        event('A', 'B', 103, 9, 13),
        event('C', 'B', 103, 9, 13),
        part('T', 'N', 100, 4, 0),
        part('F', 'N', 100, 4, 11),
        part('F', 'N', 100, 4, 1),
        part('C', 'B', 105, 4, 11),
        part('M', 'A', 100, 1, 1),
        part('C', 'A', 100, 5, 2),
        event('C', 'A', 100, 5, 3),
        event('M', 'A', 104, 1, 1), // now 12 is free to go
    ];
    assert_eq!(
        after_three_sells(&records),
        ["2 cancel", "3 cancel", "1 replace 1 @ 100", "1 replace 1 @ 104", "12 buy 2 @ 102"]
    );
}

#[test]
fn a_clear_ends_all_orders() {
    let records = [event('R', 'N', 0, 0, 0), event('A', 'A', 100, 1, 1), event('C', 'A', 100, 5, 2)];
    assert_eq!(after_three_sells(&records), ["mass cancel of 1", "1 sell 1 @ 100"]);
}

#[test]
fn what_cannot_rest_is_not_sent_as_an_order() {
    let mut market_order = event('A', 'B', 0, 1, 30);
    market_order.price = dbn::UNDEF_PRICE;
    let top_of_book = record('A', 'B', 99, 4, 0, LAST | dbn::flags::TOB);
    let without_size = event('A', 'B', 99, 0, 31);
    let implied = [part('T', 'B', 100, 3, 70), event('N', 'N', 0, 0, 0)];
    let records = [[market_order, top_of_book, without_size].as_slice(), &implied].concat();
    assert_eq!(after_three_sells(&records), Vec::<String>::new());
}

#[test]
fn an_aggressor_without_a_number_gets_one_of_ours() {
    let trade = [part('T', 'B', 100, 5, 0), part('F', 'A', 100, 5, 1), event('C', 'A', 100, 5, 1)];
    assert_eq!(after_three_sells(&trade), [format!("{} buy 5 @ 100 ioc -> 5x1 @ 100", 1_u64 << 63)]);
}

#[test]
fn an_event_left_open_at_the_end_is_ended() {
    let trade = [part('T', 'B', 100, 5, 50), part('F', 'A', 100, 5, 2), part('C', 'A', 100, 5, 2)];
    assert_eq!(after_three_sells(&trade).len(), 3);
}

#[test]
fn instruments_are_told_apart_and_orders_spread_over_participants() {
    let of = |instrument, mut record: MboMsg| {
        record.hd.instrument_id = instrument;
        record
    };
    let records = [
        of(30, event('A', 'B', 100, 1, 1)),
        of(20, event('A', 'B', 40, 1, 1)),
        of(20, event('A', 'B', 44, 1, 2)),
        of(30, event('C', 'B', 100, 1, 1)),
        of(30, event('R', 'N', 0, 0, 0)),
    ];
    let (_folder, path) = write(&records);
    let mut flow = mbo::open(&path, RecordingOptions { participants: 3, first_instrument: InstrumentId(1) }).unwrap();
    let [first, second] = flow.instruments() else { panic!("{:?}", flow.instruments()) };
    assert_eq!((first.instrument.0, &first.base.0), (1, b"20\0\0\0\0\0\0"));
    // The step between 40 and 44 quarters is 4 quarters, that is 1.0.
    assert_eq!((first.tick_size.mantissa, first.reference_price.0), (1_000_000_000, 11));
    assert_eq!((second.instrument.0, &second.base.0), (2, b"30\0\0\0\0\0\0"));
    assert_eq!(flow.participants().len(), 3);
    let steps: Vec<_> = flow.by_ref().map(|step| step.unwrap()).collect();
    let scopes: Vec<_> = steps.iter().map(|step| (step.instrument.0, step.participant.0)).collect();
    assert_eq!(scopes, [(2, 2), (1, 2), (1, 3), (2, 2), (2, 1), (2, 2), (2, 3)]);
}

#[test]
fn a_file_that_is_not_a_recording_is_refused_by_name() {
    let error = |path: &Path| mbo::open(path, RecordingOptions::default()).err().unwrap();
    let (folder, path) = write(&[]);
    assert!(matches!(error(&path), FlowError::NoOrders { .. }), "{}", error(&path));
    let (_full, full) = write(&three_sells());
    let bytes = std::fs::read(&full).unwrap();
    for (name, content) in [("garbage", b"not a recording".as_slice()), ("empty", b""), ("header", &bytes[..40])] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = error(&path);
        assert!(matches!(error, FlowError::Open { .. }) && error.to_string().contains(name), "{error}");
    }
    let missing = error(&folder.path().join("missing")).to_string();
    assert!(missing.contains("missing") && missing.contains("No such file"), "{missing}");
}

#[test]
fn an_event_without_an_end_is_refused_before_memory_is_full() {
    let endless: Vec<_> = (1..=70_000).map(|id| part('A', 'B', 99, 1, id)).collect();
    let (_folder, path) = write(&endless);
    let mut flow = mbo::open(&path, RecordingOptions::default()).unwrap();
    assert!(matches!(flow.next(), Some(Err(FlowError::EventTooLong { .. }))));
    assert!(flow.next().is_none());
}

#[test]
fn files_of_all_released_versions_are_read() {
    let records = [three_sells(), vec![event('A', 'B', 99, 4, 11), event('C', 'A', 100, 5, 2)]].concat();
    for version in 1..=dbn::DBN_VERSION {
        let (_folder, path) = write_version(&records, version);
        assert_eq!(std::fs::read(&path).unwrap()[3], version, "the version that the file tells");
        let flow = mbo::open(&path, RecordingOptions::default()).unwrap();
        let read: Vec<_> = flow.map(|step| line(&step.unwrap())).collect();
        // The tick is the greatest of which all prices are multiples.
        assert_eq!(read.len(), 5, "{version}: {read:?}");
        assert!(read[3].starts_with("11 buy 4 @ ") && read[4] == "2 cancel", "{version}: {read:?}");
    }
}

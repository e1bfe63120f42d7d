//! Files of exchanges, which are replayed: each is read to its end, or refused.

use std::fs;

use lugus_replay::flow::FlowError;
use lugus_replay::recording::{RecordingFlow, RecordingOptions};
use lugus_replay::{bitstamp, itch, lobster, mbo};

use crate::scratch;
use crate::steps::{Steps, input};

fn read(flow: Result<RecordingFlow, FlowError>) {
    if let Ok(flow) = flow {
        for step in flow {
            let Ok(step) = step else { break };
            let _ = format!("{step:?}");
        }
    }
}

pub(crate) fn read_itch(bytes: &[u8]) {
    read(itch::open(&scratch::write("day.itch", bytes), &[], RecordingOptions::default()));
}

/// All kinds of messages, with their lengths and without.
pub(crate) fn itch_seeds() -> Vec<Vec<u8>> {
    let message = |kind: u8, rest: &[&[u8]]| [&[kind, 0, 13][..], &[0; 8], &rest.concat()].concat();
    let number = |number: u64| number.to_be_bytes();
    let short = |number: u32| number.to_be_bytes();
    let add = |order, side: &[u8]| message(b'A', &[&number(order), side, &short(100), b"AAPL    ", &short(1_500_000)]);
    let messages = [
        add(1, b"S"),
        add(2, b"B"),
        message(b'E', &[&number(1), &short(30), &number(9)]),
        message(b'C', &[&number(1), &short(20), &number(10), b"Y", &short(1_500_000)]),
        message(b'X', &[&number(1), &short(20)]),
        message(b'U', &[&number(2), &number(5), &short(40), &short(1_500_100)]),
        message(b'D', &[&number(5)]),
    ];
    let with_lengths = messages.iter().map(|message| [&(message.len() as u16).to_be_bytes()[..], message].concat());
    vec![with_lengths.collect::<Vec<_>>().concat(), messages.concat()]
}

pub(crate) fn read_dbn(bytes: &[u8]) {
    read(mbo::open(&scratch::write("day.dbn", bytes), RecordingOptions::default()));
}

/// A file of version 1 without records, and records of market by order after it, written by hand.
pub(crate) fn dbn_seeds() -> Vec<Vec<u8>> {
    let mut metadata = Vec::new();
    // Dataset, schema (mbo), start, end, limit, record count, symbology in and out, ts_out; then reserved bytes, the length of a schema
    // definition, and the numbers of symbols, partial ones, those not found, and mappings: all of them 0.
    metadata.extend(b"GLBX.MDP3\0\0\0\0\0\0\0");
    metadata.extend(0_u16.to_le_bytes());
    metadata.extend([0; 32]);
    metadata.extend([0, 0, 0]);
    metadata.resize(100, 0);
    metadata.extend([0; 20]);
    let mut file = b"DBN\x01".to_vec();
    file.extend((metadata.len() as u32).to_le_bytes());
    file.extend(metadata);
    let record = |action: u8, side: u8, order: u64| {
        let mut record = vec![14, 160, 1, 0];
        record.extend(7_u32.to_le_bytes());
        record.extend(1_000_u64.to_le_bytes());
        record.extend(order.to_le_bytes());
        record.extend(250_000_000_i64.to_le_bytes());
        record.extend(5_u32.to_le_bytes());
        record.extend([128, 0, action, side]);
        record.extend([0; 16]);
        record
    };
    let records =
        [(b'A', b'B', 1), (b'A', b'A', 2), (b'M', b'B', 1), (b'T', b'A', 0), (b'F', b'B', 1), (b'C', b'B', 1)];
    let all = records.map(|(action, side, order)| record(action, side, order)).concat();
    vec![file.clone(), [file, all].concat()]
}

/// Two files: the first two steps of the input.
fn two(bytes: &[u8], names: [&str; 2]) -> [std::path::PathBuf; 2] {
    let mut files = Steps(bytes).map(|(_, content)| content);
    names.map(|name| scratch::write(name, files.next().unwrap_or_default()))
}

pub(crate) fn read_lobster(bytes: &[u8]) {
    let [messages, books] = two(bytes, ["A_message_2.csv", "A_orderbook_2.csv"]);
    read(lobster::open(&messages, &books, RecordingOptions::default()));
    let _ = lobster::compare(&messages, &books);
}

pub(crate) fn lobster_seeds() -> Vec<Vec<u8>> {
    let messages = "34200.1,1,11,18,1000,1\n34200.2,4,7,50,1010,-1\n34200.3,2,11,8,1000,1\n34200.7,3,11,10,1000,1\n";
    let books = "1010,100,1000,20,1020,7,990,3\n1010,50,1000,20,1020,7,990,3\n1010,50,1000,12,1020,7,990,3\n\
                 1010,5,1000,2,1020,7,990,3\n";
    vec![input([(0, messages.as_bytes()), (0, books.as_bytes())])]
}

pub(crate) fn read_bitstamp(bytes: &[u8]) {
    let [orders, trades] = two(bytes, ["orders.csv", "trades.csv"]);
    let has_trades = fs::metadata(&trades).is_ok_and(|file| file.len() > 0);
    read(bitstamp::open(&orders, has_trades.then_some(trades.as_path()), RecordingOptions::default()));
}

pub(crate) fn bitstamp_seeds() -> Vec<Vec<u8>> {
    let orders = "id,timestamp,exchange.timestamp,price,volume,action,direction\n1,5,1,100.0,0.5,created,ask\n\
                  4,5,3,102.0,1.0,created,bid\n4,5,3,100.0,0.5,changed,bid\n1,5,3,100.0,0.0,deleted,ask\n";
    let trades = "trade_id,timestamp,exchange_timestamp,price,amount,buy_order_id,sell_order_id,side\n\
                  91,5,3,100.0,0.5,4,1,buy\n";
    vec![input([(0, orders.as_bytes()), (0, trades.as_bytes())]), input([(0, orders.as_bytes())])]
}

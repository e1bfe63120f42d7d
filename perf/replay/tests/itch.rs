//! ITCH files that the test writes, read by this crate and by another reader.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use lugus_engine::EngineLimits;
use lugus_replay::engine_venue::EngineVenue;
use lugus_replay::flow::{Flow, FlowError};
use lugus_replay::itch;
use lugus_replay::recording::RecordingOptions;
use lugus_replay::replay::{ReplayOptions, replay};
use lugus_vocabulary::{Action, Side};
use tempfile::TempDir;

/// A message: its type, the stock's number, and what follows the header.
fn message(kind: u8, locate: u16, rest: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(locate.to_be_bytes());
    bytes.extend([0; 8]);
    bytes.extend(rest.concat());
    bytes
}

fn add(locate: u16, reference: u64, side: u8, shares: u32, stock: &[u8; 8], price: u32) -> Vec<u8> {
    let numbers = (reference.to_be_bytes(), shares.to_be_bytes(), price.to_be_bytes());
    message(b'A', locate, &[&numbers.0, &[side], &numbers.1, stock, &numbers.2])
}

fn executed(locate: u16, reference: u64, shares: u32) -> Vec<u8> {
    message(b'E', locate, &[&reference.to_be_bytes(), &shares.to_be_bytes(), &9_u64.to_be_bytes()])
}

fn canceled(locate: u16, reference: u64, shares: u32) -> Vec<u8> {
    message(b'X', locate, &[&reference.to_be_bytes(), &shares.to_be_bytes()])
}

fn deleted(locate: u16, reference: u64) -> Vec<u8> {
    message(b'D', locate, &[&reference.to_be_bytes()])
}

fn replaced(locate: u16, old: u64, new: u64, shares: u32, price: u32) -> Vec<u8> {
    let numbers = (old.to_be_bytes(), new.to_be_bytes(), shares.to_be_bytes(), price.to_be_bytes());
    message(b'U', locate, &[&numbers.0, &numbers.1, &numbers.2, &numbers.3])
}

const AAPL: &[u8; 8] = b"AAPL    ";
const MSFT: &[u8; 8] = b"MSFT    ";

fn session() -> Vec<Vec<u8>> {
    vec![
        message(b'S', 0, &[b"O"]),
        add(13, 1, b'S', 100, AAPL, 1_500_000),
        add(13, 2, b'S', 50, AAPL, 1_500_000),
        add(14, 3, b'B', 10, MSFT, 2_000_100),
        [add(13, 4, b'B', 70, AAPL, 1_499_900), b"MPID".to_vec()].concat(),
        executed(13, 1, 30),
        canceled(13, 1, 20),
        executed(13, 1, 50),
        executed(13, 2, 5),
        replaced(13, 2, 5, 40, 1_500_100),
        deleted(14, 3),
        // Of orders that nobody has added.
        executed(13, 99, 5),
        deleted(13, 99),
    ]
}

fn write(messages: &[Vec<u8>], with_lengths: bool) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.itch");
    let mut bytes = Vec::new();
    for message in messages {
        // The added bytes of a message with an attribution make it one of type F.
        let mut message = message.clone();
        if message[0] == b'A' && message.len() == 40 {
            message[0] = b'F';
        }
        if with_lengths {
            bytes.extend((message.len() as u16).to_be_bytes());
        }
        bytes.extend(message);
    }
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn stocks(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn messages_are_orders_trades_and_cancels_with_lengths_or_without() {
    for with_lengths in [true, false] {
        let (_folder, path) = write(&session(), with_lengths);
        let mut flow = itch::open(&path, &[], RecordingOptions::default()).unwrap();
        let names: Vec<_> = flow.instruments().iter().map(|definition| definition.base.to_string()).collect();
        assert_eq!(names, ["AAPL", "MSFT"]);
        let steps: Vec<_> = flow.by_ref().map(Result::unwrap).collect();
        let fills: Vec<_> = steps
            .iter()
            .filter_map(|step| step.trade.as_ref())
            .flat_map(|trade| trade.fills.as_slice())
            .map(|(order, quantity)| (order.0, quantity.0))
            .collect();
        assert_eq!(fills, [(1, 30), (1, 50), (2, 5)]);
        let rests = |order: u64| {
            steps.iter().find_map(|step| match step.action {
                Action::New(new) if new.client_order_id.0 == order => Some((new.side, new.quantity.0)),
                _ => None,
            })
        };
        assert_eq!((rests(4), rests(5)), (Some((Side::Buy, 70)), Some((Side::Sell, 40))));
        assert_eq!(rests(99), None);
    }
}

#[test]
fn the_engine_makes_the_same_trades() {
    let (_folder, path) = write(&session(), true);
    let mut flow = itch::open(&path, &stocks(&["AAPL"]), RecordingOptions::default()).unwrap();
    assert_eq!(flow.instruments().len(), 1);
    let mut venue = EngineVenue::new(EngineLimits::default());
    let options = ReplayOptions { window: 1, ..Default::default() };
    let report = replay(&mut flow, &mut venue, options, &mut ()).unwrap().report;
    assert_eq!((report.exchange_trades, report.reproduced, report.rejected), (3, 3, 0), "{report}");
    let instrument = flow.instruments()[0].instrument;
    let levels =
        |side| venue.engine().levels(instrument, side).unwrap().map(|level| level.quantity.0).collect::<Vec<_>>();
    assert_eq!((levels(Side::Buy), levels(Side::Sell)), (vec![70], vec![40]));
}

/// The files that these tests write are ITCH to another reader, too.
#[test]
fn another_reader_reads_the_same_messages() {
    let (_folder, path) = write(&session(), true);
    let read: Vec<_> = itchy::MessageStream::from_file(&path).unwrap().map(Result::unwrap).collect();
    let kinds: String = read.iter().map(|message| char::from(message.tag)).collect();
    assert_eq!(kinds, "SAAAFEXEEUDED");
    let itchy::Body::AddOrder(first) = &read[1].body else { panic!("{:?}", read[1]) };
    assert_eq!((first.reference, first.shares, first.price.raw()), (1, 100, 1_500_000));
}

#[test]
fn what_is_not_itch_is_refused_by_its_place() {
    let (folder, path) = write(&session(), true);
    let good = fs::read(&path).unwrap();
    let second = 14;
    for (bytes, offset) in [
        ([&good[..second + 2], b"?", &good[second + 3..]].concat(), second),
        ([&good[..second + 1], &[9], &good[second + 2..]].concat(), second),
        (good[..second + 20].to_vec(), second),
    ] {
        let path = folder.path().join("bent.itch");
        fs::write(&path, bytes).unwrap();
        let error = itch::open(&path, &[], RecordingOptions::default()).err().unwrap();
        assert!(matches!(error, FlowError::Message { offset: found, .. } if found == offset as u64), "{error}");
    }
    let (_folder, empty) = write(&[message(b'S', 0, &[b"O"])], true);
    let error = itch::open(&empty, &[], RecordingOptions::default()).err().unwrap();
    assert!(matches!(error, FlowError::NoOrders { .. }), "{error}");
}

//! Scenarios written by hand: `golden/*.jsonl`, a file for each topic.
//!
//! A line is a command with its log time, `{"now": 1, "command": {...}}`; or a timer that fires, `{"now": 1, "timer": {}}`; or
//! a participant that is disconnected or connected again, `{"now": 1, "connection": {...}}`; or
//! a request, `{"now": 1, "request": {"participant": 1, "order_status": {...}}}` or the same with `order_mass_status`; or the request
//! for the events of a firm, `{"follow_firm": {"firm": 5, "last_event_sequence": 0}}`; or
//! what the engine is expected to tell next,
//! `{"report": {...}}`, `{"reply": {...}}`, `{"firm_reply": {...}}` or `{"order_status_report": {...}}`, in their order; or the book expected at that point,
//! `{"levels": {"instrument": 1, "side": "BUY", "are": [[price, quantity, orders], ...]}}`. Fields of a report or reply can
//! be left out: those that are there are compared. A first line `{"limits": {"steps": 4}}` gives the engine other limits. Lines that begin with `#` are for the reader.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use std::collections::VecDeque;
use std::path::Path;

use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{Command, ConnectionChange, EpochNanos, OrderStatusReport, ParticipantId, Side};
use serde_json::{Value, json};
use venue::{Recorder, Told, levels};

/// Small limits, so that a few lines can reach them.
const LIMITS: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 8,
    orders: 64,
    retained_events: 8,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};

#[test]
fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6);
    for file in files {
        play(&file);
    }
}

fn play(file: &Path) {
    let mut engine = Engine::new(LIMITS);
    let mut has_commands = false;
    let mut told = VecDeque::new();
    for (number, line) in (1..).zip(std::fs::read_to_string(file).unwrap().lines()) {
        let place = format!("{}:{number}", file.display());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
        if let Some(limits) = line.get("limits") {
            assert!(!has_commands, "{place}: limits come first");
            let limit = |name: &str, otherwise| limits[name].as_u64().map_or(otherwise, |limit| limit as usize);
            let steps = limit("steps", LIMITS.steps);
            let retained_trades = limit("retained_trades", LIMITS.retained_trades);
            let retained_firm_events = limit("retained_firm_events", LIMITS.retained_firm_events);
            engine = Engine::new(EngineLimits { steps, retained_trades, retained_firm_events, ..LIMITS });
        } else if let Some(command) = line.get("command") {
            has_commands = true;
            assert_eq!(told.pop_front(), None, "{place}: told, but not in the file");
            let command: Command =
                serde_json::from_value(command.clone()).unwrap_or_else(|error| panic!("{place}: {error}"));
            let mut recorder = Recorder::default();
            engine.apply(EpochNanos(line["now"].as_i64().unwrap()), &command, &mut recorder);
            engine.verify().unwrap();
            told.extend(recorder.0.iter().filter_map(as_json));
        } else if line.get("timer").is_some() {
            assert_eq!(told.pop_front(), None, "{place}: told, but not in the file");
            let fired = venue::fired(&mut engine, line["now"].as_i64().unwrap());
            engine.verify().unwrap();
            told.extend(fired.iter().filter_map(as_json));
        } else if let Some(change) = line.get("connection") {
            assert_eq!(told.pop_front(), None, "{place}: told, but not in the file");
            let now = line["now"].as_i64().unwrap();
            let change = serde_json::from_value(change.clone()).unwrap_or_else(|error| panic!("{place}: {error}"));
            let heard = match change {
                ConnectionChange::Disconnect { participant, grace_milliseconds } => {
                    venue::disconnected(&mut engine, now, participant.0, grace_milliseconds)
                }
                ConnectionChange::Connect { participant } => venue::connected(&mut engine, now, participant.0).0,
            };
            engine.verify().unwrap();
            told.extend(heard.iter().filter_map(as_json));
        } else if let Some(request) = line.get("follow_firm") {
            assert_eq!(told.pop_front(), None, "{place}: told, but not in the file");
            let firm = request["firm"].as_u64().unwrap() as u32;
            let (heard, _) = venue::told_of_firm(&engine, firm, request["last_event_sequence"].as_u64());
            told.extend(heard.iter().filter_map(as_json));
        } else if let Some(request) = line.get("request") {
            assert_eq!(told.pop_front(), None, "{place}: told, but not in the file");
            told.push_back(json!({ "order_status_report": answer(&mut engine, &line["now"], request) }));
        } else if let Some(expected) = line.get("levels") {
            let side: Side = serde_json::from_value(expected["side"].clone()).unwrap();
            let instrument = expected["instrument"].as_u64().unwrap() as u32;
            assert_eq!(json!(levels(&engine, instrument, side)), expected["are"], "{place}");
        } else {
            let told = told.pop_front().unwrap_or_else(|| panic!("{place}: nothing more was told"));
            assert!(covers(&told, &line), "{place}: expected\n{line}\nbut told was\n{told}");
        }
    }
    assert_eq!(told.pop_front(), None, "{}: told, but not in the file", file.display());
}

/// The answer to a participant's request for its orders.
fn answer(engine: &mut Engine, now: &Value, request: &Value) -> OrderStatusReport {
    let participant = ParticipantId(request["participant"].as_u64().unwrap() as u32);
    let now = EpochNanos(now.as_i64().unwrap());
    let mut report = OrderStatusReport::default();
    match request.get("order_status") {
        Some(one) => {
            engine.order_status(participant, &serde_json::from_value(one.clone()).unwrap(), now, &mut report);
        }
        None => {
            let all = serde_json::from_value(request["order_mass_status"].clone()).unwrap();
            engine.order_mass_status(participant, &all, now, &mut report);
        }
    }
    engine.verify().unwrap();
    report
}

/// Events of firms are left out: they are the reports once more.
fn as_json(told: &Told) -> Option<Value> {
    match told {
        Told::Report(report) => Some(json!({ "report": report })),
        Told::Reply(reply) => Some(json!({ "reply": reply })),
        Told::FirmReply(reply) => Some(json!({ "firm_reply": reply })),
        Told::FirmEvent(_) => None,
    }
}

/// Whether all expected fields have the expected values. An expected `null` means that the field is absent.
fn covers(told: &Value, expected: &Value) -> bool {
    match (told, expected) {
        (Value::Object(told), Value::Object(expected)) => {
            expected.iter().all(|(key, expected)| covers(told.get(key).unwrap_or(&Value::Null), expected))
        }
        (Value::Array(told), Value::Array(expected)) => {
            told.len() == expected.len() && told.iter().zip(expected).all(|(told, expected)| covers(told, expected))
        }
        _ => told == expected,
    }
}

#[test]
fn json_survives_reading_and_writing() {
    let mut venue = venue::Venue::open(venue::LIMITS, venue::definition(1));
    venue.order(1, venue::limit(1, Side::Sell, 100, 5));
    for told in venue.order(2, venue::market(1, Side::Buy, 9)) {
        if let Told::Report(report) = told {
            let text = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::from_str::<lugus_vocabulary::Report>(&text).unwrap(), report);
        }
    }
    let command = venue::command(0, 0, 1, lugus_vocabulary::Action::DefineInstrument(venue::boundless(1)));
    let text = serde_json::to_string(&command).unwrap();
    assert!(text.contains(r#""base":"BTC""#) && text.contains("-9223372036854775808"), "{text}");
    assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command);
}

#[test]
fn json_with_a_word_misspelt_is_refused() {
    let text = r#"{"participant":1,"instrument":1,"client_sequence":1,"action":{"new":{"client_order_id":1,
        "side":"BUY","order_type":"LIMIT","time_in_force":"GTC","price":1,"quantity":1}}}"#;
    assert!(serde_json::from_str::<Command>(text).is_ok());
    for (right, wrong) in [("price", "pirce"), ("BUY", "Buy"), ("participant", "particpant")] {
        assert!(serde_json::from_str::<Command>(&text.replace(right, wrong)).is_err());
    }
}

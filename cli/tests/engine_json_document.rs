//! Compares `docs/engine-json.md` with the code: its example, the keys of its objects, and the words that it lists.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use lugus_vocabulary::*;
use serde::Serialize;
use serde_json::Value;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/engine-json.md");
    fs::read_to_string(path).expect("the document")
}

/// Contents of the fenced block that begins with this line.
fn block(document: &str, opening: &str) -> String {
    let (_, rest) = document.split_once(opening).expect("its block");
    rest.split_once("```").expect("its end").0.trim_start().to_owned()
}

/// The words in backquotes of the second column of all tables, by the first column's word.
fn table(document: &str, first: &str) -> BTreeSet<String> {
    let row = document.lines().find(|line| line.starts_with(&format!("| `{first}` |"))).expect(first);
    row.split('|').nth(2).expect("a second column").split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The keys of the JSON object that `value` becomes, without those of nested objects.
fn keys(value: &impl Serialize) -> BTreeSet<String> {
    match serde_json::to_value(value).expect("JSON") {
        Value::Object(object) => object.keys().cloned().collect(),
        other => panic!("{other} is no object"),
    }
}

#[test]
fn the_example_gives_the_lines_that_follow_it() {
    let document = document();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lugus"))
        .arg("engine")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("lugus starts");
    child.stdin.take().expect("its input").write_all(block(&document, "```json in").as_bytes()).expect("written");
    let output = child.wait_with_output().expect("its end");
    assert_eq!(String::from_utf8_lossy(&output.stdout), block(&document, "```json out"));
}

/// An order in which every optional field has a value, so that its JSON has all keys.
fn full_order() -> NewOrder {
    NewOrder {
        stop_price: Some(Price(1)),
        display_quantity: Quantity(1),
        expire_time: Some(EpochNanos(1)),
        post_only: PostOnly::Yes,
        self_trade_prevention: SelfTradePrevention::Decrement,
        client_tag: ClientTag(1),
        on_disconnect: OnDisconnect::Stay,
        ..NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1), Quantity(1))
    }
}

#[test]
fn keys_are_those_of_the_values() {
    let document = document();
    assert_eq!(table(&document, "new"), keys(&full_order()));
    let replace = Replace {
        orig_client_order_id: ClientOrderId(1),
        client_order_id: ClientOrderId(1),
        price: Some(Price(1)),
        stop_price: Some(Price(1)),
        quantity: Quantity(1),
        display_quantity: Quantity(1),
    };
    assert_eq!(table(&document, "replace"), keys(&replace));
    let definition: InstrumentDefinition = {
        let line = block(&document, "```json in").lines().nth(1).expect("the definition").to_owned();
        let value: Value = serde_json::from_str(&line).expect("JSON");
        serde_json::from_value(value["command"]["action"]["define_instrument"].clone()).expect("a definition")
    };
    let protection = PriceProtection {
        dynamic_band: Some(PriceWidth::Ticks(1)),
        reference_window_milliseconds: 1,
        on_breach: OnBreach::Halt,
        auction_milliseconds: 1,
        auction_collar: Some(PriceWidth::BasisPoints(1)),
        protection_points: Quantity(1),
        beyond_points: BeyondPoints::Rest,
    };
    let definition = InstrumentDefinition { protection, ..definition };
    assert_eq!(table(&document, "define_instrument"), keys(&definition));
    assert_eq!(table(&document, "set_price_protection"), keys(&protection));
    let limits = RiskLimits {
        maximum_quantity: Some(Quantity(1)),
        maximum_notional: Some(1),
        maximum_open_orders: Some(1),
        maximum_commands_per_second: Some(1),
        maximum_cancels_per_second: Some(1),
    };
    let mut set_limits = keys(&limits);
    set_limits.extend(["target".to_owned(), "limits".to_owned()]);
    assert_eq!(table(&document, "set_risk_limits"), set_limits);
    let execution = Execution {
        exec_type: ExecType::Trade,
        order_status: OrderStatus::Filled,
        order_id: OrderId(1),
        client_order_id: ClientOrderId(1),
        orig_client_order_id: ClientOrderId(1),
        trade_id: TradeId(1),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        price: Some(Price(1)),
        quantity: Quantity(1),
        last_price: Some(Price(1)),
        last_quantity: Quantity(1),
        leaves_quantity: Quantity(0),
        cum_quantity: Quantity(1),
        liquidity: Liquidity::Added,
        reason: RejectReason::SelfTrade,
        client_tag: ClientTag(1),
        on_disconnect: OnDisconnect::Stay,
    };
    assert_eq!(table(&document, "execution"), keys(&execution));
}

#[test]
fn words_are_those_of_the_vocabulary() {
    fn check<Word: Serialize>(document: &str, of: &str, all: &[Word]) {
        let row = document.lines().rfind(|line| line.starts_with(&format!("| `{of}` |"))).expect(of);
        let words: Vec<&str> = row.split('|').nth(2).expect("a second column").split_whitespace().collect();
        let expected: Vec<Value> = all.iter().map(|word| serde_json::to_value(word).expect("JSON")).collect();
        assert_eq!(words, expected, "{of}");
    }
    let document = document();
    check(&document, "side", Side::ALL);
    check(&document, "order_type", OrderType::ALL);
    check(&document, "time_in_force", TimeInForce::ALL);
    check(&document, "post_only", PostOnly::ALL);
    check(&document, "self_trade_prevention", SelfTradePrevention::ALL);
    check(&document, "trade_type", InstrumentType::ALL);
    check(&document, "state", InstrumentState::ALL);
    check(&document, "kill_switch", KillSwitch::ALL);
    check(&document, "kill_switch_levels", KillSwitchLevel::ALL);
    check(&document, "working_orders", WorkingOrders::ALL);
    check(&document, "on_breach", OnBreach::ALL);
    check(&document, "beyond_points", BeyondPoints::ALL);
    check(&document, "trigger", ProtectionTrigger::ALL);
    check(&document, "working_state", WorkingState::ALL);
    check(&document, "last_report", LastReport::ALL);
    check(&document, "exec_type", ExecType::ALL);
    check(&document, "order_status", OrderStatus::ALL);
    check(&document, "liquidity", Liquidity::ALL);
    check(&document, "command", CommandKind::ALL);
    check(&document, "reason", RejectReason::ALL);
}

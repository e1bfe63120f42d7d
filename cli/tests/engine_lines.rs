//! `lugus engine`: commands as JSON lines on standard input, events as JSON lines and the state hash on standard
//! output.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{Command as EngineCommand, ConnectionChange, EpochNanos, Reply, Report};
use serde_json::{Value, json};

/// The limits for which the engine's golden scenarios are written.
const LIMITS: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 8,
    orders: 64,
    retained_events: 8,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};

/// The same limits as command line arguments.
const LIMIT_ARGUMENTS: [&str; 8] =
    ["--instruments", "4", "--participants", "8", "--orders", "64", "--retained-events", "8"];

/// Starts `lugus engine` with these arguments.
fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
    let command = command.arg("engine").args(arguments).env_remove("RUST_LOG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lugus starts")
}

/// Runs `lugus engine` with the scenarios' limits on `input`.
fn engine(input: &[u8]) -> Output {
    run(&[], input)
}

/// Runs `lugus engine` with these arguments on `input`.
fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = start(arguments);
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_vec();
    // The process may end before it has read everything.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("its end");
    writer.join().expect("written");
    output
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Name and text of each golden scenario of the engine's tests.
fn scenarios() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden");
    let files = fs::read_dir(folder).expect("the scenarios").map(|entry| entry.expect("a file").path());
    let all = files.map(|file| (file.display().to_string(), fs::read_to_string(&file).expect("a scenario")));
    // Some have other limits, which the engine's own test sets.
    let mut scenarios: Vec<_> = all.filter(|(_, text)| !text.contains("{\"limits\":")).collect();
    scenarios.sort();
    assert!(scenarios.len() >= 12, "{}", scenarios.len());
    scenarios
}

/// The commands of the first scenario.
fn first_commands() -> Vec<String> {
    scenarios()[0].1.lines().filter(is_command).map(str::to_owned).collect()
}

fn is_command(line: &&str) -> bool {
    line.starts_with("{\"now\"")
}

/// A scenario's file is input as it is, with its comments and its expected events.
#[test]
fn a_scenario_gives_its_events_and_the_state_hash_of_the_engine() {
    for (name, text) in scenarios() {
        let output = run(&LIMIT_ARGUMENTS, text.as_bytes());
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");

        let mut told = lines(&output);
        let hash = told.pop().expect("a line");
        let expected = text.lines().filter(|line| line.starts_with('{') && !is_command(line)).map(parsed);
        let expected: Vec<Value> = expected.filter(|line| line.get("levels").is_none()).collect();
        assert_eq!(told.len(), expected.len(), "{name}");
        for (told, expected) in told.iter().zip(&expected) {
            assert!(covers(told, expected), "{name}: expected {expected}, told {told}");
        }
        let commands: Vec<&str> = text.lines().filter(is_command).collect();
        assert_eq!(hash, json!({ "state_hash": state_hash(&commands) }), "{name}");
    }
}

/// The output of `lugus engine` may be its input again, after the commands that produced it.
#[test]
fn lines_of_output_are_skipped() {
    let (_, text) = &scenarios()[0];
    let output = run(&LIMIT_ARGUMENTS, text.as_bytes());
    let again = run(&LIMIT_ARGUMENTS, &[text.as_bytes(), &output.stdout].concat());
    assert_eq!(lines(&again), lines(&output));
}

#[test]
fn the_end_of_each_commands_events_can_be_marked() {
    let (_, text) = &scenarios()[0];
    let marked = lines(&run(&[&LIMIT_ARGUMENTS[..], &["--end-of-command"]].concat(), text.as_bytes()));
    let ends: Vec<&Value> = marked.iter().filter_map(|line| line.get("end_of_command")).collect();
    let numbers = (1..).zip(text.lines()).filter(|(_, line)| is_command(line));
    let expected: Vec<Value> = numbers.map(|(number, _)| json!({ "line": number })).collect();
    assert_eq!(ends, expected.iter().collect::<Vec<_>>());
    let unmarked: Vec<Value> = marked.iter().filter(|line| line.get("end_of_command").is_none()).cloned().collect();
    assert_eq!(unmarked, lines(&run(&LIMIT_ARGUMENTS, text.as_bytes())));
}

/// For a program that sends one command and waits for its events before it sends the next one.
#[test]
fn events_are_written_when_no_input_is_waiting() {
    let mut engine = start(&["--end-of-command"]);
    let mut input = engine.stdin.take().expect("its input");
    let mut events = BufReader::new(engine.stdout.take().expect("its output")).lines();
    for command in first_commands() {
        // The beginning of the next line must not delay the events either.
        input.write_all(format!("{command}\n  ").as_bytes()).expect("written");
        loop {
            let event = events.next().expect("events until the end of the command").expect("a line");
            if parsed(&event).get("end_of_command").is_some() {
                break;
            }
        }
    }
    drop(input);
    assert!(engine.wait().expect("its end").success());
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// Whether `told` has everything that is expected; an expected `null` means that the field is absent.
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

/// Without commands, time passes by timers, each at its time.
#[test]
fn a_timer_lets_orders_expire_each_at_its_time() {
    let mut input: String = first_commands()[..1].concat();
    for (id, expire_time) in [(1, 3_000), (2, 2_000), (3, 9_000)] {
        let order = json!({ "client_order_id": id, "side": "BUY", "order_type": "LIMIT", "time_in_force": "GTD",
            "price": 100, "quantity": 1, "expire_time": expire_time });
        let command = json!({ "participant": 1, "instrument": 1, "client_sequence": id, "action": { "new": order } });
        input += &format!("\n{}", json!({ "now": 1_000, "command": command }));
    }
    input += "\n{\"now\":5000,\"timer\":{}}\n";
    let told = lines(&engine(input.as_bytes()));
    let expired = told.iter().filter(|told| told["report"]["body"]["execution"]["exec_type"] == "EXPIRED");
    let times: Vec<&Value> = expired.map(|told| &told["report"]["time"]).collect();
    assert_eq!(times, [&json!(2_000), &json!(3_000)]);
}

/// Ignores all events.
struct IgnoreEvents;

impl EventSink for IgnoreEvents {
    fn report(&mut self, _report: &Report) {}
    fn reply(&mut self, _reply: &Reply) {}
}

/// State hash of an engine in this process after the commands.
fn state_hash(commands: &[&str]) -> String {
    let mut engine = Engine::new(LIMITS);
    for line in commands {
        let line = parsed(line);
        let now = EpochNanos(line["now"].as_i64().expect("a time"));
        if line.get("timer").is_some() {
            engine.on_timer(now, &mut IgnoreEvents);
            continue;
        }
        if line.get("request").is_some() {
            continue;
        }
        if let Some(change) = line.get("connection") {
            match serde_json::from_value(change.clone()).expect("a change") {
                ConnectionChange::Disconnect { participant, grace_milliseconds } => {
                    engine.disconnect(now, participant, grace_milliseconds, &mut IgnoreEvents);
                }
                ConnectionChange::Connect { participant } => {
                    engine.connect(now, participant, &mut IgnoreEvents);
                }
            }
            continue;
        }
        let command: EngineCommand = serde_json::from_value(line["command"].clone()).expect("a command");
        engine.apply(now, &command, &mut IgnoreEvents);
    }
    format!("{:016x}", engine.state_hash().0)
}

#[test]
fn empty_input_gives_the_hash_of_an_empty_engine() {
    let output = engine(b"\n  \n");
    assert!(output.status.success());
    assert_eq!(lines(&output), [json!({ "state_hash": state_hash(&[]) })]);
}

#[test]
fn events_before_a_bad_line_are_written_and_the_line_is_named() {
    let commands = &first_commands()[..2];
    let good = commands.join("\n");
    let cut = &commands[1][..commands[1].len() / 2];
    let misspelt = commands[1].replace("participant", "particpant");
    let unknown_key = commands[1].replacen("{\"now\"", "{\"then\":1,\"now\"", 1);
    let long = format!("{{\"now\":1,{}", " ".repeat(100_000));
    let bad: [(&[u8], &str); 9] = [
        (cut.as_bytes(), "EOF"),
        (misspelt.as_bytes(), "particpant"),
        (unknown_key.as_bytes(), "then"),
        (b"buy 5 at 100", "expected value"),
        (b"[]", "line 3"),
        (b"{}", "is not a command"),
        (b"{\"now\":1,\"report\":{}}", "is not a command"),
        (b"\xff\xfe\x00", "UTF-8"),
        (long.as_bytes(), "longer than 65536 bytes"),
    ];
    for (line, what) in bad {
        let output = engine(&[good.as_bytes(), b"\n", line, b"\n"].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with("lugus: line 3") && stderr.contains(what), "{stderr}");
        let told = lines(&output);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|line| line.get("report").is_some()), "{told:?}");
    }
}

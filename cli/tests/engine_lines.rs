//! `lugus engine`: commands as JSON lines in, events as JSON lines and the state hash out.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lugus_engine::EventSink;
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{Command as EngineCommand, EpochNanos, Reply, Report};
use serde_json::{Value, json};

/// Scenarios that need no small limits.
const GOLDEN: [&str; 5] = ["price_time_priority", "immediate_orders", "post_only", "replace", "cancels_and_states"];

/// Runs `lugus engine` on `input`.
fn engine(input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
    let command = command.arg("engine").env_remove("RUST_LOG");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lugus starts");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_vec();
    // It may end before it has read everything.
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

/// Lines of a scenario that have `key`, for the reader's left out.
fn golden(name: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden");
    let text = fs::read_to_string(folder.join(name).with_extension("jsonl")).expect("a scenario");
    text.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect()
}

fn is_command(line: &&String) -> bool {
    line.starts_with("{\"now\"")
}

#[test]
fn a_scenario_gives_its_events_and_the_state_hash_of_the_engine() {
    for name in GOLDEN {
        let scenario = golden(name);
        let commands: Vec<&String> = scenario.iter().filter(is_command).collect();
        let input: String = commands.iter().map(|line| format!("{line}\n")).collect();
        let output = engine(input.as_bytes());
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");

        let mut told = lines(&output);
        let hash = told.pop().expect("a line");
        let expected: Vec<Value> = scenario.iter().filter(|line| !is_command(line)).map(|line| parsed(line)).collect();
        let expected: Vec<&Value> = expected.iter().filter(|line| line.get("levels").is_none()).collect();
        assert_eq!(told.len(), expected.len(), "{name}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(covers(told, expected), "{name}: expected {expected}, told {told}");
        }
        assert_eq!(hash, json!({ "state_hash": state_hash(&commands) }), "{name}");
    }
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// Whether all that is expected was told; `null` expects that a field is not there.
fn covers(told: &Value, expected: &Value) -> bool {
    match (told, expected) {
        (Value::Object(told), Value::Object(expected)) => {
            expected.iter().all(|(key, expected)| covers(told.get(key).unwrap_or(&Value::Null), expected))
        }
        _ => told == expected,
    }
}

/// Hears nothing.
struct Deaf;

impl EventSink for Deaf {
    fn report(&mut self, _report: &Report) {}
    fn reply(&mut self, _reply: &Reply) {}
}

/// The hash that the engine has after the commands, in this process.
fn state_hash(commands: &[&String]) -> String {
    let mut engine = Engine::new(EngineLimits::default());
    for line in commands {
        let line = parsed(line);
        let command: EngineCommand = serde_json::from_value(line["command"].clone()).expect("a command");
        engine.apply(EpochNanos(line["now"].as_i64().expect("a time")), &command, &mut Deaf);
    }
    format!("{:016x}", engine.state_hash().0)
}

#[test]
fn nothing_in_is_the_hash_of_an_empty_engine_out() {
    let output = engine(b"\n  \n");
    assert!(output.status.success());
    assert_eq!(lines(&output), [json!({ "state_hash": state_hash(&[]) })]);
}

#[test]
fn a_bad_line_is_named_after_the_events_of_those_before_it() {
    let commands: Vec<String> = golden(GOLDEN[0]).into_iter().filter(|line| is_command(&line)).take(2).collect();
    let good = commands.join("\n");
    let cut = &commands[1][..commands[1].len() / 2];
    let misspelt = commands[1].replace("participant", "particpant");
    let unknown_key = commands[1].replacen("{\"now\"", "{\"then\":1,\"now\"", 1);
    let long = format!("{{\"now\":1,{}", " ".repeat(100_000));
    let bad: [(&[u8], &str); 7] = [
        (cut.as_bytes(), "EOF"),
        (misspelt.as_bytes(), "particpant"),
        (unknown_key.as_bytes(), "then"),
        (b"buy 5 at 100", "expected value"),
        (b"[]", "line 3"),
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

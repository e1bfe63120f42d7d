//! Fuzz target: any sequence of commands leaves the engine's invariants intact and makes it panic nowhere.

#![no_main]
#![allow(clippy::panic, reason = "that is how a fuzzer is told")]

#[path = "../../engine/tests/arbitrary_commands/mod.rs"]
mod arbitrary_commands;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    arbitrary_commands::apply(bytes);
});

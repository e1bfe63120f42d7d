//! Whatever commands come, the engine neither panics nor breaks an invariant.

#![no_main]
#![allow(clippy::panic, reason = "that is how a fuzzer is told")]

#[path = "../../engine/tests/noise/mod.rs"]
mod noise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    noise::apply(bytes);
});

//! Arbitrary bytes as commands: no panic, and every invariant after each of them.

#![no_main]

#[path = "../../tests/noise/mod.rs"]
mod noise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    noise::apply(bytes);
});

//! Fuzz target: any bytes from a session are either rejected by the decoder, or are a command that leaves the engine's
//! invariants intact.

#![no_main]
#![allow(clippy::panic, reason = "that is how a fuzzer is told")]

#[path = "../../engine/tests/arbitrary_commands/mod.rs"]
mod arbitrary_commands;

use lugus_engine::Engine;
use lugus_engine::EventSink;
use lugus_node::decode::{Inbound, decode};
use lugus_vocabulary::{EpochNanos, ParticipantId, ProtocolVersion, Reply, Report};

struct IgnoreEvents;

impl EventSink for IgnoreEvents {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, _: &Reply) {}
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut engine = Engine::new(arbitrary_commands::LIMITS);
    let mut rest = bytes;
    let mut now = 0;
    // The input is a sequence of messages, each preceded by its sender and its length.
    while let [sender, length, tail @ ..] = rest {
        let (message, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        now += 1;
        if let Ok(Inbound::Command(command)) =
            decode(ParticipantId(u32::from(sender % 3)), ProtocolVersion::FIRST_ACTIVE, message)
        {
            engine.apply(EpochNanos(now), &command, &mut IgnoreEvents);
            if let Err(error) = engine.verify() {
                panic!("{error} after {command:?}");
            }
        }
    }
});

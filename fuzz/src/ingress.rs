//! Any bytes from a session are either rejected by the decoder, or are a command that leaves the engine's invariants intact.

use lugus_codecs::order_entry::KNOWN_PROTOCOL_VERSION;
use lugus_engine::{Engine, EventSink};
use lugus_node::decode::{Inbound, decode};
use lugus_vocabulary::{EpochNanos, ParticipantId, Reply, Report};

use crate::arbitrary_commands::LIMITS;
use crate::golden;

struct IgnoreEvents;

impl EventSink for IgnoreEvents {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, _: &Reply) {}
}

/// The input is a sequence of messages, each preceded by its sender and its length.
pub(crate) fn run(mut rest: &[u8]) {
    let mut engine = Engine::new(LIMITS);
    let mut now = 0;
    while let [sender, length, tail @ ..] = rest {
        let (message, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        now += 1;
        let sender = ParticipantId(u32::from(sender % 3));
        if let Ok(Inbound::Command(command)) = decode(sender, KNOWN_PROTOCOL_VERSION, message) {
            engine.apply(EpochNanos(now), &command, &mut IgnoreEvents);
            if let Err(error) = engine.verify() {
                panic!("{error} after {command:?}");
            }
        }
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let messages = golden::messages(&["command.", "request.", "migration.", "on_disconnect.", "own_orders.request"]);
    let short = messages.iter().filter_map(|message| Some((message, u8::try_from(message.len()).ok()?)));
    short.map(|(message, length)| [&[0, length], message.as_slice()].concat()).collect()
}

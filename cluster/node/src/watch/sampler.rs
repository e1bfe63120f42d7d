//! The service's end: which states are told is chosen by the log alone, so that all members tell the same.

use lugus_ring::Writer;
use lugus_vocabulary::{EpochNanos, StateAt};

/// The state is told after the first message that ends in another block of the log of this length than the one before it, in
/// bytes (as a power of two: 64 KiB, some 470 commands).
const BLOCK_LENGTH_SHIFT: u32 = 16;
/// It is also told after the first message of each second of log time, so that a quiet market is compared as well.
const INTERVAL_NANOS: i64 = 1_000_000_000;

/// Tells states to the thread that compares them. It never waits: what finds no room in the ring is not told, and the next
/// state shows the same difference, as a hash is of all that happened before.
#[derive(Debug)]
pub struct StateSampler {
    ring: Writer<StateAt>,
    block: i64,
    second: i64,
}

impl StateSampler {
    /// A sampler that tells the first state in any case.
    pub fn new(ring: Writer<StateAt>) -> Self {
        Self { ring, block: -1, second: -1 }
    }

    /// Tells the state after a message of the log, if it is one of those that are told.
    #[inline]
    pub fn after_message(&mut self, now: EpochNanos, state: StateAt) {
        let (block, second) = (state.position.0 >> BLOCK_LENGTH_SHIFT, now.0.div_euclid(INTERVAL_NANOS));
        if (block, second) != (self.block, self.second) {
            (self.block, self.second) = (block, second);
            self.tell(state);
        }
    }

    /// Tells a state: that of a snapshot, which all members take or load at the same position.
    #[cold]
    pub fn tell(&mut self, state: StateAt) {
        if self.ring.push(&state).is_ok() {
            self.ring.publish();
        }
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{LogPosition, StateHash};

    use super::*;

    const SECOND: i64 = INTERVAL_NANOS;
    const BLOCK: i64 = 1 << BLOCK_LENGTH_SHIFT;

    /// Positions that are told for messages that end at these positions, at these times.
    fn told(messages: &[(i64, i64)]) -> Vec<i64> {
        let (writer, mut reader) = lugus_ring::ring(16);
        let mut sampler = StateSampler::new(writer);
        for &(position, time) in messages {
            sampler.after_message(EpochNanos(time), StateAt { position: LogPosition(position), hash: StateHash(1) });
        }
        let mut told = Vec::new();
        reader.drain(messages.len(), |state| told.push(state.position.0));
        told
    }

    #[test]
    fn the_first_message_of_each_block_and_of_each_second_is_told() {
        assert_eq!(told(&[(64, 5), (128, 6), (BLOCK - 1, 7), (BLOCK, 8), (BLOCK + 64, 9)]), [64, BLOCK]);
        assert_eq!(told(&[(64, SECOND - 1), (128, SECOND), (192, SECOND + 1), (256, 2 * SECOND)]), [64, 128, 256]);
    }

    #[test]
    fn a_member_that_starts_later_tells_the_same_from_the_next_block_on() {
        let messages: Vec<(i64, i64)> = (1..4_000).map(|n| (n * 139, n * SECOND / 1_000)).collect();
        let whole = told(&messages);
        let later = told(&messages[700..]);
        let from = messages[700].0;
        assert!(whole.len() > 9, "{whole:?}");
        let common: Vec<i64> = whole.into_iter().filter(|position| *position > from).collect();
        assert_eq!(later[1..], common[..], "after the first message, which is told in any case");
    }

    #[test]
    fn a_full_ring_holds_nobody_up() {
        let (writer, mut reader) = lugus_ring::ring(1);
        let mut sampler = StateSampler::new(writer);
        for n in 0..10_000 {
            sampler.tell(StateAt { position: LogPosition(n), hash: StateHash(1) });
        }
        assert!(reader.drain(10_000, |_| {}) < 10_000);
    }
}

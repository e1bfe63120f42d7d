//! Where in the recorded stream a log time is: a sparse index, in memory.

use std::collections::VecDeque;

use lugus_ring::Writer;
use lugus_vocabulary::EpochNanos;

/// Distance of two entries, in bytes of the stream.
pub const STEP: i64 = 32 << 10;
/// Number of entries between the two threads.
pub const RING_CAPACITY: usize = 256;

/// A place in the stream: all increments before it are of this log time or earlier ones, all after it of this one or later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Position in the stream, in bytes.
    pub position: i64,
    /// Log time.
    pub time: EpochNanos,
}

/// The publishing thread's end: tells where the stream is.
#[derive(Debug)]
pub struct IndexWriter {
    ring: Writer<IndexEntry>,
    last: Option<i64>,
}

impl IndexWriter {
    /// A writer that has told nothing.
    pub fn new(ring: Writer<IndexEntry>) -> Self {
        Self { ring, last: None }
    }

    /// Tells the position of the stream and the log time of the last increment, if they are far enough from what was told last.
    #[inline]
    pub fn look(&mut self, position: i64, time: Option<EpochNanos>) {
        if self.last.is_none_or(|last| position >= last + STEP)
            && let Some(time) = time
        {
            self.tell(IndexEntry { position, time });
        }
    }

    #[cold]
    fn tell(&mut self, entry: IndexEntry) {
        // Without room, the next look tells a later place.
        if self.ring.push(&entry).is_ok() {
            self.ring.publish();
            self.last = Some(entry.position);
        }
    }
}

/// The index of what is recorded.
#[derive(Debug, Default)]
pub struct RecordedIndex {
    entries: VecDeque<IndexEntry>,
}

impl RecordedIndex {
    /// Adds the next entry.
    pub fn add(&mut self, entry: IndexEntry) {
        // Times of a log do not go back. If they did, the index would still not promise too much.
        let time = self.entries.back().map_or(entry.time, |last| last.time.max(entry.time));
        self.entries.push_back(IndexEntry { time, ..entry });
    }

    /// Forgets what is before a position, because it is not recorded, or purged.
    pub fn drop_before(&mut self, position: i64) {
        while self.entries.front().is_some_and(|entry| entry.position < position) {
            self.entries.pop_front();
        }
    }

    /// A position at or before the first increment of log time `begin`; `None` if that may be before what is recorded.
    pub fn position_of(&self, begin: EpochNanos) -> Option<i64> {
        let before = self.entries.partition_point(|entry| entry.time < begin);
        Some(self.entries.get(before.checked_sub(1)?)?.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_begins_before_the_first_increment_of_its_time() {
        let mut index = RecordedIndex::default();
        assert_eq!(index.position_of(EpochNanos(5)), None);
        for (position, time) in [(0, 10), (100, 20), (200, 20), (300, 30)] {
            index.add(IndexEntry { position, time: EpochNanos(time) });
        }
        let position = |time| index.position_of(EpochNanos(time));
        // Increments of time 10 may be before position 0, where nothing is recorded.
        assert_eq!(
            [5, 10, 11, 20, 21, 30, 31].map(position),
            [None, None, Some(0), Some(0), Some(200), Some(200), Some(300)]
        );
        index.drop_before(150);
        assert_eq!(index.position_of(EpochNanos(20)), None);
        assert_eq!(index.position_of(EpochNanos(21)), Some(200));
    }

    #[test]
    fn the_writer_tells_places_that_are_far_apart() {
        let (writer, mut reader) = lugus_ring::ring(RING_CAPACITY);
        let mut writer = IndexWriter::new(writer);
        writer.look(0, None);
        for (position, time) in [(96, 1), (STEP, 2), (96 + STEP, 3), (97 + STEP, 4), (96 + 3 * STEP, 5)] {
            writer.look(position, Some(EpochNanos(time)));
        }
        let mut told = Vec::new();
        reader.drain(usize::MAX, |entry| told.push((entry.position, entry.time.0)));
        assert_eq!(told, [(96, 1), (96 + STEP, 3), (96 + 3 * STEP, 5)]);
    }
}

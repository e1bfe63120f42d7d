//! What became of increments that were missing, and how many there were.

use std::time::Duration;

use lugus_vocabulary::MarketDataSequence;

/// Increments of one instrument that were missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Number of the first one.
    pub first: MarketDataSequence,
    /// Number of the last one that was known to exist.
    pub last: MarketDataSequence,
    /// How long the book was not known to be current.
    pub lasted: Duration,
    /// What became of them.
    pub ending: GapEnding,
}

/// What became of missing increments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapEnding {
    /// They came late, or another member's feed had them.
    Filled,
    /// They were replayed from what a member had recorded.
    Replayed,
    /// They did not come. The book is loaded anew, and trades among them are not told.
    Lost,
}

/// Whence an increment came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The feed of the member with this place among the channels.
    Feed(usize),
    /// A replay of what a member has recorded.
    Replay,
}

/// What a feed has heard since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedCounts {
    /// Increments of followed instruments that came for the first time.
    pub increments: u64,
    /// Increments of followed instruments that had come before, from the same member or another one.
    pub repeated: u64,
    /// Gaps of live books that were filled by members' feeds.
    pub filled_gaps: u64,
    /// Gaps of live books that were filled by a replay.
    pub replayed_gaps: u64,
    /// Gaps of live books that were not.
    pub lost_gaps: u64,
    /// Increments in the latter.
    pub lost_increments: u64,
    /// Times that a book was loaded.
    pub loaded_books: u64,
    /// Increments that came from replays first.
    pub from_replays: u64,
    /// For each member that is listened to, in the order of the channels: increments that came from it first.
    pub first_from: Vec<u64>,
}

impl FeedCounts {
    /// An increment came.
    #[inline]
    pub(super) fn increment(&mut self, origin: Origin, is_new: bool) {
        if !is_new {
            self.repeated += 1;
            return;
        }
        self.increments += 1;
        let Origin::Feed(source) = origin else {
            self.from_replays += 1;
            return;
        };
        match self.first_from.get_mut(source) {
            Some(count) => *count += 1,
            None => self.grow(source),
        }
    }

    #[cold]
    fn grow(&mut self, source: usize) {
        self.first_from.resize(source + 1, 0);
        self.first_from[source] = 1;
    }

    pub(super) fn gap(&mut self, gap: &Gap) {
        match gap.ending {
            GapEnding::Filled => self.filled_gaps += 1,
            GapEnding::Replayed => self.replayed_gaps += 1,
            GapEnding::Lost => {
                self.lost_gaps += 1;
                self.lost_increments += gap.last.0.saturating_sub(gap.first.0) + 1;
            }
        }
    }
}

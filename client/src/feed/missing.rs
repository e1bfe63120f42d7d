//! Increments that are missing: how long they may still come, and what becomes of them.

use std::time::Duration;

use lugus_vocabulary::MarketDataSequence;

use super::gap::{Gap, GapEnding};

/// How long a missing increment may still come.
const GAP_TIMEOUT: Duration = Duration::from_millis(20);
/// How long nothing of what is missing may come if members record: their replay takes a while.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an increment is missing before a replay is asked for: another member's feed is faster.
const REPLAY_DELAY: Duration = Duration::from_millis(10);

/// Whether members record increments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    Yes,
    No,
}

/// Increments that are missing: of a live book, or between two of its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing {
    /// The first one that was missing.
    first: MarketDataSequence,
    /// The last one before an increment that is there, or that is known to exist.
    last: MarketDataSequence,
    since: Duration,
    /// When the last of them came.
    progress_at: Duration,
    /// Whether one of them was replayed.
    replayed: bool,
}

impl Missing {
    pub(super) fn new(first: MarketDataSequence, last: MarketDataSequence, now: Duration) -> Self {
        Self { first, last, since: now, progress_at: now, replayed: false }
    }

    /// An increment came by a replay.
    pub(super) fn note_replayed(&mut self, sequence: MarketDataSequence) {
        self.replayed |= (self.first..=self.last).contains(&sequence);
    }

    /// Whether it is time to ask for a replay.
    pub(super) fn is_asked_for(&self, now: Duration) -> bool {
        now >= self.since + REPLAY_DELAY
    }

    /// Whether some of them are above this one.
    pub(super) fn is_above(&self, sequence: MarketDataSequence) -> bool {
        self.last > sequence
    }

    /// Whether they do not come any more.
    pub(super) fn is_lost(&self, recorded: Recorded, now: Duration) -> bool {
        let patience = match recorded {
            Recorded::Yes => REPLAY_TIMEOUT,
            Recorded::No => GAP_TIMEOUT,
        };
        now >= self.progress_at + patience
    }

    /// Some of them came, and the book includes all up to this one. The gap, if it is filled.
    pub(super) fn on_progress(&mut self, sequence: MarketDataSequence, now: Duration) -> Option<Gap> {
        self.progress_at = now;
        let ending = if self.replayed { GapEnding::Replayed } else { GapEnding::Filled };
        let Self { first, last, since, .. } = *self;
        (sequence >= last).then(|| Gap { first, last, lasted: now.saturating_sub(since), ending })
    }

    /// The gap that the rest of them leaves, from `first` on.
    pub(super) fn lost(&self, first: MarketDataSequence, now: Duration) -> Gap {
        Gap { first, last: self.last, lasted: now.saturating_sub(self.since), ending: GapEnding::Lost }
    }
}

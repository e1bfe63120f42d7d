//! How many rounds a benchmark makes, when it has only so much time.

use std::time::{Duration, Instant};

/// The rounds of a benchmark: as many as are wanted, but none after the first that would probably not end in time. Iterate over it; each
/// number, from 1 on, is a round.
#[derive(Debug)]
pub struct Rounds {
    wanted: u32,
    begun: u32,
    until: Option<Instant>,
    /// When the last round began, and the longest round so far.
    last: Option<Instant>,
    longest: Duration,
}

impl Rounds {
    /// As many as are wanted, however long they take.
    pub fn all(wanted: u32) -> Self {
        Self { wanted, begun: 0, until: None, last: None, longest: Duration::ZERO }
    }

    /// As many as are wanted, or fewer if the next one would end after `until`, as the longest one so far lets expect.
    pub fn until(wanted: u32, until: Instant) -> Self {
        Self { until: Some(until), ..Self::all(wanted) }
    }

    /// Number of rounds that are wanted.
    pub fn wanted(&self) -> u32 {
        self.wanted
    }

    /// Number of rounds that have begun.
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// Begins all rounds that are wanted, for a benchmark whose rounds take next to no time; returns their number.
    pub fn all_at_once(&mut self) -> u32 {
        self.begun = self.wanted;
        self.wanted
    }

    fn next_at(&mut self, now: Instant) -> Option<u32> {
        if let Some(last) = self.last {
            self.longest = self.longest.max(now.saturating_duration_since(last));
        }
        let is_late = self.begun > 0 && self.until.is_some_and(|until| now + self.longest > until);
        if self.begun >= self.wanted || is_late {
            return None;
        }
        self.last = Some(now);
        self.begun += 1;
        Some(self.begun)
    }
}

impl Iterator for &mut Rounds {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.next_at(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rounds that begin if each takes so many seconds.
    fn begun(mut rounds: Rounds, begin: Instant, seconds: &[u64]) -> Vec<u32> {
        let mut now = begin;
        let mut begun = Vec::new();
        for seconds in seconds {
            let Some(round) = rounds.next_at(now) else { break };
            begun.push(round);
            now += Duration::from_secs(*seconds);
        }
        assert_eq!(rounds.begun() as usize, begun.len());
        begun
    }

    #[test]
    fn no_round_begins_that_would_not_end_in_time() {
        let begin = Instant::now();
        let until = |seconds| Rounds::until(4, begin + Duration::from_secs(seconds));
        assert_eq!(begun(Rounds::all(4), begin, &[1_000; 9]), [1, 2, 3, 4]);
        assert_eq!(begun(until(40), begin, &[10; 9]), [1, 2, 3, 4]);
        assert_eq!(begun(until(39), begin, &[10; 9]), [1, 2, 3]);
        assert_eq!(begun(until(45), begin, &[10, 20, 5, 5, 5]), [1, 2], "the longest one counts");
        assert_eq!(begun(until(5), begin, &[10; 9]), [1], "without one there is no figure");
    }
}

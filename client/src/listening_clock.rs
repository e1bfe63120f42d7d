//! The time by which a session measures how late an answer is.

/// Longest step of [`ListeningClock`] in nanoseconds: more than any duty cycle takes, less than any time-out.
const MAXIMUM_STEP: u64 = 100_000_000;

/// Time for which a session has listened, in nanoseconds.
///
/// While a program does not poll, answers wait unread: a pause of the program must not make them late. So a pause
/// counts for at most [`MAXIMUM_STEP`].
#[derive(Debug, Default)]
pub(crate) struct ListeningClock {
    last: Option<u64>,
    time: u64,
}

impl ListeningClock {
    /// A clock that begins at a time.
    pub(crate) fn at(time: u64) -> Self {
        Self { last: None, time }
    }

    /// Advances to `now` (nanoseconds of a clock that does not go back), when everything that came has been read.
    pub(crate) fn advance(&mut self, now: u64) -> u64 {
        let step = self.last.map_or(0, |last| now.saturating_sub(last));
        self.last = Some(now);
        self.time += step.min(MAXIMUM_STEP);
        self.time
    }

    /// The time when the clock last advanced.
    #[inline]
    pub(crate) fn time(&self) -> u64 {
        self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn a_pause_of_the_program_is_not_listened_time() {
        let mut clock = ListeningClock::default();
        assert_eq!(clock.advance(5_000 * MILLISECOND), 0);
        assert_eq!(clock.advance(5_001 * MILLISECOND), MILLISECOND);
        assert_eq!(clock.advance(9_000 * MILLISECOND), MILLISECOND + MAXIMUM_STEP);
        assert_eq!(clock.advance(8_000 * MILLISECOND), MILLISECOND + MAXIMUM_STEP, "a clock that goes back");
        assert_eq!(clock.time(), MILLISECOND + MAXIMUM_STEP);
    }
}

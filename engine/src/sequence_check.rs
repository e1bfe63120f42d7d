//! Whether a command is applied: what its number says beside the last number applied in its scope.

use lugus_vocabulary::ClientSequence;

/// What a command's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SequenceCheck {
    /// The command is the scope's next one, and is applied.
    Next,
    /// The command was applied before, and is answered with what was told then.
    Repeated,
    /// Commands before this one are missing, or it has no number: it is not applied.
    Hole {
        /// Number of the command that would be applied.
        expected: ClientSequence,
    },
}

impl SequenceCheck {
    /// Checks the number `received` where the scope's last command applied is `last`.
    #[inline]
    pub(crate) fn of(received: ClientSequence, last: ClientSequence) -> Self {
        let expected = ClientSequence(last.0 + 1);
        if received == expected {
            Self::Next
        } else if received > last || received.0 == 0 {
            Self::Hole { expected }
        } else {
            Self::Repeated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_beside_the_last_one_applied() {
        let hole = |expected| SequenceCheck::Hole { expected: ClientSequence(expected) };
        let table = [
            (1, 0, SequenceCheck::Next),
            (0, 0, hole(1)),
            (2, 0, hole(1)),
            (8, 7, SequenceCheck::Next),
            (7, 7, SequenceCheck::Repeated),
            (1, 7, SequenceCheck::Repeated),
            (0, 7, hole(8)),
            (9, 7, hole(8)),
            (u64::MAX, 7, hole(8)),
        ];
        for (received, last, expected) in table {
            assert_eq!(SequenceCheck::of(ClientSequence(received), ClientSequence(last)), expected);
        }
    }
}

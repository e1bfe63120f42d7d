//! How many cases a test of properties tries.

/// Number of cases: `usual`, or less where the environment's variable `PROPTEST_CASES` says so. proptest itself does not look at it where a
/// test names a number. `scripts/test-memory` sets it, since Miri and the sanitizers need many times as long for each case.
#[must_use]
pub fn cases(usual: u32) -> u32 {
    fewer(usual, std::env::var("PROPTEST_CASES").ok().as_deref())
}

fn fewer(usual: u32, asked: Option<&str>) -> u32 {
    asked.and_then(|asked| asked.parse().ok()).map_or(usual, |asked: u32| usual.min(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_makes_them_fewer_and_never_more() {
        let tried = [None, Some("2"), Some("1000"), Some("many")].map(|asked| fewer(100, asked));
        assert_eq!(tried, [100, 2, 100, 100]);
    }
}

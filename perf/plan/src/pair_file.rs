//! Loads of pairs as a person or a script writes them: `BTC/USDT 1200`, one pair a line, with the cluster that trades it if it trades.

use crate::error::PlanError;

/// A line of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct PairLine {
    /// `BASE/QUOTE`.
    pub symbol: String,
    /// Commands a second.
    pub per_second: f64,
    /// Name of the cluster, if the line has one.
    pub cluster: Option<String>,
}

/// Greatest number of lines.
pub const MAXIMUM_LINES: usize = 65_536;

/// Reads lines of a pair, its commands a second and, if there is one, its cluster, between blanks or commas. What follows `#` is left out.
///
/// # Errors
/// A line is none of that, or a pair is there twice.
pub fn read_pairs(origin: &str, text: &str) -> Result<Vec<PairLine>, PlanError> {
    let mut pairs: Vec<PairLine> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let unreadable = |problem: &str| PlanError::Unreadable {
            origin: origin.to_owned(),
            line: number + 1,
            problem: problem.to_owned(),
        };
        let words: Vec<&str> = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split([' ', '\t', ','])
            .filter(|word| !word.is_empty())
            .collect();
        let (symbol, load, cluster) = match words[..] {
            [] => continue,
            [symbol, load] => (symbol, load, None),
            [symbol, load, cluster] => (symbol, load, Some(cluster.to_owned())),
            _ => {
                return Err(unreadable(
                    "a line is a pair, its commands a second, and perhaps its cluster: BTC/USDT 1200 A",
                ));
            }
        };
        let per_second = load.parse().ok().filter(|load: &f64| *load >= 0.0 && load.is_finite());
        let per_second = per_second.ok_or_else(|| unreadable("the second word is no number of commands a second"))?;
        if pairs.iter().any(|pair| pair.symbol == symbol) {
            return Err(unreadable("the pair is there twice"));
        }
        if pairs.len() == MAXIMUM_LINES {
            return Err(unreadable("more pairs than a deployment may have"));
        }
        pairs.push(PairLine { symbol: symbol.to_owned(), per_second, cluster });
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_what_is_wrong_is_told_with_its_line() {
        let pairs = read_pairs("f", "# today\nBTC/USDT 1200 A\n\nETH/USDT,300.5\n").expect("sound");
        let pair = |symbol: &str, per_second, cluster: Option<&str>| PairLine {
            symbol: symbol.to_owned(),
            per_second,
            cluster: cluster.map(str::to_owned),
        };
        assert_eq!(pairs, [pair("BTC/USDT", 1_200.0, Some("A")), pair("ETH/USDT", 300.5, None)]);
        for (text, problem) in [
            ("A/B", "f, line 1: a line is a pair"),
            ("A/B 1 X 2", "f, line 1: a line is a pair"),
            ("A/B -1", "f, line 1: the second word"),
            ("A/B NaN", "f, line 1: the second word"),
            ("A/B 1\nA/B 2", "f, line 2: the pair is there twice"),
        ] {
            let error = read_pairs("f", text).expect_err(text).to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}

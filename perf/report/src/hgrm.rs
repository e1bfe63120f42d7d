//! Distributions by percentiles as HdrHistogram's tools write and read them (`.hgrm`).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

/// Largest length of a file that is read, in bytes. A distribution of three digits has some ten kilobytes.
const MAXIMUM_LENGTH: u64 = 4 * 1024 * 1024;

/// Why a distribution could not be read.
#[derive(Debug, Error)]
pub(crate) enum HgrmError {
    /// The name leads out of the folder.
    #[error("{name}: no file name in the folder of the results")]
    Name {
        /// The name, as the results have it.
        name: String,
    },
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: no distribution by percentiles", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
}

/// A distribution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distribution {
    /// Shares of all values (0 to 1), and the value below which that share is; both grow.
    rows: Vec<(f64, f64)>,
}

impl Distribution {
    /// Reads the file of this name in a folder.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self, HgrmError> {
        let mut parts = Path::new(name).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            return Err(HgrmError::Name { name: name.to_owned() });
        }
        let path = folder.join(name);
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(MAXIMUM_LENGTH).read_to_string(&mut text));
        if let Err(source) = read {
            return Err(HgrmError::Io { path, source });
        }
        Self::parse(&text).ok_or(HgrmError::Format { path })
    }

    /// The distribution in a text. Lines begin with a value and its share of all; those of the head and with remarks do not.
    fn parse(text: &str) -> Option<Self> {
        let number = |word: Option<&str>| word?.parse::<f64>().ok().filter(|number| number.is_finite());
        let rows: Vec<(f64, f64)> = text
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (value, share) = (number(words.next())?, number(words.next())?);
                (value >= 0.0 && (0.0..=1.0).contains(&share)).then_some((share, value))
            })
            .collect();
        let is_sorted = rows.is_sorted_by(|one, two| one.0 <= two.0 && one.1 <= two.1);
        (!rows.is_empty() && is_sorted).then_some(Self { rows })
    }

    /// The value below which this share of all values is.
    pub(crate) fn value_at(&self, share: f64) -> f64 {
        let row = self.rows.iter().find(|row| row.0 >= share).or(self.rows.last());
        row.map_or(0.0, |row| row.1)
    }

    /// The shares below 1 that have rows.
    fn shares(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| row.0).filter(|share| *share < 1.0)
    }
}

/// A share, and the median, smallest and largest of the values that the rounds have there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    pub(crate) share: f64,
    pub(crate) median: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
}

/// The rounds of one measurement at this share.
pub(crate) fn row(rounds: &[Distribution], share: f64) -> Row {
    let values = rounds.iter().map(|round| round.value_at(share)).collect();
    let lugus_results::Spread { median, minimum, maximum, .. } = lugus_results::Spread::of(values);
    Row { share, median, minimum, maximum }
}

/// The rounds of one measurement at all shares that the first of them has rows for.
pub(crate) fn rows(rounds: &[Distribution]) -> Vec<Row> {
    rounds.first().map_or_else(Vec::new, |first| first.shares().map(|share| row(rounds, share)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n       1.000 0.000000000000          1           1.00\n\
                        5.000 0.500000000000          5           2.00\n    9.000 1.000000000000         10\n#[Mean = 1, x = 2]\n";

    #[test]
    fn rows_are_read_and_the_rest_is_skipped() {
        let distribution = Distribution::parse(TEXT).expect("a distribution");
        assert_eq!(distribution.rows, [(0.0, 1.0), (0.5, 5.0), (1.0, 9.0)]);
        assert_eq!([0.0, 0.4, 0.5, 0.99, 1.0].map(|share| distribution.value_at(share)), [1.0, 5.0, 5.0, 9.0, 9.0]);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for text in ["", "Value Percentile\n", "1 2\n", "2 0.5\n1 0.6\n", "NaN 0.5\n"] {
            assert_eq!(Distribution::parse(text), None, "{text:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let above = format!("{}/x.hgrm", "..");
        for name in [above.as_str(), "..", "/x.hgrm", "", ".", "a/b.hgrm"] {
            let read = Distribution::read(folder.path(), name);
            assert!(matches!(read, Err(HgrmError::Name { .. })), "{name}: {read:?}");
        }
        assert!(matches!(Distribution::read(folder.path(), "x.hgrm"), Err(HgrmError::Io { .. })));
    }

    #[test]
    fn rounds_give_their_median_and_their_range_at_each_share() {
        let round = |factor: f64| Distribution { rows: vec![(0.0, factor), (0.5, 5.0 * factor), (1.0, 9.0 * factor)] };
        let rows = rows(&[round(2.0), round(1.0), round(4.0)]);
        assert_eq!(rows.len(), 2, "the maximum has no place on an axis of percentiles");
        assert_eq!(rows[1], Row { share: 0.5, median: 10.0, minimum: 5.0, maximum: 20.0 });
    }
}

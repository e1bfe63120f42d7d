//! Arguments of the commands that list and replay what archives have recorded.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use lugus_vocabulary::EpochNanos;

use super::archived::ArchivedMembers;

/// `lugus recordings`.
#[derive(Debug, Args)]
pub struct Recordings {
    /// Whose recordings.
    #[command(flatten)]
    pub members: ArchivedMembers,
    /// What to tell of them; without it, they are listed.
    #[command(subcommand)]
    pub command: Option<RecordingsCommand>,
}

/// What to tell of recordings.
#[derive(Debug, Subcommand)]
pub enum RecordingsCommand {
    /// List the recordings.
    List {
        /// Whose recordings.
        #[command(flatten)]
        members: ArchivedMembers,
    },
    /// Read a whole recording, and tell what it has and whether it is damaged.
    Describe {
        /// Number of the recording.
        recording: i64,
        /// Whose recording.
        #[command(flatten)]
        members: ArchivedMembers,
    },
}

/// `lugus replay log`.
#[derive(Debug, Args)]
pub struct ReplayLog {
    /// Which part of whose log.
    #[command(flatten)]
    pub part: LogPart,
    /// Write each event of the engine to this file: as CSV if its name ends with `.csv`, else as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Show the book of this instrument, given as number or symbol, at the end.
    #[arg(long, value_name = "INSTRUMENT")]
    pub book: Option<String>,
    /// With --book: number of price levels of each side.
    #[arg(long, default_value_t = 10, requires = "book", value_parser = clap::value_parser!(u16).range(1..))]
    pub depth: u16,
    /// Keep the state in this file: where the replay ends or is interrupted (SIGINT, SIGTERM), its state is written there; if the
    /// file exists, the replay goes on from there.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to_cluster"])]
    pub resume: Option<PathBuf>,
    /// Send the log's commands to the running cluster of the deployment instead, and measure the answers. The cluster should be
    /// another one than the log's, with an empty book.
    #[arg(long, conflicts_with_all = ["events", "book", "resume", "pace"])]
    pub to_cluster: bool,
    /// With --to-cluster: rate and window.
    #[command(flatten)]
    pub sending: super::trading::Pace,
    /// With --to-cluster: files of the round trips.
    #[command(flatten)]
    pub hdr: super::trading::Hdr,
}

impl ReplayLog {
    /// What contradicts itself, if anything does.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let sends = self.sending.rate.is_some() || self.sending.take_over.take_over || self.hdr.folder.is_some();
        (sends && !self.to_cluster).then_some("--rate, --take-over and --hdr are for a replay --to-cluster")
    }
}

/// `lugus replay market-data`.
#[derive(Debug, Args)]
pub struct ReplayMarketData {
    /// Which part of whose log.
    #[command(flatten)]
    pub part: LogPart,
    /// File to write: as CSV if its name ends with `.csv`, else as JSON lines [default: JSON lines on standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only the increments of this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
}

/// Which part of a log is replayed, and how fast.
#[derive(Debug, Args)]
pub struct LogPart {
    /// Whose log.
    #[command(flatten)]
    pub members: ArchivedMembers,
    /// Begin after this log position, at this time, or at the newest `snapshot` [default: the oldest state that is kept]. The
    /// engine starts from the newest snapshot before, and applies what is between without telling it.
    #[arg(long, value_name = "POSITION|TIME|snapshot")]
    pub from: Option<LogPlace>,
    /// End after this log position or time [default: the end of the log; of a member that runs, what its service has applied].
    #[arg(long, value_name = "POSITION|TIME", value_parser = until)]
    pub until: Option<LogPlace>,
    /// How fast the log is applied.
    #[arg(long, value_enum, default_value = "full")]
    pub pace: LogPace,
}

/// How fast a log is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogPace {
    /// As fast as the engine applies it.
    Full,
    /// Each event at the time that it has in the log, from the first one on.
    Recorded,
}

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// A position, in bytes.
    Position(i64),
    /// A time of the log.
    Time(EpochNanos),
    /// The newest snapshot.
    NewestSnapshot,
}

impl FromStr for LogPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "snapshot" {
            return Ok(Self::NewestSnapshot);
        }
        if let Ok(position) = text.parse() {
            return if position >= 0 { Ok(Self::Position(position)) } else { Err("a position is not negative".into()) };
        }
        let nanos = text.strip_suffix("ns").and_then(|nanos| nanos.parse().ok()).or_else(|| utc(text));
        nanos.map(|nanos| Self::Time(EpochNanos(nanos))).ok_or_else(|| {
            String::from("write a log position, a time in UTC such as 2026-11-29T20:15:00.5Z, or nanoseconds since 1970 such as 1000ns")
        })
    }
}

fn until(text: &str) -> Result<LogPlace, String> {
    match text.parse()? {
        LogPlace::NewestSnapshot => Err(String::from("a replay ends at a log position or a time")),
        place => Ok(place),
    }
}

/// Nanoseconds since 1970 of a time in UTC as RFC 3339 writes it, with seconds and `Z`; without a time, the beginning of the day.
fn utc(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (whole, fraction) = time.strip_suffix('Z').map(|time| time.split_once('.').unwrap_or((time, "0")))?;
    let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
    let is_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|digit| digit.is_ascii_digit());
    let is_time = hour < 24 && minute < 60 && second < 60 && is_fraction;
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = is_time.then_some((days(year, month, day)? * 24 + hour) * 3_600 + minute * 60 + second)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// Three numbers of these lengths, with a character between them.
fn numbers(text: &str, between: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut numbers = [0; 3];
    for ((number, part), length) in numbers.iter_mut().zip(parts).zip(lengths) {
        if part.len() != length || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

/// Days from 1 January 1970 to a day of the Gregorian calendar, if there is such a day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    if year < 1970 || !(1..=lengths[month - 1]).contains(&day) {
        return None;
    }
    let before_year: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    Some(before_year + lengths[..month - 1].iter().sum::<i64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_log_are_positions_times_or_the_newest_snapshot() {
        let place = |text: &str| text.parse::<LogPlace>();
        assert_eq!(place("4096"), Ok(LogPlace::Position(4096)));
        assert_eq!(place("snapshot"), Ok(LogPlace::NewestSnapshot));
        for (text, nanos) in [
            ("7ns", 7),
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-02", 86_400_000_000_000),
            ("2024-02-29T12:30:15.25Z", 1_709_209_815_250_000_000),
            ("2026-11-29T20:15:00Z", 1_795_983_300_000_000_000),
        ] {
            assert_eq!(place(text), Ok(LogPlace::Time(EpochNanos(nanos))), "{text}");
        }
        for bad in
            ["-1", "", "x", "ns", "2023-02-29", "2024-13-01", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "24-1-1"]
        {
            assert!(place(bad).is_err(), "{bad}");
        }
        assert!(until("snapshot").is_err());
        assert_eq!(until("5"), Ok(LogPlace::Position(5)));
    }
}

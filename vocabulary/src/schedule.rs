//! The schedule of an instrument's day: when its state changes by itself.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::units::EpochNanos;
use crate::word::word;

const MILLISECONDS_A_DAY: u32 = 86_400_000;
const NANOS_A_MILLISECOND: i64 = 1_000_000;
const NANOS_A_DAY: i64 = MILLISECONDS_A_DAY as i64 * NANOS_A_MILLISECOND;

/// A time of the UTC day, in milliseconds since midnight. As text it is `HH:MM`, `HH:MM:SS` or `HH:MM:SS.mmm`.
///
/// It is kept as one more than the milliseconds, so that an optional one is no longer: a definition is a part of each command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(NonZeroU32);

impl TimeOfDay {
    /// The time that is this number of milliseconds after midnight; `None` if a day has fewer.
    pub const fn from_milliseconds(milliseconds: u32) -> Option<Self> {
        match NonZeroU32::new(milliseconds.saturating_add(1)) {
            Some(kept) if milliseconds < MILLISECONDS_A_DAY => Some(Self(kept)),
            _ => None,
        }
    }

    /// Milliseconds since midnight.
    pub const fn milliseconds(self) -> u32 {
        self.0.get() - 1
    }

    /// The first of these times after `now`; none after the end of time.
    fn after(self, now: EpochNanos) -> Option<EpochNanos> {
        let last = self.up_to(now);
        Some(EpochNanos(last.checked_add(NANOS_A_DAY)?))
    }

    /// The last of these times up to `now`, in nanoseconds.
    fn up_to(self, now: EpochNanos) -> i64 {
        let since_midnight = now.0.rem_euclid(NANOS_A_DAY);
        let time = i64::from(self.milliseconds()) * NANOS_A_MILLISECOND;
        let ago = (since_midnight - time).rem_euclid(NANOS_A_DAY);
        now.0.saturating_sub(ago)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, milliseconds) = (self.milliseconds() / 1_000, self.milliseconds() % 1_000);
        write!(formatter, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
        if milliseconds > 0 { write!(formatter, ".{milliseconds:03}") } else { Ok(()) }
    }
}

/// Text that is no [`TimeOfDay`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOfDayError(String);

impl fmt::Display for TimeOfDayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} is no time of a day: write HH:MM, HH:MM:SS or HH:MM:SS.mmm, in UTC", self.0)
    }
}

impl std::error::Error for TimeOfDayError {}

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let number = |digits: &str, length: usize, below: u32| {
            let is_number = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|&number| is_number && number < below)
        };
        let read = || {
            let (clock, part) = text.split_once('.').map_or((text, None), |(clock, part)| (clock, Some(part)));
            let mut fields = clock.split(':');
            let hours = number(fields.next()?, 2, 24)?;
            let minutes = number(fields.next()?, 2, 60)?;
            let seconds = match fields.next() {
                Some(seconds) => number(seconds, 2, 60)?,
                None if part.is_none() => 0,
                None => return None,
            };
            let milliseconds = part.map_or(Some(0), |part| number(part, 3, 1_000))?;
            let is_all = fields.next().is_none();
            let time = Self::from_milliseconds(((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds);
            time.filter(|_| is_all)
        };
        read().ok_or_else(|| TimeOfDayError(text.to_owned()))
    }
}

/// As text, such as `"08:50:00"`.
#[cfg(feature = "serde")]
impl serde::Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

word! {
    /// A phase of an instrument's day.
    DayPhase: u8 {
        /// Orders gather for the opening auction.
        OpeningAuction = 1,
        /// Trading is continuous.
        Continuous = 2,
        /// Orders gather for the closing auction.
        ClosingAuction = 3,
        /// Nothing trades until the next day's first phase.
        Closed = 4,
    }
}

word! {
    /// What becomes of orders at the end of an instrument's day.
    #[derive(Default)]
    AtDayEnd: u8 {
        /// They stay: the instrument is halted, and takes cancels only.
        #[default]
        Halt = 0,
        /// They are canceled: the instrument is closed.
        Close = 1,
    }
}

/// When an instrument's state changes by itself, each UTC day. A day may go over midnight. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct DailySchedule {
    /// When orders begin to gather for the opening auction.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub opening_auction: Option<TimeOfDay>,
    /// When continuous trading begins, after the opening auction if there is one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub continuous: Option<TimeOfDay>,
    /// When orders begin to gather for the closing auction.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub closing_auction: Option<TimeOfDay>,
    /// When the day ends, after the closing auction if there is one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub closed: Option<TimeOfDay>,
    /// What becomes of orders at the end of the day.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::json::is_default"))]
    pub at_day_end: AtDayEnd,
}

impl DailySchedule {
    /// No change.
    pub const NONE: Self = Self {
        opening_auction: None,
        continuous: None,
        closing_auction: None,
        closed: None,
        at_day_end: AtDayEnd::Halt,
    };

    /// Its changes.
    fn changes(&self) -> impl Iterator<Item = (TimeOfDay, DayPhase)> {
        [
            (self.opening_auction, DayPhase::OpeningAuction),
            (self.continuous, DayPhase::Continuous),
            (self.closing_auction, DayPhase::ClosingAuction),
            (self.closed, DayPhase::Closed),
        ]
        .into_iter()
        .filter_map(|(time, phase)| Some((time?, phase)))
    }

    /// Whether it fits together: an auction ends, and the phases follow each other in a day, which may go over midnight.
    pub fn is_sound(&self) -> bool {
        let times: Vec<TimeOfDay> = self.changes().map(|(time, _)| time).collect();
        let turns = (0..times.len()).filter(|&at| times[at] >= times[(at + 1) % times.len()]).count();
        let ends = (self.opening_auction.is_none() || self.continuous.is_some())
            && (self.closing_auction.is_none() || self.closed.is_some());
        ends && turns <= 1
    }

    /// When the next change after `now` is; `None` if there is none.
    pub fn next_change(&self, now: EpochNanos) -> Option<EpochNanos> {
        self.changes().filter_map(|(time, _)| time.after(now)).min()
    }

    /// The phase of the day at `now`; `None` without a schedule.
    pub fn phase(&self, now: EpochNanos) -> Option<DayPhase> {
        self.changes().max_by_key(|(time, _)| time.up_to(now)).map(|(_, phase)| phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> TimeOfDay {
        text.parse().expect("a time")
    }

    #[test]
    fn a_time_of_day_is_read_as_it_is_written() {
        for (text, milliseconds) in [("00:00:00", 0), ("08:50:00", 31_800_000), ("23:59:59.999", 86_399_999)] {
            assert_eq!((time(text).milliseconds(), time(text).to_string().as_str()), (milliseconds, text));
        }
        assert_eq!(time("08:50"), time("08:50:00"));
        for wrong in
            ["", "8:50", "24:00", "08:60", "08:50:60", "08:50.5", "08:50:00.5", "08:50:00:00", "-1:00", "+8:50"]
        {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_may_go_over_midnight() {
        let schedule = |times: [Option<&str>; 4]| {
            let [opening_auction, continuous, closing_auction, closed] = times.map(|text| text.map(time));
            DailySchedule { opening_auction, continuous, closing_auction, closed, at_day_end: AtDayEnd::Halt }
        };
        let night = schedule([Some("22:50"), Some("23:00"), Some("07:00"), Some("07:05")]);
        for sound in [
            DailySchedule::NONE,
            night,
            schedule([None, Some("08:00"), None, Some("16:00")]),
            schedule([None, Some("08:00"), None, None]),
        ] {
            assert!(sound.is_sound(), "{sound:?}");
        }
        for wrong in [
            schedule([Some("08:00"), None, None, Some("16:00")]),
            schedule([None, Some("08:00"), Some("15:00"), None]),
            schedule([Some("08:00"), Some("08:00"), None, None]),
            schedule([Some("08:00"), Some("10:00"), Some("09:00"), Some("11:00")]),
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
        let at = |days: i64, text: &str| {
            EpochNanos(days * NANOS_A_DAY + i64::from(time(text).milliseconds()) * NANOS_A_MILLISECOND)
        };
        for (now, phase, next) in [
            (at(5, "22:49"), DayPhase::Closed, at(5, "22:50")),
            (at(5, "22:50"), DayPhase::OpeningAuction, at(5, "23:00")),
            (at(5, "23:30"), DayPhase::Continuous, at(6, "07:00")),
            (at(6, "00:00"), DayPhase::Continuous, at(6, "07:00")),
            (at(-1, "07:04"), DayPhase::ClosingAuction, at(-1, "07:05")),
        ] {
            assert_eq!((night.phase(now), night.next_change(now)), (Some(phase), Some(next)));
        }
        assert_eq!((DailySchedule::NONE.phase(at(1, "00:00")), night.next_change(EpochNanos(i64::MAX))), (None, None));
    }
}

//! What happens to a participant's orders when its connection is lost.

use thiserror::Error;

use crate::units::ParticipantId;
use crate::word::word;

word! {
    /// Whether an order is canceled on disconnect, if its participant has asked for that. (FIX 18 calls the two
    /// "cancel on connection loss" and "reinstate on connection loss".)
    #[derive(Default)]
    OnDisconnect: u8 {
        /// The order is canceled.
        #[default]
        Cancel = 0,
        /// The order stays.
        Stay = 1,
    }
}

/// For how long a participant may have no session before its orders are canceled, in milliseconds of log time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u32", into = "u32"))]
pub struct GraceTime(u32);

impl GraceTime {
    /// No grace: orders are canceled at once.
    pub const NONE: Self = Self(0);

    /// The longest grace time: five minutes.
    pub const MAXIMUM: Self = Self(300_000);

    /// A grace time of this number of milliseconds; `None` above [`Self::MAXIMUM`].
    pub const fn from_milliseconds(milliseconds: u32) -> Option<Self> {
        if milliseconds <= Self::MAXIMUM.0 { Some(Self(milliseconds)) } else { None }
    }

    /// The number of milliseconds.
    pub const fn milliseconds(self) -> u32 {
        self.0
    }

    /// The number of nanoseconds.
    pub const fn nanoseconds(self) -> i64 {
        self.0 as i64 * 1_000_000
    }
}

impl std::fmt::Display for GraceTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl From<GraceTime> for u32 {
    fn from(grace: GraceTime) -> Self {
        grace.0
    }
}

impl TryFrom<u32> for GraceTime {
    type Error = GraceTimeTooLong;

    fn try_from(milliseconds: u32) -> Result<Self, GraceTimeTooLong> {
        Self::from_milliseconds(milliseconds).ok_or(GraceTimeTooLong(milliseconds))
    }
}

/// The number of milliseconds is above [`GraceTime::MAXIMUM`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a grace time of {0} ms: the longest is {maximum}", maximum = GraceTime::MAXIMUM)]
pub struct GraceTimeTooLong(pub u32);

/// A participant that had asked for cancel on disconnect is connected no more, or is connected again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum ConnectionChange {
    /// The participant's last session has closed, or timed out.
    Disconnect {
        /// The participant.
        participant: ParticipantId,
        /// For how long its orders stay.
        grace_milliseconds: GraceTime,
    },
    /// The participant has a session again.
    Connect {
        /// The participant.
        participant: ParticipantId,
    },
}

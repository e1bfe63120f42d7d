//! What kinds of commands a synthetic flow has, and how many of each.

use std::fmt;
use std::str::FromStr;

/// A mix of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mix {
    /// That of a market: mostly orders that are canceled, and some trades.
    #[default]
    Market,
    /// That of market makers: orders that rest, and are mostly replaced. Hardly anything trades.
    Quotes,
    /// That of an execution: about every second order trades at once.
    Trades,
}

/// A name that no mix has.
#[derive(Debug, thiserror::Error)]
#[error("a mix of commands is one of market, quotes and trades")]
pub struct UnknownMix;

/// Weights of the kinds of commands while the number of resting orders is as intended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// A limit order that mostly rests.
    pub(super) new: u64,
    pub(super) cancel: u64,
    pub(super) replace: u64,
    /// An order that trades at once, with a limit.
    pub(super) immediate: u64,
    /// An order that trades at once, without a limit.
    pub(super) market: u64,
    /// A cancel of an order that has ended.
    pub(super) too_late: u64,
}

impl Mix {
    /// All mixes.
    pub const ALL: [Self; 3] = [Self::Market, Self::Quotes, Self::Trades];

    pub(super) fn weights(self) -> Weights {
        match self {
            Self::Market => Weights { new: 470, cancel: 345, replace: 130, immediate: 40, market: 10, too_late: 5 },
            Self::Quotes => Weights { new: 100, cancel: 95, replace: 800, immediate: 0, market: 0, too_late: 5 },
            Self::Trades => Weights { new: 520, cancel: 20, replace: 5, immediate: 400, market: 50, too_late: 5 },
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Market => "market",
            Self::Quotes => "quotes",
            Self::Trades => "trades",
        })
    }
}

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(name: &str) -> Result<Self, UnknownMix> {
        Self::ALL.into_iter().find(|mix| mix.to_string() == name).ok_or(UnknownMix)
    }
}

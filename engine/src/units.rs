//! The units of the engine, as types: a number crosses a border only with its unit.

/// A price in ticks of its instrument. Any `i64` is a price; the instrument's limits say which are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Price(pub i64);

/// A quantity in lots of its instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Quantity(pub u64);

/// Log time: nanoseconds since 1 January 1970 UTC, as the log's entries carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct EpochNanos(pub i64);

/// Who sends commands and gets events: who authenticated at session connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ParticipantId(pub u32);

impl ParticipantId {
    /// The operator: defines instruments, sets states and limits.
    pub const OPERATOR: Self = Self(0);
}

/// A traded pair with its trade type, within the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// No instrument: the scope of what concerns a participant as such.
    pub const NONE: Self = Self(0);
}

/// The engine's number of an order, by one from 1 in its instrument, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct OrderId(pub u64);

/// The participant's number of an order; unique among its live orders in an instrument. 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ClientOrderId(pub u64);

/// Number of a trade in its instrument, from 1, by one; both sides of the trade have the same. 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct TradeId(pub u64);

/// Number of a command in its scope, from 1, by one. 0 answers no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ClientSequence(pub u64);

/// Number of an event in its scope, from 1, without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct EventSequence(pub u64);

/// Number of a market-data increment in its instrument, from 1, without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MarketDataSequence(pub u64);

/// A hash of all that happened to an instrument, or to all: equal on every member that applied the same log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct StateHash(pub u64);

/// Number of a partition map: from 1, by one with each change of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MapEpoch(pub u64);

/// Number of a move of an instrument between clusters: the epoch of the map in which it began, so later ones are higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MigrationId(pub u64);

impl MigrationId {
    /// The first map that can say how the move went.
    pub(crate) fn next_map(self) -> MapEpoch {
        MapEpoch(self.0.saturating_add(1))
    }
}

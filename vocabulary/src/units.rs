//! Prices, quantities, identifiers, sequences and times as types of their own: a number never crosses a border without
//! its unit.

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        #[repr(transparent)]
        pub struct $name(pub $number);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

unit! {
    /// A price in ticks of its instrument. The engine takes any `i64`, within the instrument's own limits; on the wire
    /// `i64::MIN` is SBE's null and means no price.
    Price(i64)
}
unit! {
    /// A quantity in lots of its instrument.
    Quantity(u64)
}
unit! {
    /// Log time: nanoseconds since 1 January 1970 UTC, as the log's entries carry it.
    EpochNanos(i64)
}
unit! {
    /// A participant: who authenticated when the session was opened, sends commands and receives events.
    ParticipantId(u32)
}
unit! {
    /// An instrument: a traded pair with its type. The number is unique in a deployment and stays when the instrument
    /// moves to another cluster.
    InstrumentId(u32)
}
unit! {
    /// The engine's number of an order: ascending by one from 1 in its instrument, never used twice. 0 means no order.
    OrderId(u64)
}
unit! {
    /// The participant's number of an order, unique among the participant's live orders in an instrument. 0 means none.
    ClientOrderId(u64)
}
unit! {
    /// An opaque number that a participant gives an order, echoed in all reports of the order (as FIX's Text 58 is used, but
    /// binary). 0 means none.
    ClientTag(u64)
}
unit! {
    /// The participant's number of a mass quote (FIX 117). 0 means none.
    QuoteId(u64)
}
unit! {
    /// Number of a trade: ascending by one from 1 in its instrument, the same for both sides. 0 means no trade.
    TradeId(u64)
}
unit! {
    /// Number of a command in its scope (participant, instrument): ascending by one from 1. 0 means no command.
    ClientSequence(u64)
}
unit! {
    /// Number of an event in its scope (participant, instrument): from 1, without a gap.
    EventSequence(u64)
}
unit! {
    /// Number of a market-data increment in its instrument: from 1, without a gap, also when another member becomes leader.
    MarketDataSequence(u64)
}
unit! {
    /// Hash over all that happened to an instrument, or to all of them: equal on every member that applied the same log.
    StateHash(u64)
}
unit! {
    /// Position in a cluster's log, in bytes from its beginning.
    LogPosition(i64)
}
unit! {
    /// Number of a partition map: from 1, ascending by one with each change of the map.
    MapEpoch(u64)
}
unit! {
    /// Number of an instrument's move between clusters: the epoch of the map in which the move began, so later moves
    /// have higher numbers.
    MigrationId(u64)
}
unit! {
    /// A cluster: one Raft group, which trades a part of the instruments (`aeron.cluster.id`).
    ClusterId(i32)
}
unit! {
    /// A member of a cluster, by its number in the cluster (`aeron.cluster.member.id`).
    MemberId(i32)
}

impl ParticipantId {
    /// The operator: defines instruments, sets states and limits.
    pub const OPERATOR: Self = Self(0);
}

impl InstrumentId {
    /// No instrument. With it, (participant, instrument) is the *participant scope*: that of a participant's limits and
    /// kill switch, and of the operator's definitions.
    pub const NONE: Self = Self(0);
}

impl ClientSequence {
    /// No command: an event that answers none has this number.
    pub const NONE: Self = Self(0);
}

impl MigrationId {
    /// The first partition map that can tell how this migration went on.
    pub const fn next_map(self) -> MapEpoch {
        MapEpoch(self.0.saturating_add(1))
    }

    /// Number under which the new cluster takes in what is copied ahead of this migration's fence. No migration of the
    /// instrument has it, as maps follow each other by one and a migration takes at least two. So what is copied ahead can be
    /// given up, and messages about it that come late are known as such, without an end of the migration itself.
    #[must_use]
    pub const fn ahead(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

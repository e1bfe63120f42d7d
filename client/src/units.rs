//! The units of orders and events, as types: a number crosses the SDK's border only with its unit.

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct $name(pub $number);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

unit! {
    /// A price in ticks of its instrument. `i64::MIN` cannot be told from no price on the wire, and is none.
    Price(i64)
}
unit! {
    /// A quantity in lots of its instrument.
    Quantity(u64)
}
unit! {
    /// Log time: nanoseconds since 1 January 1970 UTC.
    EpochNanos(i64)
}
unit! {
    /// Who sends commands and gets events: who authenticated at session connect. 0 is the operator.
    ParticipantId(u32)
}
unit! {
    /// A traded pair with its trade type, within the deployment. 0 is none: the scope of what concerns a participant as
    /// such.
    InstrumentId(u32)
}
unit! {
    /// The engine's number of an order, by one from 1 in its instrument. 0 is none.
    OrderId(u64)
}
unit! {
    /// The participant's number of an order; unique among its live orders in an instrument. 0 is none.
    ClientOrderId(u64)
}
unit! {
    /// Number of a trade in its instrument, from 1, by one; both sides of the trade have the same. 0 is none.
    TradeId(u64)
}
unit! {
    /// Number of a command among those that this session sent of its instrument, from 1, by one. 0 is none of them: an
    /// event that answers no command, or one of an earlier session's.
    ///
    /// The number on the wire is larger by what the participant had sent before this session
    /// ([`TradingSession::sequence_offset`](crate::TradingSession::sequence_offset)).
    ClientSequence(u64)
}
unit! {
    /// Number of an event in its scope (participant, instrument), from 1, without a gap; the same as on the wire.
    EventSequence(u64)
}

impl ParticipantId {
    /// The operator: defines instruments, sets states and limits.
    pub const OPERATOR: Self = Self(0);
}

impl InstrumentId {
    /// No instrument: the scope of what concerns a participant as such.
    pub const NONE: Self = Self(0);
}

impl ClientSequence {
    /// No command of this session.
    pub const NONE: Self = Self(0);
}

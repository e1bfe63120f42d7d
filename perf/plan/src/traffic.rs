//! What a command is on average: bytes in the log, events, messages of market data. `tests/traffic.rs` compares the constants with flows
//! through a real engine and the real codecs.

use serde::Serialize;

use crate::error::{PlanError, out_of_range};

/// Length of the header of a frame in Aeron's streams, to whose multiples frames are padded (`DataHeaderFlyweight.HEADER_LENGTH`).
pub const FRAME: usize = 32;

/// Length of what Aeron Cluster puts before a client's message, in the log and in the egress: its SBE header and block (`SessionMessageHeader`).
pub const SESSION_HEADER: usize = 32;

/// Length of a message in a stream of the cluster: with both headers, padded.
pub const fn in_stream(message: usize) -> usize {
    (FRAME + SESSION_HEADER + message).next_multiple_of(FRAME)
}

/// The mean command of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Traffic {
    /// Bytes of a command in the log, frame and headers included.
    pub log_bytes: f64,
    /// Events told to participants.
    pub events: f64,
    /// Bytes of those events in the egress.
    pub egress_bytes: f64,
    /// Share of the events that need a trade detail where they are kept.
    pub detail_share: f64,
    /// Trades.
    pub trades: f64,
    /// Bytes of market data to each listener, frames included.
    pub market_data_bytes: f64,
}

impl Traffic {
    /// A market's: mostly orders that are canceled, and some trades. (`Mix::Market` of `lugus-replay`.)
    pub const MARKET: Self = Self {
        log_bytes: 138.9,
        events: 1.367,
        egress_bytes: 305.6,
        detail_share: 0.334,
        trades: 0.182,
        market_data_bytes: 175.9,
    };
    /// That of market makers: orders that are mostly replaced. (`Mix::Quotes`.)
    pub const QUOTES: Self = Self {
        log_bytes: 154.0,
        events: 1.114,
        egress_bytes: 248.3,
        detail_share: 0.466,
        trades: 0.057,
        market_data_bytes: 196.6,
    };
    /// That of an execution: about every second order trades at once. (`Mix::Trades`.)
    pub const TRADES: Self = Self {
        log_bytes: 158.2,
        events: 2.61,
        egress_bytes: 584.2,
        detail_share: 0.619,
        trades: 0.779,
        market_data_bytes: 211.3,
    };

    /// The traffic of a mix by its name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "market" => Some(Self::MARKET),
            "quotes" => Some(Self::QUOTES),
            "trades" => Some(Self::TRADES),
            _ => None,
        }
    }

    /// The same traffic in sessions with keys, whose commands carry a tag.
    #[must_use]
    pub fn with_tags(self, tag_length: usize) -> Self {
        Self { log_bytes: self.log_bytes + tag_length as f64, ..self }
    }

    /// Whether the numbers are possible ones.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), PlanError> {
        let Self { log_bytes, events, egress_bytes, detail_share, trades, market_data_bytes } = *self;
        for (name, value) in [
            ("the events of a command", events),
            ("the egress of a command, in bytes", egress_bytes),
            ("the trades of a command", trades),
            ("the market data of a command, in bytes", market_data_bytes),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(out_of_range(name, value, "0 or more"));
            }
        }
        if !(0.0..=1.0).contains(&detail_share) {
            return Err(out_of_range("the share of events with a trade detail", detail_share, "from 0 to 1"));
        }
        if log_bytes >= in_stream(0) as f64 && log_bytes.is_finite() {
            Ok(())
        } else {
            Err(out_of_range("the length of a command in the log, in bytes", log_bytes, "64 or more"))
        }
    }
}

//! `[engine]`: limits of the matching engine. Members of one cluster must agree on them.

use serde::{Deserialize, Serialize};

/// `[engine]`: limits of the matching engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Engine {
    /// Number of events that the engine keeps for each (participant, instrument), to answer repeated commands and clients that
    /// reconnect.
    pub retained_events: u32,
    /// Number of newest events of each firm that the engine keeps, for those who follow the firm.
    pub retained_firm_events: u32,
    /// Number of newest trades of each instrument that the operator can still cancel or correct.
    pub retained_trades: u32,
    /// Greatest number of open orders, of all instruments together.
    pub maximum_open_orders: u32,
    /// Greatest number of participants that may ever send a command.
    pub maximum_participants: u32,
    /// Greatest number of instruments.
    pub maximum_instruments: u32,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            retained_events: 4_096,
            retained_firm_events: 16_384,
            retained_trades: 4_096,
            maximum_open_orders: 262_144,
            maximum_participants: 1_024,
            maximum_instruments: 256,
        }
    }
}

impl Engine {
    /// All limits, each with its key.
    pub(crate) fn each(&self) -> [(&'static str, u32); 6] {
        [
            ("retained_events", self.retained_events),
            ("retained_firm_events", self.retained_firm_events),
            ("retained_trades", self.retained_trades),
            ("maximum_open_orders", self.maximum_open_orders),
            ("maximum_participants", self.maximum_participants),
            ("maximum_instruments", self.maximum_instruments),
        ]
    }
}

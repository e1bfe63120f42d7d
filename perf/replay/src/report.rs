//! The figures of a replay: JSON for scripts, a table for people.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

/// The figures of a replay. Commands before the flow's first one (definitions) count only in `lost` and `duplicated`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// Name of the flow.
    pub flow: String,
    /// Largest number of outstanding commands.
    pub window: u32,
    /// Target rate in commands a second; absent at full speed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_rate: Option<u32>,
    /// Number of commands sent.
    pub commands: u64,
    /// Number of commands answered.
    pub answered: u64,
    /// Number of commands answered with a rejection.
    pub rejected: u64,
    /// Number of events received.
    pub events: u64,
    /// Number of fills, each of a resting and an incoming order.
    pub fills: u64,
    /// Number of trades that the exchange itself reported.
    pub exchange_trades: u64,
    /// Number of these trades that filled the same resting orders with the same quantities here, in any order.
    pub reproduced: u64,
    /// Number of the reproduced trades whose fills also came in the order in which the exchange lists them.
    pub in_same_order: u64,
    /// Number of the exchange's trades whose price was the best price here too.
    pub at_best_price: u64,
    /// Median round trip in microseconds, from when a command was due to its answer.
    pub p50_us: f64,
    /// 99th percentile of the round trips, in microseconds.
    pub p99_us: f64,
    /// 99.9th percentile of the round trips, in microseconds.
    pub p999_us: f64,
    /// Longest round trip, in microseconds.
    pub max_us: f64,
    /// Time from the first command to the last answer, in seconds.
    pub elapsed_s: f64,
    /// Answers a second.
    pub rate: f64,
    /// Number of commands never answered and of events never received.
    pub lost: u64,
    /// Number of the lost commands that the client reported as given up.
    pub given_up: u64,
    /// Number of answers and events received more than once.
    pub duplicated: u64,
    /// Number of changes of the leader.
    pub leader_changes: u64,
}

impl ReplayReport {
    /// Whether every command was answered exactly once and every event was received exactly once.
    pub fn is_exactly_once(&self) -> bool {
        self.commands == self.answered && self.lost == 0 && self.duplicated == 0
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pace = match self.target_rate {
            Some(rate) => format!("{} a second, at most {} outstanding", count(u64::from(rate)), self.window),
            None => format!("full speed, at most {} outstanding", self.window),
        };
        let mut rows = vec![
            ("flow", self.flow.clone()),
            ("pace", pace),
            ("commands", count(self.commands)),
            ("answered", format!("{}, {} of them with a rejection", count(self.answered), count(self.rejected))),
            ("lost, duplicated", format!("{}, {}", count(self.lost), count(self.duplicated))),
            ("events", count(self.events)),
            ("fills", count(self.fills)),
        ];
        if self.exchange_trades > 0 {
            rows.push(("exchange's trades", count(self.exchange_trades)));
            rows.push(("  same resting orders", share(self.reproduced, self.exchange_trades)));
            rows.push(("  and in the same order", share(self.in_same_order, self.exchange_trades)));
            rows.push(("  at our best price", share(self.at_best_price, self.exchange_trades)));
        }
        let round_trip = [self.p50_us, self.p99_us, self.p999_us, self.max_us].map(|micros| format!("{micros:.1}"));
        rows.push(("round trip, us: p50, p99, p99.9, max", round_trip.join(", ")));
        rows.push(("elapsed", format!("{:.3} s", self.elapsed_s)));
        rows.push(("answers a second", count(self.rate as u64)));
        if self.given_up > 0 {
            rows.push(("given up by the client", count(self.given_up)));
        }
        if self.leader_changes > 0 {
            rows.push(("new leaders", count(self.leader_changes)));
        }

        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        for (name, value) in rows {
            table.add_row([name.to_owned(), value]);
        }
        if let Some(column) = table.column_mut(0) {
            column.set_cell_alignment(CellAlignment::Left);
        }
        write!(f, "{}", table.trim_fmt())
    }
}

fn share(part: u64, whole: u64) -> String {
    format!("{} ({:.1} %)", count(part), part as f64 * 100.0 / whole as f64)
}

/// A number with commas between its thousands.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> ReplayReport {
        ReplayReport {
            flow: "a flow".to_owned(),
            window: 16,
            target_rate: None,
            commands: 1_234_567,
            answered: 1_234_566,
            rejected: 3,
            events: 2_000_000,
            fills: 999,
            exchange_trades: 2_972,
            reproduced: 2_945,
            in_same_order: 2_914,
            at_best_price: 2_972,
            p50_us: 12.34,
            p99_us: 56.0,
            p999_us: 78.0,
            max_us: 90.0,
            elapsed_s: 1.5,
            rate: 823_044.0,
            lost: 1,
            given_up: 0,
            duplicated: 0,
            leader_changes: 0,
        }
    }

    #[test]
    fn the_json_has_the_documented_keys() {
        let json = serde_json::to_value(report()).unwrap();
        let names = ["commands", "fills", "exchange_trades", "reproduced", "p50_us", "p99_us", "p999_us", "lost"];
        assert!(names.iter().all(|name| json[name].is_number()), "{json}");
        assert_eq!(serde_json::from_value::<ReplayReport>(json).unwrap(), report());
    }

    #[test]
    fn the_text_has_what_was_lost_and_how_near_the_exchange_the_trades_are() {
        let table = report().to_string();
        for part in ["1,234,567", "1,234,566, 3 of them", "2,945 (99.1 %)", "12.3, 56.0, 78.0, 90.0", "full speed"] {
            assert!(table.contains(part), "'{part}' in\n{table}");
        }
        let synthetic = ReplayReport { exchange_trades: 0, ..report() }.to_string();
        assert!(!synthetic.contains("exchange"), "{synthetic}");
    }

    #[test]
    fn exactly_once_is_all_or_nothing() {
        let sound = ReplayReport { answered: 1_234_567, lost: 0, ..report() };
        assert!(sound.is_exactly_once());
        assert!(!report().is_exactly_once());
        assert!(!ReplayReport { duplicated: 1, ..sound.clone() }.is_exactly_once());
        assert!(!ReplayReport { lost: 1, ..sound }.is_exactly_once());
    }
}

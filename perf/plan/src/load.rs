//! What is asked: the load that a deployment shall carry.

use lugus_topology::MAXIMUM_MEMBERS;
use serde::Serialize;

use crate::error::{PlanError, out_of_range};
use crate::traffic::Traffic;

/// Greatest rate that may be asked for, in commands a second: far above what any machine carries, and exact in a float.
pub const MAXIMUM_RATE: f64 = 1e9;

/// Greatest number of pairs, sessions, participants, orders and listeners.
const MAXIMUM_COUNT: u32 = 1 << 26;

/// Where members run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// All members of all clusters, and the clients that were measured, share one machine.
    OneMachine,
    /// Each member has a machine of its own, like the one that was measured.
    MachineEach,
}

/// A pair, and its part of all commands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairLoad {
    /// `BASE/QUOTE`.
    pub symbol: String,
    /// Commands a second at the peak.
    pub per_second: f64,
}

/// The load. [`Load::check`] says whether it is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// Commands a second at the peak, of all pairs together.
    pub peak_per_second: f64,
    /// Commands a second as the mean of a day.
    pub mean_per_second: f64,
    /// Number of commands that arrive at once; 1 if they come evenly.
    pub burst: u32,
    /// What a command is on average.
    pub traffic: Traffic,
    /// Number of participants.
    pub participants: u32,
    /// Number of firms that the participants belong to.
    pub firms: u32,
    /// Number of sessions at the same time.
    pub sessions: u32,
    /// Number of client processes: sessions of one process share its streams.
    pub clients: u32,
    /// The pairs and the load of each; their sum is the peak.
    pub pairs: Vec<PairLoad>,
    /// Number of pairs that a participant trades, on average.
    pub pairs_of_a_participant: f64,
    /// Open orders of all pairs together.
    pub open_orders: u32,
    /// Share of the open orders with terms: icebergs, stop orders, orders that expire.
    pub terms_share: f64,
    /// Number of listeners to market data on other drivers than a member's.
    pub listeners: u32,
    /// Events that a scope has been told of, of which the newest `engine.retained_events` are kept; `None` for as many as are kept.
    pub events_of_a_scope: Option<u64>,
    /// Members of each cluster.
    pub members: u16,
    /// Where members run.
    pub layout: Layout,
    /// Longest round trip that 99 of 100 commands may take, in microseconds.
    pub target_p99_us: Option<f64>,
}

impl Load {
    /// A load with this peak: one client with one session, two participants for each of its two pairs, and a mean of a tenth.
    pub fn of_peak(peak_per_second: f64) -> Self {
        Self {
            peak_per_second,
            mean_per_second: peak_per_second / 10.0,
            burst: 1,
            traffic: Traffic::MARKET,
            participants: 4,
            firms: 0,
            sessions: 4,
            clients: 1,
            pairs: even_pairs(2, peak_per_second),
            pairs_of_a_participant: 2.0,
            open_orders: 10_000,
            terms_share: 0.0,
            listeners: 0,
            events_of_a_scope: None,
            members: 3,
            layout: Layout::OneMachine,
            target_p99_us: None,
        }
    }

    /// Number of scopes: pairs of participant and instrument in which somebody trades, and the participant scopes.
    pub fn scopes(&self) -> u64 {
        (f64::from(self.participants) * self.pairs_of_a_participant).ceil() as u64
    }

    /// The same load with another rate: peak, mean and pairs change by the same factor.
    #[must_use]
    pub fn at(&self, peak_per_second: f64) -> Self {
        let factor = if self.peak_per_second > 0.0 { peak_per_second / self.peak_per_second } else { 0.0 };
        let pairs = self.pairs.iter().map(|pair| PairLoad { per_second: pair.per_second * factor, ..pair.clone() });
        Self { peak_per_second, mean_per_second: self.mean_per_second * factor, pairs: pairs.collect(), ..self.clone() }
    }

    /// Whether all numbers are in their ranges, and fit each other.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn check(&self) -> Result<(), PlanError> {
        rate("the peak, in commands a second", self.peak_per_second)?;
        rate("the mean, in commands a second", self.mean_per_second)?;
        if self.mean_per_second > self.peak_per_second {
            return Err(PlanError::Contradiction {
                one: format!("a mean of {} commands a second", self.mean_per_second),
                other: format!("a peak of {}", self.peak_per_second),
                why: "a mean is never above its peak",
            });
        }
        for (name, count) in [
            ("the burst, in commands", self.burst),
            ("the number of participants", self.participants),
            ("the number of sessions", self.sessions),
            ("the number of client processes", self.clients),
            ("the number of pairs", self.pairs.len() as u32),
        ] {
            within(name, count, 1)?;
        }
        within("the number of open orders", self.open_orders, 0)?;
        within("the number of firms", self.firms, 0)?;
        within("the number of listeners", self.listeners, 0)?;
        if !(1..=MAXIMUM_MEMBERS).contains(&usize::from(self.members)) {
            return Err(out_of_range("the number of members", self.members, "from 1 to 9"));
        }
        if self.clients > self.sessions {
            return Err(PlanError::Contradiction {
                one: format!("{} client processes", self.clients),
                other: format!("{} sessions", self.sessions),
                why: "a client process has a session at least",
            });
        }
        if !(self.pairs_of_a_participant > 0.0 && self.pairs_of_a_participant <= self.pairs.len() as f64) {
            return Err(PlanError::Contradiction {
                one: format!("{} pairs that a participant trades", self.pairs_of_a_participant),
                other: format!("{} pairs in all", self.pairs.len()),
                why: "a participant trades some of them, and none twice",
            });
        }
        if !(0.0..=1.0).contains(&self.terms_share) {
            return Err(out_of_range("the share of orders with terms", self.terms_share, "from 0 to 1"));
        }
        if let Some(target) = self.target_p99_us.filter(|target| !(*target > 0.0 && target.is_finite())) {
            return Err(out_of_range("the target p99, in microseconds", target, "above 0"));
        }
        self.traffic.check()?;
        let sum: f64 = self.pairs.iter().map(|pair| pair.per_second).sum();
        if self.pairs.iter().any(|pair| pair.per_second.is_nan() || pair.per_second < 0.0)
            || (sum / self.peak_per_second - 1.0).abs() > 1e-6
        {
            return Err(PlanError::Contradiction {
                one: format!("pairs with {sum} commands a second together"),
                other: format!("a peak of {}", self.peak_per_second),
                why: "the loads of the pairs add up to the peak",
            });
        }
        Ok(())
    }
}

/// `count` pairs with equal loads, whose names are made up.
pub fn even_pairs(count: u32, peak_per_second: f64) -> Vec<PairLoad> {
    weighted_pairs(count, peak_per_second, |_| 1.0)
}

/// `count` pairs of which the second has half of the first one's load, the third a third of it, and so on.
pub fn falling_pairs(count: u32, peak_per_second: f64) -> Vec<PairLoad> {
    weighted_pairs(count, peak_per_second, |nth| 1.0 / f64::from(nth + 1))
}

fn weighted_pairs(count: u32, peak_per_second: f64, weight: fn(u32) -> f64) -> Vec<PairLoad> {
    let all: f64 = (0..count).map(weight).sum();
    let pair = |nth| PairLoad { symbol: made_up(nth), per_second: peak_per_second * weight(nth) / all };
    (0..count).map(pair).collect()
}

/// A name for a pair that has none: `BTC/USDT`, `ETH/USDT`, and then numbered ones.
fn made_up(nth: u32) -> String {
    const KNOWN: [&str; 4] = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"];
    KNOWN.get(nth as usize).map_or_else(|| format!("P{nth}/USDT"), |name| (*name).to_owned())
}

fn rate(name: &'static str, value: f64) -> Result<(), PlanError> {
    if value > 0.0 && value <= MAXIMUM_RATE {
        Ok(())
    } else {
        Err(out_of_range(name, value, "above 0, and at most 1e9"))
    }
}

fn within(name: &'static str, value: u32, least: u32) -> Result<(), PlanError> {
    let range = if least == 0 { "from 0 to 67108864" } else { "from 1 to 67108864" };
    if (least..=MAXIMUM_COUNT).contains(&value) { Ok(()) } else { Err(out_of_range(name, value, range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&mut Load)) -> String {
        let mut load = Load::of_peak(10_000.0);
        load.check().expect("sound");
        change(&mut load);
        load.check().expect_err("a contradiction").to_string()
    }

    #[test]
    fn contradictions_are_told() {
        assert!(refused(|load| *load = load.at(0.0)).contains("the peak, in commands a second is 0"));
        assert!(refused(|load| load.peak_per_second = f64::NAN).contains("above 0"));
        assert!(refused(|load| load.mean_per_second = 20_000.0).contains("never above its peak"));
        assert!(refused(|load| load.burst = 0).contains("the burst"));
        assert!(refused(|load| load.members = 0).contains("from 1 to 9"));
        assert!(refused(|load| load.members = 10).contains("from 1 to 9"));
        assert!(refused(|load| load.clients = 5).contains("a session at least"));
        assert!(refused(|load| load.pairs_of_a_participant = 3.0).contains("none twice"));
        assert!(refused(|load| load.pairs[0].per_second *= 2.0).contains("add up"));
        assert!(refused(|load| load.target_p99_us = Some(0.0)).contains("target"));
        assert!(refused(|load| load.pairs.clear()).contains("number of pairs"));
    }

    #[test]
    fn pairs_share_the_peak() {
        let pairs = falling_pairs(3, 1_100.0);
        let loads: Vec<f64> = pairs.iter().map(|pair| pair.per_second.round()).collect();
        assert_eq!(loads, [600.0, 300.0, 200.0]);
        let names: Vec<_> = even_pairs(6, 1.0).into_iter().map(|pair| pair.symbol).collect();
        assert_eq!(names[3..], ["XRP/USDT", "P4/USDT", "P5/USDT"]);
    }
}

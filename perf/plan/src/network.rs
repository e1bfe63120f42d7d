//! Network of a leader, which has the most: commands in, log to the followers, events to clients, market data to listeners.

use serde::Serialize;

use crate::load::Load;

/// Bytes of Ethernet, IP and UDP before a datagram (14 and 4, 20, 8), without preamble and gap.
const DATAGRAM: f64 = 46.0;

/// Bytes of Aeron's status messages and of Aeron Cluster's `AppendPosition` and `CommitPosition` for each follower, in a second: some hundred
/// messages of less than 128 bytes, whatever the load.
const FOLLOWER_CONTROL: f64 = 200.0 * 128.0;

/// Bytes a second at the peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Network {
    /// What the leader receives.
    pub received_per_second: f64,
    /// What the leader sends to followers.
    pub to_followers_per_second: f64,
    /// What it sends to clients as answers.
    pub to_clients_per_second: f64,
    /// What it sends to listeners to market data.
    pub to_listeners_per_second: f64,
    /// Bytes that a leader sends in a day, at the day's mean.
    pub sent_per_day: f64,
}

impl Network {
    /// What the leader sends.
    pub fn sent_per_second(&self) -> f64 {
        self.to_followers_per_second + self.to_clients_per_second + self.to_listeners_per_second
    }

    /// The network of a leader with this load. Each message is taken to have a datagram of its own, which is the most.
    pub fn of(load: &Load) -> Self {
        let at = |rate: f64| {
            let traffic = &load.traffic;
            let followers = f64::from(load.members.saturating_sub(1));
            Self {
                received_per_second: rate * (traffic.log_bytes + DATAGRAM) + followers * FOLLOWER_CONTROL,
                to_followers_per_second: followers * (rate * (traffic.log_bytes + DATAGRAM) + FOLLOWER_CONTROL),
                to_clients_per_second: rate * (traffic.egress_bytes + traffic.events * DATAGRAM),
                to_listeners_per_second: f64::from(load.listeners) * rate * (traffic.market_data_bytes + DATAGRAM),
                sent_per_day: 0.0,
            }
        };
        Self { sent_per_day: at(load.mean_per_second).sent_per_second() * 86_400.0, ..at(load.peak_per_second) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_follower_and_each_listener_gets_all_of_it() {
        let of = |members, listeners| Network::of(&Load { members, listeners, ..Load::of_peak(10_000.0) });
        let (alone, three, five) = (of(1, 0), of(3, 2), of(5, 4));
        assert_eq!((alone.to_followers_per_second, alone.to_listeners_per_second), (0.0, 0.0));
        assert!((five.to_followers_per_second / three.to_followers_per_second - 2.0).abs() < 1e-9);
        assert!((five.to_listeners_per_second / three.to_listeners_per_second - 2.0).abs() < 1e-9);
        assert_eq!(alone.to_clients_per_second, five.to_clients_per_second);
        assert!((alone.sent_per_day / 86_400.0 - alone.sent_per_second() / 10.0).abs() < 1e-6);
    }
}

//! The metrics of what members and the coordinator count in files of their own.

use aeron_metrics::{Histogram, Labels, Metric, Scrape, Value, counter, gauge, histogram};
use lugus_coordinator::{CoordinatorGauge, CoordinatorReading};
use lugus_gauges::{BOUNDS_NS, HistogramReading};
use lugus_node::gauges::{Gauge, MemberReading};

/// Where the values of a member come from, in docs/metrics.md.
const MEMBERS_FILE: &str = "the member's file";
/// Where those of the coordinator come from.
const COORDINATORS_FILE: &str = "the coordinator's file";

/// Single numbers of a member.
pub const OF_MEMBER: &[(Metric, Gauge)] = &[
    (counter("lugus_events_total", "Events told to participants", MEMBERS_FILE), Gauge::Events),
    (gauge("lugus_scopes", "Pairs of participant and instrument that the engine knows", MEMBERS_FILE), Gauge::Scopes),
    (
        gauge(
            "lugus_retained_events",
            "Events kept for clients that reconnect, as of the last round through all scopes",
            MEMBERS_FILE,
        ),
        Gauge::RetainedEvents,
    ),
    (
        gauge(
            "lugus_moving_instruments",
            "Instruments whose move to or from the member's cluster is under way",
            MEMBERS_FILE,
        ),
        Gauge::MovingInstruments,
    ),
    (gauge("lugus_kill_switches", "Participants whose kill switch is engaged", MEMBERS_FILE), Gauge::KillSwitches),
    (
        gauge(
            "lugus_disconnected_participants",
            "Participants that are disconnected and have asked for cancel on disconnect",
            MEMBERS_FILE,
        ),
        Gauge::DisconnectedParticipants,
    ),
    (
        counter("lugus_disconnects_total", "Times that such a participant was disconnected", MEMBERS_FILE),
        Gauge::Disconnects,
    ),
    (counter("lugus_snapshots_total", "Snapshots that the service has written", MEMBERS_FILE), Gauge::Snapshots),
];

/// Numbers of the market data that a member publishes.
pub const OF_MARKET_DATA: &[(Metric, Gauge)] = &[
    (
        counter(
            "lugus_market_data_messages_total",
            "Messages of market data made for listeners while the member leads, heartbeats included",
            MEMBERS_FILE,
        ),
        Gauge::MarketDataMessages,
    ),
    (
        counter(
            "lugus_dropped_market_data_messages_total",
            "Messages that a channel of market data did not take in time",
            MEMBERS_FILE,
        ),
        Gauge::DroppedMarketDataMessages,
    ),
    (
        counter(
            "lugus_follower_market_data_messages_total",
            "Messages of market data made for listeners while the member follows (feed B), heartbeats included",
            MEMBERS_FILE,
        ),
        Gauge::FollowerMarketDataMessages,
    ),
    (
        counter("lugus_snapshot_market_data_messages_total", "Messages of the loop of snapshots", MEMBERS_FILE),
        Gauge::SnapshotMarketDataMessages,
    ),
    (
        counter("lugus_market_data_replays_total", "Replays of recorded market data to listeners", MEMBERS_FILE),
        Gauge::MarketDataReplays,
    ),
    (
        counter(
            "lugus_refused_market_data_replays_total",
            "Requests for replays of market data that were not granted",
            MEMBERS_FILE,
        ),
        Gauge::RefusedMarketDataReplays,
    ),
    (
        gauge("lugus_recorded_market_data_bytes", "Recorded market data that can be replayed", MEMBERS_FILE),
        Gauge::RecordedMarketDataBytes,
    ),
    (
        counter(
            "lugus_unrecorded_market_data_messages_total",
            "Messages of market data that the recording did not take",
            MEMBERS_FILE,
        ),
        Gauge::UnrecordedMarketDataMessages,
    ),
];

/// Length of the newest snapshot.
pub const SNAPSHOT_LENGTH: Metric =
    gauge("lugus_snapshot_bytes", "Length of the newest snapshot since the member's start", MEMBERS_FILE);
/// What is used of a limit.
pub const RESOURCE_USED: Metric =
    gauge("lugus_resource_used", "What is used of a limit of the engine, by resource", MEMBERS_FILE);
/// A limit.
pub const RESOURCE_LIMIT: Metric =
    gauge("lugus_resource_limit", "Limit of the engine, from [engine] of cluster.toml, by resource", MEMBERS_FILE);
/// Rejects by reason.
pub const REJECTS: Metric = counter(
    "lugus_rejects_by_reason_total",
    "Rejects of the engine by reason; absent for a reason without any",
    MEMBERS_FILE,
);
/// Ended orders by reason.
pub const ENDED_ORDERS: Metric = counter(
    "lugus_ended_orders_total",
    "Orders that ended or were reduced for another reason than a fill or a cancel of their own, by reason",
    MEMBERS_FILE,
);
/// Refused messages by reason.
pub const REFUSED_MESSAGES: Metric = counter(
    "lugus_refused_messages_by_reason_total",
    "Messages that were no valid commands, by reason; absent for a reason without any",
    MEMBERS_FILE,
);
/// Time in the engine.
pub const ENGINE_TIME: Metric = histogram(
    "lugus_engine_seconds",
    "Time that the engine takes for a command, the sending of its answers included, of one in 64 commands",
    MEMBERS_FILE,
);
/// Time to the answer.
pub const ANSWER_TIME: Metric = histogram(
    "lugus_answer_seconds",
    "Time from the log time of a command to the end of its answers, of one in 64 commands while the member leads",
    MEMBERS_FILE,
);

/// Numbers of the coordinator.
pub const OF_COORDINATOR: &[(Metric, CoordinatorGauge)] = &[
    (gauge("lugus_map_epoch", "Epoch of the newest partition map", COORDINATORS_FILE), CoordinatorGauge::MapEpoch),
    (
        gauge("lugus_map_instruments", "Instruments in the newest partition map", COORDINATORS_FILE),
        CoordinatorGauge::Instruments,
    ),
    (
        gauge("lugus_halted_instruments", "Instruments that the partition map shows as halted", COORDINATORS_FILE),
        CoordinatorGauge::HaltedInstruments,
    ),
    (gauge("lugus_moves", "Moves of instruments that are under way", COORDINATORS_FILE), CoordinatorGauge::Moves),
];

/// Requests to the coordinator.
pub const REQUESTS: Metric = counter(
    "lugus_coordinator_requests_total",
    "Requests to the coordinator by outcome: accepted, refused, challenged, unreadable",
    COORDINATORS_FILE,
);

/// Values of the label of a request's outcome.
const OUTCOMES: [(&str, CoordinatorGauge); 4] = [
    ("accepted", CoordinatorGauge::AcceptedRequests),
    ("refused", CoordinatorGauge::RefusedRequests),
    ("challenged", CoordinatorGauge::ChallengedRequests),
    ("unreadable", CoordinatorGauge::UnreadableMessages),
];

/// Values of the label of a resource, with what is used and the limit.
const RESOURCES: [(&str, Gauge, Gauge); 3] = [
    ("orders", Gauge::Orders, Gauge::OrdersLimit),
    ("instruments", Gauge::Instruments, Gauge::InstrumentsLimit),
    ("participants", Gauge::Participants, Gauge::ParticipantsLimit),
];

/// Adds what a member has counted.
pub fn add_member(reading: &MemberReading, publishes: bool, labels: &Labels, scrape: &mut Scrape) {
    let of_market_data = OF_MARKET_DATA.iter().filter(|_| publishes);
    for (metric, gauge) in OF_MEMBER.iter().chain(of_market_data) {
        scrape.add(*metric, labels.clone(), number(reading.get(*gauge)));
    }
    if reading.get(Gauge::Snapshots) > 0 {
        scrape.add(SNAPSHOT_LENGTH, labels.clone(), number(reading.get(Gauge::SnapshotBytes)));
    }
    for (resource, used, limit) in RESOURCES {
        let labels = with(labels, "resource", resource.to_owned());
        scrape.add(RESOURCE_USED, labels.clone(), number(reading.get(used)));
        scrape.add(RESOURCE_LIMIT, labels, number(reading.get(limit)));
    }
    let mut add = |metric: Metric, reason: String, count: u64| {
        scrape.add(metric, with(labels, "reason", snake_case(&reason)), number(count));
    };
    reading.rejects().for_each(|(reason, count)| add(REJECTS, format!("{reason:?}"), count));
    reading.ended_orders().for_each(|(reason, count)| add(ENDED_ORDERS, format!("{reason:?}"), count));
    reading.refused_messages().for_each(|(reason, count)| add(REFUSED_MESSAGES, format!("{reason:?}"), count));
    scrape.add_histogram(ENGINE_TIME, labels.clone(), histogram_of(&reading.engine_time()));
    scrape.add_histogram(ANSWER_TIME, labels.clone(), histogram_of(&reading.answer_time()));
}

/// Adds what the coordinator has counted.
pub fn add_coordinator(reading: &CoordinatorReading, scrape: &mut Scrape) {
    for (metric, gauge) in OF_COORDINATOR {
        scrape.add(*metric, Labels::new(), number(reading.get(*gauge)));
    }
    for (outcome, gauge) in OUTCOMES {
        scrape.add(REQUESTS, vec![("outcome", outcome.to_owned())], number(reading.get(gauge)));
    }
}

fn with(labels: &Labels, name: &'static str, value: String) -> Labels {
    [labels.clone(), vec![(name, value)]].concat()
}

fn number(value: u64) -> Value {
    Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

fn histogram_of(reading: &HistogramReading) -> Histogram {
    let bounds = BOUNDS_NS.iter().map(|bound| *bound as f64 / 1e9).chain([f64::INFINITY]);
    Histogram { buckets: bounds.zip(reading.counts).collect(), sum: reading.sum_ns as f64 / 1e9 }
}

/// A reason's name as the value of a label: `risk_kill_switch` for `RiskKillSwitch`.
fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_reasons_are_labels() {
        assert_eq!(snake_case("RiskKillSwitch"), "risk_kill_switch");
        assert_eq!(snake_case("None"), "none");
    }

    #[test]
    fn bounds_are_in_seconds_and_the_last_bucket_is_without_a_bound() {
        let mut counts = [0; BOUNDS_NS.len() + 1];
        (counts[0], counts[BOUNDS_NS.len()]) = (3, 1);
        let made = histogram_of(&HistogramReading { counts, sum_ns: 1_500_000_000 });
        assert_eq!((made.buckets.first(), made.sum), (Some(&(1e-7, 3)), 1.5));
        assert_eq!(made.buckets.last(), Some(&(f64::INFINITY, 1)));
    }
}

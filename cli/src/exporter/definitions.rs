//! The metrics of Lugus: those of its own counters, and those that the exporter finds out.

use aeron_metrics::{Definition, Key, Metric, counter, gauge};
use lugus_node::counters::{
    ACTIVE_PROTOCOL_VERSION_TYPE_ID, ARCHIVE_REFUSALS_TYPE_ID, CLOCK_DIFFERENCE_TYPE_ID, COMMANDS_TYPE_ID,
    DIFFERING_MEMBERS_TYPE_ID, DRIVER_PROBE_TYPE_ID, FILLS_TYPE_ID, KNOWN_PROTOCOL_VERSION_TYPE_ID,
    LOG_POSITION_TYPE_ID, LOG_TIME_TYPE_ID, LOST_MARKET_DATA_TYPE_ID, MESSAGES_ABOVE_RATE_TYPE_ID,
    PROGRAM_VERSION_TYPE_ID, REFUSED_CONNECTS_TYPE_ID, REFUSED_MESSAGES_TYPE_ID, REJECTED_COMMANDS_TYPE_ID,
    SESSIONS_TYPE_ID, SLOW_SESSIONS_CLOSED_TYPE_ID, SNAPSHOT_DURATION_TYPE_ID, SNAPSHOT_LOAD_TYPE_ID,
    STATE_HASH_POSITION_TYPE_ID, STATE_HASH_TYPE_ID, UNAUTHENTICATED_MESSAGES_TYPE_ID,
};

/// Counters that are not served. A state hash: a metric is a floating-point number, which has not all of its digits. What is served is
/// whether the members' hashes are equal. And the container's probes of its media driver, each of which lives for a moment.
pub const LEFT_OUT: &[i32] = &[STATE_HASH_TYPE_ID, DRIVER_PROBE_TYPE_ID];

/// The counters of the container and of a member.
pub const COUNTERS: &[Definition] = &[
    Definition::of_type(
        SLOW_SESSIONS_CLOSED_TYPE_ID,
        counter(
            "aeron_cluster_service_slow_sessions_closed_total",
            "Sessions closed because their clients did not keep up",
            "type 10215",
        ),
        Key::Service,
    ),
    Definition::of_type(
        LOG_POSITION_TYPE_ID,
        gauge(
            "aeron_cluster_service_log_position_bytes",
            "Log position up to which the service has applied the log; -1 without a log",
            "type 10216",
        ),
        Key::Service,
    ),
    Definition::of_type(
        LOG_TIME_TYPE_ID,
        gauge(
            "aeron_cluster_service_log_time_seconds",
            "Time since 1970 of the last entry of the log that the service has applied",
            "type 10218",
        ),
        Key::Service,
    )
    .nanoseconds(),
    Definition::of_type(
        SNAPSHOT_DURATION_TYPE_ID,
        gauge(
            "aeron_cluster_service_snapshot_seconds",
            "Duration of the service's newest snapshot since the member's start",
            "type 10219",
        ),
        Key::Service,
    )
    .nanoseconds(),
    Definition::of_type(
        SNAPSHOT_LOAD_TYPE_ID,
        gauge(
            "aeron_cluster_service_snapshot_load_seconds",
            "Time that the service's start from a snapshot took; 0 without a snapshot",
            "type 10220",
        ),
        Key::Service,
    )
    .nanoseconds(),
    Definition::of_type(
        STATE_HASH_POSITION_TYPE_ID,
        gauge(
            "lugus_state_hash_position_bytes",
            "Log position of the state hash that the member has published last",
            "type 2002",
        ),
        Key::Nothing,
    ),
    Definition::of_type(
        REFUSED_MESSAGES_TYPE_ID,
        counter("lugus_refused_messages_total", "Messages that were no valid commands", "type 2003"),
        Key::Nothing,
    ),
    Definition::of_type(
        SESSIONS_TYPE_ID,
        gauge("lugus_sessions", "Sessions that are authenticated and may trade", "type 2004"),
        Key::Nothing,
    ),
    Definition::of_type(
        LOST_MARKET_DATA_TYPE_ID,
        counter(
            "lugus_lost_market_data_total",
            "Increments of market data dropped because the ring to their publisher was full",
            "type 2005",
        ),
        Key::Nothing,
    ),
    Definition::of_type(
        UNAUTHENTICATED_MESSAGES_TYPE_ID,
        counter("lugus_unauthenticated_messages_total", "Messages without the tag of their session", "type 2006"),
        Key::Nothing,
    ),
    Definition::of_type(
        MESSAGES_ABOVE_RATE_TYPE_ID,
        counter(
            "lugus_messages_above_rate_total",
            "Messages dropped because their session was above its rate",
            "type 2007",
        ),
        Key::Nothing,
    ),
    Definition::of_type(
        DIFFERING_MEMBERS_TYPE_ID,
        gauge(
            "lugus_differing_members",
            "Other members whose state differs from this member's, as this member found",
            "type 2008",
        ),
        Key::Nothing,
    ),
    Definition::of_type(
        CLOCK_DIFFERENCE_TYPE_ID,
        gauge(
            "lugus_clock_difference_seconds",
            "Time of the log less the member's wall clock, as measured last",
            "type 2010",
        ),
        Key::Nothing,
    )
    .nanoseconds(),
    Definition::of_type(
        COMMANDS_TYPE_ID,
        counter("lugus_commands_total", "Commands given to the engine, repeated ones included", "type 2011"),
        Key::Nothing,
    ),
    Definition::of_type(
        REJECTED_COMMANDS_TYPE_ID,
        counter("lugus_rejects_total", "Rejects of the engine", "type 2012"),
        Key::Nothing,
    ),
    Definition::of_type(
        FILLS_TYPE_ID,
        counter("lugus_fills_total", "Fills; a trade has two of them", "type 2013"),
        Key::Nothing,
    ),
    Definition::of_type(
        PROGRAM_VERSION_TYPE_ID,
        gauge(
            "lugus_program_version",
            "Version of the member's program: 65536 times its major number, 256 times its minor one, and its patch",
            "type 2014",
        ),
        Key::Nothing,
    ),
    Definition::of_type(
        KNOWN_PROTOCOL_VERSION_TYPE_ID,
        gauge(
            "lugus_known_protocol_version",
            "Latest version of order entry that the member's program knows",
            "type 2015",
        ),
        Key::Nothing,
    ),
    Definition::of_type(
        ACTIVE_PROTOCOL_VERSION_TYPE_ID,
        gauge("lugus_active_protocol_version", "Active version of order entry: later ones are refused", "type 2016"),
        Key::Nothing,
    ),
    Definition::of_type(
        ARCHIVE_REFUSALS_TYPE_ID,
        counter("lugus_archive_refusals_total", "Connects that the archive has refused", "type 2020"),
        Key::Nothing,
    ),
    Definition::of_type(
        REFUSED_CONNECTS_TYPE_ID,
        counter("lugus_refused_connects_total", "Connects of clients dropped as there were too many", "type 2021"),
        Key::Nothing,
    ),
];

/// Whether a member runs.
pub const MEMBER_UP: Metric = gauge("lugus_member_up", "Whether the member runs: 1 or 0", "its media driver");
/// Whether a member does its work.
pub const MEMBER_READY: Metric =
    gauge("lugus_member_ready", "Whether the member leads or follows and has applied the log: 1 or 0", "as /health");
/// Whether a member has fenced itself.
pub const MEMBER_FENCED: Metric =
    gauge("lugus_member_fenced", "Whether the member has ended as a majority has another state: 1 or 0", "its fence");
/// Whether a member's clock is too wrong.
pub const MEMBER_CLOCK_DIFFERS: Metric = gauge(
    "lugus_member_clock_differs",
    "Whether the clock difference is above consensus.maximum_clock_difference: 1 or 0",
    "type 2010 and cluster.toml",
);
/// What a member has not applied yet.
pub const UNAPPLIED: Metric = gauge(
    "lugus_unapplied_log_bytes",
    "Committed log that the member's service has not applied yet",
    "type 203 less type 10216",
);
/// What no majority has yet.
pub const UNCOMMITTED: Metric = gauge(
    "lugus_uncommitted_log_bytes",
    "Log that the member has recorded and of which it does not know yet that a majority has it",
    "type 100 less type 203",
);
/// Size of a cluster.
pub const MEMBERS: Metric = gauge("lugus_cluster_members", "Members of the cluster, running or not", "cluster.toml");
/// Agreement of a cluster.
pub const HASHES_EQUAL: Metric = gauge(
    "lugus_cluster_state_hashes_equal",
    "Whether the members on this host have the same state at the same log position: 1 or 0; absent while positions differ",
    "types 2001, 2002, 2008",
);
/// Length of a directory's files.
pub const DIRECTORY: Metric =
    gauge("lugus_directory_bytes", "Disk space of the files of archive or cluster directory", "the file system");
/// Free space.
pub const DISK_FREE: Metric =
    gauge("lugus_disk_free_bytes", "Space of the directory's disk that is free for the member", "the file system");
/// Whole space.
pub const DISK_SIZE: Metric = gauge("lugus_disk_size_bytes", "Size of the directory's disk", "the file system");
/// Time of the newest snapshot.
pub const SNAPSHOT_TIME: Metric = gauge(
    "lugus_snapshot_time_seconds",
    "Time since 1970 of the log's entry up to which the newest snapshot has the state",
    "the recording log",
);
/// Position of the newest snapshot.
pub const SNAPSHOT_POSITION: Metric =
    gauge("lugus_snapshot_position_bytes", "Log position of the newest snapshot", "the recording log");
/// Interval of snapshots.
pub const SNAPSHOT_INTERVAL: Metric = gauge(
    "lugus_snapshot_interval_seconds",
    "Longest time between two snapshots while the log grows; absent without a limit",
    "cluster.toml, retention.snapshot_interval",
);
/// Whether the coordinator runs.
pub const COORDINATOR_UP: Metric =
    gauge("lugus_coordinator_up", "Whether the coordinator runs: 1 or 0; only on its own host", "its media driver");
/// Cost of an answer.
pub const SCRAPE_TIME: Metric =
    gauge("lugus_exporter_scrape_seconds", "Time that it took to find these values", "the exporter");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aeron_metrics::{AERON, DROPPED_SERIES, OF_SEVERAL_COUNTERS, UNKNOWN};

    use super::*;
    use crate::exporter::gauges;

    /// What the exporter finds out.
    const FOUND: &[Metric] = &[
        MEMBER_UP,
        MEMBER_READY,
        MEMBER_FENCED,
        MEMBER_CLOCK_DIFFERS,
        UNAPPLIED,
        UNCOMMITTED,
        MEMBERS,
        HASHES_EQUAL,
        DIRECTORY,
        DISK_FREE,
        DISK_SIZE,
        SNAPSHOT_TIME,
        SNAPSHOT_POSITION,
        SNAPSHOT_INTERVAL,
        COORDINATOR_UP,
        SCRAPE_TIME,
    ];

    /// All metrics that may ever be served.
    fn all() -> Vec<Metric> {
        let defined = AERON.iter().copied().flatten().chain(COUNTERS).map(|definition| definition.metric);
        let others = OF_SEVERAL_COUNTERS.iter().chain(FOUND).copied();
        let of_members = gauges::OF_MEMBER.iter().chain(gauges::OF_MARKET_DATA).map(|(metric, _)| *metric);
        let of_coordinator = gauges::OF_COORDINATOR.iter().map(|(metric, _)| *metric);
        let with_labels = [
            gauges::SNAPSHOT_LENGTH,
            gauges::RESOURCE_USED,
            gauges::RESOURCE_LIMIT,
            gauges::REJECTS,
            gauges::ENDED_ORDERS,
            gauges::REFUSED_MESSAGES,
            gauges::ENGINE_TIME,
            gauges::ANSWER_TIME,
            gauges::REQUESTS,
        ];
        let gauges = of_members.chain(of_coordinator).chain(with_labels);
        defined.chain(others).chain(gauges).chain([UNKNOWN, DROPPED_SERIES]).collect()
    }

    /// The row of a metric in the page.
    fn row(metric: &Metric) -> String {
        let Metric { name, help, source, .. } = metric;
        format!("| `{name}` | {} | {} | {help} | {source} |", metric.kind_name(), metric.unit().unwrap_or("-"))
    }

    #[test]
    fn the_page_has_each_metric_and_no_other() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let page = std::fs::read_to_string(page).unwrap();
        let is_row = |line: &&str| line.starts_with("| `aeron_") || line.starts_with("| `lugus_");
        let documented: BTreeSet<String> = page.lines().filter(is_row).map(str::to_owned).collect();
        let served: BTreeSet<String> = all().iter().map(row).collect();
        let missing: Vec<_> = served.difference(&documented).collect();
        let dead: Vec<_> = documented.difference(&served).collect();
        assert!(missing.is_empty() && dead.is_empty(), "docs/metrics.md lacks:\n{missing:#?}\nand has:\n{dead:#?}");
    }

    #[test]
    fn names_are_used_once_and_follow_the_conventions() {
        let mut names = BTreeSet::new();
        for metric in all() {
            let name = metric.name;
            assert!(names.insert(name), "{name} twice");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(metric.kind_name() == "counter", name.ends_with("_total"), "{name}");
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.') && !metric.source.is_empty(), "{name}");
            assert!(!metric.help.contains(['\\', '\n', '|']), "{name}: the help is not escaped");
        }
    }

    #[test]
    fn the_page_names_the_counters_by_their_types() {
        for definition in COUNTERS {
            let aeron_metrics::CounterKey::Type(type_id) = definition.counter else { panic!("{definition:?}") };
            assert_eq!(definition.metric.source, format!("type {type_id}"));
        }
    }
}

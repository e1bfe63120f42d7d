//! Counters of a consensus module, of service containers, and of a cluster backup. Source: `ConsensusModule.Context.conclude`,
//! `ClusteredServiceContainer.Context.conclude`, `ClusterBackup.Context.conclude`.

use crate::definition::{Definition, Key};
use crate::metric::{counter, gauge};

/// All of them but the recovery state, which exists for the moment of a start, and single sessions.
pub(super) const ALL: &[Definition] = &[
    Definition::of_type(
        200,
        gauge(
            "aeron_cluster_consensus_module_state",
            "State: 0 init, 1 active, 2 suspended, 3 snapshot, 4 quitting, 5 terminating, 6 closed",
            "type 200",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        201,
        gauge("aeron_cluster_node_role", "Role: 0 follower, 1 candidate, 2 leader", "type 201"),
        Key::Cluster,
    ),
    Definition::of_type(
        202,
        gauge(
            "aeron_cluster_control_toggle",
            "What an operator has asked for: 0 inactive, 1 neutral, 2 suspend, 3 resume, 4 snapshot, 5 shutdown, 6 abort, 7 standby snapshot",
            "type 202",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        203,
        gauge("aeron_cluster_commit_position_bytes", "Log position up to which a majority has the log", "type 203"),
        Key::Cluster,
    ),
    Definition::of_type(
        205,
        counter("aeron_cluster_snapshots_total", "Snapshots taken since the member's start", "type 205"),
        Key::Cluster,
    ),
    Definition::of_type(
        207,
        gauge(
            "aeron_cluster_election_state",
            "State of the election: 17 is closed, which means that the member leads or follows",
            "type 207",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        208,
        gauge(
            "aeron_cluster_backup_state",
            "State of a backup: 0 query, 1 snapshot retrieve, 2 live log record, 3 live log replay, 4 update of the recording log, 5 backing up, 6 reset, 7 closed",
            "type 208",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        209,
        gauge(
            "aeron_cluster_backup_live_log_position_bytes",
            "Log position up to which a backup has the live log",
            "type 209",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        211,
        counter("aeron_cluster_backup_errors_total", "Errors of a backup", "type 211"),
        Key::Cluster,
    ),
    Definition::of_type(
        212,
        counter("aeron_cluster_consensus_module_errors_total", "Errors of the consensus module", "type 212"),
        Key::Cluster,
    ),
    Definition::of_type(
        213,
        counter(
            "aeron_cluster_client_timeouts_total",
            "Sessions closed because nothing was heard of their clients",
            "type 213",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        214,
        counter("aeron_cluster_invalid_requests_total", "Requests of clients that were invalid", "type 214"),
        Key::Cluster,
    ),
    Definition::of_type(
        215,
        counter("aeron_cluster_service_errors_total", "Errors of a service's container", "type 215"),
        Key::Service,
    ),
    Definition::of_type(
        216,
        gauge(
            "aeron_cluster_consensus_module_max_cycle_seconds",
            "Longest duty cycle of the consensus module since its start",
            "type 216",
        ),
        Key::Cluster,
    )
    .nanoseconds(),
    Definition::of_type(
        217,
        counter(
            "aeron_cluster_consensus_module_slow_cycles_total",
            "Duty cycles of the consensus module above their threshold",
            "type 217",
        ),
        Key::Cluster,
    ),
    Definition::of_type(
        218,
        gauge(
            "aeron_cluster_service_max_cycle_seconds",
            "Longest duty cycle of a service's container since its start",
            "type 218",
        ),
        Key::Service,
    )
    .nanoseconds(),
    Definition::of_type(
        219,
        counter(
            "aeron_cluster_service_slow_cycles_total",
            "Duty cycles of a service's container above their threshold",
            "type 219",
        ),
        Key::Service,
    ),
    Definition::of_type(
        232,
        counter("aeron_cluster_standby_snapshots_total", "Snapshots of a standby taken for this member", "type 232"),
        Key::Cluster,
    ),
    Definition::of_type(
        233,
        gauge("aeron_cluster_node_control_toggle", "What an operator has asked of this node", "type 233"),
        Key::Cluster,
    ),
    Definition::of_type(
        234,
        gauge("aeron_cluster_max_snapshot_seconds", "Longest snapshot of the whole node since its start", "type 234"),
        Key::Cluster,
    )
    .nanoseconds(),
    Definition::of_type(
        235,
        counter("aeron_cluster_slow_snapshots_total", "Snapshots of the whole node above their threshold", "type 235"),
        Key::Cluster,
    ),
    Definition::of_type(
        236,
        gauge(
            "aeron_cluster_service_max_snapshot_seconds",
            "Longest snapshot of a service since its start",
            "type 236",
        ),
        Key::Service,
    )
    .nanoseconds(),
    Definition::of_type(
        237,
        counter(
            "aeron_cluster_service_slow_snapshots_total",
            "Snapshots of a service above their threshold",
            "type 237",
        ),
        Key::Service,
    ),
    Definition::of_type(
        238,
        counter("aeron_cluster_elections_total", "Elections since the member's start", "type 238"),
        Key::Cluster,
    ),
    Definition::of_type(
        239,
        gauge("aeron_cluster_leadership_term", "Number of the leadership term", "type 239"),
        Key::Cluster,
    ),
    Definition::of_type(
        240,
        counter("aeron_cluster_backup_snapshots_retrieved_total", "Snapshots that a backup has retrieved", "type 240"),
        Key::Cluster,
    ),
];

//! The media driver's own counters.

use crate::definition::{Definition, Key};
use crate::metric::{counter, gauge};

/// System counters: one of each number in a driver.
pub(super) const SYSTEM: &[Definition] = &[
    Definition::system(
        0,
        counter("aeron_driver_sent_bytes_total", "Data sent over UDP, without headers of IP", "system 0, BYTES_SENT"),
    ),
    Definition::system(
        1,
        counter(
            "aeron_driver_received_bytes_total",
            "Data received over UDP, without headers of IP",
            "system 1, BYTES_RECEIVED",
        ),
    ),
    Definition::system(
        2,
        counter(
            "aeron_driver_receiver_proxy_failures_total",
            "Commands that the receiver could not take at once",
            "system 2, RECEIVER_PROXY_FAILS",
        ),
    ),
    Definition::system(
        3,
        counter(
            "aeron_driver_sender_proxy_failures_total",
            "Commands that the sender could not take at once",
            "system 3, SENDER_PROXY_FAILS",
        ),
    ),
    Definition::system(
        4,
        counter(
            "aeron_driver_conductor_proxy_failures_total",
            "Commands that the conductor could not take at once",
            "system 4, CONDUCTOR_PROXY_FAILS",
        ),
    ),
    Definition::system(
        5,
        counter(
            "aeron_driver_naks_sent_total",
            "Requests for lost data sent by receivers of this driver",
            "system 5, NAK_MESSAGES_SENT",
        ),
    ),
    Definition::system(
        6,
        counter(
            "aeron_driver_naks_received_total",
            "Requests for lost data received by senders of this driver",
            "system 6, NAK_MESSAGES_RECEIVED",
        ),
    ),
    Definition::system(
        7,
        counter(
            "aeron_driver_status_messages_sent_total",
            "Messages of flow control sent",
            "system 7, STATUS_MESSAGES_SENT",
        ),
    ),
    Definition::system(
        8,
        counter(
            "aeron_driver_status_messages_received_total",
            "Messages of flow control received",
            "system 8, STATUS_MESSAGES_RECEIVED",
        ),
    ),
    Definition::system(
        9,
        counter(
            "aeron_driver_heartbeats_sent_total",
            "Heartbeats of idle publications sent",
            "system 9, HEARTBEATS_SENT",
        ),
    ),
    Definition::system(
        10,
        counter(
            "aeron_driver_heartbeats_received_total",
            "Heartbeats of idle publications received",
            "system 10, HEARTBEATS_RECEIVED",
        ),
    ),
    Definition::system(
        11,
        counter(
            "aeron_driver_retransmits_sent_total",
            "Packets sent again because of a request for lost data",
            "system 11, RETRANSMITS_SENT",
        ),
    ),
    Definition::system(
        12,
        counter(
            "aeron_driver_flow_control_under_runs_total",
            "Packets received from before the window of flow control",
            "system 12, FLOW_CONTROL_UNDER_RUNS",
        ),
    ),
    Definition::system(
        13,
        counter(
            "aeron_driver_flow_control_over_runs_total",
            "Packets received from beyond the window of flow control",
            "system 13, FLOW_CONTROL_OVER_RUNS",
        ),
    ),
    Definition::system(
        14,
        counter(
            "aeron_driver_invalid_packets_total",
            "Packets received that were invalid",
            "system 14, INVALID_PACKETS",
        ),
    ),
    Definition::system(
        15,
        counter("aeron_driver_errors_total", "Errors of the driver; its error log has the texts", "system 15, ERRORS"),
    ),
    Definition::system(
        16,
        counter(
            "aeron_driver_short_sends_total",
            "Packets that the system did not take whole",
            "system 16, SHORT_SENDS",
        ),
    ),
    Definition::system(
        17,
        counter(
            "aeron_driver_free_failures_total",
            "Attempts to free log buffers that clients still held",
            "system 17, FREE_FAILS",
        ),
    ),
    Definition::system(
        18,
        counter(
            "aeron_driver_sender_flow_control_limits_total",
            "Times that a sender had to wait for its receivers: back pressure",
            "system 18, SENDER_FLOW_CONTROL_LIMITS",
        ),
    ),
    Definition::system(
        19,
        counter(
            "aeron_driver_unblocked_publications_total",
            "Publications unblocked after a client died within an offer",
            "system 19, UNBLOCKED_PUBLICATIONS",
        ),
    ),
    Definition::system(
        20,
        counter(
            "aeron_driver_unblocked_commands_total",
            "Commands unblocked after a client died within one",
            "system 20, UNBLOCKED_COMMANDS",
        ),
    ),
    Definition::system(
        21,
        counter(
            "aeron_driver_possible_ttl_asymmetries_total",
            "Connections whose times to live perhaps differ",
            "system 21, POSSIBLE_TTL_ASYMMETRY",
        ),
    ),
    Definition::system(
        22,
        gauge(
            "aeron_driver_controllable_idle_strategy",
            "State of the controllable idle strategy, if that is configured",
            "system 22, CONTROLLABLE_IDLE_STRATEGY",
        ),
    ),
    Definition::system(
        23,
        counter(
            "aeron_driver_loss_gap_fills_total",
            "Gaps filled without data, for streams that ask for nothing again",
            "system 23, LOSS_GAP_FILLS",
        ),
    ),
    Definition::system(
        24,
        counter(
            "aeron_driver_client_timeouts_total",
            "Clients that have died without a goodbye",
            "system 24, CLIENT_TIMEOUTS",
        ),
    ),
    Definition::system(
        25,
        counter(
            "aeron_driver_resolution_changes_total",
            "Names that have got another address",
            "system 25, RESOLUTION_CHANGES",
        ),
    ),
    Definition::system(
        26,
        gauge(
            "aeron_driver_conductor_max_cycle_seconds",
            "Longest duty cycle of the conductor since the driver's start",
            "system 26, CONDUCTOR_MAX_CYCLE_TIME",
        ),
    )
    .nanoseconds(),
    Definition::system(
        27,
        counter(
            "aeron_driver_conductor_slow_cycles_total",
            "Duty cycles of the conductor above their threshold",
            "system 27, CONDUCTOR_CYCLE_TIME_THRESHOLD_EXCEEDED",
        ),
    ),
    Definition::system(
        28,
        gauge(
            "aeron_driver_sender_max_cycle_seconds",
            "Longest duty cycle of the sender since the driver's start",
            "system 28, SENDER_MAX_CYCLE_TIME",
        ),
    )
    .nanoseconds(),
    Definition::system(
        29,
        counter(
            "aeron_driver_sender_slow_cycles_total",
            "Duty cycles of the sender above their threshold",
            "system 29, SENDER_CYCLE_TIME_THRESHOLD_EXCEEDED",
        ),
    ),
    Definition::system(
        30,
        gauge(
            "aeron_driver_receiver_max_cycle_seconds",
            "Longest duty cycle of the receiver since the driver's start",
            "system 30, RECEIVER_MAX_CYCLE_TIME",
        ),
    )
    .nanoseconds(),
    Definition::system(
        31,
        counter(
            "aeron_driver_receiver_slow_cycles_total",
            "Duty cycles of the receiver above their threshold",
            "system 31, RECEIVER_CYCLE_TIME_THRESHOLD_EXCEEDED",
        ),
    ),
    Definition::system(
        32,
        gauge(
            "aeron_driver_name_resolver_max_seconds",
            "Longest resolution of a name since the driver's start",
            "system 32, NAME_RESOLVER_MAX_TIME",
        ),
    )
    .nanoseconds(),
    Definition::system(
        33,
        counter(
            "aeron_driver_name_resolver_slow_resolutions_total",
            "Resolutions of names above their threshold",
            "system 33, NAME_RESOLVER_TIME_THRESHOLD_EXCEEDED",
        ),
    ),
    Definition::system(
        34,
        gauge(
            "aeron_driver_version",
            "Version of the driver: 65536 * major + 256 * minor + patch",
            "system 34, AERON_VERSION",
        ),
    ),
    Definition::system(
        35,
        gauge(
            "aeron_driver_mapped_bytes",
            "Memory mapped for log buffers and the driver's other files",
            "system 35, BYTES_CURRENTLY_MAPPED",
        ),
    ),
    Definition::system(
        36,
        counter(
            "aeron_driver_retransmitted_bytes_total",
            "Data sent again, at least",
            "system 36, RETRANSMITTED_BYTES",
        ),
    ),
    Definition::system(
        37,
        counter(
            "aeron_driver_retransmit_overflows_total",
            "Requests for lost data that were more than the driver keeps at a time",
            "system 37, RETRANSMIT_OVERFLOW",
        ),
    ),
    Definition::system(
        38,
        counter(
            "aeron_driver_error_frames_received_total",
            "Frames received by which a receiver refuses a stream",
            "system 38, ERROR_FRAMES_RECEIVED",
        ),
    ),
    Definition::system(
        39,
        counter(
            "aeron_driver_error_frames_sent_total",
            "Frames sent by which a receiver refuses a stream",
            "system 39, ERROR_FRAMES_SENT",
        ),
    ),
    Definition::system(
        40,
        counter(
            "aeron_driver_publications_revoked_total",
            "Publications that their clients have revoked",
            "system 40, PUBLICATIONS_REVOKED",
        ),
    ),
    Definition::system(
        41,
        counter(
            "aeron_driver_images_revoked_total",
            "Images of publications that were revoked",
            "system 41, PUBLICATION_IMAGES_REVOKED",
        ),
    ),
    Definition::system(
        42,
        counter("aeron_driver_images_rejected_total", "Images that a client has refused", "system 42, IMAGES_REJECTED"),
    ),
    Definition::system(
        43,
        gauge(
            "aeron_driver_control_protocol_version",
            "Version of the protocol of clients: 65536 * major + 256 * minor + patch",
            "system 43, CONTROL_PROTOCOL_VERSION",
        ),
    ),
    Definition::system(
        44,
        counter(
            "aeron_driver_status_messages_rejected_total",
            "Messages of flow control from outside the window of the sender",
            "system 44, STATUS_MESSAGES_REJECTED",
        ),
    ),
    Definition::system(
        45,
        counter(
            "aeron_driver_native_resource_proxy_failures_total",
            "Commands that the agent of native resources could not take at once",
            "system 45, NATIVE_RESOURCE_AGENT_PROXY_FAILS",
        ),
    ),
];

/// Counters of streams, of name resolution and of destinations. Positions and client heartbeats are served together with
/// others of their stream or kind (`streams.rs`).
pub(super) const OTHERS: &[Definition] = &[
    Definition::of_type(
        13,
        gauge(
            "aeron_driver_stream_back_pressure_events",
            "Times that the senders of a stream that are open now had to wait for receivers",
            "type 13, snd-bpe",
        ),
        Key::Stream,
    )
    .added(),
    Definition::of_type(
        15,
        gauge("aeron_driver_name_resolver_neighbors", "Neighbours for the resolution of names", "type 15"),
        Key::Nothing,
    ),
    Definition::of_type(
        16,
        gauge("aeron_driver_name_resolver_cache_entries", "Names in the cache of the resolver", "type 16"),
        Key::Nothing,
    ),
    Definition::of_type(
        17,
        gauge(
            "aeron_driver_stream_receivers",
            "Receivers that flow control of a stream takes into account",
            "type 17, fc-receivers",
        ),
        Key::Stream,
    )
    .added(),
    Definition::of_type(
        18,
        gauge(
            "aeron_driver_destinations",
            "Destinations of all multi-destination-cast channels",
            "type 18, mdc-num-dest",
        ),
        Key::Nothing,
    )
    .added(),
    Definition::of_type(
        19,
        gauge(
            "aeron_driver_stream_naks_received",
            "Requests for lost data that the senders of a stream that are open now received",
            "type 19, snd-naks-received",
        ),
        Key::Stream,
    )
    .added(),
    Definition::of_type(
        20,
        gauge(
            "aeron_driver_stream_naks_sent",
            "Requests for lost data that the receivers of a stream that are open now sent",
            "type 20, rcv-naks-sent",
        ),
        Key::Stream,
    )
    .added(),
];

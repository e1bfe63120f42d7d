//! Counters of an archive. Source: `io.aeron.archive.Archive.Context.conclude`.

use crate::definition::{Definition, Key};
use crate::metric::{counter, gauge};

/// All of them but those of single control sessions, which are counted.
pub(super) const ALL: &[Definition] = &[
    Definition::of_type(
        100,
        gauge(
            "aeron_archive_recording_position_bytes",
            "Position up to which an active recording is written",
            "type 100, rec-pos",
        ),
        Key::Recording,
    ),
    Definition::of_type(101, counter("aeron_archive_errors_total", "Errors of the archive", "type 101"), Key::Archive),
    Definition::of_type(
        102,
        gauge("aeron_archive_control_sessions", "Sessions of clients with the archive", "type 102"),
        Key::Archive,
    ),
    Definition::of_type(
        103,
        gauge(
            "aeron_archive_max_cycle_seconds",
            "Longest duty cycle of an agent since the archive's start",
            "type 103",
        ),
        Key::ArchiveAgent,
    )
    .nanoseconds(),
    Definition::of_type(
        104,
        counter("aeron_archive_slow_cycles_total", "Duty cycles of an agent above their threshold", "type 104"),
        Key::ArchiveAgent,
    ),
    Definition::of_type(
        105,
        gauge("aeron_archive_max_write_seconds", "Longest write to a recording since the archive's start", "type 105"),
        Key::Archive,
    )
    .nanoseconds(),
    Definition::of_type(
        106,
        counter("aeron_archive_written_bytes_total", "Data written to recordings", "type 106"),
        Key::Archive,
    ),
    Definition::of_type(
        107,
        counter("aeron_archive_write_seconds_total", "Time spent in writes to recordings", "type 107"),
        Key::Archive,
    )
    .nanoseconds(),
    Definition::of_type(
        108,
        gauge("aeron_archive_max_read_seconds", "Longest read of a recording since the archive's start", "type 108"),
        Key::Archive,
    )
    .nanoseconds(),
    Definition::of_type(
        109,
        counter("aeron_archive_read_bytes_total", "Data read from recordings", "type 109"),
        Key::Archive,
    ),
    Definition::of_type(
        110,
        counter("aeron_archive_read_seconds_total", "Time spent in reads of recordings", "type 110"),
        Key::Archive,
    )
    .nanoseconds(),
    Definition::of_type(
        111,
        gauge("aeron_archive_recording_sessions", "Recordings that are being written", "type 111"),
        Key::Archive,
    ),
    Definition::of_type(
        112,
        gauge("aeron_archive_replay_sessions", "Replays that are being sent", "type 112"),
        Key::Archive,
    ),
];

//! Status of a member, read from its counters by anyone on its host, without asking the member.

use std::path::Path;
use std::time::Duration;

use aeron_support::open_counters;
use lugus_vocabulary::{
    LogPosition, MemberRole, MemberStatus, MemberVersions, ProgramVersion, ProtocolVersion, StateAt, StateHash,
};
use rusteron_archive::AeronCountersReader;

/// Why a member's status can't be read.
pub use aeron_support::CountersError as StatusError;

use crate::counters::{
    ACTIVE_PROTOCOL_VERSION_TYPE_ID, CHANGING, CLOCK_DIFFERENCE_TYPE_ID, COMMANDS_TYPE_ID, DIFFERING_MEMBERS_TYPE_ID,
    FILLS_TYPE_ID, KNOWN_PROTOCOL_VERSION_TYPE_ID, LOG_POSITION_TYPE_ID, MESSAGES_ABOVE_RATE_TYPE_ID,
    PROGRAM_VERSION_TYPE_ID, REFUSED_MESSAGES_TYPE_ID, REJECTED_COMMANDS_TYPE_ID, SESSIONS_TYPE_ID,
    SNAPSHOT_DURATION_TYPE_ID, SNAPSHOT_LOAD_TYPE_ID, STATE_HASH_POSITION_TYPE_ID, STATE_HASH_TYPE_ID,
    UNAUTHENTICATED_MESSAGES_TYPE_ID,
};

/// Counter types of Aeron's consensus module (`io.aeron.AeronCounters`); their keys begin with the cluster's id.
const NODE_ROLE_TYPE_ID: i32 = 201;
const COMMIT_POSITION_TYPE_ID: i32 = 203;
const LEADERSHIP_TERM_ID_TYPE_ID: i32 = 239;
const ELECTION_COUNT_TYPE_ID: i32 = 238;
pub(crate) const ELECTION_STATE_TYPE_ID: i32 = 207;

/// Value of the election state of a member that follows or leads (`io.aeron.cluster.ElectionState.CLOSED`).
pub(crate) const ELECTION_CLOSED: i64 = 17;

/// Number of attempts to read a state hash with the position that belongs to it, while the member changes both.
const HASH_READ_ATTEMPTS: usize = 1000;

/// Reads the status of the member of cluster `cluster_id` whose media driver's files are in `aeron_dir`.
///
/// # Errors
/// [`StatusError`]. A member that is still starting is no error: its fields are `None`.
pub fn read_status(aeron_dir: &Path, cluster_id: i32) -> Result<MemberStatus, StatusError> {
    let cnc = open_counters(aeron_dir)?;
    Ok(status_of_counters(&cnc.counters_reader(), cluster_id))
}

/// How long a member's service took for snapshots since the member's start. A time is `None` before there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotTimes {
    /// Duration of the newest snapshot, during which the service applied nothing.
    pub newest: Option<Duration>,
    /// Time that the start from a snapshot took.
    pub load: Option<Duration>,
}

/// Reads how long the service of the member whose media driver's files are in `aeron_dir` took for snapshots.
///
/// # Errors
/// [`StatusError`].
pub fn read_snapshot_times(aeron_dir: &Path, cluster_id: i32) -> Result<SnapshotTimes, StatusError> {
    let cnc = open_counters(aeron_dir)?;
    let reader = cnc.counters_reader();
    let duration = |type_id| duration(&reader, type_id, cluster_id);
    Ok(SnapshotTimes { newest: duration(SNAPSHOT_DURATION_TYPE_ID), load: duration(SNAPSHOT_LOAD_TYPE_ID) })
}

/// What a member on this host has done since its start. A number is `None` while the part that counts it is starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemberWork {
    /// Log position up to which the service has applied the log.
    pub applied_position: Option<i64>,
    /// Commands given to the engine.
    pub commands: Option<i64>,
    /// Rejects among their answers.
    pub rejects: Option<i64>,
    /// Fills; a trade has two of them.
    pub fills: Option<i64>,
    /// Time for which the service applied nothing because of its newest snapshot; `None` before there is one.
    pub newest_snapshot: Option<Duration>,
}

/// Reads what the member of cluster `cluster_id` whose media driver's files are in `aeron_dir` has done since its start.
///
/// # Errors
/// [`StatusError`].
pub fn read_work(aeron_dir: &Path, cluster_id: i32) -> Result<MemberWork, StatusError> {
    let cnc = open_counters(aeron_dir)?;
    let reader = cnc.counters_reader();
    Ok(MemberWork {
        applied_position: value(&reader, LOG_POSITION_TYPE_ID, Some(cluster_id)).filter(|position| *position >= 0),
        commands: value(&reader, COMMANDS_TYPE_ID, None),
        rejects: value(&reader, REJECTED_COMMANDS_TYPE_ID, None),
        fills: value(&reader, FILLS_TYPE_ID, None),
        newest_snapshot: duration(&reader, SNAPSHOT_DURATION_TYPE_ID, cluster_id),
    })
}

/// The status that the counters of a member's media driver tell.
pub(crate) fn status_of_counters(reader: &AeronCountersReader, cluster_id: i32) -> MemberStatus {
    let of_cluster = |type_id| value(reader, type_id, Some(cluster_id));
    MemberStatus {
        role: of_cluster(NODE_ROLE_TYPE_ID).and_then(|role| MemberRole::from_number(u8::try_from(role).ok()?)),
        term: of_cluster(LEADERSHIP_TERM_ID_TYPE_ID),
        commit_position: of_cluster(COMMIT_POSITION_TYPE_ID),
        elections: of_cluster(ELECTION_COUNT_TYPE_ID),
        has_joined: of_cluster(ELECTION_STATE_TYPE_ID) == Some(ELECTION_CLOSED),
        state: state_at(reader),
        sessions: value(reader, SESSIONS_TYPE_ID, None),
        refused_messages: value(reader, REFUSED_MESSAGES_TYPE_ID, None),
        clock_difference_ns: of_cluster(CLOCK_DIFFERENCE_TYPE_ID),
        unauthenticated_messages: value(reader, UNAUTHENTICATED_MESSAGES_TYPE_ID, None),
        messages_above_rate: value(reader, MESSAGES_ABOVE_RATE_TYPE_ID, None),
        differing_members: value(reader, DIFFERING_MEMBERS_TYPE_ID, None),
        versions: versions(reader),
    }
}

/// The versions that a member tells; `None` while its service is starting.
fn versions(reader: &AeronCountersReader) -> Option<MemberVersions> {
    let number = |type_id| value(reader, type_id, None);
    let program = u32::try_from(number(PROGRAM_VERSION_TYPE_ID)?).ok().filter(|number| *number > 0)?;
    let protocol = |type_id| Some(ProtocolVersion(u16::try_from(number(type_id)?).ok()?));
    Some(MemberVersions {
        program: ProgramVersion::from_number(program)?,
        known: protocol(KNOWN_PROTOCOL_VERSION_TYPE_ID)?,
        active: protocol(ACTIVE_PROTOCOL_VERSION_TYPE_ID)?,
    })
}

/// Id of the counter of this type, whose key begins with the cluster's id if one is given.
pub(crate) fn find(reader: &AeronCountersReader, type_id: i32, cluster_id: Option<i32>) -> Option<i32> {
    reader.find_by_type_id(type_id, |key| {
        cluster_id.is_none_or(|id| key.first_chunk::<4>().is_some_and(|bytes| i32::from_le_bytes(*bytes) == id))
    })
}

fn value(reader: &AeronCountersReader, type_id: i32, cluster_id: Option<i32>) -> Option<i64> {
    let counter_id = find(reader, type_id, cluster_id)?;
    reader.get_counter_value(counter_id).ok()
}

/// A counter of nanoseconds that is 0 before there is something to tell.
fn duration(reader: &AeronCountersReader, type_id: i32, cluster_id: i32) -> Option<Duration> {
    let nanos = value(reader, type_id, Some(cluster_id)).and_then(|nanos| u64::try_from(nanos).ok());
    nanos.filter(|nanos| *nanos > 0).map(Duration::from_nanos)
}

/// The state hash with its position: they belong together if the position was the same before and after the hash was read.
fn state_at(reader: &AeronCountersReader) -> Option<StateAt> {
    let hash_id = find(reader, STATE_HASH_TYPE_ID, None)?;
    let position_id = find(reader, STATE_HASH_POSITION_TYPE_ID, None)?;
    (0..HASH_READ_ATTEMPTS).find_map(|_| {
        let before = reader.get_counter_value(position_id).ok()?;
        let hash = reader.get_counter_value(hash_id).ok()?;
        let after = reader.get_counter_value(position_id).ok()?;
        (before == after && after != CHANGING)
            .then(|| StateAt { position: LogPosition(after), hash: StateHash(hash.cast_unsigned()) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Length of a driver's file with room for its head.
    const LENGTH: usize = 64 * 1024;

    fn read(cnc: &[u8]) -> Result<MemberStatus, StatusError> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("cnc.dat"), cnc).unwrap();
        read_status(directory.path(), 0)
    }

    #[test]
    fn a_media_driver_whose_file_is_not_complete_does_not_run_yet() {
        for length in [0, 1, 128, LENGTH] {
            let status = read(&vec![0; length]);
            assert!(matches!(status, Err(StatusError::NotRunning { .. })), "{length} bytes: {status:?}");
        }
    }

    #[test]
    fn a_file_of_another_version_of_aeron_is_unreadable() {
        let status = read(&[9; LENGTH]);
        assert!(matches!(status, Err(StatusError::Unreadable { .. })), "{status:?}");
    }
}

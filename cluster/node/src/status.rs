//! Status of a member, read from its counters by anyone on its host, without asking the member.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lugus_vocabulary::{LogPosition, MemberRole, MemberStatus, StateAt, StateHash};
use rusteron_archive::{Aeron, AeronCError, AeronCnc, AeronCountersReader};
use thiserror::Error;

use crate::counters::{
    CHANGING, CLOCK_DIFFERENCE_TYPE_ID, DIFFERING_MEMBERS_TYPE_ID, MESSAGES_ABOVE_RATE_TYPE_ID,
    REFUSED_MESSAGES_TYPE_ID, SESSIONS_TYPE_ID, STATE_HASH_POSITION_TYPE_ID, STATE_HASH_TYPE_ID,
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

/// A media driver that has not changed its heartbeat for this long is dead.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(2);

/// Error code of Aeron's client for a `cnc.dat` that its driver has not finished (`AERON_CLIENT_ERROR_DRIVER_TIMEOUT`).
const CNC_NOT_READY: i32 = -1000;

/// Number of attempts to read a state hash with the position that belongs to it, while the member changes both.
const HASH_READ_ATTEMPTS: usize = 1000;

/// Why a member's status can't be read.
#[derive(Debug, Error)]
pub enum StatusError {
    /// There is no media driver, it has died and left its files, or it is still starting.
    #[error("not running: there is no running media driver in {aeron_dir}")]
    NotRunning {
        /// Directory where the driver's files should be.
        aeron_dir: PathBuf,
    },
    /// The counters can't be read.
    #[error("can't read the counters in {aeron_dir}: {reason}")]
    Unreadable {
        /// Directory of the driver's files.
        aeron_dir: PathBuf,
        /// Aeron's error text.
        reason: String,
    },
}

/// Reads the status of the member of cluster `cluster_id` whose media driver's files are in `aeron_dir`.
///
/// # Errors
/// [`StatusError`]. A member that is still starting is no error: its fields are `None`.
pub fn read_status(aeron_dir: &Path, cluster_id: i32) -> Result<MemberStatus, StatusError> {
    let cnc = open(aeron_dir)?;
    Ok(status_of_counters(&cnc.counters_reader(), cluster_id))
}

/// Opens the file of the media driver that runs in `aeron_dir`.
pub(crate) fn open(aeron_dir: &Path) -> Result<AeronCnc, StatusError> {
    let not_running = || StatusError::NotRunning { aeron_dir: aeron_dir.to_path_buf() };
    let unreadable = |reason: String| StatusError::Unreadable { aeron_dir: aeron_dir.to_path_buf(), reason };
    if !aeron_dir.join("cnc.dat").is_file() {
        return Err(not_running());
    }
    let path = CString::new(aeron_dir.as_os_str().as_encoded_bytes()).map_err(|_| not_running())?;
    let cnc = AeronCnc::open(&path).map_err(|error| {
        // The file exists, but the driver that writes it has only just begun.
        if Aeron::errcode() == Err(AeronCError::from_code(CNC_NOT_READY)) {
            not_running()
        } else {
            unreadable(error.to_string())
        }
    })?;
    if heartbeat_age(cnc.get_to_driver_heartbeat_ms().unwrap_or(0)) > HEARTBEAT_LIMIT {
        return Err(not_running());
    }
    Ok(cnc)
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
    }
}

fn heartbeat_age(heartbeat_ms: i64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(u64::try_from(heartbeat_ms).unwrap_or(0)))
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

/// The state hash with its position: they belong together if the position was the same before and after the hash was read.
fn state_at(reader: &AeronCountersReader) -> Option<StateAt> {
    let hash_id = find(reader, STATE_HASH_TYPE_ID, None)?;
    let position_id = find(reader, STATE_HASH_POSITION_TYPE_ID, None)?;
    (0..HASH_READ_ATTEMPTS).find_map(|_| {
        let before = reader.get_counter_value(position_id).ok()?;
        let hash = reader.get_counter_value(hash_id).ok()?;
        let after = reader.get_counter_value(position_id).ok()?;
        let state = StateAt { position: LogPosition(after), hash: StateHash(hash.cast_unsigned()) };
        (before == after && after != CHANGING).then_some(state)
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

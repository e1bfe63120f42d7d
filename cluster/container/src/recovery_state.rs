//! The state from which a service starts, in the key of the consensus module's recovery state counter.
//!
//! The counter lives only until every service has acked its start, so its key is copied at once and as a whole. Source:
//! `RecoveryState`.

use aeron_support::MAX_COUNTER_KEY_LENGTH;

const CLUSTER_ID_OFFSET: usize = 24;
const SERVICE_COUNT_OFFSET: usize = 28;
const RECORDING_IDS_OFFSET: usize = 32;

/// State of the member from which its services recover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecoveryState {
    /// Leadership term of the snapshot; -1 without a snapshot.
    pub(crate) leadership_term_id: i64,
    /// Log position of the snapshot, in bytes.
    pub(crate) log_position: i64,
    /// Cluster time of the snapshot.
    pub(crate) timestamp: i64,
    service_count: i32,
    key: [u8; MAX_COUNTER_KEY_LENGTH],
}

impl RecoveryState {
    /// Decodes the key of a recovery state counter.
    pub(crate) fn of_key(key: [u8; MAX_COUNTER_KEY_LENGTH]) -> Self {
        Self {
            leadership_term_id: i64_at(&key, 0),
            log_position: i64_at(&key, 8),
            timestamp: i64_at(&key, 16),
            service_count: i32_at(&key, SERVICE_COUNT_OFFSET),
            key,
        }
    }

    /// Recording id of a service's snapshot; `None` when the consensus module has no such service.
    pub(crate) fn snapshot_recording_id(&self, service_id: i32) -> Option<i64> {
        let index = usize::try_from(service_id).ok()?;
        (service_id < self.service_count).then_some(())?;
        let offset = RECORDING_IDS_OFFSET + 8 * index;
        self.key.get(offset..offset + 8).map(|bytes| i64_at(bytes, 0))
    }
}

/// Whether `key` of a recovery state counter belongs to the cluster `cluster_id`.
pub(crate) fn is_recovery_state(key: &[u8], cluster_id: i32) -> bool {
    key.len() > CLUSTER_ID_OFFSET + 4 && i32_at(key, CLUSTER_ID_OFFSET) == cluster_id
}

/// Whether `key` of a commit position counter belongs to the cluster `cluster_id`.
pub(crate) fn is_commit_position(key: &[u8], cluster_id: i32) -> bool {
    key.len() >= 4 && i32_at(key, 0) == cluster_id
}

fn i32_at(bytes: &[u8], offset: usize) -> i32 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |field| i32::from_le_bytes(*field))
}

fn i64_at(bytes: &[u8], offset: usize) -> i64 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |field| i64::from_le_bytes(*field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_in_one_go() {
        let mut key = [0; MAX_COUNTER_KEY_LENGTH];
        key[..8].copy_from_slice(&7_i64.to_le_bytes());
        key[8..16].copy_from_slice(&4096_i64.to_le_bytes());
        key[16..24].copy_from_slice(&1234_i64.to_le_bytes());
        key[24] = 9;
        key[28] = 2;
        key[32..40].copy_from_slice(&55_i64.to_le_bytes());
        key[40..48].copy_from_slice(&66_i64.to_le_bytes());
        let state = RecoveryState::of_key(key);
        assert_eq!((state.leadership_term_id, state.log_position, state.timestamp), (7, 4096, 1234));
        let ids = [-1, 0, 1, 2].map(|service| state.snapshot_recording_id(service));
        assert_eq!(ids, [None, Some(55), Some(66), None]);
        assert!(is_recovery_state(&key, 9) && !is_recovery_state(&key, 8));
        assert!(!is_recovery_state(&key[..28], 9));
        assert!(is_commit_position(&key[24..], 9) && !is_commit_position(&key[..3], 0));
    }

    #[test]
    fn a_service_count_beyond_the_key_is_no_recording() {
        let mut key = [0; MAX_COUNTER_KEY_LENGTH];
        key[28] = 100;
        assert_eq!(RecoveryState::of_key(key).snapshot_recording_id(9), Some(0));
        assert_eq!(RecoveryState::of_key(key).snapshot_recording_id(10), None);
    }
}

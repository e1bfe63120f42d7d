//! Compares a recorded snapshot with the state that the log leads to.

use aeron_archive_files::Snapshot;
use aeron_cluster_service::{LogReplay, ServiceError};

use super::recorded::ArchivedLog;
use crate::service::MatchingService;

/// What a recorded snapshot has that the replayed state has not; `None` if they are the same, byte for byte, or if the
/// snapshot is only laid out otherwise, as by another version of this program.
pub(super) fn difference(
    log: &ArchivedLog,
    snapshot: &Snapshot,
    replay: &mut LogReplay<MatchingService>,
    make: impl Fn() -> MatchingService,
) -> Option<String> {
    compare(log, snapshot, replay, make).unwrap_or_else(|error| Some(format!("the snapshot can't be loaded: {error}")))
}

fn compare(
    log: &ArchivedLog,
    snapshot: &Snapshot,
    replay: &mut LogReplay<MatchingService>,
    make: impl Fn() -> MatchingService,
) -> Result<Option<String>, ServiceError> {
    let recorded = log.fragments(snapshot)?.messages()?;
    let expected = replay.take_snapshot(snapshot.leadership_term_id)?;
    let Some(first) = first_difference(&recorded, &expected) else { return Ok(None) };
    let mut loaded = log.load(snapshot, make())?;
    let (found, of_log) = (loaded.service().engine().state_hash(), replay.service().engine().state_hash());
    if found != of_log {
        return Ok(Some(format!(
            "the snapshot has state {:016x}, but the log leads to state {:016x}",
            found.0, of_log.0
        )));
    }
    if loaded.take_snapshot(snapshot.leadership_term_id)? == expected {
        return Ok(None);
    }
    let count = recorded.len().max(expected.len());
    Ok(Some(format!(
        "message {} of {count} of the snapshot is not what the log leads to, though the state hash {:016x} is",
        first + 1,
        found.0
    )))
}

/// Index of the first message that the lists do not share; `None` if they are equal.
fn first_difference(one: &[Vec<u8>], other: &[Vec<u8>]) -> Option<usize> {
    let equal = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    (equal < one.len().max(other.len())).then_some(equal)
}

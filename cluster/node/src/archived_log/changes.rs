//! The commands of an archived log, one by one.

use std::cell::Cell;
use std::rc::Rc;

use lugus_topology::ClusterSpec;
use lugus_vocabulary::{EpochNanos, StateHash};

use super::fragments::fragment;
use super::recorded::{ArchivedLog, ArchivedLogError, Start};
use crate::member::empty_service;
use crate::service::Change;

/// A part of the log, by its positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRange {
    /// The part has what ends after this position.
    pub after: i64,
    /// The part has what ends at this position or before.
    pub until: i64,
}

/// What was read of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// Where the engine started.
    pub start: Start,
    /// Position after the last event that was applied.
    pub end_position: i64,
    /// State hash there.
    pub state_hash: StateHash,
}

/// Applies the log up to the end of `range` to a new engine, and tells `listener` of each change of the engine's state within
/// the range: its position in the log, its time, and what it is.
///
/// # Errors
/// The log can't be found, is damaged, or no engine can start from what there is.
pub fn changes(
    cluster: &ClusterSpec,
    log: &ArchivedLog,
    range: LogRange,
    mut listener: impl FnMut(i64, EpochNanos, Change<'_>) + 'static,
) -> Result<Replayed, ArchivedLogError> {
    let position = Rc::new(Cell::new(0));
    let of_change = Rc::clone(&position);
    let listener = Rc::new(std::cell::RefCell::new(move |now: EpochNanos, change: Change<'_>| {
        if of_change.get() > range.after {
            listener(of_change.get(), now, change);
        }
    }));
    let make = || {
        let listener = Rc::clone(&listener);
        empty_service(cluster.deployment())
            .with_change_listener(Box::new(move |now, change| listener.borrow_mut()(now, change)))
    };
    let (mut replay, start) = log.start(make, |_, _| {})?;
    let mut reader = log.frames(start.position());
    let mut end_position = start.position();
    while let Some(frame) = reader.next_frame()?.filter(|frame| frame.position <= range.until) {
        end_position = frame.position;
        position.set(end_position);
        replay
            .apply(&fragment(frame))
            .map_err(|error| ArchivedLogError::Unacceptable { position: end_position, reason: error.to_string() })?;
    }
    Ok(Replayed { start, end_position, state_hash: replay.service().engine().state_hash() })
}

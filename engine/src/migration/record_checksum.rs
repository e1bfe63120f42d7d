//! The checksum over the records of an export.

use lugus_vocabulary::{ExportRecord, SnapshotRecord};

use crate::snapshot::checksum::checksum;
use crate::state_hash::{self, WORDS};

/// The checksum after a record, where it was `before`.
pub(crate) fn record_checksum(before: u64, record: &ExportRecord) -> u64 {
    let mut words = [0; WORDS];
    match record {
        ExportRecord::Snapshot(record) => return checksum(before, record),
        ExportRecord::Trades { after, forgotten } => {
            (words[0], words[1], words[2]) = (64, after.0, forgotten.0);
        }
        ExportRecord::Ended { number } => (words[0], words[1]) = (65, u64::from(*number)),
        ExportRecord::Changed { number, order } => {
            (words[0], words[1]) = (66, u64::from(*number));
            return checksum(state_hash::fold(before, &words), &SnapshotRecord::Order(*order));
        }
    }
    state_hash::fold(before, &words)
}

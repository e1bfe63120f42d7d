//! Writes records into a run.

use lugus_vocabulary::{ExportRecord, InstrumentId, SnapshotRecord};

use super::{CHANGED, ENDED, MAXIMUM_RUN_LENGTH, MESSAGE, TRADES};
use crate::short_layout::numbers::put_number;
use crate::short_layout::{Before, LONGEST_SHORT_RECORD};
use crate::snapshot::{MAXIMUM_RECORD_LENGTH, RecordBuffer, encode_record};

/// Upper bound of the length of a record, in bytes: a tag and the messages of a snapshot, or a short record.
const LONGEST_RECORD: usize = 512;

const _: () = assert!(MAXIMUM_RECORD_LENGTH < LONGEST_RECORD && LONGEST_SHORT_RECORD < LONGEST_RECORD);

/// Appends records to a run.
#[derive(Debug)]
pub struct RecordWriter<'b> {
    buffer: &'b mut Vec<u8>,
    end: usize,
    before: Before,
    message: Box<RecordBuffer>,
}

impl<'b> RecordWriter<'b> {
    /// A writer of a run that begins at the end of `buffer`.
    pub fn new(buffer: &'b mut Vec<u8>) -> Self {
        let end = buffer.len() + MAXIMUM_RUN_LENGTH;
        buffer.reserve(MAXIMUM_RUN_LENGTH);
        Self { buffer, end, before: Before::default(), message: Box::new([0; MAXIMUM_RECORD_LENGTH]) }
    }

    /// Whether any one more record fits into the run.
    pub fn has_room(&self) -> bool {
        self.buffer.len() + LONGEST_RECORD <= self.end
    }

    /// Appends a record.
    pub fn put(&mut self, record: &ExportRecord) {
        match record {
            ExportRecord::Snapshot(record) => self.put_snapshot(record),
            ExportRecord::Trades { after, forgotten } => {
                self.buffer.push(TRADES);
                put_number(self.buffer, after.0);
                put_number(self.buffer, forgotten.0);
            }
            ExportRecord::Ended { number } => {
                self.buffer.push(ENDED);
                put_number(self.buffer, (*number).into());
            }
            ExportRecord::Changed { number, order } => {
                self.buffer.push(CHANGED);
                put_number(self.buffer, (*number).into());
                self.before.put_order(self.buffer, order);
            }
        }
    }

    fn put_snapshot(&mut self, record: &SnapshotRecord) {
        // All reports are of the instrument of the run.
        let instrument = match record {
            SnapshotRecord::Report(kept) => kept.report.instrument,
            _ => InstrumentId::NONE,
        };
        if !self.before.put(self.buffer, record, instrument) {
            self.put_message(record);
        }
    }

    fn put_message(&mut self, record: &SnapshotRecord) {
        self.buffer.push(MESSAGE);
        self.buffer.extend_from_slice(encode_record(record, &mut self.message));
    }
}

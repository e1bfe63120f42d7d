//! Writes records into a run.

use lugus_vocabulary::{ReportBody, RetainedReport, SnapshotRecord};

use super::layout::Before;
use super::{EXECUTION, MAXIMUM_RUN_LENGTH, MESSAGE, ORDER, TRADE};
use crate::snapshot::{MAXIMUM_RECORD_LENGTH, RecordBuffer, encode_record};

/// Upper bound of the length of a record, in bytes: a tag and the messages of a snapshot, or at most sixteen numbers of ten
/// bytes each.
const LONGEST_RECORD: usize = 512;

const _: () = assert!(MAXIMUM_RECORD_LENGTH < LONGEST_RECORD);

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
    pub fn put(&mut self, record: &SnapshotRecord) {
        match record {
            SnapshotRecord::Report(RetainedReport { applied, report }) => match &report.body {
                ReportBody::Execution(execution) => {
                    self.buffer.push(EXECUTION);
                    self.before.put_execution(self.buffer, *applied, report, execution);
                }
                _ => self.put_message(record),
            },
            SnapshotRecord::Order(order) => {
                self.buffer.push(ORDER);
                self.before.put_order(self.buffer, order);
            }
            SnapshotRecord::Trade(trade) => {
                self.buffer.push(TRADE);
                self.before.put_trade(self.buffer, trade);
            }
            record => self.put_message(record),
        }
    }

    fn put_message(&mut self, record: &SnapshotRecord) {
        self.buffer.push(MESSAGE);
        self.buffer.extend_from_slice(encode_record(record, &mut self.message));
    }
}

//! Reads records from a run.

use lugus_vocabulary::{InstrumentId, SnapshotRecord};

use super::MESSAGE;
use crate::short_layout::Before;
use crate::short_layout::numbers::NumberReader;
use crate::snapshot::{RecordDecoder, SnapshotMessage};

/// Iterator over the records of a run, which ends at bytes that are no record.
#[derive(Debug)]
pub struct RecordReader<'a> {
    reader: NumberReader<'a>,
    instrument: InstrumentId,
    before: Before,
    is_damaged: bool,
}

impl<'a> RecordReader<'a> {
    /// A reader of a run of records of this instrument.
    pub fn new(instrument: InstrumentId, bytes: &'a [u8]) -> Self {
        Self { reader: NumberReader { bytes }, instrument, before: Before::default(), is_damaged: false }
    }

    /// Whether the reader has met bytes that are no record.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    fn record(&mut self) -> Option<SnapshotRecord> {
        match self.reader.byte()? {
            MESSAGE => self.message(),
            tag => self.before.record(tag, &mut self.reader, self.instrument),
        }
    }

    /// A record that is written as the messages of the snapshot.
    fn message(&mut self) -> Option<SnapshotRecord> {
        let mut decoder = RecordDecoder::default();
        loop {
            let (message, rest) = decoder.decode(self.reader.bytes).ok()?;
            self.reader.bytes = rest;
            match message {
                Some(SnapshotMessage::Record(record)) => return Some(record),
                Some(SnapshotMessage::Session(_) | SnapshotMessage::Timer(_) | SnapshotMessage::ProtocolVersion(_)) => {
                    return None;
                }
                None => {}
            }
        }
    }
}

impl Iterator for RecordReader<'_> {
    type Item = SnapshotRecord;

    fn next(&mut self) -> Option<SnapshotRecord> {
        if self.reader.bytes.is_empty() || self.is_damaged {
            return None;
        }
        let record = self.record();
        self.is_damaged = record.is_none();
        record
    }
}

//! Reads records from a run.

use lugus_vocabulary::{ExportRecord, InstrumentId, SnapshotRecord, TradeId};

use super::{CHANGED, ENDED, MESSAGE, TRADES};
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

    fn record(&mut self) -> Option<ExportRecord> {
        let reader = &mut self.reader;
        let record = match reader.byte()? {
            MESSAGE => self.message()?,
            TRADES => {
                let (after, forgotten) = (TradeId(reader.number()?), TradeId(reader.number()?));
                return Some(ExportRecord::Trades { after, forgotten });
            }
            ENDED => return Some(ExportRecord::Ended { number: order_number(reader)? }),
            CHANGED => {
                let number = order_number(reader)?;
                return Some(ExportRecord::Changed { number, order: self.before.order(reader)? });
            }
            tag => self.before.record(tag, reader, self.instrument)?,
        };
        Some(record.into())
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
    type Item = ExportRecord;

    fn next(&mut self) -> Option<ExportRecord> {
        if self.reader.bytes.is_empty() || self.is_damaged {
            return None;
        }
        let record = self.record();
        self.is_damaged = record.is_none();
        record
    }
}

/// The number of an order that was copied ahead.
fn order_number(reader: &mut NumberReader<'_>) -> Option<u32> {
    reader.number()?.try_into().ok()
}

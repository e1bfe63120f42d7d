//! Runs of records in short layouts, each in one message, written and read side by side.
//!
//! A run's records are tagged, and all of one instrument; a record is told from the ones before it in the run.

use lugus_vocabulary::{InstrumentId, SnapshotRecord};
use sbe_message::{DecodeError, Envelope, HEADER_LENGTH};

use crate::error::MessageError;
use crate::sbe_snapshot::record_run_codec;
use crate::short_layout::numbers::NumberReader;
use crate::short_layout::{Before, LONGEST_SHORT_RECORD};
use crate::{block, message};

const TEMPLATE_ID: u16 = record_run_codec::SBE_TEMPLATE_ID;

/// Length of the message before its records, in bytes: header, block, and the length of the records.
const BEGIN_LENGTH: usize = HEADER_LENGTH + record_run_codec::SBE_BLOCK_LENGTH as usize + LENGTH_LENGTH;
const LENGTH_LENGTH: usize = 4;

/// Upper bound of the length that a short record adds to a fragment, in bytes: a run may begin with it.
pub(super) const LONGEST_ADDITION: usize = BEGIN_LENGTH + LONGEST_SHORT_RECORD;

/// A run that is being written at the end of a buffer.
#[derive(Debug)]
pub(super) struct OpenRun {
    /// Where the message begins.
    begin: usize,
    instrument: InstrumentId,
    before: Before,
}

impl OpenRun {
    /// Begins a run of records of this instrument.
    pub(super) fn begin(buffer: &mut Vec<u8>, instrument: InstrumentId) -> Self {
        let begin = buffer.len();
        buffer.resize(begin + BEGIN_LENGTH, 0);
        let _end_of_block;
        message!(&mut buffer[begin..], sbe_snapshot, record_run_codec, RecordRunEncoder, _end_of_block)
            .instrument_id(instrument.0);
        Self { begin, instrument, before: Before::default() }
    }

    /// Appends a record; returns false, and appends nothing, if it has no short layout.
    #[inline]
    pub(super) fn put(&mut self, buffer: &mut Vec<u8>, record: &SnapshotRecord) -> bool {
        self.before.put(buffer, record, self.instrument)
    }

    /// Ends the run. A run without records is taken back.
    pub(super) fn end(self, buffer: &mut Vec<u8>) {
        let first = self.begin + BEGIN_LENGTH;
        let length = (buffer.len() - first) as u32;
        if length == 0 {
            buffer.truncate(self.begin);
        } else if let Some(place) = buffer.get_mut(first - LENGTH_LENGTH..first) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
}

/// A run that is being read.
#[derive(Debug)]
pub(super) struct RunReader {
    instrument: InstrumentId,
    before: Before,
    /// Number of bytes that have not been read.
    left: usize,
}

impl RunReader {
    /// Opens a run. Returns it with the bytes from its first record on, unless it is empty.
    ///
    /// # Errors
    /// [`MessageError`], if the message is cut off.
    pub(super) fn open(envelope: Envelope<'_>) -> Result<(Option<Self>, &[u8]), MessageError> {
        let wire = block!(envelope, sbe_snapshot, record_run_codec, RecordRunDecoder);
        let instrument = InstrumentId(wire.instrument_id());
        let body = envelope.body(TEMPLATE_ID, record_run_codec::SBE_BLOCK_LENGTH)?;
        let (records, _) = body.var_data(body.end_of_block())?;
        let run = Self { instrument, before: Before::default(), left: records.len() };
        Ok(((!records.is_empty()).then_some(run), &body.message[body.end_of_block() + LENGTH_LENGTH..]))
    }

    /// The next record of the run at the beginning of these bytes, and the bytes after it.
    ///
    /// # Errors
    /// [`MessageError`], if the bytes end before the run does, or are no record.
    #[inline]
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<(SnapshotRecord, &'a [u8]), MessageError> {
        let Some(run) = bytes.get(..self.left) else {
            return Err(DecodeError::Short { needed: self.left, available: bytes.len() }.into());
        };
        let mut reader = NumberReader { bytes: run };
        let record = reader.byte().and_then(|tag| self.before.record(tag, &mut reader, self.instrument));
        let record = record.ok_or(MessageError::Value { template_id: TEMPLATE_ID, field: "records" })?;
        let read = self.left - reader.bytes.len();
        self.left -= read;
        Ok((record, &bytes[read..]))
    }

    /// Whether all records of the run have been read.
    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        self.left == 0
    }
}

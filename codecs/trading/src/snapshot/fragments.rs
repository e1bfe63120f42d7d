//! Packs the messages of a snapshot into fragments: a snapshot of a million orders should be neither a million offers nor a
//! hundred megabytes.

use lugus_vocabulary::{InstrumentId, ParticipantSession, ProtocolVersion, ScheduledTimer, SnapshotRecord};

use super::runs::{LONGEST_ADDITION, OpenRun};
use super::{
    MAXIMUM_RECORD_LENGTH, RecordBuffer, encode_protocol_version, encode_record, encode_session, encode_timer,
};

/// Packs messages and records into fragments; none of them is divided. Records are written in runs where there is a short
/// layout for them, otherwise as messages.
#[derive(Debug)]
pub struct FragmentPacker {
    fragment: Vec<u8>,
    limit: usize,
    /// The run at the end of the fragment.
    run: Option<OpenRun>,
    /// The instrument whose records come now.
    instrument: InstrumentId,
    buffer: Box<RecordBuffer>,
}

/// Room that a record may need in a fragment, in bytes.
const ROOM: usize = if MAXIMUM_RECORD_LENGTH > LONGEST_ADDITION { MAXIMUM_RECORD_LENGTH } else { LONGEST_ADDITION };

impl FragmentPacker {
    /// A packer of fragments of at most `limit` bytes, which must be at least 512.
    pub fn new(limit: usize) -> Self {
        Self {
            fragment: Vec::with_capacity(limit.max(ROOM)),
            limit,
            run: None,
            instrument: InstrumentId::NONE,
            buffer: Box::new([0; MAXIMUM_RECORD_LENGTH]),
        }
    }

    /// Appends a session.
    ///
    /// # Errors
    /// That of `offer`, which is called with a fragment that is full.
    pub fn session<E>(
        &mut self,
        session: &ParticipantSession,
        offer: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.make_room(offer)?;
        self.end_run();
        self.fragment.extend_from_slice(encode_session(session, &mut self.buffer));
        Ok(())
    }

    /// Appends the timer of the service.
    ///
    /// # Errors
    /// As [`FragmentPacker::session`].
    pub fn timer<E>(
        &mut self,
        timer: &ScheduledTimer,
        offer: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.make_room(offer)?;
        self.end_run();
        self.fragment.extend_from_slice(encode_timer(timer, &mut self.buffer));
        Ok(())
    }

    /// Appends the active version of order entry.
    ///
    /// # Errors
    /// As [`FragmentPacker::session`].
    pub fn protocol_version<E>(
        &mut self,
        version: ProtocolVersion,
        offer: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.make_room(offer)?;
        self.end_run();
        self.fragment.extend_from_slice(encode_protocol_version(version, &mut self.buffer));
        Ok(())
    }

    /// Appends a record of the engine's state.
    ///
    /// # Errors
    /// As [`FragmentPacker::session`].
    #[inline]
    pub fn record<E>(
        &mut self,
        record: &SnapshotRecord,
        offer: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.make_room(offer)?;
        if let SnapshotRecord::Order(_) | SnapshotRecord::Report(_) | SnapshotRecord::Trade(_) = record {
            let Self { fragment, run, instrument, .. } = self;
            let run = run.get_or_insert_with(|| OpenRun::begin(fragment, *instrument));
            if run.put(fragment, record) {
                return Ok(());
            }
        }
        self.message(record);
        Ok(())
    }

    /// Offers the last fragment.
    ///
    /// # Errors
    /// As [`FragmentPacker::session`].
    pub fn finish<E>(mut self, offer: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.end_run();
        if self.fragment.is_empty() { Ok(()) } else { offer(&self.fragment) }
    }

    fn message(&mut self, record: &SnapshotRecord) {
        self.end_run();
        if let SnapshotRecord::Instrument(instrument) = record {
            self.instrument = instrument.definition.instrument;
        }
        self.fragment.extend_from_slice(encode_record(record, &mut self.buffer));
    }

    #[inline]
    fn make_room<E>(&mut self, offer: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        if self.fragment.len() + ROOM > self.limit && !self.fragment.is_empty() {
            self.end_run();
            offer(&self.fragment)?;
            self.fragment.clear();
        }
        Ok(())
    }

    fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            run.end(&mut self.fragment);
        }
    }
}

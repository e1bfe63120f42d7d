//! The service's state as SBE messages in a snapshot of the cluster: out and in again, whole and checked, or not at all.
//!
//! `record` translates one record, `report` one kept event; here they are packed into fragments, since a snapshot of a
//! million orders should not be a million offers.

pub(crate) mod record;
pub(crate) mod report;

use aeron_cluster_service::{Cluster, ServiceError, SnapshotReader, SnapshotWriter};
use lugus_codecs::snapshot::participant_session_codec;
use lugus_codecs::{DecodeError, Envelope, HEADER_LENGTH, order_entry};
use lugus_engine::{Engine, EngineLimits, Restore, SnapshotError};
use lugus_vocabulary::{ClientSequence, Report, RetainedReport, SnapshotRecord};
use thiserror::Error;

use crate::encode::{self, BUFFER_LENGTH, Buffer};
use crate::sessions::Sessions;

/// Longest fragment that is packed, in bytes: some hundred records, and far below what any term buffer takes.
const FRAGMENT_LENGTH: usize = 32 * 1024;

/// What a snapshot holds.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) sessions: Sessions,
}

/// Why a snapshot is not loaded.
#[derive(Debug, Error)]
enum LoadError {
    #[error("message {message} of the snapshot: {fault}")]
    Message { message: u64, fault: MessageFault },
    #[error(transparent)]
    Engine(#[from] SnapshotError),
}

/// What is wrong with one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum MessageFault {
    #[error("{0}")]
    Envelope(#[from] DecodeError),
    #[error("a value that its enumeration does not have")]
    Value,
    #[error("an event without its RetainedReport, or the other way round")]
    Unpaired,
}

/// Writes sessions and engine.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn take(engine: &Engine, sessions: &Sessions, writer: &mut dyn SnapshotWriter) -> Result<(), ServiceError> {
    let mut packer = Packer::new(writer);
    for session in sessions.iter() {
        packer.put(|buffer| record::session(session, buffer))?;
    }
    engine.snapshot(&mut |snapshot_record| {
        packer.put(|buffer| record::encode(snapshot_record, buffer))?;
        if let SnapshotRecord::Report(kept) = snapshot_record {
            packer.put(|buffer| encode::report(&kept.report, buffer))?;
        }
        Ok::<(), ServiceError>(())
    })?;
    packer.finish()
}

/// Reads them again.
///
/// # Errors
/// When anything of it is not what was written: says which message or record, and why.
pub(crate) fn load(
    limits: EngineLimits,
    cluster: &mut dyn Cluster,
    reader: &mut dyn SnapshotReader,
) -> Result<State, ServiceError> {
    let mut loader = Loader::new(limits);
    reader.read_to_end(cluster, &mut |fragment| Ok(loader.fragment(fragment)?))?;
    Ok(loader.finish()?)
}

/// Packs messages into fragments.
struct Packer<'w> {
    writer: &'w mut dyn SnapshotWriter,
    fragment: Vec<u8>,
    limit: usize,
    buffer: Box<Buffer>,
}

impl<'w> Packer<'w> {
    fn new(writer: &'w mut dyn SnapshotWriter) -> Self {
        let limit = FRAGMENT_LENGTH.min(writer.max_message_length());
        Self { writer, fragment: Vec::with_capacity(limit), limit, buffer: Box::new([0; BUFFER_LENGTH]) }
    }

    fn put(&mut self, encode: impl FnOnce(&mut Buffer) -> &[u8]) -> Result<(), ServiceError> {
        let message = encode(&mut self.buffer);
        if self.fragment.len() + message.len() > self.limit {
            self.writer.offer(&self.fragment)?;
            self.fragment.clear();
        }
        self.fragment.extend_from_slice(message);
        Ok(())
    }

    fn finish(self) -> Result<(), ServiceError> {
        if self.fragment.is_empty() { Ok(()) } else { self.writer.offer(&self.fragment) }
    }
}

/// Unpacks fragments into sessions and an engine.
struct Loader {
    restore: Restore,
    sessions: Sessions,
    /// A kept event's first part: the event itself comes next.
    applied: Option<ClientSequence>,
    messages: u64,
}

impl Loader {
    fn new(limits: EngineLimits) -> Self {
        Self { restore: Restore::new(limits), sessions: Sessions::default(), applied: None, messages: 0 }
    }

    fn fragment(&mut self, mut fragment: &[u8]) -> Result<(), LoadError> {
        while !fragment.is_empty() {
            let message = self.messages;
            let fault = |fault: MessageFault| LoadError::Message { message, fault };
            let envelope = Envelope::open(fragment).map_err(|error| fault(error.into()))?;
            let length = HEADER_LENGTH + usize::from(envelope.block_length);
            let Some((_, rest)) = fragment.split_at_checked(length) else {
                return Err(fault(DecodeError::Short { needed: length, available: fragment.len() }.into()));
            };
            self.message(envelope).map_err(|error| match error {
                MessageError::Fault(found) => fault(found),
                MessageError::Engine(error) => error.into(),
            })?;
            self.messages += 1;
            fragment = rest;
        }
        Ok(())
    }

    fn message(&mut self, envelope: Envelope<'_>) -> Result<(), MessageError> {
        if envelope.schema_id == order_entry::SBE_SCHEMA_ID {
            let report: Report = report::decode(envelope)?;
            let applied = self.applied.take().ok_or(MessageFault::Unpaired)?;
            return Ok(self.restore.record(&SnapshotRecord::Report(RetainedReport { applied, report }))?);
        }
        if self.applied.is_some() {
            return Err(MessageFault::Unpaired.into());
        }
        if envelope.template_id == participant_session_codec::SBE_TEMPLATE_ID {
            self.sessions.open(record::decode_session(envelope)?);
            return Ok(());
        }
        match record::decode(envelope)? {
            record::Decoded::Record(snapshot_record) => self.restore.record(&snapshot_record)?,
            record::Decoded::Retained(applied) => self.applied = Some(applied),
        }
        Ok(())
    }

    fn finish(self) -> Result<State, LoadError> {
        Ok(State { engine: self.restore.finish()?, sessions: self.sessions })
    }
}

/// What can be wrong with a message, whoever sees it.
enum MessageError {
    Fault(MessageFault),
    Engine(SnapshotError),
}

impl From<MessageFault> for MessageError {
    fn from(fault: MessageFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SnapshotError> for MessageError {
    fn from(error: SnapshotError) -> Self {
        Self::Engine(error)
    }
}

#[cfg(test)]
pub(crate) mod tests;

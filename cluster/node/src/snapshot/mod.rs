//! The state of the service as fragments of a snapshot of the cluster: written, and loaded whole and checked, or not at
//! all.
//!
//! The messages are [`lugus_codecs::snapshot`]'s.

use aeron_cluster_service::{Cluster, ServiceError, SnapshotReader, SnapshotWriter};
use lugus_codecs::snapshot::{FragmentPacker, RecordDecoder, SnapshotMessage, SnapshotMessageError};
use lugus_engine::{Engine, EngineLimits, Restore, SnapshotError};
use thiserror::Error;

use crate::sessions::Sessions;
use crate::timer::EngineTimer;

/// Maximum length of a fragment, in bytes: some hundred records, and far below what any term buffer takes.
const FRAGMENT_LENGTH: usize = 32 * 1024;

/// What a snapshot holds.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) sessions: Sessions,
    pub(crate) timer: EngineTimer,
}

/// Why a snapshot is not loaded.
#[derive(Debug, Error)]
enum LoadError {
    #[error("message {message} of the snapshot: {fault}")]
    Message {
        /// Number of the message, counted from 0.
        message: u64,
        fault: SnapshotMessageError,
    },
    #[error(transparent)]
    Engine(#[from] SnapshotError),
}

/// Writes the sessions, the timer and the engine.
///
/// # Errors
/// The error of the writer, if it has one.
pub(crate) fn take(
    engine: &Engine,
    sessions: &Sessions,
    timer: &EngineTimer,
    writer: &mut dyn SnapshotWriter,
) -> Result<(), ServiceError> {
    let mut packer = FragmentPacker::new(FRAGMENT_LENGTH.min(writer.max_message_length()));
    let offer = &mut |fragment: &[u8]| writer.offer(fragment);
    for session in sessions.iter() {
        packer.session(session, offer)?;
    }
    packer.timer(timer.state(), offer)?;
    engine.snapshot(&mut |record| packer.record(record, offer))?;
    packer.finish(offer)
}

/// Loads the sessions, the timer and the engine.
///
/// # Errors
/// If anything is not as it was written; the error says which message or record it is, and why.
pub(crate) fn load(
    limits: EngineLimits,
    cluster: &mut dyn Cluster,
    reader: &mut dyn SnapshotReader,
) -> Result<State, ServiceError> {
    let mut loader = Loader::new(limits);
    reader.read_to_end(cluster, &mut |fragment| Ok(loader.fragment(fragment)?))?;
    Ok(loader.finish()?)
}

/// Loads fragments into sessions, a timer and an engine.
struct Loader {
    restore: Restore,
    sessions: Sessions,
    timer: EngineTimer,
    decoder: RecordDecoder,
    /// Number of messages read.
    messages: u64,
}

impl Loader {
    fn new(limits: EngineLimits) -> Self {
        Self {
            restore: Restore::new(limits),
            sessions: Sessions::default(),
            timer: EngineTimer::default(),
            decoder: RecordDecoder::default(),
            messages: 0,
        }
    }

    fn fragment(&mut self, mut fragment: &[u8]) -> Result<(), LoadError> {
        while !fragment.is_empty() {
            let message = self.messages;
            let (read, rest) = self.decoder.decode(fragment).map_err(|fault| LoadError::Message { message, fault })?;
            match read {
                Some(SnapshotMessage::Session(session)) => {
                    self.sessions.open(session);
                }
                Some(SnapshotMessage::Timer(timer)) => self.timer = EngineTimer::of(timer),
                Some(SnapshotMessage::Record(record)) => self.restore.record(&record)?,
                None => {}
            }
            self.messages += 1;
            fragment = rest;
        }
        Ok(())
    }

    fn finish(self) -> Result<State, LoadError> {
        Ok(State { engine: self.restore.finish()?, sessions: self.sessions, timer: self.timer })
    }
}

#[cfg(test)]
pub(crate) mod tests;

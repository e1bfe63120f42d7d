//! The state of the service as fragments of a snapshot of the cluster: written, and loaded whole and checked, or not at
//! all.
//!
//! The messages are [`lugus_codecs::snapshot`]'s.

use aeron_cluster_service::{Cluster, ServiceError, SnapshotReader, SnapshotWriter};
use lugus_codecs::snapshot::{FragmentPacker, RecordDecoder, SnapshotMessage, SnapshotMessageError};
use lugus_engine::{Engine, EngineLimits, Restore, SnapshotError, SnapshotFault};
use lugus_vocabulary::{LogPosition, ProtocolVersion};
use thiserror::Error;

use crate::protocol_version::{self, UnknownProtocolVersion};
use crate::sessions::Sessions;
use crate::timer::EngineTimer;

/// Maximum length of a fragment, in bytes: some hundred records, and far below what any term buffer takes.
const FRAGMENT_LENGTH: usize = 32 * 1024;

/// What a snapshot holds.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) sessions: Sessions,
    pub(crate) timer: EngineTimer,
    pub(crate) protocol: ProtocolVersion,
}

/// Why a snapshot is not loaded.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    #[error("message {message} of the snapshot: {fault}")]
    Message {
        /// Number of the message, counted from 0.
        message: u64,
        fault: SnapshotMessageError,
    },
    #[error(transparent)]
    Engine(#[from] SnapshotError),
    #[error(transparent)]
    ProtocolVersion(#[from] UnknownProtocolVersion),
    #[error(
        "{0}. Start the member with the version of Lugus that wrote the snapshot, or a later one. To go back to this version, \
         recover a backup from before the upgrade (`lugus recover`)"
    )]
    OtherVersion(Box<LoadError>),
}

impl LoadError {
    /// Whether nothing is wrong with the snapshot but that this program is too old, or too new, for it.
    fn is_of_other_version(&self) -> bool {
        match self {
            Self::Message { fault, .. } => matches!(fault, SnapshotMessageError::Later { .. }),
            Self::Engine(error) => matches!(error.fault, SnapshotFault::Version { .. }),
            Self::ProtocolVersion(_) | Self::OtherVersion(_) => true,
        }
    }

    fn with_advice(self) -> Self {
        match self {
            Self::ProtocolVersion(_) => self,
            error if error.is_of_other_version() => Self::OtherVersion(Box::new(error)),
            error => error,
        }
    }
}

/// Whether a service could not start because its snapshot is of a version that this program can't load.
pub(crate) fn is_of_other_version(error: &ServiceError) -> bool {
    error.downcast_ref::<LoadError>().is_some_and(LoadError::is_of_other_version)
}

/// Writes the sessions, the timer, the active version of order entry, and the engine.
///
/// # Errors
/// The error of the writer, if it has one.
pub(crate) fn take(
    engine: &Engine,
    sessions: &Sessions,
    timer: &EngineTimer,
    protocol: ProtocolVersion,
    writer: &mut dyn SnapshotWriter,
) -> Result<(), ServiceError> {
    let mut packer = FragmentPacker::new(FRAGMENT_LENGTH.min(writer.max_message_length()));
    let offer = &mut |fragment: &[u8]| writer.offer(fragment);
    for session in sessions.iter() {
        packer.session(session, offer)?;
    }
    packer.timer(timer.state(), offer)?;
    packer.protocol_version(protocol, offer)?;
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
    let mut loader = Loader::new(limits, LogPosition(cluster.log_position()));
    reader.read_to_end(cluster, &mut |fragment| Ok(loader.fragment(fragment).map_err(LoadError::with_advice)?))?;
    Ok(loader.finish()?)
}

/// Loads fragments into sessions, a timer and an engine.
struct Loader {
    restore: Restore,
    sessions: Sessions,
    timer: EngineTimer,
    protocol: ProtocolVersion,
    decoder: RecordDecoder,
    /// Log position of the snapshot.
    position: LogPosition,
    /// Number of messages read.
    messages: u64,
}

impl Loader {
    fn new(limits: EngineLimits, position: LogPosition) -> Self {
        Self {
            restore: Restore::new(limits),
            sessions: Sessions::default(),
            timer: EngineTimer::default(),
            protocol: ProtocolVersion::FIRST_ACTIVE,
            decoder: RecordDecoder::default(),
            position,
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
                Some(SnapshotMessage::ProtocolVersion(version)) => {
                    protocol_version::check(version, self.position)?;
                    self.protocol = version;
                }
                Some(SnapshotMessage::Record(record)) => self.restore.record(&record)?,
                None => {}
            }
            self.messages += 1;
            fragment = rest;
        }
        Ok(())
    }

    fn finish(self) -> Result<State, LoadError> {
        let engine = self.restore.finish()?;
        Ok(State { engine, sessions: self.sessions, timer: self.timer, protocol: self.protocol })
    }
}

#[cfg(test)]
pub(crate) mod tests;

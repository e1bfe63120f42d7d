//! The active version of order entry in a member's state, and the end of a member that does not know it.
//!
//! While members are upgraded one after the other, two versions of the program apply the same log. A message of a version that only
//! the newer one knows would lead them to different states. So all members refuse messages of a later version than the active
//! one, also those that know it, until the operator makes it active. That is a message of the log, too: a member that does
//! not know the version can't go on as the others do, and ends.

use std::sync::{Arc, OnceLock};

use lugus_codecs::order_entry::KNOWN_PROTOCOL_VERSION;
use lugus_vocabulary::{LogPosition, MemberVersions, ProgramVersion, ProtocolVersion};
use thiserror::Error;

/// The cluster uses a later version of order entry than this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "version {active} of order entry is active in the cluster since log position {position}, and {KNOWN_PROTOCOL_VERSION} is the \
     last one that this program knows: install the version of Lugus that the other members have, and start the member again"
)]
pub struct UnknownProtocolVersion {
    /// The version that was made active.
    pub active: ProtocolVersion,
    /// Position in the log after the message that did it, or of the snapshot in which it is active.
    pub position: LogPosition,
}

/// Tells the member that its service has met a version that it does not know.
#[derive(Debug, Clone, Default)]
pub struct ServiceEnd(Arc<OnceLock<UnknownProtocolVersion>>);

impl ServiceEnd {
    /// The version that the service does not know, if it has met one.
    #[inline]
    pub fn reason(&self) -> Option<UnknownProtocolVersion> {
        self.0.get().copied()
    }
}

/// The active version, as the log has made it.
#[derive(Debug)]
pub(crate) struct ActiveProtocol {
    version: ProtocolVersion,
    end: ServiceEnd,
}

impl Default for ActiveProtocol {
    fn default() -> Self {
        Self { version: ProtocolVersion::FIRST_ACTIVE, end: ServiceEnd::default() }
    }
}

impl ActiveProtocol {
    /// The version: later ones are refused.
    #[inline]
    pub(crate) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Sets the version of a snapshot, which is known.
    pub(crate) fn restore(&mut self, version: ProtocolVersion) {
        self.version = version;
    }

    /// Makes a version active, if it is later than the active one. A version that is not known ends the service: it applies nothing
    /// any more.
    pub(crate) fn activate(&mut self, version: ProtocolVersion, position: LogPosition) {
        if version > KNOWN_PROTOCOL_VERSION {
            let unknown = *self.end.0.get_or_init(|| UnknownProtocolVersion { active: version, position });
            tracing::error!(%unknown, "the service ends");
        } else if version > self.version {
            tracing::info!(before = %self.version, now = %version, "a version of order entry is active");
            self.version = version;
        }
    }

    /// Whether the service has ended.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.end.0.get().is_some()
    }

    /// What tells of the end of the service.
    pub(crate) fn end(&self) -> &ServiceEnd {
        &self.end
    }

    /// The member's versions.
    pub(crate) fn versions(&self) -> MemberVersions {
        MemberVersions { program: own_version(), known: KNOWN_PROTOCOL_VERSION, active: self.version }
    }
}

/// Checks the active version of a snapshot.
///
/// # Errors
/// [`UnknownProtocolVersion`].
pub(crate) fn check(active: ProtocolVersion, position: LogPosition) -> Result<(), UnknownProtocolVersion> {
    if active > KNOWN_PROTOCOL_VERSION { Err(UnknownProtocolVersion { active, position }) } else { Ok(()) }
}

/// Version of this program.
pub fn own_version() -> ProgramVersion {
    const NONE: ProgramVersion = ProgramVersion { major: 0, minor: 0, patch: 1 };
    ProgramVersion::parse(env!("CARGO_PKG_VERSION")).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_begins_with_a_version_that_it_knows() {
        const { assert!(ProtocolVersion::FIRST_ACTIVE.0 <= KNOWN_PROTOCOL_VERSION.0) }
        assert_eq!(own_version().to_string(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn a_version_never_goes_back_and_an_unknown_one_ends_the_service() {
        let mut protocol = ActiveProtocol::default();
        protocol.activate(ProtocolVersion(1), LogPosition(64));
        assert_eq!((protocol.version(), protocol.has_ended()), (ProtocolVersion::FIRST_ACTIVE, false));
        let later = ProtocolVersion(KNOWN_PROTOCOL_VERSION.0 + 1);
        protocol.activate(later, LogPosition(128));
        protocol.activate(ProtocolVersion(later.0 + 1), LogPosition(192));
        let reason = protocol.end().reason();
        assert_eq!(reason, Some(UnknownProtocolVersion { active: later, position: LogPosition(128) }));
        assert_eq!(protocol.version(), ProtocolVersion::FIRST_ACTIVE);
    }
}

//! What a program of some version understands, and what the members of a cluster have agreed on.

use std::fmt;

/// A version of order entry (schema 201), as a cluster uses it. The members of a cluster refuse messages of a later version than
/// the active one, all alike, until the operator makes a later one active in the log: while members are upgraded one after the
/// other, no message is applied by some of them as the sender meant it, and by others without what they do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    /// The active version of a cluster in whose log no other was made active. From the first release on it never changes, as
    /// members of any version must begin a log alike.
    pub const FIRST_ACTIVE: Self = Self(6);
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Version of a program, by Semantic Versioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramVersion {
    /// Changes when something is no longer compatible.
    pub major: u8,
    /// Changes when something is new.
    pub minor: u8,
    /// Changes when something is mended.
    pub patch: u8,
}

impl ProgramVersion {
    /// The version in one number, as Aeron's `SemanticVersion` composes it.
    pub const fn number(self) -> u32 {
        (self.major as u32) << 16 | (self.minor as u32) << 8 | self.patch as u32
    }

    /// The version with this number; `None` if no version has it.
    pub const fn from_number(number: u32) -> Option<Self> {
        let [0, major, minor, patch] = number.to_be_bytes() else { return None };
        Some(Self { major, minor, patch })
    }

    /// The version of a text like `1.2.3` or `1.2.3-rc.1`; `None` if it is none, or a part of it is above 255.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(['.', '-', '+']).map(str::parse);
        let mut part = || parts.next()?.ok();
        Some(Self { major: part()?, minor: part()?, patch: part()? })
    }
}

impl fmt::Display for ProgramVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Versions of a running member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberVersions {
    /// Version of its program.
    pub program: ProgramVersion,
    /// The latest version of order entry that its program knows.
    pub known: ProtocolVersion,
    /// The active version in its state.
    pub active: ProtocolVersion,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_number_and_a_text() {
        let version = ProgramVersion { major: 1, minor: 20, patch: 3 };
        assert_eq!(version.number(), 0x01_14_03);
        assert_eq!(ProgramVersion::from_number(version.number()), Some(version));
        assert_eq!(ProgramVersion::from_number(1 << 24), None);
        assert_eq!(version.to_string(), "1.20.3");
        for text in ["1.20.3", "1.20.3-rc.1", "1.20.3+commit"] {
            assert_eq!(ProgramVersion::parse(text), Some(version), "{text}");
        }
        for text in ["", "1.2", "1.2.x", "1.256.0"] {
            assert_eq!(ProgramVersion::parse(text), None, "{text}");
        }
    }
}

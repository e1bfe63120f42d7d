//! What a participant may do.

use crate::units::ParticipantId;

/// What a participant may do. A participant has one role, in all clusters of its deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[repr(u8)]
pub enum ParticipantRole {
    /// Sends orders, and asks for books.
    Trader = 1,
    /// Asks for books, and sends no command.
    Reader = 2,
    /// Sends orders and the operator's commands, moves instruments, and gets drop copies. Participant 0 alone has this role.
    Operator = 3,
    /// Reads, and sends the admin requests of Aeron Cluster.
    Administrator = 4,
}

impl ParticipantRole {
    /// All roles, by ascending number.
    pub const ALL: [Self; 4] = [Self::Trader, Self::Reader, Self::Operator, Self::Administrator];

    /// The role of a participant for which none is named.
    #[inline]
    pub const fn default_of(participant: ParticipantId) -> Self {
        if participant.0 == ParticipantId::OPERATOR.0 { Self::Operator } else { Self::Trader }
    }

    /// Whether this participant can have the role: the operator has no other, and nobody else has the operator's.
    #[inline]
    pub const fn suits(self, participant: ParticipantId) -> bool {
        matches!(self, Self::Operator) == (participant.0 == ParticipantId::OPERATOR.0)
    }

    /// Whether a participant of this role may send commands. The engine decides which of them are the operator's.
    #[inline]
    pub const fn may_command(self) -> bool {
        matches!(self, Self::Trader | Self::Operator)
    }

    /// The name, as `cluster.toml` and a session's principal have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trader => "trader",
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }

    /// The role of this name; `None` if no role has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The role with this number, as snapshots have it; `None` if no role has it.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The number of this role, as snapshots have it.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_name_and_number() {
        for role in ParticipantRole::ALL {
            assert_eq!(ParticipantRole::from_name(role.name()), Some(role));
            assert_eq!(ParticipantRole::from_number(role.number()), Some(role));
        }
        for name in ["", "Trader", "traders", "0"] {
            assert_eq!(ParticipantRole::from_name(name), None, "{name}");
        }
        assert_eq!((ParticipantRole::from_number(0), ParticipantRole::from_number(5)), (None, None));
    }

    #[test]
    fn participant_0_alone_is_the_operator() {
        for role in ParticipantRole::ALL {
            let is_operator = role == ParticipantRole::Operator;
            assert_eq!((role.suits(ParticipantId(0)), role.suits(ParticipantId(7))), (is_operator, !is_operator));
        }
        assert_eq!(ParticipantRole::default_of(ParticipantId(0)), ParticipantRole::Operator);
        assert_eq!(ParticipantRole::default_of(ParticipantId(7)), ParticipantRole::Trader);
    }

    #[test]
    fn traders_and_the_operator_send_commands() {
        let may: Vec<_> = ParticipantRole::ALL.into_iter().filter(|role| role.may_command()).collect();
        assert_eq!(may, [ParticipantRole::Trader, ParticipantRole::Operator]);
    }
}

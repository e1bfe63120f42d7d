//! What goes wrong: each fault is a value, which is drawn from the seed, printed, and can be repeated.

use serde::{Deserialize, Serialize};

/// What a fault needs, and what it may be combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultGroup {
    /// Processes end, or stand still.
    Processes,
    /// Clients do something unusual.
    Clients,
    /// The network between members, or between members and clients: needs network namespaces.
    Network,
    /// A disk runs full: needs root.
    Disk,
    /// An instrument moves: needs another cluster and a coordinator.
    Moves,
    /// A member loses or damages what it has recorded, so that nothing else may happen to what the others have.
    State,
}

/// Defines the kinds of faults: name, group, how often it is drawn, and what it is.
macro_rules! faults {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $group:ident, $weight:literal;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FaultKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl FaultKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its name on the command line and in JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// What it needs.
            pub const fn group(self) -> FaultGroup {
                match self {
                    $(Self::$kind => FaultGroup::$group,)*
                }
            }

            /// How often it is drawn, compared with others.
            pub(crate) const fn weight(self) -> u64 {
                match self {
                    $(Self::$kind => $weight,)*
                }
            }
        }
    };
}

faults! {
    /// One process of a member is killed with SIGKILL; the member ends, and its supervisor starts it again.
    KillProcess = "kill-process", Processes, 10;
    /// One process of a member stands still (SIGSTOP), and then goes on, if it was not ended meanwhile.
    StopProcess = "stop-process", Processes, 10;
    /// All processes of a member are killed with SIGKILL, its supervisor too, and it stays down for a while.
    KillMember = "kill-member", Processes, 10;
    /// All processes of a member stand still.
    StopMember = "stop-member", Processes, 6;
    /// A member is ended in order (SIGTERM), and stays down for a while.
    EndMember = "end-member", Processes, 4;
    /// Two of three members are killed at once, and stay down for a while.
    KillTwo = "kill-two", Processes, 4;
    /// All members are killed at once, and stay down for a while.
    KillAll = "kill-all", Processes, 4;
    /// Other programs take all processors.
    Busy = "busy", Processes, 5;
    /// All members take a snapshot.
    Snapshot = "snapshot", Processes, 10;
    /// A member starts again with a clock that is wrong from now on.
    Clock = "clock", Processes, 3;
    /// A client's process is replaced by another one of the same participant; one in Java is killed with SIGKILL before.
    ReplaceClient = "replace-client", Clients, 4;
    /// A client closes its session, and opens another one.
    ReconnectClient = "reconnect-client", Clients, 3;
    /// The media driver of some clients, or a client in Java, stands still.
    StopClients = "stop-clients", Clients, 4;
    /// A member hears nobody, and nobody hears it.
    Isolate = "isolate", Network, 8;
    /// A member and the other members don't hear one another; clients hear all.
    Partition = "partition", Network, 8;
    /// The other members don't hear a member, which hears them.
    Mute = "mute", Network, 6;
    /// A member does not hear the other members, which hear it.
    Deaf = "deaf", Network, 6;
    /// Clients and a member don't hear one another.
    CutClients = "cut-clients", Network, 5;
    /// All packets are lost with some probability.
    Loss = "loss", Network, 6;
    /// All packets come late, each by another time, so that they overtake one another, and some come twice.
    Delay = "delay", Network, 6;
    /// An instrument moves to the other cluster or back.
    Move = "move", Moves, 14;
    /// The program that moves instruments is killed; it is asked again at the end.
    KillMove = "kill-move", Moves, 4;
    /// The coordinator is killed, and stays down for a while.
    KillCoordinator = "kill-coordinator", Moves, 3;
    /// The other cluster's only member is killed, and stays down for a while.
    KillOtherCluster = "kill-other-cluster", Moves, 4;
    /// A member's disk runs full.
    FullDisk = "full-disk", Disk, 4;
    /// A killed member loses archive and consensus module's folder.
    DeleteState = "delete-state", State, 4;
    /// Bytes of a killed member's recorded log are changed.
    BendLog = "bend-log", State, 3;
    /// A killed member's recorded log is cut off.
    TruncateLog = "truncate-log", State, 3;
    /// Bytes of a killed member's newest snapshot are changed.
    BendSnapshot = "bend-snapshot", State, 3;
    /// Bytes of a killed member's archive catalog are changed, or the file is cut off.
    BendCatalog = "bend-catalog", State, 3;
    /// Bytes of one of a killed member's mark files are changed, or the file is cut off or gone.
    BendMarkFile = "bend-mark-file", State, 3;
    /// Bytes of a killed member's recording log (its terms and snapshots) are changed, or the file is cut off.
    BendRecordingLog = "bend-recording-log", State, 3;
}

impl FaultKind {
    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Which member a fault concerns, as it is when the fault begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The leader; member 0 if there is none.
    Leader,
    /// The member after the leader.
    Follower,
    /// The member before the leader.
    OtherFollower,
}

impl Target {
    /// The member's number, for a leader and a number of members.
    pub fn member(self, leader: Option<usize>, members: usize) -> usize {
        let distance = match self {
            Self::Leader => 0,
            Self::Follower => 1,
            Self::OtherFollower => members.saturating_sub(1),
        };
        (leader.unwrap_or(0) + distance) % members
    }
}

/// A process of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessKind {
    /// `lugus node`, with the service.
    Node,
    /// The media driver.
    MediaDriver,
    /// The JVM with archive and consensus module.
    Jvm,
    /// `lugus supervise`, with which all others die.
    Supervisor,
}

impl ProcessKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Node, Self::MediaDriver, Self::Jvm, Self::Supervisor];
}

/// A fault: one line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Number of the episode, from 1. The faults of an episode happen together, and the episode ends when all are over.
    pub episode: u64,
    /// Whether the episode begins only when all members follow again, and have the same state.
    pub after_recovery: bool,
    /// Milliseconds from the begin of the episode.
    pub at_ms: u64,
    /// What happens.
    pub fault: FaultKind,
    /// To which member; faults that concern all of them ignore it.
    pub target: Target,
    /// To which process, where that matters.
    pub process: ProcessKind,
    /// How long it lasts, or how long a member stays down.
    pub length_ms: u64,
    /// A random number that decides the rest: where a file is bent, how much is lost, which client.
    pub choice: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_line_of_json() {
        let fault = Fault {
            episode: 3,
            after_recovery: true,
            at_ms: 250,
            fault: FaultKind::StopProcess,
            target: Target::OtherFollower,
            process: ProcessKind::MediaDriver,
            length_ms: 1_500,
            choice: 77,
        };
        let line = serde_json::to_string(&fault).unwrap();
        assert!(
            line.contains(r#""fault":"stop-process","target":"other-follower","process":"media-driver""#),
            "{line}"
        );
        assert_eq!(serde_json::from_str::<Fault>(&line).unwrap(), fault);
    }

    #[test]
    fn names_are_unique_and_lead_back() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::named(kind.name()), Some(*kind));
        }
        assert_eq!(FaultKind::named("fire"), None);
    }

    #[test]
    fn targets_are_the_leader_and_its_neighbours() {
        let members = |leader| [Target::Leader, Target::Follower, Target::OtherFollower].map(|it| it.member(leader, 3));
        assert_eq!(members(Some(2)), [2, 0, 1]);
        assert_eq!(members(None), [0, 1, 2]);
    }
}

//! What goes wrong in a run, and how often: each run draws its own mixture from its seed, so that some faults are missing in
//! most runs, and others come thick and fast (swarm testing).

use crate::random::Random;

/// Defines the kinds of faults: name, how often in 10,000 at the low and at the high level, and what it is.
macro_rules! faults {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $low:literal, $high:literal;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$doc])* $kind,)*
        }

        impl Fault {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            const fn levels(self) -> (u32, u32) {
                match self {
                    $(Self::$kind => ($low, $high),)*
                }
            }
        }
    };
}

faults! {
    /// A message of a client or to a client is lost.
    LostMessage = "lost-message", 100, 2_000;
    /// A message of a client or to a client comes twice.
    RepeatedMessage = "repeated-message", 200, 2_000;
    /// A message of a client or to a client is under way for long.
    LateMessage = "late-message", 200, 2_000;
    /// A client's publication takes no message for the moment.
    BackPressure = "back-pressure", 300, 2_000;
    /// A publication whose leader is dead takes a message, which is lost.
    SentIntoTheVoid = "sent-into-the-void", 1_000, 5_000;
    /// The leader is killed.
    KilledLeader = "killed-leader", 20, 100;
    /// A member that does not lead is killed.
    KilledFollower = "killed-follower", 20, 100;
    /// All members are killed.
    KilledGroup = "killed-group", 3, 20;
    /// The others do not hear the leader any more, though clients do.
    IsolatedLeader = "isolated-leader", 20, 80;
    /// A member's service stands still for a while.
    StalledService = "stalled-service", 30, 200;
    /// A member gets the log late.
    LaggingMember = "lagging-member", 1_000, 7_000;
    /// A member's consensus module takes no message of the service for the moment.
    RefusedRequest = "refused-request", 100, 1_000;
    /// A client's egress takes no message at the first try.
    HeldUpEgress = "held-up-egress", 100, 1_000;
    /// All members take a snapshot.
    Snapshot = "snapshot", 30, 200;
    /// A member starts from an older snapshot than its newest, or from none.
    OldSnapshot = "old-snapshot", 3_000, 3_000;
    /// A client loses a session.
    CutSession = "cut-session", 30, 150;
    /// A client reaches a cluster no more for a while.
    PartitionedClient = "partitioned-client", 20, 60;
    /// A client process is killed, and another one of its participant starts.
    RestartedClient = "restarted-client", 20, 60;
    /// An instrument moves to another cluster.
    Move = "move", 100, 300;
    /// A move is undone.
    UndoneMove = "undone-move", 50, 300;
    /// The migrator is killed, and another one goes on.
    KilledMigrator = "killed-migrator", 50, 200;
    /// The coordinator does not answer for a while.
    AbsentCoordinator = "absent-coordinator", 20, 60;
    /// A client gets no new map for a while.
    LateMap = "late-map", 50, 200;
    /// The map gets a new epoch for some other reason.
    OtherEpoch = "other-epoch", 50, 100;
}

/// How often each kind of fault happens in a run, in 10,000 steps or messages.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    levels: Vec<u32>,
    random: Vec<Random>,
}

impl Faults {
    /// The mixture of a run.
    pub(crate) fn draw(seed: u64, without: &[Fault]) -> Self {
        let mut draw = Random::new(seed, 1);
        // In one run of eight nothing goes wrong at all, in another one everything may.
        let (few, many) = draw.one_of(&[(4, 1), (4, 1), (2, 1), (2, 1), (2, 2), (1, 3), (0, 4), (8, 0)]);
        let mut levels = Vec::new();
        for fault in Fault::ALL {
            let (low, high) = fault.levels();
            let drawn = draw.below(8);
            let level = match drawn {
                _ if without.contains(fault) => 0,
                drawn if drawn < many => high,
                drawn if drawn < 8 - few => low,
                _ => 0,
            };
            levels.push(level);
        }
        let random = (0..Fault::ALL.len() as u64).map(|kind| Random::new(seed, 100 + kind)).collect();
        Self { levels, random }
    }

    /// Whether the fault happens now.
    pub(crate) fn happens(&mut self, fault: Fault) -> bool {
        let at = fault as usize;
        self.random[at].happens(self.levels[at])
    }

    /// A number below `bound`, for the fault that happens now.
    pub(crate) fn below(&mut self, fault: Fault, bound: u64) -> u64 {
        self.random[fault as usize].below(bound)
    }

    /// The kinds that may happen.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(|fault| self.levels[*fault as usize] > 0)
    }

    /// Ends all faults.
    pub(crate) fn end(&mut self) {
        self.levels.iter_mut().for_each(|level| *level = 0);
    }
}

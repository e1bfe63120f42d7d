//! What a run consists of: drawn from its seed, and narrowed by what the caller wants.

use std::time::Duration;

use aeron_cluster_service::TimeUnit;
use lugus_client::{Limits, RetryPolicy};
use lugus_engine::EngineLimits;
use lugus_node::service::DropCopyPolicy;
use lugus_vocabulary::GraceTime;

use crate::faults::{Fault, Faults};
use crate::network::{MILLISECOND, Time};
use crate::random::Random;
use crate::sabotage::Sabotage;

/// What the caller wants of a run, beside what its seed says. A run with fewer steps is the beginning of one with more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Number of steps of a millisecond in which things are done and go wrong.
    pub steps: Option<u32>,
    /// Number of clients at most.
    pub clients: Option<usize>,
    /// Faults that do not happen.
    pub without: Vec<Fault>,
    /// What is broken on purpose: only the simulator's own tests do that.
    pub sabotage: Option<Sabotage>,
}

/// A day and, before it, time for some orders of the day.
const BEFORE_MIDNIGHT: Time = 86_400_000 * MILLISECOND - 120 * MILLISECOND;

/// Greatest number of instruments.
pub(crate) const INSTRUMENTS: u32 = 3;

const LIMITS: Limits = {
    let mut limits = Limits::new();
    (limits.maximum_outstanding, limits.maximum_instruments) = (40, 8);
    limits
};

/// Time-outs for a network whose messages take milliseconds. Commands are never given up.
const PATIENT: RetryPolicy = {
    let mut policy = RetryPolicy::new();
    policy.attempts = u32::MAX;
    policy.timeout = Duration::from_millis(40);
    policy.maximum_timeout = Duration::from_millis(320);
    policy.disconnected_timeout = Duration::from_secs(600);
    policy.moved_timeout = Duration::from_secs(600);
    policy.moved_interval = Duration::from_millis(2);
    policy.maximum_moved_interval = Duration::from_millis(40);
    policy.verify_interval = Duration::from_millis(100);
    policy.maximum_verify_interval = Duration::from_millis(800);
    policy
};

/// Commands are given up soon, and often.
const IMPATIENT: RetryPolicy = {
    let mut policy = PATIENT;
    policy.attempts = 3;
    policy.disconnected_timeout = Duration::from_millis(70);
    policy.moved_timeout = Duration::from_millis(50);
    policy
};

/// Whether what is told is compared with the oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Each group with an oracle of its own.
    OfGroups,
    /// Each instrument with an oracle of its own.
    OfInstruments,
    /// No comparison: instruments move, and commands concern several.
    None,
}

/// What a run consists of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) steps: u32,
    /// Time at which the run begins.
    pub(crate) begins_at: Time,
    pub(crate) groups: usize,
    pub(crate) members: usize,
    pub(crate) maximum_payload: usize,
    pub(crate) unit: TimeUnit,
    /// Participants that trade: a client process each, from these steps on.
    pub(crate) clients: Vec<(u32, u32)>,
    /// Whether the operator works, too.
    pub(crate) has_operator: bool,
    /// Step at which the operator defines the last instrument, which clients ask for from the beginning.
    pub(crate) defines_late_at: Option<u32>,
    /// Whether messages of clients are signed.
    pub(crate) has_keys: bool,
    pub(crate) grace: Option<GraceTime>,
    pub(crate) policy: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) engine: EngineLimits,
    pub(crate) drop_copies: DropCopyPolicy,
    /// Whether every client gets drop copies.
    pub(crate) takes_drop_copies: bool,
    pub(crate) comparison: Comparison,
    /// Commands a client gives in 10,000 steps.
    pub(crate) pace: u32,
    pub(crate) sabotage: Option<Sabotage>,
}

impl Plan {
    /// The plan of a run, and its mixture of faults.
    pub(crate) fn draw(seed: u64, options: &Options) -> (Self, Faults) {
        let mut draw = Random::new(seed, 0);
        let steps = draw.between(100, 400) as u32;
        let groups = draw.one_of(&[1, 1, 1, 2, 2, 3]);
        let moves = groups > 1;
        let members = draw.one_of(&[3, 3, 3, 3, 1, 5]);
        let is_impatient = draw.below(4) == 0;
        let count = draw.between(1, 4) as usize;
        let mut clients: Vec<(u32, u32)> = (1..=count as u32).map(|participant| (participant, 0)).collect();
        // Another process of the first participant takes over.
        let is_taken_over = draw.below(8) == 0;
        if is_taken_over {
            clients.push((1, 50 + draw.below(100) as u32));
        }
        let concerns_several = !moves || draw.below(2) == 0;
        let grace = [None, Some(0), Some(5), Some(60)];
        let grace = draw.one_of(&grace).filter(|_| concerns_several).and_then(GraceTime::from_milliseconds);
        let retained_events = draw.one_of(&[4, 40, 4_096]);
        let steps_limit = draw.one_of(&[4_096, 4_096, 2, 7]);
        let few_orders = draw.one_of(&[12, 60, 1_000]);
        let trades = draw.one_of(&[3, 4_096]);
        let engine = EngineLimits {
            instruments: 4,
            participants: if moves { 16 } else { draw.one_of(&[3, 16]) },
            orders: if moves { 5_000 } else { few_orders },
            retained_events,
            retained_firm_events: 16_384,
            retained_trades: trades,
            steps: if moves { 4_096 } else { steps_limit },
        };
        let begins_at = draw.one_of(&[MILLISECOND, BEFORE_MIDNIGHT]);
        let mut plan = Self {
            seed,
            begins_at,
            steps: options.steps.map_or(steps, |wanted| wanted.min(steps)),
            groups,
            members,
            maximum_payload: draw.one_of(&[64, 100, 1_376, 1_376]),
            unit: draw.one_of(&[TimeUnit::Millis, TimeUnit::Micros, TimeUnit::Nanos]),
            clients: clients.into_iter().take(options.clients.unwrap_or(usize::MAX)).collect(),
            has_operator: !moves && draw.below(2) == 0,
            defines_late_at: None,
            has_keys: draw.below(3) == 0,
            grace,
            policy: if is_impatient { IMPATIENT } else { PATIENT },
            limits: LIMITS,
            engine,
            drop_copies: DropCopyPolicy::Everybody,
            takes_drop_copies: draw.below(4) == 0,
            comparison: match (moves, concerns_several) {
                (false, _) => Comparison::OfGroups,
                (true, false) => Comparison::OfInstruments,
                (true, true) => Comparison::None,
            },
            pace: draw.one_of(&[1_500, 5_000, 12_000]),
            sabotage: options.sabotage,
        };
        let mut without = options.without.clone();
        if is_impatient && moves {
            // What was sent on a slow way to a cluster that the instrument leaves and comes back to could be applied under a number
            // that stands for another command by then, once it is given up: docs/guarantees.md.
            without.extend([Fault::PartitionedClient, Fault::LateMessage]);
        }
        if is_taken_over {
            // A process takes over when it opens a session. So no session may be opened late here, or again.
            let harmless = [
                Fault::RepeatedMessage,
                Fault::BackPressure,
                Fault::LaggingMember,
                Fault::RefusedRequest,
                Fault::HeldUpEgress,
                Fault::Snapshot,
                Fault::OldSnapshot,
                Fault::OtherEpoch,
            ];
            without.extend(Fault::ALL.iter().copied().filter(|fault| !harmless.contains(fault)));
        }
        if plan.has_operator && !is_taken_over && draw.below(4) == 0 {
            plan.defines_late_at = Some(draw.below(u64::from(steps)) as u32);
            // A copy of a refused command would be applied if the instrument is defined meanwhile: docs/guarantees.md. The SDK's own
            // copies are not.
            without.push(Fault::RepeatedMessage);
        }
        if !moves {
            without.extend([Fault::Move, Fault::UndoneMove, Fault::KilledMigrator, Fault::AbsentCoordinator]);
        }
        (plan, Faults::draw(seed, &without))
    }

    /// Whether instruments move.
    pub(crate) fn moves(&self) -> bool {
        self.groups > 1
    }
}

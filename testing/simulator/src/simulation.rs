//! Many runs, one run, and the shortest run that fails as a given one does.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::faults::Fault;
use crate::plan::{Options, Plan};
use crate::world::{Counts, World};

/// What happened in all runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Number of runs.
    pub runs: u64,
    /// Commands that were applied.
    pub commands: u64,
    /// Events that were told.
    pub events: u64,
    /// Leaders that were elected.
    pub elections: u64,
    /// Starts of members after the first.
    pub restarts: u64,
    /// Snapshots that were compared with another member's of the same position.
    pub snapshots: u64,
    /// Instruments that have moved.
    pub moves: u64,
    /// Moves that were undone.
    pub undone: u64,
    /// Commands that a client gave up.
    pub given_up: u64,
    /// Commands that were refused without a number, as nobody had defined their instrument yet.
    pub refused: u64,
    /// Events that a client was told to be no longer kept.
    pub lost_events: u64,
}

impl Summary {
    fn add(&mut self, counts: Counts) {
        let Counts { commands, events, elections, restarts, snapshots, moves, undone, given_up, refused, lost_events } =
            counts;
        self.runs += 1;
        self.commands += commands;
        self.events += events;
        self.elections += elections;
        self.restarts += restarts;
        self.snapshots += snapshots;
        self.moves += moves;
        self.undone += undone;
        self.given_up += given_up;
        self.refused += refused;
        self.lost_events += lost_events;
    }
}

/// A run in which something was not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Seed of the run.
    pub seed: u64,
    /// What else made the run what it was.
    pub options: Options,
    /// What was wrong.
    pub violation: String,
    /// When, in milliseconds of the run.
    pub milliseconds: u64,
    /// Number of commands that had been applied.
    pub commands: u64,
    /// Kinds of faults that the run had.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        let faults: Vec<&str> = self.faults.iter().map(|fault| fault.name()).collect();
        let faults = if faults.is_empty() { String::from("no faults") } else { faults.join(", ") };
        writeln!(f, "  after {} ms and {} commands, with {faults}", self.milliseconds, self.commands)?;
        write!(f, "  again: {}", self.command())
    }
}

impl Failure {
    /// The command that repeats the run.
    pub fn command(&self) -> String {
        let Options { steps, clients, without, .. } = &self.options;
        let mut command = format!("lugus simulate --seed {} --runs 1", self.seed);
        if let Some(steps) = steps {
            command.push_str(&format!(" --steps {steps}"));
        }
        if let Some(clients) = clients {
            command.push_str(&format!(" --clients {clients}"));
        }
        if !without.is_empty() {
            let without: Vec<&str> = without.iter().map(|fault| fault.name()).collect();
            command.push_str(&format!(" --without {}", without.join(",")));
        }
        command
    }
}

/// Runs the seeds from `first` on, and calls `report` with each failure, already made short. Ends early when `report` returns
/// false.
pub fn simulate(first: u64, runs: u64, options: &Options, mut report: impl FnMut(Failure) -> bool) -> Summary {
    let mut summary = Summary::default();
    for seed in first..first.saturating_add(runs) {
        let (counts, outcome) = one(seed, options);
        summary.add(counts);
        if let Err(failure) = outcome
            && !report(shrink(*failure))
        {
            break;
        }
    }
    summary
}

/// One run.
///
/// # Errors
/// What was not as it must be.
pub fn run(seed: u64, options: &Options) -> Result<(), Box<Failure>> {
    one(seed, options).1
}

fn one(seed: u64, options: &Options) -> (Counts, Result<(), Box<Failure>>) {
    let (plan, faults) = Plan::draw(seed, options);
    let kinds: Vec<Fault> = faults.kinds().collect();
    let mut world = match World::new(plan, faults) {
        Ok(world) => world,
        Err(violation) => {
            let failure =
                Failure { seed, options: options.clone(), violation, milliseconds: 0, commands: 0, faults: kinds };
            return (Counts::default(), Err(Box::new(failure)));
        }
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| world.run())).unwrap_or_else(|panic| Err(text_of(panic.as_ref())));
    let counts = world.counts();
    let outcome = outcome.map_err(|violation| {
        Box::new(Failure {
            seed,
            options: options.clone(),
            violation,
            milliseconds: world.milliseconds(),
            commands: counts.commands,
            faults: kinds,
        })
    });
    (counts, outcome)
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("no text"))
}

/// The shortest run that still fails, in whatever way: fewer kinds of faults, fewer clients, fewer steps.
pub fn shrink(failure: Failure) -> Failure {
    let mut shortest = failure;
    let fails = |shortest: &Failure, options: Options| run(shortest.seed, &options).err().map(|failure| *failure);
    loop {
        let mut candidates = Vec::new();
        for fault in &shortest.faults {
            let mut options = shortest.options.clone();
            options.without.push(*fault);
            candidates.push(options);
        }
        let clients = shortest.options.clients.unwrap_or(5);
        candidates.extend((1..clients).map(|fewer| Options { clients: Some(fewer), ..shortest.options.clone() }));
        match candidates.into_iter().find_map(|options| fails(&shortest, options)) {
            Some(shorter) => shortest = shorter,
            None => break,
        }
    }
    // Steps last: by halves, then by single ones.
    let mut steps = shortest.options.steps.unwrap_or(400);
    let mut less = steps / 2;
    while less > 0 {
        let options = Options { steps: Some(steps - less), ..shortest.options.clone() };
        match fails(&shortest, options) {
            Some(shorter) => {
                steps -= less;
                shortest = shorter;
                less = less.min(steps / 2);
            }
            None => less /= 2,
        }
    }
    shortest
}

//! A made-up order flow with the habits of a real one, the same for a seed on every machine.
//!
//! What it takes from real markets: most orders are canceled, not filled; orders gather near the touch and thin out away
//! from it; sizes are many small and few large; the market is calm for long and busy at times, and trends while it is
//! busy; some instruments trade much more than others; some cancels come too late, and some post-only orders are refused.
//! The number of resting orders swings around a chosen one.
//!
//! The flow keeps the book that its commands make, so it knows which orders still live. Of several participants, a venue
//! may take the commands in another order; then a few of them come too late against the flow's wish, as in real life.

mod living;
mod market;
mod size;

use lugus_vocabulary::{Action, InstrumentDefinition, InstrumentId, ParticipantId};
use market::Market;

use crate::flow::{FIRST_INSTRUMENT, Flow, FlowError, Step};
use crate::prng::SplitMix64;

/// Most instruments of a synthetic flow.
pub const MAX_SYNTHETIC_INSTRUMENTS: u32 = 1_024;

/// What flow is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntheticOptions {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many commands.
    pub steps: u64,
    /// How many participants trade, at least 1.
    pub participants: u32,
    /// How many instruments they trade, from 1 to [`MAX_SYNTHETIC_INSTRUMENTS`].
    pub instruments: u32,
    /// Number of the first of them; the others follow.
    pub first_instrument: InstrumentId,
    /// About how many orders rest in an instrument once the flow has been going for a while.
    pub resting_orders: u32,
}

impl Default for SyntheticOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            steps: 100_000,
            participants: 4,
            instruments: 4,
            first_instrument: FIRST_INSTRUMENT,
            resting_orders: 1_000,
        }
    }
}

/// The flow of a seed.
pub struct SyntheticFlow {
    options: SyntheticOptions,
    prng: SplitMix64,
    instruments: Vec<InstrumentDefinition>,
    participants: Vec<ParticipantId>,
    markets: Vec<Market>,
    /// How often each market is chosen: the second half as often as the first, the third a third as often, and so on.
    weights: Vec<u64>,
    made: u64,
}

impl SyntheticFlow {
    /// The flow that these options describe; numbers out of bounds are taken as the nearest bound.
    pub fn new(options: SyntheticOptions) -> Self {
        let count = options.instruments.clamp(1, MAX_SYNTHETIC_INSTRUMENTS);
        let numbers = (options.first_instrument.0..).map(InstrumentId);
        let instruments: Vec<_> =
            (0..count as usize).zip(numbers).map(|(nth, id)| market::definition(nth, id)).collect();
        let participants: Vec<_> = (1..=options.participants.max(1)).map(ParticipantId).collect();
        let resting_orders = u64::from(options.resting_orders.max(1));
        let market = |definition| Market::new(definition, participants.clone(), resting_orders);
        Self {
            options,
            prng: SplitMix64::new(options.seed),
            markets: instruments.iter().map(market).collect(),
            weights: (1..=instruments.len() as u64).map(|n| 1_000_000 / n).collect(),
            instruments,
            participants,
            made: 0,
        }
    }
}

impl Iterator for SyntheticFlow {
    type Item = Result<Step, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.made == self.options.steps {
            return None;
        }
        self.made += 1;
        let chosen = self.prng.weighted(&self.weights);
        let (participant, action): (ParticipantId, Action) = self.markets[chosen].next(&mut self.prng);
        Some(Ok(Step { participant, instrument: self.instruments[chosen].instrument, action, trade: None }))
    }
}

impl Flow for SyntheticFlow {
    fn name(&self) -> String {
        format!("synthetic, seed {}", self.options.seed)
    }

    fn instruments(&self) -> &[InstrumentDefinition] {
        &self.instruments
    }

    fn participants(&self) -> &[ParticipantId] {
        &self.participants
    }

    fn expected_steps(&self) -> u64 {
        self.options.steps
    }
}

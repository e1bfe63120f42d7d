//! A synthetic order flow with the properties of a real one, which is the same for a seed on every machine.
//!
//! Properties taken from real markets: most orders are canceled, not filled; orders are dense near the touch and sparse
//! far from it; many orders are small and few are large; the market is mostly calm and sometimes busy, and has a trend
//! while it is busy; some instruments trade much more than others; some cancels come too late, and some post-only
//! orders are rejected. The number of resting orders fluctuates around a chosen number.
//!
//! The flow keeps the book that its commands produce, so it knows which orders live. With several participants a venue
//! may receive the commands in another order; a few more of them then come too late, as in real markets.

mod living;
mod market;
mod mix;
mod size;

use lugus_vocabulary::{Action, InstrumentDefinition, InstrumentId, ParticipantId};
use market::Market;
pub use mix::{Mix, UnknownMix};

use crate::flow::{FIRST_INSTRUMENT, Flow, FlowError, Step};
use crate::prng::SplitMix64;

/// Largest number of instruments of a synthetic flow.
pub const MAX_SYNTHETIC_INSTRUMENTS: u32 = 1_024;

/// Parameters of a synthetic flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntheticOptions {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of commands.
    pub steps: u64,
    /// Number of participants that trade, at least 1.
    pub participants: u32,
    /// Number of instruments, from 1 to [`MAX_SYNTHETIC_INSTRUMENTS`].
    pub instruments: u32,
    /// Number of the first instrument; the others get the next numbers.
    pub first_instrument: InstrumentId,
    /// Approximate number of resting orders of an instrument, once the flow has reached its steady state.
    pub resting_orders: u32,
    /// What kinds of commands there are.
    pub mix: Mix,
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
            mix: Mix::Market,
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
    /// Weights of the markets: the second market is chosen half as often as the first, the third a third as often, and
    /// so on.
    weights: Vec<u64>,
    made: u64,
}

impl SyntheticFlow {
    /// The flow with these options; options out of bounds are replaced by the nearest bound.
    pub fn new(options: SyntheticOptions) -> Self {
        let count = options.instruments.clamp(1, MAX_SYNTHETIC_INSTRUMENTS);
        let numbers = (options.first_instrument.0..).map(InstrumentId);
        let instruments: Vec<_> =
            (0..count as usize).zip(numbers).map(|(nth, id)| market::definition(nth, id)).collect();
        let participants: Vec<_> = (1..=options.participants.max(1)).map(ParticipantId).collect();
        let resting_orders = u64::from(options.resting_orders.max(1));
        let market = |definition| Market::new(definition, participants.clone(), resting_orders, options.mix);
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
        match self.options.mix {
            Mix::Market => format!("synthetic, seed {}", self.options.seed),
            mix => format!("synthetic {mix}, seed {}", self.options.seed),
        }
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

//! A recording of an exchange's order flow, market by order (Databento's DBN, schema `mbo`), as commands.
//!
//! Adds, cancels and modifies become new orders, cancels and replacements; each trade's aggressor becomes an
//! immediate-or-cancel order at the trade's price. How an event's records become commands is in `market`; this is the
//! file around it.
//!
//! # How near to the exchange this comes
//!
//! CME matches E-mini S&P 500 futures by price and time, as we do. In its session of 25 December 2023 (ESH4, 68,792
//! records, 2,972 trades outside the opening auction) our engine does 2,945 trades (99.1 %) against the very same resting
//! orders and sizes as the exchange, and all 2,972 at the exchange's price.
//!
//! The 27 others take more from an iceberg than it shows: what comes out of its hidden quantity within one trade is told
//! by that trade only, too late for the book. (A display quantity that was filled whole comes back as a modify: that is
//! replayed, as a new order behind the others.)
//!
//! "The very same orders and sizes" does not ask for their order. Counted strictly, as the exchange lists the fills, it
//! is 2,914: in 31 trades it lists one order last that stood further ahead in our book. 10 of these are icebergs that
//! were filled and refilled; of the other 21 the recording does not tell why, so there the exchange's queue may have
//! been another than ours.
//!
//! Three readings of the recording matter. They look ahead, but never beyond the event, which the exchange did at one
//! stroke:
//!
//! - **A fill is reported twice**: as a fill within the trade, and by a cancel or a modify at the end of the event. The
//!   fills are what the aggressor does, at once; the report then has nothing left to do.
//! - **A cancel within a trade's event of an order that was not filled** comes before the trade, though it is reported
//!   after it. It looks like self-match prevention: there are 132, and each stood in the aggressor's way. Without this
//!   reading it is 2,849 trades (2,820 strictly). The same holds in an event without a trade: a new order, and a cancel
//!   of one that it would have met.
//! - **An aggressor that rests already** was modified to a price that trades: it is canceled, then comes as aggressor.
//!
//! Where a trade goes otherwise all the same, the book is put right at once, so that one difference does not cause others.
//!
//! Before the opening, orders stand that would trade with each other; our engine has no auction yet, so those which
//! would trade are held back until they no longer would (after the auction). The auction itself (44 lots at 4,800.25) can
//! be checked: the book of the recording before it has its maximum volume, 31 lots, at 4,800.00 and 4,800.25 alike; with
//! the seven hidden orders that the auction's fills reveal (13 lots bought and 1 sold, by the balance of both sides; if
//! they took any price) the maximum is 44 lots at 4,800.25, and nowhere else.

mod held;
mod market;
mod order;
mod records;
mod survey;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use lugus_vocabulary::{InstrumentDefinition, InstrumentId, ParticipantId};
use market::Market;
use records::Records;

use crate::flow::{FIRST_INSTRUMENT, Flow, FlowError, Step};

/// How a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MboOptions {
    /// Over how many participants the orders are spread, by their number. With more than one the engine may get the
    /// commands of different participants in another order than the recorded one.
    pub participants: u32,
    /// Our number of the recording's first instrument; the others follow.
    pub first_instrument: InstrumentId,
}

impl Default for MboOptions {
    fn default() -> Self {
        Self { participants: 1, first_instrument: FIRST_INSTRUMENT }
    }
}

/// The flow of a recording.
pub struct MboFlow {
    path: PathBuf,
    records: Records,
    markets: HashMap<u32, Market>,
    instruments: Vec<InstrumentDefinition>,
    participants: Vec<ParticipantId>,
    expected_steps: u64,
    ready: VecDeque<Step>,
    ended: bool,
}

impl MboFlow {
    /// Opens a recording, which may be compressed, and reads it once through for its instruments, ticks and length.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read, or has no orders.
    pub fn open(path: &Path, options: MboOptions) -> Result<Self, FlowError> {
        let survey = survey::survey(path, &mut Records::open(path)?)?;
        let participants: Vec<_> = (1..=options.participants.max(1)).map(ParticipantId).collect();
        let mut markets = HashMap::new();
        let mut instruments = Vec::new();
        for (number, surveyed) in (options.first_instrument.0..).zip(&survey.instruments) {
            let instrument = InstrumentId(number);
            instruments.push(surveyed.definition(instrument));
            markets.insert(surveyed.id, Market::new(instrument, surveyed.tick, participants.clone()));
        }
        Ok(Self {
            path: path.to_owned(),
            records: Records::open(path)?,
            markets,
            instruments,
            participants,
            expected_steps: survey.expected_steps,
            ready: VecDeque::new(),
            ended: false,
        })
    }

    fn read(&mut self) -> Result<(), FlowError> {
        match self.records.next()? {
            Some(record) => {
                let id = record.hd.instrument_id;
                let market = self
                    .markets
                    .get_mut(&id)
                    .ok_or_else(|| FlowError::Changed { what: format!("there is a new instrument, {id}") })?;
                market.record(record, &mut self.ready)
            }
            None => {
                self.ended = true;
                let mut markets: Vec<_> = self.markets.values_mut().collect();
                markets.sort_by_key(|market| market.instrument());
                markets.into_iter().try_for_each(|market| market.end(&mut self.ready))
            }
        }
    }
}

impl Iterator for MboFlow {
    type Item = Result<Step, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.ended {
            if let Err(error) = self.read() {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Flow for MboFlow {
    fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    fn instruments(&self) -> &[InstrumentDefinition] {
        &self.instruments
    }

    fn participants(&self) -> &[ParticipantId] {
        &self.participants
    }

    fn expected_steps(&self) -> u64 {
        self.expected_steps
    }
}

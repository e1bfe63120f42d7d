//! A recording of an exchange's order flow, market by order (Databento's DBN, schema `mbo`), as a flow of commands.
//!
//! Adds, cancels and modifies become new orders, cancels and replacements. Each trade's aggressor becomes an
//! immediate-or-cancel order at the trade's price. The module `market` turns the records of an event into commands;
//! this module reads the file.
//!
//! # Fidelity to the exchange
//!
//! CME matches E-mini S&P 500 futures by price and time, as this engine does. In CME's session of 25 December 2023
//! (ESH4, 68,792 records, 2,972 trades outside the opening auction) the engine executes 2,945 trades (99.1 %) against
//! the same resting orders with the same quantities as the exchange, and all 2,972 at the exchange's price.
//!
//! The other 27 trades take more from an iceberg order than it displays. The part of its hidden quantity that enters
//! the book within a trade is reported only by that trade, too late for the book. (A display quantity that was filled
//! completely is refreshed by a modify, which is replayed as a new order behind the others.)
//!
//! This comparison ignores the order of the fills. With the exchange's order of fills, 2,914 trades are the same: in 31
//! trades the exchange lists an order last that has higher priority in the engine's book. 10 of these orders are
//! icebergs that were filled and refreshed. For the other 21 the recording gives no reason, so the exchange's queue may
//! have differed from the engine's.
//!
//! Three interpretations of the recording matter. They look ahead, but never beyond the end of an event, which the
//! exchange executed atomically:
//!
//! - **A fill is reported twice**: as a fill within the trade, and by a cancel or a modify at the end of the event. The
//!   aggressor's command executes the fill at once; the later report then needs no command.
//! - **A cancel within a trade's event of an order that was not filled** happens before the trade, though it is
//!   reported after it. It is probably self-match prevention: there are 132 such cancels, and each canceled order would
//!   have traded with the aggressor. Without this interpretation 2,849 trades are the same (2,820 with the same order
//!   of fills). It also applies to an event without a trade that has a new order and a cancel of an order that the new
//!   one would have met.
//! - **An aggressor that already rests** was modified to a price that trades: it is canceled, then enters as the
//!   aggressor.
//!
//! If a trade differs in spite of this, the book is corrected at once, so that one difference does not cause others.
//!
//! Before the opening, orders rest that would trade with each other. The replay does not use the engine's auction: orders
//! that would trade are held back until they no longer would (after the auction). The auction itself (44 lots at 4,800.25)
//! can be verified: the recorded book before the auction has its maximum volume, 31 lots, at both 4,800.00 and
//! 4,800.25; with the seven hidden orders that the auction's fills reveal (13 lots bought and 1 sold, by the balance of
//! both sides, assuming that they accepted any price) the maximum is 44 lots, at 4,800.25 only.

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
    /// Number of participants over which the orders are spread, by their order ids. With more than one, the engine may
    /// receive the commands of different participants in another order than the recorded one.
    pub participants: u32,
    /// Number of the recording's first instrument in the engine; the following instruments get the next numbers.
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
    /// Opens a recording, which may be compressed, and reads it once to find its instruments, tick sizes and length.
    ///
    /// # Errors
    ///
    /// When the file can't be opened or read, or has no orders.
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

//! An exchange's recording of its book events as a flow of commands, whatever its format.
//!
//! Adds, cancels and modifies become new orders, cancels and replacements. Each trade's aggressor becomes an
//! immediate-or-cancel order at the trade's price. The formats ([`crate::mbo`], [`crate::lobster`], [`crate::itch`],
//! [`crate::bitstamp`]) give records; the module `market` turns the records of an event into commands.

pub(crate) mod decimal;
pub(crate) mod file;
mod held;
pub(crate) mod market;
mod order;
pub(crate) mod record;
pub(crate) mod survey;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use lugus_vocabulary::{InstrumentDefinition, InstrumentId, ParticipantId};
use market::Market;
use record::Records;

use crate::flow::{FIRST_INSTRUMENT, Flow, FlowError, Step};

/// How a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingOptions {
    /// Number of participants over which the orders are spread, by their order ids. With more than one, the engine may
    /// receive the commands of different participants in another order than the recorded one.
    pub participants: u32,
    /// Number of the recording's first instrument in the engine; the following instruments get the next numbers.
    pub first_instrument: InstrumentId,
}

impl Default for RecordingOptions {
    fn default() -> Self {
        Self { participants: 1, first_instrument: FIRST_INSTRUMENT }
    }
}

/// The flow of a recording.
pub struct RecordingFlow {
    path: PathBuf,
    records: Box<dyn Records>,
    markets: HashMap<u32, Market>,
    instruments: Vec<InstrumentDefinition>,
    participants: Vec<ParticipantId>,
    expected_steps: u64,
    ready: VecDeque<Step>,
    ended: bool,
}

impl RecordingFlow {
    /// The flow of the file at `path`, which `open` opens. It is read once to find its instruments, tick sizes and length.
    ///
    /// # Errors
    ///
    /// When the file can't be opened or read, or has no orders.
    pub(crate) fn new(
        path: &Path,
        options: RecordingOptions,
        open: impl Fn() -> Result<Box<dyn Records>, FlowError>,
    ) -> Result<Self, FlowError> {
        let survey = survey::survey(path, open()?.as_mut())?;
        let participants: Vec<_> = (1..=options.participants.max(1)).map(ParticipantId).collect();
        let mut markets = HashMap::new();
        let mut instruments = Vec::new();
        for (number, surveyed) in (options.first_instrument.0..).zip(&survey.instruments) {
            let instrument = InstrumentId(number);
            instruments.push(surveyed.definition(instrument));
            markets.insert(
                surveyed.id,
                Market::new(instrument, surveyed.tick, participants.clone(), surveyed.traits.crossing),
            );
        }
        Ok(Self {
            path: path.to_owned(),
            records: open()?,
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
                let id = record.instrument;
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

impl Iterator for RecordingFlow {
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

impl Flow for RecordingFlow {
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

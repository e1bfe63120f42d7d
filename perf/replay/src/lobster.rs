//! LOBSTER's recordings: NASDAQ's order book of one stock, reconstructed from ITCH, as a file of messages and a file with the best
//! levels after each of them.
//!
//! Source: "LOBSTER output", <https://lobsterdata.com/info/DataStructure.php>. Prices are in dollars times 10,000.
//!
//! # What the recording does not have
//!
//! A file tells only what happens within its best levels. So the orders that rested before the first message are unknown, and
//! what happens at a level while it is out of sight. Whenever a level comes into sight, its quantity is taken from the row: what
//! is missing here is added as one order of this flow, and what is too much here is canceled from the back of the queue. What a
//! message says of an unknown order is done to the first order of this flow at its price. [`compare`] counts these levels apart.
//!
//! In the sample of AAPL of 21 June 2012 with ten levels (999 rows), the engine's book is the recorded one after every message; 33
//! levels came into sight, 20 of them with the first row.
//!
//! An execution (type 4) is replayed as an aggressor of that size at that price. Executions of hidden orders (5), crosses (6) and
//! halts (7) change nothing that can be seen.

mod comparison;
mod rows;
mod tracked_book;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

pub use comparison::{BookComparison, ComparisonError, RowDifference, compare};
use lugus_vocabulary::{Decimal, InstrumentType, Quantity};
pub use rows::Level;
use rows::Rows;

use crate::flow::FlowError;
use crate::recording::record::{Crossing, InstrumentTraits, Record, Records};
use crate::recording::{RecordingFlow, RecordingOptions};

/// Opens a recording: its messages, and its book rows.
///
/// # Errors
///
/// When a file can't be opened or read, or there are no orders.
pub fn open(messages: &Path, books: &Path, options: RecordingOptions) -> Result<RecordingFlow, FlowError> {
    RecordingFlow::new(messages, options, || {
        Ok(Box::new(LobsterRecords {
            rows: Rows::open(messages, books)?,
            symbol: symbol(messages),
            ready: VecDeque::new(),
        }))
    })
}

/// The stock's symbol, with which the names of LOBSTER's files begin.
fn symbol(messages: &Path) -> String {
    let name = messages.file_name().unwrap_or_default().to_string_lossy();
    name.split('_').next().unwrap_or_default().to_owned()
}

struct LobsterRecords {
    rows: Rows,
    symbol: String,
    ready: VecDeque<Record>,
}

impl Records for LobsterRecords {
    fn next(&mut self) -> Result<Option<Record>, FlowError> {
        while self.ready.is_empty() {
            let Some(row) = self.rows.next_row()? else { return Ok(None) };
            self.ready.extend(&row.records);
        }
        Ok(self.ready.pop_front())
    }

    fn symbols(&self) -> BTreeMap<u32, String> {
        BTreeMap::from([(rows::INSTRUMENT, self.symbol.clone())])
    }

    fn traits(&self) -> InstrumentTraits {
        traits()
    }
}

fn traits() -> InstrumentTraits {
    InstrumentTraits {
        instrument_type: InstrumentType::Spot,
        lot_size: Decimal { mantissa: 1, exponent: 0 },
        maximum_quantity: Quantity(u64::from(u32::MAX)),
        crossing: Crossing::HoldBack,
    }
}

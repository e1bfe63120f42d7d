//! A record of an exchange's book events, whatever the format that it was read from.

use std::collections::BTreeMap;

use lugus_vocabulary::{Decimal, InstrumentType, Quantity, Side};

use crate::flow::FlowError;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordAction {
    /// An order rests.
    Add,
    /// An order has ended.
    Cancel,
    /// An order has another price or size.
    Modify,
    /// An aggressor traded; the fills of the trade follow.
    Trade,
    /// A resting order was filled.
    Fill,
    /// All orders have ended.
    Clear,
    /// Nothing of the book.
    None,
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// The exchange's number of the instrument.
    pub(crate) instrument: u32,
    pub(crate) action: RecordAction,
    /// Side of the order, or of a trade's aggressor.
    pub(crate) side: Option<Side>,
    /// The exchange's number of the order; 0 if it gave none.
    pub(crate) order_id: u64,
    /// Price in units of 1e-9; `None` if there is none, or none at which an order could rest.
    pub(crate) price: Option<i64>,
    /// Open quantity of an order after the record, or quantity of a trade or fill, in lots.
    pub(crate) size: Quantity,
    /// Whether the record is the last of what the exchange executed atomically.
    pub(crate) ends_event: bool,
}

/// What all instruments of a recording share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InstrumentTraits {
    /// Kind of the instruments.
    pub(crate) instrument_type: InstrumentType,
    /// Size of a lot.
    pub(crate) lot_size: Decimal,
    /// Largest quantity of an order, in lots.
    pub(crate) maximum_quantity: Quantity,
    /// What to do with an order that rests on the exchange, and would trade here.
    pub(crate) crossing: Crossing,
}

/// What to do with an order that rests on the exchange, and would trade here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// It is held back until it no longer would: the exchange collects orders for an auction.
    HoldBack,
    /// The orders that it would trade with have ended: the exchange trades all the time, and the recording lacks their ends.
    EndOthers,
}

/// The records of a file, in their order.
pub(crate) trait Records {
    /// The next record; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<Record>, FlowError>;

    /// Symbols of the instruments that were read so far, by the exchange's numbers.
    fn symbols(&self) -> BTreeMap<u32, String>;

    /// What all instruments share.
    fn traits(&self) -> InstrumentTraits;
}

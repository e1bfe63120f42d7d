//! Reads a recording once, to find what must be known before its first command.

use std::collections::BTreeMap;
use std::path::Path;

use lugus_vocabulary::{
    AuctionRules, Decimal, InstrumentDefinition, InstrumentId, InstrumentState, Price, PriceProtection, Quantity,
    Symbol,
};

use super::record::{InstrumentTraits, Record, RecordAction, Records};
use crate::flow::{FlowError, PRICE_LIMITS};

/// Largest number of instruments of a recording.
const MAX_INSTRUMENTS: usize = 1_024;

/// The contents of a recording.
pub(crate) struct Survey {
    pub(crate) instruments: Vec<SurveyedInstrument>,
    pub(crate) expected_steps: u64,
}

/// One instrument of a recording.
pub(crate) struct SurveyedInstrument {
    /// The exchange's number of the instrument.
    pub(crate) id: u32,
    /// Tick size in units of 1e-9: the largest step of which all prices are multiples.
    pub(crate) tick: i64,
    symbol: String,
    last_price: i64,
    pub(crate) traits: InstrumentTraits,
}

/// Reads all records of the file.
pub(crate) fn survey(path: &Path, records: &mut dyn Records) -> Result<Survey, FlowError> {
    let mut prices: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    let mut expected_steps = 0;
    while let Some(record) = records.next()? {
        // A fill is part of its trade, and the cancel or modify that reports it again needs no command.
        match record.action {
            RecordAction::Add | RecordAction::Cancel | RecordAction::Modify | RecordAction::Trade => {
                expected_steps += 1
            }
            RecordAction::Fill => expected_steps -= expected_steps.min(1),
            RecordAction::Clear | RecordAction::None => {}
        }
        if let Some(price) = price(&record) {
            let (tick, last_price) = prices.entry(record.instrument).or_default();
            *tick = greatest_common_divisor(*tick, price);
            *last_price = price;
        }
        if prices.len() > MAX_INSTRUMENTS {
            return Err(FlowError::TooManyInstruments { path: path.to_owned(), limit: MAX_INSTRUMENTS });
        }
    }
    if prices.is_empty() {
        return Err(FlowError::NoOrders { path: path.to_owned() });
    }
    let (symbols, traits) = (records.symbols(), records.traits());
    let instruments = prices.into_iter().map(|(id, (tick, last_price))| SurveyedInstrument {
        id,
        tick: tick.max(1),
        symbol: symbols.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        last_price,
        traits,
    });
    Ok(Survey { instruments: instruments.collect(), expected_steps })
}

impl SurveyedInstrument {
    /// An instrument without a name, with this tick size.
    pub(crate) fn new(tick: i64, traits: InstrumentTraits) -> Self {
        Self { id: 0, tick, symbol: String::from("X"), last_price: 0, traits }
    }

    /// The definition of the instrument.
    pub(crate) fn definition(&self, instrument: InstrumentId) -> InstrumentDefinition {
        let mut base = [0; 8];
        for (to, from) in base.iter_mut().zip(self.symbol.bytes().take_while(u8::is_ascii_graphic)) {
            *to = from;
        }
        InstrumentDefinition {
            instrument,
            base: Symbol(base),
            quote: Symbol(*b"USD\0\0\0\0\0"),
            instrument_type: self.traits.instrument_type,
            minimum_price: PRICE_LIMITS[0],
            maximum_price: PRICE_LIMITS[1],
            reference_price: Price(self.last_price / self.tick),
            price_band: Quantity(0),
            maximum_quantity: self.traits.maximum_quantity,
            tick_size: Decimal { mantissa: self.tick, exponent: -9 },
            lot_size: self.traits.lot_size,
            state: InstrumentState::Open,
            protection: PriceProtection::NONE,
            auctions: AuctionRules::NONE,
        }
    }
}

/// A record's price in units of 1e-9. A clear and the end of an event have no price.
fn price(record: &Record) -> Option<i64> {
    record.price.filter(|_| !matches!(record.action, RecordAction::Clear | RecordAction::None))
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b > 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(i64::MAX)
}

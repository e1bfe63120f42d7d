//! Reads a recording once, to find what must be known before its first command.

use std::collections::BTreeMap;
use std::path::Path;

use dbn::{MboMsg, UNDEF_PRICE};
use lugus_vocabulary::{
    Decimal, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType, Price, Quantity, Symbol,
};

use super::records::Records;
use crate::flow::{FlowError, PRICE_LIMITS};

/// Largest number of instruments of a recording.
const MAX_INSTRUMENTS: usize = 1_024;

/// The contents of a recording.
pub(super) struct Survey {
    pub(super) instruments: Vec<SurveyedInstrument>,
    pub(super) expected_steps: u64,
}

/// One instrument of a recording.
pub(super) struct SurveyedInstrument {
    /// The exchange's number of the instrument.
    pub(super) id: u32,
    /// Tick size in units of 1e-9: the largest step of which all prices are multiples.
    pub(super) tick: i64,
    symbol: String,
    last_price: i64,
}

/// Reads all records of the file.
pub(super) fn survey(path: &Path, records: &mut Records) -> Result<Survey, FlowError> {
    let mut prices: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    let mut expected_steps = 0;
    while let Some(record) = records.next()? {
        // A fill is part of its trade, and the cancel or modify that reports it again needs no command.
        match record.action as u8 {
            b'A' | b'C' | b'M' | b'T' => expected_steps += 1,
            b'F' => expected_steps -= expected_steps.min(1),
            _ => {}
        }
        if let Some(price) = price(&record) {
            let (tick, last_price) = prices.entry(record.hd.instrument_id).or_default();
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
    let symbols = symbols(records);
    let instruments = prices.into_iter().map(|(id, (tick, last_price))| SurveyedInstrument {
        id,
        tick: tick.max(1),
        symbol: symbols.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        last_price,
    });
    Ok(Survey { instruments: instruments.collect(), expected_steps })
}

impl SurveyedInstrument {
    /// The definition of the instrument.
    pub(super) fn definition(&self, instrument: InstrumentId) -> InstrumentDefinition {
        let mut base = [0; 8];
        for (to, from) in base.iter_mut().zip(self.symbol.bytes()) {
            *to = from;
        }
        InstrumentDefinition {
            instrument,
            base: Symbol(base),
            quote: Symbol(*b"USD\0\0\0\0\0"),
            instrument_type: InstrumentType::Futures,
            minimum_price: PRICE_LIMITS[0],
            maximum_price: PRICE_LIMITS[1],
            reference_price: Price(self.last_price / self.tick),
            price_band: Quantity(0),
            maximum_quantity: Quantity(u64::from(u32::MAX)),
            tick_size: Decimal { mantissa: self.tick, exponent: -9 },
            lot_size: Decimal { mantissa: 1, exponent: 0 },
            state: InstrumentState::Open,
        }
    }
}

/// A record's price in units of 1e-9. A clear, the end of an event and a market order have no price.
pub(super) fn price(record: &MboMsg) -> Option<i64> {
    let has_price = matches!(record.action as u8, b'A' | b'C' | b'M' | b'T' | b'F') && record.price != UNDEF_PRICE;
    has_price.then_some(record.price)
}

fn symbols(records: &Records) -> BTreeMap<u32, String> {
    let mappings = &records.metadata().mappings;
    let intervals = mappings.iter().flat_map(|mapping| mapping.intervals.iter().map(|of| (of, &mapping.raw_symbol)));
    intervals.filter_map(|(interval, symbol)| Some((interval.symbol.parse().ok()?, symbol.clone()))).collect()
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b > 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(i64::MAX)
}

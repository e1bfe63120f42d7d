//! How prices and quantities are written and read: as decimals of the instrument's currencies, or with `--raw` in ticks and lots.

use lugus_client::{
    Execution, Instrument, InstrumentId, Price, PriceLevel, Quantity, Report, ReportBody, Rounding, TradeAddendum,
    UnitError,
};
use lugus_partition_map::PartitionMap;
use lugus_topology::Deployment;
use lugus_vocabulary::InstrumentSpecification;
use serde::Serialize;

use crate::failure::Failure;

/// The notations of a deployment's instruments.
pub struct Notations {
    /// The instruments whose ticks and lots are known; none with `--raw`.
    instruments: Vec<Instrument>,
    is_raw: bool,
}

/// How the prices and quantities of one instrument are written.
#[derive(Debug, Clone, Copy)]
pub enum Notation<'a> {
    /// As decimals.
    Decimal(&'a Instrument),
    /// In ticks and lots.
    Raw,
}

impl Notations {
    /// Decimals of the instruments in a map, or ticks and lots.
    pub fn new(map: &PartitionMap, is_raw: bool) -> Self {
        let specifications = map.partitions.iter().map(|partition| &partition.instrument);
        Self::of_instruments(specifications.filter(|_| !is_raw), is_raw)
    }

    /// Decimals of the instruments in a deployment's file.
    pub fn of_deployment(deployment: &Deployment) -> Self {
        Self::of_instruments(deployment.instruments.iter(), false)
    }

    fn of_instruments<'s>(specifications: impl Iterator<Item = &'s InstrumentSpecification>, is_raw: bool) -> Self {
        Self { instruments: specifications.map(Instrument::from).collect(), is_raw }
    }

    /// The notation in which an instrument is shown: ticks and lots if their sizes are not known.
    pub fn of(&self, instrument: InstrumentId) -> Notation<'_> {
        match self.instruments.iter().find(|known| known.id == instrument) {
            Some(known) => Notation::Decimal(known),
            None => Notation::Raw,
        }
    }

    /// The notation in which an instrument's prices and quantities are read.
    ///
    /// # Errors
    /// When decimals are expected, but the sizes of tick and lot are not known.
    pub fn to_read(&self, instrument: InstrumentId) -> Result<Notation<'_>, Failure> {
        match self.of(instrument) {
            Notation::Raw if !self.is_raw => {
                let what = format!("the sizes of tick and lot of instrument {instrument} are not known");
                Err(Failure::new(what).hint("add it to the deployment's file, or give ticks and lots with --raw"))
            }
            notation => Ok(notation),
        }
    }
}

impl Notation<'_> {
    /// Reads a price.
    ///
    /// # Errors
    /// When the text is no number, or no whole number of ticks; the error has the nearest valid prices.
    pub fn read_price(self, text: &str) -> Result<Price, Failure> {
        match self {
            Self::Raw => text.parse().map(Price).map_err(|_| no_number("price", text, "ticks")),
            Self::Decimal(instrument) => instrument.price(text).map_err(|error| {
                let round = |rounding| instrument.price_rounded(text, rounding).map(|price| self.price(price));
                nearest(&error, [round(Rounding::Down).ok(), round(Rounding::Up).ok()])
            }),
        }
    }

    /// Reads a quantity, which is greater than 0.
    ///
    /// # Errors
    /// When the text is no number, or no whole number of lots; the error has the nearest valid quantities.
    pub fn read_quantity(self, text: &str) -> Result<Quantity, Failure> {
        let quantity = match self {
            Self::Raw => text.parse().map(Quantity).map_err(|_| no_number("quantity", text, "lots"))?,
            Self::Decimal(instrument) => instrument.quantity(text).map_err(|error| {
                let below = instrument.quantity_rounded_down(text).ok();
                let above = below.and_then(|Quantity(lots)| lots.checked_add(1)).map(Quantity);
                let valid = |quantity: Option<Quantity>| {
                    quantity.filter(|lots| lots.0 > 0).map(|quantity| self.quantity(quantity))
                };
                nearest(&error, [valid(below), valid(above)])
            })?,
        };
        match quantity {
            Quantity(0) => Err(Failure::new("a quantity of 0 is no order")),
            quantity => Ok(quantity),
        }
    }

    /// A price as text, with as many decimal places as the tick has.
    pub fn price(self, price: Price) -> String {
        match self {
            Self::Decimal(instrument) => instrument.display_price(price).to_string(),
            Self::Raw => price.to_string(),
        }
    }

    /// A quantity as text, with as many decimal places as the lot has.
    pub fn quantity(self, quantity: Quantity) -> String {
        match self {
            Self::Decimal(instrument) => instrument.display_quantity(quantity).to_string(),
            Self::Raw => quantity.to_string(),
        }
    }

    /// The instrument's symbol if it is known, else its number.
    pub fn name(self, instrument: InstrumentId) -> String {
        match self {
            Self::Decimal(known) => known.symbol.clone(),
            Self::Raw => instrument.to_string(),
        }
    }

    /// Headings of a column of prices and one of quantities.
    pub fn headings(self) -> [&'static str; 2] {
        match self {
            Self::Decimal(_) => ["price", "quantity"],
            Self::Raw => ["price (ticks)", "quantity (lots)"],
        }
    }

    /// A report with its prices and quantities as decimals, for JSON.
    pub fn report(self, report: &Report) -> ReportDocument<'_> {
        ReportDocument { report, decimal: self.decimals(report) }
    }

    fn decimals(self, report: &Report) -> Option<ReportDecimals> {
        let Self::Decimal(instrument) = self else { return None };
        let mut decimals = ReportDecimals { symbol: instrument.symbol.clone(), ..ReportDecimals::default() };
        match &report.body {
            ReportBody::Execution(Execution {
                price,
                quantity,
                last_price,
                last_quantity,
                leaves_quantity,
                cum_quantity,
                ..
            }) => {
                decimals.price = price.map(|price| self.price(price));
                decimals.quantity = Some(self.quantity(*quantity));
                decimals.last_price = last_price.map(|price| self.price(price));
                decimals.last_quantity = last_price.map(|_| self.quantity(*last_quantity));
                decimals.leaves_quantity = Some(self.quantity(*leaves_quantity));
                decimals.cum_quantity = Some(self.quantity(*cum_quantity));
            }
            ReportBody::TradeAddendum(TradeAddendum { last_price, last_quantity, .. }) => {
                decimals.last_price = Some(self.price(*last_price));
                decimals.last_quantity = Some(self.quantity(*last_quantity));
            }
            ReportBody::Instrument { reference_price, .. } => {
                decimals.reference_price = Some(self.price(*reference_price));
            }
            _ => return None,
        }
        Some(decimals)
    }

    /// The levels of a book as decimals, for JSON.
    pub fn levels(self, bids: &[PriceLevel], offers: &[PriceLevel]) -> Option<BookDecimals> {
        let Self::Decimal(instrument) = self else { return None };
        let level = |level: &PriceLevel| LevelDecimals {
            price: self.price(level.price),
            quantity: self.quantity(level.quantity),
        };
        Some(BookDecimals {
            symbol: instrument.symbol.clone(),
            bids: bids.iter().map(level).collect(),
            offers: offers.iter().map(level).collect(),
        })
    }
}

/// A report in JSON: its own fields, in ticks and lots, and beside them the same as decimals.
#[derive(Debug, Serialize)]
pub struct ReportDocument<'r> {
    #[serde(flatten)]
    report: &'r Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<ReportDecimals>,
}

/// Prices and quantities of a report, named as its fields.
#[derive(Debug, Default, Serialize)]
struct ReportDecimals {
    symbol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaves_quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cum_quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_price: Option<String>,
}

/// The levels of a book, best first.
#[derive(Debug, Serialize)]
pub struct BookDecimals {
    symbol: String,
    bids: Vec<LevelDecimals>,
    offers: Vec<LevelDecimals>,
}

/// Price and quantity of a level.
#[derive(Debug, Serialize)]
struct LevelDecimals {
    price: String,
    quantity: String,
}

fn no_number(what: &str, text: &str, unit: &str) -> Failure {
    Failure::new(format!("{what} '{text}' is not a whole number of {unit}"))
}

/// What is wrong with a number, and the valid ones next to it.
fn nearest(error: &UnitError, valid: [Option<String>; 2]) -> Failure {
    let failure = Failure::new(error);
    if !matches!(error, UnitError::NotWhole { .. }) {
        return failure;
    }
    match valid {
        [Some(below), Some(above)] => failure.hint(format!("the nearest valid ones are {below} and {above}")),
        [Some(one), None] | [None, Some(one)] => failure.hint(format!("the nearest valid one is {one}")),
        [None, None] => failure,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn notations(tick: &str, lot: &str, is_raw: bool) -> Notations {
        let mut specification = InstrumentSpecification::spot(InstrumentId(1), "BTC/USDT", 2, 5);
        specification.tick_size = tick.parse().expect(tick);
        specification.lot_size = lot.parse().expect(lot);
        let known = [specification];
        Notations::of_instruments(known.iter().filter(|_| !is_raw), is_raw)
    }

    #[test]
    fn decimals_are_read_and_shown_with_the_places_of_tick_and_lot() {
        let notations = notations("0.01", "0.00001", false);
        let bitcoin = notations.to_read(InstrumentId(1)).expect("known");
        assert_eq!(bitcoin.read_price("64000").expect("a price"), Price(6_400_000));
        assert_eq!(bitcoin.read_quantity("0.25").expect("a quantity"), Quantity(25_000));
        assert_eq!(
            (bitcoin.price(Price(6_400_000)), bitcoin.quantity(Quantity(25_000))),
            ("64000.00".into(), "0.25000".into())
        );
    }

    #[test]
    fn what_is_no_whole_number_of_ticks_or_lots_is_refused_with_the_nearest() {
        let notations = notations("0.25", "0.001", false);
        let notation = notations.of(InstrumentId(1));
        let told = |failure: Failure| failure.to_string();
        assert_eq!(
            notation.read_price("10.7").map_err(told),
            Err("price 10.7 of BTC/USDT is not a whole number of ticks of 0.25\n  the nearest valid ones are 10.50 and 10.75"
                .to_owned())
        );
        let error = notation.read_quantity("1.0005").map_err(told).expect_err("refused");
        assert!(error.ends_with("the nearest valid ones are 1.000 and 1.001"), "{error}");
        let error = notation.read_quantity("0.0001").map_err(told).expect_err("refused");
        assert!(error.ends_with("the nearest valid one is 0.001"), "{error}");
        for bad in ["", "x", "1e3", "-1", "0", "0.000", "1.", "99999999999999999999"] {
            assert!(notation.read_quantity(bad).is_err(), "{bad}");
        }
        for bad in ["", "x", "1e3", "1.", "9999999999999999999"] {
            assert!(notation.read_price(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn raw_is_ticks_and_lots() {
        let notations = notations("0.01", "0.00001", true);
        let raw = notations.to_read(InstrumentId(1)).expect("it needs no sizes");
        assert_eq!(raw.read_price("64000").expect("a price"), Price(64_000));
        assert_eq!(raw.read_quantity("25").expect("a quantity"), Quantity(25));
        assert_eq!((raw.price(Price(7)), raw.quantity(Quantity(8))), ("7".into(), "8".into()));
        assert!(raw.read_price("0.5").is_err() && raw.read_quantity("0").is_err());
    }

    #[test]
    fn an_instrument_without_known_sizes_is_shown_but_not_read() {
        let notations = notations("0.01", "0.00001", false);
        assert_eq!(notations.of(InstrumentId(9)).price(Price(5)), "5");
        let error = notations.to_read(InstrumentId(9)).map(|_| ()).expect_err("unknown").to_string();
        assert!(error.contains("instrument 9") && error.contains("--raw"), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(
            ticks in -i64::MAX..i64::MAX, lots in 1..u64::MAX, tick in 1..100_000_i64, lot in 1..100_000_i64,
            places in (0..=18_usize, 0..=18_usize), is_raw: bool,
        ) {
            let size = |mantissa: i64, places: usize| {
                let digits = format!("{mantissa:0>width$}", width = places + 1);
                let (whole, fraction) = digits.split_at(digits.len() - places);
                if places == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
            };
            let notations = notations(&size(tick, places.0), &size(lot, places.1), is_raw);
            let notation = notations.of(InstrumentId(1));
            let (price, quantity) = (notation.price(Price(ticks)), notation.quantity(Quantity(lots)));
            prop_assert_eq!(notation.read_price(&price).map_err(|error| error.to_string()), Ok(Price(ticks)));
            prop_assert_eq!(notation.read_quantity(&quantity).map_err(|error| error.to_string()), Ok(Quantity(lots)));
        }
    }
}

//! Recordings in NASDAQ's TotalView-ITCH 5.0, with lengths before the messages as NASDAQ's daily files have them, or without.
//!
//! Source: "Nasdaq TotalView-ITCH 5.0", NASDAQ OMX. Numbers are big endian, prices in dollars times 10,000.
//!
//! Adds (A, F), deletes (D), cancels of a part (X) and replacements (U) become records of the book. An execution (E, C) becomes an
//! aggressor of that quantity at the order's price, and the order's fill. Trades with hidden orders (P), crosses (Q) and all
//! administrative messages change nothing in the displayed book.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use lugus_vocabulary::{Decimal, InstrumentType, Quantity, Side};

use crate::flow::FlowError;
use crate::recording::file;
use crate::recording::record::{Crossing, InstrumentTraits, Record, RecordAction, Records};
use crate::recording::{RecordingFlow, RecordingOptions};

/// A price of ITCH in units of 1e-9.
const PRICE_UNIT: i64 = 100_000;

/// Longest message of ITCH 5.0, in bytes.
const MAXIMUM_LENGTH: usize = 50;

/// Opens a recording, and reads it once to find its instruments, tick sizes and length. If `stocks` are named, only these are
/// replayed.
///
/// # Errors
///
/// When the file can't be opened or read, or has no orders.
pub fn open(path: &Path, stocks: &[String], options: RecordingOptions) -> Result<RecordingFlow, FlowError> {
    RecordingFlow::new(path, options, || Ok(Box::new(ItchRecords::open(path, stocks.to_vec())?)))
}

/// An order that rests.
#[derive(Debug, Clone, Copy)]
struct Resting {
    locate: u16,
    side: Side,
    price: i64,
    shares: u64,
}

struct ItchRecords {
    path: PathBuf,
    input: BufReader<Box<dyn Read>>,
    /// Whether each message has its length before it.
    has_lengths: bool,
    offset: u64,
    stocks: Vec<String>,
    symbols: BTreeMap<u32, String>,
    orders: HashMap<u64, Resting>,
    ready: VecDeque<Record>,
}

impl ItchRecords {
    fn open(path: &Path, stocks: Vec<String>) -> Result<Self, FlowError> {
        let mut input = file::open(path)?;
        let first = input.fill_buf().map_err(|source| FlowError::File { path: path.to_owned(), source })?;
        // No message has the type 0, and none is longer than 255 bytes.
        let has_lengths = first.first() == Some(&0);
        Ok(Self {
            path: path.to_owned(),
            input,
            has_lengths,
            offset: 0,
            stocks,
            symbols: BTreeMap::new(),
            orders: HashMap::new(),
            ready: VecDeque::new(),
        })
    }

    fn bad(&self, what: impl ToString) -> FlowError {
        FlowError::Message { path: self.path.clone(), offset: self.offset, what: what.to_string() }
    }

    /// Reads the next message into `message`; its length, or `None` at the end of the file.
    fn read(&mut self, message: &mut [u8; MAXIMUM_LENGTH]) -> Result<Option<usize>, FlowError> {
        match self.input.fill_buf() {
            Ok([]) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(self.bad(error)),
        }
        let mut begin = 0;
        let mut prefix = [0; 2];
        if self.has_lengths {
            self.exact(&mut prefix)?;
            begin = prefix.len();
        }
        self.exact(&mut message[..1])?;
        let length = length(message[0]).ok_or_else(|| self.bad("ITCH 5.0 has no message of this type"))?;
        if self.has_lengths && usize::from(u16::from_be_bytes(prefix)) != length {
            return Err(self.bad("a message of this type has another length"));
        }
        self.exact(&mut message[1..length])?;
        self.offset += (begin + length) as u64;
        Ok(Some(length))
    }

    fn exact(&mut self, bytes: &mut [u8]) -> Result<(), FlowError> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.bad("the file ends within a message"),
            _ => self.bad(error),
        })
    }

    fn is_wanted(&self, stock: &str) -> bool {
        self.stocks.is_empty() || self.stocks.iter().any(|wanted| wanted == stock)
    }

    fn message(&mut self, message: &[u8]) {
        let locate = u16::from_be_bytes(bytes(message, 1));
        let reference = || u64::from_be_bytes(bytes(message, 11));
        let shares = |at| u64::from(u32::from_be_bytes(bytes(message, at)));
        let price = |at| i64::from(u32::from_be_bytes(bytes(message, at))) * PRICE_UNIT;
        match message[0] {
            b'A' | b'F' => {
                let stock = text(message, 24);
                if !self.is_wanted(&stock) {
                    return;
                }
                self.symbols.entry(u32::from(locate)).or_insert(stock);
                let side = if message[19] == b'B' { Side::Buy } else { Side::Sell };
                self.add(reference(), Resting { locate, side, price: price(32), shares: shares(20) });
            }
            b'E' | b'C' => self.execute(reference(), shares(19)),
            b'X' => self.reduce(reference(), shares(19)),
            b'D' => self.reduce(reference(), u64::MAX),
            b'U' => {
                let new = u64::from_be_bytes(bytes(message, 19));
                if let Some(old) = self.orders.get(&reference()).copied() {
                    self.reduce(reference(), u64::MAX);
                    self.add(new, Resting { price: price(31), shares: shares(27), ..old });
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, reference: u64, order: Resting) {
        self.orders.insert(reference, order);
        self.ready.push_back(record(RecordAction::Add, reference, order, true));
    }

    fn execute(&mut self, reference: u64, shares: u64) {
        let Some(order) = self.orders.get(&reference).copied() else { return };
        let fill = Resting { shares: shares.min(order.shares), ..order };
        let aggressor = Resting { side: order.side.opposite(), ..fill };
        self.ready.push_back(record(RecordAction::Trade, 0, aggressor, false));
        self.ready.push_back(record(RecordAction::Fill, reference, fill, false));
        self.reduce(reference, shares);
    }

    fn reduce(&mut self, reference: u64, shares: u64) {
        let Some(order) = self.orders.get_mut(&reference) else { return };
        order.shares = order.shares.saturating_sub(shares);
        let order = *order;
        let action = if order.shares > 0 { RecordAction::Modify } else { RecordAction::Cancel };
        if order.shares == 0 {
            self.orders.remove(&reference);
        }
        self.ready.push_back(record(action, reference, order, true));
    }
}

impl Records for ItchRecords {
    fn next(&mut self) -> Result<Option<Record>, FlowError> {
        let mut message = [0; MAXIMUM_LENGTH];
        while self.ready.is_empty() {
            let Some(length) = self.read(&mut message)? else { return Ok(None) };
            self.message(&message[..length]);
        }
        Ok(self.ready.pop_front())
    }

    fn symbols(&self) -> BTreeMap<u32, String> {
        self.symbols.clone()
    }

    fn traits(&self) -> InstrumentTraits {
        InstrumentTraits {
            instrument_type: InstrumentType::Spot,
            lot_size: Decimal { mantissa: 1, exponent: 0 },
            maximum_quantity: Quantity(u64::from(u32::MAX)),
            crossing: Crossing::HoldBack,
        }
    }
}

/// Length of a message of this type, in bytes.
fn length(kind: u8) -> Option<usize> {
    Some(match kind {
        b'S' | b'W' => 12,
        b'D' | b'B' => 19,
        b'Y' | b'N' => 20,
        b'h' => 21,
        b'X' => 23,
        b'H' => 25,
        b'L' => 26,
        b'K' => 28,
        b'E' => 31,
        b'V' | b'J' | b'U' => 35,
        b'A' | b'C' => 36,
        b'R' => 39,
        b'F' | b'Q' => 40,
        b'P' => 44,
        b'O' => 48,
        b'I' => 50,
        _ => return None,
    })
}

/// Some bytes of a message, whose length its type has told.
fn bytes<const N: usize>(message: &[u8], at: usize) -> [u8; N] {
    message.get(at..).and_then(|rest| rest.first_chunk().copied()).unwrap_or([0; N])
}

/// A stock's name without the blanks that fill it up.
fn text(message: &[u8], at: usize) -> String {
    let name: [u8; 8] = bytes(message, at);
    String::from_utf8_lossy(&name).trim_end().to_owned()
}

fn record(action: RecordAction, order_id: u64, order: Resting, ends_event: bool) -> Record {
    Record {
        instrument: u32::from(order.locate),
        action,
        side: Some(order.side),
        order_id,
        price: Some(order.price),
        size: Quantity(order.shares),
        ends_event,
    }
}

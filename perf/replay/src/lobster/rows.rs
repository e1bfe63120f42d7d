//! Reads messages and book rows side by side, and tells the records of each row.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use lugus_vocabulary::{Quantity, Side};
use serde::Serialize;

use super::tracked_book::{Tracked, TrackedBook};
use crate::flow::FlowError;
use crate::recording::file::{bad_line, open};
use crate::recording::record::{Record, RecordAction};

/// The number of the only instrument.
pub(super) const INSTRUMENT: u32 = 1;

/// A price in dollars times 10,000, in units of 1e-9.
pub(super) const PRICE_UNIT: i64 = 100_000;

/// Price of a level that is not there, of offers; that of bids is its negative.
const NO_PRICE: i64 = 9_999_999_999;

/// Longest line that is read, in bytes.
const MAXIMUM_LINE_LENGTH: u64 = 64 * 1024;

/// Greatest number of levels of a row.
const MAXIMUM_LEVELS: usize = 1_000;

/// A level of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Level {
    /// Price in dollars times 10,000.
    pub price: i64,
    /// Quantity of the level.
    pub quantity: u64,
}

/// The best levels of a side, the best one first, and whether there may be more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) levels: Vec<Level>,
    /// Whether the row has levels on this side that are not there: then all levels are in sight.
    pub(super) is_whole: bool,
}

impl Sight {
    /// Whether a price is among those that the row tells.
    fn has(&self, side: Side, price: i64) -> bool {
        self.is_whole
            || self.levels.last().is_some_and(|worst| match side {
                Side::Buy => price >= worst.price,
                Side::Sell => price <= worst.price,
            })
    }

    fn quantity(&self, price: i64) -> u64 {
        self.levels.iter().find(|level| level.price == price).map_or(0, |level| level.quantity)
    }
}

/// A message with the book after it.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// What is to be done, to come to the row's book.
    pub(super) records: Vec<Record>,
    pub(super) bids: Sight,
    pub(super) offers: Sight,
    /// Number of levels that came into sight with another quantity than that known.
    pub(super) came_into_sight: u64,
    /// Number of levels that were in sight, and have another quantity than the messages say.
    pub(super) unexplained: u64,
}

/// Both files of a recording.
pub(super) struct Rows {
    messages: Lines,
    books: Lines,
    book: TrackedBook,
    bids: Sight,
    offers: Sight,
    is_first: bool,
}

struct Message {
    kind: u8,
    order_id: u64,
    order: Tracked,
}

impl Rows {
    pub(super) fn open(messages: &Path, books: &Path) -> Result<Self, FlowError> {
        Ok(Self {
            messages: Lines::open(messages)?,
            books: Lines::open(books)?,
            book: TrackedBook::default(),
            bids: Sight::default(),
            offers: Sight::default(),
            is_first: true,
        })
    }

    /// The next row; `None` at the end of both files.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, FlowError> {
        if !self.messages.advance()? {
            return if self.books.advance()? {
                Err(self.books.bad("there is no message for this row"))
            } else {
                Ok(None)
            };
        }
        if !self.books.advance()? {
            return Err(self.messages.bad("there is no row of the book for this message"));
        }
        let message = self.messages.message()?;
        let [bids, offers] = self.books.sights()?;
        let mut row = Row { bids, offers, ..Row::default() };
        if std::mem::take(&mut self.is_first) {
            self.begin(&message, &mut row);
        }
        self.apply(&message, &mut row.records);
        self.reconcile(Side::Buy, &mut row);
        self.reconcile(Side::Sell, &mut row);
        (self.bids, self.offers) = (row.bids.clone(), row.offers.clone());
        Ok(Some(row))
    }

    /// Adds what rested before the first message: the first row without the message's own order.
    fn begin(&mut self, message: &Message, row: &mut Row) {
        for (side, sight) in [(Side::Buy, &row.bids), (Side::Sell, &row.offers)] {
            for level in &sight.levels {
                let is_of_message =
                    message.kind == b'1' && (message.order.side, message.order.price) == (side, level.price);
                let own = if is_of_message { message.order.size } else { 0 };
                let size = level.quantity.saturating_sub(own);
                if size > 0 {
                    row.came_into_sight += 1;
                    row.records.push(self.add_own(Tracked { side, price: level.price, size }));
                }
            }
        }
    }

    fn apply(&mut self, message: &Message, records: &mut Vec<Record>) {
        let Message { kind, order_id, order } = *message;
        let resting = || self.book.named_or_own(order_id, order.side, order.price);
        match kind {
            b'1' if order.size > 0 => {
                self.book.add(order_id, order);
                records.push(record(RecordAction::Add, order_id, order, true));
            }
            b'2' => {
                if let Some(id) = resting() {
                    records.push(self.reduce(id, order.size));
                }
            }
            b'3' => {
                if let Some(id) = resting() {
                    let size = if id == order_id { u64::MAX } else { order.size };
                    records.push(self.reduce(id, size));
                }
            }
            b'4' => {
                if let Some(id) = resting() {
                    let aggressor = Tracked { side: order.side.opposite(), ..order };
                    records.push(record(RecordAction::Trade, 0, aggressor, false));
                    records.push(record(RecordAction::Fill, id, order, false));
                    records.push(self.reduce(id, order.size));
                }
            }
            _ => {}
        }
    }

    /// Brings the book to the levels that the row tells.
    fn reconcile(&mut self, side: Side, row: &mut Row) {
        let (before, now) = match side {
            Side::Buy => (&self.bids, &row.bids),
            Side::Sell => (&self.offers, &row.offers),
        };
        let worst = match (side, now.is_whole, now.levels.last()) {
            (Side::Buy, true, _) => i64::MIN,
            (Side::Sell, true, _) => i64::MAX,
            (_, false, Some(level)) => level.price,
            (_, false, None) => return,
        };
        let mut prices: Vec<i64> = now.levels.iter().map(|level| level.price).collect();
        prices.extend(self.book.prices_to(side, worst));
        prices.sort_unstable();
        prices.dedup();
        let wrong: Vec<(i64, u64, u64)> = prices
            .into_iter()
            .map(|price| (price, self.book.quantity(side, price), now.quantity(price)))
            .filter(|(_, ours, theirs)| ours != theirs)
            .collect();
        let was_in_sight = wrong.iter().filter(|(price, ..)| before.has(side, *price)).count() as u64;
        row.unexplained += was_in_sight;
        row.came_into_sight += wrong.len() as u64 - was_in_sight;
        for (price, ours, theirs) in wrong {
            if theirs > ours {
                row.records.push(self.add_own(Tracked { side, price, size: theirs - ours }));
            }
            let mut excess = ours.saturating_sub(theirs);
            while excess > 0 {
                let Some(id) = self.book.last(side, price) else { break };
                let size = self.book.get(id).map_or(0, |order| order.size).min(excess);
                row.records.push(self.reduce(id, size));
                excess -= size;
            }
        }
    }

    fn add_own(&mut self, order: Tracked) -> Record {
        let id = self.book.add_own(order);
        record(RecordAction::Add, id, order, true)
    }

    fn reduce(&mut self, id: u64, quantity: u64) -> Record {
        let order = self.book.get(id).unwrap_or(Tracked { side: Side::Buy, price: 0, size: 0 });
        let left = self.book.reduce(id, quantity);
        let action = if left > 0 { RecordAction::Modify } else { RecordAction::Cancel };
        record(action, id, Tracked { size: left, ..order }, true)
    }
}

fn record(action: RecordAction, order_id: u64, order: Tracked, ends_event: bool) -> Record {
    Record {
        instrument: INSTRUMENT,
        action,
        side: Some(order.side),
        order_id,
        price: Some(order.price * PRICE_UNIT),
        size: Quantity(order.size),
        ends_event,
    }
}

/// The lines of a file, one after the other.
struct Lines {
    path: PathBuf,
    input: BufReader<Box<dyn Read>>,
    text: String,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, FlowError> {
        Ok(Self { path: path.to_owned(), input: open(path)?, text: String::new(), number: 0 })
    }

    /// Reads the next line that is not empty; false at the end of the file.
    fn advance(&mut self) -> Result<bool, FlowError> {
        loop {
            self.text.clear();
            self.number += 1;
            let read = self.input.by_ref().take(MAXIMUM_LINE_LENGTH).read_line(&mut self.text);
            match read {
                Err(error) => return Err(self.bad(error)),
                Ok(0) => return Ok(false),
                Ok(_) if self.text.trim().is_empty() => {}
                Ok(_) => return Ok(true),
            }
        }
    }

    fn bad(&self, what: impl ToString) -> FlowError {
        bad_line(&self.path, self.number, what)
    }

    fn message(&self) -> Result<Message, FlowError> {
        let bad = || self.bad("a message has time, type, order, size, price and direction");
        let fields: Vec<&str> = self.text.trim().split(',').collect();
        let [_, kind, order_id, size, price, direction, ..] = *fields else { return Err(bad()) };
        let [kind] = *kind.as_bytes() else { return Err(bad()) };
        let order_id = order_id.parse().map_err(|_| bad())?;
        let side = match direction {
            "1" => Side::Buy,
            "-1" => Side::Sell,
            _ => return Err(bad()),
        };
        let price: i64 = price.parse().map_err(|_| bad())?;
        if !(-NO_PRICE..=NO_PRICE).contains(&price) {
            return Err(bad());
        }
        let size = size.parse::<i64>().map_err(|_| bad())?;
        Ok(Message { kind, order_id, order: Tracked { side, price, size: size.max(0).cast_unsigned() } })
    }

    /// Bids and offers.
    fn sights(&self) -> Result<[Sight; 2], FlowError> {
        let bad = || self.bad("a row has price and size of the offer and of the bid of each level");
        let numbers = self.text.trim().split(',').map(|field| field.parse::<i64>().map_err(|_| bad()));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        if numbers.is_empty() || numbers.len() % 4 != 0 || numbers.len() / 4 > MAXIMUM_LEVELS {
            return Err(bad());
        }
        let mut sights = [Sight::default(), Sight::default()];
        for level in numbers.chunks_exact(4) {
            for (sight, price, size) in [(0, level[2], level[3]), (1, level[0], level[1])] {
                if price.abs() >= NO_PRICE || size <= 0 {
                    sights[sight].is_whole = true;
                } else {
                    sights[sight].levels.push(Level { price, quantity: size.cast_unsigned() });
                }
            }
        }
        Ok(sights)
    }
}

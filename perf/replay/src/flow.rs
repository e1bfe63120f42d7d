//! A flow: the commands to send, in order, independent of how, when and where they are sent.

use std::path::PathBuf;

use lugus_vocabulary::{
    Action, ClientOrderId, InstrumentDefinition, InstrumentId, NewOrder, ParticipantId, Price, Quantity, Side,
    TimeInForce,
};

/// Commands in the order in which they must reach the engine.
///
/// A flow gets no answers, so it is the same for every venue, however late the venue answers.
pub trait Flow: Iterator<Item = Result<Step, FlowError>> {
    /// Name of the flow, for people.
    fn name(&self) -> String;

    /// The instruments that the flow trades, which must be defined before the first step.
    fn instruments(&self) -> &[InstrumentDefinition];

    /// The participants that send the commands, without the operator.
    fn participants(&self) -> &[ParticipantId];

    /// Approximate number of steps in the whole flow, for a progress bar.
    fn expected_steps(&self) -> u64;
}

/// Default number of a flow's first instrument; lower numbers belong to the deployment's own instruments.
pub const FIRST_INSTRUMENT: InstrumentId = InstrumentId(101);

/// Lowest and highest price of a flow's instruments. The range is so wide that a flow never reaches its limits, even
/// when it continues where another flow stopped.
pub(crate) const PRICE_LIMITS: [Price; 2] = [Price(-1_000_000_000_000), Price(1_000_000_000_000)];

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The participant that sends the command.
    pub participant: ParticipantId,
    /// The instrument of the command.
    pub instrument: InstrumentId,
    /// The command itself: a new order, a cancel, a replacement or a mass cancel.
    pub action: Action,
    /// For the aggressor of a trade that the exchange reported: this trade.
    pub trade: Option<Box<ExchangeTrade>>,
}

/// A limit order without special instructions.
pub(crate) fn limit_order(
    client_order_id: ClientOrderId,
    side: Side,
    price: Price,
    quantity: Quantity,
    time_in_force: TimeInForce,
) -> NewOrder {
    NewOrder { time_in_force, ..NewOrder::limit(client_order_id, side, price, quantity) }
}

/// A trade as the exchange executed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeTrade {
    /// Price in ticks.
    pub price: Price,
    /// The filled resting orders and the filled quantities.
    pub fills: RestingFills,
}

/// The filled resting orders and their filled quantities: one entry for each order, in the order of the first fills.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RestingFills(Vec<(ClientOrderId, Quantity)>);

impl RestingFills {
    /// Adds a fill of a resting order.
    pub fn add(&mut self, order: ClientOrderId, quantity: Quantity) {
        match self.0.iter_mut().find(|fill| fill.0 == order) {
            Some(fill) => fill.1.0 += quantity.0,
            None => self.0.push((order, quantity)),
        }
    }

    /// The fills, in the order in which they were added.
    pub fn as_slice(&self) -> &[(ClientOrderId, Quantity)] {
        &self.0
    }

    /// Whether there are no fills.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the same orders were filled with the same quantities, in any order. Equality (`==`) also compares the
    /// order.
    pub fn has_same_orders(&self, other: &Self) -> bool {
        let sorted = |fills: &Self| {
            let mut fills = fills.0.clone();
            fills.sort_unstable();
            fills
        };
        sorted(self) == sorted(other)
    }
}

impl FromIterator<(ClientOrderId, Quantity)> for RestingFills {
    fn from_iter<I: IntoIterator<Item = (ClientOrderId, Quantity)>>(fills: I) -> Self {
        let mut all = Self::default();
        for (order, quantity) in fills {
            all.add(order, quantity);
        }
        all
    }
}

/// Why a flow can't continue.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The file can't be opened, or is no recording.
    #[error("cannot open the recording {}: {source}; it must be a DBN file (.dbn or .dbn.zst)", path.display())]
    Open {
        /// Path of the file.
        path: PathBuf,
        /// The error of the decoder.
        source: dbn::Error,
    },
    /// The file can't be opened.
    #[error("cannot open the recording {}: {source}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of a text file is not what its format says.
    #[error("line {line} of the recording {}: {what}", path.display())]
    Line {
        /// Path of the file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A message of a binary file is not what its format says.
    #[error("byte {offset} of the recording {}: {what}", path.display())]
    Message {
        /// Path of the file.
        path: PathBuf,
        /// Where the message begins, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The file is truncated or damaged.
    #[error("cannot read record {record} of the recording {}: {source}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Index of the record, counted from 0.
        record: u64,
        /// The error of the decoder.
        source: dbn::Error,
    },
    /// The file has no market-by-order records with orders.
    #[error("the recording {} has no orders; of Databento's files, lugus replays those with the schema `mbo` only", path.display())]
    NoOrders {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file has more instruments than a replay accepts.
    #[error("the recording {} has more than {limit} instruments; extract some of them into a file first", path.display())]
    TooManyInstruments {
        /// Path of the file.
        path: PathBuf,
        /// Largest number of instruments.
        limit: usize,
    },
    /// An event has too many records: the flag LAST is missing.
    #[error("an event of instrument {instrument} has more than {limit} records without the flag LAST")]
    EventTooLong {
        /// The exchange's number of the instrument.
        instrument: u32,
        /// Largest number of records of an event.
        limit: usize,
    },
    /// The file has a price between two ticks or an instrument that was absent when it was surveyed.
    #[error("the recording changed while it was read: {what}")]
    Changed {
        /// The price or instrument.
        what: String,
    },
}

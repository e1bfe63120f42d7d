//! A flow: what is to be sent, step by step, without a word of how, when or where to.

use std::path::PathBuf;

use lugus_vocabulary::{
    Action, ClientOrderId, InstrumentDefinition, InstrumentId, NewOrder, OrderType, ParticipantId, PostOnly, Price,
    Quantity, SelfTradePrevention, Side, TimeInForce,
};

/// Commands in the order in which they are to reach the engine.
///
/// A flow does not hear what became of its commands: it is the same whoever takes it, however late he answers.
pub trait Flow: Iterator<Item = Result<Step, FlowError>> {
    /// What the flow is, for people.
    fn name(&self) -> String;

    /// The instruments that it trades: to be defined before the first step.
    fn instruments(&self) -> &[InstrumentDefinition];

    /// Who trades, the operator not among them.
    fn participants(&self) -> &[ParticipantId];

    /// About how many steps there are in all, for a progress bar.
    fn expected_steps(&self) -> u64;
}

/// The first instrument of a flow, unless another is chosen: those below are a deployment's own.
pub const FIRST_INSTRUMENT: InstrumentId = InstrumentId(101);

/// Lowest and highest price that a flow's instruments take: so wide that a flow finds room where another was before.
pub(crate) const PRICE_LIMITS: [Price; 2] = [Price(-1_000_000_000_000), Price(1_000_000_000_000)];

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who sends it.
    pub participant: ParticipantId,
    /// The instrument that it is for.
    pub instrument: InstrumentId,
    /// What is to be done: a new order, a cancel, a replacement or a mass cancel.
    pub action: Action,
    /// With the aggressor of a trade that the exchange itself reported: that trade.
    pub trade: Option<Box<ExchangeTrade>>,
}

/// A plain limit order.
pub(crate) fn limit_order(
    client_order_id: ClientOrderId,
    side: Side,
    price: Price,
    quantity: Quantity,
    time_in_force: TimeInForce,
) -> NewOrder {
    NewOrder {
        client_order_id,
        side,
        order_type: OrderType::Limit,
        time_in_force,
        price: Some(price),
        stop_price: None,
        quantity,
        display_quantity: Quantity(0),
        expire_time: None,
        post_only: PostOnly::No,
        self_trade_prevention: SelfTradePrevention::None,
    }
}

/// A trade as the exchange did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeTrade {
    /// Its price, ticks.
    pub price: Price,
    /// What it took of which resting orders.
    pub fills: RestingFills,
}

/// How much was filled of which resting orders: one entry an order, in the order of their first fills.
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

    /// The fills, in the order in which they came.
    pub fn as_slice(&self) -> &[(ClientOrderId, Quantity)] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the very same orders were filled with the same sizes, in whichever order. Two that are equal (`==`) also
    /// came in the same order.
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

/// Why a flow cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The file cannot be opened, or is no recording.
    #[error("cannot open the recording {}: {source}; is it a DBN file (.dbn or .dbn.zst)?", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: dbn::Error,
    },
    /// The file ends too early, or is damaged.
    #[error("cannot read record {record} of the recording {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Which record, counted from 0.
        record: u64,
        /// Why.
        source: dbn::Error,
    },
    /// The file has no market-by-order records with orders.
    #[error("the recording {} has no market-by-order records; lugus replays the schema `mbo` only", path.display())]
    NoOrders {
        /// Which file.
        path: PathBuf,
    },
    /// More instruments than a replay takes.
    #[error("the recording {} has more than {limit} instruments; extract some of them first", path.display())]
    TooManyInstruments {
        /// Which file.
        path: PathBuf,
        /// How many are taken.
        limit: usize,
    },
    /// An event without an end: the records lack the flag LAST.
    #[error("an event of instrument {instrument} has more than {limit} records without the flag LAST")]
    EventTooLong {
        /// The exchange's number of the instrument.
        instrument: u32,
        /// How many are taken.
        limit: usize,
    },
    /// A price between two ticks, or an instrument that was not there when the file was surveyed.
    #[error("the recording changed while it was read: {what}")]
    Changed {
        /// What is new.
        what: String,
    },
}

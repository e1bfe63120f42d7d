//! Events and market data of a replayed log as a file: CSV by the file's ending, else JSON lines.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use lugus_vocabulary::{
    ExecType, Execution, InstrumentState, Liquidity, LogPosition, MarketData, MarketDataBody, OrderStatus, OrderType,
    QuoteStatusReport, RejectReason, Reply, Report, ReportBody, Side, TimeInForce, TradeAddendum,
};
use serde::Serialize;

/// Bytes that are kept back before they are written.
const BUFFER_LENGTH: usize = 1 << 18;

/// A file of one line, or one CSV row, for each event.
pub struct EventFile {
    lines: Lines,
    written: u64,
    result: io::Result<()>,
}

enum Lines {
    Json(BufWriter<Box<dyn Write>>),
    Csv(Box<csv::Writer<Box<dyn Write>>>),
}

/// A JSON line.
#[derive(Serialize)]
struct Line<T> {
    /// Log position after the event's cause.
    position: i64,
    #[serde(flatten)]
    event: T,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Event<'a> {
    Report(&'a Report),
    Reply(&'a Reply),
    MarketData(&'a MarketData),
}

impl EventFile {
    /// Makes a file; one that exists is written over.
    ///
    /// # Errors
    /// The file system's.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self::new(Box::new(File::create(path)?), is_csv(path), true))
    }

    /// Goes on with a file behind its first `length` bytes; what follows them is cut off.
    ///
    /// # Errors
    /// The file system's; the file is shorter.
    pub fn resume(path: &Path, length: u64) -> io::Result<Self> {
        let mut file = File::options().write(true).open(path)?;
        if file.metadata()?.len() < length {
            return Err(io::Error::other(format!("it has fewer than the {length} bytes that it had")));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self::new(Box::new(file), is_csv(path), length == 0))
    }

    /// JSON lines on standard output.
    pub fn standard_output() -> Self {
        Self::new(Box::new(io::stdout()), false, false)
    }

    fn new(output: Box<dyn Write>, is_csv: bool, with_headers: bool) -> Self {
        let lines = if is_csv {
            let mut builder = csv::WriterBuilder::new();
            let builder = builder.has_headers(with_headers).buffer_capacity(BUFFER_LENGTH);
            Lines::Csv(Box::new(builder.from_writer(output)))
        } else {
            Lines::Json(BufWriter::with_capacity(BUFFER_LENGTH, output))
        };
        Self { lines, written: 0, result: Ok(()) }
    }

    /// Writes an event for a participant.
    pub fn report(&mut self, position: LogPosition, report: &Report) {
        match &self.lines {
            Lines::Json(_) => self.line(position, Event::Report(report)),
            Lines::Csv(_) => self.row(ReportRow::of(position, report)),
        }
    }

    /// Writes an answer that changes nothing. It has no row in CSV.
    pub fn reply(&mut self, position: LogPosition, reply: &Reply) {
        if let Lines::Json(_) = self.lines {
            self.line(position, Event::Reply(reply));
        }
    }

    /// Writes an increment of market data.
    pub fn market_data(&mut self, position: LogPosition, increment: &MarketData) {
        match &self.lines {
            Lines::Json(_) => self.line(position, Event::MarketData(increment)),
            Lines::Csv(_) => self.row(MarketDataRow::of(position, increment)),
        }
    }

    /// Number of events that were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes what has been kept back.
    ///
    /// # Errors
    /// The first failure of any event.
    pub fn flush(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.result, Ok(()))?;
        match &mut self.lines {
            Lines::Json(output) => output.flush(),
            Lines::Csv(output) => output.flush(),
        }
    }

    fn line(&mut self, position: LogPosition, event: Event<'_>) {
        let Lines::Json(output) = &mut self.lines else { return };
        if self.result.is_ok() {
            self.written += 1;
            let line = Line { position: position.0, event };
            self.result = serde_json::to_writer(&mut *output, &line)
                .map_err(io::Error::from)
                .and_then(|()| output.write_all(b"\n"));
        }
    }

    fn row(&mut self, row: impl Serialize) {
        let Lines::Csv(output) = &mut self.lines else { return };
        if self.result.is_ok() {
            self.written += 1;
            self.result = output.serialize(row).map_err(io::Error::other);
        }
    }
}

fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// A report as a row. Columns that an event does not have are empty.
#[derive(Default, Serialize)]
struct ReportRow {
    position: i64,
    time: i64,
    participant: u32,
    instrument: u32,
    event_sequence: u64,
    client_sequence: u64,
    event: &'static str,
    exec_type: Option<ExecType>,
    order_status: Option<OrderStatus>,
    order_id: Option<u64>,
    client_order_id: Option<u64>,
    orig_client_order_id: Option<u64>,
    trade_id: Option<u64>,
    side: Option<Side>,
    order_type: Option<OrderType>,
    time_in_force: Option<TimeInForce>,
    price: Option<i64>,
    quantity: Option<u64>,
    last_price: Option<i64>,
    last_quantity: Option<u64>,
    leaves_quantity: Option<u64>,
    cum_quantity: Option<u64>,
    liquidity: Option<Liquidity>,
    reason: Option<RejectReason>,
}

impl ReportRow {
    fn of(position: LogPosition, report: &Report) -> Self {
        let row = Self {
            position: position.0,
            time: report.time.0,
            participant: report.participant.0,
            instrument: report.instrument.0,
            event_sequence: report.event_sequence.0,
            client_sequence: report.client_sequence.0,
            ..Self::default()
        };
        match &report.body {
            ReportBody::Execution(execution) => row.execution(execution),
            ReportBody::TradeAddendum(addendum) => row.addendum(addendum),
            ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status } => Self {
                event: "cancel_reject",
                orig_client_order_id: Some(orig_client_order_id.0),
                client_order_id: Some(client_order_id.0),
                reason: Some(*reason),
                order_status: *order_status,
                ..row
            },
            ReportBody::MassCancel { affected, .. } | ReportBody::MassCancelAll { affected, .. } => {
                Self { event: "mass_cancel", quantity: Some(u64::from(*affected)), ..row }
            }
            ReportBody::Instrument { reference_price, .. } => {
                Self { event: "instrument", price: Some(reference_price.0), ..row }
            }
            ReportBody::Risk { .. } => Self { event: "risk", ..row },
            ReportBody::Firm(_) => Self { event: "firm", ..row },
            ReportBody::FirmLimits(_) => Self { event: "firm_limits", ..row },
            ReportBody::MassQuote(_) => Self { event: "mass_quote", ..row },
            ReportBody::QuoteStatus(QuoteStatusReport { affected, .. }) => {
                Self { event: "quote_cancel", quantity: Some(u64::from(*affected)), ..row }
            }
            ReportBody::MarketMakerProtection(_) => Self { event: "market_maker_protection", ..row },
            ReportBody::Reject { reason, .. } => Self { event: "reject", reason: Some(*reason), ..row },
        }
    }

    fn execution(self, execution: &Execution) -> Self {
        Self {
            event: "execution",
            exec_type: Some(execution.exec_type),
            order_status: Some(execution.order_status),
            order_id: Some(execution.order_id.0),
            client_order_id: Some(execution.client_order_id.0),
            orig_client_order_id: Some(execution.orig_client_order_id.0).filter(|id| *id > 0),
            trade_id: Some(execution.trade_id.0).filter(|id| *id > 0),
            side: Some(execution.side),
            order_type: Some(execution.order_type),
            time_in_force: Some(execution.time_in_force),
            price: execution.price.map(|price| price.0),
            quantity: Some(execution.quantity.0),
            last_price: execution.last_price.map(|price| price.0),
            last_quantity: execution.last_price.map(|_| execution.last_quantity.0),
            leaves_quantity: Some(execution.leaves_quantity.0),
            cum_quantity: Some(execution.cum_quantity.0),
            liquidity: Some(execution.liquidity).filter(|liquidity| *liquidity != Liquidity::None),
            reason: Some(execution.reason).filter(|reason| *reason != RejectReason::None),
            ..self
        }
    }

    fn addendum(self, addendum: &TradeAddendum) -> Self {
        Self {
            event: "trade_addendum",
            exec_type: Some(addendum.exec_type),
            order_id: Some(addendum.order_id.0),
            client_order_id: Some(addendum.client_order_id.0),
            trade_id: Some(addendum.trade_id.0),
            side: addendum.side,
            last_price: Some(addendum.last_price.0),
            last_quantity: Some(addendum.last_quantity.0),
            ..self
        }
    }
}

/// An increment of market data as a row. Columns that it does not have are empty.
#[derive(Default, Serialize)]
struct MarketDataRow {
    position: i64,
    time: i64,
    instrument: u32,
    sequence: u64,
    increment: &'static str,
    order_id: Option<u64>,
    trade_id: Option<u64>,
    side: Option<Side>,
    price: Option<i64>,
    quantity: Option<u64>,
    orders: Option<u32>,
    state: Option<InstrumentState>,
    open: Option<i64>,
    high: Option<i64>,
    low: Option<i64>,
    last: Option<i64>,
    imbalance: Option<u64>,
}

impl MarketDataRow {
    fn of(position: LogPosition, increment: &MarketData) -> Self {
        let row = Self {
            position: position.0,
            time: increment.time.0,
            instrument: increment.instrument.0,
            sequence: increment.sequence.0,
            ..Self::default()
        };
        let order = |increment, order: &lugus_vocabulary::DisplayedOrder| Self {
            increment,
            order_id: Some(order.order_id.0),
            side: Some(order.side),
            price: Some(order.price.0),
            quantity: Some(order.quantity.0),
            ..Self::default()
        };
        let rest = match &increment.body {
            MarketDataBody::OrderAdded(added) => order("order_added", added),
            MarketDataBody::OrderChanged(changed) => order("order_changed", changed),
            MarketDataBody::OrderRemoved { order_id, side, price } => Self {
                increment: "order_removed",
                order_id: Some(order_id.0),
                side: Some(*side),
                price: Some(price.0),
                ..Self::default()
            },
            MarketDataBody::Level { side, price, quantity, orders } => Self {
                increment: "level",
                side: Some(*side),
                price: Some(price.0),
                quantity: Some(quantity.0),
                orders: Some(*orders),
                ..Self::default()
            },
            MarketDataBody::Trade { trade_id, price, quantity, aggressor } => Self {
                increment: "trade",
                trade_id: Some(trade_id.0),
                price: Some(price.0),
                quantity: Some(quantity.0),
                side: *aggressor,
                ..Self::default()
            },
            MarketDataBody::TradeAddendum { trade_id, price, quantity } => Self {
                increment: "trade_addendum",
                trade_id: Some(trade_id.0),
                price: Some(price.0),
                quantity: Some(quantity.0),
                ..Self::default()
            },
            MarketDataBody::Auction(auction) => Self {
                increment: "auction",
                side: auction.imbalance_side,
                price: auction.price.map(|price| price.0),
                quantity: Some(auction.volume.0),
                imbalance: Some(auction.imbalance.0),
                ..Self::default()
            },
            MarketDataBody::Statistics(statistics) => Self {
                increment: "statistics",
                quantity: Some(statistics.volume.0),
                open: statistics.open.map(|price| price.0),
                high: statistics.high.map(|price| price.0),
                low: statistics.low.map(|price| price.0),
                last: statistics.last.map(|price| price.0),
                ..Self::default()
            },
            MarketDataBody::State { state, reference_price } => {
                Self { increment: "state", price: Some(reference_price.0), state: Some(*state), ..Self::default() }
            }
        };
        Self { position: row.position, time: row.time, instrument: row.instrument, sequence: row.sequence, ..rest }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use lugus_vocabulary::{
        ClientOrderId, ClientSequence, EpochNanos, EventSequence, InstrumentId, MarketDataSequence, NewOrder, OrderId,
        ParticipantId, Price, Quantity,
    };

    use super::*;

    fn report() -> Report {
        let order = NewOrder::limit(ClientOrderId(7), Side::Buy, Price(100), Quantity(3));
        Report {
            participant: ParticipantId(1),
            instrument: InstrumentId(2),
            event_sequence: EventSequence(4),
            client_sequence: ClientSequence(5),
            time: EpochNanos(6),
            body: Execution::accepted(OrderId(8), &order).into(),
        }
    }

    const ROW: &str = "96,6,1,2,4,5,execution,NEW,NEW,8,7,,,BUY,LIMIT,GTC,100,3,,,3,0,,";

    #[test]
    fn events_are_json_lines_or_rows_by_the_files_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let (json, csv) = (folder.path().join("events.jsonl"), folder.path().join("events.CSV"));
        for path in [&json, &csv] {
            let mut file = EventFile::create(path).expect("made");
            file.report(LogPosition(96), &report());
            file.flush().expect("written");
            assert_eq!(file.written(), 1);
        }
        let line: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&json).expect("read")).expect("a JSON line");
        assert_eq!((&line["position"], &line["report"]["event_sequence"]), (&96.into(), &4.into()), "{line}");
        let text = fs::read_to_string(&csv).expect("read");
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[0].starts_with("position,time,participant,instrument,"), "{text}");
        assert_eq!(rows[1..], [ROW]);
    }

    #[test]
    fn a_resumed_file_loses_what_was_written_after_the_state() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.csv");
        let mut file = EventFile::create(&path).expect("made");
        file.report(LogPosition(96), &report());
        file.flush().expect("written");
        let length = path.metadata().expect("it is there").len();
        file.report(LogPosition(192), &report());
        file.flush().expect("written");
        let mut resumed = EventFile::resume(&path, length).expect("opened");
        resumed.report(LogPosition(288), &report());
        resumed.flush().expect("written");
        let text = fs::read_to_string(&path).expect("read");
        let positions: Vec<&str> = text.lines().map(|line| &line[..3]).collect();
        assert_eq!(positions, ["pos", "96,", "288"]);
        assert!(EventFile::resume(&path, 100_000).is_err());
    }

    #[test]
    fn market_data_has_rows_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("increments.csv");
        let mut file = EventFile::create(&path).expect("made");
        let body = MarketDataBody::Level { side: Side::Sell, price: Price(9), quantity: Quantity(4), orders: 2 };
        let (instrument, sequence) = (InstrumentId(2), MarketDataSequence(3));
        file.market_data(LogPosition(96), &MarketData { instrument, sequence, time: EpochNanos(5), body });
        file.flush().expect("written");
        let text = fs::read_to_string(&path).expect("read");
        assert_eq!(text.lines().nth(1), Some("96,5,2,3,level,,,SELL,9,4,2,,,,,,"), "{text}");
    }
}

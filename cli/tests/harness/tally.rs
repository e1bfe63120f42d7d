//! What one participant has sent and heard: each command answered once, each event told once, in order.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lugus_client::partition_map::MapError;
use lugus_client::{
    ClientOrderId, CommandNumber, EventHandler, EventSequence, ExecType, Execution, InstrumentId, MessageRejectReason,
    OrderId, Quantity, Report, ReportBody, Side, Status, TradeId,
};

/// A command's place: its scope's instrument, and its number in this session.
type Place = (InstrumentId, CommandNumber);

/// A command that was sent.
#[derive(Debug)]
struct Sent {
    what: What,
    at: Instant,
    answered: Option<Instant>,
}

/// What it asked for, with the participant's number of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    New(ClientOrderId),
    Cancel(ClientOrderId),
}

/// See the module. What must not happen fails the test at once.
#[derive(Debug, Default)]
pub struct Tally {
    sent: BTreeMap<Place, Sent>,
    last_event: BTreeMap<InstrumentId, EventSequence>,
    last_outcome: BTreeMap<InstrumentId, CommandNumber>,
    /// Newest report of each order that was taken.
    orders: BTreeMap<(InstrumentId, OrderId), Execution>,
    /// Lots that were traded, as each side was told.
    trades: Vec<(InstrumentId, TradeId, Quantity)>,
    /// What became of its session, and when.
    pub sessions: Vec<(Instant, Status)>,
}

impl Tally {
    /// A command was sent.
    pub fn sent(&mut self, instrument: InstrumentId, number: CommandNumber, what: What) {
        let sent = Sent { what, at: Instant::now(), answered: None };
        let older = self.sent.insert((instrument, number), sent);
        assert!(older.is_none(), "number {number} of instrument {instrument} was given twice");
    }

    /// Commands that were sent.
    pub fn commands(&self) -> usize {
        self.sent.len()
    }

    /// Commands that have no answer yet.
    pub fn unanswered(&self) -> usize {
        self.sent.values().filter(|sent| sent.answered.is_none()).count()
    }

    /// From `moment` to the first answer to a command that was sent after it.
    pub fn first_answer_after(&self, moment: Instant) -> Option<Duration> {
        let answers = self.sent.values().filter(|sent| sent.at > moment).filter_map(|sent| sent.answered);
        answers.min().map(|answered| answered - moment)
    }

    /// Newest report of each of the participant's orders of an instrument that was taken.
    pub fn orders(&self, instrument: InstrumentId) -> impl Iterator<Item = &Execution> {
        self.orders.iter().filter(move |((of, _), _)| *of == instrument).map(|(_, execution)| execution)
    }

    /// What became of its session since `moment`, for people.
    pub fn session_since(&self, moment: Instant) -> String {
        let since = self.sessions.iter().filter(|(at, _)| *at > moment);
        let told: Vec<String> = since.map(|(at, status)| format!("{:?} {status:?}", *at - moment)).collect();
        told.join(", ")
    }

    /// Number of the newest event of an instrument; 0 for none.
    pub fn last_event(&self, instrument: InstrumentId) -> u64 {
        self.last_event.get(&instrument).map_or(0, |event| event.0)
    }

    /// The same participant goes on in another session, whose numbers begin anew.
    pub fn in_next_session(mut self) -> Self {
        assert_eq!(self.unanswered(), 0);
        self.sent.clear();
        self.last_outcome.clear();
        self
    }

    fn answer(&mut self, place: Place, report: &Report) {
        let Some(sent) = self.sent.get_mut(&place) else { panic!("answers nothing that was sent: {report:?}") };
        if is_outcome(sent.what, &report.body) {
            assert!(sent.answered.is_none(), "a second answer to {place:?}: {report:?}");
            sent.answered = Some(Instant::now());
            let before = self.last_outcome.insert(place.0, place.1);
            assert!(before < Some(place.1), "the outcome of {place:?} after that of {before:?}");
        } else {
            assert!(sent.answered.is_some(), "before the outcome of {place:?}: {report:?}");
        }
    }

    fn note(&mut self, instrument: InstrumentId, execution: &Execution) {
        match execution.exec_type {
            ExecType::Rejected => return,
            ExecType::New => {
                let older = self.orders.get(&(instrument, execution.order_id));
                assert!(older.is_none(), "order {} was taken twice: {execution:?}", execution.order_id);
            }
            ExecType::Trade => self.trades.push((instrument, execution.trade_id, execution.last_quantity)),
            _ => {}
        }
        self.orders.insert((instrument, execution.order_id), *execution);
    }
}

/// Whether the report is what tells that the command was done or not: one of a command's reports is.
fn is_outcome(what: What, body: &ReportBody) -> bool {
    match (what, body) {
        (What::New(id), ReportBody::Execution(execution)) => {
            assert_eq!(execution.client_order_id, id, "{execution:?}");
            matches!(execution.exec_type, ExecType::New | ExecType::Rejected)
        }
        (What::Cancel(id), ReportBody::Execution(execution)) => {
            assert_eq!((execution.client_order_id, execution.exec_type), (id, ExecType::Canceled), "{execution:?}");
            true
        }
        (What::Cancel(id), ReportBody::CancelReject { orig_client_order_id, .. }) => *orig_client_order_id == id,
        _ => panic!("no answer to {what:?}: {body:?}"),
    }
}

impl EventHandler for Tally {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        let last = self.last_event.entry(report.instrument).or_insert(EventSequence(0));
        assert_eq!(report.event_sequence.0, last.0 + 1, "a hole or a repeat: {report:?}");
        *last = report.event_sequence;
        if command != CommandNumber::NONE {
            self.answer((report.instrument, command), report);
        }
        if let ReportBody::Execution(execution) = &report.body {
            self.note(report.instrument, execution);
        }
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            // The last: a session of the SDK's own making took over, and it opens a new one.
            Status::Connected { .. }
            | Status::NewLeader { .. }
            | Status::Disconnected { .. }
            | Status::InstrumentMoving { .. }
            | Status::InstrumentMoved { .. }
            | Status::MapChanged { .. }
            | Status::MapRefused { reason: MapError::Connection(_) }
            | Status::MessageRejected { reason: MessageRejectReason::NoParticipant, .. } => {
                self.sessions.push((Instant::now(), status.clone()));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What the tallies of all participants of an instrument must agree on.
#[derive(Debug, PartialEq, Eq)]
pub struct Total {
    /// Orders that were taken: each has a number of its own.
    pub orders: usize,
    /// Trades: each was told to both sides.
    pub trades: usize,
    /// Lots that rest: buyers' and sellers'.
    pub resting: [u64; 2],
}

/// Adds up one instrument, and checks that nothing was done twice or left out.
pub fn total(tallies: &[&Tally], instrument: InstrumentId) -> Total {
    let orders: BTreeMap<OrderId, &Execution> = tallies
        .iter()
        .flat_map(|tally| &tally.orders)
        .filter(|((of, _), _)| *of == instrument)
        .map(|((_, id), execution)| (*id, execution))
        .collect();
    // The engine numbers orders by one from 1: one that was applied twice would have a number that nobody knows.
    let numbers: Vec<u64> = orders.keys().map(|id| id.0).collect();
    assert_eq!(numbers, (1..=orders.len() as u64).collect::<Vec<_>>(), "orders of instrument {instrument}");
    let mut trades: BTreeMap<TradeId, Vec<Quantity>> = BTreeMap::new();
    for (_, trade, quantity) in tallies.iter().flat_map(|tally| &tally.trades).filter(|(of, ..)| *of == instrument) {
        trades.entry(*trade).or_default().push(*quantity);
    }
    for (trade, sides) in &trades {
        assert!(sides.len() == 2 && sides[0] == sides[1], "trade {trade} of instrument {instrument}: {sides:?}");
    }
    let resting = [Side::Buy, Side::Sell].map(|side| {
        let of_side = orders.values().filter(|execution| execution.side == side);
        of_side.map(|execution| execution.leaves_quantity.0).sum()
    });
    Total { orders: orders.len(), trades: trades.len(), resting }
}

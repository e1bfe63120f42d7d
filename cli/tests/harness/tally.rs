//! What one participant has sent and received: each command is answered once, and each event arrives once, in order.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lugus_client::partition_map::MapError;
use lugus_client::{
    ClientOrderId, CommandNumber, EventHandler, EventSequence, ExecType, Execution, InstrumentId, MessageRejectReason,
    OrderId, Quantity, Report, ReportBody, Side, Status, TradeId,
};

/// Identifies a command: instrument of its scope, and number in this session.
type Place = (InstrumentId, CommandNumber);

/// A command that was sent.
#[derive(Debug)]
struct Sent {
    what: SentCommand,
    at: Instant,
    answered: Option<Instant>,
}

/// Kind of the command, with the client order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentCommand {
    New(ClientOrderId),
    Cancel(ClientOrderId),
}

/// Account of one participant's commands and events. A violation of exactly-once fails the test at once.
#[derive(Debug, Default)]
pub struct Tally {
    sent: BTreeMap<Place, Sent>,
    last_event: BTreeMap<InstrumentId, EventSequence>,
    last_outcome: BTreeMap<InstrumentId, CommandNumber>,
    /// Newest report of each accepted order.
    orders: BTreeMap<(InstrumentId, OrderId), Execution>,
    /// Trades with their quantities in lots, one entry for each reported side.
    trades: Vec<(InstrumentId, TradeId, Quantity)>,
    /// Changes of the session's state, and when they came.
    pub sessions: Vec<(Instant, Status)>,
}

impl Tally {
    /// Records a sent command.
    pub fn sent(&mut self, instrument: InstrumentId, number: CommandNumber, what: SentCommand) {
        let sent = Sent { what, at: Instant::now(), answered: None };
        let older = self.sent.insert((instrument, number), sent);
        assert!(older.is_none(), "number {number} of instrument {instrument} was given twice");
    }

    /// Number of commands sent.
    pub fn commands(&self) -> usize {
        self.sent.len()
    }

    /// Number of commands without an answer.
    pub fn unanswered(&self) -> usize {
        self.sent.values().filter(|sent| sent.answered.is_none()).count()
    }

    /// Time from `moment` to the first answer to a command that was sent after it.
    pub fn first_answer_after(&self, moment: Instant) -> Option<Duration> {
        let answers = self.sent.values().filter(|sent| sent.at > moment).filter_map(|sent| sent.answered);
        answers.min().map(|answered| answered - moment)
    }

    /// Times from a command to its answer, of the commands that were sent after `moment` and are answered.
    pub fn answer_times_since(&self, moment: Instant) -> impl Iterator<Item = Duration> {
        let since = self.sent.values().filter(move |sent| sent.at > moment);
        since.filter_map(|sent| sent.answered.map(|answered| answered - sent.at))
    }

    /// Newest report of each accepted order of the participant in an instrument.
    pub fn orders(&self, instrument: InstrumentId) -> impl Iterator<Item = &Execution> {
        self.orders.iter().filter(move |((of, _), _)| *of == instrument).map(|(_, execution)| execution)
    }

    /// Changes of the session's state since `moment`, as text for people.
    pub fn session_since(&self, moment: Instant) -> String {
        let since = self.sessions.iter().filter(|(at, _)| *at > moment);
        let told: Vec<String> = since.map(|(at, status)| format!("{:?} {status:?}", *at - moment)).collect();
        told.join(", ")
    }

    /// Number of the newest event of an instrument; 0 if there is none.
    pub fn last_event(&self, instrument: InstrumentId) -> u64 {
        self.last_event.get(&instrument).map_or(0, |event| event.0)
    }

    /// Prepares the tally for the participant's next session, in which the numbers of commands start again from 1.
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

/// Whether the report tells if the command was executed or rejected; exactly one of a command's reports does.
fn is_outcome(what: SentCommand, body: &ReportBody) -> bool {
    match (what, body) {
        (SentCommand::New(id), ReportBody::Execution(execution)) => {
            assert_eq!(execution.client_order_id, id, "{execution:?}");
            matches!(execution.exec_type, ExecType::New | ExecType::Rejected)
        }
        (SentCommand::Cancel(id), ReportBody::Execution(execution)) => {
            assert_eq!((execution.client_order_id, execution.exec_type), (id, ExecType::Canceled), "{execution:?}");
            true
        }
        (SentCommand::Cancel(id), ReportBody::CancelReject { orig_client_order_id, .. }) => *orig_client_order_id == id,
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
            // MessageRejected with NoParticipant: a reconnected session of the SDK took over, and the SDK opens another
            // one.
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

/// Sums over the tallies of all participants in one instrument.
#[derive(Debug, PartialEq, Eq)]
pub struct Total {
    /// Number of accepted orders, each of which has a different order id.
    pub orders: usize,
    /// Number of trades, each reported to both sides.
    pub trades: usize,
    /// Resting quantity of buyers and of sellers, in lots.
    pub resting: [u64; 2],
}

/// Sums up one instrument, and checks that nothing was executed twice or lost.
pub fn total(tallies: &[&Tally], instrument: InstrumentId) -> Total {
    let orders: BTreeMap<OrderId, &Execution> = tallies
        .iter()
        .flat_map(|tally| &tally.orders)
        .filter(|((of, _), _)| *of == instrument)
        .map(|((_, id), execution)| (*id, execution))
        .collect();
    // The engine numbers orders consecutively from 1, so an order that was executed twice would leave a gap in the
    // known ids.
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

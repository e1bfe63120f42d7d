//! What a member counts beside its Aeron counters (`counters`): by reason, by bucket, and how much of its limits it uses. It is in a
//! file of its own in shared memory (`lugus-gauges`), because a media driver has no room for some hundreds of such counters.
//!
//! The service's thread changes a number by one plain store, and looks at the engine's usage once in a millisecond, a few
//! scopes at a time. Nobody waits for who reads.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aeron_cluster_service::{Role, ServiceError, SnapshotWriter};
use lugus_engine::{Engine, Survey};
use lugus_gauges::{Gauges, HistogramCells, HistogramReading, Kind, ReadError};
use lugus_vocabulary::{
    ConnectionChange, EpochNanos, ExecType, Execution, MessageRejectReason, RejectReason, ReportBody,
};

use crate::counters::Tally;

/// Layout of the cells below. Whoever changes one raises it.
const KIND: Kind = Kind(0x4c4d_0004);

/// Number of cells of a table by reason: one for each number that a reason can have.
const REASONS: usize = 256;

/// First cell of rejects by [`RejectReason`].
const REJECTS: usize = 0;
/// First cell of orders that ended for a [`RejectReason`].
const ENDED_ORDERS: usize = REJECTS + REASONS;
/// First cell of refused messages by [`MessageRejectReason`].
const REFUSED_MESSAGES: usize = ENDED_ORDERS + REASONS;
/// First of the cells of single numbers.
const SINGLE: usize = REFUSED_MESSAGES + REASONS;
const ENGINE_TIME: HistogramCells = HistogramCells::at(SINGLE + Gauge::COUNT);
const ANSWER_TIME: HistogramCells = HistogramCells::at(SINGLE + Gauge::COUNT + HistogramCells::CELLS);
const CELLS: usize = SINGLE + Gauge::COUNT + 2 * HistogramCells::CELLS;

/// A single number of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Gauge {
    /// Events told to participants since the member's start, a replayed log included. A counter.
    Events,
    /// Live orders.
    Orders,
    /// Greatest number of live orders.
    OrdersLimit,
    /// Instruments.
    Instruments,
    /// Greatest number of instruments.
    InstrumentsLimit,
    /// Participants that the engine knows.
    Participants,
    /// Greatest number of participants.
    ParticipantsLimit,
    /// Scopes in use.
    Scopes,
    /// Instruments whose move is under way here.
    MovingInstruments,
    /// Events kept for clients that reconnect, as of the last round through all scopes.
    RetainedEvents,
    /// Participants whose kill switch is engaged, as of the last round.
    KillSwitches,
    /// Participants that are disconnected and have asked for cancel on disconnect, as of the last round.
    DisconnectedParticipants,
    /// Times that such a participant was disconnected. A counter.
    Disconnects,
    /// Snapshots that the service has written. A counter.
    Snapshots,
    /// Length of the newest of them, in bytes.
    SnapshotBytes,
    /// Messages of market data made for listeners while the member leads, heartbeats included. A counter.
    MarketDataMessages,
    /// Messages that a channel of market data did not take. A counter.
    DroppedMarketDataMessages,
    /// Messages of market data made for listeners while the member follows (feed B), heartbeats included. A counter.
    FollowerMarketDataMessages,
    /// Messages of the loop of snapshots. A counter.
    SnapshotMarketDataMessages,
    /// Replays of recorded market data. A counter.
    MarketDataReplays,
    /// Requests for replays that were not granted. A counter.
    RefusedMarketDataReplays,
    /// Length of the recorded market data that can be replayed, in bytes.
    RecordedMarketDataBytes,
    /// Messages of market data that the recording did not take. A counter.
    UnrecordedMarketDataMessages,
}

impl Gauge {
    const COUNT: usize = Self::UnrecordedMarketDataMessages as usize + 1;

    const fn cell(self) -> usize {
        SINGLE + self as usize
    }
}

/// One command in this number is timed.
const TIMED_COMMANDS: u64 = 64;

/// Time between two looks at the engine's usage.
const LOOK_INTERVAL_NS: i64 = 1_000_000;

/// Number of scopes and participants that one look counts: each may be a miss of all caches.
const LOOK_STEPS: usize = 8;

/// The cells of a member, for the thread of its service.
#[derive(Debug)]
pub struct MemberGauges {
    cells: Arc<Gauges>,
    /// A sequence of pseudo-random numbers, which chooses the commands that are timed without resonance with their pattern.
    random: u64,
    survey: Survey,
    looked_at_ns: i64,
}

/// The begin of a command that is timed.
pub(crate) type Timing = Instant;

impl MemberGauges {
    /// Makes the file of a member.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self::with(Gauges::create(path, KIND, CELLS)?))
    }

    fn with(cells: Gauges) -> Self {
        Self { cells: Arc::new(cells), random: 0, survey: Survey::default(), looked_at_ns: i64::MIN }
    }

    /// The cells of what the publishing thread counts.
    pub(crate) fn of_market_data(&self) -> MarketDataGauges {
        MarketDataGauges(Arc::clone(&self.cells))
    }

    fn set(&self, gauge: Gauge, value: u64) {
        self.cells.set(gauge.cell(), value);
    }

    #[inline]
    fn add(&self, gauge: Gauge, more: u64) {
        self.cells.add(gauge.cell(), more);
    }

    /// A command is given to the engine: the time, if it is one of those that are timed.
    #[inline]
    pub(crate) fn begin(&mut self) -> Option<Timing> {
        // Knuth's multiplier and increment (MMIX). The high bits are the good ones.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> (u64::BITS - TIMED_COMMANDS.trailing_zeros()) == 0).then(Instant::now)
    }

    /// The engine has told something.
    #[inline]
    pub(crate) fn told(&self, body: &ReportBody) {
        match body {
            ReportBody::Execution(Execution { reason: RejectReason::None, .. }) => {}
            ReportBody::Execution(Execution { exec_type: ExecType::Rejected, reason, .. })
            | ReportBody::Reject { reason, .. }
            | ReportBody::CancelReject { reason, .. } => self.cells.add(REJECTS + usize::from(reason.number()), 1),
            ReportBody::Execution(Execution { reason, .. }) => {
                self.cells.add(ENDED_ORDERS + usize::from(reason.number()), 1);
            }
            ReportBody::MassQuote(report) => {
                for result in report.results.iter().filter(|result| result.reason != RejectReason::None) {
                    self.cells.add(REJECTS + usize::from(result.reason.number()), 1);
                }
            }
            ReportBody::MassCancel { .. }
            | ReportBody::MassCancelAll { .. }
            | ReportBody::QuoteStatus(_)
            | ReportBody::MarketMakerProtection(_)
            | ReportBody::Firm(_)
            | ReportBody::FirmLimits(_)
            | ReportBody::Instrument { .. }
            | ReportBody::Risk { .. }
            | ReportBody::TradeAddendum(_) => {}
        }
    }

    /// The engine is done with a command, or with what it does without one. With the begin, if it was timed, the log time and
    /// the member's role: only a leader answers, and only its clock has made the log time.
    #[inline]
    pub(crate) fn applied(&self, tally: Tally, timed: Option<(Timing, EpochNanos, Role)>) {
        if tally.events > 0 {
            self.add(Gauge::Events, u64::from(tally.events));
        }
        if let Some((begun, logged, role)) = timed {
            ENGINE_TIME.record(&self.cells, nanoseconds(begun.elapsed()));
            if role == Role::Leader {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                ANSWER_TIME.record(&self.cells, nanoseconds(now).saturating_sub(logged.0.max(0).cast_unsigned()));
            }
        }
    }

    /// A participant was disconnected or connected again.
    pub(crate) fn changed_connection(&self, change: &ConnectionChange, tally: Tally) {
        if matches!(change, ConnectionChange::Disconnect { .. }) {
            self.add(Gauge::Disconnects, 1);
        }
        self.applied(tally, None);
    }

    /// A message was refused.
    pub(crate) fn refused(&self, reason: MessageRejectReason) {
        self.cells.add(REFUSED_MESSAGES + usize::from(reason.number()), 1);
    }

    /// A snapshot was written.
    pub(crate) fn snapshot(&self, snapshot: &CountedSnapshot<'_>) {
        self.add(Gauge::Snapshots, 1);
        self.set(Gauge::SnapshotBytes, snapshot.length);
    }

    /// Looks at the engine's usage, if the last look was long enough ago.
    #[inline]
    pub(crate) fn look(&mut self, engine: &Engine, now_ns: i64) {
        if now_ns.saturating_sub(self.looked_at_ns) >= LOOK_INTERVAL_NS {
            self.looked_at_ns = now_ns;
            self.look_now(engine);
        }
    }

    fn look_now(&mut self, engine: &Engine) {
        let (usage, limits) = (engine.usage(), engine.limits());
        for (gauge, value) in [
            (Gauge::Orders, usage.orders),
            (Gauge::OrdersLimit, limits.orders),
            (Gauge::Instruments, usage.instruments),
            (Gauge::InstrumentsLimit, limits.instruments),
            (Gauge::Participants, usage.participants),
            (Gauge::ParticipantsLimit, limits.participants),
            (Gauge::Scopes, usage.scopes),
            (Gauge::MovingInstruments, usage.moving_instruments),
        ] {
            self.set(gauge, value as u64);
        }
        if let Some(found) = engine.survey(&mut self.survey, LOOK_STEPS) {
            self.set(Gauge::RetainedEvents, found.retained_events);
            self.set(Gauge::KillSwitches, found.kill_switches);
            self.set(Gauge::DisconnectedParticipants, found.disconnected);
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The cells of the thread that publishes market data.
#[derive(Debug, Clone)]
pub struct MarketDataGauges(Arc<Gauges>);

impl MarketDataGauges {
    /// A message of the increments' stream was made for listeners, while the member led or followed.
    #[inline]
    pub(crate) fn sent(&self, leads: bool) {
        let gauge = if leads { Gauge::MarketDataMessages } else { Gauge::FollowerMarketDataMessages };
        self.0.add(gauge.cell(), 1);
    }

    /// Recorded market data is replayed.
    pub(crate) fn replayed(&self) {
        self.0.add(Gauge::MarketDataReplays.cell(), 1);
    }

    /// A request for a replay was not granted.
    pub(crate) fn refused_replay(&self) {
        self.0.add(Gauge::RefusedMarketDataReplays.cell(), 1);
    }

    /// So many bytes of market data are recorded.
    pub(crate) fn recorded(&self, bytes: u64) {
        self.0.set(Gauge::RecordedMarketDataBytes.cell(), bytes);
    }

    /// The recording did not take a message.
    pub(crate) fn not_recorded(&self) {
        self.0.add(Gauge::UnrecordedMarketDataMessages.cell(), 1);
    }

    /// A message of the loop of snapshots was sent.
    pub(crate) fn sent_snapshot(&self) {
        self.0.add(Gauge::SnapshotMarketDataMessages.cell(), 1);
    }

    /// A channel did not take a message.
    pub(crate) fn dropped(&self) {
        self.0.add(Gauge::DroppedMarketDataMessages.cell(), 1);
    }
}

/// A writer that counts the bytes of a snapshot.
pub(crate) struct CountedSnapshot<'w> {
    writer: &'w mut dyn SnapshotWriter,
    begun: Instant,
    length: u64,
}

impl<'w> CountedSnapshot<'w> {
    pub(crate) fn begin(writer: &'w mut dyn SnapshotWriter) -> Self {
        Self { writer, begun: Instant::now(), length: 0 }
    }

    /// Bytes written so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Time since the begin.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl SnapshotWriter for CountedSnapshot<'_> {
    fn offer(&mut self, message: &[u8]) -> Result<(), ServiceError> {
        self.length += message.len() as u64;
        self.writer.offer(message)
    }

    fn keep_alive(&mut self) -> Result<(), ServiceError> {
        self.writer.keep_alive()
    }

    fn max_message_length(&self) -> usize {
        self.writer.max_message_length()
    }
}

/// What a member has counted, as read from its file.
#[derive(Debug)]
pub struct MemberReading(Vec<u64>);

impl MemberReading {
    /// Reads the file of a member, also while it runs.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        lugus_gauges::read(path, KIND, CELLS).map(Self)
    }

    /// A single number.
    pub fn get(&self, gauge: Gauge) -> u64 {
        self.cell(gauge.cell())
    }

    fn cell(&self, cell: usize) -> u64 {
        self.0.get(cell).copied().unwrap_or(0)
    }

    /// Rejects by their reasons, of which there was at least one.
    pub fn rejects(&self) -> impl Iterator<Item = (RejectReason, u64)> {
        self.by_reason(REJECTS, RejectReason::ALL, RejectReason::number)
    }

    /// Orders that ended although their owner did not cancel them one by one, by reasons of which there was at least one.
    pub fn ended_orders(&self) -> impl Iterator<Item = (RejectReason, u64)> {
        self.by_reason(ENDED_ORDERS, RejectReason::ALL, RejectReason::number)
    }

    /// Messages that were no valid commands, by reasons of which there was at least one.
    pub fn refused_messages(&self) -> impl Iterator<Item = (MessageRejectReason, u64)> {
        self.by_reason(REFUSED_MESSAGES, MessageRejectReason::ALL, MessageRejectReason::number)
    }

    fn by_reason<R: Copy>(
        &self,
        first: usize,
        all: &'static [R],
        number: fn(R) -> u8,
    ) -> impl Iterator<Item = (R, u64)> {
        let counted = all.iter().map(move |reason| (*reason, self.cell(first + usize::from(number(*reason)))));
        counted.filter(|(_, count)| *count > 0)
    }

    /// Time that the engine took for a command, its answers included: one of 64 commands.
    pub fn engine_time(&self) -> HistogramReading {
        ENGINE_TIME.reading(&self.0)
    }

    /// Time from a command's log time to its answers while the member led: of the same commands.
    pub fn answer_time(&self) -> HistogramReading {
        ANSWER_TIME.reading(&self.0)
    }
}

#[cfg(test)]
#[path = "gauges_tests.rs"]
mod tests;

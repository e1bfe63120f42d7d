//! Work that is decided and not done yet: mass cancels, kill switches, lost connections, elected orders, orders of closed
//! instruments.
//!
//! A command does a bounded number of steps, so what it decides may take further commands and timers. The lists here say
//! where such work may be; whether there is any is asked of the state itself, so that a list may name too much. Orders whose
//! end is decided do not trade meanwhile: see [`super::OrderPool::over`].

use lugus_vocabulary::{AuctionOrders, EpochNanos, InstrumentId, OrderId, ParticipantId};

use super::quote_sets::QuoteSets;

/// A grace time that ends never.
pub(crate) const ENDLESS: EpochNanos = EpochNanos(i64::MAX);

/// What is left to do, and what the command at hand may still do.
#[derive(Debug)]
pub(crate) struct Unfinished {
    /// Instruments with elected orders, with stop orders that are to be elected, with orders whose auction is over, or closed with
    /// orders left, by id.
    pub(crate) instruments: Vec<InstrumentId>,
    /// Scopes with a mass cancel under way, or what a disconnect has left, by instrument and participant; `None` stands for a
    /// mass cancel of everybody, which has not come to the scopes of the instrument yet.
    pub(crate) mass_cancels: Vec<(InstrumentId, Option<ParticipantId>)>,
    /// Orders with numbers up to this one are canceled by a mass cancel of everybody, by instrument.
    everybody: Vec<(InstrumentId, OrderId)>,
    /// Orders that only auctions take and that expire because their auction is over, by instrument.
    expiring: Vec<(InstrumentId, AuctionOrders)>,
    /// Participants whose kill switch cancels their orders, by id.
    pub(crate) killed: Vec<KilledOrders>,
    /// Disconnected participants whose orders are canceled after their grace time, by its last nanosecond and by id.
    disconnected: Vec<(EpochNanos, ParticipantId)>,
    /// The first time among them, or [`ENDLESS`].
    grace_through: EpochNanos,
    /// Instruments in which something happens at a time of the log, by that time and by id. It may name too many: the instrument
    /// itself says when.
    alarms: Vec<(EpochNanos, InstrumentId)>,
    /// The last nanosecond before a grace time ends or something happens in an instrument, or [`ENDLESS`].
    alarm_through: EpochNanos,
    /// Quote sets that are protected, or whose quotes are being canceled.
    pub(crate) quotes: QuoteSets,
    /// Log time of the command or timer at hand.
    pub(crate) now: EpochNanos,
    /// Number of steps that are left to the command at hand.
    pub(crate) steps: u32,
    /// Number of stop orders that the command at hand may still elect.
    pub(crate) elections: u32,
    /// Number of steps of a command.
    pub(crate) limit: u32,
    /// Whether orders are live whose time is over.
    pub(crate) is_overdue: bool,
    /// Up to this log time, and with it, nothing happens without a command and no live order's end is decided, as was found when
    /// it was last looked; [`STIRRED`] if something has come since. It spares the usual command all these questions.
    quiet_through: EpochNanos,
}

/// It has to be looked whether there is anything to do.
const STIRRED: EpochNanos = EpochNanos(i64::MIN);

/// Where the orders of a participant are that its kill switch cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KilledOrders {
    pub(crate) participant: ParticipantId,
    /// No instrument with a lower id that takes commands has orders of the participant: those that had some are done, and
    /// a participant whose kill switch is engaged enters no new ones. It only saves walks through the instruments, so it is
    /// no part of a snapshot.
    pub(crate) from: InstrumentId,
}

impl Unfinished {
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit as u32;
        Self {
            instruments: Vec::new(),
            mass_cancels: Vec::new(),
            everybody: Vec::new(),
            expiring: Vec::new(),
            killed: Vec::new(),
            disconnected: Vec::new(),
            grace_through: ENDLESS,
            alarms: Vec::new(),
            alarm_through: ENDLESS,
            quotes: QuoteSets::default(),
            now: EpochNanos(i64::MIN),
            steps: limit,
            elections: limit,
            limit,
            is_overdue: false,
            quiet_through: STIRRED,
        }
    }

    /// Whether nothing is to do without a command at log time `now`, and no live order's end is decided.
    #[inline(always)]
    pub(crate) fn is_quiet(&self, now: EpochNanos) -> bool {
        now <= self.quiet_through
    }

    /// Until when nothing is to do and nothing in doubt, if that is known.
    pub(crate) fn quiet_through(&self) -> Option<EpochNanos> {
        (self.quiet_through != STIRRED).then_some(self.quiet_through)
    }

    /// Notes that there may be something to do, or that a live order's end may be decided.
    pub(crate) fn stir(&mut self) {
        self.quiet_through = STIRRED;
    }

    /// Notes that an order expires at this time.
    pub(crate) fn note_expiry(&mut self, time: EpochNanos) {
        self.quiet_through = self.quiet_through.min(EpochNanos(time.0.saturating_sub(1)));
    }

    /// Notes whether there is anything to do or in doubt, and when the next order expires.
    pub(crate) fn settle(&mut self, is_busy: bool, next_expiry: Option<EpochNanos>) {
        self.quiet_through = if is_busy { STIRRED } else { self.alarm_through };
        if let Some(time) = next_expiry {
            self.note_expiry(time);
        }
    }

    /// Whether there may be anything to do beside what expires.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        (self.instruments.len() | self.mass_cancels.len() | self.killed.len() != 0) | self.quotes.has_work()
    }

    /// Whether a grace time is over at log time `now`, and orders may be left to cancel.
    #[inline]
    pub(crate) fn is_grace_over(&self, now: EpochNanos) -> bool {
        self.grace_through < now
    }

    /// Disconnected participants with orders that are to be canceled, by the last nanosecond of their grace time.
    pub(crate) fn disconnected(&self) -> &[(EpochNanos, ParticipantId)] {
        &self.disconnected
    }

    /// Notes that a participant's orders are to be canceled after this time.
    pub(crate) fn note_disconnected(&mut self, through: EpochNanos, participant: ParticipantId) {
        note(&mut self.disconnected, (through, participant));
        self.find_first_alarm();
    }

    /// Forgets a participant whose orders were to be canceled after this time.
    pub(crate) fn forget_disconnected(&mut self, through: EpochNanos, participant: ParticipantId) {
        if let Ok(place) = self.disconnected.binary_search(&(through, participant)) {
            self.disconnected.remove(place);
            self.find_first_alarm();
        }
    }

    /// Notes that something happens in an instrument at this time.
    pub(crate) fn note_alarm(&mut self, end: EpochNanos, instrument: InstrumentId) {
        note(&mut self.alarms, (end, instrument));
        self.find_first_alarm();
    }

    /// Forgets that something happens in an instrument at this time.
    pub(crate) fn forget_alarm(&mut self, end: EpochNanos, instrument: InstrumentId) {
        if let Ok(place) = self.alarms.binary_search(&(end, instrument)) {
            self.alarms.remove(place);
            self.find_first_alarm();
        }
    }

    /// The next instrument in which something happens, and when.
    pub(crate) fn next_alarm(&self) -> Option<(EpochNanos, InstrumentId)> {
        self.alarms.first().copied()
    }

    /// Whether it is noted that something happens in an instrument at this time.
    pub(crate) fn has_alarm(&self, end: EpochNanos, instrument: InstrumentId) -> bool {
        self.alarms.binary_search(&(end, instrument)).is_ok()
    }

    /// Whether a grace time ends or something happens in an instrument by log time `now`.
    #[inline]
    pub(crate) fn is_alarmed(&self, now: EpochNanos) -> bool {
        self.alarm_through < now
    }

    fn find_first_alarm(&mut self) {
        self.stir();
        self.grace_through = self.disconnected.first().map_or(ENDLESS, |&(first, _)| first);
        let alarm = self.alarms.first().map_or(ENDLESS, |&(end, _)| EpochNanos(end.0.saturating_sub(1)));
        self.alarm_through = self.grace_through.min(alarm);
    }

    /// Allows as many steps as one command may take.
    #[inline]
    pub(crate) fn begin(&mut self, now: EpochNanos) {
        (self.now, self.steps, self.elections) = (now, self.limit, self.limit);
    }

    /// Takes one step, if one is left.
    #[inline]
    pub(crate) fn step(&mut self) -> bool {
        let is_left = self.steps > 0;
        self.steps -= u32::from(is_left);
        is_left
    }

    /// Takes as many steps as a look at the book for a fill-or-kill order costs.
    pub(crate) fn look(&mut self) {
        self.steps = self.steps.saturating_sub(self.limit / 64);
    }

    /// Takes as many steps as a look at all participants costs, if one is left.
    pub(crate) fn look_at_participants(&mut self) -> bool {
        let is_left = self.steps > 0;
        self.steps = self.steps.saturating_sub(self.limit / 8);
        is_left
    }

    /// Notes that there may be work in an instrument.
    pub(crate) fn note_instrument(&mut self, instrument: InstrumentId) {
        self.stir();
        note(&mut self.instruments, instrument);
    }

    /// Notes that a mass cancel is under way in a scope.
    pub(crate) fn note_mass_cancel(&mut self, instrument: InstrumentId, participant: ParticipantId) {
        self.stir();
        note(&mut self.mass_cancels, (instrument, Some(participant)));
    }

    /// Notes many mass cancels at a time.
    pub(crate) fn note_mass_cancels(
        &mut self,
        entries: impl IntoIterator<Item = (InstrumentId, Option<ParticipantId>)>,
    ) {
        self.stir();
        self.mass_cancels.extend(entries);
        // It consists of sorted runs, which this sort finds.
        self.mass_cancels.sort();
        self.mass_cancels.dedup();
    }

    /// Cancels the orders of everybody in an instrument with numbers up to this one; with 0 none.
    pub(crate) fn set_canceled_of_everybody(&mut self, instrument: InstrumentId, through: OrderId) {
        match self.everybody.binary_search_by_key(&instrument, |&(id, _)| id) {
            Ok(place) if through.0 == 0 => {
                self.everybody.remove(place);
            }
            Ok(place) => self.everybody[place].1 = through,
            Err(_) if through.0 == 0 => {}
            Err(place) => self.everybody.insert(place, (instrument, through)),
        }
    }

    /// The number up to which the orders of everybody in an instrument are canceled; 0 if none are.
    pub(crate) fn canceled_of_everybody(&self, instrument: InstrumentId) -> OrderId {
        let place = self.everybody.binary_search_by_key(&instrument, |&(id, _)| id);
        place.map_or(OrderId(0), |place| self.everybody[place].1)
    }

    /// Sets which orders of an instrument expire because their auction is over.
    pub(crate) fn set_expiring(&mut self, instrument: InstrumentId, orders: AuctionOrders) {
        self.stir();
        match self.expiring.binary_search_by_key(&instrument, |&(id, _)| id) {
            Ok(place) if orders.is_empty() => {
                self.expiring.remove(place);
            }
            Ok(place) => self.expiring[place].1 = orders,
            Err(_) if orders.is_empty() => {}
            Err(place) => self.expiring.insert(place, (instrument, orders)),
        }
    }

    /// The orders of an instrument that expire because their auction is over.
    pub(crate) fn expiring(&self, instrument: InstrumentId) -> AuctionOrders {
        let place = self.expiring.binary_search_by_key(&instrument, |&(id, _)| id);
        place.map_or(AuctionOrders::NONE, |place| self.expiring[place].1)
    }

    /// Whether orders of any instrument expire because their auction is over.
    #[inline]
    pub(crate) fn is_any_expiring(&self) -> bool {
        !self.expiring.is_empty()
    }

    /// Notes that a participant's orders are to be canceled, and that some may be in this instrument and in those with
    /// higher ids.
    pub(crate) fn note_killed(&mut self, participant: ParticipantId, from: InstrumentId) {
        self.stir();
        match self.killed.binary_search_by_key(&participant, |killed| killed.participant) {
            Ok(place) => self.killed[place].from = self.killed[place].from.min(from),
            Err(place) => self.killed.insert(place, KilledOrders { participant, from }),
        }
    }

    /// Whether it is noted that a participant's orders are to be canceled.
    pub(crate) fn is_killed(&self, participant: ParticipantId) -> bool {
        self.killed.binary_search_by_key(&participant, |killed| killed.participant).is_ok()
    }

    /// Forgets that a participant's orders are to be canceled; returns whether they were.
    pub(crate) fn forget_killed(&mut self, participant: ParticipantId) -> bool {
        let place = self.killed.binary_search_by_key(&participant, |killed| killed.participant);
        place.is_ok_and(|place| self.killed.remove(place).participant == participant)
    }
}

/// Puts an entry into a sorted list, unless it is there.
fn note<T: Ord>(list: &mut Vec<T>, entry: T) {
    if let Err(place) = list.binary_search(&entry) {
        list.insert(place, entry);
    }
}

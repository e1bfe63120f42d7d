//! The oracle's state, what can be asked of it, and how it tells an event.

use std::collections::{BTreeMap, BTreeSet};

use lugus_engine::EngineLimits;
use lugus_vocabulary::*;

use super::book::{Book, Resting, auction_price, by_priority, find};
use super::quote_set::QuoteSet;
use crate::venue::Told;

/// An engine without any cleverness.
pub struct Oracle {
    pub(super) limits: EngineLimits,
    pub(super) participants: BTreeMap<u32, Participant>,
    pub(super) instruments: BTreeMap<u32, Book>,
    pub(super) scopes: BTreeMap<(u32, u32), Scope>,
    pub(super) now: i64,
    pub(super) told: Vec<Told>,
    /// Number of the last order that a mass cancel of (instrument, participant, side) cancels.
    pub(super) canceled: BTreeMap<(u32, u32, Side), u64>,
    /// Firms by their own participants.
    pub(super) firms: BTreeMap<u32, Firm>,
    /// Participants whose kill switch canceled their orders when it was looked at last.
    pub(super) cancels: BTreeSet<u32>,
    /// The same of everybody in an instrument, where a mass cancel of all instruments has not come to the participants.
    pub(super) canceled_of_all: BTreeMap<u32, u64>,
    /// Participants without a session.
    pub(super) away: BTreeMap<u32, Away>,
    /// Number of the last order of (instrument, participant) that was to be canceled when the participant came back.
    pub(super) left: BTreeMap<(u32, u32), u64>,
    /// Steps and elections that are left to the command at hand.
    pub(super) steps: usize,
    pub(super) elections: usize,
    /// Quote sets of participants that were ever protected.
    pub(super) quote_sets: BTreeMap<(u32, QuoteSetId), QuoteSet>,
    /// Those whose limits are reached, but for an order that goes on trading.
    pub(super) tripped: Vec<(u32, QuoteSetId)>,
    /// Those whose quotes are being canceled: why, and whether that is still to be told.
    pub(super) quote_cancels: BTreeMap<(u32, QuoteSetId), (RejectReason, bool)>,
    /// Number of live orders that have left the book and are about to come in again.
    pub(super) held: u32,
    /// Whether a breach or a timer has changed an instrument's state, which no report tells.
    pub(super) has_changed_phase: bool,
    /// What was published of auctions, with the instrument.
    pub(super) published: Vec<(u32, AuctionIndicative)>,
}

/// How small a live order is made.
#[derive(Debug, Clone, Copy)]
pub enum Shrink {
    /// To what is filled.
    ToFilled,
    /// To what is filled and what it shows, with its display quantity.
    ToShown,
    /// The same, and it shows all of that.
    ToShownWhole,
    /// The same, and it is no iceberg any more.
    NoIceberg,
}

/// A participant without a session that had asked for cancel on disconnect.
#[derive(Clone, Copy)]
pub(super) struct Away {
    pub(super) grace: GraceTime,
    pub(super) deadline: i64,
    /// Whether all has been canceled that was there when the grace time ended.
    pub(super) is_done: bool,
}

/// A participant, with its limits and kill switch.
#[derive(Default)]
pub(super) struct Participant {
    pub(super) limits: RiskLimits,
    /// Levels at which its kill switch is engaged, and those of them that keep its orders.
    pub(super) killed: BTreeSet<KillSwitchLevel>,
    pub(super) keeping: BTreeSet<KillSwitchLevel>,
    /// Log times of all new orders and replacements since their rate has a limit, never going back.
    pub(super) sent: Vec<i64>,
    /// The same of cancels, mass cancels and decreases.
    pub(super) canceled: Vec<i64>,
}

/// A firm.
#[derive(Default)]
pub(super) struct Firm {
    pub(super) participants: BTreeSet<u32>,
    pub(super) killed: BTreeSet<KillSwitchLevel>,
    pub(super) keeping: BTreeSet<KillSwitchLevel>,
    pub(super) scope: SelfTradeScope,
    pub(super) limits: RiskLimits,
    /// As of a participant.
    pub(super) sent: Vec<i64>,
    pub(super) canceled: Vec<i64>,
    /// All events ever told to its participants.
    pub(super) events: Vec<Report>,
}

/// A participant in an instrument, or as such, with all events ever told.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) last_command: u64,
    pub(super) events: Vec<Report>,
    /// Of each event, what the last command was when it was told.
    pub(super) last_commands: Vec<u64>,
}

impl Oracle {
    pub fn new(limits: EngineLimits) -> Self {
        Self {
            limits,
            participants: BTreeMap::from([(0, Participant::default())]),
            instruments: BTreeMap::new(),
            scopes: BTreeMap::new(),
            now: 0,
            told: Vec::new(),
            canceled: BTreeMap::new(),
            firms: BTreeMap::new(),
            cancels: BTreeSet::new(),
            canceled_of_all: BTreeMap::new(),
            away: BTreeMap::new(),
            left: BTreeMap::new(),
            steps: 0,
            elections: 0,
            quote_sets: BTreeMap::new(),
            tripped: Vec::new(),
            quote_cancels: BTreeMap::new(),
            held: 0,
            has_changed_phase: false,
            published: Vec::new(),
        }
    }

    /// What was published of auctions since the last question.
    pub fn published(&mut self) -> Vec<(u32, AuctionIndicative)> {
        std::mem::take(&mut self.published)
    }

    /// Whether something has changed since the last question that no report tells.
    pub fn has_changed_phase(&mut self) -> bool {
        std::mem::take(&mut self.has_changed_phase)
    }

    pub fn last_command(&self, participant: u32, instrument: u32) -> u64 {
        self.scopes.get(&(participant, instrument)).map_or(0, |scope| scope.last_command)
    }

    pub fn last_event(&self, participant: u32, instrument: u32) -> u64 {
        self.scopes.get(&(participant, instrument)).map_or(0, |scope| scope.events.len() as u64)
    }

    pub fn levels(&self, instrument: u32, side: Side) -> Option<Vec<(i64, u64, u32)>> {
        self.instruments.get(&instrument).map(|book| book.levels(side))
    }

    /// A replacement that changes nothing of a live order.
    pub fn order(&self, participant: u32, instrument: u32, id: ClientOrderId) -> Option<Replace> {
        let book = self.instruments.get(&instrument)?;
        let order = &book.orders[find(book, participant, id)?];
        Some(Replace {
            orig_client_order_id: id,
            client_order_id: id,
            price: order.request.price,
            stop_price: order.request.stop_price.filter(|_| order.waits),
            quantity: order.request.quantity,
            display_quantity: order.request.display_quantity,
        })
    }

    /// As [`Oracle::order`], with the quantity that is filled plus `open` lots of what the order shows, and with this
    /// display quantity.
    pub fn shrunk(&self, participant: u32, instrument: u32, id: ClientOrderId, to: Shrink) -> Option<Replace> {
        let book = self.instruments.get(&instrument)?;
        let order = &book.orders[find(book, participant, id)?];
        let same = self.order(participant, instrument, id)?;
        let quantity = |open: u64| Quantity(order.filled.saturating_add(open));
        Some(match to {
            Shrink::ToFilled => Replace { quantity: quantity(0), ..same },
            Shrink::ToShown => Replace { quantity: quantity(order.shown), ..same },
            Shrink::ToShownWhole => {
                Replace { quantity: quantity(order.shown), display_quantity: Quantity(order.shown), ..same }
            }
            Shrink::NoIceberg => Replace { quantity: quantity(order.shown), display_quantity: Quantity(0), ..same },
        })
    }

    /// Order ids of an instrument: bids, asks, buy stops, sell stops, each by priority.
    pub fn priority(&self, instrument: u32) -> Vec<u64> {
        let Some(book) = self.instruments.get(&instrument) else { return Vec::new() };
        by_priority(&book.orders).iter().map(|order| order.order_id).collect()
    }

    /// Price of an auction that ends now.
    pub fn indicative(&self, instrument: u32) -> Option<i64> {
        let book = self.instruments.get(&instrument)?;
        auction_price(&self.without_those_over(instrument, book))
    }

    pub fn resume(&self, participant: u32, instrument: u32, last_seen: Option<u64>) -> Vec<Told> {
        let mut told = Vec::new();
        let instrument_id = InstrumentId(instrument);
        let nothing = Scope::default();
        let scope = self.scopes.get(&(participant, instrument)).unwrap_or(&nothing);
        let kept_from = scope.events.len().saturating_sub(self.limits.retained_events);
        if let Some(seen) = last_seen {
            if (seen as u128) < kept_from as u128 {
                return vec![Told::Reply(gap(instrument_id, 0, scope, kept_from))];
            }
            let unseen = scope.events.iter().filter(|report| report.event_sequence.0 > seen);
            told.extend(unseen.map(|report| Told::Reply(Reply::Again(*report))));
        }
        told.push(Told::Reply(Reply::ResumeComplete {
            instrument: instrument_id,
            last_client_sequence: ClientSequence(scope.last_command),
            last_event_sequence: EventSequence(scope.events.len() as u64),
        }));
        told
    }

    /// Tells a scope an event, as an answer to its command `answers`; with 0 as no answer.
    pub(super) fn tell(&mut self, participant: u32, instrument: u32, answers: u64, body: ReportBody) {
        let scope = self.scopes.get_mut(&(participant, instrument)).unwrap();
        let report = Report {
            participant: ParticipantId(participant),
            instrument: InstrumentId(instrument),
            event_sequence: EventSequence(scope.events.len() as u64 + 1),
            client_sequence: ClientSequence(answers),
            time: EpochNanos(self.now),
            body,
        };
        scope.events.push(report);
        scope.last_commands.push(scope.last_command);
        self.told.push(Told::Report(report));
        self.tell_firm(report);
    }

    pub(super) fn tell_canceled(&mut self, order: &Resting, instrument: u32, answers: u64, reason: RejectReason) {
        let body = ReportBody::Execution(Execution {
            order_status: OrderStatus::Canceled,
            leaves_quantity: Quantity(0),
            reason,
            ..order.execution(ExecType::Canceled)
        });
        self.tell(order.participant, instrument, answers, body);
    }
}

/// The reply that events are no longer kept; `kept_from` is the place of the oldest one kept.
pub(super) fn gap(instrument: InstrumentId, repeated: u64, scope: &Scope, kept_from: usize) -> Reply {
    Reply::EventGap {
        instrument,
        client_sequence: ClientSequence(repeated),
        first_retained: EventSequence(kept_from as u64 + 1),
        last_event_sequence: EventSequence(scope.events.len() as u64),
        lost_through: scope.events[kept_from - 1].time,
    }
}

pub(super) fn engage(participant: &mut Participant, level: KillSwitchLevel, keeps: bool) {
    let cancels_already = participant.killed.contains(&level) && !participant.keeping.contains(&level);
    participant.killed.insert(level);
    participant.keeping.remove(&level);
    if keeps && !cancels_already {
        participant.keeping.insert(level);
    }
}

pub(super) fn release(participant: &mut Participant, level: KillSwitchLevel) {
    participant.killed.retain(|&engaged| engaged > level);
    participant.keeping.retain(|&engaged| engaged > level);
}

//! Takes the records of scopes, events, instruments and orders into an engine, from a snapshot or from another engine.

use lugus_vocabulary::{
    AuctionType, EventSequence, InstrumentId, InstrumentRecord, InstrumentState, OrderRecord, ParticipantId,
    RetainedReport, ScopeRecord, Side, TradeRecord,
};

use super::checks::{Checked, count, none_missing, require, within};
use super::fault::SnapshotFault;
use super::live_orders::{check_in_book, check_order, order_of};
use super::load_state::{CurrentInstrument, CurrentScope, LoadState, PriorityPlace, RecordSource};
use crate::auction_phase;
use crate::book::{Slot, Unlisted};
use crate::definition::check_definition;
use crate::engine::Engine;
use crate::instrument::Instrument;
use crate::instruments::Listed;
use crate::kept_reports::Lost;
use crate::migration::migration_states::{Availability, MigrationState};
use crate::queues::{Queue, queue_price};
use crate::traded::TradedRange;

/// Maximum of a number that counts up, so that it never overflows. No engine reaches it, but a forged record might.
pub(super) const MAXIMUM_NUMBER: u64 = u64::MAX / 2;

impl LoadState {
    /// Goes on with an import when all that had come in of its instrument is loaded.
    fn resume(&mut self, id: InstrumentId, last_order: Option<PriorityPlace>, engine: &Engine) -> Checked {
        self.instrument = Some(CurrentInstrument { id, last_order, unlisted: Vec::new() });
        if let Some(scope) = &mut self.scope {
            let index = engine.scopes.find(scope.participant, id);
            scope.index = index.ok_or(SnapshotFault::Invalid { what: "an import at a scope that is not there" })?;
        }
        Ok(())
    }

    pub(crate) fn scope(&mut self, record: &ScopeRecord, engine: &mut Engine) -> Checked {
        count("scopes", &mut self.awaited.scopes)?;
        self.end_scope()?;
        let ScopeRecord { participant, instrument, retained, .. } = *record;
        let current = self.instrument.as_ref();
        require(
            instrument == current.map_or(InstrumentId::NONE, |current| current.id),
            "a scope of another instrument",
        )?;
        require(current.is_none_or(|current| current.last_order.is_none()), "a scope after orders")?;
        let before = self.scope.filter(|before| before.instrument == instrument).map(|before| before.participant);
        require(before < Some(participant), "scopes are not in the order of their participants")?;
        self.check_participant(participant, engine)?;
        within("kept events", retained.into(), engine.limits.retained_events as u64)?;
        let (told, kept) = (record.last_event_sequence.0, u64::from(retained));
        let numbers = record.last_client_sequence.0.max(told);
        require(numbers <= MAXIMUM_NUMBER && kept <= told, "a scope with impossible numbers")?;
        let lost = Lost { applied: record.lost_client_sequence, through: record.lost_through };
        require(kept < told || lost == Lost::default(), "a scope has lost events and has all")?;
        let mut scope = engine.scopes.new_scope(participant, instrument);
        scope.last_client_sequence = record.last_client_sequence;
        // Each kept event that comes in adds one.
        scope.last_event_sequence = EventSequence(told - kept);
        scope.retained.begin_after(scope.last_event_sequence, lost);
        let index = engine.take_in(scope);
        engine.pool.set_canceled(index, Some(Side::Buy), record.canceled_buys);
        engine.pool.set_canceled(index, Some(Side::Sell), record.canceled_sells);
        engine.pool.set_disconnected(index, record.canceled_on_disconnect);
        self.scope = Some(CurrentScope { participant, instrument, index, awaited: kept });
        Ok(())
    }

    pub(super) fn check_participant(&self, participant: ParticipantId, engine: &Engine) -> Checked {
        let participants = &engine.participants;
        if self.source != RecordSource::Snapshot && !participants.contains(participant) {
            let limit = engine.limits.participants as u64 + 1;
            return within("participants", participants.len() as u64 + 1, limit);
        }
        require(participants.contains(participant), "a scope of an unknown participant")
    }

    pub(crate) fn report(&mut self, kept: &RetainedReport, engine: &mut Engine) -> Checked {
        count("kept events and trades", &mut self.awaited.reports)?;
        let Some(current) = &mut self.scope else {
            return Err(SnapshotFault::Unexpected { found: "kept event" });
        };
        let scope = engine.scopes.get_mut(current.index);
        let report = &kept.report;
        count("kept events of the scope", &mut current.awaited)?;
        require(
            (report.participant, report.instrument) == (scope.participant, scope.instrument),
            "an event of another scope",
        )?;
        require(report.event_sequence.0 == scope.last_event_sequence.0 + 1, "kept events have a gap")?;
        let before = match scope.retained.len() {
            0 => scope.retained.lost().applied,
            some => scope.kept_at(some - 1).applied,
        };
        require(
            before <= kept.applied && kept.applied <= scope.last_client_sequence,
            "kept events are not in the order of their commands",
        )?;
        let answers = report.client_sequence;
        require(answers.0 == 0 || answers == kept.applied, "an event that answers a command of another time")?;
        scope.last_event_sequence = report.event_sequence;
        scope.retained.push_back(kept.applied, &kept.report);
        Ok(())
    }

    pub(crate) fn instrument(&mut self, record: &InstrumentRecord, engine: &mut Engine) -> Checked {
        count("instruments", &mut self.awaited.instruments)?;
        self.end_scope()?;
        let before = self.end_instrument(engine)?;
        let id = record.definition.instrument;
        require(before < Some(id), "instruments are not in the order of their ids")?;
        let sound = check_definition(&record.definition).is_ok();
        require(sound, "an instrument with an impossible definition")?;
        within("instruments", engine.instruments.len() as u64 + 1, engine.limits.instruments as u64)?;
        let mut instrument = Instrument::new(record.definition, engine.limits.retained_trades);
        instrument.trades.begin_session(record.last_trade_id);
        goes_on(&mut instrument, record)?;
        engine.pool.unfinished.set_canceled_of_everybody(id, record.canceled_through);
        engine.pool.unfinished.set_expiring(id, record.expiring);
        let availability = match (self.source, engine.migration_states.get(id)) {
            (RecordSource::Export | RecordSource::Ahead, _) => Availability::Unavailable,
            (RecordSource::Snapshot, Some(state)) => state.availability(),
            (RecordSource::Snapshot, None) => Availability::Trading,
        };
        engine.instruments.insert(Listed { instrument, hash: record.state_hash, availability });
        self.instrument = Some(CurrentInstrument { id, last_order: None, unlisted: Vec::new() });
        Ok(())
    }

    /// Kept trades follow their instrument, oldest first.
    pub(crate) fn trade(&mut self, record: &TradeRecord, engine: &mut Engine) -> Checked {
        count("kept events and trades", &mut self.awaited.reports)?;
        let limit = engine.limits.retained_trades as u64;
        let Some(current) = &self.instrument else {
            return Err(SnapshotFault::Unexpected { found: "kept trade" });
        };
        let is_ahead = self.source == RecordSource::Ahead;
        let is_first =
            is_ahead || current.last_order.is_none() && self.scope.is_none_or(|scope| scope.instrument != current.id);
        require(is_first, "a kept trade after scopes or orders")?;
        let Some((Instrument { last_trade_id, trades, .. }, ..)) = engine.parts_of(current.id) else {
            return Err(SnapshotFault::Unexpected { found: "kept trade" });
        };
        // Trades that come again may follow more that have come before than are kept in the end.
        if !is_ahead {
            within("kept trades", trades.len() as u64 + 1, limit)?;
        }
        let follows = (is_ahead || record.trade_id <= *last_trade_id) && trades.take_in(record);
        require(follows, "a kept trade that does not follow the one before")
    }

    /// Takes in an order, and returns its slot.
    pub(crate) fn order(&mut self, record: &OrderRecord, engine: &mut Engine) -> Result<Slot, SnapshotFault> {
        count("orders", &mut self.awaited.orders)?;
        let is_ahead = self.source == RecordSource::Ahead;
        if !is_ahead {
            self.end_scope()?;
        }
        let Some(current) = &mut self.instrument else {
            return Err(SnapshotFault::Unexpected { found: "order" });
        };
        let limit = engine.limits.orders as u64;
        within("orders", engine.pool.live() as u64 + 1, limit)?;
        let Some((instrument, scopes, pool)) = engine.parts_of(current.id) else {
            return Err(SnapshotFault::Unexpected { found: "order" });
        };
        check_order(record, &instrument.definition)?;
        if !is_ahead {
            check_in_book(record, instrument)?;
        }
        let owner = scopes
            .find(record.participant, current.id)
            .ok_or(SnapshotFault::Invalid { what: "an order whose participant has no scope" })?;
        let Err(vacancy) = pool.look_up(owner, record.order.client_order_id) else {
            return Err(SnapshotFault::Invalid { what: "a client order id that is there twice" });
        };
        let place = PriorityPlace::of(record);
        require(is_ahead || current.last_order <= Some(place), "orders are not in the order of their priority")?;
        let side = record.order.side;
        let (queue, price) = (Queue::of_entered(&record.order), queue_price(&record.order));
        if !record.is_elected {
            let has_room = instrument.has_room(queue, side, price, record.shown_quantity, pool);
            require(has_room, "a level with too large a quantity")?;
        }
        current.last_order = Some(place);
        let (order, terms) = order_of(record, owner, price);
        let slot = match self.source {
            RecordSource::Snapshot => {
                let slot = pool.insert_unlisted(vacancy, &order, &terms);
                current.unlisted.push(Unlisted::new(slot, &order));
                slot
            }
            RecordSource::Export | RecordSource::Ahead => {
                pool.set_unsorted(owner);
                pool.insert_at(vacancy, &order, &terms)
            }
        };
        if record.is_elected {
            instrument.elected.push_back(slot, &mut pool.elected);
            return Ok(slot);
        }
        instrument.queue_mut(queue, side).push_back(slot, price, record.shown_quantity, &mut pool.resting);
        Ok(slot)
    }

    /// Checks that the scope is complete, before what follows it.
    pub(crate) fn end_scope(&self) -> Checked {
        none_missing("kept events of a scope", self.scope.map_or(0, |scope| scope.awaited))
    }

    /// Checks that the instrument is complete, before what follows it, and returns its id. If the instrument is being
    /// imported, its import can continue.
    pub(super) fn end_instrument(&mut self, engine: &mut Engine) -> Result<Option<InstrumentId>, SnapshotFault> {
        let Some(mut before) = self.instrument.take() else { return Ok(None) };
        before.unlisted.sort_unstable_by_key(|order| order.order_id);
        let twice = before.unlisted.windows(2).any(|pair| pair[0].order_id == pair[1].order_id);
        require(!twice, "an order id that is there twice in an instrument")?;
        engine.pool.list(&before.unlisted);
        resume_import(before.id, before.last_order, engine)?;
        Ok(Some(before.id))
    }
}

/// If an instrument of a snapshot was being imported, its import can continue now that the instrument is loaded.
fn resume_import(id: InstrumentId, last_order: Option<PriorityPlace>, engine: &mut Engine) -> Checked {
    let Some(mut importing) = engine.migration_states.take_import(id) else { return Ok(()) };
    let resumed = importing.loading.resume(id, last_order, engine);
    engine.migration_states.set(id, MigrationState::Importing(importing));
    resumed
}

/// Checks how an instrument goes on, and sets it: all of the record but the definition, the state hash, and what the pool has.
pub(super) fn goes_on(instrument: &mut Instrument, record: &InstrumentRecord) -> Checked {
    let numbers = [record.last_order_id.0, record.last_trade_id.0, record.market_data_sequence.0, record.last_arrival];
    require(numbers.iter().all(|&number| number <= MAXIMUM_NUMBER), "an instrument with impossible numbers")?;
    require(record.canceled_through <= record.last_order_id, "a mass cancel of orders that are still to come")?;
    require(record.electing.is_none_or(|(low, high)| low <= high), "trades with impossible prices")?;
    let is_timed = record.auction_end.is_some() || record.indicative_due.is_some();
    let gathers = !is_timed || record.definition.state == InstrumentState::Auction;
    require(gathers, "the end of an auction that is none")?;
    instrument.last_order_id = record.last_order_id;
    instrument.last_trade_id = record.last_trade_id;
    instrument.feed.sequence = record.market_data_sequence;
    instrument.feed.statistics = record.statistics;
    instrument.arrivals = record.last_arrival;
    instrument.auction_end = record.auction_end;
    let state = record.definition.state;
    // Before version 11 no auction has a kind.
    let auction_type = record.auction_type.or((state == InstrumentState::Auction).then_some(AuctionType::Intraday));
    let gathers = matches!(state, InstrumentState::Auction | InstrumentState::Halted);
    require(gathers || auction_type.is_none(), "the kind of an auction that is none")?;
    instrument.auction_type = auction_type;
    instrument.indicative_due = record.indicative_due;
    instrument.phase_due = record.phase_due;
    auction_phase::set_no_cancels(instrument);
    instrument.window = record.reference_window;
    instrument.due = record.electing.map(|(low, high)| TradedRange { low, high });
    Ok(())
}
